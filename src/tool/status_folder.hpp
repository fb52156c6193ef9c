// Where rank 0 leaves its exit status, since mpirun --enable-recovery always ends with 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/descriptor.hpp"

namespace weir::detail::tool {

/// A folder of this user alone, removed with its contents at the end; that of one who was killed is removed
/// by the next.
///
/// Nothing is written into a file, so that neither a full disk nor `ulimit -f` loses a status.
/// **Errors.** The constructor throws `Error{io}` if the folder for temporary files (TMPDIR, else /tmp)
/// cannot be written.
class StatusFolder {
 public:
  StatusFolder();
  ~StatusFolder();
  StatusFolder(const StatusFolder&) = delete;
  StatusFolder& operator=(const StatusFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What the program is told as WEIR_STATUS_FILE.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// What the program left there: a link whose target is the number, or a file that holds it.
  [[nodiscard]] std::optional<int> program_status() const;
  /// Whether it has left MPI since: what it does now is its own.
  [[nodiscard]] bool has_left() const;
  /// Of the first worker that ended badly after its `weir::run` had returned.
  struct WorkerEnd {
    int status;  ///< An exit status, or 128 + signal.
    int rank;
  };
  [[nodiscard]] std::optional<WorkerEnd> worker_end() const;
  /// The reading end, non-blocking, of the pipe in which `weir rank` notes how rank 0's process ended: an
  /// exit status, or 128 + signal. It is hung up when `weir rank` ends.
  [[nodiscard]] const Descriptor& notes() const noexcept { return notes_; }
  /// Tells the program when it will be ended at the latest, in nanoseconds of this host's steady clock.
  void note_end(std::int64_t at_ns) const;
  /// Writes a further file. \return Its path. **Errors.** Throws `Error{io}` if there is no room.
  [[nodiscard]] std::string add(const std::string& name, const std::string& text) const;

 private:
  // Of the link with this name, or of the status; empty without one.
  [[nodiscard]] std::string target(const std::string& beside = "") const;
  std::string path_;
  std::string file_;
  Descriptor lock_;  // tells others that this process is there
  Descriptor notes_;
};

/// The pipe beside `status_file`.
[[nodiscard]] std::string note_pipe(const std::string& status_file);

/// How the line begins by which a `weir rank` on another host notes the same on stderr; the number and `]`
/// end it.
[[nodiscard]] std::string note_mark(const std::string& status_file);

}  // namespace weir::detail::tool
