// What needs no template of a gang.
#include "weir/gang.hpp"

namespace weir {

detail::client::GangLink*& detail::client::GangLink::current() noexcept {
  thread_local GangLink* link = nullptr;
  return link;
}

void detail::check(const gang& how) {
  constexpr int most = 1 << 16;
  const auto refuse = [](const std::string& rule) {
    throw Error(ErrorKind::invalid_argument, "gang: " + rule);
  };
  if (how.ranks < 1 || how.ranks > most)
    refuse("ranks must be from 1 to " + std::to_string(most) + " (got " + std::to_string(how.ranks) + ")");
  if (how.per_node < 0) refuse("per_node must not be negative (got " + std::to_string(how.per_node) + ")");
}

namespace {

[[noreturn]] void refuse_call(const std::string& sentence) {
  throw Error(ErrorKind::invalid_argument, "Gang::" + sentence);
}

const char* call_name(std::uint8_t call) {
  constexpr const char* names[] = {"barrier", "broadcast", "reduce",  "allreduce",
                                   "gather",  "allgather", "scatter", "send"};
  return call < std::size(names) ? names[call] : "something else";
}

}  // namespace

void Gang::check_rank(const char* who, int rank) const {
  if (rank < 0 || rank >= size())
    refuse_call(std::string(who) + ": the rank must be from 0 to " + std::to_string(size() - 1) + " (got " +
                std::to_string(rank) + ")");
}

void Gang::check_pair(const char* who, int rank, int tag) const {
  check_rank(who, rank);
  if (tag < 0)
    refuse_call(std::string(who) + ": the tag must not be negative (got " + std::to_string(tag) + ")");
}

void Gang::check_parts(std::size_t parts) const {
  if (parts != link_->size())
    refuse_call("scatter: there must be a value for each of the " + std::to_string(size()) + " ranks (got " +
                std::to_string(parts) + ")");
}

void Gang::check_sizes(std::size_t one, std::size_t other) {
  if (one != other)
    refuse_call("reduce: the vectors of all ranks must have the same size (got " + std::to_string(one) +
                " and " + std::to_string(other) + ")");
}

Buffer Gang::take(std::uint32_t from, std::uint64_t tag, Call call) {
  Buffer bytes = link_->receive(from, tag);
  const auto got = bytes.empty() ? std::uint8_t{255} : static_cast<std::uint8_t>(*bytes.data());
  if (got != static_cast<std::uint8_t>(call))
    throw Error(ErrorKind::protocol, "Gang: rank " + std::to_string(rank()) + " calls " +
                                         call_name(static_cast<std::uint8_t>(call)) + " where rank " +
                                         std::to_string(from) + " calls " + call_name(got) +
                                         "; all ranks must call the same functions in the same order");
  return bytes;
}

void Gang::barrier() {
  const std::uint64_t tag = next(Call::barrier);
  const std::uint32_t size = link_->size(), rank = link_->rank();
  for (std::uint32_t step = 1; step < size; step <<= 1) {
    put((rank + step) % size, tag, Call::barrier, std::uint8_t{0});
    static_cast<void>(take((rank + size - step) % size, tag, Call::barrier));
  }
}

}  // namespace weir
