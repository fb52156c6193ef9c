// KeptJobs: which jobs outlive their program, in a file for the program that comes back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace weir::detail::elastic {

/// A job that outlives its program, and by what name its workers join.
struct KeptJob {
  std::string id, label;
  friend bool operator==(const KeptJob&, const KeptJob&) = default;
};

/// The file, beside that of the session.
///
/// **Errors.** `write` throws `Error{io}`; what another program has left is read without complaint, or not at
/// all.
class KeptJobs {
 public:
  /// `shape` is what jobs are asked for: who asks for something else does not take them over.
  KeptJobs(const std::filesystem::path& session_file, std::string shape);

  /// Those of the program before this one; `same_shape` says whether they are what this one asks for.
  [[nodiscard]] std::vector<KeptJob> read(bool& same_shape) const;
  /// No jobs: no file.
  void write(const std::vector<KeptJob>& jobs) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Stands in the file as long as its jobs are this program's.
  [[nodiscard]] const std::string& owner() const noexcept { return owner_; }

 private:
  std::filesystem::path path_;
  std::string shape_, owner_;
};

}  // namespace weir::detail::elastic
