// Where elements come from.
#include "weir/stream/sources.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A directory that goes when the test does.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("weir_sources_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  fs::path write(const std::string& name, const std::string& text, bool append = false) const {
    std::ofstream(path / name, append ? std::ios::app : std::ios::trunc) << text;
    return path / name;
  }
};
using Texts = std::vector<std::string>;

SourceOptions on(ManualClock& clock) { return {.poll_interval = 100ms, .loop = EventLoop(clock)}; }

/// A file in a folder of its own, followed on a manual clock from the moment it has been read once.
struct FollowedFile {
  ManualClock clock;
  Folder folder;
  fs::path path;
  Stream<std::string> source;
  Collected<std::string> out;
  explicit FollowedFile(const std::string& text)
      : path(folder.write("log", text)), source(from_textfile(path, on(clock))), out(source.sink_to_list()) {
    source.start();
    clock.advance(0s);
  }
  void write(const std::string& text, bool append = false) const { folder.write("log", text, append); }
};

}  // namespace

TEST_CASE("from_iterable emits everything, ends, and can be started again") {
  auto source = from_iterable(Ints{1, 2, 3});
  const auto out = source.partition(2).sink_to_list();
  source.start();
  source.drain();
  CHECK(out.values() == std::vector<Ints>{{1, 2}, {3}});
  source.start();
  source.drain();
  CHECK(out.size() == 4);
}

TEST_CASE("from_range counts up and down") {
  auto up = from_range(0, 5, 2);
  auto down = from_range(3, 0, -1);
  const auto a = up.sink_to_list();
  const auto b = down.sink_to_list();
  up.start();
  down.start();
  up.drain();
  down.drain();
  CHECK(a.values() == Ints{0, 2, 4});
  CHECK(b.values() == Ints{3, 2, 1});
  CHECK(sentence([] { from_range(0.0, 1.0, std::numeric_limits<double>::quiet_NaN()); }) ==
        "from_range: step must be a number other than 0");
  CHECK(sentence([] { from_range(0, 1, 0); }) == "from_range: step must be a number other than 0");
}

TEST_CASE("sources stand still while a node below is full, and stop") {
  ManualClock clock;
  auto source = from_range(0L, 1000000L, 1L, on(clock));
  const auto out = source.rate_limit(1s).sink_to_list();
  source.start();
  clock.advance(3500ms);
  CHECK(out.values() == std::vector<long>{0, 1, 2, 3});
  source.stop();
  clock.advance(10s);
  CHECK(out.size() == 4);
}

TEST_CASE("from_periodic calls at once and then in time") {
  ManualClock clock;
  int calls = 0;
  auto source = from_periodic([&] { return ++calls; }, 1s, on(clock));
  const auto out = source.sink_to_list();
  CHECK(calls == 0);
  source.start();
  source.start();
  clock.advance(2500ms);
  CHECK(out.values() == Ints{1, 2, 3});
  source.stop();
  clock.advance(5s);
  source.start();
  clock.advance(0s);
  CHECK(out.values() == Ints{1, 2, 3, 4});
  CHECK(sentence([] { from_periodic([] { return 1; }, 0s); }) ==
        "from_periodic: interval must be positive (got 0s)");
}

TEST_CASE("a source that throws stops, tells, and can be started again") {
  ManualClock clock;
  int calls = 0;
  auto source =
      from_periodic([&] { return ++calls == 2 ? throw std::runtime_error("two") : calls; }, 1s, on(clock));
  const auto out = source.sink_to_list();
  source.start();
  clock.advance(3s);
  CHECK(out.values() == Ints{1});
  CHECK_THROWS_WITH(source.drain(), "two");
  source.start();
  clock.advance(0s);
  CHECK(out.values() == Ints{1, 3});
}

TEST_CASE("from_queue emits what others put, and ends when it is closed") {
  Queue<int> queue(2);
  auto source = from_queue(queue);
  const auto out = source.partition(3).sink_to_list();
  source.start();
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) queue.put(i);
    queue.close();
  });
  producer.join();
  REQUIRE(out.wait_for(34, 10s));
  CHECK(out.values().back() == Ints{99});
  CHECK(sentence([&] { queue.put(1); }) == "Queue: it is closed");
  CHECK(sentence([] { Queue<int> none(0); }) == "Queue: size must be at least 1 (got 0)");
}

TEST_CASE("from_textfile follows a file that grows") {
  FollowedFile file("a\nb\npart");
  auto& [clock, folder, path, source, out] = file;
  CHECK(out.values() == Texts{"a", "b"});
  file.write("ial\n", true);
  clock.advance(100ms);
  CHECK(out.values().back() == "partial");
}

TEST_CASE("from_textfile notices truncation, replacement and absence") {
  FollowedFile file("one\ntwo\n");
  auto& [clock, folder, path, source, out] = file;
  file.write("new\n");  // truncated and shorter
  clock.advance(100ms);
  CHECK(out.values() == Texts{"one", "two", "new"});
  file.write("last\n", true);
  fs::rename(path, folder.path / "log.1");
  clock.advance(100ms);
  file.write("rotated\n");
  clock.advance(200ms);
  CHECK(out.values() == Texts{"one", "two", "new", "last", "rotated"});
  file.write("no newline", true);
  clock.advance(100ms);
  CHECK(out.size() == 5);
  fs::rename(path, folder.path / "log.1");
  file.write("again\n");
  clock.advance(200ms);
  CHECK(out.values().back() == "again");
  CHECK(out.values()[5] == "no newline");
  fs::remove(path);
  clock.advance(300ms);
  file.write("back\n");
  clock.advance(200ms);
  CHECK(out.values().back() == "back");
  CHECK(sentence([&] { from_textfile(file.folder.path); }) ==
        "from_textfile: '" + folder.path.string() + "' is a directory; use filenames for the files in it");
  CHECK(sentence([&] { from_textfile(file.folder.path / "none"); }) ==
        "from_textfile: cannot open '" + (folder.path / "none").string() + "': No such file or directory");
}

TEST_CASE("from_textfile notices a file that was written again and is as long as before, or longer") {
  FollowedFile file("one\ntwo\npart");
  auto& [clock, folder, path, source, out] = file;
  file.write("six\nten\nrest");  // the same size: the inode and the size say nothing
  clock.advance(100ms);
  CHECK(out.take() == Texts{"one", "two", "six", "ten"});
  file.write("six\nten\nwith more\nthan before\n");
  clock.advance(100ms);
  CHECK(out.take() == Texts{"six", "ten", "with more", "than before"});
  file.write("appended\n", true);
  clock.advance(100ms);
  CHECK(out.take() == Texts{"appended"});
}

TEST_CASE("a source goes on behind what fails, or tries it again, if its policy says so") {
  ManualClock clock;
  int calls = 0;
  const auto third_fails = [&] {
    if (++calls % 3 == 0) throw std::runtime_error("three");
    return calls;
  };
  auto skipping = from_periodic(third_fails, 1s, on(clock));
  skipping.on_error(on_error::skip);
  const auto out = skipping.sink_to_list();
  skipping.start();
  clock.advance(4s);
  CHECK(out.values() == Ints{1, 2, 4, 5});
  CHECK(skipping.node().errors.value() == 1);
  skipping.stop();

  calls = 0;
  auto again = from_periodic(third_fails, 1s, on(clock));
  again.on_error(on_error::retry(1));
  const auto all = again.sink_to_list();
  again.start();
  clock.advance(3s);
  CHECK(all.values() == Ints{1, 2, 4, 5});  // the fourth call is the second attempt at the third element
  again.stop();

  Stream<Letter<int>> letters{clock};
  CHECK(sentence([&] { again.on_error(on_error::dead_letter(letters)); }) ==
        "on_error: <from_periodic: 1s> has no element when it fails, so it has no dead letters; use raise, "
        "skip or retry");

  Folder folder;
  const fs::path path = folder.write("log", "one\n" + std::string(20, 'x') + "\ntwo\n");
  auto lines = from_textfile(path, on(clock), "\n", false, 10);
  lines.on_error(on_error::skip);
  const auto texts = lines.sink_to_list();
  lines.start();
  clock.advance(200ms);
  CHECK(texts.values() == Texts{"one", "two"});
}

TEST_CASE("from_textfile can begin at the end, and drops a line that is too long") {
  ManualClock clock;
  Folder folder;
  const fs::path path = folder.write("log", "old\n");
  auto source = from_textfile(path, on(clock), "\n", true, 10);
  const auto out = source.sink_to_list();
  source.start();
  clock.advance(0s);
  folder.write("log", "short\n" + std::string(1000, 'x'), true);
  clock.advance(100ms);
  CHECK(sentence([&] { source.drain(); }) ==
        "from_textfile: a message is longer than 10 bytes; it is dropped");
  source.start();
  folder.write("log", "xxx\nnext\n", true);
  clock.advance(100ms);
  CHECK(out.values() == Texts{"short", "next"});
}

TEST_CASE("filenames emits new names once, sorted") {
  ManualClock clock;
  Folder folder;
  folder.write("b.csv", "");
  folder.write("a.csv", "");
  folder.write("c.txt", "");
  auto source = filenames(folder.path / "*.csv", on(clock));
  const auto out = source.map([](const fs::path& p) { return p.filename().string(); }).sink_to_list();
  source.start();
  clock.advance(0s);
  CHECK(out.values() == Texts{"a.csv", "b.csv"});
  folder.write("d.csv", "");
  fs::remove(folder.path / "a.csv");
  clock.advance(100ms);
  folder.write("a.csv", "");
  clock.advance(100ms);
  CHECK(out.values() == Texts{"a.csv", "b.csv", "d.csv"});
  CHECK(sentence([&] { filenames(folder.path / "none" / "*"); }) ==
        "filenames: '" + (folder.path / "none").string() + "' is not a directory");
}

TEST_CASE("filenames goes on when its directory goes and comes back") {
  ManualClock clock;
  Folder folder;
  const fs::path inner = folder.path / "inner";
  fs::create_directory(inner);
  folder.write("inner/a", "");
  auto source = filenames(inner / "*", on(clock));
  const auto out = source.map([](const fs::path& p) { return p.filename().string(); }).sink_to_list();
  source.start();
  clock.advance(0s);
  fs::remove_all(inner);
  clock.advance(300ms);
  CHECK(sentence([&] { source.drain(); }) == "no error");
  fs::create_directory(inner);
  folder.write("inner/b", "");
  clock.advance(200ms);
  CHECK(out.values() == Texts{"a", "b"});
}

TEST_CASE("a line of 100 MB in a file is dropped, not kept") {
  ManualClock clock;
  Folder folder;
  const fs::path path = folder.write("log", "first\n");
  {
    std::ofstream file(path, std::ios::app);
    const std::string block(std::size_t{1} << 20, 'x');
    for (int i = 0; i < 100; ++i) file << block;
    file << "\nlast\n";
  }
  auto source = from_textfile(path, on(clock));
  source.on_error(on_error::skip);
  const auto out = source.sink_to_list();
  source.start();
  clock.advance(1s);
  CHECK(out.values() == Texts{"first", "last"});
}

TEST_CASE("from_process emits the lines of a program") {
  auto source = from_process({"printf", "a\\nb\\nc"});
  const auto out = source.sink_to_list();
  source.start();
  source.drain();
  CHECK(out.values() == Texts{"a", "b", "c"});
  auto failing = from_process({"sh", "-c", "echo x; exit 3"});
  failing.sink([](const std::string&) {});
  failing.start();
  CHECK(sentence([&] { failing.drain(); }) == "from_process: 'sh' ended with status 3");
  auto none = from_process({"no-such-program-here"});
  CHECK(sentence([&] { none.start(); }) ==
        "from_process: there is no program 'no-such-program-here' in PATH");
  CHECK(sentence([] { from_process({}); }) == "from_process: command must not be empty");
}

TEST_CASE("stop ends a program that would run for ever") {
  auto source = from_process({"yes"});
  const auto out = source.sink_to_list();
  source.start();
  REQUIRE(out.wait_for(10, 10s));
  source.stop();
}

TEST_CASE("sink_to_textfile writes lines, and tells what it cannot open") {
  Folder folder;
  const fs::path path = folder.path / "out.txt";
  Stream<double> source;
  source.sink_to_textfile(path);
  source.emit(0.1);
  source.emit(2);
  source.drain();
  std::ifstream in(path);
  std::string a, b;
  in >> a >> b;
  CHECK(a == "0.1");
  CHECK(b == "2");
  CHECK(sentence([&] { source.sink_to_textfile(folder.path / "no" / "file"); }) ==
        "sink_to_textfile: cannot open '" + (folder.path / "no" / "file").string() +
            "': No such file or directory");
}

TEST_CASE("from_range refuses steps that numbers of that size do not differ by") {
  CHECK(sentence([] { from_range(1e16, 1e16 + 4, 1.); }) ==
        "from_range: numbers near 10000000000000004.000000 do not differ by a step of 1.000000; count with "
        "integers, and map them");
  CHECK(sentence([] { from_range(0.F, 20'000'000.F); }).starts_with("from_range: numbers near 20000000"));
  CHECK(sentence([] { from_range(1e16, 0., -0.5); }).starts_with("from_range: numbers near"));
  const auto numbers = from_range(1e16, 1e16 + 8, 2.);
  const auto out = numbers.sink_to_list();
  numbers.start();
  numbers.drain();
  CHECK(out.values() == std::vector<double>{1e16, 1e16 + 2, 1e16 + 4, 1e16 + 6});
  CHECK(from_range<std::uint8_t>(250, 255).sink_to_list().size() == 0);  // the type may be named
  const auto tenths = from_range(0., 1., 0.1);
  const auto ten = tenths.sink_to_list();
  tenths.start();
  tenths.drain();
  CHECK(ten.size() == 10);
}
