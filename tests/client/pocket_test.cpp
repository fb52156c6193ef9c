// What leaves a pocket, and in which order.
#include "client/pocket.hpp"

#include <catch2/catch.hpp>
#include <list>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::detail;
using client::Pocket;
using client::Pocketed;
using Stage = Pocketed::Stage;

namespace {

struct Tasks {
  using Ids = std::vector<TaskId>;
  Pocket pocket;
  std::vector<std::unique_ptr<Pocketed>> made;
  std::list<client::Hand> hands;

  Pocketed& put(int depth, std::initializer_list<Pocketed*> inputs = {}) {
    client::Request request;
    for (Pocketed* input : inputs) {
      ++input->references;
      request.untold.emplace_back(input);
    }
    Pocketed& task =
        *made.emplace_back(std::make_unique<Pocketed>(std::move(request), pocket, TaskId{7}, depth));
    task.id = made.size();
    task.is_untold = true;
    pocket.put(task);
    return task;
  }
  bool begin(Pocketed& task) {
    Pocket::Values values;
    return pocket.begin(task, 3, values);
  }
  void end(Pocketed& task, int result) {
    task::Value value = task::Value::make(result);
    CHECK(pocket.end(task, value, 4, 0.5F));
  }
  /// Of the task that a thread with nothing to do gets; 0: none.
  TaskId begin_any() {
    client::Hand& hand = hands.emplace_back();
    pocket.take_any(4, 1, hand);
    const TaskId id = hand.tasks.empty() ? 0 : hand.tasks.front()->id;
    hand.tasks.clear();
    return id;
  }
  /// What such a thread takes in hand of those that have no inputs.
  client::Hand& take(std::size_t most) {
    client::Hand& hand = hands.emplace_back();
    pocket.take_any(4, most, hand);
    return hand;
  }
  /// What its own thread takes of what is left over, begun or not.
  Ids take_left(std::size_t most) {
    client::Hand& hand = hands.emplace_back();
    pocket.take_left(3, most, hand);
    for (const client::FutureRef& task : hand.tasks)
      CHECK((hand.is_begun || Pocket::begin_held(static_cast<Pocketed&>(*task.get()))));
    const Ids taken = ids(hand);
    pocket.put_down(hand);
    return taken;
  }
  static std::vector<TaskId> ids(const client::Hand& hand) {
    std::vector<TaskId> ids;
    for (const client::FutureRef& task : hand.tasks) ids.push_back(task->id);
    return ids;
  }
  static std::vector<TaskId> ids(const std::vector<Pocket::Left>& left) {
    std::vector<TaskId> ids;
    for (const Pocket::Left& one : left) {
      CHECK_FALSE(one.task->is_untold);
      ids.push_back(one.task->id);
    }
    return ids;
  }
  ~Tasks() {
    hands.clear();
    while (!made.empty()) made.pop_back();  // the last first: they hold their inputs
  }
};
using Ids = Tasks::Ids;

}  // namespace

TEST_CASE("pocket: a task that was begun is run by its thread alone, and its result stays there") {
  Tasks tasks;
  Pocketed& task = tasks.put(0);
  CHECK(tasks.begin(task));
  CHECK(tasks.pocket.is_empty());
  CHECK_FALSE(tasks.begin(task));
  tasks.end(task, 42);
  CHECK(task.status == Status::finished);
  CHECK(task.value.as<int>() == 42);
  CHECK(task.runs_on == 3);
  CHECK(tasks.pocket.forget(task));
}

TEST_CASE("pocket: whoever takes a task tells of it, once, and knows how far it is") {
  Tasks tasks;
  Pocketed &waits = tasks.put(0), &runs = tasks.put(0), &done = tasks.put(0);
  CHECK(tasks.begin(runs));
  CHECK(tasks.begin(done));
  tasks.end(done, 1);
  CHECK(tasks.pocket.take(waits)->stage == Stage::waiting);
  CHECK(tasks.pocket.take(runs)->stage == Stage::running);
  CHECK(tasks.pocket.take(done)->stage == Stage::done);
  CHECK_FALSE(tasks.pocket.take(waits));
  CHECK_FALSE(tasks.begin(waits));
  task::Value other = task::Value::make(2);
  CHECK_FALSE(tasks.pocket.end(runs, other, 4, 0));
  CHECK(other.as<int>() == 2);  // still the caller's
  CHECK(runs.status == Status::pending);
  CHECK_FALSE(tasks.pocket.forget(waits));
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: what a task and those on top of it have submitted leaves in the order of submission") {
  Tasks tasks;
  for (const int depth : {0, 0, 1, 1, 2}) tasks.put(depth);
  CHECK(tasks.pocket.has_from(2));
  CHECK_FALSE(tasks.pocket.has_from(3));
  CHECK(Tasks::ids(tasks.pocket.take_from(1)) == Ids{3, 4, 5});
  CHECK_FALSE(tasks.pocket.has_from(1));
  CHECK(tasks.pocket.take_from(1).empty());
  CHECK(Tasks::ids(tasks.pocket.take_from(0)) == Ids{1, 2});
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: who has nothing to do begins with the newest of what the lowest task has submitted") {
  Tasks tasks;
  for (const int depth : {0, 0, 0, 1, 1}) tasks.put(depth);
  CHECK(tasks.begin(*tasks.made[0]));
  CHECK(tasks.begin_any() == 3);
  CHECK(tasks.begin_any() == 2);
  CHECK(tasks.begin_any() == 5);
  CHECK(tasks.begin_any() == 4);
  CHECK(tasks.begin_any() == 0);
}

TEST_CASE(
    "pocket: a task begins when its inputs are done, with their values, and lets go of them at its end") {
  Tasks tasks;
  Pocketed &a = tasks.put(0), &b = tasks.put(0), &sum = tasks.put(0, {&a, &b});
  CHECK(tasks.begin(a));
  tasks.end(a, 1);
  CHECK_FALSE(tasks.begin(sum));
  CHECK(tasks.begin_any() == 2);  // the newest that can
  CHECK(tasks.begin_any() == 0);
  tasks.end(b, 2);
  Pocket::Values values;
  CHECK(tasks.pocket.begin(sum, 3, values));
  REQUIRE(values.size() == 2);
  CHECK(values[0].as<int>() == 1);
  CHECK(values[1].as<int>() == 2);
  CHECK(a.references == 2);
  tasks.end(sum, 3);
  CHECK(a.references == 1);
  CHECK(b.references == 1);
}

TEST_CASE("pocket: whoever needs a task claims its inputs one after the other, and nobody else takes them") {
  Tasks tasks;
  Pocketed &done = tasks.put(0), &first = tasks.put(0), &second = tasks.put(0),
           &sum = tasks.put(0, {&done, &first, &second});
  CHECK(tasks.begin(done));
  tasks.end(done, 1);
  std::size_t at = 0;
  const Pocket::Claimed claimed = tasks.pocket.claim_input(sum, at, 3);
  CHECK(claimed.task.get() == &first);
  CHECK(claimed.is_begun);
  CHECK(first.runs_on == 3);
  CHECK(tasks.begin_any() == second.id);
  CHECK(tasks.begin_any() == 0);
  CHECK_FALSE(tasks.begin(first));
  tasks.end(first, 1);
  const Pocket::Claimed taken = tasks.pocket.claim_input(sum, at, 3);
  CHECK(taken.task.get() == &second);  // to be waited for
  CHECK_FALSE(taken.is_begun);
  CHECK_FALSE(tasks.pocket.claim_input(sum, at, 3).task);
}

TEST_CASE("pocket: an input that has inputs itself is claimed, and begun after them") {
  Tasks tasks;
  Pocketed &first = tasks.put(0), &second = tasks.put(0, {&first}), &third = tasks.put(0, {&second});
  std::size_t at = 0;
  const Pocket::Claimed claimed = tasks.pocket.claim_input(third, at, 3);
  CHECK(claimed.task.get() == &second);
  CHECK_FALSE(claimed.is_begun);
  CHECK(tasks.pocket.claim_input(second, at = 0, 3).is_begun);
  tasks.end(first, 1);
  CHECK(tasks.begin(second));
}

TEST_CASE("pocket: a task with an input that has been told of does not begin, but has to be told of") {
  Tasks tasks;
  Pocketed &input = tasks.put(0), &task = tasks.put(0, {&input});
  CHECK(tasks.pocket.take(input)->stage == Stage::waiting);
  CHECK_FALSE(tasks.begin(task));
  CHECK(tasks.begin_any() == task.id);
  CHECK(task.stage == Stage::waiting);
  const auto left = tasks.pocket.take(task);
  REQUIRE(left->inputs.size() == 1);
  CHECK(left->inputs[0].get() == &input);
}

TEST_CASE("pocket: what is left over comes in order, but what one of these leaves comes before the others") {
  Tasks tasks;
  CHECK_FALSE(tasks.pocket.leave_over(9));
  for (int i = 0; i < 3; ++i) tasks.put(0);
  CHECK(tasks.made[2]->origin.task() == 7);
  CHECK(tasks.take_left(1).empty());  // their submitter is not done
  CHECK(tasks.pocket.leave_over(9));
  CHECK(tasks.made[2]->origin.order() == 9);
  CHECK(tasks.made[2]->origin.task() == 0);
  CHECK_FALSE(tasks.pocket.has_from(0));
  CHECK(tasks.take_left(1) == Ids{1});
  for (int i = 0; i < 2; ++i) tasks.put(0);
  CHECK(tasks.pocket.leave_over(8));
  CHECK(tasks.made[2]->origin.order() == 9);
  CHECK(tasks.take_left(1) == Ids{4});
  CHECK(tasks.take_left(8) == Ids{5});
  CHECK(tasks.take_left(8) == Ids{2, 3});
  CHECK(tasks.pocket.is_empty());
  CHECK(tasks.take_left(8).empty());
  tasks.put(0);  // of what is left over before nothing is remembered
  CHECK(tasks.take_left(1).empty());
}

TEST_CASE("pocket: of what is left over others may take some, and what it stands on comes first") {
  Tasks tasks;
  Pocketed& first = tasks.put(0);
  tasks.put(0, {&first});
  tasks.put(0);
  CHECK(tasks.pocket.leave_over(9));
  CHECK(tasks.begin_any() == 3);  // the newest that can begin
  CHECK(tasks.take_left(8) == Ids{1});
  CHECK(tasks.take_left(8).empty());
  tasks.end(first, 1);
  CHECK(tasks.take_left(8) == Ids{2});
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: a task that nobody holds is kept until it is done or told of") {
  Tasks tasks;
  Pocketed &done = tasks.put(0), &told = tasks.put(0), &begun = tasks.put(0);
  CHECK(tasks.pocket.keep(done));
  CHECK(tasks.pocket.keep(done));
  CHECK(tasks.pocket.keep(told));
  CHECK(tasks.begin(begun));
  CHECK_FALSE(tasks.pocket.keep(begun));
  CHECK(tasks.pocket.kept_count() == 2);
  CHECK(done.references == 2);
  CHECK(tasks.begin(done));
  tasks.end(done, 1);
  CHECK(Pocket::let_go(done));
  CHECK_FALSE(Pocket::let_go(done));
  CHECK(done.references == 1);
  CHECK(tasks.pocket.let_go_count() == 1);
  CHECK(tasks.pocket.take(told)->stage == Stage::waiting);
  CHECK_FALSE(tasks.pocket.keep(told));
  CHECK(Pocket::let_go(told));
  CHECK(tasks.pocket.let_go_count() == 2);
}

TEST_CASE("pocket: where nothing else can begin, what deeper tasks have submitted is taken") {
  Tasks tasks;
  std::size_t at = 0;
  Pocketed *last = &tasks.put(-1), *first = last;
  for (int i = 0; i < 100; ++i) {
    last = &tasks.put(-1, {last});
    CHECK(tasks.pocket.claim_input(*last, at = 0, 3).task);
  }
  CHECK(first->stage == Stage::running);
  for (int i = 0; i < 10; ++i) tasks.put(0);
  for (TaskId id = 111; id > 101; --id) CHECK(tasks.begin_any() == id);
  CHECK(tasks.begin_any() == 0);
}

TEST_CASE("pocket: what others run of it is told of with all that wait, and with nothing less") {
  Tasks tasks;
  for (int i = 0; i < 4; ++i) tasks.put(0);
  CHECK(tasks.begin_any() == 4);
  CHECK(tasks.begin_any() == 3);
  CHECK(Tasks::ids(tasks.pocket.take_from(0)) == Ids{1, 2});
  tasks.end(*tasks.made[2], 1);
  const auto left = tasks.pocket.take_all();
  CHECK(Tasks::ids(left) == Ids{4});
  CHECK(left[0].stage == Stage::running);
  CHECK(tasks.pocket.take_all().empty());
}

TEST_CASE("pocket: of many chains the first links are found, wherever they are") {
  Tasks tasks;
  for (int chain = 0; chain < 20; ++chain) {
    Pocketed* last = &tasks.put(0);
    for (int link = 0; link < 10; ++link) last = &tasks.put(0, {last});
  }
  std::set<TaskId> begun;
  for (int tries = 0; tries < 1000; ++tries)
    if (const TaskId id = tasks.begin_any()) begun.insert(id);
  CHECK(begun.size() == 20);
}

TEST_CASE("pocket: a task whose last reference has gone is not begun by anybody") {
  Tasks tasks;
  Pocketed& task = tasks.put(0);
  task.references = 0;
  CHECK(tasks.begin_any() == 0);
  CHECK(tasks.pocket.forget(task));
}

TEST_CASE("pocket: a task that nobody wants any more leaves without a trace") {
  Tasks tasks;
  Pocketed &first = tasks.put(0), &second = tasks.put(0);
  CHECK(tasks.pocket.forget(first));
  CHECK(Tasks::ids(tasks.pocket.take_from(0)) == Ids{2});
  CHECK_FALSE(tasks.pocket.forget(second));
  CHECK(tasks.pocket.is_empty());
  tasks.put(0);
  CHECK_FALSE(tasks.pocket.is_empty());
}

TEST_CASE(
    "pocket: a hand takes a quarter of what waits at most, not the newest, and what it leaves waits on") {
  Tasks tasks;
  for (int i = 0; i < 16; ++i) tasks.put(0);
  client::Hand& hand = tasks.take(32);
  CHECK(Tasks::ids(hand) == Ids{8, 7, 6, 5});
  CHECK_FALSE(hand.is_begun);
  CHECK(Pocket::begin_held(*tasks.made[7]));
  tasks.end(*tasks.made[7], 8);
  CHECK(tasks.begin(*tasks.made[6]));  // its own thread is first
  CHECK_FALSE(Pocket::begin_held(*tasks.made[6]));
  CHECK(tasks.made[6]->runs_on == 3);
  tasks.pocket.put_down(hand);
  CHECK(hand.tasks.empty());
  CHECK(tasks.pocket.count() == 14);
  CHECK(Tasks::ids(tasks.pocket.take_all()).size() == 14);  // of the one that runs nothing is away
  CHECK(tasks.made[6]->is_untold);
}

TEST_CASE(
    "pocket: of a hand what runs is told of with its slot, what waits like any, what is done not at all") {
  Tasks tasks;
  for (int i = 0; i < 12; ++i) tasks.put(0);
  client::Hand& hand = tasks.take(3);
  REQUIRE(hand.tasks.size() == 3);
  Pocketed &done = static_cast<Pocketed&>(*hand.tasks[0].get()),
           &runs = static_cast<Pocketed&>(*hand.tasks[1].get()),
           &waits = static_cast<Pocketed&>(*hand.tasks[2].get());
  CHECK(Pocket::begin_held(done));
  tasks.end(done, 1);
  CHECK(Pocket::begin_held(runs));
  for (const Pocket::Left& one : tasks.pocket.take_all()) {
    CHECK(one.task != &done);
    CHECK(one.has_slot == (one.task == &runs));
    CHECK(one.stage == (one.task == &runs ? Stage::running : Stage::waiting));
  }
  CHECK(done.is_untold);
  CHECK_FALSE(runs.is_untold);
  CHECK_FALSE(Pocket::begin_held(waits));
  task::Value value = task::Value::make(2);
  CHECK_FALSE(tasks.pocket.end(runs, value, 4, 0));
  tasks.pocket.put_down(hand);
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: where a hand keeps what others could run they take it out of it") {
  Tasks tasks;
  for (int i = 0; i < 8; ++i) tasks.put(0);
  client::Hand &first = tasks.take(2), &second = tasks.take(2), &third = tasks.take(2);
  std::set<TaskId> begun;
  for (int tries = 0; tries < 20; ++tries)
    if (const TaskId id = tasks.begin_any()) CHECK(begun.insert(id).second);
  CHECK(begun.size() == 8);
  for (client::Hand* hand : {&first, &second, &third}) {
    CHECK_FALSE(hand->tasks.empty());
    for (const client::FutureRef& task : hand->tasks)
      CHECK_FALSE(Pocket::begin_held(static_cast<Pocketed&>(*task.get())));
    tasks.pocket.put_down(*hand);
  }
  CHECK(tasks.pocket.take_all().size() == 8);  // those that took them run them
}

TEST_CASE("pocket: what waits is counted by function, and told of by nobody for that") {
  Tasks tasks;
  Pocketed& first = tasks.put(0);
  Pocketed& second = tasks.put(0);
  Pocketed& third = tasks.put(0, {&first});
  first.function = second.function = 5;
  third.function = 6;
  CHECK(tasks.pocket.count() == 3);
  CHECK(tasks.pocket.by_function() == std::unordered_map<std::uint64_t, std::size_t>{{5, 2}, {6, 1}});
  REQUIRE(tasks.begin(second));
  CHECK(tasks.pocket.count() == 2);
  CHECK(tasks.pocket.by_function() == std::unordered_map<std::uint64_t, std::size_t>{{5, 1}, {6, 1}});
  tasks.end(second, 1);
  REQUIRE(tasks.begin(first));
  tasks.end(first, 1);
  REQUIRE(tasks.begin(third));
  tasks.end(third, 1);
  CHECK(tasks.pocket.is_empty());
  CHECK(tasks.pocket.by_function().empty());
}

TEST_CASE("pocket: each task is run once, whoever takes it") {
  constexpr int rounds = 20, each = 2000;
  for (int round = 0; round < rounds; ++round) {
    Tasks tasks;
    std::vector<std::atomic<int>> runs(each + 1);
    std::atomic<bool> over{false};
    std::atomic<int> told{0};
    const auto run = [&](Pocketed& task) {
      ++runs[task.id];
      task::Value value = task::Value::make(1);
      if (!tasks.pocket.end(task, value, 4, 0)) ++runs[0];
    };
    const auto thieve = [&](std::size_t most) {
      client::Hand hand;
      while (!over) {
        tasks.pocket.take_any(5, most, hand);
        for (const client::FutureRef& one : hand.tasks) {
          auto& task = static_cast<Pocketed&>(*one.get());
          if (hand.is_begun || Pocket::begin_held(task)) run(task);
        }
        tasks.pocket.put_down(hand);
      }
    };
    std::thread a(thieve, 16), b(thieve, 1), c([&] {
      while (!over) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        for (const Pocket::Left& left : tasks.pocket.take_all()) {
          told += left.stage == Stage::waiting;
          if (left.stage == Stage::done) ++runs[0];
        }
      }
    });
    tasks.made.reserve(each);
    for (int i = 0; i < each; ++i) tasks.put(0);
    for (int i = 0; i < each; ++i)
      if (tasks.begin(*tasks.made[i])) run(*tasks.made[i]);
    while (!tasks.pocket.is_empty()) std::this_thread::yield();
    over = true;
    for (std::thread* thread : {&a, &b, &c}) thread->join();
    int ran = 0;
    for (int i = 1; i <= each; ++i) {
      CHECK(runs[i] <= 1);
      CHECK((runs[i] == 1 || tasks.made[i - 1]->stage == Stage::told));
      ran += runs[i];
    }
    CHECK(ran + told == each);
  }
}
