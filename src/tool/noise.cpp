// Recognizes mpirun's messages byte by byte: known, not known, or too early to say.
#include "tool/noise.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace weir::detail::tool {
namespace {

constexpr std::size_t longest_line = 1024;
constexpr std::size_t longest_banner = 8192;
constexpr std::string_view rule =
    "--------------------------------------------------------------------------\n";
constexpr std::array<std::string_view, 7> banner_starts{
    "mpirun noticed that process rank ",
    "mpirun noticed that the job aborted",
    "mpirun has exited due to process rank ",
    "mpirun detected that one or more processes exited with non-zero status",
    "Primary job  terminated normally, but ",
    "ORTE has lost communication with a remote daemon.",
    "ORTE was unable to reliably start one or more daemons.",
};

enum class Answer { no, too_early, yes };

struct Match {
  Answer answer = Answer::no;
  std::size_t length = 0;
};

/// Takes `literal` off the front of `text`; too early if `text` ends inside it.
Answer take(std::string_view& text, std::string_view literal) {
  const std::size_t common = std::min(text.size(), literal.size());
  if (text.substr(0, common) != literal.substr(0, common)) return Answer::no;
  text.remove_prefix(common);
  return common == literal.size() ? Answer::yes : Answer::too_early;
}

template <class Predicate>
Answer take_while(std::string_view& text, Predicate predicate) {
  const auto end = std::find_if_not(text.begin(), text.end(), predicate);
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return text.empty() ? Answer::too_early : Answer::yes;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_host_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

/// What follows `[node7:4711] ` and what the line must have in it.
struct KnownLine {
  std::string_view start;
  std::string_view part;
};
constexpr std::array<KnownLine, 2> known_lines{{
    {"PMIX ERROR: ", "pmix_event_notification.c at line "},  // PMIX ERROR: BAD-PARAM in file
                                                             // ../pmix_event_notification.c at line 1033
    {"Read -1, expected ",
     ", errno = 3"},  // Read -1, expected 67108864, errno = 3: a rank died while its memory was read
}};

/// What mpirun says of itself: `line` is what follows its `[node7:4711] `. The whole trace of its crash is
/// known by its first line.
Answer match_launcher(std::string_view line, NoiseFilter::Launcher& launcher) {
  std::string_view rest = line;
  const Answer gone = take(rest, "mpirun: SIGPIPE detected on fd ");
  rest = line;
  const Answer crash = take(rest, "*** Process received signal ***");
  if (gone == Answer::too_early || crash == Answer::too_early) return Answer::too_early;
  launcher.reader_gone |= gone == Answer::yes;
  launcher.crashed |= crash == Answer::yes;
  return gone == Answer::yes || launcher.crashed ? Answer::yes : Answer::no;
}

/// `[node7:4711] ` and one of the known lines.
Match match_line(std::string_view text, NoiseFilter::Launcher& launcher) {
  std::string_view rest = text;
  for (const Answer answer : {take(rest, "["), take_while(rest, is_host_character), take(rest, ":"),
                              take_while(rest, is_digit), take(rest, "] ")}) {
    if (answer != Answer::yes) return {answer};
  }
  const std::size_t digits = text.rfind(':', text.size() - rest.size()) + 1;
  if (launcher.pid > 0 && std::atoi(std::string(text.substr(digits, 10)).c_str()) == launcher.pid) {
    const Answer answer = match_launcher(rest, launcher);
    const std::size_t end = rest.find('\n');
    if (answer == Answer::too_early || (answer == Answer::yes && end == std::string_view::npos))
      return {text.size() < longest_line ? Answer::too_early : Answer::no};
    if (answer == Answer::yes) return {answer, text.size() - rest.size() + end + 1};
  }
  for (const KnownLine& known : known_lines) {
    std::string_view line = rest;
    const Answer answer = take(line, known.start);
    if (answer == Answer::too_early) return {answer};
    if (answer == Answer::no) continue;
    const std::size_t end = line.find('\n');
    if (end == std::string_view::npos) return {text.size() < longest_line ? Answer::too_early : Answer::no};
    const bool is_known = line.substr(0, end).find(known.part) != std::string_view::npos;
    return {is_known ? Answer::yes : Answer::no, text.size() - line.size() + end + 1};
  }
  return {};
}

/// `mark`, a number and `]`, with the end of the line if there is one.
Match match_note(std::string_view text, std::string_view mark, std::optional<int>& note) {
  constexpr std::size_t longest_number = 10;
  if (mark.empty()) return {};
  std::string_view rest = text;
  if (const Answer answer = take(rest, mark); answer != Answer::yes) return {answer};
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == rest.size() && digits < longest_number) return {Answer::too_early};
  if (digits == 0 || digits >= longest_number || !rest.substr(digits).starts_with("]\n"))
    return {rest.substr(digits) == "]" ? Answer::too_early : Answer::no};
  note = std::atoi(std::string(rest.substr(0, digits)).c_str());
  return {Answer::yes, text.size() - rest.size() + digits + 2};
}

/// What mpirun says when it is told to go on after a stop, as batch systems do before they end a job.
Match match_forwarding(std::string_view text) {
  std::string_view rest = text;
  if (const Answer answer = take(rest, "mpirun: Forwarding signal "); answer != Answer::yes) return {answer};
  if (const Answer answer = take_while(rest, is_digit); answer != Answer::yes) return {answer};
  const Answer answer = take(rest, " to job\n");
  return {answer, text.size() - rest.size()};
}

/// A dashed line, a known first sentence, more lines, a dashed line.
Match match_banner(std::string_view text) {
  std::string_view rest = text;
  if (const Answer answer = take(rest, rule); answer != Answer::yes) return {answer};
  Answer start = Answer::no;
  for (const std::string_view known : banner_starts) {
    std::string_view body = rest;
    const Answer answer = take(body, known);
    if (answer != Answer::no) start = answer;
  }
  if (start != Answer::yes) return {start};
  const std::size_t end = rest.find(rule);
  if (end == std::string_view::npos) return {text.size() < longest_banner ? Answer::too_early : Answer::no};
  return {Answer::yes, text.size() - rest.size() + end + rule.size()};
}

}  // namespace

std::string NoiseFilter::feed(std::string_view piece) {
  held_ += piece;
  std::string_view rest = held_;
  std::string shown;
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find_first_of("-[m"), rest.size());
    shown += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const bool may_be_banner = rest[0] == '-';
    Match match = may_be_banner    ? match_banner(rest)
                  : rest[0] == 'm' ? match_forwarding(rest)
                                   : match_note(rest, note_mark_, note_);
    if (rest[0] == '[' && match.answer == Answer::no) match = match_line(rest, launcher_);
    if (match.answer == Answer::too_early) break;
    if (match.answer == Answer::no) {
      shown += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    if (may_be_banner) banners_ += rest.substr(0, match.length);
    rest.remove_prefix(match.length);
  }
  held_.erase(0, held_.size() - rest.size());
  if (launcher_.reader_gone) return {};
  return shown;
}

std::string NoiseFilter::release() {
  std::string held = std::exchange(held_, {});
  return launcher_.reader_gone ? std::string() : held;
}

}  // namespace weir::detail::tool
