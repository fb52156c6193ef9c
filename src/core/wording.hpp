// What error sentences are made of.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// Letters to insert, remove, replace or exchange with their neighbour.
///
/// **Source.** Optimal string alignment distance, after Damerau.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `name` was probably meant to be; nothing if none is near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      const std::vector<std::string_view>& candidates);

/// `text` on one line and without control characters, which could move a terminal's cursor or hide what was
/// said: `\n`, `\t`, `\x1b`.
[[nodiscard]] std::string printable(std::string_view text);
/// The same of text whose lines stay lines.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace weir::detail
