// The line of the progress bar.
#include "weir/progress.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using weir::detail::diagnostics::progress_line;

TEST_CASE("progress_line shows a bar, numbers and time") {
  CHECK(progress_line(0, 0, 10, 0s, 60) == "[                                        ] 0/10 done, 0 s");
  CHECK(progress_line(5, 0, 10, 1500ms, 60) == "[===================>                    ] 5/10 done, 1 s");
  CHECK(progress_line(10, 2, 10, 61s, 79) ==
        "[========================================] 10/10 done, 2 failed, 61 s");
}

TEST_CASE("progress_line fits into narrow terminals") {
  CHECK(progress_line(5, 0, 10, 1s, 20) == "[>  ] 5/10 done, 1 s");
  CHECK(progress_line(5, 0, 10, 1s, 17) == "5/10 done, 1 s");
  CHECK(progress_line(5, 0, 10, 1s, 4) == "5/10");
  CHECK(progress_line(5, 0, 10, 1s, 0).empty());
  for (std::size_t width = 0; width < 100; ++width)
    CHECK(progress_line(77, 3, 1000, 5s, width).size() <= width);
}
