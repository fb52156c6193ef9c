// How sources end, wait and go on.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "stream/peer.hpp"
#include "stream/support.hpp"
#include "support/process.hpp"
#include "weir/stream/network.hpp"

using namespace weir;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

namespace {

/// A directory that goes when the test does.
struct Place {
  fs::path path = fs::temp_directory_path() / ("weir_sources_end_" + std::to_string(::getpid()));
  Place() { fs::create_directories(path); }
  ~Place() { fs::remove_all(path); }
  fs::path write(const std::string& name, const std::string& text, bool append = false) const {
    std::ofstream(path / name, append ? std::ios::app : std::ios::trunc) << text;
    return path / name;
  }
};
SourceOptions by(ManualClock& clock) { return {.poll_interval = 100ms, .loop = EventLoop(clock)}; }

/// The process that wrote its number into a file.
pid_t process_in(const fs::path& file) {
  pid_t number = 0;
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       number == 0 && std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(1ms))
    std::ifstream(file) >> number;
  REQUIRE(number > 0);
  return number;
}

}  // namespace

TEST_CASE("drain waits for what is in a queue, and for its end when it is closed") {
  Queue<int> queue;
  auto source = from_queue(queue);
  const auto pairs = source.map([](int x) { return std::this_thread::sleep_for(1ms), x; }).partition(2);
  const auto out = pairs.sink_to_list();
  source.start();
  for (int i = 0; i < 20; ++i) queue.put(i);
  source.drain();
  CHECK(out.size() == 10);
  for (int i = 20; i < 25; ++i) queue.put(i);
  queue.close();
  source.drain();
  CHECK(out.values().back() == Ints{24});
  CHECK(source.node().has_ended());
}

TEST_CASE("what a closed queue still has comes out before the graph ends") {
  std::atomic<int> sum{0}, ended{0};
  const auto slow_sum = [&](int x) {
    std::this_thread::sleep_for(1ms);
    sum += x;
  };
  {
    Queue<int> queue;
    auto source = from_queue(queue);
    source.sink(slow_sum);
    source.collect().sink([&](const Ints&) { ++ended; });
    source.start();
    for (int i = 1; i <= 20; ++i) queue.put(i);
    queue.close();
  }
  CHECK(sum == 210);
  CHECK(ended == 1);
  Queue<int> queue;
  auto source = from_queue(queue);
  source.sink(slow_sum);
  source.start();
  for (int i = 1; i <= 20; ++i) queue.put(i);
  queue.close();
  source.close();
  CHECK(sum == 420);
}

TEST_CASE("from_range ends where its type does, and rounding errors do not add up") {
  const auto all = [](auto begin, auto end, auto step) {
    ManualClock clock;
    auto source = from_range(begin, end, step, by(clock));
    const auto out = source.sink_to_list();
    source.start();
    source.drain();
    return out.values();
  };
  using Bytes = std::vector<std::uint8_t>;
  CHECK(all(std::uint8_t{200}, std::uint8_t{255}, std::uint8_t{50}) == Bytes{200, 250});
  CHECK(all(std::int8_t{-100}, std::int8_t{-128}, std::int8_t{-20}) == std::vector<std::int8_t>{-100, -120});
  constexpr int last = std::numeric_limits<int>::max();
  CHECK(all(last - 3, last, 2) == Ints{last - 3, last - 1});
  CHECK(all(0.0, 1.0, 0.1).size() == 10);
}

TEST_CASE("from_iterable gives the values of a range of proxies") {
  ManualClock clock;
  Stream<bool> source = from_iterable(std::vector<bool>{true, false, true}, by(clock));
  const auto out = source.filter([](bool x) { return x; }).sink_to_list();
  const auto again = source.partition(2).flatten().sink_to_list();
  source.start();
  source.drain();
  CHECK(out.size() == 2);
  CHECK(again.values() == std::vector<bool>{true, false, true});
}

TEST_CASE("from_textfile reads a file to its end when it does not follow it") {
  ManualClock clock;
  Place place;
  const fs::path path = place.write("log", "one\n" + std::string(20, 'x') + "\ntwo\nlast");
  SourceOptions options = by(clock);
  options.follow = false;
  auto source = from_textfile(path, options, "\n", false, 10);
  const auto out = source.sink_to_list();
  source.start();
  CHECK(sentence([&] { source.drain(); }) ==
        "from_textfile: a message is longer than 10 bytes; it is dropped");
  CHECK(out.take() == Texts{"one", "two", "last"});
  CHECK(source.node().has_ended());
  place.write("log", std::string(20, 'y') + "\nnew");
  source.start();
  CHECK_THROWS(source.drain());
  CHECK(out.take() == Texts{"new"});
  place.write("log", "");
  source.start();
  source.drain();
  CHECK(out.take().empty());
}

TEST_CASE("from_textfile begins where the file ended when it was started") {
  ManualClock clock;
  Place place;
  const fs::path path = place.write("log", "old\n");
  auto source = from_textfile(path, by(clock), "\n", true, 10);
  const auto out = source.sink_to_list();
  source.start();
  place.write("log", "new\n" + std::string(20, 'x') + "\nnext\n", true);
  clock.advance(0s);
  CHECK(out.values() == Texts{"new", "next"});  // also behind a line that is too long
  CHECK_THROWS(source.drain());
}

TEST_CASE("filenames gives whole files only, and no temporary names") {
  ManualClock clock;
  Place place;
  SourceOptions options = by(clock);
  options.settle = "2s";
  const auto name = [](const fs::path& p) { return p.filename().string(); };
  auto source = filenames(place.path, options);
  const auto out = source.map(name).sink_to_list();
  for (const char* other :
       {".hidden", "a~", "a.tmp", "a.csv.part", "a.crdownload", ".a.csv.Xy12", "a.h5.part-12-3"})
    place.write(other, "x");
  place.write("a.csv", "1\n");
  source.start();
  clock.advance(1900ms);
  place.write("a.csv", "2\n", true);  // it grows
  clock.advance(1900ms);
  CHECK(out.size() == 0);
  clock.advance(300ms);
  CHECK(out.values() == Texts{"a.csv"});
  fs::rename(place.path / "a.tmp", place.path / "b.csv");
  clock.advance(2200ms);
  CHECK(out.values() == Texts{"a.csv", "b.csv"});
  auto parts = filenames(place.path / "*.part", by(clock));
  const auto wanted = parts.map(name).sink_to_list();
  parts.start();
  clock.advance(0s);
  CHECK(wanted.values() == Texts{"a.csv.part"});
  options.settle = -1s;
  CHECK(sentence([&] { filenames(place.path, options); }) ==
        "filenames: settle must not be negative (got -1s)");
}

TEST_CASE("a program that ignores SIGTERM is killed, and one that closes its output is waited for") {
  Place place;
  const fs::path file = place.path / "pid";
  pid_t stubborn = 0;
  {
    auto source =
        from_process({"sh", "-c", "trap '' TERM; echo $$ > " + file.string() + "; exec sleep 1000"});
    source.sink([](const std::string&) {});
    source.start();
    stubborn = process_in(file);
    source.stop();
  }
  CHECK(::kill(stubborn, 0) != 0);
  auto quiet = from_process({"sh", "-c", "echo said; exec >&-; sleep 0.2; exit 4"});
  const auto out = quiet.sink_to_list();
  const auto ticks = quiet.timed_window("10ms").sink_to_list();  // on the same loop
  quiet.start();
  REQUIRE(out.wait_for(1, 10s));
  CHECK(ticks.wait_for(3, 10s));
  CHECK(sentence([&] { quiet.drain(); }) == "from_process: 'sh' ended with status 4");
  auto shot = from_process({"sh", "-c", "kill -9 $$"});
  shot.start();
  CHECK(sentence([&] { shot.drain(); }) == "from_process: 'sh' was ended by signal 9 (Killed)");
}

TEST_CASE("what a program has started ends with it, and with this process, also when that is killed") {
  Place place;
  const std::string file = (place.path / "pid").string();
  const std::vector<std::string> parent{"sh", "-c", "sleep 1000 & echo $! >" + file + "; wait"};
  const auto ends = [](pid_t process) {
    return weir::test::eventually([&] { return !weir::test::is_running(process); });
  };
  pid_t child = 0;
  {
    auto source = from_process(parent);
    source.start();
    child = process_in(file);
    CHECK(weir::test::is_running(child));
  }
  CHECK(ends(child));
  fs::remove(file);
  const pid_t victim = ::fork();
  if (victim == 0) {
    ManualClock clock;  // no thread of ours has come along
    auto source = from_process(parent, by(clock));
    source.start();
    for (;;) ::pause();
  }
  child = process_in(file);
  std::this_thread::sleep_for(500ms);  // its guard is told of the program once that runs
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  CHECK(ends(child));
  auto forgetful = from_process({"sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"});
  const auto lines = forgetful.sink_to_list();
  forgetful.start();
  forgetful.drain();
  REQUIRE(lines.values().size() == 1);
  CHECK(ends(std::stoi(lines.values()[0])));
}

TEST_CASE("from_tcp without free descriptors says so, rests, and takes who waited") {
  Warnings warnings;
  auto source = from_tcp(0);
  const auto out = source.sink_to_list();
  source.start();
  const Peer before(listening_port(source));
  before.send("one\n");
  REQUIRE(out.wait_for(1, 10s));
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit none = limit;
  const int unconnected = ::socket(AF_INET, SOCK_STREAM, 0);
  for (none.rlim_cur = 0; ::fcntl(static_cast<int>(none.rlim_cur), F_GETFD) >= 0;) ++none.rlim_cur;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  Peer::connect(unconnected, listening_port(source));
  const std::string sentence_of_want =
      "from_tcp: cannot accept connections: Too many open files; they wait, and it tries again ten times a "
      "second";
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       warnings.text().empty() && std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(1ms)) {
  }
  std::this_thread::sleep_for(250ms);  // it would fail again and again
  ::setrlimit(RLIMIT_NOFILE, &limit);
  REQUIRE(::send(unconnected, "two\n", 4, MSG_NOSIGNAL) == 4);
  REQUIRE(out.wait_for(2, 10s));
  CHECK(warnings.text() == sentence_of_want + "\n");
  ::close(unconnected);
}

TEST_CASE("from_http_server looks at the path alone, which may be a pattern") {
  auto source = from_http_server(0, "/sensors/*");
  const auto out = source.sink_to_list();
  source.start();
  const std::uint16_t port = listening_port(source);
  CHECK(post(port, "a", "/sensors/7?unit=K&x=/") == "200");
  CHECK(post(port, "b", "/sensors/8") == "200");
  CHECK(post(port, "c", "/others/7?/sensors/7") == "404");
  CHECK(out.values() == Texts{"a", "b"});
  auto plain = from_http_server(0, "/in");
  plain.sink([](const std::string&) {});
  plain.start();
  CHECK(post(listening_port(plain), "d", "/in?from=me") == "200");
  CHECK(post(listening_port(plain), "e", "/into") == "404");
  CHECK(sentence([] { from_http_server(0, "sensors"); }) ==
        "from_http_server: path must begin with '/' (got 'sensors')");
  CHECK(sentence([] { from_http_server(0, "/sensors?unit=K"); }) ==
        "from_http_server: path must not have a query (got '/sensors?unit=K')");
}

TEST_CASE("what can let no message through is refused") {
  CHECK(sentence([] { from_tcp(0, "\n", {.max_message_bytes = 0}); }) ==
        "from_tcp: max_message_bytes must be at least 1 (got 0)");
  CHECK(sentence([] { from_textfile("/proc/self/limits", {}, "\n", false, 0); }) ==
        "from_textfile: max_line_bytes must be at least 1 (got 0)");
}

TEST_CASE("from_textfile says that a pipe is no file, and does not wait for its writer") {
  Place place;
  const std::string path = (place.path / "pipe").string();
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string no_file =
      "from_textfile: '" + path + "' is a pipe, not a file; use from_process({\"cat\", \"" + path + "\"})";
  CHECK(sentence([&] { from_textfile(path); }) == no_file);
  fs::remove(path);
  place.write("pipe", "a\n");
  auto source = from_textfile(path);  // and becomes one before it starts
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(sentence([&] { source.start(); }) == no_file);
}

TEST_CASE("without free descriptors a loop of its own is an error with a sentence") {
  auto source = from_range(0, 3);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit none = limit;
  for (none.rlim_cur = 0; ::fcntl(static_cast<int>(none.rlim_cur), F_GETFD) >= 0;) ++none.rlim_cur;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const std::string text = sentence([&] { source.start(); });
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(text == "EventLoop: cannot make one: Too many open files");
  const auto out = source.sink_to_list();
  source.start();
  source.drain();
  CHECK(out.values() == std::vector<int>{0, 1, 2});
}

TEST_CASE("what is in hand where a function closes its stream still comes out") {
  Stream<int> source;
  const auto closes = [&source](int x) {
    if (x == 20) source.close();
    return x;
  };
  const auto numbers = source.map([](int x) { return std::vector<int>{x, 10 * x}; }).flatten().map(closes);
  const auto seen = numbers.sink_to_list();
  const auto kept = numbers.accumulate(std::plus<>{}, 0).sink_to_list();
  const auto beside = source.map(std::negate<>{}).sink_to_list();
  source.emit(1);
  source.emit(2);
  CHECK_THROWS_WITH(source.emit(3), Catch::Contains("is closed"));
  CHECK(seen.values() == std::vector{1, 10, 2, 20});
  CHECK(kept.values() == std::vector{1, 11, 13, 33});
  CHECK(beside.values() == std::vector{-1, -2});
}

TEST_CASE("close from inside the stream ends it without an error") {
  Stream<int> source;
  const auto out = source.partition(2).sink_to_list();
  source.sink([&](int x) {
    if (x == 3) source.close();
  });
  feed(source, 1, 4);
  CHECK(out.values() == std::vector<Ints>{{1, 2}, {3}});
  CHECK(sentence([&] { source.emit(4); }) == "emit: <stream> is closed");
}
