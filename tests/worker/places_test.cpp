// Which processors and devices tasks get, and what a worker starts beside them.
#include "worker/places.hpp"

#include <catch2/catch.hpp>

#include "support/worker_story.hpp"

using namespace weir;
using namespace weir::test;
using detail::worker::Grant;
using detail::worker::Machine;
using detail::worker::Places;

TEST_CASE("places: two tasks never share a device, unless both asked for a part") {
  Places places(Machine{{}, {"3", "GPU-8f"}});
  CHECK(places.has_gpu(2));
  const Grant one = places.take(0, 1);
  CHECK(one.devices == std::vector<std::string>{"3"});
  const Grant half = places.take(0, 0.5), quarter = places.take(0, 0.25);
  CHECK(half.devices == std::vector<std::string>{"GPU-8f"});
  CHECK(quarter.devices == std::vector<std::string>{"GPU-8f"});
  CHECK_FALSE(places.has_gpu(1));
  CHECK_FALSE(places.has_gpu(0.3));
  places.give_back(one);
  CHECK(places.has_gpu(1));
  // A part goes where there are parts already, so that whole ones stay whole.
  CHECK(places.take(0, 0.25).devices == std::vector<std::string>{"GPU-8f"});
  places.give_back(half);
  places.give_back(quarter);
  CHECK_FALSE(places.has_gpu(2));
}

TEST_CASE("places: devices given back in parts are whole again") {
  Places places(Machine{{}, {"0"}});
  std::vector<Grant> grants;
  for (int i = 0; i < 10; ++i) grants.push_back(places.take(0, 0.1));
  CHECK_FALSE(places.has_gpu(0.05));
  for (const Grant& grant : grants) places.give_back(grant);
  CHECK(places.has_gpu(1));
}

TEST_CASE("places: cores come from one memory domain if one has enough") {
  Places places(Machine{{{0, 1, 2, 3}, {4, 5}}, {}});
  const Grant two = places.take(2, 0);
  CHECK(two.cpus == std::vector<int>{4, 5});
  const Grant three = places.take(3, 0);
  CHECK(three.cpus == std::vector<int>{0, 1, 2});
  CHECK(places.take(2, 0).cpus.empty());  // one is free: nothing is bound rather than too little
  places.give_back(two);
  CHECK(places.take(3, 0).cpus == std::vector<int>{3, 4, 5});
}

TEST_CASE("worker: a task of several cores takes so many threads, and is not starved by small ones") {
  WorkerStory story(4);
  detail::worker::Execution task;
  story.run(1);
  story.run(2);
  REQUIRE(story.state.take(task));
  REQUIRE(story.state.take(task));
  story.run(3, {}, {.resources = {{"cores", 3}}});
  story.run(4);  // less urgent: it would take what task 3 waits for
  CHECK_FALSE(story.state.take(task));
  story.done(1);
  REQUIRE(story.state.take(task));
  CHECK(task.id == 3);
  REQUIRE(task.grant);
  CHECK(task.grant->cores == 3);
  CHECK_FALSE(story.state.take(task));
  story.done(2);
  REQUIRE(story.state.take(task));
  CHECK(task.id == 4);
}

TEST_CASE("worker: a task of a whole device waits, one of a part goes") {
  WorkerStory story(4, {{"gpu", 2}});
  detail::worker::Execution task;
  story.run(1, {}, {.resources = {{"gpu", 0.6}}});
  story.run(2, {}, {.resources = {{"gpu", 0.6}}});
  REQUIRE(story.state.take(task));
  CHECK(task.grant->devices == std::vector<std::string>{"0"});
  REQUIRE(story.state.take(task));
  CHECK(task.grant->devices == std::vector<std::string>{"1"});
  // 0.8 is left, but on no device more than 0.4.
  story.run(3, {}, {.resources = {{"gpu", 0.5}}});
  story.run(4, {}, {.resources = {{"gpu", 0.4}}});
  REQUIRE(story.state.take(task));
  CHECK(task.id == 4);
  CHECK_FALSE(story.state.take(task));
}

TEST_CASE("places: processors of a task that waits are others', and its own again when it goes on") {
  Places places(Machine{{{0, 1, 2}}, {"0"}});
  const Grant waiting = places.take(2, 1);
  CHECK(waiting.cpus == std::vector<int>{0, 1});
  places.lend(waiting);
  CHECK_FALSE(places.has_gpu(1));  // where it may have data
  const Grant other = places.take(1, 0), child = places.take(1, 0);
  CHECK(other.cpus == std::vector<int>{0});
  CHECK(child.cpus == std::vector<int>{1});
  places.give_back(child);
  places.end_lending(waiting);
  CHECK(places.take(1, 0).cpus == std::vector<int>{2});
  places.give_back(other);
  CHECK(places.take(1, 0).cpus.empty());
  places.give_back(waiting);
  CHECK(places.take(2, 1).cpus == std::vector<int>{0, 1});
}

TEST_CASE("worker: a task that waits gives all of its threads away") {
  WorkerStory story(4);
  detail::worker::Execution parent, task;
  story.run(1, {}, {.resources = {{"cores", 4}}});
  REQUIRE(story.state.take(parent));
  story.run(2, {}, {.resources = {{"cores", 3}}});
  story.run(3);
  CHECK_FALSE(story.state.take(task));
  story.secede(1, 1, parent.grant.get());
  REQUIRE(story.state.take(task));
  CHECK(task.id == 2);
  REQUIRE(story.state.take(task));
  CHECK(task.id == 3);
  story.done(2);
  story.rejoin(1, 1, parent.grant.get());
  story.run(4);
  CHECK_FALSE(story.state.take(task));  // there are as many as it has threads
  story.done(1);
  REQUIRE(story.state.take(task));
  story.state.check();
}
