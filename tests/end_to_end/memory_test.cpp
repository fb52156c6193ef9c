// Jobs whose results do not fit into memory: on threads and on ranks.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "support/jobs.hpp"

using namespace weir::test;

namespace {

const std::vector<Launcher> homes{{{}, "threads"}, {{WEIR_TOOL, "run", "-n", "3"}, "three ranks"}};

int number_after(const std::string& word, const std::string& text) {
  const std::size_t at = text.find(word + ' ');
  return at == std::string::npos ? -1 : std::atoi(text.c_str() + at + word.size() + 1);
}

}  // namespace

TEST_CASE("job with results of six times its memory gives the right ones, within its memory") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    const TemporaryFolder folder;
    const Finished finished = run(
        home.command({MEMORY_JOB, "fits"}),
        {.environment = {{"WEIR_MEMORY_LIMIT", "40MB"}, {"TMPDIR", folder.path()}, {"WEIR_THREADS", "2"}}});
    INFO(finished.out << finished.err);
    CHECK(finished.status == 0);
    CHECK(number_after("right", finished.out) == 120);
    CHECK(number_after("fetched", finished.out) == 1);
    CHECK(number_after("spilled", finished.out) == 1);
    CHECK(number_after("peak", finished.out) <
          130);  // 240 MB of results; the process itself has some 30 MB, 50 with MPI
    CHECK(std::filesystem::is_empty(folder.path()));
  }
}

TEST_CASE("arrays of six times the memory go from file to file, and from rows to columns") {
  for (const Launcher& home : homes) {
    const TemporaryFolder folder;
    const ProcessOptions options{
        .environment = {{"WEIR_MEMORY_LIMIT", "40MB"}, {"TMPDIR", folder.path()}, {"WEIR_THREADS", "2"}}};
    for (const char* what : {"arrays", "rechunk"}) {
      INFO(home.name << ": " << what);
      const Finished finished = run(home.command({MEMORY_JOB, what, folder.path()}), options);
      INFO(finished.out << finished.err);
      CHECK(finished.status == 0);
      CHECK(number_after("right", finished.out) == 1);
      CHECK(number_after("peak", finished.out) < 150);  // 240 MB of array
    }
  }
}

TEST_CASE("lists larger than the memory are sorted exactly") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    const TemporaryFolder folder;
    const Finished finished = run(
        home.command({MEMORY_JOB, "sorted"}),
        {.environment = {{"WEIR_MEMORY_LIMIT", "6MB"}, {"TMPDIR", folder.path()}, {"WEIR_THREADS", "2"}}});
    INFO(finished.out << finished.err);
    CHECK(finished.status == 0);
    CHECK(number_after("sorted", finished.out) == 1);
    CHECK(number_after("peak", finished.out) < 120);  // 134 MB of numbers, and as many that are sorted
  }
}

TEST_CASE("what is unique in arrays larger than the memory is found exactly, many or few elements") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    const TemporaryFolder folder;
    const Finished finished = run(
        home.command({MEMORY_JOB, "unique"}),
        {.environment = {{"WEIR_MEMORY_LIMIT", "6MB"}, {"TMPDIR", folder.path()}, {"WEIR_THREADS", "2"}}});
    INFO(finished.out << finished.err);
    CHECK(finished.status == 0);
    CHECK(number_after("unique", finished.out) == 1);
    CHECK(number_after("counted", finished.out) == 1);
    CHECK(number_after("few", finished.out) == 1);
    CHECK(number_after("in", finished.out) == 1);
    CHECK(number_after("peak", finished.out) <
          150);  // what is different in 67 MB and how often: 134 MB, twice
  }
}

TEST_CASE("job that can spill nothing says so and keeps what it has") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    const Finished finished =
        run(home.command({MEMORY_JOB, "full"}),
            // Ten of them to the byte: what is made of them, a number each, has room nevertheless.
            {.environment = {{"WEIR_MEMORY_LIMIT", "40MB"}, {"WEIR_SPILL_DIRECTORY", "/nowhere/at/all"}}});
    INFO(finished.out << finished.err);
    CHECK(finished.status == 0);
    CHECK(number_after("fitted", finished.out) >= 9);
    CHECK(number_after("refused", finished.out) >= 30);
    CHECK(number_after("fitted", finished.out) + number_after("refused", finished.out) == 60);
    CHECK(finished.out.find("its result of 4 MB has no room: the results of its worker take ") !=
          std::string::npos);
    CHECK(finished.out.find("a file cannot be made in /nowhere/at/all: No such file or directory") !=
          std::string::npos);
  }
}

TEST_CASE("job that is killed leaves nothing on the disk") {
  const TemporaryFolder folder;
  Process job({MEMORY_JOB, "killed"},
              {.environment = {{"WEIR_MEMORY_LIMIT", "40MB"}, {"TMPDIR", folder.path()}}});
  job.wait_for("filled");
  job.send(SIGKILL);
  CHECK(job.wait().status == 128 + SIGKILL);
  CHECK(std::filesystem::is_empty(folder.path()));
}
