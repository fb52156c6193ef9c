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
