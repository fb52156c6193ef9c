// limit_bytes, on a manual clock.
#include <string>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("limit_bytes lets an element through when the time of the bytes before it is over") {
  ManualClock clock;
  Stream<std::string> source{clock};
  std::vector<std::pair<long, std::string>> seen;
  source.limit_bytes(10, &std::string::size).sink([&](const std::string& x) {
    seen.emplace_back(std::chrono::duration_cast<std::chrono::milliseconds>(clock.now()).count(), x);
  });
  source.emit("12345");
  CHECK(seen.size() == 1);
  CHECK_FALSE(source.try_emit("67"));  // the first five take half a second
  clock.advance(499ms);
  CHECK_FALSE(source.try_emit("67"));
  clock.advance(1ms);
  CHECK(source.try_emit("67"));
  source.emit("");  // waits, and takes no time itself
  source.emit("890");
  source.drain();
  CHECK(seen ==
        std::vector<std::pair<long, std::string>>{{0, "12345"}, {500, "67"}, {700, ""}, {700, "890"}});
}
TEST_CASE("limit_bytes keeps what one emission brings too much of, also when the stream ends") {
  ManualClock clock;
  Stream<std::vector<std::string>> source{clock};
  const auto out = source.flatten().limit_bytes(1, &std::string::size).sink_to_list();
  DoneCount count;
  source.emit({"a", "bc", "d"}, count.counter());
  CHECK(out.values() == std::vector<std::string>{"a"});
  CHECK(count.done == 0);
  source.close();
  CHECK(out.values() == std::vector<std::string>{"a", "bc", "d"});
  CHECK(clock.now() == 3s);
  CHECK(count.done == 1);
}
TEST_CASE("limit_bytes refuses what is no rate or no size, and answers a size that throws") {
  ManualClock clock;
  Stream<std::string> source{clock};
  CHECK(sentence([&] { source.limit_bytes(0, &std::string::size); }) ==
        "limit_bytes: bytes_per_s must be at least 1 (got 0)");
  std::size_t (*const none)(const std::string&) = nullptr;
  CHECK(sentence([&] { source.limit_bytes(1, none); }) ==
        "limit_bytes: the size must not be empty (got a null pointer); pass one that can be called");
  const auto strict = [](const std::string& x) {
    return x.empty() ? throw std::runtime_error("nothing") : x.size();
  };
  const auto limited = source.limit_bytes(1000, strict);
  CHECK(limited.label() == "<limit_bytes: 1 kB/s>");
  const auto out = limited.sink_to_list();
  CHECK(sentence([&] { source.emit(""); }) == "nothing");
  source.emit("x");
  CHECK(out.values() == std::vector<std::string>{"x"});
}
