// Where tasks go and when they are held back, as stories.
#include "support/scheduler_story.hpp"

using namespace weir;
using test::Story;
using Lines = Story::Lines;
using Counts = std::vector<std::uint32_t>;

namespace {

std::string at(PeerId peer) { return " @" + std::to_string(peer); }

Counts counts_of_ten_roots(double saturation) {
  Story story({.saturation = saturation});
  story.join(1, 2);
  story.join(2, 1);
  for (TaskId id = 1; id <= 10; ++id) story.submit(id);
  return story.processing();
}

// What a worker that has both runs first.
bool more_urgent(const detail::scheduler::Task& a, const detail::scheduler::Task& b) {
  return a.priority != b.priority ? a.priority > b.priority : a.order < b.order;
}

}  // namespace

// --- queuing

TEST_CASE("policy: root tasks beyond saturation wait at the scheduler, with the counts of Dask") {
  CHECK(counts_of_ten_roots(2.5) == Counts{5, 3});
  CHECK(counts_of_ten_roots(2) == Counts{4, 2});
  CHECK(counts_of_ten_roots(1.1) == Counts{3, 2});
  CHECK(counts_of_ten_roots(1) == Counts{2, 1});
}

TEST_CASE("policy: every thread gets a task, however small the saturation") {
  CHECK(counts_of_ten_roots(0.1) == Counts{2, 1});
}

TEST_CASE("policy: the least load is that of the worker whose threads have the least to do") {
  Story story({.saturation = 10});
  CHECK(story.state.least_load_s() == 0);
  story.join(1, 2);
  story.join(2, 1);
  story.submit(1);
  story.finish(1, 8, 1e-3f);
  CHECK(story.state.least_load_s() == 0);
  for (TaskId id = 2; id <= 8; ++id) story.submit(id);
  CHECK(story.processing() == Counts{5, 2});
  CHECK(story.state.least_load_s() == Approx(2e-3));
  story.lose(2);
  CHECK(story.processing() == Counts{7});
  CHECK(story.state.least_load_s() == Approx(3.5e-3));
  story.lose(1);
  CHECK(story.state.least_load_s() == 0);
}

TEST_CASE("policy: queued tasks go back to the queue when their worker dies and out of it when one joins") {
  Story story({.saturation = 1});
  story.join(1, 2);
  story.join(2, 2);
  for (TaskId id = 1; id <= 10; ++id) story.submit(id);
  const auto queued = [&] {
    return story.state.snapshot().tasks[static_cast<std::size_t>(TaskState::queued)];
  };
  CHECK(queued() == 6);
  story.lose(2);
  CHECK(queued() == 8);
  story.join(3, 2);
  CHECK(queued() == 6);
}

TEST_CASE("policy: a task is given ahead to where most inputs are, or where less is to be done by far") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.submit(2);
  const PeerId busy = story.worker_of(1), other = story.worker_of(2);
  REQUIRE(busy != other);
  story.submit(3, {1});
  story.submit(4, {1, 2, 3});
  CHECK(story.worker_of(4) == busy);
  for (TaskId id = 5; id < 15; ++id) story.submit(id, {id == 5 ? 3 : id - 1});
  REQUIRE(story.worker_of(14) == busy);
  story.submit(20, {1, 2, 14});
  CHECK(story.worker_of(20) == other);
}

TEST_CASE(
    "policy: tasks of a new function are taken to be as long as others, and stay where large inputs are") {
  const auto moved = [](float known_s) {
    Story story;
    story.join(1);
    story.join(2);
    if (known_s > 0) {
      story.submit(1);
      story.finish(1, 8, known_s);
    }
    story.scatter(3, 1);
    story.arrive(3, 1, 64 << 20);  // 34 ms away
    int count = 0;
    for (TaskId id = 10; id < 14; ++id) {
      story.submit(id, {3}, {}, 9);
      count += story.state.task(id)->worker != story.state.task(10)->worker;
    }
    return count;
  };
  CHECK(moved(0) > 0);  // 50 ms, since nothing is known
  CHECK(moved(2e-3f) == 0);
  CHECK(moved(60) > 0);
}

TEST_CASE("policy: the same places of two rows of roots come to one worker, however these keep up") {
  Story story;
  story.join(1);
  story.join(2);
  std::vector<PeerId> ran(2 * 16);
  TaskId id = 1;
  const auto finish_one = [&](PeerId peer) {
    for (TaskId one = 1; one < id; ++one)
      if (story.of(one) == TaskState::processing && story.worker_of(one) == peer) {
        ran[one - 1] = peer;
        story.finish(one, 8 << 20, 0.01f);
        return true;
      }
    return false;
  };
  for (int row = 0; row < 2; ++row) {
    for (int i = 0; i < 16; ++i) story.submit(id++);
    for (int i = 0; i < 2; ++i) finish_one(row == 0 ? 1 : 2);  // one is ahead, another one each time
    for (bool goes_on = true; goes_on;) {
      const bool one = finish_one(1);
      goes_on = finish_one(2) || one;
    }
  }
  int alike = 0;
  for (std::size_t i = 0; i < 16; ++i) alike += ran[i] == ran[16 + i];
  CHECK(alike >= 14);  // at the end of a row who has nothing left takes another's
}

TEST_CASE("policy: who has finished his share of a row takes what others have not begun") {
  Story story;
  story.join(1);
  story.join(2);
  for (TaskId id = 1; id <= 16; ++id) story.submit(id);
  int done = 0;
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (TaskId id = 1; id <= 16 && !goes_on; ++id)
      if (story.of(id) == TaskState::processing && story.worker_of(id) == 1) {
        story.finish(id, 8, 0.01f);
        goes_on = ++done > 0;
      }
  }
  CHECK(done >= 14);
}

TEST_CASE("policy: of many siblings few are given ahead of their input, whether or not others are idle now") {
  const auto given_ahead = [](std::uint32_t others, bool busy) {
    Story story;
    story.join(1);
    story.submit(1);
    for (PeerId peer = 2; peer < 2 + others; ++peer) {
      story.join(peer);
      if (busy) story.submit(100 + peer);
    }
    int count = 0;
    for (TaskId id = 1000; id < 1040; ++id) {
      story.submit(id, {1});
      count += story.state.task(id)->state == TaskState::processing;
    }
    return count;
  };
  CHECK(given_ahead(3, false) == 4);
  CHECK(given_ahead(3, true) == 4);
  CHECK(given_ahead(0, false) == 40);
}

TEST_CASE("policy: a worker that has as much ahead as it may is given more as it works that off") {
  Story story({.ahead_tasks = 16});
  story.join(1);
  for (TaskId id = 1; id <= 60; ++id) story.submit(id, id == 1 ? std::vector<TaskId>{} : std::vector{id - 1});
  CHECK(story.processing() == Counts{17});  // one begins, 16 wait for another
  for (TaskId id = 1; id <= 40; ++id) {
    story.finish(id, 8, 1e-3f);
    CHECK(story.processing().at(0) >= 15);  // in handfuls of two
  }
  for (TaskId id = 41; id <= 60; ++id) story.finish(id, 8, 1e-3f);
  CHECK(story.processing() == Counts{0});
}

TEST_CASE("policy: both workers get their share of every layer, also when one had all of earlier ones") {
  constexpr TaskId width = 8, layers = 200;
  const auto number = [](TaskId layer, TaskId column) { return 1 + layer * width + column; };
  Story story({.ahead_tasks = 64});
  story.join(1);
  for (TaskId layer = 0; layer < layers; ++layer)
    for (TaskId column = 0; column < width; ++column) {
      std::vector<TaskId> inputs;
      for (TaskId from = std::max<TaskId>(column, 1) - 1; layer > 0 && from < std::min(column + 2, width);
           ++from)
        inputs.push_back(number(layer - 1, from));
      story.submit(number(layer, column), inputs);
    }
  story.join(2);
  for (TaskId layer = 0; layer < layers; ++layer) {
    TaskId first = 0;
    for (TaskId column = 0; column < width; ++column) {
      first += story.worker_of(number(layer, column)) == 1;
      story.finish(number(layer, column), 8, 4e-6f);
    }
    INFO("layer " << layer << ": " << first << " of " << width);
    CHECK((layer < 60 || (first >= 2 && first <= 6)));
  }
}

TEST_CASE("policy: what is large is not moved ahead to where less is to be done") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.submit(2);
  const PeerId busy = story.worker_of(1);
  story.submit(3, {1});
  story.finish(1, 8'000'000'000);
  for (TaskId id = 5; id < 15; ++id) story.submit(id, {id == 5 ? 3 : id - 1});
  story.submit(20, {1, 2, 14});
  CHECK(story.worker_of(20) == busy);
}

TEST_CASE("policy: a worker is given as much ahead as takes milliseconds, once durations are known") {
  Story story({.ahead_s = 1.99e-3});
  story.join(1);
  for (TaskId id = 1; id <= 100; ++id) story.submit(id);
  CHECK(story.processing() == Counts{2});
  CHECK(story.finish(1, 8, 1e-4f).size() == 20);  // done, and so many runs that 20 are there
  CHECK(story.processing() == Counts{20});
}

TEST_CASE("policy: how long calls that fail take counts until one has not failed") {
  Story story({.ahead_s = 1.99e-3});
  story.join(1);
  for (TaskId id = 1; id <= 100; ++id) story.submit(id);
  REQUIRE(story.processing() == Counts{2});
  story.fail(1, "it threw");  // before its function was called
  CHECK(story.processing() == Counts{2});
  story.fail(2, "it threw", 1e-4f);
  CHECK(story.processing() == Counts{20});
  story.finish(3, 8, 1);
  story.fail(4, "it threw", 1e-4f);
  for (TaskId id = 5; id <= 22; ++id) story.finish(id, 8, 1);
  CHECK(story.processing() == Counts{2});
}

TEST_CASE("policy: a worker is filled up in runs, not one by one") {
  Story story({.ahead_s = 1.99e-3});
  story.join(1);
  for (TaskId id = 1; id <= 100; ++id) story.submit(id);
  story.finish(1, 8, 1e-4f);
  REQUIRE(story.processing() == Counts{20});
  TaskId next = 2;
  Lines lines;
  do lines = story.finish(next++, 8, 1e-4f);
  while (lines.size() == 1);
  CHECK(story.processing() == Counts{20});
  CHECK(lines.size() == 11);
}

TEST_CASE("policy: the most urgent queued task comes first") {
  Story story;
  story.join(1);
  for (TaskId id = 1; id <= 5; ++id) story.submit(id);
  story.submit(6, {}, {.priority = 5});
  story.submit(7, {}, {.priority = -1});
  story.submit(8, {}, {.priority = 5});
  std::vector<TaskId> ran;
  for (TaskId id = 1; ran.size() < 8; id = 0) {
    for (TaskId each = 1; each <= 8; ++each)
      if (story.of(each) == TaskState::processing &&
          (id == 0 || more_urgent(*story.state.task(each), *story.state.task(id))))
        id = each;
    story.finish(id, 8, 1);
    ran.push_back(id);
  }
  CHECK(std::find(ran.begin(), ran.end(), 6) < std::find(ran.begin(), ran.end(), 4));
  CHECK(std::find(ran.begin(), ran.end(), 6) < std::find(ran.begin(), ran.end(), 8));
  CHECK(ran.back() == 7);
}

TEST_CASE("policy: what was started is finished first: a dependent overtakes the roots behind its own") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  story.submit(1);
  story.submit(2);
  story.submit(3, {1});
  story.submit(4, {3});
  REQUIRE(story.of(2) == TaskState::queued);
  CHECK(story.finish(1, 8, 1) == Lines{"done 1"});  // 3 is there already; 2 stays where it is
  CHECK(story.of(2) == TaskState::queued);
  CHECK(story.state.task(4)->order < story.state.task(3)->order);
  CHECK(story.state.task(3)->order < story.state.task(1)->order);
  CHECK(story.state.task(1)->order < story.state.task(2)->order);
}

TEST_CASE("policy: a task submitted by a task comes before the roots behind its parent") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2);
  detail::protocol::SubmitTask child;
  child.id = make_task_id(1, 1);
  child.parent = 1;
  story.submit(std::move(child));
  CHECK(story.state.task(make_task_id(1, 1))->order < story.state.task(1)->order);
}

TEST_CASE("policy: what is told of late stands where its parent stood, which has gone") {
  Story story;
  story.join(1);
  story.submit(1);
  story.submit(2);
  const std::uint64_t order = story.state.task(1)->order;
  story.finish(1, 8);
  story.release(1);
  REQUIRE(story.state.task(1) == nullptr);
  const auto told = [&](TaskId id, std::uint64_t order_of_parent) {
    detail::protocol::SubmitTask child;
    child.id = id;
    child.parent = 1;
    detail::scheduler::Actions actions;
    story.state.told_late(0, std::move(child), order_of_parent, actions);
    return story.state.task(id)->order;
  };
  CHECK(told(3, order) == detail::scheduler::order_on(order));
  CHECK(told(3, order) < story.state.task(2)->order);
  CHECK(told(4, 0) > story.state.task(2)->order);
}

// --- placement

TEST_CASE("policy: a task goes to the larger of its inputs") {
  Story story;
  story.join(1);
  story.join(2);
  story.submit(1);
  story.submit(2);
  const PeerId small = story.worker_of(1), large = story.worker_of(2);
  REQUIRE(small != large);
  story.finish(1, 1000);
  story.finish(2, 100'000'000);
  CHECK(story.submit(3, {1, 2}) == Lines{"run 3" + at(large)});
}

TEST_CASE("policy: a task leaves its small input for an idle worker when the holder is busy") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  story.submit(1);
  story.finish(1, 100, 1);
  story.submit(2);
  story.join(2);
  CHECK(story.submit(3, {1}) == Lines{"run 3 @2"});
  CHECK(story.state.run_message(3).inputs[0] == story.passing(1, 1, true));
}

TEST_CASE("policy: a task waits for the busy holder of a huge input") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  story.submit(1);
  story.finish(1, 1'000'000'000'000, 1e-3f);  // minutes to move
  story.submit(2);
  story.join(2);
  CHECK(story.submit(3, {1}).empty());
  CHECK(story.of(3) == TaskState::queued);
  CHECK(story.finish(2) == Lines{"done 2", "run 3 @1"});
}

TEST_CASE("policy: chains that were started on different workers stay there") {
  Story story;
  for (PeerId peer = 1; peer <= 4; ++peer) story.join(peer);
  for (TaskId id = 1; id <= 4; ++id) story.submit(id);
  for (TaskId id = 5; id <= 40; ++id) story.submit(id, {id - 4});
  for (TaskId id = 5; id <= 40; ++id) CHECK(story.worker_of(id) == story.worker_of((id - 1) % 4 + 1));
}

TEST_CASE("policy: rows of neighbours spread over all workers, not onto one") {
  Story story;
  for (PeerId peer = 1; peer <= 4; ++peer) story.join(peer);
  constexpr TaskId width = 16;
  for (TaskId id = 1; id <= width; ++id) story.submit(id);
  for (TaskId row = 1; row < 20; ++row)
    for (TaskId x = 1; x <= width; ++x) {
      const TaskId below = (row - 1) * width + x;
      std::vector<TaskId> inputs{below};
      if (x > 1) inputs.push_back(below - 1);
      if (x < width) inputs.push_back(below + 1);
      story.submit(row * width + x, inputs);
    }
  for (TaskId id = 1; id <= 20 * width; ++id) {
    if (story.of(id) != TaskState::processing) continue;
    story.finish(id);
  }
  std::map<PeerId, int> finished;
  for (const WorkerInfo& worker : story.state.snapshot().workers)
    finished[worker.peer] = static_cast<int>(worker.finished);
  for (const auto& [peer, count] : finished) CHECK(count >= 20 * 16 / 8);
}

// Of each input pair one is on either side when the partners are farthest apart.
TEST_CASE("policy: columns of a transform stay where they are, as many on each worker") {
  constexpr TaskId width = 8, rows = 60;
  constexpr float task_s = 20e-6f;
  Story story;
  story.join(1);
  story.join(2);
  for (TaskId id = 1; id <= width; ++id) story.submit(id);
  for (TaskId id = 1; id <= width; ++id) story.finish(id, 8, task_s);  // it is known how long they take
  for (TaskId row = 1; row < rows; ++row)
    for (TaskId column = 0; column < width; ++column) {
      const TaskId below = (row - 1) * width + column + 1, apart = TaskId{1} << (row - 1) % 3;
      std::vector<TaskId> inputs;
      if (column >= apart) inputs.push_back(below - apart);
      inputs.push_back(below);
      if (column + apart < width) inputs.push_back(below + apart);
      story.submit(row * width + column + 1, inputs);
    }
  std::map<TaskId, PeerId> home;
  std::map<PeerId, int> count;
  int moved = 0;
  for (TaskId id = width + 1; id <= rows * width; ++id) {
    REQUIRE(story.of(id) == TaskState::processing);
    const PeerId worker = story.worker_of(id);
    story.finish(id, 8, task_s);
    if (id <= rows * width / 2) continue;
    ++count[worker];
    const auto [known, is_first] = home.try_emplace(id % width, worker);
    moved += !is_first && std::exchange(known->second, worker) != worker;
  }
  INFO(count[1] << " and " << count[2] << " tasks, " << moved << " moved");
  CHECK(moved <= 4);
  CHECK(std::abs(count[1] - count[2]) <= 40);
}

// --- stealing

TEST_CASE("policy: a worker that joins takes what the busy one has been held back") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  for (TaskId id = 1; id <= 4; ++id) story.submit(id);
  CHECK(story.join(2) == Lines{"run 2 @2"});
}

TEST_CASE("policy: small copies of an input are told of once its tasks are more than twice the workers") {
  const auto passing_until = [](std::uint32_t workers) {
    Story story;
    for (PeerId peer = 1; peer <= workers; ++peer) story.join(peer);
    story.submit(1);
    story.finish(1);
    TaskId id = 2;
    const auto passes = [&] {
      story.submit(id);
      const TaskId user = id + 1;
      story.submit(user, {1});
      id += 2;
      return story.state.run_message(user).inputs[0].passes();
    };
    int count = 0;
    while (passes()) ++count;
    return count;
  };
  CHECK(passing_until(2) == 8);
  CHECK(passing_until(3) == 8);
  CHECK(passing_until(20) == 40);
}

TEST_CASE("policy: an idle worker takes from the scheduler's queue of a busy one at once") {
  Story story({.saturation = 1, .ahead_s = 0});
  story.join(1);
  story.submit(1);
  story.finish(1, 100, 1);
  for (TaskId id = 2; id <= 6; ++id) story.submit(id, {1});
  REQUIRE(story.of(6) == TaskState::queued);
  const Lines lines = story.join(2);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(0, 4) == "run ");
  CHECK(lines[0].substr(lines[0].size() - 3) == " @2");
}

TEST_CASE(
    "policy: an idle worker asks back what a busy one was given ahead, and runs it when it is given back") {
  Story story({.saturation = 8});
  story.join(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id);
  REQUIRE(story.processing() == Counts{6});
  const Lines asked = story.join(2);
  REQUIRE(asked.size() == 3);
  CHECK(asked[0] == "retract 6 @1");
  CHECK(story.retracted(6, true) == Lines{"run 6 @2"});
  CHECK(story.run_of(6) == 2);
  CHECK(story.retracted(5, false).empty());  // its victim has started it
  CHECK(story.worker_of(5) == 1);
  CHECK(story.finish(5) == Lines{"done 5"});
}

TEST_CASE("policy: a task whose thief has died stays or goes where there is room") {
  Story story({.saturation = 8});
  story.join(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id);
  REQUIRE(story.join(2).size() == 3);
  story.lose(2);
  CHECK(story.retracted(6, true) == Lines{"run 6 @1"});
  CHECK(story.retracted(5, false).empty());
}

TEST_CASE("policy: the answer to a retraction that is out of date is ignored") {
  Story story({.saturation = 8});
  story.join(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id);
  REQUIRE(story.join(2).size() == 3);
  const std::uint32_t run = story.run_of(6);
  story.release(6);
  CHECK(story.retracted_run(6, 1, run, true).empty());
  CHECK(story.of(6) == TaskState::forgotten);
  story.retracted(5, true);
  CHECK(story.retracted_run(5, 1, 1, true).empty());
  CHECK(story.worker_of(5) == 2);
}

TEST_CASE("policy: the thief gets something else when its victim finishes first") {
  Story story({.saturation = 8});
  story.join(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id);
  REQUIRE(story.join(2).size() == 3);
  for (const TaskId id : {6, 5, 4}) story.finish(id, 8, 1);
  CHECK(story.of(3) == TaskState::processing);
  CHECK(story.state.task(3)->thief != detail::scheduler::nowhere);
}

TEST_CASE("policy: nothing is taken from a worker that will start it sooner") {
  Story story({.saturation = 8});
  story.join(1);
  story.submit(1);
  story.finish(1, 8, 1e-6f);
  for (TaskId id = 2; id <= 6; ++id) story.submit(id);
  CHECK(story.join(2).empty());
}

// --- restrictions

TEST_CASE("policy: a task runs only on the workers it names, by name, host or rank") {
  Story story;
  story.join(1, 1, {}, "alpha");
  story.join(2, 1, {}, "beta");
  CHECK(story.submit(1, {}, {.workers = {"worker 2"}}) == Lines{"run 1 @2"});
  CHECK(story.submit(2, {}, {.workers = {"beta"}}) == Lines{"run 2 @2"});
  CHECK(story.submit(3, {}, {.workers = {"2"}}) == Lines{"run 3 @2"});
  CHECK(story.submit(4, {}, {.workers = {"gamma"}}).empty());
  CHECK(story.of(4) == TaskState::no_worker);
  CHECK(story.join(3, 1, {}, "gamma") == Lines{"run 4 @3"});
}

TEST_CASE("policy: a preferred worker is taken if it is there, another one otherwise") {
  Story story;
  story.join(1);
  story.join(2);
  CHECK(story.submit(1, {}, {.workers = {"2"}, .allow_other_workers = true}) == Lines{"run 1 @2"});
  CHECK(story.submit(2, {}, {.workers = {"7"}, .allow_other_workers = true}).size() == 1);
}

TEST_CASE("policy: a task with resources runs where they are, and waits for a worker that has them") {
  Story story;
  story.join(1, 1, {{"GPU", 1}});
  story.join(2);
  CHECK(story.submit(1, {}, {.resources = {{"GPU", 1}}}) == Lines{"run 1 @1"});
  CHECK(story.state.run_message(1).extras.resources == std::vector<Resource>{{"GPU", 1}});
  CHECK(story.submit(2, {}, {.resources = {{"GPU", 2}}}).empty());
  CHECK(story.of(2) == TaskState::no_worker);
  CHECK(story.join(3, 1, {{"GPU", 4}}) == Lines{"run 2 @3"});
}

TEST_CASE("policy: what no worker may run fails with the reason once none can come") {
  Story story;
  story.join(1, 1, {}, "alpha");
  story.submit(1, {}, {.workers = {"beta"}, .name = "picky"});
  CHECK(story.submit(2, {1}).empty());
  REQUIRE(story.state.has_unplaceable());
  detail::scheduler::Actions out;
  story.state.give_up_unplaceable(1, out);
  story.state.check();
  CHECK_FALSE(story.state.has_unplaceable());
  CHECK(story.of(1) == TaskState::erred);
  CHECK(story.of(2) == TaskState::erred);
  CHECK_THAT(
      story.state.explain(1)[1],
      Catch::Contains("none is to come: worker 1 on alpha: is not among the workers this task may run on"));
}

TEST_CASE("policy: restricted tasks are not stolen by workers that may not run them") {
  Story story({.saturation = 8});
  story.join(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id, {}, {.workers = {"1"}});
  CHECK(story.join(2).empty());
}

TEST_CASE("policy: a restricted task that loses its worker waits for one that fits") {
  Story story;
  story.join(1, 1, {{"GPU", 1}});
  story.join(2);
  story.submit(1, {}, {.resources = {{"GPU", 1}}});
  CHECK(story.lose(1).empty());
  CHECK(story.of(1) == TaskState::no_worker);
  CHECK(story.cancel(1) == Lines{"failed 1"});
  CHECK(story.join(3, 1, {{"GPU", 1}}).empty());
}

// --- workers that lack memory

TEST_CASE("policy gives a worker that lacks memory nothing while another has room") {
  Story story;
  story.join(1);
  story.join(2);
  story.pause(1);
  CHECK(story.submit(1) == Lines{"run 1 @2"});
  for (TaskId id = 2; id <= 8; ++id) story.submit(id);
  CHECK(story.processing().at(0) == 0);
  CHECK(story.state.snapshot().workers.at(0).paused);
  CHECK(story.state.snapshot().workers.at(0).spilled_bytes == 100);
}

TEST_CASE("policy fills a worker when it has memory again") {
  Story story;
  story.join(1);
  story.join(2);
  story.pause(1);
  for (TaskId id = 1; id <= 8; ++id) story.submit(id);
  CHECK(story.processing().at(0) == 0);
  CHECK_FALSE(story.pause(1, false).empty());
  CHECK(story.processing().at(0) > 0);
}

TEST_CASE("policy goes on one task at a time when all workers lack memory") {
  Story story;
  story.join(1, 4);
  story.join(2, 4);
  story.pause(1);
  story.pause(2);
  for (TaskId id = 1; id <= 8; ++id) story.submit(id);
  CHECK(story.processing() == std::vector<std::uint32_t>{1, 1});
  story.finish(1);
  CHECK(story.processing() == std::vector<std::uint32_t>{1, 1});
  story.lose(1);
  story.finish(2);
  CHECK(story.processing() == std::vector<std::uint32_t>{1});
}

TEST_CASE("policy lets a worker that lacks memory wait until the others do too") {
  Story story;
  story.join(1);
  story.join(2);
  story.pause(1);
  for (TaskId id = 1; id <= 6; ++id) story.submit(id);
  CHECK(story.processing().at(0) == 0);
  story.pause(2);
  CHECK(story.processing().at(0) == 1);
}

TEST_CASE("policy takes a task with its input elsewhere when the holder lacks memory") {
  Story story;
  story.join(1);
  story.submit(1);
  story.finish(1);
  story.join(2);
  story.pause(1);
  CHECK(story.submit(2, {1}) == Lines{"run 2 @2"});
}

TEST_CASE("placement: a task that waits has given all of its cores away") {
  Story story;
  story.join(1, 4);
  story.join(2, 4);
  story.submit(1, {}, {.cores = 4});
  story.submit(2, {}, {.cores = 4});
  REQUIRE(story.worker_of(1) != story.worker_of(2));
  story.waits(1);
  CHECK(story.submit(3, {}, {.cores = 4}) == Lines{"run 3 @" + std::to_string(story.worker_of(1))});
  story.submit(4, {}, {.cores = 4});
  story.waits(1, false);
  story.waits(2);
  // What had been given to the one that goes on goes to the other.
  CHECK(story.retracted(4, true) == Lines{"run 4 @" + std::to_string(story.worker_of(2))});
  story.lose(story.worker_of(2), {2});
  for (const TaskId id : {3, 1, 2, 4}) story.finish(id);
}

TEST_CASE("placement: whoever lacks what a waiting task keeps is found, and the reason told") {
  Story story;
  story.join(1, 2, {{"gpu", 1}});
  story.submit(1, {}, {.resources = {{"gpu", 1}}, .name = "task"});
  story.submit(2, {}, {.resources = {{"gpu", 1}}, .name = "task"});
  CHECK(story.state.first_to_lack_kept() == 0);  // it waits for one that runs
  story.waits(1);
  CHECK(story.state.first_to_lack_kept() == 2);
  CHECK(story.state.kept_text(2) ==
        "task-2 waits for 1 gpu of worker 1, where task-1 keeps 1 while it waits itself; if it waits for "
        "this, neither goes on: tasks keep what they ask for beside cores, so ask for gpu in those that use "
        "it, not in one that waits for them");
  CHECK(story.state.explain(2).back().starts_with("it waits for 1 gpu of worker 1, where task-1 keeps 1"));
  story.waits(1, false);
  CHECK(story.state.first_to_lack_kept() == 0);
  story.waits(1);
  story.join(2, 1, {{"gpu", 1}});  // where it goes
  story.retracted(2, true);
  CHECK(story.worker_of(2) == 2);
  CHECK(story.state.first_to_lack_kept() == 0);
}

TEST_CASE("placement: no threads are kept for a gang that lacks what a waiting task keeps") {
  Story story;
  story.join(1, 1, {{"gpu", 1}});
  story.submit(1, {}, {.resources = {{"gpu", 1}}, .name = "task"});
  story.gang(10, 1, {.resources = {{"gpu", 1}}, .name = "task"});
  CHECK(story.submit(2).empty());  // behind the gang
  CHECK(story.waits(1) == Lines{"run 2 @1"});
  CHECK(story.state.first_to_lack_kept() == 10);
  CHECK(story.state.explain(10).back().starts_with("it waits for 1 gpu of worker 1, where task-1 keeps 1"));
  story.finish(2);
  story.waits(1, false);
  CHECK(story.state.first_to_lack_kept() == 0);
  story.finish(1);
  CHECK(story.of(10) == TaskState::processing);
}

TEST_CASE("placement: what lacks a resource that a waiting task keeps takes no thread from others") {
  Story story;
  story.join(1, 1, {{"gpu", 1}});
  for (const TaskId id : {1, 2, 3, 4}) story.submit(id, {}, {.resources = {{"gpu", 1}}});
  story.submit(5);  // for which the first of them waits
  CHECK(story.of(5) == TaskState::queued);
  CHECK(story.waits(1) == Lines{"run 5 @1"});
  story.finish(5);
  story.waits(1, false);
  for (const TaskId id : {1, 2, 3, 4}) story.finish(id);
}

TEST_CASE("placement: what a waiting task keeps is kept also when the only copy of its input is lost") {
  Story story;
  story.join(2);
  story.submit(1);
  story.finish(1);
  story.join(1, 1, {{"gpu", 1}});
  story.submit(2, {1}, {.resources = {{"gpu", 1}}, .name = "task"});
  story.submit(3, {}, {.resources = {{"gpu", 1}}, .name = "task"});
  story.waits(2);
  story.lose(2);  // before the scheduler heard of a copy
  CHECK(story.worker_of(1) == 1);
  CHECK(story.state.first_to_lack_kept() == 3);
  story.waits(2, false);  // goes on, with what it was given
  story.waits(2);
  story.finish(1);
  story.submit(4);  // for which it waits
  CHECK(story.worker_of(4) == 1);
  story.finish(4);
  story.waits(2, false);
  for (const TaskId id : {2, 3}) story.finish(id);
}

TEST_CASE("placement: a wide task whose input is lost takes no threads until it is there again") {
  Story story;
  story.join(1, 2);
  story.join(2, 2);
  story.submit(1, {}, {.workers = {"worker 2"}});
  story.finish(1);
  story.submit(2, {1}, {.workers = {"worker 1"}, .cores = 2});
  story.submit(3, {}, {.workers = {"worker 1"}});
  story.pause(1);
  story.lose(2);  // it is made again there
  CHECK(story.worker_of(1) == 0);
  for (TaskId id = 4; id < 8; ++id) story.submit(id);
  CHECK(story.of(4) == TaskState::queued);
  story.finish(3);
  CHECK(story.of(4) == TaskState::processing);
}

TEST_CASE("policy: of many that wait for one input few are given ahead while others have nothing to do") {
  Story story;
  for (PeerId peer = 1; peer <= 10; ++peer) story.join(peer);
  story.submit(1);
  for (TaskId id = 2; id <= 21; ++id) story.submit(id, {1});
  CHECK(story.of(5) == TaskState::processing);
  CHECK(story.of(6) == TaskState::waiting);
  story.finish(1);
  std::vector<PeerId> homes;
  for (TaskId id = 2; id <= 21; ++id)
    if (story.of(id) == TaskState::processing) homes.push_back(story.worker_of(id));
  std::sort(homes.begin(), homes.end());
  homes.erase(std::unique(homes.begin(), homes.end()), homes.end());
  CHECK(homes.size() == 10);
}
