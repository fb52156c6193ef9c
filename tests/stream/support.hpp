// What the tests of streams share.
#pragma once

#include <catch2/catch.hpp>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "support/warnings.hpp"
#include "weir/stream/stream.hpp"

using Ints = std::vector<int>;

inline int inc(int x) { return x + 1; }
inline bool is_odd(int x) { return x % 2 != 0; }

/// The sentence of the error `run` ends with.
template <class Run>
std::string sentence(Run run) {
  try {
    run();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

/// Counts calls of on_done.
struct DoneCount {
  int done = 0, failed = 0;
  weir::detail::stream::Done counter() {
    return [this](const std::exception_ptr& error) {
      ++done;
      if (error) ++failed;
    };
  }
};

/// Emits all of `elements`.
template <class T, class Elements>
void feed(const weir::Stream<T>& source, const Elements& elements) {
  for (const auto& x : elements) source.emit(x);
}
inline void feed(const weir::Stream<int>& source, int begin, int end) {
  for (int i = begin; i < end; ++i) source.emit(i);
}
