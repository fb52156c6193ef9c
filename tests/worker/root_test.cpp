// What the thread of a waiting task may run meanwhile.
#include <catch2/catch.hpp>

#include "worker/state.hpp"

using namespace weir;
using namespace weir::detail;

TEST_CASE("the thread of a waiting task takes what stands on the same root, and nothing else") {
  worker::State state(1, 1, {});
  worker::Actions out;
  protocol::RunTask run;
  run.id = 7;
  run.run = 1;
  run.order = 5 << 8 | 254;
  state.handle(std::move(run), out);
  worker::Execution task;
  CHECK_FALSE(state.take_of_root(task, 6 << 8 | 255));
  CHECK(state.take_of_root(task, 5 << 8 | 255));
  CHECK(task.id == 7);
  CHECK_FALSE(state.take_of_root(task, 5 << 8 | 255));
}

TEST_CASE("the thread of a waiting task takes what it waits for before its siblings, not before the urgent") {
  const auto ready = [](TaskId id, std::uint64_t order, std::int32_t priority, worker::State& state) {
    worker::Actions out;
    protocol::RunTask run;
    run.id = id;
    run.run = 1;
    run.order = order;
    run.priority = priority;
    state.handle(std::move(run), out);
  };
  worker::State state(1, 3, {});
  ready(7, 5 << 8 | 250, 0, state);
  ready(8, 5 << 8 | 251, 0, state);
  worker::Execution task;
  CHECK(state.take_of_root(task, 5 << 8 | 255, 8));
  CHECK(task.id == 8);
  state.check();
  ready(9, 5 << 8 | 252, 0, state);
  ready(10, 5 << 8 | 252, 1, state);
  CHECK(state.take_of_root(task, 5 << 8 | 255, 9));
  CHECK(task.id == 10);  // it is more urgent
  CHECK(state.take_of_root(task, 5 << 8 | 255, 8));
  CHECK(task.id == 7);                                     // the one waited for runs already
  CHECK_FALSE(state.take_of_root(task, 5 << 8 | 255, 9));  // the worker has three slots
  state.check();
}

TEST_CASE("a task that was taken before its turn is not found again") {
  worker::State state(1, 4, {});
  worker::Actions out;
  for (const TaskId id : {7, 8}) {
    protocol::RunTask run;
    run.id = id;
    run.run = 1;
    run.order = 5 << 8 | id;
    state.handle(std::move(run), out);
  }
  worker::Execution task;
  CHECK(state.take_of_root(task, 5 << 8 | 255, 8));
  CHECK(state.take(task));
  CHECK(task.id == 7);
  CHECK_FALSE(state.take(task));
  CHECK_FALSE(state.has_ready());
}

TEST_CASE("who waits for a task takes it if it is the next one") {
  worker::State state(1, 1, {});
  worker::Actions out;
  for (const TaskId id : {7, 8}) {
    protocol::RunTask run;
    run.id = id;
    run.run = 1;
    run.order = id << 8;
    state.handle(std::move(run), out);
  }
  worker::Execution task;
  CHECK_FALSE(state.take_if_next(task, 8));
  CHECK(state.take_if_next(task, 7));
  CHECK(task.id == 7);
  CHECK_FALSE(state.take_if_next(task, 8));  // the worker has one slot
}
