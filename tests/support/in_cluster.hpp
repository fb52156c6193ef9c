// Runs a test's body inside an embedded cluster of two worker threads.
#pragma once

#include <exception>
#include <utility>

#include "weir/run.hpp"

namespace weir::test {

/// Runs `body` in a cluster of threads and throws here what it throws.
template <class Body>
void in_cluster(Body body, std::uint32_t threads = 2) {
  char name[] = "test";
  char* arguments[] = {name, nullptr};
  std::exception_ptr thrown;
  RunOptions options;
  options.threads = threads;
  run(
      1, arguments,
      [&](Client& client) {
        try {
          if constexpr (std::is_invocable_v<Body&, Client&>) body(client);
          else body();
        } catch (...) {
          thrown = std::current_exception();
        }
      },
      options);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace weir::test
