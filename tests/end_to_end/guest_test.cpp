// Other programs as clients of a running one: they share, they die, it dies, and they are refused.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "support/jobs.hpp"

using namespace weir::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("several programs work with the cluster of one") {
  for (const Launcher& home : {Launcher{{}, "threads"}, Launcher{{WEIR_TOOL, "run", "-n", "3"}, "ranks"}}) {
    INFO(home.name);
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/session.json";
    Process server(home.command({GUEST_JOB, "serve", file}));
    server.wait_for("ready");
    Process first({GUEST_JOB, "ask", file, "5"}), second({GUEST_JOB, "ask", file, "7"});
    const Finished& asked = first.wait();
    INFO(asked.out << asked.err);
    CHECK(asked.status == 0);
    CHECK(asked.out ==
          "submit 15\ngather 2\nown 150000\npublished 100000\nvariable 41\nactor 1\nworkers: only the "
          "program that has opened the session can ask this; a connected client can submit, map, gather, "
          "wait, and use what is shared by name\nasked\n");
    CHECK(asked.err.empty());
    CHECK(second.wait().status == 0);
    server.wait_for("heard 5");
    // One that is killed gives back what it holds and has published; its tasks are nobody's.
    Process deadly({GUEST_JOB, "die", file});
    deadly.wait_for("waiting");
    deadly.send(SIGKILL);
    static_cast<void>(deadly.wait());
    CHECK(run({GUEST_JOB, "tell", file, "look"}).status == 0);
    server.wait_for("door free, 1 published, ");
    CHECK(run({GUEST_JOB, "tell", file, "end"}).status == 0);
    CHECK(server.wait().status == 0);
    CHECK(server.err().empty());
    CHECK(text_of(file).empty());
  }
}

TEST_CASE("clients go on when a worker dies, and when another client does") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/session.json";
  Process server({WEIR_TOOL, "run", "-n", "5", GUEST_JOB, "serve", file});
  server.wait_for("ready");
  Process deadly({GUEST_JOB, "die", file});
  deadly.wait_for("waiting");
  for (int death = 0; death < 2; ++death) {
    const Finished through = run({GUEST_JOB, "through", file});
    INFO(through.out << through.err);
    CHECK(through.status == 0);
    CHECK(through.out == "through 6, 50000\n");
    if (death > 0) continue;
    deadly.send(SIGKILL);
    static_cast<void>(deadly.wait());
  }
  CHECK(run({GUEST_JOB, "tell", file, "look"}).status == 0);
  server.wait_for("door free, 1 published, 2 workers");
  CHECK(run({GUEST_JOB, "tell", file, "end"}).status == 0);
  CHECK(server.wait().status == 0);
}

TEST_CASE("a client whose program dies is told, and one that does not fit is refused") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/session.json";
  Process server({GUEST_JOB, "serve", file});
  server.wait_for("ready");
  const Finished again = run({GUEST_JOB, "serve", file});
  CHECK(again.status == 1);
  CHECK(has(again.err, "is there and belongs to a session that is open; choose another name"));
  const std::string open = text_of(file), other = folder.path() + "/other.json";
  const auto refusal = [&](const std::string& what, const std::string& by, mode_t mode) {
    std::string text = open;
    if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
    write_file(other, text, mode);
    chmod(other.c_str(), mode);
    return run({GUEST_JOB, "ask", other});
  };
  CHECK(has(refusal("", "", 0644).err, "must be readable by its owner alone"));
  CHECK(has(refusal("\"build_id\": \"", "\"build_id\": \"0", 0600).err,
            "was opened by another executable (build 0"));
  CHECK(has(refusal("\"weir_session\"", "\"none\"", 0600).err, "is no session file"));
  const std::size_t key = open.find("\"key\": \"") + 8;
  const Finished wrong = refusal(open.substr(key, 16), std::string(16, '0'), 0600);
  CHECK(wrong.status == 3);
  CHECK(has(wrong.err, "Client::connect: the program of "));
  CHECK(has(run({GUEST_JOB, "ask", folder.path() + "/none"}).err, "is not there"));
  CHECK(has(run({GUEST_JOB, "ask", folder.path()}).err, "is no session file"));
  CHECK(has(run({GUEST_JOB, "ask", "/dev/null"}).err, "is no session file"));
  const std::string pipe = folder.path() + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(has(run({GUEST_JOB, "ask", pipe}, {.deadline = std::chrono::seconds(10)}).err, "is no session file"));
  Process waiting({GUEST_JOB, "wait", file});
  waiting.wait_for("waiting");
  server.send(SIGKILL);
  static_cast<void>(server.wait());
  CHECK(waiting.wait().status == 3);
  CHECK(has(waiting.err(), "the program of the session "));
  CHECK(has(run({GUEST_JOB, "ask", file}).err, "belongs to a session that has ended"));
}
