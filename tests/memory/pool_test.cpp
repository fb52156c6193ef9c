// Large blocks: they are used again, join their neighbours, and go back to the system.
#include "memory/pool.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "support/address_limit.hpp"

namespace {

using namespace weir;
constexpr std::size_t mega = 1 << 20;

// What other tests have freed does not count.
struct Emptied {
  Emptied() { detail::memory::keep_at_most(0), detail::memory::keep_at_most(64 * mega); }
  ~Emptied() { detail::memory::keep_at_most(0), detail::memory::keep_at_most(64 * mega); }
};

TEST_CASE("a freed block is the next one of its size") {
  const Emptied emptied;
  void* first = detail::memory::take_large(mega);
  REQUIRE(first);
  CHECK(detail::memory::kept() == 0);
  REQUIRE(detail::memory::give_back(first));
  CHECK(detail::memory::kept() == mega);
  CHECK(detail::memory::take_large(mega - 100) == first);
  CHECK(detail::memory::give_back(first));
}

std::uint64_t faults() {
  rusage use{};
  getrusage(RUSAGE_THREAD, &use);
  return static_cast<std::uint64_t>(use.ru_minflt);
}

TEST_CASE("a block that will be written has all of its pages, whether huge ones are fast or not") {
  const Emptied emptied;
  constexpr std::size_t bytes = 300 * mega;  // more than a region, so that it is new
  auto* block = static_cast<char*>(detail::memory::take_large(bytes));
  REQUIRE(block);
  detail::memory::will_write(block);
  const std::uint64_t before = faults();
  for (std::size_t at = 0; at < bytes; at += 4096) {
    REQUIRE(block[at] == 0);
    block[at] = 1;
  }
  // Kernels before 5.14 know no pages at once.
  if (madvise(block, 4096, MADV_POPULATE_WRITE) == 0) CHECK(faults() - before < 1000);
  CHECK(detail::memory::give_back(block));
  detail::memory::will_write(block + 1);  // not a block
  int small = 0;
  detail::memory::will_write(&small);
}

TEST_CASE("freed neighbours become one block") {
  const Emptied emptied;
  void* whole = detail::memory::take_large(8 * mega);
  REQUIRE(detail::memory::give_back(whole));
  std::vector<void*> parts;
  for (int i = 0; i < 8; ++i) parts.push_back(detail::memory::take_large(mega));
  CHECK(detail::memory::kept() == 0);
  for (const std::size_t i : {3, 1, 2, 0, 7, 5, 6, 4}) CHECK(detail::memory::give_back(parts[i]));
  CHECK(detail::memory::take_large(8 * mega) == whole);
  CHECK(detail::memory::give_back(whole));
}

TEST_CASE("no more is kept than may be") {
  const Emptied emptied;
  detail::memory::keep_at_most(2 * mega);
  std::vector<void*> blocks;
  for (int i = 0; i < 5; ++i) blocks.push_back(detail::memory::take_large(mega));
  for (void* block : blocks) {
    std::memset(block, 1, mega);
    CHECK(detail::memory::give_back(block));
  }
  CHECK(detail::memory::kept() == 2 * mega);
  detail::memory::keep_at_most(0);
  CHECK(detail::memory::kept() == 0);
  const auto* fresh = static_cast<const char*>(detail::memory::take_large(5 * mega));
  REQUIRE(fresh);
  CHECK(fresh[0] == 0);  // its pages had gone back
  CHECK(detail::memory::give_back(const_cast<char*>(fresh)));
}

TEST_CASE("what is kept leaves room for what is used") {
  const Emptied emptied;
  detail::memory::keep_at_most(64 * mega, 4 * mega);
  void* first = detail::memory::take_large(2 * mega);
  void* second = detail::memory::take_large(2 * mega);
  REQUIRE(detail::memory::give_back(first));
  CHECK(detail::memory::kept() == 2 * mega);
  void* third = detail::memory::take_large(3 * mega);  // new, since what is kept is too small
  CHECK(detail::memory::kept() == 0);
  CHECK(detail::memory::give_back(second));
  CHECK(detail::memory::kept() == mega);
  CHECK(detail::memory::give_back(third));
}

TEST_CASE("what is no large block is not taken") {
  CHECK_FALSE(detail::memory::give_back(nullptr));
  void* other = std::aligned_alloc(4096, 4096);
  CHECK_FALSE(detail::memory::give_back(other));
  std::free(other);
}

TEST_CASE("more memory than there is is refused") {
  for (const std::size_t bytes :
       {std::size_t{1} << 60, SIZE_MAX / 2, SIZE_MAX - 5000, SIZE_MAX - 100, SIZE_MAX})
    CHECK(detail::memory::take_large(bytes) == nullptr);
}

TEST_CASE("a child of fork can allocate while other threads do") {
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!enough) (void)detail::memory::give_back(detail::memory::take_large(mega));
    });
  int failed = 0;
  for (int i = 0; i < 50 && !failed; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(10);
      _exit(detail::memory::give_back(detail::memory::take_large(mega)) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    failed += status != 0;
  }
  enough = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
}

TEST_CASE("threads take and give back without sharing a byte") {
  const Emptied emptied;
  std::atomic<int> wrong{0};
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    struct Mine {
      char* bytes;
      std::size_t size;
      char mark;
    };
    std::vector<Mine> mine;
    for (int i = 0; i < 2000; ++i) {
      if (mine.size() < 8 && random() % 2) {
        const std::size_t size = detail::memory::large_bytes + random() % mega;
        auto* bytes = static_cast<char*>(detail::memory::take_large(size));
        const auto mark = static_cast<char>(random());
        bytes[0] = bytes[size / 2] = bytes[size - 1] = mark;
        mine.push_back({bytes, size, mark});
      } else if (!mine.empty()) {
        const std::size_t which = random() % mine.size();
        const Mine one = mine[which];
        wrong += one.bytes[0] != one.mark || one.bytes[one.size / 2] != one.mark ||
                 one.bytes[one.size - 1] != one.mark;
        wrong += !detail::memory::give_back(one.bytes);
        mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    for (const Mine& one : mine) wrong += !detail::memory::give_back(one.bytes);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// A child, since the limit would hold for the tests that follow.
TEST_CASE("under a limit of addresses all of them can be used") {
  const pid_t child = fork();
  if (child == 0) {
    for (const std::size_t before = test::addresses(); test::addresses() == before;)
      (void)detail::memory::take_large(2 * mega);
    const test::AddressLimit limit(100 * mega);
    int got = 0;
    while (got < 250 && detail::memory::take_large(2 * mega)) ++got;
    _exit(got);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const int got = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  CHECK(got >= 127 + 40);  // of the 256 MiB taken last, and of the 100 MiB that are left
}

TEST_CASE("vectors of the program live in large blocks") {
  const Emptied emptied;
  const double* before;
  {
    const std::vector<double> one(1'000'000, 1.0);
    before = one.data();
  }
  CHECK(detail::memory::kept() >= 8'000'000);
  const std::vector<double> other(1'000'000, 2.0);
  CHECK(other.data() == before);
}
#endif

}  // namespace
