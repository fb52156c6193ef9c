// Everything mpirun needs to be told, so that users need not know.
#include "tool/launch.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail::tool {
namespace {

constexpr char disguise = '=';
constexpr std::size_t longest_command_line = 32 * 1024;
constexpr std::size_t longest_variable = 100'000;

/// Variables every rank must see, also on other nodes, where mpirun passes on only what is named.
std::map<std::string, std::string> rank_environment(const RunRequest& request, const Site& site) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : site.environment) {
    if (name.starts_with("WEIR_") || name == "GLIBC_TUNABLES") variables[name] = value;
  }
  variables["WEIR_STATUS_FILE"] = site.status_file;
  variables["WEIR_STARTED_BY"] = site.weir;
  if (request.threads) variables["WEIR_THREADS"] = std::to_string(*request.threads);
  if (request.memory) variables["WEIR_MEMORY_LIMIT"] = *request.memory;
  if (request.journal) variables["WEIR_JOURNAL"] = *request.journal;
  for (const std::string& function : request.rerun) {
    std::string& names = variables["WEIR_JOURNAL_RERUN"];
    names += (names.empty() ? "" : ";") + function;
  }
  if (request.is_dry) variables["WEIR_JOURNAL_DRY_RUN"] = "1";
  if (request.dashboard) variables["WEIR_DASHBOARD"] = *request.dashboard;
  if (request.report) variables["WEIR_REPORT"] = *request.report;
  return variables;
}

/// Moves a long command line into variables; the words of `weir rank` that are left.
std::vector<std::string> rank_words(const RunRequest& request, Launch& launch) {
  std::vector<std::string> words{request.program};
  words.insert(words.end(), request.arguments.begin(), request.arguments.end());
  const std::string text = packed(words);
  if (text.size() > longest_command_line) {
    for (std::size_t at = 0, part = 0; at < text.size(); at += longest_variable, ++part)
      launch.environment[argument_variable(static_cast<int>(part))] = text.substr(at, longest_variable);
    return {};
  }
  for (std::string& word : words) word = disguised(word);
  return words;
}

/// Ranks are told everything in this process's environment. Hydra ends all when one ends by a signal, so that
/// `weir rank` stays beside each of them; its clean-up would come where one ends without a word to MPI.
void add_hydra(Launch& launch, const RunRequest& request, const Site& site) {
  launch.command = {site.mpirun, "-disable-auto-cleanup", "-bind-to", "none", "-genvall"};
  if (site.host_file) launch.command.insert(launch.command.end(), {"-f", *site.host_file});
  if (site.agent)
    launch.command.insert(launch.command.end(),
                          {"-rmk", "user", "-launcher", "ssh", "-launcher-exec", *site.agent});
  launch.command.insert(launch.command.end(), {"-n", std::to_string(request.ranks), site.weir, "rank"});
}

}  // namespace

Launch plan_launch(const RunRequest& request, const Site& site) {
  Launch launch;
  launch.environment = rank_environment(request, site);
  const std::vector<std::string> words = rank_words(request, launch);
  if (request.launcher) {
    launch.command = request.launcher->command(request.launcher_path, request.ranks, request.threads);
    launch.command.insert(launch.command.end(), {site.weir, "rank"});
    launch.command.insert(launch.command.end(), words.begin(), words.end());
    launch.end_signal = SIGTERM;
    return launch;
  }
  launch.listener = site.listener;  // what srun starts hears by itself
  if (site.family == home::MpiFamily::mpich) {
    add_hydra(launch, request, site);
    launch.command.insert(launch.command.end(), words.begin(), words.end());
    return launch;
  }
  launch.command = {site.mpirun, "--enable-recovery", "--oversubscribe", "--bind-to", "none"};
  if (site.host_file) launch.command.insert(launch.command.end(), {"--hostfile", *site.host_file});
  if (site.agent)  // mpirun's own ways to the job know a part of it only
    launch.command.insert(launch.command.end(), {"--mca", "ras", "^" + site.system, "--mca", "plm", "rsh",
                                                 "--mca", "plm_rsh_agent", "sh " + *site.agent, "--mca",
                                                 "plm_rsh_no_tree_spawn", "1", "--leave-session-attached"});
  // mpirun's helpers on other nodes must not hear SIGTERM either.
  const char* const helper = "OMPI_MCA_orte_launch_agent";
  if (!site.environment.contains(helper) && site.weir.find(' ') == std::string::npos)
    launch.command.insert(launch.command.end(), {"--mca", "orte_launch_agent", site.weir + " hold orted"});
  for (const auto& [name, value] : launch.environment)
    launch.command.insert(launch.command.end(), {"-x", name});
  launch.command.insert(launch.command.end(), {"-n", std::to_string(request.ranks), site.weir, "rank"});
  launch.command.insert(launch.command.end(), words.begin(), words.end());
  launch.environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
  launch.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  return launch;
}

std::string host_file_text(const std::vector<std::string>& places, home::MpiFamily family) {
  std::vector<std::pair<std::string, int>> hosts;
  for (const std::string& place : places) {
    const auto known =
        std::find_if(hosts.begin(), hosts.end(), [&](const auto& host) { return host.first == place; });
    if (known == hosts.end()) hosts.emplace_back(place, 1);
    else ++known->second;
  }
  std::string text;
  for (const auto& [host, slots] : hosts)
    text += host + (family == home::MpiFamily::mpich ? ":" : " slots=") + std::to_string(slots) + "\n";
  return text;
}

std::string disguised(const std::string& argument) { return disguise + argument; }

std::string undisguised(const std::string& argument) {
  return argument.starts_with(disguise) ? argument.substr(1) : argument;
}

std::string argument_variable(int part) { return "WEIR_ARGUMENTS_" + std::to_string(part); }

// A backslash stands before itself, and before the semicolon that ends a word.
std::string packed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    for (const char c : word) text += c == '\\' ? std::string("\\\\") : std::string(1, c);
    text += "\\;";
  }
  return text;
}

std::vector<std::string> unpacked(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escaped = text[i] == '\\' && i + 1 < text.size();
    if (is_escaped) ++i;
    if (is_escaped && text[i] == ';') words.push_back(std::exchange(word, {}));
    else word += text[i];
  }
  return words;
}

}  // namespace weir::detail::tool
