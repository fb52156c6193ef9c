// Durations as text: what is read, what is written, what is refused and with which sentence.
#include "weir/duration.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "weir/error.hpp"

using namespace std::chrono_literals;
using weir::parse_duration;

namespace {

std::string refusal(std::string_view text) {
  try {
    (void)parse_duration(text);
  } catch (const weir::Error& error) {
    CHECK(error.kind() == weir::ErrorKind::invalid_argument);
    return error.what();
  }
  return "accepted";
}

std::string not_a_duration(const std::string& shown) {
  return "duration: \"" + shown + "\" is not a duration; write for example \"500ms\", \"90s\" or \"2h30m\"";
}

}  // namespace

TEST_CASE("duration reads every unit") {
  CHECK(parse_duration("7ns") == 7ns);
  CHECK(parse_duration("7us") == 7us);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("3m") == 3min);
  CHECK(parse_duration("3min") == 3min);
  CHECK(parse_duration("2h") == 2h);
  CHECK(parse_duration("1d") == 24h);
}

TEST_CASE("duration reads sums of falling units, fractions, blanks and bare seconds") {
  CHECK(parse_duration("2h30m") == 150min);
  CHECK(parse_duration(" 2 h 30 min ") == 150min);
  CHECK(parse_duration("1d2h3m4s5ms6us7ns") == 26h + 3min + 4s + 5ms + 6us + 7ns);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration(".5h") == 30min);
  CHECK(parse_duration("0.1s") == 100ms);
  CHECK(parse_duration("90") == 90s);
  CHECK(parse_duration("0.25") == 250ms);
  CHECK(parse_duration("0") == 0s);
  CHECK(parse_duration("0.0000000004s") == 0ns);
  CHECK(parse_duration("0.0000000005s") == 1ns);
}

TEST_CASE("duration reads a clock as batch systems write it") {
  CHECK(parse_duration("02:00:00") == 2h);
  CHECK(parse_duration("1:30") == 90s);
  CHECK(parse_duration("100:00:00") == 100h);
  CHECK(parse_duration("90:00") == 90min);
  CHECK(parse_duration("0:00:01.5") == 1500ms);
}

TEST_CASE("duration refuses what is not a duration and shows it") {
  for (const std::string text :
       {"2 hourz", "",     " ",    "abc",     "5x",   "h",     ".",    "1.", "1e3", "2h30",
        "30m2h",   "1h1h", "5 5s", "1:2:3:4", "1:60", "1:075", "1::2", ":5", "5:",  "1.5:00",
        "1:-5",    "- 5x", "+5s",  "5s!",     "2H",   "0x10",  "inf",  "nan"}) {
    CHECK(refusal(text) ==
          (text == "- 5x"
               ? "duration: \"- 5x\" is negative; write for example \"500ms\", \"90s\" or \"2h30m\""
               : not_a_duration(text)));
  }
}

TEST_CASE("duration refuses negative and endless values") {
  CHECK(refusal("-5s") == "duration: \"-5s\" is negative; write for example \"500ms\", \"90s\" or \"2h30m\"");
  const std::string tail = " is longer than 292 years; write for example \"500ms\", \"90s\" or \"2h30m\"";
  CHECK(refusal("106752d") == "duration: \"106752d\"" + tail);
  CHECK(refusal("99999999999999999999999999s") == "duration: \"99999999999999999999999999s\"" + tail);
  CHECK(refusal("9999999999:00:00") == "duration: \"9999999999:00:00\"" + tail);
  CHECK(refusal("9223372036854775808ns") == "duration: \"9223372036854775808ns\"" + tail);
  CHECK(parse_duration("9223372036854775807ns").count() == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("duration errors stay on one line of moderate length") {
  CHECK(refusal("a\nb") == not_a_duration("a?b"));
  CHECK(refusal(std::string(1000, 'x')) ==
        "duration: \"" + std::string(60, 'x') +
            "...\" is not a duration; write for example \"500ms\", \"90s\" or \"2h30m\"");
}

TEST_CASE("duration is written in its shortest readable form") {
  CHECK(weir::to_string(0s) == "0s");
  CHECK(weir::to_string(500ms) == "500ms");
  CHECK(weir::to_string(150min) == "2h30m");
  CHECK(weir::to_string(1500ms) == "1.5s");
  CHECK(weir::to_string(90s) == "1m30s");
  CHECK(weir::to_string(36h) == "1d12h");
  CHECK(weir::to_string(1h + 1ms) == "1h0.001s");
  CHECK(weir::to_string(1500us) == "1.5ms");
  CHECK(weir::to_string(12ns) == "12ns");
  CHECK(weir::to_string(-90s) == "-1m30s");
}

TEST_CASE("duration survives being written and read") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::chrono::nanoseconds value(static_cast<std::int64_t>(random() >> (1 + random() % 63)));
    CHECK(parse_duration(weir::to_string(value)) == value);
  }
  CHECK(parse_duration(weir::to_string(std::chrono::nanoseconds::max())) == std::chrono::nanoseconds::max());
  CHECK(weir::to_string(std::chrono::nanoseconds::min()).substr(0, 7) == "-106751");
}

TEST_CASE("duration arguments take chrono values and text alike") {
  const auto ns = [](weir::Duration duration) { return duration.value(); };
  CHECK(ns(2s) == 2s);
  CHECK(ns("2s") == 2s);
  CHECK(ns(std::string("2m")) == 2min);
  CHECK_THROWS_AS(ns("soon"), weir::Error);
  constexpr auto for_ever = std::chrono::hours(200 * 365 * 24);
  CHECK(ns(std::chrono::seconds::max()) == for_ever);
  CHECK(ns(std::chrono::nanoseconds::max()) == for_ever);
  CHECK(ns(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == for_ever);
  CHECK(ns("106000d") == for_ever);
  CHECK(ns(std::chrono::hours::min()) == -for_ever);
  CHECK(ns(std::chrono::duration<float>(0.5F)) == 500ms);
}
