// Tests that run inside weir::run: on threads when started alone, on ranks under `weir run`.
#pragma once

#include <weir/weir.hpp>

namespace weir::test {

/// The client of the body that the tests run in.
[[nodiscard]] Client& client();

/// Whether the workers are processes of their own.
[[nodiscard]] bool on_ranks();

/// What `f` throws says.
template <class F>
[[nodiscard]] std::string message_of(F f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Waits until `condition()` holds, driving the cluster; false if it does not within the deadline.
template <class Condition>
[[nodiscard]] bool soon(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
  return client().core()->wait_until(condition, std::chrono::steady_clock::now() + deadline);
}

}  // namespace weir::test
