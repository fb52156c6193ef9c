#include <weir/stream/stream.hpp>

template <class In>
struct Kernel {
  using Out = In;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit, weir::op::Time) {
    emit(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<weir::op::Time> due() const { return {}; }
#ifdef WEIR_CORRECT
  template <class Emit>
  void fire(Emit&&, weir::op::Time) {}
#endif
};
auto applied() {
  return weir::op::ByKernel{"own", []<class In>(std::type_identity<In>) { return Kernel<In>{}; }};
}

void build(const weir::Stream<int>& source) { source.apply(applied()); }
