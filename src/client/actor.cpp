// The calls of an actor, in the order of their caller.
#include "weir/actor.hpp"

namespace weir::detail::client {

std::size_t ActorLane::gives_from() {
  const std::lock_guard hold(mutex_);
  if (!core_) core_ = ClusterLink::current();
  return core_ ? core_->gives_from() : SIZE_MAX;
}

FutureRef ActorLane::send(Request&& request) {
  const std::lock_guard hold(mutex_);
  if (!core_) core_ = ClusterLink::current();
  if (!core_) throw Error(ErrorKind::closed, "call: there is no cluster here; call actors inside weir::run");
  if (last_ && last_->status.load(std::memory_order_acquire) != Status::finished &&
      !request.inputs.contains(last_->id)) {
    request.inputs.push_back(last_->id);
    request.follows = true;
  }
  last_ = core_->submit(std::move(request));
  return last_;
}

void throw_no_actor() {
  throw Error(ErrorKind::internal, "call: the actor is not on the worker that was to call it");
}

void throw_empty_actor() {
  throw Error(ErrorKind::invalid_argument,
              "call: this handle is of no actor (default-constructed or moved from); use what "
              "client.actor<T>(...) returned");
}

}  // namespace weir::detail::client
