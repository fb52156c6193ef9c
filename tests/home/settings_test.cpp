// What a process is told by its environment about memory.
#include "home/settings.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>

#include "node/host.hpp"

using namespace weir;

namespace {

// An environment variable while the object lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Variable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("settings give each rank its share of the node's memory") {
  const Variable none("WEIR_MEMORY_LIMIT", nullptr);
  CHECK(detail::node::host_memory() > 100'000'000);
  CHECK(detail::home::memory_limits({}, 4).limit == detail::node::host_memory() / 4);
}

TEST_CASE("settings take the limit from the options, else from the environment") {
  const Variable variable("WEIR_MEMORY_LIMIT", "2GB");
  CHECK(detail::home::memory_limits({}, 4).limit == 2'000'000'000);
  RunOptions options;
  options.memory_limit = "64 MiB";
  CHECK(detail::home::memory_limits(options, 4).limit == 64u << 20);
}

TEST_CASE("settings refuse a limit that is none") {
  {
    const Variable variable("WEIR_MEMORY_LIMIT", "plenty");
    CHECK_THROWS_WITH(detail::home::memory_limits({}, 4),
                      Catch::Contains("WEIR_MEMORY_LIMIT: ") && Catch::Contains("plenty"));
  }
  const Variable variable("WEIR_MEMORY_LIMIT", "10kB");
  CHECK_THROWS_WITH(detail::home::memory_limits({}, 4),
                    "WEIR_MEMORY_LIMIT: must be at least 1 MB (got \"10kB\")");
}

TEST_CASE("settings find the folder for what does not fit") {
  const Variable unset("WEIR_SPILL_DIRECTORY", nullptr);
  {
    const Variable none("TMPDIR", nullptr);
    CHECK(detail::home::spill_folder() == "/tmp");
  }
  const Variable temporary("TMPDIR", "/var/tmp");
  CHECK(detail::home::spill_folder() == "/var/tmp");
  const Variable own("WEIR_SPILL_DIRECTORY", "/scratch");
  CHECK(detail::home::spill_folder() == "/scratch");
}
