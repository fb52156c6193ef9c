// A fork that waits for the end of a pipe.
#include "tool/job_guard.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>

#include "core/process.hpp"

namespace weir::detail::tool {
namespace {

namespace fs = std::filesystem;

constexpr unsigned mpirun_needs_s = 3;  // to end its ranks: it gets SIGTERM when `weir run` dies

bool kill_all_with(const std::string& status_file) {
  bool is_any = false;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() || pid == getpid())
      continue;
    if (variable_in(pid, "WEIR_STATUS_FILE") == status_file) is_any |= kill(pid, SIGKILL) == 0;
  }
  return is_any;
}

[[noreturn]] void guard(int pipe, const std::string& status_file) {
  setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
  const int nowhere = open("/dev/null", O_RDWR);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, number);
  constexpr int kept = STDERR_FILENO + 1;
  dup2(pipe, kept);
#ifdef SYS_close_range
  syscall(SYS_close_range, static_cast<unsigned>(kept + 1), ~0U, 0U);
#endif
  char all_is_well = 0;
  ssize_t count = 0;
  while ((count = ::read(kept, &all_is_well, 1)) < 0 && errno == EINTR) {
  }
  if (count == 1) _exit(0);
  sleep(mpirun_needs_s);
  for (int round = 0; round < 5 && kill_all_with(status_file); ++round) usleep(100'000);  // some were forking
  std::error_code ignored;
  fs::remove_all(fs::path(status_file).parent_path(), ignored);
  _exit(0);
}

}  // namespace

JobGuard::JobGuard(const std::string& status_file) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  const Descriptor reader(ends[0]);
  pipe_ = Descriptor(ends[1]);
  process_ = fork();
  if (process_ == 0) {
    pipe_.reset();
    guard(reader.get(), status_file);
  }
}

JobGuard::~JobGuard() {
  if (process_ <= 0) return;
  (void)!::write(pipe_.get(), "", 1);
  waitpid(process_, nullptr, 0);
}

}  // namespace weir::detail::tool
