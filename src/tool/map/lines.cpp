// Arguments into a template.
#include "tool/map/lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <regex>
#include <string_view>

#include "program/placeholder.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool::mapping {

namespace {

using Arguments = std::vector<std::string>;

/// One of the lists whose combinations are run: linked sources are one.
using Dimension = std::vector<Arguments>;

std::vector<Dimension> dimensions_of(const std::vector<Source>& sources) {
  std::vector<Dimension> all;
  for (const Source& source : sources) {
    if (!source.is_linked) all.emplace_back(source.arguments.size());
    Dimension& own = all.back();
    own.resize(std::min(own.size(), source.arguments.size()));
    for (std::size_t i = 0; i < own.size(); ++i) own[i].push_back(source.arguments[i]);
  }
  return all;
}

/// The arguments of each combination, in the order in which they are run.
std::vector<Arguments> combinations_of(const std::vector<Dimension>& dimensions) {
  std::size_t count = dimensions.empty() ? 0 : 1;
  for (const Dimension& dimension : dimensions) count *= dimension.size();
  std::vector<Arguments> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t run = count, rest = i;
    for (const Dimension& dimension : dimensions) {
      run /= dimension.size();
      const Arguments& own = dimension[rest / run];
      all[i].insert(all[i].end(), own.begin(), own.end());
      rest %= run;
    }
  }
  return all;
}

void part_columns(std::vector<Arguments>& all, const std::string& separator) {
  const std::regex pattern = [&] {
    try {
      return std::regex(separator);
    } catch (const std::regex_error&) {
      throw Error(ErrorKind::invalid_argument, "--colsep must be a regular expression (got " + separator +
                                                   "); write for example --colsep , or --colsep '\\t'");
    }
  }();
  for (Arguments& arguments : all) {
    Arguments columns;
    for (const std::string& text : arguments)
      columns.insert(columns.end(), std::sregex_token_iterator(text.begin(), text.end(), pattern, -1), {});
    arguments = std::move(columns);
  }
}

std::vector<Arguments> together(std::vector<Arguments> all, std::uint32_t at_a_time) {
  if (at_a_time == 0) {
    for (Arguments& arguments : all) arguments.clear();
    return all;
  }
  std::vector<Arguments> groups;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % at_a_time == 0) groups.emplace_back();
    std::move(all[i].begin(), all[i].end(), std::back_inserter(groups.back()));
  }
  return groups;
}

std::string whole_command(const Template& wanted) {
  return program::has_placeholder(wanted.command) ? wanted.command : wanted.command + " {}";
}

program::Filling filling_of(const Template& wanted, std::uint64_t number, std::uint64_t slot) {
  return {number, slot, !wanted.separator.empty() || wanted.at_a_time};
}

}  // namespace

Template parse_template(const std::vector<std::string>& words) {
  Template wanted;
  std::string mark;  // of what follows
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool is_linked = word == ":::+" || word == "::::+";
    const std::string kind = is_linked ? word.substr(0, word.size() - 1) : word;
    if (is_linked && wanted.sources.empty())
      throw Error(ErrorKind::invalid_argument,
                  word + " must follow arguments, with which it goes one by one (got none)");
    if (kind == "::::" && (i + 1 == words.size() || words[i + 1].starts_with(":::")))
      throw Error(ErrorKind::invalid_argument, "a file of arguments must follow " + word + " (got none)");
    if (kind == ":::" || kind == "::::") mark = word;
    if (kind == ":::") wanted.sources.push_back({.file = "", .is_linked = is_linked});
    else if (kind == "::::") continue;
    else if (mark.starts_with("::::")) wanted.sources.push_back({.file = word, .is_linked = mark == "::::+"});
    else if (!mark.empty()) wanted.sources.back().arguments.push_back(word);
    else wanted.command += (wanted.command.empty() ? "" : " ") + word;
  }
  if (wanted.command.find_first_not_of(" \t\n") == std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                "a command must be given (got none); write for example weir map 'sim --seed {}' ::: 1 2 3");
  return wanted;
}

std::vector<Line> lines_of(const Template& wanted) {
  if (wanted.at_a_time && wanted.sources.size() > 1)
    throw Error(ErrorKind::invalid_argument,
                "-N takes its arguments from one list (got " + std::to_string(wanted.sources.size()) + ")");
  std::vector<Arguments> all = combinations_of(dimensions_of(wanted.sources));
  if (!wanted.separator.empty()) part_columns(all, wanted.separator);
  if (wanted.at_a_time) all = together(std::move(all), *wanted.at_a_time);
  std::vector<Line> lines;
  lines.reserve(all.size());
  for (Arguments& arguments : all) {
    Line line{lines.size() + 1, "", std::move(arguments)};
    line.text = in_slot(wanted, line, 0);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string in_slot(const Template& wanted, const Line& line, std::uint64_t slot) {
  std::string text = program::replaced(whole_command(wanted), line.arguments,
                                       filling_of(wanted, line.number, slot), program::for_shell);
  if (line.arguments.empty() && text.ends_with(' ')) text.pop_back();
  return text;
}

bool asks_for_slot(const Template& wanted) { return wanted.command.find("{%}") != std::string::npos; }

std::uint32_t parse_jobs(const std::string& text, int cores) {
  constexpr double most = 4096;
  const bool is_more = text.starts_with('+'), is_part = text.ends_with('%');
  const char* const begin = text.data() + (is_more ? 1 : 0);
  const char* const end = text.data() + text.size() - (is_part ? 1 : 0);
  std::uint32_t number = 0;
  const auto [last, problem] = std::from_chars(begin, std::max(begin, end), number);
  double jobs = number;
  if (is_part) jobs = std::max(1.0, std::floor(cores * jobs / 100));
  if (is_more) jobs += cores;
  if (problem != std::errc() || last != end || (is_more && is_part) || (is_part && number == 0) || jobs < 1 ||
      jobs > most)
    throw Error(ErrorKind::invalid_argument,
                "-j must be a number of commands from 1 to 4096, a part of the cores (50%), or how many more "
                "than them (+2) (got " +
                    (text.empty() ? "nothing" : text) + ")");
  return static_cast<std::uint32_t>(jobs);
}

std::string tagged(const std::string& text, const std::vector<std::string>& tag) {
  std::string ahead;
  for (const std::string& word : tag) ahead += (ahead.empty() ? "" : " ") + word;
  ahead += '\t';
  std::string whole;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    whole += ahead + text.substr(at, end - at);
    at = end;
  }
  return whole;
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
