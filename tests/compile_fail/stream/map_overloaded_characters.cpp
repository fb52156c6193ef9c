// <cctype> has int, <locale> a template.
#include <cctype>
#include <locale>
#include <weir/weir.hpp>

void body(weir::Stream<char>& letters) {
#ifdef WEIR_CORRECT
  letters.map(weir::overload<int(int)>(std::toupper));
#else
  letters.map(std::toupper);
#endif
}
