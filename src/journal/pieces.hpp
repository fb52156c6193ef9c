// Pieces: which parts of a file have been written, so that whoever was interrupted goes on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "weir/detail/journal/key.hpp"

namespace weir::detail::journal {

/// A part of a file that has been written, and the XXH3 of its bytes.
struct Piece {
  std::uint64_t number = 0, place = 0, bytes = 0;
  Key sum;
};

/// What a log of pieces says.
struct PiecesRead {
  std::string head;           ///< As it was begun with.
  std::vector<Piece> pieces;  ///< In the order they were added.
  std::uint64_t good = 0;     ///< Bytes of the log up to the last whole record.
};

/// Nothing if there is no log, or none that was begun. Never more than was added.
[[nodiscard]] std::optional<PiecesRead> read_pieces(const std::string& path);

/// Whether these bytes of the file are still what was written.
///
/// **Errors.** Throws `Error{not_found}` or `Error{io}` if the file cannot be read; what lies beyond its end
/// is not there.
[[nodiscard]] bool is_as_written(const std::string& file, const Piece& piece);

/// The log of a file that is being written, one writer at a time.
///
/// **Cost.** 57 bytes a piece, each written at once: what was added outlives the program. Whether it outlives
/// the machine tells the checksum.
class PieceLog {
 public:
  /// Opens the log, or makes one, and waits a little for its writer to be gone.
  ///
  /// **Errors.** Throws `Error{io}` if it cannot be written, `Error{unsupported}` if another program writes
  /// the file; `function` and `file` are named.
  PieceLog(const std::string& function, const std::string& file, std::string path);
  /// Begins anew; the head is on the disk afterwards.
  void begin(const std::string& head);
  /// Goes on behind what was read.
  void go_on(const PiecesRead& read);
  void add(const Piece& piece);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  void append(const std::string& record);
  std::string path_;
  Descriptor file_;
};

}  // namespace weir::detail::journal
