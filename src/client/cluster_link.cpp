// What futures throw, and the current core.
#include "weir/detail/client/cluster_link.hpp"

#include <atomic>

#include "client/link_share.hpp"
#include "client/task_scope.hpp"
#include "core/log.hpp"
#include "weir/detail/task/address.hpp"

namespace weir {

std::string_view to_string(Status status) noexcept {
  constexpr std::string_view names[] = {"pending", "finished", "error", "cancelled"};
  return names[static_cast<std::size_t>(status)];
}

}  // namespace weir

namespace weir::detail::client {

Request::Request() = default;
Request::Request(std::uint64_t invoker_address, std::uint64_t function_address,
                 std::shared_ptr<const Options> its_options, bool is_out_of_band)
    : invoker(invoker_address),
      function(function_address),
      options(std::move(its_options)),
      out_of_band(is_out_of_band) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

task::Value Request::take_all_beside() {
  return task::Value::make(task::Beside{std::move(beside), std::move(live)});
}

namespace {

std::mutex current_mutex;
std::shared_ptr<ClusterLink>& current_slot() {
  static std::shared_ptr<ClusterLink> core;
  return core;
}

}  // namespace

std::shared_ptr<ClusterLink> ClusterLink::current() noexcept {
  if (const TaskScope* scope = TaskScope::current(); scope && scope->thread)
    if (auto link = scope->thread->link()) return link;
  std::lock_guard hold(current_mutex);
  return current_slot();
}

void ClusterLink::set_current(std::shared_ptr<ClusterLink> core) noexcept {
  std::lock_guard hold(current_mutex);
  current_slot().swap(core);
}

namespace {

void tell_if_failed(const FutureState& state) {
  constexpr int most_told = 10;
  static std::atomic<int> failed{0};
  if (state.status != Status::error || state.failure->kind == ErrorKind::closed) return;
  const int before = failed.fetch_add(1, std::memory_order_relaxed);
  if (before > most_told) return;
  if (before < most_told)
    log::error("a task that was given to fire_and_forget failed: {}", TaskError(*state.failure).what());
  else log::error("more tasks that were given to fire_and_forget failed; no further ones are told of");
}

}  // namespace

void ClusterLink::at_end(std::function<void()> work) {
  std::lock_guard hold(at_end_mutex_);
  at_end_.push_back(std::move(work));
}

void ClusterLink::finish_begun() {
  std::vector<std::function<void()>> begun;
  {
    std::lock_guard hold(at_end_mutex_);
    begun.swap(at_end_);
  }
  for (const auto& work : begun) work();
}

// Nobody else may hear of it.
void ClusterLink::see_through(const FutureRef& future) {
  on_done(
      *future.get(), [future] { tell_if_failed(*future.get()); }, true);
}

journal::Key ClusterLink::key_of(FutureState&) {
  throw Error(
      ErrorKind::unsupported,
      "journal: results are known by keys in the program's body only; call this there, not in a task");
}

ClusterLink::KeptFile ClusterLink::keep_file(const journal::Key&, const std::string&, std::int64_t,
                                             std::uint64_t) {
  throw Error(ErrorKind::unsupported, "journal: results are kept in the program's body, not in a task");
}

void ClusterLink::keep_results(const std::string&) {
  throw Error(
      ErrorKind::unsupported,
      "journal: results are kept by the program itself; call weir::journal before weir::run or in its "
      "body, not in a task");
}

void FutureRef::last_gone(FutureState* state) noexcept {
  if (LinkShare* const share = state->share) {
    share->link().release(state);
    return share->give_back();
  }
  const auto core = std::move(state->core);
  core->release(state);
}

void throw_failure(const FutureState& state) { throw TaskError(*state.failure); }

void throw_ended() {
  throw Error(
      ErrorKind::closed,
      "an argument must be a future, or something persisted, of this cluster (got one of a cluster that "
      "has ended, such as that of an earlier weir::run); make it again here, or bring its result before "
      "the end");
}

void throw_empty(const char* what) {
  throw Error(
      ErrorKind::invalid_argument,
      std::string(what) +
          ": it belongs to no task (default-constructed or moved from); use what client.submit returned");
}

namespace {

std::string name_of(const FutureState& state) {
  const std::string number = std::to_string(task_number(state.id));
  if (state.options && !state.options->name.empty()) return state.options->name + "-" + number;
  if (!state.function) return number;
  try {
    return task::function_name(state.function) + "-" + number;
  } catch (const Error&) {
    return number;
  }
}

}  // namespace

void throw_timeout(const char* what, std::chrono::nanoseconds waited, const FutureState& state) {
  throw Error(ErrorKind::timeout, std::string(what) + ": task " + name_of(state) +
                                      " has not finished within " + to_string(waited) +
                                      "; client.explain(future) says what it waits for");
}

}  // namespace weir::detail::client
