// Slurm: sbatch, squeue, sacct, scancel.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "batch/answer.hpp"
#include "batch/array.hpp"
#include "batch/following.hpp"
#include "batch/hearing.hpp"
#include "batch/limiting.hpp"
#include "batch/listing.hpp"
#include "batch/program.hpp"
#include "batch/script.hpp"
#include "batch/slurm/slurm.hpp"
#include "batch/stepping.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

/// A value in a form sbatch reads back unchanged; it knows quotes and takes `#` for a comment.
std::string directive_value(std::string_view option, const std::string& value) {
  const std::string line = one_line_value(option, value);
  if (line.find_first_of(" \"'\\#") == std::string::npos) return line;
  std::string text = "\"";
  for (const char c : line) text += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  return text + "\"";
}

/// `%` begins a pattern in the paths of logs.
std::string log_pattern(const JobOptions& options, const char* stream, bool is_array) {
  std::string path;
  for (const char c : log_prefix(options)) path += c == '%' ? std::string("%%") : std::string(1, c);
  return directive_value("log_directory",
                         path + checked_name(options) + (is_array ? "-%A_%a." : "-%j.") + stream);
}

std::string memory_text(std::uint64_t bytes) {
  const Amount amount = rounded_up(bytes, "BKMG");
  return amount.unit == 'B' ? std::to_string((amount.count + 1023) / 1024) + "K"
                            : std::to_string(amount.count) + amount.unit;
}

/// What each part of a job asks for by itself.
void add_size(Directives& lines, const JobOptions& options) {
  const JobLayout wanted = layout(options);
  if (!options.queue.empty()) lines.add("--partition=" + directive_value("queue", options.queue));
  if (!options.account.empty()) lines.add("--account=" + directive_value("account", options.account));
  std::string hosts;
  for (const std::string& host : options.exclude) hosts += (hosts.empty() ? "" : ",") + host;
  if (!hosts.empty()) lines.add("--exclude=" + directive_value("exclude", hosts));
  if (wanted.nodes) lines.add("--nodes=" + std::to_string(wanted.nodes));
  lines.add("--ntasks=" + std::to_string(wanted.ranks));
  if (wanted.nodes > 1) lines.add("--ntasks-per-node=" + std::to_string(wanted.ranks_per_node));
  lines.add("--cpus-per-task=" + std::to_string(options.threads_per_rank));
  static_cast<void>(gpus_of(options, 1));
  if (options.gpus_per_node) lines.add("--gpus-per-node=" + std::to_string(options.gpus_per_node));
  if (options.gpus_per_rank) lines.add("--gpus-per-task=" + std::to_string(options.gpus_per_rank));
  if (options.memory_bytes) lines.add("--mem=" + memory_text(options.memory_bytes));
  if (options.walltime.value() > std::chrono::nanoseconds(0))
    lines.add("--time=" + clock_text(options.walltime));
}

/// Without `B:` Slurm signals the job's steps, and mpirun's ranks beside the script are none.
void check_signals(const JobOptions& options) {
  static const Form form(R"((?:^|\s)--signal(?:=|\s+)["']?([^\s"']*))");
  for (const std::string& own : options.directives) {
    const auto part = form.first_in(own);
    if (part.empty() || part[1].substr(0, part[1].find(':') + 1).find('B') != std::string::npos) continue;
    throw Error(ErrorKind::invalid_argument,
                "directives: Slurm sends a signal without B: to the steps of a job, and not to the program "
                "(got --signal=" +
                    part[1] + "); write signal = USR1@120, or --signal=B:USR1@120");
  }
}

std::string directives(const JobOptions& options) {
  Directives lines("#SBATCH", options);
  lines.add("--job-name=" + checked_name(options));
  lines.add(options.requeue ? "--requeue" : "--no-requeue");
  // B: to the script, which passes it on; ranks are no steps of Slurm.
  if (const auto signal = early_signal(options))
    lines.add("--signal=B:" + signal->name + "@" + std::to_string(signal->before.count()));
  const bool is_array = !array_text(slurm(), options).empty();
  lines.add("--output=" + log_pattern(options, "out", is_array));
  lines.add("--error=" + log_pattern(options, "err", is_array));
  if (!options.array.empty()) {
    static_cast<void>(parse_array(options.array));
    lines.add("--array=" + options.array);
  }
  if (const auto both = halves(options)) {
    if (is_array)
      throw Error(ErrorKind::unsupported, "head: Slurm has no arrays of jobs with a head (got array " +
                                              options.array + "); leave out one of the two");
    add_size(lines, both->head);
    lines.add("hetjob");
    add_size(lines, both->workers);
  } else {
    add_size(lines, options);
  }
  check_signals(options);
  lines.add_own();
  return lines.text();
}

JobState state_of(const std::string& word, const std::string& reason) {
  static const std::map<std::string, JobState> table{
      {"PENDING", JobState::waiting},     {"CONFIGURING", JobState::running},
      {"RUNNING", JobState::running},     {"COMPLETING", JobState::running},
      {"SUSPENDED", JobState::running},   {"STOPPED", JobState::running},
      {"SIGNALING", JobState::running},   {"STAGE_OUT", JobState::running},
      {"RESIZING", JobState::running},    {"REQUEUED", JobState::waiting},
      {"REQUEUE_FED", JobState::waiting}, {"REQUEUE_HOLD", JobState::held},
      {"SPECIAL_EXIT", JobState::held},   {"RESV_DEL_HOLD", JobState::held},
      {"COMPLETED", JobState::succeeded}, {"CANCELLED", JobState::cancelled},
      {"TIMEOUT", JobState::timed_out},   {"DEADLINE", JobState::timed_out},
      {"FAILED", JobState::failed},       {"NODE_FAIL", JobState::lost},
      {"BOOT_FAIL", JobState::lost},      {"OUT_OF_MEMORY", JobState::failed},
      {"PREEMPTED", JobState::lost},      {"REVOKED", JobState::lost},
  };
  const auto found = table.find(word.substr(0, word.find_first_of("+ ")));
  if (found == table.end()) return JobState::unknown;
  const bool is_held = found->second == JobState::waiting && reason.starts_with("JobHeld");
  return is_held ? JobState::held : found->second;
}

int exit_status_of(int raw) { return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw); }

using Found = std::map<std::string, JobStatus>;

void keep(Found& found, const std::string& id, const std::string& state, std::optional<int> exit_status,
          std::string reason) {
  if (reason == "None" || reason == "(null)") reason.clear();
  JobStatus status{
      .id = id, .state = state_of(state, reason), .exit_status = std::nullopt, .reason = std::move(reason)};
  if (is_over(status.state)) status.exit_status = exit_status;
  status.is_suspended = state == "SUSPENDED" || state == "STOPPED";
  const bool needs_words = status.state == JobState::failed || status.state == JobState::lost;
  if (needs_words && status.reason.empty()) status.reason = state;
  found[id] = std::move(status);
}

std::string comma_separated(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

/// What the controller still remembers: jobs in the queue, and for some minutes those that are over.
Found ask_squeue(const std::vector<std::string>& ids) {
  const Answer answer =
      run_program({"squeue", "--noheader", "--states=all", "--jobs=" + comma_separated(ids), "--array",
                   "--Format=JobID:32,State:32,exit_code:32,NodeList:64,Reason:256,ArrayJobID:32,"
                   "ArrayTaskID:32"});
  if (answer.exit_status != 0) {
    if (answer.errors.find("Invalid job id") != std::string::npos) return {};
    throw Error(ErrorKind::io, refusal("slurm: the queue could not be asked", answer));
  }
  Found found;
  std::istringstream lines(answer.output);
  for (std::string line; std::getline(lines, line);) {
    const auto column = [&](std::size_t at, std::size_t width) {
      return at < line.size() ? trimmed(line.substr(at, width)) : "";
    };
    std::string id = column(0, 32);
    const std::string state = column(32, 32), element = column(448, 32);
    if (id.empty() || state.empty()) continue;
    if (number(element)) id = column(416, 32) + "_" + element;
    keep(found, id, state, exit_status_of(count(column(64, 32))), column(160, 256));
    found[id].hosts = column(96, 64);
  }
  return found;
}

/// What the accounting knows of older jobs; many small sites have none.
Found ask_sacct(const std::vector<std::string>& ids) {
  if (!find_in_path("sacct")) return {};
  const Answer answer = run_program({"sacct", "--noheader", "--parsable2", "--allocations",
                                     "--jobs=" + comma_separated(ids), "--format=JobID,State,ExitCode"});
  Found found;
  std::istringstream lines(answer.exit_status == 0 ? answer.output : "");
  for (std::string line; std::getline(lines, line);) {
    static const Form form(R"((\d+(?:_\d+)?)\|([A-Z_]+)[^|]*\|(\d+):(\d+).*)");
    if (const auto part = form.match(line); !part.empty()) {
      const int signal = std::stoi(part[4]);
      keep(found, part[1], part[2], signal ? 128 + signal : std::stoi(part[3]), "");
    }
  }
  return found;
}

/// The ids to ask for: of elements their array, once.
std::vector<std::string> whole_jobs(const std::vector<std::string>& ids) {
  std::set<std::string> jobs;
  for (const std::string& id : ids) jobs.insert(id.substr(0, id.find('_')));
  return {jobs.begin(), jobs.end()};
}

std::vector<std::string> missing(const std::vector<std::string>& ids, const Found& found) {
  std::vector<std::string> result;
  for (const std::string& id : ids)
    if (!found.contains(id)) result.push_back(id);
  return result;
}

std::string own_host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// What processes of a part are told by its step, or not at all, and should know of the part.
std::string told_of(int part, const BatchSystem::Variables& variables) {
  const std::string suffix = "_HET_GROUP_" + std::to_string(part);
  const std::string group = "--het-group=" + std::to_string(part);
  std::string text =
      "export WEIR_SRUN_OPTIONS=" + group + " WEIR_MPIRUN_OPTIONS='--mca plm_slurm_args " + group + "'";
  for (const auto& [name, source] : {std::pair{"SLURM_MEM_PER_NODE", "SLURM_MEM_PER_NODE"},
                                     {"SLURM_NODELIST", "SLURM_JOB_NODELIST"},
                                     {"SLURM_JOB_NODELIST", "SLURM_JOB_NODELIST"},
                                     {"SLURM_NNODES", "SLURM_JOB_NUM_NODES"},
                                     {"SLURM_JOB_NUM_NODES", "SLURM_JOB_NUM_NODES"},
                                     {"SLURM_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}})
    if (const auto value = variables(source + suffix)) text += std::string(" ") + name + "='" + *value + "'";
  return text;
}

/// The hosts of a job of several parts. mpirun knows those of the first alone, and asks srun for no others.
void add_parts(Allocation& allocation, const BatchSystem::Variables& variables) {
  constexpr int most_parts = 128;
  const int parts = std::min(count(variables("SLURM_HET_SIZE")), most_parts);
  std::string cases;
  for (int part = 0; part < parts; ++part) {
    const std::string suffix = "_HET_GROUP_" + std::to_string(part);
    const auto hosts = parse_host_list(variables("SLURM_JOB_NODELIST" + suffix).value_or(""));
    const auto tasks = parse_tasks_per_node(variables("SLURM_TASKS_PER_NODE" + suffix).value_or(""));
    if (hosts.empty() || hosts.size() != tasks.size()) return;
    std::string pattern;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      // The script runs on the first, where it may have another name.
      const std::string host = part == 0 && i == 0 ? own_host_name() : hosts[i];
      allocation.hosts.insert(allocation.hosts.end(), static_cast<std::size_t>(tasks[i]), host);
      pattern += (pattern.empty() ? "" : "|") + quoted("host", hosts[i]);
    }
    cases += "  " + pattern + ") part=" + std::to_string(part) +
             " told=" + quoted("part", told_of(part, variables)) + ";;\n";
  }
  allocation.places = static_cast<int>(allocation.hosts.size());
  allocation.agent =
      "host=$1\nshift\ncase $host in\n" + cases +
      "  *) echo \"$host is no host of the job\" >&2; exit 1;;\nesac\n"
      "exec srun --quiet --overlap --het-group=$part --nodes=1 --ntasks=1 --nodelist=\"$host\" "
      "sh -c \"$told; $*\"\n";
}

// Of the job in its script, of the step in what srun starts.
constexpr std::array size_variables{"SLURM_NODELIST", "SLURM_NNODES",          "SLURM_NTASKS",
                                    "SLURM_NPROCS",   "SLURM_NTASKS_PER_NODE", "SLURM_TASKS_PER_NODE"};

constexpr std::array step_variables{"SLURM_STEP_ID",
                                    "SLURM_STEPID",
                                    "SLURM_STEP_NODELIST",
                                    "SLURM_STEP_NUM_NODES",
                                    "SLURM_STEP_NUM_TASKS",
                                    "SLURM_STEP_LAUNCHER_PORT",
                                    "SLURM_STEP_TASKS_PER_NODE",
                                    "SLURM_PROCID",
                                    "SLURM_LOCALID",
                                    "SLURM_NODEID",
                                    "SLURM_GTIDS",
                                    "SLURM_TASK_PID",
                                    "SLURM_SRUN_COMM_HOST",
                                    "SLURM_SRUN_COMM_PORT",
                                    "SLURM_LAUNCH_NODE_IPADDR",
                                    "SLURM_CPU_BIND",
                                    "SLURM_CPU_BIND_LIST",
                                    "SLURM_CPU_BIND_TYPE",
                                    "SLURM_CPU_BIND_VERBOSE",
                                    "SLURM_DISTRIBUTION",
                                    "SRUN_DEBUG"};

/// One of the variables in a note, which has no spaces but between them.
std::optional<std::string> noted_value(const std::string& note, const std::string& name) {
  std::istringstream words(note);
  for (std::string word; words >> word;)
    if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
  return std::nullopt;
}

class Slurm : public BatchSystem,
              public Following,
              public Hearing,
              public Limiting,
              public Listing,
              public Stepping {
 public:
  std::string_view name() const override { return "slurm"; }
  std::string_view title() const override { return "Slurm"; }
  std::string_view submit_program() const override { return "sbatch"; }
  std::string_view cancel_program() const override { return "scancel"; }

  std::string script(const JobOptions& options) const override {
    const std::string shebang =
        options.shebang.empty() ? "#!/bin/bash" : one_line_value("shebang", options.shebang);
    return shebang + "\n" + directives(options) +
           // `--export=NONE` is meant for this script; mpirun starts its helpers with srun, which would obey
           // it too. And steps that tasks start would wait for the one in which the ranks are.
           "\nunset SLURM_EXPORT_ENV\nexport SLURM_OVERLAP=1\n" +
           (array_text(*this, options).empty() ? "" : array_line("SLURM_ARRAY_TASK_ID")) +
           shell_part(options);
  }

  std::string submit(const std::filesystem::path& script) const override {
    const Answer answer = run_program({"sbatch", "--parsable", script.string()});
    if (answer.exit_status != 0)
      throw Error(ErrorKind::io, refusal("slurm: the job was not accepted", answer));
    return parse_slurm_job_id(answer.output);
  }

  std::string array_asked_for(const std::string& directive) const override {
    static const Form form(R"((?:^|\s)(?:--array[= ]\s*|-a\s*)["']?([0-9][0-9,:%-]*))");
    const auto part = form.first_in(directive);
    return part.empty() ? "" : part[1];
  }

  std::string element(const std::string& job_id, int index) const override {
    return job_id + "_" + std::to_string(index);
  }

  std::string begins_after(const std::string& job_id) const override {
    return "--dependency=afterany:" + job_id;
  }

  std::vector<JobStatus> status(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return {};
    Found found = ask_squeue(whole_jobs(ids));
    if (const auto older = missing(ids, found); !older.empty()) found.merge(ask_sacct(whole_jobs(older)));
    std::vector<JobStatus> result;
    for (const std::string& id : ids) result.push_back(found.contains(id) ? found[id] : JobStatus{.id = id});
    return result;
  }

  void cancel(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return;
    std::vector<std::string> command{"scancel"};
    command.insert(command.end(), ids.begin(), ids.end());
    const Answer answer = run_program(command);
    const bool was_over = answer.errors.find("Invalid job id") != std::string::npos ||
                          answer.errors.find("already completing") != std::string::npos;
    if (answer.exit_status != 0 && !was_over)
      throw Error(ErrorKind::io, refusal("slurm: the job was not cancelled", answer));
  }

  std::optional<std::string> job(const Variables& variables) const override {
    const auto array = variables("SLURM_ARRAY_JOB_ID"), index = variables("SLURM_ARRAY_TASK_ID");
    return array && index ? *array + "_" + *index : variables("SLURM_JOB_ID");
  }

  bool owns(std::string_view variable) const override {
    return (variable.starts_with("SLURM_") || variable.starts_with("SLURMD_")) && variable != "SLURM_CONF";
  }

  Allocation allocation(const Variables& variables, int) const override {
    constexpr std::uint64_t megabyte = 1 << 20;
    Allocation allocation{.places = count(variables("SLURM_NTASKS")),
                          .cores_per_rank = count(variables("SLURM_CPUS_PER_TASK")),
                          .cores = count(variables("SLURM_CPUS_ON_NODE"))};
    // salloc's shell is on no node of the job: it is told only what each task has.
    if (!allocation.cores) allocation.cores = allocation.cores_per_rank;
    if (variables("SLURM_HET_SIZE")) add_parts(allocation, variables);
    const auto of_node = static_cast<std::uint64_t>(count(variables("SLURM_MEM_PER_NODE")));
    const auto of_core = static_cast<std::uint64_t>(count(variables("SLURM_MEM_PER_CPU")));
    allocation.memory_bytes =
        (of_node ? of_node : of_core * static_cast<std::uint64_t>(allocation.cores)) * megabyte;
    return allocation;
  }

  // Where memory is nothing that the site's Slurm counts, srun tells its tasks nothing of it.
  std::vector<HostMemory> asked_memory(const std::string& id, const Allocation& allocation,
                                       const Asker& ask) const override {
    const std::string answer = ask({"scontrol", "--oneliner", "show", "job", id}).value_or("");
    if (const std::uint64_t of_node = memory(value_of(answer, "MinMemoryNode"))) return {{.bytes = of_node}};
    return {
        {.bytes = memory(value_of(answer, "MinMemoryCPU")) * static_cast<std::uint64_t>(allocation.cores)}};
  }

  std::optional<std::pair<std::string, std::string>> devices(const Variables& variables) const override {
    for (const char* name : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"})
      if (auto list = variables(name)) return std::pair{std::move(*list), std::string(name)};
    return std::nullopt;
  }

  int started_together(const Variables& variables) const override {
    return variables("SLURM_STEP_ID") ? count(variables("SLURM_STEP_NUM_TASKS")) : 1;
  }
  int started_as(const Variables& variables) const override { return count(variables("SLURM_PROCID")); }

  // The limits of what one job may ask for; those of all jobs of somebody together pass.
  bool is_beyond_limits(const std::string& reason) const override {
    constexpr std::array<std::string_view, 8> always{
        "PartitionConfig",   "PartitionTimeLimit", "PartitionNodeLimit", "BadConstraints",
        "AccountNotAllowed", "InvalidAccount",     "InvalidQOS",         "DependencyNeverSatisfied"};
    const std::string_view word = std::string_view(reason).substr(0, reason.find_first_of(", "));
    const bool is_of_job = word.starts_with("QOSMax") || word.starts_with("AssocMax");
    return std::find(always.begin(), always.end(), word) != always.end() ||
           (is_of_job && (word.ends_with("PerJobLimit") || word.ends_with("PerJob")));
  }

  std::vector<std::string> misleading_variables() const override {
    // mpirun starts its helpers on other nodes with srun: that would obey `--export=NONE` too, and what the
    // ranks there start would count itself among these helpers.
    return {"SLURM_EXPORT_ENV", "SLURM_STEP_NUM_TASKS"};
  }

  // An mpirun that a task starts on several nodes would wait for the end of the step in which its rank is; on
  // those of another job it starts nothing.
  std::vector<std::pair<std::string, std::string>> helpful_variables() const override {
    return {{"SLURM_OVERLAP", "1"}, {"WEIR_MPI_IN_JOB", "1"}};
  }

  // Of a job of several parts each rank is told by the agent that starts it.
  std::string noted(const Variables& variables) const override {
    if (variables("SLURM_HET_SIZE")) return "";
    std::string note = "SLURM_JOB_ID=" + variables("SLURM_JOB_ID").value_or("");
    for (const char* name : size_variables)
      if (const auto value = variables(name)) note += std::string(" ") + name + "=" + *value;
    return note;
  }

  std::vector<std::pair<std::string, std::optional<std::string>>> outside_step(
      const Variables& variables) const override {
    if (!variables("SLURM_STEP_ID")) return {};
    std::vector<std::pair<std::string, std::optional<std::string>>> outside;
    for (const char* name : step_variables) outside.emplace_back(name, std::nullopt);
    if (variables("SLURM_HET_SIZE")) return outside;
    const std::string note = variables(job_view).value_or("");
    if (noted_value(note, "SLURM_JOB_ID") == variables("SLURM_JOB_ID")) {
      for (const char* name : size_variables) outside.emplace_back(name, noted_value(note, name));
      return outside;
    }
    // Nobody has noted it: a place for each core.
    for (const char* name : {"SLURM_NTASKS", "SLURM_NPROCS", "SLURM_NTASKS_PER_NODE"})
      outside.emplace_back(name, std::nullopt);
    for (const auto& [name, source] : {std::pair{"SLURM_NODELIST", "SLURM_JOB_NODELIST"},
                                       {"SLURM_NNODES", "SLURM_JOB_NUM_NODES"},
                                       {"SLURM_TASKS_PER_NODE", "SLURM_JOB_CPUS_PER_NODE"}})
      if (auto value = variables(source)) outside.emplace_back(name, std::move(value));
    return outside;
  }

  void read_clock(JobClock& clock, const std::string& id, const Variables& variables,
                  const Asker& ask) const override {
    clock.end = moment(variables("SLURM_JOB_END_TIME"));
    const auto start = moment(variables("SLURM_JOB_START_TIME"));
    if (clock.end && start) clock.limit = *clock.end - *start;
    if (clock.limit) return;
    const auto answer = ask({"scontrol", "--oneliner", "show", "job", id});
    if (!answer) return;
    clock.limit = duration_of(value_of(*answer, "TimeLimit"));
    clock.used = duration_of(value_of(*answer, "RunTime"));
  }

  // At preemption the steps get SIGTERM, and the script nothing before the grace of the partition is over.
  // What a rank starts beside it hears nothing that the ranks do not.
  std::vector<std::string> listener(const Variables& variables) const override {
    const auto partition = variables("SLURM_JOB_PARTITION");
    if (!partition || variables("SLURM_STEP_ID") || variables("WEIR_MPI_IN_JOB") || !find_in_path("srun"))
      return {};
    return {"/bin/sh", "-c",
            "case $(scontrol --oneliner show partition \"$0\") in *PreemptMode=OFF*) exit 0 ;; esac\n"
            "exec srun --quiet --overlap --nodes=1 --ntasks=1 --mem=0 --gres=none --mpi=none cat",
            *partition};
  }

  std::optional<std::chrono::seconds> left_now(const std::string& id, const Asker& ask) const override {
    const std::string answer = ask({"scontrol", "--oneliner", "show", "job", id}).value_or("");
    const std::string end = value_of(answer, "EndTime");
    std::tm local{};
    local.tm_isdst = -1;
    if (!strptime(end.c_str(), "%Y-%m-%dT%H:%M:%S", &local)) return std::nullopt;
    return std::chrono::seconds(std::mktime(&local) - std::time(nullptr));
  }
};

}  // namespace

std::vector<std::string> parse_host_list(const std::string& text) {
  constexpr std::size_t most_hosts = 100'000;
  static const Form item_form(R"(([\w.-]+)(?:\[([\d,-]+)\])?([\w.-]*)(?:,|$))");
  static const Form range_form(R"((\d+)(?:-(\d+))?(?:,|$))");
  std::vector<std::string> hosts;
  for (std::string rest = text; !rest.empty();) {
    const auto item = item_form.first_in(rest);
    if (item.empty() || !rest.starts_with(item[0])) return {};
    rest.erase(0, item[0].size());
    if (item[2].empty()) hosts.push_back(item[1] + item[3]);
    for (std::string ranges = item[2]; !ranges.empty();) {
      const auto range = range_form.first_in(ranges);
      if (range.empty() || !ranges.starts_with(range[0])) return {};
      ranges.erase(0, range[0].size());
      const auto first = number(range[1]), last = range[2].empty() ? first : number(range[2]);
      if (!first || !last || *last < *first || *last - *first > static_cast<long long>(most_hosts)) return {};
      for (long long i = *first; i <= *last; ++i) {
        std::string digits = std::to_string(i);
        digits.insert(0, range[1].size() - std::min(digits.size(), range[1].size()), '0');
        hosts.push_back(item[1] + digits + item[3]);
      }
      if (hosts.size() > most_hosts) return {};
    }
  }
  return hosts;
}

std::vector<int> parse_tasks_per_node(const std::string& text) {
  constexpr long long most = 100'000;
  static const Form form(R"((\d+)(?:\(x(\d+)\))?(?:,|$))");
  std::vector<int> numbers;
  for (std::string rest = text; !rest.empty();) {
    const auto item = form.first_in(rest);
    if (item.empty() || !rest.starts_with(item[0])) return {};
    rest.erase(0, item[0].size());
    const auto tasks = number(item[1]), times = item[2].empty() ? 1 : number(item[2]);
    if (!tasks || !times || *tasks < 1 || *tasks > most || *times < 1 || *times > most) return {};
    numbers.insert(numbers.end(), static_cast<std::size_t>(*times), static_cast<int>(*tasks));
    if (numbers.size() > static_cast<std::size_t>(most)) return {};
  }
  return numbers;
}

std::string parse_slurm_job_id(const std::string& answer) {
  static const Form sentence(R"(Submitted batch job (\d+))");
  static const Form own_line(R"((^|\n)\s*(\d+)(;[^\n]*)?\s*(?=\n|$))");
  static const Form any(R"(\d+)");
  if (const auto part = sentence.first_in(answer); !part.empty()) return part[1];
  if (const auto part = own_line.last_in(answer); !part.empty()) return part[2];
  if (const auto part = any.first_in(answer); !part.empty()) return part[0];
  throw Error(ErrorKind::io, unread_id("slurm", "sbatch", "squeue", answer));
}

const BatchSystem& slurm() {
  static const Slurm system;
  return system;
}

}  // namespace weir::detail::batch
