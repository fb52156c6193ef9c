#include <weir/stream/stream.hpp>

template <class In>
struct Kernel {
  using Out = In;
#ifdef WEIR_CORRECT
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
#endif
};
auto applied() {
  return weir::op::ByKernel{"own", []<class In>(std::type_identity<In>) { return Kernel<In>{}; }};
}

void build(const weir::Stream<int>& source) { source.apply(applied()); }
