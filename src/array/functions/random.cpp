// Counter-based random numbers: element i of a stream is a function of seed, stream and i.
#include "weir/array/random.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "array/graph/nodes.hpp"
#include "array/kernels/approximate.hpp"
#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

struct Philox {
  std::uint32_t k0, k1, stream;
  struct Block {
    std::uint64_t a, b;
  };
  // Ten rounds on the counter (index, stream, draw).
  [[nodiscard]] Block operator()(std::uint64_t index, std::uint32_t draw = 0) const {
    std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32),
                  c2 = stream, c3 = draw, x = k0, y = k1;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p = std::uint64_t{0xD2511F53u} * c0, q = std::uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<std::uint32_t>(q >> 32) ^ c1 ^ x;
      c1 = static_cast<std::uint32_t>(q);
      c2 = static_cast<std::uint32_t>(p >> 32) ^ c3 ^ y;
      c3 = static_cast<std::uint32_t>(p);
      x += 0x9E3779B9u;
      y += 0xBB67AE85u;
    }
    return {std::uint64_t{c1} << 32 | c0, std::uint64_t{c3} << 32 | c2};
  }
};
Philox generator(const Code& code) {
  return {static_cast<std::uint32_t>(code.immediate[0]), static_cast<std::uint32_t>(code.immediate[0] >> 32),
          static_cast<std::uint32_t>(code.immediate[3] >> 8)};
}
// In [0, 1): the upper 53 bits, as two halves that become the last bits of doubles, which takes no conversion
// that vectors of 256 bits have not.
double to_unit(std::uint64_t bits) {
  constexpr double low = 0x1p52, high = 0x1p84;
  const double upper = std::bit_cast<double>(bits >> 43 | std::bit_cast<std::uint64_t>(high)) - high,
               lower =
                   std::bit_cast<double>((bits >> 11 & UINT32_MAX) | std::bit_cast<std::uint64_t>(low)) - low;
  return (upper + lower) * 0x1p-53;
}

// Logarithms, sines and cosines of our own, within an ulp or so: without branches and tables, so that vectors
// are made of them, and the same wherever they are computed.
// Source. The polynomials of fdlibm (FreeBSD's e_log.c, k_sin.c, k_cos.c).
// The logarithm of a number in [2^-53, 1].
double log_of(double x) {
  constexpr std::uint64_t root = 0x3FE6A09E667F3BCDu,  // of 1/2
      lift = std::uint64_t{64} << 52, exponent = std::uint64_t{0xFFF} << 52;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x), apart = bits - root + lift;
  const double k = std::bit_cast<double>(apart >> 52 | std::bit_cast<std::uint64_t>(0x1p52)) - (0x1p52 + 64),
               f = std::bit_cast<double>(bits - (apart & exponent) + lift) - 1, s = f / (2 + f), z = s * s,
               w = z * z, half = 0.5 * f * f;
  const double even = w * (3.999999999940941908e-01 +
                           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)),
               odd = z * (6.666666666666735130e-01 +
                          w * (2.857142874366239149e-01 +
                               w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return k * 6.93147180369123816490e-01 -
         ((half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f);
}
// Cosine and sine of a part of a whole turn, in [0, 1).
std::pair<double, double> turned(double part) {
  constexpr double rounds = 0x1.8p52;
  const double quarters = part * 4 + rounds;
  const std::uint64_t q = std::bit_cast<std::uint64_t>(quarters), is_odd = 0 - (q & 1);
  const double x = (part - (quarters - rounds) * 0.25) * 6.283185307179586477, z = x * x, half = 0.5 * z,
               w = 1 - half;
  const double s =
      x + x * z *
              (-1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 +
                              z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
  const double p = z * (4.16666666666666019037e-02 +
                        z * (-1.38888888888741095749e-03 +
                             z * (2.48015872894767294178e-05 +
                                  z * (-2.75573143513906633035e-07 +
                                       z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const auto sine = std::bit_cast<std::uint64_t>(s),
             cosine = std::bit_cast<std::uint64_t>(w + ((1 - w - half) + z * p));
  return {std::bit_cast<double>(((cosine & ~is_odd) | (sine & is_odd)) ^ ((q + 1) & 2) << 62),
          std::bit_cast<double>(((sine & ~is_odd) | (cosine & is_odd)) ^ (q & 2) << 62)};
}

// The blocks of so many counters, side by side: the compiler makes vectors of them.
constexpr std::size_t side_by_side = 32;
void draw_blocks(const Philox& philox, const std::uint64_t* index, std::uint32_t draw, std::uint64_t* out) {
  std::uint32_t c0[side_by_side], c1[side_by_side], c2[side_by_side], c3[side_by_side], x = philox.k0,
                                                                                        y = philox.k1;
  for (std::size_t k = 0; k < side_by_side; ++k) {
    c0[k] = static_cast<std::uint32_t>(index[k]);
    c1[k] = static_cast<std::uint32_t>(index[k] >> 32);
    c2[k] = philox.stream;
    c3[k] = draw;
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t k = 0; k < side_by_side; ++k) {
      const std::uint64_t p = std::uint64_t{0xD2511F53u} * c0[k], q = std::uint64_t{0xCD9E8D57u} * c2[k];
      c0[k] = static_cast<std::uint32_t>(q >> 32) ^ c1[k] ^ x;
      c1[k] = static_cast<std::uint32_t>(q);
      c2[k] = static_cast<std::uint32_t>(p >> 32) ^ c3[k] ^ y;
      c3[k] = static_cast<std::uint32_t>(p);
    }
    x += 0x9E3779B9u;
    y += 0xBB67AE85u;
  }
  for (std::size_t k = 0; k < side_by_side; ++k) {
    out[2 * k] = std::uint64_t{c1[k]} << 32 | c0[k];
    out[2 * k + 1] = std::uint64_t{c3[k]} << 32 | c2[k];
  }
}
#ifdef __x86_64__
// The same by vectors of 256 bits, whose product of the lower halves of 64 bits compilers do not find.
[[gnu::target("avx2")]] void draw_blocks_wide(const Philox& philox, const std::uint64_t* index,
                                              std::uint32_t draw, std::uint64_t* out) {
  typedef std::uint64_t Vector [[gnu::vector_size(32)]];
  typedef int Halves [[gnu::vector_size(32)]];
  constexpr std::size_t lanes = 4, vectors = 4;
  const Vector zero{}, lower = zero + UINT32_MAX;
  const auto m0 = reinterpret_cast<Halves>(zero + 0xD2511F53u),
             m1 = reinterpret_cast<Halves>(zero + 0xCD9E8D57u);
  for (std::size_t begin = 0; begin < side_by_side; begin += lanes * vectors) {
    Vector c0[vectors], c1[vectors], c2[vectors], c3[vectors];
    std::uint32_t x = philox.k0, y = philox.k1;
    for (std::size_t k = 0; k < vectors; ++k) {
      std::memcpy(&c0[k], index + begin + lanes * k, sizeof c0[k]);
      c1[k] = c0[k] >> 32;
      c2[k] = zero + philox.stream;
      c3[k] = zero + draw;
    }
    for (int round = 0; round < 10; ++round) {
      for (std::size_t k = 0; k < vectors; ++k) {
        const auto p = reinterpret_cast<Vector>(
                       __builtin_ia32_pmuludq256(reinterpret_cast<Halves>(c0[k]), m0)),
                   q = reinterpret_cast<Vector>(
                       __builtin_ia32_pmuludq256(reinterpret_cast<Halves>(c2[k]), m1));
        c0[k] = (q >> 32) ^ c1[k] ^ (zero + x);
        c1[k] = q;
        c2[k] = (p >> 32) ^ c3[k] ^ (zero + y);
        c3[k] = p;
      }
      x += 0x9E3779B9u;
      y += 0xBB67AE85u;
    }
    for (std::size_t k = 0; k < vectors; ++k) {
      const Vector a = c1[k] << 32 | (c0[k] & lower), b = c3[k] << 32 | (c2[k] & lower);
      for (std::size_t lane = 0; lane < lanes; ++lane, out += 2) out[0] = a[lane], out[1] = b[lane];
    }
  }
}
// The same by vectors of 512 bits.
[[gnu::target("avx512f")]] void draw_blocks_widest(const Philox& philox, const std::uint64_t* index,
                                                   std::uint32_t draw, std::uint64_t* out) {
  constexpr std::size_t lanes = 8, vectors = side_by_side / lanes;
  constexpr int exclusive_or = 0x96, upper_halves = 0xAAAA;
  constexpr __mmask8 all = 0xFF;  // without it some compilers warn of what their own headers do
  const __m512i m0 = _mm512_set1_epi64(0xD2511F53u), m1 = _mm512_set1_epi64(0xCD9E8D57u),
                dx = _mm512_set1_epi64(0x9E3779B9u), dy = _mm512_set1_epi64(0xBB67AE85u),
                front = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                back = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  __m512i c0[vectors], c1[vectors], c2[vectors], c3[vectors], x = _mm512_set1_epi64(philox.k0),
                                                              y = _mm512_set1_epi64(philox.k1);
  for (std::size_t k = 0; k < vectors; ++k) {
    c0[k] = _mm512_loadu_si512(index + lanes * k);
    c1[k] = _mm512_maskz_srli_epi64(all, c0[k], 32);
    c2[k] = _mm512_set1_epi64(philox.stream);
    c3[k] = _mm512_set1_epi64(draw);
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t k = 0; k < vectors; ++k) {
      const __m512i p = _mm512_maskz_mul_epu32(all, c0[k], m0), q = _mm512_maskz_mul_epu32(all, c2[k], m1);
      c0[k] = _mm512_ternarylogic_epi64(_mm512_maskz_srli_epi64(all, q, 32), c1[k], x, exclusive_or);
      c1[k] = q;
      c2[k] = _mm512_ternarylogic_epi64(_mm512_maskz_srli_epi64(all, p, 32), c3[k], y, exclusive_or);
      c3[k] = p;
    }
    x = _mm512_add_epi64(x, dx);  // only lower halves are used
    y = _mm512_add_epi64(y, dy);
  }
  for (std::size_t k = 0; k < vectors; ++k, out += 2 * lanes) {
    const __m512i a = _mm512_mask_blend_epi32(upper_halves, c0[k], _mm512_maskz_slli_epi64(all, c1[k], 32)),
                  b = _mm512_mask_blend_epi32(upper_halves, c2[k], _mm512_maskz_slli_epi64(all, c3[k], 32));
    _mm512_storeu_si512(out, _mm512_permutex2var_epi64(a, front, b));
    _mm512_storeu_si512(out + lanes, _mm512_permutex2var_epi64(a, back, b));
  }
}
auto block_drawer() {
  return has_widest_vectors() ? &draw_blocks_widest : has_wide_vectors() ? &draw_blocks_wide : &draw_blocks;
}
#else
auto block_drawer() { return &draw_blocks; }
#endif

// Two elements share a block: the even one takes its first half. `f` makes two elements of a block, `row` so
// many in a row of the halves of blocks.
template <class T, class F, class Row>
void each(const void* positions, void* out, std::size_t count, const Code& code, F f, Row row) {
  constexpr std::size_t many = 2 * side_by_side;
  const auto* at = static_cast<const std::int64_t*>(positions);
  T* r = static_cast<T*>(out);
  const Philox philox = generator(code);
  const auto draw = block_drawer();
  std::size_t i = 0;
  const auto is_row = [&] {  // from an even one on
    if (count - i < many || at[i] % 2 != 0) return false;
    std::int64_t apart = 0;
    for (std::size_t k = 0; k < many; ++k) apart |= (at[i + k] - at[i]) ^ static_cast<std::int64_t>(k);
    return apart == 0;
  };
  while (i < count) {
    if (is_row()) {
      std::uint64_t halves[many], blocks[side_by_side];
      for (std::size_t k = 0; k < side_by_side; ++k) blocks[k] = (static_cast<std::uint64_t>(at[i]) >> 1) + k;
      draw(philox, blocks, 0, halves);
      row(halves, r + i, many);
      i += many;
      continue;
    }
    const auto index = static_cast<std::uint64_t>(at[i]);
    const Philox::Block block = philox(index >> 1);
    const auto [a, b] = f(block);
    if (index % 2 == 0 && i + 1 < count && at[i + 1] == at[i] + 1) {
      r[i] = static_cast<T>(a);
      r[i + 1] = static_cast<T>(b);
      i += 2;
    } else {
      r[i] = static_cast<T>(index % 2 ? b : a);
      ++i;
    }
  }
}
// Where an element is made of its half alone.
template <class T, class F>
void each_alone(const void* positions, void* out, std::size_t count, const Code& code, F f) {
  each<T>(
      positions, out, count, code, [&](Philox::Block b) { return std::pair(f(b.a), f(b.b)); },
      [&](const std::uint64_t* halves, T* r, std::size_t many) {
        for (std::size_t k = 0; k < many; ++k) r[k] = static_cast<T>(f(halves[k]));
      });
}

template <class T>
void uniform(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double low = std::bit_cast<double>(code.immediate[1]),
               width = std::bit_cast<double>(code.immediate[2]) - low;
  each_alone<T>(at, out, count, code, [=](std::uint64_t bits) { return low + width * to_unit(bits); });
}
template <class T, bool Log>
void normal(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double mean = std::bit_cast<double>(code.immediate[1]),
               deviation = std::bit_cast<double>(code.immediate[2]);
  const auto square = [](std::uint64_t bits) { return -2 * log_of(1 - to_unit(bits)); };  // of the radius
  const auto value = [=](double radius, double part) { return mean + deviation * radius * part; };
  const auto finish = [&](double* x, std::size_t many) {
    static const ElementKernel exponential_of = approximate_loops(Op::exp, DType::float64).fastest();
    if (Log) exponential_of(x, nullptr, nullptr, x, many, code);
  };
  each<T>(
      at, out, count, code,
      [=](Philox::Block b) {
        const double radius = std::sqrt(square(b.a));
        const auto [x, y] = turned(to_unit(b.b));
        double both[2] = {value(radius, x), value(radius, y)};
        finish(both, 2);
        return std::pair(both[0], both[1]);
      },
      [=](const std::uint64_t* halves, T* r, std::size_t many) {
        constexpr std::size_t most = side_by_side;
        double radius[most], x[most], y[most], made[2 * most];
        for (std::size_t k = 0; k < many / 2; ++k) radius[k] = square(halves[2 * k]);
        for (std::size_t k = 0; k < many / 2; ++k) radius[k] = std::sqrt(radius[k]);
        for (std::size_t k = 0; k < many / 2; ++k) {
          const auto [cosine, sine] = turned(to_unit(halves[2 * k + 1]));
          x[k] = cosine;
          y[k] = sine;
        }
        for (std::size_t k = 0; k < many / 2; ++k) {
          made[2 * k] = value(radius[k], x[k]);
          made[2 * k + 1] = value(radius[k], y[k]);
        }
        finish(made, many);
        for (std::size_t k = 0; k < many; ++k) r[k] = static_cast<T>(made[k]);
      });
}
template <class T>
void exponential(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double mean = std::bit_cast<double>(code.immediate[1]);
  each_alone<T>(at, out, count, code,
                [=](std::uint64_t bits) { return mean * (0 - log_of(1 - to_unit(bits))); });
}
void bernoulli(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double p = std::bit_cast<double>(code.immediate[1]);
  each_alone<bool>(at, out, count, code, [=](std::uint64_t bits) { return to_unit(bits) < p; });
}
template <class T>
void integers(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const std::uint64_t low = code.immediate[1], width = code.immediate[2];  // width 0: all 2^64
  const auto scaled = [=](std::uint64_t bits) {
    return width == 0
               ? static_cast<std::int64_t>(bits)
               : static_cast<std::int64_t>(
                     low + static_cast<std::uint64_t>(static_cast<unsigned __int128>(bits) * width >> 64));
  };
  each_alone<T>(at, out, count, code, scaled);
}
// Products of uniform numbers, for a small mean. Elements draw side by side, block after block, until each is
// done.
void poisson_of_products(const void* at, const void*, const void*, void* out, std::size_t count,
                         const Code& code) {
  constexpr std::size_t piece = 8 * side_by_side;
  const double limit = std::exp(-std::bit_cast<double>(code.immediate[1]));
  const auto* positions = static_cast<const std::int64_t*>(at);
  auto* r = static_cast<std::int64_t*>(out);
  const Philox philox = generator(code);
  const auto blocks_of = block_drawer();
  for (std::size_t begin = 0; begin < count; begin += piece) {
    std::size_t left = std::min(piece, count - begin), place[piece];
    std::uint64_t index[piece]{}, blocks[2 * side_by_side];
    double product[piece], factor[2 * side_by_side];
    for (std::size_t i = 0; i < left; ++i) {
      index[i] = static_cast<std::uint64_t>(positions[begin + i]);
      place[i] = begin + i;
      product[i] = 1;
    }
    for (std::uint32_t draw = 1; left > 0; ++draw) {
      std::size_t kept = 0;
      for (std::size_t group = 0; group < left; group += side_by_side) {
        blocks_of(philox, index + group, draw, blocks);
        for (std::size_t k = 0; k < 2 * side_by_side; ++k) factor[k] = 1 - to_unit(blocks[k]);
        const std::size_t end = std::min(left, group + side_by_side);
        for (std::size_t i = group; i < end; ++i) {
          const double first = product[i] * factor[2 * (i - group)],
                       second = first * factor[2 * (i - group) + 1];
          r[place[i]] = 2 * std::int64_t{draw} - 2 + std::int64_t{first > limit};
          index[kept] = index[i];
          place[kept] = place[i];
          product[kept] = second;
          kept += std::size_t{static_cast<bool>(int(first > limit) & int(second > limit))};
        }
      }
      left = kept;
    }
  }
}
// The transformed rejection of Hoermann (1993), for a large mean.
void poisson_of_rejections(const void* at, const void*, const void*, void* out, std::size_t count,
                           const Code& code) {
  const double mean = std::bit_cast<double>(code.immediate[1]);
  const auto* positions = static_cast<const std::int64_t*>(at);
  auto* r = static_cast<std::int64_t*>(out);
  const Philox philox = generator(code);
  const double slam = std::sqrt(mean), loglam = std::log(mean), b = 0.931 + 2.53 * slam,
               a = -0.059 + 0.02483 * b, invalpha = 1.1239 + 1.1328 / (b - 3.4),
               vr = 0.9277 - 3.6224 / (b - 2);
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(positions[i]);
    std::uint32_t draw = 1;
    for (;;) {
      const Philox::Block block = philox(index, draw++);
      const double u = to_unit(block.a) - 0.5, v = 1 - to_unit(block.b), us = 0.5 - std::fabs(u),
                   k = std::floor((2 * a / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= vr) {
        r[i] = static_cast<std::int64_t>(k);
        break;
      }
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (std::log(v) + std::log(invalpha) - std::log(a / (us * us) + b) <=
          -mean + k * loglam - std::lgamma(k + 1)) {
        r[i] = static_cast<std::int64_t>(k);
        break;
      }
    }
  }
}
void poisson(const void* at, const void* b, const void* c, void* out, std::size_t count, const Code& code) {
  const bool is_small = std::bit_cast<double>(code.immediate[1]) < 10;
  static const ElementKernel of_products = suited<&poisson_of_products>();
  (is_small ? of_products : &poisson_of_rejections)(at, b, c, out, count, code);
}
// A Feistel network on the smallest even number of bits that holds all, applied again to what falls outside.
void permute(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const std::uint64_t n = code.immediate[1];
  const auto* positions = static_cast<const std::int64_t*>(at);
  auto* r = static_cast<std::int64_t*>(out);
  const Philox philox = generator(code);
  const auto draw = block_drawer();
  const int half = std::max(1, (64 - std::countl_zero(n > 1 ? n - 1 : 1) + 1) / 2);
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  for (std::size_t begin = 0; begin < count; begin += side_by_side) {
    std::uint64_t left[side_by_side]{}, right[side_by_side]{}, blocks[2 * side_by_side];
    std::size_t whose[side_by_side], waiting = 0;
    for (; waiting < std::min(side_by_side, count - begin); ++waiting) {
      const auto x = static_cast<std::uint64_t>(positions[begin + waiting]);
      left[waiting] = x >> half;
      right[waiting] = x & mask;
      whose[waiting] = begin + waiting;
    }
    while (waiting > 0) {
      for (std::uint32_t round = 0; round < 6; ++round) {
        draw(philox, right, round, blocks);
        for (std::size_t k = 0; k < side_by_side; ++k) {
          const std::uint64_t mixed = left[k] ^ (blocks[2 * k] & mask);
          left[k] = right[k];
          right[k] = mixed;
        }
      }
      std::size_t outside = 0;
      for (std::size_t k = 0; k < waiting; ++k) {
        const std::uint64_t x = left[k] << half | right[k];
        if (x < n) {
          r[whose[k]] = static_cast<std::int64_t>(x);
          continue;
        }
        left[outside] = left[k];
        right[outside] = right[k];
        whose[outside++] = whose[k];
      }
      waiting = outside;
    }
  }
}

NodePtr draw(DType type, Grid grid, std::array<std::uint64_t, 4> immediate) {
  const Dims steps = row_major(dims(grid.shape));
  const NodePtr index = std::make_shared<IotaNode>(std::move(grid), 0, steps);
  return std::make_shared<ElementNode>(Op::random, DType::int64, DType::int64, type, index->shared_grid,
                                       std::vector<NodePtr>{index}, immediate);
}

}  // namespace

ElementKernel random_kernel(const Code& code) {
  const auto real = [&](auto one, auto two) {
    return code.out == DType::float32 ? ElementKernel(one) : ElementKernel(two);
  };
  switch (static_cast<Distribution>(code.immediate[3] & 0xFF)) {
    case Distribution::uniform:
      return real(suited<&uniform<float>>(), suited<&uniform<double>>());
    case Distribution::normal:
      return real(suited<&normal<float, false>>(), suited<&normal<double, false>>());
    case Distribution::lognormal:
      return real(suited<&normal<float, true>>(), suited<&normal<double, true>>());
    case Distribution::exponential:
      return real(suited<&exponential<float>>(), suited<&exponential<double>>());
    case Distribution::integers:
      return &integers<std::int64_t>;
    case Distribution::poisson:
      return &poisson;
    case Distribution::bernoulli:
      return suited<&bernoulli>();
    case Distribution::permutation:
      return &permute;
  }
  return nullptr;
}

std::uint64_t fresh_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

NodePtr random(Distribution distribution, DType type, const Shape& shape, const ChunkSpec& chunks,
               std::uint64_t seed, std::uint64_t stream, double a, double b) {
  constexpr std::string_view names[] = {"uniform",   "normal",  "exponential", "integers",
                                        "lognormal", "poisson", "bernoulli",   "permutation"};
  const std::string_view name = names[static_cast<std::size_t>(distribution)];
  const auto number = [](double x) { return std::to_string(x); };
  if (distribution == Distribution::uniform && !(a <= b))
    refuse(name, "low must not be above high (got " + number(a) + " and " + number(b) + ")");
  if ((distribution == Distribution::normal || distribution == Distribution::lognormal) && !(b >= 0))
    refuse(name, "the deviation must not be negative (got " + number(b) + ")");
  if ((distribution == Distribution::exponential || distribution == Distribution::poisson) && !(a >= 0))
    refuse(name, "the mean must not be negative (got " + number(a) + ")");
  if (distribution == Distribution::poisson && a > 9e18)
    refuse(name, "the mean must be at most 9e18 (got " + number(a) + ")");
  if (distribution == Distribution::bernoulli && !(a >= 0 && a <= 1))
    refuse(name, "the probability must be in [0, 1] (got " + number(a) + ")");
  return draw(type, Grid(chunks.resolve(name, shape, size_of(type))),
              {seed, std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b),
               stream << 8 | static_cast<std::uint64_t>(distribution)});
}

NodePtr random_integers(DType type, const Shape& shape, const ChunkSpec& chunks, std::uint64_t seed,
                        std::uint64_t stream, std::int64_t low, std::int64_t high) {
  if (low >= high)
    refuse("integers",
           "low must be below high (got " + std::to_string(low) + " and " + std::to_string(high) + ")");
  if (type != DType::boolean)
    for (const std::int64_t end : {low, high - 1}) (void)scalar_as("integers", type, end);
  return cast(draw(DType::int64, Grid(chunks.resolve("integers", shape, size_of(type))),
                   {seed, static_cast<std::uint64_t>(low),
                    static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low),
                    stream << 8 | static_cast<std::uint64_t>(Distribution::integers)}),
              type);
}

NodePtr permutation(std::int64_t count, const ChunkSpec& chunks, std::uint64_t seed, std::uint64_t stream) {
  return draw(DType::int64, Grid(chunks.resolve("permutation", {count}, 8)),
              {seed, static_cast<std::uint64_t>(count), 0,
               stream << 8 | static_cast<std::uint64_t>(Distribution::permutation)});
}

}  // namespace weir::detail::array
