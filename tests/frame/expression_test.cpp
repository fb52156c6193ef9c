// Expressions: values, missing values, text, dates.
#include <catch2/catch.hpp>
#include <cmath>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

std::string value_of(const Expression& value, const Frame& frame) {
  std::string text = csv_of(frame.with("value", value).select("value"));
  for (std::size_t at; (at = text.find("\"\"")) != std::string::npos;) text.erase(at, 2);  // it is missing
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text.substr(6, text.size() - 7);
}

Frame numbers() {
  return Frame(
      Table({"i", "x", "b", "t"}, {make_column(std::vector<std::optional<std::int64_t>>{7, -7, {}}),
                                   make_column(std::vector<std::optional<double>>{2.5, {}, 0}),
                                   make_column(std::vector<std::optional<bool>>{true, false, {}}),
                                   make_column(std::vector<std::optional<std::string>>{" Ab", "abc", {}})}));
}

}  // namespace

TEST_CASE("arithmetic is that of numbers, and missing stays missing") {
  in_cluster([] {
    const Frame f = numbers();
    CHECK(value_of(col("i") + 1, f) == "8 -6 ");
    CHECK(value_of(col("i") / 2, f) == "3.5 -3.5 ");
    CHECK(value_of(col("i") % 4, f) == "3 1 ");
    CHECK(value_of(col("i") % 0, f) == "  ");
    CHECK(value_of(col("i") * col("x"), f) == "17.5  ");
    CHECK(value_of(1 / col("x"), f) == "0.4  inf");
    CHECK(value_of(-col("i"), f) == "-7 7 ");
    CHECK(value_of(col("i").abs() + col("b"), f) == "8 7 ");
    CHECK(value_of(col("x").pow(2).sqrt(), f) == "2.5  0.0");
    CHECK(value_of((col("x") / 3).round(2), f) == "0.83  0.0");
    const Frame large(Table({"n"}, {make_column(std::vector<std::int64_t>{9007199254740993})}));
    CHECK(value_of(col("n").round(), large) == "9007199254740993");
    CHECK(value_of(col("n").round(2), large) == "9007199254740993");
    const Frame wide(Table({"n"}, {make_column(std::vector<std::int64_t>{127'700'900'931'500,
                                                                         7'825'065'680'859'664, -150'000})}));
    CHECK(wide.filter(col("n").round(-5) == 127'700'900'900'000.0).count_rows() == 1);
    CHECK(wide.filter(col("n").round(-1) == 7'825'065'680'859'660.0).count_rows() == 1);
    CHECK(wide.filter(col("n").round(-5) == -200'000.0).count_rows() == 1);
    CHECK(value_of(col("n").round(-400), wide) == "0.0 0.0 0.0");
    CHECK(value_of(col("i") > 0, f) == "true false ");
    CHECK(value_of(col("b") || col("x") == 0, f) == "true  true");
    CHECK(value_of(!col("b") && col("i") < 0, f) == "false true ");
    CHECK(value_of(col("x").isna(), f) == "false true false");
    CHECK(value_of(col("i").fillna(0), f) == "7 -7 0");
    CHECK(value_of(col("i").isin({7, 8.5}), f) == "true false false");
    CHECK(value_of(when(col("i") > 0, "up", col("t")), f) == "up abc ");
    CHECK(value_of(col("x").astype(ColumnType::int64), f) == "2  0");
    CHECK(value_of(col("i").astype(ColumnType::text) + "!", f) == "7! -7! ");
    CHECK(value_of(lit(1) + 2, f) == "3 3 3");
  });
}

TEST_CASE("text and dates have functions of their own") {
  in_cluster([] {
    const Frame f = numbers();
    const auto t = col("t").text();
    CHECK(value_of(t.lower() + t.upper(), f) == " ab AB abcABC ");
    CHECK(value_of(t.strip(), f) == "Ab abc ");
    CHECK(value_of(t.length(), f) == "3 3 ");
    CHECK(value_of(t.contains("b"), f) == "true true ");
    CHECK(value_of(t.starts_with("ab"), f) == "false true ");
    CHECK(value_of(t.ends_with("bc"), f) == "false true ");
    CHECK(value_of(t.slice(-2, 1), f) == "A b ");
    CHECK(value_of(t.slice(-5, 3), f) == "  a ");
    CHECK(value_of(t.slice(-5, 2) + t.slice(-9, 9), f) == " Ab abc ");
    CHECK(value_of(t.replace("b", "--"), f) == " A-- a--c ");
    CHECK(value_of(col("t").astype(ColumnType::float64), f) == "  ");
    const Frame days(
        Table({"d"}, {make_column(std::vector<std::string>{"2016-02-29", "1969-12-31", "bad"})}));
    const auto d = col("d").astype(ColumnType::date);
    CHECK(value_of(d, days) == "2016-02-29 1969-12-31 ");
    CHECK(value_of(d.date().year() * 10000 + d.date().month() * 100 + d.date().day(), days) ==
          "20160229 19691231 ");
    CHECK(value_of(d.date().weekday(), days) == "0 2 ");
    CHECK(value_of(d + 1, days) == "2016-03-01 1970-01-01 ");
    CHECK(value_of(d >= "2000-01-01", days) == "true false ");
    // Days that no time reaches lie before or behind all of them.
    const Frame far(
        Table({"d"}, {make_column(std::vector<std::string>{"0001-01-01", "2300-01-01", "2016-02-29"})}));
    const auto noon = lit("2016-02-29 12:00:00").astype(ColumnType::datetime);
    CHECK(value_of(d < "2016-02-29 12:00:00", far) == "true false true");
    CHECK(value_of(noon < d, far) == "false true false");
    CHECK(value_of(d == noon, far) == "false false false");
    CHECK(value_of(d == "2016-02-29 00:00:00", far) == "false false true");
    CHECK(value_of(d > "2016-02-28 12:00", days) == "true false ");
    CHECK(value_of(d.astype(ColumnType::datetime).date().hour(), days) == "0 0 ");
    CHECK(sentence_of([&] { return days.filter(d > "2016-02-30"); }) ==
          "filter: a text beside a date must be one, such as 2015-03-01 (got \"2016-02-30\")");
    CHECK(
        sentence_of([&] { return days.filter(d + 0.5 > d); }) ==
        "filter: arithmetic needs numbers, a day and a number of days, or + between texts (got date, float64 "
        "in d.astype(date) + 0.5)");
  });
}

TEST_CASE("functions of numbers take integers and truth values") {
  in_cluster([] {
    const Frame frame(Table({"n", "b"}, {make_column(std::vector<std::int64_t>{4, 1}),
                                         make_column(std::vector<bool>{true, false})}));
    const auto first = [&](const Expression& value) {
      return frame.with("z", value).compute().column("z").float64s()[0];
    };
    for (const char* name : {"n", "b"}) {
      const Expression x = col(name);
      const double number = name == std::string("n") ? 4 : 1;
      CHECK(first(x.sqrt()) == std::sqrt(number));
      CHECK(first(x.log()) == std::log(number));
      CHECK(first(x.exp()) == std::exp(number));
      CHECK(first(x.floor()) == number);
      CHECK(first(x.ceil()) == number);
      CHECK(first(x.pow(lit(2))) == number * number);
    }
    CHECK(frame.with("z", col("n").round()).compute().column("z").int64s()[0] == 4);
    CHECK(frame.filter(col("n").sqrt() > 1.5).count_rows() == 1);
  });
}
