// Nobody waits for what another could do: tasks given ahead, resources, data that is still needed.
#include <numeric>

#include "support/scheduler_story.hpp"

using namespace weir;
using weir::test::Story;
using Lines = Story::Lines;

namespace {

bool contains(const Lines& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}
std::size_t count_of(const Lines& lines, const std::string& begin) {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(begin); }));
}

// One worker has eight tasks of ten microseconds, too few to be worth a steal; the first is slow this time.
struct SlowStory : Story {
  SlowStory() {
    join(1);
    submit(1);
    finish(1, 8, 10e-6f);
    for (TaskId id = 2; id <= 9; ++id) submit(id);
    CHECK(join(2).empty());
  }
};

}  // namespace

TEST_CASE("what was given ahead is taken back when the running task overstays its estimate") {
  SlowStory story;
  CHECK(story.tick(1e-3).empty());
  Lines taken = story.tick(0.5);
  CHECK(count_of(taken, "retract") == 4);
  CHECK(story.retracted(9, true) == Lines{"run 9 @2"});
}

TEST_CASE("a worker that gets on with its tasks keeps what it was given ahead") {
  SlowStory story;
  story.now = 0.49;
  story.finish(2, 8, 10e-6f);
  CHECK(story.tick(0.5).empty());
}

TEST_CASE("what was given to a worker that still runs what was cancelled goes to one that is idle") {
  Story story;
  story.join(1);
  story.submit(1);
  const bool is_cancelled = GENERATE(true, false);
  if (is_cancelled) story.cancel(1);
  else story.release(1);
  CHECK(story.submit(2) == Lines{"run 2 @1"});  // nobody knows how long that goes on
  CHECK(story.join(2).empty());
  CHECK(story.tick(1e-3).empty());
  CHECK(story.tick(0.5) == Lines{"retract 2 @1"});
  SECTION("who has begun is asked once") {
    story.retracted(2, false);
    CHECK(story.tick(1.5).empty());
  }
  SECTION("what came back does not go to and fro while its message is on the way") {
    CHECK(story.retracted(2, true) == Lines{"run 2 @2"});
    CHECK(story.tick(1.5).empty());
    CHECK(story.tick(2.5).empty());
  }
  story.finish(2);
}

TEST_CASE("what waits for an input to be brought is not asked back from its worker") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.arrive(1, 1, 1 << 30);
  story.join(2);
  story.submit(2, {1}, {.workers = {"2"}, .allow_other_workers = true});
  story.submit(3);
  CHECK(story.worker_of(2) == 2);
  story.finish(3);
  CHECK(story.tick(5).empty());
}

TEST_CASE("a task that waits for its input is at a preferred worker ahead of it") {
  Story story;
  for (const PeerId peer : {1, 2}) story.join(peer, 1, {{"GPU", 1}});
  story.submit(1);
  const PeerId at = story.worker_of(1), other = 3 - at;
  const std::string name = std::to_string(other);
  CHECK(contains(story.submit(2, {1}, {.workers = {name}, .allow_other_workers = true}), "run 2 @" + name));
  // Of those that are named one that is there, and what must be there and nowhere else waits for its input.
  CHECK(contains(story.submit(3, {1}, {.workers = {"7", name}, .allow_other_workers = true}),
                 "run 3 @" + name));
  CHECK(story.submit(4, {1}, {.workers = {name}}).empty());
  CHECK(story.submit(5, {1}, {.workers = {"7"}, .allow_other_workers = true}).empty());
  const Options two{.workers = {name}, .allow_other_workers = true, .resources = {{"GPU", 1}}};
  CHECK(story.submit(6, {1}, two).empty());
  story.finish(1);
  for (const TaskId id : {2, 3, 4, 6}) CHECK(story.worker_of(id) == other);
  CHECK(contains(story.lose(other), "run 2 @" + std::to_string(at)));
}

TEST_CASE("a worker that overstays is given nothing more ahead") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1, 8, 10e-6f);
  story.submit(2);
  story.submit(3);
  story.now = 1;
  story.submit(4);
  CHECK(story.of(4) == TaskState::queued);
  CHECK(contains(story.join(2), "run 4 @2"));
}

TEST_CASE("tasks that need a resource are spread by the resource, not by threads") {
  Story story;
  for (PeerId peer = 1; peer <= 3; ++peer) story.join(peer, 4, {{"GPU", 1}});
  for (TaskId id = 1; id <= 9; ++id) story.submit(id, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.processing() == std::vector<std::uint32_t>{3, 3, 3});
}

TEST_CASE("a worker with a free resource takes a task that waits for one elsewhere") {
  Story story;
  story.join(1, 4, {{"GPU", 1}});
  for (TaskId id = 1; id <= 4; ++id) story.submit(id, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.join(2, 4, {{"GPU", 1}}) == Lines{"retract 4 @1"});
  CHECK(story.retracted(4, true) == Lines{"run 4 @2"});
  CHECK(contains(story.finish(4), "retract 3 @1"));
  // Two on each: nobody waits for what is free elsewhere.
  CHECK(story.retracted(3, true) == Lines{"run 3 @2"});
  CHECK(count_of(story.finish(1), "retract") == 0);
}

TEST_CASE("a worker with a free resource asks for another task when the first one runs already") {
  Story story;
  story.join(1, 4, {{"GPU", 1}});
  for (TaskId id = 1; id <= 4; ++id) story.submit(id, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.join(2, 4, {{"GPU", 1}}) == Lines{"retract 4 @1"});
  CHECK(story.retracted(4, false) == Lines{"retract 3 @1"});
  CHECK(story.retracted(3, true) == Lines{"run 3 @2"});
}

TEST_CASE("scattered data stays while a result that stands on it may have to be computed again") {
  Story story;
  story.join(1);
  story.join(2);
  story.scatter(1, {1, 2});
  story.arrive(1, 1);
  story.arrive(1, 2);
  story.submit(2, {1}, {.workers = {"1"}, .allow_other_workers = true});
  REQUIRE(story.worker_of(2) == 1);
  story.finish(2, 1'000'000);
  CHECK(story.release(1).empty());
  CHECK(story.of(1) == TaskState::memory);
  CHECK(contains(story.lose(1), "run 2 @2"));
  story.finish(2, 1'000'000);
  story.release(2);
  CHECK(story.state.task_count() == 0);
}

TEST_CASE("scattered data goes when nothing that stands on it can be lost any more") {
  Story story;
  story.join(1);
  story.scatter(1, 1);
  story.arrive(1, 1);
  story.submit(2, {1});
  story.release(1);
  CHECK(contains(story.finish_run(2, 1, story.run_of(2), 8, 1e-3f, true), "free 1 @1"));
}

TEST_CASE("data scattered to several workers arrives though the first of them dies") {
  Story story;
  story.join(1);
  story.join(2);
  story.scatter(1, {1, 2});
  CHECK(story.lose(1).empty());
  CHECK(count_of(story.arrive(1, 2), "done 1") == 1);
  CHECK(story.scatter(3, {1, 2}).empty());  // one that has gone already
  CHECK(count_of(story.arrive(3, 2), "done 3") == 1);
}

TEST_CASE("a worker whose tasks have lost their input takes what is queued for it") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(4, {}, {.workers = {"1"}});
  story.finish(4, 10'000'000'000);
  story.submit(1, {}, {.workers = {"2"}});
  story.finish(1);
  for (const TaskId id : {2, 3}) story.submit(id, {1}, {.workers = {"1"}});
  story.submit(5, {4});
  REQUIRE(story.of(5) == TaskState::queued);
  CHECK(contains(story.lose(2), "run 5 @1"));
}
