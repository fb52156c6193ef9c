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

Places::Places(Machine machine) : domains_(machine.domains), all_(std::move(machine.domains)) {
  for (std::string& name : machine.devices) devices_.push_back({std::move(name)});
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
  for (const auto& domain : domains_) free += domain.size();
  const auto wanted = static_cast<std::size_t>(cores);
  if (cores == 0 || free < wanted) return grant;
  while (grant.cpus.size() < wanted) {
    const std::size_t missing = wanted - grant.cpus.size();
    // The smallest that has them all, else the largest.
    std::vector<int>* best = nullptr;
    for (auto& domain : domains_) {
      if (domain.empty()) continue;
      const bool enough = domain.size() >= missing, had = best && best->size() >= missing;
      if (!best || (enough && (!had || domain.size() < best->size())) ||
          (!enough && !had && domain.size() > best->size()))
        best = &domain;
    }
    const auto part = static_cast<std::ptrdiff_t>(std::min(missing, best->size()));
    grant.cpus.insert(grant.cpus.end(), best->begin(), best->begin() + part);
    best->erase(best->begin(), best->begin() + part);
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
  for (const int cpu : grant.cpus)
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (std::find(all_[i].begin(), all_[i].end(), cpu) != all_[i].end()) {
        auto& domain = domains_[i];
        domain.insert(std::lower_bound(domain.begin(), domain.end(), cpu), cpu);
        break;
      }
}

}  // namespace weir::detail::worker
