// Parts are copied when they travel, and not before.
#include "array/part.hpp"

#include <cstring>

#include "array/node.hpp"

namespace weir::array {

Part::Part(const Tensor& chunk, const Dims& start, const Dims& shape)
    : type(chunk.type), shape(shape), data_(chunk.data), start_(start), extent_(chunk.shape), chunk_(chunk.value) {}

void Part::copy_to(std::byte* out) const {
  const std::size_t size = size_of(type), axes = shape.size();
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  if (!is_look() || axes == 0) {
    std::memcpy(out, data_, static_cast<std::size_t>(elements) * size);
    return;
  }
  const Dims steps = row_major(extent_);
  const std::int64_t inner = shape[axes - 1], rows = inner ? elements / inner : 0;
  const std::size_t bytes = static_cast<std::size_t>(inner) * size;
  for (std::int64_t row = 0; row < rows; ++row, out += bytes) {
    std::int64_t rest = row, offset = start_[axes - 1];
    for (std::size_t a = axes - 1; a-- > 0;) {
      offset += (start_[a] + rest % shape[a]) * steps[a];
      rest /= shape[a];
    }
    std::memcpy(out, static_cast<const std::byte*>(data_) + static_cast<std::size_t>(offset) * size, bytes);
  }
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

}  // namespace weir::array
