// The queue between two threads.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stream/support.hpp"
#include "weir/detail/stream/graph/lane.hpp"
#include "weir/stream/async.hpp"

using namespace weir;
using detail::stream::Lane;

TEST_CASE("a lane gives what was put into it, in order, across its blocks") {
  for (const std::size_t usual : {1, 3, 128, 100'000}) {
    Lane<std::string> lane(usual);
    CHECK(lane.front() == nullptr);
    int put = 0, taken = 0;
    for (const int more : {1, 5, 1000, 2, 700}) {
      for (int i = 0; i < more; ++i) lane.push(std::to_string(put++));
      for (int left = more - more / 3; left > 0; --left) {  // the rest stays behind
        REQUIRE(lane.front() != nullptr);
        REQUIRE(*lane.front() == std::to_string(taken++));
        lane.pop();
      }
    }
    for (; lane.front(); lane.pop()) REQUIRE(*lane.front() == std::to_string(taken++));
    CHECK(taken == put);
  }
}

TEST_CASE("a lane frees what nobody took") {
  const auto element = std::make_shared<int>(1);
  {
    Lane<std::shared_ptr<int>> lane(4);
    for (int i = 0; i < 10; ++i) lane.push(std::shared_ptr(element));
    for (int i = 0; i < 5; ++i) {
      REQUIRE(lane.front());
      lane.pop();
    }
    CHECK(element.use_count() == 6);
  }
  CHECK(element.use_count() == 1);
}

TEST_CASE("a lane brings everything from one thread to another") {
  constexpr int count = 200'000;
  Lane<int> lane(50);
  std::thread putter([&] {
    for (int i = 0; i < count; ++i) lane.push(int(i));
  });
  int wrong = 0;
  for (int next = 0; next < count;) {
    if (const int* const first = lane.front()) {
      wrong += *first != next++ ? 1 : 0;
      lane.pop();
    } else {
      std::this_thread::yield();
    }
  }
  putter.join();
  CHECK(wrong == 0);
  CHECK(lane.front() == nullptr);
}

TEST_CASE("map_async keeps order when one emission brings more than it has places for") {
  Stream<Ints> source;
  Ints many(3000);
  for (int i = 0; i < 3000; ++i) many[static_cast<std::size_t>(i)] = i;
  Ints out;
  source.flatten().map_async([](int x) { return 2 * x; }, 3).sink([&](int x) { out.push_back(x); });
  source.emit(many);
  source.emit({7});
  source.drain();
  REQUIRE(out.size() == 3001);
  for (std::size_t i = 0; i < many.size(); ++i) REQUIRE(out[i] == 2 * many[i]);
  CHECK(out.back() == 14);
}
