// Session files of processes that live, have ended, or have a number that is used again.
#include "home/session_file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/process.hpp"
#include "support/throws.hpp"

using namespace weir::detail;

TEST_CASE("session file: a process that has the number of one that has ended is not taken for it") {
  const weir::test::TemporaryFolder folder;
  const home::SessionFile file(comm::Door{{"127.0.0.1:1"}, "key"}, folder.path());
  const home::SessionInfo session = home::read_session_file(file.path());
  CHECK(session.pid == static_cast<std::uint64_t>(getpid()));
  nlohmann::json text = nlohmann::json::parse(std::ifstream(file.path()));
  const auto written = [&](std::uint64_t born) {
    text["born"] = born;
    home::write_private(file.path(), text.dump());
    return file.path();
  };
  CHECK(weir::test::sentence_of([&] {
          (void)home::read_session_file(written(session.born - 1));
        }).find("belongs to a session that has ended (process ") != std::string::npos);
  CHECK_NOTHROW(home::read_session_file(written(session.born)));
}
