// A process that has streams and nothing else; they are made up.
#include "dashboard/alone.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "dashboard/fetch.hpp"
#include "seeing/streams.hpp"

using namespace weir::detail;
namespace fs = std::filesystem;

namespace {

class MadeUp final : public seeing::StreamWatch {
 public:
  bool sample() override { return true; }
  std::vector<seeing::StreamSeen> take(double) override {
    seeing::StreamNodeSeen source, map;
    source.label = "<source>";
    source.blocked = 0.9;
    source.below = {1};
    map.label = "<map: f>";
    map.busy = 0.97;
    return {{{source, map}}};
  }
};

}  // namespace

TEST_CASE("a program with streams alone has a page, until it gets a cluster") {
  char folder[] = "/tmp/weir-alone-XXXXXX";
  REQUIRE(mkdtemp(folder));
  setenv("WEIR_STATE_DIR", folder, 1);
  setenv("WEIR_DASHBOARD", ("unix:" + std::string(folder) + "/page").c_str(), 1);
  static MadeUp watch;
  seeing::stream_watch() = &watch;
  seeing::show_streams();
  seeing::show_streams();
  std::vector<dashboard::Run> runs;
  for (int i = 0; i < 2000 && (runs.empty() || runs[0].address.empty()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    runs = dashboard::runs(folder);
  }
  REQUIRE(runs.size() == 1);
  const auto picture = nlohmann::json::parse(dashboard::fetch(runs[0], "/json/picture"));
  CHECK(picture.at("verdict").at("sentence") ==
        "<map: f> is the limit: 97% busy; what is above it waits 90% of the time");
  CHECK(picture.at("cluster").at("threads") == 0);
  dashboard::end_alone();
  CHECK_FALSE(fs::exists(fs::path(folder) / "page"));
  seeing::show_streams();  // a home has come: none begins any more
  seeing::stream_watch() = nullptr;
  unsetenv("WEIR_DASHBOARD");
  unsetenv("WEIR_STATE_DIR");
  fs::remove_all(folder);
}
