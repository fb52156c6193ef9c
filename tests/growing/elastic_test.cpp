// Clusters that grow and shrink, driven from outside.
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "support/process.hpp"

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

const std::string sum_1000 = "sum 332833500";

struct Place {
  TemporaryFolder folder;
  [[nodiscard]] ProcessOptions options(std::map<std::string, std::string> more = {}) const {
    more["WEIR_STATE_DIR"] = folder.path();
    more.try_emplace("WEIR_LOG", "");
    return {.environment = std::move(more), .deadline = 100s};
  }
  [[nodiscard]] bool no_session_file() const {
    const auto sessions = folder.path() + "/sessions";
    return !std::filesystem::exists(sessions) || std::filesystem::is_empty(sessions);
  }
};

// Whether no worker had stood still beyond its end, as all do where the machine does: then what it had begun
// is computed again elsewhere.
bool retired_in_time(const Finished& done) { return done.err.find(" ends in -") == std::string::npos; }

std::vector<std::string> lines_with(const std::string& text, const std::string& beginning) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(beginning)) found.push_back(line.substr(beginning.size()));
  return found;
}

std::string file_of(Process& program) {
  program.wait_for("file ");
  program.wait_for(".json\n");
  return lines_with(program.out(), "file ").at(0);
}

}  // namespace

TEST_CASE("a local cluster in an ordinary main works and leaves nothing behind") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "local", "2"}, place.options());
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(done.out.starts_with(sum_1000 + "\nvariable unset\npid "));
  const auto pids = lines_with(done.out, "pid ");
  CHECK(std::set<std::string>(pids.begin(), pids.end()).size() == 2);
  for (const std::string& pid : pids) CHECK(eventually([&] { return !is_running(std::stoi(pid)); }));
  CHECK(place.no_session_file());
}

TEST_CASE("the workers of a local cluster have different devices") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "slots"}, place.options({{"CUDA_VISIBLE_DEVICES", "5,6"}}));
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(done.out.find("devices 5 6\n") != std::string::npos);
}

TEST_CASE("worker threads need no door") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "threads", ""}, place.options());
  CHECK(done.out == sum_1000 + " of 2\ndone\n");
  CHECK(done.status == 0);
}

TEST_CASE("scaling down hands results over: nothing is computed again") {
  const Place place;
  const std::string file = place.folder.path() + "/ran", report = place.folder.path() + "/report.html";
  const Finished done = run({ELASTIC_PROGRAM, "scale", file}, place.options({{"WEIR_REPORT", report}}));
  INFO(done.err);
  CHECK(done.out == "right 60\nagain 285\ndone\n");
  CHECK(done.status == 0);
  std::ifstream ran(file);
  int count = 0;
  for (std::string line; std::getline(ran, line);) ++count;
  CHECK(count == 60);
  std::stringstream page;
  page << std::ifstream(report).rdbuf();
  const auto functions = page.str().substr(std::min(page.str().find("\"functions\":[{"), page.str().size()));
  CHECK_THAT(functions, Catch::Contains("\"count\":60,"));  // of `logged`, also by workers that have left
  CHECK_THAT(functions, Catch::Contains("\"count\":10,"));  // of `square`
}

TEST_CASE(
    "workers whose time is over hand their results to those that follow them: nothing is computed again") {
  const Place place;
  const std::string file = place.folder.path() + "/ran";
  const Finished done = run({ELASTIC_PROGRAM, "lifetime", file},
                            place.options({{"WEIR_LIFETIME", "2s"}, {"WEIR_LOG", "info"}}));
  INFO(done.err);
  CHECK(done.out == "sum 780\nlost 0\ndone\n");
  std::ifstream ran(file);
  int count = 0;
  for (std::string line; std::getline(ran, line);) ++count;
  CHECK(count >= 40);
  if (retired_in_time(done)) CHECK(count == 40);
}

TEST_CASE("a stream goes on while workers leave and others come: every element once, in order") {
  const Place place;
  const std::string file = place.folder.path() + "/ran";
  const Finished done =
      run({ELASTIC_PROGRAM, "stream", ""},
          place.options({{"WEIR_LIFETIME", "2s"}, {"TEST_RAN", file}, {"WEIR_LOG", "info"}}));
  INFO(done.err);
  CHECK(done.out == "in order 300 of 300\nlost 0\ndone\n");
  std::ifstream ran(file);
  std::multiset<int> elements;
  for (int x = 0; ran >> x;) elements.insert(x);
  if (retired_in_time(done)) CHECK(elements.size() == 300);
  CHECK(std::set<int>(elements.begin(), elements.end()).size() == 300);
  CHECK(done.err.find("the job of worker 1 ends in ") != std::string::npos);
  CHECK(done.err.find("the job of worker 2 ends in ") != std::string::npos);
}

TEST_CASE("a worker that has no time for what waits is replaced by one that has") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "late", ""}, place.options({{"WEIR_LIFETIME", "8s"}}));
  INFO(done.err);
  CHECK(done.out == "9\nlost 0\ndone\n");
}

TEST_CASE("a task that takes longer than workers live is not begun, and the program is told") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "too_long", ""}, place.options({{"WEIR_LIFETIME", "20s"}}));
  INFO(done.err);
  CHECK(
      done.out.find(
          "a task needs 1h, and jobs of this cluster take tasks for 10s only; ask for a longer walltime\n") ==
      0);
  CHECK(done.out.find(", since its job ends; the task may take 1h\ndone\n") != std::string::npos);
}

TEST_CASE("scale(2) and scale(0) at once leave nothing behind") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "at_once", ""}, place.options());
  INFO(done.err);
  CHECK(done.out == "nothing left\ndone\n");
  CHECK(place.no_session_file());
}

TEST_CASE("a worker that is killed is replaced, and its work done again") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "kill", ""}, place.options());
  INFO(done.err);
  CHECK(done.out == "sum 19900\nlost 1\ndone\n");
  CHECK(done.status == 0);
}

TEST_CASE("adapt grows with the work and shrinks without") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "adapt", ""}, place.options());
  INFO(done.err);
  CHECK(done.out == "grown and shrunk\ndone\n");
}

TEST_CASE("workers join the body of weir::run, of threads and of ranks, and leave it") {
  const Place place;
  const Finished alone = run({ELASTIC_PROGRAM, "inside", "local", "2"}, place.options());
  INFO(alone.err);
  CHECK(alone.out == sum_1000 + " of 3\nleft 285\ndone\n");
  CHECK(alone.status == 0);
  const Finished ranks =
      run({WEIR_TOOL, "run", "-n", "3", ELASTIC_PROGRAM, "inside", "local", "2"}, place.options());
  INFO(ranks.err);
  CHECK(ranks.out == sum_1000 + " of 4\nleft 285\ndone\n");
  CHECK(ranks.status == 0);
}

TEST_CASE("a job of ranks joins a running program and ends with it") {
  const Place place;
  Process program({ELASTIC_PROGRAM, "hold", "3"}, [&] {
    auto options = place.options();
    options.input = "\n";
    return options;
  }());
  const std::string file = file_of(program);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(std::filesystem::status(std::filesystem::path(file).parent_path()).permissions() ==
        std::filesystem::perms::owner_all);
  const auto joining = place.options({{"WEIR_CONNECT", file}});
  Process ranks({WEIR_TOOL, "run", "-n", "2", ELASTIC_PROGRAM, "x", "y"}, joining),
      single({ELASTIC_PROGRAM, "x", "y"}, joining);
  const Finished done = program.wait();
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(lines_with(done.out, sum_1000 + " of 3").size() == 1);
  CHECK(ranks.wait().status == 0);
  CHECK(ranks.out().empty());
  CHECK(single.wait().status == 0);
}

TEST_CASE("the death of the program ends its workers within seconds") {
  const Place place;
  Process program({ELASTIC_PROGRAM, "hold", "2"}, place.options());
  const std::string file = file_of(program);
  const auto joining = place.options({{"WEIR_CONNECT", file}});
  Process ranks({WEIR_TOOL, "run", "-n", "2", ELASTIC_PROGRAM, "x", "y"}, joining);
  program.wait_for(sum_1000);
  const auto before = std::chrono::steady_clock::now();
  program.send(SIGKILL);
  CHECK(ranks.wait().status != 0);
  CHECK(std::chrono::steady_clock::now() - before < 15s);
  const Finished late = run({ELASTIC_PROGRAM, "x", "y"}, joining);
  CHECK(late.status == 1);
  CHECK(late.err.starts_with("weir: session file " + file +
                             ": belongs to a session that has ended (process " +
                             std::to_string(program.pid()) + " on "));
  CHECK(run({ELASTIC_PROGRAM, "at_once", ""}, place.options()).status == 0);
  CHECK(place.no_session_file());  // the next session has swept it away
}

TEST_CASE("strangers are refused with a sentence, and the program goes on") {
  const Place place;
  Process program({ELASTIC_PROGRAM, "hold", "1"}, [&] {
    auto options = place.options();
    options.input = "\n";
    return options;
  }());
  const std::string file = file_of(program);
  const Finished other = run({OTHER_PROGRAM}, place.options({{"WEIR_CONNECT", file}}));
  CHECK(other.status == 1);
  CHECK(other.err.find("does not let this worker in: it runs another executable (build ") !=
        std::string::npos);
  std::string text;
  std::getline(std::ifstream(file), text, '\0');
  const auto key = text.find("\"key\": \"") + 8;
  text.replace(key, 8, text.compare(key, 8, "00000000") == 0 ? "11111111" : "00000000");
  const std::string forged = place.folder.path() + "/forged.json";
  write_file(forged, text, 0600);
  const Finished wrong = run({ELASTIC_PROGRAM, "x", "y"},
                             place.options({{"WEIR_CONNECT", forged}, {"WEIR_DEATH_TIMEOUT", "300ms"}}));
  CHECK(wrong.status == 1);
  CHECK(wrong.err.find("could not be reached at 127.0.0.1:") != std::string::npos);
  CHECK(wrong.err.find(" within 300ms (WEIR_DEATH_TIMEOUT): it has closed the connection without showing the "
                       "session's key") != std::string::npos);
  const auto begin = std::chrono::steady_clock::now();
  const Finished none =
      run({ELASTIC_PROGRAM, "x", "y"},
          place.options({{"WEIR_CONNECT", "/nowhere.json"}, {"WEIR_DEATH_TIMEOUT", "1500ms"}}));
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(1500));
  CHECK(none.err ==
        "weir: session file /nowhere.json: was not there within 1.5s (WEIR_DEATH_TIMEOUT); the program it "
        "belongs to has ended, or has not begun\n");
  write_file(forged, "{", 0600);
  CHECK(run({ELASTIC_PROGRAM, "x", "y"}, place.options({{"WEIR_CONNECT", forged}})).err ==
        "weir: session file " + forged + ": is no session file\n");
  std::filesystem::permissions(forged, std::filesystem::perms(0644));
  CHECK(run({ELASTIC_PROGRAM, "x", "y"}, place.options({{"WEIR_CONNECT", forged}}))
            .err.find("must be readable by its owner alone") != std::string::npos);
  Process good({ELASTIC_PROGRAM, "x", "y"}, place.options({{"WEIR_CONNECT", file}}));
  CHECK(program.wait().status == 0);
  CHECK(good.wait().status == 0);
  CHECK(program.err().find("it runs another executable") != std::string::npos);
  CHECK(program.err().find("it does not have the session's key") != std::string::npos);
}

TEST_CASE("twenty workers join at once") {
  const Place place;
  const Finished done = run({ELASTIC_PROGRAM, "local", "20"}, place.options());
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(lines_with(done.out, "pid ").size() == 20);
}
