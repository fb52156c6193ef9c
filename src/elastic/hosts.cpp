// What is concluded from where jobs fail.
#include "elastic/hosts.hpp"

namespace weir::detail::elastic {
namespace {

constexpr std::size_t most_named = 8;

std::string short_name(const std::string& host) { return host.substr(0, host.find('.')); }

}  // namespace

void Hosts::worked(const std::string& host) {
  if (!good_.insert(short_name(host)).second) return;
  std::erase_if(failures_,
                [&](const auto& failure) { return short_name(failure.first) == short_name(host); });
}

bool Hosts::failed(ScalingTime now, const std::string& host, ScalingTime submitted) {
  if (good_.contains(short_name(host))) return false;
  const auto [failure, is_new] = failures_.emplace(host, now);
  return others_work() && !needed_.contains(host) && (is_new || submitted < failure->second);
}

void Hosts::are_needed() {
  for (const auto& [host, since] : failures_) needed_.insert(host);
}

std::set<std::string> Hosts::avoided() const {
  std::set<std::string> hosts;
  for (const auto& [host, since] : failures_)
    if (!needed_.contains(host)) hosts.insert(host);
  return hosts;
}

std::string Hosts::failing() const {
  std::string text;
  std::size_t named = 0;
  for (const auto& [host, since] : failures_) {
    if (named++ == most_named)
      return text + " and " + std::to_string(failures_.size() - most_named) + " more";
    text += (text.empty() ? "" : ", ") + host;
  }
  return text;
}

}  // namespace weir::detail::elastic
