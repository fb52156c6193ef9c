// What a process is told by its environment about memory.
#include "home/settings.hpp"

#include <sched.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "node/host.hpp"
#include "support/process.hpp"

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
  CHECK_THROWS_WITH(
      detail::home::memory_limits({}, 4),
      "WEIR_MEMORY_LIMIT: must be at least 1MB; a number without a unit counts bytes (got \"10kB\")");
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

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a control group, or one above it, limits cores and memory") {
  using namespace detail::node;
  const weir::test::TemporaryFolder folder;
  const std::filesystem::path root = folder.path();
  const std::string groups = root / "groups";
  write(groups, "0::/job/step\n");
  CHECK_FALSE(group_cores(groups, root).has_value());
  CHECK_FALSE(group_memory(groups, root).has_value());
  write(root / "job/step/cpu.max", "max 100000\n");
  write(root / "job/cpu.max", "250000 100000\n");
  write(root / "job/step/memory.max", "max\n");
  write(root / "job/memory.max", "629145600\n");
  CHECK(group_cores(groups, root) == 2.5);
  CHECK(group_memory(groups, root) == 629145600u);
  write(groups, "7:cpu,cpuacct:/a\n4:memory:/a\n3:cpuset:/b\n");
  write(root / "cpu/a/cpu.cfs_quota_us", "-1\n");
  write(root / "cpu/a/cpu.cfs_period_us", "100000\n");
  write(root / "memory/a/memory.limit_in_bytes", "1000\n");
  CHECK_FALSE(group_cores(groups, root).has_value());
  CHECK(group_memory(groups, root) == 1000u);
  write(root / "cpu/a/cpu.cfs_quota_us", "50000\n");
  CHECK(group_cores(groups, root) == 0.5);
}

TEST_CASE("a process takes the cores and the memory of its job, not those of the machine") {
  const Variable job("SLURM_JOB_ID", "5"), cores("SLURM_CPUS_ON_NODE", "1"),
      memory("SLURM_MEM_PER_NODE", "100");
  const Variable none("WEIR_MEMORY_LIMIT", nullptr), told("WEIR_NODE_MEMORY", nullptr);
  CHECK(detail::home::granted_cores() == 1);
  CHECK(detail::home::granted_memory() == (100u << 20) / 10 * 9);
  CHECK(detail::home::memory_limits({}, 2).limit == (100u << 20) / 10 * 9 / 2);
  const Variable less("WEIR_NODE_MEMORY", "50000000");
  CHECK(detail::home::granted_memory() == 45'000'000);
}

TEST_CASE("a process takes the cores that its affinity mask leaves it") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core)
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(detail::node::host_cores() == 1);
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}

TEST_CASE("how long silence is waited for is a setting") {
  {
    const Variable patience("WEIR_PATIENCE", "2s");
    CHECK(detail::home::scheduler_settings({}).patience_for_stopped == std::chrono::seconds(2));
    CHECK(detail::home::scheduler_settings({}).patience_for_dead == std::chrono::seconds(2));
  }
  {
    const Variable patience("WEIR_PATIENCE", "1ms");
    CHECK_THROWS_WITH(detail::home::scheduler_settings({}),
                      "WEIR_PATIENCE: must be at least 500ms (got \"1ms\")");
  }
  const Variable patience("WEIR_PATIENCE", nullptr);
  CHECK(detail::home::scheduler_settings({}).patience_for_dead == std::chrono::seconds(10));
}
