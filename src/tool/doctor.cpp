// weir doctor: tries what Weir needs of a machine, and says what does not work and what that means.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <set>
#include <string>

#include "batch/launcher.hpp"
#include "batch/program.hpp"
#include "batch/script.hpp"
#include "core/descriptor.hpp"
#include "core/wording.hpp"
#include "home/mpi_job.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/site.hpp"
#include "weir/bytes.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

/// What came of a trial: whether it works, and what that means.
struct Finding {
  bool works = false;
  std::string text;
};

std::string one_line(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \n\r");
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

/// As `weir run` starts them.
batch::Answer run_ranks(int ranks, const std::string& script) {
  const Launch launch = plan_launch({ranks, {}, "/bin/sh", {"-c", script}}, find_site());
  for (const auto& [name, value] : launch.environment) setenv(name.c_str(), value.c_str(), 1);
  return batch::run_program(launch.command, std::chrono::seconds(20));
}

Finding try_ranks() {
  const std::string starter(home::mpi_starter().program), family(home::mpi_starter().family);
  const batch::Answer result = run_ranks(2, "echo rank $OMPI_COMM_WORLD_RANK");
  if (result.exit_status == 0 && result.output.find("rank 1") != std::string::npos)
    return {true, starter + " starts ranks of " + family};
  return {false, starter + " starts no ranks of " + family + ": " +
                     one_line(result.errors.empty() ? result.output : result.errors) +
                     "; `weir run` needs it, threads and batch clusters of one process do not"};
}

// One of three ranks dies; the others must be let finish.
Finding try_recovery() {
  const batch::Answer result = run_ranks(
      3, "[ $OMPI_COMM_WORLD_RANK = 1 ] && kill -9 $$; sleep 0.5; echo survived $OMPI_COMM_WORLD_RANK");
  const bool all = result.output.find("survived 0") != std::string::npos &&
                   result.output.find("survived 2") != std::string::npos;
  return {all, all ? "the other ranks go on when one dies"
                   : "when a rank dies the others are ended: the death of a worker ends the program"};
}

Finding try_pidfd() {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  if (child < 0) return {false, "no process can be started"};
  const Descriptor watch(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  kill(child, SIGKILL);
  pollfd watched{watch.get(), POLLIN, 0};
  const bool seen = watch.get() >= 0 && poll(&watched, 1, 1000) == 1;
  waitpid(child, nullptr, 0);
  return {seen, seen ? "the death of a process on this host is seen at once"
                     : "the kernel has no pidfd_open (Linux 5.3): a death is seen after WEIR_PATIENCE"};
}

// A child's memory, through /proc, as ranks of a host lend it to each other.
Finding try_lent_memory() {
  const Descriptor memory(memfd_create("weir doctor", MFD_CLOEXEC));
  if (memory.get() < 0)
    return {false, "memfd_create fails: large results between ranks of a host are copied"};
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(memory.get());
  const pid_t child = fork();
  if (child == 0) {
    const int other = open(path.c_str(), O_RDWR | O_CLOEXEC);
    _exit(other >= 0 && ftruncate(other, 4096) == 0 ? 0 : 1);
  }
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) != child) status = 1;
  return {status == 0, status == 0
                           ? "ranks of a host lend each other memory"
                           : "a process may not open memory of another of this user (ptrace_scope, or "
                             "another namespace): large results between ranks of a host are copied"};
}

Finding try_shared_memory() {
  struct statvfs space {};
  if (statvfs("/dev/shm", &space) != 0) return {false, "there is no /dev/shm: ranks of a host talk over TCP"};
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  constexpr std::uint64_t enough = 64 << 20;
  return {free >= enough, "/dev/shm has " + to_text(free) + " free" +
                              (free >= enough ? "" : "; MPI needs some 64 MB for the ranks of a host")};
}

Finding find_batch_system() {
  std::string names;
  for (const BatchSystem& system : batch_systems())
    if (batch::find_in_path(system.submit_program()))
      names += (names.empty() ? "" : ", ") + std::string(system.title());
  const auto job = current_job();
  if (job)
    names += std::string(names.empty() ? "" : "; ") + "this is " + std::string(job->system->title()) +
             " job " + job->id;
  return {true,
          names.empty() ? "none on PATH: `weir run` and LocalCluster work, `weir submit` does not" : names};
}

Finding try_launcher(const batch::Launcher& launcher) {
  const std::string name(launcher.name);
  if (home::mpi_family() != home::MpiFamily::open_mpi)
    return {false, name + " starts ranks of Open MPI only: here they are started by " +
                       std::string(home::mpi_starter().program)};
  const std::string lacks = launcher.lacks();
  return {lacks.empty(), lacks.empty() ? "`weir run --launcher " + name +
                                             "` starts ranks too, which end when one of them dies"
                                       : name + " needs " + lacks + ": ranks are started by mpirun"};
}

// A rank for each place of the job, as `weir run` starts them there.
Finding try_hosts(int places) {
  const std::string command = "timeout 60 " + batch::quoted("weir", own_path()) + " run -n " +
                              std::to_string(places) + " /bin/sh -c 'echo host $(uname -n)' 2>&1";
  std::string line, last;
  std::set<std::string> hosts;
  const std::string mark = "host ";
  std::FILE* const output = popen(command.c_str(), "r");
  for (int c = 0; output && (c = std::fgetc(output)) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    if (line.starts_with(mark)) hosts.insert(line.substr(mark.size()));
    else if (!line.empty()) last = line;
    line.clear();
  }
  constexpr std::size_t most_named = 8;
  std::string names;
  for (const std::string& host : hosts) names += (names.empty() ? "" : ", ") + host;
  if (hosts.size() > most_named) names = std::to_string(hosts.size()) + " hosts";
  if (output && pclose(output) == 0) return {true, "ranks start on " + names};
  return {false, "the ranks of the job do not all start: " + last};
}

/// Runs a trial; what it throws is what does not work.
template <class F>
bool tell(const char* name, F trial) {
  Finding finding;
  try {
    finding = trial();
  } catch (const std::exception& error) {
    finding = {false, error.what()};
  }
  std::printf("%-14s %-4s %s\n", name, finding.works ? "ok" : "no", printable(finding.text).c_str());
  std::fflush(stdout);
  return finding.works;
}

}  // namespace

int doctor(int argc, char** argv) {
  CLI::App app("Tries what Weir needs of this machine; status 0 if ranks start and survive a death.",
               "weir doctor");
  if (!parse(app, argc, argv)) return 0;
  const bool ranks = tell("ranks", try_ranks);
  const bool recovers = ranks && tell("recovery", try_recovery);
  tell("deaths", try_pidfd);
  tell("shared memory", try_shared_memory);
  tell("lent memory", try_lent_memory);
  tell("batch system", find_batch_system);
  for (const batch::Launcher& launcher : batch::launchers())
    if (batch::find_in_path(launcher.name))
      tell(launcher.name.data(), [&] { return try_launcher(launcher); });
  if (const auto allocation = job_allocation(1); allocation && allocation->places > 1)
    tell("hosts", [&] { return try_hosts(allocation->places); });
  return recovers ? 0 : 1;
}

}  // namespace weir::detail::tool
