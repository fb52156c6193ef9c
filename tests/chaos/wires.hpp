// Workers that join over wires of this process, which breaks off and cuts them at random moments.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <weir/environment.hpp>

namespace weir::test {

/// Carries bytes from a port of its own to another one, but for pauses, until it is cut.
class Wire {
 public:
  explicit Wire(int to_port) : to_port_(to_port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("chaos: no wire");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { carry(); });
  }
  ~Wire() {
    cut();
    thread_.join();
    close(listener_);
  }
  Wire(const Wire&) = delete;

  [[nodiscard]] int port() const { return port_; }
  void pause(bool is_paused) { is_paused_ = is_paused; }
  void cut() { is_cut_ = true; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  [[nodiscard]] bool wait_for(int socket) const {
    pollfd ready{socket, POLLIN, 0};
    while (!is_cut_)
      if (!is_paused_ && poll(&ready, 1, 5) > 0) return true;
      else if (is_paused_) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return false;
  }
  void carry() {
    if (!wait_for(listener_)) return;
    const int near = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(to_port_);
    if (near >= 0 && far >= 0 &&
        connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      std::thread back([&] { copy(far, near); });
      copy(near, far);
      back.join();
    }
    close(near);
    close(far);
  }
  void copy(int from, int to) {
    std::array<char, 16384> piece;
    while (wait_for(from)) {
      const ssize_t count = recv(from, piece.data(), piece.size(), 0);
      if (count <= 0) return cut();
      for (ssize_t done = 0, sent; done < count; done += sent)
        if ((sent = send(to, piece.data() + done, static_cast<std::size_t>(count - done), MSG_NOSIGNAL)) <= 0)
          return cut();
    }
  }

  int to_port_, listener_, port_ = 0;
  std::atomic<bool> is_paused_{false}, is_cut_{false};
  std::thread thread_;
};

/// Workers on wires; the last cut leaves none, so there must be others.
class WiredWorkers {
 public:
  /// `session` is the file of a running program, whose further workers start like this process.
  WiredWorkers(const std::string& session, char** arguments, int count, std::uint64_t seed) : random_(seed) {
    std::ifstream in(session);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::smatch found;
    if (!std::regex_search(text, found, std::regex("127\\.0\\.0\\.1:(\\d+)")))
      throw std::runtime_error("chaos: the session is not on loopback");
    for (int i = 0; i < count; ++i) {
      wires_.push_back(std::make_unique<Wire>(std::stoi(found[1])));
      files_.push_back(session + ".wire" + std::to_string(i));
      std::ofstream(files_.back()) << found.prefix() << "127.0.0.1:" << wires_.back()->port()
                                   << found.suffix();
      std::filesystem::permissions(files_.back(), std::filesystem::perms(0600));
      start(files_.back(), arguments);
    }
  }
  ~WiredWorkers() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
    for (const std::string& file : files_) std::filesystem::remove(file);
  }
  WiredWorkers(const WiredWorkers&) = delete;

  /// From now on wires break.
  void begin() {
    thread_ = std::thread([this] { work(); });
  }

 private:
  void start(const std::string& file, char** arguments) {
    std::vector<std::string> variables = clean_environment();
    variables.push_back("WEIR_CONNECT=" + file);
    std::vector<char*> pointers;
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    pid_t pid = 0;
    if (posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, arguments, pointers.data()) != 0)
      throw std::runtime_error("chaos: no worker could be started");
    pids_.push_back(pid);
  }
  void sleep(std::uint64_t most_ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(random_() % most_ms);
    while (!is_over_ && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  void work() {
    while (!is_over_) {
      sleep(200);
      Wire& wire = *wires_[random_() % wires_.size()];
      if (random_() % 4 == 0) {
        wire.cut();
      } else {
        wire.pause(true);
        sleep(random_() % 5 == 0 ? 3000 : 400);
        wire.pause(false);
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Wire>> wires_;
  std::vector<std::string> files_;
  std::vector<pid_t> pids_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace weir::test
