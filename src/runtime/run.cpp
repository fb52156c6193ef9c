// The roles of a process: alone with threads, rank 0, or a worker rank.
#include "weir/runtime/run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "comm/inproc.hpp"
#include "comm/mpi.hpp"
#include "core/log.hpp"
#include "runtime/scheduler_node.hpp"
#include "runtime/worker_node.hpp"

namespace weir {

namespace {

using runtime::SchedulerNode;
using runtime::WorkerNode;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::uint32_t number_of_threads(const RunOptions& options, std::uint32_t otherwise) {
  if (options.threads) return options.threads;
  const std::string text = environment("WEIR_THREADS");
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const unsigned long threads = std::strtoul(text.c_str(), &end, 10);
  if (*end || threads < 1 || threads > 4096) throw Error(ErrorKind::invalid_argument, "WEIR_THREADS: must be a number from 1 to 4096 (got \"" + text + "\")");
  return static_cast<std::uint32_t>(threads);
}

std::vector<Resource> resources_of(const RunOptions& options) {
  if (!options.resources.empty()) return options.resources;
  std::vector<Resource> resources;
  const std::string text = environment("WEIR_RESOURCES");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, end - at);
    const std::size_t equals = item.find('=');
    char* rest = nullptr;
    const double amount = equals == std::string::npos ? 0 : std::strtod(item.c_str() + equals + 1, &rest);
    if (equals == std::string::npos || equals == 0 || *rest || !(amount > 0))
      throw Error(ErrorKind::invalid_argument, "WEIR_RESOURCES: must be name=amount pairs such as \"GPU=2,licence=1\" (got \"" + item + "\")");
    resources.push_back({item.substr(0, equals), amount});
    at = end + 1;
  }
  return resources;
}

runtime::SchedulerSettings scheduler_settings(const RunOptions& options) {
  runtime::SchedulerSettings settings;
  settings.scheduling.allowed_failures = options.allowed_failures;
  return settings;
}

// The body, with its exceptions turned into one message and a status.
int run_body(const std::shared_ptr<SchedulerNode>& node, const std::function<int(Client&)>& body, bool& failed) {
  client::Core::set_current(node);
  int status = 1;
  failed = true;
  try {
    Client client(node);
    status = body(client);
    failed = false;
  } catch (const std::exception& error) {
    std::cout.flush();
    std::cerr << "weir: the program ended with an error: " << error.what() << std::endl;
  } catch (...) {
    std::cout.flush();
    std::cerr << "weir: the program ended with an exception that is no std::exception" << std::endl;
  }
  return status;
}

int run_with_threads(const std::function<int(Client&)>& body, const RunOptions& options) {
  runtime::Patience patience;
  patience.spin = std::chrono::microseconds(50);
  const auto hub = std::make_shared<comm::Hub>();
  comm::InprocTransport scheduler_link(hub, 0), worker_link(hub, 1);
  auto settings = scheduler_settings(options);
  settings.patience = patience;
  settings.expected_workers = 1;
  settings.patience_for_dead = std::chrono::hours(24);
  const auto node = std::make_shared<SchedulerNode>(scheduler_link, settings);
  runtime::WorkerSettings worker_settings;
  worker_settings.threads = number_of_threads(options, std::max(1u, std::thread::hardware_concurrency()));
  worker_settings.resources = resources_of(options);
  worker_settings.name = "worker 1";
  worker_settings.patience = patience;
  worker_settings.own_process = false;
  const auto worker = std::make_shared<WorkerNode>(worker_link, 1, worker_settings);
  node->start();
  worker->start();
  bool failed = false;
  const int status = run_body(node, body, failed);
  node->leave(failed);
  node->stop();
  client::Core::set_current(nullptr);
  worker->stop();
  return status;
}

// `weir run` learns the status from here, since mpirun's own means little once a rank has died.
void report_status(int status) {
  const std::string file = environment("WEIR_STATUS_FILE");
  if (file.empty()) return;
  const std::string temporary = file + ".new";
  {
    std::ofstream out(temporary, std::ios::trunc);
    out << status;
    if (!out.flush()) return;
  }
  std::rename(temporary.c_str(), file.c_str());
}

// After the loss of a whole node mpirun never returns by itself.
void end_mpirun() {
  std::string parent;
  std::ifstream("/proc/" + std::to_string(getppid()) + "/comm") >> parent;
  if (parent == "mpirun" || parent == "orterun" || parent == "mpiexec") kill(getppid(), SIGTERM);
}

[[noreturn]] void exit_now(int status) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(status);
}

int run_scheduler(boost::mpi::environment* mpi, comm::MpiTransport& transport, const std::function<int(Client&)>& body, const RunOptions& options) {
  auto settings = scheduler_settings(options);
  settings.expected_workers = transport.size() - 1;
  const auto node = std::make_shared<SchedulerNode>(transport, settings);
  node->start();
  bool failed = false;
  const int status = run_body(node, body, failed);
  const bool clean = node->leave(failed);
  node->stop();
  client::Core::set_current(nullptr);
  std::cout.flush();
  std::fflush(nullptr);
  report_status(status);
  if (clean) {
    delete mpi;  // finalizes
    return status;
  }
  if (node->lost_other_host() && environment("WEIR_STATUS_FILE").empty()) end_mpirun();
  exit_now(status);
}

int run_worker(boost::mpi::environment* mpi, comm::MpiTransport& transport, const RunOptions& options) {
  runtime::WorkerSettings settings;
  settings.threads = number_of_threads(options, 1);
  settings.resources = resources_of(options);
  settings.name = "worker " + std::to_string(transport.rank());
  const auto node = std::make_shared<WorkerNode>(transport, transport.rank(), settings);
  client::Core::set_current(node);
  node->start();
  const bool clean = node->wait_until_closed();
  client::Core::set_current(nullptr);
  if (!clean) exit_now(0);
  delete mpi;
  return 0;
}

}  // namespace

int run(int argc, char** argv, const std::function<int(Client&)>& body, const RunOptions& options) {
  const std::string size = environment("OMPI_COMM_WORLD_SIZE");
  try {
    if (size.empty() || size == "1") {
      const int status = run_with_threads(body, options);
      report_status(status);
      return status;
    }
    if (boost::mpi::environment::finalized()) throw Error(ErrorKind::unsupported, "weir::run: MPI has been finalized in this process; call weir::run once");
    auto* mpi = new boost::mpi::environment(argc, argv, boost::mpi::threading::serialized, false);
    static comm::MpiTransport transport{boost::mpi::communicator()};
    const std::string who = "rank " + std::to_string(transport.rank());
    log::set_prefix(who);
    return transport.rank() == 0 ? run_scheduler(mpi, transport, body, options) : run_worker(mpi, transport, options);
  } catch (const std::exception& error) {
    std::cerr << "weir: " << error.what() << std::endl;
    report_status(2);
    return 2;
  }
}

}  // namespace weir
