// Workers whose jobs end: what they are not given, and who inherits their results.
#include "support/scheduler_story.hpp"

using namespace weir;
using namespace std::chrono_literals;
using test::Story;
using Lines = Story::Lines;

TEST_CASE("walltime: a task that cannot end before its worker's job waits for another worker") {
  Story story;
  story.join_until(1, 60);
  CHECK(story.submit(1, {}, {.time_limit = 60s}) == Lines{"run 1 @1"});
  story.finish(1, 8, 1);
  story.now = 10;
  CHECK(story.submit(2, {}, {.time_limit = 51s}).empty());
  CHECK(story.of(2) == TaskState::no_worker);
  CHECK(story.state.explain(2).back() ==
        "worker 1 on host: takes no more tasks in 50s, since its job ends; the task may take 51s");
  CHECK(story.submit(3, {}, {.time_limit = 50s}) == Lines{"run 3 @1"});
  CHECK(story.join_until(2, 60) == Lines{"run 2 @2"});
}

TEST_CASE("walltime: how long a function has taken is believed where no limit is given") {
  Story story;
  story.join_until(1, 60);
  story.submit(1);
  story.now = 25;
  story.finish(1, 8, 25);
  CHECK(story.submit(2) == Lines{"run 2 @1"});
  story.now = 50;
  story.finish(2, 8, 25);
  CHECK(story.submit(3).empty());
  CHECK(story.state.explain(3).back() ==
        "worker 1 on host: takes no more tasks in 10s, since its job ends; the task takes about 25s");
  CHECK(story.submit(4, {}, {}, 2) == Lines{"run 4 @1"});  // of which nothing is known
  CHECK(story.submit(5, {}, {.time_limit = 1s}) ==
        Lines{"run 5 @1"});  // a limit is believed more than the past
  CHECK(story.join(2) == Lines{"run 3 @2"});
}

TEST_CASE(
    "walltime: a queue is worked off by the workers that have time, and what is short passes what is long") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join_until(1, 10);
  story.submit(1, {}, {.time_limit = 8s});
  for (TaskId id = 2; id <= 5; ++id) story.submit(id, {}, {.time_limit = 8s});
  story.submit(6, {}, {.time_limit = 1s});
  REQUIRE(story.of(2) == TaskState::queued);
  story.now = 5;
  CHECK(story.finish(1, 8, 5) == Lines{"done 1", "run 6 @1"});
  CHECK(story.join(2) == Lines{"run 2 @2"});
  story.now = 6;
  CHECK(story.finish(6, 8, 1) == Lines{"done 6"});  // nothing is stolen or given that it cannot end
  for (TaskId id = 2; id <= 4; ++id)
    CHECK(story.finish(id, 8, 8) ==
          Lines{"done " + std::to_string(id), "run " + std::to_string(id + 1) + " @2"});
  CHECK(story.finish(5, 8, 8) == Lines{"done 5"});
}

TEST_CASE("walltime: a task goes where there is time, not where its input is") {
  Story story;
  story.join_until(1, 60);
  story.submit(1);
  story.finish(1, 1 << 20, 1);
  story.join(2);
  CHECK(story.submit(2, {1}, {.time_limit = 10min}) == Lines{"run 2 @2"});
  CHECK(story.submit(3, {1}, {.time_limit = 10s}) == Lines{"run 3 @1"});
  story.submit(4, {3}, {.time_limit = 10min});  // not given ahead to the worker of its input either
  CHECK(story.of(4) == TaskState::waiting);
}

TEST_CASE(
    "walltime: no task is blamed and nothing computed again when a worker leaves after it has handed over") {
  Story story;
  story.join_until(1, 60);
  story.join_until(2, 62);
  story.join_until(3, 3600);
  story.submit(1, {}, {.workers = {"1"}});
  story.submit(2, {}, {.workers = {"1"}});
  story.finish(1, 8, 1);
  CHECK(story.retire(1) ==
        Lines{"retract 2 @1",
              "copy 1 from 1 @3"});  // to the worker that stays, not to the one that leaves with it
  story.arrive(1, 3);
  CHECK_FALSE(story.state.retired(1));
  story.now = 50;
  CHECK(story.retracted(2, false).empty());
  CHECK(story.finish(2, 8, 1) == Lines{"copy 2 from 1 @3", "done 2"});
  story.arrive(2, 3);
  CHECK(story.state.retired(1));
  for (const std::string& line : story.lose(1)) CHECK(line.starts_with("done "));
  CHECK(story.of(1) == TaskState::memory);
  CHECK(story.of(2) == TaskState::memory);
}

TEST_CASE("walltime: one that comes late still inherits from those that are leaving") {
  Story story;
  story.join_until(1, 60);
  story.submit(1);
  story.finish(1, 1 << 20, 1);
  CHECK(story.state.snapshot().results_wanted);
  CHECK(story.retire(1).empty());
  CHECK_FALSE(story.state.retired(1));
  CHECK(story.join(2) == Lines{"copy 1 from 1 @2"});
  story.arrive(1, 2);
  CHECK(story.state.retired(1));
  story.lose(1);
  CHECK(story.state.snapshot().workers_lost == 0);  // it has not died
}

TEST_CASE("walltime: the snapshot tells for how long a task lacks a worker") {
  Story story;
  story.join_until(1, 60);
  CHECK(story.state.snapshot().lacking_s == 0);
  story.now = 20;
  story.submit(1, {}, {.time_limit = 100s});
  story.submit(2, {}, {.time_limit = 50s});
  CHECK(story.state.snapshot().workers.at(0).serves_s == 40);
  CHECK(story.state.snapshot().lacking_s == 50);
  CHECK_FALSE(story.state.snapshot().results_wanted);
  story.join_until(2, 60);
  CHECK(story.state.snapshot().lacking_s == 100);
}

TEST_CASE(
    "walltime: a task that asks for resources lacks time where they are offered, one for certain workers "
    "does not") {
  Story story;
  story.join(1);
  story.submit(1, {}, {.resources = {{"GPU", 1}}, .time_limit = 30s});
  CHECK(story.state.snapshot().lacking_s == 0);  // nobody has a GPU: others like these would not help
  story.join_until(2, 10, 1, {{"GPU", 1}});
  CHECK(story.state.snapshot().lacking_s == 30);
  story.submit(2, {}, {.workers = {"worker 2"}, .time_limit = 20s});
  CHECK(story.state.snapshot().lacking_s == 30);
  story.submit(
      3, {},
      {.workers = {"worker 2"}, .allow_other_workers = true, .resources = {{"GPU", 1}}, .time_limit = 20s});
  CHECK(story.state.snapshot().lacking_s == 20);
}

TEST_CASE("walltime: what is asked of every worker is done by one that is leaving") {
  Story story;
  story.join(1);
  story.join(2);
  story.retire(1);
  detail::protocol::SubmitTask asked;
  asked.id = 1;
  asked.function = 1;
  asked.out_of_band = true;
  asked.options = std::make_shared<Options>(Options{.workers = {"1"}});
  CHECK(story.submit(asked) == Lines{"run 1 @1"});
  CHECK_FALSE(story.state.retired(1));
  CHECK(story.submit(2, {}, {.workers = {"1"}}).empty());  // an ordinary task is not begun there
}
