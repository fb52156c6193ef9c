// Session files, as JSON.
#include "home/session_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "comm/socket.hpp"
#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "core/process.hpp"
#include "core/state_directory.hpp"
#include "core/target.hpp"
#include "home/settings.hpp"
#include "node/host.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::home {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int format = 1;

[[noreturn]] void refuse(const fs::path& path, const std::string& what, int reason) {
  const bool is_named = !path.string().starts_with(state_directory().string());
  throw Error(ErrorKind::io, "session file: " + path.string() + " cannot be " + what + " (" +
                                 std::strerror(reason) + ")" +
                                 (is_named ? "" : "; WEIR_STATE_DIR names another directory"));
}

void make_private(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory.parent_path(), error);
  if (error) refuse(directory, "made", error.value());
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) refuse(directory, "made", errno);
  if (chmod(directory.c_str(), 0700) != 0) refuse(directory, "made private", errno);
}

bool has_ended(const SessionInfo& session) {
  if (session.host_id != node::host_id()) return false;
  const std::uint64_t birth = birth_of(static_cast<pid_t>(session.pid));
  return birth == 0 || (session.born != 0 && session.born != birth);
}

/// What crashed programs of this host have left.
void remove_stale(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() != ".json") continue;
    try {
      (void)read_session_file(entry.path());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::closed) continue;
      fs::remove(entry.path(), ignored);
      fs::remove(fs::path(entry.path()).replace_extension(".cluster"), ignored);
    }
  }
}

}  // namespace

fs::path sessions_directory() { return state_directory() / "sessions"; }

void write_private(const fs::path& path, const std::string& bytes) {
  if (is_special_file(path.string())) refuse(path, "made", EEXIST);
  const fs::path temporary = path.string() + ".new";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0) refuse(temporary, "made", errno);
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        fsync(file.get()) != 0)
      refuse(temporary, "written", errno);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) refuse(path, "made", errno);
}

namespace {

/// Files that go with the program when a signal ends it, in memory that a handler may look at.
struct Kept {
  std::atomic<bool> is_used{false};
  char path[4096];
  char cluster[4096];
};
std::array<Kept, 16> kept;

void remove_and_end(int signal) {
  for (const Kept& one : kept) {
    if (!one.is_used) continue;
    unlink(one.path);
    unlink(one.cluster);
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

/// Only where nobody has said what a signal does.
void remove_on_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
      std::signal(number, remove_and_end);
  }
}

void keep(const fs::path& path) {
  const std::string cluster = fs::path(path).replace_extension(".cluster");
  if (cluster.size() >= sizeof Kept::path) return;
  for (Kept& one : kept) {
    if (one.is_used) continue;
    std::strcpy(one.path, path.c_str());
    std::strcpy(one.cluster, cluster.c_str());
    one.is_used = true;
    return;
  }
}

void let_go(const fs::path& path) {
  for (Kept& one : kept)
    if (one.is_used && path == one.path) one.is_used = false;
}

}  // namespace

SessionFile::SessionFile(const comm::Door& door, fs::path directory) {
  if (directory.empty()) directory = sessions_directory();
  make_private(directory);
  remove_stale(directory);
  static std::atomic<int> number{0};
  path_ = fs::absolute(directory) /
          (node::host_name() + "-" + std::to_string(getpid()) + "-" + std::to_string(++number) + ".json");
  write(door);
}

SessionFile::SessionFile(const Named& name, const comm::Door& door) : path_(fs::absolute(name.path)) {
  check_free(name);
  write(door);
}

void SessionFile::check_free(const Named& name) {
  const fs::path path = fs::absolute(name.path);
  std::string why = "belongs to a session that is open";
  try {
    const SessionInfo session = read_session_file(path);
    if (name.asks_hosts && session.host_id != node::host_id() &&
        !is_listening(session.door, std::chrono::seconds(3)))
      return;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::closed) return;
    why = "is something else";
  }
  throw Error(ErrorKind::unsupported,
              "session file " + path.string() + ": is there and " + why + "; choose another name");
}

void SessionFile::write(const comm::Door& door) const {
  const json text = {{"weir_session", format},
                     {"addresses", door.addresses},
                     {"key", door.key},
                     {"build_id", task::build_id()},
                     {"pid", getpid()},
                     {"born", birth_of(getpid())},
                     {"host", node::host_name()},
                     {"host_id", node::host_id()},
                     {"started", std::time(nullptr)}};
  write_private(path_, text.dump(1) + "\n");
  keep(path_);
  remove_on_signals();
}

SessionFile::~SessionFile() {
  let_go(path_);
  std::error_code ignored;
  fs::remove(path_, ignored);
}

SessionInfo read_session_file(const fs::path& path) {
  const std::string name = "session file " + path.string();
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      throw Error(ErrorKind::not_found,
                  name + ": is not there; the program it belongs to has ended, or has not begun");
    refuse(path, "read", errno);
  }
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::protocol, name + ": is no session file");
  if (status.st_mode & 077)
    throw Error(ErrorKind::protocol, name +
                                         ": must be readable by its owner alone, since it holds the "
                                         "session's key; chmod 600 it, and start a new session");
  std::ifstream file(path);
  if (!file) refuse(path, "read", errno);
  SessionInfo session;
  try {
    const json text = json::parse(file);
    if (text.at("weir_session").get<int>() != format)
      throw Error(ErrorKind::protocol, name + ": was written by another version of Weir");
    text.at("addresses").get_to(session.door.addresses);
    text.at("key").get_to(session.door.key);
    text.at("build_id").get_to(session.build_id);
    text.at("pid").get_to(session.pid);
    session.born = text.value("born", std::uint64_t{0});
    text.at("host").get_to(session.host);
    text.at("host_id").get_to(session.host_id);
    text.at("started").get_to(session.started_s);
  } catch (const json::exception&) {
    throw Error(ErrorKind::protocol, name + ": is no session file");
  }
  if (has_ended(session))
    throw Error(ErrorKind::closed,
                name + ": belongs to a session that has ended (" + describe(session) + ")");
  return session;
}

bool is_listening(const comm::Door& door, std::chrono::milliseconds patience) {
  std::vector<Descriptor> sockets;
  std::vector<pollfd> waiting;
  for (const std::string& address : door.addresses) {
    try {
      sockets.push_back(comm::connect_to(address));
      waiting.push_back({sockets.back().get(), POLLOUT, 0});
    } catch (const Error&) {  // the others are tried
    }
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!waiting.empty()) {
    const auto rest =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    const int ready = rest > 0 ? poll(waiting.data(), waiting.size(), static_cast<int>(rest)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    for (const pollfd& one : waiting)
      if (one.revents && comm::connection_error(one.fd).empty()) return true;
    std::erase_if(waiting, [](const pollfd& one) { return one.revents != 0; });
  }
  return false;
}

std::string describe(const SessionInfo& session) {
  char time[32] = "";
  const std::time_t started = session.started_s;
  std::tm parts{};
  if (localtime_r(&started, &parts)) std::strftime(time, sizeof time, "%F %T", &parts);
  return "process " + std::to_string(session.pid) + " on " + session.host + ", started " + time;
}

}  // namespace weir::detail::home
