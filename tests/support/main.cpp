// The main function of every unit test program.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

// What tests start leaves its traces here, also if nobody but ctest says where.
int main(int argc, char** argv) {
  setenv("WEIR_STATE_DIR", (std::filesystem::temp_directory_path() / "weir-tests").c_str(), 0);
  return Catch::Session().run(argc, argv);
}
