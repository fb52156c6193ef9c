#include "core/target.hpp"

#include <filesystem>

namespace weir::detail {

std::string target_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

bool is_special_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_other(path, error) && !error;
}

std::string draft_of(const std::string& target, const std::string& ending) {
  return is_special_file(target) ? target : target + ending;
}

}  // namespace weir::detail
