// Addresses that mean the same on every rank, and names for people.
// Compiled alone: it has names that are in no namespace.
#include "weir/detail/task/address.hpp"

#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "weir/error.hpp"

using namespace weir;
using namespace weir::detail::task;

double public_function(double x) { return x; }

namespace {

int hidden_function(int x) { return x + 1; }
static const int object = 5;

template <class F>
std::uint64_t address_of(F* function) {
  return portable_address(reinterpret_cast<const void*>(function));
}

}  // namespace

namespace outer {
int nested(int x) { return x; }
template <class T>
std::vector<T> pair_of(const T& x, int (*)(int)) {
  return {x, x};
}
}  // namespace outer

TEST_CASE("address finds functions and objects of the program again") {
  CHECK(local_address(address_of(&public_function)) == reinterpret_cast<const void*>(&public_function));
  CHECK(local_address(address_of(&hidden_function)) == reinterpret_cast<const void*>(&hidden_function));
  CHECK(local_address(portable_address(&object)) == &object);
  CHECK(address_of(&public_function) >> 47 == 0);
}

TEST_CASE("address finds functions of the C and mathematics libraries again") {
  CHECK(local_address(address_of(&std::abort)) == reinterpret_cast<const void*>(&std::abort));
  CHECK(local_address(address_of<double(double)>(&std::cbrt)) ==
        reinterpret_cast<const void*>(static_cast<double (*)(double)>(&std::cbrt)));
  CHECK(address_of(&std::abort) >> 48 != address_of<double(double)>(&std::cbrt) >> 48);
}

TEST_CASE("address refuses what lies in no module, with a sentence") {
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  CHECK_THROWS_WITH(portable_address(page),
                    "submit: the function lies in no module of this program, so other ranks cannot find it; "
                    "was it made at run time?");
  munmap(page, 4096);
  CHECK_THROWS_WITH(local_address(std::uint64_t{0xbeee} << 48),
                    "task: its function lies in a shared library that this rank has not loaded; link it, or "
                    "load it on every rank");
}

TEST_CASE("address names functions as their authors call them") {
  CHECK(function_name(address_of(&public_function)) == "public_function");
  CHECK(function_name(address_of(&outer::nested)) == "outer::nested");
  CHECK(function_name(address_of(&hidden_function)).find("hidden_function") != std::string::npos);
  CHECK(function_name(address_of(&std::abort)) == "abort");
  CHECK(function_name(address_of(&outer::pair_of<std::vector<int>>)) ==
        "outer::pair_of<std::vector<int, std::allocator<int> > >");
}

TEST_CASE("address looks for the name of a function once") {
  const auto start = std::chrono::steady_clock::now();
  std::size_t letters = 0;
  for (int i = 0; i < 200'000; ++i) letters += function_name(address_of(&public_function)).size();
  CHECK(letters == 200'000 * 15);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));  // each time: 10 s and more
}

TEST_CASE("address names lambdas and functors by their type") {
  const auto lambda = [](int x) { return x; };
  CHECK(function_name(portable_type(typeid(lambda))).starts_with("lambda in "));
  CHECK(function_name(portable_type(typeid(std::plus<int>))) == "std::plus<int>");
  CHECK(portable_type(typeid(std::plus<int>)) != portable_type(typeid(std::minus<int>)));
}

TEST_CASE("address names what has no name by its place") {
  CHECK(function_name(address_of(&hidden_function) + 1).find("function at 0x") == 0);
}

TEST_CASE("address knows the build") {
  CHECK(build_id().size() >= 8);
  CHECK(build_id() == build_id());
}

TEST_CASE("address leaves names that are not mangled") {
  CHECK(demangle("i") == "int");
  CHECK(demangle(typeid(std::vector<std::string>).name()).starts_with("std::vector<std::string, "));
  CHECK(demangle("_Z5wordsB5cxx11i") == "words(int)");
  CHECK(demangle("not mangled") == "not mangled");
}
