// program: any command as a task, with its output, its exit status and its files.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/gang.hpp"
#include "weir/serialize.hpp"

namespace weir {

/// What a program did.
struct ProgramResult {
  int status = 0;                    ///< Its exit status; 128 + n if signal n ended it.
  std::string output;                ///< What it wrote to stdout, if that is not in a file.
  std::string errors;                ///< The same of stderr.
  std::uint64_t left_out_bytes = 0;  ///< Of both, beyond `ProgramOptions::output_limit`.
  double seconds = 0;                ///< From its start to its end.
};

/// How a program is run: `weir::program({"./solver"}, {.directory = "case7"})`.
struct ProgramOptions {
  std::string directory{};                           ///< Where it runs; relative names below begin there.
  std::map<std::string, std::string> environment{};  ///< Variables that are added, or have another value.
  std::vector<std::string> inputs{};                 ///< Files that must be there before it is started.
  std::string input_file{};                          ///< Its stdin; by default it finds nothing there.
  /// Where its stdout goes instead of into the result: to `NAME.part`, which becomes NAME when the program
  /// has ended with status 0. A device or a pipe is written as it is.
  std::string output_file{};
  std::string errors_file{};  ///< The same of stderr; the same name as `output_file` puts both there.
  std::uint64_t output_limit = 16 << 20;  ///< Bytes of stdout, and of stderr, in the result: of more the
                                          ///< first half and the last, with a line between that says so.
  bool check = true;                      ///< Whether a status that is not 0 is an error.
  /// Of gangs: `mpirun` (Open MPI), `mpiexec.hydra` (MPICH, Intel MPI) or `srun`, or a path that ends so.
  std::string launcher = "mpirun";
};

namespace detail::program {

/// Runs `command` and waits for it; ends it when the task of this thread is cancelled or its time is over.
[[nodiscard]] ProgramResult run(const std::vector<std::string>& command, const ProgramOptions& options);
/// The same as an MPI job of as many ranks as the gang has, where they are. All ranks of the gang call it.
[[nodiscard]] ProgramResult run_by(Gang& gang, const std::vector<std::string>& command,
                                   const ProgramOptions& options);

/// `words` with `{}`, `{1}`, `{.}` ... replaced by arguments; where no word asks for any, they follow.
[[nodiscard]] std::vector<std::string> filled(const std::vector<std::string>& words,
                                              const std::vector<std::string>& arguments);

template <class T>
concept Word = std::is_convertible_v<const T&, std::string_view> || std::is_arithmetic_v<T>;

/// A number in the shortest form that reads back the same.
[[nodiscard]] std::string word(double number);
template <Word T>
[[nodiscard]] std::string word_of(const T& argument) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return std::string(std::string_view(argument));
  else if constexpr (std::is_floating_point_v<T>) return word(static_cast<double>(argument));
  else return std::to_string(argument);
}

}  // namespace detail::program

/// A command that is run as a task: `client.submit(weir::program{"./solver", "--case", "7"})`.
///
/// The first word is a path, or a name that is looked for in PATH. There is no shell: words are passed on as
/// they are (`weir::program{"sh", "-c", "sort a | uniq > b"}` asks for one). Arguments of `submit` and `map`,
/// texts and numbers, stand for `{}` in the words (`{1}`, `{2}` are the first and the second, `{.}` is one
/// without its extension, `{/}` without its folder), or follow them:
/// `client.map(weir::program{"sim", "--seed", "{}"}, seeds)`. Options of the task, such as its `time_limit`
/// and `retries`, are given to `submit` as ever; a `weir::input_file` as argument makes a `weir::cached` one
/// run again when that file has changed.
///
/// The program is no rank of this job (`weir::clean_environment`), has no descriptors of its worker, and a
/// process group of its own, which ends with the task: when the task is cancelled, when its time is over
/// (SIGTERM, then SIGKILL after 2 s), when the worker dies, and when the program itself ends, so that what it
/// has left behind holds nobody up. What has left its group, as a daemon does, is its own.
///
/// **Errors.** `task_failed` if its status is not 0 (unless `check` is off), with its last lines; `not_found`
/// if the program, a file of `inputs`, its folder or its interpreter is not there; `invalid_argument` if it
/// cannot be executed; `cancelled` if it was ended.
/// **Cost.** A thread of the worker waits for it. Starting costs about a millisecond, however large the
/// worker is (vfork).
/// **Source.** Parsl's bash apps and HyperQueue's tasks; Python's `subprocess.run` for the options.
class program {
 public:
  /// Nothing to be run; for what is read from bytes.
  program() = default;
  /// From its words.
  program(std::initializer_list<std::string> command) : command_(command) {}
  /// From its words, with options.
  explicit program(std::vector<std::string> command, ProgramOptions options = {})
      : command_(std::move(command)), options_(std::move(options)) {}
  /// \cond
  template <class Other>
  requires(!std::is_same_v<Other, program> && !std::is_convertible_v<Other, std::vector<std::string>>)
      __attribute__((
          unavailable("weir: program: is made of the words of a command: weir::program{\"./solver\", "
                      "\"--case\"}"))) explicit program(const Other&) {}
  /// \endcond

  /// Runs it and waits for its end; what the task does.
  template <detail::program::Word... A>
  ProgramResult operator()(const A&... arguments) const {
    return detail::program::run(detail::program::filled(command_, {detail::program::word_of(arguments)...}),
                                options_);
  }

  /// What a gang does: the program is one MPI job of as many ranks as the gang has, on the hosts and the
  /// cores of its ranks; `client.submit(weir::gang{64}, weir::program{"lmp", "-in", "in.melt"})`.
  ///
  /// The gang's rank 0 starts `ProgramOptions::launcher`, the others keep their places for it; output and
  /// exit status are the launcher's. A program that is no MPI program is started once for each rank.
  /// **Errors.** Those of a program; what the survivors of a gang get is `GangError`.
  template <detail::program::Word... A>
  ProgramResult operator()(Gang& gang, const A&... arguments) const {
    return detail::program::run_by(
        gang, detail::program::filled(command_, {detail::program::word_of(arguments)...}), options_);
  }

  /// Its words.
  [[nodiscard]] const std::vector<std::string>& command() const noexcept { return command_; }
  /// How it is run.
  [[nodiscard]] const ProgramOptions& options() const noexcept { return options_; }

  /// For cereal.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(command_, options_);
  }

 private:
  std::vector<std::string> command_;
  ProgramOptions options_;
};

}  // namespace weir
