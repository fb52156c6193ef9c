// The files of the page, which are part of the program.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace weir::detail::dashboard {

/// A file of `src/dashboard/web`, as it was when the library was built.
struct PageFile {
  std::string_view name;  ///< "app.js"
  std::string_view bytes;
};
[[nodiscard]] std::span<const PageFile> page_files();

/// What a browser must be told of a file of this name.
[[nodiscard]] std::string_view media_type(std::string_view name);

/// The page and a record of a run in one file that needs no network.
///
/// **Errors.** Throws `Error{io}` if `record` is no record.
/// **Cost.** At most 2 MB; parts of a record without room are left out, those that matter least first.
[[nodiscard]] std::string report(const std::string& record);

/// A file of this text, whole or as it was before; whether it could be written.
[[nodiscard]] bool write_whole(const std::filesystem::path& path, const std::string& text);

}  // namespace weir::detail::dashboard
