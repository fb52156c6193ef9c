// Reading what there is, and answers about it.
#include "journal/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/log.hpp"
#include "journal/folder.hpp"
#include "journal/object.hpp"
#include "journal/pieces.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::journal {

namespace {

constexpr auto commit_every = std::chrono::seconds(1);
constexpr std::size_t most_mapped = 10'000;

// About how many results a segment has, from what it begins with.
std::size_t results_in(std::span<const std::byte> bytes) {
  const auto begin = bytes.first(std::min<std::size_t>(bytes.size(), 1 << 16));
  std::size_t results = 0;
  const SegmentEnd end = read_segment(begin, [&](const Record& record) { results += is_result(record); });
  return end.good == 0
             ? 0
             : static_cast<std::size_t>(static_cast<double>(results) * static_cast<double>(bytes.size()) /
                                        static_cast<double>(end.good));
}

// Of a file that is complete; another one has nothing that could be wrong.
void verify_pieces(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return;
  const auto read = read_pieces(path + ".pieces");
  if (!read) throw Error(ErrorKind::io, "journal: " + path + " has lost its checksums, " + path + ".pieces");
  for (const Piece& piece : read->pieces)
    if (!is_as_written(path, piece))
      throw Error(ErrorKind::io,
                  "journal: " + path + " is not what was written, at byte " + std::to_string(piece.place));
}

}  // namespace

// Reads its file again when it is used.
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
  if (access_ == Access::write) committer_ = std::thread([this] { look_after(); });
}

// The thread that writes each second, and clears up.
void Journal::look_after() {
  bool compacts = is_worth_compacting();
  std::unique_lock hold(mutex_);
  do {
    if (!compacts && object_bytes_ <= limit_) wake_.wait_for(hold, commit_every, [this] { return ends_; });
    write_out(hold, true);
    if (!compacts && object_bytes_ <= limit_) continue;
    hold.unlock();
    try {
      if (std::exchange(compacts, false)) compact();
      if (object_bytes_ > limit_) keep_within(limit_ - limit_ / 10);
    } catch (const Error& error) {
      log::warn("{}", error.what());
    }
    hold.lock();
  } while (!ends_);
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
}

// The lock goes with its process, however that ends; who has it is written in it, for people.
void Journal::lock() {
  const std::string path = folder_ + "/lock";
  lock_ = Descriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock_.get() < 0) return stop_writing(with_reason("journal: " + folder_ + " cannot be written"));
  if (!locked_within(lock_.get(), std::chrono::seconds(5))) {
    char text[200] = "";
    const ssize_t size = pread(lock_.get(), text, sizeof text - 1, 0);
    const std::string owner(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    throw Error(ErrorKind::unsupported, "journal: " + folder_ + " is being written by another program (" +
                                            owner + "); wait for it, or name another journal");
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string owner = "process " + std::to_string(getpid()) + " on " + host;
  if (ftruncate(lock_.get(), 0) != 0 || pwrite(lock_.get(), owner.data(), owner.size(), 0) < 0)
    stop_writing(with_reason("journal: " + folder_ + " cannot be written"));
}

void Journal::read_all() {
  for (const std::string& name : segments_in(folder_))
    read_one(static_cast<std::uint16_t>(segments_.size()), folder_ + "/" + name);
}

void Journal::note_function(Segment& segment, const Record& record) {
  const auto& bytes = record.payload;
  if (record.kind != RecordKind::function || bytes.size() < 12) return;
  const auto* name = reinterpret_cast<const char*>(bytes.data()) + 12;
  segment.functions[number_at<std::uint32_t>(bytes, 0)] = {std::string(name, bytes.size() - 12),
                                                           number_at<std::int64_t>(bytes, 4)};
}

Place place_of(const Record& record, std::uint16_t segment) {
  return {record.offset + before_value, segment, record.kind != RecordKind::result};
}

void Journal::read_record(std::uint16_t segment, const Record& record) {
  if (is_result(record)) {
    const Place before = index_.put(key_of(record), place_of(record, segment));
    live_bytes_ += record.payload.size() - (before.used() ? before_value + size_of(before) : 0);
  } else if (record.kind == RecordKind::forget && record.payload.size() == sizeof(Key)) {
    if (const Place* place = index_.find(key_of(record))) live_bytes_ -= before_value + size_of(*place);
    index_.erase(key_of(record));
  } else if (record.kind == RecordKind::clear) {
    index_ = {};
    live_bytes_ = 0;
  }
  note_function(segments_[segment], record);
}

void Journal::read_one(std::uint16_t number, const std::string& path) {
  Segment& segment = segments_.emplace_back();
  segment.path = path;
  segment.mapped = std::make_shared<const Mapped>(path);
  index_.reserve(index_.size() + results_in(segment.mapped->bytes()));
  const SegmentEnd end =
      read_segment(segment.mapped->bytes(), [&](const Record& record) { read_record(number, record); });
  const std::uint64_t lost = segment.mapped->bytes().size() - end.good;
  if (end.state == SegmentState::foreign)
    throw Error(ErrorKind::unsupported,
                "journal: " + path + " is no log of a journal, or of a newer version; name another folder");
  if (end.state == SegmentState::damaged)
    problems_.push_back(path + " is damaged at byte " + std::to_string(end.good) + ": " +
                        weir::to_text(lost) + " after it are not used, their results are computed again");
  if (end.state == SegmentState::torn && lost > 0)  // one whose writer has written nothing is whole
    problems_.push_back(path + " ends in the middle of a record (" + weir::to_text(lost) +
                        "): its writer died; nothing that it had promised is lost");
}

// Of a value, as its record says.
std::uint64_t Journal::size_of(const Place& place) const {
  std::uint32_t payload = 0;
  copy(place, place.offset - before_value - length_before_payload, sizeof payload, &payload);
  return payload - before_value;
}

// Up to `most` bytes, as far as the segment goes.
std::uint64_t Journal::copy_some(const Place& place, std::uint64_t offset, std::uint64_t most,
                                 void* to) const {
  const Segment& segment = segments_[place.segment];
  const std::uint64_t end = segment.mapped       ? segment.mapped->bytes().size()
                            : offset >= written_ ? written_ + pending_.size()
                                                 : written_;
  const std::uint64_t size = std::min(most, end - offset);
  copy(place, offset, size, to);
  return size;
}

// Without the lock of another program; under `mutex_`.
void Journal::copy(const Place& place, std::uint64_t offset, std::uint64_t size, void* to) const {
  const Segment& segment = segments_[place.segment];
  if (segment.mapped) {
    std::memcpy(to, segment.mapped->bytes().data() + offset, size);
  } else if (offset >= written_) {
    std::memcpy(to, pending_.data() + (offset - written_), size);
  } else if (pread(out_->get(), to, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
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
  // Most values come with their length in one read.
  constexpr std::uint64_t before = before_value + length_before_payload;
  std::array<std::byte, 256> begin;
  const std::uint64_t there = copy_some(*place, place->offset - before, begin.size(), begin.data());
  const std::uint64_t size = number_at<std::uint32_t>(begin, 0) - before_value;
  const std::uint64_t got = std::min(size, there - before);
  out.append(begin.data() + before, got);
  if (got < size) copy(*place, place->offset + got, size - got, out.grow(size - got));
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
    Packed packed = read_object(path);              // what is found must be readable afterwards
    utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // the last use, for `keep_within`
    if (Mapped::count() < most_mapped) return task::Value::from_packed(ops, std::move(packed));
  } catch (const Error& error) {
    log::warn("{}; it is computed again", error.what());
    return std::nullopt;
  }
  return task::Value::from_store(ops, std::make_shared<const Object>(path));
}

std::string Journal::object_path(const Key& key) const { return folder_ + "/objects/" + to_text(key); }
std::string Journal::file_path(const Key& key) const { return folder_ + "/arrays/" + to_text(key) + ".h5"; }

bool Journal::is_file(const Place& place) const {
  RecordKind kind{};
  copy(place, place.offset - before_value - 1, sizeof kind, &kind);
  return kind == RecordKind::file;
}

std::string Journal::find_file(const Key& key) {
  const std::lock_guard hold(mutex_);
  const Place* place = index_.find(key);
  std::string path = file_path(key);
  if (!place || !place->object || !is_file(*place) || access(path.c_str(), F_OK) != 0) return "";
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // the last use, for `keep_within`
  used_files_.insert(to_text(key));
  return path;
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
    std::uint64_t bytes = size_of(place);
    if (place.object && bytes == sizeof bytes) copy(place, place.offset, sizeof bytes, &bytes);
    f({key, function == functions.end() ? Function{"?", 0} : function->second, head[1], bytes,
       place.object != 0, is_file(place)});
  });
}

Condition Journal::condition() const {
  Condition condition;
  for_each([&](const Entry& entry) {
    ++condition.results;
    condition.bytes += entry.bytes;
  });
  const std::lock_guard hold(mutex_);
  condition.segments = static_cast<std::uint64_t>(std::count_if(
      segments_.begin(), segments_.end(), [](const Segment& segment) { return !segment.path.empty(); }));
  condition.problems = problems_;
  return condition;
}

std::vector<std::pair<Key, std::string>> Journal::verify() const {
  std::vector<std::pair<Key, bool>> objects;
  for_each([&](const Entry& entry) {
    if (entry.object) objects.emplace_back(entry.key, entry.file);
  });
  std::vector<std::pair<Key, std::string>> broken;
  for (const auto& [key, file] : objects) try {
      if (file) verify_pieces(file_path(key));
      else static_cast<void>(read_object(object_path(key)));
    } catch (const Error& error) {
      broken.emplace_back(key, error.what());
    }
  return broken;
}

std::uint64_t Journal::forget_function(const std::string& name) {
  std::vector<Key> keys;
  for_each([&](const Entry& entry) {
    if (entry.function.name == name) keys.push_back(entry.key);
  });
  for (const Key& key : keys) forget(key);
  return keys.size();
}

void Journal::limit(std::uint64_t bytes) {
  keep_within(bytes);
  limit_ = bytes;
}

// One that is not complete goes without its pieces.
void Journal::copy_file(const Entry& entry, Journal& other) const {
  const std::string to = other.put_file(entry.key, entry.function, entry.bytes), from = file_path(entry.key);
  for (const char* ending : {".pieces", ""}) {  // the file comes last: then all is there
    std::error_code error;
    const std::string part = to + ending + ".part";
    if (!std::filesystem::exists(from + ending, error)) continue;
    std::filesystem::copy_file(from + ending, part, std::filesystem::copy_options::overwrite_existing, error);
    if (!error) std::filesystem::rename(part, to + ending, error);
    if (error)
      throw Error(ErrorKind::io,
                  "journal: " + from + ending + " cannot be copied to " + to + ": " + error.message());
  }
}

std::uint64_t Journal::copy_to(Journal& other, const std::function<bool(const Entry&)>& chosen) const {
  std::vector<Entry> entries;
  for_each([&](const Entry& entry) {
    if (chosen(entry)) entries.push_back(entry);
  });
  for (const Entry& entry : entries) {
    Buffer small;
    if (entry.file) copy_file(entry, other);
    else if (find_small(entry.key, small)) other.put(entry.key, entry.function, small.bytes());
    else other.put(entry.key, entry.function, read_object(object_path(entry.key)));
    if (const std::string why = other.problem(); !why.empty()) throw Error(ErrorKind::io, why);
  }
  other.commit();
  if (const std::string why = other.problem(); !why.empty()) throw Error(ErrorKind::io, why);
  return entries.size();
}

}  // namespace weir::detail::journal
