// Elements whose copies fail.
#include <atomic>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/sink_async.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/windows.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Its copies fail while `is_bad`; it has no move of its own, so moves are copies.
struct Fragile {
  static inline std::atomic<int> bad{-1};
  int number = 0;
  Fragile() = default;
  explicit Fragile(int n) : number(n) {}
  Fragile(const Fragile& other) : number(other.number) {
    if (number == bad) throw std::runtime_error("copy of " + std::to_string(number));
  }
  Fragile& operator=(const Fragile& other) = default;
};

/// Emits 1 2 3, of which 2 cannot be copied; what has come out in the end, and what drain says.
template <class Build>
std::pair<Ints, std::string> emit_three(Build build) {
  Fragile::bad = -1;
  Stream<Fragile> source;
  std::mutex mutex;
  Ints numbers;
  const auto note = [&](const Fragile& x) {
    const std::lock_guard lock(mutex);
    numbers.push_back(x.number);
  };
  source.sink([](const Fragile&) {});  // another branch: what follows gets copies
  build(source, note);
  source.sink([](const Fragile&) {});
  const Fragile one(1), two(2), three(3);
  Fragile::bad = 2;
  std::string failure = "no error";
  for (const Fragile* x : {&one, &two, &three}) {
    const std::string said = sentence([&] { source.emit(*x); });
    if (said != "no error") failure = said;
    Fragile::bad = x == &one ? 2 : -1;
    if (x == &one) source.drain();
  }
  const std::string drained = sentence([&] { source.drain(); });
  return {numbers, failure == "no error" ? drained : failure};
}

}  // namespace

TEST_CASE("an element whose copy fails is an error of that element alone") {
  const auto all = std::pair(Ints{1, 3}, std::string("copy of 2"));
  CHECK(emit_three([](auto& s, auto note) { s.buffer(8).sink(note); }) == all);
  CHECK(emit_three([](auto& s, auto note) { s.buffer(8, Overflow::drop_oldest).sink(note); }) == all);
  CHECK(emit_three([](auto& s, auto note) { s.latest().sink(note); }) == all);
  CHECK(emit_three([](auto& s, auto note) {
          s.map_async([note](const Fragile& x) { return note(x), x.number; }, 2);
        }) == all);
  CHECK(emit_three([](auto& s, auto note) {
          s.partition(1).sink([note](const std::vector<Fragile>& x) { note(x[0]); });
        }) == all);
  CHECK(emit_three([](auto& s, auto note) {
          s.sink_async([note](Fragile x, const auto& finished) {
             note(x);
             finished();
           }).on_error(on_error::retry(1));
        }) == all);
}

TEST_CASE("the policy of a node answers a copy that fails") {
  const auto [numbers, failure] =
      emit_three([](auto& s, auto note) { s.buffer(8).on_error(on_error::skip).sink(note); });
  CHECK(numbers == Ints{1, 3});
  CHECK(failure == "no error");
  Stream<Letter<Fragile>> letters;
  CHECK(sentence([&] { Stream<int>().buffer(1).on_error(on_error::dead_letter(letters)); }) ==
        "dead_letter: <stream> does not take the elements of <buffer: 1>");
}

TEST_CASE("an emission that fails while another exception is under way does not end the program") {
  Stream<int> source;
  std::atomic<bool> goes_on{false};
  source
      .map([](int x) {
        if (x == 3) throw std::runtime_error("three");
        return x;
      })
      .buffer(1)
      .sink([&](int) {
        while (!goes_on) std::this_thread::yield();
      });
  const auto emit_and_throw = [&] {
    const auto waiting = source.emit(3);  // there is no room: it waits at the end of the scope
    CHECK(!waiting.is_taken());
    std::thread([&] {
      std::this_thread::sleep_for(10ms);
      goes_on = true;
    }).detach();
    throw std::runtime_error("something else");
  };
  while (source.try_emit(1)) {
  }
  CHECK(sentence(emit_and_throw) == "something else");
  CHECK(sentence([&] { source.drain(); }) == "three");
}
