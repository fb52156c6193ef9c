// Windows by count and by event time.
#include <functional>
#include <string>

#include "seeing/streams.hpp"
#include "stream/support.hpp"
#include "weir/stream/describe.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("partition emits batches, and the rest at the end") {
  Stream<int> source;
  const auto out = source.partition(2).sink_to_list();
  DoneCount count;
  for (int i = 0; i < 5; ++i) source.emit(i, count.counter());
  CHECK(out.values() == std::vector<Ints>{{0, 1}, {2, 3}});
  CHECK(count.done == 4);
  source.close();
  CHECK(out.values().back() == Ints{4});
  CHECK(count.done == 5);
  CHECK(sentence([&] { source.partition(0); }) == "partition: n must be at least 1 (got 0)");
}

TEST_CASE("partition by key emits each batch when it is full") {
  Stream<int> source;
  const auto out = source.partition(2, is_odd).sink_to_list();
  for (const int x : {0, 1, 2, 4, 3}) source.emit(x);
  CHECK(out.values() == std::vector<Ints>{{0, 2}, {1, 3}});
  source.flush();
  CHECK(out.values().back() == Ints{4});
  const std::function<int(int)> none;
  CHECK(sentence([&] { source.partition(2, none); }) ==
        "partition: the key must not be empty (got an empty std::function); pass one that can be called");
  CHECK(sentence([&] { source.partition(2, 1s, none); }) ==
        "partition: the key must not be empty (got an empty std::function); pass one that can be called");
  CHECK(sentence([&] { source.partition_unique(2, static_cast<bool (*)(int)>(nullptr)); }) ==
        "partition_unique: the key must not be empty (got a null pointer); pass one that can be called");
}

TEST_CASE("partition with a timeout, measured from the first element of each batch") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto out = source.partition(3, 10s).sink_to_list();
  source.emit(1);
  clock.advance(9s);
  source.emit(2);
  CHECK(out.size() == 0);
  clock.advance(1s);
  CHECK(out.values() == std::vector<Ints>{{1, 2}});
  for (const int x : {3, 4, 5, 6}) source.emit(x);  // a full batch takes its timer along
  CHECK(out.size() == 2);
  clock.advance("9s");
  CHECK(out.size() == 2);
  clock.advance("1s");
  CHECK(out.values().back() == Ints{6});
  CHECK(sentence([&] { source.partition(2, -1s); }) == "partition: timeout must be positive (got -1s)");
}

TEST_CASE("partition with timeout and key times each key") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto out = source.partition(3, 10s, is_odd).sink_to_list();
  source.emit(1);
  clock.advance(4s);
  source.emit(2);
  source.emit(3);
  clock.advance(6s);
  CHECK(out.values() == std::vector<Ints>{{1, 3}});
  clock.advance(4s);
  CHECK(out.values().back() == Ints{2});
}

TEST_CASE("partition_unique keeps the first or the last of equal keys") {
  Stream<std::string> source;
  const auto initial = [](const std::string& word) { return word[0]; };
  const auto first = source.partition_unique(2, initial).sink_to_list();
  const auto last = source.partition_unique(2, initial, Keep::last).sink_to_list();
  DoneCount count;
  for (const char* word : {"ape", "ant", "bee"}) source.emit(word, count.counter());
  CHECK(first.values() == std::vector<std::vector<std::string>>{{"ape", "bee"}});
  CHECK(last.values() == std::vector<std::vector<std::string>>{{"ant", "bee"}});
  CHECK(count.done == 3);
  CHECK(sentence([&] { source.partition_unique(0); }) == "partition_unique: n must be at least 1 (got 0)");
}

TEST_CASE("sliding_window overlaps, with or without the first windows") {
  Stream<int> source;
  const auto partial = source.sliding_window(3).sink_to_list();
  const auto full = source.sliding_window(3, Partial::hold).sink_to_list();
  feed(source, 0, 4);
  CHECK(partial.values() == std::vector<Ints>{{0}, {0, 1}, {0, 1, 2}, {1, 2, 3}});
  CHECK(full.values() == std::vector<Ints>{{0, 1, 2}, {1, 2, 3}});
  CHECK(sentence([&] { source.sliding_window(0); }) == "sliding_window: size must be at least 1 (got 0)");
}

TEST_CASE("sliding_window lets go of an element after its last window") {
  Stream<int> source;
  source.sliding_window(2).sink([](const Ints&) {});
  std::string done;
  for (int i = 0; i < 3; ++i)
    source.emit(i, [&done, i](const std::exception_ptr&) { done += std::to_string(i); });
  CHECK(done == "01");
  source.close();
  CHECK(done == "012");
}

namespace {
struct Event {
  long time;
  char id;
};
std::string text(const TimeWindow<Event, long>& window) {
  std::string result = std::to_string(window.begin) + "-" + std::to_string(window.end) +
                       (window.revision ? "r" + std::to_string(window.revision) : "") + ":";
  for (const Event& event : window.elements) result += event.id;
  return result;
}
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("tumbling_window follows the time in the elements") {
  Stream<Event> source;
  const auto out = source.tumbling_window(&Event::time, 10L).map(text).sink_to_list();
  DoneCount count;
  for (const Event& event : {Event{1, 'a'}, {9, 'b'}, {10, 'c'}, {35, 'd'}})
    source.emit(event, count.counter());
  CHECK(out.values() == Texts{"0-10:ab", "10-20:c"});
  CHECK(count.done == 3);
  source.close();
  CHECK(out.values().back() == "30-40:d");
  CHECK(count.done == 4);
}

TEST_CASE("tumbling_window waits for elements out of order, revises for late ones and drops later ones") {
  Stream<Event> source;
  const auto out = source.tumbling_window(&Event::time, 10L, Late<long>{5, 10}).map(text).sink_to_list();
  feed(source, std::vector<Event>{{8, 'a'}, {12, 'b'}, {9, 'c'}, {15, 'd'}});
  CHECK(out.values() == Texts{"0-10:ac"});  // the watermark passed 10 when 15 came
  feed(source, std::vector<Event>{{3, 'e'}});
  CHECK(out.values().back() == "0-10r1:ace");
  feed(source, std::vector<Event>{{30, 'f'}, {4, 'g'}});
  CHECK(out.values().back() == "10-20:bd");
  CHECK(out.size() == 3);
  CHECK_THAT(describe(source), Catch::Contains(", queued 3, late 1\n"));
  const auto seen = weir::detail::seeing::stream_watch().load()->take(1);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].nodes[1].late == 1);
  CHECK(seen[0].nodes[1].watermark == 25);
  CHECK(seen[0].nodes[1].watermark_unit == "number");
  CHECK(seen[0].nodes[0].watermark_unit.empty());
}

TEST_CASE("tumbling_window takes negative times, doubles and time points") {
  Stream<double> numbers;
  const auto out =
      numbers.tumbling_window(std::identity{}, 0.5).map([](const auto& w) { return w.begin; }).sink_to_list();
  for (const double x : {-0.2, 0.1, 0.6}) numbers.emit(x);
  CHECK(out.values() == std::vector<double>{-0.5, 0.0});
  using Clock = std::chrono::system_clock;
  Stream<Clock::time_point> points;
  const auto counts = points.tumbling_window(std::identity{}, Clock::duration(1min))
                          .map([](const auto& w) { return w.elements.size(); })
                          .sink_to_list();
  for (const auto at : {1s, 2s, 61s}) points.emit(Clock::time_point(at));
  CHECK(counts.values() == std::vector<std::size_t>{2});
  CHECK(weir::detail::seeing::stream_watch().load()->take(1)[1].nodes[1].watermark_unit == "clock");
  CHECK(sentence([&] { numbers.tumbling_window(std::identity{}, 0.0); }) ==
        "tumbling_window: size must be positive");
}

TEST_CASE("sliding_time_window puts an element into every window it is in") {
  Stream<Event> source;
  const auto out = source.sliding_time_window(&Event::time, 10L, 5L).map(text).sink_to_list();
  feed(source, std::vector<Event>{{1, 'a'}, {7, 'b'}, {21, 'c'}});
  CHECK(out.values() == Texts{"-5-5:a", "0-10:ab", "5-15:b"});
}

TEST_CASE("session_window ends after a gap, and late elements join sessions") {
  Stream<Event> source;
  const auto out = source.session_window(&Event::time, 5L, Late<long>{10, 0}).map(text).sink_to_list();
  feed(source, std::vector<Event>{{1, 'a'}, {9, 'b'}, {5, 'c'}, {40, 'd'}});
  CHECK(out.values() == Texts{"1-14:abc"});
  source.close();
  CHECK(out.values().back() == "40-45:d");
}
