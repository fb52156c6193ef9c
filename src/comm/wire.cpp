// Layout: u32 length of the messages, u16 number of values, then for each value u64 type, u64 length, u32
// blocks, u64 sizes...; the messages; the values' heads.
#include "comm/wire.hpp"

#include <algorithm>

#include "weir/bytes.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::comm {

namespace {

// In place of a value for which there was no memory.
class Missing final : public task::Store {
 public:
  explicit Missing(std::uint64_t bytes) : bytes_(bytes) {}
  [[nodiscard]] Packed load() const override {
    throw Error(ErrorKind::io, "no memory for a value of " + to_text(bytes_));
  }

 private:
  std::uint64_t bytes_;
};

}  // namespace

WireFrame to_wire(Frame frame, BlockMemory* memory) {
  WireFrame wire;
  std::vector<Packed> packed;
  for (const task::Value& value : frame.values) packed.push_back(value.pack(memory));
  std::size_t total = 16 + frame.head.size();
  for (const Packed& value : packed) total += 32 + value.head.size() + 8 * value.blocks.size();
  wire.head.reserve(total);
  put(wire.head, static_cast<std::uint32_t>(frame.head.size()));
  put(wire.head, static_cast<std::uint16_t>(packed.size()));
  for (std::size_t i = 0; i < packed.size(); ++i) {
    put(wire.head, task::portable_address(frame.values[i].ops()));
    put(wire.head, static_cast<std::uint64_t>(packed[i].head.size()));
    put(wire.head, static_cast<std::uint32_t>(packed[i].blocks.size()));
    for (Block& block : packed[i].blocks) {
      put(wire.head, block.size);
      wire.blocks.push_back(std::move(block));
    }
  }
  wire.head.append(frame.head.data(), frame.head.size());
  for (const Packed& value : packed) wire.head.append(value.head.data(), value.head.size());
  return wire;
}

std::vector<std::uint64_t> block_sizes(std::span<const std::byte> head) {
  Reader in(head);
  (void)get<std::uint32_t>(in);
  std::vector<std::uint64_t> sizes;
  for (auto values = get<std::uint16_t>(in); values > 0; --values) {
    in.view(16);
    const auto blocks = get<std::uint32_t>(in);
    if (blocks > in.left() / 8) throw Error(ErrorKind::protocol, "frame: more blocks than bytes");
    for (std::uint32_t i = 0; i < blocks; ++i) sizes.push_back(get<std::uint64_t>(in));
  }
  return sizes;
}

Block arriving_block(std::uint64_t size) {
  try {
    return new_block(size);
  } catch (const Error&) {
    return {nullptr, nullptr, size};
  }
}

Frame from_wire(std::span<const std::byte> head, std::vector<Block> blocks) {
  Reader in(head);
  Frame frame;
  struct ValueHead {
    const task::TypeOps* ops;
    std::uint64_t bytes;
    std::uint32_t blocks;
  };
  const auto messages = get<std::uint32_t>(in);
  std::vector<ValueHead> parts(get<std::uint16_t>(in));
  for (ValueHead& part : parts) {
    part.ops = static_cast<const task::TypeOps*>(task::local_address(get<std::uint64_t>(in)));
    part.bytes = get<std::uint64_t>(in);
    part.blocks = get<std::uint32_t>(in);
    in.view(8 * std::size_t{part.blocks});
  }
  frame.head.append(in.view(messages), messages);
  std::size_t next = 0;
  for (const ValueHead& part : parts) {
    Packed packed;
    packed.head.append(in.view(part.bytes), part.bytes);
    for (std::uint32_t i = 0; i < part.blocks; ++i) packed.blocks.push_back(std::move(blocks.at(next++)));
    const bool is_whole = std::all_of(packed.blocks.begin(), packed.blocks.end(),
                                      [](const Block& block) { return block.data != nullptr; });
    frame.values.push_back(is_whole
                               ? task::Value::from_packed(part.ops, std::move(packed))
                               : task::Value::from_store(part.ops, std::make_shared<Missing>(packed.size())));
  }
  return frame;
}

}  // namespace weir::detail::comm
