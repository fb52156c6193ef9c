// Small blocks that threads have freed.
#include "memory/small.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "memory/pool.hpp"

namespace {

using namespace weir::detail::memory;
constexpr std::size_t bytes = 360, many = 20 * SmallBlock::chain_length;

void make(std::vector<void*>& blocks) {
  for (void*& block : blocks) block = ::operator new(bytes);
}

TEST_CASE("small blocks that one thread has freed are another's next ones") {
  if (!serves_new()) return;
  std::vector<void*> blocks(many), again(many);
  make(blocks);
  const std::set<void*> before(blocks.begin(), blocks.end());
  std::thread([&] {
    for (void* block : blocks) ::operator delete(block);
  }).join();
  make(again);
  const auto used_again = std::ranges::count_if(again, [&](void* block) { return before.contains(block); });
  CHECK(used_again > static_cast<std::ptrdiff_t>(many) / 2);
  CHECK(std::set<void*>(again.begin(), again.end()).size() == many);
  for (void* block : again) ::operator delete(block);
}

TEST_CASE("small blocks of all sizes are whole and apart") {
  std::vector<unsigned char*> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 0; size < 700; ++size) {
      auto* block = static_cast<unsigned char*>(::operator new(size));
      std::fill_n(block, size, static_cast<unsigned char>(size));
      blocks.push_back(block);
    }
    for (std::size_t size = 0; size < blocks.size(); ++size) {
      CHECK(std::all_of(blocks[size], blocks[size] + size,
                        [&](unsigned char byte) { return byte == static_cast<unsigned char>(size); }));
      ::operator delete(blocks[size]);
    }
    blocks.clear();
  }
}

std::atomic<bool> has_handlers{false};
std::mutex of_handlers;

// Of a program, which may use memory before a fork, or wait for somebody who does.
[[maybe_unused]] const int registered = pthread_atfork(
    [] {
      if (!has_handlers) return;
      of_handlers.lock();
      std::vector<void*> blocks(many);
      make(blocks);
      for (void* block : blocks) ::operator delete(block);
      ::operator delete(::operator new(1 << 20));
    },
    [] {
      if (has_handlers) of_handlers.unlock();
    },
    [] {
      if (has_handlers) of_handlers.unlock();
    });

TEST_CASE("handlers of fork use memory while other threads do under what they wait for") {
  has_handlers = true;
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::vector<void*> blocks(many);
    while (!stop) {
      const std::lock_guard hold(of_handlers);
      make(blocks);
      for (void* block : blocks) ::operator delete(block);
      ::operator delete(::operator new(1 << 20));
    }
  });
  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(7);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
  }
  stop = true;
  other.join();
  has_handlers = false;
}

TEST_CASE("a child of fork takes and frees small blocks while other threads do") {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::vector<void*> blocks(many);
    while (!stop) {
      make(blocks);
      for (void* block : blocks) ::operator delete(block);
    }
  });
  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      std::vector<void*> blocks(many);
      make(blocks);
      for (void* block : blocks) ::operator delete(block);
      _exit(7);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
  }
  stop = true;
  other.join();
}

}  // namespace
