#include <weir/stream/stream.hpp>

template <class In>
struct Kernel {
#ifdef WEIR_CORRECT
  using Out = In;
#endif
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
};
auto applied() {
  return weir::op::ByKernel{"own", []<class In>(std::type_identity<In>) { return Kernel<In>{}; }};
}

void build(const weir::Stream<int>& source) { source.apply(applied()); }
