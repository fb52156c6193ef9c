// Connections of one process.
#include "comm/tcp.hpp"

#include <algorithm>
#include <cstring>

#include "comm/wire.hpp"
#include "core/log.hpp"
#include "weir/duration.hpp"

namespace weir::detail::comm {

namespace {

using Clock = Connection::Clock;

void put_text(Buffer& out, const std::string& text) {
  put(out, static_cast<std::uint16_t>(text.size()));
  out.append(text.data(), text.size());
}
std::string get_text(Reader& in) {
  const auto size = get<std::uint16_t>(in);
  return {reinterpret_cast<const char*>(in.view(size)), size};
}

}  // namespace

TcpTransport::TcpTransport(PeerId self, TcpSettings settings) : self_(self), settings_(std::move(settings)) {}

TcpTransport::~TcpTransport() = default;

void TcpTransport::open(const std::string& network) {
  Listener listener = listen_on(network);
  listener_ = std::move(listener.socket);
  addresses_ = std::move(listener.addresses);
  poller_.add(listener_.get(), nullptr);
}

TcpTransport::Peer& TcpTransport::peer(PeerId id) {
  if (id >= peers_.size()) peers_.resize(id + 1);
  return peers_[id];
}

void TcpTransport::set_addresses(PeerId id, std::vector<std::string> addresses) {
  peer(id).addresses = std::move(addresses);
}

std::string TcpTransport::local_address_to(PeerId id) const {
  return local_address(peers_.at(id).link->socket());
}

// --- making connections

void TcpTransport::connect(PeerId id) {
  Peer& to = peer(id);
  std::string why = "nobody has said where it is";
  for (to.tried = 0; to.tried < to.addresses.size();) {
    const std::string& address = to.addresses[to.tried++];
    try {
      auto made =
          std::make_unique<Connection>(connect_to(address), Handshake::Role::initiator, settings_.key);
      to.link = made.get();
      to.link->name_remote(address);
      to.link->peer = id;
      WireFrame introduction;
      put(introduction.head, self_);
      put(introduction.head, id);
      put_text(introduction.head, settings_.build_id);
      to.link->send(Arrival::Kind::introduction, std::move(introduction));
      poller_.add(to.link->socket(), to.link);
      poller_.change(to.link->socket(), to.link, to.link->watching_write = true);
      connections_.emplace(to.link, std::move(made));
      return;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  failed_.emplace_back(id, why);
}

/// Whether the peer has another address, which is being tried now.
bool TcpTransport::try_next(Connection& connection) {
  if (connection.role() != Handshake::Role::initiator || connection.proven()) return false;
  Peer& to = peer(*connection.peer);
  while (!to.gone && to.tried < to.addresses.size()) {
    const std::string& address = to.addresses[to.tried++];
    try {
      connection.retry(connect_to(address), settings_.key);
      connection.name_remote(address);
      poller_.add(connection.socket(), &connection);
      poller_.change(connection.socket(), &connection, connection.watching_write = true);
      return true;
    } catch (const Error&) {
    }
  }
  return false;
}

PeerId TcpTransport::join(const std::vector<std::string>& addresses, Clock::time_point deadline) {
  struct Watch : Receiver {
    void receive(PeerId, Frame&&) override {}
    void lost(PeerId, const std::string& how) override { reason = how; }
    std::string reason;
  } watch;
  peers_.clear();
  set_addresses(0, addresses);
  connect(0);
  while (watch.reason.empty()) {
    poll(watch);
    if (!refusal_.empty()) throw Error(ErrorKind::protocol, refusal_);
    if (self_ != nobody) return self_;
    if (Clock::now() >= deadline) throw Error(ErrorKind::timeout, "it does not answer");
    wait(std::chrono::milliseconds(20));
  }
  throw Error(ErrorKind::io, watch.reason);
}

void TcpTransport::accept_all() {
  for (int i = 0; i < 64; ++i) {
    int error = 0;
    Descriptor socket = accept_from(listener_.get(), error);
    if (socket.get() < 0) {
      if (error && Clock::now() - complained_ > std::chrono::seconds(1)) {
        complained_ = Clock::now();
        log::warn("a connection cannot be accepted ({}); `ulimit -n` says how many this process may have",
                  std::strerror(error));
      }
      if (error) {
        // The socket stays ready: without a pause this would be tried without end.
        poller_.remove(listener_.get());
        listen_again_ = Clock::now() + std::chrono::milliseconds(200);
      }
      return;
    }
    make_room();
    auto made = std::make_unique<Connection>(std::move(socket), Handshake::Role::acceptor, settings_.key);
    poller_.add(made->socket(), made.get());
    ++half_open_;
    connections_.emplace(made.get(), std::move(made));
  }
}

// A stranger who is honest takes milliseconds; so the one that has been there longest is not.
void TcpTransport::make_room() {
  if (half_open_ < settings_.most_half_open) return;
  Connection* oldest = nullptr;
  for (const auto& [connection, owner] : connections_)
    if (connection->role() == Handshake::Role::acceptor && !connection->open && !connection->ending &&
        (!oldest || connection->since < oldest->since))
      oldest = connection;
  if (!oldest) return;
  oldest->break_off("too many others wait to show the session's key");
  note(*oldest);
}

// --- who is who

void TcpTransport::introduced(Connection& connection, const Arrival& arrival) {
  Reader in(arrival.head.bytes());
  const auto claims = get<PeerId>(in);
  const auto wants = get<PeerId>(in);
  const std::string build = get_text(in);
  if (build != settings_.build_id)
    return decide(connection, 0,
                  "it runs another executable (build " + build +
                      ") than the program it wants to join (build " + settings_.build_id +
                      "); start the same file everywhere");
  if (wants != self_)
    return decide(connection, 0,
                  "it looks for peer " + std::to_string(wants) + ", which is not here any more");
  if (claims == nobody && !next_peer_) return decide(connection, 0, "only the scheduler lets newcomers in");
  if (claims != nobody && (next_peer_ || claims == self_ || claims > (1u << 24)))
    return decide(connection, 0,
                  "it says that it is peer " + std::to_string(claims) + ", which is not known here");
  const PeerId id = claims == nobody ? (*next_peer_)++ : claims;
  if (peer(id).gone) return decide(connection, 0, "it was taken for dead");
  connection.open = true;
  connection.peer = id;
  --half_open_;
  if (!peer(id).link) peer(id).link = &connection;
  decide(connection, id, "");
}

/// Tells the other side that it may stay, as `yours`, or why not.
void TcpTransport::decide(Connection& connection, PeerId yours, const std::string& refusal) {
  WireFrame verdict;
  put(verdict.head, static_cast<std::uint8_t>(refusal.empty()));
  put(verdict.head, yours);
  put_text(verdict.head, refusal);
  connection.send(Arrival::Kind::verdict, std::move(verdict));
  if (!refusal.empty()) connection.break_off(refusal);
}

void TcpTransport::judged(Connection& connection, const Arrival& arrival) {
  Reader in(arrival.head.bytes());
  const bool good = get<std::uint8_t>(in) != 0;
  const auto id = get<PeerId>(in);
  const std::string refusal = get_text(in);
  connection.open = good;
  if (!good) {
    if (self_ == nobody) refusal_ = refusal;
    connection.break_off("it does not let us in: " + refusal);
  } else if (self_ == nobody) {
    self_ = id;
  }
}

// --- frames

void TcpTransport::send(PeerId to, Frame frame) {
  Peer& target = peer(to);
  if (target.gone) return;
  WireFrame wire;
  const bool plain = frame.values.empty();
  if (plain) wire.head = std::move(frame.head);
  else wire = to_wire(std::move(frame));
  if (!target.link) connect(to);
  if (!peers_[to].link) return;
  Connection& link = *peers_[to].link;
  link.send(plain ? Arrival::Kind::plain : Arrival::Kind::valued, std::move(wire));
  note(link);
}

/// Brings the poller, and the list of what is to be closed, up to date.
void TcpTransport::note(Connection& connection) {
  if (connection.ending) return;
  if (!connection.broken().empty()) {
    connection.ending = true;
    broken_.push_back(&connection);
  } else if (connection.wants_write() != connection.watching_write) {
    connection.watching_write = !connection.watching_write;
    poller_.change(connection.socket(), &connection, connection.watching_write);
  }
}

void TcpTransport::take(Connection& connection, Arrival&& arrival, Receiver& receiver) {
  if (!connection.open) {
    const bool acceptor = connection.role() == Handshake::Role::acceptor;
    if (arrival.kind != (acceptor ? Arrival::Kind::introduction : Arrival::Kind::verdict))
      return connection.break_off("it has not said who it is");
    acceptor ? introduced(connection, arrival) : judged(connection, arrival);
  } else if (arrival.kind == Arrival::Kind::plain) {
    receiver.receive(*connection.peer, Frame{std::move(arrival.head), {}});
  } else if (arrival.kind == Arrival::Kind::valued) {
    receiver.receive(*connection.peer, from_wire(arrival.head.bytes(), std::move(arrival.blocks)));
  } else {
    connection.break_off("it said twice who it is");
  }
}

bool TcpTransport::serve(Connection& connection, std::uint32_t events, Receiver& receiver) {
  bool moved = false;
  if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) connection.connected();
  if (connection.broken().empty() && events & ~EPOLLOUT) moved |= connection.read();
  try {
    while (auto arrival = connection.next()) {
      if (connection.peer && peers_[*connection.peer].gone) break;
      take(connection, std::move(*arrival), receiver);
    }
  } catch (const std::exception& error) {
    connection.break_off(std::string("what it sent cannot be read (") + error.what() + ")");
  }
  if (connection.wants_write()) moved |= connection.write();
  note(connection);
  return moved;
}

bool TcpTransport::poll(Receiver& receiver) {
  bool moved = false;
  for (const epoll_event& event : poller_.ready()) {
    auto* connection = static_cast<Connection*>(event.data.ptr);
    if (!connection) accept_all();
    else if (!connection->ending) moved |= serve(*connection, event.events, receiver);
  }
  const auto now = Clock::now();
  if (now - checked_ > std::chrono::milliseconds(100)) check_times(now);
  if (!broken_.empty() || !failed_.empty()) end_broken(receiver);
  return moved;
}

bool TcpTransport::busy(PeerId to) const {
  return to < peers_.size() && peers_[to].link && !peers_[to].link->idle();
}

bool TcpTransport::sending() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& entry) {
    return entry.first->peer && !entry.first->ending && !entry.first->idle();
  });
}

// --- ends

void TcpTransport::check_times(Clock::time_point now) {
  checked_ = now;
  if (listen_again_ && now >= *listen_again_) {
    listen_again_.reset();
    poller_.add(listener_.get(), nullptr);
  }
  for (const auto& [connection, owner] : connections_) {
    if (connection->open || now - connection->since < settings_.handshake_time) continue;
    const std::string time = to_string(std::chrono::nanoseconds(settings_.handshake_time));
    connection->break_off(connection->role() == Handshake::Role::acceptor
                              ? "it has not shown the session's key within " + time
                              : "it has not answered within " + time);
    note(*connection);
  }
}

void TcpTransport::forget(PeerId id) {
  Peer& dead = peer(id);
  dead.gone = true;
  dead.link = nullptr;
  for (const auto& [connection, owner] : connections_) {
    if (connection->peer != id) continue;
    connection->break_off("it is dead");
    note(*connection);
  }
}

void TcpTransport::complain(const Connection& connection) {
  const auto now = Clock::now();
  // Who goes away again has done nothing wrong: a worker that was ended while it knocked.
  if (now - complained_ < std::chrono::milliseconds(100) || connection.has_gone())  // garbage may be much
    return log::debug("a connection from {} is refused: {}", connection.remote(), connection.broken());
  complained_ = now;
  log::warn("a connection from {} is refused: {}", connection.remote(), connection.broken());
}

void TcpTransport::end(Connection& connection, Receiver& receiver) {
  poller_.remove(connection.socket());
  if (try_next(connection)) return;
  const bool stranger = connection.role() == Handshake::Role::acceptor && !connection.open;
  const auto owner = connections_.extract(&connection);
  if (stranger) {
    --half_open_;
    return complain(connection);
  }
  Peer& other = peer(*connection.peer);
  if (other.link == &connection) other.link = nullptr;
  if (!other.gone) receiver.lost(*connection.peer, connection.broken());
}

void TcpTransport::end_broken(Receiver& receiver) {
  for (auto& [id, why] : std::exchange(failed_, {}))
    if (!peer(id).gone) receiver.lost(id, why);
  for (Connection* connection : std::exchange(broken_, {})) end(*connection, receiver);
}

}  // namespace weir::detail::comm
