// What is committed is one file, which takes the place of the one before it.
#include "weir/resumable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "journal/folder.hpp"
#include "journal/object.hpp"
#include "weir/detail/stream/graph/frame.hpp"
#include "weir/detail/stream/graph/kept.hpp"

namespace weir {

namespace detail::stream {

// All that a commit says. Paths are absolute.
struct Committed {
  std::map<std::string, std::vector<std::byte>> parts;  // states, the offset
  std::map<std::string, std::uint64_t> sizes;           // of text files
  std::vector<std::string> renames;                     // files that have their name once this is there
};

}  // namespace detail::stream

namespace {

using detail::stream::Committed;

constexpr std::size_t bytes_at_once = 64 * 1024;
constexpr const char* operator_prefix = "operator ";
constexpr const char* flushed_part = "flushed";
constexpr unsigned looks_at_clock = 16;  // elements for each

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::io, "resumable: " + path + " cannot be " + what + ": " + std::strerror(errno));
}

void write_all(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path, "written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void name_it(const std::string& path) {
  if (std::rename((path + ".part").c_str(), path.c_str()) != 0 && errno != ENOENT) fail(path, "named");
  detail::journal::sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace

// --- sources

LinesOf::LinesOf(std::filesystem::path path) : path_(std::move(path)), in_(path_, std::ios::binary) {
  if (!in_)
    throw Error(ErrorKind::not_found,
                "LinesOf: " + path_.string() + " cannot be read: " + std::strerror(errno));
}

std::optional<std::string> LinesOf::next() {
  std::string line;
  if (!std::getline(in_, line)) return std::nullopt;
  at_ += line.size() + (in_.eof() ? 0 : 1);
  return line;
}

void LinesOf::seek(std::uint64_t offset) {
  const std::uint64_t size = std::filesystem::file_size(path_);
  if (offset > size)
    throw Error(ErrorKind::io, "LinesOf: " + path_.string() + " must be as long as it was (got " +
                                   std::to_string(size) + " bytes, and " + std::to_string(offset) +
                                   " have been read); it is another file");
  in_.clear();
  in_.seekg(static_cast<std::streamoff>(offset));
  at_ = offset;
}

FilesIn::FilesIn(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error))
    names_.insert(it->path().filename().string());
  if (error)
    throw Error(ErrorKind::not_found, "FilesIn: " + folder_.string() + " cannot be read: " + error.message());
}

std::optional<std::filesystem::path> FilesIn::next() {
  while (!names_.empty()) {
    const std::string name = names_.extract(names_.begin()).value();
    if (taken_.insert(name).second) return folder_ / name;
  }
  return std::nullopt;
}

// --- what is committed

// A text file that can be cut back to what was committed.
class Resumable::File {
 public:
  File(std::string path, std::uint64_t committed) : path_(std::move(path)), size_(committed) {
    file_ = detail_open();
    struct stat about {};
    if (fstat(file_.get(), &about) != 0) fail(path_, "read");
    if (static_cast<std::uint64_t>(about.st_size) < committed)
      throw Error(ErrorKind::io, "resumable: " + path_ + " must have what was committed (got " +
                                     std::to_string(about.st_size) + " of " + std::to_string(committed) +
                                     " bytes); put it back, or begin anew with another name");
    if (ftruncate(file_.get(), static_cast<off_t>(committed)) != 0) fail(path_, "cut");
    if (lseek(file_.get(), 0, SEEK_END) < 0) fail(path_, "written");
  }
  void line(const std::string& text) {
    const std::lock_guard hold(mutex_);
    block_ += text;
    block_ += '\n';
    if (block_.size() >= bytes_at_once) write_out();
  }
  // Returns its size, all of which is on the disk.
  std::uint64_t commit() {
    const std::lock_guard hold(mutex_);
    write_out();
    if (fdatasync(file_.get()) != 0) fail(path_, "written");
    return size_;
  }

 private:
  [[nodiscard]] Descriptor detail_open() const {
    Descriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (file.get() < 0) fail(path_, "opened");
    return file;
  }
  void write_out() {
    write_all(file_.get(), path_, block_);
    size_ += block_.size();
    block_.clear();
  }
  std::string path_;
  std::mutex mutex_;
  Descriptor file_;
  std::string block_;
  std::uint64_t size_;
};

struct Resumable::Core {
  std::string name, path;  // of the commit
  Descriptor lock;
  std::chrono::nanoseconds every{};
  std::chrono::steady_clock::time_point due{};
  unsigned calls = 0;
  std::size_t sinks = 0;    // that were added by `sink_to`
  bool is_flushed = false;  // nothing has come since what operators hold was put out
  Committed last;
  std::map<std::string, std::function<Bytes()>> parts;
  std::map<std::string, std::shared_ptr<File>> files;
  std::set<const detail::stream::Node*> committing;
  std::mutex mutex;  // of what is put
  std::set<std::string> put;
};

Resumable::Resumable(const std::string& journal, const std::string& name, Duration every)
    : core_(std::make_unique<Core>()) {
  if (journal.empty() || name.empty() || name.find('/') != std::string::npos || name.front() == '.')
    throw Error(ErrorKind::invalid_argument,
                "resumable: it needs a folder, and a name that could be a file's (got \"" + journal +
                    "\" and \"" + name + "\")");
  const std::string folder = journal + "/streams";
  detail::journal::make_folder(folder);
  core_->name = name;
  core_->path = folder + "/" + name;
  core_->every = every.value();
  core_->lock = Descriptor(::open((core_->path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (core_->lock.get() < 0) fail(core_->path, "written");
  if (!detail::journal::locked_within(core_->lock.get(), std::chrono::seconds(5)))
    throw Error(ErrorKind::unsupported,
                "resumable: " + core_->path + " is in use by another program; wait for it, or name another");
  try {
    const Packed packed = detail::journal::read_object(core_->path);
    core_->last = from_bytes<Committed>(packed.head.bytes());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found)
      throw Error(ErrorKind::io, std::string(error.what()) + "; remove it to begin anew");
  }
  for (const std::string& path : core_->last.renames) name_it(path);
}

Resumable::~Resumable() = default;

void Resumable::other_type(const std::string& name, const std::string& why) const {
  throw Error(ErrorKind::serialization, "resumable: " + name + " of " + core_->name +
                                            " is not what an earlier run committed; remove " + core_->path +
                                            " to begin anew (" + why + ")");
}

std::optional<Resumable::Bytes> Resumable::restored(const std::string& name) const {
  const auto found = core_->last.parts.find(name);
  return found == core_->last.parts.end() ? std::nullopt : std::optional(found->second);
}

void Resumable::keep(const std::string& name, std::function<Bytes()> save) {
  core_->parts.insert_or_assign(name, std::move(save));
}

std::string Resumable::next_sink() { return "sink " + std::to_string(++core_->sinks); }

void Resumable::committing(const Sink& sink) { core_->committing.insert(&sink.node()); }

std::shared_ptr<Resumable::File> Resumable::open(const std::filesystem::path& path) {
  const std::string whole = std::filesystem::absolute(path).lexically_normal().string();
  std::shared_ptr<File>& file = core_->files[whole];
  if (!file) {
    const auto known = core_->last.sizes.find(whole);
    file = std::make_shared<File>(whole, known == core_->last.sizes.end() ? 0 : known->second);
  }
  return file;
}

void Resumable::write_line(File& file, const std::string& line) { file.line(line); }

void Resumable::put_file(const std::filesystem::path& path, const std::string& text) {
  const std::string whole = std::filesystem::absolute(path).lexically_normal().string();
  const std::string part = whole + ".part";
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) fail(part, "made");
  write_all(file.get(), part, text);
  if (fdatasync(file.get()) != 0) fail(part, "written");
  const std::lock_guard hold(core_->mutex);
  core_->put.insert(whole);
}

// Operators are known by their place in the pipeline.
void Resumable::begin(const StreamHandle& into) {
  std::size_t place = 0;
  std::set<std::string> known;
  for (detail::stream::Node* node : into.node().graph().nodes()) {
    const std::string name = operator_prefix + std::to_string(++place) + " (" + node->kind() + ")";
    const bool is_last = node->downstreams().empty();
    if (node->keeps() == detail::stream::KeptState::lost && !is_last)
      throw Error(
          ErrorKind::unsupported,
          "resumable: " + node->label() +
              " keeps a state that cannot be written for another run; make its elements travel, give an "
              "operator of your own a kept(), or keep it in a state of the resumable");
    if (node->keeps() == detail::stream::KeptState::writable) {
      known.insert(name);
      go_on(*node, name);
    }
    if (is_last && !core_->committing.contains(node) && node != &into.node())
      detail::log::warn(
          "resumable {}: {} does not commit: after a kill it is given what came since the last commit again "
          "(at least once)",
          core_->name, node->label());
  }
  for (const auto& [name, bytes] : core_->last.parts) {
    if (name.starts_with(operator_prefix) && !known.contains(name))
      throw Error(ErrorKind::unsupported,
                  "resumable: the pipeline of " + core_->name + " must be what was committed (" + name +
                      " had a state and is not there); build it as before, or remove " + core_->path +
                      " to begin anew");
  }
  if (const auto bytes = restored(flushed_part)) core_->is_flushed = read_as<bool>(flushed_part, *bytes);
  keep(flushed_part, [this] { return to_bytes(core_->is_flushed); });
  core_->due = std::chrono::steady_clock::now() + core_->every;
}

// Sets an operator to what was committed, and commits it from now on.
void Resumable::go_on(detail::stream::Node& node, const std::string& name) {
  if (const auto bytes = restored(name)) {
    detail::stream::Frame frame(node);
    try {
      Reader reader(*bytes);
      node.read_kept(reader);
      if (reader.left() > 0) throw Error(ErrorKind::serialization, "there are bytes left");
    } catch (const Error& error) {
      static_cast<void>(frame.finish_quietly());
      other_type(name, error.what());
    }
    static_cast<void>(frame.finish_quietly());
  }
  node.stay();
  keep(name, [&node] {
    Buffer buffer;
    Writer writer(buffer);
    node.write_kept(writer);
    return Bytes(buffer.bytes().begin(), buffer.bytes().end());
  });
}

bool Resumable::is_due() {
  core_->is_flushed = false;
  return ++core_->calls % looks_at_clock == 0 && std::chrono::steady_clock::now() >= core_->due;
}

void Resumable::put_out(const StreamHandle& into) {
  if (std::exchange(core_->is_flushed, true)) return;
  into.flush();
  commit(into);
}

void Resumable::commit(const StreamHandle& into) {
  into.drain();
  Committed now;
  for (const auto& [name, save] : core_->parts) now.parts[name] = save();
  for (const auto& [path, file] : core_->files) now.sizes[path] = file->commit();
  {
    const std::lock_guard hold(core_->mutex);
    now.renames.assign(core_->put.begin(), core_->put.end());
    core_->put.clear();
  }
  Packed packed;
  Writer writer(packed.head);
  write(writer, now);
  detail::journal::write_object(core_->path, packed);
  detail::journal::sync_folder(std::filesystem::path(core_->path).parent_path().string());
  for (const std::string& path : now.renames) name_it(path);
  core_->last = std::move(now);
  core_->due = std::chrono::steady_clock::now() + core_->every;
}

}  // namespace weir
