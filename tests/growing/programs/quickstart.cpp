// The program of "Workers that come and go" in docs/clusters.md, with nothing around it but includes and
// main.
#include <iostream>

#include "weir/weir.hpp"

int inc(int x) { return x + 1; }
void print(int x) { std::cout << x << std::endl; }

int main() {
  weir::Stream<int> source;
  weir::PbsCluster cluster{{.cores = 24, .memory = "100GB", .walltime = "02:00:00", .queue = "regular"}};
  cluster.scale(10);  // ten workers: jobs are submitted; workers join as the queue lets them in
  weir::Client client{cluster};
  source.scatter().map(inc).buffer(8).gather().sink(print);
  cluster.adapt({.minimum = 0, .maximum = 100});  // or let the work decide
  for (int i = 0; i < 20; ++i) source.emit(i);
  source.drain();
}
