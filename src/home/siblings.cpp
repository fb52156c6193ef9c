// The children of mpirun, or of what it has started on this host.
#include "home/siblings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "core/process.hpp"

namespace weir::detail::home {
namespace {

bool is_launcher(const std::string& name) {
  constexpr std::array<std::string_view, 7> names{"mpirun", "mpiexec", "orterun",        "prterun",
                                                  "orted",  "prted",   "hydra_pmi_proxy"};
  return std::ranges::any_of(names, [&](std::string_view known) { return name.starts_with(known); });
}

std::string rank_of(pid_t pid) {
  const std::string rank = variable_in(pid, "OMPI_COMM_WORLD_RANK");
  return rank.empty() ? variable_in(pid, "PMI_RANK") : rank;
}

constexpr auto between_looks = std::chrono::milliseconds(700);
constexpr int looks_that_agree = 4;

}  // namespace

Siblings siblings() {
  Siblings all;
  pid_t top = getpid(), above = parent_of(top);  // of this rank; what started it
  for (; above > 1 && !is_launcher(name_of(above)); above = parent_of(above)) top = above;
  const std::string own = rank_of(top);
  if (above <= 1 || own.empty()) return all;
  all.launcher = above;
  all.are_started = true;
  const std::string name = name_of(above);
  for (const pid_t child : children_of(above)) {
    if (birth_of(child) == 0) continue;  // has ended
    if (const std::string rank = rank_of(child); !rank.empty()) all.alive.insert(std::atoi(rank.c_str()));
    else if (name_of(child) == name) all.are_started = false;
  }
  if (!all.alive.contains(std::atoi(own.c_str()))) all.are_started = false;  // the kernel keeps no list
  return all;
}

SiblingWatch::SiblingWatch(std::size_t count, std::function<void(const Siblings&)> missing)
    : thread_([this, count, missing = std::move(missing)](const std::stop_token& stop) {
        Siblings first;  // of the looks that agree, though more may have gone since
        std::unique_lock lock(mutex_);
        for (int same = 0; same < looks_that_agree;) {
          changed_.wait_for(lock, stop, between_looks, [] { return false; });
          if (stop.stop_requested()) return;
          Siblings now = siblings();
          if (!now.are_started || now.alive.size() >= count) same = 0;
          else if (same > 0 && std::ranges::includes(first.alive, now.alive)) ++same;
          else first = std::move(now), same = 1;
        }
        missing(first);
      }) {}

}  // namespace weir::detail::home
