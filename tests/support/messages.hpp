// Messages of every type, filled.
#pragma once

#include "protocol/codec.hpp"

namespace weir::test {

using namespace weir::detail::protocol;

/// A value for each kind of member, so that every field of every message is filled with something to compare.
struct Filler {
  std::uint64_t next = 1;
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(T& field) {
    field = std::is_same_v<T, bool> ? static_cast<T>(next++ % 2 == 0) : static_cast<T>(next++ % 100 + 1);
  }
  void operator()(std::chrono::nanoseconds& time) { time = std::chrono::nanoseconds(next++); }
  void operator()(Duration& span) { span = std::chrono::nanoseconds(next++); }
  void operator()(ErrorKind& kind) { kind = ErrorKind::worker_lost; }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T& value) { value = static_cast<T>(1); }
  void operator()(std::string& text) { text = "text " + std::to_string(next++); }
  void operator()(Buffer& buffer) {
    const std::uint64_t bytes[] = {next++, next++, next++, next++, next++, next++, next++};
    buffer.append(bytes, sizeof bytes);
  }
  template <class T>
  void operator()(std::shared_ptr<const T>& pointer) {
    auto made = std::make_shared<T>();
    fill(*made);
    pointer = std::move(made);
  }
  template <class T, std::uint32_t N>
  void operator()(SmallVector<T, N>& items) {
    items.resize(N + 2);
    for (T& item : items) fill(item);
  }
  template <class T>
  void operator()(std::vector<T>& items) {
    items.resize(3);
    for (T& item : items) fill(item);
  }
  template <class T>
  requires detail::task::PlainStruct<T>
  void operator()(T& value) { fill(value); }
  void operator()(detail::task::Attached&) {}  // travels beside the message

  template <class T>
  void fill(T& value) {
    if constexpr (std::is_class_v<T> && detail::task::PlainStruct<T>)
      detail::task::for_each_field(value, *this);
    else (*this)(value);
  }
};

template <class Message>
using ListOf = std::conditional_t<message_index<Message, ToScheduler> != no_index, ToScheduler, ToWorker>;

template <class F>
void for_each_message(F&& f) {
  const auto each = [&]<class... Message>(std::type_identity<std::tuple<Message...>>) {
    (f(std::type_identity<Message>{}), ...);
  };
  each(std::type_identity<ToScheduler>{});
  each(std::type_identity<ToWorker>{});
}

}  // namespace weir::test
