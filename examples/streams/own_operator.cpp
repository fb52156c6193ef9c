// Run:    ./own_operator        or on ranks: weir run -n 3 ./own_operator
// Prints: here    2.5 4 5.75
// Prints: cluster 2.5 4 5.75
// Shows:  an operator of your own: a kernel, what it says about itself, and a function that makes it. The
// same kernel runs in this thread, and on the cluster inside tasks that hand its state from one to the next.
// Next:   the contracts in weir/stream/extend.hpp

#include <iostream>
#include <vector>
#include <weir/stream/extend.hpp>
#include <weir/weir.hpp>

/// A mean that forgets: each element counts `share`, what came before the rest.
template <class In>
struct Smoothed {
  using Out = double;
  // Its state needs the order of the elements, which is what an operator that says nothing gets too.
  static constexpr weir::op::Traits traits{.where = weir::op::Where::in_order, .at_most_one = true};
  double share;
  double mean = 0;
  bool is_first = true;

  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    mean = is_first ? static_cast<double>(x) : mean + share * (static_cast<double>(x) - mean);
    is_first = false;
    emit(double(mean));
  }
  void reset() { is_first = true; }  // reset_by works
};

auto smoothed(double share) {
  return weir::op::ByKernel{"smoothed",
                            [share]<class In>(std::type_identity<In>) { return Smoothed<In>{share}; }};
}

double increase(int x) { return x + 0.5; }

void show(const char* where, const std::vector<double>& values) {
  std::cout << where;
  for (const double x : values) std::cout << ' ' << x;
  std::cout << '\n';
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Stream<int> source;
    const auto here = source.map(increase).apply(smoothed(0.5)).sink_to_list();
    const auto there = source.scatter().map(increase).apply(smoothed(0.5)).gather().sink_to_list();
    for (const int x : {2, 5, 7}) source.emit(x);
    source.drain();
    show("here   ", here.values());
    show("cluster", there.values());
  });
}
