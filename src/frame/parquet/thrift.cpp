// Values of Thrift's compact protocol: varints, zigzag, and headers of a byte.
#include "frame/parquet/thrift.hpp"

namespace weir::detail::frame {

namespace {

constexpr int deepest = 32;

}  // namespace

void ThriftReader::expect(bool holds, const char* how) const {
  if (!holds) throw ParquetFault{at_, how};
}

void ThriftReader::enter() { expect(++depth_ <= deepest, "structs are nested too deep"); }

std::uint8_t ThriftReader::byte() {
  expect(at_ < bytes_.size(), "the metadata ends too early");
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t ThriftReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint8_t next = byte();
    if (shift < 64) value |= std::uint64_t{next & 0x7fu} << shift;
    if (!(next & 0x80u)) return value;
  }
  throw ParquetFault{at_, "a number is longer than 64 bits"};
}

std::int64_t ThriftReader::zigzag() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

ThriftReader::Field ThriftReader::next_field(int before) {
  const std::uint8_t header = byte();
  Field field{before + (header >> 4), static_cast<std::uint8_t>(header & 0xfu)};
  if (field.type == 0) return field;
  expect(field.type <= structure, "a field has an unknown type");
  if (header >> 4 == 0) field.id = static_cast<int>(zigzag() & 0x7fff);
  return field;
}

std::uint64_t ThriftReader::list_size(Field& element) {
  const std::uint8_t header = byte();
  element.type = static_cast<std::uint8_t>(header & 0xfu);
  const std::uint64_t size = header >> 4 == 15 ? varint() : header >> 4;
  // Every element takes a byte at least.
  expect(size <= bytes_.size() - at_, "a list is longer than the metadata");
  return size;
}

std::int64_t ThriftReader::integer(Field field) {
  if (field.type == i8) return static_cast<std::int8_t>(byte());
  expect(field.type >= i16 && field.type <= i64, "a number was expected");
  return zigzag();
}

bool ThriftReader::boolean(Field field) {
  expect(field.type == is_true || field.type == is_false, "true or false was expected");
  return field.type == is_true;
}

std::string_view ThriftReader::text(Field field) {
  expect(field.type == binary, "a text was expected");
  const std::uint64_t size = varint();
  expect(size <= bytes_.size() - at_, "a text is longer than the metadata");
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

void ThriftReader::skip(Field field) {
  switch (field.type) {
    case is_true:
    case is_false:
      return;
    case i8:
      static_cast<void>(byte());
      return;
    case i16:
    case i32:
    case i64:
      static_cast<void>(varint());
      return;
    case real:
      expect(bytes_.size() - at_ >= 8, "the metadata ends too early");
      at_ += 8;
      return;
    case binary:
      static_cast<void>(text(field));
      return;
    case list:
    case set:
      return elements(field, [this](Field element) {
        if (element.type == is_true || element.type == is_false) static_cast<void>(byte());
        else skip(element);
      });
    case structure:
      return fields([this](Field inner) { skip(inner); });
    default:
      throw ParquetFault{at_, "a field has a type that the format does not use"};
  }
}

void ThriftWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80u);
  bytes_ += static_cast<char>(value);
}

void ThriftWriter::zigzag(std::int64_t value) {
  varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

void ThriftWriter::header(int id, std::uint8_t type) {
  bytes_ += static_cast<char>((id - before_.back()) << 4 | type);
  before_.back() = static_cast<char>(id);
}

void ThriftWriter::integer(int id, std::int64_t value, ThriftReader::Type type) {
  header(id, type);
  if (type == ThriftReader::i8) bytes_ += static_cast<char>(value);
  else zigzag(value);
}
void ThriftWriter::boolean(int id, bool value) {
  header(id, value ? ThriftReader::is_true : ThriftReader::is_false);
}
void ThriftWriter::text(int id, std::string_view value) {
  header(id, ThriftReader::binary);
  element(value);
}
void ThriftWriter::begin(int id) {
  header(id, ThriftReader::structure);
  before_ += '\0';
}
void ThriftWriter::begin_list(int id, std::size_t size, ThriftReader::Type element) {
  header(id, ThriftReader::list);
  bytes_ += static_cast<char>((size < 15 ? size : 15) << 4 | element);
  if (size >= 15) varint(size);
}
void ThriftWriter::begin_element() { before_ += '\0'; }
void ThriftWriter::element(std::string_view value) {
  varint(value.size());
  bytes_ += value;
}
void ThriftWriter::end() {
  bytes_ += '\0';
  before_.pop_back();
}

}  // namespace weir::detail::frame
