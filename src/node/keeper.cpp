// Names of functions, the thread that writes, and the sentence at the end.
#include "node/keeper.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "core/log.hpp"
#include "task/code_name.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::node {

namespace {

// Programs that this one starts have journals of their own.
std::string take_environment(const char* name) {
  const char* set = std::getenv(name);
  const std::string value = set ? set : "";
  unsetenv(name);
  return value;
}

}  // namespace

Keeper::Keeper(const std::string& folder) : journal_(folder, journal::Access::write) {
  if (const std::string limit = take_environment("WEIR_JOURNAL_LIMIT"); !limit.empty())
    journal_.limit(parse_bytes(limit));
  dry_ = !take_environment("WEIR_JOURNAL_DRY_RUN").empty();
  std::istringstream names(take_environment("WEIR_JOURNAL_RERUN"));
  for (std::string name; std::getline(names, name, ';');) {
    if (journal_.forget_function(name) == 0)
      log::warn("journal {}: there is no result of {} to forget", folder, name);
    rerun_.insert(name);
  }
}

Keeper::~Keeper() {
  {
    const std::lock_guard hold(mutex_);
    ends_ = true;
  }
  work_.notify_all();
  if (writer_.joinable()) writer_.join();
}

const journal::Function& Keeper::function(std::uint64_t address, std::int64_t version) {
  const journal::Function*& known = known_[{address, version}];
  if (known) return *known;
  const std::string name = task::function_name(address);
  if (name.starts_with("function at "))
    throw Error(ErrorKind::unsupported,
                "submit(cached, ...): the executable does not tell the name of the " + name +
                    ", by which its results are found again; link with -rdynamic, and do "
                    "not make it static");
  task::check_has_no_namesake("submit(cached, ...)", address);
  return *(known = &function(name, version));
}

const journal::Function& Keeper::function(const std::string& name, std::int64_t version) {
  auto& known = functions_[{name, version}];
  if (known) return *known;
  known = std::make_unique<journal::Function>(journal::Function{name, version});
  why_[known.get()] = rerun_.contains(name)                 ? rerun
                      : journal_.knows(*known)              ? arguments
                      : !journal_.versions_of(name).empty() ? Keeper::version
                                                            : function_is_new;
  return *known;
}

void Keeper::hold(TaskId task, client::FutureRef input) {
  const TaskId id = input->id;
  const auto [held, is_new] = held_.try_emplace(id, Held{std::move(input)});
  std::vector<TaskId>& inputs = inputs_[task];
  if (std::ranges::find(inputs, id) != inputs.end()) return;
  inputs.push_back(id);
  ++held->second.users;
}

void Keeper::let_go(TaskId task) {
  if (const auto held = held_.find(task); held != held_.end()) {
    unneeded_.push_back(std::move(held->second.future));
    held_.erase(held);
  }
  const auto needs = inputs_.find(task);
  if (needs == inputs_.end()) return;
  for (const TaskId input : needs->second) {
    const auto held = held_.find(input);
    if (held == held_.end() || --held->second.users > 0) continue;
    unneeded_.push_back(std::move(held->second.future));
    held_.erase(held);
  }
  inputs_.erase(needs);
}

client::FutureState* Keeper::next() {
  if (asked_ || writing_ || wanted_.empty()) return nullptr;
  asked_ = std::move(wanted_.front());
  wanted_.pop_front();
  return asked_.get();
}

void Keeper::write(const task::Value& value) {
  writing_ = true;
  {
    const std::lock_guard hold(mutex_);
    work_item_.emplace(std::move(asked_), value);
    asked_ = {};
  }
  if (!writer_.joinable()) writer_ = std::thread([this] { write_loop(); });
  work_.notify_all();
}

void Keeper::give_up() {
  asked_->kept->settled = true;
  asked_ = {};
}

void Keeper::write_loop() {
  std::unique_lock hold(mutex_);
  for (;;) {
    work_.wait(hold, [this] { return ends_ || work_item_; });
    if (!work_item_) return;
    auto [future, value] = std::move(*work_item_);
    work_item_.reset();
    hold.unlock();
    try {
      journal_.put(future->kept->key, *future->kept->function, value.pack());
    } catch (const std::exception& error) {  // what its serialization throws, or no memory for its bytes
      log::warn("journal {}: a result of {} cannot be kept ({}); another run computes it again",
                journal_.folder(), future->kept->function->name, error.what());
    }
    future->kept->settled = true;
    value = {};
    future = {};
    writing_ = false;
    hold.lock();
  }
}

std::string Keeper::summary() const {
  const std::uint64_t missing = missing_[0] + missing_[1] + missing_[2] + missing_[3];
  std::string text = "journal " + journal_.folder() + ": " + std::to_string(reused_) + " of " +
                     std::to_string(reused_ + missing) + " results reused";
  if (missing == 0) return text;
  text += ", " + std::to_string(missing) + (dry_ ? " to compute" : " computed");
  const char* const why[] = {"with arguments that are new", "in another version than before",
                             "of functions that are new", "that were to be computed again"};
  const char* separator = ": ";
  for (const Why reason : {arguments, version, function_is_new, rerun})
    if (missing_[reason])
      text += std::exchange(separator, ", ") + std::to_string(missing_[reason]) + " " + why[reason];
  return text;
}

}  // namespace weir::detail::node
