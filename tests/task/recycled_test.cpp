// Memory of small objects, used again.
#include "weir/detail/task/recycled.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

using weir::detail::task::Recycled;
using weir::detail::task::RecyclingAllocator;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif

// Each of its own, and whole.
std::vector<void*> take_many(std::size_t count, std::size_t bytes) {
  std::vector<void*> blocks(count);
  for (std::size_t i = 0; i < count; ++i)
    std::memset(blocks[i] = Recycled::take(bytes), static_cast<int>(i % 251), bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const written = static_cast<const unsigned char*>(blocks[i]);
    if (!std::all_of(written, written + bytes, [&](unsigned char byte) { return byte == i % 251; }))
      FAIL("block " << i << " of " << bytes << " bytes was changed by another");
  }
  return blocks;
}

void give_all(const std::vector<void*>& blocks, std::size_t bytes) {
  for (void* const block : blocks) Recycled::give(block, bytes);
}

}  // namespace

TEST_CASE("recycled memory of any size is whole, and distinct", "[recycled]") {
  for (std::size_t bytes = 1; bytes <= Recycled::most_bytes; bytes += bytes < 20 ? 1 : 17)
    give_all(take_many(300, bytes), bytes);
  give_all(take_many(300, Recycled::most_bytes), Recycled::most_bytes);
}

TEST_CASE("recycled memory is what the same thread has given back", "[recycled]") {
  const auto first = take_many(40, 100);
  give_all(first, 100);
  const auto second = take_many(40, 90);  // the same size of blocks
  const std::set<void*> before(first.begin(), first.end()), after(second.begin(), second.end());
  if (recycles) CHECK(before == after);
  give_all(second, 90);
}

TEST_CASE("recycled memory that one thread takes and another gives back is used again", "[recycled]") {
  Recycled::drop_kept();
  constexpr std::size_t count = 10'000, bytes = 200;
  const auto first = take_many(count, bytes);
  std::thread([&] { give_all(first, bytes); }).join();
  const std::size_t kept = Recycled::kept_bytes();
  if (recycles) CHECK(kept >= (count - 128) * bytes);
  const auto second = take_many(count, bytes);
  if (recycles) CHECK(Recycled::kept_bytes() < kept / 10);
  give_all(second, bytes);
}

TEST_CASE("recycled memory is kept up to a limit, and dropped when it is asked for", "[recycled]") {
  constexpr std::size_t bytes = 400;
  give_all(take_many(Recycled::most_kept_bytes / bytes + 50'000, bytes), bytes);
  CHECK(Recycled::kept_bytes() <= Recycled::most_kept_bytes);
  if (recycles) CHECK(Recycled::kept_bytes() > Recycled::most_kept_bytes / 2);
  Recycled::drop_kept();
  CHECK(Recycled::kept_bytes() == 0);
}

TEST_CASE("recycled memory serves a shared pointer", "[recycled]") {
  const auto number = std::allocate_shared<int>(RecyclingAllocator<int>(), 7);
  const std::weak_ptr<int> watched = number;
  CHECK(*number == 7);
  CHECK(watched.use_count() == 1);
}
