// Tasks of one process, on its threads: what a library for threads does too.
#include <numeric>
#include <weir/coordination.hpp>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int same(int x) { return x; }
int increment(int x) { return x + 1; }
long total(const std::vector<int>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0L); }

using Large = std::vector<double>;
double first_of(const Large& x) { return x[0]; }

/// Tasks that are given 64 KiB each, made for them; 64 at a time.
double given_s(weir::Client& client, int count) {
  return bench::seconds_of([&] {
    double sum = 0;
    for (int done = 0; done < count; done += 64) {
      std::vector<weir::Future<double>> window;
      for (int i = 0; i < 64; ++i) window.push_back(client.submit(first_of, Large(8192, 1.0)));
      for (const auto& first : window) sum += first.result();
    }
    if (sum != count)
      throw weir::Error(weir::ErrorKind::internal, "local_tasks: wrong result of given values");
  });
}

/// A task that starts the next one; the last one says so.
void next(int left) {
  auto client = weir::Client::current();
  if (left > 1) client.fire_and_forget(client.submit(next, left - 1));
  else weir::Event("local_tasks end").set();
}

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

/// The first million tasks of a program, and how much of the later rate that is.
void measure_first(weir::Client& client) {
  const std::vector<int> million(1'000'000, 1);
  const auto rate = [&] {
    const auto start = bench::Clock::now();
    check(client.gather(client.map(same, million)) == million, "map");
    return double(million.size()) / bench::seconds_since(start);
  };
  const double first = rate();
  std::vector<double> later;
  for (int i = 0; i < 5; ++i) later.push_back(rate());
  bench::print("local_tasks_per_s_first", first);
  bench::print("local_first_fraction", first / bench::median(later));
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(1);
    if (bench::option(argc, argv, "--first", 0)) return measure_first(client);
    const std::vector<int> many(200'000, 1), wide(8192, 1), inputs(64, 1);
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
    constexpr int width = 4096;
    bench::print("local_wide_per_s",
                 width / bench::seconds_of([&] {
                   const auto values = client.map(same, inputs);
                   std::vector<weir::Future<long>> sums;
                   for (int i = 0; i < width; ++i) sums.push_back(client.submit(total, values));
                   const std::vector<long> results = client.gather(sums);
                   check(std::accumulate(results.begin(), results.end(), 0L) == 64L * width, "wide tasks");
                 }));
    bench::print("local_given_per_s", 19'200 / given_s(client, 19'200));
    bench::print("local_next_per_s", links / bench::seconds_of([&] {
                                       weir::Event end("local_tasks end");
                                       end.clear();
                                       client.fire_and_forget(client.submit(next, links));
                                       end.wait();
                                     }));
    bench::print("local_fib_ms",
                 1e3 * bench::seconds_of([&] { check(client.submit(fib, 15L).result() == 610, "fib"); }));
    bench::print("local_roundtrip_us", 1e6 / 20'000 * bench::seconds_of([&] {
                                         for (int i = 0; i < 20'000; ++i)
                                           check(client.submit(same, i).result() == i, "submit");
                                       }));
  });
}
