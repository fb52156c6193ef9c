// The way of bytes to the user's stdout or stderr, which may be slow, full or closed.
#pragma once

#include <poll.h>

#include <string>
#include <string_view>

namespace weir::detail::tool {

/// Bytes on their way to a descriptor; no call blocks.
///
/// **Errors.** Nothing throws: after the first failure `problem` tells it, and further bytes are dropped.
class Outlet {
 public:
  explicit Outlet(int descriptor) noexcept : descriptor_(descriptor) {}

  void put(std::string_view bytes);
  /// What to wait for: room for the bytes, or nothing while there are none.
  [[nodiscard]] pollfd wanted() const noexcept { return {pending_.empty() ? -1 : descriptor_, POLLOUT, 0}; }
  /// Writes what there is room for; to be called when `wanted` is ready.
  void write_some();
  [[nodiscard]] bool is_empty() const noexcept { return pending_.empty(); }
  /// errno of the write that failed; 0 if none did.
  [[nodiscard]] int problem() const noexcept { return problem_; }

 private:
  int descriptor_;
  std::string pending_;
  int problem_ = 0;
};

}  // namespace weir::detail::tool
