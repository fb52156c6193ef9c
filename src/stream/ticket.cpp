// Ticket: counting, the first error, and one ticket for many.
#include "weir/stream/ticket.hpp"

#include "core/log.hpp"

namespace weir::stream {

void Ticket::fail(const std::exception_ptr& error) noexcept {
  if (!error || failed_.exchange(true, std::memory_order_acq_rel)) return;
  error_ = error;  // read by finish() only, after every holder's release
}

void Ticket::finish() noexcept {
  const Done done = std::move(done_);
  const std::exception_ptr error = std::move(error_);
  delete this;
  try {
    if (done) done(error);
  } catch (const std::exception& failure) {
    log::warn("on_done: the callback threw: {}", failure.what());
  } catch (...) {
    log::warn("on_done: the callback threw");
  }
}

TicketRef combine(Tickets& tickets) {
  if (tickets.empty()) return {};
  if (tickets.size() == 1) {
    TicketRef only = std::move(tickets.front());
    tickets.clear();
    return only;
  }
  return TicketRef(new Ticket([parts = std::exchange(tickets, {})](const std::exception_ptr& error) {
    if (!error) return;
    for (const TicketRef& part : parts) part.get()->fail(error);
  }));
}

}  // namespace weir::stream
