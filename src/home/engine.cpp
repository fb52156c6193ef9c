// The parts live as long as the last future that knows the scheduler.
#include "home/engine.hpp"

#include "comm/inproc.hpp"
#include "comm/network.hpp"
#include "home/seen.hpp"
#include "home/settings.hpp"
#include "node/worker.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::home {

struct Engine::Parts {
  std::shared_ptr<comm::Hub> hub = std::make_shared<comm::Hub>();
  std::vector<std::unique_ptr<comm::InprocTransport>> inside;
  std::vector<std::unique_ptr<comm::Network>> links;
  std::vector<std::shared_ptr<node::WorkerNode>> workers;
};

Engine::Engine(int workers, int threads) : parts_(std::make_shared<Parts>()) {
  const auto peers = static_cast<PeerId>(workers + 1);
  for (PeerId peer = 0; peer < peers; ++peer) {
    parts_->inside.push_back(std::make_unique<comm::InprocTransport>(parts_->hub, peer));
    parts_->links.push_back(
        std::make_unique<comm::Network>(peer, parts_->inside.back().get(), peers, task::build_id()));
  }
  node::SchedulerSettings settings = scheduler_settings({});
  settings.patience.spin = std::chrono::microseconds(50);
  settings.expected_workers = static_cast<std::size_t>(workers);
  settings.own_peers = peers;
  settings.own_in_process = true;
  const dashboard::Wish wish = dashboard_wish();
  settings.inbox = inbox_for(wish);
  scheduler_ =
      std::shared_ptr<node::SchedulerNode>(new node::SchedulerNode(*parts_->links[0], settings),
                                           [parts = parts_](node::SchedulerNode* node) { delete node; });
  scheduler_->start();
  for (PeerId peer = 1; peer < peers; ++peer) {
    node::WorkerSettings worker;
    worker.threads = static_cast<std::uint32_t>(threads);
    worker.name = "worker " + std::to_string(peer);
    worker.patience = settings.patience;
    worker.own_process = false;
    worker.memory = memory_limits({}, static_cast<std::uint64_t>(workers));
    worker.spill_folder = spill_folder();
    parts_->workers.push_back(std::make_shared<node::WorkerNode>(*parts_->links[peer], peer, worker));
    parts_->workers.back()->start();
  }
  dashboard_ = start_dashboard(scheduler_, settings.inbox, wish);
  client::ClusterLink::set_current(scheduler_);
}

Engine::~Engine() { stop(true); }

void Engine::stop(bool abort) {
  if (!scheduler_) return;
  if (!abort) scheduler_->finish_begun();
  scheduler_->leave(abort);
  dashboard_->stop();
  scheduler_->stop();
  if (client::ClusterLink::current() == scheduler_) client::ClusterLink::set_current(nullptr);
  for (const auto& worker : parts_->workers) worker->stop();
  parts_->workers.clear();
  scheduler_.reset();
}

}  // namespace weir::detail::home
