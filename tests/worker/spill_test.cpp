// Results that leave memory, as stories: which go, what comes back, what waits. The limit is 1000 bytes:
// spilling begins beyond 600, pausing beyond 800.
#include "support/worker_story.hpp"

using namespace weir;
using test::WorkerStory;
using Lines = WorkerStory::Lines;

namespace {

WorkerStory with_limit(std::uint32_t threads = 1) {
  return WorkerStory(threads, {}, {.limit = 1000, .smallest = 50});
}

// Runs a task without inputs to its end; its result has so many bytes.
Lines make(WorkerStory& story, TaskId id, std::uint64_t bytes) {
  story.run(id);
  CHECK(story.take() == id);
  story.execution = {};
  return story.done(id, bytes);
}

}  // namespace

TEST_CASE("worker spills what has been unused for longest, down to its target") {
  WorkerStory story = with_limit();
  for (const TaskId id : {1, 2, 3}) make(story, id, 200);
  CHECK(story.next_spill().empty());  // 600 is allowed
  make(story, 4, 150);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.next_spill().empty());  // one is enough
  CHECK(story.state.bytes() == 750);  // until it has been written
  CHECK(story.spilled().empty());
  CHECK(story.state.bytes() == 550);
  CHECK(story.state.memory().spilled_bytes == 200);
  CHECK(story.has(1));
}

TEST_CASE("worker spills earlier where its process has much memory beside the results") {
  WorkerStory story = with_limit();
  detail::worker::Actions told;
  for (const TaskId id : {1, 2, 3}) make(story, id, 200);
  story.state.note_resident(600 + 100, told);  // so much may be beside them
  CHECK(story.next_spill().empty());
  story.state.note_resident(600 + 300, told);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.next_spill().empty());  // 400 and 300 leave room for what comes before tasks wait
  story.spilled();
  story.state.note_resident(10'000, told);
  CHECK(story.next_spill() == Lines{"spill 2"});
  CHECK(story.next_spill().empty());  // a fifth of the limit is for results, whatever the process has
  story.spilled();
  story.state.note_resident(200, told);  // what was there a moment ago may come again
  make(story, 4, 150);
  CHECK(story.next_spill() == Lines{"spill 3"});
  story.spilled();
  for (int i = 0; i < 300; ++i) story.state.note_resident(150, told);
  for (const TaskId id : {5, 6}) make(story, id, 200);
  CHECK(story.next_spill().empty());
  story.state.check();
}

TEST_CASE("worker reads a spilled result back for the task that uses it") {
  WorkerStory story = with_limit();
  make(story, 1, 300);
  make(story, 2, 400);
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.spilled();
  story.run(3, {{1, 1, true}});
  CHECK(story.take() == 3);
  CHECK(story.execution.values.at(0).as<int>() == 1);
  CHECK(story.state.bytes() == 700);
  CHECK(story.state.memory().spilled_bytes == 0);
}

TEST_CASE("worker writes a result once, however often it leaves memory") {
  WorkerStory story = with_limit();
  make(story, 1, 300);
  make(story, 2, 400);
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.spilled();
  story.run(3, {{1, 1, true}});
  story.take();
  story.execution = {};
  story.done(3, 10);
  CHECK(story.next_spill() == Lines{"spill 2"});  // 1 has just been used
  story.spilled();
  make(story, 4, 350);
  CHECK(story.next_spill().empty());  // 1 is there still
  CHECK(story.state.bytes() == 360);
  CHECK(story.state.memory().spilled_bytes == 700);
}

TEST_CASE("worker leaves small results and those in use where they are") {
  WorkerStory story = with_limit();
  make(story, 1, 49);
  make(story, 2, 400);
  make(story, 3, 300);
  story.run(4, {{2, 1, true}});
  story.take();
  CHECK(story.next_spill() == Lines{"spill 3"});
  story.spilled();
  CHECK(story.state.bytes() == 449);
}

TEST_CASE("worker keeps a result that is used while it is written, and need not write it again") {
  WorkerStory story = with_limit();
  make(story, 1, 350);
  make(story, 2, 300);
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.run(3, {{1, 1, true}});
  story.take();
  CHECK(story.spilled().empty());
  CHECK(story.state.bytes() == 650);
  CHECK(story.next_spill() == Lines{"spill 2"});
  story.execution = {};
  story.spilled();
  story.done(3, 400);
  CHECK(story.next_spill().empty());
  CHECK(story.state.bytes() == 400);
}

TEST_CASE("worker forgets a result that is freed while it is written") {
  WorkerStory story = with_limit();
  make(story, 1, 700);
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.free(1);
  CHECK(story.state.bytes() == 0);
  CHECK(story.spilled().empty());
  CHECK(story.state.memory() == detail::protocol::MemoryUse{});
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker pauses beyond its limit and goes on when results have left") {
  WorkerStory story = with_limit(2);
  make(story, 1, 500);
  CHECK(make(story, 2, 400) == Lines{"finished 2 run 1", "paused at 900"});
  story.run(3);
  CHECK(story.take() == 0);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.take() == 0);
  CHECK(story.spilled() == Lines{"goes on at 400"});
  CHECK(story.take() == 3);
}

TEST_CASE("worker that can spill nothing goes on with one task at a time") {
  WorkerStory story = with_limit(2);
  make(story, 1, 900);
  story.run(2, {{1, 1, true}});
  story.run(3, {{1, 1, true}});
  CHECK(story.take() == 0);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.spill_failed(false).empty());  // it cannot be serialized
  CHECK(story.next_spill().empty());
  CHECK(story.take() == 2);
  CHECK(story.take() == 0);
  story.execution = {};
  story.done(2);
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.spill_failed(false);
  story.next_spill();
  CHECK(story.take() == 3);
}

TEST_CASE("worker whose disk is full loses nothing and refuses results without room, in a sentence") {
  WorkerStory story = with_limit();
  make(story, 1, 700);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.spill_failed(true, "No space left on device").empty());
  CHECK(story.next_spill().empty());
  CHECK(make(story, 2, 200) == Lines{"finished 2 run 1", "paused at 900"});
  story.run(3);
  CHECK(story.take() == 3);
  detail::worker::Actions out;
  detail::worker::Outcome outcome;
  outcome.id = 3;
  outcome.value = detail::task::Value::make(3);
  outcome.bytes = 200;
  story.state.done(std::move(outcome), out);
  REQUIRE(out.size() == 1);
  const auto& failure = *std::get<detail::protocol::RunFailed>(out[0].message).failure;
  CHECK(failure.kind == ErrorKind::io);
  CHECK(failure.message ==
        "its result of 200 B has no room: the results of its worker take 900 B of 1 kB and none can be "
        "spilled (No space left on device); give more memory "
        "(WEIR_MEMORY_LIMIT) or another folder (WEIR_SPILL_DIRECTORY)");
  CHECK(story.has(1));
  CHECK(story.has(2));
  detail::worker::Actions told;
  story.state.try_again(true, told);
  CHECK(story.next_spill() == Lines{"spill 1"});
}

TEST_CASE("worker whose disk is full has room for small results a little beyond the limit") {
  WorkerStory story(1, {}, {.limit = 64 * 1024, .smallest = 50});
  make(story, 1, 64 * 1024);
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.spill_failed(true, "No space left on device").empty());
  CHECK(story.next_spill().empty());
  std::size_t finished = 0;
  for (TaskId id = 2; id < 70; ++id) {
    const Lines told = make(story, id, 64);
    finished += !told.empty() && told.front().starts_with("finished");
  }
  CHECK(finished == 64);  // a sixteenth more
}

TEST_CASE("worker gives a spilled result to a peer") {
  WorkerStory story = with_limit();
  make(story, 1, 700);
  story.next_spill();
  story.spilled();
  CHECK(story.asked(2, 1) == Lines{"value 1 @2"});
  CHECK(story.state.record(1)->on_disk);
  story.free(1);
  CHECK(story.state.memory() == detail::protocol::MemoryUse{});
}

TEST_CASE("worker shows a result in memory to its own process, which has used it, and none on disk") {
  WorkerStory story = with_limit();
  for (const TaskId id : {1, 2}) make(story, id, 250);
  CHECK(story.state.result_in_memory(1) == &story.state.record(1)->value);
  make(story, 3, 150);
  CHECK(story.next_spill() == Lines{"spill 2"});
  story.spilled();
  CHECK(story.state.record(2)->on_disk);
  CHECK_FALSE(story.state.result_in_memory(2));
  CHECK_FALSE(story.state.result_in_memory(4));
}

TEST_CASE("worker asks for heavy inputs when there is room for them, and for one at any time") {
  WorkerStory story = with_limit();
  make(story, 1, 500);
  const auto scale = [](std::uint64_t bytes) { return detail::protocol::Scale::of(bytes); };
  CHECK(story.run(10, {{2, 2, true, scale(128)}, {3, 2, true, scale(128)}, {4, 3, true, scale(10)}}) ==
        Lines{"get 2 @2", "get 4 @3"});  // 500 + 128 + 128 > 700
  CHECK(story.arrive(2, 2, 128) ==
        Lines{"get 3 @2", "here 2"});  // 628: still no room, but nothing else is coming
  CHECK(story.arrive(3, 4, 10) == Lines{"here 4"});
}

TEST_CASE("worker asks for nothing while what it has must leave memory") {
  WorkerStory story = with_limit();
  const auto heavy = detail::protocol::Scale::of(128);
  make(story, 1, 300);
  make(story, 2, 600);  // paused
  CHECK(story.run(10, {{3, 2, true, heavy}}).empty());
  CHECK(story.next_spill() == Lines{"spill 1"});
  CHECK(story.spilled() == Lines{"goes on at 600", "get 3 @2"});
}

TEST_CASE("worker sends a value that is made again to who has asked for it with room for it") {
  WorkerStory story(1, {}, {.limit = 1'000'000, .smallest = 50, .always_heavy = 100, .most_coming = 300});
  story.run(1);
  CHECK(story.asked(2, 1, true).empty());  // it had been told of the value before
  CHECK(story.asked(3, 1).empty());
  CHECK(story.take() == 1);
  CHECK(story.done(1, 200) == Lines{"finished 1 run 1", "value 1 @2", "ready 1 @3"});
}

TEST_CASE("worker asks for so much at once, however much memory it has") {
  WorkerStory story(1, {}, {.limit = 1'000'000, .smallest = 50, .always_heavy = 100, .most_coming = 300});
  const auto heavy = detail::protocol::Scale::of(128);
  CHECK(story.run(10, {{2, 2, true, heavy}, {3, 2, true, heavy}, {4, 2, true, heavy}}) ==
        Lines{"get 2 @2", "get 3 @2"});
  CHECK(story.arrive(2, 2, 128) == Lines{"get 4 @2", "here 2"});
}

TEST_CASE("worker asks first for what its first task needs") {
  WorkerStory story = with_limit();
  const auto heavy = detail::protocol::Scale::of(512);
  CHECK(story.run(10, {{2, 2, true, heavy}, {3, 2, true, heavy}}) == Lines{"get 2 @2"});
  CHECK(story.run(9, {{4, 3, true, heavy}}).empty());
  CHECK(story.run(11, {{5, 3, true, heavy}}, {.priority = 1}).empty());
  CHECK(story.arrive(2, 2, 512) == Lines{"get 5 @3", "here 2"});
  CHECK(story.arrive(3, 5, 100) == Lines{"get 4 @3", "here 5"});
}

TEST_CASE("worker goes on asking when what was coming has arrived, is gone or is not wanted") {
  const auto heavy = detail::protocol::Scale::of(512);
  SECTION("arrived") {
    WorkerStory story = with_limit();
    CHECK(story.run(10, {{2, 2, true, heavy}, {3, 3, true, heavy}}) == Lines{"get 2 @2"});
    CHECK(story.arrive(2, 2, 512) == Lines{"get 3 @3", "here 2"});
    CHECK(story.arrive(3, 3, 512) == Lines{"paused at 1024", "here 3"});
  }
  SECTION("missing") {
    WorkerStory story = with_limit();
    story.run(10, {{2, 2, true, heavy}, {3, 3, true, heavy}});
    CHECK(story.missing(2, 2) == Lines{"get 3 @3", "missing 2 of 2"});
  }
  SECTION("its holder is gone") {
    WorkerStory story = with_limit();
    story.run(10, {{2, 2, true, heavy}, {3, 3, true, heavy}});
    CHECK(story.gone(2) == Lines{"missing 2 of 2", "get 3 @3"});
  }
  SECTION("not wanted") {
    WorkerStory story = with_limit();
    story.run(10, {{2, 2, true, heavy}});
    CHECK(story.run(11, {{3, 3, true, heavy}, {4, 3, true, heavy}}).empty());
    CHECK(story.cancel(10) == Lines{"drop 2 @2", "get 3 @3"});
    CHECK(story.arrive(3, 3, 512) == Lines{"get 4 @3", "here 3"});
    CHECK(story.cancel(11) == Lines{"drop 4 @3"});
    CHECK(story.free(3).empty());
    CHECK(story.state.count() == 0);
  }
  SECTION("a result is freed") {
    WorkerStory story = with_limit();
    make(story, 1, 400);
    story.run(
        10, {{2, 2, true, detail::protocol::Scale::of(128)}, {3, 3, true, detail::protocol::Scale::of(256)}});
    CHECK(story.free(1) == Lines{"get 3 @3"});
  }
}

TEST_CASE("worker tells who waits for a heavy result that it is there, and sends a small one") {
  WorkerStory story = with_limit();
  story.run(1);
  story.run(2);
  CHECK(story.take() == 1);
  story.asked(2, 1);
  story.asked(2, 2);
  CHECK(story.done(1, 300) == Lines{"finished 1 run 1", "ready 1 @2"});
  CHECK(story.asked(2, 1, true) == Lines{"value 1 @2"});
  CHECK(story.take() == 2);
  CHECK(story.done(2, 30) == Lines{"finished 2 run 1", "value 2 @2"});
}

TEST_CASE("worker asks again for a heavy result that its holder says is there") {
  WorkerStory story = with_limit();
  CHECK(story.run(10, {{2, 2, false}}) == Lines{"will get 2 @2"});
  CHECK(story.input_at(2, 2, true, 300) == Lines{"get 2 @2"});
  CHECK(story.input_at(2, 2, true, 300).empty());
  CHECK(story.arrive(2, 2, 300) == Lines{"here 2"});
  CHECK(story.take() == 10);
}

TEST_CASE("worker that lacks memory starts all ranks of gangs: they wait for each other") {
  WorkerStory story = with_limit(4);
  make(story, 1, 900);
  story.run(2, {{1, 1, true}});
  story.run(3, {{1, 1, true}}, {.priority = 1});
  story.run(4, {{1, 1, true}}, {.priority = 2, .in_gang = true});
  story.run(5, {{1, 1, true}}, {.priority = 2, .resources = {{"cores", 1}}, .in_gang = true});
  CHECK(story.take() == 0);  // first something may leave memory
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.spill_failed(false);
  CHECK(story.next_spill().empty());
  CHECK(story.take() == 4);
  CHECK(story.take() == 5);
  CHECK(story.take() == 0);
}
TEST_CASE("worker that lacks memory starts a rank behind a more urgent task that must wait") {
  WorkerStory story = with_limit(4);
  make(story, 1, 900);
  story.run(2, {{1, 1, true}}, {.priority = 3, .in_gang = true});
  story.run(3, {{1, 1, true}}, {.priority = 2});
  story.run(4, {{1, 1, true}}, {.priority = 1, .in_gang = true});
  CHECK(story.next_spill() == Lines{"spill 1"});
  story.spill_failed(false);
  CHECK(story.next_spill().empty());
  CHECK(story.take() == 2);
  CHECK(story.take() == 4);  // otherwise 2 waits for it, and 3 for 2
  CHECK(story.take() == 0);
}
