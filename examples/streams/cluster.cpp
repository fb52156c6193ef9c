// Run:    ./30_stream_cluster        or on ranks: weir run -n 4 ./30_stream_cluster
// Prints: sequential 1 2 3 4 5 6 7 8 9 10
// Prints: parallel 1 2 3 4 5 6 7 8 9 10
// Prints: even ones add up to 30
// Shows:  the same pipeline in this thread and on the cluster: scatter() sends the elements there, gather()
// brings results back in order. Next:   31_stream_beamline.cpp

#include <chrono>
#include <iostream>
#include <thread>
#include <weir/weir.hpp>

int increment(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // stands for real work
  return x + 1;
}
bool is_even(int x) { return x % 2 == 0; }
void print(int x) { std::cout << ' ' << x << std::flush; }

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Stream<int> sequential;
    sequential.map(increment).sink(print);
    std::cout << "sequential";
    for (int i = 0; i < 10; ++i) sequential.emit(i);  // 200 ms

    weir::Stream<int> parallel;
    const auto results = parallel.scatter().map(increment);
    results.buffer(8).gather().sink(print);  // 8 at a time, as far as there are workers
    const auto sums = results.filter(is_even).accumulate(std::plus<int>{}).gather().sink_to_list();
    std::cout << "\nparallel";
    for (int i = 0; i < 10; ++i) parallel.emit(i);
    parallel.drain();
    std::cout << "\neven ones add up to " << sums.values().back() << '\n';
  });
}
