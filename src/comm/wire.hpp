// Frames as bytes: how a frame whose values cannot be shared crosses a process boundary. Used by MPI and TCP.
#pragma once

#include <type_traits>

#include "comm/transport.hpp"

namespace weir::detail::comm {

/// A number as its bytes; all processes of a program run on one kind of machine.
template <class T>
requires std::is_arithmetic_v<T>
void put(Buffer& out, T number) { out.append(&number, sizeof number); }
template <class T>
T get(Reader& in) {
  T number{};
  in.bytes(&number, sizeof number);
  return number;
}

/// A frame in transferable form: one buffer, and the large blocks that follow it.
struct WireFrame {
  Buffer head;
  std::vector<Block> blocks;
};

/// Packs the values; blocks that are made for it lie in `memory`, if there is room. Throws what their
/// serialization throws.
[[nodiscard]] WireFrame to_wire(Frame frame, BlockMemory* memory = nullptr);

/// Sizes of the blocks that follow a received head. Throws `Error{protocol}` if the bytes are no frame.
[[nodiscard]] std::vector<std::uint64_t> block_sizes(std::span<const std::byte> head);

/// Memory for a block that arrives. Without data if there is none: its bytes are then skipped.
[[nodiscard]] Block arriving_block(std::uint64_t size);

/// Puts a frame together from its head and its blocks. A value whose blocks have no data tells so whoever
/// uses it, with `Error{io}`.
[[nodiscard]] Frame from_wire(std::span<const std::byte> head, std::vector<Block> blocks);

}  // namespace weir::detail::comm
