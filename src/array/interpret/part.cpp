// Parts are copied when they travel, and not before.
#include "array/interpret/part.hpp"

#include "array/graph/node.hpp"
#include "array/interpret/box.hpp"

namespace weir::detail::array {

Part::Part(const Tensor& chunk, const Dims& start, const Dims& shape)
    : type(chunk.type),
      shape(shape),
      data_(chunk.data),
      start_(start),
      extent_(chunk.shape),
      chunk_(chunk.value) {}

void Part::copy_to(std::byte* out) const {
  const Dims own = row_major(shape), steps = is_look() ? row_major(extent_) : own;
  std::int64_t offset = 0;
  for (std::size_t a = 0; a < start_.size(); ++a) offset += start_[a] * steps[a];
  const std::size_t size = size_of(type);
  copy_box(size, shape, static_cast<const std::byte*>(data_) + static_cast<std::size_t>(offset) * size, steps,
           out, own);
}

void Part::save(OutArchive& archive) const {
  Writer& writer = archive.writer;
  weir::write(writer, type);
  weir::write(writer, shape);
  std::size_t bytes = size_of(type);
  for (const std::int64_t extent : shape) bytes *= static_cast<std::size_t>(extent);
  writer.block_of(bytes, [&](std::byte* out) { copy_to(out); });
}

void Part::load(InArchive& archive) {
  Reader& reader = archive.reader;
  weir::read(reader, type);
  weir::read(reader, shape);
  std::size_t bytes = size_of(type);
  for (const std::int64_t extent : shape) bytes *= static_cast<std::size_t>(extent);
  if (std::byte* taken = reader.take(bytes)) {
    memory_ = std::shared_ptr<const void>(taken, FreshMemory{});
    data_ = taken;
    return;
  }
  reader.expect(bytes, 1);
  const Block own = new_block(bytes);
  data_ = const_cast<std::byte*>(own.data);
  memory_ = own.owner;
  reader.block(data_, bytes);
}

task::Value look_at_part(Reader& parameters, std::span<const Tensor> operands) {
  Dims start, shape;
  read(parameters, start);
  read(parameters, shape);
  return task::Value::make(Part(operands[0], start, shape));
}

}  // namespace weir::detail::array
