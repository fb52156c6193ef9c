// What messages in both directions are made of, and the messages that go in both.
#pragma once

#include <algorithm>
#include <bit>
#include <memory>
#include <tuple>

#include "weir/detail/protocol/actor_part.hpp"
#include "weir/detail/protocol/gang_step.hpp"
#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"

namespace weir::detail::protocol {

/// What a message says of itself, as a constant of its struct; false where it says nothing.
///
/// `has_value`: a value is its attachment, and the second argument of its handler. `has_beside`: its member
/// `beside` is an attachment, if the arguments have large buffers. `is_sign_of_life`: it wakes nobody, since
/// nothing has to be done about it.
template <class Message>
inline constexpr bool has_value = requires {
  requires Message::has_value;
};
template <class Message>
inline constexpr bool has_beside = requires {
  requires Message::has_beside;
};
template <class Message>
inline constexpr bool is_sign_of_life = requires {
  requires Message::is_sign_of_life;
};

/// A size in a byte, rounded up to a power of two; 0 is unknown, or nothing.
class Scale {
 public:
  static constexpr std::uint8_t passing = 128;  ///< In the same byte; see `Input`.
  static std::uint8_t of(std::uint64_t bytes) noexcept {
    return bytes < 2 ? 0 : static_cast<std::uint8_t>(std::bit_width(bytes - 1));
  }
  static std::uint64_t bytes(std::uint8_t scale) noexcept {
    const unsigned bits = scale & (passing - 1u);
    return bits == 0 ? 0 : std::uint64_t{1} << std::min(bits, 63u);
  }
};

/// Which run of a task is meant, in two bytes: enough to tell it from those before. 0: nobody says.
class RunMark {
 public:
  static std::uint16_t of(std::uint32_t run) noexcept {
    return run == 0 ? 0 : static_cast<std::uint16_t>(1 + (run - 1) % 0xffff);
  }
};

/// Numbers of requests for results: what a client asks for is told from what the worker beside it asks for,
/// and says which run it means.
class ClientRequest {
 public:
  static constexpr std::uint32_t most_of_worker = 0x7fffffff;  ///< Greater numbers are clients'.
  static std::uint32_t of(std::uint16_t run) noexcept { return most_of_worker + 1 + run; }
  static bool is(std::uint32_t request) noexcept { return request > most_of_worker; }
  /// The `RunMark` it was made of.
  static std::uint16_t run(std::uint32_t request) noexcept { return static_cast<std::uint16_t>(request); }
};

/// A place where an input of a task is, or will be when its task there has finished.
struct Input {
  TaskId task;
  PeerId holder;
  bool exists;            ///< It is there; otherwise it will be.
  std::uint8_t scale;     ///< Its `Scale`, if it exists; and whether it `passes`.
  std::uint16_t run = 0;  ///< The `RunMark` of what made it, or will.
  /// Few tasks need it: a small copy of it is theirs alone, and not told of.
  [[nodiscard]] bool passes() const noexcept { return (scale & Scale::passing) != 0; }
  friend bool operator==(const Input&, const Input&) = default;
};

/// What a task of a gang says of it: the gang is called by the task of rank 0.
struct GangPlace {
  TaskId leader = 0;
  std::uint32_t rank = 0;
  std::uint32_t size = 1;
  std::uint32_t per_node = 0;  ///< At most so many on one host; 0: any number.
  bool separate = false;       ///< Each in a process of its own.
};

/// A gang that has been placed, as one of its ranks sees it.
struct GangRun {
  TaskId leader = 0;
  std::uint32_t run = 0;  ///< Grows with each attempt.
  std::uint32_t rank = 0;
  std::vector<PeerId> peers;  ///< Where each rank is.
};

/// A rank of a gang that waits for another one.
struct GangWait {
  std::uint32_t rank = 0;
  std::uint64_t got = 0;     ///< Messages that have come from that one.
  std::uint64_t number = 0;  ///< Of its waits.
  GangStep step{};
};

/// What a rank of a gang has sent another in collective calls, and received from it.
struct GangTraffic {
  std::uint32_t other = 0;
  std::uint64_t sent = 0, received = 0;
};

/// The result; its value is the message's attachment.
struct ResultData {
  static constexpr bool has_value = true;
  TaskId id;
  std::uint64_t bytes;
  std::uint32_t request;
};
/// The same of a small one to another process, where the message alone is quicker than an attachment, and may
/// travel with others.
struct SmallResult {
  TaskId id = 0;
  std::uint32_t request = 0;
  std::uint64_t type = 0;  ///< Portable address of its `task::TypeOps`.
  Buffer packed;
};
struct ResultMissing {
  TaskId id;
  std::shared_ptr<const Failure> failure;  ///< Why, if the result exists but cannot travel.
  std::uint32_t request;
};

}  // namespace weir::detail::protocol
