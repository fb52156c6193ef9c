// The command that starts an MPI program on the places of a gang.
#include "program/launcher.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <utility>

#include "weir/error.hpp"

namespace weir::detail::program {
namespace {

/// Hosts with their ranks, in the order of first ranks.
std::vector<std::pair<std::string, std::size_t>> ranks_by_host(const std::vector<GangPlace>& places) {
  std::vector<std::pair<std::string, std::size_t>> hosts;
  for (const GangPlace& place : places) {
    const auto known =
        std::find_if(hosts.begin(), hosts.end(), [&](const auto& host) { return host.first == place.host; });
    if (known == hosts.end()) hosts.emplace_back(place.host, 1);
    else ++known->second;
  }
  return hosts;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// mpirun would put all ranks on its own host, and say nothing.
void check_reach(const std::vector<GangPlace>& places) {
  const GangPlace& first = places.front();
  for (const GangPlace& place : places)
    if (place.job != first.job && place.host != first.host)
      throw Error(ErrorKind::unsupported,
                  "program: a gang must be in one batch job, whose hosts a launcher reaches (got " +
                      std::to_string(places.size()) + " ranks in several, on " + first.host + " and " +
                      place.host +
                      "); ask for fewer ranks or for larger jobs, or run the program that submits "
                      "it in one job of several nodes, for example with weir submit --nodes 2");
}

}  // namespace

GangLaunch launched(const std::string& launcher, const std::vector<GangPlace>& places,
                    const std::vector<std::string>& passed_on, const std::vector<std::string>& command,
                    const ReachOptions& reach) {
  check_reach(places);
  GangLaunch launch{words_of(launcher), {}};
  const std::string name =
      launch.command.empty() ? "" : std::filesystem::path(launch.command.front()).filename().string();
  const std::string ranks = std::to_string(places.size());
  std::vector<std::string>& words = launch.command;
  std::vector<std::string> slots;
  for (const auto& [host, count] : ranks_by_host(places)) slots.push_back(host + ":" + std::to_string(count));
  const bool is_hydra = name.find("hydra") != std::string::npos || name.find("mpich") != std::string::npos;
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  if (!is_hydra && (name.starts_with("mpirun") || name.starts_with("mpiexec") || name == "orterun")) {
    add(words_of(reach.mpirun));
    add({"--quiet", "--oversubscribe", "--bind-to", "none", "--map-by", "slot", "--host", joined(slots)});
    for (const std::string& variable : passed_on) add({"-x", variable});
    add({"-n", ranks});
    launch.variables = {"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"};  // as `weir run`
  } else if (is_hydra) {
    add({"-hosts", joined(slots), "-bind-to", "none", "-n", ranks});
    if (!reach.srun.empty()) launch.variables.push_back("HYDRA_LAUNCHER_EXTRA_ARGS=" + reach.srun);
  } else if (name == "srun") {
    std::vector<std::string> hosts;  // known without their domain
    for (const GangPlace& place : places) hosts.push_back(place.host.substr(0, place.host.find('.')));
    const bool is_alone = slots.size() == 1;
    add(words_of(reach.srun));
    add({"--overlap", "--ntasks", ranks, "--nodes", std::to_string(slots.size()), "--nodelist",
         is_alone ? hosts.front() : joined(hosts)});
    if (!is_alone) add({"--distribution", "arbitrary"});
  } else {
    throw Error(ErrorKind::invalid_argument,
                "program: launcher must be mpirun, mpiexec.hydra or srun, or a path that ends so, and its "
                "options (got '" +
                    launcher + "')");
  }
  add(command);
  return launch;
}

}  // namespace weir::detail::program
