// What oneTBB reaches, with two threads, beside local_tasks and stream_threads.
#include <tbb/tbb.h>

#include <atomic>
#include <deque>
#include <numeric>
#include <stdexcept>
#include <string>

#include "report.hpp"

namespace {

constexpr int threads = 2;

int same(int x) { return x; }
int increment(int x) { return x + 1; }
long total(const std::vector<int>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0L); }

void check(bool right, const char* what) {
  if (!right) throw std::logic_error(std::string("raw_tbb: wrong result of ") + what);
}

/// A task for each number, whose results are kept.
std::vector<int> map(const std::vector<int>& in) {
  std::vector<int> out(in.size());
  tbb::task_group group;
  for (std::size_t i = 0; i < in.size(); ++i) group.run([&in, &out, i] { out[i] = same(in[i]); });
  group.wait();
  return out;
}

/// A task that needs what others have made.
long total_of(const std::vector<int>& in) {
  const std::vector<int> out = map(in);
  long sum = 0;
  tbb::task_group group;
  group.run_and_wait([&] { sum = total(out); });
  return sum;
}

/// A graph of values as it is said from outside: made, run and taken down.
int chain(int links) {
  namespace flow = tbb::flow;
  flow::graph graph;
  std::deque<flow::function_node<int, int>> nodes;
  int last = 0;
  for (int i = 0; i < links; ++i) {
    nodes.emplace_back(graph, flow::serial, increment);
    if (i > 0) flow::make_edge(nodes[i - 1], nodes[i]);
  }
  flow::function_node<int> end(graph, flow::serial, [&](int x) { last = x; });
  flow::make_edge(nodes.back(), end);
  nodes.front().try_put(0);
  graph.wait_for_all();
  return last;
}

/// Tasks of `inputs` inputs each, of which there are `width`: as a graph, whose nodes wait for all of them.
long layer(const std::vector<int>& in, int width) {
  namespace flow = tbb::flow;
  flow::graph graph;
  std::vector<int> values(in.size());
  std::vector<long> sums(width);
  std::deque<flow::continue_node<flow::continue_msg>> nodes;
  flow::broadcast_node<flow::continue_msg> start(graph);
  for (std::size_t i = 0; i < in.size(); ++i) {
    nodes.emplace_back(graph, [&, i](const flow::continue_msg&) { values[i] = same(in[i]); });
    flow::make_edge(start, nodes.back());
  }
  for (int i = 0; i < width; ++i) {
    nodes.emplace_back(graph, [&, i](const flow::continue_msg&) { sums[i] = total(values); });
    for (std::size_t input = 0; input < in.size(); ++input) flow::make_edge(nodes[input], nodes.back());
  }
  start.try_put({});
  graph.wait_for_all();
  return std::accumulate(sums.begin(), sums.end(), 0L);
}

/// A task that starts the next one: no values, and no graph.
void link(tbb::task_group& group, int left) {
  if (left > 0) group.run([&group, left] { link(group, left - 1); });
}

void round_trip(int i) {
  int result = 0;
  tbb::task_group group;
  group.run([&] { result = same(i); });
  group.wait();
  check(result == i, "run");
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

/// Elements of 64 KiB, made by the first stage, through an ordered farm that moves them.
double large_s(int count) {
  using Large = std::vector<double>;
  return bench::seconds_of([&] {
    int next = 0;
    double sum = 0;
    tbb::parallel_pipeline(
        256,
        tbb::make_filter<void, Large>(tbb::filter_mode::serial_in_order, [&](tbb::flow_control& control) {
          if (next++ < count) return Large(8192, 1.0);
          control.stop();
          return Large();
        }) & tbb::make_filter<Large, Large>(tbb::filter_mode::parallel, [](Large x) {
          x[0] += 1;
          return x;
        }) & tbb::make_filter<Large, void>(tbb::filter_mode::serial_in_order, [&](const Large& x) {
          sum += x[0];
        }));
    check(sum == 2.0 * count, "a farm of large elements");
  });
}

/// Tasks that are given 64 KiB each, made for them; 64 at a time.
double given_s(int count) {
  return bench::seconds_of([&] {
    double sum = 0;
    for (int done = 0; done < count; done += 64) {
      std::vector<double> firsts(64);
      tbb::task_group group;
      for (double& first : firsts) group.run([&first, x = std::vector<double>(8192, 1.0)] { first = x[0]; });
      group.wait();
      sum += std::accumulate(firsts.begin(), firsts.end(), 0.0);
    }
    check(sum == count, "given values");
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
  const std::vector<int> many(200'000, 1), wide(8192, 1), inputs(64, 1);
  constexpr int links = 20'000, width = 4096, trips = 20'000;
  bench::print("tbb_tasks_per_s",
               double(many.size()) / bench::seconds_of([&] { check(map(many) == many, "map"); }));
  bench::print("tbb_fan_in_per_s",
               double(wide.size()) / bench::seconds_of([&] { check(total_of(wide) == 8192, "fan-in"); }));
  bench::print("tbb_wide_per_s",
               width / bench::seconds_of([&] { check(layer(inputs, width) == 64L * width, "wide tasks"); }));
  bench::print("tbb_chain_per_s", links / bench::seconds_of([&] { check(chain(links) == links, "chain"); }));
  bench::print("tbb_given_per_s", 19'200 / given_s(19'200));
  bench::print("tbb_next_per_s", links / bench::seconds_of([] {
                                   tbb::task_group group;
                                   link(group, links);
                                   group.wait();
                                 }));
  bench::print("tbb_fib_ms", 1e3 * bench::seconds_of([] { check(fib(15) == 610, "fib"); }));
  bench::print("tbb_roundtrip_us", 1e6 / trips * bench::seconds_of([] {
                                     for (int i = 0; i < trips; ++i) round_trip(i);
                                   }));
  bench::print("tbb_pipe_per_s", 500'000 / stages_s(500'000, tbb::filter_mode::serial_in_order));
  bench::print("tbb_farm_per_s", 500'000 / stages_s(500'000, tbb::filter_mode::parallel));
  bench::print("tbb_large_farm_per_s", 20'000 / large_s(20'000));
  bench::print("tbb_element_us", element_us());
}
