// The least domain that is large enough, the fullest device that has room.
#include "worker/places.hpp"

#include <algorithm>

namespace weir::detail::worker {

namespace {

constexpr double slack = 1e-9;  // what fractions may differ by

}  // namespace

double amount_of(const std::vector<Resource>& resources, const char* name) noexcept {
  for (const Resource& resource : resources)
    if (resource.name == name) return resource.amount;
  return 0;
}

Places::Places(Machine machine) {
  for (const std::vector<int>& numbers : machine.domains) {
    Domain& domain = domains_.emplace_back();
    for (const int number : numbers) domain.push_back({number});
  }
  for (std::string& name : machine.devices) devices_.push_back({std::move(name)});
}

std::size_t Places::free_of(const Domain& domain) {
  return static_cast<std::size_t>(
      std::count_if(domain.begin(), domain.end(), [](const Processor& one) { return one.users <= 0; }));
}

void Places::count(const std::vector<int>& cpus, int users) {
  for (Domain& domain : domains_)
    for (Processor& processor : domain)
      if (std::find(cpus.begin(), cpus.end(), processor.number) != cpus.end()) processor.users += users;
}

// Of those that have room the fullest, so that whole ones stay whole.
std::size_t Places::part_of(double amount) const {
  std::size_t best = devices_.size();
  for (std::size_t i = 0; i < devices_.size(); ++i)
    if (devices_[i].free + slack >= amount &&
        (best == devices_.size() || devices_[i].free < devices_[best].free))
      best = i;
  return best;
}

bool Places::has_gpu(double amount) const {
  if (amount <= 0) return true;
  if (amount < 1 - slack) return part_of(amount) < devices_.size();
  const auto whole = std::count_if(devices_.begin(), devices_.end(),
                                   [](const Device& device) { return device.free + slack >= 1; });
  return static_cast<double>(whole) + slack >= amount;
}

Grant Places::take(int cores, double gpu) {
  Grant grant;
  grant.cores = cores;
  if (gpu > 0 && gpu < 1 - slack) {
    if (const std::size_t part = part_of(gpu); part < devices_.size()) {
      grant.of_each = gpu;
      devices_[part].free -= gpu;
      grant.devices.push_back(devices_[part].name);
    }
  } else if (gpu > 0) {
    for (Device& device : devices_) {
      if (static_cast<double>(grant.devices.size()) + slack >= gpu) break;
      if (device.free + slack < 1) continue;
      device.free = 0;
      grant.devices.push_back(device.name);
    }
  }
  std::size_t free = 0;
  for (const Domain& domain : domains_) free += free_of(domain);
  const auto wanted = static_cast<std::size_t>(cores);
  if (cores == 0 || free < wanted) return grant;
  while (grant.cpus.size() < wanted) {
    const std::size_t missing = wanted - grant.cpus.size();
    // The smallest that has them all, else the largest.
    Domain* best = nullptr;
    std::size_t best_free = 0;
    for (Domain& domain : domains_) {
      const std::size_t has = free_of(domain);
      if (has == 0) continue;
      const bool enough = has >= missing, had = best_free >= missing;
      if (!best || (enough && (!had || has < best_free)) || (!enough && !had && has > best_free)) {
        best = &domain;
        best_free = has;
      }
    }
    for (Processor& processor : *best)
      if (processor.users <= 0 && grant.cpus.size() < wanted) {
        ++processor.users;
        grant.cpus.push_back(processor.number);
      }
  }
  std::sort(grant.cpus.begin(), grant.cpus.end());
  return grant;
}

void Places::give_back(const Grant& grant) {
  for (const std::string& name : grant.devices)
    for (Device& device : devices_)
      if (device.name == name) {
        device.free += grant.of_each;
        if (device.free > 1 - slack) device.free = 1;  // sums of fractions drift
        break;
      }
  count(grant.cpus, -1);
}

}  // namespace weir::detail::worker
