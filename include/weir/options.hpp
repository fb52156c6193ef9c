// Ids, options and errors of tasks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir {

/// A process of the cluster: 0 is the scheduler and the user's program, the others are workers.
using PeerId = std::uint32_t;

/// A task: the peer whose program submitted it in the upper 24 bits, its number there in the lower 40.
using TaskId = std::uint64_t;

/// Position of a task among the tasks of its own client.
[[nodiscard]] constexpr std::uint64_t task_number(TaskId id) noexcept {
  return id & ((std::uint64_t{1} << 40) - 1);
}
[[nodiscard]] constexpr PeerId task_client(TaskId id) noexcept { return static_cast<PeerId>(id >> 40); }
[[nodiscard]] constexpr TaskId make_task_id(PeerId client, std::uint64_t number) noexcept {
  return std::uint64_t{client} << 40 | number;
}

/// Amount of a named resource a task needs or a worker has, for example `{"GPU", 1}`.
struct Resource {
  /// For example "GPU".
  std::string name;
  /// How much of it; fractions are allowed.
  double amount = 1;
  friend bool operator==(const Resource&, const Resource&) = default;
};

/// How a task is to be run. `client.submit(weir::Options{.retries = 3}, f, x)`.
struct Options {
  int priority = 0;  ///< Higher runs earlier; equal ones in order of submission.
  int retries = 0;   ///< How often it is run again after it has thrown; at most 255.
  std::vector<std::string>
      workers{};  ///< Names, hosts or ranks ("2") of the workers that may run it; empty: any.
  bool allow_other_workers = false;   ///< `workers` is a preference, not a rule.
  std::vector<Resource> resources{};  ///< What it occupies while it runs; `gpu` are devices, see `this_task`.
  std::string name{};                 ///< What people see; default the function's name.
  /// The longest it may take, such as `10min` or `"1h30m"`: no worker whose batch job ends sooner is given
  /// it. 0: judged by how long its function took so far.
  Duration time_limit{};
  int cores = 0;  ///< Threads of its worker that it takes; it is bound to as many cores, and OpenMP and BLAS
                  ///< use so many in it. 0: one thread, bound to nothing.
};

namespace detail {
/// Throws `Error{invalid_argument}` for options that cannot be meant: negative retries or time, a resource
/// that is not asked for, `allow_other_workers` without `workers`.
void check(const Options& options);
/// The same for resources; `who` begins the sentence.
void check(const std::vector<Resource>& resources, const char* who);
}  // namespace detail

/// What is known of a failure: enough to understand it far from where it happened.
struct Failure {
  /// What sort of thing went wrong.
  ErrorKind kind = ErrorKind::task_failed;
  std::string type;     ///< Type of the exception, for example "std::out_of_range".
  std::string message;  ///< Its text.
  TaskId task = 0;      ///< The task that failed first.
  /// Its name for people.
  std::string task_name;
  std::string worker;  ///< Where it ran.
  /// Which attempt it was, from 1.
  int attempt = 1;
  std::vector<std::string> context;  ///< One line for each dependent it took down, nearest first.

  /// The sentence for people.
  [[nodiscard]] std::string text() const;
};

/// What `Future::result` throws when the task did not bring a result.
class TaskError : public Error {
 public:
  /// Of a failure, with its sentence.
  explicit TaskError(Failure failure) : Error(failure.kind, failure.text()), failure_(std::move(failure)) {}
  /// All that is known of it.
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
  /// Type of the original exception, for example "std::out_of_range".
  [[nodiscard]] const std::string& type() const noexcept { return failure_.type; }

 private:
  Failure failure_;
};

}  // namespace weir
