// Which conversions of stored elements there are, and which of them must look at every number.
#include "array/hdf5/elements.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "weir/bytes.hpp"

namespace weir::detail::array {

namespace {

std::string member_name(hid_t type, unsigned i) {
  char* name = H5Tget_member_name(type, i);
  const std::string text = name ? name : "";
  H5free_memory(name);
  return text;
}

Id member_type(hid_t type, unsigned i) { return {H5Tget_member_type(type, i), &H5Tclose}; }

// Whether the two members are the parts of complex numbers; `first` is the real one.
bool is_complex_pair(hid_t type, unsigned& first) {
  constexpr std::array<std::array<const char*, 2>, 4> names{
      {{"r", "i"}, {"re", "im"}, {"real", "imag"}, {"real", "imaginary"}}};
  if (H5Tget_class(type) != H5T_COMPOUND || H5Tget_nmembers(type) != 2) return false;
  const std::string a = member_name(type, 0), b = member_name(type, 1);
  for (const auto& [real, imaginary] : names)
    if ((a == real && b == imaginary) || (b == real && a == imaginary)) {
      first = a == real ? 0 : 1;
      for (const unsigned i : {0u, 1u}) {
        const H5T_class_t kind = H5Tget_class(member_type(type, i));
        if (kind != H5T_FLOAT && kind != H5T_INTEGER) return false;
      }
      return true;
    }
  return false;
}

// The numbers that the bytes of such an element are; not ok if they are none.
Id number_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
      return {H5Tcopy(type), &H5Tclose};
    case H5T_ENUM:
      return {H5Tget_super(type), &H5Tclose};
    case H5T_BITFIELD: {
      Id bits(H5Tcopy(H5T_STD_U64LE), &H5Tclose);
      if (H5Tget_size(type) > 8 || H5Tset_size(bits, H5Tget_size(type)) < 0 ||
          H5Tset_order(bits, H5Tget_order(type)) < 0 || H5Tset_precision(bits, H5Tget_precision(type)) < 0 ||
          H5Tset_offset(bits, H5Tget_offset(type)) < 0)
        return {};
      return bits;
    }
    default:
      return {};
  }
}

// Whether the library's own conversion keeps every number, but for rounding.
bool always_fits(hid_t number, DType wanted) {
  const std::size_t size = H5Tget_size(number);
  if (H5Tget_class(number) == H5T_FLOAT) return size <= size_of(wanted);
  if (is_real(wanted)) return true;
  if (wanted == DType::boolean) return false;
  const bool stored_signed = H5Tget_sign(number) != H5T_SGN_NONE;
  const std::size_t bits = H5Tget_precision(number), room = 8 * size_of(wanted);
  if (stored_signed == is_signed(wanted)) return bits <= room;
  return !stored_signed && bits < room;
}

Elements::Wide widest(hid_t number) {
  if (H5Tget_class(number) == H5T_FLOAT)
    return H5Tget_size(number) > 8 ? Elements::Wide::extended : Elements::Wide::float64;
  return H5Tget_sign(number) == H5T_SGN_NONE ? Elements::Wide::uint64 : Elements::Wide::int64;
}
hid_t native_wide(Elements::Wide wide) {
  switch (wide) {
    case Elements::Wide::int64:
      return H5T_NATIVE_INT64;
    case Elements::Wide::uint64:
      return H5T_NATIVE_UINT64;
    case Elements::Wide::extended:
      return H5T_NATIVE_LDOUBLE;
    default:
      return H5T_NATIVE_DOUBLE;
  }
}

std::string list_of_members(hid_t type) {
  std::string text;
  const int count = std::max(0, H5Tget_nmembers(type));
  for (int i = 0; i < std::min(count, 8); ++i)
    text += (i == 0           ? ""
             : i + 1 == count ? " and "
                              : ", ") +
            in_quotes(member_name(type, static_cast<unsigned>(i)));
  return text + (count > 8 ? ", ..." : "");
}

[[noreturn]] void refuse_elements(const std::string& function, const FileName& file, hid_t type,
                                  DType wanted) {
  std::string way_out;
  const H5T_class_t kind = H5Tget_class(type);
  const bool is_compound = kind == H5T_COMPOUND;
  if (!file.member.empty() && (is_compound || kind == H5T_STRING))
    way_out = "; only numbers are read out of compounds";
  else if (is_compound && is_complex(wanted))
    way_out = "; complex numbers are pairs of r and i, re and im, real and imag, or real and imaginary";
  else if (is_compound) way_out = "; `.member` names the one to read";
  else if (kind == H5T_STRING) way_out = "; `hdf5_text` reads them";
  else if (kind == H5T_FLOAT) way_out = "; open it as float64, whose astype<>() cuts fractions off";
  fail(ErrorKind::invalid_argument, function + ": the dataset's elements must be convertible to " +
                                        std::string(to_string(wanted)) + " (got " + kind_text(type) + " in " +
                                        (file.member.empty() ? "" : in_quotes(file.member) + " of ") +
                                        in_quotes(file.dataset) + " of " + in_quotes(file.path) + way_out +
                                        ")");
}

// The type of the member that is wanted of each element.
Id chosen_member(const std::string& function, const FileName& file, const Id& stored) {
  if (H5Tget_class(stored) == H5T_COMPOUND)
    for (int i = 0; i < H5Tget_nmembers(stored); ++i)
      if (member_name(stored, static_cast<unsigned>(i)) == file.member)
        return member_type(stored, static_cast<unsigned>(i));
  fail(ErrorKind::invalid_argument, function + ": the dataset's elements must have the member " +
                                        in_quotes(file.member) + " (got " + kind_text(stored) + " in " +
                                        in_quotes(file.dataset) + " of " + in_quotes(file.path) + ")");
}

}  // namespace

std::string kind_text(hid_t type) {
  const char* kinds[] = {
      "integers",   "floating-point numbers", "times", "text",  "bit fields", "opaque bytes", "compounds",
      "references", "enumerations",           "lists", "arrays"};
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_COMPOUND) return "compounds of " + list_of_members(type);
  if (kind == H5T_STRING && H5Tis_variable_str(type) > 0) return "text of any length";
  return std::string(kind >= 0 && kind <= 10 ? kinds[kind] : "elements of an unknown kind") + " of " +
         std::to_string(H5Tget_size(type)) + " bytes";
}

Elements elements_of(const std::string& function, const FileName& file, hid_t dataset, DType wanted) {
  const Id stored(H5Dget_type(dataset), &H5Tclose);
  Elements e;
  Id type = file.member.empty() ? Id(H5Tcopy(stored), &H5Tclose) : chosen_member(function, file, stored);
  e.as_stored = file.member.empty();
  DType part = wanted;
  Id packed(H5Tcopy(type), &H5Tclose);
  if (is_complex(wanted)) {
    unsigned first = 0;
    if (!is_complex_pair(type, first)) refuse_elements(function, file, type, wanted);
    const Id real = member_type(type, first), imaginary = member_type(type, 1 - first);
    part = real_of(wanted);
    e.numbers = 2;
    // In this order, of the same type, one after the other: else the library makes them so.
    const bool even = H5Tequal(real, imaginary) > 0;
    e.number = even ? Id(H5Tcopy(real), &H5Tclose) : Id(H5Tcopy(H5T_NATIVE_DOUBLE), &H5Tclose);
    const std::size_t size = H5Tget_size(e.number);
    const bool usual = even && H5Tget_size(type) == 2 * size && H5Tget_member_offset(type, first) == 0 &&
                       H5Tget_member_offset(type, 1 - first) == size;
    if (!usual) {
      e.as_stored = false;
      packed = Id(H5Tcreate(H5T_COMPOUND, 2 * size), &H5Tclose);
      H5Tinsert(packed, member_name(type, first).c_str(), 0, e.number);
      H5Tinsert(packed, member_name(type, 1 - first).c_str(), size, e.number);
    }
  } else {
    e.number = number_of(type);
    if (!e.number.ok() || (H5Tget_class(e.number) == H5T_FLOAT && kind_of(wanted) < 2) ||
        (H5Tget_class(e.number) == H5T_INTEGER && H5Tget_size(e.number) > 8))
      refuse_elements(function, file, type, wanted);
  }
  e.bytes = H5Tget_size(packed);
  if (file.member.empty()) {
    e.memory = std::move(packed);
  } else {
    e.memory = Id(H5Tcreate(H5T_COMPOUND, e.bytes), &H5Tclose);
    H5Tinsert(e.memory, file.member.c_str(), 0, packed);
  }
  const bool fits = always_fits(e.number, part);
  e.wide = fits ? Elements::Wide::none : widest(e.number);
  e.target = fits ? native_type(part) : Id(H5Tcopy(native_wide(e.wide)), &H5Tclose);
  e.same = fits && H5Tequal(e.number, e.target) > 0;
  // As h5py writes them: bytes that are 0 or 1.
  if (wanted == DType::boolean && e.as_stored && H5Tequal(stored, native_type(wanted)) > 0) {
    e.same = true;
    e.wide = Elements::Wide::none;
  }
  return e;
}

namespace {

template <class From>
std::string text_of(From x) {
  if constexpr (std::integral<From>) {
    return std::to_string(x);
  } else {
    char text[64];
    std::snprintf(text, sizeof text, "%.*Lg", std::numeric_limits<From>::max_digits10,
                  static_cast<long double>(x));
    char shorter[64];
    std::snprintf(shorter, sizeof shorter, "%Lg", static_cast<long double>(x));
    return static_cast<From>(std::strtold(shorter, nullptr)) == x ? shorter : text;
  }
}

// The number in another type; false if it does not fit, when `out` is the nearest that does.
template <class To, class From>
bool fit(From x, To& out) {
  using Limits = std::numeric_limits<To>;
  if constexpr (std::same_as<To, bool>) {
    out = x > From(0);
    return x == From(0) || x == From(1);
  } else if constexpr (std::floating_point<To>) {
    out = static_cast<To>(x);
    if constexpr (std::floating_point<From>)
      if (std::isinf(out) && !std::isinf(x)) {
        out = x > 0 ? Limits::max() : Limits::lowest();
        return false;
      }
    return true;
  } else if constexpr (std::floating_point<From>) {
    // 2 to the bits is a number of every floating type, the largest integer is not.
    const From above = std::ldexp(From(1), Limits::digits), below = Limits::is_signed ? -above : From(0);
    const From whole = std::trunc(x);
    if (whole >= below && whole < above) {
      out = static_cast<To>(whole);
      return true;
    }
    out = std::isnan(x) ? To(0) : x > 0 ? Limits::max() : Limits::min();
    return false;
  } else if constexpr (std::same_as<From, bool>) {
    out = static_cast<To>(x);
    return true;
  } else {
    const bool fits = std::in_range<To>(x);
    out = fits ? static_cast<To>(x) : std::cmp_less(x, 0) ? Limits::min() : Limits::max();
    return fits;
  }
}

// Index of the first number that does not fit, or -1.
template <class To, class From>
std::int64_t fit_all(const From* from, To* to, std::int64_t count, OutOfRange rule) {
  for (std::int64_t i = 0; i < count; ++i)
    if (!fit(from[i], to[i]) && rule == OutOfRange::error) return i;
  return -1;
}

std::string place_text(std::int64_t index, const Dims& shape, const std::vector<std::int64_t>& start) {
  Shape at(start.begin(), start.end());
  for (std::size_t a = shape.size(); a-- > 0;) {
    at[a] += index % shape[a];
    index /= shape[a];
  }
  return at.empty() ? std::string() : " at " + weir::to_text(at);
}

template <class From>
void fit_wide(const std::byte* stored, const FileName& file, const Dims& start, const Tensor& to,
              int numbers) {
  const auto* from = reinterpret_cast<const From*>(stored);
  const DType part = real_of(to.type);
  dispatch(part, [&]<class To>(std::type_identity<To>) {
    if constexpr (std::is_arithmetic_v<To>) {
      const std::int64_t wrong = fit_all(from, static_cast<To*>(to.data), to.size() * numbers, file.overflow);
      if (wrong < 0) return;
      const char* wider = std::same_as<From, std::int64_t>    ? "int64"
                          : std::same_as<From, std::uint64_t> ? "uint64"
                          : numbers == 2                      ? "complex128"
                                                              : "float64";
      const bool has_wider = sizeof(From) <= 8;
      fail(ErrorKind::invalid_argument,
           "open_hdf5: the number " + text_of(from[wrong]) +
               place_text(wrong / numbers, to.shape, {start.begin(), start.end()}) + " of " +
               in_quotes(file.dataset) + " in " + in_quotes(file.path) + " does not fit " +
               std::string(to_string(to.type)) + "; open it " +
               (has_wider ? "as " + std::string(wider) + " or " : "") + "with .overflow = OutOfRange::clip");
    }
  });
}

}  // namespace

std::size_t converted_bytes(const Elements& e, DType wanted) {
  const std::size_t target =
      e.same ? size_of(wanted) : static_cast<std::size_t>(e.numbers) * H5Tget_size(e.target);
  return std::max(e.bytes, target);
}

void convert(const Elements& e, const FileName& file, const Dims& start, std::byte* stored,
             const Tensor& to) {
  const auto count = static_cast<std::size_t>(to.size()) * static_cast<std::size_t>(e.numbers);
  if (!e.same && H5Tequal(e.number, e.target) <= 0 &&
      H5Tconvert(e.number, e.target, count, stored, nullptr, H5P_DEFAULT) < 0)
    fail(ErrorKind::io, "open_hdf5: cannot convert " + in_quotes(file.dataset) + " of " +
                            in_quotes(file.path) + " (" + reason() + ")");
  switch (e.wide) {
    case Elements::Wide::none:
      if (stored != to.data)
        std::memcpy(to.data, stored, static_cast<std::size_t>(to.size()) * size_of(to.type));
      break;
    case Elements::Wide::int64:
      return fit_wide<std::int64_t>(stored, file, start, to, e.numbers);
    case Elements::Wide::uint64:
      return fit_wide<std::uint64_t>(stored, file, start, to, e.numbers);
    case Elements::Wide::float64:
      return fit_wide<double>(stored, file, start, to, e.numbers);
    case Elements::Wide::extended:
      return fit_wide<long double>(stored, file, start, to, e.numbers);
  }
}

Writing writing_of(const std::string& function, const std::string& path, const std::string& dataset,
                   hid_t stored, DType from) {
  const auto refused = [&] {
    fail(ErrorKind::invalid_argument, function + ": " + std::string(to_string(from)) +
                                          " cannot be written as the dataset's elements (got " +
                                          kind_text(stored) + " in " + in_quotes(dataset) + " of " +
                                          in_quotes(path) + ")");
  };
  if (H5Tequal(stored, native_type(from)) > 0) return {from, false};
  unsigned first = 0;
  if (is_complex(from)) {
    if (!is_complex_pair(stored, first)) refused();
    const Id real = member_type(stored, first);
    if (H5Tget_class(real) != H5T_FLOAT || H5Tget_size(real) < 4) refused();
    const DType to = H5Tget_size(real) < 8 ? DType::complex64 : DType::complex128;
    return {to, to != from};
  }
  const std::size_t size = H5Tget_size(stored);
  DType to = DType::float64;
  if (H5Tget_class(stored) == H5T_INTEGER && size <= 8) {
    const bool negative = H5Tget_sign(stored) != H5T_SGN_NONE;
    const std::size_t bits = H5Tget_precision(stored);
    if (bits != 8 * size || (size & (size - 1))) refused();
    const int width = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
    to = static_cast<DType>(int(negative ? DType::int8 : DType::uint8) + width);
  } else if (H5Tget_class(stored) == H5T_FLOAT && size >= 4) {
    to = size < 8 ? DType::float32 : DType::float64;
  } else {
    refused();
  }
  return {to, to != from};
}

Id complex_named_as(hid_t stored, DType type) {
  unsigned first = 0;
  if (!is_complex_pair(stored, first)) return native_type(type);
  const Id part = native_type(real_of(type));
  const std::size_t size = size_of(real_of(type));
  Id named(H5Tcreate(H5T_COMPOUND, 2 * size), &H5Tclose);
  H5Tinsert(named, member_name(stored, first).c_str(), 0, part);
  H5Tinsert(named, member_name(stored, 1 - first).c_str(), size, part);
  return named;
}

Tensor converted(const std::string& function, const std::string& path, const std::string& dataset,
                 const Tensor& values, DType to, OutOfRange rule, const Shape& at) {
  const Tensor result = make_tensor(to, values.shape);
  const int numbers = is_complex(to) ? 2 : 1;
  dispatch(real_of(values.type), [&]<class From>(std::type_identity<From>) {
    dispatch(real_of(to), [&]<class To>(std::type_identity<To>) {
      if constexpr (std::is_arithmetic_v<From> && std::is_arithmetic_v<To>) {
        const auto* from = static_cast<const From*>(values.data);
        const std::int64_t wrong =
            fit_all(from, static_cast<To*>(result.data), values.size() * numbers, rule);
        if (wrong < 0) return;
        fail(ErrorKind::invalid_argument,
             function + ": the number " + text_of(from[wrong]) +
                 place_text(wrong / numbers, values.shape, {at.begin(), at.end()}) + " does not fit the " +
                 std::string(to_string(to)) + " of " + in_quotes(dataset) + " in " + in_quotes(path) +
                 "; write it with .overflow = OutOfRange::clip, or to a dataset of " +
                 std::string(to_string(values.type)));
      }
    });
  });
  return result;
}

}  // namespace weir::detail::array
