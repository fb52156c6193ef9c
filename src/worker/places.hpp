// Places: which processors and which devices of a worker each task gets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::worker {

/// The names under which tasks ask for these.
inline constexpr const char* cores_name = "cores";
inline constexpr const char* gpu_name = "gpu";

/// What a worker can hand out.
struct Machine {
  std::vector<std::vector<int>>
      domains;                       ///< Processors, by memory domain; fewer than threads: none is bound.
  std::vector<std::string> devices;  ///< As the resource `gpu`, each 1.
};

/// What a task was given.
struct Grant {
  std::vector<int> cpus;
  std::vector<std::string> devices;
  double of_each = 1;  ///< Of these devices.
  int cores = 0;       ///< 0: it did not ask.

  /// Of the worker's threads.
  [[nodiscard]] std::uint32_t width() const noexcept {
    return static_cast<std::uint32_t>(std::max(1, cores));
  }
};

/// Hands out processors and devices so that no two tasks have the same.
///
/// **Threads.** Confined to its owner.
/// **Source.** HyperQueue's resource pools: indices, fractions on one index only, compact over NUMA domains.
class Places {
 public:
  explicit Places(Machine machine = {});

  /// Whether so much of the devices can be had: whole free ones, or a part of one.
  [[nodiscard]] bool has_gpu(double amount) const;
  /// Of cores as many as there are free ones, in as few domains as possible; no `cpus` if there are too few.
  [[nodiscard]] Grant take(int cores, double gpu);
  void give_back(const Grant& grant);
  /// The processors of a task that waits are others' until it goes on, and then also its own. Devices, on
  /// which it may have data, stay with it.
  void lend(const Grant& grant) { count(grant.cpus, -1); }
  void end_lending(const Grant& grant) { count(grant.cpus, 1); }
  [[nodiscard]] bool has_devices() const noexcept { return !devices_.empty(); }

 private:
  struct Device {
    std::string name;
    double free = 1;
  };
  struct Processor {
    int number = 0;
    int users = 0;
  };
  using Domain = std::vector<Processor>;
  [[nodiscard]] std::size_t part_of(double amount) const;
  [[nodiscard]] static std::size_t free_of(const Domain& domain);
  void count(const std::vector<int>& cpus, int users);
  std::vector<Domain> domains_;
  std::vector<Device> devices_;
};

/// Of a task's resources: how many threads it takes, at least 1.
[[nodiscard]] double amount_of(const std::vector<Resource>& resources, const char* name) noexcept;
[[nodiscard]] inline int width_of(const std::vector<Resource>& resources) noexcept {
  return resources.empty() ? 1 : std::max(1, static_cast<int>(amount_of(resources, cores_name)));
}

}  // namespace weir::detail::worker
