// Ticket: counting, the first error, and one ticket for many.
#include "weir/detail/stream/graph/ticket.hpp"

#include "core/log.hpp"
#include "core/thrown.hpp"

namespace weir::detail::stream {

Ticket::Ticket(Done done) : done_(std::move(done)) {}
Ticket::Ticket(std::vector<TicketRef> parts) : parts_(std::move(parts)) {}
Ticket::Ticket(std::vector<std::uint64_t> tokens) : tokens_(std::move(tokens)) {}
Ticket::~Ticket() = default;

void Ticket::add_tokens(std::vector<std::uint64_t>& tokens) const {
  tokens.insert(tokens.end(), tokens_.begin(), tokens_.end());
  for (const TicketRef& part : parts_) part.get()->add_tokens(tokens);
}

std::vector<std::uint64_t> TicketRef::tokens() const {
  std::vector<std::uint64_t> tokens;
  if (ticket_) ticket_->add_tokens(tokens);
  if (noted_tokens) noted_tokens->insert(noted_tokens->end(), tokens.begin(), tokens.end());
  return tokens;
}

void Ticket::fail(const std::exception_ptr& error) noexcept {
  if (!error || failed_.exchange(true, std::memory_order_acq_rel)) return;
  error_ = error;  // read by finish() only, after every holder's release
}

void Ticket::finish() noexcept {
  const Done done = std::move(done_);
  const std::exception_ptr error = std::move(error_);
  const std::vector<TicketRef> parts = std::move(parts_);  // let go after they have been told
  delete this;
  if (error) {
    for (const TicketRef& part : parts) part.get()->fail(error);
  }
  try {
    if (done) done(error);
  } catch (...) {
    log::warn("on_done: the callback threw: {}", current_thrown().text());
  }
}

TicketRef combine(Tickets& tickets) {
  if (tickets.empty()) return {};
  if (tickets.size() == 1) {
    TicketRef only = std::move(tickets.front());
    tickets.clear();
    return only;
  }
  return TicketRef(new Ticket(std::exchange(tickets, {})));
}

}  // namespace weir::detail::stream
