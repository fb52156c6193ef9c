// The command line of `letters`, and the files it asks for.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace letters {

/// A command line that makes no sense; exit status 2.
struct WrongUse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::vector<std::string> files;  ///< Given by name; empty if they are generated.
  std::string folder;              ///< Where to generate them.
  std::uint64_t count = 100;
  std::uint64_t size_bytes = 10'000'000;
  std::string help;  ///< Not empty if that is all that was asked for.
};

/// **Errors.** Throws WrongUse with one sentence.
[[nodiscard]] Options parse_options(int argc, char** argv);

/// Writes `count` files of `size_bytes` random letters into `folder`, the same on every machine, and returns
/// their names.
///
/// **Errors.** Throws std::runtime_error with one sentence if the folder or a file cannot be written.
[[nodiscard]] std::vector<std::string> generate(const std::string& folder, std::uint64_t count,
                                                std::uint64_t size_bytes);

}  // namespace letters
