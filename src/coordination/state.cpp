// Who asks is answered at once, or waits in a line.
#include "coordination/state.hpp"

#include <algorithm>

#include "core/counted.hpp"

namespace weir::detail::coordination {

using protocol::Answer;
using protocol::Ask;
using protocol::Wish;

namespace {

/// Those with number 0 want no answer.
void reply(Replies& out, PeerId to, std::uint64_t number, Answer answer = {}) {
  if (number == 0) return;
  answer.number = number;
  out.push_back({to, std::move(answer)});
}

void refuse(Replies& out, PeerId to, std::uint64_t number, std::string why) {
  Answer answer;
  answer.what = Answer::What::refused;
  answer.problem = std::move(why);
  reply(out, to, number, std::move(answer));
}

void give(Replies& out, PeerId to, std::uint64_t number, const Buffer& value, std::uint64_t count = 0) {
  Answer answer;
  answer.value = value;
  answer.count = count;
  reply(out, to, number, std::move(answer));
}

/// Whether `type` is what the thing holds; the first who comes decides. Refuses otherwise.
bool is_of_type(const char* kind, std::string& known, PeerId from, const Ask& ask, Replies& out) {
  if (known.empty()) known = ask.type;
  if (known == ask.type || ask.type.empty()) return true;
  refuse(out, from, ask.number,
         std::string(kind) + " '" + ask.name + "' is one of " + known + " (got " + ask.type + ")");
  return false;
}

template <class Waiters>
void drop_peer(Waiters& waiters, PeerId peer) {
  std::erase_if(waiters, [&](const auto& waiter) {
    if constexpr (requires { waiter.who; }) return waiter.who.peer == peer;
    else return waiter.peer == peer;
  });
}

/// Takes a waiter out of a line; whether it was there.
template <class Waiters>
bool drop(Waiters& waiters, PeerId peer, std::uint64_t number) {
  return std::erase_if(waiters, [&](const auto& waiter) {
           if constexpr (requires { waiter.who; })
             return waiter.who.peer == peer && waiter.who.number == number;
           else return waiter.peer == peer && waiter.number == number;
         }) > 0;
}

}  // namespace

template <class Things>
void State::forget_if_empty(Things& things, const std::string& name) {
  const auto at = things.find(name);
  if (at == things.end()) return;
  const auto& thing = at->second;
  bool is_used;
  if constexpr (requires { thing.value; }) is_used = thing.value || !thing.waiters.empty();
  else if constexpr (requires { thing.elements; })
    is_used =
        !thing.elements.empty() || !thing.putters.empty() || !thing.takers.empty() || !thing.sent.empty();
  else if constexpr (requires { thing.held; }) is_used = !thing.held.empty() || !thing.waiters.empty();
  else is_used = thing.is_set || !thing.waiters.empty();
  if (!is_used) things.erase(at);
}

void State::ask(PeerId from, Ask&& ask, Replies& out) {
  switch (ask.wish) {
    case Wish::set_variable:
    case Wish::get_variable:
    case Wish::clear_variable:
      return of_variable(from, std::move(ask), out);
    case Wish::put:
    case Wish::take:
    case Wish::taken:
    case Wish::count_elements:
      return of_queue(from, std::move(ask), out);
    case Wish::acquire:
    case Wish::release:
      return of_semaphore(from, std::move(ask), out);
    case Wish::set_event:
    case Wish::clear_event:
    case Wish::await_event:
    case Wish::look_at_event:
      return of_event(from, std::move(ask), out);
    case Wish::publish:
    case Wish::unpublish:
    case Wish::look_up:
    case Wish::list_published:
      return of_published(from, std::move(ask), out);
  }
  refuse(out, from, ask.number,
         "coordination: there is no wish " + std::to_string(static_cast<int>(ask.wish)));
}

void State::of_variable(PeerId from, Ask&& ask, Replies& out) {
  Variable& variable = variables_[ask.name];
  if (ask.wish == Wish::clear_variable) {
    variable.value.reset();
    if (variable.waiters.empty()) variable.type.clear();
    reply(out, from, ask.number);
  } else if (is_of_type("variable", variable.type, from, ask, out)) {
    if (ask.wish == Wish::set_variable) {
      variable.value = std::move(ask.value);
      for (const Waiter& waiter : variable.waiters) give(out, waiter.peer, waiter.number, *variable.value);
      variable.waiters.clear();
      reply(out, from, ask.number);
    } else if (variable.value) {
      give(out, from, ask.number, *variable.value);
    } else {
      variable.waiters.push_back({from, ask.number});
    }
  }
  forget_if_empty(variables_, ask.name);
}

// Hands elements to those who wait for them, and takes in those who waited for room.
void State::serve(Queue& queue, Replies& out) {
  for (bool moved = true; moved;) {
    moved = false;
    if (!queue.elements.empty() && !queue.takers.empty()) {
      const Waiter taker = queue.takers.front();
      give(out, taker.peer, taker.number, queue.elements.front());
      // What the body is given arrives with this call.
      if (taker.peer != 0) queue.sent[{taker.peer, taker.number}] = std::move(queue.elements.front());
      queue.takers.pop_front();
      queue.elements.pop_front();
      moved = true;
    }
    if (!queue.putters.empty() && (queue.most == 0 || queue.elements.size() < queue.most)) {
      reply(out, queue.putters.front().who.peer, queue.putters.front().who.number);
      queue.elements.push_back(std::move(queue.putters.front().value));
      queue.putters.pop_front();
      moved = true;
    }
  }
}

// What was on the way to a process that is gone is the first of the queue again, in its old order.
void State::take_back(Queue& queue, PeerId peer) {
  const auto first = queue.sent.lower_bound({peer, 0});
  const auto last = queue.sent.upper_bound({peer, UINT64_MAX});
  for (auto at = last; at != first;) queue.elements.push_front(std::move((--at)->second));
  queue.sent.erase(first, last);
}

void State::of_queue(PeerId from, Ask&& ask, Replies& out) {
  const bool is_new = !queues_.contains(ask.name);
  if (is_new && ask.wish == Wish::taken) return;
  Queue& queue = queues_[ask.name];
  if (is_new) queue.most = ask.count;
  if (ask.wish == Wish::count_elements) {
    give(out, from, ask.number, {}, queue.elements.size());
  } else if (ask.wish == Wish::taken) {
    queue.sent.erase({from, ask.count});
  } else if (queue.most != ask.count) {
    refuse(out, from, ask.number,
           "queue '" + ask.name + "' holds at most " + counted(queue.most, "element") + " (got " +
               std::to_string(ask.count) + "); 0 stands for no limit, and everybody must name the same");
  } else if (is_of_type("queue", queue.type, from, ask, out)) {
    if (ask.wish == Wish::put) queue.putters.push_back({{from, ask.number}, std::move(ask.value)});
    else queue.takers.push_back({from, ask.number});
    serve(queue, out);
  }
  forget_if_empty(queues_, ask.name);
}

void State::grant(const std::string& name, Semaphore& semaphore, Replies& out) {
  while (!semaphore.waiters.empty() && semaphore.held.size() < semaphore.leases) {
    const Waiter next = semaphore.waiters.front();
    semaphore.waiters.pop_front();
    semaphore.held[++last_lease_] = next.peer;
    give(out, next.peer, next.number, {}, last_lease_);
  }
  forget_if_empty(semaphores_, name);
}

void State::of_semaphore(PeerId from, Ask&& ask, Replies& out) {
  if (ask.wish == Wish::release) {
    const auto at = semaphores_.find(ask.name);
    // The lease of one that was taken for dead has ended already.
    if (at != semaphores_.end()) at->second.held.erase(ask.count);
    reply(out, from, ask.number);
    if (at != semaphores_.end()) grant(ask.name, at->second, out);
    return;
  }
  const bool is_new = !semaphores_.contains(ask.name);
  Semaphore& semaphore = semaphores_[ask.name];
  if (is_new) semaphore.leases = ask.count;
  if (semaphore.leases != ask.count) {
    refuse(out, from, ask.number,
           "semaphore '" + ask.name + "' has " + counted(semaphore.leases, "lease") + " (got " +
               std::to_string(ask.count) + "); everybody must name the same number, a lock has 1");
  } else {
    semaphore.waiters.push_back({from, ask.number});
  }
  grant(ask.name, semaphore, out);
}

void State::of_event(PeerId from, Ask&& ask, Replies& out) {
  Event& event = events_[ask.name];
  if (ask.wish == Wish::await_event && !event.is_set) {
    event.waiters.push_back({from, ask.number});
    return;
  }
  if (ask.wish == Wish::clear_event) event.is_set = false;
  if (ask.wish == Wish::set_event) {
    event.is_set = true;
    for (const Waiter& waiter : event.waiters) reply(out, waiter.peer, waiter.number);
    event.waiters.clear();
  }
  give(out, from, ask.number, {}, event.is_set);
  forget_if_empty(events_, ask.name);
}

void State::of_published(PeerId from, Ask&& ask, Replies& out) {
  if (ask.wish == Wish::list_published) {
    Answer answer;
    for (const auto& [name, published] : published_)
      if (published.value) answer.problem += name + '\n';
    return reply(out, from, ask.number, std::move(answer));
  }
  Published& published = published_[ask.name];
  if (ask.wish == Wish::publish && published.value) {
    refuse(out, from, ask.number, "'" + ask.name + "' is published already; unpublish it first");
  } else if (ask.wish == Wish::publish) {
    if (!published.waiters.empty() && published.type != ask.type) {
      for (const Waiter& waiter : published.waiters)
        refuse(out, waiter.peer, waiter.number,
               "published '" + ask.name + "' is one of " + ask.type + " (got " + published.type + ")");
      published.waiters.clear();
    }
    published.type = ask.type;
    published.owner = from;
    published.value = std::move(ask.value);
    for (const Waiter& waiter : published.waiters) give(out, waiter.peer, waiter.number, *published.value);
    published.waiters.clear();
    reply(out, from, ask.number);
  } else if (ask.wish == Wish::unpublish) {
    const bool was = published.value.has_value();
    if (was) {
      Reply drop;  // who has published it need not keep it any more
      drop.to = published.owner;
      drop.answer.problem = ask.name;
      out.push_back(std::move(drop));
    }
    published.value.reset();
    if (published.waiters.empty()) published.type.clear();
    give(out, from, ask.number, {}, was ? 1 : 0);
  } else if (is_of_type("published", published.type, from, ask, out)) {
    if (published.value) give(out, from, ask.number, *published.value);
    else published.waiters.push_back({from, ask.number});
  }
  forget_if_empty(published_, ask.name);
}

void State::unask(PeerId from, std::uint64_t number, Replies& out) {
  const auto withdraw = [&](const std::string& waited_for) {
    Answer answer;
    answer.what = Answer::What::withdrawn;
    answer.problem = waited_for;
    reply(out, from, number, std::move(answer));
  };
  const auto in = [&](auto& things, auto member, const std::string& text) {
    for (auto& [name, thing] : things)
      if (drop(thing.*member, from, number)) {
        withdraw("'" + name + "' " + text);
        const std::string kept = name;
        forget_if_empty(things, kept);
        return true;
      }
    return false;
  };
  for (auto& [name, semaphore] : semaphores_)
    if (drop(semaphore.waiters, from, number)) {
      std::string holders;
      for (const auto& [lease, peer] : semaphore.held)
        holders += (holders.empty() ? "" : ", ") +
                   (peer == 0 ? std::string("the program's own process") : "worker " + std::to_string(peer));
      return withdraw("'" + name + "' is held by " + holders);
    }
  // Not found: the answer is on its way.
  static_cast<void>(in(variables_, &Variable::waiters, "has no value") ||
                    in(queues_, &Queue::takers, "is empty") || in(queues_, &Queue::putters, "is full") ||
                    in(events_, &Event::waiters, "has not been set") ||
                    in(published_, &Published::waiters, "has not been published"));
}

void State::lose(PeerId peer, Replies& out) {
  const auto each = [](auto& things, auto&& work) {
    std::vector<std::string> names;
    for (auto& [name, thing] : things) {
      work(name, thing);
      names.push_back(name);
    }
    return names;
  };
  for (const std::string& name :
       each(variables_, [&](const auto&, Variable& variable) { drop_peer(variable.waiters, peer); }))
    forget_if_empty(variables_, name);
  for (const std::string& name : each(queues_, [&](const auto&, Queue& queue) {
         drop_peer(queue.takers, peer);
         drop_peer(queue.putters, peer);
         take_back(queue, peer);
         serve(queue, out);
       }))
    forget_if_empty(queues_, name);
  for (const std::string& name : each(semaphores_, [&](const auto&, Semaphore& semaphore) {
         drop_peer(semaphore.waiters, peer);
         std::erase_if(semaphore.held, [&](const auto& lease) { return lease.second == peer; });
       }))
    grant(name, semaphores_[name], out);
  for (const std::string& name :
       each(events_, [&](const auto&, Event& event) { drop_peer(event.waiters, peer); }))
    forget_if_empty(events_, name);
  for (const std::string& name : each(published_, [&](const auto&, Published& published) {
         drop_peer(published.waiters, peer);
         if (published.owner == peer && peer != 0) published.value.reset();
       }))
    forget_if_empty(published_, name);
}

}  // namespace weir::detail::coordination
