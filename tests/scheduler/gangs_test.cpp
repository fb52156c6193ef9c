// Gangs: all start or none, places are kept, deaths and failures end the attempt of all.
#include <catch2/catch.hpp>

#include "support/scheduler_story.hpp"

using namespace weir;
using namespace weir::test;
using Lines = Story::Lines;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string explained(const Story& story, TaskId id) {
  std::string text;
  for (const std::string& line : story.state.explain(id)) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("gang: all ranks start at once, when the last of them is there") {
  Story story;
  for (PeerId peer = 1; peer <= 3; ++peer) story.join(peer);
  CHECK(story.gang(1, 3) == Lines{"run 1 @1", "run 2 @2", "run 3 @3"});
  const auto message = story.state.run_message(2);
  REQUIRE(message.extras.gang);
  CHECK(message.extras.gang->leader == 1);
  CHECK(message.extras.gang->rank == 1);
  CHECK(message.extras.gang->peers == std::vector<PeerId>{1, 2, 3});
  // The result is there when all have finished.
  CHECK(story.finish(1).empty());
  CHECK(story.finish(3).empty());
  CHECK(story.finish(2) == Lines{"done 1", "done 2", "done 3"});
}

TEST_CASE("gang: none starts while there is no place for all; places are kept as they become free") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(10);
  CHECK(story.gang(1, 2) == Lines{"retract 10 @1"});
  story.retracted(10, false);
  CAPTURE(explained(story, 1));
  CHECK(has(explained(story, 1), "1 of 1 threads of worker 1 on host are kept for it, of which 1 still run"));
  CHECK(has(explained(story, 1), "1 of 1 threads of worker 2 on host are kept for it, and are free"));
  // Nobody else gets them: this one is not known to be short.
  CHECK(story.submit(11, {}, {}, 2).empty());
  CHECK(story.of(11) == TaskState::queued);
  CHECK(story.finish(10) == Lines{"done 10", "run 1 @1", "run 2 @2", "run 11 @1"});  // 11 when a rank is done
}

TEST_CASE("gang: what a thread has begun by itself has its place") {
  Story story;
  story.join(1, 2);
  story.begun(10, 1, {}, false, true);
  CHECK(story.gang(1, 2).empty());
  CHECK(story.finish_run(10, 1, 1) == Lines{"done 10", "run 1 @1", "run 2 @1"});
}

TEST_CASE("gang: a task that is known to be done in time runs on a place that is kept") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(20, {}, {}, 3);
  story.finish(20, 8, 1.0f);  // function 3 takes a second
  story.submit(21, {}, {}, 4);
  story.finish(21, 8, 0.01f);  // function 4 a hundredth
  story.submit(22, {}, {}, 3);
  CHECK(story.gang(1, 2) == Lines{"retract 22 @1"});
  CHECK(story.submit(23, {}, {}, 4).size() == 1);
  CHECK(story.of(23) == TaskState::processing);
  story.submit(24, {}, {}, 3);
  CHECK(story.of(24) == TaskState::queued);
}

TEST_CASE("gang: a task that would end after the running one does is not let in before it") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(20, {}, {}, 3);
  story.finish(20, 8, 1.0f);  // function 3 takes a second
  story.submit(21, {}, {}, 4);
  story.finish(21, 8, 0.2f);  // function 4 a fifth
  story.now = 10;
  story.submit(30, {}, {}, 3);
  story.now = 10.5;
  story.gang(1, 2);
  story.retracted(30, false);
  for (TaskId id = 41; id <= 44; ++id) story.submit(id, {}, {}, 4);
  CHECK(story.of(41) == TaskState::processing);
  story.now = 10.7;
  story.finish(41, 8, 0.2f);
  CHECK(story.of(42) == TaskState::processing);
  story.now = 10.9;
  CHECK(story.finish(42, 8, 0.2f) == Lines{"done 42"});  // the next would end at 11.1
  CHECK(story.of(43) == TaskState::queued);
  story.now = 11;
  story.finish(30, 8, 1.0f);
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.of(2) == TaskState::processing);
}

TEST_CASE("gang: what is done early lets the gang begin early; what runs too long lets in nobody more") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(20, {}, {}, 3);
  story.finish(20, 8, 1.0f);
  story.submit(21, {}, {}, 4);
  story.finish(21, 8, 0.2f);
  const bool is_early = GENERATE(true, false);
  story.now = 10;
  story.submit(30, {}, {}, 3);
  story.gang(1, 2);
  story.retracted(30, false);
  for (TaskId id = 41; id <= 49; ++id) story.submit(id, {}, {}, 4);
  if (is_early) {
    story.now = 10.1;
    story.finish(30, 8, 0.1f);  // while 41 runs
    CHECK(story.of(1) == TaskState::waiting);
    story.now = 10.2;
    story.finish(41, 8, 0.2f);
  } else {
    for (TaskId id = 41; id <= 45; ++id) {
      REQUIRE(story.of(id) == TaskState::processing);
      story.now += 0.1999;
      story.finish(id, 8, 0.2f);
    }
    for (story.now = 11; story.now < 14; story.now += 0.5) {
      CHECK(story.of(46) == TaskState::queued);
      story.submit(50 + static_cast<TaskId>(story.now * 2), {}, {}, 4);  // new ones neither
      CHECK(story.of(50 + static_cast<TaskId>(story.now * 2)) == TaskState::queued);
    }
    story.finish(30, 8, 4.0f);
  }
  CHECK(story.of(1) == TaskState::processing);
  CHECK(story.of(2) == TaskState::processing);
}

TEST_CASE("gang: two of them do not wait for each other") {
  Story story;
  for (PeerId peer = 1; peer <= 3; ++peer) story.join(peer);
  story.submit(10);
  story.submit(11);
  story.gang(1, 2);
  story.gang(4, 2);
  CHECK(has(explained(story, 4), "behind a more urgent gang"));
  story.retracted(10, false);
  story.retracted(11, false);
  const Lines first = story.finish(10);
  CHECK(std::find(first.begin(), first.end(), "run 1 @1") != first.end());
  CHECK(std::find(first.begin(), first.end(), "run 2 @3") != first.end());
  CHECK(story.of(4) == TaskState::waiting);
  story.finish(11);
  const Lines last = story.finish(1);  // a place is free, whatever its gang does elsewhere
  CHECK(std::find(last.begin(), last.end(), "run 4 @1") != last.end());
  CHECK(story.of(5) == TaskState::processing);
}

TEST_CASE("gang: one that there will never be room for does not hold up others, and fails with a sentence") {
  Story story;
  story.join(1, 2);
  CHECK(story.gang(1, 3).empty());
  CHECK(story.gang(5, 2) == Lines{"run 5 @1", "run 6 @1"});
  CHECK(story.state.has_unplaceable());
  detail::scheduler::Actions out;
  story.state.give_up_unplaceable(story.now, out);
  story.state.check();
  CHECK(has(story.failure(1).text(),
            "it is a gang of 3 ranks; the 1 worker has room for 2 at once, and no worker is to come; ask for "
            "fewer ranks, or start more workers"));
  CHECK(story.of(2) == TaskState::erred);
}

TEST_CASE("gang: one host if it is large enough, per_node, separate") {
  Story story;
  story.join(1, 1, {}, "a");
  story.join(2, 2, {}, "b");
  story.join(3, 2, {}, "b");
  CHECK(story.gang(1, 2) == Lines{"run 1 @2", "run 2 @3"});  // a process each on the host that has both
  story.finish(1);
  story.finish(2);
  CHECK(story.gang(11, 3, {}, {.per_node = 2}) == Lines{"run 11 @1", "run 12 @2", "run 13 @3"});
  for (TaskId id = 11; id <= 13; ++id) story.finish(id);
  CHECK(story.gang(21, 4, {}, {.separate = true}).empty());
  CHECK(has(explained(story, 21), "each in a process of its own; the 3 workers have room for 3 at once"));
}

TEST_CASE("gang: one that has lost the room it had says what its last attempt ended by") {
  Story story;
  story.join(1);
  story.join(2);
  story.gang(1, 2);
  CHECK(story.lose(2, {2}) == Lines{"broken 1 @1"});
  story.fail(1, "the gang has failed");
  detail::scheduler::Actions out;
  story.state.give_up_unplaceable(story.now, out);
  CHECK(has(story.failure(1).text(), "the 1 worker has room for 1 at once"));
  CHECK(has(story.failure(1).text(), "; its last attempt ended: rank 1 was on worker 2 (host), which died"));
}

// What is done for each rank may not look at all of them: that takes minutes here.
TEST_CASE("gang: the largest there may be costs as many steps as it has ranks") {
  Story story;
  detail::protocol::GangPlace place;
  place.size = 1 << 16;
  place.leader = 1;
  story.join(1, place.size);
  detail::scheduler::Actions out;
  for (place.rank = 0; place.rank < place.size; ++place.rank) {
    detail::protocol::SubmitTask message;
    message.id = 1 + place.rank;
    message.gang = std::make_shared<const detail::protocol::GangPlace>(place);
    story.state.handle(story.now, 0, std::move(message), out);
  }
  CHECK(out.size() == place.size);
  for (TaskId id = place.size; id > 1; --id)
    story.state.handle(story.now, 1, detail::protocol::RunFinished{id, 1}, out);
  CHECK(out.size() == place.size);
  story.state.handle(story.now, 1, detail::protocol::RunFinished{1, 1}, out);
  CHECK(out.size() == 2 * place.size);
  for (TaskId id = 1; id <= place.size; ++id)
    story.state.handle(story.now, 0, detail::protocol::ReleaseTask{id}, out);
  story.state.check();
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("gang: a rank dies: the others are told, the dead one is blamed once, all run again") {
  Story story({.allowed_failures = 2});
  for (PeerId peer = 1; peer <= 4; ++peer) story.join(peer);
  story.gang(1, 3);
  CHECK(story.lose(2, {2}) == Lines{"broken 1 @1", "broken 3 @3"});
  CAPTURE(explained(story, 1));
  CHECK(has(explained(story, 1), "an attempt has failed (rank 1 was on worker 2 (host), which died)"));
  CHECK(story.fail(1, "the gang has failed").empty());
  CHECK(story.fail(3, "the gang has failed") == Lines{"run 1 @1", "run 2 @3", "run 3 @4"});
  CHECK(story.lose(4, {3}) == Lines{"broken 1 @1", "broken 2 @3"});
  story.fail(1);
  const Lines last = story.fail(2);
  CHECK(std::find(last.begin(), last.end(), "failed 1") != last.end());
  CHECK(has(story.failure(1).text(),
            "2 workers died while they ran it; the last time rank 2 was on worker 4 (host), which died"));
}

TEST_CASE("gang: a rank that is done has worked for nothing if another dies") {
  Story story;
  for (PeerId peer = 1; peer <= 3; ++peer) story.join(peer);
  story.gang(1, 2);
  story.finish(1);
  CHECK(story.lose(2, {2}) == Lines{"cancel 1 @1", "run 1 @1", "run 2 @3"});
}

TEST_CASE("gang: a rank that throws fails the gang with its words; retries are of all") {
  Story story;
  story.join(1, 2);
  story.gang(1, 2, {.retries = 1});
  CHECK(story.fail(2, "singular") == Lines{"broken 1 @1"});
  CHECK(story.fail(1, "the gang has failed") == Lines{"run 1 @1", "run 2 @1"});
  story.fail(2, "singular");
  story.finish(1);  // it did not notice
  CHECK(story.of(1) == TaskState::erred);
  const std::string text = story.failure(1).text();
  CHECK(has(text, "singular"));
  CHECK(has(text, "on rank 1 of 2"));
  CHECK(has(text, "(attempt 2)"));
}

TEST_CASE("gang: ranks that have all returned, but have not received what they were sent, have failed") {
  Story story;
  story.join(1, 2);
  story.gang(1, 2);
  story.calls(1, 1, 1, 2, "allreduce (collective call 2)");
  story.calls(2, 0, 2, 1, "allreduce (collective call 2)");
  story.finish(2);
  story.finish(1);
  CHECK(story.of(1) == TaskState::memory);
  story.gang(11, 2, {.retries = 1});
  story.calls(12, 0, 2, 1, "reduce to rank 0 (collective call 2)");
  story.finish(12);
  CHECK(story.finish(11) == Lines{"cancel 12 @1", "cancel 11 @1", "run 11 @1", "run 12 @1"});
  story.calls(12, 0, 2, 1, "reduce to rank 0 (collective call 2)");
  story.calls(11, 1, 1, 1, "allreduce (collective call 1)");
  story.finish(11);
  story.finish(12);
  CHECK(story.of(11) == TaskState::erred);
  CHECK(has(
      story.failure(11).text(),
      "Gang: rank 1 has sent what rank 0 never received; their last collective calls are reduce to rank 0 "
      "(collective call 2) of rank 1 and allreduce (collective call 1) of rank 0; all ranks must call the "
      "same functions in the same order"));
}

TEST_CASE("gang: a worker that does not leave a failed gang is named after the grace") {
  Story story({.gang_grace_s = 5});
  story.join(1);
  story.join(2);
  story.gang(1, 2);
  story.lose(2, {2});
  CHECK(story.state.stuck(4).empty());
  CHECK(story.state.stuck(6) == std::vector<PeerId>{1});
}

TEST_CASE("gang: cancelling one rank cancels all; releasing rank 0 forgets all") {
  Story story;
  story.join(1, 2);
  story.gang(1, 2);
  const Lines lines = story.cancel(1);
  CHECK(std::find(lines.begin(), lines.end(), "cancel 1 @1") != lines.end());
  CHECK(std::find(lines.begin(), lines.end(), "cancel 2 @1") != lines.end());
  story.gang(11, 2);
  CHECK(story.release(12).empty());
  story.release(11);
  story.release(1);
  story.release(2);
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("gang: ranks of several cores take as many threads") {
  Story story;
  story.join(1, 4);
  story.join(2, 3);
  CHECK(story.gang(1, 3, {.cores = 2}) == Lines{"run 1 @1", "run 2 @1", "run 3 @2"});
  CHECK(story.state.run_message(1).extras.resources == std::vector<Resource>{{"cores", 2}});
  CHECK(story.gang(11, 2, {.cores = 2}).empty());
}

TEST_CASE("scheduler: a task of more cores than any worker has is told what there is") {
  Story story;
  story.join(1, 2);
  CHECK(story.submit(1, {}, {.cores = 4}).empty());
  CHECK(has(explained(story, 1), "worker 1 on host: has 2 cores, the task needs 4"));
  CHECK(story.submit(2, {}, {.cores = 2}) == Lines{"run 2 @1"});
}

TEST_CASE("scheduler: a gang of more ranks than all workers may ever have waits in vain") {
  Story story;
  story.join(1);
  story.gang(21, 4);
  CHECK(story.state.unplaced().waiting == 21);
  const int cluster = 0;
  const auto promise = [&](std::optional<std::uint64_t> workers) {
    story.state.promise({.by = &cluster, .offer = {{"cores", 2}}, .threads = 2, .workers = workers});
  };
  promise({});
  CHECK(story.state.unplaced().waiting == 21);
  promise(2);
  CHECK(story.state.unplaced().waiting == 21);
  CHECK_FALSE(has(story.state.waiting_text(21), "grow to"));
  promise(1);
  CHECK(story.state.unplaced().in_vain == 21);
  CHECK(has(story.state.waiting_text(21), "; all that its clusters are told to grow to has room for 3"));
  story.state.withdraw(&cluster);
  CHECK(story.state.unplaced().waiting == 21);
}

TEST_CASE("scheduler: a gang counts only the workers to come that have what it needs") {
  Story story;
  story.join(1, 8);
  const int plain = 0, gpus = 0;
  story.state.promise({.by = &plain, .offer = {{"cores", 1}}, .threads = 1, .workers = 5});
  story.state.promise({.by = &gpus, .offer = {{"gpu", 2}, {"cores", 4}}, .threads = 4, .workers = 2});
  story.gang(21, 4, {.resources = {{"gpu", 1}}});
  CHECK(story.state.unplaced().waiting == 21);
  story.gang(31, 5, {.resources = {{"gpu", 1}}});
  CHECK(story.state.unplaced().in_vain == 31);
  CHECK(has(story.state.waiting_text(31), "has room for 4"));
  story.gang(41, 7, {.cores = 2});
  CHECK(story.state.unplaced().in_vain == 31);
  story.state.promise({.by = &gpus, .offer = {{"gpu", 2}, {"cores", 4}}, .threads = 4, .workers = {}});
  CHECK(story.state.unplaced().in_vain == 0);
  // What joins for a promise is part of it, not beside it.
  story.state.promise({.by = &gpus, .offer = {{"gpu", 2}, {"cores", 4}}, .threads = 4, .workers = 2});
  story.join_promised(2, 4, {{"gpu", 2}});
  CHECK(story.state.unplaced().in_vain == 31);
  story.join(3, 4, {{"gpu", 1}});  // by hand
  CHECK(story.state.unplaced().in_vain == 0);
}

TEST_CASE("scheduler: work is counted for the workers that can do it") {
  Story story;
  story.join(1);
  for (TaskId id = 1; id <= 3; ++id) story.submit(id);
  for (TaskId id = 11; id <= 15; ++id) story.submit(id, {}, {.resources = {{"gpu", 1}}});
  story.gang(21, 2, {.resources = {{"gpu", 1}}});
  const std::vector<Resource> cpu{{"cores", 4}}, gpu{{"gpu", 1}, {"cores", 4}};
  CHECK(story.state.work_for(cpu, true) == 3);
  CHECK(story.state.work_for(gpu, false) == 7);
  CHECK(story.state.work_for(gpu, true) == 10);
  story.state.promise({.by = &cpu, .offer = cpu});
  story.state.promise({.by = &gpu, .offer = gpu});
  CHECK(story.state.unplaced().in_vain == 0);
  CHECK(story.state.unplaced().waiting == 11);
  story.state.withdraw(&gpu);
  CHECK(story.state.unplaced().in_vain == 11);
  CHECK(has(story.state.waiting_text(11),
            "waits for a worker to join that has what it needs; no job of the cluster brings gpu, the task "
            "needs 1; "
            "worker 1 on host: has 0 gpu, the task needs 1"));
  story.join(2, 1, {{"gpu", 1}});
  CHECK(story.state.unplaced().in_vain == 21);  // the gang, which one worker has no room for
  CHECK(has(
      story.state.waiting_text(21),
      "-21 waits for workers to join that have what it needs; it waits for more workers: it is a gang of 2 "
      "ranks of 1 gpu each; the 2 workers have room for 1 at once; all that its clusters are told to grow to "
      "has room for 1"));
  story.finish(11);
  CHECK(story.state.work_for(gpu, false) == 6);
}

TEST_CASE("gang: workers that lack memory for good run it all the same, those that have some before them") {
  Story story;
  for (PeerId peer = 1; peer <= 3; ++peer) story.join(peer);
  story.pause(1);
  CHECK(story.gang(1, 2) == Lines{"run 1 @2", "run 2 @3"});
  CHECK(story.gang(11, 3).empty());  // all three: for lack of places, not of memory
  story.pause(2);
  story.pause(3);
  CHECK(story.submit(20).empty());  // the first place is kept, though all lack memory
  CHECK(story.of(20) == TaskState::queued);
  story.finish(1);
  CHECK(story.finish(2) == Lines{"done 1", "done 2", "run 11 @1", "run 12 @2", "run 13 @3"});
  CHECK(story.finish(11) == Lines{"run 20 @1"});  // whose rank has returned
}

TEST_CASE("gangs: a rank that has returned takes nothing any more, also while others go on") {
  Story story;
  story.join(1, 1, {{"gpu", 1}});
  story.join(2, 1, {{"gpu", 1}});
  story.gang(10, 2, {.resources = {{"gpu", 1}}});
  const PeerId first = story.worker_of(10);
  story.finish(10);
  for (const PeerId peer : {1, 2}) story.pause(peer);  // one thing at a time
  CHECK(story.submit(1) == Lines{"run 1 @" + std::to_string(first)});
  story.finish(1);
  for (const PeerId peer : {1, 2}) story.pause(peer, false);
  CHECK(story.gang(20, 1, {.resources = {{"gpu", 1}}}) == Lines{"run 20 @" + std::to_string(first)});
  story.finish(20);
  CHECK(story.lose(story.worker_of(11), {11}).size() > 0);  // both run again
  story.join(3, 1, {{"gpu", 1}});
  REQUIRE(story.of(10) == TaskState::processing);
  story.finish(10);
  story.finish(11);
  CHECK(story.of(10) == TaskState::memory);
}
