// The members of Stream<T>: one-line forwards to the free operators.
#pragma once

#include "weir/stream/forward.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/transform.hpp"

namespace weir {

template <class T>
class Chain {
 public:
  template <class Op>
  auto apply(Op op) const { return stream::apply(self(), std::move(op)); }
  template <class F>
  auto map(F f) const { return apply(op::map(std::move(f))); }
  template <class F>
  auto filter(F f) const { return apply(op::filter(std::move(f))); }
  template <class F>
  auto sink(F f) const { return apply(op::sink(std::move(f))); }

 private:
  [[nodiscard]] const Stream<T>& self() const noexcept { return static_cast<const Stream<T>&>(*this); }
};

}  // namespace weir
