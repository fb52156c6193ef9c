// Launcher: starts and ends jobs of workers; processes of this machine or jobs of a batch system.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "elastic/adaptive.hpp"
#include "elastic/kept_jobs.hpp"
#include "weir/batch.hpp"
#include "weir/cluster.hpp"

namespace weir::detail::elastic {

/// A job that is over.
struct JobEnd {
  std::string id;
  JobOutcome outcome;
  std::string reason;
  std::optional<int> exit_status{};
  std::string host{};           ///< Where it ran, if that was one host.
  bool was_taken_away = false;  ///< Preempted, or its node failed: no fault of what ran there.
};

/// **Threads.** Confined to the cluster's thread.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// The batch system's name, or "processes".
  [[nodiscard]] virtual std::string_view system() const = 0;
  [[nodiscard]] virtual JobShape shape() const = 0;
  /// The network its jobs join over, if nobody has named one.
  [[nodiscard]] virtual std::string network() const = 0;
  /// Where the session's file is to be, by which jobs find the program when it is started anew; empty: they
  /// end with it.
  [[nodiscard]] virtual std::string session_file() const { return {}; }
  /// The jobs that a program before this one has left there, and that are not over: they are this one's now.
  virtual std::vector<KeptJob> take_over() { return {}; }
  /// Starts a job whose processes have `environment` beside their own. \return Its id. **Errors.** Throws
  /// `Error` with the site's words.
  virtual std::string submit(const std::map<std::string, std::string>& environment) = 0;
  virtual void cancel(const std::vector<std::string>& ids) = 0;
  /// Cancels those of them that have not begun. What begins in this moment may have a task in the next.
  virtual void withdraw(const std::vector<std::string>& ids) = 0;
  /// From now on starts no jobs on these hosts, but on others that it avoided before. \return Why that cannot
  /// be had; empty if it can.
  virtual std::string avoid(const std::set<std::string>& hosts) = 0;
  /// Whether the job has left a sign that it has begun. **Cost.** Asks nobody.
  [[nodiscard]] virtual bool has_begun(const std::string&) const { return false; }
  /// Jobs that have ended since the last call. `quiet` are jobs without workers for some time, after which
  /// somebody else may be asked.
  virtual std::vector<JobEnd> ended(const std::vector<std::string>& quiet) = 0;
  /// How often a quiet job is worth a question at the most, and at the least; the pauses double in between.
  [[nodiscard]] virtual std::chrono::milliseconds first_pause() const = 0;
  [[nodiscard]] virtual std::chrono::milliseconds longest_pause() const = 0;
};

/// Further processes of this executable, a job each. `workers` share the devices and the memory; those that
/// come beside them have what is left.
[[nodiscard]] std::unique_ptr<Launcher> process_launcher(int workers, int threads,
                                                         std::vector<Resource> resources);
/// As WEIR_RESOURCES: `gpu=1,licence=0.5`.
[[nodiscard]] std::string resources_text(const std::vector<Resource>& resources);
/// Jobs of a batch system; `who` begins the sentences about wrong options.
[[nodiscard]] std::unique_ptr<Launcher> batch_launcher(const BatchSystem& system, const BatchOptions& options,
                                                       const std::string& who);

/// That of the configuration (of a site, if one is named), else the one on PATH.
[[nodiscard]] const BatchSystem& system_of_site(const std::string& site, const std::string& who);

/// What the configuration file says of a site's jobs, and its batch system.
[[nodiscard]] BatchOptions options_of_site(const std::string& site, const std::string& who,
                                           std::string& system);

/// This process's arguments.
[[nodiscard]] std::vector<std::string> own_arguments();

}  // namespace weir::detail::elastic
