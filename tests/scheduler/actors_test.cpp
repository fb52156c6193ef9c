// Actors: where they and their calls run, in which order, and what the end of a worker does to them.
#include <catch2/catch.hpp>

#include "support/scheduler_story.hpp"

using namespace weir;
using namespace weir::test;
using detail::protocol::ActorPart;
using Lines = Story::Lines;

namespace {

detail::protocol::SubmitTask actor(TaskId id, ActorPart part = ActorPart::home) {
  detail::protocol::SubmitTask message;
  message.id = id;
  message.function = 1;
  message.part = part;
  return message;
}

detail::protocol::SubmitTask call(TaskId id, TaskId actor, TaskId before = 0,
                                  std::vector<TaskId> inputs = {}) {
  detail::protocol::SubmitTask message;
  message.id = id;
  message.function = 2;
  message.part = ActorPart::call;
  message.inputs.push_back(actor);
  for (const TaskId input : inputs) message.inputs.push_back(input);
  if (before) message.inputs.push_back(before);
  message.follows = before != 0;
  return message;
}

std::string failure_of(const Story& story, TaskId id) {
  const auto* task = story.state.task(id);
  return task && task->extras && task->extras->failure ? task->extras->failure->message : "none";
}

}  // namespace

TEST_CASE("actor: they are spread, and calls run where theirs is, also ahead") {
  Story story;
  story.join(1);
  story.join(2);
  CHECK(story.submit(actor(1)) == Lines{"run 1 @1"});
  CHECK(story.submit(actor(2)) == Lines{"run 2 @2"});
  CHECK(story.submit(call(10, 2)).empty());  // not ahead of the actor itself: that might move
  story.finish(1);
  CHECK(story.finish(2) == Lines{"done 2", "run 10 @2"});
  CHECK(story.submit(call(11, 2, 10)) == Lines{"run 11 @2"});
  CHECK(story.submit(call(12, 2, 11)) == Lines{"run 12 @2"});
  CHECK(story.state.run_message(11).extras.is_call);
  CHECK(story.state.run_message(11).inputs.size() == 2);
  CHECK(story.submit(actor(3)) == Lines{"run 3 @1"});
  // One that is over is no input any more.
  for (const TaskId id : {10, 11, 12}) story.finish(id);
  CHECK(story.submit(call(13, 2, 12)) == Lines{"run 13 @2"});
  CHECK(story.state.run_message(13).inputs.size() == 1);
  // Idle workers take none of them.
  story.submit(call(14, 2));
  story.submit(call(15, 2));
  CHECK(story.tick(10).empty());
}

TEST_CASE("actor: those that are made together go where a thread is free, not behind a long task") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1, {}, {.workers = {"1"}});
  story.now = 0.3;
  for (TaskId id = 11; id <= 14; ++id)
    CHECK(story.submit(actor(id)).back() == "run " + std::to_string(id) + " @2");
  story.finish(1);
  CHECK(story.submit(actor(15)) == Lines{"run 15 @1"});
  for (TaskId id = 11; id <= 15; ++id) story.finish(id);
  // Both are at something: where the fewest are.
  story.submit(2, {}, {.workers = {"1"}}, 3);
  story.submit(3, {}, {.workers = {"2"}}, 3);
  CHECK(story.submit(actor(16)) == Lines{"run 16 @1"});
}

TEST_CASE("actor: the next call goes on when the one before fails or is cancelled") {
  Story story;
  story.join(1);
  story.submit(actor(1));
  story.finish(1);
  story.submit(call(10, 1));
  story.submit(call(11, 1, 10));
  CHECK(story.fail(10) == Lines{"failed 10", "cancel 11 @1", "run 11 @1"});
  CHECK(story.state.run_message(11).inputs.size() == 1);
  story.submit(5, {}, {}, 3);
  story.submit(call(12, 1, 11, {5}));
  story.submit(call(13, 1, 12));
  story.finish(11);
  story.fail(5);  // with it its call, and no other one
  CHECK(story.of(12) == TaskState::erred);
  CHECK(story.of(13) == TaskState::processing);
  story.submit(call(14, 1, 13));
  story.cancel(13);
  CHECK(story.of(14) == TaskState::processing);
  // One that fails before its turn leaves the order of the others as it is.
  story.submit(6, {}, {}, 3);
  story.submit(call(15, 1, 14, {6}));
  story.submit(call(16, 1, 15));
  story.fail(6);
  story.submit(call(17, 1, 15));
  CHECK(story.state.task(16)->inputs[1].task == story.state.task(14));
  CHECK(story.state.task(17)->inputs[1].task == story.state.task(14));
  // A retry does not bring those before it back.
  story.fail(14);
  story.retry(14);
  CHECK(story.of(13) == TaskState::erred);
  CHECK(story.of(14) == TaskState::processing);
}

TEST_CASE("actor: it fails with its worker") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(actor(1));
  story.finish(1);
  story.submit(call(10, 1));
  story.finish(10);
  story.submit(call(11, 1));
  story.submit(call(12, 1, 11));
  story.lose(1);
  CHECK(failure_of(story, 1) ==
        "the actor was on worker 1 (host), which died, and its state has gone; make it again, or with "
        "weir::OnDeath::rebuild");
  for (const TaskId id : {1, 11, 12}) CHECK(story.of(id) == TaskState::erred);
  CHECK(failure_of(story, 10) ==
        "its result was on worker 1 (host), which died, and a call of an actor is not made again, since "
        "the actor has gone on");
  story.submit(call(13, 1));
  CHECK(story.of(13) == TaskState::erred);
  story.submit(call(14, 99));
  CHECK(failure_of(story, 14) ==
        "the actor has ended, with its first handle; keep that while others call it");
}

TEST_CASE("actor: or it is made again, and the calls that were not done are made") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(actor(1, ActorPart::home_again));
  story.finish(1);
  story.submit(call(10, 1));
  story.submit(call(11, 1, 10));
  story.finish(10);
  story.submit(call(12, 1, 11));
  story.lose(1, {11});
  CHECK(story.of(10) == TaskState::erred);  // it has been made
  CHECK(story.finish_run(1, 2, story.run_of(1), 8, 1e-3f, true) == Lines{"done 1", "run 11 @2", "run 12 @2"});
  story.finish(11);
  story.finish(12);
  // Nothing needs it: it comes back with the next call.
  story.join(3);
  story.lose(2);
  CHECK(story.of(1) == TaskState::released);
  CHECK(story.submit(call(13, 1)) == Lines{"run 1 @3"});
}

TEST_CASE("actor: a worker that retires keeps its actors until it goes") {
  Story story;
  story.join(1);
  story.submit(actor(1));
  story.finish(1);
  story.join(2);
  story.submit(call(10, 1));
  CHECK(story.retire(1).empty());
  CHECK(story.submit(call(11, 1, 10)) == Lines{"run 11 @1"});
  CHECK_FALSE(story.state.retired(1));
  story.finish(10);
  story.finish(11);
  story.release(10);
  story.release(11);
  CHECK(story.state.retired(1));
}
