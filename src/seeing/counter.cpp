// Blocks are merged when they become many, so that a second of work is as long as any other.
#include "seeing/counter.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail::seeing {

std::uint16_t Counter::index_of(std::uint64_t function) {
  if (functions_.size() >= most_functions && !index_.contains(function)) function = 0;
  const auto [found, is_new] = index_.try_emplace(function, static_cast<std::uint16_t>(functions_.size()));
  if (is_new) {
    functions_.push_back(std::make_unique<Function>());
    functions_.back()->function = function;
  }
  return found->second;
}

void Counter::put_away(std::size_t thread) {
  Thread& mine = threads_[thread];
  mine.blocks.push_back(mine.block);
  mine.free_ns = mine.block.end_ns;
  mine.block.count = 0;
  if (++kept_ > most_kept) merge_blocks(most_kept / 2);
}

void Counter::count_waits(Thread& thread, Function& counts) noexcept {
  for (std::size_t i = 0; i < counts.waited_ns.size(); ++i)
    counts.waited_ns[i] += std::exchange(thread.waited_ns[i], 0);
  thread.has_waited = false;
}

void Counter::waited(std::size_t thread, Idle why, std::int64_t from_ns, std::int64_t to_ns) {
  if (thread >= threads_.size()) threads_.resize(thread + 1);
  Thread& mine = threads_[thread];
  if (mine.block.count) put_away(thread);
  from_ns = std::max(from_ns, mine.free_ns);
  if (from_ns >= to_ns) return;
  mine.free_ns = to_ns;
  mine.has_waited = true;
  mine.waited_ns[why == Idle::no_memory] += static_cast<std::uint64_t>(to_ns - from_ns);
  add_block(thread, from_ns, to_ns, why == Idle::no_memory ? 2 : 1);
}

// Of a thread that runs no task; `kind` is that of `protocol::SeenBlock`.
void Counter::add_block(std::size_t thread, std::int64_t from_ns, std::int64_t to_ns, std::uint16_t kind) {
  std::vector<Block>& blocks = threads_[thread].blocks;
  if (!blocks.empty() && blocks.back().kind == kind && blocks.back().end_ns == from_ns) {
    blocks.back().end_ns = to_ns;
    blocks.back().longest_ns += to_ns - from_ns;
    return;
  }
  blocks.push_back({from_ns, to_ns, 0, to_ns - from_ns, 0, 0, kind, 0});
  if (++kept_ > most_kept) merge_blocks(most_kept / 2);
}

// A task that has read, or whose result is large: what is long enough to be seen is a block of its own.
void Counter::add_serializing(std::size_t thread, const Ran& task, std::int64_t own_ns) {
  threads_[thread].counts->serializing_ns += static_cast<std::uint64_t>(task.reading_ns + task.sizing_ns);
  const std::int64_t start_ns = task.start_ns + task.reading_ns;
  if (task.reading_ns >= closely_ns) {
    if (threads_[thread].block.count) put_away(thread);
    add_block(thread, task.start_ns, start_ns, serializes);
  }
  add_run(thread, start_ns, task.end_ns, own_ns, task.failed);
  if (task.sizing_ns < closely_ns) return;
  put_away(thread);
  threads_[thread].free_ns = task.end_ns + task.sizing_ns;
  add_block(thread, task.end_ns, task.end_ns + task.sizing_ns, serializes);
}

void Counter::note_slow(std::uint64_t function, const Ran& task, std::int64_t own_ns) {
  const auto is_longer = [](const protocol::SeenSlow& a, const protocol::SeenSlow& b) {
    return a.length_us > b.length_us;
  };
  if (slow_.size() == most_slow) {
    std::pop_heap(slow_.begin(), slow_.end(), is_longer);
    slow_.pop_back();
  }
  slow_.push_back(
      {task.id, function, task.start_ns / 1000, static_cast<std::uint64_t>(own_ns / 1000), task.failed});
  std::push_heap(slow_.begin(), slow_.end(), is_longer);
  if (slow_.size() == most_slow) slow_ns_ = static_cast<std::int64_t>(slow_.front().length_us + 1) * 1000;
}

std::vector<protocol::SeenRunning> Counter::longest_of(std::int64_t now_ns, std::vector<Running> running,
                                                       std::size_t most) {
  std::erase_if(running, [&](const Running& task) { return now_ns - task.start_ns < shortest_running_ns; });
  std::sort(running.begin(), running.end(),
            [](const Running& a, const Running& b) { return a.start_ns < b.start_ns; });
  if (running.size() > most) running.resize(most);
  std::vector<protocol::SeenRunning> longest;
  for (const Running& task : running) longest.push_back({task.id, task.function, task.start_ns / 1000});
  return longest;
}

// Neighbours that end within `quantum_ns` of where the first begins become one, named after the longer.
void Counter::merge(std::vector<Block>& blocks, std::int64_t quantum_ns) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    Block& before = blocks[last];
    const Block& next = blocks[i];
    if (next.end_ns - before.start_ns > quantum_ns || next.start_ns < before.start_ns) {
      blocks[++last] = next;
      continue;
    }
    if (next.longest_ns > before.longest_ns) {
      before.longest_ns = next.longest_ns;
      before.index = next.index;
      before.kind = next.kind;
    }
    before.end_ns = std::max(before.end_ns, next.end_ns);
    before.busy_ns += next.busy_ns;
    before.count += next.count;
    before.failed += next.failed;
  }
  if (!blocks.empty()) blocks.resize(last + 1);
}

void Counter::merge_blocks(std::size_t most) {
  constexpr std::int64_t longest_ns = std::int64_t{1} << 60;  // no program runs so long
  for (;; quantum_ns_ *= 2) {
    kept_ = 0;
    for (Thread& thread : threads_) {
      merge(thread.blocks, quantum_ns_);
      kept_ += thread.blocks.size();
    }
    if (kept_ <= most || quantum_ns_ >= longest_ns) return;
  }
}

protocol::Seen Counter::take(std::int64_t now_ns, const std::vector<Running>& running,
                             std::size_t most_blocks) {
  protocol::Seen seen;
  seen.now_us = now_ns / 1000;
  seen.interval_s = 1e-9 * static_cast<double>(now_ns - taken_ns_);
  taken_ns_ = now_ns;
  seen.fetching_s = idle_s_[static_cast<std::size_t>(Idle::fetching)];
  seen.no_memory_s = idle_s_[static_cast<std::size_t>(Idle::no_memory)];
  seen.unasked_s = idle_s_[static_cast<std::size_t>(Idle::unasked)];
  idle_s_ = {};

  for (std::size_t thread = 0; thread < threads_.size(); ++thread)
    if (threads_[thread].block.count) put_away(thread);
  if (kept_ > most_blocks) merge_blocks(most_blocks);
  quantum_ns_ = closely_ns;

  // Only functions that have something to tell are in the message; blocks name them by their place there.
  std::vector<std::uint16_t> place(functions_.size() + running.size(), 0);
  const auto add = [&](std::uint16_t index) {
    if (place[index]) return;
    Function& counts = *functions_[index];
    seen.functions.push_back({counts.function,
                              counts.count,
                              counts.failed,
                              counts.busy_ns,
                              counts.bytes,
                              {},
                              counts.waited_ns[0],
                              counts.waited_ns[1],
                              counts.serializing_ns});
    for (std::size_t digits = 0; digits < counts.durations.size(); ++digits)
      if (counts.durations[digits])
        seen.functions.back().durations.push_back(
            {static_cast<std::uint8_t>(digits), counts.durations[digits]});
    const std::uint64_t function = counts.function;
    counts = {};
    counts.function = function;
    place[index] = static_cast<std::uint16_t>(seen.functions.size());
  };
  const auto block = [&](std::size_t thread, std::uint16_t index, std::int64_t start_ns, std::int64_t end_ns,
                         std::int64_t busy_ns, std::uint32_t count, std::uint32_t failed,
                         std::uint32_t kind) {
    constexpr std::int64_t longest_ns = std::int64_t{UINT32_MAX} * 1000;  // of a longer one, the end
    start_ns = std::max(start_ns, end_ns - longest_ns);
    const int function = kind ? -1 : place[index] - 1;  // who waits has none, and there may be none yet
    seen.blocks.push_back(
        {start_ns / 1000, static_cast<std::uint32_t>((end_ns - start_ns) / 1000),
         static_cast<std::uint32_t>(std::clamp<std::int64_t>(busy_ns, 0, longest_ns) / 1000), count,
         static_cast<std::uint16_t>(function), static_cast<std::uint16_t>(thread), failed, kind});
  };
  for (std::uint16_t index = 0; index < functions_.size(); ++index)
    if (functions_[index]->count) add(index);
  for (std::size_t thread = 0; thread < threads_.size(); ++thread) {
    for (const Block& each : threads_[thread].blocks) {
      if (each.count) add(each.index);
      block(thread, each.index, each.start_ns, each.end_ns, each.busy_ns, each.count, each.failed, each.kind);
    }
    threads_[thread].blocks.clear();
  }
  kept_ = 0;
  std::sort(slow_.begin(), slow_.end(),
            [](const auto& a, const auto& b) { return a.length_us > b.length_us; });
  const std::size_t most_single = std::min(most_slow, 1 + most_blocks / 64);
  if (slow_.size() > most_single) slow_.resize(most_single);
  seen.slow = std::exchange(slow_, {});
  slow_ns_ = shortest_slow_ns;
  seen.running = longest_of(now_ns, running, most_single);
  for (const Running& task : running) {
    const std::uint16_t index = index_of(task.function);
    if (task.thread >= threads_.size()) threads_.resize(task.thread + 1);
    Thread& mine = threads_[task.thread];
    const std::int64_t told_ns = mine.told_start_ns == task.start_ns ? mine.told_ns : 0;
    mine.told_start_ns = task.start_ns;
    mine.told_ns = now_ns - task.start_ns;
    functions_[index]->busy_ns =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, mine.told_ns - told_ns));
    if (index >= place.size()) place.resize(index + 1u, 0);
    if (place[index])
      seen.functions[place[index] - 1u].busy_ns += std::exchange(functions_[index]->busy_ns, 0);
    add(index);
    block(task.thread, index, task.start_ns, now_ns, now_ns - task.start_ns, 0, 0, 0);
  }
  return seen;
}

}  // namespace weir::detail::seeing
