// Which type an elementwise operation has, and what becomes of numbers beside arrays.
#include "weir/array/elementwise.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>

#include "array/graph/nodes.hpp"

namespace weir::detail::array {

namespace {

std::string text_of(const Literal& value) {
  std::ostringstream text;
  std::visit([&](auto v) { text << v; }, value);
  return text.str();
}

// Whether a type holds the number, or (reals) one next to it; the number as an element if so.
template <class T>
bool holds(const Literal& literal, T& element) {
  return std::visit(
      [&]<class V>(V value) {
        if constexpr (std::is_same_v<V, std::complex<double>>) {
          if constexpr (requires { typename T::value_type; }) {
            typename T::value_type real{}, imag{};
            if (!holds(Literal(value.real()), real) || !holds(Literal(value.imag()), imag)) return false;
            element = T(real, imag);
            return true;
          } else {
            return value.imag() == 0 && holds(Literal(value.real()), element);
          }
        } else if constexpr (requires { typename T::value_type; }) {
          typename T::value_type real{};
          const bool good = holds(literal, real);
          element = T(real, 0);
          return good;
        } else if constexpr (std::is_same_v<T, bool>) {
          element = value != V(0);
          return true;
        } else if constexpr (std::is_integral_v<T>) {
          if constexpr (std::is_integral_v<V>) {
            if (!std::in_range<T>(value)) return false;
          } else {
            const double whole = std::trunc(value);
            if (!(whole >= static_cast<double>(std::numeric_limits<T>::min()) &&
                  whole < std::ldexp(1.0, std::numeric_limits<T>::digits)))
              return false;
          }
          element = static_cast<T>(value);
          return true;
        } else {
          element = static_cast<T>(value);
          if constexpr (std::is_floating_point_v<V>) return !std::isfinite(value) || std::isfinite(element);
          else return true;
        }
      },
      literal);
}

// The type a number beside an array has if comparisons with it are to be exact.
DType exact_type(DType array, const Literal& number) {
  const bool whole = number.index() < 2;
  const bool fits = dispatch(array, [&]<class T>(std::type_identity<T>) {
    T element{};
    if (!holds(number, element)) return false;
    if constexpr (std::is_same_v<T, bool>) return false;
    else if constexpr (std::is_integral_v<T>) return whole;
    else if constexpr (std::is_floating_point_v<T>) {
      std::int64_t back = 0;
      return !whole || (holds(Literal(static_cast<double>(element)), back) && Literal(back) == number);
    } else {
      return !whole;
    }
  });
  if (fits) return array;
  constexpr DType own[] = {DType::int64, DType::uint64, DType::float64, DType::complex128};
  return own[number.index()];
}

Op turned(Op op) {
  switch (op) {
    case Op::less:
      return Op::greater;
    case Op::less_equal:
      return Op::greater_equal;
    case Op::greater:
      return Op::less;
    case Op::greater_equal:
      return Op::less_equal;
    default:
      return op;
  }
}

bool is_long(DType type) { return type == DType::int64 || type == DType::uint64; }

// Complex numbers beside long integers: equal if there is nothing imaginary and the real parts are.
NodePtr compared_parts(Op op, const NodePtr& a, const NodePtr& b) {
  const NodePtr& z = is_complex(a->type) ? a : b;
  const NodePtr& n = is_complex(a->type) ? b : a;
  const NodePtr real = compare(Op::equal, part(Op::real, z), n),
                imag = compare(Op::equal, part(Op::imag, z), 0.0);
  const NodePtr equal = elementwise(Op::bit_and, DType::boolean, DType::boolean, {real, imag});
  return op == Op::equal ? equal : test(Op::logical_not, equal);
}

DType type_of(const Term& a, const Term& b) {
  if (!a.node) return with_scalar(b.node->type, a.type);
  if (!b.node) return with_scalar(a.node->type, b.type);
  return promote(a.node->type, b.node->type);
}

// What multiplying with gives the same bits as dividing by a number, a power of two, and takes a fraction of
// the time; null for others.
NodePtr factor_for(DType type, const Literal& divisor) {
  if (!is_real(type)) return nullptr;
  return dispatch(type, [&]<class T>(std::type_identity<T>) -> NodePtr {
    if constexpr (std::is_floating_point_v<T>) {
      T number{};
      int exponent = 0;
      if (!holds(divisor, number) || std::fabs(std::frexp(number, &exponent)) != T(0.5)) return nullptr;
      const T factor = 1 / number;
      return std::isnormal(factor) ? scalar(type, &factor) : nullptr;
    } else {
      return nullptr;
    }
  });
}
template <class T>
T element_of(std::string_view function, DType type, const Literal& value) {
  T element{};
  if (!holds(value, element))
    refuse(function, "a number must fit into the elements, which are " + std::string(to_string(type)) +
                         " (got " + text_of(value) + "); astype<>() gives the array a type that holds it");
  return element;
}
NodePtr node_of(Op op, const Term& term, DType type) {
  return term.node ? term.node : scalar_as(to_string(op), type, term.number);
}
// Moved to their place: a list would be copied, and each copy counts.
std::vector<NodePtr> nodes_of(Op op, const Term& a, const Term& b, DType type) {
  std::vector<NodePtr> nodes;
  nodes.reserve(2);
  nodes.push_back(node_of(op, a, type));
  nodes.push_back(node_of(op, b, type));
  return nodes;
}
}  // namespace

NodePtr scalar_as(std::string_view function, DType type, const Literal& value) {
  return dispatch(type, [&]<class T>(std::type_identity<T>) {
    const T element = element_of<T>(function, type, value);
    return scalar(type, &element);
  });
}

NodePtr arithmetic(Op op, const Term& a, const Term& b) {
  const DType type = type_of(a, b);
  if (op == Op::power && is_integer(type) && !b.node && std::holds_alternative<std::int64_t>(b.number) &&
      std::get<std::int64_t>(b.number) < 0)
    refuse("pow", "the power of integers must not be negative (got " + text_of(b.number) +
                      "); astype<double>() first");
  if (op == Op::power && type != DType::boolean && !b.node &&
      (b.number == Literal(std::int64_t{2}) || b.number == Literal(2.0)))
    return elementwise(Op::square, type, type, {a.node});
  return elementwise(op, type, type, nodes_of(op, a, b, type));
}

NodePtr floating_arithmetic(Op op, const Term& a, const Term& b) {
  const DType type = floating(type_of(a, b));
  if (const NodePtr factor = op == Op::divide && !b.node ? factor_for(type, b.number) : nullptr)
    return elementwise(Op::multiply, type, type, {a.node, factor});
  return elementwise(op, type, type, nodes_of(op, a, b, type));
}

NodePtr compare(Op op, const Term& a, const Term& b) {
  if (!a.node || !b.node) {
    const Term &array = a.node ? a : b, &number = a.node ? b : a;
    DType type = exact_type(array.node->type, number.number);
    if (type == DType::complex128 && !is_complex(array.node->type) &&
        std::get<std::complex<double>>(number.number).imag() == 0)
      return compare(a.node ? op : turned(op), array, std::get<std::complex<double>>(number.number).real());
    const NodePtr other = scalar_as(to_string(op), type, number.number);
    return compare(a.node ? op : turned(op), array.node, other);
  }
  const DType x = a.node->type, y = b.node->type;
  if (kind_of(x) > kind_of(y) || (x == DType::uint64 && is_signed(y))) return compare(turned(op), b, a);
  if (is_complex(y) && is_long(x) && (op == Op::equal || op == Op::not_equal))
    return compared_parts(op, a.node, b.node);
  if (is_signed(x) && y == DType::uint64)
    return elementwise(op, DType::int64, DType::uint64, DType::boolean, {a.node, b.node}, {});
  if (is_long(x) && is_real(y))
    return elementwise(op, x, DType::float64, DType::boolean, {a.node, b.node}, {});
  return elementwise(op, promote(x, y), DType::boolean, {a.node, b.node});
}

NodePtr shift(Op op, const NodePtr& a, const Term& by) {
  if (by.node) return arithmetic(op, a, by);
  if (kind_of(by.type) > 1) return arithmetic(op, a, by);  // refuses
  const auto* bits = std::get_if<std::int64_t>(&by.number);
  if (bits && *bits < 0)
    refuse(to_string(op), "the number of bits must not be negative (got " + std::to_string(*bits) + ")");
  Term least = by;  // no type has more bits than 64, and all hold that number
  if (bits ? *bits > 64 : std::get<std::uint64_t>(by.number) > 64) least.number = std::int64_t{64};
  return arithmetic(op, a, least);
}

NodePtr where(const NodePtr& condition, const Term& a, const Term& b) {
  const DType type = type_of(a, b);
  return elementwise(Op::where, type, type,
                     {condition, node_of(Op::where, a, type), node_of(Op::where, b, type)});
}

NodePtr clip(const NodePtr& a, const Term& low, const Term& high) {
  const DType type = with_scalar(Term(a).node->type, low.type);
  NodePtr x = cast(a, type);
  const auto bound = [&](Op op, const Term& by, bool below) {
    // A bound beyond all numbers of the type on its own side changes nothing.
    const bool harmless = dispatch(type, [&]<class T>(std::type_identity<T>) {
      T element{};
      if (holds(by.number, element)) return false;
      return std::visit(
                 []<class V>(V v) {
                   if constexpr (std::is_same_v<V, std::complex<double>>) return 0;
                   else return v < V(0) ? -1 : v > V(0) ? 1 : 0;
                 },
                 by.number) == (below ? -1 : 1);
    });
    if (!harmless) x = elementwise(op, type, type, {x, scalar_as("clip", type, by.number)});
  };
  bound(Op::maximum, low, true);
  bound(Op::minimum, high, false);
  return x;
}

NodePtr is_close(const Term& a, const Term& b, double rtol, double atol, bool equal_nan) {
  const DType type = floating(type_of(a, b));
  std::array<std::uint64_t, 4> immediate{};
  std::memcpy(&immediate[0], &rtol, sizeof rtol);
  std::memcpy(&immediate[1], &atol, sizeof atol);
  immediate[2] = equal_nan;
  return elementwise(Op::is_close, type, type, DType::boolean,
                     {node_of(Op::is_close, a, type), node_of(Op::is_close, b, type)}, immediate);
}

NodePtr round(const NodePtr& a, int decimals) {
  (void)shape_of(a);
  if (decimals == 0 || (decimals > 0 && kind_of(a->type) < 2)) return same(Op::rint, a);
  const DType type = floating(a->type);
  const int most = real_of(type) == DType::float32 ? std::numeric_limits<float>::max_exponent10
                                                   : std::numeric_limits<double>::max_exponent10;
  if (decimals < -most || decimals > most)
    refuse("round", "decimals must be in [" + std::to_string(-most) + ", " + std::to_string(most) + "] for " +
                        std::string(to_string(type)) + " (got " + std::to_string(decimals) + ")");
  const NodePtr by = scalar_as("round", type, std::pow(10.0, std::abs(decimals)));
  const Op first = decimals > 0 ? Op::multiply : Op::divide, last = decimals > 0 ? Op::divide : Op::multiply;
  const NodePtr moved = elementwise(first, type, type, {a, by}),
                rounded = elementwise(last, type, type, {same(Op::rint, moved), by});
  if (decimals < 0) return cast(rounded, a->type);
  // What is too large to be moved has no such decimals.
  return elementwise(Op::where, type, type, {test(Op::isfinite, moved), rounded, a});
}

NodePtr nan_to_num(const NodePtr& a, double nan, const Literal* positive, const Literal* negative) {
  (void)shape_of(a);
  if (kind_of(a->type) < 2) return a;
  if (is_complex(a->type))
    throw Error(ErrorKind::unsupported,
                "nan_to_num: is not defined for complex numbers; take real() and imag() apart");
  const DType type = a->type;
  const double most = type == DType::float32 ? static_cast<double>(std::numeric_limits<float>::max())
                                             : std::numeric_limits<double>::max();
  const Literal instead[] = {Literal(nan), positive ? *positive : Literal(most),
                             negative ? *negative : Literal(-most)};
  std::array<std::uint64_t, 4> immediate{};
  dispatch(type, [&]<class T>(std::type_identity<T>) {
    for (std::size_t i = 0; i < std::size(instead); ++i) {
      const T element = element_of<T>("nan_to_num", type, instead[i]);
      std::memcpy(&immediate[i], &element, sizeof element);
    }
  });
  return elementwise(Op::nan_to_num, type, type, type, {a}, immediate);
}

NodePtr same(Op op, const NodePtr& a) {
  const DType type = Term(a).node->type;
  return elementwise(op, type, type, {a});
}
NodePtr function(Op op, const NodePtr& a) {
  const DType type = floating(Term(a).node->type);
  return elementwise(op, type, type, {a});
}
NodePtr test(Op op, const NodePtr& a) {
  const DType type = Term(a).node->type;
  return elementwise(op, type, DType::boolean, {a});
}
NodePtr part(Op op, const NodePtr& a) {
  const DType type = floating(Term(a).node->type);
  return elementwise(op, type, real_of(type), {a});
}
NodePtr absolute(const NodePtr& a) {
  const DType type = Term(a).node->type;
  return elementwise(is_complex(type) ? Op::magnitude : Op::abs, type, real_of(type), {a});
}

}  // namespace weir::detail::array
