// Names the operator families use before they are defined.
#pragma once

namespace weir {

template <class T>
class Stream;
class StreamHandle;
class Sink;
template <class T, class In, class K>
class ClusterStream;

namespace detail::stream {

template <class T>
struct Scatter;  // cluster/scatter.hpp
template <class T>
struct ToFrame;  // weir/bridge/stream_frame.hpp
template <class S>
struct ClusterSide;  // cluster/side.hpp: operators that no kernel describes, on a ClusterStream
template <class T, class F>
struct SpawnSink;  // await.hpp

template <class T>
inline constexpr bool is_stream = false;
template <class T>
inline constexpr bool is_stream<Stream<T>> = true;
template <class T>
inline constexpr bool is_on_cluster = false;
template <class T, class In, class K>
inline constexpr bool is_on_cluster<ClusterStream<T, In, K>> = true;

template <class T>
void takes_stream(const Stream<T>& stream);
/// A stream, or what is made of one.
template <class S>
concept GivesElements = requires(const S& stream) {
  takes_stream(stream);
};

/// False, and says in the instantiation what it was asked for: for sentences of the compiler.
template <class...>
inline constexpr bool never = false;

}  // namespace detail::stream
}  // namespace weir
