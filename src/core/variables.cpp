// The table of variables.
#include "core/variables.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/wording.hpp"
#include "weir/config.hpp"
#include "weir/error.hpp"

namespace weir::detail {
namespace {

const std::vector<Variable> table_of_variables{
    {"WEIR_CONFIG", "the configuration file; default: ~/.config/weir/config.toml"},
    {"WEIR_LOG", "how much is told on stderr: trace, debug, info, warn (default), error, critical or off"},
    {"WEIR_RESOURCES", "what each worker has, such as GPU=2,licence=1"},
    {"WEIR_MEMORY_LIMIT", "what results may take on each worker before they go to disk"},
    {"WEIR_SPILL_DIRECTORY", "where they go then; default: TMPDIR, else /tmp"},
    {"WEIR_STATE_DIR", "where jobs, sessions and runs are kept; default: ~/.local/state/weir"},
    {"WEIR_DASHBOARD", "where the dashboard is: on (default), off, a port, or unix:PATH"},
    {"WEIR_REPORT", "a file for a report of the program at its end"},
    {"WEIR_DASHBOARD_HOSTS", "further names, separated by commas, under which a browser may reach it"},
    {"WEIR_DASHBOARD_DIR", "a folder whose files stand in for those of the page"},
    {"WEIR_PROFILE", "1: where worker threads spend processor time is noted for the page"},
    {"WEIR_JOURNAL", "the folder where results of cached tasks are kept and found again"},
    {"WEIR_JOURNAL_LIMIT", "what large results in it may take, such as 100GB; the least recently used go"},
    {"WEIR_JOURNAL_RERUN", "names of functions, separated by semicolons, whose results it forgets first"},
    {"WEIR_JOURNAL_DRY_RUN", "computes no cached task; the end says which would be"},
    {"WEIR_CHECK_ARGUMENTS", "1: arguments given up to tasks are written, read back and compared; debug: 1"},
    {"WEIR_SESSION", "the session file by which other programs are let in as clients (Client::connect)"},
    {"WEIR_CONNECT", "the session file of a running program that this one joins as a worker"},
    {"WEIR_LIFETIME", "after which a worker that joined leaves again"},
    {"WEIR_KEEP_JOBS", "how long `weir run` with further workers waits for their program to come back"},
    {"WEIR_DEATH_TIMEOUT", "how long a worker that joined waits for its program before it gives up"},
    {"WEIR_PATIENCE", "how long a silent or stopped worker, or a silent program, is waited for"},
    {"WEIR_STOP_GRACE", "how long a task may go on beyond its time limit before it is ended; default: 5s"},
    {"WEIR_EXIT_GRACE", "how long `weir run` waits for mpirun after rank 0 has ended; default: 5s"},
    {"WEIR_MPI_THREADS", "multiple: functions of gangs may call MPI (`GangComm`); default: serialized"},
    {"WEIR_ARRAY_INDEX", "in a job array, which element this is"},
    {"WEIR_NODE_MEMORY", ""},
    {"WEIR_MPIRUN_OPTIONS", ""},
    {"WEIR_MPI_IN_JOB", ""},
    {"WEIR_JOB_VIEW", ""},
    {"WEIR_SRUN_OPTIONS", ""},
    {"WEIR_STATUS_FILE", ""},
    {"WEIR_STARTED_BY", ""},
    {"WEIR_JOB", ""},
    {"WEIR_SLOT", ""},
    {"WEIR_TOLD_BY_PARENT", ""},
    {"WEIR_JOB_LIMIT", ""},
    {"WEIR_JOB_STARTED", ""},
};

constexpr std::string_view log_levels[] = {"trace", "debug", "info",     "warn", "warning",
                                           "err",   "error", "critical", "off"};

std::vector<std::string> known_variables() {
  std::vector<std::string> names;
  for (const Variable& variable : variables()) names.emplace_back(variable.name);
  for (const Setting& setting : settings()) names.push_back(variable_of(setting.name));
  return names;
}

std::string meant(std::string_view name, const std::vector<std::string_view>& candidates) {
  const auto near = nearest(name, candidates);
  return near ? ", did you mean " + std::string(*near) + "?" : "";
}

/// What is wrong with the configuration file. A pipe can be read only once, by who needs it.
std::vector<std::string> config_problems() {
  std::error_code ignored;
  if (std::filesystem::is_fifo(Config::file(), ignored)) return {};
  try {
    return Config::load().problems();
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace

const std::vector<Variable>& variables() { return table_of_variables; }

std::string variable_of(std::string_view setting) {
  std::string variable = "WEIR_";
  for (const char c : setting) variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::vector<std::string> environment_problems() {
  const std::vector<std::string> known = known_variables();
  std::vector<std::string> problems;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (!name.starts_with("WEIR_") || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string hint = meant(name, {known.begin(), known.end()});
    problems.push_back(name + ": Weir knows no such variable" +
                       (hint.empty() ? "; `weir info --settings` lists them" : hint));
  }
  const char* level = std::getenv("WEIR_LOG");
  if (level && *level &&
      std::find(std::begin(log_levels), std::end(log_levels), level) == std::end(log_levels))
    problems.push_back("WEIR_LOG: must be trace, debug, info, warn, error, critical or off (got " +
                       std::string(level) + ")" +
                       meant(level, {std::begin(log_levels), std::end(log_levels)}));
  for (std::string& problem : config_problems()) problems.push_back(std::move(problem));
  return problems;
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  const passwd* user = getpwuid(getuid());
  return user && user->pw_dir ? user->pw_dir : "";
}

}  // namespace weir::detail
