// A cluster whose jobs have a walltime of one minute and whose work takes longer; runs under
// support/with_slurm.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "batch_systems/user.hpp"

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// What ran, and in which processes.
struct Ran {
  std::multiset<int> numbers;
  std::set<int> workers;
  explicit Ran(const std::string& file) {
    std::istringstream in(content(file));
    for (int number = 0, pid = 0; in >> number >> pid; workers.insert(pid)) numbers.insert(number);
  }
  [[nodiscard]] bool is_each_once(int count) const {
    return numbers.size() == static_cast<std::size_t>(count) &&
           std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size() &&
           *numbers.rbegin() == count - 1;
  }
};

}  // namespace

TEST_CASE(
    "work outlasts a walltime of one minute: jobs are replaced, results handed over, nothing is computed "
    "twice, no element lost") {
  const User user;
  auto options = user.options();
  options.environment["TEST_WEIR"] = WEIR_TOOL;
  options.environment["WEIR_LOG"] = "info";
  options.deadline = 200s;
  const std::string file = user.folder() + "/ran";
  const Finished done = run({BATCH_CLUSTER, "slurm", "outlast", file}, options);
  INFO(done.err);
  CHECK(done.out == "sum 7140\nin order 200 of 200\nlost 0\ndone\n");
  const Ran tasks(file), elements(file + ".stream");
  CHECK(tasks.is_each_once(120));
  CHECK(elements.is_each_once(200));
  CHECK(tasks.workers.size() >= 3);
  CHECK(elements.workers.size() >= 3);  // the stream went on from one job to the next
  CHECK(contains(done.err, "the job of worker 1 ends in "));
  CHECK(contains(done.err, "the job of worker 2 ends in "));
  CHECK(user.shell("squeue -h -t all -o %l | sort -u").out == "1:00\n");
  CHECK(user.shell("squeue -h -t TIMEOUT -o %i").out.empty());  // they have left before
  CHECK(eventually([&] { return user.shell("squeue -h -o %i").out.empty(); }));
}
