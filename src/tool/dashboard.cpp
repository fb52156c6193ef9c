// weir dashboard [JOB]
#include <unistd.h>

#include <array>
#include <cstdio>

#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/run_folder.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

int dashboard(int argc, char** argv) {
  CLI::App app(
      "Prints where the dashboard of a running program is, and how to reach it from another machine.",
      "weir dashboard");
  std::string which;
  app.add_option("JOB", which, "Id, batch job, process or name of a program; default: the newest that runs");
  if (!parse(app, argc, argv)) return 0;
  const auto run = dashboard::find_run(which, state_directory(), dashboard::Before::alive);
  const std::string pid = std::to_string(run.program.pid);
  const std::string who = run.program.name + ", process " + pid + " on " + run.program.host + ", ";
  if (!dashboard::is_alive(run))
    throw Error(ErrorKind::not_found, who + "has ended; `weir report " + pid + "` makes a report of it");
  if (run.address.empty())
    throw Error(ErrorKind::not_found, who + "has no page (its log says why); `weir report " + pid +
                                          "` shows what it has written so far");
  const bool is_local = run.address.starts_with("unix:");
  const std::string there = is_local ? run.address.substr(5) : run.address;
  const std::string port = is_local ? "8787" : run.address.substr(run.address.rfind(':') + 1);
  const std::string address = "http://localhost:" + port + "/?token=" + run.token;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string there_host = printable(run.program.host);
  std::printf("%s, process %lld on %s\n", printable(run.program.name).c_str(),
              static_cast<long long>(run.program.pid), there_host.c_str());
  if (!is_local && run.program.host == host.data()) {
    std::printf("  %s\n", printable(address).c_str());
    std::printf("from another machine, first:\n");
  } else {
    std::printf("  on your machine, first:\n");
  }
  std::printf("  ssh -N -L %s:%s %s\n", printable(port).c_str(), printable(there).c_str(),
              there_host.c_str());
  std::printf("then open\n  %s\n", printable(address).c_str());
  return 0;
}

}  // namespace weir::detail::tool
