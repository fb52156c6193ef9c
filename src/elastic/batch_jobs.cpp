// Workers as jobs of a batch system: one template, submitted as often as needed.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "batch/array.hpp"
#include "batch/configured_job.hpp"
#include "batch/program.hpp"
#include "batch/registry.hpp"
#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "elastic/kept_jobs.hpp"
#include "elastic/launcher.hpp"
#include "weir/bytes.hpp"
#include "weir/config.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::elastic {

using namespace batch;

namespace {

/// Cancels what is in the queue if this process dies without having done so: a shell that reads ids from a
/// pipe until its end. With `kept` it waits for a program that takes them over first.
class Guard {
 public:
  Guard(const std::string& cancel_program, const KeptJobs* kept, std::chrono::seconds time) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    const char* script =
        "ids=\nwhile read -r sign id; do\n  if [ \"$sign\" = + ]; then ids=\"$ids $id\"; else new=; for one "
        "in $ids; do [ \"$one\" = \"$id\" ] || new=\"$new $one\"; done; ids=$new; fi\ndone\n"
        "[ -n \"$ids\" ] || exit 0\n"
        "if [ \"$3\" ]; then sleep \"$1\"; grep -q \"$2\" \"$3\" || exit 0; rm -f \"$3\"; fi\n"
        "for pause in 0 1 5; do sleep $pause; \"$0\" $ids && exit 0; done\n";
    const std::string seconds = std::to_string(time.count() + 2);  // those that run end by themselves
    const std::string owner = kept ? kept->owner() : "", file = kept ? kept->path().string() : "";
    const char* arguments[] = {"sh",          "-c",         script, cancel_program.c_str(), seconds.c_str(),
                               owner.c_str(), file.c_str(), nullptr};
    const pid_t pid = fork();
    if (pid == 0) {
      setsid();
      if (fork() != 0) _exit(0);  // nobody has to wait for it
      dup2(ends[0], STDIN_FILENO);
      const int nothing = open("/dev/null", O_WRONLY);
      dup2(nothing, STDOUT_FILENO);
      dup2(nothing, STDERR_FILENO);
      execv("/bin/sh", const_cast<char**>(arguments));
      _exit(127);
    }
    close(ends[0]);
    pipe_ = Descriptor(ends[1]);
    if (pid > 0) {
      int status = 0;
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
    }
  }
  void add(const std::string& id) { say("+ " + id + "\n"); }
  void remove(const std::string& id) { say("- " + id + "\n"); }

 private:
  void say(const std::string& line) {
    (void)!::write(pipe_.get(), line.data(), line.size());
  }  // without it nothing is guarded
  Descriptor pipe_;
};

std::string own_executable() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

/// Gives `config` what the program has said; `who` begins the sentence about it.
class Wishes {
 public:
  Wishes(Config& config, const std::string& who) : config_(config), who_(who) {}
  void set(const char* name, const std::string& value) {
    if (!value.empty()) set(name, std::vector<std::string>{value});
  }
  void set(const char* name, int count) {
    if (count != 0) set(name, std::to_string(count));
  }
  void set(const char* name, const std::vector<std::string>& values) {
    if (!values.empty()) config_.set(name, values, who_);
  }

 private:
  Config& config_;
  const std::string& who_;
};

// A comma or an equals sign would be read as another resource.
void check_resources(const std::vector<Resource>& resources, const std::string& who) {
  check(resources, who.c_str());
  for (const Resource& resource : resources)
    if (resource.name.find_first_of(",= \t\n") != std::string::npos)
      throw Error(ErrorKind::invalid_argument,
                  who + ": the name of a resource has no commas, equals signs and spaces (got \"" +
                      resource.name + "\")");
}

/// The `weir` that started this program; without one that on PATH, or beside this program.
std::string weir_of_this_program() {
  if (const char* starter = std::getenv("WEIR_STARTED_BY")) return starter;
  if (auto found = find_in_path("weir")) return *std::move(found);
  const std::string own = own_executable();
  const std::string beside = own.substr(0, own.rfind('/') + 1) + "weir";
  return access(beside.c_str(), X_OK) == 0 ? beside : "weir";
}

class BatchJobs final : public Launcher {
 public:
  BatchJobs(const BatchSystem& system, const BatchOptions& options, const std::string& who)
      : system_(system) {
    if (options.cores < 1)
      throw Error(ErrorKind::invalid_argument, who + ": cores of a job must be given (got " +
                                                   std::to_string(options.cores) +
                                                   "); write for example {.cores = 24, .memory = \"100GB\"}");
    if (options.processes < 1 || options.processes > options.cores)
      throw Error(ErrorKind::invalid_argument, who + ": processes must be from 1 to cores (got " +
                                                   std::to_string(options.processes) + ")");
    if (!find_in_path(system_.submit_program()))
      throw Error(ErrorKind::not_found,
                  who + ": " + std::string(system_.submit_program()) +
                      " must be on PATH; is this a login node, is the batch system's module loaded?");
    Config config = load_config();
    Wishes wishes(config, who);
    wishes.set("site", options.site);
    config.choose_system(system_.name());
    wishes.set("memory", options.memory);
    wishes.set("walltime", options.walltime);
    wishes.set("gpus_per_task", options.gpus_per_task);
    wishes.set("signal", options.signal);
    if (options.requeue) wishes.set("requeue", *options.requeue ? "yes" : "no");
    wishes.set("exclude", options.exclude);
    wishes.set("queue", options.queue);
    wishes.set("account", options.account);
    wishes.set("name", options.name);
    wishes.set("log_directory", options.log_directory);
    wishes.set("modules", options.modules);
    wishes.set("before", options.before);
    wishes.set("directives", options.directives);
    wishes.set("skip", options.skip);
    wishes.set("weir", options.weir);
    if (config.text("memory").empty())
      throw Error(ErrorKind::invalid_argument, who +
                                                   ": memory of a job must be given (got nothing); write for "
                                                   "example {.cores = 24, .memory = \"100GB\"}");
    config.set("threads", std::to_string(options.cores / options.processes));
    auto command = own_arguments();
    command.front() = own_executable();
    check_resources(options.resources, who);
    if (options.gpus_per_task < 0)
      throw Error(ErrorKind::invalid_argument, who + ": gpus_per_task must not be negative (got " +
                                                   std::to_string(options.gpus_per_task) + ")");
    job_ = configured_job(config, options.processes, std::move(command));
    if (job_.weir.empty()) job_.weir = weir_of_this_program();
    if (job_.nodes == 0) job_.nodes = 1;
    excluded_ = job_.exclude;
    const std::vector<Resource> resources = add_gpus(options);
    if (!resources.empty()) job_.environment.emplace_back("WEIR_RESOURCES", resources_text(resources));
    network_ = config.text("interface").empty() ? "any" : config.text("interface");
    if (const std::string array = array_text(system_, job_); !array.empty())
      throw Error(
          ErrorKind::invalid_argument,
          "cluster: its jobs are no arrays: scale() says how many there are (got array " + array + ")");
    (void)system_.script(job_);  // says what cannot be written
    (void)prepare_log_directory(job_.log_directory);
    job_.environment.emplace_back("WEIR_DEATH_TIMEOUT", to_string(options.death_timeout.value()));
    if (const auto limit = std::chrono::ceil<std::chrono::seconds>(job_.walltime.value()); limit.count() > 0)
      job_.environment.emplace_back("WEIR_JOB_LIMIT", std::to_string(limit.count()));
    shape_ = {.workers = options.processes,
              .cores = options.cores,
              .memory_bytes = job_.memory_bytes,
              .resources = resources};
    keep_jobs(options, who);
    guard_.emplace(std::string(system.cancel_program()), kept_ ? &*kept_ : nullptr, keep_time(options));
  }

  [[nodiscard]] std::string_view system() const override { return system_.name(); }
  [[nodiscard]] std::string network() const override { return network_; }
  [[nodiscard]] JobShape shape() const override { return shape_; }
  [[nodiscard]] std::chrono::milliseconds first_pause() const override { return std::chrono::seconds(2); }
  [[nodiscard]] std::chrono::milliseconds longest_pause() const override { return std::chrono::seconds(30); }

  std::string submit(const std::map<std::string, std::string>& environment) override {
    JobOptions job = job_;
    for (const auto& [name, value] : environment) job.environment.emplace_back(name, value);
    const JobRecord record = submit_job(system_, job, JobRegistry::of_user()).front();
    guard_->add(record.last.id);
    alive_.emplace(record.last.id, record);
    if (kept_) {
      labels_[record.last.id] = environment.at("WEIR_JOB");
      note_kept();
    }
    return record.last.id;
  }

  [[nodiscard]] std::string session_file() const override { return session_file_; }

  std::vector<KeptJob> take_over() override {
    if (!kept_) return {};
    bool same_shape = true;
    std::vector<KeptJob> jobs = kept_->read(same_shape);
    std::vector<JobRecord> records;
    for (JobRecord& record : JobRegistry::of_user().all())
      if (record.system == system_.name() && !is_over(record.last.state))
        records.push_back(std::move(record));
    std::erase_if(records, [&](const JobRecord& record) {
      return std::none_of(jobs.begin(), jobs.end(),
                          [&](const KeptJob& job) { return job.id == record.last.id; });
    });
    refresh_quietly(records);
    for (const JobRecord& record : records)
      if (!is_over(record.last.state)) alive_.emplace(record.last.id, record);
    std::erase_if(jobs, [&](const KeptJob& job) { return !alive_.contains(job.id); });
    if (!same_shape && !jobs.empty()) {
      log::warn(
          "cluster: {} jobs of the program before were asked for with other options; they are cancelled",
          jobs.size());
      try {
        system_.cancel(ids_of(jobs));
      } catch (const Error& error) {
        log::warn("cluster: {}", error.what());  // they end when nobody comes back
      }
      alive_.clear();
      jobs.clear();
    }
    for (const KeptJob& job : jobs) {
      guard_->add(job.id);
      labels_[job.id] = job.label;
      log::info("cluster: {} is taken over", job.id);
    }
    note_kept();
    return jobs;
  }

  void cancel(const std::vector<std::string>& ids) override {
    system_.cancel(ids);
    for (const std::string& id : ids) {
      over(id);
      cancelled_.push_back(id);
    }
  }

  void withdraw(const std::vector<std::string>& ids) override {
    std::vector<JobRecord> records;
    for (const std::string& id : ids)
      if (alive_.contains(id)) records.push_back(alive_.at(id));
    refresh_quietly(records);
    std::vector<std::string> waiting;
    for (const JobRecord& record : records)
      if (record.last.state == JobState::waiting || record.last.state == JobState::held)
        waiting.push_back(record.last.id);
    if (!waiting.empty()) cancel(waiting);
  }

  std::string avoid(const std::set<std::string>& hosts) override {
    JobOptions job = job_;
    job.exclude = excluded_;
    job.exclude.insert(job.exclude.end(), hosts.begin(), hosts.end());
    try {
      (void)system_.script(job);
    } catch (const Error& error) {
      return error.what();
    }
    job_ = std::move(job);
    return "";
  }

  [[nodiscard]] bool has_begun(const std::string& id) const override {
    return access(log_file(job_, id, "out").c_str(), F_OK) == 0;
  }

  std::vector<JobEnd> ended(const std::vector<std::string>& quiet) override {
    std::vector<JobEnd> ends;
    for (const std::string& id : std::exchange(cancelled_, {})) ends.push_back({id, JobOutcome::ended, ""});
    std::vector<JobRecord> records;
    for (const std::string& id : quiet)
      if (alive_.contains(id)) records.push_back(alive_.at(id));
    if (records.empty()) return ends;
    refresh_quietly(records);
    for (const JobRecord& record : records) {
      // A job that stands still while its workers have been given up is of no use when it goes on.
      const bool is_suspended = record.last.is_suspended;
      if (is_suspended) system_.cancel({record.last.id});
      else if (!is_over(record.last.state)) continue;
      const bool is_lost = is_suspended || record.last.state == JobState::lost;
      const bool failed = record.last.state == JobState::failed;
      const std::string& hosts = record.last.hosts;
      const bool is_one = hosts.find_first_of(",+[") == std::string::npos;
      ends.push_back({record.last.id, failed ? JobOutcome::failed : JobOutcome::ended, description(record),
                      record.last.exit_status, is_one ? hosts : "", is_lost});
      if (is_lost)
        log::warn("cluster: {} was taken away ({}) and is replaced", record.last.id,
                  is_suspended ? "suspended" : description(record));
      over(record.last.id);
    }
    return ends;
  }

 private:
  static void refresh_quietly(std::vector<JobRecord>& records) {
    try {
      refresh(records, JobRegistry::of_user(),
              std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    } catch (const Error& error) {
      log::warn("cluster: {}", error.what());  // asked again later
    }
  }

  void over(const std::string& id) {
    alive_.erase(id);
    guard_->remove(id);
    if (labels_.erase(id)) note_kept();
  }

  static std::chrono::seconds keep_time(const BatchOptions& options) {
    return std::chrono::ceil<std::chrono::seconds>(options.keep_jobs.value());
  }

  /// Workers that are to have GPUs get them from the job, and those of the job are the workers'.
  std::vector<Resource> add_gpus(const BatchOptions& options) {
    std::vector<Resource> resources = options.resources;
    const auto gpu = std::find_if(resources.begin(), resources.end(),
                                  [](const Resource& resource) { return resource.name == "gpu"; });
    const bool are_asked_for = job_.gpus_per_rank || job_.gpus_per_node;
    if (gpu == resources.end()) {
      const int each = job_.gpus_per_rank ? job_.gpus_per_rank : job_.gpus_per_node / options.processes;
      if (each) resources.push_back({"gpu", static_cast<double>(each)});
    } else if (!are_asked_for) {
      job_.gpus_per_node = static_cast<int>(std::ceil(gpu->amount * options.processes));
    }
    return resources;
  }

  void keep_jobs(const BatchOptions& options, const std::string& who) {
    const auto time = keep_time(options);
    if (time.count() < 0)
      throw Error(ErrorKind::invalid_argument, who + ": keep_jobs must not be negative (got " +
                                                   to_string(options.keep_jobs.value()) + ")");
    if (time.count() == 0 && !options.session.empty())
      throw Error(ErrorKind::invalid_argument,
                  who +
                      ": session names the file by which a program comes back to jobs that are kept: say "
                      "for how long, for example .keep_jobs = \"10m\" (got none)");
    if (time.count() == 0) return;
    const std::string own =
        (job_.log_directory.empty() ? "" : job_.log_directory + "/") + job_.name + ".session";
    session_file_ = std::filesystem::absolute(options.session.empty() ? own : options.session).string();
    JobOptions shape = job_;  // its arguments may be others when it comes back
    shape.command.resize(1);
    kept_.emplace(session_file_, system_.script(shape));
    job_.environment.emplace_back("WEIR_KEEP_JOBS", to_string(time));
  }

  void note_kept() const {
    std::vector<KeptJob> jobs;
    for (const auto& [id, label] : labels_) jobs.push_back({id, label});
    kept_->write(jobs);
  }

  static std::vector<std::string> ids_of(const std::vector<KeptJob>& jobs) {
    std::vector<std::string> ids;
    for (const KeptJob& job : jobs) ids.push_back(job.id);
    return ids;
  }

  const BatchSystem& system_;
  std::optional<Guard> guard_;
  std::optional<KeptJobs> kept_;
  std::string session_file_;
  std::map<std::string, std::string> labels_;  // of jobs that outlive this program
  JobOptions job_;
  std::vector<std::string> excluded_;  // by the user
  JobShape shape_;
  std::string network_;
  std::map<std::string, JobRecord> alive_;
  std::vector<std::string> cancelled_;
};

}  // namespace

std::unique_ptr<Launcher> batch_launcher(const BatchSystem& system, const BatchOptions& options,
                                         const std::string& who) {
  return std::make_unique<BatchJobs>(system, options, who);
}

const BatchSystem& system_of_site(const std::string& site, const std::string& who) {
  Config config = load_config();
  Wishes(config, who).set("site", site);
  return configured_system(config);
}

// What is common to all jobs the launcher reads itself.
BatchOptions options_of_site(const std::string& site, const std::string& who, std::string& system) {
  if (site.empty())
    throw Error(ErrorKind::invalid_argument,
                who +
                    ": must be given the name of a site (got nothing); the configuration file has a table "
                    "[sites.NAME] for each");
  Config config = load_config();
  config.set("site", std::vector<std::string>{site}, who);
  system = configured_system(config).name();
  config.choose_system(system);
  const auto number = [&](const char* name) {
    const std::int64_t value = config.count(name);
    if (config.origin(name) == "default" && value < 1)
      throw Error(ErrorKind::invalid_argument, std::string(who) + ": [sites." + site + "] must say " + name +
                                                   " of a job (got none); write for example " + name +
                                                   " = 24");
    if (value < 1 || value > 1'000'000)
      throw Error(ErrorKind::invalid_argument, config.origin(name) + ": " + name +
                                                   " of a job must be from 1 to 1000000 (got " +
                                                   std::to_string(value) + ")");
    return static_cast<int>(value);
  };
  BatchOptions options{.cores = number("cores"), .processes = number("processes"), .site = site};
  for (const std::string& text : config.list("worker_resources")) {
    const std::size_t equals = text.find('=');
    char* rest = nullptr;
    const double amount = equals == std::string::npos ? 0 : std::strtod(text.c_str() + equals + 1, &rest);
    if (equals == std::string::npos || equals == 0 || *rest || !(amount > 0))
      throw Error(ErrorKind::invalid_argument,
                  config.origin("worker_resources") +
                      ": worker_resources must be NAME=AMOUNT, for example gpu=1 (got " + text + ")");
    options.resources.push_back({text.substr(0, equals), amount});
  }
  return options;
}

}  // namespace weir::detail::elastic
