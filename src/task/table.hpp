// TaskTable: records by task id, in pages that come and go; an index, never a hash.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::task {

/// Records of tasks by id. Ids are dense within a client, so a page of neighbours is found by two array
/// lookups.
///
/// **Cost.** `find` is two dependent loads; a page is freed with its last record, so memory follows the live
/// tasks however many there ever were.
/// **Threads.** None of its own.
template <class Record>
class TaskTable {
  static constexpr std::uint64_t page_size = 256;

  struct Page {
    std::uint32_t live = 0;
    std::array<bool, page_size> used{};
    alignas(Record) std::byte storage[page_size * sizeof(Record)];
    Record* at(std::uint64_t i) { return std::launder(reinterpret_cast<Record*>(storage) + i); }
  };

 public:
  TaskTable() = default;
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;
  ~TaskTable() { clear(); }

  [[nodiscard]] Record* find(TaskId id) noexcept {
    const PeerId client = task_client(id);
    const std::uint64_t number = task_number(id), page = number / page_size;
    if (client >= clients_.size() || page >= clients_[client].size()) return nullptr;
    Page* found = clients_[client][page].get();
    return found && found->used[number % page_size] ? found->at(number % page_size) : nullptr;
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
    auto& pages = clients_[client];
    if (page >= pages.size()) pages.resize(page + 1 + pages.size() / 8);
    if (!pages[page]) pages[page] = spare_ ? std::move(spare_) : std::unique_ptr<Page>(new Page);
    Page& home = *pages[page];
    if (home.used[i]) return {home.at(i), false};
    Record* record = new (home.storage + i * sizeof(Record)) Record(std::forward<Arguments>(arguments)...);
    home.used[i] = true;
    ++home.live;
    ++size_;
    return {record, true};
  }

  void erase(TaskId id) noexcept {
    const std::uint64_t number = task_number(id);
    auto& page = clients_[task_client(id)][number / page_size];
    page->at(number % page_size)->~Record();
    page->used[number % page_size] = false;
    --size_;
    if (--page->live == 0) {
      if (!spare_) spare_ = std::move(page);
      else page.reset();
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
    for (std::uint64_t page = 0; page < clients_[client].size(); ++page) {
      Page* home = clients_[client][page].get();
      for (std::uint64_t i = 0; home && i < page_size; ++i)
        if (home->used[i]) f(make_task_id(client, page * page_size + i), *home->at(i));
    }
  }

 private:
  std::vector<std::vector<std::unique_ptr<Page>>> clients_;
  std::unique_ptr<Page> spare_;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::task
