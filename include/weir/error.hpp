// Error: the one exception class of Weir; a kind for programs, a sentence for people.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace weir {

/// What sort of thing went wrong; programs branch on it, people read `what()`.
enum class ErrorKind : unsigned char {
  invalid_argument,  ///< A value breaks a rule of the function it was given to.
  not_found,         ///< A file, worker, task or program that is not there.
  timeout,           ///< A deadline passed before the thing waited for happened.
  cancelled,         ///< Somebody cancelled the task.
  closed,            ///< The cluster or stream has ended.
  task_failed,       ///< The task's function threw.
  worker_lost,       ///< A worker died and took the only copy, or the task killed too many workers.
  protocol,          ///< A peer sent what makes no sense, or is a stranger.
  serialization,     ///< A value could not be written or read.
  io,                ///< The operating system refused.
  unsupported,       ///< Not possible here.
  internal           ///< A broken invariant: a defect of Weir.
};

/// The kind's name as written in the enumeration.
[[nodiscard]] std::string_view to_string(ErrorKind kind) noexcept;

/// Ends a call with a kind and one sentence: name, rule, value.
class Error : public std::runtime_error {
 public:
  /// Of a kind, with a sentence: name, rule, value.
  Error(ErrorKind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
  /// What sort of thing went wrong.
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace weir
