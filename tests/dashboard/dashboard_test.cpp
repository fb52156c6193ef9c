// The server, folders of runs and reports; programs that are seen are faked by a source.
#include "dashboard/dashboard.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "dashboard/fetch.hpp"
#include "dashboard/page.hpp"
#include "dashboard/server.hpp"
#include "support/throws.hpp"

using namespace weir::detail::dashboard;
namespace fs = std::filesystem;
namespace seeing = weir::detail::seeing;
using weir::test::sentence_of;

namespace {

/// A state directory of this test alone.
class Folder {
 public:
  Folder() {
    char path[] = "/tmp/weir-dashboard-XXXXXX";
    REQUIRE(mkdtemp(path));
    path_ = path;
    setenv("WEIR_STATE_DIR", path, 1);
  }
  ~Folder() {
    unsetenv("WEIR_STATE_DIR");
    fs::remove_all(path_);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Source a_source() {
  Source source;
  source.inbox = std::make_shared<seeing::Inbox>();
  source.look = [] {
    Look look;
    weir::WorkerInfo worker;
    worker.peer = 1;
    worker.name = "worker <1>";
    worker.threads = 2;
    look.snapshot.workers.push_back(worker);
    look.progress.push_back({7, 100, 40});
    return look;
  };
  source.name_of = [](std::uint64_t) { return std::string("</script><b>f"); };
  source.job = "4711";
  weir::detail::protocol::Seen seen;
  seen.interval_s = 1;
  seen.threads = 2;
  seen.functions.push_back({7, 40, 0, 1'500'000'000, 320, {{25, 40}}});
  seen.blocks.push_back({0, 900'000, 800'000, 40, 0, 0});
  source.inbox->put(1, std::move(seen));
  return source;
}

/// The same of a program that has submitted so many tasks.
Source a_source_of(std::function<std::uint64_t()> submitted) {
  Source source = a_source();
  source.look = [look = source.look, submitted = std::move(submitted)] {
    Look now = look();
    now.progress[0].submitted = submitted();
    return now;
  };
  return source;
}

Run wait_for_page(const fs::path& state) {
  for (int i = 0; i < 2000; ++i) {
    for (const Run& run : runs(state))
      if (!run.address.empty()) return run;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("no page within 10 s");
  return {};
}

Wish at(const fs::path& path) { return parse_wish("unix:" + path.string()); }

/// While it is there, this process opens nothing.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{3, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// Whether a line with these words is logged within ten seconds.
bool wait_for_line(const std::string& words) {
  for (int i = 0; i < 2000; ++i) {
    for (const std::string& line : weir::detail::log::recent())
      if (line.find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("WEIR_DASHBOARD is on, off, a port or a path") {
  CHECK(parse_wish("").where == Wish::Where::automatic);
  CHECK(parse_wish("on").where == Wish::Where::automatic);
  CHECK(parse_wish("off").where == Wish::Where::off);
  CHECK(parse_wish("9000").port == 9000);
  CHECK(parse_wish("unix:/tmp/x").path == "/tmp/x");
  CHECK(parse_wish("terminal").is_terminal);
  CHECK(parse_wish("terminal:").where == Wish::Where::automatic);
  CHECK(parse_wish("terminal:off").where == Wish::Where::off);
  CHECK(parse_wish("terminal:9000").port == 9000);
  CHECK(parse_wish("terminal:9000").is_terminal);
  for (const char* wrong : {"of", "0x10", "65536", "-1", "unix:", "80 "})
    CHECK(sentence_of([&] { static_cast<void>(parse_wish(wrong)); }) ==
          "WEIR_DASHBOARD: must be on, off, a port from 1 to 65535 or unix:PATH (got " + std::string(wrong) +
              "); write for example WEIR_DASHBOARD=8787");
}

TEST_CASE("a request must know the token, come to this machine and from this page") {
  const std::string token = "abc";
  const auto status = [&](const Credentials& who) {
    const auto answer = refuse(who, token, "weir_1", {"portal.example"});
    return answer ? answer->status : 200;
  };
  CHECK(status({"localhost:8787", "", "weir_1=abc", "", ""}) == 200);
  CHECK(status({"127.0.0.1", "", "other=1; weir_1=abc; x=2", "", ""}) == 200);
  CHECK(status({"[::1]:80", "", "", "Bearer abc", ""}) == 200);
  CHECK(status({"portal.example", "https://portal.example", "", "", "abc"}) == 200);
  CHECK(status({"localhost", "", "", "", ""}) == 401);
  CHECK(status({"localhost", "", "weir_1=", "", ""}) == 401);
  CHECK(status({"localhost", "", "weir_2=abc", "", ""}) == 401);
  CHECK(status({"localhost", "", "xweir_1=abc", "", "ab"}) == 401);
  CHECK(status({"localhost", "", "", "Basic abc", ""}) == 401);
  CHECK(status({"evil.example", "", "weir_1=abc", "", ""}) == 421);
  CHECK(status({"", "", "weir_1=abc", "", ""}) == 421);
  CHECK(status({"localhost.evil.example", "", "weir_1=abc", "", ""}) == 421);
  CHECK(status({"localhost:8787", "http://evil.example", "weir_1=abc", "", ""}) == 403);
  CHECK(status({"localhost:8787", "null", "weir_1=abc", "", ""}) == 403);
  CHECK(status({"localhost:8787", "http://localhost:8787", "weir_1=abc", "", ""}) == 200);
}

TEST_CASE("a proxy may put its own Host into requests of its page") {
  const auto status = [&](const std::string& origin, const std::string& fetch_site) {
    const Credentials who{"127.0.0.1:8787", origin, "weir_1=abc", "", "", fetch_site};
    const auto answer = refuse(who, "abc", "weir_1", {"portal.example", "hub.example:8443"});
    return answer ? answer->status : 200;
  };
  CHECK(status("https://nowhere.example", "same-origin") == 200);  // the browser knows
  CHECK(status("https://portal.example", "") == 200);
  CHECK(status("https://hub.example:8443", "") == 200);
  CHECK(status("https://portal.example:9000", "") == 403);  // somebody else's program on that machine
  CHECK(status("https://hub.example", "") == 403);
  CHECK(status("https://nowhere.example", "same-site") == 403);
  CHECK(status("https://nowhere.example", "cross-site") == 403);
  CHECK(status("null", "") == 403);
}

TEST_CASE("targets are split, and numbers kept within bounds") {
  const Target target = parse_target("/json/history?rows=7&from_s=1e99&x=%41%zz+b&&=&rows=9");
  CHECK(target.path == "/json/history");
  CHECK(target.number("rows", 1, 0, 100) == 9);
  CHECK(target.number("from_s", 1, 0, 100) == 100);
  CHECK(target.number("x", 5, 0, 100) == 5);
  CHECK(target.number("none", 5, 0, 100) == 5);
  CHECK(target.parameters.at("x") == "A%zz b");
  CHECK(parse_target("/node/n17.site/8787/json/jobs?x").path == "/json/jobs");
  CHECK(parse_target("/node/n17.site/8787/").path == "/");
  for (const char* other : {"/node/n17/8787", "/node/n17/x/json", "/node/", "/node//json", "/nodes/a/1/"})
    CHECK(parse_target(other).path == other);
  CHECK(parse_target("").path.empty());
  CHECK(parse_target("?").path.empty());
}

TEST_CASE("a program is seen through its socket, and its record is there afterwards") {
  const Folder state;
  Dashboard dashboard(a_source(), at(state.path() / "page"));
  const Run run = wait_for_page(state.path());
  CHECK(run.program.job == "4711");
  CHECK(is_alive(run));
  struct stat status {};
  REQUIRE(stat((state.path() / "page").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(stat((run.folder / "run.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(stat(run.folder.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);

  const auto picture = nlohmann::json::parse(fetch(run, "/json/picture"));
  CHECK(picture.at("functions").at(0).at("name") == "</script><b>f");
  CHECK(picture.at("functions").at(0).at("submitted") == 100);
  CHECK(picture.at("workers").at(0).at("name") == "worker <1>");
  CHECK(nlohmann::json::parse(fetch(run, "/json/history")).at("columns").at(0) == "time_s");
  CHECK(nlohmann::json::parse(fetch(run, "/json/task_stream?from_us=-1e9&to_us=1e9")).at("blocks").size() ==
        1);
  const auto whole = nlohmann::json::parse(fetch(run, "/json/page?page=tasks&seconds=1e9"));
  CHECK(whole.at("stream").at("from_us") == 0);  // not long before it began
  CHECK(fetch(run, "/metrics").find("weir_workers 1\n") != std::string::npos);
  CHECK(fetch(run, "/health") == "ok\n");
  CHECK(fetch(run, "/app.js").find("import") != std::string::npos);
  CHECK(sentence_of([&] { static_cast<void>(fetch(run, "/../run.json")); }).find("there is no such page") !=
        std::string::npos);
  Run stranger = run;
  stranger.token = "guess";
  CHECK(sentence_of([&] { static_cast<void>(fetch(stranger, "/json/picture")); }).find("needs the token") !=
        std::string::npos);
  CHECK(fetch(stranger, "/health") == "ok\n");
  std::this_thread::sleep_until(std::chrono::steady_clock::now());
  while (nlohmann::json::parse(fetch(run, "/json/picture")).at("program").at("now_s") < 1.0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  dashboard.stop();
  CHECK_FALSE(fs::exists(state.path() / "page"));

  const Run ended = find_run("last", state.path());
  CHECK_FALSE(is_alive(ended));
  CHECK(ended.token.empty());
  const std::string html = report(read_record(ended));
  CHECK(html.size() < 2'000'000);
  CHECK(html.find("</script><b>f") == std::string::npos);
  CHECK(html.find("\\u003c/script\\u003e\\u003cb\\u003ef") != std::string::npos);
  CHECK(html.find("src=\"") == std::string::npos);
  CHECK(html.find("href=\"") == std::string::npos);
  CHECK(html.find("\nimport ") == std::string::npos);
}

TEST_CASE("a report has at most 2 MB, whatever is in the record") {
  nlohmann::json record = {{"picture", {{"program", {{"name", "p"}}}, {"failures", nlohmann::json::array()}}},
                           {"history", {{"rows", nlohmann::json::array()}}},
                           {"profile", {{"tree", std::string(400'000, '<')}}},
                           {"graph", "kept if there is room"}};
  const std::string page = report(record.dump());
  CHECK(page.size() < 2'000'000);
  CHECK(page.find("kept if there is room") != std::string::npos);
  for (int i = 0; i < 100; ++i)
    record["picture"]["failures"].push_back({{"task", "t"}, {"story", {std::string(5'000, 'x')}}});
  record["task_stream"] = std::string(1'800'000, 'x');
  CHECK(report(record.dump()).size() < 2'000'000);
}

TEST_CASE("a program that ends at once leaves nothing") {
  const Folder state;
  { Dashboard dashboard(a_source(), parse_wish("unix:" + (state.path() / "page").string())); }
  CHECK(runs(state.path()).empty());
  { Dashboard dashboard(a_source(), parse_wish("off")); }
  CHECK(runs(state.path()).empty());
}

TEST_CASE("the record of a program that does nothing is not written again and again") {
  const Folder state;
  std::atomic<std::uint64_t> submitted{100};
  const Dashboard dashboard(a_source_of([&] { return submitted.load(); }), at(state.path() / "page"));
  const Run run = wait_for_page(state.path());
  const auto seconds = [&] {
    return nlohmann::json::parse(fetch(run, "/json/picture")).at("program").at("now_s").get<double>();
  };
  const auto file = [&] {  // another one with each record
    struct stat status {};
    return stat(run.record().c_str(), &status) == 0 ? status.st_ino : 0;
  };
  const auto wait = [&](const auto& ready) {
    for (int i = 0; i < 500 && !ready(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return ready();
  };
  REQUIRE(wait([&] { return file() != 0; }));
  const auto first = file();
  REQUIRE(wait([&] { return seconds() > 2; }));
  CHECK(file() == first);
  submitted = 101;
  CHECK(wait([&] { return file() != first; }));
}

TEST_CASE("a port that somebody has is left to him, a path that a program listens at too") {
  boost::asio::io_context loop;
  Server first(loop, "t", "c", {}, [](const Target&) { return Answer{}; });
  const std::uint16_t port = first.listen(static_cast<std::uint16_t>(40000 + getpid() % 20000));
  Server second(loop, "t", "c", {}, [](const Target&) { return Answer{}; });
  CHECK(second.listen(port) > port);
  const Folder state;
  const fs::path path = state.path() / "page";
  first.listen(path);
  CHECK(sentence_of([&] { second.listen(path); }) ==
        "dashboard: a socket cannot be made at " + path.string() +
            " (another program listens there); WEIR_DASHBOARD=unix:PATH "
            "names another place");
  std::ofstream(state.path() / "file") << "mine";
  CHECK(sentence_of([&] { second.listen(state.path() / "file"); }).find("(something else is there)") !=
        std::string::npos);
}

TEST_CASE("runs are found by id, job, process, program or as the last") {
  const Folder state;
  CHECK(sentence_of([&] { static_cast<void>(find_run("", state.path())); }) ==
        "no program has left anything (got nothing in " + (state.path() / "runs").string() +
            "); programs do once they have run for a second, unless WEIR_DASHBOARD is off");
  Run run;
  run.program = {"1-node-5", "app", "node", "77", 5, 1, true};
  RunFolder old(run, state.path());
  run.program = {"2-node-6", "other", "node", "", 6, 2, true};
  RunFolder young(run, state.path());
  CHECK(find_run("", state.path()).program.id == "2-node-6");
  CHECK(find_run("last", state.path()).program.id == "2-node-6");
  for (const char* which : {"1-node-5", "77", "5", "app"})
    CHECK(find_run(which, state.path()).program.id == "1-node-5");
  CHECK(
      sentence_of([&] { static_cast<void>(find_run("x\n", state.path())); }) ==
      "there must be a run with this id, job, process or program (got x\\n); `weir status` lists those there "
      "are");
  std::array<char, 256> here{};
  REQUIRE(gethostname(here.data(), here.size() - 1) == 0);
  run.program = {"0-here-1", "app", here.data(), "",
                 getpid(),   0,     true};  // the oldest, and the only one alive
  RunFolder alive(run, state.path());
  for (const char* which : {"", "app"})
    CHECK(find_run(which, state.path(), Before::alive).program.id == "0-here-1");
  CHECK(find_run("app", state.path()).program.id == "1-node-5");
  CHECK(find_run("last", state.path(), Before::alive).program.id == "2-node-6");
  CHECK(find_run("other", state.path(), Before::alive).program.id == "2-node-6");
  std::ofstream(state.path() / "runs" / "2-node-6" / "run.json") << "{";
  CHECK(find_run("", state.path()).program.id == "1-node-5");
}

TEST_CASE("a disk that is full keeps the last record, and the next one is tried again") {
  const Folder state;
  Run run;
  run.program = {"1-node-5", "app", "node", "", 5, 1, true};
  RunFolder folder(run, state.path());
  folder.record("{\"first\": 1}");
  CHECK(folder.problem().empty());
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const rlimit full{100, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
  folder.record(std::string(10'000, 'x'));
  const std::string problem = folder.problem();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  std::signal(SIGXFSZ, before);
  CHECK(problem == (folder.path() / "record.json").string() + " cannot be written (File too large)");
  const auto text_of_record = [&] {
    std::ifstream file(folder.path() / "record.json");
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  CHECK(text_of_record() == "{\"first\": 1}");
  CHECK_FALSE(fs::exists(folder.path() / "record.json.new"));
  folder.record("{\"second\": 2}");
  CHECK(folder.problem().empty());
  CHECK(text_of_record() == "{\"second\": 2}");
}

TEST_CASE("a dashboard without descriptors is there as soon as there are some, and comes back") {
  const Folder state;
  const fs::path page = state.path() / "page";
  std::optional<Dashboard> dashboard;
  {
    const NoDescriptors none;
    dashboard.emplace(a_source_of([tasks = 0]() mutable { return ++tasks; }), at(page));
    REQUIRE(wait_for_line("Too many open files"));
  }
  const Run run = wait_for_page(state.path());
  CHECK(fetch(run, "/health") == "ok\n");
  const weir::Descriptor peer(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const NoDescriptors none;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    page.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(wait_for_line("there will be no report of this program: "));
  }
  const std::string request = "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n";
  REQUIRE(send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string answer(4096, 0);
  const timeval patience{10, 0};
  setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const ssize_t got = recv(peer.get(), answer.data(), answer.size(), 0);
  CHECK(answer.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0).find(" 200 OK") != std::string::npos);
  CHECK(wait_for_line("there will be a report of this program after all"));
}

TEST_CASE("a folder that could not be made is made with a later record") {
  const Folder state;
  std::ofstream(state.path() / "runs") << "in the way";
  Run run;
  run.program = {"1-node-5", "app", "node", "", 5, 1, true};
  RunFolder folder(run, state.path());
  CHECK(folder.problem() == (state.path() / "runs").string() + " cannot be made (Not a directory)");
  fs::remove(state.path() / "runs");
  folder.record("{}");
  CHECK(folder.problem().empty());
  CHECK(find_run("last", state.path()).program.id == "1-node-5");
}

TEST_CASE("a page is found though the state directory cannot be written") {
  const Folder state;
  std::ofstream(state.path() / "runs") << "in the way";
  const fs::path page = state.path() / "page";
  const std::string id = std::to_string(getpid());
  {
    const Dashboard dashboard(a_source(), at(page));
    REQUIRE(wait_for_line("there will be no report of this program: " + state.path().string()));
    const Run run = find_run(id, state.path());
    CHECK(run.address == "unix:" + page.string());
    CHECK(fetch(run, "/health") == "ok\n");
  }
  CHECK_THROWS_WITH(find_run(id, state.path()),
                    Catch::StartsWith("no program has left anything (got nothing in "));
}

TEST_CASE("old runs go, and a place that cannot be written is told") {
  const Folder state;
  for (int i = 0; i < static_cast<int>(RunFolder::most_runs) + 5; ++i) {
    Run run;
    run.program = {std::to_string(i), "app", "another-host", "", 1, i, true};
    RunFolder folder(run, state.path());
    folder.end("{}");
  }
  CHECK(runs(state.path()).size() <= RunFolder::most_runs + 1);
  CHECK(runs(state.path()).front().program.id == std::to_string(RunFolder::most_runs + 4));
  fs::create_directories(state.path() / "runs" / "1-of-somebody-else");
  Run other;
  other.program = {"100-another-host-1", "app", "another-host", "", 1, 100, true};
  RunFolder(other, state.path()).end("{}");
  CHECK(fs::exists(state.path() / "runs" / "1-of-somebody-else"));  // what is no run stays
  CHECK(fs::exists(state.path() / "runs" / other.program.id));
  Run run;
  run.program.id = "x";
  CHECK(RunFolder(run, "/proc/nowhere").problem().find("/proc/nowhere/runs cannot be made (") == 0);
}
