// Placeholders are found by hand: braces that hold anything else belong to the command.
#include "program/placeholder.hpp"

#include <charconv>
#include <optional>

#include "weir/error.hpp"
#include "weir/program.hpp"

namespace weir::detail::program {
namespace {

struct Placeholder {
  std::size_t length = 0;    ///< With its braces.
  std::size_t position = 0;  ///< Of the argument, from 1; 0: all.
  std::string_view how;      ///< "", ".", "/", "//", "/.", "#" or "%".
};

/// The placeholder with which `text` begins.
std::optional<Placeholder> placeholder_at(std::string_view text) {
  const std::size_t end = text.find('}');
  if (!text.starts_with('{') || end == std::string_view::npos) return {};
  Placeholder found{end + 1, 0, {}};
  std::string_view inside = text.substr(1, end - 1);
  const auto [after, problem] = std::from_chars(inside.data(), inside.data() + inside.size(), found.position);
  if (problem == std::errc()) {
    if (found.position == 0 || inside.front() == '0') return {};
    inside.remove_prefix(static_cast<std::size_t>(after - inside.data()));
  } else if (problem == std::errc::result_out_of_range) {
    return {};
  }
  for (const std::string_view how : {"", ".", "/", "//", "/.", "#", "%"})
    if (inside == how && ((how != "#" && how != "%") || found.position == 0)) {
      found.how = how;
      return found;
    }
  return {};
}

std::string without_folder(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// A dot at the beginning of a name begins no extension.
std::string without_extension(const std::string& path) {
  const std::size_t dot = path.rfind('.'), slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return dot == std::string::npos || dot <= name ? path : path.substr(0, dot);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string shaped(const std::string& argument, std::string_view how) {
  if (how == ".") return without_extension(argument);
  if (how == "/") return without_folder(argument);
  if (how == "//") return folder_of(argument);
  if (how == "/.") return without_extension(without_folder(argument));
  return argument;
}

}  // namespace

std::string as_it_is(const std::string& text) { return text; }

std::string for_shell(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@%+=^";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

bool has_placeholder(std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1))
    if (placeholder_at(text.substr(at))) return true;
  return false;
}

std::string replaced(std::string_view text, const std::vector<std::string>& arguments, const Filling& filling,
                     Quote quote) {
  std::string whole;
  while (!text.empty()) {
    const auto found = placeholder_at(text);
    if (!found) {
      const std::size_t next = text.find('{', 1);
      whole += text.substr(0, next);
      text.remove_prefix(std::min(next, text.size()));
      continue;
    }
    const bool is_there = found->position <= arguments.size();
    if (!is_there && !filling.missing_is_empty)
      throw Error(ErrorKind::invalid_argument, "program: " + std::string(text.substr(0, found->length)) +
                                                   " must name one of the arguments (got " +
                                                   std::to_string(arguments.size()) + ")");
    if (found->how == "#") {
      whole += std::to_string(filling.number);
    } else if (found->how == "%") {
      whole += filling.slot ? std::to_string(filling.slot) : "{%}";
    } else if (found->position > 0) {
      if (is_there) whole += quote(shaped(arguments[found->position - 1], found->how));
    } else {
      for (std::size_t i = 0; i < arguments.size(); ++i)
        whole += (i ? " " : "") + quote(shaped(arguments[i], found->how));
    }
    text.remove_prefix(found->length);
  }
  return whole;
}

std::vector<std::string> filled(const std::vector<std::string>& words,
                                const std::vector<std::string>& arguments) {
  if (arguments.empty()) return words;
  std::vector<std::string> command;
  bool asked = false;
  for (const std::string& word : words) {
    asked |= has_placeholder(word);
    command.push_back(replaced(word, arguments, {}, as_it_is));
  }
  if (!asked) command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace weir::detail::program
