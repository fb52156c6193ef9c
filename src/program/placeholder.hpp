// What stands for an argument in a command: {} {.} {/} {//} {/.} {#} {%} {2} {2.}. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail::program {

/// How an argument becomes text that is put into a command.
using Quote = std::string (*)(const std::string&);

/// As it is.
[[nodiscard]] std::string as_it_is(const std::string& text);
/// As one word for a shell.
[[nodiscard]] std::string for_shell(const std::string& text);

/// Whether `text` asks for an argument.
[[nodiscard]] bool has_placeholder(std::string_view text);

/// What else stands for something in a command.
struct Filling {
  std::uint64_t number = 0;       ///< `{#}`.
  std::uint64_t slot = 0;         ///< `{%}`; 0: it stays as it is.
  bool missing_is_empty = false;  ///< `{n}` beyond the arguments: it is nothing, not wrong.
};

/// `text` with placeholders replaced: `{}` all arguments, `{n}` the nth; with `.` without extension, `/`
/// without folder, `//` its folder, `/.` without both; `{#}` and `{%}` are the filling's. What is none stays.
///
/// **Errors.** Throws `Error{invalid_argument}` for `{n}` beyond the arguments.
/// **Source.** GNU parallel's replacement strings.
[[nodiscard]] std::string replaced(std::string_view text, const std::vector<std::string>& arguments,
                                   const Filling& filling, Quote quote);

}  // namespace weir::detail::program
