// The names of the members of a plain struct.
#pragma once

#include <string_view>

#include "weir/detail/task/fields.hpp"

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

namespace weir::detail::task {

// The name of a member, as the compiler writes the address of it in an object that is declared and not there.
template <class T>
struct Absent {
  T value;
};
template <class T>
extern const Absent<T> absent;
template <class Pointer>
struct MemberPlace {
  Pointer at;
};
template <class Pointer>
MemberPlace(Pointer) -> MemberPlace<Pointer>;
template <std::size_t I, class T>
constexpr auto member_place(const T& value) {
  auto fields = fields_of(value);
  return MemberPlace{&boost::pfr::detail::sequence_tuple::get<I>(fields)};
}
template <MemberPlace place>
constexpr std::string_view written_place() {
  return __PRETTY_FUNCTION__;
}
template <class T, std::size_t I>
constexpr std::string_view member_name() {
  const std::string_view text = written_place<member_place<I>(absent<T>.value)>();
  std::size_t end = text.rfind('}');
  while (text[end - 1] == ')') --end;
  std::size_t begin = end;
  while (text[begin - 1] != ':' && text[begin - 1] != '.') --begin;
  return text.substr(begin, end - begin);
}

}  // namespace weir::detail::task

#ifdef __clang__
#pragma clang diagnostic pop
#endif
