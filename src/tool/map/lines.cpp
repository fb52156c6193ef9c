// Arguments into a template.
#include "tool/map/lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "program/placeholder.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool::mapping {

Template parse_template(const std::vector<std::string>& words) {
  Template wanted;
  std::string mark;  // of what follows
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == ":::+" ||
        word == "::::+")  // of GNU parallel: it would be an argument, or a part of the command
      throw Error(ErrorKind::invalid_argument,
                  "arguments are combined each with each, by ::: and :::: (got " + word + ")");
    if (word == "::::" && (i + 1 == words.size() || words[i + 1].starts_with(":::")))
      throw Error(ErrorKind::invalid_argument, "a file of arguments must follow :::: (got none)");
    if (word == ":::" || word == "::::") mark = word;
    if (word == ":::") wanted.sources.emplace_back();
    else if (word == "::::") continue;
    else if (mark == ":::") wanted.sources.back().arguments.push_back(word);
    else if (mark == "::::") wanted.sources.push_back({word});
    else wanted.command += (wanted.command.empty() ? "" : " ") + word;
  }
  if (wanted.command.find_first_not_of(" \t\n") == std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                "a command must be given (got none); write for example weir map 'sim --seed {}' ::: 1 2 3");
  return wanted;
}

std::vector<Line> lines_of(const Template& wanted) {
  const std::string text = program::has_placeholder(wanted.command) ? wanted.command : wanted.command + " {}";
  std::vector<Line> lines;
  const std::vector<Source>& sources = wanted.sources;
  std::size_t count = sources.empty() ? 0 : 1;
  for (const Source& source : sources) count *= source.arguments.size();
  lines.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::string> arguments(sources.size());
    std::size_t rest = i;
    for (std::size_t source = sources.size(); source-- > 0;) {
      const std::vector<std::string>& of_source = sources[source].arguments;
      arguments[source] = of_source[rest % of_source.size()];
      rest /= of_source.size();
    }
    lines.push_back({i + 1, program::replaced(text, arguments, i + 1, program::for_shell)});
  }
  return lines;
}

std::vector<std::string> arguments_in(const std::string& text, char end) {
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(end, at), text.size());
    std::size_t size = next - at;
    if (end == '\n' && size > 0 && text[next - 1] == '\r') --size;
    arguments.push_back(text.substr(at, size));
    at = next + 1;
  }
  return arguments;
}

std::optional<std::vector<std::string>> plain_words(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@%+=^ ";
  constexpr std::array<std::string_view, 22> of_shells{
      "echo", "printf", "test", "kill", "pwd",   "cd",   "exit", "exec", "eval",  "export", "set",
      "trap", "umask",  "wait", "read", "shift", "type", "if",   "for",  "while", "case",   "time"};
  if (text.find_first_not_of(plain) != std::string::npos) return {};
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  if (words.empty() || words.front().find('=') != std::string::npos ||
      std::find(of_shells.begin(), of_shells.end(), words.front()) != of_shells.end())
    return {};
  return words;
}

Halt parse_halt(const std::string& text) {
  const std::string when = text.substr(0, text.find(','));
  Halt halt{1, when == "now"};
  bool is_right = when == "now" || when == "soon";
  if (text == "never") return {};
  if (is_right && when.size() < text.size()) {
    const std::string_view after = std::string_view(text).substr(when.size() + 1);
    constexpr std::string_view fail = "fail=";
    const char* const end = text.data() + text.size();
    is_right = after.starts_with(fail);
    if (is_right) {
      const auto [last, problem] = std::from_chars(after.data() + fail.size(), end, halt.failures);
      is_right = problem == std::errc() && last == end && halt.failures > 0;
    }
  }
  if (!is_right)
    throw Error(ErrorKind::invalid_argument,
                "--halt must be never, soon or now, with the number of failures if it is not 1: now,fail=3 "
                "(got " +
                    (text.empty() ? "nothing" : text) + ")");
  return halt;
}

}  // namespace weir::detail::tool::mapping
