// Functions of complex numbers of those of real ones in approximations.hpp, as vectors: `at` takes the parts
// and gives them, right where `covers` says so; `otherwise` is the C library's.
#pragma once

#include <complex>

#include "array/kernels/approximations.hpp"

namespace weir::detail::array::approximate {

struct Parts {
  double real, imag;
};
using Complex = std::complex<double>;

[[gnu::always_inline]] inline double larger(double a, double b) { return a > b ? a : b; }
[[gnu::always_inline]] inline double smaller(double a, double b) { return a > b ? b : a; }
[[gnu::always_inline]] inline int is_finite(double a) { return int(std::fabs(a) <= DBL_MAX); }

// Circular or hyperbolic.
struct SineAndCosine {
  double sine, cosine;
};
[[gnu::always_inline]] inline SineAndCosine sine_and_cosine(double x) {
  const Turned t = turned(x);
  const Bits odd = 0 - (t.quadrant & 1);
  const double s = chosen(odd, t.cosine, t.sine), c = chosen(odd, t.sine, t.cosine);
  return {std::bit_cast<double>(std::bit_cast<Bits>(s) ^ (t.quadrant & 2) << 62),
          std::bit_cast<double>(std::bit_cast<Bits>(c) ^ ((t.quadrant + 1) & 2) << 62)};
}
[[gnu::always_inline]] inline SineAndCosine hyperbolic_sine_and_cosine(double x) {
  const HyperbolicParts h = hyperbolic(std::fabs(x));
  const double b = h.c * h.r, sum = h.s + b, a = h.s * h.r, other = h.c + a;
  return {std::copysign(sum + ((b - (sum - h.s)) + (h.s * h.cr1 + h.c * h.sr)), x),
          other + ((a - (other - h.c)) + (h.c * h.cr1 + h.s * h.sr))};
}

// ---- Powers of e, circular and hyperbolic functions ----

// e^a * (cos b, sin b), also where e^a alone is no number.
[[gnu::always_inline]] inline Parts turned_power(double a, double b) {
  const Reduced x = reduced(clipped(a, -1400, 1400));
  const double one = 1 + x.r, half = rounded(0.5 * x.n), first = power_of_two(half),
               second = power_of_two(x.n - half), further = a > 1400 ? 0x1p1000 : 1,
               e = one + ((x.r - (one - 1)) + beyond_first(x.r, x.c));
  const SineAndCosine t = sine_and_cosine(b);
  return {e * t.cosine * first * second * further, e * t.sine * first * second * further};
}
struct ComplexExponential {
  static bool covers(double a, double b) {
    return static_cast<bool>(is_finite(a) & int(Circular::covers(b)));
  }
  [[gnu::always_inline]] static Parts at(double a, double b) { return turned_power(a, b); }
  static Complex otherwise(Complex z) { return std::exp(z); }
};
// The functions of (a, b) whose circular part is of `circular` and whose hyperbolic one is of `growing`.
[[gnu::always_inline]] inline int covers_both(double circular, double growing, double most) {
  return int(Circular::covers(circular)) & int(std::fabs(growing) <= most);
}
struct ComplexSine {
  static bool covers(double a, double b) { return covers_both(a, b, 707) != 0; }
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const SineAndCosine t = sine_and_cosine(a);
    const SineAndCosine h = hyperbolic_sine_and_cosine(b);
    return {t.sine * h.cosine, t.cosine * h.sine};
  }
  static Complex otherwise(Complex z) { return std::sin(z); }
};
struct ComplexCosine {
  static bool covers(double a, double b) { return covers_both(a, b, 707) != 0; }
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const SineAndCosine t = sine_and_cosine(a);
    const SineAndCosine h = hyperbolic_sine_and_cosine(b);
    return {t.cosine * h.cosine, -(t.sine * h.sine)};
  }
  static Complex otherwise(Complex z) { return std::cos(z); }
};
// Those of a + ib are the circular ones of b and a.
struct ComplexHyperbolicSine {
  static bool covers(double a, double b) { return ComplexSine::covers(b, a); }
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const Parts p = ComplexSine::at(b, a);
    return {p.imag, p.real};
  }
  static Complex otherwise(Complex z) { return std::sinh(z); }
};
struct ComplexHyperbolicCosine {
  static bool covers(double a, double b) { return ComplexCosine::covers(b, a); }
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const Parts p = ComplexCosine::at(b, a);
    return {p.real, -p.imag};
  }
  static Complex otherwise(Complex z) { return std::cosh(z); }
};
// sinh(a) cosh(a) and sin(b) cos(b), over sinh(a)^2 + cos(b)^2, in which nothing cancels.
[[gnu::always_inline]] inline Parts tangent_parts(double growing, double circular) {
  const SineAndCosine t = sine_and_cosine(circular);
  const SineAndCosine h = hyperbolic_sine_and_cosine(growing);
  const double part = h.sine * h.sine + t.cosine * t.cosine;
  return {h.sine * h.cosine / part, t.sine * t.cosine / part};
}
struct ComplexTangent {
  static bool covers(double a, double b) { return covers_both(a, b, 350) != 0; }
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const Parts p = tangent_parts(b, a);
    return {p.imag, p.real};
  }
  static Complex otherwise(Complex z) { return std::tan(z); }
};
struct ComplexHyperbolicTangent {
  static bool covers(double a, double b) { return covers_both(b, a, 350) != 0; }
  [[gnu::always_inline]] static Parts at(double a, double b) { return tangent_parts(a, b); }
  static Complex otherwise(Complex z) { return std::tanh(z); }
};

// ---- Logarithms, roots, powers ----

struct OfSquares {
  static bool covers(double a, double b) {
    const double most = larger(std::fabs(a), std::fabs(b));
    return static_cast<bool>(is_finite(a) & is_finite(b) & int(most <= 0x1p500) & int(most >= 0x1p-450));
  }
};
// Half the logarithm of a^2 + b^2, a sum of two numbers: near 1 nothing is left of it but what squares are
// rounded by, for which it needs fused operations.
[[gnu::always_inline]] inline Parts logarithm_parts(double a, double b) {
  const double x = larger(std::fabs(a), std::fabs(b)), y = smaller(std::fabs(a), std::fabs(b)), first = x * x,
               second = y * y, sum = first + second,
               lost = (second - (sum - first)) + (fused(x, x, -first) + fused(y, y, -second));
  return {0.5 * log_of_sum(sum, lost), Arctangent2::at(b, a)};
}
struct ComplexLogarithm : OfSquares {
  [[gnu::always_inline]] static Parts at(double a, double b) { return logarithm_parts(a, b); }
  static Complex otherwise(Complex z) { return std::log(z); }
};
struct ComplexLogarithm10 : OfSquares {
  [[gnu::always_inline]] static Parts at(double a, double b) {
    constexpr double log_of_ten = 0x1.26bb1bbb55516p+1;
    const Parts l = logarithm_parts(a, b);
    return {l.real / log_of_ten, l.imag / log_of_ten};
  }
  static Complex otherwise(Complex z) { return std::log10(z); }
};
struct ComplexRoot : OfSquares {
  [[gnu::always_inline]] static Parts at(double a, double b) {
    const double near = std::sqrt(0.5 * (std::sqrt(a * a + b * b) + std::fabs(a))),
                 far = std::fabs(b) / (near + near);
    const bool is_left = a < 0;
    return {is_left ? far : near, std::copysign(is_left ? near : far, b)};
  }
  static Complex otherwise(Complex z) { return std::sqrt(z); }
};
// e^(w log z), as the C library's.
struct ComplexPower {
  static bool covers(double a, double b, double c, double d) {
    const double size = std::fabs(c) + std::fabs(d);
    return static_cast<bool>(int(OfSquares::covers(a, b)) & int(size <= 0x1p10) & int(size > 0));
  }
  [[gnu::always_inline]] static Parts at(double a, double b, double c, double d) {
    const Parts l = logarithm_parts(a, b);
    return turned_power(c * l.real - d * l.imag, c * l.imag + d * l.real);
  }
  static Complex otherwise(Complex z, Complex w) { return w == Complex() ? Complex(1) : std::pow(z, w); }
};
// Smith's: real divisors and imaginary ones divide as numbers do.
struct ComplexQuotient {
  static int is_moderate(double x) {
    return int(x == 0) | (int(std::fabs(x) >= 0x1p-300) & int(std::fabs(x) <= 0x1p300));
  }
  static bool covers(double a, double b, double c, double d) {
    return static_cast<bool>(is_moderate(a) & is_moderate(b) & is_moderate(c) & is_moderate(d) &
                             (int(c != 0) | int(d != 0)));
  }
  [[gnu::always_inline]] static Parts at(double a, double b, double c, double d) {
    const bool is_flat = std::fabs(c) >= std::fabs(d);
    const double p = is_flat ? c : d, q = is_flat ? d : c, ratio = q / p, part = p + q * ratio;
    const double x = is_flat ? a : b, y = is_flat ? b : a, imag = (y - x * ratio) / part;
    return {(x + y * ratio) / part, is_flat ? imag : -imag};
  }
  static Complex otherwise(Complex z, Complex w) { return z / w; }
};
struct ComplexReciprocal {
  static bool covers(double c, double d) { return ComplexQuotient::covers(1, 0, c, d); }
  [[gnu::always_inline]] static Parts at(double c, double d) { return ComplexQuotient::at(1, 0, c, d); }
  static Complex otherwise(Complex w) { return 1.0 / w; }
};

}  // namespace weir::detail::array::approximate
