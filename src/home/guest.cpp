// Other programs as clients: the door they come in by, and how they come in.
#include "home/guest.hpp"

#include <cstdlib>

#include "comm/network.hpp"
#include "core/forked.hpp"
#include "core/log.hpp"
#include "home/session_file.hpp"
#include "home/settings.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/session.hpp"

namespace weir {

namespace {

using detail::client::ClusterLink;

std::unique_ptr<detail::home::SessionFile>& open_file() {
  static std::unique_ptr<detail::home::SessionFile> file;
  return file;
}

/// This process as somebody's client, for the rest of its life: futures may be anywhere.
struct Guest {
  detail::comm::Network network{nullptr, "client", 0, detail::task::build_id()};
  std::shared_ptr<detail::node::WorkerNode> node;
};
Guest* guest = nullptr;

detail::home::SessionInfo session_in(const std::string& file) {
  try {
    const auto session = detail::home::read_session_file(file);
    if (session.build_id != detail::task::build_id())
      throw Error(ErrorKind::unsupported,
                  "session file " + file + ": was opened by another executable (build " + session.build_id +
                      ") than this one (build " + detail::task::build_id() +
                      "); start the same file, since functions are known by where they lie in it");
    return session;
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("Client::connect: ") + error.what());
  }
}

}  // namespace

std::string open_session(const std::string& file, const std::string& network) {
  const auto link = ClusterLink::current();
  if (!link)
    throw Error(ErrorKind::closed,
                "open_session: there is no cluster here; call it in the body of weir::run");
  const auto scheduler = std::dynamic_pointer_cast<detail::node::SchedulerNode>(link);
  if (!scheduler)
    throw Error(ErrorKind::unsupported,
                "open_session: only the program itself can open its session, not a task or another client");
  std::unique_ptr<detail::home::SessionFile>& open = open_file();
  if (open)
    throw Error(ErrorKind::unsupported, "open_session: it is open already, by " + open->path().string());
  if (!file.empty()) detail::home::SessionFile::check_free({file});
  const detail::comm::Door door = scheduler->open_door_for_guests(network);
  open = file.empty() ? std::make_unique<detail::home::SessionFile>(door)
                      : std::make_unique<detail::home::SessionFile>(detail::home::Named{file}, door);
  detail::log::info("other programs are let in by {}", open->path().string());
  return open->path();
}

void detail::home::open_named_session() {
  const std::string file = environment("WEIR_SESSION");
  unsetenv("WEIR_SESSION");  // programs that this one starts have sessions of their own
  if (!file.empty()) open_session(file);
}

void detail::home::close_session() noexcept { open_file().reset(); }

Client Client::connect(const std::string& session_file, Duration timeout) {
  if (ClusterLink::current() || guest)
    throw Error(ErrorKind::unsupported,
                "Client::connect: this process is in a cluster already, and can be in one at a time; use "
                "Client::current(), or a program of its own for the other one");
  const detail::home::SessionInfo session = session_in(session_file);
  auto made = std::make_unique<Guest>();
  PeerId self = 0;
  try {
    self = made->network.join(session.door, detail::node::Clock::now() + timeout.value());
    made->network.accept_peers({});
  } catch (const Error& error) {
    throw Error(error.kind(), "Client::connect: the program of " + session_file + " (" +
                                  detail::home::describe(session) + ") could not be reached at " +
                                  session.door.addresses.front() + ": " + error.what());
  }
  detail::node::WorkerSettings settings;
  settings.threads = 0;
  settings.is_guest = true;
  settings.own_process = false;
  settings.name = "client " + std::to_string(self);
  settings.memory.limit = detail::home::granted_memory();
  made->node = std::make_shared<detail::node::WorkerNode>(made->network, self, settings);
  guest = made.release();
  ClusterLink::set_current(guest->node);
  guest->node->start();
  static const detail::OwnProcess process;
  std::atexit([] {
    if (process.is_left()) return;  // one that was forked: the cluster is its parent's
    ClusterLink::set_current(nullptr);
    guest->node->leave();
  });
  return Client(guest->node);
}

}  // namespace weir
