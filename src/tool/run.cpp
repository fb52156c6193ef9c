// weir run -n N [--threads T] [--memory BYTES] PROGRAM ARGS...
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>

#include "batch/configured_job.hpp"
#include "batch/hearing.hpp"
#include "batch/program.hpp"
#include "batch/registry.hpp"
#include "core/counted.hpp"
#include "dashboard/dashboard.hpp"
#include "home/grant.hpp"
#include "home/mpi_job.hpp"
#include "home/seen.hpp"
#include "home/settings.hpp"
#include "tool/comeback.hpp"
#include "tool/command.hpp"
#include "tool/find_program.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"
#include "tool/site.hpp"
#include "tool/supervise.hpp"
#include "weir/bytes.hpp"
#include "weir/config.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

constexpr int most_ranks = 1'000'000;
constexpr std::uint64_t least_rank_bytes = 8'000'000;

/// The whole number `text` of option `name`.
int count_of(const std::string& name, const std::string& of_what, const std::string& text, int most) {
  int number = 0;
  const auto [end, reason] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (reason != std::errc() || end != text.data() + text.size() || number < 1 || number > most)
    throw Error(ErrorKind::invalid_argument,
                name + " must be a whole number of " + of_what + " from 1 to " + std::to_string(most) +
                    " (got " + (text.empty() ? "nothing" : text) + "); write for example " + name + " 4");
  return number;
}

/// Refuses ranks that the hosts have no memory to start: mpirun would go on with them until they have none.
void check_room(int ranks, std::size_t hosts) {
  const std::uint64_t memory = hosts * home::grant().memory_bytes.value;
  const std::uint64_t most = memory / least_rank_bytes;
  if (static_cast<std::uint64_t>(ranks) <= most) return;
  throw Error(ErrorKind::invalid_argument,
              "-n " + std::to_string(ranks) + ": " + counted(hosts, "host") + " of " + to_text(memory) +
                  (hosts == 1 ? " has" : " have") + " room for " + std::to_string(most) +
                  " ranks at most, since one of MPI takes " + to_text(least_rank_bytes) +
                  " before it does anything; a rank may have many workers' threads: --threads");
}

/// `text` of --memory, as every rank would take it: it is refused once, here.
std::string checked_memory(const std::string& text) {
  std::uint64_t bytes = 0;
  try {
    bytes = parse_bytes(text);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("--memory: ") + error.what());
  }
  if (bytes < home::least_memory_bytes)
    throw Error(ErrorKind::invalid_argument,
                "--memory must be at least 1MB; a number without a unit counts bytes (got " + text +
                    "); write for example --memory 4GB");
  return text;
}

/// The batch system's own launcher if that starts the ranks, as `option` says, else the configuration; null
/// for mpirun.
///
/// **Errors.** Throws `Error{invalid_argument}` for another word, `Error{unsupported}` where it cannot.
const batch::Launcher* own_launcher(const std::string& option) {
  const auto job = current_job();
  const std::string name = !option.empty() ? option : job ? batch::load_config().text("launcher") : "mpirun";
  if (name == "mpirun" || name == home::mpi_starter().program) return nullptr;
  std::string known = "mpirun";
  for (const batch::Launcher& launcher : batch::launchers()) {
    known += " or " + std::string(launcher.name);
    if (launcher.name != name) continue;
    const std::string title(launcher.system.get().title());
    if (!job || job->system != &launcher.system.get())
      throw Error(ErrorKind::unsupported,
                  "launcher " + name + " starts ranks in a job of " + title +
                      " only (got none); write weir submit, or salloc -n 4 weir run --launcher srun ./app");
    if (home::mpi_family() != home::MpiFamily::open_mpi)
      throw Error(ErrorKind::unsupported,
                  "launcher " + name + " starts ranks of Open MPI only (this is built with " +
                      std::string(home::mpi_starter().family) + "); leave it out: " +
                      std::string(home::mpi_starter().program) + " asks the job itself");
    if (const std::string lacks = launcher.lacks(); !lacks.empty())
      throw Error(ErrorKind::unsupported, "launcher " + name + " needs " + lacks + "; use mpirun");
    return &launcher;
  }
  throw Error(ErrorKind::invalid_argument, "launcher must be " + known + " (got " + name + ")");
}

/// Has variables that no rank would take refused once, and a configuration that cannot be read told.
void check_environment(const RunRequest& request) {
  const RunOptions none;
  if (!request.threads) static_cast<void>(home::number_of_threads(none, 1));
  static_cast<void>(home::resources_of(none));
  if (!request.memory) static_cast<void>(home::memory_limits(none, 1));
  if (!request.dashboard) static_cast<void>(home::dashboard_wish());
}

/// Fills `request`; nothing is left to do (help was printed) if it returns false.
bool parse(int argc, char** argv, RunRequest& request) {
  CLI::App app(
      "Runs a program on MPI ranks: rank 0 is the scheduler and runs the program's body, the others are "
      "workers.",
      "weir run");
  std::string ranks;
  std::string threads;
  std::string memory;
  app.add_option("-n,--ranks", ranks,
                 "Ranks to start; default: the places of the batch job, else the number of cores + 1")
      ->type_name("N")
      ->take_last();
  app.add_option("--threads", threads, "Worker threads on each rank; default: what the program chooses")
      ->type_name("T")
      ->take_last();
  app.add_option("--memory", memory,
                 "What results may take on each worker before they go to disk, such as 4GB; default: the "
                 "node's memory divided by its ranks")
      ->type_name("BYTES")
      ->take_last();
  std::string launcher;
  app.add_option(
         "--launcher", launcher,
         "What starts the ranks: mpirun, or in a batch job the system's own, srun, under which no rank "
         "survives the death of another; default: the setting `launcher`")
      ->type_name("NAME")
      ->take_last();
  app.add_option("--journal", request.journal,
                 "The folder where results of cached tasks are kept, and found again by the next run")
      ->type_name("FOLDER")
      ->take_last();
  app.add_option("--rerun", request.rerun,
                 "Forget what the journal has of this function, and compute it again; may be repeated")
      ->type_name("FUNCTION")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--dry-run", request.is_dry,
               "Compute no cached task: say at the end which are in the journal and which would be computed");
  std::string dashboard, report;
  app.add_option("--dashboard", dashboard,
                 "Where the dashboard is: on, off, a port or unix:PATH; default: port 8787 or the next in a "
                 "terminal, else a socket that `weir dashboard` finds")
      ->type_name("WHERE")
      ->take_last();
  app.add_option("--report", report, "Write a report of the program there at its end")
      ->type_name("FILE")
      ->take_last();
  app.get_formatter()->column_width(24);
  app.footer(
      "What follows PROGRAM is passed on as it is. The exit status is the program's.\nInside a batch job "
      "the ranks are spread over the job's nodes.");
  app.prefix_command();
  if (!tool::parse(app, argc, argv, "PROGRAM [ARGUMENTS...]")) return false;
  std::vector<std::string> rest = app.remaining();
  const bool is_marked = !rest.empty() && rest.front() == "--";
  if (is_marked) rest.erase(rest.begin());
  if (!is_marked && !rest.empty() && rest.front().starts_with('-') && rest.front() != "-")
    throw Error(
        ErrorKind::invalid_argument,
        "an option before the program must be -n, --threads, --memory, --launcher, --journal, --rerun, "
        "--dry-run, --dashboard or --report (got " +
            rest.front() + ")" + meant_option(app, rest.front()) +
            "; options of the program follow its name");
  if (app.count("--threads")) request.threads = count_of("--threads", "threads", threads, home::most_threads);
  request.ranks = app.count("-n") ? count_of("-n", "ranks", ranks, most_ranks)
                                  : default_ranks(request.threads.value_or(1));
  request.launcher = own_launcher(launcher);
  if (request.launcher)
    request.launcher_path =
        batch::find_in_path(request.launcher->name).value_or(std::string(request.launcher->name));
  if (app.count("--memory")) request.memory = checked_memory(memory);
  if (app.count("--dashboard")) {
    static_cast<void>(detail::dashboard::parse_wish(dashboard));
    request.dashboard = dashboard;
  }
  if (app.count("--report")) {
    if (report == "-")
      throw Error(ErrorKind::invalid_argument,
                  "--report must be a file (got -, which is stdout); `weir report -o -` writes it there");
    request.report = std::filesystem::absolute(report).string();
    if (const auto folder = std::filesystem::path(*request.report).parent_path();
        !std::filesystem::is_directory(folder))
      throw Error(ErrorKind::invalid_argument,
                  "--report: the folder of the file must be there (got " + folder.string() + ")");
  }
  if (rest.empty())
    throw Error(ErrorKind::invalid_argument,
                "a program must be named (got none); write for example weir run -n 3 ./app");
  request.program = find_program(rest.front());
  request.arguments.assign(rest.begin() + 1, rest.end());
  return true;
}

/// Each of several would start all ranks, and wait for places that the others have. Whether this is one of
/// them and not the first, which throws.
bool is_further_copy() {
  const auto [count, number, starter, said] = home::copies();
  if (count > 1 && number == 0)
    throw Error(ErrorKind::unsupported, "this `weir run` was started " + said + " times by " + starter +
                                            "; write it without that: it starts the ranks itself");
  return count > 1;
}

std::vector<std::string> job_listener() {
  const auto job = current_job();
  const auto* hearing = job ? dynamic_cast<const batch::Hearing*>(job->system) : nullptr;
  return hearing ? hearing->listener(batch::own_variables()) : std::vector<std::string>();
}

/// WEIR_EXIT_GRACE says how long mpirun may take to end after rank 0.
Patience patience() {
  Patience patience;
  if (std::getenv("WEIR_CONNECT")) patience.after_signal = std::chrono::minutes(1);  // to hand results over
  const char* text = std::getenv("WEIR_EXIT_GRACE");
  try {
    if (text) patience.after_program = parse_duration(text);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("WEIR_EXIT_GRACE: ") + error.what());
  }
  return patience;
}

// Every mpirun of a user makes this folder, if it is not there: of several that do so at the same time, as in
// elements of an array, all but one give up ("mkdir: File exists", Open MPI 4.1).
void make_session_folder() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return;
  const std::string full = name.data(), host = full.substr(0, full.find('.'));
  std::error_code unknown;
  const auto base = std::filesystem::temp_directory_path(unknown);
  if (!unknown) mkdir((base / ("ompi." + host + "." + std::to_string(getuid()))).c_str(), 0700);
}

int start_ranks(const RunRequest& request, Site site, const std::string& hosts, const std::string& agent) {
  const StatusFolder folder;
  site.status_file = folder.file();
  if (!hosts.empty()) site.host_file = folder.add("hosts", hosts);
  if (!agent.empty()) {
    site.agent = folder.add("agent", agent);
    site.system = current_job()->system->name();
  }
  if (!request.launcher && site.family == home::MpiFamily::open_mpi) make_session_folder();
  return supervise(plan_launch(request, site), folder, patience());
}

}  // namespace

int run(int argc, char** argv) {
  RunRequest request;
  if (!parse(argc, argv, request)) return 0;
  check_environment(request);
  if (is_further_copy()) {
    std::this_thread::sleep_for(home::time_of_the_first);
    return 2;
  }
  const std::vector<std::string> listener = job_listener();
  home::mend_job_variables();
  home::note_job();
  // The program's own stderr is a pipe to this process.
  if (isatty(STDERR_FILENO)) {
    const char* const variable = std::getenv("WEIR_DASHBOARD");
    const std::string where = request.dashboard ? *request.dashboard : variable ? variable : "";
    request.dashboard = where.starts_with("terminal") ? where : "terminal:" + where;
  }
  Site site = find_site();
  site.listener = listener;
  std::string hosts, agent;
  std::size_t different = 1;  // of the hosts
  if (const auto allocation = job_allocation(request.threads.value_or(1))) {
    const bool is_told = request.threads || site.environment.contains("WEIR_THREADS");
    if (!is_told && allocation->cores_per_rank > 1) request.threads = allocation->cores_per_rank;
    agent = allocation->agent;  // of several parts, in which nodes have different memory
    if (const std::string memory = agent.empty() ? home::memory_of_job() : ""; !memory.empty())
      site.environment["WEIR_NODE_MEMORY"] = memory;
    if (agent.empty()) check_ways_to(allocation->hosts, site);
    hosts = host_file_text(allocation->hosts, site.family);
    different = std::set<std::string>(allocation->hosts.begin(), allocation->hosts.end()).size();
  }
  check_room(request.ranks, std::max<std::size_t>(1, different));
  if (request.launcher) {
    hosts.clear();
    complain("run", "started by " + std::string(request.launcher->name) +
                        ", the ranks end when one of them dies (those of mpirun do not)");
  }
  Comeback program;
  int status = start_ranks(request, site, hosts, agent);
  while (program.is_there(status)) status = start_ranks(request, site, hosts, agent);
  batch::note_exit_status(status);
  return status;
}

}  // namespace weir::detail::tool
