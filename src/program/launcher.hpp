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
  std::string job{};                      ///< Its batch job, if launchers there reach that one's hosts only.
  std::uint32_t cores = 0;                ///< Of its task, as are ...
  std::vector<std::string> devices{};     ///< ... these.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(host, processors, job, cores, devices);
  }
};

/// What launchers must be told to reach all hosts of this job; `weir run` knows.
struct ReachOptions {
  std::string mpirun{};  ///< Its options.
  std::string srun{};    ///< Its options; Hydra starts itself on other hosts by it.
};

/// A command, and the variables that it needs.
struct GangLaunch {
  std::vector<std::string> command;
  std::vector<std::string> variables;  ///< `NAME=value`, added to its environment.
};

/// `command` on `places`, by rank, with the variables named in `passed_on` on every host. `launcher` is a
/// program, perhaps with options of its own.
///
/// **Errors.** Throws `Error{invalid_argument}` for a launcher that it does not know, and
/// `Error{unsupported}` for places that it does not reach.
[[nodiscard]] GangLaunch launched(const std::string& launcher, const std::vector<GangPlace>& places,
                                  const std::vector<std::string>& passed_on,
                                  const std::vector<std::string>& command, const ReachOptions& reach = {});

}  // namespace weir::detail::program
