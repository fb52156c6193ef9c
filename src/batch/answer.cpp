// Numbers, durations and words in answers.
#include "batch/answer.hpp"

#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <regex>

#include "batch/walltime.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {

using std::chrono::seconds;
using std::chrono::sys_seconds;

std::optional<long long> number(const std::optional<std::string>& text) {
  long long value = 0;
  if (!text) return std::nullopt;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc() || end != text->data() + text->size() || value < 0) return std::nullopt;
  return value;
}

std::uint64_t memory(const std::string& text, char bare) {
  static const Form form(R"(\s*(\d{1,15})(\.\d+)?\s*([kmgtpKMGTP]?)[iI]?[bB]?\s*)");
  const auto part = form.match(text);
  if (part.empty()) return 0;
  const char letter = part[3].empty() ? bare : part[3][0];
  const std::size_t power = std::string_view("bkmgtp").find(static_cast<char>(letter | 0x20));
  const double bytes = std::ldexp(std::stod(part[1] + part[2]), 10 * static_cast<int>(power));
  return bytes < 0x1p63 ? static_cast<std::uint64_t>(bytes) : 0;
}

std::optional<seconds> duration_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789:-") != std::string::npos) return std::nullopt;
  if (const auto plain = number(text)) return seconds(*plain);
  try {
    return parse_walltime(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<sys_seconds> moment(const std::optional<std::string>& text) {
  const auto value = number(text);
  return value ? std::optional<sys_seconds>(sys_seconds(seconds(*value))) : std::nullopt;
}

struct Form::Compiled {
  std::regex regex;
};

namespace {

Form::Parts parts_of(const std::smatch& match) { return Form::Parts(match.begin(), match.end()); }

}  // namespace

Form::Form(const std::string& pattern)
    : compiled_(std::make_shared<Compiled>(Compiled{std::regex(pattern)})) {}

Form::Parts Form::match(const std::string& text) const {
  std::smatch match;
  return std::regex_match(text, match, compiled_->regex) ? parts_of(match) : Parts();
}

Form::Parts Form::first_in(const std::string& text) const {
  std::smatch match;
  return std::regex_search(text, match, compiled_->regex) ? parts_of(match) : Parts();
}

Form::Parts Form::last_in(const std::string& text) const {
  Parts last;
  for (std::sregex_iterator at(text.begin(), text.end(), compiled_->regex), end; at != end; ++at)
    last = parts_of(*at);
  return last;
}

std::string value_of(const std::string& answer, const std::string& key) {
  std::string quoted;
  for (const char c : key) quoted += c == '.' ? "\\." : std::string(1, c);
  const Form::Parts part = Form("(^|\\s)" + quoted + " ?= ?(\\S+)").first_in(answer);
  return part.empty() ? "" : part[2];
}

int count(const std::optional<std::string>& text) {
  const long long value = number(text).value_or(0);
  return value > std::numeric_limits<int>::max() ? 0 : static_cast<int>(value);
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string> lines_of_file(const std::optional<std::string>& path) {
  std::vector<std::string> lines;
  std::ifstream in(path.value_or(""));
  for (std::string line; std::getline(in, line);)
    if (line = trimmed(line); !line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace weir::detail::batch
