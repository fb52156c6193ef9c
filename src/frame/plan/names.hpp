// Columns looked up by name, and the sentence for those that are not there.
#pragma once

#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// `filter: there must be a column of that name (got "dealy"); did you mean "delay"? The columns are: ...`.
[[noreturn]] void throw_unknown_column(const std::string& who, std::string_view name, const Schema& schema);
/// Its place.
[[nodiscard]] std::size_t find_column(const std::string& who, std::string_view name, const Schema& schema);

}  // namespace weir::detail::frame
