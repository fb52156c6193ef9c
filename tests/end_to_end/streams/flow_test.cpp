// How elements flow through the cluster: order, bounds, ends, errors, completion. Runs as threads and as
// ranks.
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>

#include "end_to_end/streams/support.hpp"
#include "weir/stream/describe.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

int inc(int x) { return x + 1; }
int parse_number(const std::string& text) { return std::stoi(text); }
int twice(int x) { return 2 * x; }
bool is_odd(int x) { return x % 2 != 0; }
std::vector<int> so_many(int x) { return std::vector<int>(static_cast<std::size_t>(x % 4), x); }
int compute(int x) {
  const auto end = std::chrono::steady_clock::now() + 20us * (x % 7);
  while (std::chrono::steady_clock::now() < end) {
  }
  return x;
}
int refuse_seven(int x) {
  if (x % 10 == 7) throw std::out_of_range("seven is refused: " + std::to_string(x));
  return x;
}

}  // namespace

TEST_CASE("the quickstart: results come in the order of the elements") {
  Stream<int> source;
  const auto out = source.scatter().map(inc).buffer(8).gather().sink_to_list();
  feed(source, 0, 100);
  source.drain();
  CHECK(out.values() == numbers(1, 101));
}

TEST_CASE("order is kept however long each element takes") {
  Stream<int> source;
  const auto out = source.scatter().map(compute).gather().sink_to_list();
  feed(source, 0, 3000);
  source.drain();
  CHECK(out.values() == numbers(0, 3000));
}

TEST_CASE("an unordered gather gives every element once") {
  Stream<int> source;
  const auto out = source.scatter().map(compute).gather(unordered).sink_to_list();
  feed(source, 0, 3000);
  source.drain();
  auto values = out.values();
  std::sort(values.begin(), values.end());
  CHECK(values == numbers(0, 3000));
}

TEST_CASE("filter drops and flatten adds elements on the cluster") {
  Stream<int> source;
  const auto on_cluster = source.scatter()
                              .map(inc)
                              .filter(is_odd)
                              .map(so_many)
                              .flatten()
                              .remove(is_odd)
                              .map(twice)
                              .gather()
                              .sink_to_list();
  const auto here =
      source.map(inc).filter(is_odd).map(so_many).flatten().remove(is_odd).map(twice).sink_to_list();
  const auto odd_here = source.map(so_many).flatten().sink_to_list();
  const auto odd_there = source.scatter().map(so_many).flatten().gather().sink_to_list();
  feed(source, 0, 2000);
  source.drain();
  CHECK(on_cluster.values() == here.values());
  CHECK(odd_there.values() == odd_here.values());
}

TEST_CASE("buffer bounds the elements that are on the cluster") {
  Stream<int> source;
  std::mutex gate;
  gate.lock();
  std::atomic<int> seen{0};
  source.scatter().map(inc).buffer(5).gather().sink([&](int) {
    ++seen;
    const std::lock_guard wait(gate);
  });
  int taken = 0;
  for (const auto end = std::chrono::steady_clock::now() + 20s;
       std::chrono::steady_clock::now() < end && (seen == 0 || taken < 5);)
    taken += source.try_emit(taken) ? 1 : 0;
  for (int i = 0; i < 1000; ++i) taken += source.try_emit(i) ? 1 : 0;
  CHECK(taken == 5);
  gate.unlock();
  source.drain();
  CHECK(seen == 5);
  CHECK(sentence([&] { source.scatter().buffer(0); }) == "buffer: size must be at least 1 (got 0)");
}

TEST_CASE("quick elements share chunks where buffer leaves little room") {
  constexpr std::uint32_t room = 1000;
  Stream<int> source;
  const auto end = source.scatter().map(inc).buffer(room).cut();
  std::deque<std::shared_ptr<detail::stream::ChunkPass>> on_cluster;
  std::uint32_t chunks = 0;
  using Side = detail::stream::ClusterSide<std::decay_t<decltype(end)>>;
  Side::chunks(end).sink([&](const detail::stream::Chunk<int>& chunk) {
    on_cluster.push_back(chunk.pass);
    ++chunks;
  });
  const auto let_one_go = [&] {
    const auto first = std::move(on_cluster.front());
    on_cluster.pop_front();
  };
  feed(source, 0, room);
  CHECK(chunks == room);  // nobody knows how long they take
  on_cluster.front()->source().measured(1e-8 * room, 0, room);
  for (std::uint32_t i = 0; i < room; ++i) {
    let_one_go();
    REQUIRE(source.try_emit(1));
  }
  CHECK(chunks < room + room / 2);
  while (!on_cluster.empty()) let_one_go();
  source.drain();
}

TEST_CASE("a slow sink holds the source back: of a million elements few are inside at any time") {
  Stream<int> source;
  std::atomic<std::int64_t> done{0}, worst{0}, sum{0};
  source.scatter().map(inc).gather().sink([&](int x) {
    sum += x;
    if (++done % 64 == 0) compute(6);  // much slower than the cluster
  });
  for (std::int64_t i = 0; i < 1'000'000; ++i) {
    source.emit(static_cast<int>(i));
    worst = std::max<std::int64_t>(worst, i - done);
  }
  source.drain();
  CHECK(done == 1'000'000);
  CHECK(sum == 500'000'500'000);
  CHECK(worst < 100'000);
}

TEST_CASE("many threads emit into one stream") {
  Stream<int> source;
  const auto out = source.scatter().map(inc).gather().sink_to_list();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&, t] { feed(source, 5000 * t, 5000 * (t + 1)); });
  }
  source.drain();
  auto values = out.values();
  for (int t = 0; t < 4; ++t) {  // of one thread in order
    std::vector<int> of_thread;
    std::copy_if(values.begin(), values.end(), std::back_inserter(of_thread),
                 [t](int x) { return (x - 1) / 5000 == t; });
    CHECK(of_thread == numbers(5000 * t + 1, 5000 * (t + 1) + 1));
  }
}

TEST_CASE("a sink may emit into another stream on the cluster, and waits for it there") {
  for (int round = 0; round < 5; ++round) {
    Stream<int> first, second;
    const auto out = second.scatter().map(twice).gather().sink_to_list();
    first.scatter().map(inc).gather().sink([&](int x) { second.emit(x); });
    feed(first, 0, 300);
    first.drain();
    second.drain();
    REQUIRE(out.size() == 300);
    for (int i = 0; i < 300; ++i) REQUIRE(out.values()[static_cast<std::size_t>(i)] == 2 * (i + 1));
  }
}

TEST_CASE("partial windows come out with flush and with close") {
  Stream<int> source;
  const auto out = source.scatter().map(inc).partition(4).gather().sink_to_list();
  feed(source, 0, 6);
  source.drain();
  CHECK(out.values() == std::vector<Ints>{{1, 2, 3, 4}});
  source.flush();
  source.drain();
  CHECK(out.values() == std::vector<Ints>{{1, 2, 3, 4}, {5, 6}});
  source.emit(6);
  source.close();
  CHECK(out.values().back() == Ints{7});
  CHECK(sentence([&] { source.emit(1); }) == "emit: <stream> is closed");
}

TEST_CASE("what a function on the cluster throws comes out of drain, and the stream goes on") {
  Stream<int> source;
  const auto out = source.scatter().map(inc).map(refuse_seven).gather().sink_to_list();
  feed(source, 0, 10);
  const std::string text = sentence([&] { source.drain(); });
  CHECK_THAT(text, Catch::Contains("<segment: map, map>") &&
                       Catch::Contains("std::out_of_range: seven is refused: 7"));
  CHECK(out.values() == Ints{1, 2, 3, 4, 5, 6, 8, 9, 10});
  source.emit(20);
  source.drain();
  CHECK(out.values().back() == 21);
}

TEST_CASE("an error below gather comes out of drain") {
  Stream<int> source;
  source.scatter().map(inc).gather().sink([](int x) {
    if (x == 3) throw std::runtime_error("the sink is full");
  });
  feed(source, 0, 10);
  CHECK(sentence([&] { source.drain(); }) == "the sink is full");
  source.emit(1);
  source.drain();
}

TEST_CASE("elements a function throws on are skipped, tried again, or become dead letters") {
  Stream<int> source;
  const auto skipped = source.scatter().map(refuse_seven).on_error(on_error::skip).gather().sink_to_list();
  Stream<Letter<int>> letters;
  const auto failed = letters.map([](const Letter<int>& letter) { return letter.element; }).sink_to_list();
  const auto kept = source.scatter()
                        .map(inc)
                        .map(refuse_seven)
                        .on_error(on_error::dead_letter(letters))
                        .gather()
                        .sink_to_list();
  const auto again = source.scatter().map(FailsOnce{}).on_error(on_error::retry(1)).gather().sink_to_list();
  feed(source, 0, 100);
  source.drain();
  CHECK(skipped.size() == 90);
  CHECK(kept.size() == 90);
  CHECK(failed.values() == Ints{6, 16, 26, 36, 46, 56, 66, 76, 86, 96});
  CHECK(again.values() == numbers(0, 100));
}

TEST_CASE("a dead letter stream must take the elements of the segment") {
  Stream<int> source;
  Stream<Letter<std::string>> letters;
  CHECK_THAT(sentence([&] {
               static_cast<void>(source.scatter().map(inc).on_error(on_error::dead_letter(letters)).gather());
             }),
             Catch::Contains("does not take the elements of <segment: map>"));
}

TEST_CASE("segments behind one with dead letters raise what is no letter of theirs") {
  Stream<std::string> texts;
  Stream<Letter<std::string>> letters;
  const auto failed = letters.sink_to_list();
  const auto numbers = texts.scatter().map(parse_number).on_error(on_error::dead_letter(letters));
  const auto by_parity = numbers.group_by(is_odd, weir::op::accumulate(std::plus<int>{}, 0));  // of ints
  const auto sums = by_parity.gather().sink_to_list();
  const auto refused = numbers.map(refuse_seven).gather().sink_to_list();
  for (const char* text : {"1", "two", "3", "4"}) texts.emit(std::string(text));
  texts.drain();
  CHECK(failed.size() == 1);
  CHECK(sums.values().back() == std::pair(false, 4));
  CHECK(refused.values() == Ints{1, 3, 4});
  CHECK_THAT(sentence([&] {
               texts.emit("7");
               texts.drain();
             }),
             Catch::Contains("seven is refused"));
  CHECK(failed.size() == 1);
}

TEST_CASE("a segment inherits the letters that are of its elements") {
  Stream<int> source;
  Stream<Letter<int>> letters;
  const auto failed = letters.map([](const Letter<int>& letter) { return letter.element; }).sink_to_list();
  const auto kept = source.scatter()
                        .map(inc)
                        .on_error(on_error::dead_letter(letters))
                        .cut()
                        .map(refuse_seven)
                        .gather()
                        .sink_to_list();
  feed(source, 0, 10);
  source.drain();
  CHECK(kept.size() == 9);
  CHECK(failed.values() == Ints{7});
}

TEST_CASE("on_done fires once for each element, with the error that hurt it") {
  Stream<int> source;
  const auto out = source.scatter().map(refuse_seven).filter(is_odd).gather().sink_to_list();
  std::vector<std::atomic<int>> done(200);
  std::atomic<int> failed{0};
  for (int i = 0; i < 200; ++i) {
    if (i % 3 == 2) {  // some are waited for, some are not
      source.emit(i);
      continue;
    }
    source.emit(i, [&, i](const std::exception_ptr& error) {
      ++done[static_cast<std::size_t>(i)];
      if (error) ++failed;
    });
  }
  CHECK_THAT(sentence([&] { source.drain(); }), Catch::Contains("seven is refused"));
  for (int i = 0; i < 200; ++i) CHECK(done[static_cast<std::size_t>(i)] == (i % 3 == 2 ? 0 : 1));
  int expected = 0;
  for (int i = 7; i < 200; i += 10) expected += i % 3 == 2 ? 0 : 1;
  CHECK(failed == expected);
}

TEST_CASE("an element held in a window on the cluster is done when its window has been consumed") {
  Stream<int> source;
  std::vector<int> order;  // windows as -size, elements done as their numbers
  source.scatter().partition(3).gather().sink(
      [&](const Ints& window) { order.push_back(-static_cast<int>(window.size())); });
  for (int i = 0; i < 7; ++i) source.emit(i, [&, i](const std::exception_ptr&) { order.push_back(i); });
  source.drain();
  CHECK(order == std::vector<int>{-3, 0, 1, 2, -3, 3, 4, 5});
  source.close();
  CHECK(order == std::vector<int>{-3, 0, 1, 2, -3, 3, 4, 5, -1, 6});
}

TEST_CASE("an element is done after the last sliding window with it, also through two states") {
  Stream<int> source;
  std::vector<int> done;
  int windows = 0, when_first = 0;
  source.scatter().sliding_window(2, Partial::hold).map(total).partition(2).gather().sink([&](const Ints&) {
    ++windows;
  });
  for (int i = 0; i < 6; ++i)
    source.emit(i, [&, i](const std::exception_ptr&) {
      if (i == 0) when_first = windows;
      done.push_back(i);
    });
  source.drain();
  CHECK(windows == 2);  // {0,1},{1,2} and {2,3},{3,4}; {4,5} waits for another one
  CHECK(when_first == 1);
  CHECK(done == std::vector<int>{0, 1, 2, 3});
  source.close();
  std::sort(done.begin(), done.end());
  CHECK(done == numbers(0, 6));
}

TEST_CASE("a window below gather does not keep elements on the cluster") {
  Stream<int> source;
  const auto out = source.scatter().map(inc).buffer(3).gather().partition(10).sink_to_list();
  const auto on_cluster = source.scatter().map(inc).buffer(3).partition(10).gather().sink_to_list();
  feed(source, 0, 40);
  source.drain();
  CHECK(out.size() == 4);
  CHECK(on_cluster.values() == out.values());
}

TEST_CASE("segments follow each other, with options of their own") {
  Stream<int> source;
  const std::string worker = std::to_string(weir::test::client().workers().front().peer);
  const auto out = source.scatter()
                       .map(inc)
                       .cut()
                       .map(twice)
                       .with({.workers = {worker}})
                       .cut()
                       .remove(is_odd)
                       .gather()
                       .sink_to_list();
  const auto plain = source.scatter()
                         .map(inc)
                         .cut()
                         .map(twice)
                         .with({.priority = 3, .workers = {worker}})
                         .gather()
                         .sink_to_list();
  feed(source, 0, 500);
  source.drain();
  CHECK(plain.size() == 500);
  CHECK(plain.values().back() == 1000);
}

TEST_CASE("a stream with a name is computed once for all that is chained to it") {
  Stream<int> source;
  const auto counted = source.scatter().map(Counting{});
  const auto a = counted.gather().sink_to_list();
  const auto b = counted.map(twice).gather().sink_to_list();
  const auto c = counted.accumulate(std::plus<>{}).gather().sink_to_list();
  feed(source, 0, 100);
  source.drain();
  CHECK(a.values() == numbers(0, 100));
  CHECK(b.values().back() == 198);
  CHECK(c.values().back() == 4950);
  int calls = 0;
  for (const int count : weir::test::client().gather(weir::test::client().run_on_workers(calls_of_counting)))
    calls += count;
  CHECK(calls == 100);
}

TEST_CASE("two scatters of one stream, and branches here and there") {
  Stream<int> source;
  const auto sums = source.scatter()
                        .map(inc)
                        .gather()
                        .zip(source.scatter().map(twice).gather(), source)
                        .map([](const std::tuple<int, int, int>& x) {
                          return std::get<0>(x) + std::get<1>(x) + std::get<2>(x);
                        })
                        .sink_to_list();
  feed(source, 0, 50);
  source.drain();
  CHECK(sums.size() == 50);
  CHECK(sums.values()[10] == 41);
}

TEST_CASE("elements may be large, structs, strings, or such as cannot be copied") {
  Stream<std::vector<double>> frames;
  double sum = 0;
  std::size_t count = 0;
  frames.scatter().map(doubled).gather().sink([&](const std::vector<double>& frame) {
    sum += frame[0] + frame.back();
    count += frame.size();
  });
  for (int i = 0; i < 4; ++i) frames.emit(std::vector<double>(1'000'000, i));
  frames.drain();
  CHECK(sum == 24);
  CHECK(count == 4'000'000);

  Stream<std::string> words;
  const auto readings = words.scatter().map(reading_of).gather().pluck(&Reading::length).sink_to_list();
  for (const char* word : {"weir", "", "sluice"}) words.emit(word);
  words.drain();
  CHECK(readings.values() == std::vector<std::size_t>{4, 0, 6});

  Stream<std::unique_ptr<int>> owned;
  Ints values;
  owned.scatter().map(unboxed).map(boxed).gather().sink(
      [&](std::unique_ptr<int> x) { values.push_back(*x); });
  for (int i = 0; i < 5; ++i) owned.emit(std::make_unique<int>(i));
  owned.drain();
  CHECK(values == Ints{1, 2, 3, 4, 5});
}

TEST_CASE("arguments of operators, member pointers and functors with members travel") {
  Stream<int> source;
  const auto out = source.scatter()
                       .map([](int x, int y) { return x * y; }, 3)
                       .map(Adder{4})
                       .map(text_of)
                       .pluck(&Text::text)
                       .gather()
                       .sink_to_list();
  feed(source, 0, 3);
  source.drain();
  CHECK(out.values() == std::vector<std::string>{"4", "7", "10"});
}

namespace {
/// Begins work that another thread finishes; how much was under way at most.
std::atomic<int> under_way{0}, most_under_way{0}, finished_all{0};
void begin_work(int x, const detail::stream::Finished& finished) {
  most_under_way = std::max(most_under_way.load(), ++under_way);
  std::thread([x, finished] {
    std::this_thread::sleep_for(1ms);
    --under_way;
    ++finished_all;
    finished(x == 5 ? std::make_exception_ptr(std::runtime_error("five is refused")) : nullptr);
  }).detach();
}
boost::asio::awaitable<void> wait_a_moment(int x) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1ms);
  co_await timer.async_wait(boost::asio::use_awaitable);
  if (x == 3) throw std::runtime_error("three is refused");
  ++finished_all;
}
void lose_it(int, const detail::stream::Finished&) {}
int finished_here() { return finished_all.exchange(0); }
int finished_everywhere() {
  int sum = 0;
  for (auto& each : weir::test::client().run_on_workers(&finished_here)) sum += each.result();
  return sum;
}
}  // namespace

TEST_CASE("sink_async on the cluster works on the workers, and drain and tickets wait for it") {
  finished_everywhere();
  Stream<int> source;
  source.scatter().map(inc).sink_async(begin_work).on_error(on_error::skip);
  int done = 0;
  for (int i = 0; i < 50; ++i) source.emit(i, [&done](const std::exception_ptr&) { ++done; });
  source.drain();
  CHECK(done == 50);
  CHECK(finished_everywhere() == 50);
  CHECK(most_under_way <= 2 * 16);
}
TEST_CASE("sink_async on the cluster takes coroutines, and answers errors by policy") {
  finished_everywhere();
  Stream<int> source;
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  source.scatter().sink_async(wait_a_moment).on_error(on_error::dead_letter(letters));
  feed(source, 0, 10);
  source.drain();
  CHECK(finished_everywhere() == 9);
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == 3);
  CHECK(dead.values()[0].node == "<segment: sink_async>");
  Stream<int> raising;
  raising.scatter().sink_async(begin_work);
  raising.emit(5);
  CHECK(sentence([&] { raising.drain(); }) ==
        "task <segment: sink_async>: std::runtime_error: five is refused");
  Stream<int> lost;
  lost.scatter().sink_async(lose_it);
  lost.emit(1);
  CHECK(sentence([&] { lost.drain(); }).find("lost `finished` without calling it") != std::string::npos);
  CHECK(sentence([&] { source.scatter().sink_async(begin_work, 0); }) ==
        "sink_async: parallelism must be at least 1 (got 0)");
}
TEST_CASE("streams on the cluster are connected and disconnected") {
  Stream<int> a, b;
  const auto left = a.scatter().map(twice);
  const auto right = b.scatter();
  const auto out = right.map(inc).partition(2).gather().sink_to_list();
  left.connect(right);
  for (int i = 0; i < 4; ++i) {
    a.emit(i);
    b.emit(100 + i);
  }
  b.drain();
  CHECK(out.values() == std::vector<Ints>{{1, 101}, {3, 102}, {5, 103}, {7, 104}});
  left.disconnect(right);
  a.emit(50);
  b.emit(200);
  a.close();
  b.close();
  CHECK(out.values().back() == Ints{201});
  CHECK(sentence([&] { left.disconnect(right); }) == "disconnect: <segment: map> does not feed <scatter>");
}
TEST_CASE("a connected stream ends when both have, is bounded with the other, and does not go round") {
  Stream<int> a, b;
  const auto right = b.scatter().buffer(3);
  const auto left = a.scatter();
  const auto out = right.map(compute).collect().gather().sink_to_list();
  left.connect(right);
  feed(a, 0, 20);
  feed(b, 20, 40);
  a.close();
  CHECK(out.size() == 0);
  b.close();
  CHECK(out.values() == std::vector<Ints>{numbers(0, 40)});
  Stream<int> c;
  const auto loop = c.scatter();
  const auto end = loop.map(inc);
  CHECK(sentence([&] { end.connect(loop); }) ==
        "connect: <scatter> leads to <segment: map>, and what goes round on the cluster does not end; close "
        "the cycle below gather()");
  CHECK(sentence([&] { loop.connect(end.cut()); }) ==
        "connect: <segment: map> has inputs of its own; connect to what scatter() gave");
}
TEST_CASE("a function that is not there is refused when a cluster operator is made") {
  Stream<int> source;
  int (*const none)(int) = nullptr;
  const std::string rest = " must not be empty (got a null pointer); pass one that can be called";
  CHECK(sentence([&] { source.scatter().map(none); }) == "map: the function" + rest);
  CHECK(sentence([&] { source.scatter().map_async(none); }) == "map_async: the function" + rest);
  CHECK(sentence([&] { source.scatter().group_by(none, op::collect()); }) == "group_by: the key" + rest);
  CHECK(sentence([&] { static_cast<void>(source.scatter().route(2, none)); }) ==
        "route: the function" + rest);
  void (*const begin)(int, detail::stream::Finished) = nullptr;
  CHECK(sentence([&] { source.scatter().sink_async(begin); }) == "sink_async: the function" + rest);
  CHECK(sentence([&] { static_cast<void>(source.scatter().split(none)); }) == "split: the function" + rest);
  CHECK(sentence([&] { source.scatter().map_async(twice, 0); }) ==
        "map_async: parallelism must be at least 1 (got 0)");
}
namespace {
int add(int x, int y) { return x + y; }
}  // namespace

/// A state that cannot be copied once it is 3.
struct Fragile {
  int x = 0;
  Fragile() = default;
  explicit Fragile(int value) : x(value) {}
  Fragile(Fragile&&) noexcept = default;
  Fragile& operator=(Fragile&&) noexcept = default;
  Fragile(const Fragile& other) : x(other.x) {
    if (x == 3) throw std::runtime_error("it cannot be copied");
  }
  Fragile& operator=(const Fragile& other) {
    x = other.x;
    return *this;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};
namespace {
std::pair<Fragile, int> grow(const Fragile&, int x) { return {Fragile(x), x}; }

/// The name of the task that gives the chunks of `build(a cluster stream)`, as the scheduler tells it.
template <class Build>
std::string task_name(Build build) {
  Stream<int> source;
  const auto end = build(source.scatter()).cut();
  Future<detail::stream::ChunkResult<int>> last;
  using Side = detail::stream::ClusterSide<std::decay_t<decltype(end)>>;
  Side::chunks(end).sink([&](const detail::stream::Chunk<int>& chunk) { last = chunk.result; });
  source.emit(1);
  const std::string told = weir::test::client().explain(last);
  source.drain();
  return told.substr(0, told.rfind('-', told.find(" is ")));
}
}  // namespace

TEST_CASE("tasks of a segment are called after its operators and their functions") {
  CHECK(task_name([](auto s) { return s.map(inc); }) == "map(inc)");
  CHECK(task_name([](auto s) { return std::move(s).map(inc).filter(is_odd).map(add, 5); }) ==
        "map(inc), filter(is_odd), map(add)");
  CHECK(task_name([](auto s) { return s.map(inc).named("first step"); }) == "first step");
  CHECK(task_name([](auto s) { return s.with(Options{.name = "mine"}).map(inc); }) == "mine");
  Stream<int> failing;
  failing.scatter().accumulate(grow, Fragile(), returns_state).gather().sink([](int) {});
  failing.emit(3);
  failing.drain();
  failing.emit(4);
  CHECK_THAT(sentence([&] { failing.drain(); }),
             Catch::Contains("accumulate(grow)") && Catch::Contains("it cannot be copied"));
}
TEST_CASE("describe counts what went into each segment and came out of it") {
  Stream<int> source;
  const auto odd = source.scatter().filter(is_odd).named("odd").cut();
  odd.map(so_many).flatten().named("many").cut().partition(7).named("sevens").gather().sink(
      [](const Ints&) {});
  odd.gather().sink([](int) {});
  odd.group_by(twice, op::partition(2)).gather().sink([](const auto&) {});
  feed(source, 0, 100);
  source.drain();
  const std::string before = describe(source);
  CHECK_THAT(before, Catch::Contains("<odd; segment: filter>  in 100, out 50"));  // three gathers bring it
  CHECK_THAT(before, Catch::Contains("<many; segment: map, flatten>  in 50, out 100"));
  CHECK_THAT(before, Catch::Contains("<sevens; stateful segment: partition>  in 100, out 14"));
  CHECK_THAT(before, Catch::Contains("<group_by: partition>  in 50, out 0"));
  source.close();
  const std::string after = describe(source);
  CHECK_THAT(after, Catch::Contains("<sevens; stateful segment: partition>  in 100, out 15"));
  CHECK_THAT(after, Catch::Contains("<group_by: partition>  in 50, out 50"));
  CHECK_THAT(after, Catch::Contains("<gather>  in 50, out 50"));
}
TEST_CASE("describe and graphviz know what is on the cluster") {
  Stream<int> source;
  source.scatter().map(compute).named("slow").cut().map(inc).accumulate(std::plus<>{}).gather().sink([](int) {
  });
  feed(source, 0, 200);
  source.drain();
  const std::string text = describe(source);
  CHECK_THAT(text, Catch::Contains("<slow; segment: map>  in 200, out 200, ") &&
                       Catch::Contains("<gather>  in 200, out 200, "));
  CHECK_THAT(text, Catch::Contains("slowest: <slow; segment: map>, "));
  const std::string picture = graphviz(source);
  CHECK_THAT(picture, Catch::Contains("[label=\"slow; segment: map\", shape=box, fillcolor=lightblue]") &&
                          Catch::Contains("[label=\"sink\", shape=box]"));
}

TEST_CASE("leaving a scope drains the stream in it") {
  std::atomic<int> seen{0};
  {
    Stream<int> source;
    source.scatter().map(compute).gather().sink([&](int) { ++seen; });
    feed(source, 0, 500);
  }
  CHECK(seen == 500);
}

TEST_CASE("streams on the cluster that feed each other do not wait for each other") {
  Stream<int> a, b;
  std::atomic<int> count{0};
  const auto feeds = [&](Stream<int>& from, Stream<int>& to) {
    from.scatter().map(inc).buffer(2).gather().sink([&count, &to](int x) {
      ++count;
      if (x < 60) to.emit(x);
    });
  };
  feeds(a, b);
  feeds(b, a);
  for (int i = 0; i < 10; ++i) {
    a.emit(50);
    b.emit(50);
  }
  for (int i = 0; i < 20; ++i) {
    a.drain();
    b.drain();
  }
  CHECK(count == 200);
  a.close();
  b.close();
}
