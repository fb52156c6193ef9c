// The main function of programs whose tests run inside weir::run; worker ranks execute no test.
#define CATCH_CONFIG_RUNNER
#include "support/cluster_main.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace weir::test {
namespace {
Client* the_client = nullptr;
}

Client& client() { return *the_client; }

bool on_ranks() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  return size && std::string(size) != "1";
}

}  // namespace weir::test

int main(int argc, char** argv) {
  setenv("WEIR_RESOURCES", "GPU=2,licence=1", 0);
  setenv("WEIR_STATE_DIR", "/tmp/weir-tests", 0);  // if nobody else says where
  return weir::run(argc, argv, [&](weir::Client& client) {
    weir::test::the_client = &client;
    client.wait_for_workers(
        weir::test::on_ranks() ? std::strtoul(std::getenv("OMPI_COMM_WORLD_SIZE"), nullptr, 10) - 1 : 1);
    return Catch::Session().run(argc, argv);
  });
}
