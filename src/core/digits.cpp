// The last digit first.
#include "core/digits.hpp"

namespace weir {

std::string digits_of(Integer128 value) {
  std::string digits;
  const bool is_negative = value < 0;
  for (; value != 0 || digits.empty(); value /= 10)
    digits += static_cast<char>('0' + (is_negative ? -(value % 10) : value % 10));
  if (is_negative) digits += '-';
  return {digits.rbegin(), digits.rend()};
}

}  // namespace weir
