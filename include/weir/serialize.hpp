// What can travel between processes, and how a type of one's own is written to bytes and read back.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "weir/detail/task/value.hpp"

namespace weir {

/// Can be an argument or a result of a task, an element of a stream on the cluster, a value to scatter.
///
/// * Numbers, enumerations, std::string, the std containers, optional, variant, tuple, pair, complex,
///   bitset, atomic, durations and time points, filesystem paths, std::unique_ptr and std::shared_ptr (of
///   what travels and can be made without arguments), xtensor's arrays.
/// * Plain structs (aggregates) whose members all travel, C arrays among them; nothing is written for those.
/// * Functions and pointers to members, captureless lambdas.
/// * Types with functions of cereal: `serialize`, `save` and `load`, `save_minimal` and `load_minimal`, as
///   members or free (in the type's namespace or in `cereal`), each also with a version
///   (`CEREAL_CLASS_VERSION`). These are used wherever a value of the type travels: alone, as a member of a
///   plain struct, in a container. The type is default-constructible. Free ones stand before the first use.
///
/// Pointers, references, locks, open files and threads do not travel, nor does what contains one.
template <class T>
concept Travels = detail::task::Travels<std::remove_cv_t<T>>::value;

/// Whether an argument of a type with functions of its own that write it goes to a task of the same process
/// as it is, where it is given up (`submit(f, std::move(x))`, or made for the call) and the function takes a
/// `const T&`; else it is written and read also there.
///
/// Set it to false for a type whose objects share memory, so that one can be given up and changed through
/// another: `template <> inline constexpr bool weir::passes_live<Image> = false;`.
template <class T>
inline constexpr bool passes_live = true;

/// The bytes in which a value travels: to try a `serialize` in a test.
///
/// They are for `from_bytes` in the same program, or another process of it; they are no file format.
/// **Errors.** Throws what the type's own functions throw.
/// **Cost.** A copy of the value.
template <Travels T>
[[nodiscard]] std::vector<std::byte> to_bytes(const T& value) {
  Buffer buffer;
  Writer writer(buffer);
  write(writer, value);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// The value whose bytes these are.
///
/// **Errors.** Throws `Error{serialization}` if they end early or are more than one value, or when the type's
/// own functions throw.
template <Travels T>
[[nodiscard]] T from_bytes(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  T value{};
  detail::task::read_back(reader, value);
  if (reader.left() > 0) detail::task::throw_left(typeid(T), reader.left());
  return value;
}

}  // namespace weir
