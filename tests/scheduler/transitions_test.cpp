// Transitions of tasks as stories: what each event sends, and where the tasks are then.
#include "support/scheduler_story.hpp"

using namespace weir;
using test::Story;
using Lines = Story::Lines;

TEST_CASE("transitions: a task runs, is done, and is forgotten when it is released") {
  Story story;
  CHECK(story.join(1).empty());
  CHECK(story.submit(1) == Lines{"run 1 @1"});
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.finish(1) == Lines{"done 1"});
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.state.who_has(1) == std::vector<PeerId>{1});
  CHECK(story.release(1) == Lines{"free 1 @1"});
  CHECK(story.of(1) == TaskState::forgotten);
  CHECK(story.state.task_count() == 0);
  CHECK(story.states(1) == Lines{"waiting", "processing", "memory", "released"});
}

TEST_CASE("transitions: a dependent whose input is in memory runs where the input is") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId home = story.worker_of(1);
  story.finish(1);
  CHECK(story.submit(2, {1}) == Lines{"run 2 @" + std::to_string(home)});
  const auto message = story.state.run_message(2);
  REQUIRE(message.inputs.size() == 1);
  CHECK(message.inputs[0] == story.passing(1, home, true));
}

TEST_CASE("transitions: copies are told of where many tasks need them, or it could not be made again") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.finish(1);
  const auto passes = [&](TaskId id) { return story.state.run_message(id).inputs[0].passes(); };
  for (TaskId id = 2; id <= 9; ++id) {
    story.submit(id, {1});
    CHECK(passes(id));
  }
  story.submit(10, {1});
  CHECK_FALSE(passes(10));
  story.scatter(20, {1});
  story.arrive(20, 1);
  story.submit(21, {20});
  CHECK_FALSE(passes(21));
}

TEST_CASE("transitions: a chain is assigned ahead to one worker, which needs not ask between its links") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId home = story.worker_of(1);
  const std::string at = " @" + std::to_string(home);
  CHECK(story.submit(2, {1}) == Lines{"run 2" + at});
  CHECK(story.submit(3, {2}) == Lines{"run 3" + at});
  CHECK(story.state.run_message(3).inputs[0] == story.passing(2, home, false));
  CHECK(story.finish(1) == Lines{"done 1"});
  CHECK(story.finish(2) == Lines{"done 2"});
  CHECK(story.finish(3) == Lines{"done 3"});
}

TEST_CASE(
    "transitions: a task is assigned ahead of inputs that are computed on a peer, and hears where they are "
    "if they move") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.submit(2);
  REQUIRE(story.worker_of(1) != story.worker_of(2));
  story.submit(3, {1, 2});
  const PeerId home = story.worker_of(3);
  REQUIRE(home != 0);
  const TaskId there = story.worker_of(1) == home ? 2 : 1;
  CHECK(story.lose(story.worker_of(there)) ==
        Lines{"run " + std::to_string(there) + " @" + std::to_string(home)});
}

TEST_CASE("transitions: a task whose input is not placed waits for it") {
  Story story;
  CHECK(story.submit(1).empty());
  CHECK(story.of(1) == TaskState::no_worker);
  CHECK(story.submit(2, {1}).empty());
  CHECK(story.of(2) == TaskState::waiting);
  CHECK(story.join(1) == Lines{"run 1 @1", "run 2 @1"});
}

TEST_CASE("transitions: messages about an older run are ignored") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1, {}, {.retries = 2});
  const PeerId first = story.worker_of(1);
  const std::uint32_t run = story.run_of(1);
  story.lose(first);
  REQUIRE(story.of(1) == TaskState::processing);
  CHECK(story.run_of(1) > run);
  const PeerId second = story.worker_of(1);
  CHECK(story.finish_run(1, first, run).empty());
  CHECK(story.finish_run(1, second, run).empty());
  CHECK(story.fail_run(1, second, run).empty());
  CHECK(story.retracted_run(1, second, run, true).empty());
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.finish(1) == Lines{"done 1"});
  CHECK(story.finish_run(1, second, run + 1).empty());
  CHECK(story.fail_run(1, second, run + 1).empty());
}

TEST_CASE("transitions: messages about unknown tasks, from unknown peers and from strangers change nothing") {
  Story story;
  story.join(1);
  story.submit(1);
  CHECK(story.finish_run(77, 1, 1).empty());
  CHECK(story.fail_run(77, 1, 1).empty());
  CHECK(story.retracted_run(77, 1, 1, true).empty());
  CHECK(story.finish_run(1, 9, 1).empty());
  CHECK(story.arrive(1, 9).empty());
  CHECK(story.broken(1, 1).empty());
  CHECK(story.lose(9).empty());
  CHECK(story.retire(9).empty());
  CHECK(story.release(77).empty());
  CHECK(story.cancel(77).empty());
  CHECK(story.retry(77).empty());
  CHECK(story.locate(77, 1).empty());
  detail::scheduler::Actions out;
  story.state.handle(0, 1, detail::protocol::ReleaseTask{1}, out);  // of another client
  story.state.handle(0, 1, detail::protocol::CancelFuture{1, ""}, out);
  story.state.handle(0, 1, detail::protocol::RetryFuture{1}, out);
  story.state.handle(0, 1, detail::protocol::LocateTask{1, 1}, out);
  detail::protocol::SubmitTask foreign;
  foreign.id = 5;
  story.state.handle(0, 1, std::move(foreign), out);
  CHECK(out.empty());
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.state.task_count() == 1);
}

TEST_CASE("transitions: a copy nobody asked for is freed") {
  Story story;
  story.join(1);
  story.join(2);
  CHECK(story.arrive(5, 2) == Lines{"free 5 @2"});
  story.submit(1);
  const PeerId other = story.worker_of(1) == 1 ? 2 : 1;
  CHECK(story.arrive(1, other) == Lines{"free 1 @" + std::to_string(other)});
}

TEST_CASE("transitions: a copy that arrives is known and freed with the rest") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.finish_run(1, story.worker_of(1), 1);
  const PeerId other = story.state.who_has(1).front() == 1 ? 2 : 1;
  CHECK(story.arrive(1, other).empty());
  CHECK(story.arrive(1, other).empty());
  CHECK(story.state.who_has(1).size() == 2);
  CHECK(story.release(1).size() == 2);
}

// --- release

TEST_CASE("transitions: a released task that is needed lives on until it was used") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  CHECK(story.release(1).empty());
  CHECK(story.finish(1).empty());  // its client does not want to know
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.finish(2) == Lines{"done 2", "free 1 @1"});
  CHECK(story.of(1) == TaskState::released);  // it could be computed again, should 2 be lost
  CHECK(story.release(2) == Lines{"free 2 @1"});
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("transitions: releasing an executing task cancels its run; the late result is ignored") {
  Story story;
  story.join(1);
  story.submit(1);
  CHECK(story.release(1) == Lines{"cancel 1 @1"});
  CHECK(story.state.task_count() == 0);
  CHECK(story.finish_run(1, 1, 1).empty());
}

TEST_CASE("transitions: releasing a chain from its end cancels all of it") {
  Story story;
  story.join(1);
  for (TaskId id = 1; id <= 4; ++id)
    story.submit(id, id == 1 ? std::vector<TaskId>{} : std::vector<TaskId>{id - 1});
  for (TaskId id = 1; id <= 3; ++id) CHECK(story.release(id).empty());
  CHECK(story.release(4) == Lines{"cancel 4 @1", "cancel 3 @1", "cancel 2 @1", "cancel 1 @1"});
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("transitions: what was released and is needed again is computed again") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.submit(9, {2});  // keeps 1 and 2 known
  story.finish(1);
  story.release(1);
  story.finish(2);
  story.finish(9);
  CHECK(story.of(1) == TaskState::released);
  story.join(2);
  CHECK(story.lose(1) == Lines{"pending 9", "pending 2", "run 1 @2", "run 2 @2", "run 9 @2"});
  story.finish(1);
  CHECK(story.of(1) == TaskState::memory);
}

TEST_CASE("transitions: released and submitted again under a new id, both are right") {
  Story story;
  story.join(1);
  story.submit(1);
  CHECK(story.release(1) == Lines{"cancel 1 @1"});
  CHECK(story.submit(2) == Lines{"run 2 @1"});
  CHECK(story.finish_run(1, 1, 1).empty());
  CHECK(story.finish(2) == Lines{"done 2"});
}

TEST_CASE("transitions: an input that was released before the task was submitted fails it with a reason") {
  Story story;
  story.join(1);
  story.submit(1);
  story.release(1);
  CHECK(story.submit(2, {1}) == Lines{"failed 2"});
  CHECK(story.failure(2).kind == ErrorKind::cancelled);
  CHECK(story.failure(2).message == "input 1 of the task has been released or cancelled");
  // It cannot be retried either: what it should be called with is not known any more.
  CHECK(story.retry(2) == Lines{"retried 2", "failed 2"});
  CHECK(story.of(2) == TaskState::erred);
  story.release(2);
  CHECK(story.state.task_count() == 0);
}

// --- failure

TEST_CASE("transitions: a failure goes down to everything that waits, with one line for each") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.name = "read"});
  story.submit(2, {1}, {.name = "parse"});
  story.submit(3, {2}, {.name = "sum"});
  CHECK(story.fail(1, "no such file") ==
        Lines{"failed 1", "cancel 2 @1", "failed 2", "cancel 3 @1", "failed 3"});
  CHECK(story.failure(1).text() == "task read-1 failed on worker 1: std::runtime_error: no such file");
  CHECK(story.failure(3).text() ==
        "task read-1 failed on worker 1: std::runtime_error: no such file\n  needed by parse-2\n  needed by "
        "sum-3");
}

TEST_CASE("transitions: context lines of a failure are limited to ten") {
  Story story;
  story.join(1);
  for (TaskId id = 1; id <= 30; ++id)
    story.submit(id, id == 1 ? std::vector<TaskId>{} : std::vector<TaskId>{id - 1});
  story.fail(1);
  CHECK(story.failure(30).context.size() == 10);
}

TEST_CASE(
    "transitions: a failure does not touch dependents that are done, nor other inputs that are wanted") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2);
  story.submit(3, {1, 2});
  story.finish(2);
  CHECK(story.fail(1) == Lines{"failed 1", "cancel 3 @1", "failed 3"});
  CHECK(story.of(2) == TaskState::memory);
}

TEST_CASE("transitions: a failed task's inputs are released") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.finish(1);
  story.release(1);
  CHECK(story.fail(2) == Lines{"failed 2", "free 1 @1"});
}

TEST_CASE("transitions: submitting on top of a failed task fails with its error") {
  Story story;
  story.join(1);
  story.submit(1);
  story.fail(1, "first");
  CHECK(story.submit(2, {1}) == Lines{"failed 2"});
  CHECK(story.failure(2).message == "first");
}

TEST_CASE("transitions: a task with retries runs again after it has thrown") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.retries = 2});
  CHECK(story.fail(1) == Lines{"run 1 @1"});
  CHECK(story.fail(1) == Lines{"run 1 @1"});
  CHECK(story.fail(1) == Lines{"failed 1"});
  CHECK(story.failure(1).attempt == 3);
  CHECK(story.run_of(1) == 3);
}

TEST_CASE("transitions: deaths of workers do not use up retries") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1, {}, {.retries = 1});
  story.lose(story.worker_of(1), {1});
  CHECK(story.fail(1).front().substr(0, 5) == "run 1");
  CHECK(story.fail(1) == Lines{"failed 1"});
}

TEST_CASE("transitions: retrying the end of a failed chain runs it from the one that failed") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.submit(3, {2});
  story.fail(1);
  CHECK(story.retry(3) == Lines{"retried 3", "run 1 @1", "run 2 @1", "run 3 @1"});
  CHECK(story.finish(1) == Lines{"done 1"});
  CHECK(story.finish(2) == Lines{"done 2"});
  CHECK(story.finish(3) == Lines{"done 3"});
}

TEST_CASE("transitions: retrying the root leaves its dependents failed until they are retried") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.fail(1);
  CHECK(story.retry(1) == Lines{"retried 1", "run 1 @1"});
  CHECK(story.finish(1) == Lines{"done 1"});
  CHECK(story.of(2) == TaskState::erred);
  CHECK(story.retry(2) == Lines{"retried 2", "run 2 @1"});
}

TEST_CASE("transitions: a retried task has its retries again") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.retries = 1});
  story.fail(1);
  story.fail(1);
  REQUIRE(story.of(1) == TaskState::erred);
  CHECK(story.retry(1) == Lines{"retried 1", "run 1 @1"});
  CHECK(story.fail(1) == Lines{"run 1 @1"});
}

TEST_CASE("transitions: retrying what is done or running tells its client how it stands") {
  Story story;
  story.join(1);
  story.submit(1);
  CHECK(story.retry(1) == Lines{"retried 1"});
  story.finish(1);
  CHECK(story.retry(1) == Lines{"retried 1", "done 1"});
}

// --- cancel

TEST_CASE("transitions: cancelling an executing task cancels what waits for it") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  CHECK(story.cancel(1, "not needed") == Lines{"cancel 1 @1", "failed 1", "cancel 2 @1", "failed 2"});
  CHECK(story.failure(1).kind == ErrorKind::cancelled);
  CHECK(story.failure(2).message == "not needed");
  CHECK(story.finish_run(1, 1, 1).empty());
  story.release(1);
  story.release(2);
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("transitions: cancelling a queued task takes it out of the queue") {
  Story story;
  story.join(1);
  for (TaskId id = 1; id <= 4; ++id) story.submit(id);
  REQUIRE(story.of(4) == TaskState::queued);
  CHECK(story.cancel(4) == Lines{"failed 4"});
  story.cancel(3);
  story.finish(1);
  CHECK(story.of(4) == TaskState::erred);
}

TEST_CASE("transitions: cancelling a result frees it") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1);
  CHECK(story.cancel(1) == Lines{"free 1 @1", "failed 1"});
  CHECK(story.cancel(1).empty());
}

TEST_CASE("transitions: a cancelled task can be retried while its cancelled run still executes") {
  Story story;
  story.join(1);
  story.submit(1);
  story.cancel(1);
  CHECK(story.retry(1) == Lines{"retried 1", "run 1 @1"});
  CHECK(story.run_of(1) == 2);
  CHECK(story.finish_run(1, 1, 1).empty());
  CHECK(story.finish(1) == Lines{"done 1"});
}

TEST_CASE("transitions: cancelling one of two users leaves the shared input") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.submit(3, {1});
  story.release(1);
  CHECK(story.cancel(2) == Lines{"cancel 2 @1", "failed 2"});
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.cancel(3) == Lines{"cancel 3 @1", "failed 3", "cancel 1 @1"});
}

// --- results that cannot be had

TEST_CASE(
    "transitions: a result that cannot be serialized is an error of its task and of what waits for it") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1);
  story.submit(2, {1});
  const Lines lines = story.broken(1, 1);
  CHECK(lines == Lines{"free 1 @1", "failed 1", "cancel 2 @1", "failed 2"});
  CHECK(story.failure(2).kind == ErrorKind::serialization);
}

TEST_CASE("transitions: an input that is missing at its holder is fetched from the next one") {
  Story story;
  story.join(1);
  story.join(2);
  story.join(3);
  story.submit(1);
  const PeerId home = story.worker_of(1), second = home == 1 ? 2 : 1;
  story.finish(1);
  story.arrive(1, second);
  CHECK(story.missing(1, home, 3) ==
        Lines{"free 1 @" + std::to_string(home), "input 1 is at " + std::to_string(second) + " @3"});
}

TEST_CASE("transitions: an input that is missing at its only holder is computed again") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1);
  story.submit(2, {1});
  REQUIRE(story.of(2) == TaskState::processing);
  const Lines lines = story.missing(1, 1, 1);
  CHECK(lines == Lines{"free 1 @1", "pending 1", "run 1 @1"});
  CHECK(story.of(2) == TaskState::processing);
  CHECK(story.finish(1) == Lines{"done 1"});
}

// The peer was asked while an earlier run was assigned to it, and refused when that was taken away.
TEST_CASE("transitions: what was said of an earlier run of a task does not make its result a lost one") {
  Story story;
  for (const PeerId peer : {1u, 2u, 3u}) story.join(peer);
  story.submit(1);
  story.lose(story.worker_of(1));
  const PeerId home = story.worker_of(1), other = home == 3 ? 2 : 3;
  REQUIRE(story.run_of(1) == 2);
  story.finish(1);
  const Lines there{"input 1 is at " + std::to_string(home) + " @" + std::to_string(other)};
  CHECK(story.missing(1, home, other, 1) == there);
  CHECK(story.of(1) == TaskState::memory);
  SECTION("what is said of this run does") { CHECK(story.missing(1, home, other, 2)[1] == "pending 1"); }
  SECTION("so does what its holder says of itself") {
    CHECK(story.missing(1, home, home, 1)[1] == "pending 1");
  }
}

// The client had asked for the result of a run that was taken away and given back.
TEST_CASE(
    "transitions: a client that could not have an earlier run's result does not make this one's a lost one") {
  Story story;
  for (const PeerId peer : {1u, 2u, 3u}) story.join(peer);
  story.submit(1);
  story.lose(story.worker_of(1));
  const PeerId home = story.worker_of(1);
  story.finish(1);
  REQUIRE(story.run_of(1) == 2);
  CHECK(story.locate(1, home, 1) == Lines{"done 1"});
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.locate(1, home, 2)[1] == "pending 1");
}

TEST_CASE("transitions: a result says which run has made it") {
  using detail::protocol::TaskDone;
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.lose(story.worker_of(1));
  detail::scheduler::Actions out;
  story.state.handle(0, story.worker_of(1), detail::protocol::RunFinished{1, 2, 8, 0, false, {}}, out);
  REQUIRE(out.size() == 1);
  CHECK(std::get<TaskDone>(out[0].message).run == 2);
}

TEST_CASE("transitions: a run is told from those before it, however many these are") {
  using detail::protocol::RunMark;
  CHECK(RunMark::of(0) == 0);
  for (const std::uint32_t run : {1u, 65'534u, 65'535u, 65'536u, 131'070u, UINT32_MAX - 1}) {
    CHECK(RunMark::of(run) != 0);
    CHECK(RunMark::of(run) != RunMark::of(run + 1));
  }
}

TEST_CASE("transitions: whoever misses an input that is being computed is told where") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId home = story.worker_of(1), other = home == 1 ? 2 : 1;
  CHECK(story.missing(1, other, other) ==
        Lines{"input 1 will be at " + std::to_string(home) + " @" + std::to_string(other)});
}

TEST_CASE("transitions: whoever misses what nobody computes forgets it") {
  Story story;
  story.join(1);
  CHECK(story.missing(7, 1, 1) == Lines{"free 7 @1"});
}

TEST_CASE(
    "transitions: a client that cannot reach a holder is sent to the next one, or the task runs again") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  const PeerId home = story.worker_of(1), second = home == 1 ? 2 : 1;
  story.finish(1);
  story.arrive(1, second);
  CHECK(story.locate(1, home) == Lines{"free 1 @" + std::to_string(home), "done 1"});
  const Lines lines = story.locate(1, second);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == "pending 1");
  CHECK(lines[2].substr(0, 5) == "run 1");
}

TEST_CASE("transitions: a client that locates a result it has released gets nothing") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2, {1});
  story.finish(1);
  story.release(1);
  story.finish(2);
  REQUIRE(story.of(1) == TaskState::released);
  CHECK(story.locate(1, 1).empty());
  CHECK(story.of(1) == TaskState::released);
}

// --- scattered data

TEST_CASE("transitions: scattered data is done when its worker has it") {
  Story story;
  story.join(1);
  CHECK(story.scatter(1, 1).empty());
  CHECK(story.submit(2, {1}).empty());
  CHECK(story.arrive(1, 1, 1000) == Lines{"done 1", "run 2 @1"});
  CHECK(story.state.snapshot().workers[0].result_bytes == 1000);
}

TEST_CASE(
    "transitions: every copy of data scattered to several workers stays, in whatever order they arrive") {
  Story story;
  story.join(1);
  story.join(2);
  story.scatter(1, 1);
  CHECK(story.state.is_on_its_way(1));
  CHECK(story.arrive(1, 2) == Lines{"done 1"});
  CHECK(story.arrive(1, 1).empty());
  CHECK(story.state.who_has(1).size() == 2);
  CHECK_FALSE(story.state.is_on_its_way(1));
}

TEST_CASE("transitions: scattered data that is released before it arrives is freed when it does") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  CHECK(story.release(1).empty());
  CHECK(story.state.task_count() == 0);
  CHECK(story.arrive(1, 1) == Lines{"free 1 @1"});
}

TEST_CASE("transitions: scattered data cannot be retried, and its reason is told again") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.arrive(1, 1);
  story.submit(2, {1});
  story.lose(1);
  story.join(2);
  CHECK(story.failure(1).message ==
        "the only copy of this scattered data was on worker 1 (host), which died; scatter it again, or to "
        "several workers");
  CHECK(story.retry(1) == Lines{"retried 1", "failed 1"});
  CHECK(story.retry(2) == Lines{"retried 2", "failed 2"});
}

TEST_CASE("transitions: scattered data that was released is never computed for a dependent that is retried") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.arrive(1, 1);
  story.submit(2, {1});
  story.fail(2);
  CHECK(story.release(1) == Lines{"free 1 @1"});
  CHECK(story.retry(2) == Lines{"retried 2", "failed 2"});
  CHECK(story.failure(2).message == "this scattered data has been released");
}

TEST_CASE("transitions: scattering to a worker that has gone fails at once") {
  Story story;
  CHECK(story.scatter(1, 4) == Lines{"failed 1"});
  CHECK(story.failure(1).kind == ErrorKind::worker_lost);
}

// --- the end

TEST_CASE("transitions: a restart cancels every task and forgets it when its future goes") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1);
  story.submit(2, {1});
  story.scatter(3, 1);
  CHECK(story.restart().size() >= 3);
  for (const TaskId id : {1, 2, 3}) {
    CHECK(story.of(id) == TaskState::erred);
    CHECK(story.failure(id).kind == ErrorKind::cancelled);
    CHECK(story.failure(id).message == "the cluster was restarted");
  }
  CHECK(story.arrive(3, 1) == Lines{"free 3 @1"});
  CHECK(story.submit(4) == Lines{"run 4 @1"});
  for (const TaskId id : {1, 2, 3, 4}) story.release(id);
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("transitions: giving up fails what waits for a worker, and keeps what is done") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2);
  story.submit(3, {2});
  story.finish(1);
  story.lose(1, {2});
  CHECK(story.give_up().size() == 3);
  CHECK(story.failure(1).message == "no workers are left");
  CHECK(story.failure(2).message == "no workers are left; 1 of them died while they ran it");
  CHECK(story.of(3) == TaskState::erred);
}

TEST_CASE("transitions: a task that a worker has begun by itself ends like any other") {
  Story story;
  story.join(1, 2);
  CHECK(story.begun(1, 1).empty());
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.submit(2, {1}) == Lines{"run 2 @1"});
  CHECK(story.finish_run(1, 1, 1) == Lines{"done 1"});
  CHECK(story.state.who_has(1) == std::vector<PeerId>{1});
  CHECK(story.finish(2) == Lines{"done 2"});

  story.begun(3, 1);
  CHECK(story.fail_run(3, 1, 1) == Lines{"failed 3"});
  CHECK(story.retry(3) == Lines{"retried 3", "run 3 @1"});

  story.begun(4, 1);
  CHECK(story.cancel(4) == Lines{"cancel 4 @1", "failed 4"});
  CHECK(story.finish_run(4, 1, 1).empty());
}

TEST_CASE("transitions: what a task stands on that a worker has begun by itself is kept until it has ended") {
  Story story;
  story.join(1, 2);
  story.begun(1, 1);
  CHECK(story.finish_run(1, 1, 1) == Lines{"done 1"});
  story.begun(2, 1, {1});
  CHECK(story.release(1).empty());
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.fail_run(2, 1, 1) == Lines{"failed 2", "free 1 @1"});
  CHECK(story.retry(2) == Lines{"retried 2", "run 1 @1", "run 2 @1"});
}

TEST_CASE("transitions: a result that cannot be made again stays for those that may be") {
  Story story;
  story.join(1, 2);
  story.begun(1, 1, {}, true);
  CHECK(story.finish_run(1, 1, 1) == Lines{"done 1"});
  story.begun(2, 1, {1});
  CHECK(story.release(1).empty());
  CHECK(story.fail_run(2, 1, 1) == Lines{"failed 2"});
  CHECK(story.retry(2) == Lines{"retried 2", "run 2 @1"});
  CHECK(story.finish(2) == Lines{"done 2"});
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.release(2) == Lines{"free 2 @1", "free 1 @1"});

  story.begun(3, 1, {}, true);
  CHECK(story.finish_run(3, 1, 1) == Lines{"done 3"});
  CHECK(story.release(3) == Lines{"free 3 @1"});
}

TEST_CASE("transitions: tasks that ran without the scheduler are counted with the others") {
  Story story;
  story.join(1);
  story.ran_in_place(1, 10, 0.5);
  REQUIRE(story.state.groups().size() == 1);
  CHECK(story.state.groups()[0].duration_s == 0.05);
  story.ran_in_place(1, -1, 0);
  CHECK(story.state.groups()[0].submitted == 9);
  CHECK(story.state.groups()[0].finished == 9);
  CHECK(story.state.snapshot().workers[0].finished == 9);
}

TEST_CASE("transitions: one short task that was interrupted says little about how long the next ones take") {
  Story story;
  story.join(1);
  auto run = [&, id = weir::TaskId{0}](float seconds) mutable {
    story.submit(++id);
    story.finish(id, 8, seconds);
    story.release(id);
    return story.state.groups()[0].duration_s;
  };
  CHECK(run(4e-6F) == Approx(4e-6));
  CHECK(run(4e-3F) == Approx(4.5e-6));
  CHECK(run(4e-6F) < 4.5e-6);
  CHECK(run(4e-3F) < 5e-6);
  CHECK(run(4e-3F) > 500e-6);  // the second in a row
}

TEST_CASE("transitions: a task that waits is no load of its worker") {
  Story story;
  story.join(1);
  story.submit(1);
  const double load_s = story.state.least_load_s();
  CHECK(load_s > 0);
  story.waits(1, true);
  CHECK(story.state.least_load_s() == 0);
  story.waits(1, false);
  CHECK(story.state.least_load_s() == load_s);
  story.finish(1);
  CHECK(story.state.least_load_s() == 0);
}
