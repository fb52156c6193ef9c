// Mathematical functions of float32, computed in float64: of its digits 36 are enough, so that there are
// short series and nothing of what was rounded is kept. They err by less than 0.51 ulp. By fused operations.
//
// Source. As approximations.hpp.
#pragma once

#include "array/kernels/approximations.hpp"

namespace weir::detail::array::approximate::single {

// 2^p, for p in [-1000, 1000].
[[gnu::always_inline]] inline double power_of_2(double p) {
  const double shifted = p + rounder, r = p - (shifted - rounder), z = r * r;
  const double low = fused(z, fused(r, 0.05550410883909618, 0.24022650922288757),
                           fused(r, 0.6931471805599453, 1)),
               high =
                   fused(z, 1.5297323760698782e-05, fused(r, 0.0001546144469856936, 0.0013333502386162794)),
               part = fused(z * z, fused(r, high, 0.009618056678524637), low);
  return std::bit_cast<double>(std::bit_cast<Bits>(part) + (std::bit_cast<Bits>(shifted) << 52));
}
struct Exponential : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    return power_of_2(clipped(x, -150, 150) * 0x1.71547652b82fep+0);
  }
};
struct Exponential2 : Everywhere {
  [[gnu::always_inline]] static double at(double x) { return power_of_2(clipped(x, -200, 200)); }
};
// e^x - 1, for x in [-50, 150].
[[gnu::always_inline]] inline double power_less_one(double x) {
  const double shifted = fused(x, 0x1.71547652b82fep+0, rounder), n = shifted - rounder,
               r = fused(-n, log2_nearest, x), z = r * r, two = power_of_two(n);
  const double low = fused(z, fused(r, 0.04166666678627899, 0.16666666786321874),
                           fused(r, 0.499999999999551, 1)),
               high = fused(z, fused(r, 2.4867872633409906e-05, 0.00019907571766896633),
                            fused(r, 0.0013888839106889438, 0.00833328353502113));
  return fused(two, r * fused(z * z, high, low), two - 1);
}
struct ExponentialLess1 : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    return std::copysign(power_less_one(clipped(x, -50, 150)), x);
  }
};
struct HyperbolicSine : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const double e = power_less_one(clipped(std::fabs(x), 0, 150));
    return std::copysign(0.5 * (e + e / (e + 1)), x);
  }
};
struct HyperbolicCosine : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const double e = Exponential::at(std::fabs(x));
    return 0.5 * (e + 1 / e);
  }
};
struct HyperbolicTangent : Everywhere {
  [[gnu::always_inline]] static double at(double x) {
    const double e = power_less_one(clipped(2 * std::fabs(x), 0, 50));
    return std::copysign(e / (e + 2), x);
  }
};

// u = 2^k * m, m in [sqrt(1/2), sqrt(2)].
struct Scaled {
  double k, m;
};
[[gnu::always_inline]] inline Scaled scaled(double u) {
  constexpr Bits root = 0x3FE6A09E667F3BCDu, lift = Bits{1024} << 52, exponent = Bits{0xFFF} << 52;
  const Bits bits = std::bit_cast<Bits>(u), apart = bits - root + lift, power = (apart & exponent) - lift;
  return {std::bit_cast<double>(apart >> 52 | std::bit_cast<Bits>(0x1p52)) - (0x1p52 + 1024),
          std::bit_cast<double>(bits - power)};
}
// log(u) to some base: of f, k of u = 2^k * (1 + f) and log(2); five numbers for log(1 + f) / s by z = s * s,
// where s = f / (2 + f).
[[gnu::always_inline]] inline double logarithm(double f, double k, double of_2, double c0, double c1,
                                               double c2, double c3, double c4) {
  const double s = f / (2 + f), z = s * s;
  return fused(s, fused(z, fused(z * z, fused(z, c4, c3), fused(z, c2, c1)), c0), k * of_2);
}
[[gnu::always_inline]] inline double natural_logarithm(double f, double k) {
  return logarithm(f, k, log2_nearest, 2.0000000000083635, 0.6666666524694906, 0.4000038478230523,
                   0.2853504405890859, 0.23616494687966672);
}
struct Logarithm : Normal {
  [[gnu::always_inline]] static double at(double x) {
    const Scaled l = scaled(x);
    return natural_logarithm(l.m - 1, l.k);
  }
  static double otherwise(double x) { return std::log(x); }
};
struct Logarithm2 : Normal {
  [[gnu::always_inline]] static double at(double x) {
    const Scaled l = scaled(x);
    return logarithm(l.m - 1, l.k, 1, 2.8853900817899927, 0.96179667344378, 0.5770835675908395,
                     0.4116736655524181, 0.34071399771066047);
  }
  static double otherwise(double x) { return std::log2(x); }
};
struct Logarithm10 : Normal {
  [[gnu::always_inline]] static double at(double x) {
    const Scaled l = scaled(x);
    return logarithm(l.m - 1, l.k, 0x1.34413509f79ffp-2, 0.8685889638101358, 0.28952964843641266,
                     0.1737194638496191, 0.12392612175654333, 0.10256513324794292);
  }
  static double otherwise(double x) { return std::log10(x); }
};
// log(1 + x), for x in (-1, 2^1000].
[[gnu::always_inline]] inline double log_of_1_more(double x) {
  const Scaled l = scaled(1 + x);
  return natural_logarithm(l.k == 0 ? x : l.m - 1, l.k);
}
struct LogarithmOf1More : approximate::LogarithmOf1More {
  [[gnu::always_inline]] static double at(double x) { return std::copysign(log_of_1_more(x), x); }
};
struct HyperbolicArcsine : approximate::HyperbolicArcsine {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x), square = y * y;
    return std::copysign(log_of_1_more(y + square / (1 + std::sqrt(1 + square))), x);
  }
};
struct HyperbolicArccosine : approximate::HyperbolicArccosine {
  [[gnu::always_inline]] static double at(double x) {
    const double t = x - 1;
    return log_of_1_more(t + std::sqrt(t * (t + 2)));
  }
};
struct HyperbolicArctangent : approximate::HyperbolicArctangent {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    return std::copysign(0.5 * log_of_1_more(2 * y / (1 - y)), x);
  }
};
struct LogarithmOfPowers : approximate::LogarithmOfPowers {
  [[gnu::always_inline]] static double at(double a, double b) {
    return (a > b ? a : b) + log_of_1_more(Exponential::at(-std::fabs(a - b)));
  }
};

// Of r in [-pi / 4, pi / 4].
[[gnu::always_inline]] inline double sine(double r) {
  const double z = r * r, p = fused(z * z, fused(z, 2.7249901158293016e-06, -0.00019840086545312933),
                                    fused(z, 0.008333331874358352, -0.16666666663854385));
  return std::copysign(fused(r * z, p, r), r);
}
[[gnu::always_inline]] inline double cosine(double r) {
  const double z = r * r, p = fused(z * z, fused(z, -2.730093863462366e-07, 2.4800600218521342e-05),
                                    fused(z, -0.001388888767172314, 0.04166666666432045));
  return fused(z * z, p, fused(-0.5, z, 1));
}
struct Turned {
  Bits quadrant;
  double r;
};
[[gnu::always_inline]] inline Turned turned(double x) {
  const double shifted = fused(x, 0x1.45f306dc9c883p-1, rounder), n = shifted - rounder;
  return {std::bit_cast<Bits>(shifted), fused(-n, 0x1.1a62633145c07p-54, fused(-n, 0x1.921fb54442d18p+0, x))};
}
struct Sine : approximate::Sine {
  [[gnu::always_inline]] static double at(double x) {
    const Turned t = turned(x);
    const double s = (t.quadrant & 1) != 0 ? cosine(t.r) : sine(t.r);
    return std::bit_cast<double>(std::bit_cast<Bits>(s) ^ (t.quadrant & 2) << 62);
  }
};
struct Cosine : approximate::Cosine {
  [[gnu::always_inline]] static double at(double x) {
    const Turned t = turned(x);
    const double c = (t.quadrant & 1) != 0 ? sine(t.r) : cosine(t.r);
    return std::bit_cast<double>(std::bit_cast<Bits>(c) ^ ((t.quadrant + 1) & 2) << 62);
  }
};
struct Tangent : approximate::Tangent {
  [[gnu::always_inline]] static double at(double x) {
    const Turned t = turned(x);
    const double s = sine(t.r), c = cosine(t.r);
    const bool is_odd = (t.quadrant & 1) != 0;
    return (is_odd ? -c : s) / (is_odd ? s : c);
  }
};

// The angle whose tangent is y / x, for y, x >= 0.
[[gnu::always_inline]] inline double angle(double y, double x) {
  const bool is_half = y > 0.41421356237309503 * x, is_steep = y > 2.414213562373095 * x;
  const double over = is_steep  ? -x
                      : is_half ? y - x
                                : y,
               under = is_steep  ? y
                       : is_half ? y + x
                                 : x,
               anchor = is_steep  ? 0x1.921fb54442d18p+0
                        : is_half ? 0x1.921fb54442d18p-1
                                  : 0.0;
  const double t = over / under, z = t * t, z2 = z * z;
  const double p = fused(z2 * z,
                         fused(z2, fused(z, -0.04043145455896033, 0.07135287552151327),
                               fused(z, -0.09028976882104121, 0.11107494603271284)),
                         fused(z2, -0.14285612492240543, fused(z, 0.1999999891704028, -0.3333333333144022)));
  return anchor + fused(t * z, p, t);
}
struct Arctangent : Everywhere {
  [[gnu::always_inline]] static double at(double x) { return std::copysign(angle(std::fabs(x), 1), x); }
};
struct Arctangent2 : approximate::Arctangent2 {
  [[gnu::always_inline]] static double at(double y, double x) {
    const double right = angle(std::fabs(y), std::fabs(x));
    return std::copysign(x < 0 ? 0x1.921fb54442d18p+1 - right : right, y);
  }
};
// (asin(sqrt(z)) - sqrt(z)) / sqrt(z), for z in [0, 1/4].
[[gnu::always_inline]] inline double beyond_sine(double z) {
  const double z2 = z * z;
  return z * fused(z2 * z2,
                   fused(z2, fused(z, 0.029305239705593143, 0.005443185102512907),
                         fused(z, 0.01930626086945095, 0.022132443623412715)),
                   fused(z2, fused(z, 0.030397634130581868, 0.044642358484883155),
                         fused(z, 0.07500000598829049, 0.16666666665495086)));
}
struct Arcsine : approximate::Arcsine {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    const bool is_steep = y >= 0.5;
    const double z = is_steep ? 0.5 - 0.5 * y : y * y, s = is_steep ? std::sqrt(z) : y,
                 a = fused(s, beyond_sine(z), s);
    return std::copysign(is_steep ? right_angle - 2 * a : a, x);
  }
};
struct Arccosine : approximate::Arccosine {
  [[gnu::always_inline]] static double at(double x) {
    const double y = std::fabs(x);
    const bool is_steep = y >= 0.5;
    const double z = is_steep ? 0.5 - 0.5 * y : y * y, s = is_steep ? std::sqrt(z) : x,
                 a = fused(s, beyond_sine(z), s);
    return is_steep ? (x < 0 ? 2 * right_angle - 2 * a : 2 * a) : right_angle - a;
  }
};
struct CubeRoot : approximate::CubeRoot {
  [[gnu::always_inline]] static double at(double x) {
    const Inverse i = inverse(x);
    return x == 0 ? x : std::copysign(i.n * i.z * i.z * power_of_two(i.third), x);
  }
};

}  // namespace weir::detail::array::approximate::single
