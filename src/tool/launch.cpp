// Everything mpirun needs to be told, so that users need not know.
#include "tool/launch.hpp"

namespace weir::detail::tool {
namespace {

constexpr char disguise = '=';

/// Variables every rank must see, also on other nodes, where mpirun passes on only what is named.
std::map<std::string, std::string> rank_environment(const RunRequest& request, const Site& site) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : site.environment) {
    if (name.starts_with("WEIR_") || name == "GLIBC_TUNABLES") variables[name] = value;
  }
  variables["WEIR_STATUS_FILE"] = site.status_file;
  if (request.threads) variables["WEIR_THREADS"] = std::to_string(*request.threads);
  if (request.memory) variables["WEIR_MEMORY_LIMIT"] = *request.memory;
  variables.try_emplace("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
  return variables;
}

}  // namespace

Launch plan_launch(const RunRequest& request, const Site& site) {
  Launch launch;
  launch.environment = rank_environment(request, site);
  launch.command = {site.mpirun, "--enable-recovery", "--oversubscribe", "--bind-to", "none"};
  if (site.host_file) launch.command.insert(launch.command.end(), {"--hostfile", *site.host_file});
  for (const auto& [name, value] : launch.environment)
    launch.command.insert(launch.command.end(), {"-x", name});
  launch.command.insert(launch.command.end(),
                        {"-n", std::to_string(request.ranks), site.weir, "rank", disguised(request.program)});
  for (const std::string& argument : request.arguments) launch.command.push_back(disguised(argument));
  launch.environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
  launch.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  return launch;
}

std::string disguised(const std::string& argument) { return disguise + argument; }

std::string undisguised(const std::string& argument) {
  return argument.starts_with(disguise) ? argument.substr(1) : argument;
}

}  // namespace weir::detail::tool
