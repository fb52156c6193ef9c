// Tables of FlatBuffers: a table points back to the offsets of its fields, and on to what they refer to.
#include "frame/ipc/flat.hpp"

#include <algorithm>
#include <cstring>

namespace weir::detail::frame {

FlatTable::FlatTable(std::string_view buffer)
    : FlatTable(buffer, [&] {
        std::uint32_t root = 0;
        if (buffer.size() < sizeof root) throw FlatFault("a message is shorter than its first offset");
        std::memcpy(&root, buffer.data(), sizeof root);
        return static_cast<std::size_t>(root);
      }()) {}

FlatTable::FlatTable(std::string_view buffer, std::size_t at) : buffer_(buffer), at_(at) {
  const auto back = static_cast<std::int64_t>(get<std::int32_t>(at));
  const std::int64_t vtable = static_cast<std::int64_t>(at) - back;
  if (vtable < 0 || vtable > static_cast<std::int64_t>(buffer.size()))
    throw FlatFault("a table lies outside of its message");
  vtable_ = static_cast<std::size_t>(vtable);
  const std::size_t size = get<std::uint16_t>(vtable_);
  if (size < 4) throw FlatFault("a table has no fields");
  fields_ = (size - 4) / 2;
}

void FlatTable::copy(std::size_t at, void* to, std::size_t size) const {
  if (at > buffer_.size() || size > buffer_.size() - at)
    throw FlatFault("a value lies outside of its message");
  std::memcpy(to, buffer_.data() + at, size);
}

std::size_t FlatTable::place(unsigned field) const {
  if (field >= fields_) return 0;
  const std::size_t offset = get<std::uint16_t>(vtable_ + 4 + 2 * std::size_t{field});
  return offset ? at_ + offset : 0;
}

std::size_t FlatTable::target(std::size_t at) const { return at + get<std::uint32_t>(at); }

FlatTable FlatTable::table(unsigned field) const {
  const std::size_t at = place(field);
  if (!at) throw FlatFault("a table lacks a field that it must have");
  return {buffer_, target(at)};
}

std::string_view FlatTable::elements(unsigned field, std::size_t size) const {
  const std::size_t at = place(field);
  if (!at) return {};
  const std::size_t begin = target(at);
  const std::uint64_t count = get<std::uint32_t>(begin);
  if (begin > buffer_.size() - 4 || count * size > buffer_.size() - begin - 4)
    throw FlatFault("a list lies outside of its message");
  return buffer_.substr(begin + 4, static_cast<std::size_t>(count) * size);
}

std::string FlatTable::text(unsigned field) const { return std::string(elements(field, 1)); }
std::string_view FlatTable::structs(unsigned field, std::size_t size) const { return elements(field, size); }

std::vector<FlatTable> FlatTable::tables(unsigned field) const {
  const std::string_view offsets = elements(field, 4);
  const std::size_t begin = static_cast<std::size_t>(offsets.data() - buffer_.data());
  std::vector<FlatTable> all;
  for (std::size_t i = 0; i < offsets.size(); i += 4) all.push_back({buffer_, target(begin + i)});
  return all;
}

FlatBuilder& FlatBuilder::text(unsigned field, std::string value) {
  fields_.push_back({field, 4, 0, std::move(value), {}, Kind::text});
  return *this;
}
FlatBuilder& FlatBuilder::table(unsigned field, FlatBuilder child) {
  fields_.push_back({field, 4, 0, {}, {std::move(child)}, Kind::table});
  return *this;
}
FlatBuilder& FlatBuilder::tables(unsigned field, std::vector<FlatBuilder> children) {
  fields_.push_back({field, 4, 0, {}, std::move(children), Kind::tables});
  return *this;
}
FlatBuilder& FlatBuilder::structs(unsigned field, std::string bytes, std::uint32_t count) {
  fields_.push_back({field, 4, count, std::move(bytes), {}, Kind::structs});
  return *this;
}

void FlatBuilder::align(std::string& to, std::size_t size) {
  to.resize((to.size() + size - 1) / size * size);
}

namespace {

template <class T>
void patch(std::string& to, std::size_t at, T value) {
  std::memcpy(to.data() + at, &value, sizeof value);
}

template <class T>
void append_number(std::string& to, T value) {
  to.resize(to.size() + sizeof value);
  patch(to, to.size() - sizeof value, value);
}

}  // namespace

// The offsets of the fields, the fields, and behind them what they refer to; where the table begins.
std::size_t FlatBuilder::write(std::string& to) const {
  std::vector<const Entry*> order;
  unsigned slots = 0;
  for (const Entry& entry : fields_) {
    order.push_back(&entry);
    slots = std::max(slots, entry.field + 1);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Entry* a, const Entry* b) { return a->size > b->size; });
  align(to, 2);
  const std::size_t vtable = to.size();
  to.resize(vtable + 4 + 2 * std::size_t{slots});
  align(to, 8);
  const std::size_t begin = to.size();
  append_number(to, static_cast<std::int32_t>(begin - vtable));
  std::vector<std::pair<std::size_t, const Entry*>> later;
  for (const Entry* entry : order) {
    align(to, entry->size);
    patch(to, vtable + 4 + 2 * std::size_t{entry->field}, static_cast<std::uint16_t>(to.size() - begin));
    if (entry->kind != Kind::number) later.emplace_back(to.size(), entry);
    const std::uint64_t value = entry->kind == Kind::number ? entry->value : 0;
    to.append(reinterpret_cast<const char*>(&value), entry->size);
  }
  patch(to, vtable, static_cast<std::uint16_t>(4 + 2 * slots));
  patch(to, vtable + 2, static_cast<std::uint16_t>(to.size() - begin));
  for (const auto& [at, entry] : later) {
    if (entry->kind == Kind::table) {
      const std::size_t child = entry->children.front().write(to);
      patch(to, at, static_cast<std::uint32_t>(child - at));
      continue;
    }
    // The elements of a list of structs begin at a multiple of 8, behind their number.
    if (entry->kind == Kind::structs && (to.size() + 4) % 8 != 0) to.resize((to.size() + 4 + 7) / 8 * 8 - 4);
    align(to, 4);
    patch(to, at, static_cast<std::uint32_t>(to.size() - at));
    write_child(to, *entry);
  }
  return begin;
}

void FlatBuilder::write_child(std::string& to, const Entry& entry) {
  if (entry.kind != Kind::tables) {
    append_number(to,
                  static_cast<std::uint32_t>(entry.kind == Kind::text ? entry.bytes.size() : entry.value));
    to += entry.bytes;
    if (entry.kind == Kind::text) to += '\0';
    return;
  }
  append_number(to, static_cast<std::uint32_t>(entry.children.size()));
  const std::size_t offsets = to.size();
  to.resize(offsets + 4 * entry.children.size());
  for (std::size_t i = 0; i < entry.children.size(); ++i) {
    const std::size_t child = entry.children[i].write(to);
    patch(to, offsets + 4 * i, static_cast<std::uint32_t>(child - (offsets + 4 * i)));
  }
}

std::string FlatBuilder::finish() const {
  std::string bytes(8, '\0');
  const std::size_t root = write(bytes);
  patch(bytes, 0, static_cast<std::uint32_t>(root));
  align(bytes, 8);
  return bytes;
}

}  // namespace weir::detail::frame
