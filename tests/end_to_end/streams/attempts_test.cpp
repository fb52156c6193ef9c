// What fails on the cluster, is tried again, cannot be written or cannot be copied; streams inside tasks.
// Runs as threads and as ranks.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "end_to_end/streams/support.hpp"

using namespace weir;

namespace {
/// Throws at every other call.
bool fails_now() {
  static thread_local bool fails = false;
  return fails = !fails;
}
int sum_at_second(int sum, int x) { return fails_now() ? throw std::runtime_error("flaky") : sum + x; }
int at_second(int x) { return fails_now() ? throw std::runtime_error("flaky") : x; }
int total_at_second(const Ints& all) { return at_second(total(all)); }
Ints three(int x) { return {x, x + 1, x + 2}; }
int refuse_four(int x) { return x == 4 ? throw std::runtime_error("four") : x; }
int sum_or_refuse(int sum, int x) { return x == 4 ? throw std::runtime_error("four") : sum + x; }

/// A sum that is changed before it fails.
struct Changes {
  using Out = int;
  int sum = 0;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    sum += x;
    emit(sum);
    if (fails_now()) throw std::runtime_error("too late");
    emit(-sum);
  }
};
auto changes() {
  return op::ByKernel{"changes", []<class In>(std::type_identity<In>) { return Changes{}; }};
}
template <class Build>
void check_same(int end, Build build) {
  Stream<int> source;
  const auto here = build(source).sink_to_list();
  const auto there = build(source.scatter()).gather().sink_to_list();
  for (int i = 1; i < end; ++i) {
    try {
      source.emit(i);
    } catch (const std::runtime_error&) {
    }
  }
  try {
    source.close();
    source.drain();
  } catch (const std::runtime_error&) {
  }
  CHECK(here.size() > 0);
  CHECK(there.values() == here.values());
}
}  // namespace

TEST_CASE("a second attempt at a fused segment is a first one") {
  Stream<int> source;
  const auto sums = source.scatter()
                        .accumulate(std::plus<int>{}, 0)
                        .accumulate(sum_at_second, 0)
                        .on_error(on_error::retry(2))
                        .gather()
                        .sink_to_list();
  const auto batches =
      source.scatter()
          .partition(2)
          .accumulate([](int sum, const Ints& all) { return sum_at_second(sum, total(all)); }, 0)
          .on_error(on_error::retry(1))
          .gather()
          .sink_to_list();
  const auto items = source.scatter()
                         .map(three)
                         .flatten()
                         .map(at_second)
                         .on_error(on_error::retry(1))
                         .gather()
                         .sink_to_list();
  const auto changed = source.scatter().apply(changes()).on_error(on_error::retry(1)).gather().sink_to_list();
  feed(source, 1, 5);
  source.drain();
  CHECK(sums.values() == Ints{1, 4, 10, 20});
  CHECK(batches.values() == Ints{3, 10});
  CHECK(items.values() == Ints{1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6});
  CHECK(changed.values() == Ints{1, -1, 3, -3, 6, -6, 10, -10});
}
TEST_CASE("a second attempt is a first one here too, also of operators that are one node") {
  Stream<int> source;
  const auto sums = source.apply(op::accumulate(std::plus<int>{}, 0) | op::accumulate(sum_at_second, 0));
  sums.on_error(on_error::retry(2));
  const auto batches = source.apply(op::partition(2) | op::map(total_at_second));
  batches.on_error(on_error::retry(1));
  const auto changed = source.apply(changes());
  changed.on_error(on_error::retry(1));
  const auto a = sums.sink_to_list(), b = batches.sink_to_list(), c = changed.sink_to_list();
  feed(source, 1, 5);
  CHECK(a.values() == Ints{1, 4, 10, 20});
  CHECK(b.values() == Ints{3, 7});
  CHECK(c.values() == Ints{1, -1, 3, -3, 6, -6, 10, -10});
}
TEST_CASE("an operator of a fused segment fails by itself: what comes before and beside it goes on") {
  check_same(8, [](auto s) { return s.map(three).flatten().map(refuse_four).on_error(on_error::skip); });
  check_same(8, [](auto s) { return s.accumulate(std::plus<int>{}, 0).map(refuse_four); });
  check_same(8, [](auto s) { return s.map(three).flatten().accumulate(sum_or_refuse, 0); });
  check_same(8, [](auto s) {
    return s.group_by([](int x) { return x % 2; }, op::accumulate(sum_or_refuse, 0))
        .on_error(on_error::skip)
        .template pluck<1>();
  });
}
TEST_CASE("collect in a fused segment gives an empty list when it is flushed empty, as on a Stream") {
  Stream<int> source, flush;
  const auto here =
      source.collect().flush_by(flush).map([](const Ints& all) { return all.size(); }).sink_to_list();
  const auto there = source.scatter()
                         .accumulate(std::plus<int>{}, 0)
                         .collect()
                         .flush_by(flush)
                         .map([](const Ints& all) { return all.size(); })
                         .gather()
                         .sink_to_list();
  feed(source, 0, 4);
  flush.emit(0);
  flush.emit(0);
  source.drain();
  CHECK(here.values() == std::vector<std::size_t>{4, 0});
  CHECK(there.values() == here.values());
}

namespace {
/// Cannot be written if it is negative.
struct Fragile {
  int x = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    if (x < 0) throw std::runtime_error("a negative one stays here");
    archive(x);
  }
};
int value_of(const Fragile& fragile) { return fragile.x; }
int unboxed_value(std::unique_ptr<int> x) { return *x + 1; }
}  // namespace

TEST_CASE("an element that cannot be written is refused where it is emitted, and the others come out") {
  Stream<Fragile> source;
  const auto out = source.scatter().map(value_of).gather().sink_to_list();
  std::vector<std::string> told;
  for (int i = 0; i < 200; ++i) {
    if (const auto text = sentence([&] { source.emit(Fragile{i % 50 == 7 ? -1 : i}); }); text != "no error")
      told.push_back(text);
  }
  source.drain();
  CHECK(told == std::vector<std::string>(4, "a negative one stays here"));
  CHECK(out.size() == 196);
}
TEST_CASE("elements that cannot be copied are given away by segments too, and bool is an element") {
  Stream<int> source;
  const auto boxes = source.scatter().map(boxed).cut();
  const auto values = boxes.map(unboxed_value).gather().sink_to_list();
  Stream<bool> flags;
  const auto yes = flags.scatter().filter(std::identity{}).gather().sink_to_list();
  const auto all =
      flags.scatter().partition(2).flatten().map(std::logical_not<bool>{}).gather().sink_to_list();
  const auto here = flags.partition(2).flatten().sink_to_list();
  feed(source, 0, 100);
  for (int i = 0; i < 100; ++i) flags.emit(i % 3 == 0);
  source.drain();
  flags.drain();
  CHECK(values.values() == numbers(1, 101));
  CHECK(yes.size() == 34);
  REQUIRE(all.size() == 100);
  CHECK(here.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(all.values()[i] == (i % 3 != 0));
}

namespace {
int sum_by_stream(int end) {
  Stream<int> source;
  int sum = 0;
  source.scatter().map([](int x) { return x * x; }).gather().sink([&sum](int x) { sum += x; });
  for (int i = 0; i < end; ++i) source.emit(i);
  source.drain();
  source.close();
  return sum;
}
}  // namespace

TEST_CASE("streams inside of tasks give the slots of their tasks away while they wait") {
  std::vector<Future<int>> sums;
  for (int i = 0; i < 24; ++i) sums.push_back(weir::test::client().submit(sum_by_stream, i));
  for (int i = 0; i < 24; ++i)
    CHECK(sums[static_cast<std::size_t>(i)].result() == (i - 1) * i * (2 * i - 1) / 6);
}
TEST_CASE("drain on the cluster returns when what was emitted before is out, though another thread goes on") {
  Stream<int> source;
  std::atomic<int> last{-1};
  std::atomic<bool> stop{false};
  source.scatter().map(std::identity{}).gather().sink([&](int x) {
    if (x >= 0) last = x;
  });
  std::thread other([&] {
    while (!stop) source.emit(-1);
  });
  for (int round = 0; round < 3; ++round) {
    source.emit(round);
    source.drain();
    CHECK(last == round);
  }
  stop = true;
  other.join();
}
