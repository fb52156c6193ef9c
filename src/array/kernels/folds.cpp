// Folding pieces of chunks into accumulators: sums, extremes, moments.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include "array/kernels/exact.hpp"
#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

template <class T>
using SumType = std::conditional_t<is_complex_type<T>, std::complex<double>,
                                   std::conditional_t<std::is_floating_point_v<T>, double, Summed<T>>>;

// Four numbers side by side, and what is true of each.
typedef double Four [[gnu::vector_size(32)]];
typedef std::int64_t FourBits [[gnu::vector_size(32)]];
template <class T>
void load_four(const T* x, Four& four) {
  typedef T Loaded [[gnu::vector_size(4 * sizeof(T))]];
  Loaded loaded;
  std::memcpy(&loaded, x, sizeof loaded);
  four = __builtin_convertvector(loaded, Four);
}
template <class V>
auto added_up(const V& four) {
  return (four[0] + four[1]) + (four[2] + four[3]);
}

// What is a number, or what changes nothing.
template <class T, bool SkipNan>
T counted(T value, T nothing = T(0)) {
  if constexpr (SkipNan) return is_nan(value) ? nothing : value;
  else return value;
}
template <bool SkipNan>
void add_counted(Four& sums, const Four& values) {
  if constexpr (SkipNan)
    sums += reinterpret_cast<Four>(reinterpret_cast<FourBits>(values) & FourBits(values == values));
  else sums += values;
}

// Sixteen sums side by side, since each addition waits for the one before; rounding errors stay small.
// `add` adds four from a place on, `add_one` one.
template <class Add, class AddOne>
double sum_of_fours(std::size_t count, Add add, AddOne add_one) {
  Four sums[4] = {};
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (std::size_t k = 0; k < 4; ++k) add(i + 4 * k, sums[k]);
  for (; i + 4 <= count; i += 4) add(i, sums[0]);
  double rest = 0;
  for (; i < count; ++i) add_one(i, rest);
  return added_up((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

template <class T, class A, bool SkipNan = false>
A total(const T* x, std::size_t count) {
  if constexpr (std::is_same_v<A, double> && sizeof(T) > 1) {
    return sum_of_fours(
        count,
        [&](std::size_t i, Four& sums) {
          Four four;
          load_four(x + i, four);
          add_counted<SkipNan>(sums, four);
        },
        [&](std::size_t i, double& sum) { sum += static_cast<double>(counted<T, SkipNan>(x[i])); });
  } else {
    constexpr std::size_t lanes = is_complex_type<A> ? 4 : 16;
    A sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
      for (std::size_t k = 0; k < lanes; ++k) sums[k] += static_cast<A>(counted<T, SkipNan>(x[i + k]));
    for (; i < count; ++i) sums[0] += static_cast<A>(counted<T, SkipNan>(x[i]));
    for (std::size_t n = lanes / 2; n > 0; n /= 2)
      for (std::size_t k = 0; k < n; ++k) sums[k] += sums[k + n];
    return sums[0];
  }
}

// The products of two rows, rounded to their type, added up as `total` adds.
template <class T>
void add_products(const void* a, const void* b, std::size_t count, double* sum) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  *sum += sum_of_fours(
      count,
      [&](std::size_t i, Four& sums) {
        typedef T FourOf [[gnu::vector_size(4 * sizeof(T))]];
        FourOf u, v;
        std::memcpy(&u, x + i, sizeof u);
        std::memcpy(&v, y + i, sizeof v);
        sums += __builtin_convertvector(u * v, Four);
      },
      [&](std::size_t i, double& one) { one += static_cast<double>(x[i] * y[i]); });
}

// Each `group` of neighbours into one accumulator, in their order.
template <class T, class A, class F>
void fold_groups(const T* x, std::size_t count, const FoldTarget& to, F f) {
  A* r = reinterpret_cast<A*>(to.at);
  const auto by = [&](auto group, auto step) {
    const std::int64_t n = group, groups = static_cast<std::int64_t>(count) / n;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < groups; ++i) {
      A a = r[i * step];
      for (std::int64_t k = 0; k < n; ++k) a = f(a, x[i * n + k]);
      r[i * step] = a;
    }
  };
  constexpr std::integral_constant<std::int64_t, 1> together;
  constexpr std::integral_constant<std::int64_t, 2> two;
  if (to.group == 2 && to.step == 1) by(two, together);
  else if (to.step == 1) by(to.group, together);
  else by(to.group, to.step);
}

template <class T, bool SkipNan = false>
void fold_sum(const void* data, std::size_t count, const FoldTarget& to) {
  using A = SumType<T>;
  const auto get = [](T v) { return counted<T, SkipNan>(v); };
  const T* x = static_cast<const T*>(data);
  A* r = reinterpret_cast<A*>(to.at);
  if (to.group > 1) {
    fold_groups<T, A>(x, count, to, [get](A a, T v) { return static_cast<A>(a + static_cast<A>(get(v))); });
  } else if (to.step == 0) {
    *r += total<T, A, SkipNan>(x, count);
  } else if (to.step == 1) {
    for (std::size_t i = 0; i < count; ++i) r[i] += static_cast<A>(get(x[i]));
  } else {
    for (std::size_t i = 0; i < count; ++i)
      r[static_cast<std::int64_t>(i) * to.step] += static_cast<A>(get(x[i]));
  }
}

// The sum of what is a number, as `total` adds, and how many there are.
template <class T, class A>
std::pair<A, double> total_of_numbers(const T* x, std::size_t count) {
  if constexpr (!std::is_floating_point_v<T>) {
    const auto numbers = std::count_if(x, x + count, [](const T& v) { return !is_nan(v); });
    return {total<T, A, true>(x, count), static_cast<double>(numbers)};
  } else {
    FourBits counts{};
    double rest = 0;
    const double sum = sum_of_fours(
        count,
        [&](std::size_t i, Four& sums) {
          Four v;
          load_four(x + i, v);
          counts -= FourBits(v == v);
          add_counted<true>(sums, v);
        },
        [&](std::size_t i, double& one) {
          one += static_cast<double>(counted<T, true>(x[i]));
          rest += is_nan(x[i]) ? 0 : 1;
        });
    return {sum, static_cast<double>(added_up(counts)) + rest};
  }
}
// The sum of squared distances, or of those of what is a number.
template <class T, bool SkipNan>
double sum_of_squares(const T* x, std::size_t count, double from) {
  return sum_of_fours(
      count,
      [&](std::size_t i, Four& sums) {
        Four v;
        load_four(x + i, v);
        const Four apart = v - from;
        add_counted<SkipNan>(sums, apart * apart);
      },
      [&](std::size_t i, double& one) {
        const double apart = static_cast<double>(x[i]) - from;
        one += counted<double, SkipNan>(apart * apart);
      });
}

// Planes: the sum of what is a number, how many there are.
template <class T>
void fold_nan_total(const void* data, std::size_t count, const FoldTarget& to) {
  using A = std::conditional_t<is_complex_type<T>, std::complex<double>, double>;
  const T* x = static_cast<const T*>(data);
  A *sums = reinterpret_cast<A*>(to.at), *numbers = sums + to.plane;
  if (to.step == 0) {
    const auto [sum, here] = total_of_numbers<T, A>(x, count);
    *sums += sum;
    *numbers += here;
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) * to.step;
    sums[at] += static_cast<A>(counted<T, true>(x[i]));
    numbers[at] += is_nan(x[i]) ? 0.0 : 1.0;
  }
}

// Calls f(i) for each element, and asks for those that come, which pays where pages are small.
template <class T, class F>
void by_lines(const T* x, std::size_t count, F f) {
  constexpr std::size_t line = 64 / sizeof(T), ahead = 32 * line;
  std::size_t i = 0;
  for (; i + line <= count; i += line) {
    __builtin_prefetch(x + i + ahead);
    for (std::size_t k = 0; k < line; ++k) f(i + k);
  }
  for (; i < count; ++i) f(i);
}

// The sum of integers of 64 bits. A piece of which none is far from 0 is added up as it is; of
// others the halves, which do not overflow, counted from -2^63.
template <class T>
Integer whole_total(const T* x, std::size_t count) {
  constexpr std::uint64_t near = std::uint64_t{1} << 52, shift = std::is_signed_v<T> ? near << 11 : 0;
  constexpr std::size_t piece = 1024;
  Integer total = 0;
  for (; count > 0; x += std::min(count, piece), count -= std::min(count, piece)) {
    const std::size_t n = std::min(count, piece);
    std::uint64_t sum = 0, far = 0;
    by_lines(x, n, [&](std::size_t i) {
      sum += static_cast<std::uint64_t>(x[i]);
      far |= static_cast<std::uint64_t>(x[i]) + (std::is_signed_v<T> ? near : 0);
    });
    if (far < 2 * near) {
      total += static_cast<T>(sum);
      continue;
    }
    std::uint64_t low = 0, high = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t bits = static_cast<std::uint64_t>(x[i]) ^ shift;
      low += bits & UINT32_MAX;
      high += bits >> 32;
    }
    total += (static_cast<Integer>(high) << 32) + low - static_cast<Integer>(shift) * static_cast<Integer>(n);
  }
  return total;
}

// Adds elements to as many sums, unless one of those would go round.
template <class T>
bool add_each(const T* __restrict x, std::size_t count, T* __restrict sums) {
  std::uint64_t round = 0;  // its highest bit
  for (std::size_t i = 0; i < count; ++i) {
    const auto a = static_cast<std::uint64_t>(sums[i]), b = static_cast<std::uint64_t>(x[i]), s = a + b;
    if constexpr (std::is_signed_v<T>) round |= (a ^ s) & (b ^ s);
    else round |= (a & b) | ((a | b) & ~s);
    sums[i] = static_cast<T>(s);
  }
  if (!(round >> 63)) return true;
  for (std::size_t i = 0; i < count; ++i)
    sums[i] = static_cast<T>(static_cast<std::uint64_t>(sums[i]) - static_cast<std::uint64_t>(x[i]));
  return false;
}

// Planes: the members of the state.
template <class T, class State>
void fold_exact(const void* data, std::size_t count, const FoldTarget& to) {
  using A = Summed<T>;
  constexpr bool is_wide_sum = std::is_same_v<State, ExactSum<T>>;  // not of a type that has to be widened
  const T* x = static_cast<const T*>(data);
  if (to.step == 0) {
    State state = state_at<State>(to.at, to.plane);
    if constexpr (is_wide_sum) {
      const Integer sum = whole_total(x, count);
      const auto low = static_cast<T>(sum);
      state.merge({low, static_cast<std::int64_t>((sum - low) >> 64)});
    } else {
      for (std::size_t i = 0; i < count; ++i) state.add(static_cast<A>(x[i]));
    }
    put_state(to.at, to.plane, state);
    return;
  }
  if constexpr (is_wide_sum)
    if (to.step == 1 && add_each(x, count, reinterpret_cast<T*>(to.at))) return;
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* at = to.at + static_cast<std::int64_t>(i) * to.step * 8;
    State state = state_at<State>(at, to.plane);
    state.add(static_cast<A>(x[i]));
    put_state(at, to.plane, state);
  }
}

// How many are not 0: each element is counted in as many bits as it has, as long as these suffice.
template <class T>
std::int64_t count_of(const T* x, std::size_t count) {
  std::int64_t sum = 0;
  std::size_t i = 0;
  if constexpr (!is_complex_type<T>) {
    using Count = WordOf<T>;
    using Value = std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>;
    const auto* values = reinterpret_cast<const Value*>(x);
    constexpr std::size_t lanes = 128 / sizeof(T), most = sizeof(T) == 1 ? 255 : 4096;
    while (i + lanes <= count) {
      Count counts[lanes] = {};
      const std::size_t end = i + std::min(most, (count - i) / lanes) * lanes;
      for (; i < end; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k)
          counts[k] = static_cast<Count>(counts[k] + (values[i + k] != Value(0) ? 1 : 0));
      for (const Count one : counts) sum += static_cast<std::int64_t>(one);
    }
  }
  for (; i < count; ++i) sum += x[i] != T(0);
  return sum;
}
template <class T>
void fold_count(const void* data, std::size_t count, const FoldTarget& to) {
  const T* x = static_cast<const T*>(data);
  auto* r = reinterpret_cast<std::int64_t*>(to.at);
  if (to.step == 0) {
    *r += count_of(x, count);
  } else if (to.step == 1) {
    for (std::size_t i = 0; i < count; ++i) r[i] += x[i] != T(0);
  } else {
    for (std::size_t i = 0; i < count; ++i) r[static_cast<std::int64_t>(i) * to.step] += x[i] != T(0);
  }
}

/// Any fold that is `accumulator = f(accumulator, element)`.
template <class T, class A, class F>
void fold_each(const void* data, std::size_t count, const FoldTarget& to) {
  const T* x = static_cast<const T*>(data);
  A* r = reinterpret_cast<A*>(to.at);
  F f;
  if (to.group > 1) {
    fold_groups<T, A>(x, count, to, f);
  } else if (to.step == 0) {
    A a = *r;
    std::size_t i = 0;
    if constexpr (F::splits && !std::is_same_v<T, bool>) {
      typedef T Vector [[gnu::vector_size(32)]];
      constexpr std::size_t lanes = 32 / sizeof(T), vectors = 4;
      if (count >= 2 * lanes) {
        Vector best[vectors], v;
        std::memcpy(&best[0], x, sizeof v);
        for (std::size_t k = 1; k < vectors; ++k) best[k] = best[0];
        for (; i + vectors * lanes <= count; i += vectors * lanes)
          for (std::size_t k = 0; k < vectors; ++k) {
            std::memcpy(&v, x + i + k * lanes, sizeof v);
            F::take(best[k], v);
          }
        for (; i + lanes <= count; i += lanes) {
          std::memcpy(&v, x + i, sizeof v);
          F::take(best[0], v);
        }
        F::take(best[0], best[1]);
        F::take(best[2], best[3]);
        F::take(best[0], best[2]);
        T one[lanes];
        std::memcpy(one, &best[0], sizeof one);
        for (std::size_t n = lanes / 2; n > 0; n /= 2)
          for (std::size_t k = 0; k < n; ++k) F::take(one[k], one[k + n]);
        a = f(a, one[0]);
      }
    }
    for (; i < count; ++i) a = f(a, x[i]);
    *r = a;
  } else if (to.step == 1) {
    for (std::size_t i = 0; i < count; ++i) r[i] = f(r[i], x[i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      A& one = r[static_cast<std::int64_t>(i) * to.step];
      one = f(one, x[i]);
    }
  }
}
/// The smallest or the largest element; NaN if there is one, or only if there is nothing else.
template <class T, bool is_largest, bool skips_nan>
struct Extreme {
  static constexpr bool splits = true;
  template <class V>  // a number, or a vector of them
  static void take(V& a, const V& x) {
    const auto is_nan = skips_nan ? a != a : x != x;
    if constexpr (is_largest) a = (x > a) | is_nan ? x : a;
    else a = (x < a) | is_nan ? x : a;
  }
  T operator()(T a, T x) const {
    take(a, x);
    return a;
  }
};
template <class T, bool SkipNan>
struct Product {
  static constexpr bool splits = false;
  using A = SumType<T>;
  A operator()(A a, T x) const { return a * static_cast<A>(counted<T, SkipNan>(x, T(1))); }
};
template <class T>
struct Any {
  static constexpr bool splits = false;
  bool operator()(bool a, T x) const { return a | (x != T(0)); }
};
template <class T>
struct All {
  static constexpr bool splits = false;
  bool operator()(bool a, T x) const { return a & (x != T(0)); }
};

// Into one place: of real numbers eight products side by side, since each waits for the one before.
template <class T, bool SkipNan = false>
void fold_product(const void* data, std::size_t count, const FoldTarget& to) {
  if constexpr (std::is_floating_point_v<T>)
    if (to.step == 0 && to.group <= 1) {
      constexpr std::size_t lanes = 8;
      const T* x = static_cast<const T*>(data);
      double p[lanes];
      std::fill_n(p, lanes, 1.0);
      std::size_t i = 0;
      for (; i + lanes <= count; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k)
          p[k] *= static_cast<double>(counted<T, SkipNan>(x[i + k], T(1)));
      for (; i < count; ++i) p[0] *= static_cast<double>(counted<T, SkipNan>(x[i], T(1)));
      *reinterpret_cast<double*>(to.at) *= ((p[0] * p[1]) * (p[2] * p[3])) * ((p[4] * p[5]) * (p[6] * p[7]));
      return;
    }
  fold_each<T, SumType<T>, Product<T, SkipNan>>(data, count, to);
}
// Into one place until it is decided: the first that is not 0 (any), or is 0 (all), ends it.
template <class T, bool is_all>
void fold_truth(const void* data, std::size_t count, const FoldTarget& to) {
  if (to.step != 0 || to.group > 1)
    return fold_each<T, bool, std::conditional_t<is_all, All<T>, Any<T>>>(data, count, to);
  bool& truth = *reinterpret_cast<bool*>(to.at);
  if (truth != is_all) return;
  if constexpr (std::is_same_v<T, bool>) {
    if (std::memchr(data, is_all ? 0 : 1, count) != nullptr) truth = !is_all;
  } else {
    constexpr std::size_t piece = 1024;
    const T* x = static_cast<const T*>(data);
    for (std::size_t n; count > 0 && truth == is_all; x += n, count -= n) {
      n = std::min(count, piece);
      int found = 0;
      for (std::size_t i = 0; i < n; ++i) found |= (x[i] == T(0)) == is_all ? 1 : 0;
      if (found != 0) truth = !is_all;
    }
  }
}

double absolute_square(double x) { return x * x; }
double absolute_square(std::complex<double> x) { return std::norm(x); }

// Planes: count, mean, sum of squared distances. Along the rows a piece is merged at once, across them
// element by element (Chan, Golub, LeVeque).
template <class T, bool SkipNan>
void fold_moments(const void* data, std::size_t count, const FoldTarget& to) {
  using A = SumType<std::conditional_t<is_complex_type<T>, T, double>>;
  const T* x = static_cast<const T*>(data);
  A* n = reinterpret_cast<A*>(to.at);
  A* mean = n + to.plane;
  A* squares = mean + to.plane;
  if (to.step == 0) {
    double here = static_cast<double>(count);
    A sum{};
    if constexpr (SkipNan) {
      std::tie(sum, here) = total_of_numbers<T, A>(x, count);
    } else {
      sum = total<T, A>(x, count);
    }
    if (here == 0) return;
    const A own = sum / here;
    double own_squares = 0;
    if constexpr (!is_complex_type<T> && sizeof(T) > 1) {
      own_squares = sum_of_squares<T, SkipNan>(x, count, own);
    } else {
      double s[4] = {0, 0, 0, 0};
      std::size_t i = 0;
      const auto square_of = [own](T v) {
        const double square = absolute_square(static_cast<A>(v) - own);
        return SkipNan && is_nan(v) ? 0 : square;
      };
      for (; i + 4 <= count; i += 4)
        for (std::size_t k = 0; k < 4; ++k) s[k] += square_of(x[i + k]);
      for (; i < count; ++i) s[0] += square_of(x[i]);
      own_squares = (s[0] + s[1]) + (s[2] + s[3]);
    }
    const double before = std::real(*n), all = before + here;
    const A apart = own - *mean;
    *squares += own_squares + absolute_square(apart) * before * here / all;
    *mean += apart * here / all;
    *n = all;
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (SkipNan && is_nan(x[i])) continue;
    const std::int64_t at = static_cast<std::int64_t>(i) * to.step;
    n[at] += 1.0;
    const A apart = static_cast<A>(x[i]) - mean[at];
    mean[at] += apart / std::real(n[at]);
    if constexpr (is_complex_type<T>)
      squares[at] += std::real(apart * std::conj(static_cast<A>(x[i]) - mean[at]));
    else squares[at] += apart * (static_cast<A>(x[i]) - mean[at]);
  }
}

template <class T>
std::int64_t to_bits(T value) {
  std::int64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}
template <class T>
T from_bits(std::int64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// The best of some elements, NaN if there is one.
template <class T, bool Max>
T best_of(const T* x, std::size_t count) {
  T best = x[0];
  fold_each<T, T, Extreme<T, Max, false>>(x, count, {.at = reinterpret_cast<std::byte*>(&best)});
  return best;
}
// Where the first element is that is `sought` or, as that, NaN; there must be one.
template <class T>
std::size_t place_of(const T* x, std::size_t count, T sought) {
  if constexpr (sizeof(T) == 1) {
    const void* at = std::memchr(x, std::bit_cast<unsigned char>(sought), count);
    return static_cast<std::size_t>(static_cast<const T*>(at) - x);
  } else {
    using Truth = std::make_signed_t<WordOf<T>>;
    constexpr std::size_t piece = 64;
    const bool is_nan = sought != sought;
    const auto has_it = [&](std::size_t from) {
      Truth found = 0;
      for (std::size_t k = 0; k < piece; ++k)
        found |= static_cast<Truth>((x[from + k] == sought) | (is_nan & (x[from + k] != x[from + k])));
      return found != 0;
    };
    std::size_t at = 0;
    while (at + piece < count && !has_it(at)) at += piece;
    while (is_nan ? x[at] == x[at] : x[at] != sought) ++at;
    return at;
  }
}

// Planes: index (-1: none yet), bits of the value. The first of equal elements wins, whatever the order of
// the pieces; NaN wins over all, as in NumPy.
template <class T, bool Max>
void fold_arg(const void* data, std::size_t count, const FoldTarget& to) {
  const T* x = static_cast<const T*>(data);
  auto* index = reinterpret_cast<std::int64_t*>(to.at);
  auto* bits = index + to.plane;
  const auto better = [](T a, T b) { return Max ? a > b : a < b; };
  if (to.step == 0) {
    const T value = best_of<T, Max>(x, count), held = from_bits<T>(*bits);
    const bool nan = value != value, held_nan = held != held;
    // Where it is counts only if it is better than what is held, or as good and may be in front of it.
    const bool is_alike = value == held || (nan && held_nan);
    if (*index >= 0 && (held_nan ? !nan : better(held, value))) return;
    if (*index >= 0 && is_alike && to.index_step > 0 && to.index > *index) return;
    const auto place = static_cast<std::int64_t>(place_of(x, count, value));
    const std::int64_t mine = to.index + place * to.index_step;
    if (*index < 0 || (nan && !held_nan) || (!held_nan && better(value, held)) ||
        (is_alike && mine < *index)) {
      *index = mine;
      *bits = to_bits(value);
    }
    return;
  }
  if (to.step == 1) {
    using Word = WordOf<T>;
#pragma GCC ivdep
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t mine = to.index + static_cast<std::int64_t>(i) * to.index_step, old = index[i],
                         old_bits = bits[i];
      const T value = x[i], before = std::bit_cast<T>(static_cast<Word>(old_bits));
      const bool nan = value != value, held_nan = before != before;
      const bool is_taken = (old < 0) | (nan & !held_nan) | (!held_nan & better(value, before)) |
                            (((value == before) | (nan & held_nan)) & (mine < old));
      index[i] = is_taken ? mine : old;
      bits[i] = is_taken ? static_cast<std::int64_t>(std::bit_cast<Word>(value)) : old_bits;
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) * to.step;
    FoldTarget one = to;
    one.at = reinterpret_cast<std::byte*>(index + at);
    one.step = 0;
    one.index = to.index + static_cast<std::int64_t>(i) * to.index_step;
    fold_arg<T, Max>(x + i, 1, one);
  }
}

// Vectors of 512 bits pay where each element has an accumulator of its own.
template <class T, bool Max>
void fold_arg_widest(const void* data, std::size_t count, const FoldTarget& to) {
  const auto fold = to.step == 0 ? &Wide<&fold_arg<T, Max>>::run : &Widest<&fold_arg<T, Max>>::run;
  fold(data, count, to);
}
template <class T, bool Max>
FoldKernel arg_kernel() {
  return has_widest_vectors() ? &fold_arg_widest<T, Max> : suited<&fold_arg<T, Max>>();
}

template <class T>
FoldKernel real_fold(Fold fold) {
  switch (fold) {
    case Fold::minimum:
      return suited<&fold_each<T, T, Extreme<T, false, false>>>();
    case Fold::maximum:
      return suited<&fold_each<T, T, Extreme<T, true, false>>>();
    case Fold::nan_minimum:
      return suited<&fold_each<T, T, Extreme<T, false, std::is_floating_point_v<T>>>>();
    case Fold::nan_maximum:
      return suited<&fold_each<T, T, Extreme<T, true, std::is_floating_point_v<T>>>>();
    case Fold::arg_minimum:
      return arg_kernel<T, false>();
    case Fold::arg_maximum:
      return arg_kernel<T, true>();
    default:
      return nullptr;
  }
}

}  // namespace

void refuse_beyond(std::string_view function, DType type, const std::string& got) {
  throw Error(ErrorKind::invalid_argument, std::string(function) + ": the result must fit into " +
                                               std::string(to_string(type)) + " (got " + got +
                                               "); astype<double>() before it computes with real numbers");
}

void fold_products(DType type, const void* x, const void* y, std::size_t count, double* sum) {
  static const auto add = suited<&add_products<double>>(), add_single = suited<&add_products<float>>();
  (type == DType::float64 ? add : add_single)(x, y, count, sum);
}

FoldKernel fold_kernel(Fold fold, DType type) {
  const FoldKernel kernel = dispatch(type, [&]<class T>(std::type_identity<T>) -> FoldKernel {
    switch (fold) {
      case Fold::sum:
        return suited<&fold_sum<T>>();
      case Fold::product:
        return suited<&fold_product<T>>();
      case Fold::any:
        return suited<&fold_truth<T, false>>();
      case Fold::all:
        return suited<&fold_truth<T, true>>();
      case Fold::count:
        return suited<&fold_count<T>>();
      case Fold::exact_sum:
        if constexpr (std::is_integral_v<T>) return suited<&fold_exact<T, ExactSum<Summed<T>>>>();
        return nullptr;
      case Fold::exact_product:
        if constexpr (std::is_integral_v<T>) return &fold_exact<T, ExactProduct<Summed<T>>>;
        return nullptr;
      case Fold::moments:
        return suited<&fold_moments<T, false>>();
      case Fold::nan_moments:
        return suited<&fold_moments<T, true>>();
      case Fold::nan_sum:
        return suited<&fold_sum<T, true>>();
      case Fold::nan_product:
        return suited<&fold_product<T, true>>();
      case Fold::nan_total:
        return suited<&fold_nan_total<T>>();
      default:
        if constexpr (!is_complex_type<T>) return real_fold<T>(fold);
        return nullptr;
    }
  });
  if (!kernel)
    throw Error(ErrorKind::unsupported,
                "array: complex numbers have no order, so no smallest and no largest");
  return kernel;
}

DType fold_type(Fold fold, DType type) {
  switch (fold) {
    case Fold::sum:
    case Fold::product:
    case Fold::exact_sum:
    case Fold::exact_product:
    case Fold::nan_sum:
    case Fold::nan_product:
      return is_complex(type) ? DType::complex128 : is_real(type) ? DType::float64 : summed(type);
    case Fold::any:
    case Fold::all:
      return DType::boolean;
    case Fold::count:
    case Fold::arg_minimum:
    case Fold::arg_maximum:
      return DType::int64;
    case Fold::moments:
    case Fold::nan_moments:
    case Fold::nan_total:
      return is_complex(type) ? DType::complex128 : DType::float64;
    default:
      return type;
  }
}

void fold_start(Fold fold, const Tensor& to) {
  const auto count = static_cast<std::size_t>(to.size());
  dispatch(to.type, [&]<class T>(std::type_identity<T>) {
    T value{};
    if (fold == Fold::product || fold == Fold::nan_product || fold == Fold::all) value = T(1);
    if constexpr (!is_complex_type<T>) {
      using Limits = std::numeric_limits<T>;
      if (fold == Fold::minimum) value = Limits::has_infinity ? Limits::infinity() : Limits::max();
      if (fold == Fold::maximum) value = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
      if (fold == Fold::nan_minimum) value = Limits::has_quiet_NaN ? Limits::quiet_NaN() : Limits::max();
      if (fold == Fold::nan_maximum) value = Limits::has_quiet_NaN ? Limits::quiet_NaN() : Limits::lowest();
      if (fold == Fold::arg_minimum || fold == Fold::arg_maximum) value = static_cast<T>(-1);
    }
    std::fill_n(to.as<T>(), count, value);
    if (fold == Fold::exact_product) std::fill_n(to.as<T>(), count / 2, T(1));  // what is beside it stays 0
  });
}

namespace {

// The least and the greatest of integers in one go, many side by side.
template <class T>
void find_ends_of(const T* x, std::int64_t count, T* ends) {
  constexpr std::int64_t lanes = 256 / sizeof(T);
  T low[lanes], high[lanes];
  std::fill_n(low, lanes, ends[0]);
  std::fill_n(high, lanes, ends[1]);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t k = 0; k < lanes; ++k) {
      low[k] = x[i + k] < low[k] ? x[i + k] : low[k];
      high[k] = x[i + k] > high[k] ? x[i + k] : high[k];
    }
  for (std::int64_t k = 0; i < count; ++i, ++k) {
    low[k] = std::min(low[k], x[i]);
    high[k] = std::max(high[k], x[i]);
  }
  ends[0] = *std::min_element(low, low + lanes);
  ends[1] = *std::max_element(high, high + lanes);
}
// Before these there is no instruction for the lesser of 64 bits.
template <class T>
#ifdef __x86_64__
[[gnu::flatten, gnu::target("avx512f,avx512vl,avx512dq,avx512bw")]]
#endif
void find_ends_widest(const T* x, std::int64_t count, T* ends) {
  find_ends_of(x, count, ends);
}

}  // namespace

void find_ends(const Tensor& x, void* ends) {
  const bool is_done = dispatch(x.type, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const auto find = has_widest_vectors() ? &find_ends_widest<T> : suited<&find_ends_of<T>>();
      find(x.as<T>(), x.size(), static_cast<T*>(ends));
      return true;
    }
    return false;
  });
  if (is_done) return;
  constexpr std::size_t piece = 2048;  // stays in the cache from one fold to the other
  const std::size_t size = size_of(x.type), count = static_cast<std::size_t>(x.size());
  const FoldKernel least = fold_kernel(Fold::minimum, x.type), most = fold_kernel(Fold::maximum, x.type);
  const auto* from = static_cast<const std::byte*>(x.data);
  auto* to = static_cast<std::byte*>(ends);
  for (std::size_t begin = 0; begin < count; begin += piece) {
    least(from + begin * size, std::min(piece, count - begin), {.at = to});
    most(from + begin * size, std::min(piece, count - begin), {.at = to + size});
  }
}

}  // namespace weir::detail::array
