// Mathematical functions against those of long double, in units in the last place of a double.
#include <catch2/catch.hpp>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "array/approximate.hpp"
#include "support/in_cluster.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"

using namespace weir;
using namespace weir::test;
using detail::array::approximate_loops;
using detail::array::Code;
using detail::array::DType;
using detail::array::ElementKernel;
using detail::array::Loops;
using detail::array::Op;

namespace {

using Exact = long double;
constexpr double inf = INFINITY, nan = NAN;

struct Unary {
  const char* name;
  Op op;
  Exact (*exact)(Exact);
  double most;      // ulp, in docs/arrays.md
  double from, to;  // where that holds: beyond, the C library computes
};
const Unary unary[]{
    {"sin", Op::sin, sinl, 0.9, -0x1p20, 0x1p20},
    {"cos", Op::cos, cosl, 0.9, -0x1p20, 0x1p20},
    {"tan", Op::tan, tanl, 1.5, -0x1p20, 0x1p20},
    {"exp", Op::exp, expl, 0.9, -inf, inf},
    {"exp2", Op::exp2, exp2l, 0.9, -inf, inf},
    {"expm1", Op::expm1, expm1l, 1.2, -inf, 709},
    {"log", Op::log, logl, 0.9, DBL_MIN, DBL_MAX},
    {"log2", Op::log2, log2l, 0.9, DBL_MIN, DBL_MAX},
    {"log10", Op::log10, log10l, 0.9, DBL_MIN, DBL_MAX},
    {"log1p", Op::log1p, log1pl, 0.9, -1, 0x1p1000},
    {"sinh", Op::sinh, sinhl, 1.5, -707, 707},
    {"cosh", Op::cosh, coshl, 1.2, -707, 707},
    {"tanh", Op::tanh, tanhl, 1.5, -inf, inf},
    {"asinh", Op::asinh, asinhl, 1.5, -0x1p500, 0x1p500},
    {"acosh", Op::acosh, acoshl, 2, 1, 0x1p500},
    {"atanh", Op::atanh, atanhl, 2, -1, 1},
    {"atan", Op::atan, atanl, 0.9, -inf, inf},
    {"asin", Op::asin, asinl, 1.7, -1, 1},
    {"acos", Op::acos, acosl, 1.7, -1, 1},
    {"cbrt", Op::cbrt, cbrtl, 0.9, -DBL_MAX, DBL_MAX},
    {"erf", Op::erf, erfl, 1.2, -inf, inf},
    {"sqrt", Op::sqrt, sqrtl, 0.51, 0, inf},
};
struct Binary {
  const char* name;
  Op op;
  Exact (*exact)(Exact, Exact);
  double most;
};
Exact exact_logaddexp(Exact a, Exact b) {
  return a == b ? a + std::log(Exact{2}) : std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
}
Exact added(Exact a, Exact b) {
  const Exact apart = std::fabs(a - b);
  return std::fabs(std::fmax(a, b)) + (1 + apart) * std::log1p(std::exp(-apart));
}
const Binary binary[]{{"atan2", Op::atan2, atan2l, 1.7},
                      {"hypot", Op::hypot, hypotl, 1.3},
                      {"logaddexp", Op::logaddexp, exact_logaddexp, 2},
                      {"pow", Op::power, powl, 1}};

const std::vector<double>& special() {
  static const std::vector<double> all{0.,
                                       -0.,
                                       1.,
                                       -1.,
                                       0.5,
                                       -0.5,
                                       2.,
                                       -2.,
                                       8.,
                                       27.,
                                       inf,
                                       -inf,
                                       nan,
                                       5e-324,
                                       -5e-324,
                                       1e-310,
                                       -1e-310,
                                       DBL_MIN,
                                       -DBL_MIN,
                                       DBL_MAX,
                                       1e22,
                                       -1e22,
                                       -DBL_MAX,
                                       1024.,
                                       -1022.,
                                       -1074.,
                                       -1075.,
                                       0x1p20,
                                       1048577.,
                                       -0x1p20,
                                       709.,
                                       710.,
                                       707.,
                                       -1e-300,
                                       1e300,
                                       1e-20,
                                       709.782712893384,
                                       709.7827128933841,
                                       -745.1332191019411,
                                       -745.1332191019412,
                                       -708.3964185322641};
  return all;
}
// Around 0 and 1, near multiples of pi / 2 and of log(2) / 2, and over all exponents.
std::vector<double> numbers(std::size_t of_each, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  const auto between = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  const auto whole = [&](int a, int b) { return std::uniform_int_distribution<int>(a, b)(random); };
  std::vector<double> all = special();
  for (std::size_t i = 0; i < of_each; ++i) {
    for (const double most : {0.01, 0.5, 1., 1.5, 3., 10., 50., 720., 1e4, 1e6})
      all.push_back(between(-most, most));
    const double any = std::ldexp(between(0.5, 1), whole(-1080, 1024));
    for (const double x :
         {any, -any, 1 + std::ldexp(between(-1, 1), -whole(0, 52)),
          -1 + std::ldexp(between(-1, 1), -whole(0, 52)), std::ldexp(between(1, 2), -whole(0, 60)),
          static_cast<double>(1.57079632679489661923L * whole(-600000, 600000)),
          0.34657359027997264 * whole(-2200, 2200)})
      all.push_back(x);
  }
  return all;
}

std::vector<std::pair<const char*, Op>> all_functions() {
  std::vector<std::pair<const char*, Op>> all;
  for (const Unary& f : unary) all.emplace_back(f.name, f.op);
  for (const Binary& f : binary) all.emplace_back(f.name, f.op);
  return all;
}

}  // namespace

TEST_CASE("approximate functions err by no more than is documented") {
  const std::vector<double> x = numbers(15000);
  for (const Unary& f : unary) {
    const auto got = computed(approximate_loops(f.op, DType::float64).fastest(), x, x);
    double worst = 0, at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = ulps(got[i], f.exact(x[i]));
      const bool held = x[i] >= f.from && x[i] <= f.to && std::fabs(x[i]) >= DBL_MIN;
      // The C library's own errors, and zeros and infinities, which are exact everywhere.
      if (!held && error < 4) continue;
      if (error > worst) worst = error, at = x[i];
    }
    CAPTURE(f.name, at);
    CHECK(worst <= f.most);
  }
}

TEST_CASE("approximate functions of two numbers err by no more than is documented") {
  std::vector<double> x = numbers(15000), y = numbers(15000, 2);
  std::shuffle(y.begin(), y.end(), std::mt19937(3));
  for (const double a : special())
    for (const double b : special()) x.push_back(a), y.push_back(b);
  for (const Binary& f : binary) {
    const auto got = computed(approximate_loops(f.op, DType::float64).fastest(), x, y);
    double worst = 0, at_x = 0, at_y = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Exact right = f.exact(x[i], y[i]);
      // A sum is as exact as what is added, a power as its exponent, a difference.
      const bool is_sum = f.op == Op::logaddexp && std::isfinite(right);
      const double error =
          is_sum ? static_cast<double>(std::fabs(got[i] - right) / (added(x[i], y[i]) * DBL_EPSILON + 5e-324))
                 : ulps(got[i], right);
      if (!(error <= worst)) worst = error, at_x = x[i], at_y = y[i];
    }
    CAPTURE(f.name, at_x, at_y);
    CHECK(worst <= f.most);
  }
}

TEST_CASE("approximate functions have the same bits with vectors of any width and in any place") {
  const std::vector<double> x = numbers(150), y(x.rbegin(), x.rend());
  for (const auto& [name, op] : all_functions()) {
    CAPTURE(name);
    check_same_everywhere(approximate_loops(op, DType::float64), x, y);
  }
}

namespace {

// How far away, in units of the last place of a float32.
double single_ulps(float got, Exact right) {
  const auto near = static_cast<float>(right);
  if (std::isnan(right)) return std::isnan(got) ? 0 : inf;
  if (std::isinf(near) || near == 0) return got == near && std::signbit(got) == std::signbit(near) ? 0 : inf;
  return static_cast<double>(std::fabs(got - right) /
                             std::ldexp(Exact{1}, std::max(std::ilogb(near), -126) - 23));
}
bool same_singles(const std::vector<float>& a, const std::vector<float>& b) {
  return std::ranges::equal(a, b, [](float one, float other) {
    return std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(other) ||
           (std::isnan(one) && std::isnan(other));
  });
}

}  // namespace

TEST_CASE("approximate functions of float32 err by no more than 0.51 units, at any width and in any place") {
  constexpr double most = 0.51;
  std::vector<float> x, y;
  for (const double v : numbers(5000)) x.push_back(static_cast<float>(v));
  for (const float v :
       {FLT_MIN, FLT_MAX, FLT_TRUE_MIN, -FLT_MAX, 88.72284F, -103.9F, 0.99999994F, 1.0000001F})
    x.push_back(v);
  y.assign(x.rbegin(), x.rend());
  for (const double a : special())
    for (const double b : special()) x.push_back(static_cast<float>(a)), y.push_back(static_cast<float>(b));
  for (const Unary& f : unary) {
    const Loops loops = approximate_loops(f.op, DType::float32);
    const auto got = computed(loops.any, x, y);
    double worst = 0, at = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (const double error = single_ulps(got[i], f.exact(x[i])); error > worst) worst = error, at = x[i];
    CAPTURE(f.name, at);
    CHECK(worst <= most);
    check_same_everywhere(loops, x, y, same_singles);
  }
  for (const Binary& f : binary) {
    if (f.op == Op::power) continue;
    const Loops loops = approximate_loops(f.op, DType::float32);
    const auto got = computed(loops.any, x, y);
    double worst = 0, at_x = 0, at_y = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Exact right = f.exact(x[i], y[i]);
      const bool is_sum = f.op == Op::logaddexp && std::isfinite(right);
      const double error = is_sum ? static_cast<double>(std::fabs(got[i] - static_cast<float>(right)) /
                                                        (added(x[i], y[i]) * FLT_EPSILON + FLT_TRUE_MIN))
                                  : single_ulps(got[i], right);
      if (!(error <= (is_sum ? 1 : worst))) worst = error, at_x = x[i], at_y = y[i];
    }
    CAPTURE(f.name, at_x, at_y);
    CHECK(worst <= most);
    check_same_everywhere(loops, x, y, same_singles);
  }
}

TEST_CASE("pow of float32 errs by no more than 0.501 units, at any width and in any place") {
  std::mt19937 random(5);
  std::vector<float> x, y;
  const auto add = [&](float a, float b) { x.push_back(a), y.push_back(b); };
  const auto between = [&](float a, float b) { return std::uniform_real_distribution<float>(a, b)(random); };
  for (int i = 0; i < 100000; ++i) {
    const float any = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    const float beside = 1 + std::ldexp(between(-1, 1), -(i % 24)), few = between(-4, 4);
    add(any, few), add(between(0, 4), between(-40, 40)), add(beside, std::ldexp(few, i % 30));
    add(std::round(16 * few), static_cast<float>(i % 12 - 3)), add(std::fabs(any), 0.5F * float(i % 7 - 3));
    add(any, std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    add(std::fabs(any), -126 / std::log2(std::fabs(any)) * between(0.95F, 1.25F));  // to subnormal numbers
  }
  std::vector<float> odd;
  for (const double v : special()) odd.push_back(static_cast<float>(v));
  for (const float v : {FLT_MIN, FLT_MAX, FLT_TRUE_MIN, -FLT_MAX, 16777215.F, 16777216.F, 3.F, -3.F, 0x1p51F,
                        0x1p103F, -0x1p60F, 0.99999994F, 1.00000012F})
    odd.push_back(v);
  for (const float a : odd)
    for (const float b : odd) add(a, b);
  const Loops loops = approximate_loops(Op::power, DType::float32);
  const auto got = computed(loops.any, x, y);
  double worst = 0, at_x = 0, at_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = single_ulps(got[i], y[i] == 0 ? 1 : powl(x[i], y[i]));
    if (!(error <= worst)) worst = error, at_x = x[i], at_y = y[i];
  }
  CAPTURE(at_x, at_y);
  CHECK(worst <= 0.501);
  check_same_everywhere(loops, x, y, [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  });
}

TEST_CASE("pow is exact where a power is a number of float64, and has its signs, zeros and infinities") {
  std::vector<double> x, y, right;
  const auto add = [&](double a, double b, double power) {
    x.push_back(a), y.push_back(b), right.push_back(power);
  };
  // As long as all digits of a power, or of the numerator of one of 3 / 2, are held.
  for (const double base : {2., 3., 5., 7., 10., 1.5, 0.25, -2., -3., -10.}) {
    double power = 1;
    for (int n = 0; std::fabs(power) < 0x1p53 && n <= (base == 1.5 ? 33 : 60); ++n, power *= base) {
      add(base, n, power);
      if (base == 2 || base == 0.25) add(base, -n, 1 / power);
      if (base > 1.5 && power * power < 0x1p53) add(power * power, 0.5, power);
      if (base > 1.5 && power * power * power < 0x1p53) add(power * power, 1.5, power * power * power);
    }
  }
  add(4, -0.5, 0.5), add(2, 1023, 0x1p1023), add(2, 1024, inf), add(2, -1074, 5e-324), add(2, -1076, 0);
  add(-2, 1023, -0x1p1023), add(-2, 1025, -inf), add(-1, 1e15, 1), add(-1, 1e15 + 1, -1), add(-1, 1e300, 1);
  add(0., 3, 0), add(-0., 3, -0.), add(-0., 2, 0), add(0., -1, inf), add(-0., -1, -inf), add(-0., -2, inf);
  add(-0., 1.7, 0), add(0., 0, 1), add(NAN, 0, 1), add(NAN, 1, NAN), add(1, NAN, 1), add(-8, 1.0 / 3, NAN);
  add(inf, 2, inf), add(inf, -2, 0), add(-inf, 3, -inf), add(-inf, 2, inf), add(0.5, inf, 0),
      add(2, inf, inf);
  add(-1, inf, 1), add(5e-324, 1, 5e-324), add(5e-324, -1, inf), add(1e-310, 1, 1e-310);
  const Loops loops = approximate_loops(Op::power, DType::float64);
  for (const ElementKernel loop : {loops.any, loops.wide, loops.widest})
    if (loop) {
      const auto got = computed(loop, x, y);
      for (std::size_t i = 0; i < x.size(); ++i) {
        CAPTURE(x[i], y[i], got[i], right[i]);
        CHECK(same_bits(got[i], right[i]));
      }
    }
}

TEST_CASE("elementwise functions are exact where the result is a number of its own") {
  weir::test::in_cluster([] {
    const auto of = [](auto f, double x) -> double { return f(full<double>({3}, x)).compute()(1); };
    CHECK(of([](const auto& x) { return exp(x); }, 0) == 1);
    CHECK(of([](const auto& x) { return exp2(x); }, 10) == 1024);
    CHECK(of([](const auto& x) { return exp2(x); }, -1074) == 5e-324);
    CHECK(of([](const auto& x) { return log2(x); }, 0.125) == -3);
    CHECK(of([](const auto& x) { return log10(x); }, 1000) == 3);
    CHECK(of([](const auto& x) { return log10(x); }, 1e22) == 22);
    CHECK(of([](const auto& x) { return cbrt(x); }, -27) == -3);
    CHECK(of([](const auto& x) { return acos(x); }, 1) == 0);
    CHECK(of([](const auto& x) { return atan(x); }, inf) == 1.57079632679489661923);
    CHECK(of([](const auto& x) { return atan2(x, -1.0); }, 0) == 3.14159265358979323846);
    CHECK(of([](const auto& x) { return hypot(x, 4.0); }, 3) == 5);
    CHECK(of([](const auto& x) { return log(x); }, 0) == -inf);
    CHECK(std::isnan(of([](const auto& x) { return log(x); }, -1)));
  });
}
