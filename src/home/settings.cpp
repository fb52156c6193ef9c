// Options, else environment variables, else defaults.
#include "home/settings.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "batch/hearing.hpp"
#include "batch/program.hpp"
#include "batch/walltime.hpp"
#include "core/log.hpp"
#include "core/variables.hpp"
#include "home/grant.hpp"
#include "node/host.hpp"
#include "weir/bytes.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::home {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void tell_environment_problems() {
  for (const std::string& problem : environment_problems()) log::warn("{}", problem);
}

std::uint32_t number_of_threads(const RunOptions& options, std::uint32_t otherwise) {
  if (options.threads) return options.threads;
  const std::string text = environment("WEIR_THREADS");
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const unsigned long threads = std::strtoul(text.c_str(), &end, 10);
  static_assert(most_threads == 4096);
  if (*end || threads < 1 || threads > most_threads)
    throw Error(ErrorKind::invalid_argument,
                "WEIR_THREADS: must be a number from 1 to 4096 (got \"" + text + "\")");
  return static_cast<std::uint32_t>(threads);
}

std::vector<Resource> resources_of(const RunOptions& options) {
  if (!options.resources.empty()) return options.resources;
  std::vector<Resource> resources;
  const std::string text = environment("WEIR_RESOURCES");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, end - at);
    const std::size_t equals = item.find('=');
    char* rest = nullptr;
    const double amount = equals == std::string::npos ? 0 : std::strtod(item.c_str() + equals + 1, &rest);
    if (equals == std::string::npos || equals == 0 || *rest || !(amount > 0))
      throw Error(
          ErrorKind::invalid_argument,
          "WEIR_RESOURCES: must be name=amount pairs such as \"GPU=2,licence=1\" (got \"" + item + "\")");
    resources.push_back({item.substr(0, equals), amount});
    at = end + 1;
  }
  detail::check(resources, "WEIR_RESOURCES");
  return resources;
}

int granted_cores() { return grant().cores.value; }

std::uint64_t granted_memory() { return grant().memory_bytes.value; }

worker::MemoryLimits memory_limits(const RunOptions& options, std::uint64_t workers) {
  worker::MemoryLimits memory;
  memory.limit = std::max(least_memory_bytes, granted_memory() / std::max<std::uint64_t>(workers, 1));
  const std::string variable = environment("WEIR_MEMORY_LIMIT");
  const std::string text = options.memory_limit.empty() ? variable : options.memory_limit;
  if (text.empty()) return memory;
  const std::string name = options.memory_limit.empty() ? "WEIR_MEMORY_LIMIT" : "memory_limit";
  try {
    memory.limit = parse_bytes(text);
  } catch (const Error& error) {
    throw Error(error.kind(), name + ": " + error.what());
  }
  if (memory.limit < least_memory_bytes)
    throw Error(ErrorKind::invalid_argument,
                name + ": must be at least 1MB; a number without a unit counts bytes (got \"" + text + "\")");
  return memory;
}

std::uint64_t ranks_of_host() {
  const std::string text = environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  return std::max(1ul, std::strtoul(text.c_str(), nullptr, 10));
}

std::uint64_t lent_memory(const RunOptions& options) {
  try {
    return memory_limits(options, ranks_of_host()).limit / 8;
  } catch (const Error&) {
    return UINT64_MAX;  // the worker says what is wrong
  }
}

std::string spill_folder() {
  for (const char* name : {"WEIR_SPILL_DIRECTORY", "TMPDIR"})
    if (std::string folder = environment(name); !folder.empty()) return folder;
  return "/tmp";
}

node::WorkerSettings worker_settings(const RunOptions& options, PeerId self, std::uint32_t threads,
                                     std::uint64_t workers, const std::optional<HostRank>& in_process) {
  node::WorkerSettings settings;
  settings.threads = threads;
  settings.resources = resources_of(options);
  const Grant all = grant();
  HostRank own = in_process.value_or(host_rank(batch::own_variables()));
  if (own.is_slot) {
    own.devices_each = static_cast<std::size_t>(worker::amount_of(settings.resources, worker::gpu_name));
    workers = std::max<std::uint64_t>(workers, own.workers);
  }
  settings.machine = share_of(all, own_kernel_view(), own, threads);
  settings.share =
      std::max(1, all.cores.value / static_cast<int>(std::max<std::uint64_t>(1, threads * own.workers)));
  if (const std::string problem =
          settle_devices(settings.resources, settings.machine.devices, all.devices.source, own.index);
      !problem.empty())
    log::warn("{}", problem);
  settings.name = "worker " + std::to_string(self);
  settings.memory = memory_limits(options, workers);
  settings.spill_folder = spill_folder();
  if (const std::string text = environment("WEIR_STOP_GRACE"); !text.empty()) {
    try {
      settings.stop_grace = parse_duration(text);
    } catch (const Error& error) {
      throw Error(error.kind(), std::string("WEIR_STOP_GRACE: ") + error.what());
    }
  }
  return settings;
}

node::SchedulerSettings scheduler_settings(const RunOptions& options) {
  node::SchedulerSettings settings;
  settings.scheduling.allowed_failures = options.allowed_failures;
  if (const std::string text = environment("WEIR_PATIENCE"); !text.empty()) {
    try {
      settings.patience_for_dead = std::chrono::ceil<std::chrono::milliseconds>(parse_duration(text));
      settings.patience_for_stopped = settings.patience_for_dead;  // a debugger, a suspended job
    } catch (const Error& error) {
      throw Error(error.kind(), std::string("WEIR_PATIENCE: ") + error.what());
    }
    if (settings.patience_for_dead < 2 * settings.heartbeat)
      throw Error(ErrorKind::invalid_argument,
                  "WEIR_PATIENCE: must be at least 500ms (got \"" + text + "\")");
  }
  return settings;
}

std::optional<node::Clock::time_point> end_of_job(bool is_announced) {
  const auto now = node::Clock::now();
  if (is_announced) {
    const auto job = current_job();
    const auto* hearing = job ? dynamic_cast<const batch::Hearing*>(job->system) : nullptr;
    const auto asked = [&] { return hearing->left_now(job->id, batch::own_asker()); };
    auto left = hearing ? asked() : std::nullopt;
    if (hearing && !left) left = asked();                                // a busy system may have refused
    if (!left || *left <= std::chrono::seconds(0)) return std::nullopt;  // or the clocks are apart
    return now + *left;
  }
  if (const std::string text = environment("WEIR_LIFETIME"); !text.empty()) return now + parse_duration(text);
  const auto end = batch::job_end(batch::read_job_clock(),
                                  std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  if (!end) return std::nullopt;
  if (end->clock_offset != std::chrono::seconds(0))
    log::warn(
        "the clock of this node and that of the batch system are {} s apart; the walltime is counted from "
        "the job's beginning",
        end->clock_offset.count());
  return now + end->remaining;
}

void exit_now(int status) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace weir::detail::home
