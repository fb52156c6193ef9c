// Frames and files for tests.
#pragma once

#include <cmath>
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

/// Whether two cells say the same; numbers up to rounding.
inline bool is_near(const Column& a, const Column& b, std::size_t i) {
  if (a.is_na(i) != b.is_na(i)) return false;
  if (a.is_na(i)) return true;
  const auto is_number = [](ColumnType type) {
    return type == ColumnType::int64 || type == ColumnType::float64;
  };
  if (!is_number(a.type()) || !is_number(b.type())) return a.show(i) == b.show(i);
  const double x = std::stod(a.show(i)), y = std::stod(b.show(i));
  return x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= 1e-9 * (1 + std::fabs(y));
}

/// Empty if they are equal; otherwise the first difference.
inline std::string difference(const Table& ours, const Table& theirs) {
  if (ours.names() != theirs.names())
    return "names: " + to_text(ours.schema()) + " | " + to_text(theirs.schema());
  if (ours.rows() != theirs.rows())
    return "rows: " + std::to_string(ours.rows()) + " | " + std::to_string(theirs.rows());
  for (std::size_t c = 0; c < ours.names().size(); ++c)
    for (std::size_t i = 0; i < ours.rows(); ++i)
      if (!is_near(ours.columns()[c], theirs.columns()[c], i))
        return ours.names()[c] + " in row " + std::to_string(i) + ": " + ours.columns()[c].show(i) + " | " +
               theirs.columns()[c].show(i);
  return "";
}

}  // namespace weir::test
