// Where elements leave: sink.
#pragma once

#include "weir/stream/forward.hpp"
#include "weir/stream/kernel.hpp"

namespace weir {
namespace stream {

/// The element type of what gives none.
struct Nothing {};

template <class In, class F>
struct SinkKernel {
  using Out = Nothing;
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    call(f, std::forward<X>(x));
  }
};
}  // namespace stream
namespace op {
template <class F>
struct SinkTo {
  F f;
  template <class In>
  auto operator()(const Stream<In>& s) && {
    return stream::attach_sink(s, std::make_unique<stream::KernelNode<In, stream::SinkKernel<In, F>>>("sink", stream::SinkKernel<In, F>{std::move(f)}));
  }
};
template <class F>
auto sink(F f) {
  return SinkTo<F>{std::move(f)};
}
}  // namespace op
}  // namespace weir
