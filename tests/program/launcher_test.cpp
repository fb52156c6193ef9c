#include "program/launcher.hpp"

#include <catch2/catch.hpp>

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

TEST_CASE("launcher: one that is not known is refused with those that are") {
  CHECK_THROWS_AS(words(""), weir::Error);
  CHECK_THROWS_WITH(words("aprun"),
                    "program: launcher must be mpirun, mpiexec.hydra or srun, or a path that ends so, and "
                    "its options (got 'aprun')");
}
