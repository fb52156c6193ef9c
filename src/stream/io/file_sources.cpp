// from_textfile and filenames.
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "weir/stream/sources.hpp"
#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_pipe(const fs::path& path) {
  throw Error(ErrorKind::invalid_argument, "from_textfile: '" + path.string() +
                                               "' is a pipe, not a file; use from_process({\"cat\", \"" +
                                               path.string() + "\"})");
}

}  // namespace

struct TextFileProducer::File {
  fs::path path;
  Splitter splitter;
  bool from_end, follow;
  bool is_over = false;
  bool is_broken = false;  // what was thrown last is no single line's fault
  int file = -1;
  struct stat identity {};
  off_t offset = 0;
  std::string head, tail;  // the first bytes that were read, and the last ones: what a file that only grows
                           // still has in these places
  static constexpr std::size_t remembered = 256;

  File(fs::path p, std::string delimiter, bool end, bool follows, std::size_t max_bytes)
      : path(std::move(p)), splitter(std::move(delimiter), max_bytes), from_end(end), follow(follows) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  bool open() {
    if (file >= 0) return true;
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for its writer
    if (file < 0 && follow && errno == ENOENT) return false;
    if (file < 0) refuse("open");
    if (::lseek(file, 0, SEEK_CUR) < 0) {
      is_broken = true;
      close();
      refuse_pipe(path);
    }
    ::fstat(file, &identity);
    offset = std::exchange(from_end, false) ? identity.st_size : 0;
    const auto length = std::min(static_cast<std::size_t>(offset), remembered);
    head = bytes_at(0, length);
    tail = bytes_at(offset - static_cast<off_t>(length), length);
    return true;
  }
  [[nodiscard]] std::string bytes_at(off_t place, std::size_t count) const {
    std::string bytes(count, '\0');
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(::pread(file, bytes.data(), count, place), 0)));
    return bytes;
  }
  /// Whether what was read is still there.
  [[nodiscard]] bool is_same_text() const {
    return bytes_at(0, head.size()) == head &&
           bytes_at(offset - static_cast<off_t>(tail.size()), tail.size()) == tail;
  }
  void remember(std::string_view bytes) {
    head.append(bytes.substr(0, remembered - head.size()));
    tail.append(bytes.substr(bytes.size() - std::min(bytes.size(), remembered)));
    if (tail.size() > remembered) tail.erase(0, tail.size() - remembered);
  }
  void close() {
    if (file >= 0) ::close(file);
    file = -1;
  }
  [[noreturn]] void refuse(const char* what) {
    is_broken = true;
    throw Error(ErrorKind::io, std::string("from_textfile: cannot ") + what + " '" + path.string() +
                                   "': " + std::strerror(errno));
  }
  void begin() {
    is_broken = false;
    if (std::exchange(is_over, false)) {
      close();
      static_cast<void>(splitter.take_rest());
    }
    static_cast<void>(open());
  }
  /// Reads on; false if there is nothing new.
  bool read() {
    if (!open()) return false;
    if (!is_same_text()) {  // truncated, and perhaps written again: what was left of the old text is void
      offset = 0;
      head.clear();
      tail.clear();
      static_cast<void>(splitter.take_rest());
    }
    char bytes[64 * 1024];
    const ssize_t count = ::pread(file, bytes, sizeof bytes, offset);
    if (count > 0) {
      offset += count;
      remember({bytes, static_cast<std::size_t>(count)});
      splitter.add({bytes, static_cast<std::size_t>(count)});
      return true;
    }
    if (count < 0 && errno != EINTR) refuse("read");
    if (!follow) {
      if (count < 0 || is_over) return count < 0;
      is_over = true;
      splitter.end_message();
      return true;
    }
    struct stat other {};
    const bool replaced = ::stat(path.c_str(), &other) == 0 &&
                          (other.st_ino != identity.st_ino || other.st_dev != identity.st_dev);
    if (!replaced) return false;
    close();
    splitter.end_message();
    static_cast<void>(open());
    return true;
  }
};

TextFileProducer::TextFileProducer(fs::path path, std::string delimiter, bool from_end, bool follow,
                                   Time interval, std::size_t max_line_bytes)
    : file_(std::make_shared<File>(std::move(path), std::move(delimiter), from_end, follow, max_line_bytes)),
      interval_(interval) {}

void TextFileProducer::start(Time) { file_->begin(); }

std::optional<std::string> TextFileProducer::next(Time) {
  for (;;) {
    if (std::optional<std::string> line = file_->splitter.next("from_textfile")) return line;
    if (file_->is_over || !file_->read()) return {};
  }
}

std::size_t TextFileProducer::pending() const { return file_->follow ? 0 : 1; }
bool TextFileProducer::is_over() const { return file_->is_over; }
bool TextFileProducer::goes_on() const { return !file_->is_broken; }

namespace {

// Named so by a writer that has not finished: `x.h5.part-...`.
bool is_part(const std::string& name) {
  constexpr std::string_view sign = ".part-";
  const std::size_t at = name.rfind(sign);
  return at != std::string::npos &&
         name.find_first_not_of("0123456789abcdef-", at + sign.size()) == std::string::npos;
}

bool is_temporary(const std::string& name) {
  constexpr std::array<std::string_view, 7> ends{"~",        ".tmp",        ".temp", ".part",
                                                 ".partial", ".crdownload", ".swp"};
  return name.starts_with('.') || is_part(name) ||
         std::any_of(ends.begin(), ends.end(), [&](const auto& end) { return name.ends_with(end); });
}

}  // namespace

struct FilenamesProducer::Names {
  /// How a file looks from outside: while it changes, somebody writes it.
  struct FileStamp {
    std::uintmax_t bytes = 0;
    fs::file_time_type written;
    Time since{};
    explicit FileStamp(const fs::directory_entry& entry) {
      std::error_code ignored;
      if (entry.is_regular_file(ignored)) bytes = entry.file_size(ignored);
      written = entry.last_write_time(ignored);
    }
    [[nodiscard]] bool is_same(const FileStamp& other) const {
      return bytes == other.bytes && written == other.written;
    }
  };

  fs::path directory;
  std::string pattern;  // empty: all
  Time settle{};
  std::set<fs::path> seen;
  std::map<fs::path, FileStamp> unsettled;
  std::deque<fs::path> fresh;

  void look(Time now) {
    std::vector<fs::path> found;
    std::map<fs::path, FileStamp> changing;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
      const fs::directory_entry& entry = *at;
      if (!is_wanted(entry.path().filename().string()) || seen.count(entry.path()) > 0) continue;
      if (settle > Time::zero() && !has_settled(entry, now, changing)) continue;
      seen.insert(entry.path());
      found.push_back(entry.path());
    }
    unsettled = std::move(changing);  // without those that have gone
    std::sort(found.begin(), found.end());
    fresh.assign(found.begin(), found.end());
  }

 private:
  [[nodiscard]] bool is_wanted(const std::string& name) const {
    if (is_temporary(name) && !is_temporary(pattern)) return false;
    return pattern.empty() || ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
  }
  /// Whether it looks as it did `settle` ago; if not, it is kept among those that change.
  bool has_settled(const fs::directory_entry& entry, Time now,
                   std::map<fs::path, FileStamp>& changing) const {
    FileStamp stamp(entry);
    const auto before = unsettled.find(entry.path());
    stamp.since = before != unsettled.end() && before->second.is_same(stamp) ? before->second.since : now;
    if (now - stamp.since >= settle) return true;
    changing.emplace(entry.path(), stamp);
    return false;
  }
};

FilenamesProducer::FilenamesProducer(fs::path where, Time settle, Time interval)
    : names_(std::make_shared<Names>()), interval_(interval) {
  names_->settle = settle;
  const std::string last = where.filename().string();
  const bool is_pattern = last.find_first_of("*?[") != std::string::npos;
  names_->directory = is_pattern ? (where.has_parent_path() ? where.parent_path() : fs::path(".")) : where;
  if (is_pattern) names_->pattern = last;
  if (!fs::is_directory(names_->directory))
    throw Error(ErrorKind::not_found, "filenames: '" + names_->directory.string() + "' is not a directory");
}

std::optional<fs::path> FilenamesProducer::next(Time now) {
  if (names_->fresh.empty()) names_->look(now);
  if (names_->fresh.empty()) return {};
  fs::path name = std::move(names_->fresh.front());
  names_->fresh.pop_front();
  return name;
}

}  // namespace detail::stream

Stream<std::string> from_textfile(const std::filesystem::path& path, SourceOptions options,
                                  std::string delimiter, bool from_end, std::size_t max_line_bytes) {
  const detail::stream::Time interval =
      detail::stream::positive("from_textfile", "poll_interval", options.poll_interval);
  if (delimiter.empty())
    throw Error(ErrorKind::invalid_argument, "from_textfile: delimiter must not be empty");
  if (::access(path.c_str(), R_OK) != 0)
    throw Error(ErrorKind::not_found,
                "from_textfile: cannot open '" + path.string() + "': " + std::strerror(errno));
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(ErrorKind::invalid_argument,
                "from_textfile: '" + path.string() + "' is a directory; use filenames for the files in it");
  if (std::filesystem::is_fifo(path, ignored)) detail::stream::refuse_pipe(path);
  detail::stream::at_least_one("from_textfile", "max_line_bytes", max_line_bytes);
  return detail::stream::make_source(
      "from_textfile",
      detail::stream::TextFileProducer(path, std::move(delimiter), from_end, options.follow, interval,
                                       max_line_bytes),
      std::move(options.loop), path.filename().string());
}

Stream<std::filesystem::path> filenames(const std::filesystem::path& where, SourceOptions options) {
  const detail::stream::Time interval =
      detail::stream::positive("filenames", "poll_interval", options.poll_interval);
  if (options.settle.value() < std::chrono::nanoseconds::zero())
    throw Error(ErrorKind::invalid_argument,
                "filenames: settle must not be negative (got " + to_string(options.settle.value()) + ")");
  return detail::stream::make_source(
      "filenames", detail::stream::FilenamesProducer(where, options.settle.value(), interval),
      std::move(options.loop), where.filename().string());
}

}  // namespace weir
