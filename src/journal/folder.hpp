// The files of a journal's folder: its segments, their names, their order.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::detail::journal {

/// The sentence with what the system says.
[[nodiscard]] std::string with_reason(const std::string& sentence);

/// Makes the folder and those above it; nobody else reads it. Throws `Error{io}`.
void make_folder(const std::string& folder);

/// Names made in the folder, and names gone from it, are on the disk afterwards.
void sync_folder(const std::string& folder);

/// Names of the segments, oldest first. Throws `Error{io}` if the folder cannot be read.
[[nodiscard]] std::vector<std::string> segments_in(const std::string& folder);

/// The name of the one that follows all these.
[[nodiscard]] std::string next_segment(const std::vector<std::string>& names);

/// Whether this process has the lock of the file, within a while: a program that has been killed may take a
/// moment to be gone.
[[nodiscard]] bool locked_within(int file, std::chrono::milliseconds most);

}  // namespace weir::detail::journal
