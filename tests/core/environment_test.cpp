// What a program that a rank starts does not see of its MPI job.
#include "weir/environment.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace weir;

namespace {

bool has(const std::string& entry) {
  const auto all = clean_environment();
  return std::find(all.begin(), all.end(), entry) != all.end();
}

}  // namespace

TEST_CASE("a rank's program is started without the variables of its MPI job") {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) unsetenv(name);
  setenv("OMPI_MCA_btl", "self", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  CHECK(has("OMPI_MCA_btl=self"));  // a user's own, outside any job
  setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
  setenv("PMIX_NAMESPACE", "x", 1);
  setenv("ORTE_x", "y", 1);
  setenv("HYDI_CONTROL_FD", "7", 1);
  setenv("MPI_LOCALRANKID", "1", 1);
  setenv("WEIR_X", "kept", 1);
  CHECK_FALSE(has("OMPI_MCA_btl=self"));
  CHECK_FALSE(has("OMPI_COMM_WORLD_SIZE=3"));
  CHECK_FALSE(has("PMIX_NAMESPACE=x"));
  CHECK_FALSE(has("ORTE_x=y"));
  CHECK_FALSE(has("HYDI_CONTROL_FD=7"));
  CHECK_FALSE(has("MPI_LOCALRANKID=1"));
  CHECK(has("OMPI_ALLOW_RUN_AS_ROOT=1"));
  setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
  CHECK(has("OMPI_MCA_rmaps_base_oversubscribe=1"));
  CHECK(has("WEIR_X=kept"));
  for (const char* name :
       {"OMPI_COMM_WORLD_SIZE", "OMPI_MCA_btl", "PMIX_NAMESPACE", "ORTE_x", "HYDI_CONTROL_FD",
        "MPI_LOCALRANKID", "WEIR_X", "OMPI_MCA_rmaps_base_oversubscribe"})
    unsetenv(name);
}
