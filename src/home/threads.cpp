// The parts of a cluster in one process, and how long they live.
#include "home/threads.hpp"

#include "comm/inproc.hpp"
#include "comm/network.hpp"
#include "core/descriptor.hpp"
#include "home/seen.hpp"
#include "home/settings.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::home {

struct Threads::Parts {
  std::shared_ptr<comm::Hub> hub = std::make_shared<comm::Hub>();
  std::vector<std::unique_ptr<comm::InprocTransport>> inside;
  std::vector<std::unique_ptr<comm::Network>> links;
  std::vector<std::shared_ptr<node::WorkerNode>> workers;
};

Threads::Threads(const RunOptions& options, std::uint32_t workers, std::uint32_t threads)
    : parts_(std::make_shared<Parts>()) {
  open_missing_descriptors();
  const PeerId peers = workers + 1;
  for (PeerId peer = 0; peer < peers; ++peer) {
    parts_->inside.push_back(std::make_unique<comm::InprocTransport>(parts_->hub, peer));
    parts_->links.push_back(
        std::make_unique<comm::Network>(peer, parts_->inside.back().get(), peers, task::build_id()));
  }
  node::SchedulerSettings settings = scheduler_settings(options);
  settings.patience.spin = std::chrono::microseconds(50);
  settings.expected_workers = workers;
  settings.own_peers = peers;
  settings.own_in_process = true;
  const dashboard::Wish wish = dashboard_wish();
  settings.inbox = inbox_for(wish);
  scheduler_ =
      std::shared_ptr<node::SchedulerNode>(new node::SchedulerNode(*parts_->links[0], settings),
                                           [parts = parts_](node::SchedulerNode* node) { delete node; });
  scheduler_->start();
  for (PeerId peer = 1; peer < peers; ++peer) {
    node::WorkerSettings worker =
        worker_settings(options, peer, threads, workers, HostRank{peer - 1, workers});
    worker.patience = settings.patience;
    worker.own_process = false;
    worker.scheduler = scheduler_.get();
    parts_->workers.push_back(std::make_shared<node::WorkerNode>(*parts_->links[peer], peer, worker));
    scheduler_->add_here(parts_->workers.back());
    parts_->workers.back()->start();
  }
  dashboard_ = start_dashboard(scheduler_, settings.inbox, wish);
}

void Threads::stop() {
  for (const auto& worker : parts_->workers) worker->stop();
  parts_->workers.clear();
}

void Threads::stop_within(std::chrono::milliseconds most) {
  bool stopped = true;
  for (const auto& worker : parts_->workers) stopped &= worker->stop_within(most);
  if (stopped) return parts_->workers.clear();
  static auto& kept = *new std::vector<std::shared_ptr<void>>;  // longer than any static object
  kept.insert(kept.end(), {parts_, scheduler_});
}

}  // namespace weir::detail::home
