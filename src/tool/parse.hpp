// Command lines, and what is said about wrong ones.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail::tool {

/// Reads the command line; false if help was printed and nothing is left to do. `operands` is what the help
/// names behind the options.
///
/// **Errors.** Throws `Error{invalid_argument}` with the parser's sentence, the option that was probably
/// meant, and where all are shown.
[[nodiscard]] bool parse(CLI::App& app, int argc, char** argv, const std::string& operands = {});

/// Of an option for a whole number, as its first check: it is read by its decimal digits, so that 010 is ten,
/// and nothing else is taken.
[[nodiscard]] CLI::Validator decimal();

/// `, did you mean --threads?` if an option of `app` is near `word`.
[[nodiscard]] std::string meant_option(const CLI::App& app, const std::string& word);

/// What is said of a word that is none of these commands: with the one that was probably meant, or else
/// `otherwise`.
[[nodiscard]] std::string no_command(const std::string& word, const std::vector<std::string_view>& names,
                                     const std::string& otherwise);

}  // namespace weir::detail::tool
