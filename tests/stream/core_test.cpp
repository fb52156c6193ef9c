// Streams: emission, order, snapshots, errors, policies, tickets, cycles, ending.
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "stream/support.hpp"

using namespace weir;

TEST_CASE("stream passes elements depth first in subscription order") {
  Stream<int> source;
  std::vector<std::string> log;
  auto a = source.map(inc);
  a.sink([&](int x) { log.push_back("a1 " + std::to_string(x)); });
  source.sink([&](int x) { log.push_back("b " + std::to_string(x)); });
  a.sink([&](int x) { log.push_back("a2 " + std::to_string(x)); });
  source.emit(1);
  source.emit(2);
  CHECK(log == std::vector<std::string>{"a1 2", "a2 2", "b 1", "a1 3", "a2 3", "b 2"});
}

TEST_CASE("stream nodes live while a handle to any of the graph does") {
  Ints out;
  Stream<int> source;
  {
    source.map(inc).filter([](int x) { return x > 1; }).sink([&](int x) { out.push_back(x); });
  }
  source.emit(0);
  source.emit(1);
  CHECK(out == Ints{2});
}

TEST_CASE("stream can be emitted into in the middle") {
  Ints out;
  Stream<int> source;
  auto mid = source.map(inc);
  mid.sink([&](int x) { out.push_back(x); });
  mid.emit(100);
  CHECK(out == Ints{100});
}

TEST_CASE("stream moves an element into the last branch and copies it for none that only reads") {
  Stream<std::unique_ptr<int>> source;
  int seen = 0;
  source.map([](std::unique_ptr<int> p) { return std::make_unique<int>(*p + 1); })
      .sink([&](std::unique_ptr<int> p) { seen = *p; });
  source.emit(std::make_unique<int>(1));
  CHECK(seen == 2);
  CHECK(sentence([&] { source.sink([](const std::unique_ptr<int>&) {}); }) ==
        "connect: elements of <stream> cannot be copied, so they can go one way only");
}

TEST_CASE("stream gives an element to the downstreams there were when it began") {
  Stream<int> source;
  Ints first, second, late;
  std::optional<Sink> doomed;
  bool done = false;
  source.sink([&](int x) {
    first.push_back(x);
    if (done) return;
    done = true;
    doomed->destroy();
    source.sink([&](int y) { late.push_back(y); });
  });
  doomed = source.sink([&](int x) { second.push_back(x); });
  source.emit(1);
  source.emit(2);
  CHECK(first == Ints{1, 2});
  CHECK(second == Ints{1});
  CHECK(late == Ints{2});
}

TEST_CASE("stream raises out of emit, after the siblings got the element, and stays usable") {
  Stream<int> source;
  Ints before, after;
  source.sink([&](int x) { before.push_back(x); });
  auto bad = source.map([](int x) -> int {
    if (x == 2) throw std::runtime_error("two");
    return x;
  });
  bad.sink([](int) {});
  source.sink([&](int x) { after.push_back(x); });
  source.emit(1);
  CHECK_THROWS_WITH(source.emit(2), "two");
  source.emit(3);
  CHECK(before == Ints{1, 2, 3});
  CHECK(after == Ints{1, 2, 3});
  CHECK(bad.node().errors.value() == 1);
}

TEST_CASE("error policies skip, retry and send dead letters") {
  Stream<int> source;
  Ints out;
  int calls = 0;
  const auto flaky = [&](int x) -> int {
    ++calls;
    if (x == 2) throw std::runtime_error("two");
    return x;
  };
  SECTION("skip drops the element") {
    source.map(flaky).on_error(weir::on_error::skip).sink([&](int x) { out.push_back(x); });
    for (int i = 1; i <= 3; ++i) source.emit(i);
    CHECK(out == Ints{1, 3});
  }
  SECTION("retry calls again, then raises") {
    source.map(flaky).on_error(on_error::retry(2)).sink([&](int x) { out.push_back(x); });
    source.emit(1);
    CHECK_THROWS_WITH(source.emit(2), "two");
    CHECK(calls == 4);
  }
  SECTION("retry may succeed") {
    source.map([&](int x) { return ++calls % 3 ? throw std::runtime_error("not yet") : x; })
        .on_error(on_error::retry(2))
        .sink([&](int x) { out.push_back(x); });
    source.emit(7);
    CHECK(out == Ints{7});
  }
  SECTION("dead letters carry element, node and error") {
    Stream<Letter<int>> letters;
    std::vector<std::string> lost;
    letters.sink([&](const Letter<int>& l) {
      lost.push_back(l.node + " " + std::to_string(l.element) + " " +
                     sentence([&] { std::rethrow_exception(l.error); }));
    });
    source.map(flaky).named("f").on_error(on_error::dead_letter(letters)).sink([&](int x) {
      out.push_back(x);
    });
    for (int i = 1; i <= 3; ++i) source.emit(i);
    CHECK(out == Ints{1, 3});
    CHECK(lost == std::vector<std::string>{"<f; map> 2 two"});
  }
  SECTION("a dead letter stream of another type is refused") {
    Stream<Letter<double>> letters;
    CHECK(sentence([&] { source.map(flaky).on_error(on_error::dead_letter(letters)); }) ==
          "dead_letter: <stream> does not take the elements of <map>");
  }
}

TEST_CASE("on_done fires once, with the error if there was one") {
  Stream<int> source;
  source.map([](int x) { return x == 2 ? throw std::runtime_error("two") : x; }).sink([](int) {});
  int done = 0;
  std::exception_ptr last;
  const auto count = [&](std::exception_ptr error) {
    ++done;
    last = std::move(error);
  };
  source.emit(1, count);
  CHECK(done == 1);
  CHECK(!last);
  CHECK_THROWS(source.emit(2, count));
  CHECK(done == 2);
  CHECK(last);
}

TEST_CASE("emit from several threads loses nothing") {
  Stream<int> source;
  long sum = 0;
  source.map(inc).sink([&](int x) { sum += x; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) source.emit(i);
    });
  for (auto& thread : threads) thread.join();
  CHECK(sum == 4L * (20000L * 20001L / 2));
}

TEST_CASE("a cycle goes round without using up the stack") {
  Stream<int> source;
  Ints out;
  auto next = source.map(inc).filter([](int x) { return x < 100000; });
  next.connect(source);
  source.filter([](int x) { return x % 25000 == 0; }).sink([&](int x) { out.push_back(x); });
  source.emit(0);
  CHECK(out == Ints{0, 25000, 50000, 75000});
}

TEST_CASE("a function may emit into its own stream") {
  Stream<int> source;
  Ints out;
  source.sink([&](int x) {
    if (x < 3) source.emit(x + 1);
    out.push_back(x);
  });
  source.emit(0);
  CHECK(out == Ints{0, 1, 2, 3});
}

TEST_CASE("a cycle without an end is reported with the node's name") {
  Stream<int> source;
  source.named("loop");
  source.map([](int) { return 0; }).connect(source);
  detail::stream::cycle_limit = 1000;
  CHECK(sentence([&] { source.emit(0); }) ==
        "emit: the cycle through <loop; stream> does not come to an end (1000 rounds for one element)");
  detail::stream::cycle_limit = 10'000'000;
}

TEST_CASE("a cycle through a queue without an end is reported with the node's name") {
  detail::stream::cycle_limit = 1000;
  const auto endless = [](auto queue) {
    Stream<int> source;
    queue(source).connect(source);
    source.emit(0);
    return sentence([&] { source.drain(); });
  };
  CHECK(endless([](const Stream<int>& s) { return s.buffer(2).named("loop"); }) ==
        "emit: the cycle through <loop; buffer: 2> does not come to an end (1000 rounds for one element)");
  CHECK(endless([](const Stream<int>& s) { return s.map_async(inc); }) ==
        "emit: the cycle through <map_async: 1> does not come to an end (1000 rounds for one element)");
  CHECK(endless([](const Stream<int>& s) { return s.latest(); }) ==
        "emit: the cycle through <latest> does not come to an end (1000 rounds for one element)");
  CHECK(endless([](const Stream<int>& s) {
          return s.buffer(2).map([](int x) { return Ints{x, x}; }).flatten();
        }) ==
        "emit: the cycle through <buffer: 2> does not come to an end (1000 elements wait beyond its bound)");
  CHECK(endless([](const Stream<int>& s) {
          return s.map(inc).filter([](int x) { return x < 900; }).buffer(2);
        }) == "no error");  // one with an end
  detail::stream::cycle_limit = 10'000'000;
}

TEST_CASE("a cycle that waits for itself is reported with the node's name") {
  ManualClock clock;
  Stream<int> source{clock}, feedback{clock};
  const auto out = source.zip(feedback, max_ahead{1}).named("sum").starmap(std::plus<>{});
  out.connect(feedback);
  const auto sums = out.sink_to_list();
  source.emit(1);
  Warnings warnings;
  source.drain();
  CHECK(warnings.text() ==
        "stream: drain: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit "
        "a first element into the cycle\n");
  source.emit(2);
  CHECK(sentence([&] { source.emit(3); }) ==
        "emit: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit a first "
        "element into the cycle");
  feedback.emit(10);
  source.emit(3);
  CHECK(sums.values() == Ints{11, 13, 16});
  source.drain();
  CHECK(warnings.text().find("drain", 10) == std::string::npos);
}

TEST_CASE("drain says which cycle keeps elements in a queue above it") {
  ManualClock clock;
  Stream<int> source{clock}, feedback{clock};
  const auto out = source.buffer(5).zip(feedback, max_ahead{1}).named("sum").starmap(std::plus<>{});
  out.connect(feedback);
  feed(source, 0, 4);
  CHECK(sentence([&] { source.drain(); }) ==
        "drain: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit a first "
        "element into the cycle");
  feedback.emit(10);
  source.drain();
  CHECK(out.node().out.value() == 4);
}

TEST_CASE(
    "on a real clock a drain that a cycle holds back warns, and ends when another thread feeds the cycle") {
  Stream<int> source, feedback;
  const auto out = source.buffer(5).zip(feedback, max_ahead{1}).named("sum").starmap(std::plus<>{});
  out.connect(feedback);
  detail::stream::cycle_patience_ns = 0;
  Warnings warnings;
  std::thread other([&] {
    while (warnings.text().empty()) std::this_thread::yield();
    feedback.emit(10);
  });
  feed(source, 0, 4);
  source.drain();
  other.join();
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() ==
        "stream: drain: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit "
        "a first element into the cycle\n");
}

TEST_CASE(
    "on a real clock an emission that a cycle holds back warns, and goes on when another thread feeds the "
    "cycle") {
  Stream<int> source, feedback;
  const auto out = source.zip(feedback, max_ahead{1}).named("sum").starmap(std::plus<>{});
  out.connect(feedback);
  const auto sums = out.sink_to_list();
  detail::stream::cycle_patience_ns = 0;
  Warnings warnings;
  std::thread other([&] {
    while (warnings.text().empty()) std::this_thread::yield();
    feedback.emit(10);
  });
  feed(source, 1, 4);
  other.join();
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() ==
        "stream: emit: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit a "
        "first element into the cycle\n");
  CHECK(sums.values() == Ints{11, 13, 16});
}

TEST_CASE("connect, disconnect and destroy change what an element reaches") {
  Stream<int> a, b, c;
  Ints out;
  c.sink([&](int x) { out.push_back(x); });
  a.connect(c);
  b.connect(c);
  a.connect(c);  // no second delivery
  a.emit(1);
  b.emit(2);
  a.disconnect(c);
  a.emit(3);
  b.emit(4);
  CHECK(out == Ints{1, 2, 4});
  CHECK(sentence([&] { a.disconnect(c); }) == "disconnect: <stream> does not feed <stream>");
  CHECK(sentence([&] { a.connect(b.map(inc)); }) ==
        "connect: <map: inc> has inputs of its own; connect to a Stream made by itself");
  c.destroy();
  b.emit(5);
  CHECK(out == Ints{1, 2, 4});
}

TEST_CASE("destroy_pipeline cuts off everything below, also through a cycle") {
  Stream<int> source;
  Ints out;
  auto mid = source.map(inc);
  mid.filter([](int x) { return x < 3; }).connect(source);
  mid.sink([&](int x) { out.push_back(x); });
  source.emit(0);
  source.destroy_pipeline();
  source.emit(0);
  CHECK(out == Ints{1, 2, 3});
}

TEST_CASE("move_to_first changes the order of execution") {
  Stream<int> source;
  std::string log;
  source.sink([&](int) { log += 'a'; });
  const Sink second = source.sink([&](int) { log += 'b'; });
  source.emit(1);
  second.move_to_first();
  source.emit(2);
  CHECK(log == "abba");
}

TEST_CASE("a closed stream takes nothing") {
  Stream<int> source;
  source.sink([](int) {});
  source.close();
  CHECK(sentence([&] { source.emit(1); }) == "emit: <stream> is closed");
  CHECK(sentence([&] { (void)source.try_emit(1); }) == "emit: <stream> is closed");
}

TEST_CASE("operators of one's own chain with a bar") {
  Stream<int> source;
  Ints out;
  const auto twice = [](const Stream<int>& s) { return s.map([](int x) { return 2 * x; }); };
  (source | twice | op::map(inc)).sink([&](int x) { out.push_back(x); });
  source.apply(twice).sink([&](int x) { out.push_back(-x); });
  source.emit(5);
  CHECK(out == Ints{11, -10});
}

TEST_CASE("kernels fuse into one") {
  auto first = op::map(inc).kernel<int>();
  auto second = op::filter([](int x) { return x % 2 == 0; }).kernel<int>();
  detail::stream::Fused<decltype(first), decltype(second)> both{first, second};
  Ints out;
  for (int i = 0; i < 5; ++i) both.push(i, [&](int y) { out.push_back(y); });
  CHECK(out == Ints{2, 4});
}

TEST_CASE("link makes one pipeline of several") {
  Stream<int> source;
  const auto squares_sum = op::link(
      op::filter(is_odd), [](const Stream<int>& s) { return s.map([](int x) { return x * x; }); },
      op::accumulate(std::plus<>{}));
  const auto out = (source | squares_sum).sink_to_list();
  feed(source, 0, 6);
  CHECK(out.values() == Ints{1, 10, 35});
}

TEST_CASE("current_value watches a stream from when it is asked for") {
  Stream<int> source;
  const auto mapped = source.map(inc);
  int seen = 0;
  std::optional<CurrentValue<int>> current;
  mapped.sink([&](int) { seen = current->value().value_or(-1); });
  current = mapped.current_value();
  CHECK_FALSE(current->value());
  source.emit(4);
  CHECK(current->value() == 5);
  CHECK(seen == 5);  // it is set before the other branches run
}
