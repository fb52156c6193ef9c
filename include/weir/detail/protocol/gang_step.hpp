// What ranks of a gang say of a call: it must be the same call on all that take part.
#pragma once

#include <cstdint>

namespace weir::detail::protocol {

/// A call of `Gang`, as it travels with every value that is sent for it.
struct GangStep {
  /// Calls by their place in this list; `send` and `receive` are one, since they meet.
  enum class Kind : std::uint8_t {
    barrier,
    broadcast,
    reduce,
    allreduce,
    gather,
    allgather,
    scatter,
    communicator,
    send
  };
  static constexpr std::uint64_t collective = std::uint64_t{1} << 63;  ///< Set in the tags of collectives ...

  std::uint64_t tag = 0;  ///< ... which are numbered from 0; otherwise the program's tag.
  Kind kind = Kind::barrier;
  std::uint32_t root = 0;
  std::uint64_t type = 0;  ///< A hash of the value's type.
  friend bool operator==(const GangStep&, const GangStep&) = default;

  [[nodiscard]] bool is_collective() const noexcept { return tag & collective; }
};

}  // namespace weir::detail::protocol
