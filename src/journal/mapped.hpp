// Mapped: a file in memory, to read.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace weir::detail::journal {

/// A whole file as it is now.
class Mapped {
 public:
  /// Throws `Error{not_found}` or `Error{io}`.
  explicit Mapped(const std::string& path);
  Mapped(const Mapped&) = delete;
  ~Mapped();
  /// How many there are in this process; the system allows some 65,000.
  [[nodiscard]] static std::size_t count() noexcept;
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(memory_), size_};
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::journal
