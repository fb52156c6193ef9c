// Two hosts on one machine: network namespaces joined by a cable, each with a name of its own.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "support/process.hpp"

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// A name that no other run of this test has.
std::string named(const char* beginning) {
  return std::string(beginning).append(std::to_string(getpid() % 100000));
}

bool ip(const std::vector<std::string>& words) {
  std::vector<std::string> command{"/sbin/ip"};
  command.insert(command.end(), words.begin(), words.end());
  return run(command).status == 0;
}

/// Namespaces a and b, 10.77.0.1 and 10.77.0.2; gone with the object.
struct Hosts {
  std::string a = named("weira"), b = named("weirb");
  bool there = false;
  Hosts() {
    if (geteuid() != 0 || access("/sbin/ip", X_OK) != 0) return;
    there = ip({"netns", "add", a}) && ip({"netns", "add", b}) &&
            ip({"link", "add", named("wa"), "netns", a, "type", "veth", "peer", "name", named("wb"), "netns",
                b}) &&
            ip({"-n", a, "address", "add", "10.77.0.1/24", "dev", named("wa")}) &&
            ip({"-n", b, "address", "add", "10.77.0.2/24", "dev", named("wb")}) &&
            ip({"-n", a, "link", "set", named("wa"), "up"}) &&
            ip({"-n", b, "link", "set", named("wb"), "up"}) && ip({"-n", a, "link", "set", "lo", "up"}) &&
            ip({"-n", b, "link", "set", "lo", "up"});
  }
  ~Hosts() {
    for (const std::string& host : {a, b}) (void)ip({"netns", "delete", host});
  }
  /// `command` on that host, under its own name.
  [[nodiscard]] std::vector<std::string> on(const std::string& host,
                                            const std::vector<std::string>& command) const {
    std::vector<std::string> all{"/sbin/ip",
                                 "netns",
                                 "exec",
                                 host,
                                 "/usr/bin/unshare",
                                 "-u",
                                 "/bin/sh",
                                 "-c",
                                 "hostname " + host + "; exec \"$@\"",
                                 "sh"};
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
};

}  // namespace

TEST_CASE("workers of another host join over the network that was named") {
  const Hosts hosts;
  if (!hosts.there) {
    WARN("skipped: network namespaces are not permitted here");
    return;
  }
  const TemporaryFolder folder;
  ProcessOptions options{.environment = {{"WEIR_STATE_DIR", folder.path()}, {"WEIR_LOG", ""}},
                         .deadline = 100s};
  const ProcessOptions with_input{
      .environment = options.environment, .input = std::string(1, '\n'), .deadline = options.deadline};
  for (const std::string& network : {named("wa"), std::string("10.77.0.1"), std::string("any")}) {
    INFO(network);
    Process program(hosts.on(hosts.a, {ELASTIC_PROGRAM, "hold", "3", network}), with_input);
    program.wait_for(".json\n");
    const auto begin = program.out().find("file ") + 5;
    const std::string file = program.out().substr(begin, program.out().find('\n', begin) - begin);
    options.environment["WEIR_CONNECT"] = file;
    Process far(hosts.on(hosts.b, {WEIR_TOOL, "run", "-n", "2", ELASTIC_PROGRAM, "x", "y"}), options);
    Process near(hosts.on(hosts.a, {ELASTIC_PROGRAM, "x", "y"}), options);
    const Finished done = program.wait();
    INFO(done.err);
    CHECK(done.status == 0);
    CHECK(done.out.find("sum 332833500 of 3") != std::string::npos);
    CHECK(far.wait().status == 0);
    CHECK(near.wait().status == 0);
  }
}

TEST_CASE("a worker that cannot reach the program says so and ends") {
  const Hosts hosts;
  if (!hosts.there) {
    WARN("skipped: network namespaces are not permitted here");
    return;
  }
  const TemporaryFolder folder;
  ProcessOptions options{.environment = {{"WEIR_STATE_DIR", folder.path()}, {"WEIR_LOG", ""}},
                         .deadline = 100s};
  Process program(hosts.on(hosts.a, {ELASTIC_PROGRAM, "hold", "1"}), options);
  program.wait_for(".json\n");
  const auto begin = program.out().find("file ") + 5;
  options.environment["WEIR_CONNECT"] = program.out().substr(begin, program.out().find('\n', begin) - begin);
  options.environment["WEIR_DEATH_TIMEOUT"] = "500ms";
  const Finished lost = run(hosts.on(hosts.b, {ELASTIC_PROGRAM, "x", "y"}), options);
  CHECK(lost.status == 1);
  CHECK(lost.err.find("weir: the scheduler (process ") == 0);
  CHECK(lost.err.find(" within 500ms (WEIR_DEATH_TIMEOUT): it cannot be reached (Connection refused); if it "
                      "lives, another "
                      "network may be needed (interface)") != std::string::npos);
  // The same for one that was killed, and had no time to take its file away; that the host is another one of
  // another kernel has to be written into it.
  options.environment.erase("WEIR_CONNECT");
  Process killed(hosts.on(hosts.a, {ELASTIC_PROGRAM, "hold", "1", named("wa")}), options);
  killed.wait_for(".json\n");
  const auto at = killed.out().find("file ") + 5;
  std::string text;
  std::getline(std::ifstream(killed.out().substr(at, killed.out().find('\n', at) - at)), text, '\0');
  killed.send(SIGKILL);
  (void)killed.wait();
  text.replace(text.find("\"host_id\": \"") + 12, 8, "elsewher");
  options.environment["WEIR_CONNECT"] = folder.path() + "/elsewhere.json";
  write_file(options.environment["WEIR_CONNECT"], text, 0600);
  const auto before = std::chrono::steady_clock::now();
  const Finished late = run(hosts.on(hosts.b, {ELASTIC_PROGRAM, "x", "y"}), options);
  CHECK(late.status == 1);
  CHECK(late.err.find(" within 500ms (WEIR_DEATH_TIMEOUT): it cannot be reached (Connection refused)") !=
        std::string::npos);
  CHECK(std::chrono::steady_clock::now() - before < 10s);
}
