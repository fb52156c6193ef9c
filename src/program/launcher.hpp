// The command that starts an MPI program on the places of a gang. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::detail::program {

/// Where a rank of a gang is.
struct GangPlace {
  std::string host;
  std::vector<std::uint16_t> processors;  ///< That its thread may use.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(host, processors);
  }
};

/// A command, and the file that it needs.
struct GangLaunch {
  std::vector<std::string> command;
  std::vector<std::string> variables;  ///< `NAME=value`, added to its environment.
};

/// `command` on `places`, by rank, with the variables named in `passed_on` on every host. `launcher` is a
/// program, perhaps with options of its own.
///
/// **Errors.** Throws `Error{invalid_argument}` for a launcher that it does not know.
[[nodiscard]] GangLaunch launched(const std::string& launcher, const std::vector<GangPlace>& places,
                                  const std::vector<std::string>& passed_on,
                                  const std::vector<std::string>& command);

}  // namespace weir::detail::program
