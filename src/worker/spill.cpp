// Results that leave memory: which, when, and what must wait for it.
#include <limits>

#include "weir/bytes.hpp"
#include "worker/state.hpp"

namespace weir::detail::worker {

// It is in memory, and the last to be spilled.
void State::use(TaskId id, Record& record) {
  if (record.on_disk) {
    record.on_disk = false;
    spilled_bytes_ -= record.bytes;
    bytes_ += record.bytes;
  }
  if (record.bytes < limits_.smallest || record.is_leaving()) return;
  leave_list(record);
  if (!record.bulk) record.bulk = std::make_unique<Bulk>();
  record.bulk->used = ++uses_;
  by_use_.emplace_hint(by_use_.end(), record.bulk->used, id);
}

void State::leave_list(Record& record) {
  if (record.bulk && record.bulk->used) by_use_.erase(std::exchange(record.bulk->used, 0));
}

void State::put_on_disk(Record& record, task::Value on_disk) {
  record.value = std::move(on_disk);
  record.on_disk = true;
  bytes_ -= record.bytes;
  spilled_bytes_ += record.bytes;
}

// The data is gone: so is what it took.
void State::forget_memory(Record& record) {
  leave_list(record);
  if (record.is_leaving()) leaving_ -= record.bytes;
  if (record.on_disk) disk_problem_.clear();  // there is room again
  (record.on_disk ? spilled_bytes_ : bytes_) -= record.bytes;
  record.bulk.reset();
  record.on_disk = false;
}

void State::hold(TaskId id, const Record& record) {
  QueueEntry first{std::numeric_limits<std::int32_t>::min(), UINT64_MAX, id,
                   record.request};  // a copy that no task waits for comes last
  for (const Record* const waiter : record.waiters)
    if (const QueueEntry entry{waiter->assigned->priority, waiter->assigned->order, id, record.request};
        later(first, entry))
      first = entry;
  held_.push_back(first);
  std::push_heap(held_.begin(), held_.end(), asked_later);
}

// While the disk is waited for nothing may come: more would arrive than leaves. Otherwise one is always asked
// for: a task may need it.
bool State::has_room_for(std::uint64_t bytes) const noexcept {
  if (held_back()) return false;
  return coming_ == 0 ||
         (coming_ + bytes <= limits_.most_coming && bytes_ + coming_ + bytes <= limits_.resume_at(beside_));
}

// Sends the requests for which there is room.
void State::ask_held(Actions& out) {
  while (!held_.empty()) {
    const QueueEntry next = held_.front();
    Record* record = records_.find(next.id);
    if (record && record->held && record->request == next.run) {
      const std::uint64_t bytes = protocol::Scale::bytes(record->scale);
      if (!has_room_for(bytes)) return;
      record->held = false;
      coming_ += bytes;
      out.push_back({record->asked, protocol::GetResult{next.id, true, next.run}});
    }
    std::pop_heap(held_.begin(), held_.end(), asked_later);
    held_.pop_back();
  }
}

void State::note_pressure(Actions& out) {
  const bool paused = bytes_ > (paused_ ? limits_.resume_at(beside_) : limits_.pause_at(beside_));
  if (paused != paused_) {
    paused_ = paused;
    out.push_back({0, memory()});
  }
  ask_held(out);
}

// Whether starting a task must wait until something has left memory. When nothing can leave it, tasks run one
// at a time: what one releases may be what is needed.
bool State::held_back() const noexcept { return paused_ && (leaving_ > 0 || wants_spill()); }

bool State::next_spill(Spill& out, Actions& actions) {
  for (auto at = by_use_.begin(); wants_spill() && at != by_use_.end();) {
    const TaskId id = at->second;
    Record& record = *records_.find(id);
    ++at;
    if (record.value.is_shared()) continue;
    leave_list(record);
    Bulk& bulk = *record.bulk;
    if (task::Value on_disk =
            bulk.copy ? std::move(bulk.copy) : record.value.again()) {  // it has been written before
      bulk.copy = {};
      put_on_disk(record, std::move(on_disk));
      continue;
    }
    bulk.number = out.number = ++uses_;
    leaving_ += record.bytes;
    out.id = id;
    out.value = record.value;
    note_pressure(actions);
    return true;
  }
  stuck_ = bytes_ - leaving_ > limits_.spill_at(beside_);
  note_pressure(actions);
  return false;
}

void State::spilled(Spill&& spill, task::Value on_disk, Actions& out) {
  spill.value = {};
  Record* record = records_.find(spill.id);
  if (!record || !record->bulk || record->bulk->number != spill.number) return;  // it was freed meanwhile
  leaving_ -= record->bytes;
  record->bulk->number = 0;
  if (record->value.is_shared()) {  // somebody has begun to use it
    record->bulk->copy = std::move(on_disk);
    use(spill.id, *record);
  } else {
    put_on_disk(*record, std::move(on_disk));
  }
  note_pressure(out);
}

void State::spill_failed(Spill&& spill, bool because_of_disk, const std::string& why, Actions& out) {
  spill.value = {};
  if (because_of_disk) disk_problem_ = why;
  Record* record = records_.find(spill.id);
  if (!record || !record->bulk || record->bulk->number != spill.number)
    return note_pressure(out);  // nothing leaves any more
  leaving_ -= record->bytes;
  record->bulk->number = 0;
  if (because_of_disk) use(spill.id, *record);
  note_pressure(out);
}

// Tasks come and go: what they had a moment ago they will soon have again.
void State::note_resident(std::uint64_t bytes, Actions& out) {
  beside_ = std::max(bytes - std::min(bytes, bytes_), beside_ - beside_ / 64);
  note_pressure(out);
}

void State::try_again(bool also_disk, Actions& out) {
  stuck_ = false;
  if (also_disk) disk_problem_.clear();
  note_pressure(out);
}

std::shared_ptr<const Failure> State::no_room(std::uint64_t bytes) const {
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::io;
  failure->type = "weir::Error";
  failure->message = "its result of " + to_text(bytes) + " has no room: the results of its worker take " +
                     to_text(bytes_) + " of " + to_text(limits_.limit) + " and none can be spilled (" +
                     disk_problem_ +
                     "); give more memory (WEIR_MEMORY_LIMIT) or another folder (WEIR_SPILL_DIRECTORY)";
  return failure;
}

}  // namespace weir::detail::worker
