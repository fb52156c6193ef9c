// Clusters: the door, the file that leads to it, and the jobs behind it.
#include "weir/cluster.hpp"

#include <thread>

#include "core/log.hpp"
#include "elastic/job_keeper.hpp"
#include "home/engine.hpp"
#include "home/joined.hpp"
#include "home/session_file.hpp"
#include "home/settings.hpp"
#include "weir/bytes.hpp"

namespace weir {

using detail::elastic::jobs_for_cores;
using detail::elastic::jobs_for_memory;
using detail::elastic::jobs_for_workers;
using detail::elastic::Scaler;
using detail::node::SchedulerNode;

struct Cluster::Session {
  std::unique_ptr<detail::home::Engine> engine;  // null: the scheduler is weir::run's
  std::shared_ptr<SchedulerNode> scheduler;
  std::unique_ptr<detail::home::SessionFile> file;
  std::unique_ptr<detail::elastic::JobKeeper> keeper;
  bool is_closed = false;

  void begin(int workers, int threads) {
    if (const auto current = detail::client::ClusterLink::current()) {
      scheduler = std::dynamic_pointer_cast<SchedulerNode>(current);
      if (!scheduler)
        throw Error(ErrorKind::unsupported,
                    "cluster: must be made by the program itself, in main or in the body of weir::run (got a "
                    "task on a worker, or a client of another program)");
      if (workers)
        throw Error(
            ErrorKind::unsupported,
            "cluster: worker threads belong to the start of a program; inside weir::run ask for processes");
      return;
    }
    engine = std::make_unique<detail::home::Engine>(workers, threads);
    scheduler = engine->scheduler();
  }
  detail::elastic::JobKeeper& job_keeper() const {
    if (!keeper)
      throw Error(ErrorKind::unsupported, is_closed ? "scale: the cluster is closed"
                                                    : "scale: the number of worker threads stays as it was "
                                                      "at the start; make a cluster of processes");
    return *keeper;
  }
};

Cluster::Cluster() : session_(std::make_unique<Session>()) {
  if (detail::home::is_further_worker())
    detail::home::exit_now(detail::home::run_further_worker(0, nullptr, {}));
}

Cluster::~Cluster() {
  try {
    close();
  } catch (const std::exception& error) {
    detail::log::error("cluster: {}", error.what());
  }
}

void Cluster::start(std::unique_ptr<detail::elastic::Launcher> launcher, const std::string& network) {
  using detail::home::SessionFile;
  const detail::home::Named named{launcher->session_file(), true};
  if (!named.path.empty()) SessionFile::check_free(named);
  session_->begin(0, 0);
  const auto door = session_->scheduler->open_door(network.empty() ? launcher->network() : network);
  session_->file =
      named.path.empty() ? std::make_unique<SessionFile>(door) : std::make_unique<SessionFile>(named, door);
  session_->keeper = std::make_unique<detail::elastic::JobKeeper>(session_->scheduler, std::move(launcher),
                                                                  session_->file->path());
}

void Cluster::start_threads(int workers, int threads) { session_->begin(workers, threads); }

void Cluster::scale(int workers) {
  auto& keeper = session_->job_keeper();
  const int jobs = jobs_for_workers(workers, keeper.shape());
  keeper.want([&](Scaler& scaler) { scaler.scale(jobs); });
}

void Cluster::scale_jobs(int jobs) {
  session_->job_keeper().want([&](Scaler& scaler) { scaler.scale(jobs); });
}

void Cluster::scale_cores(int cores) {
  auto& keeper = session_->job_keeper();
  const int jobs = jobs_for_cores(cores, keeper.shape());
  keeper.want([&](Scaler& scaler) { scaler.scale(jobs); });
}

void Cluster::scale_memory(const std::string& memory) {
  auto& keeper = session_->job_keeper();
  const std::uint64_t bytes = [&] {
    try {
      return parse_bytes(memory);
    } catch (const Error& error) {
      throw Error(error.kind(), std::string("scale_memory: ") + error.what());
    }
  }();
  const int jobs = jobs_for_memory(bytes, keeper.shape());
  keeper.want([&](Scaler& scaler) { scaler.scale(jobs); });
}

void Cluster::adapt(const AdaptOptions& options) {
  auto& keeper = session_->job_keeper();
  detail::elastic::AdaptLimits limits;
  limits.minimum_jobs =
      options.minimum < 0 ? options.minimum : jobs_for_workers(options.minimum, keeper.shape());
  limits.maximum_jobs =
      options.maximum < 0 ? options.maximum : jobs_for_workers(options.maximum, keeper.shape());
  limits.idle_grace = std::chrono::ceil<std::chrono::seconds>(options.idle_grace.value());
  keeper.want([&](Scaler& scaler) { scaler.adapt(limits); });
}

void Cluster::resume() {
  session_->job_keeper().want([](Scaler& scaler) { scaler.resume(); });
}

void Cluster::close() {
  Session& session = *session_;
  if (!session.scheduler) return;
  // With a scheduler of its own everything ends here: workers go when it lets them go. Otherwise others work
  // on, and inherit the results.
  if (session.engine) {
    if (session.keeper) session.keeper->freeze();
    session.engine->stop(false);
    if (session.keeper) session.keeper->close(false);
  } else if (session.keeper) {
    session.keeper->close(true);
  }
  if (session.file) session.scheduler->close_door();
  session.keeper.reset();
  session.file.reset();
  session.scheduler.reset();
  session.is_closed = true;
}

int Cluster::jobs() const { return session_->keeper ? session_->keeper->jobs() : 0; }
std::string Cluster::problem() const { return session_->keeper ? session_->keeper->problem() : ""; }
std::string Cluster::connection_file() const { return session_->file ? session_->file->path().string() : ""; }

std::shared_ptr<detail::client::ClusterLink> Cluster::core() const {
  if (!session_->scheduler) throw Error(ErrorKind::closed, "cluster: it is closed");
  return session_->scheduler;
}

// --- the clusters

LocalCluster::LocalCluster(const LocalOptions& options) {
  const int workers = options.workers ? options.workers : detail::home::granted_cores();
  if (workers < 0)
    throw Error(ErrorKind::invalid_argument,
                "LocalCluster: workers must not be negative (got " + std::to_string(workers) + ")");
  if (options.threads < 1)
    throw Error(ErrorKind::invalid_argument,
                "LocalCluster: threads must be at least 1 (got " + std::to_string(options.threads) + ")");
  if (!options.processes && !options.resources.empty())
    throw Error(
        ErrorKind::unsupported,
        "LocalCluster: resources are those of worker processes; with threads WEIR_RESOURCES says them");
  if (options.processes) {
    detail::check(options.resources, "LocalCluster");
    start(detail::elastic::process_launcher(std::max(1, workers), options.threads, options.resources),
          options.interface);
    scale(workers);
  } else {
    start_threads(workers, options.threads);
  }
}

BatchCluster::BatchCluster(const BatchOptions& options) : BatchCluster("", options, "BatchCluster") {}

BatchCluster::BatchCluster(const std::string& system, const BatchOptions& options, const std::string& who) {
  const BatchSystem& chosen =
      system.empty() ? detail::elastic::system_of_site(options.site, who) : batch_system(system);
  start(detail::elastic::batch_launcher(chosen, options, who), options.interface);
}

BatchCluster cluster::from_config(const std::string& site) {
  constexpr const char* who = "cluster::from_config";
  // A worker has the program's arguments, but not its file.
  if (detail::home::is_further_worker()) return BatchCluster("", {}, who);
  std::string system;
  const BatchOptions options = detail::elastic::options_of_site(site, who, system);
  return BatchCluster(system, options, who);
}

}  // namespace weir
