// What a kernel keeps between two elements: to bytes and back, for another run of the program.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/traits.hpp"
#include "weir/serialize.hpp"

namespace weir::detail::stream {

/// What another run can have of a node.
enum class KeptState : unsigned char {
  none,      ///< There is nothing between two elements, or it has come out once the stream is drained.
  writable,  ///< Its state, as bytes.
  lost       ///< Its state cannot be written.
};

template <class Members>
inline constexpr bool members_travel = false;
template <class... T>
inline constexpr bool members_travel<std::tuple<T&...>> = (Travels<T> && ...);

/// What kernels say themselves: `auto kept() { return std::tie(sum, count); }`, or, made of kernels,
/// `static constexpr KeptState keeps` with `write_kept(Writer&)` and `read_kept(Reader&)`.
template <class K>
constexpr KeptState kept_of() {
  if constexpr (requires { K::keeps; }) return K::keeps;
  else if constexpr (requires(K & kernel) { kernel.kept(); }) {
    using Members = decltype(std::declval<K&>().kept());
    if constexpr (std::is_same_v<Members, std::tuple<>>) return KeptState::none;
    else return members_travel<Members> ? KeptState::writable : KeptState::lost;
  } else if constexpr (requires(K & kernel) { kernel.reset(); }) {
    return KeptState::lost;
  } else if constexpr (requires(const K& kernel) { kernel.due(); }) {
    return KeptState::none;
  } else {
    constexpr Where where = traits_of<K>.where;
    return where == Where::anywhere || where == Where::on_whole_chunks ? KeptState::none : KeptState::lost;
  }
}

template <class K>
void write_kept(Writer& writer, K& kernel) {
  if constexpr (kept_of<K>() == KeptState::writable) {
    if constexpr (requires { kernel.write_kept(writer); }) kernel.write_kept(writer);
    else std::apply([&](const auto&... member) { (write(writer, member), ...); }, kernel.kept());
  }
}
template <class K>
void read_kept(Reader& reader, K& kernel) {
  if constexpr (kept_of<K>() == KeptState::writable) {
    if constexpr (requires { kernel.read_kept(reader); }) kernel.read_kept(reader);
    else std::apply([&](auto&... member) { (task::read_back(reader, member), ...); }, kernel.kept());
  }
}
/// Of several kernels that are one.
constexpr KeptState all_kept(std::initializer_list<KeptState> parts) {
  KeptState all = KeptState::none;
  for (const KeptState part : parts) all = part > all ? part : all;
  return all;
}

}  // namespace weir::detail::stream
