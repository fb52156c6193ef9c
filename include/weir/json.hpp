// Json: a value of a JSON text, read where it lies.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/task/member_name.hpp"
#include "weir/error.hpp"

namespace weir {

namespace detail::bag {
class JsonDocument;
}

/// A value of a JSON text: null, a boolean, a number, text, an array or an object.
///
/// A value refers to the text it was parsed from, which lives as long as any value of it; copies share. It
/// travels, compares and hashes by its text without white space.
/// **Errors.** Throws `Error{invalid_argument}` for a value of another type, with the value,
/// `Error{not_found}` for a key or place that is not there, with what is.
/// **Threads.** Reading: any.
/// **Source.** simdjson's DOM.
class Json {
 public:
  /// What a value is; numbers are integers where they are written so and fit 64 bits.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // g++ takes the enumerator for something that hides weir::text
  enum class Type : unsigned char { null, boolean, integer, unsigned_integer, number, text, array, object };
#pragma GCC diagnostic pop

  /// null.
  Json() noexcept = default;
  /// The same value, of the same text.
  Json(const Json& other) noexcept;
  /// The same value; the other one is null.
  Json(Json&& other) noexcept
      : document_(std::exchange(other.document_, nullptr)), element_(other.element_) {}
  /// Another value from now on.
  Json& operator=(Json other) noexcept;
  ~Json();

  /// Parses a whole text: `read_text("*.json").map(weir::Json::parse)`.
  ///
  /// **Errors.** Throws `Error{serialization}` with the column for a text that is not JSON in UTF-8.
  /// **Cost.** One pass; memory of texts that are gone is used again.
  static Json parse(const std::string& text);

  /// What it is.
  [[nodiscard]] Type type() const noexcept;
  /// Whether it is null.
  [[nodiscard]] bool is_null() const noexcept { return type() == Type::null; }

  /// The value of a key.
  Json operator[](std::string_view key) const;
  /// The value of a key.
  Json operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  /// The element at a place, from 0.
  Json operator[](std::size_t place) const;
  /// The value of a key, of several equal ones the last, as in Python; nothing if it is not there.
  [[nodiscard]] std::optional<Json> find(std::string_view key) const;
  /// Whether there is such a key.
  [[nodiscard]] bool contains(std::string_view key) const { return find(key).has_value(); }
  /// Number of elements of an array or members of an object.
  [[nodiscard]] std::size_t size() const;
  /// The elements of an array.
  [[nodiscard]] std::vector<Json> elements() const;
  /// The members of an object, in the order of the text; equal keys as often as they are there.
  [[nodiscard]] std::vector<std::pair<std::string, Json>> members() const;

  /// The value as a C++ one: bool, integers, double, std::string, Json, and std::vector,
  /// std::map<std::string, T> and std::optional (null) of them; an object also as a plain struct, whose
  /// members take the values of their names (one that may not be there is a std::optional).
  ///
  /// **Errors.** Also for an integer that `T` does not hold: nothing is rounded or wrapped but integers to
  /// double.
  template <class T>
  [[nodiscard]] T as() const;
  /// Text in place, valid while the value lives.
  [[nodiscard]] std::string_view view() const;

  /// The JSON text, without white space.
  [[nodiscard]] std::string dump() const;
  /// Of the text: the same on every rank and day.
  [[nodiscard]] std::uint64_t hash() const;
  /// Writes what tells the value from all others: its text, or, of text, a quote and its letters; for tables.
  void key_into(std::string& key) const;
  /// The value that has this key.
  static Json from_key(const std::string& key);
  /// Makes the value one of its own, which keeps nothing else of its text in memory.
  void own();

  /// Numbers first, by their values, whatever they are written as; then texts; then the rest by its text.
  /// Equal are values of one type and text: 1 is before 1.0, and not equal to it.
  friend bool operator==(const Json& a, const Json& b);
  friend std::strong_ordering operator<=>(const Json& a, const Json& b);
  friend std::ostream& operator<<(std::ostream& out, const Json& json);

  /// How it travels: as its text.
  template <class Archive>
  std::string save_minimal(const Archive&) const {
    return dump();
  }
  /// From its text.
  template <class Archive>
  void load_minimal(const Archive&, const std::string& written) {
    *this = parse(written);
  }

 private:
  using Element = std::array<std::uint64_t, 2>;  // of simdjson
  Json(detail::bag::JsonDocument* document, Element element) noexcept;
  template <class T, std::size_t I>
  void read_member(T& value) const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] std::uint64_t unsigned_integer() const;
  [[nodiscard]] double number() const;
  [[noreturn]] void refuse(const char* wanted) const;

  detail::bag::JsonDocument* document_ = nullptr;
  Element element_{};
};

namespace detail::bag {
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsTextMap : std::false_type {};
template <class T>
struct IsTextMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
}  // namespace detail::bag

template <class T, std::size_t I>
void Json::read_member(T& value) const {
  using Member = detail::task::FieldType<T, I>;
  auto fields = detail::task::fields_of(value);
  auto& to = boost::pfr::detail::sequence_tuple::get<I>(fields);
  constexpr std::string_view name = detail::task::member_name<T, I>();
  const auto read = [&](const Json& from) {
    try {
      to = from.template as<Member>();
    } catch (const Error& error) {
      throw Error(error.kind(), std::string(error.what()) + " in '" + std::string(name) + "'");
    }
  };
  if constexpr (detail::bag::IsOptional<Member>::value) {
    if (const std::optional<Json> found = find(name)) read(*found);
  } else {
    read((*this)[name]);
  }
}

template <class T>
T Json::as() const {
  if constexpr (std::is_same_v<T, Json>) {
    return *this;
  } else if constexpr (std::is_same_v<T, bool>) {
    return boolean();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(view());
  } else if constexpr (std::is_floating_point_v<T>) {
    const T value = static_cast<T>(number());
    if (value > std::numeric_limits<T>::max() || value < std::numeric_limits<T>::lowest())
      refuse("a number that fits");
    return value;
  } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    const std::uint64_t wide = unsigned_integer();
    if (wide > std::numeric_limits<T>::max()) refuse("an integer that fits");
    return static_cast<T>(wide);
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t wide = integer();
    if (wide > std::numeric_limits<T>::max() || wide < std::numeric_limits<T>::min())
      refuse("an integer that fits");
    return static_cast<T>(wide);
  } else if constexpr (detail::bag::IsOptional<T>::value) {
    if (is_null()) return std::nullopt;
    return as<typename T::value_type>();
  } else if constexpr (detail::bag::IsVector<T>::value) {
    T made;
    for (const Json& element : elements()) made.push_back(element.as<typename T::value_type>());
    return made;
  } else if constexpr (std::is_aggregate_v<T> && !detail::bag::IsTextMap<T>::value) {
    T value{};
    [&]<std::size_t... I>(std::index_sequence<I...>) { (read_member<T, I>(value), ...); }
    (std::make_index_sequence<detail::task::field_count<T>>{});
    return value;
  } else {
    static_assert(
        detail::bag::IsTextMap<T>::value,
        "weir: Json::as makes bool, integers, floating point, std::string, Json, plain structs, and "
        "std::vector, std::map<std::string, T> and std::optional of them.");
    T made;
    for (const auto& [key, value] : members())
      made.insert_or_assign(key, value.template as<typename T::mapped_type>());
    return made;
  }
}

}  // namespace weir
