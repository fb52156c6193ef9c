// From settings to the options of a job.
#include "batch/configured_job.hpp"

#include <cctype>
#include <filesystem>

#include "batch/walltime.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

/// Name of the program as a job's name.
std::string name_after(const std::string& program) {
  std::string name = std::filesystem::path(program).filename().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("._+-").find(c) == std::string_view::npos)
      c = '_';
  return name.empty() || !std::isalpha(static_cast<unsigned char>(name.front())) ? "weir"
                                                                                 : name.substr(0, 60);
}

int small_count(const Config& config, std::string_view name) {
  const std::int64_t value = config.count(name);
  if (value > 1'000'000)
    throw Error(ErrorKind::invalid_argument, config.origin(name) + ": " + std::string(name) +
                                                 " must be at most 1000000 (got " + std::to_string(value) +
                                                 ")");
  return static_cast<int>(value);
}

std::chrono::seconds walltime_of(const Config& config) {
  const std::string text = config.text("walltime");
  if (text.empty()) return std::chrono::seconds(0);
  try {
    return parse_walltime(text);
  } catch (const Error& error) {
    throw config.origin("walltime") == "argument"
        ? error
        : Error(error.kind(), config.origin("walltime") + ": " + error.what());
  }
}

std::pair<std::string, std::string> variable_of(const Config& config, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                config.origin("environment") + ": environment must be NAME=value (got " + text + ")");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

Config load_config() {
  Config config = Config::load();
  std::vector<std::string_view> names;
  for (const BatchSystem& system : batch_systems()) names.push_back(system.name());
  config.require_tables(names);
  return config;
}

JobOptions configured_job(const Config& config, int ranks, std::vector<std::string> command) {
  JobOptions options;
  options.name = config.origin("name") == "default" && !command.empty() ? name_after(command.front())
                                                                        : config.text("name");
  options.nodes = small_count(config, "nodes");
  options.ranks_per_node = small_count(config, "ranks_per_node");
  options.ranks = ranks;
  options.threads_per_rank = small_count(config, "threads");
  options.gpus_per_node = small_count(config, "gpus");
  options.memory_bytes = config.bytes("memory");
  options.walltime = walltime_of(config);
  options.queue = config.text("queue");
  options.account = config.text("account");
  options.log_directory = config.text("log_directory");
  options.directives = config.list("directives");
  options.skip = config.list("skip");
  options.shebang = config.text("shebang");
  options.modules = config.list("modules");
  for (const std::string& text : config.list("environment"))
    options.environment.push_back(variable_of(config, text));
  options.before = config.list("before");
  options.after = config.list("after");
  options.weir = config.text("weir");
  options.command = std::move(command);
  return options;
}

JobRecord record_of_job(const BatchSystem& system, const JobOptions& options, const std::string& id,
                        const std::filesystem::path& here) {
  JobRecord record;
  record.system = system.name();
  record.last = {.id = id, .state = JobState::waiting};
  record.name = options.name;
  record.directory = here;
  record.command = options.command;
  record.ranks = layout(options).ranks;
  record.output_file = here / log_file(options, id, "out");
  record.error_file = here / log_file(options, id, "err");
  record.submitted = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return record;
}

void make_log_directory(const std::string& directory) {
  std::error_code problem;
  if (!directory.empty()) std::filesystem::create_directories(directory, problem);
  if (problem)
    throw Error(ErrorKind::io,
                "log_directory: cannot be made: " + problem.message() + " (got " + directory + ")");
}

JobRecord submit_job(const BatchSystem& system, const JobOptions& options, const JobRegistry& registry) {
  const std::filesystem::path script = registry.write_script(system.script(options));
  try {
    const JobRecord record =
        record_of_job(system, options, system.submit(script), std::filesystem::current_path());
    registry.save(record);
    registry.keep_script(script, record);
    return record;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(script, ignored);
    throw;
  }
}

}  // namespace weir::detail::batch
