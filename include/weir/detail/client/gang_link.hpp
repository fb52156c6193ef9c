// GangLink: how one rank of a gang reaches the others.
#pragma once

#include <cstdint>

#include "weir/detail/task/buffer.hpp"

namespace weir::detail::client {

/// One rank's way to the others of its gang.
///
/// **Errors.** `send` and `receive` throw `GangError` once the gang has failed.
/// **Threads.** That of the task.
class GangLink {
 public:
  virtual ~GangLink() = default;
  [[nodiscard]] virtual std::uint32_t rank() const noexcept = 0;
  [[nodiscard]] virtual std::uint32_t size() const noexcept = 0;
  /// Returns when the bytes are on their way.
  virtual void send(std::uint32_t to, std::uint64_t tag, Buffer&& bytes) = 0;
  /// Waits; those of one sender and tag come in order.
  [[nodiscard]] virtual Buffer receive(std::uint32_t from, std::uint64_t tag) = 0;
  /// The process of each rank; the same for ranks that are threads of one.
  [[nodiscard]] virtual std::uint32_t process_of(std::uint32_t rank) const noexcept = 0;

  /// Of the task that this thread runs; null if that is of no gang.
  [[nodiscard]] static GangLink*& current() noexcept;
};

}  // namespace weir::detail::client
