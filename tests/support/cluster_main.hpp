// Tests that run inside weir::run: on threads when started alone, on ranks under `weir run`.
#pragma once

#include <weir/weir.hpp>

namespace weir::test {

/// The client of the body that the tests run in.
[[nodiscard]] Client& client();

/// Whether the workers are processes of their own.
[[nodiscard]] bool on_ranks();

}  // namespace weir::test
