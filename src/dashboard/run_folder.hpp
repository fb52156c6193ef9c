// RunFolder: what a running program leaves for those who look, and what is left of it after its end.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "seeing/picture.hpp"

namespace weir::detail::dashboard {

/// A run, as its folder tells.
struct Run {
  seeing::Program program;
  std::string address;  ///< "127.0.0.1:8787" or "unix:/path/socket"; empty: no page.
  std::string token;    ///< Without it the page tells nothing.
  std::filesystem::path folder;
  std::uint64_t born = 0;  ///< Its process, as `birth_of` says; 0: not known.
  [[nodiscard]] std::filesystem::path record() const { return folder / "record.json"; }
};

/// The folder `runs/<start>-<host>-<pid>` of this process in the state directory, mode 0700: `run.json` says
/// who runs and where its page is, `record.json` what has happened.
///
/// **Errors.** Never throws: a program runs without it. `problem` says what went wrong, if something did.
/// What could not be made or written, since the disk was full for example, is tried again with the next
/// record.
/// **Cost.** At most `most_runs` folders are kept, the oldest of ended programs go; a file is written under
/// another name and renamed.
class RunFolder {
 public:
  explicit RunFolder(Run run, const std::filesystem::path& state_directory);
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return run_.folder; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  void tell(const std::string& address, const std::string& token);
  void record(const std::string& text);
  /// The program has ended; its record stays.
  void end(const std::string& text);

  static constexpr std::size_t most_runs = 64;

 private:
  bool make();
  void write_run();
  bool write(const char* name, const std::string& text);

  Run run_;
  bool is_there_ = false;
  bool is_told_ = false;  // what `run.json` says is what it should say
  std::string problem_;
};

/// A folder in /tmp, else in /dev/shm, mode 0700, for who cannot write to the state directory.
///
/// **Errors.** Throws `Error{io}` where something is in its way.
[[nodiscard]] std::filesystem::path make_own_folder();

/// All runs of the state directory, and of this user's folders in /tmp and /dev/shm those that live, newest
/// first; what is no run is left out.
[[nodiscard]] std::vector<Run> runs(const std::filesystem::path& state_directory);

/// Which of two runs is meant, if both have the name: the newer one, or the newest of those that live, while
/// there are some.
enum class Before { newer, alive };

/// The run that `which` names: its id, its job, its process, its program's name, or "last", which is the
/// newest one; empty means any.
///
/// **Errors.** Throws `Error{not_found}` with a sentence.
[[nodiscard]] Run find_run(const std::string& which, const std::filesystem::path& state_directory,
                           Before before = Before::newer);

/// Whether the process of a run lives: on this host that is known, of another host that its record has been
/// written lately.
[[nodiscard]] bool is_alive(const Run& run);

}  // namespace weir::detail::dashboard
