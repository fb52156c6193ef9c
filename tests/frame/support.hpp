// Frames and files for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/frame.hpp"

namespace weir::test {

/// A folder that is gone with this.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir_frame_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file; its path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The rows as CSV text.
inline std::string csv_of(const Table& table) {
  const Folder folder;
  static_cast<void>(Frame(table).to_csv(folder.path("out.csv")));
  return text_of(folder.path("out.csv"));
}
inline std::string csv_of(const Frame& frame) { return csv_of(frame.compute()); }

}  // namespace weir::test
