// Where the exit status of rank 0 is left, since mpirun --enable-recovery always ends with 0.
#pragma once

#include <optional>
#include <string>

namespace weir::detail::tool {

/// How rank 0 ended.
struct Outcome {
  std::optional<int> program;  ///< What the program left in the file WEIR_STATUS_FILE: decimal text.
  std::optional<int> process;  ///< What `weir rank` saw of its process: an exit status, or 128 + signal.
};

/// A folder of this user alone, removed with its contents at the end.
///
/// **Errors.** The constructor throws `Error{io}` if the folder for temporary files (TMPDIR, else /tmp)
/// cannot be written.
class StatusFolder {
 public:
  StatusFolder();
  ~StatusFolder();
  StatusFolder(const StatusFolder&) = delete;
  StatusFolder& operator=(const StatusFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The file the program writes; it exists and is empty.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] Outcome read() const;
  /// Writes a further file. \return Its path. **Errors.** Throws `Error{io}` if there is no room.
  [[nodiscard]] std::string add(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
  std::string file_;
};

/// The file beside `status_file` in which `weir rank` notes how the process of rank 0 ended.
[[nodiscard]] std::string process_file(const std::string& status_file);

}  // namespace weir::detail::tool
