// Every function against NumPy: golden/numpy.h5, made by tests/support/make_golden.py, over chunkings.
#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "support/in_cluster.hpp"
#include "weir/array.hpp"

using namespace weir;
using weir::test::in_cluster;

namespace {

using Complex = std::complex<double>;

// The inputs, in chunks chosen by number: whole, of 1 element, uneven, with empty ones.
class Inputs {
 public:
  explicit Inputs(int chunking) : chunking_(chunking) {}
  [[nodiscard]] Array<double> x() const { return read<double>("x"); }
  [[nodiscard]] Array<double> n() const { return read<double>("n"); }
  [[nodiscard]] Array<std::int64_t> i() const { return read<std::int64_t>("i"); }
  [[nodiscard]] Array<double> m() const { return read<double>("m"); }
  [[nodiscard]] Array<double> w() const { return read<double>("w"); }
  [[nodiscard]] Array<Complex> z() const { return read<Complex>("z"); }
  [[nodiscard]] Array<double> s() const { return read<double>("s"); }
  [[nodiscard]] Array<double> e() const { return read<double>("e"); }
  /// Tall and skinny: cut along its rows only.
  [[nodiscard]] Array<double> tall() const { return m().rechunk({chunking_ == 1 ? 5 : 7, -1}); }
  [[nodiscard]] Array<double> square() const {
    return chunking_ == 1 ? s().rechunk({2, 2}) : s().rechunk({-1, -1});
  }

 private:
  template <class T>
  [[nodiscard]] Array<T> read(const std::string& name) const {
    const auto whole = open_hdf5<T>(GOLDEN_FILE, "inputs/" + name,
                                    {.chunks = std::vector<AxisChunks>(
                                         name == "x" || name == "n" || name == "i" ? 3 : 2, AxisChunks(-1))});
    Chunks chunks;
    for (const std::int64_t extent : whole.shape()) {
      if (chunking_ == 0 || extent < 3) chunks.push_back({extent});
      if (chunking_ == 1 && extent >= 3)
        chunks.push_back(std::vector<std::int64_t>(static_cast<std::size_t>(extent), 1));
      if (chunking_ == 2 && extent >= 3) chunks.push_back({extent - 2, 2});
      if (chunking_ == 3 && extent >= 3) chunks.push_back({0, 1, extent - 2, 0, 1});
    }
    return whole.rechunk(chunks);
  }
  int chunking_;
};

template <class T>
void compare(const Array<T>& got, const std::string& name) {
  using R = std::conditional_t<std::is_same_v<T, bool>, bool,
                               std::conditional_t<std::is_integral_v<T>, std::int64_t, T>>;
  const xt::xarray<T> values = got.compute();
  const xt::xarray<R> expected = open_hdf5<R>(GOLDEN_FILE, "expected/" + name).compute();
  REQUIRE(std::vector<std::size_t>(values.shape().begin(), values.shape().end()) ==
          std::vector<std::size_t>(expected.shape().begin(), expected.shape().end()));
  for (std::size_t k = 0; k < values.size(); ++k) {
    const T a = values.data()[k];
    const R b = expected.data()[k];
    if (b != b) {
      REQUIRE(a != a);
    } else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, Complex>) {
      REQUIRE(std::abs(a - b) <= 1e-11 * (1 + std::abs(b)));
    } else {
      REQUIRE(a == b);
    }
  }
}

const std::map<std::string, std::function<void(const Inputs&, const std::string&)>>& cases() {
#define CASE(name, expression)                                                           \
  {                                                                                      \
    name, [](const Inputs& in, const std::string& which) { compare(expression, which); } \
  }
  static const std::map<std::string, std::function<void(const Inputs&, const std::string&)>> all_cases{
      CASE("arithmetic", (in.x() + 2) * in.x() / (in.x() * in.x() + 1) - 3.0 % (abs(in.x()) + 1)),
      CASE("broadcast", in.x() + in.m()(range(5), range(4)) * in.x()(0, all, range(1))),
      CASE("integers", floor_divide(in.i(), 3) + in.i() % 4),
      CASE("power", pow(abs(in.x()), 1.5)),
      CASE("where", where(in.x() > 0, in.x(), in.x() * -2)),
      CASE("clip", clip(in.x(), -0.5, 0.7)),
      CASE("exp", exp(in.x())),
      CASE("log1p", log1p(abs(in.x()))),
      CASE("tanh", tanh(in.x())),
      CASE("rint", rint(in.x() * 3)),
      CASE("hypot", hypot(in.x(), in.i())),
      CASE("bits", (in.i() & 6) | (in.i() ^ 3)),
      CASE("abs_complex", abs(in.z() * conj(in.z()) + Complex(0, 1))),
      CASE("sum", in.x().sum({.axis = 1})),
      CASE("sum_int", in.i().sum({.axis = {0, 2}})),
      CASE("prod", in.x().prod({.axis = 2})),
      CASE("mean", in.x().mean({.axis = {0, 1}, .keepdims = true})),
      CASE("var", in.x().var({.axis = 0, .ddof = 1})),
      CASE("std", in.x().std({.axis = {1, 2}})),
      CASE("min", in.x().min({.axis = -1})),
      CASE("max", in.x().max({.axis = {0, 2}})),
      CASE("argmin", in.x().argmin({.axis = 1})),
      CASE("argmax", in.x().argmax({.axis = 0})),
      CASE("any", (in.x() > 1).any({.axis = 0})),
      CASE("all", (in.x() > -1).all({.axis = 2})),
      CASE("count_nonzero", in.i().count_nonzero({.axis = 1})),
      CASE("nansum", in.n().nansum({.axis = 0})),
      CASE("nanmean", in.n().nanmean({.axis = {1, 2}})),
      CASE("nanstd", in.n().nanstd({.axis = 1})(range(1, nothing), all)),
      CASE("nanmax", in.n().nanmax({.axis = 2})(range(1, nothing), all)),
      CASE("empty_sum", in.e().sum({.axis = 0})),
      CASE("cumsum", cumsum(in.x(), 1)),
      CASE("cumprod", cumprod(in.i().astype<double>() / 5, 0)),
      CASE("topk", topk(in.x(), 3, 1)),
      CASE("histogram", histogram(in.x(), {-2, -1, -0.25, 0.5, 1, 3})),
      CASE("percentile", moveaxis(percentile(in.x(), {10, 50, 93}, 1), 0, 1)),
      CASE("median", median(in.x(), 0)),
      CASE("slice", in.x()(range(4, 0, -2), range(1, nothing), range(nothing, nothing, -1))),
      CASE("newaxis", in.x()(newaxis, 2, ellipsis, newaxis)),
      CASE("list", in.x()(std::vector<std::int64_t>{3, 0, 3, -1})(all, std::vector<std::int64_t>{1, 4})),
      CASE("mask", in.x()(in.x() > 0.5)),
      CASE("mask_axis", in.x()(in.x()(all, 0, 0) > 0)),
      CASE("set_slice", in.x().assign(7.0, range(1, 5, 2), range(2, nothing))),
      CASE("set_mask", in.x().assign(0.0, in.x() < 0)),
      CASE("reshape", reshape(in.x(), {8, -1, 3})),
      CASE("transpose", transpose(in.x(), {2, 0, 1})),
      CASE("flip", flip(in.x(), {0, 2})),
      CASE("roll", roll(in.x(), -2, 1)),
      CASE("concatenate", concatenate<double>({in.x(), in.x()(range(2))}, 0)),
      CASE("stack", stack<double>({in.x(), -in.x()}, 1)),
      CASE("pad", pad(in.x(), {{1, 2}, {0, 1}, {2, 0}}, PadMode::constant, 9.0)),
      CASE("pad_edge", pad(in.x(), {{1, 2}, {3, 1}, {0, 0}}, PadMode::edge)),
      CASE("pad_reflect", pad(in.x(), {{1, 2}, {3, 1}, {0, 0}}, PadMode::reflect)),
      CASE("pad_symmetric", pad(in.x(), {{1, 2}, {3, 1}, {0, 0}}, PadMode::symmetric)),
      CASE("pad_wrap", pad(in.x(), {{1, 2}, {3, 1}, {0, 0}}, PadMode::wrap)),
      CASE("tile", tile(in.x(), {1, 2, 2})),
      CASE("repeat", repeat(in.x(), 3, 1)),
      CASE("matmul", matmul(in.m(), in.w())),
      CASE("tensordot", tensordot(in.x(), in.x(), {1, 2}, {1, 2})),
      CASE("einsum", einsum("ijk,jl->ikl", in.x(), in.w())),
      CASE("qr_r", abs(qr(in.tall()).r)),
      CASE("svd_u", svd(in.tall()).u),
      CASE("svd_s", svd(in.tall()).s),
      CASE("svd_v", svd(in.tall()).v),
      CASE("lstsq", lstsq(in.tall(), square(in.tall()(all, range(2))))),
      CASE("cholesky", cholesky(in.square())),
      CASE("solve", solve(in.square(), in.w())),
      CASE("inv", inv(in.square())),
      CASE("norm", norm(in.m(), {.axis = 1})),
      CASE("fft", fft(in.x(), 1)),
      CASE("ifft", ifft(in.z(), 0)),
      CASE("rfft", rfft(in.x(), 0)),
  };
#undef CASE
  return all_cases;
}

void run_with(int chunking) {
  in_cluster([&] {
    for (const auto& [name, run] : cases()) {
      INFO(name << " in chunking " << chunking);
      CHECK_NOTHROW(run(Inputs(chunking), name));
    }
  });
}

}  // namespace

TEST_CASE("functions give what NumPy gives, in one chunk") { run_with(0); }

TEST_CASE("functions give what NumPy gives, in chunks of 1 element") { run_with(1); }

TEST_CASE("functions give what NumPy gives, in uneven chunks") { run_with(2); }

TEST_CASE("functions give what NumPy gives, with empty chunks") { run_with(3); }
