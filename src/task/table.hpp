// TaskTable: records by task id, in pages that come and go; an index, never a hash.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/task/recycled.hpp"
#include "weir/options.hpp"

namespace weir::detail::task {

/// Records of tasks by id. Ids are dense within a client, so a page of neighbours is found by array lookups:
/// a client has stretches of pages. Whoever has only some of a client's tasks, as one of many workers does,
/// takes small pages, and keeps only `block_size` records of one together.
///
/// **Cost.** `find` is three dependent loads, with blocks four; a block, page or stretch is freed with its
/// last record, so memory follows the live tasks: of those there ever were 8 bytes for `page_size *
/// stretch_size` remain.
/// **Threads.** None of its own.
template <class Record, std::uint64_t block_size = 256, std::uint64_t page_size = 256>
class TaskTable {
  static constexpr std::uint64_t blocks = page_size / block_size, stretch_size = 64;
  static constexpr bool is_recycled = block_size == 1 && sizeof(Record) <= Recycled::most_bytes;

  static_assert(blocks == 1 || alignof(Record) <= alignof(std::max_align_t));  // those of `Block` are no more

  struct Block {
    alignas(Record) std::byte storage[block_size * sizeof(Record)];
    static void* operator new(std::size_t bytes) {
      if constexpr (is_recycled) return Recycled::take(bytes);
      else return ::operator new(bytes);
    }
    static void operator delete(void* block, std::size_t bytes) noexcept {
      if constexpr (is_recycled) Recycled::give(block, bytes);
      else ::operator delete(block);
    }
    Record* at(std::uint64_t i) { return std::launder(reinterpret_cast<Record*>(storage) + i); }
  };
  struct Page {
    std::uint32_t live = 0;
    std::array<bool, block_size == 1 ? 0 : page_size> used{};  // a block of one tells by being there
    std::conditional_t<blocks == 1, Block, std::array<std::unique_ptr<Block>, blocks>> records;
    [[nodiscard]] bool has(std::uint64_t i) const noexcept {
      if constexpr (block_size == 1) return records[i] != nullptr;
      else return used[i];
    }
    void enter(std::uint64_t i) noexcept {
      if constexpr (block_size > 1) used[i] = true;
      ++live;
    }
    Record* at(std::uint64_t i) {
      if constexpr (blocks == 1) return records.at(i);
      else return records[i / block_size]->at(i % block_size);
    }
    /// Where record i is to be made.
    void* room_for(std::uint64_t i) {
      if constexpr (blocks == 1) {
        return records.storage + i * sizeof(Record);
      } else {
        auto& block = records[i / block_size];
        if (!block) block.reset(new Block);  // not cleared
        return block->storage + i % block_size * sizeof(Record);
      }
    }
    /// Record i is gone.
    void leave(std::uint64_t i) noexcept {
      --live;
      if constexpr (block_size > 1) used[i] = false;
      if constexpr (block_size == 1) {
        records[i].reset();
      } else if constexpr (blocks > 1) {
        const auto first = used.begin() + static_cast<std::ptrdiff_t>(i - i % block_size);
        if (std::find(first, first + block_size, true) == first + block_size) records[i / block_size].reset();
      }
    }
  };
  struct Stretch {
    std::uint32_t live = 0;  // pages
    std::array<std::unique_ptr<Page>, stretch_size> pages;
  };

 public:
  TaskTable() = default;
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;
  ~TaskTable() { clear(); }

  [[nodiscard]] Record* find(TaskId id) noexcept {
    const PeerId client = task_client(id);
    const std::uint64_t number = task_number(id), page = number / page_size, stretch = page / stretch_size;
    if (client >= clients_.size() || stretch >= clients_[client].size()) return nullptr;
    Stretch* const there = clients_[client][stretch].get();
    if (!there) return nullptr;
    Page* found = there->pages[page % stretch_size].get();
    return found && found->has(number % page_size) ? found->at(number % page_size) : nullptr;
  }
  [[nodiscard]] const Record* find(TaskId id) const noexcept {
    return const_cast<TaskTable*>(this)->find(id);
  }

  /// The record with this id, made with `arguments` if it is not there.
  template <class... Arguments>
  std::pair<Record*, bool> emplace(TaskId id, Arguments&&... arguments) {
    const PeerId client = task_client(id);
    const std::uint64_t number = task_number(id), page = number / page_size, i = number % page_size;
    if (client >= clients_.size()) clients_.resize(client + 1);
    Page& home = page_for(clients_[client], page);
    if (home.has(i)) return {home.at(i), false};
    Record* record = new (home.room_for(i)) Record(std::forward<Arguments>(arguments)...);
    home.enter(i);
    ++size_;
    return {record, true};
  }

  void erase(TaskId id) noexcept {
    const std::uint64_t number = task_number(id);
    auto& stretch = clients_[task_client(id)][number / page_size / stretch_size];
    auto& page = stretch->pages[number / page_size % stretch_size];
    page->at(number % page_size)->~Record();
    page->leave(number % page_size);
    --size_;
    if (page->live == 0) {
      if (!spare_) spare_ = std::move(page);
      else page.reset();
      if (--stretch->live == 0) stretch.reset();
    }
  }

  void clear() noexcept {
    for_each([](TaskId, Record& record) { record.~Record(); });
    clients_.clear();
    size_ = 0;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls `f(id, record)` for every record; `f` must not add or erase.
  template <class F>
  void for_each(F&& f) {
    for (PeerId client = 0; client < clients_.size(); ++client) for_each_of(client, f);
  }
  template <class F>
  void for_each(F&& f) const {
    const_cast<TaskTable*>(this)->for_each([&](TaskId id, const Record& record) { f(id, record); });
  }
  /// The same for the tasks of one client.
  template <class F>
  void for_each_of(PeerId client, F&& f) {
    if (client >= clients_.size()) return;
    for (std::uint64_t page = 0; page < clients_[client].size() * stretch_size; ++page) {
      Stretch* const stretch = clients_[client][page / stretch_size].get();
      if (!stretch) {
        page += stretch_size - 1;
        continue;
      }
      Page* home = stretch->pages[page % stretch_size].get();
      for (std::uint64_t i = 0; home && i < page_size; ++i)
        if (home->has(i)) f(make_task_id(client, page * page_size + i), *home->at(i));
    }
  }

 private:
  using Stretches = std::vector<std::unique_ptr<Stretch>>;

  Page& page_for(Stretches& stretches, std::uint64_t page) {
    const std::uint64_t at = page / stretch_size;
    if (at >= stretches.size()) stretches.resize(at + 1 + stretches.size() / 8);
    if (!stretches[at]) stretches[at] = std::make_unique<Stretch>();
    auto& home = stretches[at]->pages[page % stretch_size];
    if (!home) {
      home = spare_ ? std::move(spare_) : std::unique_ptr<Page>(new Page);
      ++stretches[at]->live;
    }
    return *home;
  }

  std::vector<Stretches> clients_;
  std::unique_ptr<Page> spare_;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::task
