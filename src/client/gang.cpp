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

void Gang::barrier() {
  const Step step = next<std::uint8_t>(Call::barrier);
  const std::uint32_t size = link_->size(), rank = link_->rank();
  for (std::uint32_t far = 1; far < size; far <<= 1) {
    put((rank + far) % size, step, std::uint8_t{0});
    static_cast<void>(link_->receive((rank + size - far) % size, step));
  }
}

}  // namespace weir
