// Counter-based random numbers: element i of a stream is a function of seed, stream and i.
#include "weir/array/random.hpp"

#include <bit>
#include <cmath>
#include <random>

#include "array/graph/nodes.hpp"
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
double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }  // [0, 1)

// The blocks of so many counters in a row, side by side: the compiler makes vectors of them.
constexpr std::size_t side_by_side = 32;
void draw_blocks(const Philox& philox, std::uint64_t first, Philox::Block* out) {
  std::uint32_t c0[side_by_side], c1[side_by_side], c2[side_by_side], c3[side_by_side], x = philox.k0,
                                                                                        y = philox.k1;
  for (std::size_t k = 0; k < side_by_side; ++k) {
    c0[k] = static_cast<std::uint32_t>(first + k);
    c1[k] = static_cast<std::uint32_t>((first + k) >> 32);
    c2[k] = philox.stream;
    c3[k] = 0;
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
  for (std::size_t k = 0; k < side_by_side; ++k)
    out[k] = {std::uint64_t{c1[k]} << 32 | c0[k], std::uint64_t{c3[k]} << 32 | c2[k]};
}

// Two elements share a block: the even one takes its first half.
template <class T, class F>
void each(const void* positions, void* out, std::size_t count, const Code& code, F f) {
  const auto* at = static_cast<const std::int64_t*>(positions);
  T* r = static_cast<T*>(out);
  const Philox philox = generator(code);
  std::size_t i = 0;
  const auto is_row = [&](std::size_t size) {  // from an even one on
    bool row = count - i >= size && at[i] % 2 == 0;
    for (std::size_t k = 1; row && k < size; ++k) row = at[i + k] == at[i] + static_cast<std::int64_t>(k);
    return row;
  };
  while (i < count) {
    if (is_row(2 * side_by_side)) {
      Philox::Block blocks[side_by_side];
      draw_blocks(philox, static_cast<std::uint64_t>(at[i]) >> 1, blocks);
      for (const Philox::Block& block : blocks) {
        const auto [a, b] = f(block);
        r[i++] = static_cast<T>(a);
        r[i++] = static_cast<T>(b);
      }
      continue;
    }
    const auto index = static_cast<std::uint64_t>(at[i]);
    const Philox::Block block = philox(index >> 1);
    if (index % 2 == 0 && i + 1 < count && at[i + 1] == at[i] + 1) {
      const auto [a, b] = f(block);
      r[i] = static_cast<T>(a);
      r[i + 1] = static_cast<T>(b);
      i += 2;
    } else {
      const auto [a, b] = f(block);
      r[i] = static_cast<T>(index % 2 ? b : a);
      ++i;
    }
  }
}

template <class T>
void uniform(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double low = std::bit_cast<double>(code.immediate[1]),
               width = std::bit_cast<double>(code.immediate[2]) - low;
  each<T>(at, out, count, code,
          [=](Philox::Block b) { return std::pair(low + width * to_unit(b.a), low + width * to_unit(b.b)); });
}
template <class T, bool Log>
void normal(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double mean = std::bit_cast<double>(code.immediate[1]),
               deviation = std::bit_cast<double>(code.immediate[2]);
  each<T>(at, out, count, code, [=](Philox::Block b) {
    const double radius = deviation * std::sqrt(-2 * std::log(1 - to_unit(b.a))),
                 angle = 6.283185307179586477 * to_unit(b.b);
    const double x = mean + radius * std::cos(angle), y = mean + radius * std::sin(angle);
    return Log ? std::pair(std::exp(x), std::exp(y)) : std::pair(x, y);
  });
}
template <class T>
void exponential(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double mean = std::bit_cast<double>(code.immediate[1]);
  each<T>(at, out, count, code, [=](Philox::Block b) {
    return std::pair(-mean * std::log1p(-to_unit(b.a)), -mean * std::log1p(-to_unit(b.b)));
  });
}
void bernoulli(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const double p = std::bit_cast<double>(code.immediate[1]);
  each<bool>(at, out, count, code,
             [=](Philox::Block b) { return std::pair(to_unit(b.a) < p, to_unit(b.b) < p); });
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
  each<T>(at, out, count, code, [=](Philox::Block b) { return std::pair(scaled(b.a), scaled(b.b)); });
}
// Products of uniform numbers for a small mean, the transformed rejection of Hoermann (1993) for a large one.
void poisson(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
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
    if (mean < 10) {
      const double limit = std::exp(-mean);
      double product = 1;
      std::int64_t k = -1;
      do {
        const Philox::Block block = philox(index, draw++);
        product *= 1 - to_unit(block.a);
        ++k;
        if (product <= limit) break;
        product *= 1 - to_unit(block.b);
        ++k;
      } while (product > limit);
      r[i] = k;
      continue;
    }
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
// A Feistel network on the smallest even number of bits that holds all, applied again to what falls outside.
void permute(const void* at, const void*, const void*, void* out, std::size_t count, const Code& code) {
  const std::uint64_t n = code.immediate[1];
  const auto* positions = static_cast<const std::int64_t*>(at);
  auto* r = static_cast<std::int64_t*>(out);
  const Philox philox = generator(code);
  const int half = std::max(1, (64 - std::countl_zero(n > 1 ? n - 1 : 1) + 1) / 2);
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto x = static_cast<std::uint64_t>(positions[i]);
    do {
      std::uint64_t left = x >> half, right = x & mask;
      for (std::uint32_t round = 0; round < 6; ++round) {
        const std::uint64_t mixed = left ^ (philox(right, round).a & mask);
        left = right;
        right = mixed;
      }
      x = left << half | right;
    } while (x >= n);
    r[i] = static_cast<std::int64_t>(x);
  }
}

NodePtr draw(DType type, Grid grid, std::array<std::uint64_t, 4> immediate) {
  const Dims steps = row_major(dims(grid.shape));
  const NodePtr index = std::make_shared<IotaNode>(grid, 0, steps);
  return std::make_shared<ElementNode>(Op::random, DType::int64, DType::int64, type, std::move(grid),
                                       std::vector<NodePtr>{index}, immediate);
}

}  // namespace

ElementKernel random_kernel(const Code& code) {
  const auto real = [&](auto one, auto two) {
    return code.out == DType::float32 ? ElementKernel(one) : ElementKernel(two);
  };
  switch (static_cast<Distribution>(code.immediate[3] & 0xFF)) {
    case Distribution::uniform:
      return real(&uniform<float>, &uniform<double>);
    case Distribution::normal:
      return real(&normal<float, false>, &normal<double, false>);
    case Distribution::lognormal:
      return real(&normal<float, true>, &normal<double, true>);
    case Distribution::exponential:
      return real(&exponential<float>, &exponential<double>);
    case Distribution::integers:
      return &integers<std::int64_t>;
    case Distribution::poisson:
      return &poisson;
    case Distribution::bernoulli:
      return &bernoulli;
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
