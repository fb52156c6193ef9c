// Chunks: how elements travel between the stream's program and the cluster, many small ones at a time; and the tasks that work on them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/client/client.hpp"
#include "weir/stream/kernel.hpp"
#include "weir/stream/ticket.hpp"

namespace weir::stream {

/// An element that a function on the cluster threw on.
struct ChunkError {
  std::uint32_t index = 0;  ///< In the chunk it came in.
  std::string type;
  std::string message;
};

/// What a segment made of one chunk.
template <class T>
struct ChunkResult {
  std::vector<T> values;
  std::vector<ChunkError> errors;
  std::uint32_t elements = 0;  ///< That went in at the scatter.
  float seconds = 0;           ///< Spent in the user's functions so far.
};

/// Told when a chunk has left the segment, so that it lets the next one in.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// `seconds` of computing for `elements` elements: how the size of chunks is chosen.
  virtual void measured(double seconds, std::uint32_t elements) = 0;
  /// Lets waiting elements in if there is room now. Not inside a frame.
  virtual void advance() = 0;
};

/// Some elements of a cluster stream: here before the first segment, on a worker behind it.
template <class T>
struct Chunk {
  std::vector<T> values;
  Future<ChunkResult<T>> result;
  std::uint32_t elements = 0;
  std::weak_ptr<ChunkSource> source;
};

/// Calls `push` for one element and turns what it throws into a ChunkError; what it had emitted for this element is taken back.
template <class T, class Push>
void push_guarded(ChunkResult<T>& out, std::uint32_t index, unsigned retries, Push&& push) {
  for (unsigned attempt = 0;; ++attempt) {
    const std::size_t before = out.values.size();
    try {
      return push();
    } catch (...) {
      out.values.resize(before);
      if (attempt < retries) continue;
      ChunkError error{index, "unknown", "an exception that is no std::exception"};
      try {
        throw;
      } catch (const std::exception& thrown) {
        error.type = task::demangle(typeid(thrown).name());
        error.message = thrown.what();
      } catch (...) {
      }
      out.errors.push_back(std::move(error));
      return;
    }
  }
}

/// The values of a chunk, wherever they are.
template <class T>
const std::vector<T>& values_of(const std::vector<T>& values) { return values; }
template <class T>
const std::vector<T>& values_of(const ChunkResult<T>& result) { return result.values; }
template <class T>
std::uint32_t elements_of(const std::vector<T>& values) { return static_cast<std::uint32_t>(values.size()); }
template <class T>
std::uint32_t elements_of(const ChunkResult<T>& result) { return result.elements; }

template <class T>
struct Timed {
  ChunkResult<T>& out;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  ~Timed() { out.seconds += std::chrono::duration<float>(std::chrono::steady_clock::now() - start).count(); }
};

template <class K, class From>
ChunkResult<typename K::Out> begin_result(const From& from) {
  ChunkResult<typename K::Out> out;
  out.elements = elements_of(from);
  if constexpr (requires { from.seconds; }) {
    out.seconds = from.seconds;
    out.errors = from.errors;
  }
  return out;
}

/// A whole stateless segment as one task: `From` is a vector of elements or the result of the segment before.
template <class K, class From>
ChunkResult<typename K::Out> run_chunk(const K& kernel, unsigned retries, const From& from) {
  auto out = begin_result<K>(from);
  {
    const Timed<typename K::Out> timed{out};
    K own = kernel;
    const auto& values = values_of(from);
    for (std::uint32_t i = 0; i < values.size(); ++i)
      push_guarded(out, i, retries, [&] { own.push(values[i], [&](auto&& y) { out.values.emplace_back(std::forward<decltype(y)>(y)); }); });
  }
  return out;
}

/// A segment with a state, between two chunks.
template <class K>
struct Stage {
  K kernel;
  ChunkResult<typename K::Out> out;
};

template <class K, class From>
Stage<K> run_stage(const Stage<K>& before, unsigned retries, const From& from) {
  Stage<K> after{before.kernel, begin_result<K>(from)};
  const Timed<typename K::Out> timed{after.out};
  const auto& values = values_of(from);
  for (std::uint32_t i = 0; i < values.size(); ++i)
    push_guarded(after.out, i, retries, [&] { after.kernel.push(values[i], [&](auto&& y) { after.out.values.emplace_back(std::forward<decltype(y)>(y)); }); });
  return after;
}

/// What the kernel still holds comes out, at the end or at a flush.
template <class K>
Stage<K> finish_stage(const Stage<K>& before, bool ending) {
  Stage<K> after{before.kernel, {}};
  const auto emit = [&](auto&& y) { after.out.values.emplace_back(std::forward<decltype(y)>(y)); };
  push_guarded(after.out, 0, 0, [&] {
    if constexpr (requires { after.kernel.flush(emit); }) {
      if (!ending) return after.kernel.flush(emit);
    }
    if constexpr (requires { after.kernel.finish(emit); }) after.kernel.finish(emit);
  });
  return after;
}

template <class K>
ChunkResult<typename K::Out> stage_output(const Stage<K>& stage) { return stage.out; }

/// Whether elements can go through a kernel in any order and on any worker.
template <class K>
inline constexpr bool is_stateless = !requires(K& k) { k.reset(); } && !requires(const K& k) { k.held(); } && !requires(const K& k) { k.is_done(); };
template <class First, class Second>
inline constexpr bool is_stateless<Fused<First, Second>> = is_stateless<First> && is_stateless<Second>;

/// The segment that does nothing yet.
template <class T>
struct PassKernel {
  using Out = T;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
};

}  // namespace weir::stream
