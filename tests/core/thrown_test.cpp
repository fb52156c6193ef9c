// Whatever is thrown has a text.
#include "core/thrown.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <system_error>

using namespace weir::detail;

namespace {

template <class F>
Thrown thrown_by(F&& f) {
  try {
    f();
  } catch (...) {
    return current_thrown();
  }
  return {};
}

struct Mute : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};
struct Stranger {};

void load() {
  try {
    try {
      throw std::out_of_range("no such key");
    } catch (...) {
      std::throw_with_nested(std::invalid_argument("the entry is unusable"));
    }
  } catch (...) {
    std::throw_with_nested(std::runtime_error("cannot load"));
  }
}

}  // namespace

TEST_CASE("what is thrown keeps its text, also where it is no exception") {
  CHECK(thrown_by([] { throw std::string("a text"); }).text() == "std::string: a text");
  CHECK(thrown_by([] { throw "literal"; }).text() == "char const*: literal");
  CHECK(thrown_by([] { throw 42; }).text() == "int: 42");
  CHECK(thrown_by([] { throw 7UL; }).text() == "unsigned long: 7");
  CHECK(thrown_by([] { throw 2.5; }).text() == "double: 2.5");
  CHECK(thrown_by([] { throw true; }).text() == "bool: true");
  CHECK(thrown_by([] { throw std::errc::no_space_on_device; }).text() ==
        "std::errc: No space left on device");
  CHECK(thrown_by([] { throw std::make_error_code(std::errc::permission_denied); }).text() ==
        "std::error_code: Permission denied");
  CHECK(thrown_by([] { throw std::make_exception_ptr(std::out_of_range("far")); }).text() == "far");
  CHECK(thrown_by([] { throw std::exception_ptr(); }).text() == "std::exception_ptr: (null)");
  std::out_of_range pointed("far");
  CHECK(thrown_by([&] { throw &pointed; }).text() == "a pointer to a std::exception: far");
  CHECK(thrown_by([] { throw std::logic_error("plain"); }).text() == "plain");
  CHECK_THAT(thrown_by([] { throw Stranger{}; }).text(),
             Catch::EndsWith("Stranger: an exception that is no std::exception"));
}

TEST_CASE("nested exceptions bring their reasons, innermost last") {
  CHECK(thrown_by(load).type == "std::runtime_error");
  CHECK_THAT(thrown_by(load).message, Catch::StartsWith("cannot load\n  because of ") &&
                                          Catch::Contains("std::invalid_argument") &&
                                          Catch::EndsWith("std::out_of_range: no such key"));
}

TEST_CASE("what is nested is told whatever holds it, and nothing of what holds nothing") {
  struct Nesting : std::runtime_error, std::nested_exception {
    Nesting() : std::runtime_error("nesting") {}
  };
  CHECK(thrown_by([] { throw Nesting(); }).text() == "nesting");
  const auto nested = [](auto outer) {
    return thrown_by([&] {
      try {
        throw 5;
      } catch (...) {
        std::throw_with_nested(outer);
      }
    });
  };
  CHECK(nested(std::string("outer")).text() == "std::string: outer\n  because of int: 5");
  CHECK_THAT(nested(Stranger{}).text(),
             Catch::EndsWith("Stranger: an exception that is no std::exception\n  because of int: 5"));
  CHECK_THAT(nested(Stranger{}).type, !Catch::Contains("_Nested"));
}

TEST_CASE("an exception whose what() is null says so") {
  CHECK(thrown_by([] { throw Mute(); }).message == "it says nothing: what() is null");
  CHECK(thrown_by([] { throw std::runtime_error(""); }).message == "it says nothing");
}
