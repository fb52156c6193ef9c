// SessionFile: the file by which further processes find a session.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "comm/transport.hpp"

namespace weir::detail::home {

/// What the file says.
struct SessionInfo {
  comm::Door door;
  std::string build_id;
  std::uint64_t pid = 0;       ///< Of the scheduler ...
  std::uint64_t born = 0;      ///< (see `birth_of`; 0: not known)
  std::string host;            ///< ... there,
  std::string host_id;         ///< as seen by itself.
  std::int64_t started_s = 0;  ///< Unix time.
};

/// Where a session's file is to be.
struct Named {
  std::filesystem::path path;
  bool asks_hosts = false;  ///< A session of another host that nobody listens for any more has ended.
};

/// The file of a session that this process opens; removed with the object.
///
/// Mode 0600 in a directory of mode 0700; written under another name and renamed, so that nobody reads half
/// of it.
/// **Errors.** Throws `Error{io}` with the path and the system's reason.
class SessionFile {
 public:
  /// In `directory`, else `sessions_directory()`.
  explicit SessionFile(const comm::Door& door, std::filesystem::path directory = {});
  /// Of this very name; one of a session that has ended is replaced.
  SessionFile(const Named& name, const comm::Door& door);
  /// Throws `Error{unsupported}` if a file of this name is there that is not a session's which has ended.
  static void check_free(const Named& name);
  SessionFile(const SessionFile&) = delete;
  ~SessionFile();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void write(const comm::Door& door) const;

  std::filesystem::path path_;
};

/// Reads a session's file.
///
/// **Errors.** Throws `Error{not_found}` if it is not there, `Error{closed}` if its process can be seen to
/// have ended, `Error{protocol}` if it is no such file or others may read it; each with a sentence that
/// begins with the path.
[[nodiscard]] SessionInfo read_session_file(const std::filesystem::path& path);

/// Whether somebody listens at the session's door, be it a program that stands still.
[[nodiscard]] bool is_listening(const comm::Door& door, std::chrono::milliseconds patience);

/// Where sessions of this user have their files: `$WEIR_STATE_DIR/sessions`, else
/// `$XDG_STATE_HOME/weir/sessions`, else `~/.local/state/weir/sessions`.
[[nodiscard]] std::filesystem::path sessions_directory();

/// Replaces a file by one of mode 0600, whole or not at all.
///
/// **Errors.** Throws `Error{io}` with the path and the system's reason.
void write_private(const std::filesystem::path& path, const std::string& bytes);

/// "process 123 on node7, started 2024-05-01 12:00:00".
[[nodiscard]] std::string describe(const SessionInfo& session);

}  // namespace weir::detail::home
