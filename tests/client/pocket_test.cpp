// What leaves a pocket, and in which order.
#include "client/pocket.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::detail;
using client::Pocket;
using client::Pocketed;
using Stage = Pocketed::Stage;

namespace {

struct Tasks {
  Pocket pocket;
  std::vector<std::unique_ptr<Pocketed>> made;

  Pocketed& put(int depth) {
    Pocketed& task =
        *made.emplace_back(std::make_unique<Pocketed>(client::Request{}, pocket, TaskId{7}, depth));
    task.id = made.size();
    task.is_untold = true;
    pocket.put(task);
    return task;
  }
  static std::vector<TaskId> ids(const std::vector<Pocketed*>& tasks) {
    std::vector<TaskId> ids;
    for (const Pocketed* task : tasks) {
      CHECK_FALSE(task->is_untold);
      ids.push_back(task->id);
    }
    return ids;
  }
};
using Ids = std::vector<TaskId>;

}  // namespace

TEST_CASE("pocket: a task that was begun is run by its thread alone, and its result stays there") {
  Tasks tasks;
  Pocketed& task = tasks.put(0);
  CHECK(tasks.pocket.begin(task, 3));
  CHECK(tasks.pocket.is_empty());
  CHECK_FALSE(tasks.pocket.begin(task, 3));
  task::Value value = task::Value::make(42);
  CHECK(tasks.pocket.end(task, value, 4, 0.5F));
  CHECK(task.status == Status::finished);
  CHECK(task.value.as<int>() == 42);
  CHECK(task.runs_on == 3);
  CHECK(tasks.pocket.forget(task));
}

TEST_CASE("pocket: whoever takes a task tells of it, once, and knows how far it is") {
  Tasks tasks;
  Pocketed &waits = tasks.put(0), &runs = tasks.put(0), &done = tasks.put(0);
  CHECK(tasks.pocket.begin(runs, 1));
  CHECK(tasks.pocket.begin(done, 1));
  task::Value value = task::Value::make(1), other = task::Value::make(2);
  CHECK(tasks.pocket.end(done, value, 4, 0));
  CHECK(tasks.pocket.take(waits) == Stage::waiting);
  CHECK(tasks.pocket.take(runs) == Stage::running);
  CHECK(tasks.pocket.take(done) == Stage::done);
  CHECK_FALSE(tasks.pocket.take(waits));
  CHECK_FALSE(tasks.pocket.begin(waits, 1));
  CHECK_FALSE(tasks.pocket.end(runs, other, 4, 0));
  CHECK(other.as<int>() == 2);  // still the caller's
  CHECK(runs.status == Status::pending);
  CHECK_FALSE(tasks.pocket.forget(waits));
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: what a task and those on top of it have submitted leaves in the order of submission") {
  Tasks tasks;
  for (const int depth : {0, 0, 1, 1, 2}) tasks.put(depth);
  CHECK(Tasks::ids(tasks.pocket.take_from(1)) == Ids{3, 4, 5});
  CHECK(tasks.pocket.take_from(1).empty());
  CHECK(Tasks::ids(tasks.pocket.take_from(0)) == Ids{1, 2});
  CHECK(tasks.pocket.is_empty());
}

TEST_CASE("pocket: who has nothing to do gets the newer half of what the lowest task has submitted") {
  Tasks tasks;
  for (const int depth : {0, 0, 0, 0, 0, 1, 1}) tasks.put(depth);
  CHECK(tasks.pocket.begin(*tasks.made[0], 1));
  CHECK(tasks.pocket.begin(*tasks.made[2], 1));
  CHECK(Tasks::ids(tasks.pocket.take_half(256)) == Ids{4, 5});
  CHECK(Tasks::ids(tasks.pocket.take_half(256)) == Ids{2});
  CHECK(Tasks::ids(tasks.pocket.take_half(256)) == Ids{7});
  CHECK(Tasks::ids(tasks.pocket.take_half(256)) == Ids{6});
  CHECK(tasks.pocket.take_half(256).empty());
}

TEST_CASE("pocket: of many tasks the newest leave, no more than can be used at once") {
  Tasks tasks;
  for (int i = 0; i < 10; ++i) tasks.put(0);
  tasks.put(1);
  CHECK(Tasks::ids(tasks.pocket.take_half(3)) == Ids{8, 9, 10});
  CHECK(Tasks::ids(tasks.pocket.take_half(3)) == Ids{5, 6, 7});
  CHECK(Tasks::ids(tasks.pocket.take_half(3)) == Ids{3, 4});
}

TEST_CASE("pocket: a task that nobody wants any more leaves without a trace") {
  Tasks tasks;
  Pocketed &first = tasks.put(0), &second = tasks.put(0);
  CHECK(tasks.pocket.forget(first));
  CHECK(Tasks::ids(tasks.pocket.take_half(256)) == Ids{2});
  CHECK_FALSE(tasks.pocket.forget(second));
  CHECK(tasks.pocket.is_empty());
  tasks.put(0);
  CHECK_FALSE(tasks.pocket.is_empty());
}
