// Elements whose copies fail.
#include <atomic>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/control.hpp"
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

namespace {

/// Counts its copies.
struct Heavy {
  static inline std::atomic<int> copies{0};
  std::vector<double> values;
  explicit Heavy(double x) : values(8, x) {}
  Heavy(const Heavy& other) : values(other.values) { ++copies; }
  Heavy(Heavy&&) noexcept = default;
  Heavy& operator=(const Heavy& other) {
    ++copies;
    values = other.values;
    return *this;
  }
  Heavy& operator=(Heavy&&) noexcept = default;
  ~Heavy() = default;
};

/// How often elements were copied until `count` of them had come out, moved in.
template <class Build>
int copies_of(int count, const Build& build) {
  Heavy::copies = 0;
  Stream<Heavy> source;
  build(source);
  for (int i = 0; i < count; ++i) source.emit(Heavy(i));
  source.drain();
  return Heavy::copies;
}
double first_of(const std::vector<Heavy>& window) { return window.front().values[0]; }

}  // namespace

TEST_CASE("windows that are looked at copy no element") {
  std::vector<double> firsts;
  const auto note = [&](double x) { firsts.push_back(x); };
  CHECK(copies_of(6, [&](auto& s) { s.sliding_window(3).map(first_of).sink(note); }) == 0);
  CHECK(firsts == std::vector<double>{0, 0, 0, 1, 2, 3});
  firsts.clear();
  CHECK(copies_of(6, [&](auto& s) { s.partition(2).buffer(4).map(first_of).sink(note); }) == 0);
  CHECK(firsts == std::vector<double>{0, 2, 4});
}
TEST_CASE("who takes a sliding window as his own copies it once") {
  std::size_t count = 0;
  CHECK(copies_of(4, [&](auto& s) {
          s.sliding_window(2, Partial::hold).buffer(8).sink([&](const std::vector<Heavy>& window) {
            count += window.size();
          });
        }) == 3 * 2);
  CHECK(count == 6);
}
TEST_CASE("map_async gives its function the element itself, or shows it if it may be wanted again") {
  const auto pass = [](Heavy x) { return x; };
  double sum = 0;
  const auto add = [&](const Heavy& x) { sum += x.values[0]; };
  CHECK(copies_of(5, [&](auto& s) { s.map_async(pass, 2).sink(add); }) == 0);
  CHECK(copies_of(5, [&](auto& s) { s.map_async(pass, 2).on_error(on_error::retry(1)).sink(add); }) == 5);
  CHECK(sum == 20);
}
TEST_CASE("a sliding window that is reset by who looks at it begins anew") {
  Stream<int> source, again;
  std::vector<Ints> windows;
  source.sliding_window(2).reset_by(again).sink([&](const Ints& window) {
    if (window.back() == 2) again.emit(0);
    windows.push_back(window);
  });
  for (int i = 0; i < 5; ++i) source.emit(i);
  CHECK(windows == std::vector<Ints>{{0}, {0, 1}, {1, 2}, {3}, {3, 4}});
}
