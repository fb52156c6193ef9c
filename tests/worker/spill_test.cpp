// Results that leave memory, as stories: which go, what comes back, what waits. The limit is 1000 bytes: spilling begins beyond 600, pausing beyond 800.
#include "support/worker_story.hpp"

using namespace weir;
using test::WorkerStory;
using Lines = WorkerStory::Lines;

namespace {

WorkerStory with_limit(std::uint32_t threads = 1) { return WorkerStory(threads, {}, {.limit = 1000, .smallest = 50}); }

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
  CHECK(story.state.memory() == protocol::MemoryUse{});
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
  worker::Actions out;
  worker::Outcome outcome;
  outcome.id = 3;
  outcome.value = task::Value::make(3);
  outcome.bytes = 200;
  story.state.done(std::move(outcome), out);
  REQUIRE(out.size() == 1);
  const auto& failure = *std::get<protocol::RunFailed>(out[0].message).failure;
  CHECK(failure.kind == ErrorKind::io);
  CHECK(failure.message == "its result of 200 B has no room: the results of its worker take 900 B of 1 kB and none can be spilled (No space left on device); give more memory "
                           "(WEIR_MEMORY_LIMIT) or another folder (WEIR_SPILL_DIRECTORY)");
  CHECK(story.has(1));
  CHECK(story.has(2));
  story.state.try_again(true);
  CHECK(story.next_spill() == Lines{"spill 1"});
}

TEST_CASE("worker gives a spilled result to a peer") {
  WorkerStory story = with_limit();
  make(story, 1, 700);
  story.next_spill();
  story.spilled();
  CHECK(story.asked(2, 1) == Lines{"value 1 @2"});
  CHECK(story.state.record(1)->on_disk);
  story.free(1);
  CHECK(story.state.memory() == protocol::MemoryUse{});
}
