// Takes mpirun's own messages out of the stderr of a job, and leaves every other byte as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::detail::tool {

/// A filter for a stream of bytes that arrive in pieces.
///
/// Bytes are held back only while they may turn out to be the beginning of a known message; `release` gives
/// them free when the rest does not come.
/// **Source.** Messages of Open MPI 4.1: the "PMIX ERROR" line of every job under --enable-recovery and the
/// banners between dashed lines about ranks or nodes that died; the trace of mpirun's own crash in
/// PMIx_server_finalize.
class NoiseFilter {
 public:
  /// mpirun's process: what it says about its own crash while it ends, and that nobody reads the job's
  /// output, is noise too.
  void set_launcher(int pid) noexcept { launcher_.pid = pid; }
  /// How the line begins in which rank 0's `weir rank`, on another host, notes a number; taken out too.
  void set_note_mark(std::string mark) { note_mark_ = std::move(mark); }
  [[nodiscard]] std::optional<int> note() const noexcept { return note_; }
  /// Takes the next piece and returns what the user shall see now.
  [[nodiscard]] std::string feed(std::string_view piece);
  /// Returns what was held back; to be called when nothing arrived for a while and at the end.
  [[nodiscard]] std::string release();
  [[nodiscard]] bool is_holding() const noexcept { return !held_.empty(); }
  /// The banners taken out so far, as they were: what to show when the job failed.
  [[nodiscard]] const std::string& banners() const noexcept { return banners_; }
  /// mpirun aborts the job because the reader of its stdout has gone, as `head` does. What follows is about
  /// that alone.
  [[nodiscard]] bool reader_gone() const noexcept { return launcher_.reader_gone; }

  struct Launcher {
    int pid = 0;
    bool crashed = false;
    bool reader_gone = false;
  };

 private:
  std::string held_;
  std::string banners_;
  std::string note_mark_;
  std::optional<int> note_;
  Launcher launcher_;
};

}  // namespace weir::detail::tool
