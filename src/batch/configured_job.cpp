// From settings to the options of a job.
#include "batch/configured_job.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "batch/array.hpp"
#include "batch/script.hpp"
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

/// A job of 5 bytes was meant to be one of 5 GB; batch systems would take it for 5 MB, round it up to
/// nothing, or take nothing for all that the node has.
std::uint64_t memory_of(const Config& config) {
  if (config.text("memory").empty()) return 0;
  const std::uint64_t bytes = config.bytes("memory");
  if (bytes < 1'000'000)
    throw Error(ErrorKind::invalid_argument,
                config.origin("memory") +
                    ": memory must be at least 1MB; a number without a unit counts "
                    "bytes (got " +
                    config.text("memory") + ")");
  return bytes;
}

/// What `read` makes of a setting. Its sentences begin with the setting's name; ahead of that stands where
/// the value comes from.
template <class Read>
auto read_setting(const Config& config, std::string_view name, const Read& read) {
  try {
    return read(config.text(name));
  } catch (const Error& error) {
    const std::string origin = config.origin(name);
    throw origin == "argument" ? error : Error(error.kind(), origin + ": " + error.what());
  }
}

std::chrono::seconds walltime_of(const Config& config) {
  return read_setting(config, "walltime", [](const std::string& text) {
    return text.empty() ? std::chrono::seconds(0) : parse_walltime(text);
  });
}

std::string array_of(const Config& config) {
  return read_setting(config, "array", [](const std::string& text) {
    if (!text.empty()) static_cast<void>(parse_array(text));
    return text;
  });
}

/// A list of the batch system's kind is taken apart at its commas, but for those in brackets.
std::vector<std::string> excluded_by(const Config& config) {
  std::vector<std::string> hosts;
  for (const std::string& text : config.list("exclude")) {
    std::string host;
    int depth = 0;
    for (const char c : text + ",") {
      depth += (c == '[') - (c == ']');
      if (c != ',' || depth > 0) {
        host += c;
        continue;
      }
      if (host.empty() || host.find_first_of(" \t\n") != std::string::npos)
        throw Error(ErrorKind::invalid_argument, config.origin("exclude") +
                                                     ": exclude must be hosts, without spaces (got " + text +
                                                     "); write several with commas, or repeat it");
      hosts.push_back(std::exchange(host, ""));
    }
    if (depth != 0) hosts.push_back(host.substr(0, host.size() - 1));  // the batch system says what is wrong
  }
  return hosts;
}

std::pair<std::string, std::string> variable_of(const Config& config, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                config.origin("environment") + ": environment must be NAME=value (got " + text + ")");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// A job that nobody would know of must not run; one that cannot be ended must at least be known by its id.
[[noreturn]] void give_back(const BatchSystem& system, const std::string& id, const Error& why) {
  std::string end = "it has been cancelled";
  try {
    system.cancel({id});
  } catch (const Error& error) {
    end = "it could not be cancelled either (" + std::string(error.what()) + "); `" +
          std::string(system.cancel_program()) + " " + id + "` ends it";
  }
  throw Error(why.kind(), "job " + id + " was accepted, but cannot be recorded: " + why.what() + "; " + end);
}

}  // namespace

const BatchSystem& configured_system(const Config& config) {
  const std::string system = config.text("system");
  return system.empty() ? detect_batch_system() : batch_system(system);
}

bool requeue_of(const Config& config) {
  const std::string text = config.text("requeue");
  if (text != "yes" && text != "no")
    throw Error(ErrorKind::invalid_argument,
                config.origin("requeue") + ": requeue must be yes or no (got " + text + ")");
  return text == "yes";
}

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
  options.head = read_setting(config, "head", [&](const std::string& text) {
    static_cast<void>(halves({.ranks = ranks, .head = text}));
    return text;
  });
  options.gpus_per_node = small_count(config, "gpus");
  options.gpus_per_rank = small_count(config, "gpus_per_task");
  if (options.gpus_per_node && options.gpus_per_rank)
    throw Error(ErrorKind::invalid_argument,
                config.origin("gpus_per_task") +
                    ": GPUs are asked for by rank (gpus_per_task) or by node (gpus, " +
                    config.origin("gpus") + "), not by both (got " + config.text("gpus_per_task") + " and " +
                    config.text("gpus") + ")");
  options.signal = read_setting(config, "signal", [](const std::string& text) {
    static_cast<void>(early_signal({.signal = text}));
    return text;
  });
  options.requeue = requeue_of(config);
  options.exclude = excluded_by(config);
  options.memory_bytes = memory_of(config);
  options.walltime = walltime_of(config);
  options.array = array_of(config);
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

std::int64_t prepare_log_directory(const std::string& directory) {
  std::error_code problem;
  if (!directory.empty()) std::filesystem::create_directories(directory, problem);
  if (problem)
    throw Error(ErrorKind::io,
                "log_directory: cannot be made: " + problem.message() + " (got " + directory + ")");
  std::string probe = (directory.empty() ? "." : directory) + "/.weir.XXXXXX";
  const int file = mkostemp(probe.data(), O_CLOEXEC);
  if (file < 0)
    throw Error(ErrorKind::io, "log_directory: the output of jobs could not be written there: " +
                                   std::string(std::strerror(errno)) + " (got " +
                                   (directory.empty() ? "the current directory" : directory) + ")");
  struct stat status {};
  const bool is_known = fstat(file, &status) == 0;
  close(file);
  unlink(probe.c_str());
  return is_known ? std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec : 0;
}

std::vector<JobRecord> submit_job(const BatchSystem& system, const JobOptions& options,
                                  const JobRegistry& registry) {
  const std::string array = array_text(system, options);
  const std::vector<int> elements = array.empty() ? std::vector<int>{} : parse_array(array).elements;
  const std::int64_t since = prepare_log_directory(options.log_directory);
  const std::filesystem::path script = registry.write_script(system.script(options));
  std::error_code ignored;
  std::string id;
  try {
    id = system.submit(script);
  } catch (...) {
    std::filesystem::remove(script, ignored);
    throw;
  }
  std::vector<JobRecord> records;
  const auto add = [&](const std::string& own_id) {
    records.push_back(record_of_job(system, options, own_id, std::filesystem::current_path()));
    records.back().files_since_ns = since;
  };
  if (elements.empty()) add(id);
  for (const int index : elements) {
    add(system.element(id, index));
    records.back().array = id;
  }
  try {
    for (const JobRecord& record : records) registry.save(record);
    registry.keep_script(script, records.front());
  } catch (const Error& error) {
    std::filesystem::remove(script, ignored);
    give_back(system, id, error);
  }
  return records;
}

}  // namespace weir::detail::batch
