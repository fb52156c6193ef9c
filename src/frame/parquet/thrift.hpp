// Thrift's compact protocol, in which Parquet writes what it says of its columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::detail::frame {

/// What is wrong with a file, or beyond what is read, and at which byte of what was being read.
struct ParquetFault {
  std::uint64_t at = 0;
  std::string how;
  bool is_unsupported = false;
};

/// Structs are given field by field; whoever reads takes the value of a field, or skips it.
///
/// **Errors.** Throws `ParquetFault` for everything that is not such bytes; never reads behind them.
class ThriftReader {
 public:
  enum Type : std::uint8_t {
    is_true = 1,
    is_false,
    i8,
    i16,
    i32,
    i64,
    real,
    binary,
    list,
    set,
    map,
    structure
  };
  struct Field {
    int id = 0;
    std::uint8_t type = 0;
  };

  explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}

  /// Calls `each(field)`, which must take its value.
  template <class F>
  void fields(F each) {
    enter();
    for (int id = 0;;) {
      const Field field = next_field(id);
      if (field.type == 0) break;
      id = field.id;
      each(field);
    }
    --depth_;
  }
  /// The same for a field that must be a struct.
  template <class F>
  void fields_of(Field field, F each) {
    expect(field.type == structure, "a struct was expected");
    fields(each);
  }
  /// Calls `each(element)` for each element of a list.
  template <class F>
  void elements(Field field, F each) {
    expect(field.type == list || field.type == set, "a list was expected");
    enter();
    Field element;
    for (std::uint64_t left = list_size(element); left > 0; --left) each(element);
    --depth_;
  }
  [[nodiscard]] std::int64_t integer(Field field);
  [[nodiscard]] bool boolean(Field field);
  [[nodiscard]] std::string_view text(Field field);
  void skip(Field field);
  /// Of the next byte.
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  void expect(bool holds, const char* how) const;
  void enter();
  [[nodiscard]] std::uint8_t byte();
  [[nodiscard]] std::uint64_t varint();
  [[nodiscard]] std::int64_t zigzag();
  [[nodiscard]] Field next_field(int before);
  [[nodiscard]] std::uint64_t list_size(Field& element);

  std::string_view bytes_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

/// Fields must come in order of their numbers.
class ThriftWriter {
 public:
  void integer(int id, std::int64_t value, ThriftReader::Type type = ThriftReader::i32);
  void boolean(int id, bool value);
  void text(int id, std::string_view value);
  /// A struct as a field; `end` closes it.
  void begin(int id);
  /// A list as a field; its structs are opened by `begin_element`, texts and integers follow as they are.
  void begin_list(int id, std::size_t size, ThriftReader::Type element);
  void begin_element();
  void element(std::int64_t value) { zigzag(value); }
  void element(std::string_view value);
  void end();
  /// The bytes, once the outermost struct has been closed by `end`.
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  void header(int id, std::uint8_t type);
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);

  std::string bytes_;
  std::string before_{'\0'};  // the number of the last field, of each struct that is open
};

}  // namespace weir::detail::frame
