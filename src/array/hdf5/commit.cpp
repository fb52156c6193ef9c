// A dataset that is committed: what has not been folded into the HDF5 file lies in a plain one beside it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "array/hdf5/output.hpp"
#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "weir/array/hdf5_stream.hpp"

namespace weir::detail::array {

namespace {

constexpr std::int64_t least_fold_bytes = 64 << 20, copied_bytes = 8 << 20;
constexpr std::size_t buffered_bytes = 64 << 10;

[[noreturn]] void cannot_be(const std::string& path, const std::string& what) {
  fail(ErrorKind::io,
       "IntoHdf5: " + in_quotes(path) + " cannot be " + what + " (" + std::strerror(errno) + ")");
}

void write_all(int file, const std::string& path, const std::byte* data, std::size_t size) {
  while (size) {
    const ssize_t written = ::write(file, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) cannot_be(path, "written");
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

void sync(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0 || fsync(file.get()) != 0) cannot_be(path, "written");
}

}  // namespace

struct Hdf5Committer::State {
  std::string path, dataset, tail_path;
  DType type;
  SinkHdf5 how;
  Shape entry;
  bool has_entry = false;
  std::int64_t folded = 0;     // entries of the HDF5 file that count ...
  std::int64_t in_file = 0;    // ... of so many
  std::int64_t kept = 0;       // entries in the tail, some of them in `buffer`
  std::int64_t committed = 0;  // in all
  Descriptor tail;
  std::vector<std::byte> buffer;

  [[nodiscard]] std::int64_t entry_bytes() const {
    auto bytes = static_cast<std::int64_t>(size_of(type));
    for (const std::int64_t extent : entry) bytes *= extent;
    return bytes;
  }
  void open_tail(std::int64_t bytes) {
    if (tail.get() < 0) tail = Descriptor(::open(tail_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (tail.get() < 0) cannot_be(tail_path, "opened");
    if (ftruncate(tail.get(), bytes) != 0 || lseek(tail.get(), 0, SEEK_END) < 0) cannot_be(tail_path, "cut");
  }
  void write_out() {
    write_all(tail.get(), tail_path, buffer.data(), buffer.size());
    buffer.clear();
  }
  [[nodiscard]] std::int64_t entries_in_file() const {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return 0;
    return Hdf5Rows(path, dataset, type, 1).shape.front();
  }
  void fold();
  void copy_to(Hdf5Appender& out);
};

Hdf5Committer::Hdf5Committer(std::string path, std::string dataset, DType type, SinkHdf5 how)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  Hdf5Appender checked(path, dataset, type, how);  // opens nothing yet
  s.path = std::filesystem::absolute(path).lexically_normal().string();
  s.tail_path = s.path + ".tail";
  s.dataset = std::move(dataset);
  s.type = type;
  s.how = std::move(how);
}

Hdf5Committer::~Hdf5Committer() {
  State& s = *state_;
  if (s.tail.get() < 0) return;  // it has not begun
  try {
    if (s.has_entry && s.in_file != s.committed) s.fold();
    if (s.in_file == s.committed) unlink(s.tail_path.c_str());
  } catch (const std::exception& error) {
    log::warn("{}; what has been committed is in {}, and the next run goes on with it", error.what(),
              s.tail_path);
  }
}

bool Hdf5Committer::takes_rows() const noexcept { return state_->how.rows; }

void Hdf5Committer::go_on(const std::optional<Hdf5Committed>& committed) {
  State& s = *state_;
  if (!committed) return s.open_tail(0);  // the file, if there is one, is replaced by the first fold
  s.entry = committed->entry;
  s.has_entry = committed->entries > 0;
  s.committed = committed->entries;
  s.in_file = s.entries_in_file();
  // Folded after the last commit, or by the end of the run: these are the same entries.
  if (s.in_file >= s.committed) {
    s.folded = s.committed;
    return s.open_tail(0);
  }
  struct stat about {};
  const std::int64_t beside = committed->entries - committed->folded;
  const bool is_there = stat(s.tail_path.c_str(), &about) == 0 && about.st_size >= beside * s.entry_bytes();
  if (s.in_file < committed->folded || !is_there)
    fail(ErrorKind::io, "IntoHdf5: " + in_quotes(s.path) + " and what lies beside it must have the " +
                            std::to_string(committed->entries) + " entries that were committed (got " +
                            std::to_string(s.in_file) + " and " +
                            std::to_string(about.st_size / std::max<std::int64_t>(s.entry_bytes(), 1)) +
                            "); put them back, or begin anew with another name");
  s.folded = committed->folded;
  s.kept = beside;
  s.open_tail(beside * s.entry_bytes());
}

void Hdf5Committer::append(const Shape& entry, std::int64_t count, const void* data) {
  State& s = *state_;
  if (!std::exchange(s.has_entry, true)) s.entry = entry;
  if (entry != s.entry)
    fail(ErrorKind::invalid_argument, "IntoHdf5: elements must have the shape " + weir::to_text(s.entry) +
                                          " of the dataset's entries (got " + weir::to_text(entry) + ")");
  const auto* const bytes = static_cast<const std::byte*>(data);
  const auto size = static_cast<std::size_t>(count * s.entry_bytes());
  s.kept += count;
  s.buffer.insert(s.buffer.end(), bytes, bytes + size);
  if (s.buffer.size() >= buffered_bytes) s.write_out();
}

Hdf5Committed Hdf5Committer::commit() {
  State& s = *state_;
  s.write_out();
  if (fdatasync(s.tail.get()) != 0) cannot_be(s.tail_path, "written");
  s.committed = s.folded + s.kept;
  const std::int64_t bytes = s.entry_bytes();
  if (s.has_entry && s.kept * bytes >= std::max(least_fold_bytes, s.folded * bytes)) s.fold();
  return {s.committed, s.folded, s.entry};
}

// The file that takes the place is whole before it does. Until the next commit is on the disk the one before
// it says fewer entries than there are, which `go_on` knows.
void Hdf5Committer::State::fold() {
  const std::string part = path + ".part";
  unlink(part.c_str());
  {
    Hdf5Appender out(part, dataset, type, how);
    copy_to(out);
    out.settle();
  }
  sync(part, O_RDONLY);
  if (std::rename(part.c_str(), path.c_str()) != 0) cannot_be(path, "made");
  sync(std::filesystem::path(path).parent_path().string(), O_RDONLY | O_DIRECTORY);
  folded = in_file = committed;
  kept = 0;
  buffer.clear();
  open_tail(0);
}

void Hdf5Committer::State::copy_to(Hdf5Appender& out) {
  const std::int64_t bytes = std::max<std::int64_t>(entry_bytes(), 1),
                     most = std::max<std::int64_t>(1, copied_bytes / bytes);
  std::vector<std::byte> block(static_cast<std::size_t>(most * bytes));
  if (folded > 0) {
    const Hdf5Rows old(path, dataset, type, most);
    for (std::int64_t at = 0, count; at < folded; at += count) {
      count = std::min(most, folded - at);
      old.read(at, count, block.data());
      out.append(entry, count, block.data());
    }
  }
  for (std::int64_t at = folded, count; at < committed; at += count) {
    count = std::min(most, committed - at);
    const auto size = static_cast<std::size_t>(count * entry_bytes());
    if (pread(tail.get(), block.data(), size, (at - folded) * entry_bytes()) != static_cast<ssize_t>(size))
      cannot_be(tail_path, "read");
    out.append(entry, count, block.data());
  }
}

}  // namespace weir::detail::array
