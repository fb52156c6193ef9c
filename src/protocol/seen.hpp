// What a worker tells rank 0 of its work, once a second, for people who look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::protocol {

/// Tasks whose time, in nanoseconds, has so many binary digits.
struct SeenDurations {
  std::uint8_t digits = 0;
  std::uint64_t count = 0;
};

/// A function's tasks since the last message.
struct SeenFunction {
  std::uint64_t function = 0;  ///< Portable address.
  std::uint64_t count = 0;
  std::uint64_t failed = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t bytes = 0;  ///< Of their results.
  std::vector<SeenDurations> durations;
  std::uint64_t fetching_ns = 0;   ///< Threads that ran them next had waited so long for inputs ...
  std::uint64_t no_memory_ns = 0;  ///< ... and for memory.
  /// Threads read its arguments and inputs from bytes, or its results to see their size; not in `busy_ns`.
  std::uint64_t serializing_ns = 0;
};

/// What a thread did for a while: runs of one function that follow each other closely are one block.
struct SeenBlock {
  std::int64_t start_us = 0;  ///< On the worker's steady clock.
  std::uint32_t length_us = 0;
  std::uint32_t busy_us = 0;
  std::uint32_t count = 0;     ///< Tasks; 0: it is still running.
  std::uint16_t function = 0;  ///< Position in `functions`.
  std::uint16_t thread = 0;
  std::uint32_t failed = 0;  ///< Tasks of these.
  std::uint32_t kind = 0;    ///< 0: runs. Else `count` is 0, and it waited for inputs (1) or memory (2), or
                             ///< serialized (3).
};

/// Results that came from a peer since the last message.
struct SeenLink {
  PeerId peer = 0;
  std::uint64_t bytes = 0;
  std::uint64_t count = 0;
};

/// Where a thread was when its processor time was looked at; only with WEIR_PROFILE.
struct SeenStack {
  std::uint32_t count = 0;            ///< Times, since the last message.
  std::vector<std::uint64_t> frames;  ///< Portable addresses of code, outermost first; 0: unknown.
};

/// A task of those that took longest.
struct SeenSlow {
  TaskId id = 0;
  std::uint64_t function = 0;  ///< Portable address.
  std::int64_t start_us = 0;   ///< On the worker's steady clock.
  std::uint64_t length_us = 0;
  bool failed = false;
};

/// A task that runs.
struct SeenRunning {
  TaskId id = 0;
  std::uint64_t function = 0;  ///< Portable address.
  std::int64_t start_us = 0;   ///< On the worker's steady clock.
};

/// A worker's second.
struct Seen {
  static constexpr bool is_sign_of_life = true;
  std::int64_t now_us = 0;  ///< The worker's steady clock when it says this.
  double interval_s = 0;    ///< Since the last message.
  std::uint32_t threads = 0;
  // Thread seconds in which no task ran here ...
  double fetching_s = 0;   ///< ... because inputs were on their way,
  double no_memory_s = 0;  ///< ... because the worker waits for memory,
  double unasked_s = 0;    ///< ... because nothing was assigned.
  double cpu_s = 0;        ///< Processor time of the process.
  std::uint64_t resident_bytes = 0;
  std::uint32_t descriptors = 0;
  std::uint64_t received_bytes = 0;  ///< Results that came from peers.
  std::uint64_t sent_bytes = 0;      ///< Results that went to peers.
  std::vector<SeenFunction> functions;
  std::vector<SeenBlock> blocks;
  std::vector<SeenLink> links;      ///< Those that most came from.
  std::vector<SeenStack> stacks;    ///< Those seen most often.
  std::uint64_t read_bytes = 0;     ///< From disks, by the process.
  std::uint64_t written_bytes = 0;  ///< To disks.
  std::vector<SeenSlow> slow;       ///< Tasks that ended, those that took longest.
  double packing_s = 0;          ///< Threads made bytes of results that others asked for, or of spilled ones.
  std::vector<std::string> log;  ///< The last lines that the process has logged, unless rank 0 has them.
  std::vector<SeenRunning> running;  ///< Tasks that run, those that have done so for longest.
};

}  // namespace weir::detail::protocol
