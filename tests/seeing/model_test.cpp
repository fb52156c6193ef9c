// Rings, rows, verdicts and pictures.
#include "seeing/model.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "seeing/picture.hpp"

using namespace weir::detail::seeing;
using weir::Snapshot;
using weir::TaskState;
using weir::WorkerInfo;
using weir::detail::protocol::Seen;

namespace {

Model a_model() {
  return Model([](std::uint64_t function) { return "function " + std::to_string(function); });
}

Snapshot cluster(std::uint32_t workers, std::uint32_t threads, std::uint64_t waiting = 0) {
  Snapshot snapshot;
  for (std::uint32_t peer = 1; peer <= workers; ++peer) {
    WorkerInfo info;
    info.peer = peer;
    info.name = "worker " + std::to_string(peer);
    info.threads = threads;
    snapshot.workers.push_back(info);
  }
  snapshot.tasks[static_cast<std::size_t>(TaskState::waiting)] = waiting;
  return snapshot;
}

Seen a_second(std::uint64_t count, double busy_s, double unasked_s, std::uint32_t threads = 2) {
  Seen seen;
  seen.now_us = 1'000'000;
  seen.interval_s = 1;
  seen.threads = threads;
  seen.unasked_s = unasked_s;
  seen.functions.push_back({7, count, 0, static_cast<std::uint64_t>(busy_s * 1e9), 8 * count, {{20, count}}});
  seen.blocks.push_back({0, 500'000, 400'000, static_cast<std::uint32_t>(count), 0, 0});
  return seen;
}

}  // namespace

TEST_CASE("history keeps seconds, then means of ten, then of two minutes, and never more") {
  History<1> history;
  for (int second = 1; second <= 20'000; ++second)
    history.add({static_cast<double>(second), {static_cast<float>(second)}});
  CHECK(history.size() <= History<1>::most_rows);
  const auto all = history.rows(0, 0);
  REQUIRE(!all.empty());
  for (std::size_t i = 1; i < all.size(); ++i) REQUIRE(all[i].time_s > all[i - 1].time_s);
  CHECK(all.back().time_s == 20'000);
  CHECK(all.back().values[0] == 20'000);
  CHECK(all[all.size() - 900].time_s == 19'101);  // the last quarter of an hour, second by second
  CHECK(all[all.size() - 901].time_s == 19'100);  // then ten seconds each
  CHECK(all[all.size() - 901].values[0] == Approx(19'095.5));
  CHECK(all.front().time_s == 120);  // and two minutes each
  CHECK(history.rows(19'900, 0).front().time_s >= 19'900);
  CHECK(history.rows(0, 100).size() <= 100);
}

TEST_CASE("blocks give at most so many rectangles, whatever is asked for") {
  Blocks blocks(10'000);
  for (int i = 0; i < 20'000; ++i)
    blocks.add({i * 100, 90, 80, 5, static_cast<std::uint16_t>(i % 7), static_cast<std::uint16_t>(i % 4)});
  CHECK(blocks.size() == 10'000);
  TileRequest request;
  request.to_us = 2'000'000;
  request.rows = 4;
  request.columns = 4000;
  request.most = 200;
  const std::vector<Block> tile = blocks.tile(request, {});
  CHECK(tile.size() <= 200);
  std::uint64_t count = 0;
  for (const Block& block : tile) count += block.count;
  CHECK(count == 5 * 10'000);
  request.rows = 1;
  for (const Block& block : blocks.tile(request, {})) CHECK(block.row == 0);
  request.from_us = 3'000'000;
  request.to_us = 4'000'000;
  CHECK(blocks.tile(request, {}).empty());
}

TEST_CASE("the activities of a second sum to wall time x threads") {
  Model model = a_model();
  model.tick(0, cluster(1, 2, 5), {}, {});
  model.receive(1, 1, a_second(100, 0.8, 0.9));
  model.tick(1, cluster(1, 2, 5), {}, {});
  const ActivitySeconds& seconds = model.activity();
  double sum = 0;
  for (const double each : seconds) sum += each;
  CHECK(sum == Approx(2));
  CHECK(seconds[static_cast<std::size_t>(Activity::compute)] == Approx(0.8));
  CHECK(seconds[static_cast<std::size_t>(Activity::no_parallelism)] == Approx(0.9));
  CHECK(seconds[static_cast<std::size_t>(Activity::overhead)] == Approx(0.3));
  CHECK(verdict(seconds).sentence ==
        "limited by no parallelism 45%, overhead 15%; threads of workers compute 40% of their time");
}

TEST_CASE("seconds of functions and of threads without a task sum to wall time x threads") {
  Model model = a_model();
  Seen seen = a_second(30, 0.5, 0.4);
  seen.fetching_s = 0.6;
  seen.functions[0].fetching_ns = 600'000'000;
  seen.functions.push_back({8, 10, 0, 300'000'000, 0, {}, 0, 0});
  model.tick(0, cluster(1, 2, 5), {}, {});
  model.receive(1, 1, seen);
  model.tick(1, cluster(1, 2, 5), {}, {});
  const auto& functions = model.functions();
  CHECK(functions[0].activity_s[0] == Approx(0.5));
  CHECK(functions[1].activity_s[0] == Approx(0.3));
  CHECK(functions[0].activity_s[1] == Approx(0.15));  // three quarters of what is left: 30 of 40 tasks
  CHECK(functions[1].activity_s[1] == Approx(0.05));
  CHECK(functions[0].activity_s[2] == Approx(0.6));
  double sum = model.activity()[static_cast<std::size_t>(Activity::no_parallelism)];
  for (const FunctionTotals& one : functions)
    for (const double each : one.activity_s) sum += each;
  CHECK(sum == Approx(2));
}

TEST_CASE("serialization is an activity of its own, of functions and of what was packed for others") {
  Model model = a_model();
  Seen seen = a_second(30, 0.5, 0.4);
  seen.functions[0].serializing_ns = 300'000'000;
  seen.packing_s = 0.2;
  model.tick(0, cluster(1, 2, 5), {}, {});
  model.receive(1, 1, seen);
  model.tick(1, cluster(1, 2, 5), {}, {});
  const ActivitySeconds& seconds = model.activity();
  CHECK(seconds[static_cast<std::size_t>(Activity::serializing)] == Approx(0.5));
  CHECK(seconds[static_cast<std::size_t>(Activity::overhead)] == Approx(0.6));
  CHECK(model.functions()[0].activity_s[4] == Approx(0.3));
  CHECK(verdict(seconds).sentence ==
        "limited by overhead 30%, serialization 25%, no parallelism 20%; threads of workers compute 25% of "
        "their time");
  // A thread that runs no tasks may have packed more than is left of the second.
  Seen packed = a_second(1, 1.0, 0.5);
  packed.packing_s = 7;
  packed.functions[0].serializing_ns = 2'000'000'000;
  Model other = a_model();
  other.receive(1, 1, packed);
  other.tick(1, cluster(1, 2), {}, {});
  double sum = 0;
  for (const double each : other.activity()) sum += each;
  CHECK(sum == Approx(2));
  CHECK(other.activity()[static_cast<std::size_t>(Activity::compute)] == Approx(2.0 / 3));
}

TEST_CASE("model keeps the last lines of each process, bounded") {
  Model model = a_model();
  model.tick(0, cluster(2, 2), {}, {});
  model.add_log(1, {"rank 0 says"});
  Seen seen = a_second(1, 0.1, 0.1);
  for (int i = 0; i < 20; ++i) seen.log.push_back(std::to_string(i) + std::string(100'000, 'x'));
  for (int second = 1; second <= 100; ++second) model.receive(second, 1, seen);
  seen.log = {"worker 2 says"};
  model.receive(101, 2, seen);
  REQUIRE(model.workers().at(1).log.size() == 50);
  CHECK(model.workers().at(1).log.back().text == "19" + std::string(398, 'x'));
  REQUIRE(model.workers().at(2).log.size() == 1);
  CHECK(model.log().size() == 1);
  model.tick(102, cluster(1, 2), {}, {});  // what a worker said last stays when it has gone
  CHECK(model.workers().at(2).is_gone);
  CHECK(model.workers().at(2).log.front().text == "worker 2 says");
  for (weir::PeerId peer = 3; peer < 2000; ++peer)
    for (int i = 0; i < 3; ++i) {
      seen.log.assign(20, "of many");
      model.receive(103, peer, seen);
    }
  CHECK(model.workers().at(1999).log.size() == 5);
}

TEST_CASE("model keeps the tasks that took longest, the longest first") {
  Model model = a_model();
  Seen seen = a_second(1, 0.1, 0.1);
  for (weir::TaskId id = 1; id <= 200; ++id) {
    seen.slow = {{id, 7, 1000 * static_cast<std::int64_t>(id), 1000 * (id * 37 % 211), id == 57}};
    model.receive(1, 1 + id % 3, seen);
  }
  REQUIRE(model.slowest().size() == Model::most_slow);
  for (std::size_t i = 1; i < model.slowest().size(); ++i)
    CHECK(model.slowest()[i - 1].length_s > model.slowest()[i].length_s);
  const SlowTask& first = model.slowest().front();
  CHECK(first.id == 57);  // 57 x 37 = 210 (mod 211)
  CHECK(first.length_s == Approx(0.210));
  CHECK(first.failed);
  CHECK(first.worker == 1);
}

TEST_CASE("model knows which tasks have run for longest, until they end or their worker is gone") {
  Model model = a_model();
  const auto says = [&](double now_s, weir::PeerId peer, std::vector<weir::TaskId> running) {
    Seen seen = a_second(1, 0.1, 0.1);
    seen.now_us = static_cast<std::int64_t>(1e6 * now_s) + 5'000'000;  // its clock began earlier
    for (const weir::TaskId id : running)
      seen.running.push_back({id, 7, 5'000'000 + 1000 * static_cast<std::int64_t>(id)});
    model.receive(now_s, peer, seen);
  };
  for (weir::PeerId peer = 1; peer <= 50; ++peer) says(1, peer, {100 + peer, 200 + peer});
  model.tick(1, cluster(50, 2), {}, {});
  REQUIRE(model.running().size() == Model::most_running);
  CHECK(model.running().front().id == 101);
  CHECK(model.running().front().start_s == Approx(0.101));
  CHECK(model.running().front().worker == 1);
  model.running()[1].name = "wave-2";
  model.running()[1].is_looked_up = true;
  says(2, 1, {});  // 101 has ended
  model.tick(2, cluster(2, 2), {}, {});
  REQUIRE(model.running().size() == 2);
  CHECK(model.running()[0].name == "wave-2");
  CHECK(model.running()[0].is_looked_up);
  CHECK(model.running()[1].id == 202);
  model.tick(3, cluster(0, 2), {}, {});
  CHECK(model.running().empty());
}

TEST_CASE("idle samples give way to exact busy time") {
  Model model = a_model();
  model.receive(1, 1, a_second(100, 1.9, 2.0));
  model.tick(1, cluster(1, 2), {}, {});
  double sum = 0;
  for (const double each : model.activity()) sum += each;
  CHECK(sum == Approx(2));
  CHECK(model.activity()[0] == Approx(1.9));
  CHECK(verdict(model.activity()).sentence ==
        "threads of workers compute 95% of their time: limited by the functions themselves");
  CHECK_FALSE(verdict(model.activity()).is_limited);
}

TEST_CASE("nothing submitted, nothing that fits and tasks that come late are told apart") {
  const auto why = [](TaskState state, std::uint64_t count) {
    Model model = a_model();
    Snapshot snapshot = cluster(1, 2);
    snapshot.tasks[static_cast<std::size_t>(state)] = count;
    model.tick(0, snapshot, {}, {});
    model.receive(1, 1, a_second(0, 0, 2));
    model.tick(1, snapshot, {}, {});
    return verdict(model.activity()).sentence;
  };
  CHECK(why(TaskState::memory, 3) ==
        "limited by nothing to do 100%; threads of workers compute 0% of their time");
  CHECK(why(TaskState::no_worker, 3) ==
        "limited by unplaceable 100%; threads of workers compute 0% of their time");
  CHECK(why(TaskState::queued, 3) ==
        "limited by assigning 100%; threads of workers compute 0% of their time");
  CHECK(verdict(ActivitySeconds{}).sentence == "nothing has run yet");
}

TEST_CASE("tasks without any worker are told as such, with the jobs that have not begun") {
  Model model = a_model();
  model.tick(1, cluster(0, 0, 300), {}, {});
  const auto said = [&] { return picture(model, {}).at("verdict"); };
  CHECK(said().at("sentence") == "300 tasks wait for workers, and there are none");
  model.set_jobs({{"slurm", 2, "", {{"4711", "queued", 0, 60}, {"4712", "queued", 0, 60}}}});
  CHECK(said().at("sentence") == "300 tasks wait for workers, and there are none: 2 jobs are queued");
  CHECK(said().at("advice") == "`weir status` says why jobs do not start");
  model.set_jobs({{"slurm", 2, "4711 waits (QOSMaxJobs)", {{"4711", "queued", 0, 60}}}});
  CHECK(said().at("advice") == "4711 waits (QOSMaxJobs)");
  model.tick(2, cluster(1, 2, 1), {}, {});
  CHECK(said().at("sentence") == "nothing has run yet");
}

TEST_CASE("the culprit of a stream is the busy node below one that is blocked") {
  StreamSeen stream;
  stream.nodes.resize(4);
  stream.nodes[0] = {"<from_range>", "from_range", 0, 100, 0, 0, 0, 50, 0.1, 0.81, false, false, {1}};
  stream.nodes[1] = {"<map: cheap>", "map", 100, 100, 0, 0, 0, 50, 0.1, 0.8, false, false, {2}};
  stream.nodes[2] = {"<map: fft>", "map", 100, 99, 0, 0, 0, 50, 0.97, 0.0, false, false, {3}};
  stream.nodes[3] = {"<sink>", "sink", 99, 0, 0, 0, 0, 50, 0.05, 0.0, false, false, {}};
  CHECK(culprit(stream) == 2);
  CHECK(verdict(stream).sentence ==
        "<map: fft> is the limit: 97% busy; what is above it waits 81% of the time");
  for (StreamNodeSeen& node : stream.nodes) node.busy = node.blocked = 0.01;
  CHECK(culprit(stream) == 4);
  CHECK(verdict(stream).sentence == "nothing in the stream limits it: it is as fast as what comes in");
  CHECK(culprit(StreamSeen{}) == 0);
}

TEST_CASE("model remembers a bounded number of functions, workers, failures and rows") {
  Model model([](std::uint64_t) { return std::string("f"); }, 1000);
  for (std::uint32_t peer = 1; peer <= 500; ++peer) {
    Seen seen = a_second(10, 0.5, 0);
    seen.functions[0].function = peer * 20;
    model.receive(peer, peer, seen);
    model.tick(peer, {}, {}, {});
    model.failed({1.0, "t", "w", "std::runtime_error", std::string(5000, 'x')});
  }
  CHECK(model.workers().size() <= Model::most_gone);
  CHECK(model.failures().size() == Model::most_failures);
  CHECK(model.failure_count() == 500);
  CHECK(text_of(record(model, {})).size() < 2'000'000);
}

TEST_CASE("a picture is as small with 10,000 workers as with 100") {
  const auto size = [](std::uint32_t workers) {
    Model model = a_model();
    for (std::uint32_t peer = 1; peer <= workers; ++peer) model.receive(1, peer, a_second(10, 0.5, 0));
    model.tick(1, cluster(workers, 2), {}, {});
    CHECK(picture(model, {}).at("cluster").at("workers") == workers);
    CHECK(prometheus(model).size() < 20'000);
    return text_of(picture(model, {}, {60, 60})).size() + text_of(history(model, 0, 300)).size() +
           text_of(task_stream(model, {0, 1'000'000, 0, 64, 800, 1500})).size();
  };
  const std::size_t few = size(100), many = size(10'000);
  CHECK(many < few * 3 / 2);
  CHECK(many < 100'000);
}

TEST_CASE("names of any bytes make valid JSON and Prometheus text") {
  Model model([](std::uint64_t) { return std::string("f\"\n\\<script>\xff"); });
  model.receive(1, 1, a_second(10, 0.5, 0));
  model.tick(1, cluster(1, 2), {}, {});
  const auto back = nlohmann::json::parse(text_of(record(model, {})));
  CHECK(back.at("picture").at("functions").at(0).at("count") == 10);
  Seen other = a_second(5, 0.5, 0);
  other.functions[0].function += 1;  // of the same name
  model.receive(1, 1, other);
  CHECK(prometheus(model).find("<script>\xef\xbf\xbd\"} 15\n") != std::string::npos);
  CHECK(prometheus(model).find("{function=\"f\\\"\\n\\\\<script>") != std::string::npos);
}

TEST_CASE("nodes of streams tell what came too late, and how far the time in their elements is") {
  Model model = a_model();
  StreamSeen stream;
  stream.nodes.resize(2);
  stream.nodes[0] = {"<stream>", "stream", 0, 10, 0, 0, 0, 5, 0, 0.5, false, false, {1}, 0, 0, 0, ""};
  stream.nodes[1] = {"<w>", "tumbling_window", 10, 2, 1, 4, 0, 5, 3, 0, true, false, {}, 1, 2, 25, "number"};
  model.tick(1, cluster(3, 2), {}, {});
  model.set_streams({stream});
  const auto nodes = picture(model, {}).at("streams").at(0).at("nodes");
  CHECK(nodes.at(0).at("watermark").is_null());
  CHECK(text_of(nodes.at(1)) ==
        R"({"below":[],"blocked":0.0,"busy":0.5,"dropped":1,"ended":false,"errors":1,"in":10,"in_flight":0,)"
        R"("kind":"tumbling_window","label":"<w>","late":2,"on_cluster":true,"out":2,"per_s":5.0,"queued":4,)"
        R"("watermark":25.0,"watermark_unit":"number"})");
  const std::string text = prometheus(model);
  for (const char* line : {"weir_stream_in_total{stream=\"0\",node=\"1\",label=\"<w>\"} 10\n",
                           "weir_stream_lost_total{stream=\"0\",node=\"1\",label=\"<w>\"} 3\n",
                           "weir_stream_busy_ratio{stream=\"0\",node=\"1\",label=\"<w>\"} 0.5\n",
                           "weir_stream_blocked_ratio{stream=\"0\",node=\"0\",label=\"<stream>\"} 0.5\n"})
    CHECK(text.find(line) != std::string::npos);
}

TEST_CASE("an hour in which the machine slept, and a clock that goes back, leave rows in order") {
  Model model = a_model();
  for (const double now : {1.0, 2.0, 3602.0, 3603.0, 3600.0, 3604.0}) {
    model.receive(now, 1, a_second(10, 0.5, 0));
    model.tick(now, cluster(1, 2), {}, {});
  }
  const auto all = history(model, 0, 300).at("rows");
  double last = 0;
  for (const auto& row : all) {
    CHECK(row.at(0).get<double>() >= last);
    last = row.at(0).get<double>();
    for (const auto& value : row) CHECK((value.is_number() && value.get<double>() >= 0));
    CHECK(row.at(1).get<double>() <= 20);  // tasks a second: ten each time
  }
  CHECK(last == 3604);
}

TEST_CASE("who looks ten times a second sees what moves, and the rings get a row a second") {
  Model model = a_model();
  for (int tenth = 1; tenth <= 50; ++tenth) {
    Seen seen = a_second(1, 0.05, 0, 2);
    seen.interval_s = 0.1;
    model.receive(0.1 * tenth, 1, seen);
    model.tick(0.1 * tenth, cluster(1, 2), {}, {});
    CHECK(glance(model, 5).at("functions").at(0).at(1) == tenth);
  }
  const auto rows = history(model, 0, 300).at("rows");
  CHECK(rows.size() >= 5);
  CHECK(rows.size() <= 6);
  CHECK(rows.back().at(1).get<double>() == Approx(10).epsilon(0.2));
}

TEST_CASE("quantiles come from binary digits") {
  std::array<std::uint64_t, 65> durations{};
  CHECK(quantile_s(durations, 0.5) == 0);
  durations[21] = 100;  // 1 to 2 ms
  CHECK(quantile_s(durations, 0.5) > 1e-3);
  CHECK(quantile_s(durations, 0.5) < 2.1e-3);
  durations[31] = 1;
  CHECK(quantile_s(durations, 0.5) < 2.1e-3);
  CHECK(quantile_s(durations, 0.999) > 1.0);
}

TEST_CASE("blocks of workers whose clocks began elsewhere stand in one time") {
  Model model = a_model();
  Seen seen = a_second(1, 0.5, 0);
  seen.now_us = 5'000'000'000;
  seen.blocks[0].start_us = 4'999'000'000;
  model.receive(10, 1, seen);
  model.tick(10, cluster(1, 2), {}, {});
  TileRequest request;
  request.to_us = 10'000'000;
  const auto tile = model.tile(request);
  REQUIRE(tile.size() == 1);
  CHECK(tile[0].start_us == 9'000'000);
}
