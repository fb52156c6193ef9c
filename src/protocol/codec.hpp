// Messages to bytes and back: an index byte, then the members.
#pragma once

#include "protocol/messages.hpp"

namespace weir::detail::protocol {

inline constexpr std::uint8_t no_index = 255;

/// Position of a message in a list; `no_index` if it is not in it.
template <class Message, class... All>
constexpr std::uint8_t index_in(std::type_identity<std::tuple<All...>>) {
  static_assert(sizeof...(All) < no_index);
  std::uint8_t index = 0;
  const bool found = ((std::is_same_v<Message, All> ? true : (++index, false)) || ...);
  return found ? index : no_index;
}
template <class Message, class List>
inline constexpr std::uint8_t message_index = index_in<Message>(std::type_identity<List>{});

/// Whether `handler(Message&&)`, or `handler(Message&&, task::Value&&)` for one that has a value, can be
/// called.
template <class Handler, class Message>
concept HandlesMessage = (has_value<Message> && std::is_invocable_v<Handler&, Message&&, task::Value&&>) ||
                         (!has_value<Message> && std::is_invocable_v<Handler&, Message&&>);

template <class Handler, class List>
inline constexpr bool handles_all = false;
template <class Handler, class... Message>
inline constexpr bool handles_all<Handler, std::tuple<Message...>> = (HandlesMessage<Handler, Message> &&
                                                                      ...);

/// Whether a handler answers every message of a list.
template <class Handler, class List>
concept HandlesAll = handles_all<Handler, List>;

/// Appends one message, for whoever reads `List`.
template <class List, class Message>
void encode(Buffer& out, const Message& message) {
  static_assert(message_index<Message, List> != no_index, "weir: this message is not for that receiver");
  Writer writer(out);
  const std::uint8_t index = message_index<Message, List>;
  writer.bytes(&index, 1);
  write(writer, message);
}

template <class Message, class Handle, class NextValue>
void decode_as(Reader& reader, Handle& handle, NextValue& next_value) {
  Message message{};
  try {
    read(reader, message);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::serialization, std::string("message: cannot be read: ") + error.what());
  }
  if constexpr (has_beside<Message>)
    if (message.beside.is_there) message.beside.value = std::move(next_value());
  if constexpr (has_value<Message>) handle(std::move(message), std::move(next_value()));
  else handle(std::move(message));
}

/// Reads one message of `List` and calls `handle(Message&&)`, with its value if it has one; `next_value()` is
/// the next attachment. A message without a handler does not compile.
///
/// **Errors.** Throws `Error{protocol}` for an index that is no message and `Error{serialization}` for bytes
/// that end early.
template <class List, class Handle, class NextValue>
requires HandlesAll<Handle, List>
void decode(Reader& reader, Handle&& handle, NextValue&& next_value) {
  std::uint8_t index = 0;
  reader.bytes(&index, 1);
  [&]<class... Message>(std::type_identity<std::tuple<Message...>>) {
    static constexpr void (*calls[])(Reader&, std::remove_reference_t<Handle>&,
                                     std::remove_reference_t<NextValue>&) = {
        &decode_as<Message, std::remove_reference_t<Handle>, std::remove_reference_t<NextValue>>...};
    if (index >= sizeof...(Message))
      throw Error(ErrorKind::protocol, "message: there is none with number " + std::to_string(index));
    calls[index](reader, handle, next_value);
  }(std::type_identity<List>{});
}

}  // namespace weir::detail::protocol
