// The program `weir` as seen from a shell: help, versions, unknown commands.
#include <catch2/catch.hpp>

#include "support/process.hpp"
#include "weir/version.hpp"

using weir::test::Finished;
using weir::test::run;

TEST_CASE("weir without a command shows its help and fails") {
  const Finished finished = run({WEIR_TOOL});
  CHECK(finished.status == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("Usage: weir COMMAND") != std::string::npos);
}

TEST_CASE("weir --help lists the commands, but not those for itself") {
  const Finished finished = run({WEIR_TOOL, "--help"});
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  CHECK(finished.out.find("  run ") != std::string::npos);
  CHECK(finished.out.find("  info ") != std::string::npos);
  CHECK(finished.out.find("  rank ") == std::string::npos);
}

TEST_CASE("weir --version prints one line") {
  CHECK(run({WEIR_TOOL, "--version"}).out == "weir " + std::string(weir::version) + "\n");
}

TEST_CASE("weir refuses an unknown command") {
  const Finished finished = run({WEIR_TOOL, "fly"});
  CHECK(finished.status == 2);
  CHECK(
      finished.err ==
      "weir: the command must be one of run, submit, script, status, logs, cancel, info, simulate, hdf5 (got "
      "fly); `weir --help` tells more\n");
}

TEST_CASE("weir info tells versions, build and machine") {
  const Finished finished = run({WEIR_TOOL, "info"});
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  for (const std::string name : {"weir", "program", "build", "MPI", "mpirun", "host", "cores", "batch job"})
    CHECK(("\n" + finished.out).find("\n" + name + " ") != std::string::npos);
  CHECK(finished.out.find("mpirun (Open MPI) ") != std::string::npos);
}

TEST_CASE("weir info works without mpirun and says so") {
  const Finished finished = run({WEIR_TOOL, "info"}, {{{"PATH", "/nonexistent"}}});
  CHECK(finished.status == 0);
  CHECK(finished.out.find("mpirun is not in PATH; `weir run` needs it") != std::string::npos);
}

TEST_CASE("weir info refuses arguments") {
  const Finished finished = run({WEIR_TOOL, "info", "more"});
  CHECK(finished.status == 2);
  CHECK(finished.err.find("weir info: ") == 0);
}
