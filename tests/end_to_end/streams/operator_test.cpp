// Operators that say themselves what they may do on the cluster: one of the library's, and a user's own.
#include "end_to_end/streams/support.hpp"
#include "weir/stream/extend.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

int inc(int x) { return x + 1; }
std::size_t bytes_of(const std::string& x) { return x.size(); }

/// Every other element.
template <class In>
struct EveryOther {
  using Out = In;
  bool next = true;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (std::exchange(next, !next)) emit(std::forward<X>(x));
  }
  void reset() { next = true; }
};
auto every_other() {
  return op::ByKernel{"every_other", []<class In>(std::type_identity<In>) { return EveryOther<In>{}; }};
}
/// Twice the element; keeps nothing.
template <class In>
struct Twice {
  using Out = In;
  static constexpr op::Traits traits{.where = op::Where::anywhere, .at_most_one = true};
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(2 * x));
  }
};
auto twice() {
  return op::ByKernel{"twice", []<class In>(std::type_identity<In>) { return Twice<In>{}; }};
}
/// Says from which of two streams an element comes.
template <class A, class B>
struct WithSide {
  using Out = std::pair<int, A>;
  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(static_cast<int>(port), std::forward<X>(x)));
  }
};
template <class A, class B>
auto with_side(const A& a, const B& b) {
  return op::join_by_kernel(
      "with_side",
      []<class E, class F>(std::type_identity<E>, std::type_identity<F>) { return WithSide<E, F>{}; }, a, b);
}

}  // namespace

TEST_CASE("limit_bytes on the cluster follows the clock of the stream, also when the stream ends") {
  ManualClock clock;
  Stream<std::string> source{clock};
  const auto limited = source.scatter().limit_bytes(10, bytes_of);
  const auto out = limited.gather().sink_to_list();
  source.emit("12345");
  source.drain();
  CHECK(out.values() == std::vector<std::string>{"12345"});
  CHECK(clock.now() < 500ms);
  source.emit("67");
  source.emit("1234567890");
  source.emit("end");
  source.close();
  CHECK(out.values() == std::vector<std::string>{"12345", "67", "1234567890", "end"});
  CHECK(clock.now() >= 1700ms);
}
TEST_CASE("an operator of one's own gives the same here and on the cluster") {
  Stream<int> source;
  const auto here = source.apply(every_other()).apply(twice()).sink_to_list();
  const auto there = source.scatter().apply(every_other()).apply(twice()).gather().sink_to_list();
  const auto fused = (source.scatter() | (twice() | every_other())).gather().sink_to_list();
  feed(source, 0, 7);
  source.drain();
  CHECK(here.values() == Ints{0, 4, 8, 12});
  CHECK(there.values() == here.values());
  CHECK(fused.values() == here.values());
}
TEST_CASE("what may run anywhere is not tied to what may not") {
  Stream<int> source;
  const auto parts = [&](const StreamHandle& end) {
    std::string kinds;
    for (const NodeReport& node : report(end)) kinds += node.label + " ";
    return kinds;
  };
  const auto end = source.scatter().apply(twice()).map(inc).apply(every_other()).gather();
  CHECK(parts(end) == "<stream> <scatter> <segment: twice, map> <stateful segment: every_other> <gather> ");
}
TEST_CASE("a join of one's own gives the same here and on the cluster") {
  Stream<int> a, b;
  const auto here = with_side(a, b).sink_to_list();
  const auto there = with_side(a.scatter(), b.scatter()).gather().sink_to_list();
  a.emit(1);
  b.emit(2);
  a.emit(3);
  a.drain();
  CHECK(here.values() == std::vector<std::pair<int, int>>{{0, 1}, {1, 2}, {0, 3}});
  CHECK(there.values() == here.values());
}
