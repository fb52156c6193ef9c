// LSF (IBM Spectrum LSF 10.1, Platform LSF 9.1): bsub, bjobs, bkill.
#include "batch/lsf/lsf.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "batch/answer.hpp"
#include "batch/array.hpp"
#include "batch/following.hpp"
#include "batch/program.hpp"
#include "batch/script.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

/// LSF reads its directives like a shell's line; names and paths do without what has a meaning there.
std::string directive_value(std::string_view option, const std::string& value) {
  const std::string line = one_line_value(option, value);
  if (line.find_first_of("\"'\\`$%") != std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                std::string(option) + ": LSF takes no quotes, \\, `, $ and % here (got " + value + ")");
  return line.find_first_of(" #") == std::string::npos ? line : '"' + line + '"';
}

/// Minutes, rounded up.
std::string run_limit(std::chrono::nanoseconds walltime) {
  const long long minutes = std::chrono::ceil<std::chrono::minutes>(walltime).count();
  return std::to_string(minutes / 60) + (minutes % 60 < 10 ? ":0" : ":") + std::to_string(minutes % 60);
}

/// A slot is a core: a rank takes as many as it has threads. They are on one host by `ptile`, or by `block`
/// where the number of hosts is left to LSF.
std::string span(const JobOptions& options, const JobLayout& wanted) {
  if (wanted.nodes == 1) return "span[hosts=1]";
  if (wanted.nodes > 1)
    return "span[ptile=" + std::to_string(wanted.ranks_per_node * options.threads_per_rank) + "]";
  return options.threads_per_rank > 1 ? "span[block=" + std::to_string(options.threads_per_rank) + "]" : "";
}

std::string memory_text(std::uint64_t bytes) {
  const Amount amount = rounded_up(bytes, "BKMG");
  return amount.unit == 'B' ? std::to_string((amount.count + 1023) / 1024) + "KB"
                            : std::to_string(amount.count) + amount.unit + "B";
}

/// `[1-99]%4` behind the name; an index of 0 would mean that the job is no array.
std::string array_part(const std::string& array) {
  if (array.empty()) return "";
  if (parse_array(array).elements.front() == 0)
    throw Error(ErrorKind::invalid_argument, "array: LSF counts elements from 1 (got " + array + ")");
  const std::size_t limit = std::min(array.find('%'), array.size());
  return "[" + array.substr(0, limit) + "]" + array.substr(limit);
}

std::string directives(const JobOptions& options) {
  const JobLayout wanted = layout(options);
  if (!options.head.empty())
    throw Error(ErrorKind::unsupported,
                "head: LSF gives all ranks of a job the same (got " + options.head + "); leave it out");
  const std::string name = checked_name(options);
  Directives lines("#BSUB", options);
  lines.add("-J " + name + array_part(options.array));
  // What LSF itself has to say of the job. The script takes its output to files of its own, which grow as it
  // runs.
  lines.add("-o " + directive_value("log_directory", log_prefix(options) + name + ".log"));
  lines.add(options.requeue ? "-r" : "-rn");
  if (const auto signal = early_signal(options)) {  // minutes, as all of LSF's times
    lines.add("-wa " + signal->name);
    lines.add("-wt " + std::to_string(std::chrono::ceil<std::chrono::minutes>(signal->before).count()));
  }
  if (!options.queue.empty()) lines.add("-q " + directive_value("queue", options.queue));
  if (!options.account.empty()) lines.add("-P " + directive_value("account", options.account));
  lines.add("-n " + std::to_string(std::int64_t{wanted.ranks} * options.threads_per_rank));
  if (const std::string where = span(options, wanted); !where.empty()) lines.add("-R \"" + where + "\"");
  std::string others;
  for (const std::string& host : options.exclude)
    others +=
        (others.empty() ? "" : " && ") + std::string("hname!='") + directive_value("exclude", host) + "'";
  if (!others.empty()) lines.add("-R \"select[" + others + "]\"");
  if (options.memory_bytes) lines.add("-R \"rusage[mem=" + memory_text(options.memory_bytes) + "/host]\"");
  static_cast<void>(gpus_of(options, 1));
  if (options.gpus_per_rank) lines.add("-gpu \"num=" + std::to_string(options.gpus_per_rank) + "/task\"");
  if (options.gpus_per_node) lines.add("-gpu \"num=" + std::to_string(options.gpus_per_node) + "/host\"");
  if (options.walltime.value() > std::chrono::nanoseconds(0)) lines.add("-W " + run_limit(options.walltime));
  lines.add_own();
  return lines.text();
}

std::string opening(const JobOptions& options) {
  const std::string prefix = log_prefix(options);
  const std::string log = (prefix.empty() ? "" : quoted("log_directory", prefix)) + checked_name(options) +
                          "-\"${LSB_JOBID:-0}" +
                          (array_text(lsf(), options).empty() ? "" : "[$LSB_JOBINDEX]") + "\"";
  return "exec >" + log + ".out 2>" + log + ".err\n";
}

/// `EXIT` says little; why is the first word of the exit reason: `TERM_RUNLIMIT: job killed after ...`.
JobState ended(const std::string& reason) {
  const auto says = [&](std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return reason.starts_with(word); });
  };
  if (says({"TERM_RUNLIMIT", "TERM_DEADLINE"})) return JobState::timed_out;
  if (says({"TERM_OWNER", "TERM_FORCE_OWNER", "TERM_ADMIN", "TERM_FORCE_ADMIN", "TERM_BUCKET_KILL"}))
    return JobState::cancelled;
  if (says({"TERM_PREEMPT", "TERM_WINDOW", "TERM_LOAD", "TERM_ZOMBIE", "TERM_REMOVE_HUNG_JOB", "TERM_RC",
            "TERM_MC_RECALL", "TERM_KUBE"}))
    return JobState::lost;
  return JobState::failed;
}

JobStatus status_of(const std::string& id, const std::string& state, const std::string& exit_code,
                    std::string why_over, std::string why_waiting) {
  static const std::map<std::string, JobState> table{
      {"PEND", JobState::waiting},  {"WAIT", JobState::waiting},  {"FWD_PEND", JobState::waiting},
      {"PSUSP", JobState::held},    {"PROV", JobState::running},  {"RUN", JobState::running},
      {"USUSP", JobState::running}, {"SSUSP", JobState::running}, {"UNKWN", JobState::running},
      {"ZOMBI", JobState::lost},    {"DONE", JobState::succeeded}};
  JobStatus status{.id = id};
  if (state == "EXIT") status.state = ended(why_over);
  else if (const auto found = table.find(state); found != table.end()) status.state = found->second;
  status.is_suspended = state == "USUSP" || state == "SSUSP";
  if (status.state == JobState::succeeded) status.exit_status = 0;
  else if (const auto code = number(exit_code); code && state == "EXIT")
    status.exit_status = static_cast<int>(*code & 0xff);
  status.reason = is_over(status.state) ? std::move(why_over) : std::move(why_waiting);
  if (status.reason == "-") status.reason.clear();
  return status;
}

/// The hosts of `4*hostA:4*hostB`.
std::string hosts_in(const std::string& text) {
  std::string hosts;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ':');) {
    part = part.substr(part.find('*') == std::string::npos ? 0 : part.find('*') + 1);
    if (!part.empty() && part != "-") hosts += (hosts.empty() ? "" : ",") + part;
  }
  return hosts;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

const std::vector<std::string> fields{"jobid",       "stat",      "exit_code", "exit_reason",
                                      "pend_reason", "exec_host", "jobindex"};

/// Some versions write the index of an element into its id, others beside it.
std::string element_id(const std::string& id, const std::string& index) {
  return number(index).value_or(0) == 0 || id.find('[') != std::string::npos ? id : id + "[" + index + "]";
}

/// JSON since 10.1; before, a table with a delimiter of one's choice.
std::vector<JobStatus> ask_bjobs(const std::vector<std::string>& ids) {
  const auto ask = [&](std::vector<std::string> command) {
    command.insert(command.end(), ids.begin(), ids.end());
    return run_program(command);
  };
  const Answer answer = ask({"bjobs", "-a", "-json", "-o", joined(fields)});
  std::vector<JobStatus> jobs = parse_bjobs_json(answer.output);
  const bool nobody_knows = (answer.errors + answer.output).find("is not found") != std::string::npos;
  if (!jobs.empty() || nobody_knows) return jobs;
  const Answer older = ask({"bjobs", "-a", "-noheader", "-o", joined(fields) + " delimiter='|'"});
  jobs = parse_bjobs_text(older.output);
  if (jobs.empty() && older.exit_status != 0 && older.errors.find("is not found") == std::string::npos)
    throw Error(ErrorKind::io, refusal("lsf: the queue could not be asked", older));
  return jobs;
}

class Lsf : public BatchSystem, public Following {
 public:
  std::string_view name() const override { return "lsf"; }
  std::string_view title() const override { return "LSF"; }
  std::string_view submit_program() const override { return "bsub"; }
  std::string_view cancel_program() const override { return "bkill"; }

  std::string script(const JobOptions& options) const override {
    const std::string shebang =
        options.shebang.empty() ? "#!/bin/bash" : one_line_value("shebang", options.shebang);
    return shebang + "\n" + directives(options) + "\n" + opening(options) +
           (array_text(*this, options).empty() ? "" : array_line("LSB_JOBINDEX")) + shell_part(options);
  }

  std::string submit(const std::filesystem::path& script) const override {
    // Directives are read from a script on standard input, and at many sites from no other.
    const Answer answer = run_program({"bsub"}, std::chrono::minutes(1), script.string());
    if (answer.exit_status != 0) throw Error(ErrorKind::io, refusal("lsf: the job was not accepted", answer));
    return parse_lsf_job_id(answer.output);
  }

  std::string array_asked_for(const std::string& directive) const override {
    static const Form form(R"((?:^|\s)-J\s*["']?[^\s\[]*\[([0-9][0-9,:-]*)\](%[0-9]+)?)");
    const auto part = form.first_in(directive);
    return part.empty() ? "" : part[1] + part[2];
  }

  std::string element(const std::string& job_id, int index) const override {
    return job_id + "[" + std::to_string(index) + "]";
  }

  std::string begins_after(const std::string& job_id) const override {
    return "-w \"ended(" + job_id + ")\"";
  }

  std::vector<JobStatus> status(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return {};
    std::map<std::string, JobStatus> found;
    for (JobStatus& job : ask_bjobs(ids)) found[job.id] = std::move(job);
    std::vector<JobStatus> result;
    for (const std::string& id : ids) result.push_back(found.contains(id) ? found[id] : JobStatus{.id = id});
    return result;
  }

  void cancel(const std::vector<std::string>& ids) const override {
    if (ids.empty()) return;
    std::vector<std::string> command{"bkill"};
    command.insert(command.end(), ids.begin(), ids.end());
    const Answer answer = run_program(command);
    if (answer.exit_status == 0) return;
    std::istringstream lines(answer.errors + "\n" + answer.output);
    for (std::string line; std::getline(lines, line);) {
      const bool tells = line.find("is being terminated") != std::string::npos ||
                         line.find("already finished") != std::string::npos ||
                         line.find("No matching job") != std::string::npos;
      if (!tells && !trimmed(line).empty())
        throw Error(ErrorKind::io, refusal("lsf: the job was not cancelled", answer));
    }
  }

  std::optional<std::string> job(const Variables& variables) const override {
    const auto id = variables("LSB_JOBID");
    const std::string element = variables("LSB_JOBINDEX").value_or("0");
    return id && element != "0" ? *id + "[" + element + "]" : id;
  }

  bool owns(std::string_view variable) const override {
    return variable.starts_with("LSB_") || variable == "LS_JOBPID" || variable == "LS_SUBCWD" ||
           variable == "LS_EXEC_T" || variable == "BSUB_BLOCK_EXEC_HOST";
  }

  /// The host file has a line for every slot, the slots of a rank one below the other.
  Allocation allocation(const Variables& variables, int threads_per_rank) const override {
    const std::vector<std::string> slots = lines_of_file(variables("LSB_DJOB_HOSTFILE"));
    Allocation allocation{.cores_per_rank = threads_per_rank};
    for (std::size_t at = 0; at < slots.size(); at += static_cast<std::size_t>(threads_per_rank))
      allocation.hosts.push_back(slots[at]);
    allocation.places = static_cast<int>(allocation.hosts.size());
    // `hostA 4 hostB 4`; the job begins on the first.
    std::istringstream counts(variables("LSB_MCPU_HOSTS").value_or(""));
    std::string host;
    counts >> host >> allocation.cores;
    return allocation;
  }

  std::vector<HostMemory> asked_memory(const std::string& id, const Allocation&,
                                       const Asker& ask) const override {
    return {{.bytes = memory(ask({"bjobs", "-noheader", "-o", "memlimit", id}).value_or(""), 'k')}};
  }

  void read_clock(JobClock& clock, const std::string& id, const Variables&, const Asker& ask) const override {
    const auto answer = ask({"bjobs", "-noheader", "-o", "runtimelimit run_time delimiter='|'", id});
    static const Form form(R"(\s*(\d+)(\.\d+)?\s*(/[^|]*)?\|\s*(\d+) second.*\s*)");
    const auto part = answer ? form.match(*answer) : Form::Parts();
    if (part.empty()) return;
    if (const auto minutes = number(part[1])) clock.limit = std::chrono::minutes(*minutes);
    if (const auto seconds = number(part[4])) clock.used = std::chrono::seconds(*seconds);
  }
};

}  // namespace

std::string parse_lsf_job_id(const std::string& answer) {
  static const Form form(R"(Job <(\d+(\[\d+\])?)> is submitted)");
  if (const auto part = form.first_in(answer); !part.empty()) return part[1];
  throw Error(ErrorKind::io, unread_id("lsf", "bsub", "bjobs", answer));
}

std::vector<JobStatus> parse_bjobs_json(const std::string& answer) {
  // Some versions tell of jobs that are not there ahead of the text.
  const std::size_t begin = answer.find('{');
  const auto tree =
      nlohmann::json::parse(begin == std::string::npos ? "" : answer.substr(begin), nullptr, false);
  std::vector<JobStatus> jobs;
  if (!tree.is_object() || !tree.contains("RECORDS") || !tree["RECORDS"].is_array()) return jobs;
  for (const auto& record : tree["RECORDS"]) {
    if (!record.is_object()) continue;
    const auto field = [&](const char* key) {
      const auto found = record.find(key);
      if (found == record.end()) return std::string();
      return found->is_string() ? found->get<std::string>() : found->is_primitive() ? found->dump() : "";
    };
    if (field("JOBID").empty() || field("STAT").empty()) continue;
    jobs.push_back(status_of(element_id(field("JOBID"), field("JOBINDEX")), field("STAT"), field("EXIT_CODE"),
                             field("EXIT_REASON"), field("PEND_REASON")));
    jobs.back().hosts = hosts_in(field("EXEC_HOST"));
  }
  return jobs;
}

std::vector<JobStatus> parse_bjobs_text(const std::string& answer) {
  std::vector<JobStatus> jobs;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> parts;
    std::istringstream words(line);
    for (std::string word; std::getline(words, word, '|');) parts.push_back(trimmed(word));
    if (parts.size() < fields.size() - 1 || parts[0].empty()) continue;
    const std::string index = parts.size() == fields.size() ? parts.back() : "";
    jobs.push_back(status_of(element_id(parts[0], index), parts[1], parts[2], parts[3], parts[4]));
    jobs.back().hosts = hosts_in(parts[5]);
  }
  return jobs;
}

const BatchSystem& lsf() {
  static const Lsf system;
  return system;
}

}  // namespace weir::detail::batch
