// How this process learns of its end.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace weir::detail::client {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Who knows when the batch job of this process ends; asked once, when somebody wants to know, and again,
/// with true, when a signal has announced the end: it may have been moved ahead.
void set_job_end(std::function<std::optional<SteadyTime>(bool is_announced)> ask);
[[nodiscard]] std::optional<SteadyTime> job_end();

/// How long before its end a job that has so much left is told of it.
[[nodiscard]] std::chrono::nanoseconds notice_of(std::chrono::nanoseconds left);

/// Of a worker of a batch job: where the signal is that has told it to end; 0 there as long as none has.
void set_end_signal(const std::atomic<int>* signal);
/// Whether there is such a place, and whether one has.
[[nodiscard]] bool can_be_told_to_end();
[[nodiscard]] bool is_told_to_end();

/// Waits for the calls of `on_ending` that are being made.
void finish_ending();

}  // namespace weir::detail::client
