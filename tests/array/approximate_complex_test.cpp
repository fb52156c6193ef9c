// Functions of complex numbers against those of long double, each part in units in its last place.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "array/approximate.hpp"

using namespace weir::test;
using weir::detail::array::complex_loops;
using weir::detail::array::DType;
using weir::detail::array::ElementKernel;
using weir::detail::array::Loops;
using weir::detail::array::Op;

namespace {

using Exact = std::complex<long double>;
using Complex = std::complex<double>;
constexpr double inf = INFINITY, nan = NAN;

struct Unary {
  const char* name;
  Op op;
  Exact (*exact)(const Exact&);
  Complex (*library)(const Complex&);
  double most;   // ulp, in docs/arrays.md
  double reach;  // of the parts of the numbers for which long double is itself right
};
const Unary unary[]{
    {"exp", Op::exp, std::exp, std::exp, 2.5, 700},   {"sin", Op::sin, std::sin, std::sin, 3, 300},
    {"cos", Op::cos, std::cos, std::cos, 3, 300},     {"sinh", Op::sinh, std::sinh, std::sinh, 3, 300},
    {"cosh", Op::cosh, std::cosh, std::cosh, 3, 300}, {"tan", Op::tan, std::tan, std::tan, 5, 300},
    {"tanh", Op::tanh, std::tanh, std::tanh, 5, 300}, {"sqrt", Op::sqrt, std::sqrt, std::sqrt, 3, 1e300},
    {"log", Op::log, std::log, std::log, 2, 1e300},   {"log10", Op::log10, std::log10, std::log10, 3, 1e300},
};

const double special[]{0.,     -0.,   1.,       -1., 0.5,  -2., 1e-310, -5e-324, 1e-200,
                       -1e160, 1e300, -DBL_MAX, 708, -750, 2e6, inf,    -inf,    nan};
// Parts of many sizes, numbers near the circle of 1 and near its points on the axes, and special ones.
std::vector<Complex> numbers(std::size_t of_each, unsigned seed) {
  std::mt19937_64 random(seed);
  const auto between = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  const auto whole = [&](int a, int b) { return std::uniform_int_distribution<int>(a, b)(random); };
  std::vector<Complex> all;
  for (const double a : special)
    for (const double b : special) all.emplace_back(a, b);
  for (std::size_t i = 0; i < of_each; ++i) {
    for (const double most : {0.01, 1., 3., 20., 300.})
      all.emplace_back(between(-most, most), between(-most, most));
    all.emplace_back(std::ldexp(between(-1, 1), whole(-60, 8)), std::ldexp(between(-1, 1), whole(-60, 8)));
    all.emplace_back(std::ldexp(between(-1, 1), whole(-400, 400)),
                     std::ldexp(between(-1, 1), whole(-400, 400)));
    all.push_back(std::polar(1.0, between(-3.2, 3.2)));
    all.push_back(std::polar(1 + std::ldexp(between(-1, 1), -whole(0, 50)), between(-3.2, 3.2)));
    all.emplace_back(1, std::ldexp(between(-1, 1), -whole(0, 60)));
    all.emplace_back(1.57079632679489661923 * whole(-9, 9), std::ldexp(between(-1, 1), -whole(0, 60)));
    all.emplace_back(std::ldexp(between(-1, 1), -whole(0, 60)), 1.57079632679489661923 * whole(-9, 9));
  }
  return all;
}
bool is_within(const Complex& z, double reach) {
  return std::fabs(z.real()) <= reach && std::fabs(z.imag()) <= reach;
}

}  // namespace

TEST_CASE("functions of complex numbers err in neither part by more than is documented") {
  const std::vector<Complex> x = numbers(4000, 1);
  for (const Unary& f : unary) {
    const auto got = computed(complex_loops(f.op, DType::float64).fastest(), x, x);
    double worst = 0;
    Complex at;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!is_within(x[i], f.reach)) continue;
      const Exact right = f.exact(Exact(x[i].real(), x[i].imag()));
      double of_real = ulps(got[i].real(), right.real());
      // Beside the circle of 1 nothing is left of the sum of two squares but its last digits.
      if (f.name[0] == 'l' && std::fabs(got[i].real() - right.real()) < 0x1p-102L) of_real = 0;
      const double error = std::max(of_real, ulps(got[i].imag(), right.imag()));
      if (!(error <= worst)) worst = error, at = x[i];
    }
    CAPTURE(f.name, at, worst);
    CHECK(worst <= f.most);
  }
}

TEST_CASE("functions of complex numbers are the C library's where a part is no number, and have its signs") {
  for (const Unary& f : unary) {
    const ElementKernel loop = complex_loops(f.op, DType::float64).fastest();
    for (const double a : special)
      for (const double b : special) {
        const std::vector<Complex> x{{a, b}};
        const Complex got = computed(loop, x, x)[0], right = f.library(x[0]);
        CAPTURE(f.name, a, b, got, right);
        for (const auto& [g, r] :
             {std::pair(got.real(), right.real()), std::pair(got.imag(), right.imag())}) {
          CHECK(std::isnan(g) == std::isnan(r));
          CHECK(std::isinf(g) == std::isinf(r));
          CHECK((std::isnan(g) || std::signbit(g) == std::signbit(r)));
          CHECK((std::fabs(g) < DBL_MIN) == (std::fabs(r) < DBL_MIN));
        }
      }
  }
}

TEST_CASE("powers of complex numbers are as exact as their exponents, quotients as both parts together") {
  std::vector<Complex> x = numbers(4000, 2), y = numbers(4000, 3);
  std::shuffle(y.begin(), y.end(), std::mt19937(4));
  const auto powers = computed(complex_loops(Op::power, DType::float64).fastest(), x, y);
  const auto quotients = computed(complex_loops(Op::divide, DType::float64).fastest(), x, y);
  double worst_power = 0, worst_quotient = 0;
  std::size_t compared = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Exact z(x[i].real(), x[i].imag()), w(y[i].real(), y[i].imag());
    if (!is_within(x[i], 1e100) || !is_within(y[i], 1e100) || std::abs(z) < 1e-100L || std::abs(w) < 1e-100L)
      continue;
    ++compared;
    const auto error = [](const Complex& got, const Exact& right) {
      return static_cast<double>(std::abs(Exact(got.real(), got.imag()) - right) / std::abs(right)) /
             DBL_EPSILON;
    };
    CAPTURE(x[i], y[i]);
    if (const double e = error(quotients[i], z / w); !(e <= worst_quotient)) worst_quotient = e;
    const Exact exponent = w * std::log(z);
    if (std::fabs(exponent.real()) > 600 || std::fabs(exponent.imag()) > 1e4) continue;
    const auto size = static_cast<double>(std::abs(w) * std::abs(std::log(z)));
    if (const double e = error(powers[i], std::exp(exponent)) / (1 + size); !(e <= worst_power))
      worst_power = e;
  }
  CHECK(compared > 20000);
  CHECK(worst_power <= 2);
  CHECK(worst_quotient <= 3);
}

TEST_CASE("quotients of complex numbers by real and by imaginary ones are those of their parts") {
  std::mt19937_64 random(5);
  std::vector<Complex> x, real, imaginary;
  for (int i = 0; i < 1000; ++i) {
    const auto next = [&] { return std::uniform_real_distribution<double>(-9, 9)(random); };
    x.emplace_back(next(), next()), real.emplace_back(next(), 0), imaginary.emplace_back(0, next());
  }
  const ElementKernel loop = complex_loops(Op::divide, DType::float64).fastest();
  const auto by_real = computed(loop, x, real), by_imaginary = computed(loop, x, imaginary);
  for (std::size_t i = 0; i < x.size(); ++i) {
    REQUIRE(by_real[i] == Complex(x[i].real() / real[i].real(), x[i].imag() / real[i].real()));
    const double d = imaginary[i].imag();
    REQUIRE(by_imaginary[i] == Complex(x[i].imag() / d, -x[i].real() / d));
  }
  const std::vector<Complex> one(x.size(), 1);
  CHECK(same_bits(computed(complex_loops(Op::reciprocal, DType::float64).fastest(), x, x),
                  computed(loop, one, x)));
}

TEST_CASE("functions of complex numbers have the same bits with vectors of any width and in any place") {
  const std::vector<Complex> x = numbers(100, 6), y(x.rbegin(), x.rend());
  std::vector<std::complex<float>> small_x(x.begin(), x.end()), small_y(y.begin(), y.end());
  const std::vector<Complex> wide_x(small_x.begin(), small_x.end()), wide_y(small_y.begin(), small_y.end());
  std::vector<std::pair<const char*, Op>> all{
      {"pow", Op::power}, {"divide", Op::divide}, {"reciprocal", Op::reciprocal}};
  for (const Unary& f : unary) all.emplace_back(f.name, f.op);
  for (const auto& [name, op] : all) {
    CAPTURE(name);
    const Loops loops = complex_loops(op, DType::float64);
    check_same_everywhere(loops, x, y);
    const auto small = computed(complex_loops(op, DType::float32).fastest(), small_x, small_y);
    const auto right = computed(loops.fastest(), wide_x, wide_y);
    std::vector<Complex> rounded, widened;
    for (std::size_t i = 0; i < right.size(); ++i)
      rounded.emplace_back(std::complex<float>(right[i])), widened.emplace_back(small[i]);
    CHECK(same_bits(rounded, widened));
  }
}
