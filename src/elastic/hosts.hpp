// Hosts: on which of them a growing cluster's jobs fail at once; pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "elastic/adaptive.hpp"

namespace weir::detail::elastic {

/// Which hosts a cluster's jobs are kept away from.
///
/// A host on which a job fails before one of its workers has joined is avoided at once, also while no other
/// is known to be better: the next job tells. If that fails as well, the jobs are at fault, which their
/// owner counts. Names are compared without their domains.
/// **Threads.** Confined to its owner; no locks, no clock.
class Hosts {
 public:
  /// A worker has joined from there.
  void worked(const std::string& host);
  /// A job that was submitted at `submitted` has failed there at once. \return Whether it says nothing of the
  /// others: workers run elsewhere, and it was not to be kept away from there already.
  bool failed(ScalingTime now, const std::string& host, ScalingTime submitted);
  /// Without those to avoid nothing can be had.
  void are_needed();
  /// Jobs fail everywhere.
  void forget_failures() { failures_.clear(); }

  /// Where no job should run.
  [[nodiscard]] std::set<std::string> avoided() const;
  [[nodiscard]] bool others_work() const noexcept { return !good_.empty(); }
  /// `node1, node2`; where jobs have failed at once.
  [[nodiscard]] std::string failing() const;

 private:
  std::set<std::string> good_, needed_;          // without domains
  std::map<std::string, ScalingTime> failures_;  // since when, by the batch system's name
};

}  // namespace weir::detail::elastic
