#include "weir/detail/files/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

#include "core/descriptor.hpp"
#include "core/target.hpp"
#include "core/wording.hpp"
#include "files/packer.hpp"
#include "weir/error.hpp"

namespace weir::detail::files {
namespace {

[[noreturn]] void refuse_output(const char* who, const std::string& path, int error) {
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("{}: '{}' could not be written: {}", who, printable(path), std::strerror(error)));
}

class FilePacker final : public Packer {
 public:
  FilePacker(const char* who, std::string path, const std::string& temporary)
      : who_(who),
        path_(std::move(path)),
        file_(open_for_writing(temporary, is_special_file(temporary) ? 0 : O_CREAT | O_EXCL)) {
    if (file_.get() < 0) refuse_output(who_, path_, errno);
    buffer_.reserve(limit);
  }
  void write(std::string_view bytes) override {
    if (buffer_.size() + bytes.size() > limit) flush();
    if (bytes.size() >= limit) write_all(bytes);
    else buffer_ += bytes;
  }
  void finish() override {
    flush();
    // What the system could not keep it says now at the latest.
    if (close(dup(file_.get())) != 0) refuse_output(who_, path_, errno);
  }

 private:
  static constexpr std::size_t limit = 256 * 1024;
  void flush() {
    write_all(buffer_);
    buffer_.clear();
  }
  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) refuse_output(who_, path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  const char* who_;
  std::string path_;
  Descriptor file_;
  std::string buffer_;
};

// Packs into a file that it finishes too.
class PackedFile final : public Packer {
 public:
  PackedFile(std::unique_ptr<Packer> file, std::unique_ptr<Packer> (*packer)(Drain))
      : file_(std::move(file)), packer_(packer([this](std::string_view bytes) { file_->write(bytes); })) {}
  void write(std::string_view bytes) override { packer_->write(bytes); }
  void finish() override {
    packer_->finish();
    file_->finish();
  }

 private:
  std::unique_ptr<Packer> file_;
  std::unique_ptr<Packer> packer_;
};

std::string name_for_now(const std::string& path) {
  if (is_special_file(path)) return path;
  static std::atomic<std::uint64_t> count{std::random_device{}()};
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return fmt::format("{}.{}.{}-{:x}.part", folder, path.substr(folder.size()), getpid(), count++);
}

std::unique_ptr<Packer> packed(std::unique_ptr<Packer> file, Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return std::make_unique<PackedFile>(std::move(file), &pack_gzip);
    case Compression::bzip2:
      return std::make_unique<PackedFile>(std::move(file), &pack_bzip2);
    case Compression::xz:
      return std::make_unique<PackedFile>(std::move(file), &pack_xz);
    case Compression::zstd:
      return std::make_unique<PackedFile>(std::move(file), &pack_zstd);
    default:
      return file;
  }
}

}  // namespace

Compression compression_of_name(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::gzip;
  if (path.ends_with(".bz2")) return Compression::bzip2;
  if (path.ends_with(".xz")) return Compression::xz;
  if (path.ends_with(".zst")) return Compression::zstd;
  return Compression::none;
}

void check_no_directory(const char* who, const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) refuse_output(who, path, EISDIR);
}

Output::Output(const char* who, const std::string& path, Compression compression)
    : who_(who), path_(target_of(path)), temporary_(name_for_now(path_)) {
  check_no_directory(who, path_);
  if (compression == Compression::automatic) compression = compression_of_name(path);
  packer_ = packed(std::make_unique<FilePacker>(who, path_, temporary_), compression);
}

Output::~Output() {
  if (!packer_) return;
  packer_.reset();
  drop(temporary_, path_);
}

void Output::write(std::string_view bytes) { packer_->write(bytes); }

void Output::commit() {
  packer_->finish();
  if (const int why = take_name(temporary_, path_)) refuse_output(who_, path_, why);
  packer_.reset();
}

}  // namespace weir::detail::files
