// The parts of Client that are no templates.
#include "weir/client.hpp"

namespace weir {

Client Client::current() {
  auto core = detail::client::ClusterLink::current();
  if (!core)
    throw Error(
        ErrorKind::closed,
        "Client::current: there is no cluster here; call it inside the body of weir::run or inside a task");
  return Client(std::move(core));
}

void Client::wait_for_workers(std::size_t count, Duration timeout) const {
  const auto there = [&] { return core_->overseer("wait_for_workers").snapshot().workers.size() >= count; };
  if (core_->wait_until(there, std::chrono::steady_clock::now() + timeout.value())) return;
  throw Error(
      ErrorKind::timeout,
      "wait_for_workers: " + std::to_string(core_->overseer("wait_for_workers").snapshot().workers.size()) +
          " of " + std::to_string(count) + " workers have joined within " + to_string(timeout.value()) +
          "; start more ranks (weir run -n N) or wait for fewer");
}

}  // namespace weir
