// A bare number is no duration: nobody can tell seconds from milliseconds.
#include <weir/duration.hpp>

#ifdef WEIR_CORRECT
weir::Duration timeout = "5s";
#else
weir::Duration timeout = 5;
#endif
