// Mathematical functions of real numbers without branches, tables and fused operations, so that compilers
// make vectors of them. Each says what it `covers`; there it errs by less than 2 ulp (docs/arrays.md has each
// function's). It is a function of the element alone, of the same bits with vectors of any width.
//
// Source. Textbook reductions; the coefficients interpolate the rest of the series at Chebyshev's points.
#pragma once

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>

#include "array/kernels/powers.hpp"

namespace weir::detail::array::approximate {

using Bits = std::uint64_t;

// c0 + z * c1 + z^2 * c2 ...
[[gnu::always_inline]] inline double polynomial(double, double c0) { return c0; }
template <class... C>
[[gnu::always_inline]] inline double polynomial(double z, double c0, C... c) {
  return c0 + z * polynomial(z, c...);
}

// The same where each step would wait for the one before: pairs, and pairs of these, side by side.
template <class... C>
[[gnu::always_inline]] inline double in_pairs(double z, double c0, double c1, C... c) {
  const double first = c0 + z * c1;
  if constexpr (sizeof...(c) == 0) return first;
  else if constexpr (sizeof...(c) == 1) return first + z * z * polynomial(z, c...);
  else {
    const auto further = [z, first](double c2, double c3, auto... rest) {
      const double square = z * z, four = first + square * (c2 + z * c3);
      if constexpr (sizeof...(rest) == 0) return four;
      else if constexpr (sizeof...(rest) == 1) return four + square * square * polynomial(z, rest...);
      else return four + square * square * in_pairs(z, rest...);
    };
    return further(c...);
  }
}

// a * b + c, rounded once.
[[gnu::always_inline]] inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
[[gnu::always_inline]] inline double fused_polynomial(double, double c0) { return c0; }
template <class... C>
[[gnu::always_inline]] inline double fused_polynomial(double z, double c0, C... c) {
  return fused(z, fused_polynomial(z, c...), c0);
}

// What a double is rounded to an integer with: the integer is in the lowest bits of the sum.
constexpr double rounder = 0x1.8p52;
[[gnu::always_inline]] inline double rounded(double x) { return (x + rounder) - rounder; }
// 2^n of an integer n in [-1022, 1023].
[[gnu::always_inline]] inline double power_of_two(double n) {
  return std::bit_cast<double>((std::bit_cast<Bits>(n + rounder) + 1023) << 52);
}
// The upper digits of x: products of two such are exact.
[[gnu::always_inline]] inline double upper(double x) {
  return std::bit_cast<double>(std::bit_cast<Bits>(x) & ~Bits{0x7FFFFFF});
}
[[gnu::always_inline]] inline double chosen(Bits mask, double yes, double no) {
  return std::bit_cast<double>((std::bit_cast<Bits>(yes) & mask) | (std::bit_cast<Bits>(no) & ~mask));
}

// upper + lower, where lower is what upper was rounded by.
struct Pair {
  double upper, lower;
};
[[gnu::always_inline]] inline double quotient(Pair a, Pair b) {
  const double q = a.upper / b.upper;
  return std::copysign(q + (a.lower - q * b.lower) / b.upper, q);
}

// ---- Sine, cosine, tangent ----

// x = n * pi / 2 + r + c. n times each part of pi / 2 is exact.
struct Turned {
  Bits quadrant;
  double sine, cosine;            // of r + c
  double sine_lost, cosine_lost;  // what they were rounded by
};
[[gnu::always_inline]] inline Turned turned(double x) {
  const double shifted = x * 0x1.45f306dc9c883p-1 + rounder, n = shifted - rounder;
  const double a = x - n * 0x1.921fb544p+0, b = n * 0x1.0b4611a6p-34, r0 = a - b, c0 = (a - r0) - b,
               d = n * 0x1.3198a2e037073p-69, r = r0 - d, c = ((r0 - r) - d) + c0;
  const double z = r * r, half = 0.5 * z, one = 1 - half;
  const double u = (half * c - c) - r * z *
                                        polynomial(z, -0.16666666666666666, 0.008333333333330946,
                                                   -0.000198412698367542, 2.7557316100283695e-06,
                                                   -2.5051131372218632e-08, 1.5918095236696272e-10);
  const double v = ((1 - one) - half) +
                   (z * z *
                        polynomial(z, 0.041666666666666664, -0.0013888888888887395, 2.480158729876295e-05,
                                   -2.755731727031051e-07, 2.087614597263508e-09, -1.1382611119025631e-11) -
                    r * c);
  const double sine = r - u, cosine = one + v;
  return {std::bit_cast<Bits>(shifted), sine, cosine, (r - sine) - u, v - (cosine - one)};
}
struct Circular {
  static bool covers(double x) { return std::fabs(x) <= 0x1p20; }
};
// The same by fused operations, for who wants one of both: one polynomial, whose numbers are chosen.
struct Angle {
  Bits quadrant;
  double r, c;
};
[[gnu::always_inline]] inline Angle reduced_angle(double x) {
  const double shifted = fused(x, 0x1.45f306dc9c883p-1, rounder), n = shifted - rounder;
  const double a = fused(-n, 0x1.921fb544p+0, x), r0 = fused(-n, 0x1.0b4611a6p-34, a),
               c0 = fused(-n, 0x1.0b4611a6p-34, a - r0), r = fused(-n, 0x1.3198a2e037073p-69, r0),
               c = fused(-n, 0x1.3198a2e037073p-69, r0 - r) + c0;
  return {std::bit_cast<Bits>(shifted), r, c};
}
// The cosine of r + c, or its sine.
[[gnu::always_inline]] inline double circular(bool cosine, const Angle& t) {
  const double z = t.r * t.r, half = 0.5 * z, one = 1 - half;
  const double p = fused_polynomial(z, cosine ? 0.041666666666666664 : -0.16666666666666666,
                                    cosine ? -0.0013888888888887395 : 0.008333333333330946,
                                    cosine ? 2.480158729876295e-05 : -0.000198412698367542,
                                    cosine ? -2.755731727031051e-07 : 2.7557316100283695e-06,
                                    cosine ? 2.087614597263508e-09 : -2.5051131372218632e-08,
                                    cosine ? -1.1382611119025631e-11 : 1.5918095236696272e-10);
  const double first = cosine ? one : t.r,
               less = cosine ? fused(t.r, t.c, half - (1 - one)) : fused(half, t.c, -t.c);
  return first - fused(-(cosine ? z : t.r) * z, p, less);
}
struct Sine : Circular {
  [[gnu::always_inline]] static double at(double x) {
    const Angle t = reduced_angle(x);
    const double s = circular((t.quadrant & 1) != 0, t);
    return std::bit_cast<double>(std::bit_cast<Bits>(s) ^ (t.quadrant & 2) << 62);
  }
  static double otherwise(double x) { return std::sin(x); }
};
struct Cosine : Circular {
  [[gnu::always_inline]] static double at(double x) {
    const Angle t = reduced_angle(x);
    const double c = circular((t.quadrant & 1) == 0, t);
    return std::bit_cast<double>(std::bit_cast<Bits>(c) ^ ((t.quadrant + 1) & 2) << 62);
  }
  static double otherwise(double x) { return std::cos(x); }
};
struct Tangent : Circular {
  [[gnu::always_inline]] static double at(double x) {
    const Turned t = turned(x);
    const Bits odd = 0 - (t.quadrant & 1);
    const double q = quotient({chosen(odd, t.cosine, t.sine), chosen(odd, t.cosine_lost, t.sine_lost)},
                              {chosen(odd, t.sine, t.cosine), chosen(odd, t.sine_lost, t.cosine_lost)});
    return std::bit_cast<double>(std::bit_cast<Bits>(q) ^ (t.quadrant & 1) << 63);
  }
  static double otherwise(double x) { return std::tan(x); }
};

// ---- Powers of e and of 2 ----

// x = n * log 2 + r + c, |r| <= log(2) / 2.
struct Reduced {
  double n, r, c;
};
[[gnu::always_inline]] inline Reduced reduced(double x) {
  const double n = rounded(x * 0x1.71547652b82fep+0), a = x - n * 0x1.62e42fefa38p-1,
               b = n * 0x1.ef35793c7673p-45, r = a - b;
  return {n, r, (a - r) - b};
}
// e^(r + c) - 1 - r.
[[gnu::always_inline]] inline double beyond_first(double r, double c) {
  return c + r * r *
                 in_pairs(r, 0.5, 0.1666666666666667, 0.04166666666666667, 0.00833333333332612,
                          0.0013888888888883737, 0.00019841269874873975, 2.480158732558584e-05,
                          2.755725533255441e-06, 2.7557273594799413e-07, 2.510524515390137e-08,
                          2.0914707069612355e-09);
}
// 2^n * e^(r + c), rounded once more where it is subnormal.
[[gnu::always_inline]] inline double scaled_power(double n, double r, double c) {
  const double one = 1 + r, e = one + ((r - (one - 1)) + beyond_first(r, c)), half = rounded(0.5 * n);
  return e * power_of_two(half) * power_of_two(n - half);
}
[[gnu::always_inline]] inline double clipped(double x, double low, double high) {
  const double y = x < low ? low : x;
  return y > high ? high : y;
}
struct Everywhere {
  static bool covers(double) { return true; }
  static double otherwise(double x) { return x; }  // never called
};
struct Exponential : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const Reduced x0 = reduced(clipped(x, -746, 710));
    return scaled_power(x0.n, x0.r, x0.c);
  }
};
struct Exponential2 : Everywhere {
  [[gnu::always_inline]] static double at(double whole) {
    const double x = clipped(whole, -1080, 1030), n = rounded(x), y = x - n, top = upper(y),
                 a = top * 0x1.62e42f8p-1, b = top * 0x1.be8e7bcd5e4f2p-27 + (y - top) * 0x1.62e42fefa39efp-1,
                 r = a + b;
    return scaled_power(n, r, b - (r - a));
  }
};
// e^x - 1, for x in [-50, 709].
[[gnu::always_inline]] inline Pair power_less_one(double x) {
  const Reduced x0 = reduced(x);
  const double two = power_of_two(x0.n), a = two - 1, b = two * x0.r, sum = a + b;
  return {sum, (b - (sum - a)) + two * beyond_first(x0.r, x0.c)};
}
struct ExponentialLess1 {
  static bool covers(double x) { return x <= 709; }
  [[gnu::always_inline]] static double at(double x) {
    const Pair p = power_less_one(x < -50 ? -50 : x);
    return std::copysign(p.upper + p.lower, x);
  }
  static double otherwise(double x) { return std::expm1(x); }
};
// Of x = n * log 2 + r: cosh and sinh of n * log 2 are those of powers of 2, and the addition theorem does
// the rest.
struct Hyperbolic {
  static bool covers(double x) { return std::fabs(x) <= 707; }
};
struct HyperbolicParts {
  double c, s;        // of n * log 2
  double r, cr1, sr;  // r; cosh(r) - 1 and sinh(r) - r
};
[[gnu::always_inline]] inline HyperbolicParts hyperbolic(double x) {
  const Reduced x0 = reduced(x);
  const double up = power_of_two(x0.n - 1), down = power_of_two(-1 - x0.n), z = x0.r * x0.r;
  return {up + down, up - down, x0.r,
          z * polynomial(z, 0.5, 0.04166666666666668, 0.001388888888887902, 2.4801587336584125e-05,
                         2.755726312733979e-07, 2.0918193839431254e-09) +
              x0.r * x0.c,
          x0.r * z *
                  polynomial(z, 0.16666666666666669, 0.008333333333330044, 0.00019841269863142295,
                             2.755726832230253e-06, 2.5100450946427397e-08) +
              x0.c};
}
struct HyperbolicSine : Hyperbolic {
  [[gnu::always_inline]] static double at(double x) {
    const HyperbolicParts h = hyperbolic(std::fabs(x));
    const double b = h.c * h.r, sum = h.s + b;
    return std::copysign(sum + ((b - (sum - h.s)) + (h.s * h.cr1 + h.c * h.sr)), x);
  }
  static double otherwise(double x) { return std::sinh(x); }
};
struct HyperbolicCosine : Hyperbolic {
  [[gnu::always_inline]] static double at(double x) {
    const HyperbolicParts h = hyperbolic(std::fabs(x));
    const double b = h.s * h.r, sum = h.c + b;
    return sum + ((b - (sum - h.c)) + (h.c * h.cr1 + h.s * h.sr));
  }
  static double otherwise(double x) { return std::cosh(x); }
};
struct HyperbolicTangent : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const double y = 2 * std::fabs(x);
    const Pair p = power_less_one(y > 50 ? 50 : y);
    const double e = p.upper + p.lower, lost = p.lower - (e - p.upper), under = e + 2;
    return std::copysign(quotient({e, lost}, {under, (e > 2 ? 2 - (under - e) : e - (under - 2)) + lost}), x);
  }
};

// ---- Logarithms ----

// u = 2^k * (1 + f), f in [sqrt(1/2) - 1, sqrt(2) - 1]; log(1 + f) = f - half + s * (half + rest).
struct Logarithmic {
  double k, f, s, half, rest;
  Bits power;  // 2^k as bits, less those of 1
};
[[gnu::always_inline]] inline Logarithmic logarithmic(double u) {
  constexpr Bits root = 0x3FE6A09E667F3BCDu, lift = Bits{1024} << 52, exponent = Bits{0xFFF} << 52;
  const Bits bits = std::bit_cast<Bits>(u), apart = bits - root + lift, power = (apart & exponent) - lift;
  const double k = std::bit_cast<double>(apart >> 52 | std::bit_cast<Bits>(0x1p52)) - (0x1p52 + 1024),
               f = std::bit_cast<double>(bits - power) - 1, s = f / (2 + f), z = s * s;
  return {k,
          f,
          s,
          0.5 * f * f,
          z * polynomial(z, 0.666666666666667, 0.3999999999989949, 0.2857142862598255, 0.22222211133642084,
                         0.18182889209266595, 0.1533171880828007, 0.14616484198366603),
          power};
}
constexpr double log2_upper = 0x1.62e42fefa38p-1, log2_lower = 0x1.ef35793c7673p-45,
                 log2_nearest = 0x1.62e42fefa39efp-1, log2_beyond = 0x1.abc9e3b39803fp-56;
struct Normal {
  static bool covers(double x) { return static_cast<bool>(int(x >= DBL_MIN) & int(x <= DBL_MAX)); }
};
struct Logarithm : Normal {
  [[gnu::always_inline]] static double at(double x) {
    const Logarithmic l = logarithmic(x);
    return l.k * log2_upper - ((l.half - (l.s * (l.half + l.rest) + l.k * log2_lower)) - l.f);
  }
  static double otherwise(double x) { return std::log(x); }
};
// k * a + log(1 + f) * b, where b = upper + lower and k * a is exact.
[[gnu::always_inline]] inline double other_base(const Logarithmic& l, double a, double a_lower, double b,
                                                double b_lower) {
  const double high = upper(l.f - l.half), low = ((l.f - high) - l.half) + l.s * (l.half + l.rest),
               first = high * b, rest = (low + high) * b_lower + low * b + l.k * a_lower, whole = l.k * a,
               sum = whole + first;
  return sum + ((whole - sum) + first + rest);
}
struct Logarithm2 : Normal {
  [[gnu::always_inline]] static double at(double x) {
    return other_base(logarithmic(x), 1, 0, 0x1.715476p+0, 0x1.4ae0bf85ddf44p-26);
  }
  static double otherwise(double x) { return std::log2(x); }
};
struct Logarithm10 : Normal {
  [[gnu::always_inline]] static double at(double x) {
    return other_base(logarithmic(x), 0x1.34413509f78p-2, 0x1.fef311f12b358p-46, 0x1.bcb7b1p-2,
                      0x1.49b9438ca9aaep-28);
  }
  static double otherwise(double x) { return std::log10(x); }
};
// log(u + c), where c is less than the last digit of u.
[[gnu::always_inline]] inline double log_of_sum(double u, double c) {
  const Logarithmic l = logarithmic(u);
  // c / u: the first terms of 1 / (1 + f) = (1 - s) / (1 + s) do.
  const double scale = std::bit_cast<double>(std::bit_cast<Bits>(1.0) - l.power),
               part = c * scale * (1 - l.s) * (1 - l.s * (1 - l.s * (1 - l.s)));
  return l.k * log2_upper - ((l.half - (l.s * (l.half + l.rest) + (l.k * log2_lower + part))) - l.f);
}
// log(1 + x + c).
[[gnu::always_inline]] inline double log_beyond_one(double x, double c) {
  const double u = 1 + x, lost = x >= 1 ? 1 - (u - x) : x - (u - 1);
  return log_of_sum(u, lost + c);
}
struct LogarithmOf1More {
  static bool covers(double x) { return static_cast<bool>(int(x > -1) & int(x <= 0x1p1000)); }
  [[gnu::always_inline]] static double at(double x) { return std::copysign(log_beyond_one(x, 0), x); }
  static double otherwise(double x) { return std::log1p(x); }
};
struct HyperbolicArcsine {
  static bool covers(double x) { return std::fabs(x) <= 0x1p500; }
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x), square = y * y, v = square / (1 + std::sqrt(1 + square)), u = y + v;
    return std::copysign(log_beyond_one(u, v - (u - y)), x);
  }
  static double otherwise(double x) { return std::asinh(x); }
};
struct HyperbolicArccosine {
  static bool covers(double x) { return static_cast<bool>(int(x >= 1) & int(x <= 0x1p500)); }
  [[gnu::always_inline]] static double at(double x) {
    const double t = x - 1, w = std::sqrt(t * (t + 2)), u = w + t;
    return log_beyond_one(u, t - (u - w));
  }
  static double otherwise(double x) { return std::acosh(x); }
};
struct HyperbolicArctangent {
  static bool covers(double x) { return std::fabs(x) < 1; }
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    return std::copysign(0.5 * log_beyond_one(2 * y / (1 - y), 0), x);
  }
  static double otherwise(double x) { return std::atanh(x); }
};
struct LogarithmOfPowers {
  static bool covers(double a, double b) {
    return static_cast<bool>(int(std::fabs(a) <= DBL_MAX) & int(std::fabs(b) <= DBL_MAX));
  }
  [[gnu::always_inline]] static double at(double a, double b) {
    return (a > b ? a : b) + log_beyond_one(Exponential::at(-std::fabs(a - b)), 0);
  }
  static double otherwise(double a, double b) {
    if (a == b) return a;  // infinities
    return std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
  }
};

// ---- Inverse circular functions, roots ----

// The angle whose tangent is y / x, for y, x >= 0: the nearest of five angles, and what is beyond it.
[[gnu::always_inline]] inline Pair angle(double y, double x) {
  const bool is_1 = y >= 0.4375 * x, is_2 = y >= 0.6875 * x, is_3 = y >= 1.1875 * x, is_4 = y >= 2.4375 * x;
  const double anchor = is_3 ? 1.5 : is_2 ? 1.0 : is_1 ? 0.5 : 0.0;
  const double a = is_4   ? 0x1.921fb54442d18p+0
                   : is_3 ? 0x1.f730bd281f69bp-1
                   : is_2 ? 0x1.921fb54442d18p-1
                   : is_1 ? 0x1.dac670561bb4fp-2
                          : 0.0,
               b = is_4   ? 0x1.1a62633145c07p-54
                   : is_3 ? 0x1.007887af0cbbdp-56
                   : is_2 ? 0x1.1a62633145c07p-55
                   : is_1 ? 0x1.a2b7f222f65e2p-56
                          : 0.0;
  const double over = is_4 ? -x : y - anchor * x, under = is_4 ? y : x + anchor * y, t = over / under,
               z = t * t;
  const double rest =
      t * z *
      in_pairs(z, -0.33333333333333326, 0.19999999999987714, -0.14285714283138384, 0.11111110899821627,
               -0.09090900168668452, 0.07692086789119736, -0.06663232236816255, 0.05847669756799626,
               -0.050336850838998956, 0.03781854858641458, -0.017539916204913773);
  const double sum = a + t;
  return {sum, (t - (sum - a)) + (rest + b)};
}
struct Arctangent : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const Pair p = angle(std::fabs(x), 1);
    return std::copysign(p.upper + p.lower, x);
  }
};
struct Arctangent2 {
  static bool covers(double y, double x) {
    const double a = std::fabs(x), b = std::fabs(y), most = a > b ? a : b;
    return static_cast<bool>(int(a <= 0x1p500) & int(b <= 0x1p500) & int(most >= 0x1p-500));
  }
  [[gnu::always_inline]] static double at(double y, double x) {
    const Pair p = angle(std::fabs(y), std::fabs(x));
    const double turned = 0x1.921fb54442d18p+1 - p.upper,
                 lost = (0x1.921fb54442d18p+1 - turned) - p.upper + (0x1.1a62633145c07p-53 - p.lower);
    const double right = p.upper + p.lower, left = turned + lost;
    return std::copysign(x < 0 ? left : right, y);
  }
  static double otherwise(double y, double x) { return std::atan2(y, x); }
};
// (asin(sqrt(z)) - sqrt(z)) / sqrt(z), for z in [0, 1/4].
[[gnu::always_inline]] inline double beyond_sine(double z) {
  return z * in_pairs(z, 0.1666666666666665, 0.07500000000020764, 0.044642857103423646, 0.03038194736709848,
                      0.02237204763174451, 0.017355259955786323, 0.013929652902326633, 0.011875494382636922,
                      0.007802949477353317, 0.016035514349148825, -0.01074905033969781, 0.028169218060881414);
}
constexpr double right_angle = 0x1.921fb54442d18p+0, right_angle_lower = 0x1.1a62633145c07p-54;
struct Inverse {
  static bool covers(double x) { return std::fabs(x) <= 1; }
};
struct Arcsine : Inverse {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    const bool is_steep = y >= 0.5;
    const double z = is_steep ? 0.5 - 0.5 * y : y * y, root = std::sqrt(z), s = is_steep ? root : y,
                 rest = s * beyond_sine(z), turned = right_angle - 2 * s,
                 steep = turned + (((right_angle - turned) - 2 * s) - (2 * rest - right_angle_lower));
    return std::copysign(is_steep ? steep : s + rest, x);
  }
  static double otherwise(double x) { return std::asin(x); }
};
struct Arccosine : Inverse {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    const bool is_steep = y >= 0.5;
    const double z = is_steep ? 0.5 - 0.5 * y : y * y, root = std::sqrt(z), s = is_steep ? root : x,
                 rest = s * beyond_sine(z);
    const double flat = right_angle - (s + (rest - right_angle_lower)), right = 2 * (s + rest),
                 left = 2 * (right_angle - (s + (rest - right_angle_lower)));
    return is_steep ? (x < 0 ? left : right) : flat;
  }
  static double otherwise(double x) { return std::acos(x); }
};
// The inverse root by a polynomial and a step of third order; then the root, and by fused operations what is
// left.
struct CubeRoot {
  static bool covers(double x) {
    const double y = std::fabs(x);
    return static_cast<bool>((int(y >= DBL_MIN) & int(y <= DBL_MAX)) | int(y == 0));
  }
  /// |x| = n * 8^third, z = n^(-1/3), but for its last bits.
  struct Inverse {
    double n, z, third;
  };
  [[gnu::always_inline]] static Inverse inverse(double x) {
    constexpr Bits from = std::bit_cast<Bits>(0.75), lift = Bits{1024} << 52, exponent = Bits{0xFFF} << 52;
    const Bits bits = std::bit_cast<Bits>(std::fabs(x)), apart = bits - from + lift;
    const double k = std::bit_cast<double>(apart >> 52 | std::bit_cast<Bits>(0x1p52)) - (0x1p52 + 1024),
                 m = std::bit_cast<double>(bits - ((apart & exponent) - lift)),
                 third = rounded(k * (1.0 / 3)), left = k - 3 * third;
    const double n = m * (left == 0 ? 1.0 : left < 0 ? 0.5 : 2.0);
    const double z0 = (left == 0  ? 1.0
                       : left < 0 ? 0x1.428a2f98d728bp+0
                                  : 0x1.965fea53d6e3dp-1) *
                      fused_polynomial(m, 1.9565538748514082, -2.2805713080217367, 2.401160751891607,
                                       -1.5301744924549066, 0.5296113095806222, -0.0765827871485857),
                 h = fused(-n * z0, z0 * z0, 1);
    return {n, fused(z0 * h, fused(h, 2.0 / 9, 1.0 / 3), z0), third};
  }
  [[gnu::always_inline]] static double at(double x) {
    const auto [n, z, third] = inverse(x);
    const double t = n * z * z, square = t * t, lost = fused(t, t, -square),
                 e = fused(-lost, t, fused(-square, t, n)) * (z * z * z);
    const double root = fused(t * e, fused(e, 2.0 / 9, 1.0 / 3), t);  // t / cbrt(1 - e)
    return x == 0 ? x : std::copysign(root * power_of_two(third), x);
  }
  static double otherwise(double x) { return std::cbrt(x); }
};
struct Hypotenuse {
  static bool covers(double x, double y) {
    const double a = std::fabs(x), b = std::fabs(y), most = a > b ? a : b;
    return static_cast<bool>(int(a <= 0x1p500) & int(b <= 0x1p500) &
                             (int(most >= 0x1p-450) | int(most == 0)));
  }
  [[gnu::always_inline]] static double at(double x, double y) { return std::sqrt(x * x + y * y); }
  static double otherwise(double x, double y) { return std::hypot(x, y); }
};

// ---- Powers, the error function ----

// e^(p + q), where p has at most 52 digits, |p| <= 800, and q is small beside it or below 1.
[[gnu::always_inline]] inline double power_of_sum(double p, double q) {
  const double n = rounded(p * 0x1.71547652b82fep+0), a = p - n * log2_upper, b = n * log2_lower,
               near = a - b, far = ((a - near) - b) + q, r = near + far;
  return scaled_power(n, r, far - (r - near));
}
// Powers of one number after the other. By fused operations, which give what a product is rounded by; without
// them there would be half as many operations again.
struct One {
  using V = double;
  using B = Bits;
  [[gnu::always_inline]] static double all(double x) { return x; }
  [[gnu::always_inline]] static double fused(double a, double b, double c) {
    return approximate::fused(a, b, c);
  }
  [[gnu::always_inline]] static double found(const double (&table)[16], Bits index) {
    return table[index & 15];
  }
  [[gnu::always_inline]] static double scaled(double x, double n) { return scaled_twice<One>(x, n); }
};
struct Power {
  static bool covers(double x, double y) {
    const double a = std::fabs(x);
    return static_cast<bool>(((int(a >= DBL_MIN) & int(a <= DBL_MAX)) | int(a == 0)) &
                             int(std::fabs(y) <= 0x1p40));
  }
  [[gnu::always_inline]] static double at(double x, double y) { return PowerOf<One>::of(x, y); }
  static double otherwise(double x, double y) { return y == 0 ? 1 : std::pow(x, y); }
};
// The same of numbers of 24 digits: 37 of those of float64 are enough for logarithm and power, so both are
// one number and series of a few terms. What is of the numbers themselves (exponents, signs, whole powers) is
// done in float32, of which a vector holds twice as many.
struct PowerOfSingles {
  static bool covers(float x, float y) {
    const float a = std::fabs(x);
    return static_cast<bool>(((int(a >= FLT_MIN) & int(a <= FLT_MAX)) | int(a == 0)) &
                             int(std::fabs(y) <= 0x1p22F));
  }
  [[gnu::always_inline]] static float at(float x, float y) {
    constexpr std::uint32_t root = 0x3F3504F3u, exponent = 0xFF800000u;
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(std::fabs(x)), apart = bits - root;
    const auto k = static_cast<double>(static_cast<std::int32_t>(apart) >> 23),
               m = static_cast<double>(std::bit_cast<float>(bits - (apart & exponent)));
    const double s = (m - 1) / (m + 1), z = s * s, z2 = z * z;
    const double series = fused(z2,
                                fused(z2, fused(z, 0.28288717931135493, 0.3199066611111402),
                                      fused(z, 0.4122092273254632, 0.577077942630308)),
                                fused(z, 0.9617966941123592, 2.8853900817778504));
    const double p = static_cast<double>(y) * fused(s, series, k), shifted = p + rounder,
                 r = p - (shifted - rounder), r2 = r * r, r4 = r2 * r2;
    const double part =
        fused(r4,
              fused(r4, 1.3255240794818737e-06,
                    fused(r2, fused(r, 1.5310102380380274e-05, 0.00015403455792759905),
                          fused(r, 0.001333345048181932, 0.009618129159464747))),
              fused(r2, fused(r, 0.05550410941295718, 0.24022650695812833), fused(r, 0.693147180545911, 1)));
    const double power =
        std::bit_cast<double>(std::bit_cast<Bits>(part) + (std::bit_cast<Bits>(shifted) << 52));
    const auto kept = static_cast<float>(p > 200 ? HUGE_VAL : p < -200 ? 0.0 : power);
    const float of_zero = y < 0 ? HUGE_VALF : y > 0 ? 0.0F : 1.0F, magnitude = x == 0 ? of_zero : kept;
    const float moved = y + 0x1.8p23F, nearest = moved - 0x1.8p23F;
    const std::uint32_t odd = nearest == y ? std::bit_cast<std::uint32_t>(moved) << 31 : 0;
    const float of_x = std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) |
                                            (odd & std::bit_cast<std::uint32_t>(x)));
    return static_cast<bool>(int(x < 0) & int(nearest != y)) ? NAN : of_x;
  }
  static float otherwise(float x, float y) {
    return static_cast<float>(Power::otherwise(static_cast<double>(x), static_cast<double>(y)));
  }
};
// A series below 1; above, 1 - e^(-x^2) * f((x - 3) / (x + 3)), where x^2 is a sum of two numbers.
struct ErrorFunction : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const double whole = std::fabs(x), y = whole > 6 ? 6 : whole, z = y * y, t = (y - 3) / (y + 3),
                 top = upper(y);
    const double near =
        y + y * in_pairs(z - 0.5, -0.0345312613301327, -0.2810721780454342, 0.07940998675593687,
                         -0.018283884489152684, 0.003480274496570158, -0.0005611894221209664,
                         7.829649688379886e-05, -9.614808641390195e-06, 1.0536323840680666e-06,
                         -1.0420387617195658e-07, 9.432320191926508e-09, -7.795898827002142e-10);
    const double far = 1 - power_of_sum(-top * top, -(y - top) * (y + top)) *
                               in_pairs(t, 0.17900115118138996, -0.3262335600430372, 0.24560380171233487,
                                        -0.15011593650077898, 0.07166583719747308, -0.024392499318915004,
                                        0.004269136356961225, 0.0007077464666941425, -0.0005970624964924544,
                                        4.525434558991009e-05, 6.406279226046039e-05, -1.2845780030775907e-05,
                                        -8.00978093907608e-06, 2.0135111426447427e-06, 1.2755818949624478e-06,
                                        3.381355142042904e-09);
    return std::copysign(y < 1 ? near : far, x);
  }
};

}  // namespace weir::detail::array::approximate
