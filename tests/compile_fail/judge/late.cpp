// Says the sentence behind the five lines of how the compiler came there.
#if __INCLUDE_LEVEL__ < 5
#include "late.cpp"
#else
template <class T>
void refused(T) {
  static_assert(sizeof(T) == 0, "weir: refused: this is the sentence");
}
int main() { refused(1); }
#endif
