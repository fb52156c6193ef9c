// Beside a batch job: when to ask, what to say, which exit status, and files that grow.
#include "tool/follow.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "support/process.hpp"

using namespace weir;
using namespace weir::detail::batch;
using namespace weir::detail::tool;
using namespace std::chrono_literals;

TEST_CASE("the batch system is asked soon at first and rarely later") {
  CHECK(ask_interval(0ms) == 500ms);
  CHECK(ask_interval(20s) == 2s);
  CHECK(ask_interval(1h) == 15s);
}

TEST_CASE("the exit status of a job is its program's, or 1 where somebody else ended it") {
  CHECK(exit_status_of({.state = JobState::succeeded}) == 0);
  CHECK(exit_status_of({.state = JobState::failed, .exit_status = 7}) == 7);
  CHECK(exit_status_of({.state = JobState::failed, .exit_status = 0}) == 1);
  CHECK(exit_status_of({.state = JobState::failed}) == 1);
  CHECK(exit_status_of({.state = JobState::cancelled, .exit_status = 143}) == 1);
  CHECK(exit_status_of({.state = JobState::timed_out, .exit_status = 15}) == 1);
  CHECK(exit_status_of({.state = JobState::unknown}) == 1);
}

TEST_CASE("every state has its sentence") {
  CHECK(sentence_about({.id = "12", .state = JobState::waiting, .reason = "Priority"}) ==
        "job 12 waits in the queue (Priority)");
  CHECK(sentence_about({.id = "12", .state = JobState::held}) == "job 12 is held in the queue");
  CHECK(sentence_about({.id = "12", .state = JobState::failed, .exit_status = 3, .reason = "NodeFail"}) ==
        "job 12 failed: exit status 3 (NodeFail)");
  CHECK(sentence_about({.id = "12", .state = JobState::unknown}) ==
        "job 12 left the queue, and the batch system does not tell how it ended");
}

TEST_CASE("a tail passes on what is new, byte for byte") {
  test::TemporaryFolder folder;
  const std::string grown = folder.path() + "/grown";
  std::FILE* out = std::tmpfile();
  Tail tail(grown);
  CHECK_FALSE(tail.copy_to(out));
  const std::string piece("a\0b", 3);
  std::ofstream(grown, std::ios::app) << piece;
  CHECK(tail.copy_to(out));
  CHECK(tail.copy_to(out));
  std::ofstream(grown, std::ios::app) << "cd";
  CHECK(tail.copy_to(out));
  std::rewind(out);
  char text[16];
  CHECK(std::string(text, std::fread(text, 1, sizeof text, out)) == piece + "cd");
  std::fclose(out);
}

TEST_CASE("a tail leaves alone what was there before the job, and begins again with a file that shrinks") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/out";
  const auto copied = [](Tail& tail) {
    std::FILE* out = std::tmpfile();
    const bool is_there = tail.copy_to(out);
    std::rewind(out);
    char text[64];
    std::string all(text, std::fread(text, 1, sizeof text, out));
    std::fclose(out);
    return is_there ? all : "not there";
  };
  test::write_file(path, "of an older job\n");
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  const std::int64_t then = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  Tail of_new_job(path, then + 1);
  CHECK(copied(of_new_job) == "not there");
  const timespec later[2] = {{status.st_mtim.tv_sec + 1, 0}, {status.st_mtim.tv_sec + 1, 0}};
  std::ofstream(path) << "new";
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), later, 0) == 0);
  CHECK(copied(of_new_job) == "new");
  Tail tail(path);
  CHECK(copied(tail) == "new");
  std::ofstream(path) << "a";
  CHECK(copied(tail) == "a");
  std::ofstream(path, std::ios::app) << "b";
  CHECK(copied(tail) == "b");
  std::ofstream(path) << "begun again, and longer than before";
  CHECK(copied(tail) == "begun again, and longer than before");
  CHECK(copied(tail).empty());
}
