// Workers that come, die, leave and are retired, as stories.
#include "support/scheduler_story.hpp"

using namespace weir;
using test::Story;
using Lines = Story::Lines;

TEST_CASE("workers: the task of a worker that dies runs elsewhere") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId first = story.worker_of(1), other = 3 - first;
  CHECK(story.lose(first, {1}) == Lines{"run 1 @" + std::to_string(other)});
  CHECK(story.finish(1) == Lines{"done 1"});
}

TEST_CASE("workers: a lost result that somebody wants is computed again, with the inputs it needs") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.release(1);
  story.finish(1);
  story.finish(2);
  REQUIRE(story.of(1) == TaskState::released);
  story.join(2);
  CHECK(story.lose(1) == Lines{"pending 2", "run 1 @2", "run 2 @2"});
}

TEST_CASE("workers: a lost result that its client has got already is not computed again") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId first = story.worker_of(1);
  story.finish_run(1, first, 1, 8, 1e-3f, true);
  CHECK(story.lose(first).empty());
  CHECK(story.of(1) == TaskState::released);
  CHECK(story.submit(2, {1}).size() == 2);  // but for a new dependent it is
}

TEST_CASE(
    "workers: a lost result with a copy elsewhere is not computed again, and its client hears where it is") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId first = story.worker_of(1), other = 3 - first;
  story.finish(1);
  story.arrive(1, other);
  CHECK(story.lose(first) == Lines{"done 1"});
  CHECK(story.state.who_has(1) == std::vector<PeerId>{other});
}

TEST_CASE("workers: lost inputs of waiting, queued and executing tasks come back before those run") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId first = story.worker_of(1), other = 3 - first;
  story.finish(1, 1 << 30);
  story.submit(2, {1}, {.workers = {std::to_string(other)}});  // executes on the other one
  story.submit(3, {1});                                        // executes beside the data
  story.submit(4, {1});                                        // held back
  REQUIRE(story.of(2) == TaskState::processing);
  REQUIRE(story.of(3) == TaskState::processing);
  REQUIRE(story.of(4) == TaskState::queued);
  story.submit(5, {4});
  REQUIRE(story.of(5) == TaskState::waiting);
  story.lose(first, {3});
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.worker_of(1) == other);
  CHECK(story.of(2) == TaskState::processing);
  CHECK(story.of(5) != TaskState::queued);
  story.finish(1);
  story.finish(2);
  story.finish(3);
  story.finish(4);
  story.finish(5);
  CHECK(story.of(5) == TaskState::memory);
}

TEST_CASE("workers: only tasks that were executing are blamed for a death") {
  Story story({.allowed_failures = 1, .saturation = 10});
  story.join(1);
  story.submit(1);
  story.submit(2);
  story.join(2);
  REQUIRE(story.worker_of(1) == 1);
  REQUIRE(story.worker_of(2) == 1);
  CHECK(story.lose(1, {1}) == Lines{"failed 1", "run 2 @2"});
  CHECK(story.failure(1).kind == ErrorKind::worker_lost);
  CHECK(story.state.task(2)->deaths == 0);
}

TEST_CASE("workers: a task that waits for others is blamed only if it was the only one there") {
  Story story({.allowed_failures = 3, .saturation = 10});
  story.join(1);
  story.submit(1);
  story.submit(2);
  story.waits(1);
  story.join(2);
  story.lose(1, {1, 2});
  CHECK(story.state.task(1)->deaths == 0);
  CHECK(story.state.task(2)->deaths == 1);
  const PeerId second = story.worker_of(1);
  story.waits(1);
  story.join(3);
  story.lose(second, {1});
  CHECK(story.state.task(1)->deaths == 1);
}

TEST_CASE("workers: of many tasks that wait in one place none is blamed") {
  Story story({.allowed_failures = 1, .saturation = 10});
  story.join(1);
  for (const TaskId id : {1, 2}) {
    story.submit(id);
    detail::scheduler::Actions none;
    story.state.handle(story.now, 1, detail::protocol::RunWaits{id, story.state.task(id)->run, true}, none);
  }
  story.join(2);
  story.lose(1, {1, 2});
  for (const TaskId id : {1, 2}) {
    CHECK(story.state.task(id)->deaths == 0);
    CHECK(story.worker_of(id) == 2);
  }
}

TEST_CASE("workers: a task that has killed allowed_failures workers is an error that names it") {
  Story story({.allowed_failures = 3});
  for (PeerId peer = 1; peer <= 4; ++peer) story.join(peer);
  story.submit(1, {}, {.name = "greedy"});
  story.submit(2, {1});
  for (int death = 1; death < 3; ++death) {
    story.lose(story.worker_of(1), {1});
    REQUIRE(story.of(1) == TaskState::processing);
  }
  const PeerId last = story.worker_of(1);
  story.lose(last, {1});
  REQUIRE(story.of(1) == TaskState::erred);
  CHECK(story.failure(1).text() ==
        "task greedy-1 (attempt 3): 3 workers died while they ran it, the last was worker " +
            std::to_string(last) +
            " (host), which died; run it alone in a debugger, or look for lack of memory");
  CHECK(story.failure(2).context == Lines{"needed by " + story.state.task_name(*story.state.task(2))});
  CHECK(story.state.snapshot().workers_lost == 3);
}

TEST_CASE("workers: a task is not blamed for workers that were taken away") {
  Story story({.allowed_failures = 2});
  for (PeerId peer = 1; peer <= 5; ++peer) story.join(peer);
  story.submit(1);
  // The batch system tells of it after the silence has been noticed, or before.
  const PeerId first = story.worker_of(1);
  story.lose(first, {1});
  CHECK(story.state.task(1)->deaths == 1);
  story.state.forgive({first});
  CHECK(story.state.task(1)->deaths == 0);
  story.state.forgive({first});
  CHECK(story.state.task(1)->deaths == 0);
  const PeerId second = story.worker_of(1);
  story.state.forgive({second});
  story.lose(second, {1});
  CHECK(story.state.task(1)->deaths == 0);
  story.lose(story.worker_of(1), {1});
  REQUIRE(story.of(1) == TaskState::processing);
  story.lose(story.worker_of(1), {1});
  CHECK(story.of(1) == TaskState::erred);
}

TEST_CASE("workers: deaths do not count against tasks that only waited there") {
  Story story({.allowed_failures = 1});
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.lose(1, {1});
  CHECK(story.of(1) == TaskState::erred);
  CHECK(story.of(2) == TaskState::erred);
  CHECK(story.state.task(2)->deaths == 0);
}

TEST_CASE("workers: tasks without any worker wait for one to join") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.finish(1);
  CHECK(story.lose(1, {2}) == Lines{"pending 1"});
  CHECK(story.of(1) == TaskState::no_worker);
  CHECK(story.of(2) == TaskState::waiting);
  CHECK(story.join(2) == Lines{"run 1 @2", "run 2 @2"});
}

TEST_CASE("workers: the tasks of a client that dies are released, also those others would have run") {
  Story story;
  story.join(1);
  story.join(2);
  const TaskId nested = make_task_id(1, 1), inner = make_task_id(1, 2);
  story.submit(1);
  story.submit(nested, {}, {.workers = {"2"}});
  story.submit(inner, {nested});
  REQUIRE(story.worker_of(nested) == 2);
  story.lose(1);
  CHECK(story.of(nested) == TaskState::forgotten);
  CHECK(story.of(inner) == TaskState::forgotten);
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.state.task_count() == 1);
}

TEST_CASE("workers: answers to a client that is a worker go there") {
  Story story;
  story.join(1);
  story.join(2);
  const TaskId nested = make_task_id(2, 1);
  story.submit(nested, {}, {.workers = {"1"}});
  CHECK(story.finish(nested) == Lines{"done 1 @2"});
  CHECK(story.cancel(nested) == Lines{"free 1 @1", "failed 1 @2"});
}

TEST_CASE("workers: scattered data dies with its only worker, and with it what waits for it") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.arrive(1, 1);
  story.submit(2, {1});
  story.join(2);
  CHECK(story.lose(1, {}) == Lines{"failed 1", "failed 2"});
  CHECK(story.failure(2).kind == ErrorKind::worker_lost);
}

TEST_CASE("workers: scattered data that had not arrived dies with its worker") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.submit(2, {1});
  CHECK(story.lose(1) == Lines{"failed 1", "failed 2"});
}

TEST_CASE("workers: scattered data with a copy elsewhere survives") {
  Story story;
  story.join(1);
  story.join(2);
  story.scatter(1, 1);
  story.arrive(1, 1);
  story.arrive(1, 2);
  CHECK(story.lose(1) == Lines{"done 1"});
  CHECK(story.of(1) == TaskState::memory);
}

TEST_CASE(
    "workers: a retired worker gets nothing more, gives back what it has not started, and its results move") {
  Story story({.saturation = 2});
  story.join(1);
  story.submit(1);
  story.finish(1, 8, 0.1f);
  story.submit(2);
  story.submit(3);
  REQUIRE(story.worker_of(3) == 1);
  story.join(2);
  if (story.state.task(3)->thief != detail::scheduler::nowhere) story.retracted(3, true);
  const Lines lines = story.retire(1);
  CHECK(std::find(lines.begin(), lines.end(), "copy 1 from 1 @2") != lines.end());
  CHECK_FALSE(story.state.retired(1));
  story.arrive(1, 2);
  CHECK(story.finish(2, 8, 0.1f) == Lines{"copy 2 from 1 @2", "done 2"});
  if (story.worker_of(3) == 1) story.retracted(3, true);
  CHECK_FALSE(story.state.retired(1));
  story.arrive(2, 2);
  CHECK(story.state.retired(1));
  CHECK(story.submit(4).size() <= 1);
  CHECK(story.worker_of(4) != 1);
  story.lose(1);
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.of(2) == TaskState::memory);
}

TEST_CASE("workers: results on their way from a retiring worker to one that dies go to another") {
  Story story;
  story.join(1);
  story.join(2);
  story.join(3);
  story.submit(1, {}, {.workers = {"1"}});
  story.finish(1);
  const Lines lines = story.retire(1);
  REQUIRE(lines.size() == 1);
  const PeerId successor = static_cast<PeerId>(lines[0].back() - '0');
  CHECK(story.lose(successor) == Lines{"copy 1 from 1 @" + std::to_string(successor == 2 ? 3 : 2)});
}

TEST_CASE("workers: a worker that joins twice is one worker") {
  Story story;
  story.join(1);
  CHECK(story.join(1).empty());
  CHECK(story.state.worker_count() == 1);
  CHECK(story.state.peers() == std::vector<PeerId>{1});
}

TEST_CASE("workers: new data goes to the worker with the fewest bytes") {
  Story story;
  CHECK(story.state.place_data() == 0);
  story.join(1);
  story.join(2);
  story.scatter(1, 1);
  story.arrive(1, 1, 100);
  CHECK(story.state.place_data() == 2);
  story.retire(2);
  CHECK(story.state.place_data() == 1);
}
