// Mail of gangs, and what cannot come.
#include "node/gang_box.hpp"

#include <algorithm>

#include "weir/gang.hpp"

namespace weir::detail::node {

namespace {

using Step = protocol::GangStep;
using Kind = Step::Kind;

constexpr std::size_t most_over = 256;
constexpr std::size_t most_calls = 64;
constexpr const char* rule = "; all ranks must call the same functions in the same order";

std::string text_of(std::uint32_t rank) { return "rank " + std::to_string(rank); }

std::string call_text(const Step& step) {
  constexpr const char* names[] = {"barrier",   "broadcast from ", "reduce to ", "allreduce", "gather to ",
                                   "allgather", "scatter from ",   "GangComm",   "receive"};
  const auto kind = static_cast<std::size_t>(step.kind);
  std::string text = kind < std::size(names) ? names[kind] : "something else";
  if (text.back() == ' ') text += text_of(step.root);
  if (!step.is_collective()) return text + " with tag " + std::to_string(step.tag);
  return text;
}

std::string number_text(const Step& step) {
  if (!step.is_collective()) return "";
  return " (collective call " + std::to_string((step.tag & ~Step::collective) + 1) + ")";
}

std::string mismatch(std::uint32_t rank, const Step& step, std::uint32_t other, const Step& others) {
  if (!step.is_collective())
    return "Gang: " + text_of(rank) + " receives values of another type than " + text_of(other) +
           " has sent with tag " + std::to_string(step.tag);
  Step same_type = others;
  same_type.type = step.type;
  if (same_type == step)
    return "Gang: " + text_of(rank) + " calls " + call_text(step) + " with values of another type than " +
           text_of(other) + number_text(step) + rule;
  return "Gang: " + text_of(rank) + " calls " + call_text(step) + " where " + text_of(other) + " calls " +
         call_text(others) + number_text(step) + rule;
}

std::string returned(std::uint32_t waiting, const Step& step, std::uint32_t gone) {
  return "Gang: " + text_of(waiting) + " calls " + call_text(step) + number_text(step) + " and needs " +
         text_of(gone) + ", which has returned" + (step.is_collective() ? rule : " without sending that");
}

std::string circle(const std::vector<protocol::GangWait>& waits) {
  std::string text = "Gang: ranks wait for each other for ever: ";
  for (std::size_t i = 0; i < waits.size(); ++i)
    text += (i ? ", " : "") + text_of(waits[i].rank) + " in " + call_text(waits[i].step) +
            number_text(waits[i].step) + " for " + text_of(waits[(i + 1) % waits.size()].rank);
  return text + rule;
}

std::uint64_t count_in(const std::map<std::uint32_t, std::uint64_t>& counts, std::uint32_t rank) {
  const auto at = counts.find(rank);
  return at == counts.end() ? 0 : at->second;
}

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorKind::protocol, sentence); }

}  // namespace

const Step* GangBox::Rank::called(const Step& step) const {
  for (const Step& call : calls)
    if (call.tag == step.tag) return &call;
  return nullptr;
}

const GangBox::Open* GangBox::find(const Attempt& attempt) const {
  if (const auto open = open_.find(attempt); open != open_.end()) return &open->second;
  const auto over =
      std::find_if(over_.rbegin(), over_.rend(), [&](const auto& one) { return one.first == attempt; });
  return over == over_.rend() ? nullptr : &over->second;
}

// The rank makes this call: what has come for it must be of the same.
void GangBox::note(Open& open, std::uint32_t rank, const Step& step) {
  std::deque<Step>& calls = open.ranks[rank].calls;
  if (!step.is_collective() || (!calls.empty() && calls.back().tag == step.tag)) return;
  calls.push_back(step);
  if (calls.size() > most_calls) calls.pop_front();
  for (const auto& [key, mails] : open.mail)
    if (std::get<1>(key) == rank && std::get<2>(key) == step.tag && mails.front().step != step)
      refuse(mismatch(rank, step, std::get<0>(key), mails.front().step));
}

void GangBox::sent(const Attempt& attempt, std::uint32_t from, std::uint32_t to, const Step& step) {
  Open& open = open_[attempt];
  note(open, from, step);
  ++open.ranks[from].sent[to];
  if (step.is_collective()) ++open.ranks[from].traffic[to].sent;
}

std::optional<protocol::GangStuck> GangBox::put(protocol::GangData&& message) {
  const Attempt attempt{message.leader, message.run};
  const auto tell = [&](std::string reason) {
    return protocol::GangStuck{message.leader, message.run, message.from, std::move(reason)};
  };
  const auto never = [&](const Rank& rank) { return rank.has_returned && message.step.is_collective(); };
  if (is_over(attempt)) {
    const auto& ranks = find(attempt)->ranks;
    const auto rank = ranks.find(message.to);
    if (rank == ranks.end() || !never(rank->second)) return {};
    return tell(returned(message.from, message.step, message.to));
  }
  Open& open = open_[attempt];
  Rank& rank = open.ranks[message.to];
  ++rank.got[message.from];
  if (never(rank)) return tell(returned(message.from, message.step, message.to));
  if (const Step* call = rank.called(message.step); call && *call != message.step) {
    rank.wrong = mismatch(message.to, *call, message.from, message.step);
    return {};
  }
  open.mail[{message.from, message.to, message.step.tag}].push_back({message.step, std::move(message.bytes)});
  return {};
}

std::optional<Buffer> GangBox::take(const Attempt& attempt, std::uint32_t from, std::uint32_t to,
                                    const Step& step) {
  const auto open = open_.find(attempt);
  if (open == open_.end()) return std::nullopt;
  const auto mails = open->second.mail.find({from, to, step.tag});
  if (mails == open->second.mail.end()) return std::nullopt;
  if (mails->second.front().step != step) refuse(mismatch(to, step, from, mails->second.front().step));
  Buffer bytes = std::move(mails->second.front().bytes);
  mails->second.pop_front();
  if (mails->second.empty()) open->second.mail.erase(mails);
  open->second.ranks[to].wait.reset();
  if (step.is_collective()) ++open->second.ranks[to].traffic[from].received;
  return bytes;
}

void GangBox::await(const protocol::GangRun& gang, std::uint32_t from, const Step& step) {
  Open& open = open_[{gang.leader, gang.run}];
  if (open.peers.empty()) open.peers = gang.peers;
  note(open, gang.rank, step);
  Rank& rank = open.ranks[gang.rank];
  rank.wait = Wait{from, step, ++rank.waits};
}

protocol::GangAsk GangBox::question(const Attempt& attempt, std::uint32_t rank) const {
  const Rank& asks = open_.at(attempt).ranks.at(rank);
  const Wait& wait = *asks.wait;
  return {attempt.first,
          attempt.second,
          wait.from,
          {{rank, count_in(asks.got, wait.from), wait.number, wait.step}}};
}

GangBox::Found GangBox::asked(protocol::GangAsk& ask) const {
  const Attempt attempt{ask.leader, ask.run};
  const Open* open = find(attempt);
  if (!open || ask.waits.empty() || open->failed) return {};
  const auto at = open->ranks.find(ask.to);
  if (at == open->ranks.end()) return {};
  const Rank& rank = at->second;
  const protocol::GangWait& waiting = ask.waits.back();
  if (count_in(rank.sent, waiting.rank) != waiting.got) return {};  // something is on its way
  const auto tell = [&](std::uint32_t to, std::string reason) {
    return Found{protocol::GangStuck{ask.leader, ask.run, to, std::move(reason)}};
  };
  if (const Step* call = rank.called(waiting.step); call && *call != waiting.step)
    return tell(waiting.rank, mismatch(waiting.rank, waiting.step, ask.to, *call));
  if (rank.has_returned) return tell(waiting.rank, returned(waiting.rank, waiting.step, ask.to));
  if (rank.has_left || !rank.wait) return {};
  if (open->mail.contains({rank.wait->from, ask.to, rank.wait->step.tag})) return {};
  if (ask.to == ask.waits.front().rank)
    return rank.wait->number == ask.waits.front().number ? tell(ask.to, circle(ask.waits)) : Found{};
  if (std::any_of(ask.waits.begin(), ask.waits.end(), [&](const auto& one) { return one.rank == ask.to; }))
    return {};  // a circle of others, who will find it
  ask.waits.push_back({ask.to, count_in(rank.got, rank.wait->from), rank.wait->number, rank.wait->step});
  ask.to = rank.wait->from;
  return {{}, open->peers.at(ask.to)};
}

void GangBox::stuck(const protocol::GangStuck& message) {
  const auto open = open_.find({message.leader, message.run});
  if (open == open_.end()) return;
  if (const auto rank = open->second.ranks.find(message.to); rank != open->second.ranks.end())
    rank->second.wrong = message.reason;
}

void GangBox::fail(const Attempt& attempt, const std::string& reason) {
  if (!is_over(attempt)) open_[attempt].failed = reason;
}

void GangBox::check(const Attempt& attempt, std::uint32_t rank) const {
  const auto open = open_.find(attempt);
  if (open == open_.end()) return;
  if (open->second.failed) throw GangError("the gang has failed: " + *open->second.failed);
  if (const auto at = open->second.ranks.find(rank); at != open->second.ranks.end() && at->second.wrong)
    refuse(*at->second.wrong);
}

void GangBox::check_all_called(const Attempt& attempt, std::uint32_t rank) const {
  const auto open = open_.find(attempt);
  if (open == open_.end() || open->second.failed) return;
  check(attempt, rank);
  for (const auto& [key, mails] : open->second.mail)
    if (std::get<1>(key) == rank && mails.front().step.is_collective())
      refuse(returned(std::get<0>(key), mails.front().step, rank));
}

protocol::GangCalls GangBox::calls(const Attempt& attempt, std::uint32_t rank) const {
  protocol::GangCalls calls{};
  const auto open = open_.find(attempt);
  if (open == open_.end()) return calls;
  const auto at = open->second.ranks.find(rank);
  if (at == open->second.ranks.end()) return calls;
  for (const auto& [other, traffic] : at->second.traffic)
    calls.traffic.push_back({other, traffic.sent, traffic.received});
  if (!at->second.calls.empty())
    calls.last = call_text(at->second.calls.back()) + number_text(at->second.calls.back());
  return calls;
}

void GangBox::left(const Attempt& attempt, std::uint32_t rank, std::size_t ranks, bool has_returned) {
  Open& open = open_[attempt];
  Rank& gone = open.ranks[rank];
  gone.has_left = true;
  gone.has_returned = has_returned;
  gone.wait.reset();
  if (++open.left < ranks) return;
  open.mail.clear();
  open.peers.clear();
  over_.emplace_back(attempt, std::move(open));
  open_.erase(attempt);
  if (over_.size() > most_over) over_.pop_front();
}

}  // namespace weir::detail::node
