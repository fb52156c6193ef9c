#include "weir/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "client/task_scope.hpp"
#include "core/descriptor.hpp"
#include "program/spawn.hpp"
#include "weir/error.hpp"
#include "weir/this_task.hpp"

namespace fs = std::filesystem;
using weir::detail::program::run;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "weir_program_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }
  std::string add(const std::string& name, const std::string& text, bool executable = false) const {
    std::ofstream(*this / name) << text;
    if (executable) fs::permissions(*this / name, fs::perms::owner_all);
    return *this / name;
  }

 private:
  fs::path path_;
};

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

weir::ProgramResult shell(const std::string& line, weir::ProgramOptions options = {}) {
  return run({"sh", "-c", line}, options);
}

bool gone_soon(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    if (kill(pid, 0) != 0) return true;
    std::ifstream about("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    if (about >> number >> name >> state && state == "Z") return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a program's output, errors and status are its result") {
  const weir::ProgramResult result = shell("echo out; echo err >&2");
  CHECK(result.output == "out\n");
  CHECK(result.errors == "err\n");
  CHECK(result.status == 0);
  CHECK(result.left_out_bytes == 0);
  CHECK(shell("exit 3", {.check = false}).status == 3);
  CHECK(shell("kill -9 $$", {.check = false}).status == 128 + 9);
  CHECK(run({"cat"}, {}).output.empty());  // stdin is empty
}

TEST_CASE("a status that is not 0 is an error with the last lines") {
  CHECK_THROWS_WITH(
      shell("echo a; echo b >&2; echo 'c  d' >&2; exit 4"),
      "program: 'sh -c echo a; echo b >&2; echo 'c  d' >&2; exit 4' ended with status 4: b | c  d");
  CHECK_THROWS_WITH(run({"false"}, {}), "program: 'false' ended with status 1");
  CHECK_THROWS_WITH(shell("echo only this; exit 1"), Catch::EndsWith("ended with status 1: only this"));
  CHECK_THROWS_WITH(shell("kill -11 $$"), Catch::EndsWith("was ended by signal 11 (Segmentation fault)"));
}

TEST_CASE("a program has directory, variables, stdin and files of its own") {
  const Folder folder;
  folder.add("in", "from a file\n");
  const weir::ProgramResult result =
      shell("pwd; echo $KIND; cat; echo bad >&2", {.directory = folder.path(),
                                                   .environment = {{"KIND", "a b"}},
                                                   .inputs = {"in"},
                                                   .input_file = "in",
                                                   .output_file = "out",
                                                   .errors_file = "err"});
  CHECK(result.output.empty());
  CHECK(text_of(folder / "out") == folder.path() + "\na b\nfrom a file\n");
  CHECK(text_of(folder / "err") == "bad\n");
  CHECK_FALSE(fs::exists(folder / "out.part"));
  shell("echo 1; echo 2 >&2", {.directory = folder.path(), .output_file = "both", .errors_file = "both"});
  CHECK(text_of(folder / "both") == "1\n2\n");
  fs::create_symlink("/dev/null", folder / "nothing");
  shell("echo 1", {.directory = folder.path(), .output_file = "nothing"});
  CHECK(fs::is_character_file(folder / "nothing"));
  CHECK_THROWS_WITH(shell("touch was_run", {.directory = folder.path(), .output_file = folder.path()}),
                    Catch::Contains("a file for output must be no directory (got '" + folder.path() + "')"));
  CHECK_FALSE(fs::exists(folder / "was_run"));
}

TEST_CASE("a program sees the devices and cores of its task, unless the user says otherwise") {
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) unsetenv(name);
  setenv("CUDA_VISIBLE_DEVICES", "5,7", 1);
  const std::string line = "echo $CUDA_VISIBLE_DEVICES,$OMP_NUM_THREADS,$OPENBLAS_NUM_THREADS";
  CHECK(shell(line).output == "5,7,,\n");
  const weir::ThisTask task{2, {}, {"7"}};
  weir::detail::client::TaskScope scope;
  scope.task = &task;
  weir::detail::client::TaskScope::current() = &scope;
  const auto given = shell(line), other = shell(line, {.environment = {{"OMP_NUM_THREADS", "4"}}});
  const auto devices = shell(line, {.environment = {{"CUDA_VISIBLE_DEVICES", ""}}});
  setenv("OMP_NUM_THREADS", "3", 1);
  const auto outside = shell(line);
  unsetenv("OMP_NUM_THREADS");
  scope.task = nullptr;
  const auto plain = shell(line);
  weir::detail::client::TaskScope::current() = nullptr;
  unsetenv("CUDA_VISIBLE_DEVICES");
  CHECK(given.output == "7,2,2\n");
  CHECK(other.output == "7,4,\n");
  CHECK(devices.output == ",2,2\n");
  CHECK(outside.output == "7,3,\n");
  CHECK(plain.output == "5,7,1,1\n");
}

TEST_CASE("a file has its name only when the program has worked") {
  const Folder folder;
  CHECK_THROWS_WITH(shell("echo half; exit 1", {.directory = folder.path(), .output_file = "out"}),
                    Catch::EndsWith("ended with status 1; what it wrote is in " + (folder / "out.part")));
  CHECK_FALSE(fs::exists(folder / "out"));
  CHECK(text_of(folder / "out.part") == "half\n");
}

TEST_CASE("two programs that write one file at a time do not mix, and one is told") {
  const Folder folder;
  auto first = std::async(std::launch::async, [&] {
    shell("echo first; while [ ! -e go ]; do sleep 0.01; done; echo more",
          {.directory = folder.path(), .output_file = "out"});
  });
  while (!fs::exists(folder / "out.part") || text_of(folder / "out.part").empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  shell("echo second", {.directory = folder.path(), .output_file = "out"});
  folder.add("go", "");
  CHECK_THROWS_WITH(first.get(), "program: '" + (folder / "out.part") +
                                     "' has been taken by another program that writes '" + (folder / "out") +
                                     "'; each needs an output_file of its own");
  CHECK(text_of(folder / "out") == "second\n");
}

TEST_CASE("a device or a pipe as output stays what it is") {
  const Folder folder;
  const fs::path pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(shell("echo", {.output_file = pipe}),
                    Catch::EndsWith("pipe' could not be opened (No such device or address)"));
  const weir::Descriptor reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  shell("echo into it", {.output_file = pipe});
  char text[32] = {};
  CHECK(::read(reader.get(), text, sizeof text - 1) == 8);
  CHECK(std::string(text) == "into it\n");
  const fs::path full = folder / "full";
  fs::create_symlink("/dev/full", full);  // should it be replaced, it is only the link
  CHECK_THROWS_WITH(shell("echo", {.output_file = full}), Catch::Contains("ended with status 1"));
  CHECK(fs::is_character_file(full));
  CHECK_FALSE(fs::exists(folder / "full.part"));
}

TEST_CASE("output beyond the limit keeps its beginning and its end") {
  const weir::ProgramResult result =
      shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done", {.output_limit = 40});
  CHECK(result.output.substr(0, 14) == "line 0\nline 1\n");
  CHECK(result.output.substr(result.output.size() - 10) == "line 2999\n");
  CHECK(result.left_out_bytes == 10 * 7 + 90 * 8 + 900 * 9 + 2000 * 10 - 40);
  CHECK(result.output.find("[" + std::to_string(result.left_out_bytes) + " bytes are left out here]") !=
        std::string::npos);
}

TEST_CASE("what cannot be executed is told at once") {
  const Folder folder;
  const std::string plain = folder.add("plain", "no script\n");
  const std::string empty = folder.add("empty", "no first line\n", true);
  const std::string lost = folder.add("lost", "#!/not/there\n", true);
  CHECK_THROWS_WITH(
      run({}, {}),
      "program: a command must be given (got none); write for example weir::program{\"./solver\", "
      "\"--case\", \"7\"}");
  CHECK_THROWS_WITH(run({"no-such-program"}, {}), "program: there is no program 'no-such-program' in PATH");
  CHECK_THROWS_WITH(
      run({"plain"}, {.directory = folder.path()}),
      "program: there is no program 'plain' in PATH; the one in the directory it runs in is called "
      "./plain");
  CHECK_THROWS_WITH(run({folder / "none"}, {}),
                    "program: '" + (folder / "none") + "' is not there (No such file or directory)");
  CHECK_THROWS_WITH(run({folder.path()}, {}), Catch::EndsWith("must be a file (got a directory)"));
  CHECK_THROWS_WITH(run({plain}, {}),
                    "program: '" + plain + "' is not executable; chmod +x " + plain + " makes it so");
  CHECK_THROWS_WITH(run({empty}, {}), Catch::Contains("is no program of this machine, and no script"));
  CHECK_THROWS_WITH(run({lost}, {}), "program: '" + lost +
                                         "' cannot be executed, since its interpreter is not there (got "
                                         "#!/not/there)");
  CHECK_THROWS_WITH(run({"true"}, {.directory = folder / "none"}),
                    Catch::Contains("the directory it is to run in must be there"));
  CHECK_THROWS_WITH(run({"true"}, {.inputs = {folder / "none"}}),
                    "program: the input file '" + (folder / "none") +
                        "' of 'true' cannot be read (No such file or directory)");
  CHECK_THROWS_WITH(run({"true", std::string(3 << 20, 'x')}, {}),
                    Catch::Contains("too long for this system"));
  const std::string library = folder.add(
      "needs",
      "#!/bin/sh\necho './sim: error while loading shared libraries: libnone.so.1: cannot open' >&2\n"
      "exit 127\n",
      true);
  CHECK_THROWS_WITH(run({library}, {}),
                    Catch::Contains("needs a library that is not there (libnone.so.1: cannot "
                                    "open)"));
}

TEST_CASE("what a program leaves behind holds nobody up, and ends with it") {
  const auto begin = std::chrono::steady_clock::now();
  const weir::ProgramResult result = shell("sleep 1000 & echo $!");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(100));
  CHECK(gone_soon(std::stoi(result.output)));
}

TEST_CASE("a program ends with its task, with all it has started") {
  const Folder folder;
  weir::detail::client::TaskScope scope;
  struct Thread final : weir::detail::client::TaskThread {
    explicit Thread(fs::path pid) : pid(std::move(pid)) {}
    void secede() override {}
    void rejoin() override {}
    bool help(weir::TaskId, const std::function<void()>&) override { return false; }
    bool stopped() override { return fs::exists(pid) && !text_of(pid).empty(); }
    fs::path pid;
  } thread(folder / "pid");
  scope.thread = &thread;
  weir::detail::client::TaskScope::current() = &scope;
  CHECK_THROWS_WITH(
      shell("sleep 1000 & echo $! > pid; trap '' TERM; wait; sleep 1000", {.directory = folder.path()}),
      Catch::EndsWith("was ended: its task was cancelled or its time is over"));
  scope.thread = nullptr;
  scope.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  CHECK_THROWS_WITH(run({"sleep", "1000"}, {}),
                    "program: 'sleep 1000' was ended: its task was cancelled or its time is over");
  weir::detail::client::TaskScope::current() = nullptr;
  CHECK(gone_soon(std::stoi(text_of(folder / "pid"))));
}

TEST_CASE("a program and all it has started end when its worker is killed") {
  const Folder folder;
  const pid_t worker = fork();
  if (worker == 0) {
    try {
      static_cast<void>(
          shell("sleep 1000 & echo $$ $! > pids.new; mv pids.new pids; wait", {.directory = folder.path()}));
    } catch (...) {
    }
    _exit(0);
  }
  for (int i = 0; i < 3000 && !fs::exists(folder / "pids"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  pid_t first = 0, second = 0;
  std::ifstream(folder / "pids") >> first >> second;
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
  REQUIRE(second > 0);
  CHECK(gone_soon(first));
  CHECK(gone_soon(second));
}

TEST_CASE("words and arguments are passed on as they are") {
  CHECK(weir::program{"printf", "%s|", "a b", "$HOME", ""}().output == "a b|$HOME||");
  CHECK(weir::program{"echo", "-n", "x{}y"}(0.1).output == "x0.1y");
  CHECK(weir::program{"echo", "-n"}(std::string("a"), 7, "b").output == "a 7 b");
}
