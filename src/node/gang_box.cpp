// Mail of gangs.
#include "node/gang_box.hpp"

#include <algorithm>

#include "weir/gang.hpp"

namespace weir::detail::node {

namespace {

constexpr std::size_t most_over = 256;

}  // namespace

bool GangBox::is_over(const Attempt& attempt) const {
  return std::find(over_.rbegin(), over_.rend(), attempt) != over_.rend();
}

void GangBox::put(protocol::GangData&& message) {
  const Attempt attempt{message.leader, message.run};
  if (is_over(attempt)) return;
  open_[attempt].mail[{message.from, message.to, message.tag}].push_back(std::move(message.bytes));
}

std::optional<Buffer> GangBox::take(const Attempt& attempt, std::uint32_t from, std::uint32_t to,
                                    std::uint64_t tag) {
  const auto open = open_.find(attempt);
  if (open == open_.end()) return std::nullopt;
  const auto mail = open->second.mail.find({from, to, tag});
  if (mail == open->second.mail.end()) return std::nullopt;
  Buffer bytes = std::move(mail->second.front());
  mail->second.pop_front();
  if (mail->second.empty()) open->second.mail.erase(mail);
  return bytes;
}

void GangBox::fail(const Attempt& attempt, const std::string& reason) {
  if (!is_over(attempt)) open_[attempt].failed = reason;
}

void GangBox::check(const Attempt& attempt) const {
  if (const auto open = open_.find(attempt); open != open_.end() && open->second.failed)
    throw GangError("the gang has failed: " + *open->second.failed);
}

void GangBox::left(const Attempt& attempt, std::size_t ranks) {
  if (++open_[attempt].left < ranks) return;
  open_.erase(attempt);
  over_.push_back(attempt);
  if (over_.size() > most_over) over_.pop_front();
}

}  // namespace weir::detail::node
