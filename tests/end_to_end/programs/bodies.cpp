// Jobs whose body ends in every way a body can: `bodies HOW`. Prints "pid=..." of every rank, then "ready".
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <numeric>
#include <optional>
#include <thread>
#include <weir/weir.hpp>

extern "C" int MPI_Init_thread(int*, char***, int, int*);  // of whatever MPI Weir is linked with

namespace {

using weir::Client;
using weir::Future;

int process_id() { return getpid(); }
int inc(int x) { return x + 1; }
/// Runs until the process ends; nobody waits for it.
int for_ever(int x) {
  while (true) std::this_thread::sleep_for(std::chrono::milliseconds(x));
}
int outlast(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  return ms;
}
void go_on(int left) {
  auto client = Client::current();
  if (left > 0) client.fire_and_forget(client.submit(go_on, left - 1));
  else std::cout << "the end" << std::endl;
}
/// What it fires never ends: its process dies while the end of the program would wait for it.
int fire_for_ever(int) {
  auto client = Client::current();
  client.fire_and_forget(client.submit(for_ever, 10));
  return getpid();
}
int spin_for_ever(int) {
  volatile int turns = 0;
  while (true) turns = turns + 1;
}
/// Ends while the process does: after the body, before the last static object.
std::atomic<bool> has_begun{false};
int end_late(int) {
  has_begun = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  return 0;
}
struct Lingering {
  bool wanted = false;
  ~Lingering() {
    if (wanted) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
} lingering;
int wait_inside(int) { return Client::current().submit(for_ever, 10).result(); }

struct Own {};

/// What a program that is started here ends with.
int status_of(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }
int status_of_program(const std::string& command) { return status_of(command + " >/dev/null"); }

std::string what(const std::function<void()>& call) {
  try {
    call();
    return "nothing was wrong";
  } catch (const std::exception& error) {
    return error.what();
  }
}
std::string run_inside(int) {
  return what([] { weir::run(0, nullptr, [](Client&) { return 0; }); });
}

/// What the child of a fork ends with that does not end where it should.
int status_of_child(const std::function<void()>& leave) {
  const pid_t child = fork();
  if (child == 0) leave();  // and on, as a second one of whoever calls this
  int status = -1;
  if (child > 0) waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
int fork_in_task(std::string how) {
  const pid_t task = getpid();
  const int status = status_of_child([&] {
    if (how == "throw") throw std::runtime_error("the child gives up");
  });
  return getpid() == task ? status : 1;
}

/// Starts whole programs, MPI's and Weir's, here and in tasks.
int start_programs(Client& client, const std::string& self) {
  for (const std::string& command :
       {std::string("mpirun --oversubscribe -n 2 /bin/true"), self + " return7"}) {
    std::cout << "body: " << status_of_program(command) << '\n';
    for (const int status : client.gather(client.run_on_workers(status_of_program, command)))
      std::cout << "task: " << status << '\n';
  }
  return 0;
}

/// Whether stdin, stdout and stderr are no files of the library's own.
bool has_plain_descriptors() {
  for (const char* number : {"0", "1", "2"})
    if (std::filesystem::read_symlink(std::string("/proc/self/fd/") + number) != "/dev/null") return false;
  return true;
}

/// Outlive their cluster.
std::optional<Client> kept_client;
std::optional<Future<int>> kept_future;
void use_what_is_left() {
  std::cout << "submit: " << what([] { kept_client->submit(inc, 1); }) << '\n'
            << "workers: " << what([] { static_cast<void>(kept_client->workers()); }) << '\n'
            << "result: " << what([] { static_cast<void>(kept_future->result()); }) << '\n'
            << "current: " << what([] { static_cast<void>(Client::current()); }) << std::endl;
}

void announce(Client& client) {
  for (const int pid : client.gather(client.run_on_workers(process_id))) std::cout << "pid=" << pid << '\n';
  std::cout << "pid=" << getpid() << "\nready" << std::endl;
}

std::vector<Future<int>> busy(Client& client) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 4; ++i) {
    futures.push_back(client.submit(i % 2 ? spin_for_ever : for_ever, 10));
    futures.push_back(client.submit(wait_inside, 1));
  }
  for (int i = 0; i < 1000; ++i) futures.push_back(client.submit(inc, i));
  return futures;
}

int end(Client& client, const std::string& how) {
  announce(client);
  std::vector<Future<int>> running;
  const auto quick = client.submit(inc, 1);
  quick.wait();  // before every thread is busy for ever
  if (how.find("busy") != std::string::npos) running = busy(client);
  if (how.find("late") != std::string::npos) {
    lingering.wanted = true;
    running.push_back(client.submit(end_late, 1));
    for (int i = 0; i < 20 && !has_begun; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (how == "run_inside") {
    std::cout << run_inside(0) << '\n' << client.submit(run_inside, 0).result() << std::endl;
    return 3;
  }
  if (how.starts_with("fork")) {
    for (const std::string task_how : {"return", "throw"})
      std::cout << "task: " << client.submit(fork_in_task, task_how).result() << std::endl;
    const pid_t body = getpid();
    const int status = status_of_child([&] {
      if (how == "fork_throw") throw std::runtime_error("the child gives up");
      if (how == "fork_exit") std::exit(9);
    });
    if (getpid() != body) return 1;
    std::cout << "body: " << status << '\n' << client.submit(inc, 41).result() << std::endl;
    return 3;
  }
  if (how == "descriptors") return has_plain_descriptors() ? 4 : 5;
  if (how == "outlive") {
    kept_client = client;
    kept_future = client.submit(outlast, 300);  // longer than the body, and then the ranks leave in peace
  }
  if (how.starts_with("return")) return how.starts_with("return7") ? 7 : 0;
  if (how.starts_with("throw_int")) throw 5;
  if (how.starts_with("throw_own")) throw Own{};
  if (how.starts_with("throw_raw")) throw std::runtime_error("\x1b[2Jgone\r\nsecond line\x9b");
  if (how.starts_with("throw")) throw std::runtime_error("the body gives up");
  if (how.starts_with("task_error"))
    return client.submit([](int) -> int { throw std::logic_error("from the task"); }, 1).result();
  if (how.starts_with("task_exit5")) return client.submit([](int) -> int { std::exit(5); }, 1).result();
  if (how.starts_with("task_exit0")) return client.submit([](int) -> int { std::exit(0); }, 1).result();
  if (how == "unheard" || how == "unheard_there") {
    weir::Stream<int> source;
    const auto refuse = [](int) -> int { throw std::runtime_error("too late"); };
    if (how == "unheard") source.buffer(4).map(refuse).sink([](int) {});
    else source.scatter().map(refuse).gather().sink([](int) {});
    source.emit(1);
    return 0;  // nobody drains
  }
  if (how.starts_with("exit0")) std::exit(0);
  if (how.starts_with("exit5")) std::exit(5);
  if (how.starts_with("_exit6")) _exit(6);
  if (how.starts_with("wait")) client.wait(running);
  if (how.starts_with("completed")) {
    auto all = weir::as_completed(running);
    all.add(quick);
    all.next();
  }
  if (how.starts_with("go_on")) client.fire_and_forget(client.submit(go_on, 2000));
  if (how == "dead_fires") {
    const int worker = client.submit(fire_for_ever, 0).result();
    if (worker == getpid() || kill(worker, SIGKILL) != 0) return 8;
  }
  if (how == "first_fails") {
    client
        .submit(
            [](int) {
              std::cout << "it ran" << std::endl;
              throw std::runtime_error("once");
            },
            0)
        .wait();
  }
  if (how == "forgotten_fail") {
    for (int i = 0; i < 30; ++i)
      client.fire_and_forget(client.submit([](int) { throw std::runtime_error("no disk"); }, i));
  }
  if (how.starts_with("fire")) {
    for (int i = 0; i < 200; ++i)
      client.fire_and_forget(client.submit(
          [](int x) {
            if (x == 199) std::cout << "the last one ran" << std::endl;
          },
          i));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "return";
  // Of what a rank starts the size is that of the job around it.
  const char* ranks = std::getenv("PMIX_RANK") ? std::getenv("OMPI_COMM_WORLD_SIZE") : nullptr;
  const char* number = ranks ? std::getenv("OMPI_COMM_WORLD_RANK") : nullptr;
  const bool is_first = !number || std::string(number) == "0";
  const std::string rank = number ? number : "";
  if (how == "early" + rank) return 0;
  if (how == "own_mpi") {
    int level = 0;
    MPI_Init_thread(&argc, &argv, 3, &level);  // all threads
    if (rank == "2") _exit(0);
  }
  const int status = weir::run(argc, argv, [&](Client& client) {
    client.wait_for_workers(ranks && std::string(ranks) != "1" ? std::strtoul(ranks, nullptr, 10) - 1 : 1);
    return how == "start" ? start_programs(client, argv[0]) : end(client, how);
  });
  if (kept_client) use_what_is_left();
  if (how == "main_long" && is_first) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  if (how == "main_abort" && is_first) std::abort();
  if (how == "main_killed" && is_first) raise(SIGKILL);
  if (how == "worker_abort" && rank == "1") std::abort();
  if (how == "worker7" && rank == "1") return 7;
  std::cout << "after" << std::endl;
  return how == "main7" ? 7 : status;
}
