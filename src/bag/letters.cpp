// Tasks put their letters into a queue of rank 0; who asks for them takes them out.
#include "weir/detail/bag/letters.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>

#include "core/thrown.hpp"
#include "weir/coordination.hpp"

namespace weir {
namespace detail::bag {

/// What one list of letters is made of, for those who ask.
class LetterBox {
 public:
  explicit LetterBox(std::uint64_t most) : most_(most) {
    std::random_device random;
    queue_ = "dead letters " + std::to_string(std::uint64_t{random()} << 32 | random());
  }
  LetterAddress next() { return {queue_, most_, stages_++}; }
  /// Calls `use(batch)` for each that there is.
  template <class F>
  void each(const F& use) {
    std::lock_guard hold(mutex_);
    collect();
    for (const auto& [key, batch] : batches_) use(batch);
  }

 private:
  void collect() {
    SharedQueue<LetterBatch> queue(queue_);
    try {
      for (std::uint64_t left = queue.size(); left > 0; --left) {
        LetterBatch batch = queue.get();
        LetterBatch& known = batches_[{batch.stage, batch.partition}];
        if (batch.count >= known.count) known = std::move(batch);  // what reads a part of it knows less
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::closed) throw;
    }
  }

  std::string queue_;
  std::uint64_t most_;
  std::atomic<std::uint64_t> stages_{0};
  std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, LetterBatch> batches_;
};

LetterAddress next_address(const DeadLetters& letters) { return letters.box()->next(); }

void Here::leave_out(const LetterAddress& to, std::uint64_t partition, std::string_view text) {
  constexpr std::size_t most_text = 4096;
  Box& box = boxes_[{to.queue, to.stage}];
  box.to = to;
  box.batch.stage = to.stage;
  box.batch.partition = partition;
  if (++box.batch.count > to.most) return;
  DeadLetter letter;
  try {
    throw;
  } catch (const ErrorAt& error) {
    letter.column = error.column();
    letter.reason = error.what();
  } catch (const Error& error) {
    letter.reason = error.what();
  } catch (...) {
    const Thrown thrown = current_thrown();
    letter.reason = thrown.type + ": " + thrown.message;
  }
  if (lines_) {
    const files::Portion& portion = lines_->portion();
    const auto [before, is_new] = before_.try_emplace({portion.path, portion.begin}, 0);
    if (is_new) before->second = lines_->where().number - lines_->returned();
    letter.file = portion.path;
    letter.line = before->second + lines_->returned() - began_;
    text = line_;
  }
  letter.text = text.substr(0, most_text);
  box.batch.letters.push_back(std::move(letter));
}

void Here::send() {
  for (const auto& [key, box] : boxes_) SharedQueue<LetterBatch>(box.to.queue).put(box.batch);
}

}  // namespace detail::bag

DeadLetters::DeadLetters(std::uint64_t most) : box_(std::make_shared<detail::bag::LetterBox>(most)) {}

std::uint64_t DeadLetters::count() const {
  std::uint64_t count = 0;
  box_->each([&](const detail::bag::LetterBatch& batch) { count += batch.count; });
  return count;
}

std::vector<DeadLetter> DeadLetters::list() const {
  std::vector<DeadLetter> all;
  box_->each([&](const detail::bag::LetterBatch& batch) {
    all.insert(all.end(), batch.letters.begin(), batch.letters.end());
  });
  std::stable_sort(all.begin(), all.end(), [](const DeadLetter& a, const DeadLetter& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  return all;
}

}  // namespace weir
