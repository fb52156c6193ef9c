// How shared things are asked for, and what keeps published results.
#include "weir/coordination.hpp"

#include <map>
#include <mutex>

#include "client/asking.hpp"
#include "client/pins.hpp"
#include "client/task_scope.hpp"
#include "weir/ending.hpp"

namespace weir {
namespace detail {
namespace {

using protocol::Answer;
using protocol::Ask;

std::shared_ptr<client::ClusterLink> link_of(const char* who) {
  auto core = client::ClusterLink::current();
  if (!core)
    throw Error(ErrorKind::closed, std::string(who) + ": there is no cluster here; use it inside weir::run");
  return core;
}

Answer answer_within(const char* who, Ask&& ask, const std::optional<Duration>& timeout) {
  if (ask.name.empty() && ask.wish != protocol::Wish::list_published)
    throw Error(ErrorKind::invalid_argument, std::string(who) + ": the name must not be empty (got none)");
  client::Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + timeout->value();
  auto* const asking = dynamic_cast<client::Asking*>(link_of(who).get());
  if (!asking)
    throw Error(ErrorKind::unsupported, std::string(who) + ": this cluster has no things that are shared");
  Answer answer = asking->ask(std::move(ask), deadline);
  if (answer.what == Answer::What::refused)
    throw Error(answer.number == 0 ? ErrorKind::closed : ErrorKind::invalid_argument,
                std::string(who) + ": " + answer.problem);
  return answer;
}

struct Pins {
  std::mutex mutex;
  std::map<std::string, client::FutureRef> futures;
};
Pins& pins() {
  static Pins& only = *new Pins;  // futures go with their cluster, not with the process's statics
  return only;
}

}  // namespace

Answer coordination::ask(const char* who, Ask ask, const std::optional<Duration>& timeout) {
  Answer answer = answer_within(who, std::move(ask), timeout);
  if (answer.what == Answer::What::withdrawn && cancelled() && client::TaskScope::current())
    throw Error(ErrorKind::cancelled, std::string(who) + ": " + answer.problem +
                                          ", and the task that waits is not wanted any more");
  if (answer.what == Answer::What::withdrawn)
    throw Error(ErrorKind::timeout, std::string(who) + ": " + answer.problem + " (waited " +
                                        to_string(timeout ? timeout->value() : std::chrono::nanoseconds(0)) +
                                        ")");
  return answer;
}

bool coordination::ask_within(const char* who, Ask ask, const std::optional<Duration>& timeout) {
  return answer_within(who, std::move(ask), timeout).what == Answer::What::done;
}

void coordination::pin(const std::string& name, client::FutureRef future) {
  Pins& all = pins();
  const std::lock_guard hold(all.mutex);
  all.futures.insert_or_assign(name, std::move(future));
}

void client::unpin(const std::string& name) {
  FutureRef last;  // goes when the lock has gone: what it calls may want it
  Pins& all = pins();
  const std::lock_guard hold(all.mutex);
  const auto at = all.futures.find(name);
  if (at == all.futures.end()) return;
  last = std::move(at->second);
  all.futures.erase(at);
}

void client::unpin_all() {
  std::map<std::string, FutureRef> last;
  Pins& all = pins();
  const std::lock_guard hold(all.mutex);
  last.swap(all.futures);
}

}  // namespace detail

using detail::coordination::ask_plain;
using detail::protocol::Wish;

Lease::Lease(std::string name, std::uint64_t number)
    : name_(std::move(name)), number_(number), core_(detail::client::ClusterLink::current()) {
  if (auto* const task = detail::client::TaskScope::current()) ++task->alone;
}

Lease& Lease::operator=(Lease&& other) noexcept {
  release();
  name_ = std::move(other.name_);
  number_ = std::exchange(other.number_, 0);
  core_ = std::move(other.core_);
  return *this;
}

void Lease::release() noexcept {
  const std::uint64_t number = std::exchange(number_, 0);
  if (number == 0) return;
  auto* const task = detail::client::TaskScope::current();
  if (task && task->alone > 0) --task->alone;
  try {
    dynamic_cast<detail::client::Asking&>(*core_).tell(ask_plain(Wish::release, name_, number));
  } catch (const std::exception&) {  // the cluster has ended, and the lease with it
  }
  core_.reset();
}

Semaphore::Semaphore(std::string name, std::uint64_t leases) : name_(std::move(name)), leases_(leases) {
  if (leases_ == 0)
    throw Error(ErrorKind::invalid_argument, "Semaphore: '" + name_ + "' must have at least 1 lease (got 0)");
}

Lease Semaphore::acquire(std::optional<Duration> timeout) {
  const char* const who = leases_ == 1 ? "Lock" : "Semaphore";
  return {name_, detail::coordination::ask(who, ask_plain(Wish::acquire, name_, leases_), timeout).count};
}

void Event::set() { detail::coordination::ask("Event", ask_plain(Wish::set_event, name_)); }

void Event::clear() { detail::coordination::ask("Event", ask_plain(Wish::clear_event, name_)); }

bool Event::is_set() const {
  return detail::coordination::ask("Event", ask_plain(Wish::look_at_event, name_)).count != 0;
}

bool Event::wait(std::optional<Duration> timeout) const {
  return detail::coordination::ask_within("Event", ask_plain(Wish::await_event, name_), timeout);
}

bool unpublish(const std::string& name) {
  return detail::coordination::ask("unpublish", ask_plain(Wish::unpublish, name)).count != 0;
}

std::vector<std::string> published_names() {
  const auto answer = detail::coordination::ask("published_names", ask_plain(Wish::list_published, ""));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < answer.problem.size();) {
    const std::size_t end = answer.problem.find('\n', at);
    names.push_back(answer.problem.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace weir
