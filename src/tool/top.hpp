// The lines of `weir top`, and traces: pure text of a picture.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace weir::detail::tool {

/// What fits into a terminal of so many columns and rows: the verdict, figures, functions, streams, workers.
///
/// **Errors.** Throws `nlohmann::json::exception` if it is no picture.
[[nodiscard]] std::vector<std::string> top_lines(const nlohmann::json& picture, std::size_t columns,
                                                 std::size_t rows);

/// The same of a moment of a run, from its record: row `at` of its history, with what went before.
[[nodiscard]] std::vector<std::string> replay_lines(const nlohmann::json& record, std::size_t at,
                                                    std::size_t columns, std::size_t rows);

/// The task stream of a record for Chrome's and Perfetto's trace viewers.
[[nodiscard]] std::string trace_of(const nlohmann::json& record);

/// The same as an OTF2 archive in a new folder.
///
/// **Errors.** Throws `Error{unsupported}` if the build has no OTF2, `Error{io}` if the folder is there or
/// cannot be made, each with a sentence.
void write_otf2(const nlohmann::json& record, const std::filesystem::path& folder);

}  // namespace weir::detail::tool
