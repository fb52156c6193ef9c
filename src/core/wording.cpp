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
  if (best == candidates.end() || distance(*best) > std::max<std::size_t>(1, name.size() / 3))
    return std::nullopt;
  return *best;
}

namespace {

std::string without_controls(std::string_view text, bool keeps_lines) {
  constexpr char digits[] = "0123456789abcdef";
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte >= 0x80 && byte < 0xa0 && i > 0 && text[i - 1] == '\xc2';  // U+0080 to U+009F
    if (byte == '\n' && keeps_lines) safe += '\n';
    else if (byte == '\n') safe += "\\n";
    else if (byte == '\t') safe += "\\t";
    else if (byte < 0x20 || byte == 0x7f || is_c1) {
      if (is_c1) safe.pop_back();
      safe += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else safe += text[i];
  }
  return safe;
}

}  // namespace

std::string printable(std::string_view text) { return without_controls(text, false); }
std::string printable_lines(std::string_view text) { return without_controls(text, true); }

}  // namespace weir::detail
