// Child processes of tests: started, watched with a deadline, and gone when the test ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace weir::test {

struct ProcessOptions {
  std::map<std::string, std::string>
      environment;     ///< Added to this process's; an empty value removes the variable.
  std::string input;   ///< What the child reads on stdin.
  std::string folder;  ///< Where it runs; empty: here.
  std::chrono::milliseconds deadline = std::chrono::seconds(60);
};

struct Finished {
  int status = 0;  ///< Exit status, or 128 + signal.
  std::string out;
  std::string err;
};

/// A running child in its own process group.
///
/// The destructor kills the whole group; the kernel kills the child if the test itself is killed.
/// **Errors.** Everything throws std::runtime_error, with what the child has printed so far, if the deadline
/// passes.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void send(int signal) const;
  /// Returns when stdout and stderr together contain `text`; throws if the child ends without.
  void wait_for(const std::string& text);
  [[nodiscard]] const Finished& wait();
  [[nodiscard]] const std::string& out() const noexcept { return result_.out; }
  [[nodiscard]] const std::string& err() const noexcept { return result_.err; }

 private:
  void pump();
  [[noreturn]] void fail(const std::string& what) const;
  [[nodiscard]] bool is_over() const noexcept { return has_ended_ && out_ < 0 && err_ < 0; }

  std::string name_;
  std::string input_;
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  int ended_ = -1;  // readable when the child has ended
  bool has_ended_ = false;
  std::chrono::steady_clock::time_point deadline_;
  Finished result_;
};

/// Runs `command` to its end.
[[nodiscard]] Finished run(const std::vector<std::string>& command, const ProcessOptions& options = {});

/// True while `pid` runs; a process that ended but was not yet waited for does not.
[[nodiscard]] bool is_running(pid_t pid);

/// Gives the processor away for a moment, between two looks at a condition.
void pause();

/// Waits until `condition()` holds; false if it does not within the deadline.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause();
  }
  return true;
}

/// A new empty folder, removed with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// Writes `text` into a file, executable if `mode` says so.
void write_file(const std::string& path, const std::string& text, unsigned mode = 0644);

}  // namespace weir::test
