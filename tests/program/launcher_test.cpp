#include "program/launcher.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "program/linked_mpi.hpp"
#include "support/process.hpp"
#include "support/throws.hpp"
#include "weir/error.hpp"

using weir::detail::program::GangPlace;
using weir::detail::program::launched;
using Words = std::vector<std::string>;

namespace {

const std::vector<GangPlace> places{{"n1", {}}, {"n2", {}}, {"n1", {}}};
Words words(const std::string& launcher) { return launched(launcher, places, {"X"}, {"lmp", "-in"}).command; }

}  // namespace

TEST_CASE("launcher: as many ranks on each host as the gang has there") {
  CHECK(words("mpirun") == Words{"mpirun", "--quiet", "--oversubscribe", "--bind-to", "none", "--map-by",
                                 "slot", "--host", "n1:2,n2:1", "-x", "X", "-n", "3", "lmp", "-in"});
  CHECK(words("/opt/mpich/bin/mpiexec.hydra") == Words{"/opt/mpich/bin/mpiexec.hydra", "-hosts", "n1:2,n2:1",
                                                       "-bind-to", "none", "-n", "3", "lmp", "-in"});
  CHECK(words("srun") == Words{"srun", "--overlap", "--ntasks", "3", "--nodes", "2", "--nodelist", "n1,n2,n1",
                               "--distribution", "arbitrary", "lmp", "-in"});
  CHECK(launched("srun", {{"n1", {}}, {"n1", {}}}, {}, {"lmp"}).command ==
        Words{"srun", "--overlap", "--ntasks", "2", "--nodes", "1", "--nodelist", "n1", "lmp"});
  CHECK(launched("/opt/bin/srun --mpi=pmix", {{"n1", {}}}, {}, {"lmp"}).command ==
        Words{"/opt/bin/srun", "--mpi=pmix", "--overlap", "--ntasks", "1", "--nodes", "1", "--nodelist", "n1",
              "lmp"});
}

TEST_CASE("launcher: each is told how the hosts of a job of several parts are reached") {
  const auto of = [](const std::string& launcher) {
    return launched(launcher, {{"n1", {}}}, {}, {"lmp"}, {"--mca a b", "--het-group=1"});
  };
  CHECK(of("mpirun").command[3] == "b");
  CHECK(of("srun").command[1] == "--het-group=1");
  CHECK(of("mpiexec.hydra").command[1] == "-hosts");
  CHECK(of("mpiexec.hydra").variables == Words{"HYDRA_LAUNCHER_EXTRA_ARGS=--het-group=1"});
}

TEST_CASE("launcher: hosts of another batch job are refused") {
  const auto on = [](const std::string& host, const std::string& job) {
    return launched("mpirun", {{"n1", {}, "1"}, {host, {}, job}}, {}, {"lmp"}).command.size();
  };
  CHECK(on("n1", "1") == on("n2", "1"));
  CHECK(on("n1", "2") == on("n1", "1"));  // two jobs of one host
  CHECK_THROWS_WITH(on("n2", "2"),
                    Catch::StartsWith("program: a gang must be in one batch job, whose hosts a "
                                      "launcher reaches (got 2 ranks in several, on n1 and n2)"));
}

TEST_CASE("launcher: one that is not known is refused with those that are") {
  CHECK_THROWS_AS(words(""), weir::Error);
  CHECK_THROWS_WITH(words("aprun"),
                    "program: launcher must be mpirun, mpiexec.hydra or srun, or a path that ends so, and "
                    "its options (got 'aprun')");
}

TEST_CASE("launcher: one of another MPI than the program's is refused") {
  using weir::detail::program::check_family;
  using weir::detail::program::launched_mpi;
  using weir::detail::program::linked_mpi;
  const weir::test::TemporaryFolder folder;
  const auto file = [&](const std::string& name) { return folder.path() + "/" + name; };
  const auto link = [&](const std::string& name, const std::string& library) {
    const std::string made =
        "echo 'int f(){return 0;}' | cc -shared -x c - -o " + file(library) + " -Wl,-soname," + library +
        "; echo 'int f();int main(){return f();}' | cc -x c - -o " + file(name) + " -x none " + file(library);
    REQUIRE(weir::test::run({"sh", "-c", made}).status == 0);
  };
  link("of_mpich", "libmpich.so.12");
  link("of_open_mpi", "libmpi.so.40");
  CHECK(linked_mpi(file("of_mpich")) == "MPICH");
  CHECK(linked_mpi(file("of_open_mpi")) == "Open MPI");
  CHECK(linked_mpi("/bin/sh").empty());
  CHECK(linked_mpi("/no/such").empty());
  weir::test::write_file(file("orterun"), "", 0755);
  weir::test::write_file(file("mpiexec.hydra"),
                         "\x7f"
                         "ELF, and no more",
                         0755);
  CHECK(linked_mpi(file("mpiexec.hydra")).empty());
  REQUIRE(symlink("orterun", file("mpirun").c_str()) == 0);
  CHECK(launched_mpi(file("mpirun")) == "Open MPI");
  CHECK(launched_mpi("/bin/sh").empty());
  CHECK_NOTHROW(check_family(file("mpirun"), file("of_open_mpi")));
  CHECK_NOTHROW(check_family(file("mpiexec.hydra"), file("of_mpich")));
  CHECK_NOTHROW(check_family("/bin/sh", file("of_mpich")));
  CHECK_THROWS_WITH(check_family(file("mpirun"), file("of_mpich")),
                    "program: '" + file("of_mpich") + "' is a program of MPICH, and '" + file("mpirun") +
                        "' starts those of Open MPI: each rank would be alone; .launcher = "
                        "\"mpiexec.hydra\" may be the right one");
}

TEST_CASE("launcher: MPICH before 4.2 is known by what Hydra says of itself") {
  using weir::detail::program::may_not_end;
  const auto hydra = [](const std::string& version) {
    return "HYDRA build details:\n    Version:                                 " + version +
           "\n    Release Date:                            Thu Apr  7 12:34:45 CDT 2022\n";
  };
  for (const char* version : {"3.4.3", "4.0.2", "4.1"}) CHECK(may_not_end(hydra(version)));
  for (const char* version : {"4.2.0", "4.3.0b1", "5.0", "unknown", ""})
    CHECK_FALSE(may_not_end(hydra(version)));
  CHECK_FALSE(may_not_end("Intel(R) MPI Library for Linux* OS, Version 2021.12 Build 20240213"));
  CHECK_FALSE(may_not_end(""));
}
