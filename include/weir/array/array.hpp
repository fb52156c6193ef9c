// Array: an n-dimensional array of chunks that is computed by all workers, and may be larger than any memory.
#pragma once

#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "weir/array/chunks.hpp"
#include "weir/client.hpp"
#include "weir/detail/array/literal.hpp"
#include "weir/detail/array/op.hpp"
#include "weir/detail/array/tensor.hpp"

namespace weir {

template <detail::array::Element T>
class Array;
template <detail::array::Element T>
class Selection;

struct WriteHdf5;

/// Several axes: a number, a list, or (default) all. Negative ones count from the last.
struct Axes {
  Axes() = default;
  /// One axis.
  template <std::integral Axis>
  Axes(Axis axis) : list{static_cast<std::int64_t>(axis)}, is_all(false) {}
  /// These axes, each once.
  Axes(std::initializer_list<std::int64_t> axes) : list(axes), is_all(false) {}
  /// These axes, each once.
  Axes(std::vector<std::int64_t> axes) : list(std::move(axes)), is_all(false) {}
  /// The axes, if they are not all.
  std::vector<std::int64_t> list{};
  /// Whether all axes are meant.
  bool is_all = true;
};

/// How a reduction is done: `x.mean({.axis = 1, .keepdims = true})`.
struct Reduce {
  Axes axis{};            ///< Folded axes; all by default.
  bool keepdims = false;  ///< Folded axes stay, with one element.
  double ddof = 0;        ///< var and std: divided by n - ddof.
  int split_every = 16;   ///< Partial results that one task of the tree merges.
};

/// A slice of an axis: `range(0, 10)`, `range(10)`, `range(0, nothing, 2)`, `range(nothing, nothing, -1)`;
/// NumPy's rules.
struct Range {
  /// First index; negative ones count from the end.
  std::optional<std::int64_t> start{};
  /// The index behind the last.
  std::optional<std::int64_t> stop{};
  /// Distance of neighbours, not 0; negative goes backwards.
  std::int64_t step = 1;
};
inline constexpr std::nullopt_t nothing = std::nullopt;
[[nodiscard]] inline Range range(std::optional<std::int64_t> stop) { return {std::nullopt, stop, 1}; }
[[nodiscard]] inline Range range(std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
                                 std::int64_t step = 1) {
  return {start, stop, step};
}
/// The whole axis, as an index.
struct WholeAxis {};
inline constexpr WholeAxis all{};
/// A new axis with one element, as an index.
struct NewAxis {};
inline constexpr NewAxis newaxis{};
/// All axes not named by other indices.
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};

namespace detail::array {

class Node;
using NodePtr = std::shared_ptr<const Node>;

/// One index of `x(...)`; a mask is a node of bools, a node of integers is an array of indices.
using Index =
    std::variant<std::int64_t, Range, WholeAxis, NewAxis, Ellipsis, std::vector<std::int64_t>, NodePtr>;
template <class I>
Index make_index(const I& index) {
  if constexpr (std::is_integral_v<I>) return static_cast<std::int64_t>(index);
  else if constexpr (requires { index.node(); }) return index.node();
  else return index;
}

// Makes what a function is put together from: wrong arguments are told in the name of the one that was
// called.
template <class F>
auto in_name_of(std::string_view function, F&& make) {
  try {
    return make();
  } catch (const TaskError&) {
    throw;  // says which task it was
  } catch (const Error& error) {
    const std::string text = error.what();
    const std::size_t rule = text.find(": ");
    throw Error(error.kind(), std::string(function) + (rule == text.npos ? ": " + text : text.substr(rule)));
  }
}

// What the typed calls are made of; `function` is named in errors.
[[nodiscard]] const Shape& shape_of(const NodePtr& node);
[[nodiscard]] const Chunks& chunks_of(const NodePtr& node);
[[nodiscard]] std::size_t tasks_of(const NodePtr& node);
[[nodiscard]] std::string describe(const NodePtr& node);
[[nodiscard]] NodePtr elementwise(Op op, DType compute, DType out, std::vector<NodePtr> inputs);
[[nodiscard]] NodePtr elementwise(Op op, DType compute, DType second, DType out, std::vector<NodePtr> inputs,
                                  std::array<std::uint64_t, 4> immediate);
/// Converted as by static_cast, where every number fits or may lose what does not.
[[nodiscard]] NodePtr cast(const NodePtr& node, DType to);
[[nodiscard]] NodePtr converted(const NodePtr& node, DType to, OutOfRange overflow);
/// Throws unless a node has elements of the type.
void check_type(const NodePtr& node, DType type);
[[nodiscard]] NodePtr scalar(DType type, const void* value);
[[nodiscard]] NodePtr rechunk(const NodePtr& node, const ChunkSpec& chunks);
[[nodiscard]] NodePtr index(const NodePtr& node, const std::vector<Index>& indices);
[[nodiscard]] NodePtr assign(const NodePtr& node, const NodePtr& value, const std::vector<Index>& indices);
[[nodiscard]] NodePtr persist(const NodePtr& node);
[[nodiscard]] std::vector<client::FutureRef> chunk_handles(const NodePtr& node);
template <class T>
[[nodiscard]] xt::xarray<T> compute(const NodePtr& node);

enum class Reduction : std::uint8_t {
  sum,
  prod,
  mean,
  var,
  std,
  min,
  max,
  argmin,
  argmax,
  any,
  all,
  count_nonzero,
  nansum,
  nanprod,
  nanmean,
  nanvar,
  nanstd,
  nanmin,
  nanmax
};
[[nodiscard]] NodePtr reduce(Reduction reduction, const NodePtr& node, const Reduce& how, DType out);

struct Later;
[[nodiscard]] const NodePtr& made(Later& later);
/// The description of an array, or how it is made: once, when somebody asks.
class Described {
 public:
  Described() = default;
  explicit Described(NodePtr node) : node_(std::move(node)) {}
  explicit Described(std::shared_ptr<Later> later) : later_(std::move(later)) {}
  [[nodiscard]] const NodePtr& node() const { return later_ ? made(*later_) : node_; }

 private:
  NodePtr node_;
  std::shared_ptr<Later> later_;
};
/// A part of an array, but what a mask selects is counted when somebody asks. **Errors.** As `index`, now.
[[nodiscard]] Described part_of(const NodePtr& node, const std::vector<Index>& indices);

}  // namespace detail::array

/// What `compute` gives: an `xt::xarray<T>` that is a plain number where one is wanted and there is one.
///
/// Where any type is taken, as by `printf` and templates, `item()` makes it the number.
template <class T>
class Computed : public xt::xarray<T> {
 public:
  Computed() = default;
  /// Takes the elements over.
  explicit Computed(xt::xarray<T>&& values) : xt::xarray<T>(std::move(values)) {}
  /// The only element. **Errors.** Throws `Error{invalid_argument}` if there is not exactly one.
  [[nodiscard]] T item() const {
    if (this->size() != 1)
      throw Error(ErrorKind::invalid_argument, "compute: an array must have 1 element to be a number (got " +
                                                   std::to_string(this->size()) + ")");
    return *this->data();
  }
  /// As `item()`.
  operator T() const { return item(); }
};

/// How `astype` treats what does not fit: `x.astype<std::uint8_t>({.overflow = OutOfRange::clip})`.
struct Conversion {
  OutOfRange overflow = OutOfRange::error;  ///< What becomes of numbers that the new type does not hold.
};

/// An n-dimensional array of chunks (each an `xt::xarray<T>`), described now and computed when asked.
///
/// Operations build a description; `compute`, `persist` and `to_hdf5` turn what is needed of it into tasks. A
/// chain of elementwise operations, slices and other views of the same elements becomes one task per chunk,
/// which never makes the intermediate arrays.
/// **Shape.** NumPy's broadcasting, promotion of types and indexing. An array of zero axes has one element.
/// **Threads.** Copies share an immutable description; any thread may use its copy.
/// **Cost.** Building costs microseconds and no memory for elements; a task costs about 10 microseconds.
/// **Source.** `dask.array.Array`; expressions are cut at chunk borders on demand instead of being unified to
/// common chunks, so that rechunking and overlapping need no tasks of their own.
template <detail::array::Element T>
class Array {
 public:
  /// Type of the elements.
  using value_type = T;

  /// Of nothing; only assignment is meaningful.
  Array() = default;
  /// From a description; for functions of the library.
  explicit Array(detail::array::NodePtr node) : described_(std::move(node)) {
    detail::array::check_type(described_.node(), dtype());
  }
  /// The same array.
  Array(const Array&) = default;
  /// The same array; the other one is empty.
  Array(Array&&) = default;
  ~Array() = default;
  /// Another array from now on; only of what has a name: `f(x) = y` would do nothing.
  Array& operator=(const Array&) & = default;
  /// The same; the other one is empty.
  Array& operator=(Array&&) & = default;

  /// Extents, one per axis.
  [[nodiscard]] const Shape& shape() const { return detail::array::shape_of(node()); }
  /// Extent of an axis. Throws `std::out_of_range` if there is no such axis.
  [[nodiscard]] std::int64_t shape(std::size_t axis) const {
    return detail::array::shape_of(node()).at(axis);
  }
  /// Number of axes.
  [[nodiscard]] std::size_t dimension() const { return shape().size(); }
  /// Number of elements.
  [[nodiscard]] std::int64_t size() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape()) n *= extent;
    return n;
  }
  /// Sizes of the chunks along every axis.
  [[nodiscard]] const Chunks& chunks() const { return detail::array::chunks_of(node()); }
  /// Number of chunks.
  [[nodiscard]] std::int64_t chunk_count() const {
    std::int64_t n = 1;
    for (const auto& sizes : chunks()) n *= static_cast<std::int64_t>(sizes.size());
    return n;
  }
  /// Bytes of all elements.
  [[nodiscard]] std::uint64_t bytes() const { return static_cast<std::uint64_t>(size()) * sizeof(T); }
  /// The element type as a value.
  [[nodiscard]] static constexpr detail::array::DType dtype() noexcept { return detail::array::dtype_of<T>; }
  /// Tasks that `compute` would submit.
  [[nodiscard]] std::size_t task_count() const { return detail::array::tasks_of(node()); }

  /// Computes everything and brings it here.
  ///
  /// **Errors.** Throws `TaskError` if a task failed. Throws `Error{closed}` outside `weir::run`. Throws
  /// `Error{invalid_argument}` before anything runs if there is not as much memory free here.
  /// **Cost.** The array is here once; chunks are let go of as they arrive.
  Computed<T> compute() const { return Computed<T>(detail::array::compute<T>(node())); }
  /// Computes an array of one element: `std::printf("%g\n", x.mean().item())`.
  ///
  /// **Errors.** As `compute`. Throws `Error{invalid_argument}` if there is not exactly one element.
  [[nodiscard]] T item() const {
    const Computed<T> all = compute();
    return detail::array::in_name_of("item", [&] { return all.item(); });
  }
  /// Starts computing; the chunks stay on the workers as long as a copy of the returned array lives.
  /// **Errors.** Throws `Error{closed}` outside `weir::run`; a task that fails is told where the array is
  /// used.
  [[nodiscard]] Array persist() const { return Array(detail::array::persist(node())); }
  /// Computes the array into an HDF5 file in the journal and returns what reads from it; another run finds it
  /// there, or goes on with the chunks that are missing. Without a journal as `persist()`. Include
  /// weir/array/hdf5.hpp.
  ///
  /// **Errors.** As `persist` and `to_hdf5` with `resume`; a task that fails fails this call. An array that
  /// is held by the workers counts by its elements, which are brought to the program.
  /// **Cost.** Returns when all is on the disk. The journal must be at the same path on every node.
  [[nodiscard]] Array persist(const cached& how) const;
  /// The chunks as futures, row-major; starts computing them if they are not persisted. **Errors.** As
  /// `persist`.
  [[nodiscard]] std::vector<Future<xt::xarray<T>>> futures() const {
    std::vector<Future<xt::xarray<T>>> all;
    for (detail::client::FutureRef& handle : detail::array::chunk_handles(node()))
      all.emplace_back(std::move(handle));
    return all;
  }
  /// Computes the array and writes it, by all workers. **Errors.** As `weir::to_hdf5` in weir/array/hdf5.hpp.
  void to_hdf5(const std::string& path, const std::string& dataset) const;
  /// The same with compression, attributes and chunks of the file. **Errors.** As there.
  void to_hdf5(const std::string& path, const std::string& dataset, const WriteHdf5& how) const;

  /// The same elements in other chunks.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` for chunks that do not fit the shape.
  /// **Cost.** No task of its own between threads; between processes one task for each part that travels.
  [[nodiscard]] Array rechunk(const ChunkSpec& chunks) const {
    return Array(detail::array::rechunk(node(), chunks));
  }
  /// Elements of another type; fractions are cut off, every other number but 0 is true.
  ///
  /// **Errors.** The task fails with the number and its index if the type does not hold it: 300 for `uint8`,
  /// NaN for integers, 1e300 for `float`, an imaginary part for real types. `{.overflow = OutOfRange::clip}`
  /// takes the nearest number instead. **Cost.** One more pass over what is in the cache, if the type may not
  /// hold a number.
  template <detail::array::Element U>
  [[nodiscard]] Array<U> astype(const Conversion& how = {}) const {
    return Array<U>(detail::array::converted(node(), detail::array::dtype_of<U>, how.overflow));
  }

  /// A part, by NumPy's indexing: integers, `range`, `all`, `newaxis`, `ellipsis`, lists of indices (a
  /// `std::vector<std::int64_t>` or an array of integers with any axes), masks (an `Array<bool>`). The part
  /// of an array that has a name can be set: `x(0) = 5`, `x(x < 0) = 0`, `x(range(0, 2)) += y`.
  ///
  /// **Shape.** An integer removes its axis. Several lists are broadcast together and taken element by
  /// element: `x(list, list)` is part of a diagonal; `x(list)(all, list)` is the outer product. Their axes
  /// stand where the first of them is, or in front if other indices are between them. A mask counts as the
  /// lists of where it is true (`nonzero`), one for each of its axes.
  /// **Errors.** Throws `Error{invalid_argument}`: index out of bounds (slices are clipped), too many
  /// indices, step 0, a mask of another shape, lists that cannot be broadcast together.
  /// **Cost.** None until computed, but for masks and arrays of indices: how many elements a mask selects is
  /// counted when something is asked of the part (setting it counts nothing), it or them kept; an array of
  /// indices, and a mask beside other lists, is computed now and must fit into the memory of this process.
  template <class... I>
  [[nodiscard]] Array operator()(const I&... indices) const& {
    return Array(detail::array::part_of(node(), {detail::array::make_index(indices)...}));
  }
  /// The same, where `=` sets the part. **Errors.** As there, and as `assign`.
  template <class... I>
  [[nodiscard]] Selection<T> operator()(const I&... indices) & {
    return Selection<T>(*this, {detail::array::make_index(indices)...});
  }
  /// Sets the elements of `x(indices...)`, to a number or an array that can be broadcast to their shape:
  /// `x.assign(0, range(0, 2), all)`, `x.assign(0, x < 0)`. Other copies keep the old elements.
  ///
  /// Of an element that is named more than once, the last value stays. An array as large as the whole and
  /// one mask: each element that is set becomes the one at its place.
  /// **Errors.** As of `x(...)`; throws `Error{invalid_argument}` if the array cannot be broadcast to the
  /// part.
  /// **Cost.** A number spares the counting of a mask.
  template <class... I>
  Array& assign(const Array& value, const I&... indices) {
    described_ = detail::array::Described(
        detail::array::assign(node(), value.node(), {detail::array::make_index(indices)...}));
    return *this;
  }
  /// The same for a number, converted to `T`. **Errors.** Also if `T` does not hold it.
  template <detail::array::Scalar S, class... I>
  Array& assign(S value, const I&... indices) {
    described_ = detail::array::Described(detail::array::assign(
        node(), detail::array::scalar_as("assign", dtype(), detail::array::literal(value)),
        {detail::array::make_index(indices)...}));
    return *this;
  }

  // Reductions. Integers add up in 64 bits, floating ones in double; results do not depend on the chunks but
  // for rounding. All throw `Error{invalid_argument}` if an axis is not there or named twice.
  /// Sum over axes. 0 for no elements. **Errors.** Throws `Error{invalid_argument}` if an axis is not there
  /// or named twice; a task fails so if a sum of integers does not fit into 64 bits, in whatever order they
  /// are: nothing wraps around. Of `astype<double>()` there is always one.
  [[nodiscard]] Array<detail::array::Summed<T>> sum(const Reduce& how = {}) const {
    return fold<detail::array::Summed<T>>(detail::array::Reduction::sum, how);
  }
  /// Product over axes. 1 for no elements. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::Summed<T>> prod(const Reduce& how = {}) const {
    return fold<detail::array::Summed<T>>(detail::array::Reduction::prod, how);
  }
  /// Mean over axes. NaN for no elements. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::Floating<T>> mean(const Reduce& how = {}) const {
    return fold<detail::array::Floating<T>>(detail::array::Reduction::mean, how);
  }
  /// Variance, by merging the moments of pieces: stable where the mean is large. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::RealOf<detail::array::Floating<T>>> var(const Reduce& how = {}) const {
    return fold<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::Reduction::var, how);
  }
  /// Standard deviation: the square root of `var`. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::RealOf<detail::array::Floating<T>>> std(const Reduce& how = {}) const {
    return fold<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::Reduction::std, how);
  }
  /// Smallest element; NaN if there is one. **Errors.** As `sum`; throws `Error{invalid_argument}` if there
  /// are no elements to choose from, `Error{unsupported}` for complex numbers.
  [[nodiscard]] Array min(const Reduce& how = {}) const {
    return fold<T>(detail::array::Reduction::min, how);
  }
  /// Largest element; NaN if there is one. **Errors.** As `min`.
  [[nodiscard]] Array max(const Reduce& how = {}) const {
    return fold<T>(detail::array::Reduction::max, how);
  }
  /// Index of the smallest element along one axis, or its row-major position; the first of equal ones.
  /// **Errors.** As `min`.
  [[nodiscard]] Array<std::int64_t> argmin(const Reduce& how = {}) const {
    return fold<std::int64_t>(detail::array::Reduction::argmin, how);
  }
  /// Index of the largest element, as `argmin`. **Errors.** As `min`.
  [[nodiscard]] Array<std::int64_t> argmax(const Reduce& how = {}) const {
    return fold<std::int64_t>(detail::array::Reduction::argmax, how);
  }
  /// Whether an element is not 0. False for no elements. **Errors.** As `sum`.
  [[nodiscard]] Array<bool> any(const Reduce& how = {}) const {
    return fold<bool>(detail::array::Reduction::any, how);
  }
  /// Whether no element is 0. True for no elements. **Errors.** As `sum`.
  [[nodiscard]] Array<bool> all(const Reduce& how = {}) const {
    return fold<bool>(detail::array::Reduction::all, how);
  }
  /// How many elements are not 0. **Errors.** As `sum`.
  [[nodiscard]] Array<std::int64_t> count_nonzero(const Reduce& how = {}) const {
    return fold<std::int64_t>(detail::array::Reduction::count_nonzero, how);
  }
  // The same without the elements that are NaN; NaN where there are no others.
  /// Sum of the elements that are not NaN. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::Summed<T>> nansum(const Reduce& how = {}) const {
    return fold<detail::array::Summed<T>>(detail::array::Reduction::nansum, how);
  }
  /// Product of the elements that are not NaN. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::Summed<T>> nanprod(const Reduce& how = {}) const {
    return fold<detail::array::Summed<T>>(detail::array::Reduction::nanprod, how);
  }
  /// Mean of the elements that are not NaN. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::Floating<T>> nanmean(const Reduce& how = {}) const {
    return fold<detail::array::Floating<T>>(detail::array::Reduction::nanmean, how);
  }
  /// Variance of the elements that are not NaN. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::RealOf<detail::array::Floating<T>>> nanvar(
      const Reduce& how = {}) const {
    return fold<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::Reduction::nanvar, how);
  }
  /// Standard deviation of the elements that are not NaN. **Errors.** As `sum`.
  [[nodiscard]] Array<detail::array::RealOf<detail::array::Floating<T>>> nanstd(
      const Reduce& how = {}) const {
    return fold<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::Reduction::nanstd, how);
  }
  /// Smallest element that is not NaN. **Errors.** As `min`.
  [[nodiscard]] Array nanmin(const Reduce& how = {}) const {
    return fold<T>(detail::array::Reduction::nanmin, how);
  }
  /// Largest element that is not NaN. **Errors.** As `min`.
  [[nodiscard]] Array nanmax(const Reduce& how = {}) const {
    return fold<T>(detail::array::Reduction::nanmax, how);
  }

  /// The description; for functions of the library.
  [[nodiscard]] const detail::array::NodePtr& node() const { return described_.node(); }

 protected:
  /// What a description describes; for functions of the library.
  explicit Array(detail::array::Described&& described) : described_(std::move(described)) {}

 private:
  template <class R>
  Array<R> fold(detail::array::Reduction reduction, const Reduce& how) const {
    return Array<R>(detail::array::reduce(reduction, node(), how, detail::array::dtype_of<R>));
  }
  detail::array::Described described_;
};

/// What `x(...)` is: an array, and while it has no name, what `=` sets a part of x by, and `+=`, `-=`, `*=`,
/// `/=`.
///
/// `auto y = x(0)` is an array of its own, which `y = z` and `y += z` do not set in x. An element that a list
/// names twice is added to once, as in NumPy.
template <detail::array::Element T>
class Selection : public Array<T> {
 public:
  /// A part of an array that outlives the expression.
  Selection(Array<T>& whole, std::vector<detail::array::Index> indices)
      : Array<T>(detail::array::part_of(whole.node(), indices)),
        whole_(&whole),
        indices_(std::move(indices)) {}
  /// The same part.
  Selection(const Selection&) = default;
  /// The same part; the other one is empty.
  Selection(Selection&&) = default;
  ~Selection() = default;
  /// Another array from now on; nothing is set in x.
  Selection& operator=(const Selection&) & = default;
  /// The same; the other one is empty.
  Selection& operator=(Selection&&) & = default;
  using Array<T>::operator=;

  /// Sets the part to a number. **Errors.** As `assign`.
  template <detail::array::Scalar S>
  Array<T>& operator=(S value) && {
    return set(detail::array::scalar_as("assign", Array<T>::dtype(), detail::array::literal(value)));
  }
  /// Sets the part to the elements of an array of the same type. **Errors.** As `assign`.
  Array<T>& operator=(const Array<T>& value) && { return set(value.node()); }
  /// The same.
  Array<T>& operator=(const Selection& value) && { return set(value.node()); }

 private:
  Array<T>& set(const detail::array::NodePtr& value) {
    return *whole_ = Array<T>(detail::array::assign(whole_->node(), value, indices_));
  }
  Array<T>* whole_;
  std::vector<detail::array::Index> indices_;
};

/// `Array<float64> (1000, 1000) in chunks ((256 x 3, 232), (512, 488)), 8 MB, 8 tasks`.
template <class T>
std::ostream& operator<<(std::ostream& out, const Array<T>& x) {
  return out << detail::array::describe(x.node());
}

namespace detail::array {
extern template xt::xarray<bool> compute(const NodePtr&);
extern template xt::xarray<std::int8_t> compute(const NodePtr&);
extern template xt::xarray<std::int16_t> compute(const NodePtr&);
extern template xt::xarray<std::int32_t> compute(const NodePtr&);
extern template xt::xarray<std::int64_t> compute(const NodePtr&);
extern template xt::xarray<std::uint8_t> compute(const NodePtr&);
extern template xt::xarray<std::uint16_t> compute(const NodePtr&);
extern template xt::xarray<std::uint32_t> compute(const NodePtr&);
extern template xt::xarray<std::uint64_t> compute(const NodePtr&);
extern template xt::xarray<float> compute(const NodePtr&);
extern template xt::xarray<double> compute(const NodePtr&);
extern template xt::xarray<std::complex<float>> compute(const NodePtr&);
extern template xt::xarray<std::complex<double>> compute(const NodePtr&);
}  // namespace detail::array

}  // namespace weir
