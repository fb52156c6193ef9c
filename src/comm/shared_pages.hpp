// SharedPages: memory that a process makes and its neighbours open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/descriptor.hpp"

namespace weir::detail::comm {

/// What a neighbour must know to find the pages of a process.
struct PagesCard {
  std::int32_t pid = 0, file = -1;
  std::uint64_t mark = 0;  ///< Written before them, too.
  std::uint64_t bytes = 0;
};

/// Pages of zeros in a file without a name.
class SharedPages {
 public:
  /// If the system allows none, or 0 bytes are asked for, there are none, and no card.
  explicit SharedPages(std::size_t bytes);
  ~SharedPages();
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;

  /// Begins with a line of the cache; null: there are none.
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  /// What neighbours need, until `close`.
  [[nodiscard]] const PagesCard& card() const noexcept { return card_; }
  /// All neighbours have found them.
  void close() noexcept { file_.reset(); }

  /// A neighbour's, mapped for ever; null if they cannot be opened, or are not those of the card.
  [[nodiscard]] static std::byte* open(const PagesCard& card);

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  Descriptor file_;
  PagesCard card_;
};

}  // namespace weir::detail::comm
