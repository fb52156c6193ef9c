// LocalCluster, BatchCluster, SlurmCluster, PbsCluster: workers that come and go while the program runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/detail/client/cluster_link.hpp"
#include "weir/duration.hpp"

namespace weir {

namespace detail::elastic {
class JobKeeper;
class Launcher;
}  // namespace detail::elastic

/// How far a cluster may follow the work.
struct AdaptOptions {
  int minimum = 0;                                ///< Workers it never goes below ...
  int maximum = 1;                                ///< ... and above.
  Duration idle_grace = std::chrono::minutes(3);  ///< A job is given back after that long without use.
};

/// Workers of further jobs: asked for, joining and leaving while the program runs.
///
/// In an ordinary `main` the first cluster starts a scheduler in this process; inside the body of `weir::run`
/// its workers join that one. `weir::Client client{cluster};` in both. Work starts with the first worker that
/// joins.
///
/// A worker is this executable, started again with the same arguments and WEIR_CONNECT in its environment.
/// **In such a process the constructor of a cluster does not return**: it works until the program lets it go
/// and ends the process, so nothing of `main` after the cluster is executed there. What stands before it is;
/// keep that to reading options.
///
/// **Errors.** The constructors throw `Error{invalid_argument}` for options that break a rule and
/// `Error{unsupported}` in a task. Failures of jobs are in the log and `problem`.
/// **Threads.** Any. A thread of its own starts and ends jobs.
/// **Cost.** Between processes messages travel over TCP, proven by a key of this session but not encrypted.
/// **Source.** dask-jobqueue's clusters: a template of one job, scale, adapt; jobs that end are replaced
/// while there is work.
class Cluster {
 public:
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  virtual ~Cluster();

  /// Wants so many workers from now on, rounded up to whole jobs; starts and retires jobs in the background.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` for a negative number, or one of cores or memory if a job's
  /// is not known; `Error{unsupported}` after `close`, and for worker threads, whose number stays.
  void scale(int workers);
  /// The same in jobs.
  void scale_jobs(int jobs);
  /// The same in cores.
  void scale_cores(int cores);
  /// The same in memory of all jobs: "1TB".
  void scale_memory(const std::string& memory);
  /// Follows the work from now on: grows at once, shrinks after the grace.
  ///
  /// Of several clusters in one program each counts the tasks that its workers can run. Those that ask for no
  /// resources count for the clusters whose workers have none, if there are any.
  ///
  /// **Errors.** As `scale`; `Error{invalid_argument}` if `minimum` or `idle_grace` is negative, or `maximum`
  /// is below 1 or `minimum`.
  void adapt(const AdaptOptions& options);
  /// Submits again at once, after failures that made it wait or pause. After 10 refused submissions or 3
  /// failed jobs in a row a cluster pauses, and `problem` says why; call this when the reason is gone.
  /// Calling `scale` or `adapt` ends a pause too, and leaves the waiting after single failures as it is.
  void resume();

  /// Retires its workers, ends its jobs, queued ones too; and the scheduler if this cluster has started it.
  /// The destructor does the same.
  void close();

  /// Jobs submitted and not over.
  [[nodiscard]] int jobs() const;
  /// Why no more jobs are submitted; empty while all is well.
  [[nodiscard]] std::string problem() const;
  /// What further workers are started with: `WEIR_CONNECT=<file> weir run -n 4 ./app`.
  [[nodiscard]] std::string connection_file() const;

  /// The link for `Client`.
  [[nodiscard]] std::shared_ptr<detail::client::ClusterLink> core() const;

 protected:
  Cluster();
  /// Opens the door over `network` and keeps `launcher`'s jobs.
  void start(std::unique_ptr<detail::elastic::Launcher> launcher, const std::string& network);
  /// Begins with worker threads of this process instead; their number stays.
  void start_threads(int workers, int threads);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

/// Workers of this machine.
struct LocalOptions {
  int workers = 0;                    ///< At the start; 0: one for each core.
  int threads = 1;                    ///< Of each worker.
  std::vector<Resource> resources{};  ///< Of each worker process, for tasks that ask for them.
  bool processes = true;              ///< False: the workers are threads of this process; their number stays.
  std::string interface {};           ///< The network to listen on; empty: loopback.
};

/// Workers on this machine.
class LocalCluster final : public Cluster {
 public:
  /// Starts the workers; they join in the background.
  explicit LocalCluster(const LocalOptions& options = {});
};

/// One batch job of a cluster. What is left out comes from the configuration file and the environment, then
/// from the site.
struct BatchOptions {
  int cores = 0;                      ///< Of one job. Required.
  std::string memory{};               ///< Of one job, for example "100GB". Required.
  std::string walltime{};             ///< For example "02:00:00".
  std::vector<Resource> resources{};  ///< Of each worker, for tasks that ask for them: `{{"gpu", 1}}` also
                                      ///< asks the batch system for as many GPUs.
  int processes = 1;      ///< Workers in a job; they share its cores and memory, and reach each other by MPI.
  int gpus_per_task = 0;  ///< GPUs of each worker, asked for by rank. It has them as the resource `gpu`.
  std::string signal{};   ///< `USR1@120`: that the first worker of a job gets so many seconds ahead of the
                          ///< job's end, for a handler of your own. Workers hand over without it.
  std::optional<bool> requeue{};  ///< The batch system may begin a job anew when it has taken it away; else
                                  ///< the cluster asks for another one.
  std::string queue{};            ///< The queue or partition.
  std::string account{};          ///< The project that pays.
  std::vector<std::string> exclude{};     ///< Hosts that no job is to run on.
  std::string name{};                     ///< Of the jobs and their log files.
  std::string log_directory{};            ///< For the logs of the jobs; empty: the current directory.
  std::string interface {};               ///< The network to listen on; empty: all of this host's.
  std::vector<std::string> modules{};     ///< Loaded with `module load`, in order.
  std::vector<std::string> before{};      ///< Shell lines ahead of the worker.
  std::vector<std::string> directives{};  ///< Further directives of the batch system.
  std::vector<std::string> skip{};  ///< Leaves out the script's directives that contain one of these texts.
  std::string weir{};  ///< The `weir` that starts the ranks inside a job; empty: the one on PATH.
  std::string site{};  ///< Whose table of the configuration file holds.
  Duration death_timeout =
      std::chrono::seconds(60);  ///< A worker that has not reached this program for so long ends.
  Duration keep_jobs = std::chrono::seconds(0);  ///< Jobs outlive this program, and wait so long for it to
                                                 ///< come back; 0: they end with it. See `BatchCluster`.
  std::string session{};  ///< The file by which it comes back; empty: `<name>.session` where the logs are.
};

class BatchCluster;
namespace cluster {
BatchCluster from_config(const std::string& site);
}

/// Workers in jobs of a batch system.
///
/// With `keep_jobs` a program that dies, is interrupted or loses its login node leaves its jobs, those in the
/// queue too. The same program, started again with the same session file (elsewhere, if need be, and built
/// anew, if you like), takes them over: workers begin anew, without the results of the one before. What
/// nobody has come back to in time ends. Jobs that were asked for with other options are cancelled.
///
/// **Errors.** As `Cluster`; and `Error{not_found}` if the system's programs are not on PATH.
class BatchCluster : public Cluster {
 public:
  /// Of the system that the configuration names, else the one whose programs are on PATH.
  explicit BatchCluster(const BatchOptions& options);
  /// Of the system called so: "lsf".
  BatchCluster(const std::string& system, const BatchOptions& options)
      : BatchCluster(system, options, "BatchCluster") {}

 protected:
  friend BatchCluster cluster::from_config(const std::string& site);
  /// `who` begins the sentences about wrong options.
  BatchCluster(const std::string& system, const BatchOptions& options, const std::string& who);
};

/// `weir::cluster::from_config`.
namespace cluster {
/// The cluster that a table `[sites.NAME]` of the configuration file describes: its `system`, and as jobs
/// `cores`, `memory`, `processes`, `worker_resources`, `walltime`, `queue` and the like.
///
/// **Errors.** As `BatchCluster`; throws `Error{invalid_argument}` if there is no such table.
[[nodiscard]] BatchCluster from_config(const std::string& site);
}  // namespace cluster

/// `BatchCluster` on Slurm.
class SlurmCluster final : public BatchCluster {
 public:
  /// Begins without jobs: `scale` or `adapt` asks for them.
  explicit SlurmCluster(const BatchOptions& options) : BatchCluster("slurm", options, "SlurmCluster") {}
};

/// `BatchCluster` on PBS.
class PbsCluster final : public BatchCluster {
 public:
  /// Begins without jobs: `scale` or `adapt` asks for them.
  explicit PbsCluster(const BatchOptions& options) : BatchCluster("pbs", options, "PbsCluster") {}
};

}  // namespace weir
