// Routes. A contact is "job rank address address ..."; an invitation "key address address ...".
#include "comm/network.hpp"

#include <cstring>
#include <sstream>

namespace weir::detail::comm {

namespace {

constexpr auto introduction = std::byte{0xff};  // no message begins so

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += ' ' + word;
  return text;
}

std::vector<std::string> rest_of(std::istringstream& in) {
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

Network::Network(PeerId self, Transport* base, PeerId own_peers, std::string build_id)
    : self_(self), base_(base), job_("first"), build_id_(std::move(build_id)), rank_(self) {
  routes_.resize(own_peers);
  for (PeerId peer = 0; peer < own_peers; ++peer) routes_[peer] = {.way = Way::base, .rank = peer};
  if (base_) base_->belong_to(*this);
}

Network::Network(Transport* base, std::string job, PeerId rank, std::string build_id)
    : self_(TcpTransport::nobody),
      base_(base),
      job_(std::move(job)),
      build_id_(std::move(build_id)),
      rank_(rank),
      further_(true) {
  if (base_) base_->belong_to(*this);
  route(0).way = Way::tcp;
}

Network::Route& Network::route(PeerId peer) {
  if (peer >= routes_.size()) routes_.resize(peer + 1);
  return routes_[peer];
}

// --- sessions

void Network::make_tcp(const SessionKey& key) {
  tcp_ = std::make_unique<TcpTransport>(self_, TcpSettings{.key = key, .build_id = build_id_});
}

Door Network::listen(const std::string& network) {
  if (!tcp_) {
    make_tcp(random_bytes());
    tcp_->open(network);
    tcp_->admit_from(std::max<PeerId>(1, static_cast<PeerId>(routes_.size())));
    open_ = tcp_.get();
    wake();
  }
  return {tcp_->addresses(), to_hex(tcp_->settings().key)};
}

std::string Network::invitation() const {
  return tcp_ ? to_hex(tcp_->settings().key) + joined(tcp_->addresses()) : "";
}

void Network::enter(const std::string& invitation) {
  if (tcp_) return;
  std::istringstream in(invitation);
  std::string key;
  in >> key;
  make_tcp(key_from_hex(key));
  const auto addresses = rest_of(in);
  tcp_->open(addresses.empty() ? "" : local_address_towards(addresses.front()));
  open_ = tcp_.get();
  wake();
}

PeerId Network::join(const Door& door, std::chrono::steady_clock::time_point deadline) {
  open_ = nullptr;
  make_tcp(key_from_hex(door.key));
  self_ = tcp_->join(door.addresses, deadline);
  open_ = tcp_.get();
  return self_;
}

void Network::accept_peers(const std::string& network) {
  tcp_->open(network.empty() ? tcp_->local_address_to(0) : network);
}

std::string Network::contact() const {
  return tcp_ ? job_ + ' ' + std::to_string(rank_) + joined(tcp_->addresses()) : "";
}

void Network::learn(PeerId peer, const std::string& contact) {
  std::istringstream in(contact);
  std::string job;
  PeerId rank = 0;
  Route& to = route(peer);
  if (!(in >> job >> rank) || to.way != Way::unknown || !tcp_) return;
  if (job == job_ && base_) {
    to.way = Way::base;
    to.rank = rank;
  } else {
    to.way = Way::tcp;
    tcp_->set_addresses(peer, rest_of(in));
  }
  for (Frame& frame : std::exchange(to.waiting, {})) send(peer, std::move(frame));
}

// --- frames

void Network::send_base(Route& to, Frame&& frame) {
  if (further_ && !to.greeted) {
    to.greeted = true;
    Frame hello;
    hello.head.append(&introduction, 1);
    hello.head.append(&self_, sizeof self_);
    base_->send(to.rank, std::move(hello));
  }
  base_->send(to.rank, std::move(frame));
}

void Network::send(PeerId peer, Frame frame) {
  Route& to = route(peer);
  if (to.gone) return;
  switch (to.way) {
    case Way::base:
      return send_base(to, std::move(frame));
    case Way::tcp:
      return tcp_->send(peer, std::move(frame));
    case Way::unknown:
      break;
  }
  if (tcp_ && (self_ == 0 || tcp_->linked(peer))) return tcp_->send(peer, std::move(frame));
  for (const task::Value& value : frame.values) (void)value.size();  // throws now what it would throw later
  to.waiting.push_back(std::move(frame));
  if (!std::exchange(to.asked, true)) to_ask_.push_back(peer);
}

bool Network::send_now(PeerId peer, std::span<const std::byte> messages, bool is_urgent) {
  const Route& to = route(peer);
  return to.way == Way::base && !to.gone && (!further_ || to.greeted) &&
         base_->send_now(to.rank, messages, is_urgent);
}

void Network::Named::receive(PeerId rank, Frame&& frame) {
  auto& ids = network->id_of_rank_;
  if (rank >= ids.size()) ids.resize(rank + 1, TcpTransport::nobody);
  if (frame.head.size() == 1 + sizeof(PeerId) && frame.head.data()[0] == introduction) {
    std::memcpy(&ids[rank], frame.head.data() + 1, sizeof(PeerId));
  } else if (ids[rank] != TcpTransport::nobody && !network->route(ids[rank]).gone) {
    target->receive(ids[rank], std::move(frame));
  }
}

bool Network::poll(Receiver& receiver) {
  bool moved = false;
  if (base_) {
    if (further_) {
      Named named;
      named.network = this;
      named.target = &receiver;
      moved = base_->poll(named);
    } else {
      moved = base_->poll(receiver);
    }
  }
  // While the base is busy, its microseconds are not spent on asking the kernel each time.
  if (tcp_ && (!moved || ++polls_ % 8 == 0)) moved |= tcp_->poll(receiver);
  if (!to_ask_.empty())
    for (const PeerId peer : std::exchange(to_ask_, {})) receiver.unknown(peer);
  return moved;
}

bool Network::busy(PeerId peer) const {
  if (peer >= routes_.size()) return false;
  const Route& to = routes_[peer];
  return to.way == Way::base ? base_->busy(to.rank) : tcp_ && tcp_->busy(peer);
}

bool Network::sending() const { return (base_ && base_->sending()) || (tcp_ && tcp_->sending()); }

void Network::forget(PeerId peer) {
  Route& dead = route(peer);
  dead.gone = true;
  dead.waiting.clear();
  if (dead.way == Way::base) base_->forget(dead.rank);
  if (tcp_) tcp_->forget(peer);
}

// A bell and sockets cannot be waited for at once: whoever has both looks for what the base brings.
void Network::sleep(std::uint32_t since, std::chrono::nanoseconds most) {
  if (TcpTransport* tcp = open_) tcp->sleep(since, most);
  else Transport::sleep(since, most);
}

void Network::wake() {
  if (TcpTransport* tcp = open_) tcp->wake();
  bell().ring();
}

bool Network::rings() const noexcept { return !base_ || (base_->rings() && (!open_ || base_->wakes())); }

}  // namespace weir::detail::comm
