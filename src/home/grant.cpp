// Allocation, control group, affinity mask, variables of devices.
#include "home/grant.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>

#include "batch/answer.hpp"
#include "batch/listing.hpp"
#include "batch/program.hpp"
#include "batch/stepping.hpp"
#include "node/bound.hpp"
#include "node/host.hpp"

namespace weir::detail::home {

using HostMemory = BatchSystem::HostMemory;

namespace {

template <class T>
void lower(Said<T>& least, T value, const std::string& source) {
  if (least.source.empty() || value < least.value) least = {value, source};
}

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (std::string item = batch::trimmed(list.substr(at, end - at)); !item.empty())
      items.push_back(std::move(item));
    at = end + 1;
  }
  return items;
}

// Batch systems give indices, also as ranges.
std::vector<std::string> indices_of(const std::string& list) {
  std::vector<std::string> items;
  for (const int index : cpu_list(list)) items.push_back(std::to_string(index));
  return items;
}

Said<std::vector<std::string>> devices_of(const BatchSystem::Variables& variables) {
  for (const char* name : node::device_variable_names) {
    const auto list = variables(name);
    if (!list) continue;
    std::vector<std::string> devices = items_of(*list);
    // "NoDevFiles" is what Slurm writes for none; CUDA stops at the first -1.
    const auto none = std::find_if(devices.begin(), devices.end(), [](const std::string& device) {
      return device.starts_with("-") || device == "NoDevFiles" || device == "none";
    });
    devices.erase(none, devices.end());
    for (auto at = devices.begin(); at != devices.end();)  // one named twice is one
      at = std::find(devices.begin(), at, *at) == at ? at + 1 : devices.erase(at);
    return {std::move(devices), name};
  }
  if (const auto job = current_job(variables))
    if (const auto* listing = dynamic_cast<const batch::Listing*>(job->system))
      if (const auto listed = listing->devices(variables)) return {indices_of(listed->first), listed->second};
  if (const auto list = variables("GPU_DEVICE_ORDINAL")) return {indices_of(*list), "GPU_DEVICE_ORDINAL"};
  return {{}, nobody_names_devices};
}

}  // namespace

std::vector<int> cpu_list(const std::string& text) {
  constexpr int most = 4096;
  std::vector<int> cpus;
  for (const std::string& item : items_of(text)) {
    int first = 0;
    const char* const end = item.data() + item.size();
    auto [at, problem] = std::from_chars(item.data(), end, first);
    if (problem != std::errc()) return {};
    int last = first;
    if (at != end && *at == '-') {
      const auto [rest, wrong] = std::from_chars(at + 1, end, last);
      if (wrong != std::errc()) return {};
      at = rest;
    }
    if (at != end || first < 0 || last < first || last >= most) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

KernelView own_kernel_view() {
  KernelView view;
  view.host = node::host_name();
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) view.cpus.push_back(cpu);
  view.is_bound = static_cast<long>(view.cpus.size()) < sysconf(_SC_NPROCESSORS_ONLN);
  view.quota_cores = node::group_cores("/proc/self/cgroup", "/sys/fs/cgroup");
  view.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  view.quota_memory = node::group_memory("/proc/self/cgroup", "/sys/fs/cgroup");
  return view;
}

std::vector<HostMemory> memory_of_job(const BatchSystem::Variables& variables, const KernelView& kernel,
                                      const BatchSystem::Asker& ask) {
  const auto job = current_job(variables);
  if (!job) return {};
  const Allocation allocation = job->system->allocation(variables, 1);
  if (allocation.memory_bytes) return {{.bytes = allocation.memory_bytes}};
  const bool is_limited = kernel.quota_memory.value_or(UINT64_MAX) < kernel.memory_bytes;
  // A thousand ranks do not ask; `weir run` has asked for them.
  if (is_limited || variables("OMPI_COMM_WORLD_SIZE") || variables("WEIR_NODE_MEMORY")) return {};
  return job->system->asked_memory(job->id, allocation, ask);
}

namespace {

/// Batch systems and hosts may leave out a name's domain.
std::uint64_t memory_on(const std::string& host, const std::vector<HostMemory>& all) {
  const auto in_short = [](const std::string& name) { return name.substr(0, name.find('.')); };
  for (const HostMemory& one : all)
    if (one.host.empty() || in_short(one.host) == in_short(host)) return one.bytes;
  return 0;
}

std::vector<HostMemory> memory_in(const std::string& text) {
  std::vector<HostMemory> all;
  for (const std::string& item : items_of(text)) {
    const std::size_t equals = item.find('=');
    const std::size_t begin = equals == std::string::npos ? 0 : equals + 1;
    if (const auto bytes = batch::number(item.substr(begin)); bytes && *bytes > 0)
      all.push_back({item.substr(0, begin ? equals : 0), static_cast<std::uint64_t>(*bytes)});
  }
  return all;
}

std::optional<std::string> ask_once(const std::vector<std::string>& command) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::optional<std::string>> answers;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = answers.try_emplace(command);
  if (is_new) at->second = batch::own_asker()(command);
  return at->second;
}

}  // namespace

std::string memory_of_job() {
  std::string text;
  for (const auto& [host, bytes] : memory_of_job(batch::own_variables(), own_kernel_view(), ask_once))
    if (bytes) text += (text.empty() ? "" : ",") + (host.empty() ? "" : host + "=") + std::to_string(bytes);
  return text;
}

Grant grant(const BatchSystem::Variables& variables, const KernelView& kernel,
            const BatchSystem::Asker& ask) {
  Grant all;
  const auto job = current_job(variables);
  const Allocation allocation = job ? job->system->allocation(variables, 1) : Allocation{};
  const std::string of_job = job ? std::string(job->system->title()) + " job " + job->id : "";
  if (!kernel.cpus.empty() && (kernel.is_bound || allocation.cores == 0))
    lower(all.cores, static_cast<int>(kernel.cpus.size()), "the affinity mask");
  if (kernel.quota_cores)
    lower(all.cores, static_cast<int>(std::ceil(*kernel.quota_cores)), "the control group");
  if (allocation.cores > 0) lower(all.cores, allocation.cores, of_job);
  all.cores.value = std::max(1, all.cores.value);
  lower(all.memory_bytes, kernel.memory_bytes, "the node");
  if (kernel.quota_memory) lower(all.memory_bytes, *kernel.quota_memory, "the control group");
  if (const std::uint64_t memory = memory_on(kernel.host, memory_of_job(variables, kernel, ask)))
    lower(all.memory_bytes, memory / 10 * 9, of_job + ", less a tenth");
  // `weir run` knows the job's; on its other nodes the batch system's variables are missing.
  if (const std::uint64_t told =
          memory_on(kernel.host, memory_in(variables("WEIR_NODE_MEMORY").value_or(""))))
    lower(all.memory_bytes, told / 10 * 9, "the batch job, less a tenth");
  all.devices = devices_of(variables);
  return all;
}

Grant grant() { return grant(batch::own_variables(), own_kernel_view(), ask_once); }

// Rank 0 works for nobody: where it is, a rank has the same number among all as on its node.
HostRank host_rank(const BatchSystem::Variables& variables) {
  if (const auto slot = variables("WEIR_SLOT")) {
    const std::size_t bar = slot->find('/');
    const auto number = [](const std::string& text) { return static_cast<std::size_t>(batch::count(text)); };
    if (bar != std::string::npos)
      return {number(slot->substr(0, bar)), std::max<std::size_t>(1, number(slot->substr(bar + 1))), true};
  }
  const int size = batch::count(variables("OMPI_COMM_WORLD_LOCAL_SIZE"));
  const auto local = static_cast<std::size_t>(batch::count(variables("OMPI_COMM_WORLD_LOCAL_RANK")));
  const auto rank = static_cast<std::size_t>(batch::count(variables("OMPI_COMM_WORLD_RANK")));
  if (size < 2) return {};
  const auto all = static_cast<std::size_t>(size);
  return rank == local ? HostRank{local > 0 ? local - 1 : 0, all - 1} : HostRank{local, all};
}

namespace {

// By the memory they are nearest to.
std::vector<std::vector<int>> by_domain(const std::vector<int>& cpus) {
  std::vector<std::vector<int>> domains;
  std::vector<int> rest = cpus;
  for (int node = 0; !rest.empty() && node < 1024; ++node) {
    std::string text;
    std::ifstream file("/sys/devices/system/node/node" + std::to_string(node) + "/cpulist");
    if (!std::getline(file, text)) break;
    const std::vector<int> here = cpu_list(text);
    std::vector<int> domain;
    for (const int cpu : rest)
      if (std::find(here.begin(), here.end(), cpu) != here.end()) domain.push_back(cpu);
    std::erase_if(rest, [&](int cpu) { return std::find(here.begin(), here.end(), cpu) != here.end(); });
    if (!domain.empty()) domains.push_back(std::move(domain));
  }
  if (!rest.empty()) domains.push_back(std::move(rest));
  return domains;
}

// Workers that have a part of a device each share it.
std::vector<std::string> numbered_devices(double each, std::size_t worker) {
  const auto count = static_cast<std::size_t>(std::ceil(each));
  const std::size_t first =
      each >= 1 ? worker * count : worker / static_cast<std::size_t>(std::min(1e6, 1 / each + 1e-9));
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < count; ++i) devices.push_back(std::to_string(first + i));
  return devices;
}

}  // namespace

worker::Machine share_of(const Grant& grant, const KernelView& kernel, const HostRank& rank,
                         std::uint32_t threads) {
  worker::Machine machine;
  // A mask of its own has been cut for it; one that all share is cut here.
  std::size_t begin = 0, count = kernel.cpus.size();
  if (rank.workers > 1 || rank.is_slot) {
    begin = rank.index * threads;
    count = threads;
  }
  if (kernel.cpus.size() >= begin + count && count >= threads &&
      grant.cores.value >= static_cast<int>(kernel.cpus.size())) {
    const auto first = kernel.cpus.begin() + static_cast<std::ptrdiff_t>(begin);
    machine.domains = by_domain({first, first + static_cast<std::ptrdiff_t>(count)});
  }
  const std::vector<std::string>& devices = grant.devices.value;
  const std::size_t all = devices.size(), workers = rank.workers;
  const std::size_t each = rank.devices_each ? rank.devices_each : std::max<std::size_t>(1, all / workers);
  const bool is_even = all >= workers && !rank.is_slot;
  const std::size_t from = is_even ? rank.index * all / workers : std::min(rank.index * each, all);
  const std::size_t to = is_even ? (rank.index + 1) * all / workers : std::min(from + each, all);
  machine.devices.assign(devices.begin() + static_cast<std::ptrdiff_t>(from),
                         devices.begin() + static_cast<std::ptrdiff_t>(to));
  return machine;
}

std::string settle_devices(std::vector<Resource>& resources, std::vector<std::string>& devices,
                           const std::string& source, std::size_t worker) {
  const auto said = std::find_if(resources.begin(), resources.end(),
                                 [](const Resource& one) { return one.name == worker::gpu_name; });
  if (said == resources.end()) {
    if (!devices.empty()) resources.push_back({worker::gpu_name, static_cast<double>(devices.size())});
    return "";
  }
  const double wanted = said->amount;
  if (static_cast<double>(devices.size()) >= wanted) {
    devices.resize(static_cast<std::size_t>(std::ceil(wanted)));
    return "";
  }
  if (source == nobody_names_devices) {
    devices = numbered_devices(wanted, worker);
    return "";
  }
  std::string names;
  for (const std::string& device : devices) names += (names.empty() ? ": " : ", ") + device;
  std::array<char, 32> amount;
  std::snprintf(amount.data(), amount.size(), "%g", wanted);
  const std::size_t count = devices.size();
  if (devices.empty()) resources.erase(said);
  else said->amount = static_cast<double>(count);
  return std::string(worker::gpu_name) + "=" + amount.data() + ": this worker has been given " +
         (count ? std::to_string(count) : "no") + (count == 1 ? " device" : " devices") + names + " (" +
         source + "), and offers no more";
}

Copies copies(const BatchSystem::Variables& variables, MpiFamily family) {
  if (!rank_names(variables, family).size.empty()) return {};
  const MpiFamily other = family == MpiFamily::mpich ? MpiFamily::open_mpi : MpiFamily::mpich;
  const RankNames names = rank_names(variables, other);
  if (variables("OMPI_COMM_WORLD_SIZE") && names.size.empty()) return {};  // started by a rank
  for (const BatchSystem& system : batch_systems())
    if (const int together = system.started_together(variables); together > 1)
      return {together, system.started_as(variables), std::string(system.title()) + "'s own launcher"};
  if (!names.size.empty())
    return {batch::count(names.size), batch::count(names.rank),
            "the launcher of another MPI, " + std::string(mpi_starter(other).family)};
  for (const auto& [size, rank] : {std::pair{"PMI_SIZE", "PMI_RANK"},
                                   {"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"},
                                   {"JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_RANK"},
                                   {"FLUX_JOB_SIZE", "FLUX_TASK_RANK"}})
    if (const int together = batch::count(variables(size)); together > 1)
      return {together, batch::count(variables(rank)), "another launcher of MPI programs"};
  // In a job it may be a shell's, that of a step with one process.
  if (const auto rank = variables("PMIX_RANK");
      rank && family == MpiFamily::open_mpi && !current_job(variables))
    return {2, batch::count(rank), "a launcher of PMIx that is not mpirun", "N"};
  return {};
}

Copies copies() { return copies(batch::own_variables(), mpi_family()); }

void mend_job_variables() {
  for (const BatchSystem& system : batch_systems())
    for (const std::string& variable : system.misleading_variables()) unsetenv(variable.c_str());
  const auto job = current_job();
  if (!job) return;
  for (const auto& [name, value] : job->system->helpful_variables()) setenv(name.c_str(), value.c_str(), 0);
  // A rank with several cores is one place for mpirun, and its tasks may start a rank on each. Those of two
  // tasks would be bound to the same cores; they have the processors of their task.
  setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
  setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
}

namespace {

const batch::Stepping* stepping() {
  const auto job = current_job();
  return job ? dynamic_cast<const batch::Stepping*>(job->system) : nullptr;
}

}  // namespace

void note_job() {
  unsetenv(batch::job_view);
  const auto* system = stepping();
  if (const std::string view = system ? system->noted(batch::own_variables()) : ""; !view.empty())
    setenv(batch::job_view, view.c_str(), 1);
}

void leave_step() {
  mend_job_variables();
  const auto* system = stepping();
  if (!system) return;
  for (const auto& [name, value] : system->outside_step(batch::own_variables()))
    value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
}

}  // namespace weir::detail::home
