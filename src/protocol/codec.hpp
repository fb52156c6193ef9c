// Messages to bytes and back: an index byte, then the members.
#pragma once

#include "protocol/messages.hpp"

namespace weir::detail::protocol {

template <class Message, class List>
struct IndexOf;
template <class Message, class... Rest>
struct IndexOf<Message, std::tuple<Message, Rest...>> : std::integral_constant<std::uint8_t, 0> {};
template <class Message, class First, class... Rest>
struct IndexOf<Message, std::tuple<First, Rest...>>
    : std::integral_constant<std::uint8_t, 1 + IndexOf<Message, std::tuple<Rest...>>::value> {};

template <class Message>
inline constexpr std::uint8_t message_index = IndexOf<Message, Messages>::value;

/// Appends one message.
template <class Message>
void encode(Buffer& out, const Message& message) {
  Writer writer(out);
  const std::uint8_t index = message_index<Message>;
  writer.bytes(&index, 1);
  write(writer, message);
}

template <class Message, class Handle>
void decode_as(Reader& reader, Handle& handle) {
  Message message{};
  try {
    read(reader, message);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::serialization, std::string("message: cannot be read: ") + error.what());
  }
  handle(std::move(message));
}

/// Reads one message and calls `handle(Message&&)`; a message without a handler does not compile.
///
/// **Errors.** Throws `Error{protocol}` for an index that is no message and `Error{serialization}` for bytes
/// that end early.
template <class Handle>
void decode(Reader& reader, Handle&& handle) {
  std::uint8_t index = 0;
  reader.bytes(&index, 1);
  [&]<class... Message>(std::type_identity<std::tuple<Message...>>) {
    static constexpr void (*calls[])(Reader&, std::remove_reference_t<Handle>&) = {
        &decode_as<Message, std::remove_reference_t<Handle>>...};
    if (index >= sizeof...(Message))
      throw Error(ErrorKind::protocol, "message: there is none with number " + std::to_string(index));
    calls[index](reader, handle);
  }(std::type_identity<Messages>{});
}

}  // namespace weir::detail::protocol
