// Dashboard: the thread of rank 0 that keeps the model, writes the record and serves the page.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "dashboard/run_folder.hpp"
#include "seeing/inbox.hpp"

namespace weir::detail::dashboard {

/// What WEIR_DASHBOARD says.
struct Wish {
  enum class Where {
    off,        ///< Nothing is counted, served or written.
    automatic,  ///< On a port if stderr is a terminal, else on a socket in the run's folder.
    port,
    path
  };
  Where where = Where::automatic;
  std::uint16_t port = default_port;
  std::string path;
  bool is_terminal = false;  ///< People see what the process writes to stderr.
  static constexpr std::uint16_t default_port = 8787;
};
/// `terminal` is said by `weir run`, which stands between a terminal and the program.
/// **Errors.** Throws `Error{invalid_argument}` for what is neither `off`, `on`, a port nor `unix:PATH`.
[[nodiscard]] Wish parse_wish(const std::string& text);

/// The cluster at a moment.
struct Look {
  Snapshot snapshot;
  std::vector<seeing::Progress> progress;
};

/// What it stands on.
struct Source {
  std::shared_ptr<seeing::Inbox> inbox;
  std::function<Look()> look;  ///< Called once a second, from the dashboard's thread.
  std::function<snapshot::SeenTasks()> closer_look = nullptr;  ///< The same, while somebody looks at tasks.
  seeing::Model::NameOf name_of = nullptr, code_of = nullptr;  ///< Of functions; of code in profiles.
  std::string job;  ///< Of the batch system, if the program runs in one.
  std::function<snapshot::SeenTasks(PeerId)> look_at_worker = nullptr;
  std::function<snapshot::TaskLook(TaskId)> look_at_task = nullptr;
};

/// Sees a program from now on; its end is the end of the page.
///
/// A program that ends within a second costs a thread that sleeps: it has no folder and, unless a port or
/// path was asked for or stderr is a terminal, no page.
/// **Errors.** Never throws: what does not work is told on stderr, once, and the program runs on.
class Dashboard {
 public:
  Dashboard(Source source, Wish wish);
  Dashboard(const Dashboard&) = delete;
  ~Dashboard() { stop(); }
  /// Takes a last look, writes the record and ends the thread. Further calls do nothing.
  void stop();

 private:
  struct Work;
  std::shared_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace weir::detail::dashboard
