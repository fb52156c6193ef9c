// A stream: elements go in, through functions, and out.
//
// Run:    ./20_stream_local         or on ranks: weir run -n 3 ./20_stream_local
// Prints: 1
//         3
//         sum 4
// Shows:  emitting into a stream; every operator is a member, and a branch is just another member of the same
// stream.
//         What stands inside weir::run happens once, however many ranks there are.
// Next:   21_stream_fan.cpp

#include <iostream>

#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Stream<int> source;
    const auto odd = source.map([](int x) { return x + 1; }).filter([](int x) { return x % 2 != 0; });
    odd.sink([](int x) { std::cout << x << '\n'; });
    const auto sums = odd.accumulate(std::plus<>{}).sink_to_list();

    for (int i = 0; i < 3; ++i) source.emit(i);
    std::cout << "sum " << sums.values().back() << '\n';
  });
}
