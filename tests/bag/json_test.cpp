// Json: what values are, what they travel as, and what is said of those that are not as one thinks.
#include "weir/json.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <sstream>

#include "weir/detail/bag/hash.hpp"

namespace {

using weir::Json;

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const weir::Error& error) {
    return std::string(to_string(error.kind())) + ": " + error.what();
  }
  return "nothing";
}

TEST_CASE("Json has the values of a text") {
  const Json json = Json::parse(
      R"( {"name": "Ada \u00e9", "age": 36, "big": 18446744073709551615, "pi": 3.5, "ok": true, "none": null,
           "list": [1, 2, 3], "map": {"a": 1.5, "b": 2}} )");
  CHECK(json.type() == Json::Type::object);
  CHECK(json.size() == 8);
  CHECK(json["name"].as<std::string>() == "Ada \xc3\xa9");
  CHECK(json["name"].view() == "Ada \xc3\xa9");
  CHECK(json["age"].as<int>() == 36);
  CHECK(json["age"].as<double>() == 36.0);
  CHECK(json["big"].as<std::uint64_t>() == 18446744073709551615u);
  CHECK(json["pi"].as<float>() == 3.5f);
  CHECK(json["ok"].as<bool>());
  CHECK(json["none"].is_null());
  CHECK(json["none"].as<std::optional<int>>() == std::nullopt);
  CHECK(json["list"].as<std::vector<int>>() == std::vector<int>{1, 2, 3});
  CHECK(json["list"][std::size_t{2}].as<int>() == 3);
  CHECK(json["map"].as<std::map<std::string, double>>() ==
        std::map<std::string, double>{{"a", 1.5}, {"b", 2}});
  CHECK(json.contains("age"));
  CHECK_FALSE(json.find("nobody"));
  CHECK(json["map"].members()[1].first == "b");
  CHECK(Json().is_null());
  std::ostringstream out;
  out << json["map"] << Json();
  CHECK(out.str() == R"({"a":1.5,"b":2}null)");
}

TEST_CASE("of equal keys the last counts, as in Python") {
  const Json json = Json::parse(R"({"a": 1, "b": 2, "a": {"x": 3}, "b": 4})");
  CHECK(json["a"]["x"].as<int>() == 3);
  CHECK(json["b"].as<int>() == 4);
  CHECK(json.members().size() == 4);
  struct Row {
    int b;
  };
  CHECK(json.as<Row>().b == 4);
  CHECK(Json::parse(R"({"a": 1, "a": 2})").as<std::map<std::string, int>>() ==
        std::map<std::string, int>{{"a", 2}});
}

TEST_CASE("Json keeps its text while a value of it lives, and gives the memory back") {
  Json kept;
  for (int i = 0; i < 100; ++i) {
    const Json line = Json::parse(R"({"a": ["x)" + std::to_string(i) + R"("]})");
    if (i == 7) kept = line["a"][std::size_t{0}];
  }
  CHECK(kept.view() == "x7");
  kept.own();
  CHECK(kept.view() == "x7");
  const Json copy = kept;
  kept = Json();
  CHECK(copy.view() == "x7");
}

TEST_CASE("Json travels, compares and hashes by its text") {
  const Json a = Json::parse(R"({"a": [1, {"b": null}]})")["a"];
  weir::Buffer buffer;
  weir::Writer writer(buffer);
  weir::write(writer, std::vector<Json>{a, Json()});
  weir::Reader reader(buffer.bytes());
  std::vector<Json> back;
  weir::read(reader, back);
  CHECK(back == std::vector<Json>{Json::parse(R"([1,{"b":null}])"), Json()});
  CHECK(weir::detail::bag::Hash<Json>{}(a) == weir::detail::bag::Hash<Json>{}(back[0]));
  CHECK(Json::parse("\"10\"") != Json::parse("10"));
  CHECK(Json::parse("9") < Json::parse("10"));
  CHECK(Json::parse("\"a\"") < Json::parse("\"b\""));
}

TEST_CASE("Json is in the order of its numbers, then of its texts") {
  const std::vector<std::string> sorted = {"-3.5",
                                           "0",
                                           "1",
                                           "1.0",
                                           "2.5",
                                           "9",
                                           "10",
                                           "10.5",
                                           "1e3",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "1.8446744073709552e19",
                                           "\"\"",
                                           "\"1\"",
                                           "\"a\"",
                                           "[1]",
                                           "null",
                                           "true",
                                           "{}"};
  for (std::size_t i = 0; i < sorted.size(); ++i)
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      INFO(sorted[i] << " and " << sorted[j]);
      CHECK((Json::parse(sorted[i]) <=> Json::parse(sorted[j])) == (i <=> j));
    }
}

TEST_CASE("Json says what is wrong and where") {
  CHECK(
      refusal([] { Json::parse(R"({"a": 1, "b" 2})"); }) ==
      "serialization: Json::parse: a text must be JSON (got '{\"a\": 1, \"b\" 2}', wrong at column 14): The "
      "JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc.");
  CHECK(refusal([] { Json::parse(""); }) ==
        "serialization: Json::parse: a text must be JSON (got '', wrong at column 1): it is empty");
  for (const char* number : {"1e400", "[99999999999999999999, -1e999]"})
    CHECK(refusal([&] { Json::parse(number); }) ==
          "serialization: Json::parse: a text must be JSON (got '" + std::string(number) +
              "'): a number must be one that a double can be near to; larger ones can be texts");
  CHECK_THAT(refusal([] { Json::parse("\"\xff\""); }), Catch::Contains("wrong at column 2"));
  CHECK_THAT(refusal([] { Json::parse(std::string("\"a\0\"", 4)); }),
             Catch::Contains("got '\"a\\x00\"', wrong at column 3"));
  CHECK_THAT(refusal([] { Json::parse(std::string(2000, '[')); }), Catch::Contains("serialization"));
  const Json json = Json::parse(R"({"name": "Ada", "age": 300})");
  CHECK(refusal([&] { (void)json["nane"]; }) ==
        "not_found: Json: an object must have the key 'nane' (it has 'name', 'age'); did you mean 'name'?");
  CHECK(refusal([&] { (void)json["age"].view(); }) ==
        "invalid_argument: Json: the value must be text (got 300)");
  CHECK(refusal([&] { (void)json["age"].as<std::int8_t>(); }) ==
        "invalid_argument: Json: the value must be an integer that fits (got 300)");
  struct Age {
    std::string age;
  };
  struct Outer {
    Age of;
  };
  CHECK(refusal([&] { (void)json.as<Age>(); }) ==
        "invalid_argument: Json: the value must be text (got 300) in 'age'");
  CHECK(refusal([] { (void)Json::parse(R"({"of": {"age": 1}})").as<Outer>(); }) ==
        "invalid_argument: Json: the value must be text (got 1) in 'age' in 'of'");
  CHECK(refusal([&] { (void)json["name"]["x"]; }) ==
        "invalid_argument: Json: the value must be an object (got \"Ada\")");
  CHECK(refusal([] { (void)Json::parse("[1]")[std::size_t{1}]; }) ==
        "not_found: Json: the place must be below the number of elements (got 1 of 1)");
  CHECK(refusal([] { (void)Json::parse("1e300").as<float>(); }) ==
        "invalid_argument: Json: the value must be a number that fits (got 1e+300)");
  CHECK(refusal([] { (void)Json::parse("-1").as<unsigned>(); }) ==
        "invalid_argument: Json: the value must be an integer that is not negative (got -1)");
}

}  // namespace

TEST_CASE("integers beyond 64 bits are the nearest doubles, others as they are") {
  const Json json = Json::parse(
      R"({"a": 99999999999999999999, "9\\\"8": -9223372036854775809, "t": "99999999999999999999 \\",
          "i": -9223372036854775808, "u": 18446744073709551615, "l": [18446744073709551616,1.5]})");
  CHECK(json["a"].as<double>() == 1e20);
  CHECK(json["9\\\"8"].as<double>() == -0x1p63);
  CHECK(json["t"].as<std::string>() == "99999999999999999999 \\");
  CHECK(json["i"].as<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
  CHECK(json["u"].as<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(json["l"][std::size_t{0}].as<double>() == 0x1p64);
  CHECK(json["l"][std::size_t{1}].as<double>() == 1.5);
  CHECK(refusal([&] { static_cast<void>(json["a"].as<std::int64_t>()); }).find("an integer of 64 bits") !=
        std::string::npos);
  CHECK(refusal([] { Json::parse("-"); }).find("serialization") == 0);
  CHECK(refusal([] { Json::parse("0099999999999999999999999"); }).find("serialization") == 0);
}
