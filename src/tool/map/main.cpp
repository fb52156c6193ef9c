// What `weir map` becomes: many commands as tasks on threads, ranks or a growing cluster.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "client/ending.hpp"
#include "core/counted.hpp"
#include "core/descriptor.hpp"
#include "core/wording.hpp"
#include "home/settings.hpp"
#include "program/spawn.hpp"
#include "tool/map/hope.hpp"
#include "tool/map/job_log.hpp"
#include "tool/map/lines.hpp"
#include "tool/map/results.hpp"
#include "tool/parse.hpp"
#include "weir/as_completed.hpp"
#include "weir/bytes.hpp"
#include "weir/cluster.hpp"
#include "weir/program.hpp"
#include "weir/progress.hpp"
#include "weir/run.hpp"

namespace weir::detail::tool::mapping {
namespace {

constexpr int failed = 1;
constexpr int wrong_use = 2;

std::atomic<int> interruption{0};

/// The first of these signals ends the commands, a second one this program.
void hear_interruptions() {
  struct sigaction hear {};
  hear.sa_handler = [](int signal) { interruption = signal; };
  hear.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &hear, nullptr);
}

/// The command line, understood.
struct Request {
  Template wanted;
  std::string jobs_text;
  std::uint32_t jobs = 0;
  std::string ranks;
  bool is_started = false;  ///< This is a rank already.
  std::string results, job_log;
  bool resume = false;
  int retries = 0;
  std::string timeout;
  Halt halt;
  bool is_dry = false, keep_order = false, no_progress = false, zero = false, is_tagged = false;
  std::vector<std::string> files;
  std::string most_text = "16MiB";
  std::uint64_t most_output = 0;
  int cluster = 0;
  BatchOptions batch{};
};

void complain(const std::string& sentence) {
  std::fprintf(stderr, "weir map: %s\n", printable(sentence).c_str());
}
/// Whether all that was printed got where it should; says why if not.
bool was_written() {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return true;
  complain("the output could not be written");
  return false;
}

void add_options(CLI::App& app, Request& request, std::string& halt) {
  app.add_option("-j,--jobs", request.jobs_text,
                 "Commands at the same time, or 50% of the cores, or +2 beyond them; of each rank with -n; "
                 "default: one per core")
      ->type_name("N");
  app.add_option("-n,--ranks", request.ranks,
                 "Run on N MPI ranks, as `weir run -n N`; one of them only schedules")
      ->type_name("N");
  app.add_flag("--started", request.is_started)->group("");
  app.add_option("-a,--arguments", request.files,
                 "Take arguments from the lines of FILE; may be repeated; - is stdin")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false);
  app.add_flag("-0,--null", request.zero, "Arguments in files and stdin end with a zero byte, not a line");
  app.add_option("-C,--colsep", request.wanted.separator,
                 "Part each argument where REGEX is: {1}, {2} are its columns")
      ->type_name("REGEX");
  app.add_option("-N,--max-args", request.wanted.at_a_time,
                 "Give each command N arguments, {1} to {N}; 0: none, it is run once for each")
      ->transform(decimal())
      ->type_name("N");
  app.add_flag("--tag", request.is_tagged, "Put the arguments and a tab ahead of each line of output");
  app.add_option("--joblog", request.job_log, "Write a line for each command, as GNU parallel does")
      ->type_name("FILE");
  app.add_option("--results", request.results, "Write a row of CSV for each command, instead of its output")
      ->type_name("FILE");
  app.add_flag("--resume", request.resume, "Run only what has not worked according to --results");
  app.add_option("--retries", request.retries, "Run a command that fails so many times more")
      ->type_name("N")
      ->transform(decimal())
      ->check(CLI::Range(0, 255));
  app.add_option("--timeout", request.timeout,
                 "End a command after this time, for example 90s; it has failed")
      ->type_name("TIME");
  app.add_option("--halt", halt, "Give up after a failure: soon lets what runs end, now ends it; now,fail=3")
      ->type_name("WHEN");
  app.add_flag("--dry-run", request.is_dry, "Print the commands and run none");
  app.add_flag("-k,--keep-order", request.keep_order, "Print outputs in the order of the arguments");
  app.add_flag("--no-progress", request.no_progress, "No line of progress on the terminal");
  app.add_option("--max-output", request.most_text,
                 "Bytes of a command's output that are kept, and of its errors; default 16 MiB")
      ->type_name("BYTES");
  app.add_option("--cluster", request.cluster,
                 "Run in up to N batch jobs, which are submitted as they are needed")
      ->type_name("N")
      ->transform(decimal())
      ->check(CLI::Range(1, 100000));
  app.add_option("--cores", request.batch.cores, "Of each of these jobs: commands at the same time")
      ->type_name("N");
  app.add_option("--mem,--memory", request.batch.memory, "Of each of these jobs, for example 16GB")
      ->type_name("BYTES");
  app.add_option("-t,--time,--walltime", request.batch.walltime, "Of each of these jobs, for example 2h")
      ->type_name("TIME");
  app.add_option("-p,-q,--queue,--partition", request.batch.queue, "Of these jobs")->type_name("NAME");
  app.add_option("-A,--account", request.batch.account, "Of these jobs")->type_name("NAME");
  app.add_option("--site", request.batch.site,
                 "Take their settings from [sites.NAME] of the configuration file")
      ->type_name("NAME");
}

constexpr const char* footer =
    "The command is a shell's. {} stands for the argument, {.} without its extension, {/} without its\n"
    "folder, {//} its folder, {#} the number of the command, {%} that of the place it runs in, {2} the\n"
    "argument of the second ::: list. Without {} the argument follows. Arguments come from behind :::, from\n"
    "the lines of files behind :::: or -a, else from stdin; of several sources each is combined with each,\n"
    "those behind :::+ or ::::+ one by one with the source before them.\n"
    "The exit status is 0 if every command has worked.";

/// False if help was printed.
bool parse(int argc, char** argv, Request& request) {
  CLI::App app("Runs a command once for each argument, on threads, ranks or a growing cluster.", "weir map");
  std::string halt = "never";
  add_options(app, request, halt);
  app.get_formatter()->column_width(32);
  app.footer(footer);
  app.prefix_command();
  if (!tool::parse(app, argc, argv, "COMMAND [::: ARGUMENTS...]... [:::: FILES...]...")) return false;
  std::vector<std::string> words = app.remaining();
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  else if (!words.empty() && words.front().starts_with('-'))
    throw Error(ErrorKind::invalid_argument, "unknown option " + words.front() +
                                                 meant_option(app, words.front()) +
                                                 "; options of the command follow its name, and `weir map "
                                                 "--help` shows ours");
  const Template options = std::exchange(request.wanted, parse_template(words));
  request.wanted.separator = options.separator;
  request.wanted.at_a_time = options.at_a_time;
  if (app.count("--jobs")) request.jobs = parse_jobs(request.jobs_text, home::granted_cores());
  request.halt = parse_halt(halt);
  try {
    request.most_output = parse_bytes(request.most_text);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("--max-output: ") + error.what());
  }
  if (request.resume && request.results.empty())
    throw Error(ErrorKind::invalid_argument,
                "--resume must be told by --results FILE what has been done (got no --results)");
  if (request.results == "-")
    throw Error(ErrorKind::invalid_argument,
                "--results must be a file (got -, which is stdout); without it outputs go there");
  for (const char* const option : {"--cores", "--mem", "--time", "--queue", "--account", "--site"})
    if (!request.cluster && app.count(option) > 0)
      throw Error(ErrorKind::invalid_argument,
                  std::string(option) + " is of the jobs of --cluster N (got no --cluster)");
  if (!request.timeout.empty() && parse_duration(request.timeout).count() == 0)
    throw Error(ErrorKind::invalid_argument, "--timeout must be more than 0 (got " + request.timeout + ")");
  if (request.cluster && !request.ranks.empty())
    throw Error(ErrorKind::invalid_argument, "one of -n and --cluster must be chosen (got both)");
  if (request.cluster && request.batch.site.empty() &&
      (request.batch.cores < 1 || request.batch.memory.empty()))
    throw Error(
        ErrorKind::invalid_argument,
        "--cluster must be told what each job has; write for example --cores 24 --mem 100GB, or name a "
        "--site of the configuration file");
  return true;
}

std::string text_of(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw Error(ErrorKind::not_found,
                "the arguments in " + file + " cannot be read (" + std::strerror(errno) + ")");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Line> all_lines(const Request& request) {
  Template wanted = request.wanted;
  for (const std::string& file : request.files) wanted.sources.push_back({.file = file});
  if (wanted.sources.empty()) {
    if (isatty(STDIN_FILENO))
      throw Error(ErrorKind::invalid_argument,
                  "arguments must follow behind :::, or come from -a FILE or a pipe (got none)");
    wanted.sources.push_back({.file = "-"});
  }
  for (Source& source : wanted.sources) {
    const std::string& file = source.file;
    if (!file.empty()) source.arguments = arguments_in(text_of(file), request.zero ? '\0' : '\n');
    if (source.arguments.empty())
      complain("nothing to do: there is no argument " + (file.empty()  ? "behind :::"
                                                         : file == "-" ? "on stdin"
                                                                       : "in " + file));
  }
  return lines_of(wanted);
}

// --- on workers

/// What one run of a command gave.
struct Ran {
  int status = 0;
  double began = 0;  ///< In seconds since 1970.
  double seconds = 0;
  std::string host, output, errors;
  std::uint64_t left_out_bytes = 0;  ///< Of output and errors, beyond what is kept.
  std::string problem;               ///< Why it could not be started.
  bool is_cut_off = false;           ///< The end of its worker was its own.
};

bool is_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  try {
    static_cast<void>(program::resolved(name, path ? path : "/usr/bin:/bin", ""));
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Who ends a batch job tells all its processes, one after the other.
bool is_end_of_worker() {
  for (int looks = 0; looks < 10 && !client::is_told_to_end(); ++looks) {
    if (!client::can_be_told_to_end()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return client::is_told_to_end();
}

Ran run_line(const std::string& text, std::uint64_t most_output) {
  Ran ran;
  std::string host(256, '\0');
  gethostname(host.data(), host.size() - 1);
  ran.host = host.c_str();
  ran.began = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto words = plain_words(text);
  const bool is_plain = words && is_program(words->front());
  const ProgramOptions options{.output_limit = most_output, .check = false};
  try {
    ProgramResult result =
        program::run(is_plain ? *words : std::vector<std::string>{"/bin/sh", "-c", text}, options);
    ran.status = result.status;
    ran.seconds = result.seconds;
    ran.output = std::move(result.output);
    ran.errors = std::move(result.errors);
    ran.left_out_bytes = result.left_out_bytes;
    ran.is_cut_off = ran.status != 0 && is_end_of_worker();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    ran.status = 127;
    ran.problem = error.what();
  }
  return ran;
}

/// The least number that no other command of this process has, from 1.
class Slot {
 public:
  Slot() {
    const std::lock_guard hold(mutex());
    while (taken().contains(number_)) ++number_;
    taken().insert(number_);
  }
  Slot(const Slot&) = delete;
  ~Slot() {
    const std::lock_guard hold(mutex());
    taken().erase(number_);
  }
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  static std::mutex& mutex() {
    static std::mutex only;
    return only;
  }
  static std::set<std::uint64_t>& taken() {
    static std::set<std::uint64_t> all;
    return all;
  }
  std::uint64_t number_ = 1;
};

/// What a command is made of that asks for its slot; its sources are in `line`.
struct Slotted {
  Template wanted;
  Line line;
};

Ran run_in_slot(const Slotted& slotted, std::uint64_t most_output) {
  const Slot slot;
  return run_line(in_slot(slotted.wanted, slotted.line, slot.number()), most_output);
}

// --- rank 0

/// The last line of a text that is not empty.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "";
  const std::size_t begin = text.rfind('\n', end) + 1;
  return text.substr(begin, std::min<std::size_t>(end + 1 - begin, 300));
}

class Mapper {
 public:
  /// `cluster` is whose workers run the commands; null if they are there already.
  Mapper(Client& client, const Request& request, std::vector<Line> lines, const Cluster* cluster = nullptr)
      : client_(client),
        cluster_(cluster),
        request_(request),
        lines_(std::move(lines)),
        begin_(std::chrono::steady_clock::now()) {
    if (!request.results.empty()) results_ = std::make_unique<Results>(request.results, request.resume);
    if (!request.job_log.empty()) log_ = std::make_unique<JobLog>(request.job_log, request.resume);
    if (asks_for_slot(request.wanted)) {
      slotted_ = request.wanted;
      slotted_->sources.clear();
    }
    options_.name = "command";
    if (!request.timeout.empty()) options_.time_limit = parse_duration(request.timeout);
    shared_ = std::make_shared<const Options>(options_);
    leave_out_done();
    if (!request.no_progress && isatty(STDERR_FILENO))
      bar_ = std::make_unique<diagnostics::ProgressBar>(lines_.size());
  }

  int run() {
    hear_interruptions();
    AsCompleted<Ran> running;
    std::size_t next = 0;
    while (next < lines_.size() || !running.empty()) {
      while (next < lines_.size() && !is_over_ && running.count() < most_at_once()) start(running, next++);
      if (running.empty()) break;
      const Future<Ran> future = next_of(running);
      if (!future.valid()) return interrupted();
      const auto at = attempts_.find(future.id());
      const Attempt attempt = at->second;
      attempts_.erase(at);
      finished(running, attempt, future);
    }
    bar_.reset();
    if (results_) results_->settle();
    const bool is_told = was_written();
    tell(next);
    return failures_ || done_ < lines_.size() || !is_told ? failed : 0;
  }

 private:
  struct Attempt {
    std::size_t line = 0;
    int number = 1;
    Future<Ran> future{};
  };

  /// What has worked is not run again; of a command that is asked for twice, each once.
  void leave_out_done() {
    if (!results_) return;
    auto worked = results_->kept().worked;
    const std::size_t before = lines_.size();
    std::erase_if(lines_, [&](const Line& line) {
      const auto at = worked.find(line.text);
      if (at == worked.end() || at->second == 0) return false;
      --at->second;
      return true;
    });
    if (before != lines_.size())
      complain(std::to_string(before - lines_.size()) + " of " + counted(before, "command") +
               (before - lines_.size() == 1 ? " has" : " have") + " worked before; " +
               std::to_string(lines_.size()) + (lines_.size() == 1 ? " is run" : " are run"));
  }
  /// Looks up now and then whether somebody will ever work; none once it has been interrupted.
  Future<Ran> next_of(AsCompleted<Ran>& running) {
    for (;;) {
      if (interruption != 0) return {};
      if (const auto future = running.next_within("200ms")) return *future;
      if (!cluster_) continue;
      const std::string problem = cluster_->problem();
      if (!hope_.is_lost(std::chrono::steady_clock::now(), cluster_->jobs() > 0, !client_.workers().empty(),
                         problem))
        continue;
      bar_.reset();
      throw Error(ErrorKind::closed, "--cluster: no job comes to work, " + std::to_string(done_) + " of " +
                                         std::to_string(lines_.size()) + " commands are done: " + problem);
    }
  }
  /// What runs is ended with this program.
  int interrupted() {
    bar_.reset();
    for (const auto& [id, other] : attempts_) other.future.cancel("weir map was interrupted");
    if (results_) results_->settle();
    static_cast<void>(was_written());
    complain("interrupted: " + std::to_string(done_) + " of " + std::to_string(lines_.size()) +
             " commands are done" + (failures_ ? ", " + std::to_string(failures_) + " of them failed" : "") +
             (results_ ? "; the same with --resume runs the rest"
                       : "; with --results FILE what is done is remembered, and --resume runs the rest"));
    return 128 + interruption;
  }
  /// With --halt nothing waits in a queue, so that what has been submitted is what runs.
  std::size_t most_at_once() {
    const auto now = std::chrono::steady_clock::now();
    if (threads_ == 0 || now - looked_ > std::chrono::seconds(1)) {
      looked_ = now;
      threads_ = 0;
      for (const WorkerInfo& worker : client_.workers()) threads_ += worker.threads;
    }
    const std::size_t slots = std::max<std::size_t>(threads_, request_.cluster ? 1 : 0);
    return request_.halt.failures ? std::max<std::size_t>(slots, 1) : 4 * slots + 1000;
  }
  void start(AsCompleted<Ran>& running, std::size_t line, int number = 1) {
    const Future<Ran> future =
        slotted_
            ? client_.submit(shared_, run_in_slot, Slotted{*slotted_, lines_[line]}, request_.most_output)
            : client_.submit(shared_, run_line, lines_[line].text, request_.most_output);
    attempts_[future.id()] = {line, number, future};
    running.add(future);
  }

  void finished(AsCompleted<Ran>& running, const Attempt& attempt, const Future<Ran>& future) {
    Ran ran;
    bool is_ended = false;  // by --halt
    try {
      ran = future.result();
    } catch (const TaskError& error) {
      is_ended = is_over_ && error.kind() == ErrorKind::cancelled;
      ran.status = error.kind() == ErrorKind::timeout ? 124 : 125;
      ran.problem = error.kind() == ErrorKind::timeout ? "was not done within " + request_.timeout
                                                       : error.failure().message;
    }
    if (ran.is_cut_off && !is_over_) return start(running, attempt.line, attempt.number);
    if (ran.status != 0 && attempt.number <= request_.retries && !is_over_)
      return start(running, attempt.line, attempt.number + 1);
    ++done_;
    const Line& line = lines_[attempt.line];
    if (results_)
      results_->add({line.number, ran.status, ran.seconds, attempt.number, ran.host, line.text, ran.output,
                     ran.errors.empty() ? ran.problem : ran.errors, ran.left_out_bytes});
    else print(attempt.line, ran);
    if (log_)
      log_->add({line.number, ran.host, ran.began, ran.seconds, ran.output.size(), ran.status, line.text});
    if (ran.left_out_bytes)
      complain("'" + line.text.substr(0, 200) + "' printed " + std::to_string(ran.left_out_bytes) +
               " bytes more than are kept, which are left out; --max-output keeps more (it is " +
               request_.most_text + ")");
    if (is_ended) ++ended_;
    else if (ran.status != 0) tell_failure(line, attempt, ran);
    const auto now = std::chrono::steady_clock::now();
    if (bar_ && now - shown_ > std::chrono::milliseconds(100)) {
      shown_ = now;
      bar_->show(done_, failures_);
    }
  }
  void tell_failure(const Line& line, const Attempt& attempt, const Ran& ran) {
    ++failures_;
    std::string what = ran.problem;
    if (what.empty()) {
      what = ran.status > 128 ? "was ended by signal " + std::to_string(ran.status - 128)
                              : "ended with status " + std::to_string(ran.status);
      const std::string said = last_line(ran.errors);
      if (!said.empty()) what += ": " + said;
    }
    if (bar_) std::fputs("\r\x1b[K", stderr);
    complain("'" + line.text.substr(0, 200) + "' " + what +
             (attempt.number > 1 ? " (attempt " + std::to_string(attempt.number) + ")" : ""));
    if (request_.halt.failures == 0 || failures_ < request_.halt.failures || is_over_) return;
    is_over_ = true;
    if (request_.halt.now)
      for (const auto& [id, other] : attempts_) other.future.cancel("was ended: weir map gives up");
  }
  void print(std::size_t line, const Ran& ran) {
    const auto shown = [&](const std::string& text) {
      return request_.is_tagged ? tagged(text, lines_[line].arguments) : text;
    };
    if (!request_.keep_order) return put(shown(ran.output), shown(ran.errors));
    waiting_[line] = {shown(ran.output), shown(ran.errors)};
    for (auto at = waiting_.find(printed_); at != waiting_.end(); at = waiting_.find(++printed_)) {
      put(at->second.first, at->second.second);
      waiting_.erase(at);
    }
  }
  void put(const std::string& output, const std::string& errors) {
    std::fwrite(output.data(), 1, output.size(), stdout);
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      throw Error(ErrorKind::io, "the output could not be written");
    std::fwrite(errors.data(), 1, errors.size(), stderr);
  }
  void tell(std::size_t begun) {
    if (failures_)
      complain(
          std::to_string(failures_) + " of " + counted(lines_.size(), "command") +
          (failures_ == 1 ? " has failed" : " have failed") +
          (ended_ ? "; " + std::to_string(ended_) + (ended_ == 1 ? " was ended" : " were ended") : "") +
          (begun < lines_.size() ? "; " + std::to_string(lines_.size() - begun) + " were not begun" : ""));
  }

  Client& client_;
  const Cluster* cluster_;
  Hope hope_;
  const Request& request_;
  std::vector<Line> lines_;
  std::unique_ptr<Results> results_;
  std::unique_ptr<JobLog> log_;
  std::optional<Template> slotted_;  // if commands ask for their slots
  std::unique_ptr<diagnostics::ProgressBar> bar_;
  Options options_;
  std::shared_ptr<const Options> shared_;
  std::unordered_map<TaskId, Attempt> attempts_;
  std::unordered_map<std::size_t, std::pair<std::string, std::string>> waiting_;  // to be printed
  std::size_t printed_ = 0, done_ = 0, failures_ = 0, ended_ = 0, threads_ = 0;
  bool is_over_ = false;
  std::chrono::steady_clock::time_point begin_, shown_{}, looked_{};
};

/// Becomes `weir run -n N weir-map --started ...`.
[[noreturn]] void start_ranks(const Request& request, int argc, char** argv) {
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  const std::string here(self, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string weir = here.substr(0, here.rfind('/') + 1) + "weir";
  std::vector<std::string> words{weir, "run", "-n", request.ranks};
  if (request.jobs) words.insert(words.end(), {"--threads", std::to_string(request.jobs)});
  words.insert(words.end(), {here, "--started"});
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(weir.c_str(), pointers.data());
  throw Error(ErrorKind::not_found,
              "the program weir must lie beside weir-map (" + weir + ": " + std::strerror(errno) + ")");
}

/// Calls `work` and tells its error.
template <class Work>
int told(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    complain(error.what());
    const bool is_callers = error.kind() == ErrorKind::invalid_argument ||
                            error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::unsupported;
    return is_callers ? wrong_use : failed;
  }
}

/// The jobs do all of the work: this process, perhaps on a login node, only schedules.
int run_in_jobs(const Request& request) {
  BatchCluster cluster(request.batch);  // in a job this does not return
  std::vector<Line> lines = all_lines(request);
  cluster.adapt({.minimum = 0, .maximum = request.cluster});
  Client client(cluster);
  return Mapper(client, request, std::move(lines), &cluster).run();
}

int main(int argc, char** argv) {
  open_missing_descriptors(O_RDONLY);
  Request request;
  try {
    if (!parse(argc, argv, request)) return was_written() ? 0 : failed;
    if (request.is_dry) {
      for (const Line& line : all_lines(request)) std::printf("%s\n", line.text.c_str());
      return was_written() ? 0 : failed;
    }
    if (!request.ranks.empty() && !request.is_started) start_ranks(request, argc, argv);
  } catch (const Error& error) {
    complain(error.what());
    return wrong_use;
  }
  if (!std::getenv("WEIR_DASHBOARD")) setenv("WEIR_DASHBOARD", "off", 0);
  if (request.cluster) return told([&] { return run_in_jobs(request); });
  RunOptions options;
  options.threads = request.is_started ? 0 : request.jobs;
  return weir::run(
      argc, argv,
      [&](Client& client) { return told([&] { return Mapper(client, request, all_lines(request)).run(); }); },
      options);
}

}  // namespace
}  // namespace weir::detail::tool::mapping

int main(int argc, char** argv) { return weir::detail::tool::mapping::main(argc, argv); }
