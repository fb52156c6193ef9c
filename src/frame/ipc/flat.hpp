// FlatBuffers, as far as Arrow's messages need them: tables by number of their fields, read within bounds.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::detail::frame {

/// What is wrong with a message.
struct FlatFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A table that is read where it lies.
///
/// **Errors.** Throws `FlatFault` for what would lie outside of the buffer.
class FlatTable {
 public:
  /// The root of a buffer.
  explicit FlatTable(std::string_view buffer);
  /// A field's value, or `other` if it is not there.
  template <class T>
  [[nodiscard]] T number(unsigned field, T other = T{}) const {
    const std::size_t at = place(field);
    return at ? get<T>(at) : other;
  }
  [[nodiscard]] bool has(unsigned field) const { return place(field) != 0; }
  /// A field that is a table. Throws if it is not there.
  [[nodiscard]] FlatTable table(unsigned field) const;
  [[nodiscard]] std::string text(unsigned field) const;
  [[nodiscard]] std::vector<FlatTable> tables(unsigned field) const;
  /// The bytes of a vector of structs of `size` bytes each.
  [[nodiscard]] std::string_view structs(unsigned field, std::size_t size) const;

 private:
  FlatTable(std::string_view buffer, std::size_t at);
  template <class T>
  [[nodiscard]] T get(std::size_t at) const {
    T value{};
    copy(at, &value, sizeof value);
    return value;
  }
  void copy(std::size_t at, void* to, std::size_t size) const;
  [[nodiscard]] std::size_t place(unsigned field) const;
  [[nodiscard]] std::size_t target(std::size_t at) const;
  [[nodiscard]] std::string_view elements(unsigned field, std::size_t size) const;

  std::string_view buffer_;
  std::size_t at_ = 0, vtable_ = 0, fields_ = 0;
};

/// A table that is to be written.
class FlatBuilder {
 public:
  template <class T>
  FlatBuilder& number(unsigned field, T value) {
    fields_.push_back({field, sizeof value, static_cast<std::uint64_t>(value), {}, {}, Kind::number});
    return *this;
  }
  FlatBuilder& text(unsigned field, std::string value);
  FlatBuilder& table(unsigned field, FlatBuilder child);
  FlatBuilder& tables(unsigned field, std::vector<FlatBuilder> children);
  /// `count` structs of 8-byte alignment.
  FlatBuilder& structs(unsigned field, std::string bytes, std::uint32_t count);
  /// A buffer with this table as its root.
  [[nodiscard]] std::string finish() const;

 private:
  enum class Kind : std::uint8_t { number, text, table, tables, structs };
  struct Entry {
    unsigned field;
    std::size_t size;
    std::uint64_t value;
    std::string bytes;
    std::vector<FlatBuilder> children;
    Kind kind;
  };
  static void align(std::string& to, std::size_t size);
  std::size_t write(std::string& to) const;
  static void write_child(std::string& to, const Entry& entry);

  std::vector<Entry> fields_;
};

}  // namespace weir::detail::frame
