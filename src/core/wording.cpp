// Nearest names and harmless text.
#include "core/wording.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace weir::detail {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1), above, two_above;
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_above = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest(std::string_view name,
                                        const std::vector<std::string_view>& candidates) {
  const auto distance = [&](std::string_view candidate) { return edit_distance(candidate, name); };
  // A name that differs in upper and lower case alone is meant before those that look alike.
  const auto is_same_word = [&](std::string_view candidate) {
    return std::equal(candidate.begin(), candidate.end(), name.begin(), name.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  const auto same = std::find_if(candidates.begin(), candidates.end(), is_same_word);
  if (same != candidates.end()) return *same;
  const auto best = std::min_element(candidates.begin(), candidates.end(),
                                     [&](auto a, auto b) { return distance(a) < distance(b); });
  if (best == candidates.end()) return std::nullopt;
  const std::size_t differs = distance(*best);
  const bool is_near = differs <= std::max<std::size_t>(1, name.size() / 3) &&
                       differs < name.size();  // one letter is like any other
  return is_near ? std::optional(*best) : std::nullopt;
}

namespace {

/// The bytes of the UTF-8 character at the beginning of `text`; 0 if there is none.
std::size_t length_of_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80   ? 1
                             : byte(0) < 0xc2 ? 0
                             : byte(0) < 0xe0 ? 2
                             : byte(0) < 0xf0 ? 3
                             : byte(0) < 0xf5 ? 4
                                              : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  return length;
}

/// Controls, U+0080 to U+009F among them, and bytes that are no UTF-8 as `\xNN`: some terminals obey both.
std::string without_controls(std::string_view text, bool keeps_lines) {
  constexpr char digits[] = "0123456789abcdef";
  std::string safe;
  const auto add_escaped = [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    safe += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = length_of_character(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\n' && keeps_lines) safe += '\n';
    else if (byte == '\n') safe += "\\n";
    else if (byte == '\t') safe += "\\t";
    else if (is_c1) add_escaped(text[i + 1]);
    else if (length == 0 || byte < 0x20 || byte == 0x7f) add_escaped(text[i]);
    else safe += text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return safe;
}

}  // namespace

std::string printable(std::string_view text) { return without_controls(text, false); }
std::string printable_lines(std::string_view text) { return without_controls(text, true); }

}  // namespace weir::detail
