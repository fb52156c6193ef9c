// GangLink: how one rank of a gang reaches the others.
#pragma once

#include <cstdint>

#include "weir/detail/protocol/gang_step.hpp"
#include "weir/detail/task/buffer.hpp"

namespace weir::detail::client {

/// One rank's way to the others of its gang.
///
/// **Errors.** `send` and `receive` throw `GangError` once the gang has failed, and `Error{protocol}` when it
/// is known that the others do not do what this rank waits for.
/// **Threads.** That of the task.
class GangLink {
 public:
  virtual ~GangLink() = default;
  [[nodiscard]] virtual std::uint32_t rank() const noexcept = 0;
  [[nodiscard]] virtual std::uint32_t size() const noexcept = 0;
  /// Returns when the bytes are on their way.
  virtual void send(std::uint32_t to, const protocol::GangStep& step, Buffer&& bytes) = 0;
  /// Waits; those of one sender and tag come in order.
  [[nodiscard]] virtual Buffer receive(std::uint32_t from, const protocol::GangStep& step) = 0;
  /// The process of each rank; the same for ranks that are threads of one.
  [[nodiscard]] virtual std::uint32_t process_of(std::uint32_t rank) const noexcept = 0;

  /// Of the task that this thread runs; null if that is of no gang.
  [[nodiscard]] static GangLink*& current() noexcept;
};

}  // namespace weir::detail::client
