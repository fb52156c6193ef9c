// Reading what there is, writing what comes.
#include "journal/journal.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <set>

#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "journal/mapped.hpp"
#include "journal/object.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::journal {

namespace {

constexpr std::size_t most_pending = 1 << 20;  // bytes that wait for the next write
constexpr std::size_t most_segments = 60'000;
constexpr std::size_t before_value = sizeof(Key) + 8;
constexpr auto commit_every = std::chrono::seconds(1);

std::string with_reason(const std::string& sentence) { return sentence + ": " + std::strerror(errno); }

template <class T>
void append_number(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t offset) {
  T number{};
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

std::string function_payload(std::uint32_t number, const Function& function) {
  std::string payload;
  append_number(payload, number);
  append_number(payload, function.version);
  return payload + function.name;
}

// The segments of a folder, oldest first.
std::vector<std::string> segments_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.c_str());
  if (!open) throw Error(ErrorKind::io, with_reason("journal: " + folder + " cannot be read"));
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name.size() == 12 && name.starts_with("log.") &&
        std::all_of(name.begin() + 4, name.end(), [](char c) { return c >= '0' && c <= '9'; }))
      names.push_back(name);
  }
  closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

std::string segment_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return "log." + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits;
}

void make_folder(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    if (mkdir(folder.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS &&
        errno != EACCES)
      throw Error(ErrorKind::io,
                  with_reason("journal: the folder " + folder.substr(0, end) + " cannot be made"));
    if (end == std::string::npos) return;
  }
}

// A program that has been killed may take a moment to be gone.
bool locked_within(int file, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void sync_folder(const std::string& folder) {
  const int open = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (open < 0) return;
  fsync(open);
  close(open);
}

}  // namespace

// Reads its file when it is used.
class Journal::Object final : public task::Store {
 public:
  explicit Object(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Packed load() const override { return read_object(path_); }

 private:
  std::string path_;
};

Journal::Journal(std::string folder, Access access) : folder_(std::move(folder)), access_(access) {
  if (folder_.empty())
    throw Error(ErrorKind::invalid_argument, "journal: it needs the name of a folder (got \"\")");
  if (access_ == Access::write) make_folder(folder_);
  struct stat about {};
  if (stat(folder_.c_str(), &about) != 0) {
    const ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::io;
    throw Error(kind, with_reason("journal: " + folder_ + " cannot be opened"));
  }
  if (!S_ISDIR(about.st_mode))
    throw Error(ErrorKind::invalid_argument, "journal: " + folder_ + " is a file; a journal is a folder");
  if (access_ == Access::write) lock();
  read_all();
  if (access_ == Access::write)
    committer_ = std::thread([this] {
      std::unique_lock hold(mutex_);
      do {
        wake_.wait_for(hold, commit_every, [this] { return ends_; });
        write_out(hold, true);
      } while (!ends_);
    });
}

Journal::~Journal() {
  if (committer_.joinable()) {
    {
      const std::lock_guard hold(mutex_);
      ends_ = true;
    }
    wake_.notify_all();
    committer_.join();
  }
  if (out_ >= 0) close(out_);
  if (lock_ >= 0) close(lock_);
}

void Journal::stop_writing(const std::string& why) {
  if (!problem_.empty()) return;
  problem_ = why;
  pending_.clear();
  log::warn("{}; results of this run are not kept from here on", why);
}

// The lock goes with its process, however that ends; who has it is written in it, for people.
void Journal::lock() {
  const std::string path = folder_ + "/lock";
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return stop_writing(with_reason("journal: " + folder_ + " cannot be written"));
  if (!locked_within(lock_, std::chrono::seconds(5))) {
    char text[200] = "";
    const ssize_t size = pread(lock_, text, sizeof text - 1, 0);
    const std::string owner(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    close(std::exchange(lock_, -1));
    throw Error(ErrorKind::unsupported, "journal: " + folder_ + " is being written by another program (" +
                                            owner + "); wait for it, or name another journal");
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string owner = "process " + std::to_string(getpid()) + " on " + host;
  if (ftruncate(lock_, 0) != 0 || pwrite(lock_, owner.data(), owner.size(), 0) < 0)
    stop_writing(with_reason("journal: " + folder_ + " cannot be written"));
}

void Journal::read_all() {
  for (const std::string& name : segments_in(folder_))
    read_one(static_cast<std::uint16_t>(segments_.size()), folder_ + "/" + name);
}

void Journal::read_one(std::uint16_t number, const std::string& path) {
  Segment& segment = segments_.emplace_back();
  segment.path = path;
  segment.mapped = std::make_shared<const Mapped>(path);
  const SegmentEnd end = read_segment(segment.mapped->bytes(), [&](const Record& record) {
    const auto& bytes = record.payload;
    if (record.kind == RecordKind::function && bytes.size() >= 12) {
      const auto* name = reinterpret_cast<const char*>(bytes.data()) + 12;
      segment.functions[number_at<std::uint32_t>(bytes, 0)] = {std::string(name, bytes.size() - 12),
                                                               number_at<std::int64_t>(bytes, 4)};
    } else if (record.kind == RecordKind::forget && bytes.size() == sizeof(Key)) {
      index_.erase(number_at<Key>(bytes, 0));
    } else if ((record.kind == RecordKind::result || record.kind == RecordKind::object) &&
               bytes.size() >= before_value) {
      const bool object = record.kind == RecordKind::object;
      index_.put(number_at<Key>(bytes, 0),
                 {record.offset + before_value, static_cast<std::uint32_t>(bytes.size() - before_value),
                  number, object});
    }
  });
  const std::uint64_t lost = segment.mapped->bytes().size() - end.good;
  if (end.state == SegmentState::foreign)
    throw Error(ErrorKind::unsupported,
                "journal: " + path + " is no log of a journal, or of a newer version; name another folder");
  if (end.state == SegmentState::damaged)
    problems_.push_back(path + " is damaged at byte " + std::to_string(end.good) + ": " +
                        weir::to_text(lost) + " after it are not used, their results are computed again");
  if (end.state == SegmentState::torn)
    problems_.push_back(path + " ends in the middle of a record (" + weir::to_text(lost) +
                        "): its writer died; nothing that it had promised is lost");
}

// Without the lock of another program; under `mutex_`.
void Journal::copy(const Place& place, std::uint64_t offset, std::uint64_t size, void* to) const {
  const Segment& segment = segments_[place.segment];
  if (segment.mapped) {
    std::memcpy(to, segment.mapped->bytes().data() + offset, size);
  } else if (offset >= written_) {
    std::memcpy(to, pending_.data() + (offset - written_), size);
  } else if (pread(out_, to, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
    throw Error(ErrorKind::io, with_reason("journal: " + segment.path + " cannot be read"));
  }
}

bool Journal::has(const Key& key) const {
  const std::lock_guard hold(mutex_);
  return index_.find(key) != nullptr;
}

bool Journal::find_small(const Key& key, Buffer& out) const {
  const std::lock_guard hold(mutex_);
  const Place* place = index_.find(key);
  if (!place || place->object) return false;
  copy(*place, place->offset, place->size, out.grow(place->size));
  return true;
}

std::optional<task::Value> Journal::find_object(const Key& key, const task::TypeOps* ops) const {
  {
    const std::lock_guard hold(mutex_);
    const Place* place = index_.find(key);
    if (!place || !place->object) return std::nullopt;
  }
  const std::string path = object_path(key);
  try {
    static_cast<void>(read_object(path));  // what is found must be readable afterwards
  } catch (const Error& error) {
    log::warn("{}; it is computed again", error.what());
    return std::nullopt;
  }
  return task::Value::from_store(ops, std::make_shared<const Object>(path));
}

std::string Journal::object_path(const Key& key) const { return folder_ + "/objects/" + to_text(key); }

// Each run, and each program that was not told to stop, has segments of its own: what others wrote is never
// changed.
bool Journal::begin_segment() {
  if (out_ >= 0) return true;
  const std::vector<std::string> names = segments_in(folder_);
  const std::uint64_t next = names.empty() ? 1 : std::stoull(names.back().substr(4)) + 1;
  if (segments_.size() > most_segments)
    return stop_writing("journal: " + folder_ + " has too many segments"), false;
  const std::string path = folder_ + "/" + segment_name(next);
  out_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (out_ < 0) return stop_writing(with_reason("journal: " + path + " cannot be made")), false;
  sync_folder(folder_);
  segments_.emplace_back().path = path;
  numbers_.clear();
  pending_ = segment_head();
  written_ = synced_ = 0;
  return true;
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
  index_.put(key, {written_ + pending_.size() - value.size(), static_cast<std::uint32_t>(value.size()),
                   static_cast<std::uint16_t>(segments_.size() - 1), kind == RecordKind::object});
  if (pending_.size() >= most_pending) write_out(hold, false);
}

void Journal::put(const Key& key, const Function& function, std::span<const std::byte> bytes) {
  append(RecordKind::result, key, function, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Journal::put(const Key& key, const Function& function, const task::Value& value) {
  if (access_ == Access::read || !problem().empty()) return;
  std::string size;
  try {
    make_folder(folder_ + "/objects");
    append_number(size, write_object(object_path(key), value.pack()));
    sync_folder(folder_ + "/objects");
  } catch (const Error& error) {
    const std::lock_guard hold(mutex_);
    return stop_writing(error.what());
  }
  append(RecordKind::object, key, function, size);
}

void Journal::forget(const Key& key) {
  std::unique_lock hold(mutex_);
  if (!index_.erase(key) || access_ == Access::read || !problem_.empty() || !begin_segment()) return;
  append_record(pending_, RecordKind::forget, {reinterpret_cast<const char*>(&key), sizeof key});
}

// Others may append meanwhile; `sync`: it is on the disk afterwards.
void Journal::write_out(std::unique_lock<std::mutex>& hold, bool sync) {
  if (out_ < 0 || !problem_.empty()) return;
  const char* at = pending_.data();
  std::size_t left = pending_.size();
  while (left) {
    const ssize_t written = ::write(out_, at, left);
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
  hold.unlock();
  const bool done = fdatasync(out_) == 0;
  hold.lock();
  if (!done) return stop_writing(with_reason("journal: " + segments_.back().path + " cannot be written"));
  synced_ = std::max(synced_, upto);
}

void Journal::commit() {
  std::unique_lock hold(mutex_);
  write_out(hold, true);
}

std::string Journal::problem() const {
  const std::lock_guard hold(mutex_);
  return problem_;
}

bool Journal::knows(const Function& function) const {
  const std::lock_guard hold(mutex_);
  return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return std::any_of(segment.functions.begin(), segment.functions.end(),
                       [&](const auto& known) { return known.second == function; });
  });
}

std::vector<std::int64_t> Journal::versions_of(const std::string& name) const {
  const std::lock_guard hold(mutex_);
  std::set<std::int64_t> versions;
  for (const Segment& segment : segments_)
    for (const auto& [number, function] : segment.functions)
      if (function.name == name) versions.insert(function.version);
  return {versions.begin(), versions.end()};
}

void Journal::for_each(const std::function<void(const Entry&)>& f) const {
  const std::lock_guard hold(mutex_);
  index_.for_each([&](const Key& key, const Place& place) {
    std::uint32_t head[2];
    copy(place, place.offset - sizeof head, sizeof head, head);
    const auto& functions = segments_[place.segment].functions;
    const auto function = functions.find(head[0]);
    std::uint64_t bytes = place.size;
    if (place.object && place.size == sizeof bytes) copy(place, place.offset, sizeof bytes, &bytes);
    f({key, function == functions.end() ? Function{"?", 0} : function->second, head[1], bytes, place.object});
  });
}

Condition Journal::condition() const {
  Condition condition;
  for_each([&](const Entry& entry) {
    ++condition.results;
    condition.bytes += entry.bytes;
  });
  const std::lock_guard hold(mutex_);
  condition.segments = segments_.size();
  condition.problems = problems_;
  return condition;
}

std::vector<std::pair<Key, std::string>> Journal::verify() const {
  std::vector<Key> objects;
  for_each([&](const Entry& entry) {
    if (entry.object) objects.push_back(entry.key);
  });
  std::vector<std::pair<Key, std::string>> broken;
  for (const Key& key : objects) try {
      static_cast<void>(read_object(object_path(key)));
    } catch (const Error& error) {
      broken.emplace_back(key, error.what());
    }
  return broken;
}

// All that holds goes into one new segment under another name; only once that is on the disk and has its name
// are the others removed. Dying in between leaves more than is needed, never less.
void Journal::compact() {
  std::unique_lock hold(mutex_);
  if (access_ == Access::read || !problem_.empty()) return;
  write_out(hold, true);
  const std::vector<std::string> old = segments_in(folder_);
  const std::uint64_t next = old.empty() ? 1 : std::stoull(old.back().substr(4)) + 1;
  const std::string path = folder_ + "/" + segment_name(next), temporary = folder_ + "/new";
  std::string text = segment_head();
  std::map<Function, std::uint32_t> numbers;
  Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool well = file.get() >= 0;
  const auto flush = [&] {
    for (std::size_t at = 0; well && at < text.size();) {
      const ssize_t written = ::write(file.get(), text.data() + at, text.size() - at);
      well = written > 0 || (written < 0 && errno == EINTR);
      if (written > 0) at += static_cast<std::size_t>(written);
    }
    text.clear();
  };
  index_.for_each([&](const Key& key, const Place& place) {
    if (!well) return;
    std::string payload(before_value + place.size, '\0');
    copy(place, place.offset - before_value, payload.size(), payload.data());
    std::uint32_t number = 0;
    std::memcpy(&number, payload.data() + sizeof key, sizeof number);
    const Function& function = segments_[place.segment].functions.at(number);
    const auto [known, fresh] = numbers.try_emplace(function, static_cast<std::uint32_t>(numbers.size()));
    if (fresh) append_record(text, RecordKind::function, function_payload(known->second, function));
    std::memcpy(payload.data() + sizeof key, &known->second, sizeof number);
    append_record(text, place.object ? RecordKind::object : RecordKind::result, payload);
    if (text.size() > most_pending) flush();
  });
  flush();
  well = well && fdatasync(file.get()) == 0 && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!well) {
    const std::string why = with_reason("journal: " + temporary + " cannot be written");
    unlink(temporary.c_str());
    throw Error(ErrorKind::io, why + "; the journal is as it was");
  }
  sync_folder(folder_);
  for (const std::string& name : old) unlink((folder_ + "/" + name).c_str());
  if (out_ >= 0) close(std::exchange(out_, -1));
  segments_.clear();
  problems_.clear();
  index_ = {};
  read_all();
  drop_unknown_objects();
}

// Files of results that no record speaks of, and what a dead writer left half.
void Journal::drop_unknown_objects() {
  const std::string folder = folder_ + "/objects";
  DIR* open = opendir(folder.c_str());
  if (!open) return;
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool known = false;
    try {
      const Place* place = index_.find(parse_key(name));
      known = place && place->object;
    } catch (const Error&) {
    }
    if (!known) unlink((folder + "/" + name).c_str());
  }
  closedir(open);
}

}  // namespace weir::detail::journal
