// What the scheduler tells people: reasons, histories, pictures.
#include "support/scheduler_story.hpp"

using namespace weir;
using test::Story;
using Lines = Story::Lines;

TEST_CASE("questions: explain tells of tasks that are not known") {
  Story story;
  CHECK(story.state.explain(7) == Lines{"task 7 is not known: it was released, or never submitted"});
}

TEST_CASE("questions: explain names the inputs a task waits for") {
  Story story;
  story.submit(1, {}, {.name = "read"});
  story.submit(2, {1}, {.name = "sum"});
  CHECK(story.state.explain(2) == Lines{"sum-2 is waiting", "it waits for read-1, which is no_worker"});
  CHECK(story.state.explain(1) == Lines{"read-1 is no_worker", "there are no workers"});
}

TEST_CASE("questions: explain says worker by worker why a task does not run there") {
  Story story;
  story.join(1, 2, {{"GPU", 1}}, "alpha");
  story.join(2, 1, {}, "beta");
  story.submit(1, {}, {.workers = {"gamma"}, .name = "picky"});
  CHECK(story.state.explain(1) ==
        Lines{"picky-1 is no_worker",
              "worker 1 on alpha: is not among the workers this task may run on (\"gamma\")",
              "worker 2 on beta: is not among the workers this task may run on (\"gamma\")"});
  story.submit(2, {}, {.resources = {{"GPU", 2}}, .name = "greedy"});
  CHECK(story.state.explain(2) == Lines{"greedy-2 is no_worker",
                                        "worker 1 on alpha: has 1 GPU, the task needs 2",
                                        "worker 2 on beta: has 0 GPU, the task needs 2"});
}

TEST_CASE("questions: a task that only workers which have gone may run says so, and for what it waits") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1, {}, {.workers = {"worker 2"}, .name = "there"});
  CHECK(story.state.unplaced().waiting == 0);
  story.lose(2);
  story.submit(2, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.state.unplaced().waiting == 1);
  CHECK(story.state.unplaced().in_vain == 2);
  CHECK(
      story.state.waiting_text(1) ==
      "there-1 waits for a worker to join that has what it needs; worker 1 on host: is not among the workers "
      "this task may run on (\"worker 2\"); worker 2 on host: has gone");
  story.lose(1);
  CHECK(story.state.waiting_text(1) ==
        "there-1 waits for a worker to join that has what it needs; there are no workers; worker 2 on host: "
        "has "
        "gone");
}

TEST_CASE("questions: explain says what is before a queued task") {
  Story story({.saturation = 1});
  story.join(1);
  story.submit(1);
  story.submit(2, {}, {.name = "later"});
  CHECK(story.state.explain(2) ==
        Lines{"later-2 is queued", "worker 1 on host: could run it; it has 1 task for 1 thread first"});
}

TEST_CASE("questions: explain says where a task was given to and what it starts after") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.name = "read"});
  story.submit(2, {1}, {.name = "sum"});
  CHECK(story.state.explain(2) == Lines{"sum-2 is processing",
                                        "it was given to worker 1 on host, which has 2 tasks for 1 thread",
                                        "it starts there when read-1 (processing) has finished"});
}

TEST_CASE("questions: explain gives the reason of a failure and is short about a result") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.name = "read"});
  story.submit(2, {}, {.name = "ok"});
  story.fail(1, "no such file");
  story.finish(2);
  CHECK(story.state.explain(1) ==
        Lines{"read-1 is erred", "task read-1 failed on worker 1: std::runtime_error: no such file"});
  CHECK(story.state.explain(2) == Lines{"ok-2 is memory"});
}

TEST_CASE("questions: a task's story has a line for each transition, with time and cause") {
  Story story;
  story.now = 1;
  story.join(1);
  story.submit(1, {}, {.retries = 1});
  story.now = 2;
  story.fail(1);
  story.now = 3;
  story.finish(1);
  const auto lines = story.state.story(1);
  REQUIRE(lines.size() == 5);
  CHECK(story.states(1) == Lines{"waiting", "processing", "waiting", "processing", "memory"});
  CHECK(std::string(lines[0].cause) == "submitted");
  CHECK(std::string(lines[2].cause) == "failed");
  CHECK(std::string(lines[4].cause) == "finished");
  CHECK(lines[2].time == 2);
  CHECK(lines[4].time == 3);
  CHECK(story.state.story(9).empty());
}

TEST_CASE("questions: old lines of the story make room for new ones, in order") {
  Story story;
  story.join(1);
  story.submit(1);
  for (TaskId id = 2; id < 8000; ++id) {
    detail::scheduler::Actions out;
    detail::protocol::SubmitTask message;
    message.id = id;
    story.state.handle(1, 0, std::move(message), out);
    story.state.handle(1, 0, detail::protocol::ReleaseTask{id}, out);
  }
  CHECK(story.state.story(1).empty());
  const auto lines = story.state.story(7999);
  REQUIRE(lines.size() >= 2);
  CHECK(lines.front().from == TaskState::released);
  CHECK(lines.back().to == TaskState::released);
}

TEST_CASE("questions: the snapshot counts tasks by state and tells of each worker") {
  Story story({.saturation = 1});
  story.join(1, 2, {{"GPU", 1}}, "alpha");
  for (TaskId id = 1; id <= 5; ++id) story.submit(id);
  story.finish(1, 100, 10);
  story.submit(6, {5});
  const Snapshot picture = story.state.snapshot();
  const auto count = [&](TaskState state) { return picture.tasks[static_cast<std::size_t>(state)]; };
  CHECK(count(TaskState::memory) == 1);
  CHECK(count(TaskState::processing) == 2);
  CHECK(count(TaskState::queued) == 2);
  CHECK(count(TaskState::waiting) == 1);
  REQUIRE(picture.workers.size() == 1);
  const WorkerInfo& worker = picture.workers[0];
  CHECK(worker.peer == 1);
  CHECK(worker.name == "worker 1");
  CHECK(worker.host == "alpha");
  CHECK(worker.threads == 2);
  CHECK(worker.resources == std::vector<Resource>{{"GPU", 1}});
  CHECK(worker.processing == 2);
  CHECK(worker.results == 1);
  CHECK(worker.result_bytes == 100);
  CHECK(worker.finished == 1);
  CHECK_FALSE(worker.retiring);
}

TEST_CASE("questions: names of tasks are the option's, or the function's") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.name = "mine"});
  story.scatter(2, 1);
  CHECK(story.state.task_name(*story.state.task(1)) == "mine-1");
  CHECK(story.state.task_name(*story.state.task(2)) == "scattered-2");
  CHECK(story.state.name_of(0) == "rank 0");
  CHECK(story.state.name_of(1) == "worker 1");
  CHECK(story.state.name_of(8) == "peer 8");
}

TEST_CASE("questions: the message of a run has all that the worker needs") {
  Story story;
  story.join(1);
  detail::protocol::SubmitTask task;
  task.id = 1;
  task.invoker = 7;
  task.function = 9;
  task.arguments.append("abc", 3);
  task.options = std::make_shared<Options>(Options{.priority = 3, .resources = {}});
  story.submit(std::move(task));
  const detail::protocol::RunTask run = story.state.run_message(1);
  CHECK(run.id == 1);
  CHECK(run.run == 1);
  CHECK(run.invoker == 7);
  CHECK(run.function == 9);
  CHECK(run.priority == 3);
  CHECK(run.want_small);
  CHECK(run.arguments.size() == 3);
  story.submit(2, {1});
  story.finish(1);
  story.release(1);
  story.release(2);
}

TEST_CASE("questions: the arguments of a run are those of its task, however many bytes they are") {
  Story story;
  story.join(1);
  TaskId id = 1;
  for (const std::size_t bytes : {0, 1, 39, 40, 41, 254, 255, 100'000}) {
    detail::protocol::SubmitTask task;
    task.id = id;
    for (std::size_t i = 0; i < bytes; ++i) *task.arguments.grow(1) = static_cast<std::byte>(i * 7 % 251);
    const Buffer sent = task.arguments;
    story.submit(std::move(task));
    CHECK(story.state.run_message(id).arguments == sent);
    CHECK(story.state.run_message(id).arguments == sent);
    story.finish(id);
    story.release(id++);
  }
}

TEST_CASE("questions: ancestry is what tasks need, a closer look what runs and who holds what") {
  Story story({.saturation = 1});
  story.join(1);
  story.submit(1, {}, {}, 7);
  story.submit(2, {1}, {}, 8);
  story.submit(3, {}, {}, 9);
  story.finish(1, 100);
  const auto needed = story.state.ancestry({2, 99}, 10);
  REQUIRE(needed.tasks.size() == 2);
  CHECK(needed.tasks[0].id == 2);
  CHECK(needed.tasks[0].inputs == std::vector<std::uint32_t>{1});
  CHECK(needed.tasks[1].state == TaskState::memory);
  CHECK(needed.tasks_total == 3);
  CHECK(story.state.ancestry({2}, 1).tasks.size() == 1);
  const auto seen = story.state.closer_look(10, 10);
  REQUIRE(seen.tasks.size() == 3);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].function == 7);
  CHECK(seen.results[0].worker == 1);
  CHECK(seen.results[0].bytes == 100);
  CHECK(seen.results_total == 1);
  CHECK(story.state.closer_look(2, 0).tasks.size() <= 2);
}

TEST_CASE("questions: one worker with its tasks and results, one task with its neighbours") {
  Story story({.saturation = 1});
  story.join(1);
  story.submit(1, {}, {}, 7);
  story.submit(2, {1}, {}, 8);
  story.submit(3, {2}, {}, 9);
  story.finish(1, 100);
  const auto at = story.state.look_at_worker(1, 10, 10);
  REQUIRE(at.tasks.size() == at.tasks_total);
  CHECK(at.tasks.size() == 2);  // one runs, and what needs it is there already
  REQUIRE(at.results.size() == 1);
  CHECK(at.results[0].bytes == 100);
  CHECK(story.state.look_at_worker(1, 0, 0).tasks.empty());
  CHECK(story.state.look_at_worker(1, 0, 0).results_total == 1);
  CHECK(story.state.look_at_worker(9, 10, 10).tasks_total == 0);
  const auto look = story.state.look_at_task(2);
  CHECK(look.function == 8);
  CHECK(look.state == TaskState::processing);
  REQUIRE(look.inputs.size() == 1);
  CHECK(look.inputs[0].id == 1);
  CHECK(look.inputs[0].state == TaskState::memory);
  REQUIRE(look.dependents.size() == 1);
  CHECK(look.dependents[0].id == 3);
  CHECK(look.explained.front() == look.name + " is processing");
  CHECK_FALSE(look.story.empty());
  CHECK(story.state.look_at_task(1).holders == Lines{"worker 1"});
  CHECK(story.state.look_at_task(99).name.empty());
}

TEST_CASE("questions: a story is told in sentences") {
  Story story;
  story.join(1);
  story.submit(1);
  story.now = 2;
  story.finish(1);
  const Lines lines = story.state.story_lines_of(1);
  REQUIRE(lines.size() >= 3);
  CHECK(lines.front().find("2s before: released to waiting (") == 0);
  CHECK(lines.back().find("0s before: processing to memory") == 0);
  CHECK(story.state.story_lines_of(2).empty());
}

TEST_CASE("questions: what neither a worker nor a job of the cluster brings is told without workers too") {
  Story story;
  story.submit(1, {}, {.resources = {{"GPU", 1}}, .name = "shy"});
  CHECK(story.state.unplaced().waiting == 1);  // nothing is known of what may join
  CHECK(story.state.explain(1) == Lines{"shy-1 is no_worker", "there are no workers"});
  const std::vector<Resource> plain{{"cores", 1}}, licence{{"lic", 1}, {"cores", 4}};
  story.state.promise({.by = &plain, .offer = plain});
  story.state.promise({.by = &licence, .offer = licence});
  CHECK(story.state.unplaced().in_vain == 1);
  CHECK(
      story.state.waiting_text(1) ==
      "shy-1 waits for a worker to join that has what it needs; there are no workers; no job of the cluster "
      "brings GPU, the task needs 1");
  story.submit(2, {}, {.resources = {{"lic", 3}}});
  CHECK(story.state.explain(2).back() == "a job of the cluster brings 1 lic, the task needs 3");
  story.submit(3, {}, {.cores = 64});
  CHECK(story.state.explain(3).back() == "a job of the cluster brings 4 cores, the task needs 64");
  story.submit(4, {}, {.resources = {{"lic", 1}}});
  CHECK(story.state.explain(4).back() == "there are no workers");
  story.gang(11, 2, {.resources = {{"GPU", 1}}});
  CHECK(story.state.explain(11).back() == "no job of the cluster brings GPU, the task needs 1");
  story.state.withdraw(&licence);
  CHECK(story.state.explain(3).back() == "a job of the cluster brings 1 core, the task needs 64");
  CHECK(story.state.explain(4).back() == "no job of the cluster brings lic, the task needs 1");
}
