// Values to bytes and back: std containers, plain structs, anything cereal knows; large contiguous buffers
// travel beside the bytes.
#pragma once

#include <array>
#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/atomic.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/common.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/queue.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/stack.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/valarray.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <cfloat>
#include <complex>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/detail/core/refused.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/detail/task/fields.hpp"
#include "weir/detail/task/pack.hpp"
#include "weir/detail/task/small_vector.hpp"
#include "weir/error.hpp"

// The archives, and what cereal finds beside them, are not in `weir`: after `using namespace weir` a
// program's own function named `load` or `save` would be one of several.
namespace weir::detail::task {

/// A pointer, but to a function.
template <class T>
concept IsDataPointer = std::is_pointer_v<std::remove_cvref_t<T>> &&
    !std::is_function_v<std::remove_pointer_t<std::remove_cvref_t<T>>>;

class OutArchive : public cereal::OutputArchive<OutArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit OutArchive(Writer& to) : OutputArchive(this), writer(to) {}
  using OutputArchive::operator();
  /// \cond
  template <class First, class... Rest>
  requires(IsDataPointer<First> || (IsDataPointer<Rest> || ...)) WEIR_REFUSES(
      "weir: a pointer cannot travel to another process. Use std::unique_ptr or std::shared_ptr, or an "
      "index, in this serialize().")
  OutArchive& operator()(First&&, Rest&&...) { return *this; }
  /// \endcond
  Writer& writer;
  SmallVector<Writer::Lasting, 4> around;  ///< Of values that what is written now is a part of.
};
class InArchive : public cereal::InputArchive<InArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit InArchive(Reader& from) : InputArchive(this), reader(from) {}
  Reader& reader;
};

}  // namespace weir::detail::task
// Before any type is registered: then pointers to bases travel as what they point to.
CEREAL_REGISTER_ARCHIVE(weir::detail::task::OutArchive)
CEREAL_REGISTER_ARCHIVE(weir::detail::task::InArchive)
namespace weir {

using OutArchive = detail::task::OutArchive;
using InArchive = detail::task::InArchive;

namespace detail::task {

template <class T>
struct IsStdArray : std::false_type {};
template <class T, std::size_t N>
struct IsStdArray<std::array<T, N>> : std::true_type {};

/// Has functions that cereal finds: members, or free ones but for `serialize` without a version.
template <class T>
concept OwnFunctions = cereal::traits::has_member_serialize<T, OutArchive>::value ||
    cereal::traits::has_member_versioned_serialize<T, OutArchive>::value ||
    cereal::traits::has_member_save<T, OutArchive>::value ||
    cereal::traits::has_member_versioned_save<T, OutArchive>::value ||
    cereal::traits::has_member_save_minimal<T, OutArchive>::value ||
    cereal::traits::has_member_versioned_save_minimal<T, OutArchive>::value ||
    cereal::traits::has_non_member_versioned_serialize<T, OutArchive>::value ||
    cereal::traits::has_non_member_save<T, OutArchive>::value ||
    cereal::traits::has_non_member_versioned_save<T, OutArchive>::value ||
    cereal::traits::has_non_member_save_minimal<T, OutArchive>::value ||
    cereal::traits::has_non_member_versioned_save_minimal<T, OutArchive>::value;

/// What the free `serialize` for aggregates below returns. A user's own is more specialized and returns
/// something else, which is how it is noticed.
struct MemberByMember {};

template <class T>
concept Aggregate = std::is_class_v<T> && std::is_aggregate_v<T> && !IsStdArray<T>::value && !OwnFunctions<T>;

template <class T>
concept FreeSerialize = requires(OutArchive& archive, T& value) {
  CEREAL_SERIALIZE_FUNCTION_NAME(archive, value);
  requires !std::is_same_v<decltype(CEREAL_SERIALIZE_FUNCTION_NAME(archive, value)), MemberByMember>;
};

/// What its author wrote for a type is used wherever its values travel.
template <class T>
concept OwnSerialization = OwnFunctions<T> || FreeSerialize<T>;

/// A plain struct without functions of its own: its members travel one by one, nothing to write for it.
template <class T>
concept PlainStruct = Aggregate<T> && !FreeSerialize<T>;

/// An enumeration whose `save_minimal` is not cereal's.
template <class T>
concept NamedEnum =
    std::is_enum_v<T> && !std::is_same_v<decltype(CEREAL_SAVE_MINIMAL_FUNCTION_NAME(
                                             std::declval<const OutArchive&>(), std::declval<const T&>())),
                                         std::underlying_type_t<T>>;

template <class T>
struct IsBitwise;
template <class T, std::size_t... I>
constexpr bool fields_are_bitwise(std::index_sequence<I...>) {
  return (IsBitwise<FieldType<T, I>>::value && ...);
}
template <class T>
constexpr bool is_bitwise() {
  if constexpr (std::is_arithmetic_v<T>) return true;
  else if constexpr (std::is_enum_v<T>) return !NamedEnum<T>;
  else if constexpr (std::is_trivially_copyable_v<T> && PlainStruct<T>)
    return fields_are_bitwise<T>(std::make_index_sequence<field_count<T>>{});
  else return false;
}
template <class T>
struct IsBitwise : std::bool_constant<is_bitwise<T>()> {};
template <class T>
struct IsBitwise<std::complex<T>> : std::true_type {};
template <class T, std::size_t N>
struct IsBitwise<std::array<T, N>> : IsBitwise<T> {};
template <class T, std::size_t N>
struct IsBitwise<T[N]> : IsBitwise<T> {};
template <class Rep, class Period>
struct IsBitwise<std::chrono::duration<Rep, Period>> : IsBitwise<Rep> {};
template <class T, class U>
struct IsBitwise<std::pair<T, U>>
    : std::bool_constant<IsBitwise<T>::value && IsBitwise<U>::value &&
                         std::is_trivially_copy_constructible_v<std::pair<T, U>>> {};

/// Its bytes are the value: no pointers, no own serialization.
template <class T>
concept Bitwise = IsBitwise<std::remove_cv_t<T>>::value;

/// Whether some bytes of a value say nothing: they may differ in each copy.
template <class T>
constexpr bool has_padding() {
  if constexpr (std::is_same_v<T, long double>) return true;
  else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) return false;
  else if constexpr (std::is_bounded_array_v<T>) return has_padding<std::remove_all_extents_t<T>>();
  else if constexpr (IsStdArray<T>::value) return has_padding<typename T::value_type>();
  else if constexpr (PlainStruct<T>) return []<std::size_t... I>(std::index_sequence<I...>) {
      return sizeof(T) != (sizeof(FieldType<T, I>) + ... + 0) || (has_padding<FieldType<T, I>>() || ...);
    }
  (std::make_index_sequence<field_count<T>>{});
  else if constexpr (requires { std::tuple_size<T>::value; }) return
      []<std::size_t... I>(std::index_sequence<I...>) {
    return sizeof(T) != (sizeof(std::tuple_element_t<I, T>) + ... + 0) ||
           (has_padding<std::tuple_element_t<I, T>>() || ...);
  }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (requires { typename T::value_type; }) return has_padding<typename T::value_type>();
  else if constexpr (requires { typename T::rep; }) return has_padding<typename T::rep>(); else return false;
}
/// The bytes of a value, with zeros where they say nothing.
template <class T>
void put_clear(std::byte* to, const T& value) {
  if constexpr (!has_padding<T>()) std::memcpy(to, &value, sizeof value);
  else if constexpr (std::is_same_v<T, long double>)
    std::memcpy(to, &value, LDBL_MANT_DIG == 64 ? 10 : sizeof value);
  else {
    const auto part = [&](const auto& member) {
      put_clear(
          to + (reinterpret_cast<const std::byte*>(&member) - reinterpret_cast<const std::byte*>(&value)),
          member);
    };
    if constexpr (std::is_bounded_array_v<T>)
      for (const auto& item : value) part(item);
    else if constexpr (PlainStruct<T>) for_each_field(value, part);
    else if constexpr (requires { value.begin(); })
      for (const auto& item : value) part(item);
    else if constexpr (requires { value.first; }) part(value.first), part(value.second);
    else if constexpr (requires { value.count(); }) put_clear(to, value.count());
    else part(reinterpret_cast<const typename T::value_type(&)[2]>(value));  // std::complex<long double>
  }
}
template <class T>
void write_clear(Writer& writer, const T* values, std::size_t count) {
  writer.block_of(count * sizeof(T), [&](std::byte* to) {
    std::memset(to, 0, count * sizeof(T));
    for (std::size_t i = 0; i < count; ++i) put_clear(to + i * sizeof(T), values[i]);
  });
}
template <class T>
void write_block(Writer& writer, const T* values, std::size_t count) {
  if constexpr (has_padding<T>())
    if (writer.is_for_key()) return write_clear(writer, values, count);
  writer.block(values, count * sizeof *values);
}

/// A function pointer travels as the place of its function in the executable.
template <class T>
concept FunctionPointer = std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>;
template <FunctionPointer T>
void write_function(Writer& writer, T function) {
  const std::uint64_t address = function ? portable_address(reinterpret_cast<const void*>(function)) : 0;
  writer.note_function(address);
  writer.bytes(&address, sizeof address);
}

/// The bytes of a pointer to a member that mean the same on every rank, as the Itanium ABI keeps it: of a
/// function its address (or, odd, its place in the virtual table) and the adjustment of `this`; of data the
/// offset.
template <class Pointer>
struct MemberPointerBytes {
  static constexpr bool to_function = std::is_member_function_pointer_v<Pointer>;
  std::uint64_t parts[sizeof(Pointer) / sizeof(std::uint64_t)];
  static void write(Writer& writer, Pointer pointer) {
    MemberPointerBytes bytes;
    static_assert(sizeof bytes == sizeof pointer);
    std::memcpy(&bytes, &pointer, sizeof bytes);
    if (to_function && bytes.parts[0] != 0 && !(bytes.parts[0] & 1)) {
      const std::uint64_t address = portable_address(reinterpret_cast<const void*>(bytes.parts[0]));
      writer.note_function(address);
      bytes.parts[0] = address << 1;
    }
    writer.bytes(&bytes, sizeof bytes);
  }
  [[nodiscard]] Pointer pointer() const {
    MemberPointerBytes here = *this;
    if (to_function && here.parts[0] != 0 && !(here.parts[0] & 1))
      here.parts[0] = reinterpret_cast<std::uint64_t>(local_address(here.parts[0] >> 1));
    Pointer pointer;
    std::memcpy(&pointer, &here, sizeof pointer);
    return pointer;
  }
};

/// A captureless lambda or another functor without members: its type says everything.
template <class T>
concept Stateless = std::is_class_v<T> && std::is_empty_v<T> && std::is_default_constructible_v<T> &&
                    !std::is_aggregate_v<T> &&
                    !OwnSerialization<T>;

/// std::filesystem::path, recognised without its header, which tasks do not need.
template <class T>
concept PathLike = requires(const T& path) {
  typename T::string_type;
  path.lexically_normal();
  path.native();
  path.string();
};

/// Whether an array of these extents has `count` elements.
[[nodiscard]] bool is_product(const std::vector<std::uint64_t>& extents, std::uint64_t count);

/// xtensor's containers, recognised by their shape and storage so that no header of xtensor is needed here.
template <class T>
concept TensorLike = requires(T& t, const T& c) {
  typename T::storage_type;
  c.shape();
  c.strides();
  {c.storage()};
  t.resize(c.shape());
  {t.data()};
  c.layout();
};

// A vector that can be given memory from `operator new`, which the standard has no way to say. Elsewhere the
// elements are copied.
#ifdef __GLIBCXX__
template <class V>
concept Adoptable =
    std::is_same_v<V, std::vector<typename V::value_type>> && !std::is_same_v<typename V::value_type, bool> &&
    alignof(typename V::value_type) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
template <class T>
std::vector<T> vector_of(std::byte* memory, std::size_t count) {
  struct Adopting : std::vector<T> {
    Adopting(T* first, std::size_t count) {
      this->_M_impl._M_start = first;
      this->_M_impl._M_finish = this->_M_impl._M_end_of_storage = first + count;
    }
  };
  Adopting adopting(reinterpret_cast<T*>(memory), count);
  return std::vector<T>(std::move(adopting));
}
#else
template <class V>
concept Adoptable = false;
#endif

template <class T>
struct IsPlainVector : std::false_type {};
template <class T, class A>
struct IsPlainVector<std::vector<T, A>> : std::bool_constant<Bitwise<T> && !std::is_same_v<T, bool>> {};
template <class T>
struct IsSmallVector : std::false_type {};
template <class T, std::uint32_t N>
struct IsSmallVector<SmallVector<T, N>> : std::true_type {};

/// A contiguous sequence of bitwise elements that is written as count + bytes without cereal.
template <class T>
concept PlainSequence = std::is_same_v<T, std::string> || std::is_same_v<T, Buffer> ||
    IsPlainVector<T>::value || IsSmallVector<T>::value;

template <class T>
void write_sequence(Writer& writer, const T& items) {
  const auto count = static_cast<std::uint64_t>(items.size());
  writer.bytes(&count, sizeof count);
  write_block(writer, items.data(), static_cast<std::size_t>(count));
}
template <class T>
void read_sequence(Reader& reader, T& items) {
  std::uint64_t count = 0;
  reader.bytes(&count, sizeof count);
  reader.expect(count, sizeof(*items.data()));
  if constexpr (std::is_same_v<T, Buffer>) {
    items.clear();
    reader.bytes(items.grow(count), count);
  } else {
    if constexpr (Adoptable<T>)
      if (std::byte* memory = reader.take(count * sizeof(*items.data()))) {
        items = vector_of<typename T::value_type>(memory, count);
        return;
      }
    items.resize(static_cast<decltype(items.size())>(count));
    reader.block(items.data(), count * sizeof(*items.data()));
  }
}

/// Types of the library that write themselves.
template <class T>
concept OwnBytes = requires(const T& constant, T& object, Writer& writer, Reader& reader) {
  constant.write_bytes(writer);
  object.read_bytes(reader);
};

template <class T>
struct Travels;

}  // namespace detail::task

/// Appends `value`. Throws what the value's own serialize() throws.
template <class T>
void write(Writer& writer, const T& value);

/// Reads what `write` wrote. Throws `Error{serialization}` when the bytes end early.
template <class T>
void read(Reader& reader, T& value);

namespace detail::task {

// What a type's own functions write may be made by them, and gone when they return: only what lies in the
// object itself, and what std containers in it hold, is known to last as long.

/// Passed to an archive in place of what it refers to.
template <class T>
struct IsWrapper : std::false_type {};
template <class T>
struct IsWrapper<cereal::NameValuePair<T>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::SizeTag<T>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::BinaryData<T>> : std::true_type {};
template <class K, class V>
struct IsWrapper<cereal::MapItem<K, V>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::DeferredData<T>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::memory_detail::PtrWrapper<T>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::base_class<T>> : std::true_type {};
template <class T>
struct IsWrapper<cereal::virtual_base_class<T>> : std::true_type {};

template <class T>
struct IsOwningPointer : std::false_type {};
template <class T, class D>
struct IsOwningPointer<std::unique_ptr<T, D>> : std::true_type {};
template <class T>
struct IsOwningPointer<std::shared_ptr<T>> : std::true_type {};
template <class T>
struct IsValarray : std::false_type {};
template <class T>
struct IsValarray<std::valarray<T>> : std::true_type {};

template <class T>
concept SaysThatItHolds = requires {
  requires T::holds_what_it_writes;
};
/// As the std containers have; with no functions of its own that write it.
template <class T>
concept HasAllocator = requires {
  typename T::allocator_type;
  requires !cereal::traits::has_member_serialize<T, OutArchive>::value;
  requires !cereal::traits::has_member_save<T, OutArchive>::value;
};
/// Its memory outside of the object, of which it writes nothing else, lasts as long as the object.
template <class T>
concept HoldsWhatItWrites = IsOwningPointer<T>::value || IsValarray<T>::value || OwnBytes<T> ||
    TensorLike<T> || SaysThatItHolds<T> || HasAllocator<T>;

template <class T>
inline constexpr bool says_what_lasts = !Bitwise<T> && !IsWrapper<T>::value;

/// Called by cereal before each value ...
template <class T>
void prologue(OutArchive& archive, const T& value) {
  if constexpr (says_what_lasts<T>) {
    Writer& writer = archive.writer;
    if (!writer.lends()) return;
    const auto at = reinterpret_cast<std::uintptr_t>(&value);
    const Writer::Lasting around = writer.set_lasting(Writer::nothing_lasts);
    archive.around.push_back(around);
    if (!around.has(&value)) return;
    if constexpr (HoldsWhatItWrites<T>) writer.set_lasting(Writer::all_lasts);
    else writer.set_lasting({at, at + sizeof value});
  }
}
/// ... and after it.
template <class T>
void epilogue(OutArchive& archive, const T&) {
  if constexpr (says_what_lasts<T>) {
    if (!archive.writer.lends()) return;
    archive.writer.set_lasting(archive.around.back());
    archive.around.pop_back();
  }
}

// How cereal's own functions reach the bytes.
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const T& value) {
  if constexpr (has_padding<T>())  // long double
    if (archive.writer.is_for_key()) return write_clear(archive.writer, &value, 1);
  archive.writer.bytes(&value, sizeof value);
}
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, T& value) { archive.reader.bytes(&value, sizeof value); }
/// Function pointers. Others are refused here, in our words.
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(OutArchive& archive, T*& pointer) {
  static_assert(
      std::is_function_v<T>,
      "weir: a pointer cannot travel to another process. Use std::unique_ptr or std::shared_ptr, or "
      "an index, in this serialize().");
  if constexpr (std::is_function_v<T>) write_function(archive.writer, pointer);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(InArchive& archive, T*& pointer) {
  std::uint64_t address = 0;
  archive(address);
  if constexpr (std::is_function_v<T>)  // others are refused by the other direction
    pointer = address ? reinterpret_cast<T*>(const_cast<void*>(local_address(address))) : nullptr;
}
template <class T>
requires std::is_member_pointer_v<T>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const T& pointer) {
  MemberPointerBytes<T>::write(archive.writer, pointer);
}
template <class T>
requires std::is_member_pointer_v<T>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, T& pointer) {
  MemberPointerBytes<T> bytes;
  archive.reader.bytes(&bytes, sizeof bytes);
  pointer = bytes.pointer();
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(OutArchive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(InArchive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(OutArchive& archive, cereal::SizeTag<T>& tag) {
  archive(tag.size);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(InArchive& archive, cereal::SizeTag<T>& tag) {
  archive(tag.size);
  archive.reader.expect(tag.size, 0);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const cereal::BinaryData<T>& data) {
  using Item = std::remove_cv_t<std::remove_pointer_t<std::decay_t<T>>>;
  const auto size = static_cast<std::size_t>(data.size);
  if constexpr (std::is_arithmetic_v<Item>)
    if (size % sizeof(Item) == 0)
      return write_block(archive.writer, static_cast<const Item*>(data.data), size / sizeof(Item));
  archive.writer.block(data.data, size);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, cereal::BinaryData<T>& data) {
  archive.reader.block(data.data, static_cast<std::size_t>(data.size));
}

// What cereal would write element by element or zero-fill before it reads, or does not know.
template <class T, class A>
requires(Bitwise<T> &&
         !std::is_same_v<T, bool>) void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive,
                                                                  const std::vector<T, A>& items) {
  write_sequence(archive.writer, items);
}
template <class T, class A>
requires(Bitwise<T> && !std::is_same_v<T, bool>) void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive,
                                                                                std::vector<T, A>& items) {
  read_sequence(archive.reader, items);
}
template <class T, class A>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const std::forward_list<T, A>& items) {
  const Writer::Lasting before = archive.writer.set_lasting(Writer::nothing_lasts);  // it is made here
  archive(std::vector<T>(items.begin(), items.end()));
  archive.writer.set_lasting(before);
}
template <class T, class A>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, std::forward_list<T, A>& items) {
  std::vector<T> read;
  archive(read);
  items.assign(std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
}
// cereal's own puts each element before the last one, which reverses those of equal keys.
template <class K, class T, class C, class A>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, std::multimap<K, T, C, A>& items) {
  std::uint64_t count = 0;
  archive(cereal::make_size_tag(count));
  items.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::pair<K, T> item;
    archive(cereal::make_map_item(item.first, item.second));
    items.insert(items.end(), std::move(item));
  }
}
template <class K, class T, class C, class A>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const std::multimap<K, T, C, A>& items) {
  archive(cereal::make_size_tag(static_cast<std::uint64_t>(items.size())));
  for (const auto& item : items) archive(cereal::make_map_item(item.first, item.second));
}
template <PathLike Path>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const Path& path) {
  archive(path.string());
}
template <PathLike Path>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, Path& path) {
  std::string text;
  archive(text);
  path = text;
}
template <TensorLike T>
void CEREAL_SAVE_FUNCTION_NAME(OutArchive& archive, const T& tensor) {
  archive(std::vector<std::uint64_t>(tensor.shape().begin(), tensor.shape().end()),
          static_cast<int>(tensor.layout()));
  const auto& storage = tensor.storage();
  archive(static_cast<std::uint64_t>(storage.size()));
  using Element = std::remove_cvref_t<decltype(*storage.begin())>;
  if constexpr (Bitwise<Element>) write_block(archive.writer, storage.data(), storage.size());
  else
    for (const auto& element : storage) archive(element);
}
template <TensorLike T>
void CEREAL_LOAD_FUNCTION_NAME(InArchive& archive, T& tensor) {
  std::vector<std::uint64_t> extents;
  int layout = 0;
  std::uint64_t count = 0;
  archive(extents, layout, count);
  auto& storage = tensor.storage();
  using Element = std::remove_cvref_t<decltype(*storage.begin())>;
  archive.reader.expect(count, Bitwise<Element> ? sizeof(Element) : 0);
  if (!is_product(extents, count))  // asked before memory is taken for the shape
    throw Error(ErrorKind::serialization, "tensor: the shape and the number of elements disagree");
  auto shape = tensor.shape();
  if constexpr (requires { shape[0] = 0; }) {
    if constexpr (requires { shape.resize(extents.size()); }) shape.resize(extents.size());
    if (shape.size() != extents.size())
      throw Error(ErrorKind::serialization, "tensor: the number of dimensions is not that of its type");
    for (std::size_t i = 0; i < extents.size(); ++i)
      shape[i] = static_cast<std::remove_cvref_t<decltype(shape[i])>>(extents[i]);
    if constexpr (requires { tensor.resize(shape, tensor.layout()); })
      tensor.resize(shape, static_cast<decltype(tensor.layout())>(layout));
    else tensor.resize(shape);
  } else if (!std::equal(extents.begin(), extents.end(), tensor.shape().begin(), tensor.shape().end())) {
    throw Error(ErrorKind::serialization, "tensor: the shape is not that of its type");
  }
  if (storage.size() != count)
    throw Error(ErrorKind::serialization, "tensor: the type and the number of elements disagree");
  if constexpr (Bitwise<Element>) archive.reader.block(storage.data(), count * sizeof(Element));
  else
    for (auto& element : storage) archive(element);
}

}  // namespace detail::task

}  // namespace weir

namespace cereal {
/// Plain structs: member by member.
template <class Archive, weir::detail::task::Aggregate T>
weir::detail::task::MemberByMember CEREAL_SERIALIZE_FUNCTION_NAME(Archive& archive, T& value) {
  weir::detail::task::for_each_field(value, [&](auto& field) { archive(field); });
  return {};
}
}  // namespace cereal

CEREAL_SETUP_ARCHIVE_TRAITS(weir::detail::task::InArchive, weir::detail::task::OutArchive)

namespace weir::detail::task {

/// Saved element by element, by cereal or here.
template <class T>
concept Container = requires {
  typename T::value_type;
}
&&!std::is_same_v<typename T::value_type, T> && !std::is_aggregate_v<T> && !FreeSerialize<T> &&
    cereal::traits::has_non_member_save<T, OutArchive>::value;

template <class T, class... Seen>
struct TravelsAmong;
template <class T, class... Seen>
concept TravelsWithin = (std::is_same_v<T, Seen> || ...) || TravelsAmong<T, Seen...>::value;
template <class T, class... Seen, std::size_t... I>
constexpr bool fields_travel(std::index_sequence<I...>) {
  return (TravelsWithin<FieldType<T, I>, T, Seen...> && ...);
}
template <class T, class... Seen>
constexpr bool travels() {
  if constexpr (Bitwise<T> || Stateless<T> || FunctionPointer<T>) return true;
  else if constexpr (std::is_pointer_v<T> || std::is_reference_v<T> || !std::is_default_constructible_v<T>)
    return false;
  else if constexpr (OwnBytes<T>) return true;
  else if constexpr (PlainStruct<T>)
    return fields_travel<T, Seen...>(std::make_index_sequence<field_count<T>>{});
  else if constexpr (Container<T>) return TravelsWithin<std::remove_cv_t<typename T::value_type>, Seen...>;
  else
    return cereal::traits::is_output_serializable<T, OutArchive>::value &&
           cereal::traits::is_input_serializable<T, InArchive>::value;
}

/// Whether a type can cross a process boundary; looks inside the std containers and plain structs, where
/// cereal itself does not. `Seen`: the structs that are being looked into, which may own others of their
/// kind.
template <class T, class... Seen>
struct TravelsAmong : std::bool_constant<travels<T, Seen...>()> {};
template <class T, std::size_t N, class... Seen>
struct TravelsAmong<T[N], Seen...> : std::bool_constant<TravelsWithin<T, Seen...>> {};
template <class T, std::size_t N, class... Seen>
struct TravelsAmong<std::array<T, N>, Seen...> : std::bool_constant<TravelsWithin<T, Seen...>> {};
template <class T, class... Seen>
struct TravelsAmong<std::optional<T>, Seen...> : std::bool_constant<TravelsWithin<T, Seen...>> {};
template <class T, class D, class... Seen>
struct TravelsAmong<std::unique_ptr<T, D>, Seen...> : std::bool_constant<TravelsWithin<T, Seen...>> {};
template <class T, class... Seen>
struct TravelsAmong<std::shared_ptr<T>, Seen...>
    : std::bool_constant<TravelsWithin<std::remove_const_t<T>, Seen...>> {};
template <class... T, class... Seen>
struct TravelsAmong<std::tuple<T...>, Seen...> : std::bool_constant<(TravelsWithin<T, Seen...> && ...)> {};
template <class... T, class... Seen>
struct TravelsAmong<std::variant<T...>, Seen...> : std::bool_constant<(TravelsWithin<T, Seen...> && ...)> {};
template <class T, class U, class... Seen>
struct TravelsAmong<std::pair<T, U>, Seen...>
    : std::bool_constant<TravelsWithin<std::remove_const_t<T>, Seen...> && TravelsWithin<U, Seen...>> {};

template <class T>
struct Travels : TravelsAmong<T> {};

}  // namespace weir::detail::task

namespace weir {

template <class T>
void write(Writer& writer, const T& value) {
  if constexpr (detail::task::Bitwise<T>) {
    if constexpr (!std::is_empty_v<T> && detail::task::has_padding<T>())
      if (writer.is_for_key()) return detail::task::write_clear(writer, &value, 1);
    if constexpr (!std::is_empty_v<T>) writer.bytes(&value, sizeof value);
  } else if constexpr (detail::task::OwnBytes<T>) {
    value.write_bytes(writer);
  } else if constexpr (detail::task::Stateless<T>) {
  } else if constexpr (detail::task::FunctionPointer<T>) {
    detail::task::write_function(writer, value);
  } else if constexpr (detail::task::PlainSequence<T>) {
    detail::task::write_sequence(writer, value);
  } else if constexpr (detail::task::PlainStruct<T>) {
    weir::detail::task::for_each_field(value, [&](const auto& field) { write(writer, field); });
  } else {
    OutArchive archive(writer);
    archive(value);
  }
}

template <class T>
void read(Reader& reader, T& value) {
  if constexpr (detail::task::Bitwise<T>) {
    if constexpr (!std::is_empty_v<T>) reader.bytes(const_cast<std::remove_cv_t<T>*>(&value), sizeof value);
  } else if constexpr (detail::task::OwnBytes<T>) {
    value.read_bytes(reader);
  } else if constexpr (detail::task::Stateless<T>) {
  } else if constexpr (detail::task::FunctionPointer<T>) {
    std::uint64_t address = 0;
    read(reader, address);
    value = address ? reinterpret_cast<T>(const_cast<void*>(detail::task::local_address(address))) : nullptr;
  } else if constexpr (detail::task::PlainSequence<T>) {
    detail::task::read_sequence(reader, value);
  } else if constexpr (detail::task::PlainStruct<T>) {
    weir::detail::task::for_each_field(value, [&](auto& field) { read(reader, field); });
  } else {
    InArchive archive(reader);
    archive(value);
  }
}

}  // namespace weir
