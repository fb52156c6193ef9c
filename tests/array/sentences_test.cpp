// Every function with every kind of wrong input: what cannot be is told in the name of the function that was
// called, and nothing ends in another way.
#include <catch2/catch.hpp>

#include <functional>
#include <map>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array.hpp"
#include "weir/options.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::sentence_of;

namespace {

using X = Array<double>;
// A function, called with an array, and with a number that is an axis, a count, an index or a length.
struct Call {
  const char* name;
  std::function<void(const X&, std::int64_t)> make;
};
template <class T>
void run(const Array<T>& x) {
  (void)x.compute();
}
template <class T>
void run(const std::vector<Array<T>>& all) {
  for (const auto& x : all) run(x);
}

#define CALL(name, ...)                                                          \
  Call {                                                                         \
    name, [](const X& x, std::int64_t n) { (void)x, (void)n, run(__VA_ARGS__); } \
  }
#define MEMBER(name) CALL(#name, x.name({.axis = n}))
#define AXIS(name) CALL(#name, name(x, n))
#define PLAIN(name) CALL(#name, name(x))

const X& plane() {
  static thread_local X x;
  return x = ones({2, 3});
}

// Those that a number is given to.
std::vector<Call> numbered() {
  return {
      MEMBER(sum),
      MEMBER(prod),
      MEMBER(mean),
      MEMBER(var),
      MEMBER(std),
      MEMBER(min),
      MEMBER(max),
      MEMBER(argmin),
      MEMBER(argmax),
      MEMBER(any),
      MEMBER(all),
      MEMBER(count_nonzero),
      MEMBER(nansum),
      MEMBER(nanprod),
      MEMBER(nanmean),
      MEMBER(nanvar),
      MEMBER(nanstd),
      MEMBER(nanmin),
      MEMBER(nanmax),
      AXIS(flip),
      AXIS(squeeze),
      AXIS(expand_dims),
      AXIS(sort),
      AXIS(argsort),
      AXIS(cumsum),
      AXIS(cumprod),
      AXIS(median),
      AXIS(nanmedian),
      AXIS(fftshift),
      AXIS(ifftshift),
      AXIS(split),
      AXIS(diag),
      AXIS(tril),
      CALL("reshape", reshape(x, {n, 2})),
      CALL("transpose", transpose(x, {0, n})),
      CALL("roll", roll(x, 1, n)),
      CALL("broadcast_to", broadcast_to(x, {n, 3})),
      CALL("concatenate", concatenate(std::vector{x, plane()}, n)),
      CALL("stack", stack(std::vector{x, plane()}, n)),
      CALL("pad", pad(x, {{n, 1}, {0, 2}}, PadMode::wrap)),
      CALL("tile", tile(x, {n, 2})),
      CALL("repeat", repeat(x, n, 0)),
      CALL("repeat", repeat(x, 2, n)),
      CALL("moveaxis", moveaxis(x, n, 0)),
      CALL("swapaxes", swapaxes(x, 0, n)),
      CALL("split", split(x, {1}, n)),
      CALL("diagonal", diagonal(x, 0, n)),
      CALL("trace", trace(x, 0, 0, n)),
      CALL("argtopk", argtopk(x, n)),
      CALL("topk", topk(x, n)),
      CALL("argtopk", argtopk(x, 1, n)),
      CALL("topk", topk(x, 1, n)),
      CALL("percentile", percentile(x, {50}, n)),
      CALL("percentile", percentile(x, {static_cast<double>(n) * 50})),
      CALL("nanpercentile", nanpercentile(x, {50}, n)),
      CALL("quantile", quantile(x, {0.5}, n)),
      CALL("nanquantile", nanquantile(x, {static_cast<double>(n)})),
      CALL("histogram", histogram(x, {static_cast<double>(n), 0})),
      CALL("histogram", histogram(x, Bins{.count = n}).counts),
      CALL("bincount", bincount(x.astype<int>({OutOfRange::clip}), n)),
      CALL("ptp", ptp(x, {.axis = n})),
      CALL("average", average(x, ones({3}), {.axis = n})),
      CALL("average", average(x, x * 0, {.axis = n})),
      CALL("diff", diff(x, static_cast<int>(n))),
      CALL("diff", diff(x, 1, n)),
      CALL("gradient", gradient(x, 1, n)),
      CALL("coarsen", coarsen(x, {n, 2}, [](const X& y, const Reduce& how) { return y.sum(how); })),
      CALL("tensordot", tensordot(x, x, {n}, {0})),
      CALL("svd_compressed", svd_compressed(x, n).s),
      CALL("norm", norm(x, {.axis = n})),
      CALL("fft", fft(x, n)),
      CALL("fft", fft(x, {.n = n})),
      CALL("ifft", ifft(x, n)),
      CALL("rfft", rfft(x, n)),
      CALL("irfft", irfft(x.astype<std::complex<double>>(), n)),
      CALL("fftn", fftn(x, n)),
      CALL("ifftn", ifftn(x, n)),
      CALL("fftn", fftn(x, 0, {n})),
      CALL("map_overlap", map_overlap<double>([](const xt::xarray<double>& b) { return b; }, x,
                                              Overlap::of(x.dimension(), n, Boundary::nearest))),
      CALL("reduction", reduction<double>(
                            x,
                            [](const xt::xarray<double>& b, const Shape& axes) {
                              std::vector<std::size_t> shape(b.shape().begin(), b.shape().end());
                              for (const std::int64_t a : axes) shape[static_cast<std::size_t>(a)] = 1;
                              return xt::xarray<double>(xt::zeros<double>(shape));
                            },
                            [](const xt::xarray<double>& b, const Shape&) { return b; }, n)),
      CALL("apply_along_axis", apply_along_axis<double>([](const xt::xarray<double>& l) { return l; }, n, x)),
      CALL("apply_along_axis",
           apply_along_axis<double>([](const xt::xarray<double>& l) { return l; }, -1, x, n)),
      CALL("zeros", zeros({n, 2})),
      CALL("ones", ones({3}, {n})),
      CALL("full", full({n}, 2.0)),
      CALL("arange", arange<double>(0, 1, static_cast<double>(n == 0 ? 0 : 1))),
      CALL("linspace", linspace<double>(0, 1, n)),
      CALL("eye", eye(n, 2)),
      CALL("from_xtensor", from_xtensor(xt::xarray<double>{1, 2}, {n})),
      CALL("from_function",
           from_function<double>([](const BlockInfo& b) { return xt::zeros<double>(b.shape); }, {n})),
      CALL("uniform", Random(1).uniform({2}, static_cast<double>(n), 0)),
      CALL("normal", Random(1).normal({n})),
      CALL("lognormal", Random(1).lognormal({2}, 0, static_cast<double>(n))),
      CALL("exponential", Random(1).exponential({2}, static_cast<double>(n))),
      CALL("poisson", Random(1).poisson({n}, static_cast<double>(n))),
      CALL("bernoulli", Random(1).bernoulli({2}, static_cast<double>(n))),
      CALL("integers", Random(1).integers<std::uint8_t>({2}, n, 4)),
      CALL("permutation", Random(1).permutation(n)),
      CALL("index", x(n)),
      CALL("index", x(std::vector<std::int64_t>{n})),
      CALL("rechunk", x.rechunk({n})),
      CALL("left_shift", left_shift(x.astype<int>({OutOfRange::clip}), n)),
      CALL("right_shift", right_shift(x.astype<int>({OutOfRange::clip}), n)),
      CALL("pow", pow(x.astype<int>({OutOfRange::clip}), n)),
      CALL("add", x.astype<std::uint8_t>({OutOfRange::clip}) + n)};
}

// The others.
std::vector<Call> plain() {
  return {PLAIN(nonzero),
          PLAIN(argwhere),
          PLAIN(cov),
          PLAIN(corrcoef),
          PLAIN(cholesky),
          PLAIN(inv),
          PLAIN(det),
          CALL("block", block(std::vector<std::vector<X>>{{x, plane()}, {x}})),
          CALL("meshgrid", meshgrid(std::vector<X>{x, x})),
          CALL("meshgrid",
               meshgrid(std::vector<X>{zeros({std::int64_t{1} << 40}), zeros({std::int64_t{1} << 40})})),
          CALL("unique", unique(x).values),
          CALL("searchsorted", searchsorted(x, plane())),
          CALL("digitize", digitize(x, {2, 1})),
          CALL("isin", isin(plane(), x)),
          CALL("where", where(x > 0)),
          CALL("histogram2d", histogram2d(x, plane(), {0, 1}, {0, 1})),
          CALL("histogram2d", histogram2d(x, x, {0, 1}, {1, 0})),
          CALL("convolve", convolve(x, x)),
          CALL("outer", outer(x, x)),
          CALL("outer", outer(zeros({std::int64_t{1} << 40}), zeros({std::int64_t{1} << 40}))),
          CALL("dot", dot(x, ones({4, 5}))),
          CALL("matmul", matmul(x, plane())),
          CALL("tensordot", tensordot(x, x, {0, 0}, {0, 0})),
          CALL("einsum", einsum("ij,jk->ik", x, plane())),
          CALL("einsum", einsum("ii->i", x)),
          CALL("qr", qr(x).r),
          CALL("svd", svd(x).s),
          CALL("lstsq", lstsq(x, plane())),
          CALL("lstsq", lstsq(x, x)),
          CALL("solve", solve(x, plane())),
          CALL("solve", solve(x, x)),
          CALL("slogdet", slogdet(x).log),
          CALL("eigh", eigh(x).w),
          CALL("svd", svd(x / 0).s),
          CALL("svd_compressed", svd_compressed(x / 0, 1).s),
          CALL("map_blocks",
               map_blocks<double>([](const xt::xarray<double>& a, const xt::xarray<double>&) { return a; }, x,
                                  plane())),
          CALL("map_blocks", map_blocks<double>(
                                 {{-1}}, [](const xt::xarray<double>& a) { return a; }, x)),
          CALL("from_futures", from_futures(x.futures(), {{-1, 1}})),
          CALL("assign", X(x).assign(ones({7}), all)),
          CALL("astype", (x * 1e3).astype<std::int8_t>()),
          CALL("add", x + ones({7})),
          CALL("less", x < ones({7})),
          CALL("hypot", hypot(x, ones({7}))),
          CALL("where", where(x > 0, x, ones({7}))),
          CALL("isclose", isclose(x, ones({7}))),
          CALL("logical_and", x && ones({7})),
          CALL("logical_or", x || ones({7})),
          CALL("clip", clip(x.astype<std::uint8_t>({OutOfRange::clip}), 300, 400)),
          CALL("nan_to_num", nan_to_num(x.astype<float>(), 1e300)),
          Call{"item", [](const X& x, std::int64_t) { (void)x.item(); }},
          Call{"allclose", [](const X& x, std::int64_t) { (void)allclose(x, ones({7})); }}};
}

// How often a call was refused; fails if it was in another way than by a sentence of its own.
void attempt(const Call& call, const X& x, std::int64_t n, std::map<std::string, int>& refused) {
  const std::string name = call.name;
  try {
    call.make(x, n);
  } catch (const Error& error) {
    const std::string text = error.what();
    INFO(name << " of " << to_text(x.shape()) << " and " << n << ": " << text);
    const bool by_task = dynamic_cast<const TaskError*>(&error) != nullptr;
    const std::size_t at = text.find(name + ": ");
    CHECK((by_task ? at != std::string::npos : at == 0));
    CHECK(error.kind() != ErrorKind::internal);
    CHECK(text.find('(') != std::string::npos);  // the value
    ++refused[name];
  } catch (const std::exception& other) {
    FAIL(name << " of " << to_text(x.shape()) << " and " << n << " ended by " << other.what());
  }
}

}  // namespace

TEST_CASE("every array function tells wrong input in its own name") {
  in_cluster([] {
    std::map<std::string, int> refused;
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{0, 3}, Shape{3, 3}, Shape{2, 3, 4}}) {
      const X x = ones(shape, ChunkSpec(2)) * 2;
      for (const Call& call : plain()) attempt(call, x, 0, refused);
      for (const Call& call : numbered())
        for (const std::int64_t n : {-9, 0, 1, 9}) attempt(call, x, n, refused);
    }
    for (const auto& calls : {plain(), numbered()})
      for (const Call& call : calls)
        if (std::string(call.name) != "unique" && std::string(call.name) != "isin") {
          INFO(call.name);
          CHECK(refused[call.name] > 0);
        }
    CHECK(sentence_of([] { return trace(ones({3})); }) ==
          "trace: the array must have two axes or more (got the shape (3,))");
    CHECK(sentence_of([] {
            return diagonal(ones({3, 3}), 0, 1, -1);
          }) == "diagonal: the two axes must not be the same (got 1 and -1)");
    CHECK(sentence_of([] { return nanquantile(ones({3}), {1.5}); }) ==
          "nanquantile: a fraction must be in [0, 1] (got 1.500000)");
    CHECK(sentence_of([] {
            return average(ones({2, 3}), ones({3}));
          }) ==
          "average: weights must have the axes of the array, or be a list along the one axis that is folded "
          "(got "
          "(3,) for (2, 3)); .axis names it");
    CHECK(sentence_of([] {
            return average(ones({2, 3}), ones({3}), {.axis = 0});
          }) == "average: there must be a weight for each element along axis 0 (got 3 for (2, 3))");
    CHECK(sentence_of([] {
            return det(ones({4, 2, 3}));
          }) == "det: the matrices must be square (got the shape (4, 2, 3))");
    CHECK(sentence_of([] { return Random(1).integers<std::uint8_t>({2}, 0, 257); }) ==
          "integers: a number must fit into the elements, which are uint8 (got 256); astype<>() gives the "
          "array a "
          "type that holds it");
    CHECK_THROWS_WITH(average(ones({2}), zeros({2})).item(),
                      Catch::Matchers::Contains("average: the weights must not add up to 0 (got 0)"));
  });
}

TEST_CASE("functions of matrices take many at once, and those of diagonals any two axes") {
  in_cluster([] {
    const X many =
        from_xtensor(xt::xarray<double>{{{2, 1}, {1, 1}}, {{0, 1}, {1, 0}}, {{1, 2}, {2, 4}}}, {1, 1, 2});
    CHECK(test::list(det(many)) == std::vector<double>{1, -1, 0});
    CHECK(test::list(slogdet(many).sign) == std::vector<double>{1, -1, 0});
    CHECK(test::list(inv(many(range(0, 2)))) == std::vector<double>{1, -1, -1, 2, 0, 1, 1, 0});
    CHECK(test::list(trace(many, 0, 1, 2)) == std::vector<double>{3, 0, 5});
    CHECK(test::list(trace(many)) == std::vector<double>{3, 1});
    CHECK(percentile(ones({2, 3, 4}), {10, 90}, {2, 0}).shape() == Shape{2, 3});
    CHECK(median(arange<double>(0, 24), Axes{}).item() == 11.5);
    CHECK(quantile(arange<double>(0, 4), {0.5}, -1, QuantileMethod::nearest).item() == 2);
    CHECK(quantile(arange<double>(0, 4), {0.5}, -1, QuantileMethod::lower).item() == 1);
    CHECK_THROWS_WITH(median(ones({2, 3}), {0, -2}), "median: an axis must be named once (got -2 again)");
    CHECK_THROWS_WITH(flip(ones({2, 3}), {1, 1}), "flip: an axis must be named once (got 1 again)");
    CHECK_THROWS_WITH(squeeze(ones({1, 3}), {0, 0}), "squeeze: an axis must be named once (got 0 again)");
    CHECK(percentile(ones({2, 3, 4}), {10, 90}, 1).shape() == Shape{2, 2, 4});
    CHECK(split(arange<double>(0, 6), {2})[1].size() == 4);  // before index 2
    CHECK(split(arange<double>(0, 6), 3).size() == 3);
    CHECK(qr(zeros({3, 0})).r.shape() == Shape{0, 0});
    const std::size_t two = 2;
    CHECK(zeros({6}, {two}).chunk_count() == 3);
    CHECK(test::list(quantile(many(2), {0, 1}, 0)) == std::vector<double>{1, 2, 2, 4});
    CHECK(test::list(histogram(arange<double>(0, 4), {1, 1, 2, 2})) == std::vector<std::int64_t>{0, 1, 1});
    CHECK(test::list(average(many(2), test::row<double>({3, 1}), {.axis = 0})) ==
          std::vector<double>{1.25, 2.5});
  });
}

TEST_CASE("what was persisted in a cluster that has ended is refused in the next one") {
  std::optional<X> kept;
  in_cluster([&] { kept = arange<double>(0, 10).persist(); });
  in_cluster([&] {
    const X other = arange<double>(10, 20).persist();  // whose tasks have the same ids
    const std::string said = sentence_of([&] { return (*kept + 1.0).compute(); });
    CHECK(said.find("(got one of a cluster that has ended, such as that of an earlier weir::run)") !=
          std::string::npos);
    CHECK((other + 1.0).compute()(0) == 11);
  });
}
