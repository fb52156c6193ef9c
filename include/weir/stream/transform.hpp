// Element-wise operators: map, starmap, filter, remove, flatten, pluck, slice, take, skip, take_until, enumerate.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/stream/forward.hpp"
#include "weir/stream/kernel.hpp"

namespace weir {
namespace stream {

template <class In, class F>
struct MapKernel {
  using Out = std::decay_t<Called<F, In>>;
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(call(f, std::forward<X>(x))));
  }
};

template <class In, class F>
struct FilterKernel {
  using Out = In;
  F f;
  bool keep = true;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (static_cast<bool>(std::invoke(f, std::as_const(x))) == keep) emit(std::forward<X>(x));
  }
};

}  // namespace stream
namespace op {

/// See `Stream::map`.
template <class F>
struct Map {
  static constexpr const char* kind = "map";
  F f;
  template <class In>
  auto kernel() && {
    static_assert(!std::is_void_v<stream::Called<F, In>>, "map: the function must return a value; use sink for one that does not");
    return stream::MapKernel<In, F>{std::move(f)};
  }
};
template <class F>
auto map(F f) {
  return Map<F>{std::move(f)};
}

template <class F>
struct Filter {
  const char* kind;
  F f;
  bool keep;
  template <class In>
  auto kernel() && {
    return stream::FilterKernel<In, F>{std::move(f), keep};
  }
};
template <class F>
auto filter(F f) {
  return Filter<F>{"filter", std::move(f), true};
}

}  // namespace op
}  // namespace weir
