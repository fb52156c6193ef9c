// Large blocks that are used again.
#include "core/large_blocks.hpp"


#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t mega = 1 << 20;

// What is kept is given back at the end of a test.
struct Keeping {
  explicit Keeping(std::uint64_t bytes) { weir::keep_large_blocks(bytes); }
  ~Keeping() { weir::keep_large_blocks(0); }
};

// Not inline: a compiler may leave out a `new` whose `delete` it sees.
[[gnu::noinline]] std::unique_ptr<char[]> block(std::size_t bytes) { return std::unique_ptr<char[]>(new char[bytes]); }

}  // namespace

TEST_CASE("large_blocks keeps nothing unless told to") {
  block(8 * mega).reset();
  CHECK(weir::kept_large_blocks() == 0);
}

TEST_CASE("large_blocks gives a block of the same size again") {
  const Keeping keeping(64 * mega);
  auto first = block(8 * mega);
  const char* where = first.get();
  first.reset();
  CHECK(weir::kept_large_blocks() >= 8 * mega);
  const auto second = block(8 * mega);
  CHECK(second.get() == where);
  CHECK(weir::kept_large_blocks() == 0);
}

TEST_CASE("large_blocks gives no block that is far too large or too small") {
  const Keeping keeping(64 * mega);
  block(8 * mega).reset();
  const auto smaller = block(4 * mega), larger = block(9 * mega);
  CHECK(weir::kept_large_blocks() >= 8 * mega);
  const auto fits = block(8 * mega - 1000);
  CHECK(weir::kept_large_blocks() == 0);
}

TEST_CASE("large_blocks keeps no more than it may, and the latest") {
  const Keeping keeping(20 * mega);
  auto a = block(8 * mega), b = block(9 * mega + mega / 2), c = block(8 * mega + mega / 4);
  const char* last = c.get();
  a.reset();
  b.reset();
  c.reset();
  CHECK(weir::kept_large_blocks() <= 20 * mega);
  CHECK(block(8 * mega + mega / 4).get() == last);
  block(32 * mega).reset();
  CHECK(weir::kept_large_blocks() <= 20 * mega);
}

TEST_CASE("large_blocks does not keep small blocks") {
  const Keeping keeping(64 * mega);
  std::vector<double>(1000).swap(*std::make_unique<std::vector<double>>());
  block(mega / 2).reset();
  CHECK(weir::kept_large_blocks() == 0);
}

#endif
