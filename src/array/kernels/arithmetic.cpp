// Arithmetic, bits and rounding, by NumPy's rules.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "array/kernels/approximate.hpp"
#include "array/kernels/kernels.hpp"
#include "array/kernels/remainders.hpp"

namespace weir::detail::array {

namespace {

// Quotient and remainder belong together: a = q b + r, r with the sign of b; as Python's divmod.
template <class T>
T floor_divided(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == 0) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(T(0), a / b);
    const T whole = std::floor(quotient);
    return quotient - whole > T(0.5) ? whole + 1 : whole;
  } else if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(a));
      const T q = static_cast<T>(a / b);
      return static_cast<T>(a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q);
    } else {
      return static_cast<T>(a / b);
    }
  }
}
template <class T>
T modulo(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const T r = std::fmod(a, b);
    if (r == 0) return std::copysign(r, b);
    return (r < 0) != (b < 0) ? r + b : r;
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
      const T r = static_cast<T>(a % b);
      return static_cast<T>(r != 0 && (r < 0) != (b < 0) ? r + b : r);
    } else {
      return static_cast<T>(a % b);
    }
  }
}

// Quotients and remainders by division of doubles, of which vectors are made: the nearest whole number is put
// right by what is left, and both are exact below 2^51. Pieces with larger numbers, or a zero to divide by,
// are computed one by one.
template <class T, bool is_quotient>
void divide_whole(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  constexpr std::size_t piece = 512;
  constexpr double rounder = 0x1.8p52;
  constexpr auto bits_of = std::bit_cast<std::int64_t>(rounder);
  constexpr std::uint64_t reach = std::uint64_t{1} << 51;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  const auto real = [](std::int64_t v) { return std::bit_cast<double>(v + bits_of) - rounder; };
  for (std::size_t n; count > 0; x += n, y += n, r += n, count -= n) {
    n = std::min(count, piece);
    std::uint64_t outside = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto u = static_cast<std::int64_t>(x[i]), v = static_cast<std::int64_t>(y[i]);
      outside |= (static_cast<std::uint64_t>(u) + reach) | (static_cast<std::uint64_t>(v) + reach) |
                 (v == 0 ? 2 * reach : 0);
    }
    if (outside >= 2 * reach) {
      for (std::size_t i = 0; i < n; ++i) r[i] = is_quotient ? floor_divided(x[i], y[i]) : modulo(x[i], y[i]);
      continue;
    }
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      const double u = real(x[i]), v = real(y[i]), nearest = (u / v + rounder) - rounder,
                   left = u - nearest * v;
      // What is left has the sign of the divisor, or the quotient is one less.
      const std::uint64_t mask =
          std::uint64_t{0} - static_cast<std::uint64_t>(int(left != 0) & int((left < 0) != (v < 0)));
      const double more = std::bit_cast<double>(std::bit_cast<std::uint64_t>(is_quotient ? -1.0 : v) & mask),
                   result = (is_quotient ? nearest : left) + more;
      r[i] = static_cast<T>(std::bit_cast<std::int64_t>(result + rounder) - bits_of);
    }
  }
}

template <class T>
ElementKernel ordered(Op op) {
  if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::int32_t>) {
    if (op == Op::floor_divide) return suited<&divide_whole<T, true>>();
    if (op == Op::mod) return suited<&divide_whole<T, false>>();
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (op == Op::floor_divide) return suited<&divide_real<T, true, &floor_divided<T>>>();
    if (op == Op::mod) return suited<&divide_real<T, false, &modulo<T>>>();
  }
  switch (op) {
    case Op::minimum:
      return binary<T>([](T a, T b) { return (a < b) | (a != a) ? a : b; });
    case Op::maximum:
      return binary<T>([](T a, T b) { return (a > b) | (a != a) ? a : b; });
    case Op::fmin:
      return binary<T>([](T a, T b) { return (a < b) | (b != b) ? a : b; });
    case Op::fmax:
      return binary<T>([](T a, T b) { return (a > b) | (b != b) ? a : b; });
    case Op::floor_divide:
      return binary<T>([](T a, T b) { return floor_divided(a, b); });
    case Op::mod:
      return binary<T>([](T a, T b) { return modulo(a, b); });
    case Op::sign:
      if constexpr (std::is_floating_point_v<T>)
        return unary<T>([](T a) { return a != a ? a : a == T(0) ? T(0) : std::copysign(T(1), a); });
      else return unary<T>([](T a) { return static_cast<T>((a > T(0)) - (a < T(0))); });
    default:
      return nullptr;
  }
}

template <class T>
ElementKernel integral(Op op) {
  using U = std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>;
  using W = std::conditional_t<(sizeof(U) <= 4), std::uint32_t, std::uint64_t>;
  switch (op) {
    case Op::bit_and:
      return binary<U>([](U a, U b) { return a & b; });
    case Op::bit_or:
      return binary<U>([](U a, U b) { return a | b; });
    case Op::bit_xor:
      return binary<U>([](U a, U b) { return a ^ b; });
    case Op::shift_left:
      return binary<U>([](U a, U b) {
        return b < 0 || static_cast<std::uint64_t>(b) >= 8 * sizeof(U)
                   ? U(0)
                   : static_cast<U>(static_cast<W>(a) << static_cast<W>(b));
      });
    case Op::shift_right:
      return binary<U>([](U a, U b) {
        if (b < 0 || static_cast<std::uint64_t>(b) >= 8 * sizeof(U)) return a < 0 ? static_cast<U>(-1) : U(0);
        return static_cast<U>(a >> b);
      });
    case Op::bit_not:
      if constexpr (std::is_same_v<T, bool>) return unary<U>([](U a) { return U(a ^ 1); });
      else return unary<U>([](U a) { return static_cast<U>(~a); });
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::rint:
      return unary<U>([](U a) { return a; });
    default:
      return nullptr;
  }
}

// What is there instead of NaN and infinities.
template <class T>
void number_loop(const void* a, const void*, const void*, void* out, std::size_t count, const Code& code) {
  T instead[3];
  for (std::size_t i = 0; i < 3; ++i) std::memcpy(&instead[i], &code.immediate[i], sizeof(T));
  const T nan = instead[0], positive = instead[1], negative = instead[2];
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T* x = static_cast<const T*>(a);
  T* r = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) {
    const T v = x[i], bounded = v == infinity ? positive : v == -infinity ? negative : v;
    r[i] = v != v ? nan : bounded;
  }
}

ElementKernel boolean(Op op) {
  using B = unsigned char;  // 0 or 1
  switch (op) {
    case Op::add:
    case Op::maximum:
    case Op::fmax:
      return binary<B>([](B a, B b) { return a | b; });
    case Op::multiply:
    case Op::minimum:
    case Op::fmin:
    case Op::square:
      return op == Op::square ? unary<B>([](B a) { return a; }) : binary<B>([](B a, B b) { return a & b; });
    case Op::subtract:
      return binary<B>([](B a, B b) { return a ^ b; });
    case Op::abs:
    case Op::conj:
    case Op::sign:
      return unary<B>([](B a) { return a; });
    default:
      return integral<bool>(op);
  }
}

// From the nearest whole number, without a comparison, of which vectors are made wherever exceptions count.
template <class T>
T whole_below(T a) {
  const T nearest = std::nearbyint(a);
  return std::copysign(nearest - one_if_negative(a - nearest), a);
}
template <class T>
T whole_above(T a) {
  const T nearest = std::nearbyint(a);
  return std::copysign(nearest + one_if_negative(nearest - a), a);
}

template <class T>
ElementKernel numeric(Op op) {
  // Integers wrap around; computed unsigned so that this is defined.
  using W = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;
  switch (op) {
    case Op::add:
      return binary<T>([](T a, T b) { return static_cast<T>(W(a) + W(b)); });
    case Op::subtract:
      return binary<T>([](T a, T b) { return static_cast<T>(W(a) - W(b)); });
    case Op::multiply:
      return binary<T>([](T a, T b) { return static_cast<T>(W(a) * W(b)); });
    case Op::square:
      return unary<T>([](T a) { return static_cast<T>(W(a) * W(a)); });
    case Op::negative:
      if constexpr (std::is_integral_v<T>) return unary<T>([](T a) { return static_cast<T>(W(0) - W(a)); });
      else return unary<T>([](T a) { return -a; });  // of 0 it is -0
    case Op::divide:
    case Op::reciprocal:
      if constexpr (is_complex_type<T>) return approximate_loops(op, dtype_of<T>).fastest();
      else if constexpr (!std::is_integral_v<T>)
        return op == Op::divide ? binary<T>([](T a, T b) { return a / b; })
                                : unary<T>([](T a) { return T(1) / a; });
      return nullptr;
    case Op::conj:
      if constexpr (is_complex_type<T>) return unary<T>([](T a) { return std::conj(a); });
      else return unary<T>([](T a) { return a; });
    case Op::abs:
      if constexpr (std::is_floating_point_v<T>) return unary<T>([](T a) { return std::fabs(a); });
      else if constexpr (std::is_integral_v<T>)
        return unary<T>([](T a) { return static_cast<T>(a < T(0) ? W(0) - W(a) : W(a)); });
      else return nullptr;
    default:
      break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    switch (op) {
      case Op::floor:
        return unary<T>([](T a) { return whole_below(a); });
      case Op::ceil:
        return unary<T>([](T a) { return whole_above(a); });
      case Op::trunc:
        return unary<T>([](T a) { return std::copysign(whole_below(std::fabs(a)), a); });
      case Op::rint:
        return unary<T>([](T a) { return std::nearbyint(a); });
      case Op::nan_to_num:
        return suited<&number_loop<T>>();
      default:
        return ordered<T>(op);
    }
  } else if constexpr (std::is_integral_v<T>) {
    const ElementKernel kernel = integral<T>(op);
    return kernel ? kernel : ordered<T>(op);
  } else {
    return nullptr;
  }
}

// Of elements as bits, without a branch: masks are often as good as random. `Words`: of an element.
template <class Word, std::size_t Words = 1>
void choose(const void* a, const void* b, const void* c, void* out, std::size_t count, const Code&) {
  using Bits [[gnu::may_alias]] = Word;
  const auto* yes = static_cast<const unsigned char*>(a);
  const auto* x = static_cast<const Bits*>(b);
  const auto* y = static_cast<const Bits*>(c);
  auto* r = static_cast<Bits*>(out);
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) {
    const auto mask = static_cast<Word>(Word{0} - Word{yes[i]});
    for (std::size_t w = 0; w < Words; ++w)
      r[i * Words + w] = static_cast<Word>((x[i * Words + w] & mask) | (y[i * Words + w] & ~mask));
  }
}
ElementKernel choose_kernel(std::size_t size) {
  switch (size) {
    case 1:
      return suited<&choose<std::uint8_t>>();
    case 2:
      return suited<&choose<std::uint16_t>>();
    case 4:
      return suited<&choose<std::uint32_t>>();
    case 8:
      return suited<&choose<std::uint64_t>>();
    default:
      return suited<&choose<std::uint64_t, 2>>();
  }
}

}  // namespace

ElementKernel arithmetic_kernel(Op op, DType type) {
  if (op == Op::where) return choose_kernel(size_of(type));
  return dispatch(type, [&]<class T>(std::type_identity<T>) -> ElementKernel {
    if constexpr (std::is_same_v<T, bool>) return boolean(op);
    else return numeric<T>(op);
  });
}

ElementKernel element_kernel(const Code& code) {
  ElementKernel kernel = nullptr;
  if (is_cast(code.op)) kernel = cast_kernel(code.op, code.in, code.out);
  else if (code.op == Op::random) kernel = random_kernel(code);
  else if (gives_bool(code.op)) kernel = compare_kernel(code.op, code.in, code.second);
  else kernel = arithmetic_kernel(code.op, code.in);
  if (!kernel) kernel = math_kernel(code.op, code.in);
  if (!kernel)
    throw Error(ErrorKind::unsupported, std::string(to_string(code.op)) +
                                            ": is not defined for elements of type " +
                                            std::string(to_string(code.in)));
  return kernel;
}

}  // namespace weir::detail::array
