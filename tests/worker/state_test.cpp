// The worker as stories: what each order and each peer makes it do. The worker is peer 1; 2 and 3 are its
// peers.
#include "support/worker_story.hpp"

using namespace weir;
using test::WorkerStory;
using Lines = WorkerStory::Lines;

TEST_CASE("worker runs a task and keeps its result until it is freed") {
  WorkerStory story;
  CHECK(story.run(1).empty());
  CHECK(story.take() == 1);
  CHECK(story.take() == 0);
  CHECK(story.done(1, 100) == Lines{"finished 1 run 1"});
  CHECK(story.has(1));
  CHECK(story.state.bytes() == 100);
  CHECK(story.free(1).empty());
  CHECK(story.state.count() == 0);
  CHECK(story.state.bytes() == 0);
}

TEST_CASE("worker reports a failure and forgets the task") {
  WorkerStory story;
  story.run(1);
  story.take();
  CHECK(story.threw(1) == Lines{"failed 1 run 1"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker runs the highest priority first, then the lowest order") {
  WorkerStory story;
  story.run(1, {}, {.order = 30});
  story.run(2, {}, {.order = 10});
  story.run(3, {}, {.priority = 1, .order = 40});
  story.run(4, {}, {.priority = -1, .order = 1});
  for (const TaskId expected : {3, 2, 1, 4}) {
    CHECK(story.take() == expected);
    story.done(expected);
  }
}

TEST_CASE("worker knows whether what it is not told of is more urgent than all it has") {
  WorkerStory story;
  CHECK(story.state.goes_first(20));
  story.run(1, {}, {.order = 20});
  CHECK(story.state.goes_first(19));
  CHECK_FALSE(story.state.goes_first(20));  // it came first
  story.run(2, {}, {.priority = 1, .order = 40});
  CHECK_FALSE(story.state.goes_first(1));
  story.cancel(2);
  CHECK(story.state.goes_first(19));
  story.run(3, {}, {.priority = -1, .order = 1});
  CHECK(story.state.goes_first(19));
  story.run(4, {}, {.order = 5, .resources = {{"licence", 1}}});  // it will wait for one
  CHECK_FALSE(story.state.goes_first(6));
  CHECK(story.state.goes_first(4));
}

TEST_CASE("worker starts as many tasks as it has threads") {
  WorkerStory story(2);
  for (TaskId id = 1; id <= 3; ++id) story.run(id);
  CHECK(story.take() == 1);
  CHECK(story.take() == 2);
  CHECK(story.take() == 0);
  CHECK_FALSE(story.state.has_slot());
  story.done(2);
  CHECK(story.take() == 3);
  CHECK(story.state.executing() == std::vector<TaskId>{1, 3});
}

// --- inputs

TEST_CASE("worker runs a chain without asking anybody") {
  WorkerStory story;
  story.run(1);
  CHECK(story.run(2, {{1, 1, false}}).empty());
  CHECK(story.run(3, {{2, 1, false}}).empty());
  CHECK(story.take() == 1);
  story.done(1);
  CHECK(story.take() == 2);
  CHECK(story.execution.values.at(0).as<int>() == 1);
  story.done(2);
  CHECK(story.take() == 3);
}

TEST_CASE("worker fetches inputs from peers and starts when the last has come") {
  WorkerStory story;
  CHECK(story.run(5, {{1, 2, true}, {2, 3, false}}) == Lines{"get 1 @2", "will get 2 @3"});
  CHECK(story.arrive(2, 1) == Lines{"here 1"});
  CHECK(story.take() == 0);
  CHECK(story.arrive(3, 2) == Lines{"here 2"});
  CHECK(story.take() == 5);
  CHECK(story.execution.values.size() == 2);
}

TEST_CASE("worker tells nobody of a small copy that few tasks need, and keeps it for these alone") {
  const auto passing = [](TaskId id) {
    return detail::protocol::Input{id, 2, true, detail::protocol::Scale::passing};
  };
  WorkerStory story(2);
  CHECK(story.run(5, {passing(1)}) == Lines{"get 1 @2"});
  CHECK(story.run(6, {passing(1)}).empty());
  CHECK(story.arrive(2, 1).empty());
  CHECK(story.take() == 5);
  CHECK(story.done(5) == Lines{"finished 5 run 1"});
  CHECK(story.has(1));  // task 6 is still to come
  CHECK(story.take() == 6);
  CHECK(story.done(6) == Lines{"finished 6 run 1"});
  CHECK(story.state.record(1) == nullptr);
  CHECK(story.run(7, {passing(1)}) == Lines{"get 1 @2"});  // is asked for anew
  CHECK(story.retract(7) == Lines{"given back 7", "drop 1 @2"});
  CHECK(story.state.count() == 2);  // the results of 5 and 6

  story.run(8, {passing(3)});
  CHECK(story.arrive(2, 3, 1'000'000) == Lines{"here 3"});  // not small
  story.run(9, {passing(4)});
  CHECK(story.arrive(2, 4).empty());
  CHECK(story.run(10, {{4, 2, true}}) == Lines{"here 4"});  // now many need it
  story.run(11, {passing(12)});
  CHECK(story.arrive(2, 12).empty());
  CHECK(story.replicate(12, 2) == Lines{"here 12"});  // it was wanted here whoever uses it
  for (const TaskId id : {8, 9, 10, 11}) {
    CHECK(story.take() == id);
    story.done(id);
  }
  for (const TaskId id : {3, 4, 12}) CHECK(story.has(id));
}

TEST_CASE("worker fetches an input once for all its tasks") {
  WorkerStory story;
  CHECK(story.run(5, {{1, 2, true}}) == Lines{"get 1 @2"});
  CHECK(story.run(6, {{1, 2, true}}).empty());
  story.arrive(2, 1);
  CHECK(story.run(7, {{1, 2, true}}).empty());
  CHECK(story.take() == 5);
}

TEST_CASE("worker takes an input that is used twice by one task") {
  WorkerStory story;
  CHECK(story.run(5, {{1, 2, true}, {1, 2, true}}) == Lines{"get 1 @2"});
  story.arrive(2, 1);
  CHECK(story.take() == 5);
  CHECK(story.execution.values.size() == 2);
  story.done(5);
  story.free(1);
  story.free(5);
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker waits for an input that nobody computes yet, until it is told where") {
  WorkerStory story;
  CHECK(story.run(5, {{1, 0, false}}).empty());
  CHECK(story.input_at(1, 2, false) == Lines{"will get 1 @2"});
  story.arrive(2, 1);
  CHECK(story.take() == 5);
}

TEST_CASE("worker turns to the new holder of an input and leaves the old one") {
  WorkerStory story;
  story.run(5, {{1, 2, false}});
  CHECK(story.input_at(1, 3, false) == Lines{"drop 1 @2", "will get 1 @3"});
  CHECK(story.input_at(1, 3, false).empty());
  CHECK(story.missing(2, 1).empty());  // an answer to the old request
  CHECK(story.missing(3, 1) == Lines{"missing 1 of 3"});
}

TEST_CASE("worker takes a value from whomever it comes, and leaves the one it was waiting for") {
  WorkerStory story;
  story.run(5, {{1, 2, true}});
  story.input_at(1, 3);
  CHECK(story.arrive(2, 1) == Lines{"drop 1 @3", "here 1"});
  CHECK(story.take() == 5);
}

TEST_CASE("worker tells the answer to a dropped request from the one to a later request") {
  WorkerStory story;
  story.run(5, {{1, 2, false}});
  const std::uint32_t first = story.latest(2, 1);
  story.input_at(1, 3, false);
  story.input_at(1, 2, false);
  CHECK(story.missing_for(2, 1, first).empty());
  SECTION("a value is taken all the same, and the later request dropped") {
    CHECK(story.arrive_for(2, 1, first) == Lines{"drop 1 @2", "here 1"});
  }
  SECTION("the later answer counts") {
    CHECK(story.missing_for(2, 1, story.latest(2, 1)) == Lines{"missing 1 of 2"});
  }
}

TEST_CASE("worker asks again whom a task was taken from and given back to") {
  WorkerStory story;
  story.run(5, {{1, 2, false, 0, 1}});
  const std::uint32_t first = story.latest(2, 1);
  CHECK(story.input_at(1, 2, false, 0, 1).empty());
  CHECK(story.input_at(1, 2, false, 0, 3) == Lines{"will get 1 @2"});
  CHECK(story.missing_for(2, 1, first).empty());
  SECTION("and tells what it has asked for") { CHECK(story.missing(2, 1) == Lines{"missing 1 of 2 run 3"}); }
  SECTION("and so when that peer has gone") { CHECK(story.gone(2) == Lines{"missing 1 of 2 run 3"}); }
  SECTION("and takes what comes") {
    story.arrive(2, 1);
    CHECK(story.take() == 5);
  }
}

TEST_CASE("worker does not mind being told of inputs it has or does not need") {
  WorkerStory story;
  CHECK(story.input_at(9, 2).empty());
  story.put(1);
  CHECK(story.input_at(1, 2).empty());
  story.run(2);
  CHECK(story.input_at(2, 3).empty());  // it computes it itself
  CHECK(story.arrive(2, 9).empty());
  CHECK(story.missing(2, 9).empty());
  CHECK_FALSE(story.has(9));
}

TEST_CASE("worker gives up a fetch that no task needs any more") {
  WorkerStory story;
  story.run(5, {{1, 2, false}});
  CHECK(story.cancel(5) == Lines{"drop 1 @2"});
  CHECK(story.state.count() == 0);
  CHECK(story.arrive(2, 1).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker tells the scheduler of inputs on peers that are gone") {
  WorkerStory story;
  story.run(5, {{1, 2, true}, {2, 3, true}});
  CHECK(story.gone(2) == Lines{"missing 1 of 2"});
  CHECK(story.input_at(1, 3) == Lines{"get 1 @3"});
}

TEST_CASE("worker waits quietly for an input that cannot travel: its tasks will be cancelled") {
  WorkerStory story;
  story.run(5, {{1, 2, true}});
  CHECK(story.missing(2, 1, true).empty());
  CHECK(story.cancel(5).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker whose input is freed before its task started asks for it again") {
  WorkerStory story;
  story.put(1);
  story.run(5, {{1, 1, true}});
  CHECK(story.free(1) == Lines{"missing 1 of 1"});
  CHECK(story.take() == 0);
  CHECK(story.input_at(1, 2) == Lines{"get 1 @2"});
  story.arrive(2, 1);
  CHECK(story.take() == 5);
}

TEST_CASE("worker whose input is freed while its task executes does not want it again") {
  WorkerStory story;
  story.put(1);
  story.run(5, {{1, 1, true}});
  story.take();
  CHECK(story.free(1).empty());
  CHECK(story.done(5) == Lines{"finished 5 run 1"});
  story.free(5);
  CHECK(story.state.count() == 0);
}

// --- peers that ask

TEST_CASE("worker sends what it has and says what will not come") {
  WorkerStory story;
  story.put(1);
  CHECK(story.asked(2, 1, true) == Lines{"value 1 @2"});
  CHECK(story.asked(2, 9, true) == Lines{"no value 9 @2"});
  CHECK(story.asked(0, 9, true) == Lines{"no value 9 @0"});
  CHECK(story.state.count() == 1);
}

TEST_CASE("worker answers at completion those who asked before") {
  WorkerStory story;
  CHECK(story.asked(2, 1).empty());  // ahead of the order to run it
  story.run(1);
  CHECK(story.asked(3, 1).empty());
  CHECK(story.asked(3, 1).empty());  // asked twice, answered once
  CHECK(story.asked(0, 1, true).empty());
  story.take();
  CHECK(story.done(1) == Lines{"finished 1 run 1", "value 1 @2", "value 1 @3", "value 1 @0"});
}

TEST_CASE("worker refuses those who wait for a run that fails, is cancelled or given back") {
  WorkerStory story;
  const auto ask = [&](TaskId id) {
    story.run(id);
    story.asked(2, id);
  };
  ask(1);
  CHECK(story.cancel(1) == Lines{"no value 1 @2"});
  ask(2);
  CHECK(story.retract(2) == Lines{"given back 2", "no value 2 @2"});
  ask(3);
  story.take();
  CHECK(story.threw(3) == Lines{"failed 3 run 1", "no value 3 @2"});
  ask(4);
  story.take();
  story.cancel(4);
  CHECK(story.done(4) == Lines{"no value 4 @2"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker forgets requests that are dropped and those of peers that are gone") {
  WorkerStory story;
  story.asked(2, 1);
  story.asked(3, 1);
  CHECK(story.unasked(2, 1).empty());
  CHECK(story.unasked(2, 8).empty());
  CHECK(story.state.count() == 1);
  CHECK(story.gone(3).empty());
  CHECK(story.state.count() == 0);
}

// The worker there does not need it any more; its client does.
TEST_CASE("worker answers a client of a peer whose worker has dropped its request") {
  WorkerStory story;
  const std::uint32_t of_client = detail::protocol::ClientRequest::of(1);
  story.run(1);
  story.take();
  CHECK(story.asked_for(2, 1, of_client).empty());
  CHECK(story.asked(2, 1).empty());
  CHECK(story.unasked(2, 1).empty());
  CHECK(story.done(1).back() == "value 1 @2");
  CHECK(story.asked_for(2, 8, of_client).empty());
  CHECK(story.asked(2, 8).empty());
  CHECK(story.gone(2).empty());
  CHECK_FALSE(story.state.record(8));
}

// --- retraction, cancellation, adoption

TEST_CASE("worker gives back what it has not started, and keeps what it executes or has done") {
  WorkerStory story;
  story.run(1);
  story.run(2);
  story.run(3, {{9, 2, true}});
  story.take();
  CHECK(story.retract(1) == Lines{"kept 1"});
  CHECK(story.retract(2) == Lines{"given back 2"});
  CHECK(story.retract(3) == Lines{"given back 3", "drop 9 @2"});
  story.done(1);
  CHECK(story.retract(1) == Lines{"kept 1"});
  CHECK(story.retract(77) == Lines{"kept 77"});
  CHECK(story.take() == 0);
}

TEST_CASE("worker ignores orders about older runs") {
  WorkerStory story;
  story.run(1, {}, {.run = 3});
  CHECK(story.retract(1, 2) == Lines{"kept 1"});
  CHECK(story.cancel(1, 2).empty());
  CHECK(story.take() == 1);
  CHECK(story.execution.run == 3);
}

TEST_CASE("worker drops the result of a run that was cancelled while it executed") {
  WorkerStory story;
  story.run(1);
  story.take();
  CHECK(story.cancel(1).empty());
  CHECK_FALSE(story.state.has_slot());  // the thread cannot be stopped
  CHECK(story.done(1).empty());
  CHECK(story.state.count() == 0);
  CHECK(story.state.has_slot());
}

TEST_CASE("worker adopts a cancelled run that is wanted again while it executes") {
  WorkerStory story;
  story.run(1);
  story.take();
  story.cancel(1);
  CHECK(story.run(1, {}, {.run = 2}).empty());
  CHECK(story.take() == 0);
  CHECK(story.done(1) == Lines{"finished 1 run 2"});
}

TEST_CASE("worker runs a task again that was told of its cancellation and is wanted once more") {
  WorkerStory story;
  story.run(1);
  story.take();
  story.cancel(1);
  CHECK(story.run(1, {}, {.run = 2}).empty());
  weir::detail::worker::Outcome outcome;
  outcome.id = 1;
  outcome.was_told = true;
  weir::detail::worker::Actions actions;
  story.state.done(std::move(outcome), actions);
  CHECK(actions.empty());
  CHECK(story.take() == 1);
  CHECK(story.done(1) == Lines{"finished 1 run 2"});
}

TEST_CASE("worker drops the result when its cancellation arrives after its end") {
  WorkerStory story;
  story.run(1);
  story.take();
  story.done(1);
  CHECK(story.cancel(1).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE(
    "worker whose cancelled run was the input of another task looks for it elsewhere when it has ended") {
  WorkerStory story;
  story.run(1);
  story.take();
  story.cancel(1);
  story.run(5, {{1, 2, false}});
  CHECK(story.input_at(1, 2, false).empty());  // not while the thread still computes it
  CHECK(story.done(1) == Lines{"missing 1 of 1"});
  CHECK(story.input_at(1, 2, false) == Lines{"will get 1 @2"});
}

TEST_CASE("worker that has a copy already needs not run the task") {
  WorkerStory story;
  story.run(5, {{1, 2, true}});
  story.arrive(2, 1);
  CHECK(story.run(1, {}, {.run = 4}) == Lines{"finished 1 run 4"});
}

TEST_CASE("worker that gets a copy before it has started the task is done with it") {
  WorkerStory story;
  story.run(5, {{1, 2, true}});
  story.run(1, {}, {.run = 4});
  CHECK(story.arrive(2, 1) == Lines{"finished 1 run 4"});
  CHECK(story.take() == 5);
  CHECK(story.take() == 0);
}

TEST_CASE("worker ignores a copy of what it executes, and drops the request when it is done") {
  WorkerStory story;
  story.run(5, {{1, 2, true}});
  story.run(1);
  REQUIRE(story.take() == 1);
  SECTION("it comes first") {
    CHECK(story.arrive(2, 1).empty());
    CHECK(story.done(1) == Lines{"finished 1 run 1"});
  }
  SECTION("it does not come") { CHECK(story.done(1) == Lines{"finished 1 run 1", "drop 1 @2"}); }
  CHECK(story.take() == 5);
}

// --- copies

TEST_CASE("worker copies a result and keeps it until it is freed") {
  WorkerStory story;
  CHECK(story.replicate(1, 2) == Lines{"get 1 @2"});
  CHECK(story.arrive(2, 1) == Lines{"here 1"});
  CHECK(story.replicate(1, 2) == Lines{"here 1"});
  CHECK(story.free(1).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker forgets a copy that cannot be had") {
  WorkerStory story;
  story.replicate(1, 2);
  CHECK(story.missing(2, 1) == Lines{"missing 1 of 2"});
  CHECK(story.free(1).empty());  // the scheduler's answer
  CHECK(story.state.count() == 0);
  story.replicate(1, 2);
  CHECK(story.missing(2, 1, true).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker does not wait for a copy of what must be computed again") {
  WorkerStory story;
  story.replicate(1, 2);
  story.missing(2, 1);
  CHECK(story.input_at(1, 3, false).empty());
  CHECK(story.state.count() == 0);
  story.replicate(1, 2);
  story.missing(2, 1);
  CHECK(story.input_at(1, 3, true) == Lines{"get 1 @3"});
}

TEST_CASE("worker does not copy what it is to compute") {
  WorkerStory story;
  story.run(1);
  CHECK(story.replicate(1, 2).empty());
  CHECK(story.cancel(1).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker keeps what is put there") {
  WorkerStory story;
  CHECK(story.put(1, 50) == Lines{"here 1"});
  CHECK(story.put(1, 50) == Lines{"here 1"});
  CHECK(story.state.bytes() == 50);
  CHECK(story.asked(2, 1) == Lines{"value 1 @2"});
}

// --- resources

TEST_CASE("worker runs a task when its resources are free, and others meanwhile") {
  WorkerStory story(4, {{"GPU", 2}, {"licence", 1}});
  story.run(1, {}, {.resources = {{"GPU", 2}}});
  story.run(2, {}, {.resources = {{"GPU", 1}}});
  story.run(3, {}, {.resources = {{"licence", 1}}});
  story.run(4);
  CHECK(story.take() == 1);
  CHECK(story.take() == 3);  // 2 must wait, but holds nobody up
  CHECK(story.take() == 4);
  CHECK(story.take() == 0);
  story.done(1);
  CHECK(story.take() == 2);
}

TEST_CASE("worker starts a small constrained task behind a large one that does not fit yet") {
  WorkerStory story(3, {{"GPU", 2}});
  story.run(1, {}, {.resources = {{"GPU", 1}}});
  story.run(2, {}, {.resources = {{"GPU", 2}}});
  story.run(3, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.take() == 1);
  CHECK(story.take() == 3);
  story.done(1);
  CHECK(story.take() == 0);
  story.done(3);
  CHECK(story.take() == 2);
}

TEST_CASE("worker keeps the resources of a cancelled task until its thread has ended") {
  WorkerStory story(2, {{"GPU", 1}});
  story.run(1, {}, {.resources = {{"GPU", 1}}});
  story.run(2, {}, {.resources = {{"GPU", 1}}});
  story.take();
  story.cancel(1);
  CHECK(story.take() == 0);
  story.done(1);
  CHECK(story.take() == 2);
  story.threw(2);
  story.run(3, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.take() == 3);
}

TEST_CASE("worker never starts what needs a resource it has not") {
  WorkerStory story(1, {{"GPU", 1}});
  story.run(1, {}, {.resources = {{"FPGA", 1}}});
  story.run(2, {}, {.resources = {{"GPU", 1.5}}});
  CHECK(story.take() == 0);
}

TEST_CASE("worker counts fractions of resources without drift") {
  WorkerStory story(100, {{"GPU", 1}});
  for (int round = 0; round < 50; ++round) {
    for (TaskId id = 1; id <= 10; ++id)
      story.run(id, {}, {.run = static_cast<std::uint32_t>(round + 1), .resources = {{"GPU", 0.1}}});
    for (TaskId id = 1; id <= 10; ++id) CHECK(story.take() == id);
    for (TaskId id = 1; id <= 10; ++id) {
      story.done(id);
      story.free(id);
    }
  }
}

// --- slots

TEST_CASE("worker runs another task while one waits for others") {
  WorkerStory story;
  story.run(1);
  story.run(2);
  CHECK(story.take() == 1);
  CHECK(story.take() == 0);
  story.secede(0);
  CHECK(story.take() == 2);
  story.rejoin(0);
  CHECK_FALSE(story.state.has_slot());
  story.done(2);
  CHECK_FALSE(story.state.has_slot());
  story.done(1);
  CHECK(story.state.has_slot());
}

TEST_CASE("worker runs out-of-band tasks beside the others") {
  WorkerStory story;
  story.run(1);
  story.run(2, {}, {.out_of_band = true});
  story.run(3, {}, {.out_of_band = true});
  CHECK(story.take() == 1);
  CHECK(story.state.has_ready(true));
  const TaskId first = story.take(true), second = story.take(true);
  CHECK(first + second == 5);
  CHECK(story.take(true) == 0);
  CHECK_FALSE(story.state.has_slot());
  story.done(1);
  CHECK(story.state.has_slot());
  story.done(first);
  CHECK(story.done(second) == Lines{"finished " + std::to_string(second) + " run 1"});
}

TEST_CASE("worker drops an out-of-band task that is cancelled before it started") {
  WorkerStory story;
  story.run(1, {}, {.out_of_band = true});
  story.cancel(1);
  CHECK(story.take(true) == 0);
  CHECK(story.state.count() == 0);
}

TEST_CASE("worker: a task that waits, was cancelled and is wanted once more waits as the new run") {
  WorkerStory story;
  story.run(1);
  REQUIRE(story.take() == 1);
  CHECK(story.secede(1) == Lines{"waits 1 run 1"});
  story.cancel(1);
  CHECK(story.run(1, {}, {.run = 2}) == Lines{"waits 1 run 2"});
  CHECK(story.rejoin(1) == Lines{"goes on 1 run 2"});
  CHECK(story.done(1) == Lines{"finished 1 run 2"});
}
