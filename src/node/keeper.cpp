// Names of functions, the thread that writes, and the sentence at the end.
#include "node/keeper.hpp"

#include "weir/detail/task/address.hpp"

namespace weir::detail::node {

Keeper::~Keeper() {
  {
    const std::lock_guard hold(mutex_);
    ends_ = true;
  }
  work_.notify_all();
  if (writer_.joinable()) writer_.join();
}

const journal::Function& Keeper::function(std::uint64_t address, std::int64_t version) {
  auto& known = functions_[{address, version}];
  if (known) return *known;
  const std::string name = task::function_name(address);
  if (name.starts_with("function at "))
    throw Error(ErrorKind::unsupported,
                "submit(cached, ...): the executable does not tell the name of the " + name +
                    ", by which its results are found again; link with -rdynamic, and do "
                    "not make it static");
  known = std::make_unique<journal::Function>(journal::Function{name, version});
  why_[known.get()] = journal_.knows(*known)                ? arguments
                      : !journal_.versions_of(name).empty() ? Keeper::version
                                                            : function_is_new;
  return *known;
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
    journal_.put(future->kept->key, *future->kept->function, value);
    future->kept->settled = true;
    value = {};
    future = {};
    writing_ = false;
    hold.lock();
  }
}

std::string Keeper::summary() const {
  const std::uint64_t missing = missing_[0] + missing_[1] + missing_[2];
  std::string text = "journal " + journal_.folder() + ": " + std::to_string(reused_) + " of " +
                     std::to_string(reused_ + missing) + " results reused";
  if (missing == 0) return text;
  text += ", " + std::to_string(missing) + " computed";
  const char* const why[] = {"with arguments that are new", "in another version than before",
                             "of functions that are new"};
  const char* separator = ": ";
  for (const Why reason : {arguments, version, function_is_new})
    if (missing_[reason])
      text += std::exchange(separator, ", ") + std::to_string(missing_[reason]) + " " + why[reason];
  return text;
}

}  // namespace weir::detail::node
