// The commands of `weir map`: a template and arguments, one command line each. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail::tool::mapping {

/// One command and its place among all, from 1.
struct Line {
  std::uint64_t number = 0;
  std::string text;  ///< For a shell.
  friend bool operator==(const Line&, const Line&) = default;
};

/// A list of arguments: those behind a `:::`, or those in a file.
struct Source {
  std::string file;  ///< Empty behind `:::`.
  std::vector<std::string> arguments{};
};

/// What follows the options of `weir map`: a command, arguments behind `:::`, files of them behind `::::`.
struct Template {
  std::string command;  ///< Its words, joined by spaces.
  std::vector<Source> sources;
};
/// **Errors.** Throws `Error{invalid_argument}` if there is no command, and for a `::::` without a file.
[[nodiscard]] Template parse_template(const std::vector<std::string>& words);

/// Every combination of one argument from each source, the last one fastest; arguments are quoted for the
/// shell, and follow a command that asks for none.
///
/// **Source.** GNU parallel's `:::` and `::::`.
[[nodiscard]] std::vector<Line> lines_of(const Template& wanted);

/// The arguments in a text: its lines, or what zero bytes part.
[[nodiscard]] std::vector<std::string> arguments_in(const std::string& text, char end);

/// The words of a command that needs no shell: no quotes, variables, patterns or redirections, and no word
/// that shells have of their own.
[[nodiscard]] std::optional<std::vector<std::string>> plain_words(const std::string& text);

/// When to give up: after so many failures (0: never), and whether what runs is ended too.
struct Halt {
  std::uint64_t failures = 0;
  bool now = false;
  friend bool operator==(const Halt&, const Halt&) = default;
};
/// Reads `never`, `soon`, `now`, `soon,fail=3`. Throws `Error{invalid_argument}` for anything else.
[[nodiscard]] Halt parse_halt(const std::string& text);

}  // namespace weir::detail::tool::mapping
