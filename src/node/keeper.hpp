// Keeper: the journal of a program, and what it is told of its tasks.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "journal/journal.hpp"
#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::node {

/// What a worker does to have a result of the journal: arguments and their large buffers are its serialized
/// form.
task::Value found_in_journal(Reader& arguments, std::span<const task::Value> inputs);

/// Finds results of earlier runs and keeps those of this one; large ones are written by a thread of its own.
///
/// **Threads.** Under the baton.
class Keeper {
 public:
  explicit Keeper(const std::string& folder);
  ~Keeper();

  [[nodiscard]] journal::Journal& journal() noexcept { return journal_; }
  /// The function with its name; the same object each time.
  ///
  /// **Errors.** Throws `Error{unsupported}` if the executable does not tell the name.
  const journal::Function& function(std::uint64_t address, std::int64_t version);
  /// The same by its name.
  const journal::Function& function(const std::string& name, std::int64_t version);
  void count_reused() { ++reused_; }
  void count_missing(const journal::Function& function) { ++missing_[why_.at(&function)]; }
  /// It was not computed after all.
  void uncount_missing(const journal::Function& function) { --missing_[why_.at(&function)]; }

  /// Whether it is only to be said what would be computed.
  [[nodiscard]] bool is_dry() const noexcept { return dry_; }

  /// This input of `task` is held until it is there, or until the task is let go: so it is kept also if the
  /// program itself holds it no longer.
  void hold(TaskId task, client::FutureRef input);
  /// Whether it holds something for this task.
  [[nodiscard]] bool holds_for(TaskId task) const { return inputs_.contains(task); }
  /// The task has ended, or nobody wants it: it needs nothing any more, and is held no longer.
  void let_go(TaskId task);
  /// Lets go of what nobody needs, which may tell the scheduler.
  void drop_unneeded() { std::exchange(unneeded_, {}).clear(); }

  /// The result of this future is to be brought here and kept, after those before it.
  void want(client::FutureRef future) { wanted_.push_back(std::move(future)); }
  /// The next one to ask for, once the one before has been written; null: none.
  [[nodiscard]] client::FutureState* next();
  /// The one that has been asked for; null: none.
  [[nodiscard]] client::FutureState* asked() const noexcept { return asked_.get(); }
  /// Whether it is this one.
  [[nodiscard]] bool awaits(TaskId id) const noexcept { return asked_ && asked_->id == id; }
  /// It has come: it is written.
  void write(const task::Value& value);
  /// It cannot be had.
  void give_up();
  /// What has not come is not kept; what has is written.
  void forget() {
    wanted_.clear();
    asked_ = {};
    inputs_.clear();
    held_.clear();
    unneeded_.clear();
  }
  /// It must be asked for again, elsewhere: `want` will come.
  void forget_asked() { asked_ = {}; }
  [[nodiscard]] bool idle() const noexcept { return wanted_.empty() && !asked_ && !writing_; }

  /// What was reused, and why the rest was not.
  [[nodiscard]] std::string summary() const;

 private:
  enum Why : std::uint8_t { arguments, version, function_is_new, rerun };
  void write_loop();

  journal::Journal journal_;
  std::map<std::pair<std::uint64_t, std::int64_t>, const journal::Function*> known_;
  std::map<std::pair<std::string, std::int64_t>, std::unique_ptr<journal::Function>> functions_;
  std::unordered_map<const journal::Function*, Why> why_;
  std::uint64_t reused_ = 0, missing_[4] = {};
  bool dry_ = false;             // nothing is computed
  std::set<std::string> rerun_;  // functions whose results were forgotten
  struct Held {
    client::FutureRef future;
    std::size_t users = 0;  // tasks that need it
  };
  std::unordered_map<TaskId, Held> held_;
  std::unordered_map<TaskId, std::vector<TaskId>> inputs_;  // of tasks: those that are held for them
  std::vector<client::FutureRef> unneeded_;
  std::deque<client::FutureRef> wanted_;
  client::FutureRef asked_;
  std::atomic<bool> writing_{false};

  std::mutex mutex_;
  std::condition_variable work_;
  std::optional<std::pair<client::FutureRef, task::Value>> work_item_;
  bool ends_ = false;
  std::thread writer_;
};

}  // namespace weir::detail::node
