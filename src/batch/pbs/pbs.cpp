// PBS (OpenPBS, PBS Pro, Torque): qsub, qstat, qdel.
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "batch/answer.hpp"
#include "batch/array.hpp"
#include "batch/following.hpp"
#include "batch/pbs/pbs.hpp"
#include "batch/program.hpp"
#include "batch/script.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

constexpr int most_attempts = 5;
constexpr auto between_attempts = std::chrono::seconds(1);

/// PBS gives words such as quotes and commas a meaning of their own in some versions; names and paths do
/// without.
std::string directive_value(std::string_view option, const std::string& value) {
  const std::string line = one_line_value(option, value);
  if (const std::size_t odd = line.find_first_of(" \"'\\`$,"); odd != std::string::npos)
    throw Error(
        ErrorKind::invalid_argument,
        std::string(option) + ": PBS takes no spaces, quotes, commas, \\, ` and $ here (got " + value + ")");
  return line;
}

/// PBS takes what is ahead of a colon for a host.
std::string log_path(const JobOptions& options) {
  const std::string path = directive_value("log_directory", log_prefix(options));
  if (path.find(':') != std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                "log_directory: PBS takes no colon in the path of a log (got " + path + ")");
  return path;
}

std::string memory_text(std::uint64_t bytes) {
  const Amount amount = rounded_up(bytes, "bkmg");
  return std::to_string(amount.count) + (amount.unit == 'b' ? "b" : amount.unit + std::string("b"));
}

/// One chunk of `-l select`: `count` times `ranks` ranks on a node.
std::string chunk(const JobOptions& options, int count, int ranks) {
  std::string text = std::to_string(count) +
                     ":ncpus=" + std::to_string(std::int64_t{ranks} * options.threads_per_rank) +
                     ":mpiprocs=" + std::to_string(ranks) + ":ompthreads=1";
  if (const int gpus = gpus_of(options, ranks)) text += ":ngpus=" + std::to_string(gpus);
  if (options.memory_bytes) text += ":mem=" + memory_text(options.memory_bytes);
  return text;
}

/// Without a number of nodes every rank is a chunk of its own; a last node with fewer ranks is one as well.
std::string select_text(const JobOptions& options) {
  if (const auto both = halves(options)) {
    const std::string head = select_text(both->head), workers = select_text(both->workers);
    return head + "+" + workers.substr(workers.find('=') + 1);
  }
  const JobLayout wanted = layout(options);
  if (wanted.nodes == 0) {
    if (options.memory_bytes || options.gpus_per_node)
      throw Error(ErrorKind::invalid_argument,
                  "nodes: PBS needs the number of nodes when memory or GPUs of a node are asked for (got "
                  "none), for example --nodes 1");
    return "select=" + chunk(options, wanted.ranks, 1);
  }
  const int more = wanted.ranks % wanted.nodes;
  const int fewer = wanted.ranks / wanted.nodes;
  if (more == 0) return "select=" + chunk(options, wanted.nodes, fewer);
  return "select=" + chunk(options, more, fewer + 1) + "+" + chunk(options, wanted.nodes - more, fewer);
}

std::string directives(const JobOptions& options) {
  if (!options.exclude.empty())
    throw Error(ErrorKind::unsupported,
                "exclude: PBS leaves out no hosts (got " + options.exclude.front() + ")");
  if (const auto signal = early_signal(options))
    throw Error(ErrorKind::unsupported, "signal: PBS sends none ahead of the walltime (got " +
                                            options.signal + "); leave it out, PBS ends a job with SIGTERM");
  Directives lines("#PBS", options);
  const std::string name = checked_name(options);
  lines.add("-N " + name);
  lines.add("-S /bin/bash");
  lines.add(options.requeue ? "-r y" : "-r n");
  // What the shell says before the script takes its output to files of its own.
  lines.add("-j oe");
  lines.add("-o " + log_path(options) + name + ".log");
  if (!options.queue.empty()) lines.add("-q " + directive_value("queue", options.queue));
  if (!options.account.empty()) lines.add("-A " + directive_value("account", options.account));
  if (!options.array.empty()) {
    const bool is_range = parse_array(options.array).elements.size() > 1;
    if (!is_range || options.array.find(',') != std::string::npos)
      throw Error(ErrorKind::invalid_argument,
                  "array: PBS takes one range of several elements, for example 0-99 or 0-98:2 (got " +
                      options.array + ")");
    lines.add("-J " + options.array);
  }
  lines.add("-l " + select_text(options));
  if (!options.head.empty() || layout(options).nodes > 1) lines.add("-l place=scatter");
  if (options.walltime.value() > std::chrono::nanoseconds(0))
    lines.add("-l walltime=" + clock_text(options.walltime));
  lines.add_own();
  return lines.text();
}

/// PBS starts a job in the home directory and keeps its output on the node until the end.
std::string opening(const JobOptions& options) {
  const std::string prefix = log_prefix(options);
  const std::string log = (prefix.empty() ? "" : quoted("log_directory", prefix)) + checked_name(options) +
                          "-\"${weir_job%%.*}\"";
  return "cd \"${PBS_O_WORKDIR:-.}\" || exit\n"
         "weir_job=${PBS_JOBID:-${SLURM_JOB_ID:-0}}\n"
         "exec >" +
         log + ".out 2>" + log + ".err\n";
}

/// qstat goes on with long values in the next line, behind a tab.
std::string joined_lines(std::string answer) {
  for (std::size_t at = 0; (at = answer.find("\n\t", at)) != std::string::npos;) answer.erase(at, 2);
  return answer;
}

/// What each host has in all chunks that are there: `exec_host = a/0+b/0*4` names the hosts of
/// `exec_vnode = (a:ncpus=1:mem=2097152kb)+(b[0]:ncpus=2:mem=1gb+b[1]:ncpus=2:mem=1gb)`. None if a chunk says
/// nothing of memory.
std::vector<BatchSystem::HostMemory> chunk_memory(const std::string& answer) {
  std::map<std::string, std::uint64_t> of_host;
  std::string chunks = value_of(answer, "exec_vnode");
  std::istringstream hosts(value_of(answer, "exec_host"));
  for (std::string host; std::getline(hosts, host, '+');) {
    const std::size_t end = std::min(chunks.find(')'), chunks.size());
    std::uint64_t bytes = 0;
    for (std::size_t at = 0; (at = chunks.find(":mem=", at)) < end;) {
      at += 5;
      bytes += memory(chunks.substr(at, chunks.find_first_of(":+)", at) - at), 'b');
    }
    if (bytes == 0) return {};
    of_host[host.substr(0, host.find('/'))] += bytes;
    chunks.erase(0, end + 1);
  }
  std::vector<BatchSystem::HostMemory> all;
  for (auto& [host, bytes] : of_host) all.push_back({host, bytes});
  return all;
}

std::string number_of(const std::string& id) { return id.substr(0, id.find('.')); }

/// Attributes of a job as texts; the two forms of qstat end here.
using Attributes = std::map<std::string, std::string>;

JobState over_state(const Attributes& job, int exit_status) {
  constexpr int killed_by_server = 271;  // 256 + SIGTERM
  constexpr int killed_at_walltime = -29;
  constexpr const char* terminated = "91";
  const auto of = [&](const char* key) { return job.contains(key) ? job.at(key) : ""; };
  const bool says_walltime = of("comment").find("walltime") != std::string::npos;
  if (exit_status == killed_at_walltime || (exit_status != 0 && says_walltime)) return JobState::timed_out;
  if (of("substate") == terminated || exit_status == killed_by_server) return JobState::cancelled;
  if (!job.contains("Exit_status")) return JobState::unknown;
  return exit_status == 0 ? JobState::succeeded : JobState::failed;
}

JobStatus status_of(const std::string& id, const Attributes& job) {
  JobStatus status{.id = id};
  const std::string letter = job.contains("job_state") ? job.at("job_state") : "";
  if (job.contains("comment")) status.reason = job.at("comment");
  if (job.contains("exec_host")) status.hosts = job.at("exec_host").substr(0, job.at("exec_host").find('/'));
  if (letter == "H") status.state = JobState::held;
  else if (letter == "Q" || letter == "W" || letter == "T") status.state = JobState::waiting;
  else if (letter == "R" || letter == "E" || letter == "B" || letter == "S" || letter == "U")
    status.state = JobState::running;
  status.is_suspended = letter == "S" || letter == "U";
  if (letter == "F" || letter == "C" || letter == "X") {
    const int raw = job.contains("Exit_status") ? std::atoi(job.at("Exit_status").c_str()) : 0;
    status.state = over_state(job, raw);
    if (job.contains("Exit_status")) status.exit_status = raw >= 256 ? 128 + raw % 128 : raw < 0 ? 1 : raw;
  }
  return status;
}

/// Whether a line of `errors` says that nobody knows this job.
bool says_unknown(const std::string& errors, const std::string& id) {
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);)
    if (line.find("nknown Job") != std::string::npos && line.find(" " + id) != std::string::npos) return true;
  return false;
}

/// Finished jobs are only in the history (`-x`), and only OpenPBS writes JSON; older systems answer a plain
/// `qstat -f`. Some versions write broken JSON when a job's environment is odd, or leave out all jobs but the
/// first: what one form does not answer the next is asked for.
std::vector<JobStatus> ask_qstat(std::vector<std::string> ids) {
  static const std::vector<std::vector<std::string>> forms{
      {"qstat", "-x", "-f", "-F", "json"}, {"qstat", "-x", "-f"}, {"qstat", "-f"}};
  std::vector<JobStatus> found;
  Answer answer;
  for (const auto& form : forms) {
    std::vector<std::string> command = form;
    command.insert(command.end(), ids.begin(), ids.end());
    answer = run_program(command);
    const auto jobs = form.size() == 5 ? parse_qstat_json(answer.output) : parse_qstat_text(answer.output);
    std::erase_if(ids, [&](const std::string& id) {
      const auto is_it = [&](const JobStatus& job) { return number_of(job.id) == number_of(id); };
      return std::any_of(jobs.begin(), jobs.end(), is_it) || says_unknown(answer.errors, id);
    });
    found.insert(found.end(), jobs.begin(), jobs.end());
    if (ids.empty()) return found;
  }
  const bool is_refused = answer.exit_status != 0 && answer.errors.find("nknown Job") == std::string::npos;
  if (found.empty() && is_refused)
    throw Error(ErrorKind::io, refusal("pbs: the queue could not be asked", answer));
  return found;
}

/// Whether everything that qdel complains of is that a job is over.
bool were_over(const Answer& answer) {
  bool has_words = false;
  std::istringstream lines(answer.errors);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("qdel:") == std::string::npos) continue;
    const auto says = [&](const char* words) { return line.find(words) != std::string::npos; };
    if (!says("has finished") && !says("nknown Job") && !says("COMPLETE")) return false;
    has_words = true;
  }
  return has_words;
}

bool are_over(const std::vector<JobStatus>& jobs) {
  return std::all_of(jobs.begin(), jobs.end(), [](const JobStatus& job) { return is_over(job.state); });
}

class Pbs : public BatchSystem, public Following {
 public:
  std::string_view name() const override { return "pbs"; }
  std::string_view title() const override { return "PBS"; }
  std::string_view submit_program() const override { return "qsub"; }
  std::string_view cancel_program() const override { return "qdel"; }

  std::string script(const JobOptions& options) const override {
    // A login shell, since a job of PBS begins with an empty environment that has no `module`.
    const std::string shebang =
        options.shebang.empty() ? "#!/bin/bash -l" : one_line_value("shebang", options.shebang);
    return shebang + "\n" + directives(options) + "\n" + opening(options) +
           (array_text(*this, options).empty() ? "" : array_line("{PBS_ARRAY_INDEX:-$PBS_ARRAYID}")) +
           shell_part(options);
  }

  std::string submit(const std::filesystem::path& script) const override {
    const Answer answer = run_program({"qsub", script.string()});
    if (answer.exit_status != 0) throw Error(ErrorKind::io, refusal("pbs: the job was not accepted", answer));
    return parse_pbs_job_id(answer.output);
  }

  /// Torque's form is `-t`.
  std::string array_asked_for(const std::string& directive) const override {
    static const Form form(R"((?:^|\s)-[Jt]\s*([0-9][0-9,:%-]*))");
    const auto part = form.first_in(directive);
    return part.empty() ? "" : part[1];
  }

  /// Of `12[].server` `12[3].server`.
  std::string element(const std::string& job_id, int index) const override {
    const std::size_t open = job_id.find('[');
    return open == std::string::npos
               ? job_id
               : job_id.substr(0, open + 1) + std::to_string(index) + job_id.substr(job_id.find(']', open));
  }

  std::string begins_after(const std::string& job_id) const override {
    return "-W depend=afterany:" + job_id;
  }

  std::vector<JobStatus> status(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return {};
    std::map<std::string, JobStatus> found;
    for (JobStatus& job : ask_qstat(ids)) found.emplace(number_of(job.id), std::move(job));
    std::vector<JobStatus> result;
    for (const std::string& id : ids) {
      JobStatus status = found.contains(number_of(id)) ? found[number_of(id)] : JobStatus{};
      status.id = id;
      result.push_back(std::move(status));
    }
    return result;
  }

  void cancel(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return;
    std::vector<std::string> command{"qdel"};
    command.insert(command.end(), ids.begin(), ids.end());
    // A job that is just being started or ended takes no orders; a moment later it does, or it is over.
    for (int attempts = 1;; ++attempts) {
      const Answer answer = run_program(command);
      if (answer.exit_status == 0 || were_over(answer)) return;
      // Torque's program for Slurm says nothing of those.
      if (trimmed(answer.errors + answer.output).empty() && are_over(status(ids))) return;
      const bool is_changing = answer.errors.find("invalid for state") != std::string::npos;
      if (!is_changing || attempts == most_attempts)
        throw Error(ErrorKind::io, refusal("pbs: the job was not cancelled", answer));
      std::this_thread::sleep_for(between_attempts);
    }
  }

  std::optional<std::string> job(const Variables& variables) const override { return variables("PBS_JOBID"); }

  bool owns(std::string_view variable) const override {
    return variable.starts_with("PBS_") && variable != "PBS_CONF_FILE" && variable != "PBS_EXEC" &&
           variable != "PBS_SERVER";
  }

  /// The file of PBS lists a host for every place; Debian's Open MPI does not notice it by itself.
  Allocation allocation(const Variables& variables, int) const override {
    Allocation allocation{.hosts = lines_of_file(variables("PBS_NODEFILE")),
                          .cores = count(variables("NCPUS"))};
    allocation.places = static_cast<int>(allocation.hosts.size());
    if (!allocation.cores) allocation.cores = count(variables("PBS_NUM_PPN"));
    return allocation;
  }

  std::vector<HostMemory> asked_memory(const std::string& id, const Allocation&,
                                       const Asker& ask) const override {
    const std::string answer = ask({"qstat", "-f", id}).value_or("");
    if (auto chunks = chunk_memory(joined_lines(answer)); !chunks.empty()) return chunks;
    // Of all its chunks together.
    const auto chunks = static_cast<std::uint64_t>(count(value_of(answer, "Resource_List.nodect")));
    return {
        {.bytes = memory(value_of(answer, "Resource_List.mem"), 'b') / std::max<std::uint64_t>(1, chunks)}};
  }

  void read_clock(JobClock& clock, const std::string& id, const Variables& variables,
                  const Asker& ask) const override {
    if (const auto limit = number(variables("PBS_WALLTIME"))) clock.limit = std::chrono::seconds(*limit);
    if (clock.limit) return;
    const auto answer = ask({"qstat", "-f", id});
    if (!answer) return;
    clock.limit = duration_of(value_of(*answer, "Resource_List.walltime"));
    clock.used = duration_of(value_of(*answer, "resources_used.walltime"));
  }
};

}  // namespace

std::string parse_pbs_job_id(const std::string& answer) {
  static const Form own_line(R"((^|\n)\s*(\d+(\[\d*\])?(\.[\w.-]+)?)\s*(?=\n|$))");
  static const Form any(R"(\d+(\[\d*\])?(\.[\w-]+)*)");
  if (const auto part = own_line.last_in(answer); !part.empty()) return part[2];
  if (const auto part = any.first_in(answer); !part.empty()) return part[0];
  throw Error(ErrorKind::io, unread_id("pbs", "qsub", "qstat", answer));
}

std::vector<JobStatus> parse_qstat_json(const std::string& answer) {
  const auto tree = nlohmann::json::parse(answer, nullptr, false);
  std::vector<JobStatus> result;
  if (!tree.is_object() || !tree.contains("Jobs") || !tree["Jobs"].is_object()) return result;
  for (const auto& [id, job] : tree["Jobs"].items()) {
    Attributes attributes;
    if (!job.is_object()) continue;
    for (const auto& [key, value] : job.items()) {
      if (value.is_string()) attributes[key] = value.get<std::string>();
      else if (value.is_primitive()) attributes[key] = value.dump();
    }
    result.push_back(status_of(id, attributes));
  }
  return result;
}

std::vector<JobStatus> parse_qstat_text(const std::string& answer) {
  static const Form head(R"(Job Id:\s*(\S+)\s*)");
  static const Form line_form(R"(\s+([\w.]+) = (.*))");
  std::vector<std::pair<std::string, Attributes>> jobs;
  std::string* last = nullptr;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    if (const auto id = head.match(line); !id.empty()) {
      jobs.emplace_back(id[1], Attributes{});
      last = nullptr;
    } else if (const auto part = jobs.empty() ? Form::Parts() : line_form.match(line); !part.empty()) {
      last = &(jobs.back().second[part[1]] = part[2]);
    } else if (last && line.starts_with('\t')) {
      *last += line.substr(1);
    }
  }
  std::vector<JobStatus> result;
  for (auto& [id, attributes] : jobs) {
    for (auto& [name, value] : attributes) value = trimmed(value);
    result.push_back(status_of(id, attributes));
  }
  return result;
}

const BatchSystem& pbs() {
  static const Pbs system;
  return system;
}

}  // namespace weir::detail::batch
