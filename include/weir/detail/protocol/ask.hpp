// What tasks and programs ask of the things they share, and the answer: one of each for all of them.
#pragma once

#include <cstdint>
#include <string>

#include "weir/detail/task/buffer.hpp"

namespace weir::detail::protocol {

/// What is to be done with the shared thing of a name. Those that may have to wait say so.
enum class Wish : std::uint8_t {
  set_variable,
  get_variable,  ///< Waits until it has a value.
  clear_variable,
  put,    ///< Waits while the queue is full.
  take,   ///< Waits while it is empty.
  taken,  ///< What was asked for with the number `count` has arrived: it need not be kept any more.
  count_elements,
  acquire,  ///< Waits until a lease is free; the answer's number is the lease.
  release,
  set_event,
  clear_event,
  await_event,  ///< Waits until it is set.
  look_at_event,
  publish,
  unpublish,
  look_up,  ///< Waits until it is published.
  list_published,
};

/// Of a worker or of the program's body to rank 0. Each but those with number 0 has one answer.
struct Ask {
  std::uint64_t number = 0;
  Wish wish = Wish::set_variable;
  std::string name;
  std::string type;         ///< Of the value, for people.
  std::uint64_t count = 0;  ///< Elements a queue holds at most, leases of a semaphore, or the lease.
  Buffer value;             ///< Serialized.
};
/// The asker waits no longer: it is answered now, as it comes.
struct Unask {
  std::uint64_t number = 0;
};
struct Answer {
  enum class What : std::uint8_t {
    done,
    withdrawn,  ///< It waited in vain; `problem` says for what.
    refused     ///< `problem` says why.
  };
  std::uint64_t number = 0;
  What what = What::done;
  std::uint64_t count = 0;
  Buffer value;
  std::string problem;
};

}  // namespace weir::detail::protocol
