// Streams that are ended anywhere and go on where they were.
#include "weir/resumable.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <thread>

using namespace weir;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    char name[] = "/tmp/weir-resume-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Stop {};

// Squares of the numbers of in.txt into out.txt, their sum into a state, a file for each hundred; stops
// before the `stop`th element of this run.
long run_until(const std::string& folder, long stop, Duration every, int pause_us = 0) {
  Stream<std::string> lines;
  Resumable job(folder + "/j", "squares", every);
  long sum = 0, seen = 0;
  job.state("sum", sum);
  const auto numbers = lines.map([&](const std::string& line) {
    if (seen++ == stop) throw Stop{};
    if (pause_us) std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    return std::stol(line);
  });
  job.sink_to_textfile(numbers.map([](long x) { return x * x; }), folder + "/out.txt");
  job.sink(numbers, [&](long x) {
    sum += x;
    if (x % 100 == 0) job.put_file(folder + "/at-" + std::to_string(x), std::to_string(sum));
  });
  job.feed(LinesOf(folder + "/in.txt"), lines);
  return sum;
}

void write_numbers(const std::string& folder, long from, long to) {
  std::ofstream out(folder + "/in.txt", std::ios::app);
  for (long i = from; i < to; ++i) out << i << "\n";
}

std::string squares(long to) {
  std::string text;
  for (long i = 0; i < to; ++i) text += std::to_string(i * i) + "\n";
  return text;
}

}  // namespace

TEST_CASE("resumable: what was not committed is done again, and nothing twice") {
  const Folder folder;
  write_numbers(folder.path, 0, 1000);
  for (const long stop : {0L, 1L, 150L, 333L})
    CHECK_THROWS_AS(run_until(folder.path, stop, std::chrono::nanoseconds(0)), Stop);
  CHECK(run_until(folder.path, -1, "1h") == 999 * 500);
  CHECK(read_file(folder.path + "/out.txt") == squares(1000));
  CHECK(read_file(folder.path + "/at-900") == std::to_string(900 * 901 / 2));
  CHECK_FALSE(fs::exists(folder.path + "/at-900.part"));
  write_numbers(folder.path, 1000, 1100);  // what has come since
  CHECK(run_until(folder.path, -1, "1h") == 1099 * 550);
  CHECK(read_file(folder.path + "/out.txt") == squares(1100));
}

TEST_CASE("resumable: killed at any moment, each element is there once") {
  const Folder folder;
  write_numbers(folder.path, 0, 2000);
  const char* wanted = std::getenv("KILLS");
  std::mt19937 random(3);
  for (int kills = wanted ? std::atoi(wanted) : 5; kills > 0; --kills) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        run_until(folder.path, -1, std::chrono::milliseconds(5), 50);
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
  }
  CHECK(run_until(folder.path, -1, "1h") == 1999 * 1000);
  CHECK(read_file(folder.path + "/out.txt") == squares(2000));
  for (long x = 0; x < 2000; x += 100)
    CHECK(read_file(folder.path + "/at-" + std::to_string(x)) == std::to_string(x * (x + 1) / 2));
}

TEST_CASE("resumable: files are given once, items by index") {
  const Folder folder;
  fs::create_directory(folder.path + "/in");
  const auto names = [&] {
    std::vector<std::string> given;
    Stream<fs::path> paths;
    Resumable job(folder.path, "names");
    job.sink(paths, [&](const fs::path& path) { given.push_back(path.filename().string()); });
    job.feed(FilesIn(folder.path + "/in"), paths);
    return given;
  };
  std::ofstream(folder.path + "/in/b");
  std::ofstream(folder.path + "/in/a");
  CHECK(names() == std::vector<std::string>{"a", "b"});
  std::ofstream(folder.path + "/in/aa");
  CHECK(names() == std::vector<std::string>{"aa"});
  CHECK(names().empty());
  Stream<int> numbers;
  int sum = 0;
  Resumable job(folder.path, "items");
  job.sink(numbers, [&](int x) { sum += x; });
  job.feed(ItemsOf(std::vector{1, 2, 3}), numbers);
  CHECK(sum == 6);
}

TEST_CASE("resumable: what cannot be continued is refused") {
  const Folder folder;
  write_numbers(folder.path, 0, 10);
  const auto feed = [&](const auto& build) {
    Stream<std::string> lines;
    Resumable job(folder.path, "job");
    build(job, lines);
    job.feed(LinesOf(folder.path + "/in.txt"), lines);
  };
  feed([&](Resumable& job, const Stream<std::string>& lines) {
    job.sink_to_textfile(lines, folder.path + "/out.txt");
  });
  CHECK_THROWS_WITH(Resumable(folder.path, "a/b"),
                    "resumable: it needs a folder, and a name that could be a file's (got \"" + folder.path +
                        "\" and \"a/b\")");
  const Resumable first(folder.path, "other");
  fs::resize_file(folder.path + "/out.txt", 5);
  CHECK_THROWS_WITH(feed([&](Resumable& job, const Stream<std::string>& lines) {
                      job.sink_to_textfile(lines, folder.path + "/out.txt");
                    }),
                    "resumable: " + folder.path +
                        "/out.txt must have what was committed (got 5 of 20 bytes); put "
                        "it back, or begin anew with another name");
  CHECK_THROWS_WITH(
      feed([&](Resumable& job, const Stream<std::string>&) {
        std::map<std::string, int> count;
        job.state("count", count);
        fs::resize_file(folder.path + "/in.txt", 3);
      }),
      "LinesOf: " + folder.path +
          "/in.txt must be as long as it was (got 3 bytes, and 20 have been read); it is another "
          "file");
  fs::resize_file(folder.path + "/streams/job", 30);
  CHECK_THROWS_WITH(Resumable(folder.path, "job"),
                    "journal: " + folder.path +
                        "/streams/job is not what was written; remove it to begin "
                        "anew");
}
