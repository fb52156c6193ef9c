// A cluster of threads as the current one.
#include "home/engine.hpp"

#include <mutex>

#include "client/ending.hpp"
#include "client/pins.hpp"
#include "home/guest.hpp"
#include "home/settings.hpp"

namespace weir::detail::home {

Engine::Engine(int workers, int threads)
    : threads_({}, static_cast<std::uint32_t>(workers), static_cast<std::uint32_t>(threads)),
      scheduler_(threads_.scheduler()) {
  static std::once_flag told;
  std::call_once(told, tell_environment_problems);
  client::set_job_end(end_of_job);
  open_journal(*scheduler_);
  client::ClusterLink::set_current(scheduler_);
}

Engine::~Engine() { stop(true); }

void Engine::stop(bool abort) {
  if (!scheduler_) return;
  if (!abort) scheduler_->finish_begun();
  close_session();
  client::unpin_all();
  scheduler_->leave(abort);
  threads_.end_dashboard();
  scheduler_->stop();
  if (client::ClusterLink::current() == scheduler_) client::ClusterLink::set_current(nullptr);
  threads_.stop();
  scheduler_.reset();
}

}  // namespace weir::detail::home
