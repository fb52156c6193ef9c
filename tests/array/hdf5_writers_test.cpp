// Several writers, writers that die, and the files that names lead to.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "array/foreign_file.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/hdf5_info.hpp"
#include "weir/array/shape.hpp"
#include "weir/stream/sources.hpp"

using namespace weir;
using test::error_of;
using test::in_cluster;
using test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

/// A process that does `body` and ends with status 0 unless that throws; killed at the end of this object.
class Child {
 public:
  explicit Child(const std::function<void()>& body) : pid_(fork()) {
    if (pid_ != 0) return;
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);  // not the tests' own
    int status = 0;
    try {
      body();
    } catch (const std::exception& error) {
      fprintf(stderr, "child: %s\n", error.what());
      status = 1;
    }
    _exit(status);
  }
  Child(const Child&) = delete;
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  /// Its status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  void send(int signal) const { kill(pid_, signal); }

 private:
  pid_t pid_;
};

std::string reached;  // made by a task that then never ends
xt::xarray<double> endless(const xt::xarray<double>& x) {
  std::ofstream(reached) << "here";
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
  return x;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// A process that writes for ever, ended by the signal when it has begun.
int ended_writer(const TemporaryFolder& folder, const std::string& path, bool append, int signal) {
  reached = folder.path() + "/reached";
  Child child([&] {
    in_cluster([&] {
      to_hdf5(concatenate<double>({ones({1000}), map_blocks<double>(endless, ones({1000}))}, 0), path,
              "group/x", {.append = append});
    });
  });
  REQUIRE(test::eventually([] { return fs::exists(reached); }));
  fs::remove(reached);
  child.send(signal);
  return child.wait();
}

}  // namespace

TEST_CASE("programs that append to one file wait for each other") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/all.h5";
  constexpr int programs = 4, each = 3;
  {
    std::vector<Child> children;
    for (int p = 0; p < programs; ++p)
      children.emplace_back([&, p] {
        in_cluster([&] {
          for (int i = 0; i < each; ++i)
            to_hdf5(full({2000}, double(10 * p + i), {500}), path,
                    "run" + std::to_string(p) + "/x" + std::to_string(i), {.append = true, .gzip = i % 2});
        });
      });
    for (Child& child : children) CHECK(child.wait() == 0);
  }
  for (int p = 0; p < programs; ++p)
    for (int i = 0; i < each; ++i)
      CHECK((test::plain_read(path, "run" + std::to_string(p) + "/x" + std::to_string(i)) ==
             std::vector<double>(2000, 10 * p + i)));
  CHECK(names_in(folder.path()) == std::vector<std::string>{"all.h5"});
  // Who waits too long is told so.
  const int other = open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(flock(other, LOCK_EX) == 0);
  in_cluster([&] {
    const std::string sentence =
        "\"" + path + "\" is being written by another program (waited 50ms; .wait says how long)";
    const Duration wait = std::chrono::milliseconds(50);
    CHECK(error_of([&] { to_hdf5(ones({3}), path, "y", {.append = true, .wait = wait}); }) ==
          "to_hdf5: " + sentence);
    CHECK(error_of([&] { to_hdf5_region(ones({3}), path, "run0/x0", {0}, {.wait = wait}); }) ==
          "to_hdf5_region: " + sentence);
    CHECK((open_hdf5<double>(path, "run0/x0").compute()(0) == 0));  // readers do not wait
  });
  close(other);
}

TEST_CASE("a writer that is interrupted leaves nothing, one that is killed nothing that reads as complete") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  CHECK(ended_writer(folder, path, false, SIGINT) == -SIGINT);
  CHECK(names_in(folder.path()).empty());
  CHECK(ended_writer(folder, path, false, SIGKILL) == -SIGKILL);
  const std::vector<std::string> left = names_in(folder.path());
  REQUIRE(left.size() == 1);
  CHECK_THAT(left[0], Catch::StartsWith("x.h5.part-"));
  in_cluster([&] {
    CHECK_THAT(error_of([&] { (void)open_hdf5<double>(folder.path() + "/" + left[0], "group/x"); }),
               Catch::StartsWith("open_hdf5: the dataset must be complete (\"group/x\" of "));
    std::vector<std::string> seen;
    auto names = filenames(folder.path());
    names.sink([&](const fs::path& name) { seen.push_back(name.filename().string()); });
    std::ofstream(folder.path() + "/other") << "x";
    names.start();
    CHECK(test::eventually([&] { return !seen.empty(); }));
    names.stop();
    CHECK(seen == std::vector<std::string>{"other"});
    to_hdf5(ones({10}), path, "group/x");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"other", "x.h5"});
  });
}

TEST_CASE("what an appending writer that was killed left in a file is refused, told and removed") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  in_cluster([&] { to_hdf5(ones({10}), path, "keep"); });
  for (const bool repair : {false, true}) {
    CHECK(ended_writer(folder, path, true, SIGKILL) == -SIGKILL);
    in_cluster([&] {
      const std::vector<Hdf5Dataset> all = hdf5_info(path).datasets;
      REQUIRE(all.size() == 2);
      CHECK_THAT(all[0].name, Catch::StartsWith("/group/x.part-"));
      CHECK_FALSE(all[0].is_complete);
      CHECK_THAT(error_of([&] { (void)open_hdf5<double>(path, all[0].name); }),
                 Catch::StartsWith("open_hdf5: the dataset must be complete"));
      const std::vector<Hdf5Problem> problems = check_hdf5(path, repair);
      REQUIRE(problems.size() == 1);
      CHECK(problems[0].what == "\"" + all[0].name + "\" was left by a write that did not end");
      CHECK(problems[0].is_repaired == repair);
      if (!repair) to_hdf5(ones({10}), path, "group/x", {.append = true});
      std::vector<std::string> names;
      for (const Hdf5Dataset& one : hdf5_info(path).datasets) names.push_back(one.name);
      CHECK(names ==
            (repair ? std::vector<std::string>{"/keep"} : std::vector<std::string>{"/group/x", "/keep"}));
      CHECK(check_hdf5(path).empty());
      if (!repair) to_hdf5(ones({10}), path, "keep");
    });
  }
}

TEST_CASE("to_hdf5 keeps links and modes, and refuses what cannot be replaced") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string target = folder.path() + "/data/real.h5", link = folder.path() + "/link.h5";
    fs::create_directory(folder.path() + "/data");
    fs::create_symlink("data/real.h5", link);
    to_hdf5(ones({3}), link, "x");  // where there is nothing yet
    CHECK(fs::is_symlink(link));
    chmod(target.c_str(), 0664);
    to_hdf5(ones({4}), link, "x");
    CHECK(fs::is_symlink(link));
    CHECK((static_cast<int>(fs::status(target).permissions()) == 0664));
    CHECK((test::plain_read(target, "x") == std::vector<double>(4, 1)));
    CHECK(names_in(folder.path() + "/data") == std::vector<std::string>{"real.h5"});
    fs::create_hard_link(target, folder.path() + "/second.h5");
    CHECK(error_of([&] { to_hdf5(ones({5}), target, "x"); }) ==
          "to_hdf5: \"" + target +
              "\" must have one name (got 2 hard links, of which only one would become the new file); remove "
              "it "
              "before");
    CHECK((test::plain_read(folder.path() + "/second.h5", "x") == std::vector<double>(4, 1)));
    const std::string dangling = folder.path() + "/dangling.h5", gone = folder.path() + "/gone/x.h5";
    fs::create_symlink("gone/x.h5", dangling);
    CHECK(error_of([&] { to_hdf5(ones({5}), dangling, "x"); }) ==
          "to_hdf5: \"" + dangling + "\" must lead into a folder that exists (got a link to \"" + gone +
              "\")");
    CHECK(error_of([&] { to_hdf5(ones({5}), "/dev/full", "x"); }) ==
          "to_hdf5: \"/dev/full\" must be a file (got a device or pipe)");
    CHECK(fs::is_character_file("/dev/full"));
    CHECK(error_of([&] { to_hdf5(ones({5}), "/dev/full", "x", {.append = true}); }) ==
          "to_hdf5: \"/dev/full\" must be a file (got a device or pipe)");
    // Names of datasets.
    CHECK(error_of([&] { to_hdf5(link, named("/a", ones({2})), named("a", ones({2}))); }) ==
          "to_hdf5: every dataset must have a name of its own (got \"/a\" twice)");
    CHECK(error_of([&] { to_hdf5(link, named("/a", ones({2})), named("/a/b", ones({2}))); }) ==
          "to_hdf5: a dataset must lie in a group (got \"/a/b\" and \"/a\", which is a dataset)");
    CHECK(error_of([&] { to_hdf5(ones({2}), link, "x/y", {.append = true}); }) ==
          "to_hdf5: a dataset must lie in a group (got \"x/y\"; \"x\" is a dataset of \"" + link + "\")");
  });
}

TEST_CASE("regions and appends know a file by any of its names, also while it is read") {
  in_cluster([] {
    const TemporaryFolder folder;
    const fs::path before = fs::current_path();
    struct Back {
      fs::path path;
      ~Back() { fs::current_path(path); }
    } const back{before};
    fs::create_directory(folder.path() + "/real");
    fs::create_directory_symlink("real", folder.path() + "/linked");
    const std::string path = folder.path() + "/real/x.h5";
    to_hdf5(zeros({100'000}, {1000}), path, "x");
    fs::current_path(folder.path());
    CHECK((open_hdf5<double>(path, "x").sum().compute()() == 0));
    to_hdf5_region(ones({10}), "real/x.h5", "x", {0});
    CHECK((open_hdf5<double>(path, "x").sum().compute()() == 10));
    to_hdf5_region(ones({20}), "linked/../linked/x.h5", "x", {0});
    CHECK((open_hdf5<double>(path, "x").sum().compute()() == 20));
    // What is read is also appended to, by chunks and compressed.
    to_hdf5(open_hdf5<double>(path, "x", {.chunks = {1000}}) + 1, "linked/x.h5", "y",
            {.append = true, .gzip = 1});
    to_hdf5(open_hdf5<double>(path, "y", {.chunks = {1000}}) + 1, "linked/x.h5", "z", {.append = true});
    CHECK((open_hdf5<double>(path, "z").sum().compute()() == 200'020));
    // A write that is refused for its type leaves the dataset as it was.
    CHECK(error_of([&] { to_hdf5_region(full({1}, std::complex<double>(1, 2)), path, "x", {0}); }) ==
          "to_hdf5_region: complex128 cannot be written as the dataset's elements (got floating-point "
          "numbers of 8 bytes in \"x\" of \"" +
              path + "\")");
    CHECK((open_hdf5<double>(path, "x").sum().compute()() == 20));
  });
}

TEST_CASE("datasets without a limit are grown by regions") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    for (const int gzip : {0, 4}) {
      to_hdf5(ones({10, 4}, {5, 4}), path, "x", {.chunks = {8, 4}, .gzip = gzip, .unlimited = 0});
      const Hdf5Dataset told = hdf5_info(path).datasets.at(0);
      CHECK_FALSE(told.limits[0]);
      CHECK(told.limits[1] == 4);
      CHECK(told.chunks == Shape{8, 4});
      to_hdf5_region(full({5, 4}, 2.0, {2, 4}), path, "x", {12, 0});
      const auto x = open_hdf5<double>(path, "x");
      CHECK(x.shape() == Shape{17, 4});
      CHECK((x.sum().compute()() == 40 + 40));
      CHECK((x(11, 0).compute()() == 0));
    }
    CHECK(error_of([&] { to_hdf5(ones({3}), path, "x", {.unlimited = 1}); }) ==
          "to_hdf5: unlimited must be an axis of (3,) (got 1)");
  });
}

TEST_CASE("where files may be only so large, writing more is an error and not the end of the program") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  in_cluster([&] { to_hdf5(ones({10}), path, "x"); });
  Child child([&] {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 200'000;
    setrlimit(RLIMIT_FSIZE, &limit);
    in_cluster([&] {
      for (const bool append : {false, true})
        if (const std::string error =
                error_of([&] { to_hdf5(ones({100'000}, {10'000}), path, "y", {.append = append}); });
            error.find("to_hdf5: cannot write \"" + path + "\", which has no room for ") != 0 ||
            error.find(": File too large") == std::string::npos)
          throw std::runtime_error(error);
    });
  });
  CHECK(child.wait() == 0);
  CHECK(names_in(folder.path()) == std::vector<std::string>{"x.h5"});
  CHECK((test::plain_read(path, "x") == std::vector<double>(10, 1)));
}
