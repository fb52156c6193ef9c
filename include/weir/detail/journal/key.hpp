// Key: what a result is found again by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::detail::journal {

/// 128 bits of XXH3 over what decides about a result.
struct Key {
  std::uint64_t low = 0, high = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

/// 32 hexadecimal digits.
[[nodiscard]] std::string to_text(const Key& key);
/// Throws `Error{invalid_argument}` for anything but 32 hexadecimal digits.
[[nodiscard]] Key parse_key(std::string_view text);

/// Puts bytes into a key, one after the other. Neither the machine nor the day matters.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&& other) noexcept;
  Hasher& operator=(Hasher&& other) noexcept;

  void bytes(const void* data, std::size_t size);
  /// With its length, so that what follows cannot be taken for a part of it.
  void text(std::string_view text);
  void number(std::uint64_t number) { bytes(&number, sizeof number); }
  void key(const Key& key) { bytes(&key, sizeof key); }
  [[nodiscard]] Key result() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::detail::journal
