// Run:    ./32_growing_cluster
// Prints: one worker: 2 3 4 5 6 7 8 9
// Prints: three workers: 2 3 4 5 6 7 8 9
// Shows:  workers that come and go while the program runs, here processes of this machine. Put
// weir::SlurmCluster cluster{{.cores = 24, .memory = "100GB"}} (or PbsCluster) in its place, and they are
// batch jobs. Next:   40_anomaly.cpp

#include <iostream>
#include <weir/weir.hpp>

int increment(int x) { return x + 1; }
void print(int x) { std::cout << ' ' << x; }

void flow(weir::Client& client) {
  weir::Stream<int> source;
  source.scatter(client).map(increment).buffer(8).gather().sink(print);
  for (int i = 1; i < 9; ++i) source.emit(i);
  source.drain();
  std::cout << '\n';
}

int main() {
  weir::LocalCluster cluster{{.workers = 1}};  // in a worker's process this does not return
  weir::Client client{cluster};
  client.wait_for_workers(1);
  std::cout << "one worker:";
  flow(client);
  cluster.scale(3);
  client.wait_for_workers(3);
  std::cout << "three workers:";
  flow(client);
  cluster.adapt({.minimum = 0, .maximum = 3});  // from here the work decides
}
