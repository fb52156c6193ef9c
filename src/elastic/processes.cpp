// Workers as processes of this machine: the same executable, which ends when this process does.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "batch/program.hpp"
#include "core/exec.hpp"
#include "elastic/launcher.hpp"
#include "weir/environment.hpp"
#include "weir/error.hpp"

namespace weir::detail::elastic {

namespace {

/// This process's variables but those by which it belongs to a job, and `added`.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (std::string& text : clean_environment()) {
    const std::string name = text.substr(0, text.find('='));
    if (!added.contains(name) && !batch::belongs_to_enclosing_job(name, nullptr))
      all.push_back(std::move(text));
  }
  for (const auto& [name, value] : added) all.push_back(name + '=' + value);
  return all;
}

class Processes final : public Launcher {
 public:
  Processes(int workers, int threads, std::vector<Resource> resources)
      : workers_(workers), threads_(threads), resources_(std::move(resources)) {}
  ~Processes() override {
    for (const auto& [id, process] : running_) {
      kill(process.pid, SIGKILL);
      waitpid(process.pid, nullptr, 0);
    }
  }

  [[nodiscard]] std::string_view system() const override { return "processes"; }
  [[nodiscard]] std::string network() const override { return ""; }
  [[nodiscard]] JobShape shape() const override {
    return {.workers = 1, .cores = threads_, .resources = resources_};
  }
  [[nodiscard]] std::chrono::milliseconds first_pause() const override {
    return std::chrono::milliseconds(50);
  }
  [[nodiscard]] std::chrono::milliseconds longest_pause() const override { return first_pause(); }

  std::string submit(const std::map<std::string, std::string>& environment) override {
    auto added = environment;
    const int slot = free_slot();
    added["WEIR_THREADS"] = std::to_string(threads_);
    added["WEIR_SLOT"] = std::to_string(slot) + "/" + std::to_string(workers_);
    if (!resources_.empty()) added["WEIR_RESOURCES"] = resources_text(resources_);
    const std::vector<std::string> arguments = own_arguments(), variables = environment_with(added);
    const std::vector<char*> argv = exec_array(arguments), envp = exec_array(variables);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0)
      throw Error(ErrorKind::io,
                  std::string("a worker process cannot be started (") + std::strerror(errno) + ")");
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      setpgid(0, 0);  // Ctrl-C is for the program to handle
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      const int nothing = open("/dev/null", O_RDONLY);
      if (nothing >= 0) dup2(nothing, STDIN_FILENO);
      execve("/proc/self/exe", argv.data(), envp.data());
      _exit(127);
    }
    const std::string id = "process " + std::to_string(pid);
    running_[id] = {pid, slot};
    return id;
  }

  void cancel(const std::vector<std::string>& ids) override {
    for (const std::string& id : ids)
      if (const auto found = running_.find(id); found != running_.end()) kill(found->second.pid, SIGKILL);
  }

  void withdraw(const std::vector<std::string>&) override {}  // all have begun

  std::string avoid(const std::set<std::string>&) override { return "there is one host"; }

  std::vector<JobEnd> ended(const std::vector<std::string>&) override {
    std::vector<JobEnd> ends;
    for (auto at = running_.begin(); at != running_.end();) {
      int status = 0;
      if (waitpid(at->second.pid, &status, WNOHANG) == 0) {
        ++at;
        continue;
      }
      // One that was killed is replaced at once, like a job that was cancelled from outside; one that fails
      // by itself would fail again.
      const bool failed = WIFEXITED(status) && WEXITSTATUS(status) != 0;
      ends.push_back({at->first, failed ? JobOutcome::failed : JobOutcome::ended,
                      failed ? "exit status " + std::to_string(WEXITSTATUS(status)) : "",
                      failed ? std::optional<int>(WEXITSTATUS(status)) : std::nullopt});
      at = running_.erase(at);
    }
    return ends;
  }

 private:
  struct Process {
    pid_t pid;
    int slot;
  };
  /// The least that no process has: which processors and devices of this machine are its own.
  [[nodiscard]] int free_slot() const {
    int slot = 0;
    const auto is_taken = [&](const auto& one) { return one.second.slot == slot; };
    while (std::any_of(running_.begin(), running_.end(), is_taken)) ++slot;
    return slot;
  }

  int workers_, threads_;
  std::vector<Resource> resources_;
  std::map<std::string, Process> running_;
};

}  // namespace

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  if (arguments.empty()) arguments.emplace_back("worker");
  return arguments;
}

std::string resources_text(const std::vector<Resource>& resources) {
  std::string text;
  for (const Resource& resource : resources) {
    char amount[32];
    std::snprintf(amount, sizeof amount, "%.17g", resource.amount);
    text += (text.empty() ? "" : ",") + resource.name + "=" + amount;
  }
  return text;
}

std::unique_ptr<Launcher> process_launcher(int workers, int threads, std::vector<Resource> resources) {
  return std::make_unique<Processes>(workers, threads, std::move(resources));
}

}  // namespace weir::detail::elastic
