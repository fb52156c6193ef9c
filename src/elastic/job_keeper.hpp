// JobKeeper: the thread that keeps a cluster's jobs as they are wanted.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "elastic/cluster_file.hpp"
#include "elastic/hosts.hpp"
#include "elastic/launcher.hpp"
#include "node/scheduler.hpp"
#include "seeing/jobs.hpp"

namespace weir::detail::elastic {

/// Carries out what the `Scaler` decides: submits, cancels, retires.
class JobKeeper {
 public:
  JobKeeper(std::shared_ptr<node::SchedulerNode> scheduler, std::unique_ptr<Launcher> launcher,
            std::string connection_file);
  ~JobKeeper() { close(true); }

  /// Changes what is wanted; `change` may throw, and nothing has changed then.
  void want(const std::function<void(Scaler&)>& change);
  [[nodiscard]] const JobShape& shape() const noexcept { return shape_; }
  [[nodiscard]] int jobs() const;
  [[nodiscard]] std::string problem() const;
  /// Submits and retires nothing more, while the cluster is being ended by other means.
  void freeze();
  /// Ends all jobs; returns when they are gone. With `retire` their results are handed over first, if
  /// somebody is left to take them.
  void close(bool retire);

 private:
  struct Job {
    std::string id, label;
    ScalingTime submitted{};
    std::vector<PeerId> workers;  // that are there now
    bool joined = false;          // some worker of it has been
    bool begun = false;           // its output is there
    bool retiring = false;
    bool leaving = false;     // its workers go by themselves, since its time is over
    bool superseded = false;  // it has no time for the tasks there are
    double full_s = 0;        // it takes tasks for so long when it is new
    std::optional<ScalingTime> idle_since, quiet_since, kill_at;
    std::chrono::milliseconds pause{0};  // before it is asked after, while it is quiet
  };

  void loop();
  /// Of so many workers at most.
  void promise(std::optional<std::uint64_t> workers);
  void step(ScalingTime now);
  void look(ScalingTime now, const Snapshot& snapshot);
  void drop_ended(ScalingTime now);
  void note_joined(Job& job);
  [[nodiscard]] bool has_been_left(const Job& job);
  void note_begun(ScalingTime now);
  [[nodiscard]] bool are_queued(ScalingTime now) const;
  void over(ScalingTime now, const Job& job, const std::vector<PeerId>& workers, const JobEnd& end);
  bool is_of_host(ScalingTime now, const Job& job, const JobEnd& end);
  void avoid_hosts();
  void tell_pause();
  void tell_wait(ScalingTime now);
  void carry_out(ScalingTime now, const ScalingPlan& plan);
  void submit_one(ScalingTime now);
  void retire(Job& job, ScalingTime now);
  void replace_short_lived(ScalingTime now, double lacking_s);
  void tell(ScalingTime now, const Snapshot& snapshot);
  [[nodiscard]] static std::string state_of(const Job& job);
  [[nodiscard]] ScalingView view(const Snapshot& snapshot) const;
  [[nodiscard]] const std::string& worst_problem() const;
  void end_all(bool retire);
  /// Whether its jobs are asked after somewhere else, which takes time.
  [[nodiscard]] bool is_remote() const { return launcher_->longest_pause() > std::chrono::seconds(1); }

  std::shared_ptr<node::SchedulerNode> scheduler_;
  std::unique_ptr<Launcher> launcher_;
  const JobShape shape_;
  const std::vector<Resource> offer_;  // of each of its workers
  const std::string connection_file_, prefix_;
  ClusterFile file_;
  ScalingTime told_{}, signs_looked_for_{};
  std::map<PeerId, std::uint64_t> finished_;  // tasks, also of workers that have gone
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Scaler scaler_;
  std::vector<Job> jobs_;
  int number_ = 0;
  std::string refusal_;  // of the last submission
  std::string failure_;  // of a job, until a worker joins
  std::string pause_told_;
  std::optional<ScalingTime> wait_told_;
  Hosts hosts_;
  std::set<std::string> avoided_;  // as the launcher was told
  std::string time_problem_;       // a task takes longer than jobs live
  bool closing_ = false, frozen_ = false, retire_ = false, dirty_ = false;
  std::thread thread_;
};

}  // namespace weir::detail::elastic
