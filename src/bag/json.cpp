#include "weir/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <atomic>
#include <bit>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "core/wording.hpp"
#include "weir/detail/bag/hash.hpp"
#include "weir/detail/bag/letters.hpp"

namespace weir {

namespace detail::bag {

/// A parsed text that its values share.
class JsonDocument {
 public:
  simdjson::dom::document parsed;
  std::atomic<std::uint32_t> references{0};

  /// One whose memory is used again, where the thread has one.
  static JsonDocument* take() {
    auto& idle = spare();
    if (idle.empty()) return new JsonDocument;
    JsonDocument* document = idle.back().release();
    idle.pop_back();
    return document;
  }
  void release() noexcept {
    constexpr std::size_t most_bytes = 64 * 1024, most_documents = 16;
    std::unique_ptr<JsonDocument> gone(this);
    auto& idle = spare();
    references.store(0, std::memory_order_relaxed);
    if (parsed.capacity() <= most_bytes && idle.size() < most_documents) idle.push_back(std::move(gone));
  }

 private:
  static std::vector<std::unique_ptr<JsonDocument>>& spare() {
    thread_local std::vector<std::unique_ptr<JsonDocument>> idle = [] {
      std::vector<std::unique_ptr<JsonDocument>> empty;
      empty.reserve(16);
      return empty;
    }();
    return idle;
  }
};

namespace {

using Dom = simdjson::dom::element;
using Raw = std::array<std::uint64_t, 2>;
static_assert(sizeof(Dom) == sizeof(Raw) && std::is_trivially_copyable_v<Dom>);

Raw raw(const Dom& element) {
  Raw words;
  std::memcpy(&words, &element, sizeof words);
  return words;
}
Dom dom(const Raw& words) {
  Dom element;
  std::memcpy(static_cast<void*>(&element), &words, sizeof words);
  return element;
}

// Of what is known to be one.
simdjson::dom::object members_of(const Raw& words) { return dom(words).get_object().value_unsafe(); }
simdjson::dom::array elements_of(const Raw& words) { return dom(words).get_array().value_unsafe(); }

std::string beginning(std::string_view text) {
  constexpr std::size_t most = 60;
  return text.size() <= most ? printable(text) : printable(text.substr(0, most)) + "...";
}

// The slower parser says where a text is broken; simdjson's says only that it is.
[[noreturn]] void throw_broken(const std::string& text, simdjson::error_code code) {
  std::size_t column = 0;
  std::string why = simdjson::error_message(code);
  try {
    [[maybe_unused]] const auto parsed = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    column = error.byte;
  } catch (const std::exception&) {
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) why = "it is empty";
  if (column == 0 && code == simdjson::NUMBER_ERROR)
    why = "a number must be one that a double can be near to; larger ones can be texts";
  throw ErrorAt(ErrorKind::serialization,
                column > 0
                    ? fmt::format("Json::parse: a text must be JSON (got '{}', wrong at column {}): {}",
                                  beginning(text), column, why)
                    : fmt::format("Json::parse: a text must be JSON (got '{}'): {}", beginning(text), why),
                column);
}

bool is_beyond_64_bits(std::string_view integer) {
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  const auto exceeds = [&](auto& value) {
    return std::from_chars(integer.data(), integer.data() + integer.size(), value).ec ==
           std::errc::result_out_of_range;
  };
  return exceeds(whole) && (integer.starts_with('-') || exceeds(natural));
}

// Integers beyond 64 bits as other numbers, which are the nearest doubles: "e0" behind them. Empty if there
// are none.
std::string with_wide_integers_as_reals(std::string_view text) {
  std::string changed;
  std::size_t copied = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (in_string && text[at] == '\\') ++at;
    else if (text[at] == '"') in_string = !in_string;
    else if (!in_string && (text[at] == '-' || (text[at] >= '0' && text[at] <= '9'))) {
      const std::size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
      const std::string_view number = text.substr(at, end - at);
      at = end - 1;
      if (number.find_first_of(".eE") != std::string_view::npos || !is_beyond_64_bits(number)) continue;
      (changed += text.substr(copied, end - copied)) += "e0";
      copied = end;
    }
  }
  return copied ? changed += text.substr(copied) : changed;
}

JsonDocument* parse_into(JsonDocument* fresh, const std::string& text) {
  thread_local simdjson::dom::parser parser;
  std::unique_ptr<JsonDocument> document(fresh);
  const auto parse = [&](const std::string& from) {
    const bool has_room = from.capacity() - from.size() >= simdjson::SIMDJSON_PADDING;
    return parser.parse_into_document(document->parsed, from.data(), from.size(), !has_room).error();
  };
  simdjson::error_code error = parse(text);
  if (error == simdjson::NUMBER_ERROR)
    if (const std::string changed = with_wide_integers_as_reals(text); !changed.empty())
      error = parse(changed);
  if (error) throw_broken(text, error);
  return document.release();
}

}  // namespace
}  // namespace detail::bag

using detail::bag::dom;
using detail::bag::elements_of;
using detail::bag::JsonDocument;
using detail::bag::members_of;

Json::Json(JsonDocument* document, Element element) noexcept : document_(document), element_(element) {
  if (document_) document_->references.fetch_add(1, std::memory_order_relaxed);
}
Json::Json(const Json& other) noexcept : Json(other.document_, other.element_) {}
Json& Json::operator=(Json other) noexcept {
  std::swap(document_, other.document_);
  std::swap(element_, other.element_);
  return *this;
}
Json::~Json() {
  if (!document_) return;
  // The only one that refers to it need not tell others, of whom there can be none.
  const bool is_last = document_->references.load(std::memory_order_acquire) == 1 ||
                       document_->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (is_last) document_->release();
}

Json Json::parse(const std::string& text) {
  Json json;
  json.document_ = detail::bag::parse_into(JsonDocument::take(), text);
  json.document_->references.store(1, std::memory_order_relaxed);  // nobody else knows it
  json.element_ = detail::bag::raw(json.document_->parsed.root());
  return json;
}

void Json::own() {
  if (!document_ || element_ == detail::bag::raw(document_->parsed.root())) return;
  JsonDocument* document = detail::bag::parse_into(new JsonDocument, dump());
  *this = Json(document, detail::bag::raw(document->parsed.root()));
}

Json::Type Json::type() const noexcept {
  if (!document_) return Type::null;
  switch (dom(element_).type()) {
    case simdjson::dom::element_type::BOOL:
      return Type::boolean;
    case simdjson::dom::element_type::INT64:
      return Type::integer;
    case simdjson::dom::element_type::UINT64:
      return Type::unsigned_integer;
    case simdjson::dom::element_type::DOUBLE:
      return Type::number;
    case simdjson::dom::element_type::STRING:
      return Type::text;
    case simdjson::dom::element_type::ARRAY:
      return Type::array;
    case simdjson::dom::element_type::OBJECT:
      return Type::object;
    default:
      return Type::null;
  }
}

void Json::refuse(const char* wanted) const {
  throw Error(ErrorKind::invalid_argument,
              fmt::format("Json: the value must be {} (got {})", wanted, detail::bag::beginning(dump())));
}

std::optional<Json> Json::find(std::string_view key) const {
  if (type() != Type::object) refuse("an object");
  std::optional<Json> found;
  const auto members = members_of(element_);
  for (auto member = members.begin(); member != members.end(); ++member)
    if (member.key_equals(key)) found = Json(document_, detail::bag::raw(member.value()));
  return found;
}

Json Json::operator[](std::string_view key) const {
  if (std::optional<Json> found = find(key)) return *std::move(found);
  std::string names;
  std::vector<std::string_view> all;
  for (const auto& [name, value] : members_of(element_)) {
    if (all.size() < 20) names += (names.empty() ? "'" : ", '") + detail::printable(name) + "'";
    all.push_back(name);
  }
  const auto near = detail::nearest(key, all);
  throw Error(ErrorKind::not_found,
              fmt::format("Json: an object must have the key '{}' (it has {}{}){}", detail::printable(key),
                          names.empty() ? "none" : names, all.size() > 20 ? ", ..." : "",
                          near ? fmt::format("; did you mean '{}'?", detail::printable(*near)) : ""));
}

Json Json::operator[](std::size_t place) const {
  if (type() != Type::array) refuse("an array");
  const auto found = elements_of(element_).at(place);
  if (found.error())
    throw Error(
        ErrorKind::not_found,
        fmt::format("Json: the place must be below the number of elements (got {} of {})", place, size()));
  return Json(document_, detail::bag::raw(found.value_unsafe()));
}

std::size_t Json::size() const {
  if (type() == Type::array) {  // simdjson counts no further than 2^24 - 1
    std::size_t count = 0;
    for (auto element : elements_of(element_)) static_cast<void>(element), ++count;
    return count;
  }
  if (type() != Type::object) refuse("an array or an object");
  std::size_t count = 0;
  for (auto field : members_of(element_)) static_cast<void>(field), ++count;
  return count;
}

std::vector<Json> Json::elements() const {
  if (type() != Type::array) refuse("an array");
  std::vector<Json> all;
  for (const auto element : elements_of(element_)) all.push_back(Json(document_, detail::bag::raw(element)));
  return all;
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  if (type() != Type::object) refuse("an object");
  std::vector<std::pair<std::string, Json>> all;
  for (const auto& [key, value] : members_of(element_))
    all.emplace_back(key, Json(document_, detail::bag::raw(value)));
  return all;
}

bool Json::boolean() const {
  if (type() != Type::boolean) refuse("a boolean");
  return dom(element_).get_bool().value_unsafe();
}
std::int64_t Json::integer() const {
  if (type() != Type::integer) refuse("an integer of 64 bits");
  return dom(element_).get_int64().value_unsafe();
}
std::uint64_t Json::unsigned_integer() const {
  const bool fits = type() == Type::unsigned_integer || (type() == Type::integer && integer() >= 0);
  if (!fits) refuse("an integer that is not negative");
  return dom(element_).get_uint64().value_unsafe();
}
double Json::number() const {
  const bool is_number =
      type() == Type::integer || type() == Type::unsigned_integer || type() == Type::number;
  if (!is_number) refuse("a number");
  return dom(element_).get_double().value_unsafe();
}
std::string_view Json::view() const {
  if (type() != Type::text) refuse("text");
  return dom(element_).get_string().value_unsafe();
}

std::string Json::dump() const {
  return document_ ? std::string(simdjson::minify(dom(element_))) : std::string("null");
}

std::uint64_t Json::hash() const {
  thread_local std::string key;
  key_into(key);
  return detail::bag::hash_bytes(key.data(), key.size());
}

void Json::key_into(std::string& key) const {
  if (type() == Type::text) (key = '"') += view();
  else key = dump();
}

Json Json::from_key(const std::string& key) {
  const bool is_text = key.starts_with('"');
  JsonDocument* document =
      detail::bag::parse_into(new JsonDocument, is_text ? nlohmann::json(key.substr(1)).dump() : key);
  return Json(document, detail::bag::raw(document->parsed.root()));
}

bool operator==(const Json& a, const Json& b) {
  if (a.document_ == b.document_ && a.element_ == b.element_) return true;
  if (a.type() != b.type()) return false;
  if (a.type() == Json::Type::text) return a.view() == b.view();
  if (a.type() == Json::Type::integer) return a.integer() == b.integer();
  return a.dump() == b.dump();
}
std::strong_ordering operator<=>(const Json& a, const Json& b) {
  enum class Kind : std::uint8_t { number, text, other };
  // Integers of 64 bits and doubles, all exactly.
  const auto number_of = [](const Json& json) -> std::optional<long double> {
    switch (json.type()) {
      case Json::Type::integer:
        return json.integer();
      case Json::Type::unsigned_integer:
        return json.unsigned_integer();
      case Json::Type::number:
        return json.number();
      default:
        return std::nullopt;
    }
  };
  const std::optional<long double> x = number_of(a), y = number_of(b);
  const auto kind_of = [](const Json& json, bool is_number) {
    return is_number ? Kind::number : json.type() == Json::Type::text ? Kind::text : Kind::other;
  };
  const Kind kind = kind_of(a, x.has_value());
  if (const auto order = kind <=> kind_of(b, y.has_value()); order != 0) return order;
  if (kind == Kind::text) return a.view() <=> b.view();
  if (kind == Kind::number && *x != *y)
    return *x < *y ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.dump() <=> b.dump();
}
std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.dump(); }

}  // namespace weir
