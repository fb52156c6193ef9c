// What every endpoint answers, word for word, of a program that is made up.
#include "seeing/picture.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace weir::detail::seeing;
namespace protocol = weir::detail::protocol;
using weir::TaskState;

namespace {

Model a_program() {
  Model model([](std::uint64_t function) { return "f" + std::to_string(function); });
  model.set_code_names([](std::uint64_t code) {
    return code == 1 ? std::string("weir::detail::node::loop()") : "g" + std::to_string(code);
  });
  weir::Snapshot snapshot;
  for (const weir::PeerId peer : {1u, 2u}) {
    weir::WorkerInfo info;
    info.peer = peer;
    info.name = "worker " + std::to_string(peer);
    info.host = "node";
    info.threads = 2;
    if (peer == 2) {
      info.job = "4711";
      info.serves_s = 60;
    }
    snapshot.workers.push_back(info);
  }
  snapshot.tasks[static_cast<std::size_t>(TaskState::waiting)] = 3;
  protocol::Seen seen;
  seen.now_us = 1'000'000;
  seen.interval_s = 1;
  seen.threads = 2;
  seen.unasked_s = 0.5;
  seen.fetching_s = 0.25;
  seen.read_bytes = 3'000'000;
  seen.written_bytes = 1'000'000;
  seen.functions.push_back({7, 10, 1, 1'000'000'000, 80, {{27, 10}}, 200'000'000, 0});
  seen.blocks.push_back({0, 500'000, 400'000, 10, 0, 0, 1, 0});
  seen.blocks.push_back({600'000, 250'000, 0, 0, 0, 0, 0, 1});
  seen.links.push_back({2, 4000, 4});
  seen.functions.back().serializing_ns = 50'000'000;
  seen.slow.push_back({9, 7, 100'000, 250'000, true});
  seen.running.push_back({11, 7, 600'000});
  seen.log = {"12:00:00.000 weir worker 1 warn: <b>disk</b>"};
  seen.stacks.push_back({3, {1, 5, 6}});
  seen.stacks.push_back({1, {1, 5}});
  model.tick(0, snapshot, {}, {});
  model.receive(1, 1, seen);
  model.set_tasks({{{1, 7, 0, TaskState::memory, {}}, {2, 8, 1, TaskState::processing, {0}}},
                   5,
                   {{7, 1, 2, 200}, {7, 2, 1, 300}},
                   3,
                   4});
  model.set_jobs({{"slurm", 2, "QOSMaxJobs", {{"4711", "running", 1, 30}, {"4712", "queued", 0, 5}}}});
  model.tick(1, snapshot, {{7, 20, 10}}, {0.25, 1000, 3});
  return model;
}

}  // namespace

TEST_CASE("pages: graph, memory, bandwidth, profile and jobs, word for word") {
  const Model model = a_program();
  CHECK(text_of(graph(model, model.tasks())) ==
        R"({"arrows":[[0,1,1]],"functions":["f7","f8"],"tasks":[[0,"memory",0,[],"1"],)"
        R"([1,"processing",1,[0],"2"]],)"
        R"("total":5})");
  CHECK(text_of(held(model, model.tasks())) ==
        R"({"looked_at":3,"results":[{"bytes":500,"count":3,"function":"f7","most":"worker 2",)"
        R"("most_bytes":300,"workers":2}],"total":4})");
  CHECK(text_of(bandwidth(model)) ==
        R"({"links":[[1,0,4000,4,4000.0]],"workers":["worker 1","worker 2"],"workers_total":2})");
  CHECK(text_of(profile(model)) == R"({"samples":4,"tree":["",4,[["g5",4,[["g6",3,[]]]]]]})");
  CHECK(text_of(jobs(model)) ==
        R"({"clusters":[{"jobs":[{"age_s":30.0,"id":"4711","state":"running","workers":1},)"
        R"({"age_s":5.0,"id":"4712","state":"queued","workers":0}],"jobs_total":2,"problem":"QOSMaxJobs",)"
        R"("system":"slurm","wanted":2}],"groups":[{"finished":0,"host":"node","job":"","processing":0,)"
        R"("serves_s":null,"threads":2,"workers":1},{"finished":0,"host":"node","job":"4711","processing":0,)"
        R"("serves_s":60.0,"threads":2,"workers":1}]})");
}

TEST_CASE("pages: history and task stream, word for word") {
  const Model model = a_program();
  const auto rows = history(model, 0.5, 10);
  CHECK(
      text_of(rows.at("columns")) ==
      R"(["time_s","tasks_per_s","busy","overhead","fetching","no_memory","serializing","no_parallelism",)"
      R"("assigning","unplaceable","nothing_to_do","waiting","ready","managed_mb","spilled_mb","resident_mb",)"
      R"("received_mb_per_s","cpu","workers","own_cpu","read_mb_per_s","written_mb_per_s","own_resident_mb",)"
      R"("own_descriptors","own_read_mb_per_s","own_written_mb_per_s","host_received_mb_per_s",)"
      R"("host_sent_mb_per_s"])");
  CHECK(text_of(rows.at("rows")) ==
        R"([[1.0,10.0,1.0,0.2,0.25,0.0,0.05,0.5,0.0,0.0,0.0,3.0,0.0,0.0,0.0,0.0,0.0,0.0,2.0,0.25,3.0,1.0,)"
        R"(0.001,3.0,0.0,0.0,0.0,0.0]])");
  TileRequest request;
  request.to_us = 1'000'000;
  CHECK(text_of(task_stream(model, request)) ==
        R"({"blocks":[[0,0,500000,400000,10,0,0,1],[0,600000,250000,0,0,1,1]],"first_row":0,"from_us":0,)"
        R"("functions":["f7","waits for inputs"],)"
        R"("rows":["worker 1 #0"],"rows_total":1,"to_us":1000000})");
}

TEST_CASE("pages: seconds by function and activity, one worker and one task, word for word") {
  const Model model = a_program();
  const auto picture_now = picture(model, {});
  CHECK(text_of(picture_now.at("functions").at(0).at("activity")) == "[1.0,0.2,0.2,0.0,0.05]");
  CHECK(text_of(picture_now.at("bars")) ==
        R"({"rows":[[1,"worker 1",0,0,0,0,0,0,0.0,0.0],[2,"worker 2",0,0,0,0,0,0,0.0,0.0]]})");
  CHECK(text_of(glance(model, 5)) ==
        R"({"busy":1.0,"cpu":0.0,"functions":[["f7",10,20,1,1.0]],"now_s":1.0,"tasks":{"erred":0,)"
        R"("forgotten":0,"memory":0,"no_worker":0,"processing":0,"queued":0,"released":0,"waiting":3}})");
  const auto one = worker(model, 1, {{{9, 7, 1, TaskState::processing, {}}}, 3, {{7, 1, 2, 200}}, 2, 2});
  CHECK(text_of(one.at("tasks")) == R"([["9","f7","processing"]])");
  CHECK(one.at("tasks_total") == 3);
  CHECK(one.at("read_per_s") == 3e6);
  CHECK(text_of(one.at("links")) == R"([["worker 2","worker 1",4000,4]])");
  CHECK(one.at("held").at("results").at(0).at("bytes") == 200);
  CHECK(text_of(one.at("log")) == R"(["12:00:00.000 weir worker 1 warn: <b>disk</b>"])");
  CHECK(text_of(worker(model, 99, {})) == R"({"name":""})");
  weir::detail::snapshot::TaskLook look;
  CHECK(text_of(task(model, look)) == R"({"name":"","story":[]})");
  look.name = "f7-3";
  look.function = 7;
  look.state = TaskState::waiting;
  look.conditions = {"2 gpu"};
  look.inputs_total = 1;
  look.inputs = {{1, "f7-1", TaskState::memory}};
  look.explained = {"f7-3 is waiting"};
  CHECK(text_of(task(model, look)) ==
        R"({"bytes":0,"conditions":["2 gpu"],"dependents":[],"dependents_total":0,)"
        R"("explained":["f7-3 is waiting"],"function":"f7","holders":[],"inputs":[["1","f7-1","memory"]],)"
        R"("inputs_total":1,"name":"f7-3","priority":0,"state":"waiting","story":[]})");
}

TEST_CASE("pages: the log and the slowest tasks, word for word, and no more of the log than fits") {
  Model model = a_program();
  model.add_log(0.5, {"rank 0 says"});
  model.slowest().front().story = {"1s before: waiting to processing"};
  CHECK(text_of(picture(model, {}).at("log")) ==
        R"([["rank 0","rank 0 says"],["worker 1","12:00:00.000 weir worker 1 warn: <b>disk</b>"]])");
  CHECK(text_of(slowest(model, false)) ==
        R"([{"failed":true,"function":"f7","id":"9","length_s":0.25,"name":"f7","start_s":0.1,)"
        R"("worker":"worker 1"}])");
  CHECK(
      text_of(picture(model, {}).at("running")) ==
      R"([{"function":"f7","id":"11","length_s":0.4,"name":"f7","peer":1,"start_s":0.6,"worker":"worker 1"}])");
  CHECK(picture(model, {}, {1, 1, 1, 1, 0}).at("running").empty());
  CHECK(record(model, {}).at("slowest").at(0).at("story").at(0) == "1s before: waiting to processing");
  for (int i = 0; i < 1000; ++i) model.add_log(2, {std::string(400, '<')});
  CHECK(text_of(picture(model, {}).at("log")).size() < 60'000);
  CHECK(picture(model, {}, {1, 1, 1, 0}).at("log").empty());
}

TEST_CASE("pages: a profile of a range of time") {
  Model model([](std::uint64_t) { return std::string("f"); });
  model.set_code_names([](std::uint64_t code) { return "g" + std::to_string(code); });
  for (const double second : {1.0, 2.0, 3.0}) {
    protocol::Seen seen;
    seen.stacks.push_back({10, {1, second < 3 ? 2u : 3u}});
    model.receive(second, 1, seen);
  }
  CHECK(text_of(profile(model, 1.5, 2.5)) == R"({"samples":10,"tree":["",10,[["g1",10,[["g2",10,[]]]]]]})");
  CHECK(text_of(profile(model, 2.5, 9)) == R"({"samples":10,"tree":["",10,[["g1",10,[["g3",10,[]]]]]]})");
  CHECK(profile(model, 4, 9).at("samples") == 0);
}

TEST_CASE("pages: a record has the last tasks there were, since none is left at the end") {
  Model model = a_program();
  model.set_tasks({});
  CHECK(graph(model, model.tasks()).at("tasks").empty());
  CHECK(record(model, {}).at("graph").at("tasks").size() == 2);
  CHECK(record(model, {}).at("held").at("results").size() == 1);
}

TEST_CASE("pages: links and profiles are bounded, whatever workers say") {
  Model model([](std::uint64_t) { return std::string("f"); });
  model.set_code_names([](std::uint64_t code) { return "g" + std::to_string(code); });
  for (weir::PeerId to = 1; to <= 200; ++to) {
    protocol::Seen seen;
    seen.interval_s = 1;
    for (weir::PeerId from = 1; from <= 100; ++from) seen.links.push_back({from, from * 10, 1});
    for (std::uint64_t code = 1; code <= 100; ++code) seen.stacks.push_back({1, {code, to * 1000 + code}});
    model.receive(1, to, seen);
  }
  CHECK(model.links().size() <= Model::most_links + 100);
  CHECK(model.profile().size() <= Model::most_profile_nodes);
  CHECK(model.profile().front().count == 20'000);
  CHECK(text_of(bandwidth(model)).size() < 100'000);
  CHECK(text_of(profile(model)).size() < 500'000);
}
