// What is put goes to the segment of this run.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/log.hpp"
#include "journal/folder.hpp"
#include "journal/journal.hpp"
#include "journal/object.hpp"

namespace weir::detail::journal {

namespace {

constexpr std::size_t most_pending = 1 << 20;  // bytes that wait for the next write
constexpr std::size_t most_segments = 60'000;

template <class T>
void append_number(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

std::string function_payload(std::uint32_t number, const Function& function) {
  std::string payload;
  append_number(payload, number);
  append_number(payload, function.version);
  return payload + function.name;
}

// What has not been written can still be found.
void Journal::stop_writing(const std::string& why) {
  if (!problem_.empty()) return;
  problem_ = why;
  log::warn("{}; results of this run are not kept from here on", why);
}

// Each run, and each program that was not told to stop, has segments of its own: what others wrote is never
// changed.
bool Journal::begin_segment() {
  if (out_) return true;
  if (segments_.size() > most_segments)
    return stop_writing("journal: " + folder_ + " has too many segments"), false;
  const std::string path = folder_ + "/" + next_segment(segments_in(folder_));
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return stop_writing(with_reason("journal: " + path + " cannot be made")), false;
  out_ = std::make_shared<const Descriptor>(std::move(file));
  sync_folder(folder_);
  segments_.emplace_back().path = path;
  numbers_.clear();
  pending_ = segment_head();
  written_ = synced_ = 0;
  return true;
}

// What is in it is read as those of earlier runs are; the next record begins another one.
void Journal::end_segment() {
  if (!out_) return;
  segments_.back().mapped = std::make_shared<const Mapped>(segments_.back().path);
  out_ = nullptr;
}

std::uint32_t Journal::number_of(const Function& function) {
  const auto [at, fresh] = numbers_.try_emplace(function, static_cast<std::uint32_t>(numbers_.size()));
  if (fresh) {
    append_record(pending_, RecordKind::function, function_payload(at->second, function));
    segments_.back().functions[at->second] = function;
  }
  return at->second;
}

void Journal::append(RecordKind kind, const Key& key, const Function& function, std::string_view value) {
  std::unique_lock hold(mutex_);
  if (access_ == Access::read || !problem_.empty() || !begin_segment()) return;
  const std::uint32_t number = number_of(function);
  std::string payload;
  payload.reserve(before_value + value.size());
  append_number(payload, key);
  append_number(payload, number);
  append_number(payload, static_cast<std::uint32_t>(std::time(nullptr)));
  payload += value;
  append_record(pending_, kind, payload);
  index_.put(key, {written_ + pending_.size() - value.size(),
                   static_cast<std::uint16_t>(segments_.size() - 1), kind != RecordKind::result});
  if (pending_.size() >= most_pending) write_out(hold, false);
}

void Journal::put(const Key& key, const Function& function, std::span<const std::byte> bytes) {
  append(RecordKind::result, key, function, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Journal::put(const Key& key, const Function& function, const Packed& value) {
  if (access_ == Access::read || !problem().empty()) return;
  std::string size;
  {
    const std::lock_guard hold(mutex_);
    being_written_.insert(to_text(key));
  }
  try {
    make_folder(folder_ + "/objects");
    const std::uint64_t bytes = write_object(object_path(key), value);
    append_number(size, bytes);
    sync_folder(folder_ + "/objects");
    object_bytes_ += bytes;
  } catch (const Error& error) {
    const std::lock_guard hold(mutex_);
    return stop_writing(error.what());
  }
  append(RecordKind::object, key, function, size);
  const std::lock_guard hold(mutex_);
  being_written_.erase(to_text(key));
}

std::string Journal::put_file(const Key& key, const Function& function, std::uint64_t bytes) {
  {
    const std::lock_guard hold(mutex_);
    used_files_.insert(to_text(key));
  }
  make_folder(folder_ + "/arrays");
  std::string size;
  append_number(size, bytes);
  append(RecordKind::file, key, function, size);
  if (access_ == Access::write) object_bytes_ += bytes;
  return file_path(key);
}

void Journal::remove_file(const Key& key) const {
  const std::string path = file_path(key);
  for (const char* ending : {"", ".pieces", ".resume", ".resume.new"}) unlink((path + ending).c_str());
}

void Journal::forget(const Key& key) {
  std::unique_lock hold(mutex_);
  if (const Place* place = index_.find(key); place && place->object && is_file(*place)) remove_file(key);
  if (!index_.erase(key) || access_ == Access::read || !problem_.empty() || !begin_segment()) return;
  append_record(pending_, RecordKind::forget, {reinterpret_cast<const char*>(&key), sizeof key});
}

// Others may append meanwhile; `sync`: it is on the disk afterwards.
void Journal::write_out(std::unique_lock<std::mutex>& hold, bool sync) {
  if (!out_ || !problem_.empty()) return;
  const char* at = pending_.data();
  std::size_t left = pending_.size();
  while (left) {
    const ssize_t written = ::write(out_->get(), at, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      return stop_writing(with_reason("journal: " + segments_.back().path + " cannot be written"));
    at += written;
    left -= static_cast<std::size_t>(written);
  }
  written_ += pending_.size();
  pending_.clear();
  if (!sync || synced_ == written_) return;
  const std::uint64_t upto = written_;
  const auto file = out_;  // another segment may begin meanwhile
  hold.unlock();
  const bool done = fdatasync(file->get()) == 0;
  hold.lock();
  if (!done) return stop_writing(with_reason("journal: " + folder_ + " cannot be written"));
  if (file == out_) synced_ = std::max(synced_, upto);
}

void Journal::commit() {
  std::unique_lock hold(mutex_);
  write_out(hold, true);
}

}  // namespace weir::detail::journal
