// What is made of pictures and records: lines for a terminal, traces, files.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dashboard/page.hpp"
#include "seeing/picture.hpp"
#include "support/process.hpp"
#include "tool/top.hpp"
#include "weir/error.hpp"

using namespace weir::detail;
using nlohmann::json;

namespace {

/// Ten tasks of a tenth of a second, one that runs since 1 s, and a thread that waited for inputs.
seeing::Model a_program() {
  seeing::Model model([](std::uint64_t) { return std::string("wave"); });
  weir::WorkerInfo info;
  info.peer = 1;
  info.name = "worker 1";
  info.threads = 2;
  weir::Snapshot snapshot;
  snapshot.workers = {info};
  protocol::Seen seen;
  seen.now_us = 3'000'000;
  seen.interval_s = 3;
  seen.threads = 2;
  seen.functions.push_back({7, 10, 0, 1'000'000'000, 80, {{27, 10}}, 0, 0});
  seen.blocks = {{0, 1'000'000, 1'000'000, 10, 0, 0, 0, 0}, {1'500'000, 500'000, 0, 0, 0, 1, 0, 1}};
  seen.running = {{11, 7, 1'000'000}, {12, 7, 2'500'000}};
  model.tick(0, snapshot, {}, {});
  model.receive(3, 1, seen);
  model.tick(3, snapshot, {{7, 20, 10}}, {});
  model.running().front().name = "long\x1b[2J-11";
  return model;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("top names the tasks that run longest, beside all else and in 80 x 24") {
  const std::vector<std::string> lines = tool::top_lines(seeing::picture(a_program(), {}), 80, 24);
  CHECK(lines.size() <= 24);
  for (const std::string& line : lines) CHECK(line.size() <= 80);
  const std::string text = joined(lines);
  CHECK_THAT(text, Catch::Contains("RUNS LONGEST") && Catch::Contains("worker 1                 2s"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("500ms") == std::string::npos);  // that one has just begun
  json of_an_earlier_version = seeing::picture(a_program(), {});
  of_an_earlier_version.erase("running");
  CHECK(joined(tool::top_lines(of_an_earlier_version, 80, 24)).find("RUNS LONGEST") == std::string::npos);
}

TEST_CASE("top shows as much of a name as the terminal has room for") {
  json picture = seeing::picture(a_program(), {});
  const std::string name = "simulation::advance_particles(const Cell&, double)";
  picture["functions"][0]["name"] = picture["running"][0]["function"] = name;
  const auto shows = [&](const std::string& text, std::size_t columns) {
    const std::vector<std::string> lines = tool::top_lines(picture, columns, 24);
    for (const std::string& line : lines) CHECK(line.size() <= columns);
    return std::count_if(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.find(text + " ") != std::string::npos; });
  };
  CHECK(shows(name.substr(0, 35), 80) == 1);
  CHECK(shows(name, 120) == 2);
}

TEST_CASE("top writes three digits, and never a power of ten") {
  json picture = seeing::picture(a_program(), {});
  picture["functions"][0]["submitted"] = 999'960;
  picture["functions"][0]["busy_s"] = 0.99996;
  picture["functions"][0]["per_s"] = 999.7;
  const std::string text = joined(tool::top_lines(picture, 80, 24));
  CHECK_THAT(text, Catch::Contains("tasks/s 1k\n") && Catch::Contains("       1M       1k       1s "));
}

TEST_CASE("a trace tells runs and waits apart") {
  const json events = json::parse(tool::trace_of(seeing::record(a_program(), {}))).at("traceEvents");
  std::map<std::string, json> by_name;
  for (const json& event : events) by_name[event.at("name")] = event;
  CHECK(by_name["wave"]["cat"] == "task");
  CHECK(by_name["wave"]["args"]["tasks"] == 10);
  CHECK(by_name["waits for inputs"]["cat"] == "wait");
  CHECK(by_name["waits for inputs"]["dur"] == 500'000);
}

TEST_CASE("a trace in OTF2 is one that otf2-print reads, and never replaces a folder") {
  const weir::test::TemporaryFolder folder;
  const std::string made = folder.path() + "/trace";
  try {
    tool::write_otf2(seeing::record(a_program(), {}), made);
  } catch (const weir::Error& error) {
    REQUIRE(error.kind() == weir::ErrorKind::unsupported);
    CHECK(std::string(error.what()).starts_with("--otf2: this weir was built without OTF2; install "));
    return;
  }
  CHECK_THROWS_WITH(tool::write_otf2({}, made),
                    "--otf2: the folder must not be there yet (got " + made + "); name a new one");
  if (std::system("otf2-print --version > /dev/null 2>&1") != 0) return;
  REQUIRE(std::system(("otf2-print " + made + "/traces.otf2 > " + folder.path() + "/text").c_str()) == 0);
  std::stringstream text;
  text << std::ifstream(folder.path() + "/text").rdbuf();
  CHECK_THAT(text.str(), Catch::Contains("ENTER") && Catch::Contains("Region: \"wave\" <0>") &&
                             Catch::Contains("Region: \"waits for inputs\" <1>"));
}

TEST_CASE("a file that is written is whole, and what is no file is never replaced") {
  const weir::test::TemporaryFolder folder;
  const std::string file = folder.path() + "/report.html";
  CHECK(dashboard::write_whole(file, "old"));
  CHECK(dashboard::write_whole(file, "new"));
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  CHECK(text.str() == "new");
  CHECK_FALSE(std::filesystem::exists(file + ".new"));
  CHECK_FALSE(dashboard::write_whole(folder.path() + "/no/report.html", "x"));
  CHECK_FALSE(dashboard::write_whole(folder.path(), "x"));
  const std::string link = folder.path() + "/device";
  std::filesystem::create_symlink("/dev/null", link);
  CHECK(dashboard::write_whole(link, "x"));
  CHECK(std::filesystem::is_symlink(link));
}
