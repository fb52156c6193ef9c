// Tasks of one process, on its threads: what a library for threads does too.
#include <numeric>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int same(int x) { return x; }
int increment(int x) { return x + 1; }
long total(const std::vector<int>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0L); }

long fib(long n) {
  if (n < 2) return n;
  auto client = weir::Client::current();
  const auto a = client.submit(fib, n - 1), b = client.submit(fib, n - 2);
  return a.result() + b.result();
}

void check(bool right, const char* what) {
  if (!right)
    throw weir::Error(weir::ErrorKind::internal, std::string("local_tasks: wrong result of ") + what);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(1);
    const std::vector<int> many(200'000, 1), wide(8192, 1);
    bench::print("local_tasks_per_s", double(many.size()) / bench::seconds_of([&] {
                                        check(client.gather(client.map(same, many)) == many, "map");
                                      }));
    constexpr int links = 20'000;
    bench::print("local_chain_per_s", links / bench::seconds_of([&] {
                                        weir::Future<int> last = client.submit(increment, 0);
                                        for (int i = 1; i < links; ++i) last = client.submit(increment, last);
                                        check(last.result() == links, "chain");
                                      }));
    bench::print("local_fan_in_per_s", double(wide.size()) / bench::seconds_of([&] {
                                         const auto all = client.submit(total, client.map(same, wide));
                                         check(all.result() == 8192, "fan-in");
                                       }));
    bench::print("local_fib_ms",
                 1e3 * bench::seconds_of([&] { check(client.submit(fib, 15L).result() == 610, "fib"); }));
    bench::print("local_roundtrip_us", 1e6 / 20'000 * bench::seconds_of([&] {
                                         for (int i = 0; i < 20'000; ++i)
                                           check(client.submit(same, i).result() == i, "submit");
                                       }));
  });
}
