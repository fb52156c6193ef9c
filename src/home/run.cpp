// The roles of a process: alone with threads, rank 0, or a worker rank.
#include "weir/run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include "client/ending.hpp"
#include "client/pins.hpp"
#include "client/task_scope.hpp"
#include "comm/mpi.hpp"
#include "comm/network.hpp"
#include "core/descriptor.hpp"
#include "core/forked.hpp"
#include "core/log.hpp"
#include "core/thrown.hpp"
#include "core/unheard.hpp"
#include "core/wording.hpp"
#include "dashboard/alone.hpp"
#include "home/grant.hpp"
#include "home/guest.hpp"
#include "home/joined.hpp"
#include "home/mpi_job.hpp"
#include "home/seen.hpp"
#include "home/settings.hpp"
#include "home/threads.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/environment.hpp"

namespace weir {

namespace {

using detail::home::environment;
using detail::home::exit_now;
using detail::node::SchedulerNode;
using detail::node::WorkerNode;

/// Where `weir run` learns the status, since mpirun's own means little once a rank has died; empty without
/// it. A program that a task starts has nothing to say there.
const std::string& status_file() {
  static const std::string file = [] {
    const std::string named = environment("WEIR_STATUS_FILE");
    unsetenv("WEIR_STATUS_FILE");
    return named;
  }();
  return file;
}

/// How far rank 0 is with what `weir run` waits for.
enum class Stage {
  leaving,  ///< The body has ended.
  left      ///< Nothing of Weir is at work; what follows is the program's own.
};

bool report_status(int status, Stage stage) {
  const std::string& file = status_file();
  if (file.empty()) return false;
  // A link, not a file: it needs no room on a full disk and passes `ulimit -f`.
  const std::string temporary = file + ".new";
  const std::string text = std::to_string(status) + (stage == Stage::left ? " left" : "");
  if (symlink(text.c_str(), temporary.c_str()) != 0) return errno == EEXIST;
  return std::rename(temporary.c_str(), file.c_str()) == 0;
}

/// When the job ends, or `weir run` of this host ends it, once it has been told to end.
std::optional<detail::node::Clock::time_point> end_of_program(bool is_announced) {
  const auto job = detail::home::end_of_job(is_announced);
  std::array<char, 32> text{};
  if (!is_announced || status_file().empty() ||
      readlink((status_file() + ".end").c_str(), text.data(), text.size() - 1) <= 0)
    return job;
  const detail::node::Clock::time_point run{std::chrono::nanoseconds(std::atoll(text.data()))};
  return job ? std::min(*job, run) : run;
}

/// How a worker's process ends badly behind `weir::run`, where nobody waits for it, beside the status: the
/// first that does leaves its status and rank. Where `weir run` is on another host, on stderr.
class LateEnd {
 public:
  static void watch(int rank) {
    if (status_file().empty()) return;
    link_ = (new std::string(status_file() + ".worker"))->c_str();  // outlives all destructors
    rank_ = rank;
    on_exit([](int status, void*) { note(status); }, nullptr);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      struct sigaction now {};
      now.sa_handler = on_fault;
      sigaction(faults[i], &now, &before_[i]);
    }
  }

 private:
  static constexpr std::array faults{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

  static void on_fault(int signal) {
    note(128 + signal);
    const auto at = std::find(faults.begin(), faults.end(), signal) - faults.begin();
    sigaction(signal, &before_[static_cast<std::size_t>(at)], nullptr);
    raise(signal);  // as it would have come
  }
  static void note(int status) {
    if (status == 0) return;
    std::array<char, 32> text{};
    char* const end = std::to_chars(text.data(), text.data() + 12, status).ptr;
    *end = ' ';
    *std::to_chars(end + 1, text.data() + text.size() - 1, rank_).ptr = 0;
    if (symlink(text.data(), link_) == 0 || errno == EEXIST) return;
    static_cast<void>(!::write(STDERR_FILENO, said.data(), said.size()));
  }

  static constexpr std::string_view said =
      "weir: a worker has ended badly after weir::run had returned there\n";
  static inline const char* link_ = nullptr;
  static inline int rank_ = 0;
  static inline std::array<struct sigaction, faults.size()> before_{};
};

// `weir run` has told them already.
void tell_environment_problems() {
  if (status_file().empty()) detail::home::tell_environment_problems();
}

// What std::exit must do for a cluster that is running; in place while this object lives.
class Leaver {
 public:
  explicit Leaver(std::function<void(int)> leave) {
    static const detail::OwnProcess process;
    [[maybe_unused]] static const int registered = on_exit(
        [](int status, void*) {
          auto leave = std::exchange(current(), nullptr);
          if (!leave) return;
          if (process.is_left()) exit_now(status);  // one that was forked: the cluster is its parent's
          leave(status);
        },
        nullptr);
    current() = std::move(leave);
  }
  Leaver(const Leaver&) = delete;
  ~Leaver() { current() = nullptr; }

 private:
  static std::function<void(int)>& current() {
    static auto* function = new std::function<void(int)>;
    return *function;
  }
};

/// Whether what the program printed has been lost, on a full disk for example; says so.
bool has_lost_output() {
  errno = 0;
  std::cout.flush();
  const bool is_written = std::fflush(stdout) == 0 && !std::ferror(stdout) && !std::cout.bad();
  if (is_written) return false;
  const std::string reason = errno != 0 ? std::string(" (") + std::strerror(errno) + ")" : "";
  std::cerr << "weir: what the program printed could not be written" << reason << std::endl;
  return true;
}

/// The thread that runs the body, to the node. A process that the body has forked ends where it leaves the
/// body.
struct BodyThread {
  explicit BodyThread(SchedulerNode& of) : node(of) { node.begin_body(); }
  BodyThread(const BodyThread&) = delete;
  ~BodyThread() {
    if (process.is_left()) detail::end_child_of("the program's body");
    node.end_body();
  }
  SchedulerNode& node;
  const detail::OwnProcess process;
};

// The body, with its exceptions turned into one message and a status.
int run_body(const std::shared_ptr<SchedulerNode>& node, const std::function<int(Client&)>& body,
             bool& failed) {
  detail::client::ClusterLink::set_current(node);
  int status = 1;
  failed = true;
  static_cast<void>(detail::take_unheard());  // of what was before
  try {
    detail::home::open_journal(*node);
    detail::home::open_named_session();
    {
      const BodyThread thread(*node);
      Client client(node);
      status = body(client);
    }
    detail::client::finish_ending();
    detail::client::unpin_all();
    node->finish_begun();
    failed = false;
    detail::home::check_journal_wishes();
    if (detail::take_unheard() && status == 0) status = 1;
    if (status == 0 && has_lost_output()) status = 1;
  } catch (...) {
    const detail::Thrown thrown = detail::current_thrown();
    if (status == 0) status = 1;  // the body had returned
    std::cout.flush();
    std::cerr << "weir: the program ended with an error: " << detail::printable_lines(thrown.text())
              << std::endl;
  }
  detail::home::close_session();
  return status;
}

// Whether std::exit was called in a task; says so, and what follows from it.
bool tell_exit_in_task(int status, const char* consequence) {
  const auto* const task = detail::client::TaskScope::current();
  if (task)
    std::cerr << "weir: task number " << task_number(task->id) << " has called std::exit(" << status << "), "
              << consequence << std::endl;
  return task != nullptr;
}

int run_with_threads(const std::function<int(Client&)>& body, const RunOptions& options) {
  const std::uint32_t threads =
      detail::home::number_of_threads(options, static_cast<std::uint32_t>(detail::home::granted_cores()));
  detail::home::Threads cluster(options, 1, threads);
  const std::shared_ptr<SchedulerNode>& node = cluster.scheduler();
  const Leaver leaver([&](int status) {
    const bool is_in_task = tell_exit_in_task(status, "which ends the program: its worker is a thread of it");
    const bool hides_failure = is_in_task && status == 0;  // the body has not come to its end
    if (hides_failure) status = 1;
    node->leave(true);
    cluster.end_dashboard();
    node->stop();
    report_status(status, Stage::left);
    if (hides_failure) exit_now(status);
  });
  tell_environment_problems();
  bool failed = false;
  const int status = run_body(node, body, failed);
  node->leave(failed);
  cluster.end_dashboard();
  node->stop();
  detail::client::ClusterLink::set_current(nullptr);
  cluster.stop_within(std::chrono::milliseconds(failed ? 100 : 1000));
  return status;
}

// After the loss of a whole node mpirun never returns by itself.
void end_mpirun() {
  std::string parent;
  std::ifstream("/proc/" + std::to_string(getppid()) + "/comm") >> parent;
  if (parent == "mpirun" || parent == "orterun" || parent == "mpiexec") kill(getppid(), SIGTERM);
}

int run_scheduler(detail::home::MpiSession* mpi, detail::comm::MpiTransport& ranks,
                  const std::function<int(Client&)>& body, detail::node::SchedulerSettings settings) {
  settings.expected_workers = ranks.size() - 1;
  settings.own_peers = static_cast<PeerId>(ranks.size());
  static detail::comm::Network transport(0, &ranks, settings.own_peers, detail::task::build_id());
  const auto wish = detail::home::dashboard_wish();
  settings.inbox = detail::home::inbox_for(wish);
  const auto node = std::make_shared<SchedulerNode>(transport, settings);
  node->start();
  const auto dashboard = detail::home::start_dashboard(node, settings.inbox, wish);
  // Returns if MPI has been finalized; otherwise the process must end here.
  const auto leave = [&](int status, bool abort) {
    const bool clean = node->leave(abort);
    dashboard->stop();
    node->stop();
    detail::client::ClusterLink::set_current(nullptr);
    std::cout.flush();
    std::fflush(nullptr);
    report_status(status, Stage::leaving);
    if (!clean && node->lost_other_host() && status_file().empty()) end_mpirun();
    if (!clean) exit_now(status);
    delete mpi;
    report_status(status, Stage::left);
  };
  tell_environment_problems();
  bool failed = false;
  int status = 1;
  {
    const Leaver leaver([&](int status) { leave(status, true); });
    status = run_body(node, body, failed);
  }
  leave(status, failed);
  return status;
}

int run_worker(detail::home::MpiSession* mpi, detail::comm::MpiTransport& ranks,
               const detail::node::WorkerSettings& settings) {
  ranks.lend_at_most(settings.memory.limit / 8);
  static detail::comm::Network transport(ranks.rank(), &ranks, static_cast<PeerId>(ranks.size()),
                                         detail::task::build_id());
  const auto node = std::make_shared<WorkerNode>(transport, ranks.rank(), settings);
  detail::client::ClusterLink::set_current(node);
  detail::home::leave_end_to_body();
  // A task's threads must not outlive what they use.
  const Leaver leaver([](int status) {
    tell_exit_in_task(status, "which ends its worker");
    exit_now(status);
  });
  node->start();
  const bool clean = node->wait_until_closed();
  detail::client::ClusterLink::set_current(nullptr);
  if (!clean) exit_now(0);
  delete mpi;
  LateEnd::watch(static_cast<int>(ranks.rank()));
  return 0;
}

}  // namespace

namespace {

/// Functions of gangs call MPI beside the thread that polls.
int mpi_threads() {
  const std::string text = environment("WEIR_MPI_THREADS");
  if (text.empty() || text == "serialized") return MPI_THREAD_SERIALIZED;
  if (text == "multiple") return MPI_THREAD_MULTIPLE;
  throw Error(ErrorKind::invalid_argument,
              "WEIR_MPI_THREADS: must be serialized or multiple (got \"" + text + "\")");
}

/// A file that may not grow (`ulimit -f`) is an error like any other, not the end of the process.
void survive_file_limit() {
  struct sigaction now {};
  if (sigaction(SIGXFSZ, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(SIGXFSZ, SIG_IGN);
}

/// Several processes of one program that are no ranks of this MPI would each do the whole work. Whether this
/// is one of them and not the first, which throws.
bool is_further_copy() {
  const auto [count, number, starter, said] = detail::home::copies();
  if (count > 1 && number == 0)
    throw Error(ErrorKind::unsupported, "this program was started " + said + " times by " + starter +
                                            ", which Weir does not take for ranks; write `weir run -n " +
                                            said + " PROGRAM` instead");
  return count > 1;
}

}  // namespace

int run(int argc, char** argv, const std::function<int(Client&)>& body, const RunOptions& options) {
  if (detail::client::ClusterLink::current())
    throw Error(ErrorKind::unsupported,
                "weir::run: this process is in a cluster already; use the client that the body was given, or "
                "Client::current()");
  open_missing_descriptors();
  survive_file_limit();
  // What a rank starts has its size too, but nothing else of its job.
  const bool is_rank = detail::home::take_rank();
  const std::string size = is_rank ? environment("OMPI_COMM_WORLD_SIZE") : "";
  static_cast<void>(status_file());
  detail::dashboard::end_alone();
  try {
    detail::check(options.resources, "weir::run");
    detail::client::set_job_end(end_of_program);
    static_cast<void>(detail::home::dashboard_wish());
    if (detail::home::is_further_worker()) return detail::home::run_further_worker(argc, argv, options);
    if (size.empty() && is_further_copy()) {
      std::this_thread::sleep_for(detail::home::time_of_the_first);
      report_status(2, Stage::left);
      return 2;
    }
    if (detail::home::MpiSession::is_over())
      throw Error(ErrorKind::unsupported,
                  "weir::run: MPI has been finalized in this process; call weir::run once");
    if (size.empty() || size == "1") {
      detail::leave_mpi_job();
      is_rank ? detail::home::leave_step() : detail::home::mend_job_variables();
      const int status = run_with_threads(body, options);
      report_status(status, Stage::left);
      return status;
    }
    const auto threads = mpi_threads();
    if (threads == MPI_THREAD_SERIALIZED) detail::comm::keep_core_in_polls();
    // What is refused is so before MPI begins: the others would wait for ever for one that ends then.
    const auto rank = static_cast<PeerId>(std::atoi(environment("OMPI_COMM_WORLD_RANK").c_str()));
    std::optional<detail::node::WorkerSettings> worker;
    std::optional<detail::node::SchedulerSettings> scheduler;
    if (rank == 0) scheduler = detail::home::scheduler_settings(options);
    else
      worker = detail::home::worker_settings(options, rank, detail::home::number_of_threads(options, 1),
                                             detail::home::ranks_of_host());
    auto* mpi =
        new detail::home::MpiSession(argc, argv, threads, [] { return report_status(2, Stage::leaving); });
    detail::leave_mpi_job();
    detail::home::leave_step();
    static detail::comm::MpiTransport transport{MPI_COMM_WORLD, detail::home::lent_memory(options)};
    mpi->are_all_here();
    const std::string who = "rank " + std::to_string(transport.rank());
    detail::log::set_prefix(who);
    return scheduler ? run_scheduler(mpi, transport, body, *scheduler) : run_worker(mpi, transport, *worker);
  } catch (const std::exception& error) {
    std::cerr << "weir: " << detail::printable(error.what()) << std::endl;
    report_status(2, Stage::left);
    return 2;
  }
}

}  // namespace weir
