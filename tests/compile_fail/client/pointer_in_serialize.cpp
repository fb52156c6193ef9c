// Nor where the author of a type would send it.
#include <memory>
#include <weir/weir.hpp>

struct Owner {
#ifdef WEIR_CORRECT
  std::unique_ptr<int> value;
#else
  int* value = nullptr;
#endif
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
};
int value_of(const Owner& owner) { return *owner.value; }

void body(weir::Client& client) { client.submit(value_of, Owner()); }
