#include "files/mark.hpp"

#include <sys/stat.h>
#include <xxhash.h>

#include <ctime>
#include <map>
#include <mutex>
#include <tuple>

#include "core/decimal.hpp"
#include "files/stretch.hpp"
#include "weir/error.hpp"

namespace weir::detail::files {

namespace {

std::uint64_t sum_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// Which file it is, when it was written last, and the stretch and the sum that were found then.
using Version = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t, std::uint64_t, std::uint64_t>;
// One that was written just now may be written again at what its clock calls the same time.
bool is_settled(const struct stat& status) { return std::time(nullptr) - status.st_mtim.tv_sec > 2; }
constexpr std::size_t most_known = 4096;

// A file has many partitions; its stretch is read once by each process.
class Known {
 public:
  bool has(const std::string& path, const Version& version) {
    const std::lock_guard lock(mutex_);
    const auto at = versions_.find(path);
    return at != versions_.end() && at->second == version;
  }
  void set(const std::string& path, const Version& version) {
    const std::lock_guard lock(mutex_);
    if (versions_.size() >= most_known) versions_.clear();
    versions_[path] = version;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Version> versions_;
};

}  // namespace

Mark mark_of(std::uint64_t file_bytes, std::uint64_t begin, std::string_view text) {
  return {file_bytes, begin, text.size(), sum_of(text)};
}

void check_mark(const char* who, const std::string& path, const Mark& mark) {
  static Known known;
  struct stat status {};
  Version version;
  if (stat(path.c_str(), &status) == 0) {
    version = {status.st_dev,          status.st_ino, status.st_size, status.st_mtim.tv_sec,
               status.st_mtim.tv_nsec, mark.begin,    mark.sum};
    if (known.has(path, version)) return;
  }
  const std::string text =
      stretch(who, {path, Compression::none, mark.begin, mark.begin + mark.bytes}, mark.bytes);
  if (static_cast<std::uint64_t>(status.st_size) != mark.file_bytes || text.size() != mark.bytes ||
      sum_of(text) != mark.sum)
    throw Error(ErrorKind::io, std::string(who) +
                                   ": a file must not be written anew while a frame of it is used (got " +
                                   quoted(path) + "); a new frame reads it as it is");
  if (is_settled(status)) known.set(path, version);
}

}  // namespace weir::detail::files
