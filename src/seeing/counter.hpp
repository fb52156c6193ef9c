// Counter: what a worker's threads do, counted where they do it.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <unordered_map>

#include "protocol/seen.hpp"

namespace weir::detail::seeing {

/// Why threads of a worker run no task.
enum class Idle { fetching, no_memory, unasked };

/// Counts tasks by function and keeps what each thread did, until `take` makes a message of it.
///
/// **Threads.** Under the baton of its worker.
/// **Cost.** A few nanoseconds for a task that follows one of the same function, no allocation; what `take`
/// says is bounded by functions and `most_blocks`, whatever the number of tasks.
class Counter {
 public:
  explicit Counter(std::int64_t now_ns = 0) : taken_ns_(now_ns) {}
  /// What is told of a task that has run.
  struct Ran {
    TaskId id = 0;
    std::int64_t start_ns = 0, end_ns = 0;  ///< On the steady clock.
    std::int64_t inner_ns = 0;              ///< Of that it ran other tasks ...
    std::int64_t reading_ns = 0;  ///< ... and, at the beginning, read arguments and inputs from bytes.
    std::int64_t sizing_ns = 0;   ///< After the end it saw how large the result is in bytes.
    std::uint64_t bytes = 0;      ///< Of the result.
    bool failed = false;
  };
  /// A thread has run a task of `function`.
  void ran(std::size_t thread, std::uint64_t function, const Ran& task) {
    if (thread >= threads_.size()) threads_.resize(thread + 1);
    const std::int64_t start_ns = task.start_ns + task.reading_ns, end_ns = task.end_ns;
    Thread& mine = threads_[thread];
    if (mine.function != function) [[unlikely]]
      look_up(mine, function);
    const std::int64_t took_ns = end_ns - start_ns;
    const std::int64_t own_ns = took_ns > task.inner_ns ? took_ns - task.inner_ns : 0;
    Function& counts = *mine.counts;
    ++counts.count;
    counts.failed += task.failed;
    counts.busy_ns += static_cast<std::uint64_t>(own_ns);
    if (mine.has_waited) [[unlikely]]
      count_waits(mine, counts);
    if (mine.told_start_ns == task.start_ns)
      counts.busy_ns -= static_cast<std::uint64_t>(forget_told(mine, own_ns));
    counts.bytes += task.bytes;
    ++counts.durations[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(own_ns)))];
    if (own_ns > slow_ns_) [[unlikely]]
      note_slow(function, task, own_ns);
    if (task.reading_ns | task.sizing_ns) [[unlikely]]
      return add_serializing(thread, task, own_ns);
    add_run(thread, start_ns, end_ns, own_ns, task.failed);
  }
  /// A thread had nothing to run from `from_ns` to `to_ns`: what it runs next waits for inputs or memory.
  void waited(std::size_t thread, Idle why, std::int64_t from_ns, std::int64_t to_ns);
  /// So many threads ran nothing for `seconds`, for this reason.
  void idle(Idle why, double threads, double seconds) noexcept {
    idle_s_[static_cast<std::size_t>(why)] += threads * seconds;
  }
  /// A task that is still running.
  struct Running {
    std::size_t thread;
    std::uint64_t function;
    std::int64_t start_ns;
    TaskId id = 0;
  };
  /// Everything since the last call, with at most `most_blocks` blocks; the rest of the message is the
  /// caller's.
  [[nodiscard]] protocol::Seen take(std::int64_t now_ns, const std::vector<Running>& running,
                                    std::size_t most_blocks);

  static constexpr std::size_t most_slow = 8;          ///< Tasks of one message that took longest, or run.
  static constexpr std::size_t most_functions = 4096;  ///< Further ones are counted as one, number 0.

 private:
  static constexpr std::int64_t closely_ns = 100'000;
  static constexpr std::int64_t longest_block_ns = 100'000'000;
  static constexpr std::int64_t shortest_slow_ns = 100'000;  // below that single tasks tell nothing ...
  static constexpr std::int64_t shortest_running_ns = 100'000'000;  // ... and one that runs has just begun
  static constexpr std::uint16_t serializes = 3;                    // as `protocol::SeenBlock::kind`

  struct Function {
    std::uint64_t function = 0, count = 0, failed = 0, busy_ns = 0, bytes = 0;
    std::array<std::uint64_t, 65> durations{};
    std::array<std::uint64_t, 2> waited_ns{};  // before them, for inputs and memory
    std::uint64_t serializing_ns = 0;
  };
  struct Block {
    std::int64_t start_ns = 0, end_ns = 0, busy_ns = 0;
    std::int64_t longest_ns = 0;  // of a run in it, which gives it its name
    std::uint32_t count = 0;
    std::uint16_t index = 0;
    std::uint16_t kind = 0;  // of `protocol::SeenBlock`
    std::uint32_t failed = 0;
  };
  static constexpr std::uint64_t nothing = ~std::uint64_t{0};
  struct Known {
    std::uint64_t function = nothing;
    std::uint16_t index = 0;
  };
  struct Thread {
    std::uint64_t function = nothing;              // what it ran last ...
    Function* counts = nullptr;                    // ... and where that is counted
    std::uint16_t index = 0;                       // in `functions_`
    Block block;                                   // grows
    std::int64_t told_start_ns = -1, told_ns = 0;  // of a task that still ran when the last message was made
    std::vector<Block> blocks;
    bool has_waited = false;
    std::array<std::uint64_t, 2> waited_ns{};  // since it ran something
    std::int64_t free_ns = 0;                  // when its last block ended
  };

  // Of the function that the thread ran last.
  void add_run(std::size_t thread, std::int64_t start_ns, std::int64_t end_ns, std::int64_t own_ns,
               bool failed) {
    const Thread& mine = threads_[thread];
    Block& block = threads_[thread].block;
    const std::int64_t longest = block.index == mine.index ? longest_block_ns : closely_ns;
    if (block.count && start_ns - block.end_ns < closely_ns && end_ns - block.start_ns < longest) [[likely]] {
      block.end_ns = end_ns;
      block.busy_ns += own_ns;
      ++block.count;
      block.failed += failed;
      if (own_ns > block.longest_ns) {
        block.longest_ns = own_ns;
        block.index = mine.index;
      }
      return;
    }
    if (block.count) put_away(thread);
    block = {start_ns, end_ns, own_ns, own_ns, 1, mine.index, 0, failed};
  }
  void look_up(Thread& mine, std::uint64_t function) {
    Known& known = known_[(function >> 4) % known_.size()];
    if (known.function != function) known = {function, index_of(function)};
    mine.function = function;
    mine.index = known.index;
    mine.counts = functions_[known.index].get();
  }
  void add_serializing(std::size_t thread, const Ran& task, std::int64_t own_ns);
  void add_block(std::size_t thread, std::int64_t from_ns, std::int64_t to_ns, std::uint16_t kind);
  void note_slow(std::uint64_t function, const Ran& task, std::int64_t own_ns);
  static std::vector<protocol::SeenRunning> longest_of(std::int64_t now_ns, std::vector<Running> running,
                                                       std::size_t most);
  std::uint16_t index_of(std::uint64_t function);
  void put_away(std::size_t thread);
  static void count_waits(Thread& thread, Function& counts) noexcept;
  void merge_blocks(std::size_t most);
  static std::int64_t forget_told(Thread& thread, std::int64_t own_ns) noexcept {
    thread.told_start_ns = -1;
    return thread.told_ns < own_ns ? thread.told_ns : own_ns;
  }
  static void merge(std::vector<Block>& blocks, std::int64_t quantum_ns);

  static constexpr std::size_t most_kept = 8192;  // blocks between two messages; beyond that they are merged

  std::vector<std::unique_ptr<Function>> functions_;
  std::unordered_map<std::uint64_t, std::uint16_t> index_;
  std::array<Known, 32> known_;  // what `index_` said last
  std::vector<Thread> threads_;
  std::size_t kept_ = 0;
  std::int64_t quantum_ns_ = closely_ns;
  std::array<double, 3> idle_s_{};
  std::vector<protocol::SeenSlow> slow_;     // a heap, the shortest first
  std::int64_t slow_ns_ = shortest_slow_ns;  // what a task must take to be one of them
  std::int64_t taken_ns_;
};

}  // namespace weir::detail::seeing
