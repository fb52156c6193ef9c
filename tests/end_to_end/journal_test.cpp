// Programs that are run again, and what they do not compute again.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "support/jobs.hpp"

using namespace weir::test;

namespace {

namespace fs = std::filesystem;

struct Place {
  Place() {
    char name[] = "/tmp/weir-journal-XXXXXX";
    folder = mkdtemp(name);
    change("one\ntwo\n");
  }
  ~Place() { fs::remove_all(folder); }
  void change(const std::string& text) const { std::ofstream(folder + "/input.txt") << text; }
  [[nodiscard]] std::vector<std::string> arguments(int count, int version) const {
    return {JOURNAL_JOB,           folder + "/j",           folder + "/runs.txt",
            std::to_string(count), std::to_string(version), folder + "/input.txt"};
  }
  // How many functions have run since the last time this was asked.
  [[nodiscard]] int runs() {
    std::ifstream in(folder + "/runs.txt");
    int lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines - std::exchange(seen, lines);
  }
  std::string folder;
  int seen = 0;
};

const std::vector<Launcher> homes{{{}, "threads"}, {{WEIR_TOOL, "run", "-n", "3"}, "three ranks"}};
// Squares of 0 to 19; sum of 1 to 100,000, twice; 3 * 3; two lines.
const std::string results = "2470 5.00005e+09 5.00005e+09 9 2\n";

}  // namespace

TEST_CASE("journal: what is asked for again is there, and it is said why the rest is not") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    Place place;
    const auto again = [&](int version) {
      return run(home.command(place.arguments(20, version)), {.deadline = std::chrono::seconds(30)});
    };
    const std::string said = "weir: journal " + place.folder + "/j: ";
    Finished first = again(0);
    CHECK(first.out == results);
    CHECK(first.err == said + "0 of 24 results reused, 24 computed: 24 of functions that are new\n");
    CHECK(place.runs() == 25);
    const Finished second = again(0);
    CHECK(second.out == results);
    CHECK(second.err == said + "24 of 24 results reused\n");
    CHECK(place.runs() == 1);  // the one that is not kept
    const Finished newer = again(1);
    CHECK(newer.out == results);
    CHECK(newer.err == said + "4 of 24 results reused, 20 computed: 20 in another version than before\n");
    CHECK(place.runs() == 21);
    place.change("one\ntwo\nthree\n");
    CHECK(again(1).err == said + "23 of 24 results reused, 1 computed: 1 with arguments that are new\n");
    CHECK(place.runs() == 2);
  }
}

TEST_CASE("journal: what is nested below a result that was found never runs") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    Place place;
    const auto again = [&](int levels, int version) {
      std::vector<std::string> words = place.arguments(levels, version);
      words.back() = "nested";
      return run(home.command(words), {.deadline = std::chrono::seconds(30)});
    };
    const std::string said = "weir: journal " + place.folder + "/j: ";
    const int nested_kept =
        home.command({}).empty() ? 3 : 0;  // tasks of the program's own process are kept too
    const std::string all = std::to_string(1 + nested_kept);
    const Finished first = again(3, 0);
    CHECK(first.out == "4\n");
    CHECK(first.err == said + "0 of " + all + " results reused, " + all + " computed: " + all +
                           " of functions that are new\n");
    CHECK(place.runs() == 4);
    const Finished second = again(3, 0);
    CHECK(second.out == "4\n");
    CHECK(second.err == said + "1 of 1 results reused\n");
    CHECK(place.runs() == 0);
    CHECK(again(3, 1).out == "4\n");
    CHECK(place.runs() == 4 - nested_kept);
  }
}

TEST_CASE("journal: what only other tasks need is kept too, and not computed for nobody") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    Place place;
    const auto again = [&](int version, const char* what, int count = 3) {
      std::vector<std::string> words = place.arguments(count, version);
      words.back() = what;
      return run(home.command(words), {.deadline = std::chrono::seconds(30)});
    };
    const std::string said = "weir: journal " + place.folder + "/j: ";
    const Finished first = again(0, "chain");
    CHECK(first.out == "1.50005e+10\n");
    CHECK(first.err == said + "0 of 6 results reused, 6 computed: 6 of functions that are new\n");
    CHECK(place.runs() == 6);
    CHECK(again(0, "chain").err == said + "6 of 6 results reused\n");
    CHECK(place.runs() == 0);
    const Finished newer = again(1, "chain");
    CHECK(newer.out == first.out);
    CHECK(newer.err == said + "3 of 6 results reused, 3 computed: 3 in another version than before\n");
    CHECK(place.runs() == 3);
    CHECK(run({WEIR_TOOL, "journal", "prune", "--function", "series", place.folder + "/j"}).status == 0);
    // Those that had begun when it turned out that nobody needs them count.
    CHECK(again(1, "chain").err.starts_with(said + "3 of "));
    static_cast<void>(place.runs());
    CHECK(again(0, "dropped", 100).out == "25\n");
    CHECK(place.runs() <= 100);  // it would be 201
  }
}

TEST_CASE("journal: a program that is killed goes on where it was") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    Place place;
    Process job(home.command(place.arguments(2000, 0)));
    while (place.seen < 300) {
      static_cast<void>(place.runs());
      weir::test::pause();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // what was there before is on the disk
    const int before = place.seen;
    job.send(SIGKILL);
    static_cast<void>(job.wait());
    static_cast<void>(place.runs());
    const Finished rest = run(home.command(place.arguments(2000, 0)), {.deadline = std::chrono::seconds(60)});
    CHECK(rest.out.substr(0, rest.out.find(' ')) == "2.66467e+09");
    CHECK(place.runs() <= 2000 + 5 - before);
  }
}

TEST_CASE("journal: two programs do not write one") {
  Place place;
  Process job({JOURNAL_JOB, place.folder + "/j", place.folder + "/runs.txt", "100000", "0",
               place.folder + "/input.txt"});
  while (!fs::exists(place.folder + "/runs.txt")) weir::test::pause();
  const Finished other = run(place.arguments(1, 0), {.deadline = std::chrono::seconds(10)});
  CHECK(other.status == 1);
  CHECK(other.err.find("j is being written by another program (process ") != std::string::npos);
  job.send(SIGKILL);
  static_cast<void>(job.wait());
}

TEST_CASE("journal: the program shows, verifies and prunes one") {
  Place place;
  const std::string folder = place.folder + "/j";
  REQUIRE(run({WEIR_TOOL, "run", "-n", "2", "--journal", folder, JOURNAL_JOB, "-", place.folder + "/runs.txt",
               "20", "0", place.folder + "/input.txt"})
              .status == 0);
  const auto weir = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {WEIR_TOOL, "journal"});
    words.push_back(folder);
    return run(words);
  };
  const std::string listed = weir({"ls"}).out;
  INFO(listed);
  CHECK(listed.find("      21 ") != std::string::npos);
  CHECK(listed.find("  simulate\n") != std::string::npos);
  const std::string keys = weir({"ls", "--keys"}).out;
  CHECK(std::count(keys.begin(), keys.end(), '\n') == 24);
  const Finished why = weir({"why", keys.substr(0, 32)});
  CHECK(why.out.find(keys.substr(0, 32) + ": a result of ") == 0);
  CHECK(weir({"why", std::string(32, '0')}).status == 2);
  CHECK(weir({"why", "abc"}).err.find("a key has 32 hexadecimal digits (got abc)") != std::string::npos);
  CHECK(weir({"verify"}).out.find("24 results in 1 segments, ") == 0);
  CHECK(weir({"prune", "--function", "sum"}).out == "1 results dropped, 23 kept\n");
  for (const auto& object : fs::directory_iterator(folder + "/objects")) fs::resize_file(object, 1000);
  const Finished verified = weir({"verify"});
  CHECK(verified.status == 1);
  CHECK(verified.out.find(" is not what was written\n") != std::string::npos);
  CHECK(run({WEIR_TOOL, "journal", "ls", place.folder + "/none"})
            .err.find("none cannot be opened: No such file") != std::string::npos);
  const auto refused = [](std::vector<std::string> words) {
    words.insert(words.begin(), {WEIR_TOOL, "journal"});
    const Finished finished = run(words);
    CHECK(finished.status == 2);
    return finished.err;
  };
  const std::string none = place.folder + "/none";
  CHECK(refused({"prune", none}) == "weir journal: journal: there is no " + none + " to drop results from\n");
  const std::string unknown = "weir journal: journal " + folder +
                              " has no result of nobody; `weir journal ls " + folder +
                              "` lists the functions it knows\n";
  CHECK(refused({"prune", "--function", "nobody", folder}) == unknown);
  CHECK(refused({"export", "--function", "nobody", folder, none}) == unknown);
  CHECK(refused({"export", folder, folder + "/"}) ==
        "weir journal: journal: " + folder + "/ is the journal itself; name another folder to copy to\n");
  const std::string other = place.folder + "/other";
  fs::create_directory(other);
  for (const char* command : {"ls", "verify", "prune"})
    CHECK(refused({command, other}) == "weir journal: journal: " + other +
                                           " holds no journal; `weir run --journal " + other +
                                           " PROGRAM` would make one there\n");
  CHECK(fs::is_empty(other));
  CHECK(refused({"verfy", other}) ==
        "weir journal: journal: the command must be one of ls, why, verify, prune, export (got verfy), "
        "did you mean verify?\n");
  CHECK_FALSE(fs::exists(none));
}

TEST_CASE("journal: what was found is found again when the worker that had it dies") {
  Place place;
  const auto again = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {WEIR_TOOL, "run", "-n", "3"});
    return run(words, {.deadline = std::chrono::seconds(60)});
  };
  REQUIRE(again(place.arguments(20, 0)).out == results);
  static_cast<void>(place.runs());
  std::vector<std::string> dying = place.arguments(20, 0);
  dying.push_back(place.folder + "/died");
  const Finished finished = again(dying);
  INFO(finished.err);
  CHECK(finished.out == "900009 " + results);
  CHECK(fs::exists(place.folder + "/died"));
  CHECK(finished.err.find("j: 25 of 25 results reused\n") != std::string::npos);
  CHECK(place.runs() <= 2);  // what is not kept, which may have died too
}

TEST_CASE("journal: a function can be computed again, nothing at all, or elsewhere") {
  Place place;
  const std::string said = "weir: journal " + place.folder + "/j: ", program = JOURNAL_JOB;
  const auto with = [&](std::vector<std::string> words, const std::string& folder) {
    words.insert(words.begin(), {WEIR_TOOL, "run", "-n", "2", "--journal", folder});
    words.insert(words.end(),
                 {program, "-", place.folder + "/runs.txt", "20", "0", place.folder + "/input.txt"});
    return run(words, {.deadline = std::chrono::seconds(60)});
  };
  const std::string folder = place.folder + "/j", copy = place.folder + "/copy";
  CHECK(with({}, "").err == "weir run: --journal needs a value (got \"\")\n");
  const Finished aimless = run({WEIR_TOOL, "run", "-n", "1", "--rerun", "sum", program, "-",
                                place.folder + "/runs.txt", "2", "0", place.folder + "/input.txt"});
  CHECK(aimless.status == 1);
  CHECK(aimless.err ==
        "weir: the program ended with an error: weir run: --rerun is about a journal, and the program has "
        "opened none: everything was computed; name it, --journal FOLDER\n");
  static_cast<void>(place.runs());
  const Finished dry = with({"--dry-run"}, folder);
  CHECK(dry.status != 0);
  CHECK(dry.err.find(said + "0 of 20 results reused, 20 to compute: 20 of functions that are new\n") !=
        std::string::npos);
  CHECK(dry.err.find("a dry run computes nothing") != std::string::npos);
  CHECK(place.runs() == 0);
  CHECK(with({}, folder).out == results);
  CHECK(with({"--dry-run"}, folder).err == said + "24 of 24 results reused\n");
  CHECK(with({"--rerun", "sum", "--rerun", "lines_of"}, folder).err ==
        said + "22 of 24 results reused, 2 computed: 2 that were to be computed again\n");
  CHECK(with({"--rerun", "nobody"}, folder).err.find("there is no result of nobody to forget") !=
        std::string::npos);
  CHECK(run({WEIR_TOOL, "journal", "export", folder, copy}).out == "24 results copied to " + copy + "\n");
  fs::remove_all(folder);
  const Finished elsewhere = with({}, copy);
  CHECK(elsewhere.out == results);
  CHECK(elsewhere.err == "weir: journal " + copy + ": 24 of 24 results reused\n");
  const Finished pruned = run({WEIR_TOOL, "journal", "prune", "--to", "1kB", copy});
  CHECK(pruned.out == "1 results dropped, 23 kept\n");
}

TEST_CASE("journal: killed at any moments, it ends with what it would have been") {
  const char* wanted = std::getenv("KILLS");
  const int kills = wanted ? std::atoi(wanted) : 4;
  std::mt19937 random(7);
  Place place;
  for (int i = 0; i < kills; ++i) {
    const Launcher& home = homes[static_cast<std::size_t>(i) % homes.size()];
    Process job(home.command(place.arguments(400, 0)));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1200));
    job.send(SIGKILL);
    static_cast<void>(job.wait());
  }
  const Finished last = run(place.arguments(400, 0), {.deadline = std::chrono::seconds(60)});
  INFO(last.err);
  CHECK(last.out == "2.12534e+07 5.00005e+09 5.00005e+09 9 2\n");
  // Ranks whose launcher was killed are gone within seconds, and may run something until then.
  while (place.runs() > 0) std::this_thread::sleep_for(std::chrono::seconds(2));
  const Finished again = run(place.arguments(400, 0), {.deadline = std::chrono::seconds(60)});
  CHECK(again.out == last.out);
  CHECK(place.runs() == 1);
}

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A result that the program had seen was there ever after.
void check_notes(const std::string& path) {
  std::ifstream in(path);
  std::set<std::string> seen;
  for (std::string what, number; in >> what >> number;) {
    if (what == "seen") seen.insert(number);
    else CHECK(seen.count(number) == 0);
  }
  CHECK(seen.size() == 201);  // and the array
}

}  // namespace

TEST_CASE("journal: tasks, streams and arrays that are killed at any moment give what they give without") {
  const Place once;
  REQUIRE(run({RESUME_JOB, once.folder}, {.deadline = std::chrono::seconds(60)}).status == 0);
  const char* wanted = std::getenv("KILLS");
  std::mt19937 random(5);
  for (const Launcher& home : homes) {
    INFO(home.name);
    const Place often;
    for (int kills = wanted ? std::atoi(wanted) : 3; kills > 0; --kills) {
      Process job(home.command({RESUME_JOB, often.folder}));
      std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 900));
      const char* const victims[] = {"", "/rank0", "/worker"};
      const std::string victim = victims[random() % 3];
      const int process = victim.empty() ? 0 : std::atoi(text_of(often.folder + victim).c_str());
      if (process <= 0 || kill(process, SIGKILL) != 0) job.send(SIGKILL);
      static_cast<void>(job.wait());
      fs::remove(often.folder + "/rank0");  // the numbers of processes come back
      fs::remove(often.folder + "/worker");
    }
    CHECK(run(home.command({RESUME_JOB, often.folder}), {.deadline = std::chrono::seconds(60)}).status == 0);
    check_notes(often.folder + "/notes");
    for (const char* name : {"/groups.txt", "/windows.txt", "/array.txt"}) {
      CHECK(text_of(often.folder + name) == text_of(once.folder + name));
      CHECK_FALSE(text_of(once.folder + name).empty());
    }
  }
}
