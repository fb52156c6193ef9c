// Stack: an emission is as deep as the chain it goes through, which may be deeper than a thread's stack.
#pragma once

#include <functional>

namespace weir::detail::stream {

/// Whether little is left of the stack this thread runs on; false on a stack that somebody else has made.
[[nodiscard]] bool is_stack_low() noexcept;

/// Calls `work` on a further stack of this thread. What it throws comes out.
void on_further_stack(const std::function<void()>& work);

/// Calls `work`, on a further stack if little is left of this one.
template <class Work>
void with_stack(const Work& work) {
  if (is_stack_low()) [[unlikely]]
    on_further_stack(work);
  else work();
}

}  // namespace weir::detail::stream
