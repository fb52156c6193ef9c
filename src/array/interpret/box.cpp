// Runs that are contiguous in both blocks are copied as one.
#include "array/interpret/box.hpp"

#include <cstring>

namespace weir::detail::array {

void copy_box(std::size_t element, const Dims& shape, const std::byte* from, const Dims& from_steps,
              std::byte* to, const Dims& to_steps) {
  const std::size_t axes = shape.size();
  std::size_t run = axes;
  std::int64_t contiguous = 1;
  while (run > 0 && from_steps[run - 1] == contiguous && to_steps[run - 1] == contiguous)
    contiguous *= shape[--run];
  if (contiguous == 0) return;
  std::int64_t rows = 1;
  for (std::size_t a = 0; a < run; ++a) rows *= shape[a];
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t rest = row, f = 0, t = 0;
    for (std::size_t a = run; a-- > 0;) {
      f += rest % shape[a] * from_steps[a];
      t += rest % shape[a] * to_steps[a];
      rest /= shape[a];
    }
    std::memcpy(to + static_cast<std::size_t>(t) * element, from + static_cast<std::size_t>(f) * element,
                static_cast<std::size_t>(contiguous) * element);
  }
}

}  // namespace weir::detail::array
