// Every option of a job is a setting: given here, in the environment or in the file.
#include "tool/job_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <map>

#include "batch/array.hpp"
#include "batch/configured_job.hpp"
#include "tool/find_program.hpp"
#include "tool/parse.hpp"
#include "tool/site.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

/// An option of the command line that gives a setting its value.
struct Row {
  const char* flags;
  const char* setting;
  const char* type;
  const char* help;
};

constexpr Row rows[] = {
    {"--nodes", "nodes", "N", "Nodes; default: as the batch system likes"},
    {"--ranks-per-node", "ranks_per_node", "N", "Ranks on each node"},
    {"--threads", "threads", "T", "Worker threads of each rank, and cores reserved for it"},
    {"--head", "head", "CORES[,MEMORY]",
     "Rank 0 apart from big workers, on a node that has this: 1, or 2,8GB"},
    {"-t,--time,--walltime", "walltime", "TIME", "After which the job is ended, for example 2h or 2:00:00"},
    {"-p,-q,--queue,--partition", "queue", "NAME", "The queue or partition"},
    {"-A,--account", "account", "NAME", "The project that pays"},
    {"--mem,--memory", "memory", "BYTES", "Memory of each node, for example 100GB"},
    {"--gpus", "gpus", "N", "GPUs of each node"},
    {"--gpus-per-task", "gpus_per_task", "N", "GPUs of each rank"},
    {"--signal", "signal", "SIGNAL@S", "Send the program a signal so many seconds before the end: USR1@120"},
    {"--requeue", "requeue", "yes|no", "Whether the job may be begun anew when it was taken away"},
    {"--exclude", "exclude", "HOST", "A host that it must not run on"},
    {"--array", "array", "RANGE", "A job array: 0-99, or 1,3,5-9:2%4; its index is in WEIR_ARRAY_INDEX"},
    {"-J,--name", "name", "NAME", "Name of the job and its log files; default: the program's"},
    {"--log-directory", "log_directory", "DIR", "Where its output goes; default: here"},
    {"--directive", "directives", "TEXT", "A further directive of the batch system"},
    {"--skip", "skip", "TEXT", "Leave out the script's directives that contain TEXT"},
    {"--module", "modules", "NAME", "Load a module in the job"},
    {"--env", "environment", "NAME=VALUE", "Set a variable in the job"},
    {"--before", "before", "LINE", "A shell line ahead of the program"},
    {"--after", "after", "LINE", "A shell line behind it"},
    {"--shebang", "shebang", "LINE", "First line of the script"},
    {"--weir", "weir", "PATH", "The weir inside the job; default: this one"},
    {"--site", "site", "NAME", "Take the settings of [sites.NAME] of the configuration file"},
};

const Setting& setting_called(std::string_view name) {
  return *std::find_if(settings().begin(), settings().end(),
                       [&](const Setting& setting) { return setting.name == name; });
}

/// Which of an option's names ("--mem,--memory") the user wrote.
std::string written_name(const Row& row, int argc, char** argv) {
  const std::string flags = row.flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    word = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
    for (std::size_t at = 0; at < flags.size(); at = std::min(flags.find(',', at), flags.size() - 1) + 1)
      if (word == std::string_view(flags).substr(at, flags.find(',', at) - at)) return std::string(word);
  }
  return flags.substr(0, flags.find(','));
}

void set_options(Config& config, const std::map<std::string, std::vector<std::string>>& values, int argc,
                 char** argv) {
  for (const Row& row : rows) {
    const std::vector<std::string>& texts = values.at(row.setting);
    if (texts.empty()) continue;
    const std::string name = written_name(row, argc, argv);
    config.set(row.setting, texts, name);
  }
}

int ranks_of(const std::string& text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 1)
    throw Error(ErrorKind::invalid_argument,
                "-n must be a whole number of ranks from 1 (got " + (text.empty() ? "nothing" : text) + ")");
  return number;
}

std::vector<std::string> program_of(const CLI::App& app, bool must_exist) {
  std::vector<std::string> rest = app.remaining();
  const bool is_marked = !rest.empty() && rest.front() == "--";
  if (is_marked) rest.erase(rest.begin());
  if (!is_marked && !rest.empty() && rest.front().starts_with('-') && rest.front() != "-")
    throw Error(ErrorKind::invalid_argument, "unknown option; options of the program follow its name (got " +
                                                 rest.front() + ")" + meant_option(app, rest.front()));
  if (rest.empty())
    throw Error(ErrorKind::invalid_argument,
                "a program must be named (got none); write for example weir submit -n 64 -t 2:00:00 ./app");
  // A path is looked at now: the job would find out only after it has waited in the queue.
  if (must_exist && rest.front().find('/') != std::string::npos)
    static_cast<void>(find_program(rest.front()));
  return rest;
}

/// Whether a file is a program that becomes a cluster when it runs on ranks; any other one runs once.
bool is_weir_program(const std::string& file) {
  constexpr std::string_view mark = "_ZN4weir3runEiPPc";  // weir::run(int, char**, ...)
  std::ifstream in(file, std::ios::binary);
  std::string piece, before;
  for (std::array<char, 1 << 16> bytes; in.read(bytes.data(), bytes.size()), in.gcount() > 0;) {
    piece = before + std::string(bytes.data(), static_cast<std::size_t>(in.gcount()));
    if (piece.find(mark) != std::string::npos) return true;
    before = piece.substr(piece.size() - std::min(piece.size(), mark.size()));
  }
  return false;
}

/// Of a job of which nothing is said: 1 for a command that is no program of Weir, else 0, which is refused.
int ranks_without_a_word(const Config& config, const std::string& name) {
  for (const char* setting : {"nodes", "ranks_per_node"})
    if (config.text(setting) != "0") return 0;
  try {
    return is_weir_program(find_program(name)) ? 0 : 1;
  } catch (const Error&) {
    return 0;  // it may be there where the job runs
  }
}

}  // namespace

std::optional<JobRequest> parse_job_request(int argc, char** argv, bool may_submit) {
  const std::string name = may_submit ? "weir submit" : "weir script";
  CLI::App app(may_submit ? "Submits a batch job that runs a program on MPI ranks."
                          : "Prints the batch script that weir submit would submit.",
               name);
  JobRequest request;
  std::vector<const BatchSystem*> chosen;
  std::string ranks;
  std::map<std::string, std::vector<std::string>> values;
  for (const BatchSystem& system : batch_systems())
    app.add_flag_callback(
        "--" + std::string(system.name()), [&] { chosen.push_back(&system); },
        "For " + std::string(system.title()) + "; default: the batch system on PATH");
  app.add_option("-n,--ranks", ranks, "All ranks of the job, rank 0 among them")->type_name("N")->take_last();
  for (const Row& row : rows) {
    const bool is_list = setting_called(row.setting).unit == "list";
    CLI::Option* option = app.add_option(row.flags, values[row.setting],
                                         std::string(row.help) + (is_list ? "; may be repeated" : ""))
                              ->type_name(row.type);
    option->expected(1)->allow_extra_args(false)->multi_option_policy(
        is_list ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  }
  CLI::Option* attempts = nullptr;
  if (may_submit) {
    app.add_flag("--wait", request.is_waiting,
                 "Follow the job: its state, its output, its exit status as this program's own");
    app.add_flag(
        "--until-done", request.until_done,
        "Submit jobs that follow each other until the program ends with status 0; with a journal each "
        "goes on where the one before it ended");
    attempts = app.add_option("--attempts", request.attempts, "How many jobs these are at most; default: 10")
                   ->transform(decimal())
                   ->type_name("N");
    app.add_flag("--dry-run", request.is_dry, "Print the script and submit nothing");
  }
  app.get_formatter()->column_width(44);
  app.footer(
      "What follows PROGRAM is passed on as it is. Every option may also stand in the configuration file or "
      "the environment; an option here goes first.");
  app.prefix_command();
  if (!parse(app, argc, argv, "PROGRAM [ARGUMENTS...]")) return std::nullopt;
  if (attempts && attempts->count() && !request.until_done)
    throw Error(ErrorKind::invalid_argument, "--attempts is of --until-done (got no --until-done)");
  if (request.attempts < 1 || request.attempts > 1000)
    throw Error(ErrorKind::invalid_argument,
                "--attempts must be from 1 to 1000 (got " + std::to_string(request.attempts) + ")");
  if (request.until_done && request.is_waiting)
    throw Error(ErrorKind::invalid_argument,
                "--until-done submits several jobs and does not go with --wait (got both); `weir status` "
                "shows them");
  if (chosen.size() > 1)
    throw Error(ErrorKind::invalid_argument, "one batch system must be chosen (got --" +
                                                 std::string(chosen[0]->name()) + " and --" +
                                                 std::string(chosen[1]->name()) + ")");
  Config config = batch::load_config();
  set_options(config, values, argc, argv);
  static_cast<void>(batch::requeue_of(config));  // first: without its value it has taken the program
  std::vector<std::string> command = program_of(app, may_submit);
  request.system = chosen.empty() ? &batch::configured_system(config) : chosen.front();
  config.choose_system(request.system->name());
  const int wanted =
      ranks.empty() && app.count("-n") == 0 ? ranks_without_a_word(config, command.front()) : ranks_of(ranks);
  request.options = batch::configured_job(config, wanted, std::move(command));
  if (request.options.weir.empty()) request.options.weir = own_path();
  if (request.until_done && !batch::array_text(*request.system, request.options).empty())
    throw Error(ErrorKind::invalid_argument,
                "--until-done does not go with a job array (got one); submit its elements one by one");
  return request;
}

}  // namespace weir::detail::tool
