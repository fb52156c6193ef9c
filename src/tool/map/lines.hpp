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
  std::string text;  ///< For a shell; `{%}` stands in it still.
  std::vector<std::string> arguments{};
  friend bool operator==(const Line&, const Line&) = default;
};

/// A list of arguments: those behind a `:::`, or those in a file.
struct Source {
  std::string file;  ///< Empty behind `:::`.
  std::vector<std::string> arguments{};
  bool is_linked = false;  ///< `:::+`: its first argument goes with the first of the source before it.
};

/// What follows the options of `weir map`: a command, arguments behind `:::`, files of them behind `::::`.
struct Template {
  std::string command;  ///< Its words, joined by spaces.
  std::vector<Source> sources;
  std::string separator{};                      ///< `--colsep`: what parts an argument into several.
  std::optional<std::uint32_t> at_a_time = {};  ///< `-N`: how many a command gets.
};
/// **Errors.** Throws `Error{invalid_argument}` if there is no command, for a `::::` without a file, and for
/// a
/// `:::+` without a source before it.
[[nodiscard]] Template parse_template(const std::vector<std::string>& words);

/// Every combination of one argument from each source, the last one fastest; linked sources give theirs
/// together, until one has no more. Arguments are quoted for the shell, and follow a command that asks for
/// none.
///
/// **Errors.** Throws `Error{invalid_argument}` if the separator is no regular expression, and if so many at
/// a time are asked for of several sources.
/// **Source.** GNU parallel's `:::`, `::::`, `:::+`, `--colsep` and `-N`.
[[nodiscard]] std::vector<Line> lines_of(const Template& wanted);

/// The text of `line` in slot number `slot`, from 1.
[[nodiscard]] std::string in_slot(const Template& wanted, const Line& line, std::uint64_t slot);
/// Whether the command asks for the number of its slot.
[[nodiscard]] bool asks_for_slot(const Template& wanted);

/// What `-j` asks for where there are `cores`: `8`, `50%` of them, `+2` more than them; at least 1.
///
/// **Errors.** Throws `Error{invalid_argument}` for anything else, and beyond 4096.
[[nodiscard]] std::uint32_t parse_jobs(const std::string& text, int cores);

/// `text` with `tag` and a tab ahead of each of its lines.
[[nodiscard]] std::string tagged(const std::string& text, const std::vector<std::string>& tag);

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
