// What oneTBB reaches, with two threads, beside local_tasks and stream_threads.
#include <tbb/tbb.h>

#include <atomic>

#include "report.hpp"

namespace {

constexpr int threads = 2;

void tasks(int count) {
  tbb::task_group group;
  for (int i = 0; i < count; ++i) group.run([] {});
  group.wait();
}

void link(tbb::task_group& group, int left) {
  if (left > 0) group.run([&group, left] { link(group, left - 1); });
}

long fib(long n) {
  if (n < 2) return n;
  long a = 0, b = 0;
  tbb::task_group group;
  group.run([&] { a = fib(n - 1); });
  group.run([&] { b = fib(n - 2); });
  group.wait();
  return a + b;
}

/// Elements through three stages, the first and the last in order: as a pipe of threads does where `middle`
/// is in order too, else an ordered farm.
double stages_s(int count, tbb::filter_mode middle) {
  return bench::seconds_of([&] {
    int next = 0;
    long sum = 0;
    tbb::parallel_pipeline(
        1024, tbb::make_filter<void, int>(tbb::filter_mode::serial_in_order, [&](tbb::flow_control& control) {
                if (next == count) control.stop();
                return next++;
              }) & tbb::make_filter<int, int>(middle, [](int x) {
                return x + 1;
              }) & tbb::make_filter<int, void>(tbb::filter_mode::serial_in_order, [&](int x) { sum += x; }));
  });
}

/// One element through a node that computes on a thread of the pool.
double element_us() {
  tbb::flow::graph graph;
  std::atomic<int> out{0};
  tbb::flow::function_node<int> node(graph, tbb::flow::serial, [&](int x) { out = x; });
  constexpr int count = 20'000;
  return 1e6 / count * bench::seconds_of([&] {
           for (int i = 1; i <= count; ++i) {
             node.try_put(i);
             graph.wait_for_all();
           }
         });
}

}  // namespace

int main() {
  const tbb::global_control at_most(tbb::global_control::max_allowed_parallelism, threads);
  constexpr int many = 200'000, wide = 8192, links = 20'000;
  bench::print("tbb_tasks_per_s", many / bench::seconds_of([] { tasks(many); }));
  bench::print("tbb_fan_in_per_s", wide / bench::seconds_of([] { tasks(wide); }));
  bench::print("tbb_chain_per_s", links / bench::seconds_of([] {
                                    tbb::task_group group;
                                    link(group, links);
                                    group.wait();
                                  }));
  bench::print("tbb_fib_ms", 1e3 * bench::seconds_of([] { fib(15); }));
  bench::print("tbb_roundtrip_us", 1e6 / 20'000 * bench::seconds_of([] {
                                     for (int i = 0; i < 20'000; ++i) tasks(1);
                                   }));
  bench::print("tbb_pipe_per_s", 500'000 / stages_s(500'000, tbb::filter_mode::serial_in_order));
  bench::print("tbb_farm_per_s", 500'000 / stages_s(500'000, tbb::filter_mode::parallel));
  bench::print("tbb_element_us", element_us());
}
