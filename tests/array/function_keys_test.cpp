// What functions of the user add to the keys of arrays.
#include <catch2/catch.hpp>
#include <cstring>

#include "array/foreign_file.hpp"
#include "array/graph/node.hpp"
#include "support/in_cluster.hpp"
#include "weir/array/blocks.hpp"

namespace array = weir::detail::array;
using array::NodePtr;
using array::PackedFunction;
using weir::detail::journal::Key;

namespace {

double halved(double x) { return x / 2; }
double tripled(double x) { return x * 3; }
struct Power {
  int exponent = 2;
  double of(double x) const { return x * exponent; }
  double less(double x) const { return x - exponent; }
};

using Block = xt::xarray<double>;
struct ByMembers {
  double (*first)(double) = halved;
  double (*second)(double) = nullptr;
  double (Power::*third)(double) const = &Power::of;
  double (Power::*fourth)(double) const = nullptr;
  Block operator()(const Block& x) const { return x * first(1) + (Power().*third)(1); }
};
struct WithGap {
  char kind = 'a';
  double factor = 2;
  Block operator()(const Block& x) const { return x * factor; }
};
Block same(const Block& x) { return x; }
Block other(const Block& x) { return x + 1; }

Key key_of(const NodePtr& node) {
  return array::key_of("persist(cached)", node, *weir::Client::current().core());
}
template <class F>
Key key(const F& f) {
  return key_of(weir::map_blocks<double>(f, weir::zeros<double>({4})).node());
}
// The function as it is packed in a build in which everything lies elsewhere.
template <class F>
PackedFunction packed_elsewhere(const F& f) {
  PackedFunction packed = array::packed_function(f);
  REQUIRE_FALSE(packed.functions.empty());
  for (const weir::WrittenFunction& function : packed.functions)
    std::memset(packed.bytes.data() + function.offset, 7, sizeof function.address);
  return packed;
}
template <class F>
void check_lies_anywhere(const F& f) {
  const auto x = weir::zeros<double>({4});
  const weir::Overlap overlap = weir::Overlap::of(1, 1);
  const auto type = array::DType::float64;
  const auto elsewhere = [&] { return packed_elsewhere(f); };
  const auto check = [](const auto& here, const NodePtr& there) {
    CHECK(key_of(here.node()) == key_of(there));
  };
  check(weir::map_blocks<double>(f, x),
        array::map_blocks(type, {}, {x.node()}, &array::map_chunk<double, F, double>, elsewhere()));
  check(weir::map_overlap<double>(f, x, overlap),
        array::map_overlap(type, x.node(), overlap, &array::overlap_chunk<double, F, double>, elsewhere()));
  check(weir::apply_along_axis<double>(f, 0, x),
        array::along_axis(type, x.node(), 0, -1, &array::line_by_line<double, F, double>, elsewhere()));
}

}  // namespace

TEST_CASE("key: the functions of an array count by their names, also those among the members of a functor") {
  weir::test::in_cluster([] {
    check_lies_anywhere(&same);
    check_lies_anywhere(ByMembers{});
    CHECK(key(&same) != key(&other));
    const Key known = key(ByMembers{});
    CHECK(known == key(ByMembers{}));
    CHECK(known != key(ByMembers{.first = tripled}));
    CHECK(known != key(ByMembers{.first = nullptr, .second = halved}));
    CHECK(known != key(ByMembers{.third = &Power::less}));
    CHECK(known != key(ByMembers{.third = nullptr, .fourth = &Power::of}));
    double (*const lambda)(double) = [](double x) { return x; };
    CHECK_THAT(weir::test::error_of([&] { (void)key(ByMembers{.first = lambda}); }),
               Catch::StartsWith("persist(cached): a lambda has no name by which another run finds its "
                                 "results; name it: make it a function (got "));
  });
}

TEST_CASE("key: gaps between the members of an array's function do not count") {
  weir::test::in_cluster([] {
    WithGap zeros, ones;
    std::memset(static_cast<void*>(&zeros), 0, sizeof zeros);
    std::memset(static_cast<void*>(&ones), 0xff, sizeof ones);
    zeros.kind = ones.kind = 'a';
    zeros.factor = ones.factor = 3;
    CHECK(key(zeros) == key(ones));
    CHECK(key(zeros) != key(WithGap{}));
  });
}
