// Messages of workers become totals, rings and rows.
#include "seeing/model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace weir::detail::seeing {

namespace {

constexpr std::string_view names_of_columns[] = {"tasks_per_s",
                                                 "busy",
                                                 "overhead",
                                                 "fetching",
                                                 "no_memory",
                                                 "serializing",
                                                 "no_parallelism",
                                                 "assigning",
                                                 "unplaceable",
                                                 "nothing_to_do",
                                                 "waiting",
                                                 "ready",
                                                 "managed_mb",
                                                 "spilled_mb",
                                                 "resident_mb",
                                                 "received_mb_per_s",
                                                 "cpu",
                                                 "workers",
                                                 "own_cpu",
                                                 "read_mb_per_s",
                                                 "written_mb_per_s",
                                                 "own_resident_mb",
                                                 "own_descriptors",
                                                 "own_read_mb_per_s",
                                                 "own_written_mb_per_s",
                                                 "host_received_mb_per_s",
                                                 "host_sent_mb_per_s"};
static_assert(std::size(names_of_columns) == columns);

constexpr double mb = 1e6;

float threads(double seconds, double over_s) {
  return over_s > 0 ? static_cast<float>(seconds / over_s) : 0.0f;
}

}  // namespace

std::string_view to_string(Column column) noexcept {
  return names_of_columns[static_cast<std::size_t>(column)];
}

std::uint16_t Model::function_index(std::uint64_t function) {
  if (functions_.size() >= most_functions && !function_index_.contains(function)) function = 0;
  const auto [found, is_new] =
      function_index_.try_emplace(function, static_cast<std::uint16_t>(functions_.size()));
  if (is_new) {
    functions_.emplace_back();
    functions_.back().function = function;
    functions_.back().name = function ? name_of_(function) : "other functions";
    last_.emplace_back();
  }
  return found->second;
}

// Rows are numbered as they come; beyond 65,536 of them threads share the last.
std::uint16_t Model::row_of(PeerId peer, std::uint16_t thread) {
  const auto found = row_index_.find({peer, thread});
  if (found != row_index_.end()) return found->second;
  if (rows_.size() > UINT16_MAX) return UINT16_MAX;
  rows_.push_back({peer, thread});
  const auto row = static_cast<std::uint16_t>(rows_.size() - 1);
  row_index_[{peer, thread}] = row;
  return row;
}

void Model::add_blocks(double now_s, PeerId from, const protocol::Seen& seen,
                       const std::vector<std::uint16_t>& functions) {
  const auto now_us = static_cast<std::int64_t>(1e6 * now_s);
  const auto [offset, is_new] = offset_us_.try_emplace(from, now_us - seen.now_us);
  offset->second = std::min(offset->second, now_us - seen.now_us);
  std::vector<Block>& running = running_[from];
  running.clear();
  for (const protocol::SeenBlock& each : seen.blocks) {
    if (!each.kind && each.function >= functions.size()) continue;
    const std::uint16_t function = each.kind ? std::uint16_t{0} : functions[each.function];
    const Block block{each.start_us + offset->second, each.length_us, each.busy_us, each.count, function,
                      row_of(from, each.thread),      each.failed,    each.kind};
    if (each.count || each.kind) blocks_.add(block);
    else running.push_back(block);
  }
}

void Model::add_links(double now_s, PeerId to, const protocol::Seen& seen) {
  for (const protocol::SeenLink& each : seen.links) {
    LinkTotals& link = links_[{each.peer, to}];
    link.bytes += each.bytes;
    link.count += each.count;
    link.per_s = seen.interval_s > 0 ? static_cast<double>(each.bytes) / seen.interval_s : 0;
    link.heard_s = now_s;
  }
  if (links_.size() <= most_links) return;
  std::vector<std::uint64_t> sizes;
  for (const auto& [ends, link] : links_) sizes.push_back(link.bytes);
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 4), sizes.end());
  std::erase_if(links_,
                [least = sizes[sizes.size() / 4]](const auto& link) { return link.second.bytes <= least; });
}

void Model::add_lines(std::vector<LogLine>& to, double now_s, const std::vector<std::string>& lines,
                      std::size_t most) {
  constexpr std::size_t most_bytes = 400;
  for (const std::string& line : lines) to.push_back({now_s, line.substr(0, most_bytes)});
  if (to.size() > most) to.erase(to.begin(), to.end() - static_cast<std::ptrdiff_t>(most));
}

void Model::add_slow(PeerId from, const protocol::Seen& seen) {
  const auto is_longer = [](const SlowTask& a, const SlowTask& b) { return a.length_s > b.length_s; };
  for (const protocol::SeenSlow& each : seen.slow) {
    const double start_s = 1e-6 * static_cast<double>(each.start_us + offset_us_[from]);
    SlowTask one{each.id,     each.function, from, start_s, 1e-6 * static_cast<double>(each.length_us),
                 each.failed, false,         {},   {}};
    if (slowest_.size() >= most_slow && !is_longer(one, slowest_.back())) continue;
    slowest_.insert(std::upper_bound(slowest_.begin(), slowest_.end(), one, is_longer), std::move(one));
    if (slowest_.size() > most_slow) slowest_.pop_back();
  }
}

// Names that are known stay.
void Model::find_running() {
  const std::vector<RunningTask> before = std::exchange(longest_, {});
  for (const auto& [peer, tasks] : told_running_) longest_.insert(longest_.end(), tasks.begin(), tasks.end());
  const std::size_t most = std::min(most_running, longest_.size());
  std::partial_sort(longest_.begin(), longest_.begin() + static_cast<std::ptrdiff_t>(most), longest_.end(),
                    [](const RunningTask& a, const RunningTask& b) { return a.start_s < b.start_s; });
  longest_.resize(most);
  for (RunningTask& one : longest_) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&](const RunningTask& other) { return other.id == one.id; });
    if (known != before.end())
      std::tie(one.is_looked_up, one.name) = std::tie(known->is_looked_up, known->name);
  }
}

const std::string& Model::code_name(std::uint64_t code) {
  constexpr std::size_t most = 100'000;
  if (code_names_.size() > most) code_names_.clear();
  const auto [found, is_new] = code_names_.try_emplace(code);
  if (is_new) found->second = code && code_of_ ? code_of_(code) : "???";
  return found->second;
}

// What calls tasks is the same for all of them: a stack begins behind the last of Weir's own functions that
// has none of the user's above it.
void Model::add_stack(double now_s, const protocol::SeenStack& stack) {
  const auto is_own = [&](std::uint64_t frame) {
    const std::string& name = code_name(frame);
    return name.find("weir::detail::") != std::string::npos || name.starts_with("std::") || name == "???" ||
           name.find("4weir6detail") != std::string::npos ||
           name.starts_with("_ZSt") ||  // not to be demangled
           name.find("std::__invoke") != std::string::npos || name.starts_with("void std::") ||
           name == "start_thread" || name == "clone" || name == "clone3" ||
           name.starts_with("execute_native_thread");
  };
  auto first = std::find_if_not(stack.frames.begin(), stack.frames.end(), is_own);
  if (first == stack.frames.end() && first != stack.frames.begin()) --first;  // Weir itself at work
  std::size_t at = 0;
  profile_[0].count += stack.count;
  for (; first != stack.frames.end(); ++first) {
    const std::string name = code_name(*first);
    auto below = profile_[at].below.find(name);
    if (below == profile_[at].below.end()) {
      if (profile_.size() >= most_profile_nodes) break;
      below = profile_[at].below.emplace(name, profile_.size()).first;
      profile_.push_back({name, 0, {}, at});
    }
    at = below->second;
    profile_[at].count += stack.count;
  }
  const ProfileMoment moment{static_cast<float>(now_s), static_cast<std::uint32_t>(at), stack.count};
  if (moments_.size() < most_moments) return moments_.push_back(moment);
  moments_[next_moment_] = moment;
  next_moment_ = (next_moment_ + 1) % most_moments;
}

std::vector<std::uint64_t> Model::profile_between(double from_s, double to_s) const {
  std::vector<std::uint64_t> counts(profile_.size(), 0);
  for (const ProfileMoment& moment : moments_) {
    if (moment.time_s < from_s || moment.time_s > to_s) continue;
    for (std::size_t at = moment.node; at; at = profile_[at].above) counts[at] += moment.count;
    counts[0] += moment.count;
  }
  return counts;
}

std::string Model::name_of(std::uint64_t function) const {
  const auto found = function_index_.find(function);
  return found != function_index_.end() ? functions_[found->second].name
         : function                     ? name_of_(function)
                                        : "scattered";
}

void Model::receive(double now_s, PeerId from, const protocol::Seen& seen) {
  std::vector<std::uint16_t> places;
  std::uint64_t count = 0, failures = 0;
  double busy_s = 0;
  for (const protocol::SeenFunction& each : seen.functions) {
    places.push_back(function_index(each.function));
    FunctionTotals& totals = functions_[places.back()];
    totals.count += each.count;
    totals.failed += each.failed;
    totals.bytes += each.bytes;
    totals.busy_s += 1e-9 * static_cast<double>(each.busy_ns);
    for (const protocol::SeenDurations& bucket : each.durations)
      if (bucket.digits < totals.durations.size()) totals.durations[bucket.digits] += bucket.count;
    count += each.count;
    failures += each.failed;
    busy_s += 1e-9 * static_cast<double>(each.busy_ns);
  }
  count_ += count;
  add_links(now_s, from, seen);
  for (const protocol::SeenStack& stack : seen.stacks) add_stack(now_s, stack);
  add_blocks(now_s, from, seen, places);
  add_slow(from, seen);
  std::vector<RunningTask>& running = told_running_[from];
  running.clear();
  for (const protocol::SeenRunning& each : seen.running)
    running.push_back({each.id,
                       each.function,
                       from,
                       1e-6 * static_cast<double>(each.start_us + offset_us_[from]),
                       false,
                       {}});
  WorkerTotals& worker = workers_[from];
  worker.info.peer = from;
  worker.count += count;
  worker.failed += failures;
  worker.busy_s += busy_s;
  worker.cpu_s += seen.cpu_s;
  worker.received_bytes += seen.received_bytes;
  worker.sent_bytes += seen.sent_bytes;
  worker.resident_bytes = seen.resident_bytes;
  worker.descriptors = seen.descriptors;
  worker.heard_s = now_s;
  if (!seen.log.empty())
    add_lines(worker.log, now_s, seen.log, std::clamp<std::size_t>(most_lines / workers_.size(), 2, 50));
  if (!(seen.interval_s > 0)) return;
  worker.per_s = static_cast<double>(count) / seen.interval_s;
  worker.busy = busy_s / seen.interval_s;
  worker.cpu = seen.cpu_s / seen.interval_s;
  worker.received_per_s = static_cast<double>(seen.received_bytes) / seen.interval_s;
  worker.sent_per_s = static_cast<double>(seen.sent_bytes) / seen.interval_s;
  worker.read_per_s = static_cast<double>(seen.read_bytes) / seen.interval_s;
  worker.written_per_s = static_cast<double>(seen.written_bytes) / seen.interval_s;
  add_activity(busy_s, seen, places);
}

// Busy time is exact, idle time is sampled: where they do not fit, samples give way. What is left of the wall
// time is overhead, which tasks share by their number: what reading and answering one costs depends little on
// its function.
void Model::add_activity(double busy_s, const protocol::Seen& seen,
                         const std::vector<std::uint16_t>& functions) {
  const double total_s = seen.interval_s * seen.threads;
  double reading_s = 0;  // and more that is known of each function
  for (const protocol::SeenFunction& each : seen.functions)
    reading_s += 1e-9 * static_cast<double>(each.serializing_ns);
  const double exact_s = busy_s + reading_s, fits = exact_s > total_s ? total_s / exact_s : 1;
  busy_s *= fits;
  reading_s *= fits;
  const double left_s = std::max(0.0, total_s - busy_s - reading_s);
  const double idle_s = seen.fetching_s + seen.no_memory_s + seen.unasked_s;
  const double scale = idle_s > left_s ? left_s / idle_s : 1;
  const auto add = [&](Activity activity, double seconds) {
    fresh_[static_cast<std::size_t>(activity)] += seconds;
  };
  add(Activity::compute, busy_s);
  add(Activity::fetching, scale * seen.fetching_s);
  add(Activity::no_memory, scale * seen.no_memory_s);
  // What was packed for others is of no function, and some of it by threads that run no tasks.
  const double packing_s = std::min(seen.packing_s, std::max(0.0, left_s - scale * idle_s));
  const double overhead_s = std::max(0.0, left_s - scale * idle_s - packing_s);
  add(Activity::serializing, reading_s + packing_s);
  add(Activity::overhead, overhead_s);
  std::uint64_t count = 0;
  for (const protocol::SeenFunction& each : seen.functions) count += each.count;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const protocol::SeenFunction& each = seen.functions[i];
    auto& activity_s = functions_[functions[i]].activity_s;
    activity_s[0] += fits * 1e-9 * static_cast<double>(each.busy_ns);
    if (count) activity_s[1] += overhead_s * static_cast<double>(each.count) / static_cast<double>(count);
    activity_s[2] += scale * 1e-9 * static_cast<double>(each.fetching_ns);
    activity_s[3] += scale * 1e-9 * static_cast<double>(each.no_memory_ns);
    activity_s[4] += fits * 1e-9 * static_cast<double>(each.serializing_ns);
  }
  const auto tasks = [&](TaskState state) { return snapshot_.tasks[static_cast<std::size_t>(state)]; };
  const std::uint64_t ready = tasks(TaskState::queued) + tasks(TaskState::processing);
  const Activity why = tasks(TaskState::no_worker) && !ready ? Activity::unplaceable
                       : ready > threads_                    ? Activity::assigning
                       : tasks(TaskState::waiting) || ready  ? Activity::no_parallelism
                                                             : Activity::nothing_to_do;
  add(why, scale * seen.unasked_s);
}

void Model::tick(double now_s, const Snapshot& snapshot, const std::vector<Progress>& progress,
                 const OwnProcess& own) {
  const double over_s = now_s - ticked_s_;
  now_s_ = now_s;
  snapshot_ = snapshot;
  threads_ = 0;
  for (auto& [peer, worker] : workers_) worker.is_gone = true;
  for (const WorkerInfo& info : snapshot.workers) {
    WorkerTotals& worker = workers_[info.peer];
    worker.info = info;
    worker.is_gone = false;
    threads_ += info.threads;
  }
  forget_gone();
  find_running();
  for (const Progress& each : progress) {
    FunctionTotals& totals = functions_[function_index(each.function)];
    totals.submitted = each.submitted;
  }
  for (std::size_t i = 0; i < activities; ++i) activity_[i] += fresh_[i] - added_[i];
  added_ = fresh_;
  own_now_ = own;
  if (over_s < 0.9 && ticked_s_ > 0) return;  // between two rows, or the end: too short for a rate
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    FunctionTotals& totals = functions_[i];
    totals.per_s = over_s > 0 ? static_cast<double>(totals.count - last_[i].count) / over_s : 0;
    totals.busy = over_s > 0 ? (totals.busy_s - last_[i].busy_s) / over_s : 0;
    last_[i] = {totals.count, totals.busy_s};
  }
  Figures::Row row;
  row.time_s = now_s;
  const auto set = [&](Column column, double value) {
    row.values[static_cast<std::size_t>(column)] = static_cast<float>(value);
  };
  const auto tasks = [&](TaskState state) {
    return static_cast<double>(snapshot.tasks[static_cast<std::size_t>(state)]);
  };
  set(Column::tasks_per_s, over_s > 0 ? static_cast<double>(count_ - counted_) / over_s : 0);
  for (std::size_t i = 0; i < activities; ++i)
    row.values[static_cast<std::size_t>(Column::busy) + i] = threads(fresh_[i], over_s);
  set(Column::waiting, tasks(TaskState::waiting) + tasks(TaskState::no_worker));
  set(Column::ready, tasks(TaskState::queued) + tasks(TaskState::processing));
  double managed = 0, spilled = 0, resident = 0, received = 0, cpu = 0, count = 0, read = 0, written = 0;
  for (const auto& [peer, worker] : workers_) {
    if (worker.is_gone) continue;
    managed += static_cast<double>(worker.info.managed_bytes);
    spilled += static_cast<double>(worker.info.spilled_bytes);
    resident += static_cast<double>(worker.resident_bytes);
    received += worker.received_per_s;
    read += worker.read_per_s;
    written += worker.written_per_s;
    cpu += worker.cpu;
    ++count;
  }
  set(Column::managed_mb, managed / mb);
  set(Column::spilled_mb, spilled / mb);
  set(Column::resident_mb, resident / mb);
  set(Column::received_mb_per_s, received / mb);
  set(Column::cpu, cpu);
  set(Column::workers, count);
  const auto rate = [&](double now, double before) {
    return over_s > 0 && ticked_s_ > 0 ? std::max(0.0, now - before) / over_s : 0;
  };
  const auto mb_rate = [&](std::uint64_t now, std::uint64_t before) {
    return rate(static_cast<double>(now) / mb, static_cast<double>(before) / mb);
  };
  set(Column::read_mb_per_s, read / mb);
  set(Column::written_mb_per_s, written / mb);
  set(Column::own_cpu, over_s > 0 ? (own.cpu_s - own_.cpu_s) / over_s : 0);
  set(Column::own_resident_mb, static_cast<double>(own.resident_bytes) / mb);
  set(Column::own_descriptors, own.descriptors);
  set(Column::own_read_mb_per_s, mb_rate(own.read_bytes, own_.read_bytes));
  set(Column::own_written_mb_per_s, mb_rate(own.written_bytes, own_.written_bytes));
  set(Column::host_received_mb_per_s, mb_rate(own.host_received_bytes, own_.host_received_bytes));
  set(Column::host_sent_mb_per_s, mb_rate(own.host_sent_bytes, own_.host_sent_bytes));
  figures_.add(row);
  own_ = own;
  fresh_ = added_ = {};
  counted_ = count_;
  ticked_s_ = now_s;
}

void Model::forget_gone() {
  std::vector<std::pair<double, PeerId>> gone;
  for (const auto& [peer, worker] : workers_)
    if (worker.is_gone) gone.emplace_back(worker.heard_s, peer);
  std::sort(gone.begin(), gone.end());
  for (std::size_t i = 0; i + most_gone < gone.size(); ++i) workers_.erase(gone[i].second);
  for (const auto& [heard_s, peer] : gone) {
    running_.erase(peer);
    told_running_.erase(peer);
    offset_us_.erase(peer);
  }
}

void Model::set_streams(std::vector<StreamSeen> streams) {
  if (streams.empty()) return;
  const double threads = std::max(1.0, static_cast<double>(threads_));
  for (StreamSeen& stream : streams)
    for (StreamNodeSeen& node : stream.nodes)
      if (node.is_on_cluster) node.busy = std::min(1 - node.blocked, node.busy / threads);
  streams_ = std::move(streams);
}

void Model::failed(FailureSeen failure) {
  ++failure_count_;
  failures_.push_back(std::move(failure));
  if (failures_.size() > most_failures) failures_.pop_front();
}

ActivitySeconds Model::recent_activity() const {
  ActivitySeconds recent{};
  for (const Figures::Row& row : figures_.rows(now_s_ - 10, 0))
    for (std::size_t i = 0; i < activities; ++i)
      recent[i] += row.values[static_cast<std::size_t>(Column::busy) + i];
  return recent;
}

std::vector<Block> Model::tile(const TileRequest& request) const {
  std::vector<Block> running;
  for (const auto& [peer, blocks] : running_) running.insert(running.end(), blocks.begin(), blocks.end());
  return blocks_.tile(request, running);
}

}  // namespace weir::detail::seeing
