// Branches that are made and dropped are freed.
#include <memory>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/describe.hpp"
#include "weir/stream/sinks.hpp"

using namespace weir;

namespace {

struct Counted {
  std::shared_ptr<int> token;
  int operator()(int x) const { return x + *token; }
};

}  // namespace

TEST_CASE("a branch that a function makes and drops is freed when the emission is through") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  long seen = 0;
  source.sink([&](int) {
    auto branch = source.map(Counted{token});
    branch.filter([](int x) { return x > 0; }).sink([&](int x) { seen += x; });
    branch.destroy();
    REQUIRE(token.use_count() > 1);  // not while functions may run
  });
  for (int i = 0; i < 1000; ++i) {
    source.emit(i);
    REQUIRE(token.use_count() == 1);
  }
  CHECK(report(source).size() == 2);
  CHECK(seen == 0);
}

TEST_CASE("a branch that destroys itself is freed when its own emission is through") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  Ints out;
  {
    auto self = std::make_shared<std::optional<Stream<int>>>();
    *self = source.map(Counted{token});
    (*self)->sink([&out, self = self.get()](int x) {
      out.push_back(x);
      if (*self) (*self)->destroy();
      self->reset();
      out.push_back(x);
    });
    source.emit(1);
  }
  CHECK(out == Ints{2, 2});
  CHECK(token.use_count() == 1);
  source.emit(2);
  CHECK(out.size() == 2);
}

TEST_CASE("a branch that took what it wanted is freed; one that somebody knows stays") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source;
  Ints out;
  source.take(1).map(Counted{token}).sink([&](int x) { out.push_back(x); });
  auto known = source.take(1).map(Counted{token});
  known.sink([&](int x) { out.push_back(x); });
  CHECK(token.use_count() == 3);
  feed(source, 1, 3);
  CHECK(token.use_count() == 2);
  CHECK(known.label().find("map") != std::string::npos);
  known = Stream<int>();
  CHECK(token.use_count() == 1);
  CHECK(out == Ints{1, 1});
}

TEST_CASE("a stream that was connected for a while is freed, whoever lets go last") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source;
  for (const bool handle_goes_last : {true, false}) {
    auto inner = std::make_unique<Stream<int>>();
    inner->map(Counted{token}).sink([](int) {});
    source.connect(*inner);
    source.emit(1);
    if (handle_goes_last) {
      source.disconnect(*inner);
      CHECK(token.use_count() == 2);
      inner.reset();
    } else {
      StreamHandle copy = *inner;
      inner.reset();
      copy.destroy();
      CHECK(token.use_count() == 2);
      copy = source;
    }
    CHECK(token.use_count() == 1);
  }
}

TEST_CASE("what another branch acts on, or sends its dead letters to, stays with it") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source, midnight;
  Ints sums;
  {
    const auto mapped = source.map(Counted{token});
    mapped.accumulate(std::plus<>(), 0).reset_by(midnight).sink([&](int x) { sums.push_back(x); });
    feed(source, 1, 3);
    mapped.destroy();
  }
  CHECK(token.use_count() == 2);  // midnight has it
  midnight.emit(1);
  midnight.destroy_pipeline();
  CHECK(token.use_count() == 1);
  CHECK(sums == Ints{1, 3});

  Stream<int> other;
  auto letters = std::make_unique<Stream<Letter<int>>>();
  int dead = 0;
  letters->sink([&dead, held = Counted{token}](const Letter<int>&) { dead += *held.token + 1; });
  other.map([](int x) -> int { return x > 1 ? throw std::runtime_error("large") : x; })
      .on_error(on_error::dead_letter(*letters))
      .sink([](int) {});
  letters.reset();
  other.take(1).sink([](int) {});
  feed(other, 1, 4);
  CHECK(dead == 2);
  other.destroy_pipeline();
  CHECK(token.use_count() == 1);
}

TEST_CASE("an element that a dropped window keeps is done when the window is freed") {
  Stream<int> source;
  int done = 0;
  {
    auto window = source.partition(3);
    window.sink([](const Ints&) {});
    source.emit(1, [&](const std::exception_ptr&) { ++done; });
    window.destroy();
    CHECK(done == 0);
  }
  CHECK(done == 1);
}

TEST_CASE("threads make and drop branches of one stream") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  std::atomic<bool> over = false;
  int looks = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        auto branch = source.map(Counted{token}).merge(source);
        branch.sink([](int) {});
        source.emit(i);
        branch.destroy_pipeline();
        source.destroy_pipeline();
      }
    });
  threads.emplace_back([&] {
    while (!over) looks += !describe(source).empty();
  });
  threads[0].join();
  threads[1].join();
  over = true;
  threads[2].join();
  CHECK(looks > 0);
  for (int i = 0; i < 2; ++i) source.map(inc).destroy();  // what was left while another thread was inside
  CHECK(token.use_count() == 1);
  CHECK(report(source).size() == 1);
}
