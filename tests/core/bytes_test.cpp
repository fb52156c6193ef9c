// Byte counts as text: what is read, what is written, what is refused and with which sentence.
#include "weir/bytes.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "weir/error.hpp"

using weir::parse_bytes;
using weir::to_text;

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::string refusal(std::string_view text) {
  try {
    (void)parse_bytes(text);
  } catch (const weir::Error& error) {
    CHECK(error.kind() == weir::ErrorKind::invalid_argument);
    return error.what();
  }
  return "accepted";
}

std::string sentence(const std::string& shown, const std::string& reason) {
  return "bytes: \"" + shown + "\" is " + reason + "; write for example \"10MB\", \"128MiB\" or \"4096\"";
}

}  // namespace

TEST_CASE("bytes reads decimal and binary units") {
  CHECK(parse_bytes("10MB") == 10'000'000);
  CHECK(parse_bytes("128 MiB") == 134'217'728);
  CHECK(parse_bytes("1.5GB") == 1'500'000'000);
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("4096B") == 4096);
  CHECK(parse_bytes("0") == 0);
  CHECK(parse_bytes("1kB") == 1000);
  CHECK(parse_bytes("1KiB") == 1024);
  CHECK(parse_bytes("1TB") == 1'000'000'000'000);
  CHECK(parse_bytes("1PiB") == 1'125'899'906'842'624);
}

TEST_CASE("bytes takes any case, blanks around and units without B") {
  CHECK(parse_bytes(" 10 mb ") == 10'000'000);
  CHECK(parse_bytes("10M") == 10'000'000);
  CHECK(parse_bytes("10Mi") == 10'485'760);
  CHECK(parse_bytes("2gib") == 2'147'483'648);
  CHECK(parse_bytes(".5k") == 500);
}

TEST_CASE("bytes is exact and rounds fractions of a byte") {
  CHECK(parse_bytes("18446744073709551615") == largest);
  CHECK(parse_bytes("9007199254740993") == 9007199254740993);
  CHECK(parse_bytes("0.1GB") == 100'000'000);
  CHECK(parse_bytes("1.1KiB") == 1126);
  CHECK(parse_bytes("1.5") == 2);
}

TEST_CASE("bytes refuses what is not a number of bytes and shows it") {
  for (const std::string text : {"", " ", "abc", "MB", "10 QB", "10 MBs", "10MiBB", "1.", ".", "1e9", "10 20",
                                 "10MB 5", "ten", "0x10", "10,5MB", "10iB", "--5"}) {
    CHECK(refusal(text) == sentence(text, "not a number of bytes"));
  }
}

TEST_CASE("bytes refuses negative and too large counts") {
  CHECK(refusal("-5MB") == sentence("-5MB", "negative"));
  CHECK(refusal("18446744073709551616") == sentence("18446744073709551616", "more than 64 bits hold"));
  CHECK(refusal("20000PB") == sentence("20000PB", "more than 64 bits hold"));
}

TEST_CASE("bytes are written for people") {
  CHECK(to_text(0) == "0 B");
  CHECK(to_text(999) == "999 B");
  CHECK(to_text(1000) == "1 kB");
  CHECK(to_text(1049) == "1 kB");
  CHECK(to_text(1050) == "1.1 kB");
  CHECK(to_text(10'000'000) == "10 MB");
  CHECK(to_text(134'217'728) == "134.2 MB");
  CHECK(to_text(999'949) == "999.9 kB");
  CHECK(to_text(999'950) == "1 MB");
  CHECK(to_text(largest) == "18.4 EB");
}
