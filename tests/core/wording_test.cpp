// Text of others on a terminal.
#include "core/wording.hpp"

#include <catch2/catch.hpp>

using namespace weir::detail;

TEST_CASE("printable text has no control characters, and lines where lines are wanted") {
  CHECK(printable("a\x1b[31m\t\r\n\x7f") == "a\\x1b[31m\\t\\x0d\\n\\x7f");
  CHECK(printable_lines("first\nsecond\x07") == "first\nsecond\\x07");
  CHECK(printable("caf\xc3\xa9 \xc2\x9b") == "caf\xc3\xa9 \\x9b");  // U+009B begins sequences too
  CHECK(printable("\x9b[31m \xc3 \xe2\x82\xac \xe2\x82") == "\\x9b[31m \\xc3 \xe2\x82\xac \\xe2\\x82");
}
