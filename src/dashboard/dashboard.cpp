// A loop of its own with a timer and a server; nothing of it runs on a thread that drives tasks.
#include "dashboard/dashboard.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/log.hpp"
#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/page.hpp"
#include "dashboard/server.hpp"
#include "seeing/process.hpp"
#include "seeing/streams.hpp"
#include "weir/error.hpp"

namespace weir::detail::dashboard {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

Wish parse_wish(const std::string& text) {
  constexpr std::string_view seen = "terminal";  // what `weir run` says, which stands in between
  const bool is_between = text == seen || text.starts_with(std::string(seen) + ":");
  const std::string where = is_between ? text.substr(std::min(text.size(), seen.size() + 1)) : text;
  Wish wish;
  wish.is_terminal = is_between || isatty(STDERR_FILENO) == 1;
  if (where.empty() || where == "on") return wish;
  if (where == "off" || where == "0") {
    wish.where = Wish::Where::off;
    return wish;
  }
  if (where.starts_with("unix:") && where.size() > 5) {
    wish.where = Wish::Where::path;
    wish.path = where.substr(5);
    return wish;
  }
  int port = 0;
  const auto [end, problem] = std::from_chars(where.data(), where.data() + where.size(), port);
  if (problem != std::errc() || end != where.data() + where.size() || port < 1 || port > 65535)
    throw Error(ErrorKind::invalid_argument,
                "WEIR_DASHBOARD: must be on, off, a port from 1 to 65535 or unix:PATH (got " +
                    printable(text) + "); write for example WEIR_DASHBOARD=8787");
  wish.where = Wish::Where::port;
  wish.port = static_cast<std::uint16_t>(port);
  return wish;
}

namespace {

constexpr auto before_it_begins = std::chrono::seconds(1);
constexpr std::chrono::milliseconds every{1000};
static_assert(every / 50 > every.zero());  // parts of it are waited for, too

std::string random_token() {
  std::array<unsigned char, 24> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ErrorKind::io, "dashboard: the system has no random bytes for a token");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

seeing::Program this_program(const std::string& job) {
  seeing::Program program;
  std::array<char, 256> host{};
  program.host = gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "localhost";
  program.name = program_invocation_short_name;
  program.job = job;
  program.pid = getpid();
  program.started_s = std::time(nullptr);
  program.id = fmt::format("{}-{}-{}", program.started_s, program.host, program.pid);
  return program;
}

std::vector<std::string> words_of(const char* text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string_view(text ? text : "")) {
    if (c != ',' && c != ' ') word += c;
    else if (!word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

/// Grows with everything that programs want to find in a record.
std::uint64_t deeds_of(const seeing::Model& model) {
  std::uint64_t all = model.failure_count() + model.workers().size() + model.snapshot().workers_lost;
  for (const seeing::FunctionTotals& function : model.functions()) all += function.submitted + function.count;
  return all;
}

bool has_pending(const Snapshot& snapshot) {
  const auto count = [&](TaskState state) { return snapshot.tasks[static_cast<std::size_t>(state)]; };
  return count(TaskState::waiting) + count(TaskState::queued) + count(TaskState::no_worker) +
             count(TaskState::processing) >
         0;
}

/// In one piece, so that it is not torn apart by what the program prints.
void tell(const std::string& line) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

struct Dashboard::Work {
  Work(Source from, Wish where) : source(std::move(from)), wish(std::move(where)), model(source.name_of) {
    model.set_code_names(source.code_of);
  }

  void run();
  void stop();

 private:
  [[nodiscard]] bool is_wanted_at_once() const {
    const char* const report_file = std::getenv("WEIR_REPORT");
    return wish.where != Wish::Where::automatic || wish.is_terminal || (report_file && *report_file);
  }
  [[nodiscard]] double seconds_since_start(Clock::time_point now) const {
    return std::chrono::duration<double>(now - start).count();
  }
  [[nodiscard]] bool sleep_until(Clock::time_point when);
  template <class What>
  bool attempt(const What& what);
  void begin();
  void serve();
  void try_to_serve();
  void end(const std::string& text);
  void tell_address(const std::string& address);
  void tick();
  void glance();
  void see(Clock::time_point now);
  void take_messages();
  void look_up(std::size_t most);
  void look_closer();
  void note_deeds(Clock::time_point now);
  void arm();
  [[nodiscard]] Answer answer(const Target& target);
  [[nodiscard]] std::function<nlohmann::json()> follow(const Target& target);
  [[nodiscard]] nlohmann::json part_of_page(const std::string& page, const Target& target,
                                            const seeing::TileRequest& tile);
  [[nodiscard]] nlohmann::json task(const Target& target) const;
  [[nodiscard]] nlohmann::json worker(const Target& target) const;
  [[nodiscard]] nlohmann::json profile(const Target& target) const;
  [[nodiscard]] Answer file(const std::string& name);
  [[nodiscard]] static seeing::PictureLimits limits_of(const std::string& page);
  [[nodiscard]] seeing::TileRequest tile_of(const Target& target, seeing::TileRequest tile) const;
  [[nodiscard]] const std::string& picture_text();

  Source source;
  Wish wish;
  const Clock::time_point start = Clock::now();
  seeing::Program program;
  seeing::Model model;
  std::unique_ptr<RunFolder> folder;
  std::unique_ptr<RunFolder> sign;  // says where the page is, while the folder cannot
  std::optional<asio::io_context> loop;
  std::optional<asio::steady_timer> timer;
  std::optional<Server> server;
  std::string token;
  std::string picture_;  // of the last tick; empty: to be made when somebody asks
  Clock::time_point recorded{}, ticked{}, glanced{}, looked_closer{}, acted = start;
  std::uint64_t log_told = 0;  // lines
  std::uint64_t deeds = 0;     // until `acted`
  bool is_served = false;
  bool problem_told = false;
  std::string last_problem;  // of `attempt`, so that it is told once

  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  bool is_stopping = false;
  bool is_looping = false;
};

bool Dashboard::Work::sleep_until(Clock::time_point when) {
  std::unique_lock lock(mutex);
  return !changed.wait_until(lock, when, [&] { return is_stopping; });
}

void Dashboard::Work::run() {
  prctl(PR_SET_NAME, "weir dashboard");
  if (!is_wanted_at_once() && !sleep_until(start + before_it_begins)) return;
  while (!attempt([this] { begin(); }))
    if (!sleep_until(Clock::now() + every)) return;
  bool is_over = false;
  {
    const std::lock_guard lock(mutex);
    is_over = is_stopping;
    is_looping = true;
  }
  while (!is_over && !attempt([this] { loop->run(); })) is_over = !sleep_until(Clock::now() + every / 20);
  attempt([this] {
    look_closer();
    tick();
    look_up(seeing::Model::most_slow);
    program.is_running = false;
    end(seeing::text_of(seeing::record(model, program)));
  });
  server.reset();
}

// What lacks descriptors, memory or a place may have them a second later: only the end of the program ends a
// dashboard.
template <class What>
bool Dashboard::Work::attempt(const What& what) try {
  what();
  return true;
} catch (const std::exception& error) {
  if (std::exchange(last_problem, error.what()) == error.what()) return false;
  if (wish.where == Wish::Where::automatic) log::info("{}", error.what());  // nobody has asked for it
  else log::warn("{}", error.what());
  return false;
}

void Dashboard::Work::end(const std::string& text) {
  constexpr double worth_a_line_s = 10;
  std::error_code ignored;
  if (sign) std::filesystem::remove_all(sign->path(), ignored);
  if (model.now_s() < 1) std::filesystem::remove_all(folder->path(), ignored);
  else folder->end(text);
  if (const char* file = std::getenv("WEIR_REPORT"); file && *file) {
    if (!write_whole(file, report(text)))
      log::error("WEIR_REPORT: the file cannot be written (got {}); its folder must be there and have room",
                 file);
  } else if (wish.is_terminal && model.now_s() > worth_a_line_s && folder->problem().empty()) {
    tell(fmt::format("weir: `weir report {}` makes a report of this program\n", program.pid));
  }
}

void Dashboard::Work::stop() {
  const std::lock_guard lock(mutex);
  is_stopping = true;
  changed.notify_all();
  if (is_looping) loop->stop();
}

void Dashboard::Work::begin() {
  if (!loop) loop.emplace(1);
  if (!timer) timer.emplace(*loop);
  if (token.empty()) token = random_token();
  if (!folder) {
    program = this_program(source.job);
    folder = std::make_unique<RunFolder>(Run{program, "", "", {}}, state_directory());
  }
  try_to_serve();
  tick();
  arm();
}

void Dashboard::Work::try_to_serve() {
  if (is_served) return;
  is_served = attempt([this] { serve(); });
  if (!is_served) server.reset();
}

void Dashboard::Work::serve() {
  server.emplace(*loop, token, "weir_" + std::to_string(program.pid),
                 words_of(std::getenv("WEIR_DASHBOARD_HOSTS")),
                 [this](const Target& target) { return answer(target); });
  const bool by_path =
      wish.where == Wish::Where::path || (wish.where == Wish::Where::automatic && !wish.is_terminal);
  if (!by_path) {
    const std::uint16_t port = server->listen(wish.port);
    if (port != wish.port && wish.where == Wish::Where::port)
      log::warn("dashboard: port {} is taken; the page is at {}", wish.port, port);
    return tell_address("127.0.0.1:" + std::to_string(port));
  }
  std::filesystem::path path = wish.path;
  if (path.empty()) {
    path = folder->path() / "socket";
    if (!folder->problem().empty() || path.string().size() > 100) {
      path = make_own_folder() / (std::to_string(getpid()) + ".socket");
    }
  }
  server->listen(std::filesystem::absolute(path));
  tell_address("unix:" + std::filesystem::absolute(path).string());
}

void Dashboard::Work::tell_address(const std::string& address) {
  folder->tell(address, token);
  if (!folder->problem().empty()) {
    sign = std::make_unique<RunFolder>(Run{program, "", "", {}}, make_own_folder());
    sign->tell(address, token);
  }
  if (address.starts_with("unix:") || !wish.is_terminal)
    return;  // in a file the token would be for everybody
  tell("weir: dashboard at http://" + address + "/?token=" + token + "\n");
}

// Once a second everything is looked at; in between streams, while there are some, and counts, while somebody
// follows a page.
void Dashboard::Work::arm() {
  seeing::StreamWatch* const streams = seeing::stream_watch().load();
  const bool has_streams = streams && streams->sample();
  const bool is_followed =
      server && server->is_followed() && model.snapshot().workers.size() <= seeing::Inbox::most_often;
  source.inbox->watched(is_followed);
  timer->expires_after(has_streams ? every / 20 : is_followed ? every / 10 : every);
  timer->async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto now = Clock::now();
    if (now - ticked >= every - every / 50)
      attempt([this] {
        try_to_serve();
        tick();
        if (server) server->push();
      });
    else if (source.inbox->is_watched() && now - glanced >= every / 10 - every / 50)
      attempt([this] { glance(); });
    arm();
  });
}

void Dashboard::Work::take_messages() {
  seeing::Inbox::Contents contents = source.inbox->take();
  for (const seeing::Inbox::Said& one : contents.said)
    model.receive(seconds_since_start(one.when), one.from, one.seen);
  for (seeing::Inbox::Failed& one : contents.failed) {
    one.failure.time_s = seconds_since_start(one.when);
    model.failed(std::move(one.failure));
  }
  model.failed_more(contents.failed_more);
}

// The record is written more seldom the longer the program runs, or while it has nothing to tell: what a kill
// can lose is a twentieth, at most 10 s.
void Dashboard::Work::tick() {
  const auto now = Clock::now();
  ticked = now;
  model.add_log(seconds_since_start(now), log::recent_after(log_told));
  if (seeing::StreamWatch* const streams = seeing::stream_watch().load())
    model.set_streams(streams->take(seconds_since_start(now)));
  see(now);
  look_up(8);
  model.set_jobs(seeing::job_board().take());
  note_deeds(now);
  const bool tells_more = acted > recorded || !model.streams().empty() || !folder->problem().empty();
  const auto pause = std::clamp<Clock::duration>((now - start) / 20, every, 10 * every);
  if (now - recorded >= (tells_more ? pause : 10 * every) - every / 10) {
    recorded = now;
    look_closer();
    folder->record(seeing::text_of(seeing::record(model, program)));
  }
  if (folder->problem().empty() == !problem_told) return;
  problem_told = !problem_told;
  const std::string text = problem_told ? "there will be no report of this program: " + folder->problem() +
                                              "; WEIR_STATE_DIR names another directory"
                                        : "there will be a report of this program after all";
  if (wish.is_terminal || wish.where != Wish::Where::automatic) log::warn("{}", text);
  else log::info("{}", text);  // nobody has asked for it
}

void Dashboard::Work::note_deeds(Clock::time_point now) {
  const std::uint64_t all = deeds_of(model);
  const bool may_run = has_pending(model.snapshot()) && !model.snapshot().workers.empty();
  if (all != std::exchange(deeds, all) || may_run) acted = now;
}

// What workers have said, and the cluster as it is.
void Dashboard::Work::see(Clock::time_point now) {
  take_messages();
  const Look look = source.look();
  seeing::OwnProcess own = seeing::own_process();
  seeing::read_networks(own);
  model.tick(seconds_since_start(now), look.snapshot, look.progress, own);
  glanced = now;
  picture_.clear();
}

// What running tasks are called, and what became of those that took long, is asked for before it is
// forgotten: of a few each time, under the baton.
void Dashboard::Work::look_up(std::size_t most) {
  std::size_t asked = 0;
  for (seeing::RunningTask& one : model.running()) {
    if (one.is_looked_up || !source.look_at_task) continue;
    if (++asked > most) return;
    one.is_looked_up = true;
    one.name = source.look_at_task(one.id).name;
  }
  for (seeing::SlowTask& one : model.slowest()) {
    if (one.is_looked_up || !source.look_at_task) continue;
    if (++asked > most) return;
    one.is_looked_up = true;
    snapshot::TaskLook look = source.look_at_task(one.id);
    one.name = std::move(look.name);
    one.story = std::move(look.story);
  }
}

// A tenth of a second of those who follow: counts, without rows of the rings.
void Dashboard::Work::glance() {
  see(Clock::now());
  server->push_more();
}

// At most once in half a second, however many look.
void Dashboard::Work::look_closer() {
  const auto now = Clock::now();
  if (!source.closer_look || now - looked_closer < every / 2) return;
  looked_closer = now;
  model.set_tasks(source.closer_look());
}

// A page is sent what it shows.
seeing::PictureLimits Dashboard::Work::limits_of(const std::string& page) {
  return {page == "functions" || page == "memory" ? 60u : 12u, page == "workers" ? 60u : 0u,
          page == "failures" ? 100u : 0u, page == "log" ? 1000u : 0u, page == "tasks" ? 20u : 0u};
}

// The range that is asked for, else the last seconds.
seeing::TileRequest Dashboard::Work::tile_of(const Target& target, seeing::TileRequest tile) const {
  const double now_s = model.now_s(), to_s = target.number("to_s", now_s, 0, 1e9);
  const double before_s = std::max(0.0, to_s - target.number("seconds", 60, 1, 1e9));  // none ran before 0
  const double from_s = target.number("from_s", before_s, 0, to_s);
  tile.to_us = static_cast<std::int64_t>(1e6 * to_s);
  tile.from_us = static_cast<std::int64_t>(1e6 * from_s);
  return tile;
}

const std::string& Dashboard::Work::picture_text() {
  if (picture_.empty()) picture_ = seeing::text_of(seeing::picture(model, program, {60, 60}));
  return picture_;
}

Answer Dashboard::Work::file(const std::string& name) {
  if (const char* folder_of_page = std::getenv("WEIR_DASHBOARD_DIR"); folder_of_page && *folder_of_page) {
    std::ifstream in(std::filesystem::path(folder_of_page) / name);
    if (in && name.find('/') == std::string::npos)
      return {200, std::string(media_type(name)), {std::istreambuf_iterator<char>(in), {}}};
  }
  for (const PageFile& each : page_files())
    if (each.name == name) return {200, std::string(media_type(name)), std::string(each.bytes)};
  return {404, "text/plain; charset=utf-8", "weir: there is no such page; / is the first one\n"};
}

// What a page shows: all of the past at first and each minute, what is new in between.
std::function<nlohmann::json()> Dashboard::Work::follow(const Target& target) {
  const auto found = target.parameters.find("page");
  const std::string page = found == target.parameters.end() ? "status" : found->second;
  const double past_s = target.number("past", 1e9, 60, 1e9);
  seeing::TileRequest tile;
  tile.columns = static_cast<std::size_t>(target.number("columns", 800, 1, 4000));
  tile.first_row = static_cast<std::size_t>(target.number("first_row", 0, 0, 65535));
  tile.most = 1000;
  return [this, page, target, past_s, tile, told_s = -1.0, messages = 0]() mutable {
    const bool is_whole = messages++ % 60 == 0;
    const double from_s = is_whole ? std::max(0.0, model.now_s() - past_s) : told_s + 1e-3;
    nlohmann::json all = part_of_page(page, target, tile);
    all["picture"] = seeing::picture(model, program, limits_of(page));
    all["history"] = seeing::history(model, from_s, 300);
    all["whole"] = is_whole;
    told_s = model.now_s();
    return all;
  };
}

nlohmann::json Dashboard::Work::part_of_page(const std::string& page, const Target& target,
                                             const seeing::TileRequest& tile) {
  if (page == "graph" || page == "memory") look_closer();
  if (page == "graph") return {{"graph", seeing::graph(model, model.tasks())}};
  if (page == "memory") return {{"held", seeing::held(model, model.tasks())}};
  if (page == "bandwidth") return {{"bandwidth", seeing::bandwidth(model)}};
  if (page == "profile") return {{"profile", profile(target)}};
  if (page == "jobs") return {{"jobs", seeing::jobs(model)}};
  if (page == "task") return {{"task", task(target)}};
  if (page == "worker") return {{"worker", worker(target)}};
  if (page == "status") return {{"stream", seeing::task_stream(model, tile_of(target, tile))}};
  if (page == "tasks")
    return {{"stream", seeing::task_stream(model, tile_of(target, tile))},
            {"slowest", seeing::slowest(model, false)}};
  return nlohmann::json::object();
}

nlohmann::json Dashboard::Work::task(const Target& target) const {
  TaskId id = 0;
  if (const auto found = target.parameters.find("id"); found != target.parameters.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), id);
  return seeing::task(model, source.look_at_task ? source.look_at_task(id) : snapshot::TaskLook{});
}

nlohmann::json Dashboard::Work::worker(const Target& target) const {
  const auto peer = static_cast<PeerId>(target.number("id", 0, 0, 4e9));
  return seeing::worker(model, peer,
                        source.look_at_worker ? source.look_at_worker(peer) : snapshot::SeenTasks{});
}

nlohmann::json Dashboard::Work::profile(const Target& target) const {
  if (!target.parameters.contains("from_s") && !target.parameters.contains("to_s"))
    return seeing::profile(model);
  return seeing::profile(model, target.number("from_s", 0, 0, 1e9), target.number("to_s", 1e9, 0, 1e9));
}

Answer Dashboard::Work::answer(const Target& target) {
  const auto json = [](const nlohmann::json& value) {
    return Answer{200, "application/json", seeing::text_of(value)};
  };
  if (target.path == "/json/page") return json(follow(target)());
  if (target.path == "/json/events") {  // now, and whenever the server pushes
    auto next = [page = follow(target)] { return seeing::text_of(page()); };
    std::string first = next();
    const auto found = target.parameters.find("page");
    const std::string page = found == target.parameters.end() ? "status" : found->second;
    std::function<std::string()> more;  // of pages that show what moves
    if (page == "status" || page == "tasks" || page == "functions")
      more = [this, most = limits_of(page).functions] {
        return seeing::text_of({{"glance", seeing::glance(model, most)}});
      };
    return {200, "text/event-stream", std::move(first), std::move(next), std::move(more)};
  }
  if (target.path == "/json/picture") return {200, "application/json", picture_text()};
  if (target.path == "/json/history")
    return json(seeing::history(model, target.number("from_s", 0, 0, 1e12),
                                static_cast<std::size_t>(target.number("rows", 600, 1, 2000))));
  if (target.path == "/json/graph" || target.path == "/json/memory") {
    look_closer();
    return json(target.path == "/json/graph" ? seeing::graph(model, model.tasks())
                                             : seeing::held(model, model.tasks()));
  }
  if (target.path == "/json/bandwidth") return json(seeing::bandwidth(model));
  if (target.path == "/json/profile") return json(profile(target));
  if (target.path == "/json/task") return json(task(target));
  if (target.path == "/json/worker") return json(worker(target));
  if (target.path == "/json/slowest") return json(seeing::slowest(model, true));
  if (target.path == "/json/jobs") return json(seeing::jobs(model));
  if (target.path == "/json/record") return json(seeing::record(model, program));
  if (target.path == "/json/workers")
    return json(
        seeing::picture(model, program, {0, static_cast<std::size_t>(target.number("most", 1000, 1, 10000))})
            .at("workers"));
  if (target.path == "/json/task_stream") {
    seeing::TileRequest request;
    const double now_us = 1e6 * model.now_s();
    request.to_us = static_cast<std::int64_t>(target.number("to_us", now_us, 0, 1e15));
    request.from_us = static_cast<std::int64_t>(
        target.number("from_us", static_cast<double>(request.to_us) - 60e6, -1e15, 1e15));
    request.columns = static_cast<std::size_t>(target.number("columns", 1000, 1, 4000));
    request.first_row = static_cast<std::size_t>(target.number("first_row", 0, 0, 65535));
    request.rows = static_cast<std::size_t>(target.number("rows", 64, 1, 256));
    request.most = static_cast<std::size_t>(target.number("most", 2000, 1, 4000));
    return json(seeing::task_stream(model, request));
  }
  if (target.path == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", seeing::prometheus(model)};
  return file(target.path == "/" || target.path == "/status" ? "index.html" : target.path.substr(1));
}

Dashboard::Dashboard(Source source, Wish wish) {
  if (wish.where == Wish::Where::off || !source.inbox) return;
  work_ = std::make_shared<Work>(std::move(source), std::move(wish));
  try {
    thread_ = std::thread([work = work_.get()] { work->run(); });
  } catch (const std::system_error& error) {  // no thread is left, say: the program runs unseen
    log::info("there is no dashboard: {}", error.what());
  }
}

void Dashboard::stop() {
  if (!thread_.joinable()) return;
  work_->stop();
  thread_.join();
}

}  // namespace weir::detail::dashboard
