// Joining a session from outside.
#include "home/joined.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <thread>

#include "client/ending.hpp"
#include "comm/key.hpp"
#include "comm/mpi.hpp"
#include "comm/network.hpp"
#include "core/log.hpp"
#include "core/wording.hpp"
#include "dashboard/alone.hpp"
#include "home/grant.hpp"
#include "home/mpi_job.hpp"
#include "home/session_file.hpp"
#include "home/settings.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/duration.hpp"
#include "weir/environment.hpp"

namespace weir::detail::home {

namespace {

std::chrono::nanoseconds death_timeout() {
  const std::string text = environment("WEIR_DEATH_TIMEOUT");
  if (text.empty()) return std::chrono::seconds(60);
  try {
    return parse_duration(text);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("WEIR_DEATH_TIMEOUT: ") + error.what());
  }
}

/// The other ranks of this process's job, if there are any, and what the job is called.
struct Ranks {
  std::unique_ptr<comm::MpiTransport> transport;
  std::string job;

  Ranks(int argc, char** argv) {
    const bool is_rank = take_rank();
    const std::string size = environment("OMPI_COMM_WORLD_SIZE");
    auto id = comm::random_bytes();
    if (is_rank && size != "1") {
      comm::keep_core_in_polls();
      auto* session = new MpiSession(argc, argv, MPI_THREAD_SERIALIZED);  // never finalized: ranks may die
      MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
      transport = std::make_unique<comm::MpiTransport>(MPI_COMM_WORLD, lent_memory({}));
      session->are_all_here();
    }
    leave_mpi_job();
    if (is_rank) leave_step();
    job = comm::to_hex(id).substr(0, 16);
  }
};

/// Asks until it is let in; gives up when it is refused, when the session has ended, or when the time is
/// over.
PeerId join(comm::Network& network, const std::string& path, std::chrono::nanoseconds timeout) {
  const auto deadline = node::Clock::now() + std::chrono::duration_cast<node::Clock::duration>(timeout);
  const std::string waited = " within " + to_string(timeout) + " (WEIR_DEATH_TIMEOUT)";
  std::string why;  // of the last attempt that had time
  for (std::chrono::nanoseconds pause = std::chrono::milliseconds(20);;
       pause = std::min<std::chrono::nanoseconds>(2 * pause, std::chrono::seconds(1))) {
    std::optional<SessionInfo> session;
    const auto began = node::Clock::now();
    try {
      session = read_session_file(path);
      return network.join(session->door, std::min(deadline, node::Clock::now() + std::chrono::seconds(10)));
    } catch (const Error& error) {
      const bool is_last = node::Clock::now() >= deadline;
      if (why.empty() || began < deadline) why = error.what();
      if (!session) {
        // The program may be about to write it.
        if (error.kind() != ErrorKind::not_found) throw;
        if (is_last)
          throw Error(ErrorKind::not_found, "session file " + path + ": was not there" + waited +
                                                "; the program it belongs to has ended, or has not begun");
      } else if (error.kind() == ErrorKind::protocol) {
        throw Error(ErrorKind::protocol,
                    "the session of " + path + " does not let this worker in: " + error.what());
      } else if (is_last) {
        throw Error(ErrorKind::timeout, "the scheduler (" + describe(*session) +
                                            ") could not be reached at " + session->door.addresses.front() +
                                            waited + ": " + why +
                                            "; if it lives, another network may be needed (interface)");
      } else {
        log::info("the scheduler cannot be reached: {}", error.what());
      }
    }
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, deadline - node::Clock::now()));
  }
}

std::atomic<int> end_signal{0};

/// The end of a job is announced by SIGTERM, sometimes twice in a row; what is meant for the body of a
/// program is nothing for workers.
void hear_of_the_end() {
  struct sigaction hear {};
  hear.sa_handler = [](int signal) { end_signal = signal; };
  hear.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &hear, nullptr);
  leave_to_body();
}

}  // namespace

void leave_to_body() {
  for (const int signal : {SIGUSR1, SIGUSR2}) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(signal, SIG_IGN);
  }
}

void leave_end_to_body() {
  leave_to_body();
  static pid_t parent;
  static std::atomic<std::int64_t> heard_at;  // in seconds
  // Of mpirun it is the end; a batch system's own launcher passes on announcements.
  static bool is_told_by_parent;
  parent = getppid();
  is_told_by_parent = !environment("WEIR_TOLD_BY_PARENT").empty();
  struct sigaction hear {};
  hear.sa_flags = SA_RESTART | SA_SIGINFO;
  hear.sa_sigaction = [](int, siginfo_t* info, void*) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    std::int64_t never = 0;
    const bool is_first = heard_at.compare_exchange_strong(never, now.tv_sec) || now.tv_sec - never <= 1;
    const bool is_of_mpirun = info->si_pid == parent && !is_told_by_parent;
    if (is_first && !is_of_mpirun && getppid() == parent) return;
    std::signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
  };
  struct sigaction before {};
  if (sigaction(SIGTERM, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
    sigaction(SIGTERM, &hear, nullptr);
}

bool is_further_worker() { return !environment("WEIR_CONNECT").empty(); }

int run_further_worker(int argc, char** argv, const RunOptions& options) {
  dashboard::end_alone();
  client::set_job_end(end_of_job);
  bool several = false;
  int status = 1;
  const bool is_kept = !environment("WEIR_KEEP_JOBS").empty();
  try {
    const std::string path = environment("WEIR_CONNECT");
    unsetenv("WEIR_CONNECT");  // programs that tasks start are no workers
    static Ranks ranks(argc, argv);
    several = ranks.transport != nullptr;
    static comm::Network network(ranks.transport.get(), ranks.job,
                                 ranks.transport ? ranks.transport->rank() : 0, task::build_id());
    const PeerId self = [&] {
      try {
        return join(network, path, death_timeout());
      } catch (const Error& error) {
        if (is_kept && error.kind() != ErrorKind::protocol) status = status_not_found;
        throw;
      }
    }();
    network.accept_peers(environment("WEIR_INTERFACE"));
    node::WorkerSettings settings =
        worker_settings(options, self, number_of_threads(options, 1), ranks_of_host());
    unsetenv("WEIR_SLOT");  // not of what its tasks start
    settings.job = environment("WEIR_JOB");
    if (ranks.transport) ranks.transport->lend_at_most(settings.memory.limit / 8);
    if (const auto end = client::job_end()) {
      settings.ends = *end;
      settings.hand_over = client::notice_of(*end - node::Clock::now());
    }
    settings.end_signal = &end_signal;
    client::set_end_signal(&end_signal);
    hear_of_the_end();
    log::set_prefix(settings.name);
    const auto node = std::make_shared<node::WorkerNode>(network, self, settings);
    client::ClusterLink::set_current(node);
    node->start();
    node->wait_until_closed();
    client::ClusterLink::set_current(nullptr);
    status = 0;
  } catch (const std::exception& error) {
    std::cerr << "weir: " << printable(error.what()) << std::endl;
  }
  if (several) exit_now(status);
  return status;
}

}  // namespace weir::detail::home
