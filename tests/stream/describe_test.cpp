// Seeing a pipeline.
#include "weir/stream/describe.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "seeing/streams.hpp"
#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// What describe says, without what differs from run to run.
std::string steady(const StreamHandle& stream) {
  return std::regex_replace(describe(stream), std::regex(", [0-9.]+/s|slowest: [^\n]*\n"), "");
}
void work(std::chrono::microseconds time) {
  for (const auto end = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < end;) {
  }
}

}  // namespace

TEST_CASE("describe prints nodes with their counts") {
  Stream<int> source;
  source.named("numbers");
  source.map(inc).named("inc").filter(is_odd).partition(5).sink([](const Ints&) {});
  source.map([](int x) { return x == 2 ? throw std::runtime_error("two") : x; })
      .on_error(weir::on_error::skip);
  feed(source, 0, 4);
  CHECK(steady(source) ==
        "<numbers; stream>  in 0, out 4\n"
        "  <inc; map: inc>  in 4, out 4\n"
        "    <filter: is_odd>  in 4, out 2\n"
        "      <partition: 5>  in 2, out 0, queued 2\n"
        "        <sink>  in 0, out 0\n"
        "  <map>  in 4, out 3, errors 1\n");
}

TEST_CASE("describe says who waits for room, and knows cycles") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto buffered = source.buffer(2);
  buffered.filter(is_odd).connect(source);
  source.emit(0);
  source.emit(2);
  CHECK(steady(source) ==
        "<stream>  in 0, out 2, waits for room below\n"
        "  <buffer: 2>  in 2, out 0, queued 2, in flight 2\n"
        "    <filter: is_odd>  in 0, out 0\n"
        "      <stream> (above)\n");
}

TEST_CASE("describe tells rates since the last look, and the slowest node") {
  Stream<int> source;
  source.map(inc)
      .named("quick")
      .map([](int x) {
        work(300us);
        return x;
      })
      .named("slow")
      .sink([](int) { work(20us); });
  CHECK_THAT(describe(source), !Catch::Contains("/s") && !Catch::Contains("slowest"));
  feed(source, 0, 20);
  const std::string text = describe(source);
  CHECK_THAT(text, Catch::Matches("[^]*<quick; map: inc>  in 20, out 20, [0-9.]+/s\n[^]*slowest: <slow; "
                                  "map>, [0-9.]+ [um]s for an element\n"));
  CHECK(report(source)[2].seconds_each >= 300e-6);
  CHECK(report(source)[1].seconds_each <
        report(source)[2].seconds_each);  // what is below a node is not its own time
  CHECK_THAT(describe(source), !Catch::Contains("/s"));
}

TEST_CASE("graphviz numbers edges in execution order and dots controls") {
  Stream<int> source, reset;
  source.accumulate(std::plus<>{}).reset_by(reset);
  source.sink([](int) {});
  CHECK(graphviz(source) ==
        "digraph stream {\n"
        "  rankdir=TB;\n"
        "  node [style=filled, fillcolor=white];\n"
        "  n0 [label=\"stream\", shape=box];\n"
        "  n1 [label=\"accumulate\", shape=box];\n"
        "  n2 [label=\"reset\", shape=box];\n"
        "  n3 [label=\"stream\", shape=box];\n"
        "  n4 [label=\"sink\", shape=box];\n"
        "  n0 -> n1 [label=\"0\"];\n"
        "  n0 -> n4 [label=\"1\"];\n"
        "  n2 -> n1 [style=dotted];\n"
        "  n3 -> n2;\n"
        "}\n");
}

TEST_CASE("visualize draws the picture with dot, and leaves the text where there is none") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("weir_visualize_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  Stream<int> source;
  source.map(inc).named("it's \"quick\"").sink([](int) {});
  const auto content = [](const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  CHECK(visualize(source, folder / "plain.dot") == folder / "plain.dot");
  CHECK(content(folder / "plain.dot") == graphviz(source));
  if (std::system("dot -V 2>/dev/null") == 0) {
    CHECK(visualize(source, folder / "it's a.svg") == folder / "it's a.svg");
    CHECK_THAT(content(folder / "it's a.svg"), Catch::Contains("<svg") && Catch::Contains("quick"));
    CHECK(visualize(source, folder / "a.png") == folder / "a.png");
    CHECK(content(folder / "a.png").substr(1, 3) == "PNG");
    CHECK_FALSE(std::filesystem::exists(folder / "a.png.dot"));
    CHECK(visualize(source, folder / "a.nosuchformat") == folder / "a.nosuchformat.dot");
  } else {
    WARN("dot is not installed: pictures are not tried");
  }
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const auto without = visualize(source, folder / "b.png");
  ::setenv("PATH", path.c_str(), 1);
  CHECK(without == folder / "b.png.dot");
  CHECK(content(without) == graphviz(source));
  CHECK(sentence([&] { visualize(source, folder / "none" / "a.dot"); }) ==
        "visualize: cannot write '" + (folder / "none" / "a.dot").string() + "': No such file or directory");
  std::filesystem::remove_all(folder);
}

TEST_CASE("the stall detector names the node that blocks") {
  ManualClock clock;
  Stream<int> a{clock}, b{clock};
  a.zip(b, max_ahead{1}).named("pairs").sink([](const auto&) {});
  std::vector<std::string> said;
  const StallDetector detector(a, 10s, [&](const std::string& sentence) { said.push_back(sentence); });
  clock.advance(30s);
  CHECK(said.empty());
  a.emit(1);
  a.emit(2);
  clock.advance(40s);
  CHECK(said ==
        std::vector<std::string>{"stream: nothing has moved for 10s; 2 elements wait in <pairs; zip>"});
}

TEST_CASE("who looks at the streams of a program sees the name that a node has got since") {
  Stream<int> source;
  const auto sink = source.map(std::negate<>()).sink([](int) {});
  const auto is_seen = [](const std::string& label) {
    for (const auto& graph : detail::seeing::stream_watch().load()->take(0))
      for (const auto& node : graph.nodes)
        if (node.label == label) return true;
    return false;
  };
  CHECK_FALSE(is_seen("<named late; sink>"));
  sink.named("named late");
  CHECK(is_seen("<named late; sink>"));
}
