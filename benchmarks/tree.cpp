// A binary tree of sums: every leaf and every inner node is a task.
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

long leaf(long x) { return x; }
long add(long a, long b) { return a + b; }

double tree_s(weir::Client& client, long leaves) {
  const auto start = bench::Clock::now();
  std::vector<weir::Future<long>> level;
  level.reserve(static_cast<std::size_t>(leaves));
  for (long i = 0; i < leaves; ++i) level.push_back(client.submit(leaf, i));
  while (level.size() > 1) {
    std::vector<weir::Future<long>> next;
    next.reserve((level.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(client.submit(add, level[i], level[i + 1]));
    if (level.size() % 2) next.push_back(level.back());
    level = std::move(next);
  }
  if (level.front().result() != leaves * (leaves - 1) / 2)
    throw weir::Error(weir::ErrorKind::internal, "tree: the sum is wrong");
  return bench::seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const long leaves = bench::option(argc, argv, "--leaves", 32'768);
    client.wait_for_workers(2);
    tree_s(client, leaves);
    std::vector<double> rates;
    for (long i = bench::option(argc, argv, "--repeat", 5); i > 0; --i)
      rates.push_back(static_cast<double>(2 * leaves - 1) / tree_s(client, leaves));
    bench::print("tree_tasks_per_s", bench::median(rates));
  });
}
