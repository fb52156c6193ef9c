// Quoting and the shell part of batch scripts.
#include "batch/script.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "batch/answer.hpp"
#include "weir/bytes.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

constexpr std::size_t longest_name = 200;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A form for messages in which control characters can be seen.
std::string visible(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\n') shown += "\\n";
    else if (is_control(c))
      shown += "\\x" + std::string(1, "0123456789abcdef"[(c >> 4) & 15]) +
               std::string(1, "0123456789abcdef"[c & 15]);
    else shown += c;
  }
  return shown;
}

[[noreturn]] void refuse(std::string_view option, std::string_view rule, std::string_view text) {
  throw Error(ErrorKind::invalid_argument, std::string(option) + ": " + std::string(rule) + " (got " +
                                               (text.empty() ? "nothing" : visible(text)) + ")");
}

/// Bash's `$'...'` form: control characters become octal escapes, so the word stays on its line.
std::string escaped_word(std::string_view text) {
  std::string word = "$'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') word += std::string("\\") + c;
    else if (c == '\n') word += "\\n";
    else if (c == '\t') word += "\\t";
    else if (is_control(c)) {
      std::array<char, 8> octal;
      std::snprintf(octal.data(), octal.size(), "\\%03o", static_cast<unsigned char>(c));
      word += octal.data();
    } else word += c;
  }
  return word + "'";
}

bool needs_no_quotes(std::string_view text) {
  return !text.empty() && text.front() != '=' && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-./:,+@%=").find(c) != std::string_view::npos;
  });
}

std::string variable_line(const std::string& name, const std::string& value) {
  const bool is_name =
      !name.empty() && !is_digit(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
  if (!is_name)
    refuse("environment", "a variable's name has letters, digits and _ and does not begin with a digit",
           name);
  return "export " + name + "=" + quoted("environment", value) + "\n";
}

std::string run_line(const JobOptions& options) {
  if (options.command.empty() || options.command.front().empty())
    refuse("command", "a job needs a program to run, for example ./app", "");
  const JobLayout wanted = layout(options);
  std::string line = quoted("weir", options.weir) + " run -n " + std::to_string(wanted.ranks) +
                     " --threads " + std::to_string(options.threads_per_rank) + " --";
  for (const std::string& word : options.command) line += " " + quoted("command", word);
  return line + " &\n";
}

/// The shell must outlive what ends the job's processes one and all, and pass on what it alone is told
/// (`--signal=B:USR1@120`, `scancel --batch`); `weir run` takes SIGTERM twice in a row for one.
constexpr const char* trap_lines =
    "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n";
constexpr const char* wait_lines =
    "weir_run=$!\n"
    "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n";

}  // namespace

std::string quoted(std::string_view option, std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    refuse(option, "a null character cannot be passed to a program",
           std::string_view(text.data(), text.find('\0')));
  if (needs_no_quotes(text)) return std::string(text);
  if (std::any_of(text.begin(), text.end(), is_control)) return escaped_word(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string one_line_value(std::string_view option, std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control))
    refuse(option, "a directive must be one line without control characters", text);
  return std::string(text);
}

std::string checked_name(const JobOptions& options) {
  const std::string& name = options.name;
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("._+-").find(c) != std::string_view::npos;
  });
  if (name.empty() || !is_plain || !is_letter(name.front()))
    refuse("name", "a job's name has letters, digits and ._+- and begins with a letter", name);
  if (name.size() > longest_name)
    refuse("name", "a job's name has at most " + std::to_string(longest_name) + " characters",
           std::to_string(name.size()));
  return name;
}

Amount rounded_up(std::uint64_t bytes, std::string_view units) {
  for (std::size_t power = units.size(); power-- > 1;) {
    const std::uint64_t unit = std::uint64_t{1} << (10 * power);
    if (bytes >= 10 * unit) return {bytes / unit + (bytes % unit != 0), units[power]};
  }
  return {bytes, units.front()};
}

std::string clock_text(std::chrono::nanoseconds duration) {
  const long long all = std::chrono::ceil<std::chrono::seconds>(duration).count();
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%02lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
  return text.data();
}

std::optional<EarlySignal> early_signal(const JobOptions& options) {
  if (options.signal.empty()) return std::nullopt;
  const std::size_t at = std::min(options.signal.find('@'), options.signal.size());
  EarlySignal signal{options.signal.substr(0, at)};
  if (signal.name.starts_with("SIG")) signal.name.erase(0, 3);
  if (at < options.signal.size()) {
    const auto seconds = number(options.signal.substr(at + 1));
    if (!seconds || *seconds < 1 || *seconds > 65535)
      refuse("signal", "the time ahead of the end must be from 1 to 65535 seconds", options.signal);
    signal.before = std::chrono::seconds(*seconds);
  }
  if (signal.name != "USR1" && signal.name != "USR2")
    refuse("signal", "must be USR1 or USR2, with a time ahead of the end, for example USR1@120",
           options.signal);
  return signal;
}

std::optional<Halves> halves(const JobOptions& options) {
  if (options.head.empty()) return std::nullopt;
  const std::size_t comma = std::min(options.head.find(','), options.head.size());
  const auto cores = number(options.head.substr(0, comma));
  const std::string memory = options.head.substr(std::min(comma + 1, options.head.size()));
  if (!cores || *cores < 1 || *cores > 1'000'000 || (comma < options.head.size() && memory.empty()))
    refuse("head", "must be a number of cores, or that and memory, for example 1 or 2,8GB", options.head);
  Halves both{options, options};
  both.workers.head.clear();
  if (options.ranks == 1)
    refuse("ranks", "a job with a head has rank 0 and at least one worker, for example -n 2", "1");
  if (options.ranks > 1) --both.workers.ranks;
  both.head = both.workers;
  both.head.ranks = both.head.nodes = 1;
  both.head.ranks_per_node = both.head.gpus_per_node = both.head.gpus_per_rank = 0;
  both.head.threads_per_rank = static_cast<int>(*cores);
  try {
    both.head.memory_bytes = memory.empty() ? 0 : parse_bytes(memory);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("head: ") + error.what());
  }
  if (!memory.empty() && both.head.memory_bytes < 1'000'000)
    refuse("head", "memory must be at least 1MB; a number without a unit counts bytes", options.head);
  return both;
}

int gpus_of(const JobOptions& options, int ranks) {
  if (options.gpus_per_node && options.gpus_per_rank)
    refuse("gpus_per_rank", "GPUs are asked for by node or by rank, not by both",
           std::to_string(options.gpus_per_rank));
  return options.gpus_per_node ? options.gpus_per_node : options.gpus_per_rank * ranks;
}

void Directives::add(const std::string& directive) {
  const bool is_skipped = std::any_of(
      options_.skip.begin(), options_.skip.end(),
      [&](const std::string& text) { return !text.empty() && directive.find(text) != std::string::npos; });
  if (!is_skipped) text_ += std::string(prefix_) + " " + directive + "\n";
}

void Directives::add_own() {
  for (const std::string& own : options_.directives) {
    std::string_view line = own;
    if (line.starts_with(prefix_)) line.remove_prefix(prefix_.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) refuse("directives", "a directive must not be empty", own);
    text_ += std::string(prefix_) + " " + one_line_value("directives", line) + "\n";
  }
}

std::string shell_part(const JobOptions& options) {
  std::string text = "export WEIR_JOB_STARTED=$(date +%s)\n";
  for (const std::string& module : options.modules) text += "module load " + quoted("modules", module) + "\n";
  for (const auto& [name, value] : options.environment) text += variable_line(name, value);
  for (const std::string& line : options.before) text += line + "\n";
  text += trap_lines + run_line(options) + wait_lines;
  for (const std::string& line : options.after) text += line + "\n";
  return text + "exit \"$weir_status\"\n";
}

std::string log_prefix(const JobOptions& options) {
  if (options.log_directory.empty()) return "";
  const std::string directory = one_line_value("log_directory", options.log_directory);
  if (const std::size_t odd = directory.find_first_of("\"'\\`$"); odd != std::string::npos)
    refuse("log_directory", "batch systems do not understand quotes, \\, ` and $ in the path of a log",
           directory);
  return directory.back() == '/' ? directory : directory + "/";
}

}  // namespace weir::detail::batch

namespace weir {

using detail::batch::refuse;

JobLayout layout(const JobOptions& options) {
  if (const auto both = detail::batch::halves(options)) {
    JobLayout result = layout(both->workers);
    ++result.ranks;
    return result;
  }
  const auto count = [](const char* option, int value) {
    if (value < 0) refuse(option, "a count must not be negative", std::to_string(value));
    return value;
  };
  const int ranks = count("ranks", options.ranks);
  const int nodes = count("nodes", options.nodes);
  const int per_node = count("ranks_per_node", options.ranks_per_node);
  count("gpus_per_node", options.gpus_per_node);
  count("gpus_per_rank", options.gpus_per_rank);
  if (options.threads_per_rank < 1)
    refuse("threads_per_rank", "a rank has at least 1 thread", std::to_string(options.threads_per_rank));
  if (ranks == 0 && (nodes == 0 || per_node == 0))
    refuse("ranks", "say how many ranks the job has, for example -n 64, or --nodes 4 --ranks-per-node 16",
           "");
  const std::int64_t all = ranks ? ranks : std::int64_t{nodes} * per_node;
  if (all > 1'000'000) refuse("ranks", "a job has at most 1000000 ranks", std::to_string(all));
  JobLayout result{.ranks = static_cast<int>(all), .nodes = nodes, .ranks_per_node = per_node};
  if (result.nodes == 0 && result.ranks_per_node > 0)
    result.nodes = (result.ranks + result.ranks_per_node - 1) / result.ranks_per_node;
  if (result.nodes == 0 && result.ranks == 1) result.nodes = 1;
  if (result.nodes == 0) return result;
  if (result.nodes > result.ranks)
    refuse("nodes",
           "every node runs at least one rank, and there are " + std::to_string(result.ranks) + " ranks",
           std::to_string(nodes));
  if (result.ranks_per_node == 0) result.ranks_per_node = (result.ranks + result.nodes - 1) / result.nodes;
  if (std::int64_t{result.ranks_per_node} * result.nodes < result.ranks)
    refuse("ranks",
           std::to_string(result.nodes) + " nodes with " + std::to_string(per_node) +
               " ranks each have fewer ranks",
           std::to_string(ranks));
  return result;
}

std::string log_file(const JobOptions& options, const std::string& job_id, const std::string& stream) {
  return detail::batch::log_prefix(options) + detail::batch::checked_name(options) + "-" +
         job_id.substr(0, job_id.find('.')) + "." + stream;
}

}  // namespace weir
