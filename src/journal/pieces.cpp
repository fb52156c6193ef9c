// A log of pieces has the form of a segment, with records of its own.
#include "journal/pieces.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "journal/folder.hpp"
#include "journal/mapped.hpp"
#include "journal/segment.hpp"
#include "weir/error.hpp"

namespace weir::detail::journal {

namespace {

// Beyond those of journals: neither is taken for the other.
constexpr auto head_record = static_cast<RecordKind>(64), piece_record = static_cast<RecordKind>(65);
static_assert(sizeof(Piece) == 40);

[[nodiscard]] bool is_named(int file, const std::string& path) {
  struct stat open {
  }, named{};
  return fstat(file, &open) == 0 && stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

}  // namespace

std::optional<PiecesRead> read_pieces(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  const Mapped mapped(path);
  PiecesRead read;
  bool is_begun = false;
  read.good =
      read_segment(mapped.bytes(), [&](const Record& record) {
        if (record.kind == head_record) {
          is_begun = true;
          read.head.assign(reinterpret_cast<const char*>(record.payload.data()), record.payload.size());
        } else if (record.kind == piece_record && record.payload.size() == sizeof(Piece)) {
          read.pieces.push_back(number_at<Piece>(record.payload, 0));
        }
      }).good;
  if (!is_begun) return std::nullopt;
  return read;
}

bool is_as_written(const std::string& file, const Piece& piece) {
  const Mapped mapped(file);
  const std::span<const std::byte> bytes = mapped.bytes();
  if (piece.place > bytes.size() || piece.bytes > bytes.size() - piece.place) return false;
  Hasher hasher;
  hasher.bytes(bytes.data() + piece.place, piece.bytes);
  return hasher.result() == piece.sum;
}

PieceLog::PieceLog(const std::string& function, const std::string& file, std::string path)
    : path_(std::move(path)) {
  // Who had it may have taken it away meanwhile.
  do {
    file_ = Descriptor(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (file_.get() < 0)
      throw Error(ErrorKind::io, with_reason(function + ": cannot create \"" + path_ + "\" for writing"));
    if (!locked_within(file_.get(), std::chrono::seconds(5)))
      throw Error(ErrorKind::unsupported, function + ": \"" + file +
                                              "\" is being written by another program; wait for it, or give "
                                              "the file another name");
  } while (!is_named(file_.get(), path_));
}

void PieceLog::append(const std::string& record) {
  for (std::size_t at = 0; at < record.size();) {
    const ssize_t written = ::write(file_.get(), record.data() + at, record.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw Error(ErrorKind::io, with_reason("to_hdf5: cannot write \"" + path_ + "\""));
    at += static_cast<std::size_t>(written);
  }
}

void PieceLog::begin(const std::string& head) {
  std::string text = segment_head();
  append_record(text, head_record, head);
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0)
    throw Error(ErrorKind::io, with_reason("to_hdf5: cannot write \"" + path_ + "\""));
  append(text);
  fdatasync(file_.get());
}

void PieceLog::go_on(const PiecesRead& read) {
  const auto end = static_cast<off_t>(read.good);
  if (ftruncate(file_.get(), end) != 0 || lseek(file_.get(), end, SEEK_SET) != end)
    throw Error(ErrorKind::io, with_reason("to_hdf5: cannot write \"" + path_ + "\""));
}

void PieceLog::add(const Piece& piece) {
  std::string text;
  append_record(text, piece_record, {reinterpret_cast<const char*>(&piece), sizeof piece});
  append(text);
}

}  // namespace weir::detail::journal
