// x^y of doubles, for one number or for as many as a vector has: e^(y * log x), in which an error of the
// logarithm counts y * log x times. The logarithm is right to 2^-64, a sum of two numbers.
//
// log x = k log 2 - log t + log(1 + r), where t is one of 16 that make r = m t - 1 exact and small, and e^p
// is one of 16 roots of 2, a power of 2 and a series. Tables of 16 are two registers of the widest vectors.
//
// Compiled with the flags of several processors: nothing in it is a function that files could share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::detail::array::approximate {

struct PowerTables {
  alignas(64) static constexpr double t[16] = {0x1.68p+0, 0x1.58p+0, 0x1.5p+0,  0x1.4p+0, 0x1.3p+0, 0x1.28p+0,
                                               0x1.2p+0,  0x1.1p+0,  0x1.08p+0, 0x1p+0,   0x1.fp-1, 0x1.dp-1,
                                               0x1.b8p-1, 0x1.ap-1,  0x1.9p-1,  0x1.78p-1};
  // -log t, of which the first part has 42 binary places as that of log 2, so that k log 2 - log t is exact.
  alignas(64) static constexpr double log_t[16] = {
      -0x1.5d1bdbf581p-2, -0x1.2e8e2bae12p-2, -0x1.1675cababap-2, -0x1.c8ff7c79aap-3, -0x1.5ff3070a7ap-3,
      -0x1.29552f82p-3,   -0x1.e27076e2bp-4,  -0x1.f0a30c0118p-5, -0x1.f829b0e78p-6,  0,
      0x1.0415d89e78p-5,  0x1.9335e5d594p-4,  0x1.365fcb015ap-3,  0x1.a93ed3c8aep-3,  0x1.f991c6cb3cp-3,
      0x1.3c25277333p-2};
  alignas(64) static constexpr double log_t_lower[16] = {0x1.8d6bdc9c7c238p-44,  0x1.67b1e99b72bd8p-45,
                                                         -0x1.8380e731f55c4p-44, 0x1.7794f689f8434p-45,
                                                         0x1.8586f183bebf2p-44,  0x1.5b967f4471dfcp-44,
                                                         0x1.a342c2af0003cp-45,  0x1.d599e83368e91p-45,
                                                         -0x1.980267c7e09e4p-45, 0,
                                                         -0x1.dddc7f461c516p-44, 0x1.3115c3abd47dap-45,
                                                         -0x1.fd3a0afb9691bp-44, -0x1.8724350562169p-45,
                                                         -0x1.90d04cd7cc834p-44, 0x1.83b54b606bd5cp-46};
  // 2^(j / 16), and what these are rounded by, divided by them.
  alignas(64) static constexpr double root[16] = {0x1p+0,
                                                  0x1.0b5586cf9890fp+0,
                                                  0x1.172b83c7d517bp+0,
                                                  0x1.2387a6e756238p+0,
                                                  0x1.306fe0a31b715p+0,
                                                  0x1.3dea64c123422p+0,
                                                  0x1.4bfdad5362a27p+0,
                                                  0x1.5ab07dd485429p+0,
                                                  0x1.6a09e667f3bcdp+0,
                                                  0x1.7a11473eb0187p+0,
                                                  0x1.8ace5422aa0dbp+0,
                                                  0x1.9c49182a3f09p+0,
                                                  0x1.ae89f995ad3adp+0,
                                                  0x1.c199bdd85529cp+0,
                                                  0x1.d5818dcfba487p+0,
                                                  0x1.ea4afa2a490dap+0};
  alignas(64) static constexpr double root_lower[16] = {0,
                                                        0x1.79aa65d837b6dp-54,
                                                        -0x1.01b15eaa59348p-55,
                                                        0x1.68efde3a8a894p-54,
                                                        0x1.34d754db0abb6p-55,
                                                        0x1.59f48a72a4c6dp-55,
                                                        0x1.690cebb7aafbp-56,
                                                        0x1.063e1e21c5409p-54,
                                                        -0x1.3b3efbf5e2228p-54,
                                                        -0x1.b32dcb94da51dp-56,
                                                        0x1.db72fc1f0eab4p-55,
                                                        0x1.1affc2b91ce27p-56,
                                                        0x1.c1a7792cb3387p-55,
                                                        0x1.36eae30af0cb3p-56,
                                                        0x1.4a385a63d07a7p-56,
                                                        -0x1.ff7128fd391fp-55};
};

// L has the types, V of numbers and B of their bits, and what no operator says: `all(x)`, `fused(a, b, c)`
// = a b + c, `found(table, index)` by the lowest four bits of an index, `scaled(x, n)` = 2^floor(n) x of n in
// [-1200, 1200] whose fraction is a number of sixteenths.
template <class L>
struct PowerOf {
  using V = typename L::V;
  using B = typename L::B;
  static constexpr double rounder = 0x1.8p52;
  [[gnu::always_inline]] static B bits(V x) { return __builtin_bit_cast(B, x); }
  [[gnu::always_inline]] static V number(B x) { return __builtin_bit_cast(V, x); }

  /// Of |x|, a normal number, as bits.
  [[gnu::always_inline]] static V of_magnitude(B x, V y) {
    constexpr std::uint64_t start = 0x3FE62C0000000000u, exponent = std::uint64_t{0xFFF} << 52;
    const B apart = x - start, place = apart >> 48;
    // The exponent: a sum with 2^11, so that it is positive, at the end of 2^52.
    const V k = number(((apart + (std::uint64_t{1024} << 52)) >> 52) | 0x4330000000000000u) - (0x1p52 + 1024);
    const V m = number(x - (apart & exponent)), t = L::found(PowerTables::t, place),
            r = L::fused(m, t, L::all(-1)), r2 = r * r;
    const V whole = L::fused(k, L::all(0x1.62e42fefa38p-1), L::found(PowerTables::log_t, place)),
            sum = whole + r,
            sum_lower = L::fused(k, L::all(0x1.ef35793c7673p-45), L::found(PowerTables::log_t_lower, place)) +
                        ((whole - sum) + r);
    const V half = -0.5 * r, next = r * half, high = sum + next;
    const V series =
        L::fused(r2 * r2,
                 L::fused(r2 * r2, L::all(0.08806514409943793),
                          L::fused(r2, L::fused(r, L::all(-0.10018507682887055), L::all(0.1111171648584562)),
                                   L::fused(r, L::all(-0.1249998587965203), L::all(0.14285713894199492)))),
                 L::fused(r2, L::fused(r, L::all(-0.16666666670867328), L::all(0.2000000000007983)),
                          L::fused(r, L::all(-0.24999999999999636), L::all(0.3333333333333333))));
    const V low = L::fused(r2 * r, series, sum_lower + (((sum - high) + next) + L::fused(half, r, -next)));
    const V log = high + low, log_lower = (high - log) + low;
    // e^(p + q)
    const V whole_p = y * log, q = L::fused(y, log_lower, L::fused(y, log, -whole_p));
    const V least = whole_p < -800.0 ? L::all(-800) : whole_p, p = least > 800.0 ? L::all(800) : least;
    const V shifted = L::fused(p, L::all(0x1.71547652b82fep+4), L::all(rounder)), n = shifted - rounder;
    const V s = L::fused(-n, L::all(0x1.abc9e3b39803fp-60), L::fused(-n, L::all(0x1.62e42fefa39efp-5), p)) +
                q,
            s2 = s * s;
    const V beyond =
        L::fused(s2 * s2, L::fused(s, L::all(0.00019841463826261545), L::all(0.001388906347556763)),
                 L::fused(s2, L::fused(s, L::all(0.008333333332991954), L::all(0.04166666666359425)),
                          L::fused(s, L::all(0.16666666666666669), L::all(0.5))));
    const V root = L::found(PowerTables::root, bits(shifted)),
            more = L::fused(s2, beyond, s + L::found(PowerTables::root_lower, bits(shifted)));
    return L::scaled(L::fused(root, more, root), n * 0.0625);
  }
  /// Of x, a normal number or 0, and |y| <= 2^40.
  [[gnu::always_inline]] static V of(V x, V y) {
    constexpr std::uint64_t sign = std::uint64_t{1} << 63;
    const B magnitude = bits(x) & ~sign;
    const V nought = L::all(0), infinite = L::all(__builtin_inf());
    const V of_zero = y < 0.0   ? infinite
                      : y > 0.0 ? nought
                                : L::all(1),
            power = x == 0.0 ? of_zero : of_magnitude(magnitude, y);
    // Of negative numbers only whole powers are numbers, and those of odd ones are negative.
    const V shifted = y + rounder, nearest = shifted - rounder;
    const V odd = nearest == y ? number(bits(shifted) << 63) : nought;
    const V with_sign = number(bits(power) | (bits(odd) & bits(x))), none = L::all(__builtin_nan(""));
    const V of_negative = nearest == y ? with_sign : none;
    return x < 0.0 ? of_negative : with_sign;
  }
};

// `scaled` by two powers of 2, so that what is subnormal is rounded once.
template <class L>
[[gnu::always_inline]] inline typename L::V scaled_twice(typename L::V x, typename L::V n) {
  using V = typename L::V;
  using B = typename L::B;
  constexpr double rounder = 0x1.8p52;
  const V whole = (n - 0.46875 + rounder) - rounder, half = (0.5 * whole + rounder) - rounder;
  const auto power = [](V k) __attribute__((always_inline)) {
    return __builtin_bit_cast(V, (__builtin_bit_cast(B, k + rounder) + 1023) << 52);
  };
  return x * power(half) * power(whole - half);
}

// r = x^y by vectors: L also has how many `lanes` they have, and the `signs` of numbers, as bits.
template <class L>
void powers_by(const double* x, const double* y, double* r, std::size_t count,
               double (*otherwise)(double, double)) {
  using Powers = PowerOf<L>;
  using V = typename L::V;
  using B = typename L::B;
  constexpr std::size_t lanes = L::lanes, ahead = 128;
  constexpr unsigned all = (1u << lanes) - 1;
  constexpr std::uint64_t rest = ~std::uint64_t{0} >> 1, least = std::uint64_t{1} << 52,
                          normal = std::uint64_t{0x7FE} << 52;
  for (std::size_t i = 0; i < count; i += lanes) {
    // So much is computed of each element that the processor would not ask for the next ones in time.
    __builtin_prefetch(x + i + ahead);
    __builtin_prefetch(y + i + ahead);
    __builtin_prefetch(r + i + ahead, 1);
    const std::size_t left = count - i < lanes ? count - i : lanes;
    V a = L::all(1), b = a;
    if (left == lanes) {
      __builtin_memcpy(&a, x + i, sizeof a);
      __builtin_memcpy(&b, y + i, sizeof b);
    } else {
      __builtin_memcpy(&a, x + i, left * sizeof(double));
      __builtin_memcpy(&b, y + i, left * sizeof(double));
    }
    const B bits = Powers::bits(a), magnitude = bits & rest;
    const B is_moderate = __builtin_bit_cast(B, Powers::number(Powers::bits(b) & rest) <= 0x1p40),
            is_positive = __builtin_bit_cast(B, bits - least < normal);
    V power;
    unsigned covered = all;
    if (L::signs(is_moderate & is_positive) == all) {
      power = Powers::of_magnitude(bits, b);
    } else {
      power = Powers::of(a, b);
      covered = L::signs(is_moderate & (__builtin_bit_cast(B, magnitude - least < normal) |
                                        __builtin_bit_cast(B, magnitude == 0)));
    }
    if (covered == all && left == lanes) {
      __builtin_memcpy(r + i, &power, sizeof power);
      continue;
    }
    double of_x[lanes], of_y[lanes], of_both[lanes];
    __builtin_memcpy(of_x, &a, sizeof a);
    __builtin_memcpy(of_y, &b, sizeof b);
    __builtin_memcpy(of_both, &power, sizeof power);
    for (std::size_t k = 0; k < left; ++k)
      r[i + k] = (covered >> k & 1) != 0 ? of_both[k] : otherwise(of_x[k], of_y[k]);
  }
}

}  // namespace weir::detail::array::approximate
