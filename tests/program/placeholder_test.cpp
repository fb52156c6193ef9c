#include "program/placeholder.hpp"

#include <catch2/catch.hpp>

#include "weir/program.hpp"

using weir::detail::program::as_it_is;
using weir::detail::program::filled;
using weir::detail::program::for_shell;
using weir::detail::program::replaced;
using Words = std::vector<std::string>;

TEST_CASE("placeholders take an argument apart as GNU parallel's do") {
  const auto one = [](std::string_view text) { return replaced(text, {"in/a.tar.gz"}, {7}, as_it_is); };
  CHECK(one("{}") == "in/a.tar.gz");
  CHECK(one("{.}") == "in/a.tar");
  CHECK(one("{/}") == "a.tar.gz");
  CHECK(one("{//}") == "in");
  CHECK(one("{/.}") == "a.tar");
  CHECK(one("run {#}: {1.}.{1/}") == "run 7: in/a.tar.a.tar.gz");
  CHECK(replaced("{.} {//}", {".bashrc"}, {1}, as_it_is) == ".bashrc .");
  CHECK(replaced("{//}", {"/a"}, {1}, as_it_is) == "/");
  CHECK(replaced("{2}-{1} {}", {"a", "b"}, {1}, as_it_is) == "b-a a b");
}

TEST_CASE("braces that hold anything else belong to the command") {
  for (const std::string text : {"awk '{print $1}'", "${HOME}", "{a,b}", "{0}", "{01}", "{", "}{", "{1#}",
                                 "{99999999999999999999999}"})
    CHECK(replaced(text, {"x"}, {1}, as_it_is) == text);
}

TEST_CASE("an argument that is not there is refused") {
  CHECK_THROWS_WITH(replaced("{3}", {"a", "b"}, {1}, as_it_is),
                    "program: {3} must name one of the arguments (got 2)");
}

TEST_CASE("arguments are one word for a shell, whatever they hold") {
  CHECK(for_shell("a-b_1.txt") == "a-b_1.txt");
  CHECK(for_shell("") == "''");
  CHECK(for_shell("it's $HOME; rm *") == "'it'\\''s $HOME; rm *'");
  CHECK(for_shell("~") == "'~'");
}

TEST_CASE("arguments follow a command that asks for none") {
  CHECK(filled({"ls", "-l"}, {"a b", "c"}) == Words{"ls", "-l", "a b", "c"});
  CHECK(filled({"cp", "{}", "{.}.old"}, {"a.txt"}) == Words{"cp", "a.txt", "a.old"});
  CHECK(filled({"echo", "{}"}, {}) == Words{"echo", "{}"});
}
