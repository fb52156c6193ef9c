// Ticket: tells when everything one element caused is done. Absent on the fast path, counted where somebody
// waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

namespace weir::detail::stream {

class Frame;
class TicketRef;

/// What is called when an element is done: the error that hurt it, or null.
using Done = std::function<void(std::exception_ptr)>;

/// A counted completion: `done` is called exactly once, when the last holder lets go.
///
/// An element emitted with `on_done` carries one. A node that keeps the element beyond the call (a buffer, a
/// window) keeps a `TicketRef` beside it.
///
/// **Threads.** Any thread may hold, release and fail. `done` runs on the thread that lets go last.
class Ticket {
 public:
  explicit Ticket(Done done);
  /// Stands for several: fails all of them, and keeps them.
  explicit Ticket(std::vector<TicketRef> parts);
  /// Stands, inside a task of the cluster, for elements whose tickets are in the stream's program, which
  /// knows them by these numbers.
  explicit Ticket(std::vector<std::uint64_t> tokens);
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void retain() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) finish();
  }
  /// Notes an error; the first one is reported.
  void fail(const std::exception_ptr& error) noexcept;
  /// Adds the numbers of the elements it stands for.
  void add_tokens(std::vector<std::uint64_t>& tokens) const;

 private:
  ~Ticket();
  void finish() noexcept;

  std::atomic<std::uint32_t> holders_{1};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
  Done done_;
  std::vector<TicketRef> parts_;
  std::vector<std::uint64_t> tokens_;
};

/// Where the tickets that are written note the elements they stand for: how a task finds out which elements
/// its state still holds.
inline constinit thread_local std::vector<std::uint64_t>* noted_tokens = nullptr;

/// Owns one hold on a ticket, or nothing.
class TicketRef {
 public:
  TicketRef() noexcept = default;
  /// Takes over a hold that exists already.
  explicit TicketRef(Ticket* owned) noexcept : ticket_(owned) {}
  TicketRef(TicketRef&& other) noexcept : ticket_(std::exchange(other.ticket_, nullptr)) {}
  TicketRef(const TicketRef& other) noexcept : ticket_(other.ticket_) {
    if (ticket_) ticket_->retain();
  }
  TicketRef& operator=(TicketRef other) noexcept {
    std::swap(ticket_, other.ticket_);
    return *this;
  }
  ~TicketRef() {
    if (ticket_) ticket_->release();
  }
  /// Lets go. Not `= {}`: clang 14 forgets to destroy what that makes inside a template.
  void reset() noexcept { *this = TicketRef(); }
  [[nodiscard]] Ticket* get() const noexcept { return ticket_; }
  explicit operator bool() const noexcept { return ticket_ != nullptr; }

  // A ticket crosses a process boundary as the numbers of the elements it stands for.
  template <class Archive>
  void save(Archive& archive) const {
    archive(tokens());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::vector<std::uint64_t> tokens;
    archive(tokens);
    *this = tokens.empty() ? TicketRef() : TicketRef(new Ticket(std::move(tokens)));
  }

 private:
  [[nodiscard]] std::vector<std::uint64_t> tokens() const;
  Ticket* ticket_ = nullptr;
};

using Tickets = std::vector<TicketRef>;

/// What travels with the element this thread is working on.
struct Flow {
  Ticket* ticket = nullptr;  ///< of the element in hand; null if nobody waits
  Frame* frame = nullptr;    ///< the innermost emission on this thread
  std::uint64_t rounds = 0;  ///< how many queues the element in hand, and those it came from, have passed
};
inline constinit thread_local Flow flow{};

/// A hold on the ticket of the element in hand; empty (and free) if it has none.
[[nodiscard]] inline TicketRef hold() noexcept {
  if (flow.ticket) flow.ticket->retain();
  return TicketRef(flow.ticket);
}
/// Adds a hold to `tickets` if the element in hand has a ticket.
inline void hold(Tickets& tickets) {
  if (flow.ticket) tickets.push_back(hold());
}

/// One ticket that stands for many: it fails all of them, and keeps all of them until it is released. Empties
/// `tickets`.
[[nodiscard]] TicketRef combine(Tickets& tickets);

/// Makes `ticket` the one that travels with what is emitted in this scope.
class TicketScope {
 public:
  explicit TicketScope(TicketRef ticket) noexcept
      : ticket_(std::move(ticket)), before_(std::exchange(flow.ticket, ticket_.get())) {}
  TicketScope(const TicketScope&) = delete;
  TicketScope& operator=(const TicketScope&) = delete;
  ~TicketScope() { flow.ticket = before_; }

 private:
  TicketRef ticket_;
  Ticket* before_;
};

/// The element of this scope has come out of a queue after so many others.
class RoundsScope {
 public:
  explicit RoundsScope(std::uint64_t rounds) noexcept : before_(std::exchange(flow.rounds, rounds)) {}
  RoundsScope(const RoundsScope&) = delete;
  RoundsScope& operator=(const RoundsScope&) = delete;
  ~RoundsScope() { flow.rounds = before_; }

 private:
  std::uint64_t before_;
};

}  // namespace weir::detail::stream
