// The plain data of the faces.
#include "seeing/picture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "weir/version.hpp"

namespace weir::detail::seeing {

using nlohmann::json;

namespace {

/// A hostile name could be as long as it likes.
std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

double rounded(double value) { return std::round(value * 1e6) / 1e6; }

json json_of(const ActivitySeconds& seconds) {
  json all = json::object();
  for (std::size_t i = 0; i < activities; ++i)
    all[std::string(to_string(static_cast<Activity>(i)))] = rounded(seconds[i]);
  return all;
}

json json_of(const Verdict& said) {
  return {{"sentence", said.sentence}, {"advice", said.advice}, {"limited", said.is_limited}};
}

std::string name_of_worker(const Model& model, PeerId peer) {
  const auto worker = model.workers().find(peer);
  if (peer == 0) return "rank 0";
  return worker == model.workers().end() || worker->second.info.name.empty()
             ? "worker " + std::to_string(peer)
             : shortened(worker->second.info.name, 100);
}

/// Tasks and nobody to run them: jobs that have not begun, say.
Verdict nobody(const Model& model, std::uint64_t pending) {
  std::size_t queued = 0;
  std::string problem;
  for (const JobsSeen& cluster : model.jobs()) {
    for (const JobSeen& job : cluster.jobs) queued += job.state == "queued";
    if (!cluster.problem.empty()) problem = shortened(cluster.problem, 300);
  }
  std::string sentence = std::to_string(pending) + (pending == 1 ? " task waits" : " tasks wait") +
                         " for workers, and there are none";
  if (queued) sentence += ": " + std::to_string(queued) + (queued == 1 ? " job is" : " jobs are") + " queued";
  return {sentence, problem.empty() && queued ? "`weir status` says why jobs do not start" : problem, true};
}

/// Of a program that runs streams and no tasks the streams are what matters.
Verdict overall(const Model& model, const ActivitySeconds& seconds) {
  std::uint64_t pending = 0;
  for (const TaskState state :
       {TaskState::waiting, TaskState::queued, TaskState::no_worker, TaskState::processing})
    pending += model.snapshot().tasks[static_cast<std::size_t>(state)];
  if (pending && model.snapshot().workers.empty()) return nobody(model, pending);
  const bool has_tasks =
      std::any_of(model.functions().begin(), model.functions().end(),
                  [](const FunctionTotals& one) { return one.count > 0 || one.busy_s > 0; });
  if (has_tasks || model.streams().empty()) return verdict(seconds);
  Verdict said;
  for (const StreamSeen& stream : model.streams())
    if (said = verdict(stream); said.is_limited) break;
  return said;
}

json json_of(const FunctionTotals& one) {
  json durations = json::array();
  for (std::size_t digits = 0; digits < one.durations.size(); ++digits)
    if (one.durations[digits]) durations.push_back({digits, one.durations[digits]});
  return {{"name", shortened(one.name, 200)},
          {"submitted", std::max(one.submitted, one.count)},
          {"count", one.count},
          {"failed", one.failed},
          {"bytes", one.bytes},
          {"busy_s", rounded(one.busy_s)},
          {"per_s", rounded(one.per_s)},
          {"busy", rounded(one.busy)},
          {"median_s", quantile_s(one.durations, 0.5)},
          {"p99_s", quantile_s(one.durations, 0.99)},
          {"activity",
           {rounded(one.activity_s[0]), rounded(one.activity_s[1]), rounded(one.activity_s[2]),
            rounded(one.activity_s[3]), rounded(one.activity_s[4])}},
          {"durations", std::move(durations)}};
}

json json_of(const WorkerTotals& one) {
  return {{"peer", one.info.peer},
          {"name", shortened(one.info.name, 100)},
          {"host", shortened(one.info.host, 100)},
          {"job", shortened(one.info.job, 100)},
          {"threads", one.info.threads},
          {"gone", one.is_gone},
          {"paused", one.info.paused},
          {"retiring", one.info.retiring},
          {"processing", one.info.processing},
          {"queued", one.info.queued},
          {"results", one.info.results},
          {"managed_bytes", one.info.managed_bytes},
          {"spilled_bytes", one.info.spilled_bytes},
          {"memory_limit", one.info.memory_limit},
          {"resident_bytes", one.resident_bytes},
          {"descriptors", one.descriptors},
          {"count", one.count},
          {"failed", one.failed},
          {"per_s", rounded(one.per_s)},
          {"busy", rounded(one.busy)},
          {"busy_s", rounded(one.busy_s)},
          {"cpu", rounded(one.cpu)},
          {"cpu_s", rounded(one.cpu_s)},
          {"received_bytes", one.received_bytes},
          {"sent_bytes", one.sent_bytes},
          {"received_per_s", rounded(one.received_per_s)},
          {"sent_per_s", rounded(one.sent_per_s)},
          {"read_per_s", rounded(one.read_per_s)},
          {"written_per_s", rounded(one.written_per_s)}};
}

/// How many workers have how much, in twentieths of what the first has.
json bins_of(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, value);
  std::array<std::uint64_t, 20> bins{};
  for (const double value : values)
    ++bins[static_cast<std::size_t>(most > 0 ? std::clamp(20 * value / most, 0.0, 19.0) : 0)];
  return {{"most", rounded(most)}, {"bins", bins}};
}

/// What a bar for each worker needs; of many workers how many have how much.
json bars_of(const Model& model) {
  constexpr std::size_t most_bars = 100;
  std::vector<const WorkerTotals*> live;
  for (const auto& [peer, worker] : model.workers())
    if (!worker.is_gone) live.push_back(&worker);
  json rows = json::array();
  std::array<std::vector<double>, 4> values;
  for (const WorkerTotals* one : live) {
    const double traffic = one->received_per_s + one->sent_per_s;
    if (live.size() <= most_bars)
      rows.push_back({one->info.peer, shortened(one->info.name, 40), one->info.managed_bytes,
                      one->resident_bytes, one->info.spilled_bytes, one->info.memory_limit,
                      one->info.paused     ? 2
                      : one->info.retiring ? 1
                                           : 0,
                      one->info.processing, rounded(one->cpu), rounded(traffic)});
    values[0].push_back(static_cast<double>(one->info.managed_bytes));
    values[1].push_back(one->info.processing);
    values[2].push_back(one->cpu);
    values[3].push_back(traffic);
  }
  if (live.size() <= most_bars) return {{"rows", std::move(rows)}};
  return {{"memory", bins_of(values[0])},
          {"processing", bins_of(values[1])},
          {"cpu", bins_of(values[2])},
          {"transfer", bins_of(values[3])}};
}

json json_of(const StreamSeen& stream) {
  json nodes = json::array();
  for (const StreamNodeSeen& node : stream.nodes)
    nodes.push_back({{"label", shortened(node.label, 200)},
                     {"kind", node.kind},
                     {"in", node.in},
                     {"out", node.out},
                     {"errors", node.errors},
                     {"queued", node.queued},
                     {"in_flight", node.in_flight},
                     {"dropped", node.dropped},
                     {"late", node.late},
                     {"watermark", node.watermark_unit.empty() ? json() : json(node.watermark)},
                     {"watermark_unit", node.watermark_unit},
                     {"per_s", rounded(node.per_s)},
                     {"busy", rounded(node.busy)},
                     {"blocked", rounded(node.blocked)},
                     {"on_cluster", node.is_on_cluster},
                     {"ended", node.has_ended},
                     {"below", node.below}});
  const std::size_t limit = culprit(stream);
  return {{"nodes", std::move(nodes)},
          {"culprit", limit < stream.nodes.size() ? static_cast<std::int64_t>(limit) : -1},
          {"verdict", json_of(verdict(stream))}};
}

// The busiest, so that what is left out matters least.
std::vector<const FunctionTotals*> busiest(const Model& model, std::size_t most) {
  std::vector<const FunctionTotals*> order;
  for (const FunctionTotals& one : model.functions()) order.push_back(&one);
  std::stable_sort(order.begin(), order.end(), [](const FunctionTotals* a, const FunctionTotals* b) {
    return a->busy_s != b->busy_s ? a->busy_s > b->busy_s : a->submitted > b->submitted;
  });
  if (order.size() > most) order.resize(most);
  return order;
}

json functions_of(const Model& model, std::size_t most) {
  json all = json::array();
  for (const FunctionTotals* one : busiest(model, most)) all.push_back(json_of(*one));
  return all;
}

json states_of(const Snapshot& snapshot) {
  json tasks = json::object();
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i)
    tasks[std::string(weir::to_string(static_cast<TaskState>(i)))] = snapshot.tasks[i];
  return tasks;
}

// Those that live, then those that have gone.
json workers_of(const Model& model, std::size_t most) {
  json all = json::array();
  for (const bool gone : {false, true})
    for (const auto& [peer, worker] : model.workers())
      if (worker.is_gone == gone && all.size() < most) all.push_back(json_of(worker));
  return all;
}

// Of all workers: their number, sums, and how many are how busy, in twentieths.
json summary_of(const Model& model) {
  std::uint64_t count = 0, threads = 0, managed = 0, spilled = 0, limit = 0, resident = 0, paused = 0,
                gone = 0, tasks = 0, processing = 0, descriptors = 0;
  std::array<std::uint64_t, 20> busy{};
  double cpu = 0, threads_busy = 0, per_s = 0, received_per_s = 0, sent_per_s = 0, read_per_s = 0,
         written_per_s = 0;
  for (const auto& [peer, worker] : model.workers()) {
    if (worker.is_gone) {
      ++gone;
      continue;
    }
    ++count;
    threads += worker.info.threads;
    managed += worker.info.managed_bytes;
    spilled += worker.info.spilled_bytes;
    limit += std::min<std::uint64_t>(worker.info.memory_limit, std::uint64_t{1} << 50);
    resident += worker.resident_bytes;
    paused += worker.info.paused;
    cpu += worker.cpu;
    threads_busy += worker.busy;
    tasks += worker.count;
    per_s += worker.per_s;
    processing += worker.info.processing;
    descriptors += worker.descriptors;
    received_per_s += worker.received_per_s;
    sent_per_s += worker.sent_per_s;
    read_per_s += worker.read_per_s;
    written_per_s += worker.written_per_s;
    const double share = worker.info.threads ? worker.busy / worker.info.threads : 0;
    ++busy[static_cast<std::size_t>(std::clamp(share * 20, 0.0, 19.0))];
  }
  return {{"workers", count},
          {"gone", gone},
          {"lost", model.snapshot().workers_lost},
          {"threads", threads},
          {"busy", rounded(threads_busy)},
          {"cpu", rounded(cpu)},
          {"count", tasks},
          {"per_s", rounded(per_s)},
          {"processing", processing},
          {"descriptors", descriptors},
          {"received_per_s", rounded(received_per_s)},
          {"sent_per_s", rounded(sent_per_s)},
          {"read_per_s", rounded(read_per_s)},
          {"written_per_s", rounded(written_per_s)},
          {"managed_bytes", managed},
          {"spilled_bytes", spilled},
          {"memory_limit", limit},
          {"resident_bytes", resident},
          {"paused", paused},
          {"by_busy", busy}};
}

json lines_of(const std::vector<std::string>& lines) {
  constexpr std::size_t most = 20;
  json all = json::array();
  for (std::size_t i = lines.size() - std::min(most, lines.size()); i < lines.size(); ++i)
    all.push_back(shortened(lines[i], 200));
  return all;
}

// The last ones.
json failures_of(const Model& model, std::size_t most) {
  json all = json::array();
  const auto& failures = model.failures();
  for (std::size_t i = failures.size() - std::min(most, failures.size()); i < failures.size(); ++i) {
    const FailureSeen& one = failures[i];
    all.push_back({{"time_s", rounded(one.time_s)},
                   {"task", shortened(one.task, 200)},
                   {"worker", shortened(one.worker, 100)},
                   {"type", shortened(one.type, 200)},
                   {"message", shortened(one.message, 1000)},
                   {"story", lines_of(one.story)},
                   {"id", std::to_string(one.id)}});
  }
  return all;
}

json running_of(const Model& model, std::size_t most) {
  json all = json::array();
  for (const RunningTask& one : model.running()) {
    if (all.size() >= most) break;
    const std::string function = shortened(model.name_of(one.function), 200);
    all.push_back({{"id", std::to_string(one.id)},
                   {"name", one.name.empty() ? function : shortened(one.name, 200)},
                   {"function", function},
                   {"worker", name_of_worker(model, one.worker)},
                   {"peer", one.worker},
                   {"start_s", rounded(one.start_s)},
                   {"length_s", rounded(std::max(0.0, model.now_s() - one.start_s))}});
  }
  return all;
}

// The last lines of rank 0 and of all workers, each with its process, in the order in which they became
// known.
json log_of(const Model& model, std::size_t most) {
  constexpr std::size_t most_bytes = 50'000;  // a page is sent them each second
  struct Line {
    double time_s;
    PeerId peer;
    const std::string* text;
  };
  std::vector<Line> lines;
  for (const LogLine& line : model.log()) lines.push_back({line.time_s, 0, &line.text});
  if (most > 0)
    for (const auto& [peer, worker] : model.workers())
      for (const LogLine& line : worker.log) lines.push_back({line.time_s, peer, &line.text});
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.time_s < b.time_s; });
  std::size_t first = lines.size();
  for (std::size_t bytes = 0; first > 0 && lines.size() - first < most; --first)
    if ((bytes += lines[first - 1].text->size() + 30) > most_bytes) break;
  json all = json::array();
  for (; first < lines.size(); ++first)
    all.push_back({name_of_worker(model, lines[first].peer), *lines[first].text});
  return all;
}

json json_of(const Program& program, double now_s) {
  return {{"id", program.id},
          {"name", shortened(program.name, 200)},
          {"host", program.host},
          {"job", program.job},
          {"pid", program.pid},
          {"started_s", program.started_s},
          {"running", program.is_running},
          {"now_s", rounded(now_s)},
          {"weir", std::string(version)}};
}

/// A label's value, as Prometheus wants it: it refuses all there is if one is no UTF-8.
std::string label_text(const std::string& text) {
  std::string result;
  const std::string valid = json::parse(text_of(json(text))).get<std::string>();
  for (const char c : valid) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n') result += "\\n";
    else result += c;
  }
  return result;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

}  // namespace

double quantile_s(const std::array<std::uint64_t, 65>& durations, double share) {
  const std::uint64_t all = std::accumulate(durations.begin(), durations.end(), std::uint64_t{0});
  double before = 0;
  for (std::size_t digits = 0; all && digits < durations.size(); ++digits) {
    const double after = before + static_cast<double>(durations[digits]);
    const double wanted = share * static_cast<double>(all);
    if (after >= wanted && durations[digits]) {
      // Between 2^(digits-1) and 2^digits, as if they were spread evenly on a scale of powers.
      const double within = (wanted - before) / static_cast<double>(durations[digits]);
      return digits ? 1e-9 * std::exp2(static_cast<double>(digits) - 1 + within) : 0;
    }
    before = after;
  }
  return 0;
}

json picture(const Model& model, const Program& program, const PictureLimits& limits) {
  json streams = json::array();
  for (const StreamSeen& stream : model.streams()) streams.push_back(json_of(stream));
  const ActivitySeconds recent = model.recent_activity();
  return {{"program", json_of(program, model.now_s())},
          {"verdict", json_of(overall(model, model.activity()))},
          {"verdict_now", json_of(overall(model, recent))},
          {"activity", json_of(model.activity())},
          {"activity_now", json_of(recent)},
          {"tasks", states_of(model.snapshot())},
          {"functions", functions_of(model, limits.functions)},
          {"functions_total", model.functions().size()},
          {"workers", workers_of(model, limits.workers)},
          {"cluster", summary_of(model)},
          {"bars", bars_of(model)},
          {"running", running_of(model, limits.running)},
          {"failures", failures_of(model, limits.failures)},
          {"failures_total", model.failure_count()},
          {"streams", std::move(streams)},
          {"log", log_of(model, limits.log)},
          {"own",
           {{"cpu_s", rounded(model.own().cpu_s)},
            {"read_bytes", model.own().read_bytes},
            {"written_bytes", model.own().written_bytes},
            {"resident_bytes", model.own().resident_bytes},
            {"descriptors", model.own().descriptors}}}};
}

json glance(const Model& model, std::size_t most_functions) {
  json functions = json::array();
  for (const FunctionTotals* one : busiest(model, most_functions))
    functions.push_back({shortened(one->name, 200), one->count, std::max(one->submitted, one->count),
                         one->failed, rounded(one->busy_s)});
  double busy = 0, cpu = 0;
  for (const auto& [peer, worker] : model.workers()) {
    busy += worker.is_gone ? 0 : worker.busy;
    cpu += worker.is_gone ? 0 : worker.cpu;
  }
  return {{"now_s", rounded(model.now_s())},
          {"tasks", states_of(model.snapshot())},
          {"busy", rounded(busy)},
          {"cpu", rounded(cpu)},
          {"functions", std::move(functions)}};
}

json history(const Model& model, double from_s, std::size_t most_rows) {
  json names = json::array({"time_s"});
  for (std::size_t i = 0; i < columns; ++i) names.push_back(std::string(to_string(static_cast<Column>(i))));
  json rows = json::array();
  for (const Figures::Row& row : model.figures().rows(from_s, most_rows)) {
    json values = json::array({std::round(row.time_s * 100) / 100});
    for (const float value : row.values) values.push_back(std::round(double{value} * 1000) / 1000);
    rows.push_back(std::move(values));
  }
  return {{"columns", std::move(names)}, {"rows", std::move(rows)}};
}

json task_stream(const Model& model, const TileRequest& request) {
  json rows = json::array(), functions = json::array(), blocks = json::array();
  const std::size_t end = std::min(model.rows().size(), request.first_row + request.rows);
  for (std::size_t i = request.first_row; i < end; ++i) {
    const Model::Row& row = model.rows()[i];
    rows.push_back(name_of_worker(model, row.peer) + " #" + std::to_string(row.thread));
  }
  constexpr const char* waits[] = {"", "waits for inputs", "waits for memory", "serialization"};
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::size_t> place;  // by kind and function
  for (const Block& block : model.tile(request)) {
    const std::uint32_t kind = std::min<std::uint32_t>(block.kind, 3);
    const auto [found, is_new] = place.try_emplace({kind, block.function}, functions.size());
    if (is_new)
      functions.push_back(kind ? waits[kind] : shortened(model.functions()[block.function].name, 200));
    json one{block.row, block.start_us, block.length_us, block.busy_us, block.count, found->second};
    if (kind || block.failed) one.push_back(kind);
    if (block.failed) one.push_back(block.failed);
    blocks.push_back(std::move(one));
  }
  return {{"from_us", request.from_us},        {"to_us", request.to_us},  {"first_row", request.first_row},
          {"rows_total", model.rows().size()}, {"rows", std::move(rows)}, {"functions", std::move(functions)},
          {"blocks", std::move(blocks)}};
}

json graph(const Model& model, const snapshot::SeenTasks& seen) {
  json functions = json::array(), tasks = json::array(), arrows = json::array();
  std::map<std::uint64_t, std::size_t> place;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> count;
  const std::vector<snapshot::SeenTask>& all = seen.tasks;
  std::vector<std::size_t> function_of;
  for (const snapshot::SeenTask& task : all) {
    const auto [found, is_new] = place.try_emplace(task.function, functions.size());
    if (is_new) functions.push_back(shortened(model.name_of(task.function), 200));
    function_of.push_back(found->second);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    tasks.push_back({function_of[i], weir::to_string(all[i].state), all[i].worker, all[i].inputs,
                     std::to_string(all[i].id)});
    for (const std::uint32_t input : all[i].inputs) ++count[{function_of[input], function_of[i]}];
  }
  for (const auto& [ends, number] : count) arrows.push_back({ends.first, ends.second, number});
  return {{"functions", std::move(functions)},
          {"tasks", std::move(tasks)},
          {"arrows", std::move(arrows)},
          {"total", seen.tasks_total}};
}

json held(const Model& model, const snapshot::SeenTasks& seen) {
  struct Sum {
    std::uint64_t workers = 0, count = 0, bytes = 0, most_bytes = 0;
    PeerId most = 0;
  };
  std::map<std::uint64_t, Sum> sums;
  for (const snapshot::SeenResults& each : seen.results) {
    Sum& sum = sums[each.function];
    ++sum.workers;
    sum.count += each.count;
    sum.bytes += each.bytes;
    if (each.bytes >= sum.most_bytes) {
      sum.most_bytes = each.bytes;
      sum.most = each.worker;
    }
  }
  json all = json::array();
  for (const auto& [function, sum] : sums)
    all.push_back({{"function", shortened(model.name_of(function), 200)},
                   {"workers", sum.workers},
                   {"count", sum.count},
                   {"bytes", sum.bytes},
                   {"most_bytes", sum.most_bytes},
                   {"most", name_of_worker(model, sum.most)}});
  std::sort(all.begin(), all.end(), [](const json& a, const json& b) { return a["bytes"] > b["bytes"]; });
  if (all.size() > 60) all.erase(all.begin() + 60, all.end());
  return {{"results", std::move(all)}, {"looked_at", seen.results_looked_at}, {"total", seen.results_total}};
}

json bandwidth(const Model& model) {
  constexpr std::size_t most_workers = 32;
  std::map<PeerId, std::uint64_t> traffic;
  for (const auto& [ends, link] : model.links()) {
    traffic[ends.first] += link.bytes;
    traffic[ends.second] += link.bytes;
  }
  std::vector<PeerId> order;
  for (const auto& [peer, bytes] : traffic) order.push_back(peer);
  const std::size_t all = order.size();
  std::stable_sort(order.begin(), order.end(), [&](PeerId a, PeerId b) { return traffic[a] > traffic[b]; });
  if (order.size() > most_workers) order.resize(most_workers);
  std::sort(order.begin(), order.end());
  json names = json::array(), links = json::array();
  std::map<PeerId, std::size_t> place;
  for (const PeerId peer : order) {
    place[peer] = names.size();
    names.push_back(name_of_worker(model, peer));
  }
  for (const auto& [ends, link] : model.links()) {
    if (!place.contains(ends.first) || !place.contains(ends.second)) continue;
    const bool is_fresh = model.now_s() - link.heard_s < 3;
    links.push_back(
        {place[ends.first], place[ends.second], link.bytes, link.count, is_fresh ? rounded(link.per_s) : 0});
  }
  return {{"workers", std::move(names)}, {"links", std::move(links)}, {"workers_total", all}};
}

namespace {

json tree_of(const std::vector<ProfileNode>& nodes, const std::vector<std::uint64_t>& counts, std::size_t at,
             std::uint64_t least, int deepest) {
  json below = json::array();
  for (const auto& [name, position] : nodes[at].below)
    if (deepest > 0 && counts[position] >= least)
      below.push_back(tree_of(nodes, counts, position, least, deepest - 1));
  return json::array({shortened(nodes[at].name, 120), counts[at], std::move(below)});
}

json profile_of(const Model& model, const std::vector<std::uint64_t>& counts) {
  constexpr int deepest = 48;
  const std::uint64_t least = std::max<std::uint64_t>(1, counts[0] / 1000);
  return {{"samples", counts[0]}, {"tree", tree_of(model.profile(), counts, 0, least, deepest)}};
}

}  // namespace

json profile(const Model& model) {
  std::vector<std::uint64_t> counts;
  for (const ProfileNode& node : model.profile()) counts.push_back(node.count);
  return profile_of(model, counts);
}

json profile(const Model& model, double from_s, double to_s) {
  return profile_of(model, model.profile_between(from_s, to_s));
}

json task(const Model& model, const snapshot::TaskLook& look) {
  const auto neighbours = [](const std::vector<snapshot::TaskLook::Neighbour>& all) {
    json list = json::array();
    for (const auto& one : all)
      list.push_back({std::to_string(one.id), shortened(one.name, 200), weir::to_string(one.state)});
    return list;
  };
  if (look.name.empty()) return {{"name", ""}, {"story", lines_of(look.story)}};
  return {{"name", shortened(look.name, 200)},
          {"function", shortened(model.name_of(look.function), 200)},
          {"state", weir::to_string(look.state)},
          {"bytes", look.bytes},
          {"holders", look.holders},
          {"priority", look.priority},
          {"conditions", lines_of(look.conditions)},
          {"inputs", neighbours(look.inputs)},
          {"inputs_total", look.inputs_total},
          {"dependents", neighbours(look.dependents)},
          {"dependents_total", look.dependents_total},
          {"explained", lines_of(look.explained)},
          {"story", lines_of(look.story)}};
}

json worker(const Model& model, PeerId peer, const snapshot::SeenTasks& seen) {
  const auto found = model.workers().find(peer);
  if (found == model.workers().end()) return {{"name", ""}};
  json one = json_of(found->second), resources = json::array(), tasks = json::array(), links = json::array(),
       lines = json::array();
  for (const Resource& each : found->second.info.resources)
    resources.push_back({shortened(each.name, 100), rounded(each.amount)});
  for (const snapshot::SeenTask& each : seen.tasks)
    tasks.push_back(
        {std::to_string(each.id), shortened(model.name_of(each.function), 200), weir::to_string(each.state)});
  for (const auto& [ends, link] : model.links())
    if ((ends.first == peer || ends.second == peer) && links.size() < 60)
      links.push_back(
          {name_of_worker(model, ends.first), name_of_worker(model, ends.second), link.bytes, link.count});
  for (const LogLine& line : found->second.log) lines.push_back(line.text);
  one["log"] = std::move(lines);
  one["serves_s"] =
      std::isfinite(found->second.info.serves_s) ? json(rounded(found->second.info.serves_s)) : json();
  one["resources"] = std::move(resources);
  one["tasks"] = std::move(tasks);
  one["tasks_total"] = seen.tasks_total;
  one["held"] = held(model, seen);
  one["links"] = std::move(links);
  return one;
}

json slowest(const Model& model, bool with_stories) {
  json all = json::array();
  for (const SlowTask& one : model.slowest()) {
    const std::string function = shortened(model.name_of(one.function), 200);
    all.push_back({{"id", std::to_string(one.id)},
                   {"name", one.name.empty() ? function : shortened(one.name, 200)},
                   {"function", function},
                   {"worker", name_of_worker(model, one.worker)},
                   {"start_s", rounded(one.start_s)},
                   {"length_s", rounded(one.length_s)},
                   {"failed", one.failed}});
    if (with_stories) all.back()["story"] = lines_of(one.story);
  }
  return all;
}

json jobs(const Model& model) {
  struct OfWorkers {
    std::uint64_t workers = 0, threads = 0, processing = 0, finished = 0;
    double serves_s = std::numeric_limits<double>::infinity();
    std::string host;
  };
  constexpr std::size_t most = 200;
  std::map<std::string, OfWorkers> by_job;
  for (const auto& [peer, worker] : model.workers()) {
    if (worker.is_gone) continue;
    OfWorkers& job = by_job[worker.info.job];
    ++job.workers;
    job.threads += worker.info.threads;
    job.processing += worker.info.processing;
    job.finished += worker.info.finished;
    job.serves_s = std::min(job.serves_s, worker.info.serves_s);
    job.host = job.host.empty() || job.host == worker.info.host ? worker.info.host : "several";
  }
  json groups = json::array(), clusters = json::array();
  for (const auto& [name, job] : by_job) {
    if (groups.size() >= most) break;
    groups.push_back({{"job", shortened(name, 100)},
                      {"host", shortened(job.host, 100)},
                      {"workers", job.workers},
                      {"threads", job.threads},
                      {"processing", job.processing},
                      {"finished", job.finished},
                      {"serves_s", std::isfinite(job.serves_s) ? json(rounded(job.serves_s)) : json()}});
  }
  for (const JobsSeen& cluster : model.jobs()) {
    json list = json::array();
    for (const JobSeen& job : cluster.jobs)
      if (list.size() < most)
        list.push_back({{"id", shortened(job.id, 100)},
                        {"state", job.state},
                        {"workers", job.workers},
                        {"age_s", rounded(job.age_s)}});
    clusters.push_back({{"system", cluster.system},
                        {"wanted", cluster.wanted},
                        {"jobs_total", cluster.jobs.size()},
                        {"problem", shortened(cluster.problem, 1000)},
                        {"jobs", std::move(list)}});
  }
  return {{"groups", std::move(groups)}, {"clusters", std::move(clusters)}};
}

json record(const Model& model, const Program& program) {
  TileRequest whole;
  whole.to_us = static_cast<std::int64_t>(1e6 * model.now_s());
  whole.rows = 256;
  return {{"picture", picture(model, program, {200, 200})},
          {"history", history(model, 0, 900)},
          {"task_stream", task_stream(model, whole)},
          {"graph", graph(model, model.last_tasks())},
          {"held", held(model, model.last_tasks())},
          {"bandwidth", bandwidth(model)},
          {"jobs", jobs(model)},
          {"slowest", slowest(model, true)},
          {"profile", profile(model)}};
}

std::string prometheus(const Model& model) {
  std::string text;
  const auto head = [&](const char* name, const char* type, const char* help) {
    text += "# HELP " + std::string(name) + " " + help + "\n# TYPE " + name + " " + type + "\n";
  };
  const auto line = [&](const std::string& name, const std::string& labels, double value) {
    text += name + (labels.empty() ? "" : "{" + labels + "}") + " " + number_text(value) + "\n";
  };
  head("weir_tasks", "gauge", "Tasks by state.");
  for (std::size_t i = 0; i < model.snapshot().tasks.size(); ++i)
    line("weir_tasks", "state=\"" + std::string(weir::to_string(static_cast<TaskState>(i))) + "\"",
         static_cast<double>(model.snapshot().tasks[i]));
  // Functions of one name are one series: a series that comes twice is none.
  std::map<std::string, std::pair<std::uint64_t, double>> functions;
  const std::size_t most = std::min<std::size_t>(model.functions().size(), 500);
  for (std::size_t i = 0; i < most; ++i) {
    const FunctionTotals& one = model.functions()[i];
    auto& [count, busy_s] = functions["function=\"" + label_text(shortened(one.name, 200)) + "\""];
    count += one.count;
    busy_s += one.busy_s;
  }
  head("weir_function_tasks_total", "counter", "Tasks that have run, by function.");
  for (const auto& [label, totals] : functions)
    line("weir_function_tasks_total", label, static_cast<double>(totals.first));
  head("weir_function_seconds_total", "counter", "Thread seconds in a function.");
  for (const auto& [label, totals] : functions) line("weir_function_seconds_total", label, totals.second);
  head("weir_activity_seconds_total", "counter", "Thread seconds of workers by what they were spent on.");
  for (std::size_t i = 0; i < activities; ++i)
    line("weir_activity_seconds_total",
         "activity=\"" + std::string(to_string(static_cast<Activity>(i))) + "\"", model.activity()[i]);
  const json summary = summary_of(model);
  for (const auto& [name, help] : {std::pair{"workers", "Workers that are there."},
                                   {"threads", "Their threads."},
                                   {"managed_bytes", "Results in the memory of workers."},
                                   {"spilled_bytes", "Results on the disks of workers."},
                                   {"resident_bytes", "Memory of the processes of workers."}}) {
    head(("weir_" + std::string(name)).c_str(), "gauge", help);
    line("weir_" + std::string(name), "", summary.at(name).get<double>());
  }
  head("weir_workers_lost_total", "counter", "Workers that have died.");
  line("weir_workers_lost_total", "", static_cast<double>(model.snapshot().workers_lost));
  head("weir_task_failures_total", "counter", "Tasks that have failed.");
  line("weir_task_failures_total", "", static_cast<double>(model.failure_count()));
  const auto of_nodes = [&](const char* name, const char* type, const char* help, auto value) {
    head(name, type, help);
    for (std::size_t i = 0; i < model.streams().size(); ++i)
      for (std::size_t k = 0; k < model.streams()[i].nodes.size(); ++k) {
        const StreamNodeSeen& node = model.streams()[i].nodes[k];
        line(name,
             "stream=\"" + std::to_string(i) + "\",node=\"" + std::to_string(k) + "\",label=\"" +
                 label_text(shortened(node.label, 200)) + "\"",
             static_cast<double>(value(node)));
      }
  };
  of_nodes("weir_stream_in_total", "counter", "Elements that have come to a node of a stream.",
           [](const StreamNodeSeen& node) { return node.in; });
  of_nodes("weir_stream_out_total", "counter", "Elements that a node has given.",
           [](const StreamNodeSeen& node) { return node.out; });
  of_nodes("weir_stream_queued", "gauge", "Elements that wait in a node.",
           [](const StreamNodeSeen& node) { return node.queued; });
  of_nodes("weir_stream_errors_total", "counter", "Failures of a node.",
           [](const StreamNodeSeen& node) { return node.errors; });
  of_nodes("weir_stream_lost_total", "counter", "Elements that a node has dropped, or that came too late.",
           [](const StreamNodeSeen& node) { return node.dropped + node.late; });
  of_nodes("weir_stream_busy_ratio", "gauge", "Share of its time in which a node worked.",
           [](const StreamNodeSeen& node) { return node.busy; });
  of_nodes("weir_stream_blocked_ratio", "gauge", "Share of its time in which a node waited for those below.",
           [](const StreamNodeSeen& node) { return node.blocked; });
  head("weir_up_seconds", "gauge", "Since the program began.");
  line("weir_up_seconds", "", model.now_s());
  return text;
}

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace weir::detail::seeing
