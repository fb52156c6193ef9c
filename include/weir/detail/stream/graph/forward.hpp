// Names the operator families use before they are defined.
#pragma once

#include <memory>

namespace weir {

template <class T>
class Stream;
class Handle;
class Sink;
template <class T, class In, class K>
class ClusterStream;

namespace detail::stream {

class Node;
template <class T>
class PassNode;
template <class Out, class NodeType>
Stream<Out> attach(const Handle& upstream, std::unique_ptr<NodeType> made);
template <class T>
struct Scatter;  // cluster.hpp
template <class T, class F>
struct SpawnSink;  // await.hpp
template <class In, class Op>
auto apply(const Stream<In>& stream, Op op);

}  // namespace detail::stream
}  // namespace weir
