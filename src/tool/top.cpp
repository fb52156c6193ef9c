// weir top [JOB] [--once] [--json] [--replay]
#include "tool/top.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/fetch.hpp"
#include "seeing/verdict.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

using nlohmann::json;

namespace {

// Three digits: what would be rounded up to four is of the next unit.
std::string text_of_count(double value) {
  const char* const units[] = {"", "k", "M", "G", "T", "P"};
  std::size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < std::size(units)) value /= 1000, ++unit;
  char text[32];
  std::snprintf(text, sizeof text,
                unit || value != static_cast<double>(static_cast<long>(value)) ? "%.3g%s" : "%.0f%s", value,
                units[unit]);
  return text;
}

std::string text_of_seconds(double value) {
  char text[32];
  if (value >= 120) std::snprintf(text, sizeof text, "%.0fmin", value / 60);
  else if (value >= 0.9995) std::snprintf(text, sizeof text, "%.3gs", value);
  else if (value >= 0.9995e-3) std::snprintf(text, sizeof text, "%.3gms", value * 1e3);
  else if (value >= 0.9995e-6) std::snprintf(text, sizeof text, "%.3gus", value * 1e6);
  else std::snprintf(text, sizeof text, "%.3gns", value * 1e9);
  return value > 0 ? text : "-";
}

std::string percent_of(double share) { return std::to_string(static_cast<int>(share * 100 + 0.5)) + "%"; }

/// In a column of `width`; what is longer is cut, by letters and not by bytes.
std::string cell(const std::string& text, std::size_t width, bool right = false) {
  std::string shown;
  std::size_t letters = 0;
  for (const char c : printable(text)) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && letters == width) break;
    letters += begins;
    shown += c;
  }
  const std::string space(width - letters, ' ');
  return right ? space + shown : shown + space;
}

/// What `others` leave of a line, but at least `least`.
std::size_t rest_of(std::size_t columns, std::size_t others, std::size_t least) {
  return std::max(columns, others + least) - others;
}

std::string bar_of(double share, std::size_t width) {
  const auto filled =
      static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width) + 0.5);
  return "[" + std::string(filled, '|') + std::string(width - filled, ' ') + "]";
}

class Screen {
 public:
  Screen(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}
  /// In as many lines as it takes, at most `most`, broken between words; what is left is cut.
  void add_text(std::string text, std::size_t most) {
    for (; text.size() > columns_ && most > 1; --most) {
      const std::size_t space = text.rfind(' ', columns_);
      if (space == std::string::npos || space == 0) break;
      add(text.substr(0, space));
      text.erase(0, space + 1);
    }
    if (!text.empty()) add(text);
  }
  void add(const std::string& line) {
    if (lines_.size() >= rows_) return;
    std::string shown = cell(line, columns_);
    while (!shown.empty() && shown.back() == ' ') shown.pop_back();
    lines_.push_back(shown);
  }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t left() const { return rows_ - lines_.size(); }
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::size_t columns_, rows_;
  std::vector<std::string> lines_;
};

void add_head(Screen& screen, const json& picture) {
  const json& program = picture.at("program");
  const json& cluster = picture.at("cluster");
  const json& tasks = picture.at("tasks");
  const double pending = tasks.at("waiting").get<double>() + tasks.at("queued").get<double>() +
                         tasks.at("no_worker").get<double>() + tasks.at("processing").get<double>();
  screen.add(program.at("name").get<std::string>() + "  process " + program.at("pid").dump() + " on " +
             program.at("host").get<std::string>() +
             (program.at("running").get<bool>() ? "  running " : "  ran ") +
             text_of_seconds(program.at("now_s").get<double>()));
  screen.add_text(picture.at("verdict").at("sentence").get<std::string>(), 2);
  screen.add_text(picture.at("verdict").at("advice").get<std::string>(), 2);
  double rate = 0;
  for (const json& one : picture.at("functions")) rate += one.at("per_s").get<double>();
  const double threads = cluster.at("threads").get<double>();
  const double busy = cluster.at("busy").get<double>();
  screen.add("workers " + cluster.at("workers").dump() + "  threads " + cluster.at("threads").dump() +
             "  busy " + bar_of(threads > 0 ? busy / threads : 0, 20) + " " +
             percent_of(threads > 0 ? busy / threads : 0) + "  tasks/s " + text_of_count(rate));
  screen.add("pending " + text_of_count(pending) + "  in memory " +
             text_of_count(tasks.at("memory").get<double>()) + "  failed " +
             picture.at("failures_total").dump() + "  lost " + cluster.at("lost").dump() + "  results " +
             text_of_count(cluster.at("managed_bytes").get<double>()) + "B  on disk " +
             text_of_count(cluster.at("spilled_bytes").get<double>()) + "B");
}

void add_functions(Screen& screen, const json& functions, std::size_t most) {
  if (functions.empty()) return;
  const std::size_t width = rest_of(screen.columns(), 5 * 9, 28);
  screen.add("");
  screen.add(cell("FUNCTION", width) + cell("DONE", 9, true) + cell("OF", 9, true) + cell("/S", 9, true) +
             cell("BUSY", 9, true) + cell("MEDIAN", 9, true));
  for (std::size_t i = 0; i < std::min(most, functions.size()); ++i) {
    const json& one = functions[i];
    screen.add(cell(one.at("name").get<std::string>(), width) +
               cell(text_of_count(one.at("count").get<double>()), 9, true) +
               cell(text_of_count(one.at("submitted").get<double>()), 9, true) +
               cell(text_of_count(one.at("per_s").get<double>()), 9, true) +
               cell(text_of_seconds(one.at("busy_s").get<double>()), 9, true) +
               cell(text_of_seconds(one.at("median_s").get<double>()), 9, true));
  }
}

void add_streams(Screen& screen, const json& streams) {
  const std::size_t width = rest_of(screen.columns(), 4 * 9 + 7, 30);
  for (const json& stream : streams) {
    screen.add("");
    screen.add(stream.at("verdict").at("sentence").get<std::string>());
    screen.add(cell("OPERATOR", width) + cell("IN", 9, true) + cell("OUT", 9, true) + cell("/S", 9, true) +
               cell("BUSY", 7, true) + cell("BLOCKED", 9, true));
    for (const json& node : stream.at("nodes"))
      screen.add(cell(node.at("label").get<std::string>(), width) +
                 cell(text_of_count(node.at("in").get<double>()), 9, true) +
                 cell(text_of_count(node.at("out").get<double>()), 9, true) +
                 cell(text_of_count(node.at("per_s").get<double>()), 9, true) +
                 cell(percent_of(node.at("busy").get<double>()), 7, true) +
                 cell(percent_of(node.at("blocked").get<double>()), 9, true));
  }
}

/// Tasks that run: no more than fit beside the rest, and none that has just begun.
void add_running(Screen& screen, const json& picture, std::size_t most) {
  constexpr double worth_a_line_s = 1;
  const std::size_t width = rest_of(screen.columns(), 24 + 1 + 1 + 18 + 9, 23);
  const auto found = picture.find("running");  // a record of an earlier version has none
  std::size_t shown = 0;
  for (const json& one : found == picture.end() ? json::array() : *found) {
    const double length_s = one.at("length_s").get<double>();
    if (length_s < worth_a_line_s || shown == most || screen.left() == 0) return;
    if (++shown == 1) {
      screen.add("");
      screen.add(cell("RUNS LONGEST", 24) + " " + cell("FUNCTION", width) + " " + cell("WORKER", 18) +
                 cell("FOR", 9, true));
    }
    screen.add(cell(one.at("name").get<std::string>(), 24) + " " +
               cell(one.at("function").get<std::string>(), width) + " " +
               cell(one.at("worker").get<std::string>(), 18) + cell(text_of_seconds(length_s), 9, true));
  }
}

void add_workers(Screen& screen, const json& workers) {
  if (workers.empty() || screen.left() < 3) return;
  screen.add("");
  screen.add(cell("WORKER", 16) + cell("HOST", 14) + cell("BUSY", 7, true) + cell("TASKS/S", 9, true) +
             cell("DONE", 9, true) + cell("RESULTS", 10, true) + cell("RESIDENT", 10, true));
  for (const json& one : workers) {
    const double threads = one.at("threads").get<double>();
    screen.add(cell(one.at("name").get<std::string>(), 16) + cell(one.at("host").get<std::string>(), 14) +
               cell(one.at("gone").get<bool>()
                        ? "gone"
                        : percent_of(threads > 0 ? one.at("busy").get<double>() / threads : 0),
                    7, true) +
               cell(text_of_count(one.at("per_s").get<double>()), 9, true) +
               cell(text_of_count(one.at("count").get<double>()), 9, true) +
               cell(text_of_count(one.at("managed_bytes").get<double>()) + "B", 10, true) +
               cell(text_of_count(one.at("resident_bytes").get<double>()) + "B", 10, true));
  }
}

}  // namespace

std::vector<std::string> top_lines(const json& picture, std::size_t columns, std::size_t rows) {
  Screen screen(columns, rows);
  add_head(screen, picture);
  add_functions(screen, picture.at("functions"), rows > 20 ? (screen.left() - 4) / 2 : 4);
  add_running(screen, picture, std::max<std::size_t>(3, rows / 6));
  add_streams(screen, picture.at("streams"));
  add_workers(screen, picture.at("workers"));
  return screen.take();
}

namespace {

/// A figure of the history's rows.
std::vector<double> figures(const json& history, std::string_view name) {
  const json& names = history.at("columns");
  const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  std::vector<double> values;
  for (const json& row : history.at("rows"))  // a record of an earlier version has fewer columns
    values.push_back(at < names.size() ? row.at(at).get<double>() : 0);
  return values;
}

/// The last values up to `at`, a letter each, as high as they are.
std::string curve(const std::vector<double>& values, std::size_t at, std::size_t width) {
  constexpr std::string_view heights = " .:-=+*#%@";
  const double largest = *std::max_element(values.begin(), values.end()), most = std::max(1e-9, largest);
  std::string text;
  for (std::size_t i = at + 1 - std::min(width, at + 1); i <= at; ++i)
    text += heights[static_cast<std::size_t>(std::clamp(values[i] / most, 0.0, 1.0) *
                                             static_cast<double>(heights.size() - 1))];
  return "|" + text + std::string(width - text.size(), ' ') + "| most " + text_of_count(largest);
}

/// Of a block of a task stream: 0 is tasks; others are why a thread ran none.
std::size_t kind_of(const json& block) { return block.size() > 6 ? block.at(6).get<std::size_t>() : 0; }

void add_moment(Screen& screen, const json& stream, double from_s, double to_s) {
  std::map<std::string, std::array<double, 2>> functions;  // tasks, seconds
  for (const json& block : stream.at("blocks")) {
    const double start_s = 1e-6 * block.at(1).get<double>(), length_s = 1e-6 * block.at(2).get<double>();
    if (start_s > to_s || start_s + length_s < from_s || kind_of(block)) continue;
    auto& sum = functions[stream.at("functions").at(block.at(5).get<std::size_t>()).get<std::string>()];
    sum[0] += block.at(4).get<double>();
    sum[1] += 1e-6 * block.at(3).get<double>();
  }
  if (functions.empty()) return;
  const std::size_t width = rest_of(screen.columns(), 2 * 12, 40);
  screen.add("");
  screen.add(cell("FUNCTION", width) + cell("TASKS", 12, true) + cell("BUSY", 12, true));
  for (const auto& [name, sum] : functions)
    screen.add(cell(name, width) + cell(text_of_count(sum[0]), 12, true) +
               cell(text_of_seconds(sum[1]), 12, true));
}

}  // namespace

std::vector<std::string> replay_lines(const json& record, std::size_t at, std::size_t columns,
                                      std::size_t rows) {
  Screen screen(columns, rows);
  const json& history = record.at("history");
  const json& program = record.at("picture").at("program");
  const std::vector<double> times = figures(history, "time_s");
  if (times.empty()) {
    screen.add(program.at("name").get<std::string>() + " has left no history");
    return screen.take();
  }
  at = std::min(at, times.size() - 1);
  constexpr double moment_s = 3;  // what a thread did becomes known a second or two later
  const double before_s = std::min(at ? times[at - 1] : 0, times[at] - moment_s);
  screen.add(program.at("name").get<std::string>() + "  process " + program.at("pid").dump() + " on " +
             program.at("host").get<std::string>() + "  replay: " + text_of_seconds(times[at]) + " of " +
             text_of_seconds(times.back()));
  constexpr std::array<const char*, seeing::activities> activity_columns = {
      "busy",           "overhead",  "fetching",    "no_memory",    "serializing",
      "no_parallelism", "assigning", "unplaceable", "nothing_to_do"};
  seeing::ActivitySeconds seconds{};
  for (std::size_t i = 0; i < seeing::activities; ++i) seconds[i] = figures(history, activity_columns[i])[at];
  const double threads = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  screen.add_text(seeing::verdict(seconds).sentence, 2);
  screen.add("busy " + bar_of(threads > 0 ? seconds[0] / threads : 0, 20) + " " +
             percent_of(threads > 0 ? seconds[0] / threads : 0) + "  tasks/s " +
             text_of_count(figures(history, "tasks_per_s")[at]) + "  workers " +
             text_of_count(figures(history, "workers")[at]) + "  waiting " +
             text_of_count(figures(history, "waiting")[at]) + "  ready " +
             text_of_count(figures(history, "ready")[at]));
  screen.add("results " + text_of_count(1e6 * figures(history, "managed_mb")[at]) + "B  on disk " +
             text_of_count(1e6 * figures(history, "spilled_mb")[at]) + "B  processes " +
             text_of_count(1e6 * figures(history, "resident_mb")[at]) + "B");
  screen.add("");
  const std::size_t width = columns > 50 ? columns - 32 : 20;
  for (const auto& [name, column] : {std::pair{"tasks/s", "tasks_per_s"},
                                     {"busy threads", "busy"},
                                     {"waiting", "waiting"},
                                     {"results, MB", "managed_mb"}})
    screen.add(cell(name, 13) + curve(figures(history, column), at, width));
  add_moment(screen, record.at("task_stream"), before_s, times[at]);
  return screen.take();
}

std::string trace_of(const json& record) {
  const json& stream = record.at("task_stream");
  const json& rows = stream.at("rows");
  const std::size_t first_row = stream.at("first_row").get<std::size_t>();
  json events = json::array();
  events.push_back({{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", 1},
                    {"args", {{"name", record.at("picture").at("program").at("name")}}}});
  for (std::size_t i = 0; i < rows.size(); ++i)
    events.push_back({{"name", "thread_name"},
                      {"ph", "M"},
                      {"pid", 1},
                      {"tid", first_row + i},
                      {"args", {{"name", rows[i]}}}});
  for (const json& block : stream.at("blocks"))
    events.push_back({{"name", stream.at("functions").at(block.at(5).get<std::size_t>())},
                      {"cat", kind_of(block) ? "wait" : "task"},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", block.at(0)},
                      {"ts", block.at(1)},
                      {"dur", block.at(2)},
                      {"args", {{"tasks", block.at(4)}, {"busy_us", block.at(3)}}}});
  const json& history = record.at("history");
  for (const json& row : history.at("rows"))
    events.push_back({{"name", "tasks/s"},
                      {"ph", "C"},
                      {"pid", 1},
                      {"ts", 1e6 * row.at(0).get<double>()},
                      {"args", {{"tasks/s", row.at(1)}}}});
  return json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump(
             -1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

namespace {

std::atomic<bool> top_is_over{false};

/// The terminal shows lines in place, and is as before afterwards.
class Terminal {
 public:
  Terminal() {
    std::fputs("\x1b[?1049h\x1b[?25l", stdout);
    std::signal(SIGINT, [](int) { top_is_over = true; });
    std::signal(SIGTERM, [](int) { top_is_over = true; });
    if (tcgetattr(STDIN_FILENO, &before_) == 0) {
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      raw.c_cc[VMIN] = 0;
      raw.c_cc[VTIME] = 0;
      is_raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
  }
  Terminal(const Terminal&) = delete;
  ~Terminal() {
    if (is_raw_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    std::fputs("\x1b[?25h\x1b[?1049l", stdout);
    std::fflush(stdout);
  }
  void show(const std::vector<std::string>& lines) {
    std::string text = "\x1b[H";
    for (const std::string& line : lines) text += line + "\x1b[K\n";
    text += "\x1b[J";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }
  /// Waits; whether somebody has typed q.
  [[nodiscard]] bool wait_for_end(std::chrono::milliseconds time) {
    for (auto left = time; left.count() > 0 && !top_is_over; left -= std::chrono::milliseconds(50)) {
      char key = 0;
      if (is_raw_ && ::read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q')) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return top_is_over;
  }
  static winsize size() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20 || size.ws_row < 5) {
      size.ws_col = 80;
      size.ws_row = 24;
    }
    return size;
  }

 private:
  termios before_{};
  bool is_raw_ = false;
};

/// Plays what a run has left, in at most about twenty seconds; once: its last moment.
void replay(const dashboard::Run& run, bool is_once) {
  const json record = json::parse(dashboard::read_record(run));
  const std::size_t moments = record.at("history").at("rows").size();
  if (is_once || !isatty(STDOUT_FILENO)) {
    for (const std::string& line : replay_lines(record, moments, 80, 24)) std::puts(line.c_str());
    return;
  }
  const auto pause = std::chrono::milliseconds(
      std::clamp<long>(20'000 / std::max<long>(1, static_cast<long>(moments)), 50, 500));
  Terminal terminal;
  for (std::size_t at = 0;; at = std::min(at + 1, moments)) {
    const winsize size = Terminal::size();
    terminal.show(replay_lines(record, at, size.ws_col - 1u, size.ws_row - 1u));
    if (terminal.wait_for_end(pause)) return;
  }
}

json picture_of(const dashboard::Run& run) { return json::parse(dashboard::read_record(run)).at("picture"); }

}  // namespace

int top(int argc, char** argv) {
  CLI::App app(
      "Shows what a program does, every second until q is typed; of one that has ended, what it did.",
      "weir top");
  std::string which;
  bool is_json = false, is_once = false, is_replay = false;
  app.add_option("JOB", which,
                 "Id, batch job, process or name of a program, or last; default: the newest that runs");
  app.add_flag("--once", is_once, "Print it once");
  app.add_flag("--json", is_json, "Print it once, for programs");
  app.add_flag("--replay", is_replay, "Show from the beginning what it did");
  if (!parse(app, argc, argv)) return 0;
  const auto before = is_replay ? dashboard::Before::newer : dashboard::Before::alive;
  const dashboard::Run run = dashboard::find_run(which, state_directory(), before);
  if (is_replay && !is_json) return replay(run, is_once), 0;
  if (is_json) {
    std::puts(picture_of(run).dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return 0;
  }
  if (is_once || !isatty(STDOUT_FILENO) || !dashboard::is_alive(run)) {
    for (const std::string& line : top_lines(picture_of(run), 80, 24)) std::puts(line.c_str());
    return 0;
  }
  std::vector<std::string> last;
  try {
    Terminal terminal;
    do {
      const winsize size = Terminal::size();
      const json picture = json::parse(dashboard::fetch(run, "/json/picture"));
      last = top_lines(picture, size.ws_col - 1u, size.ws_row - 1u);
      terminal.show(last);
    } while (!terminal.wait_for_end(std::chrono::seconds(1)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::closed) throw;
    for (const std::string& line : last) std::puts(line.c_str());
    std::puts("the program has ended");
  }
  return 0;
}

}  // namespace weir::detail::tool
