// The code of one task over chunks: what travels to the worker and is interpreted there.
#pragma once

#include <string>
#include <vector>

#include "weir/detail/array/op.hpp"
#include "weir/detail/array/tensor.hpp"

namespace weir::detail::array {

/// How a step's elements are folded into its destination instead of being stored.
enum class Fold : std::uint8_t {
  store,
  sum,
  product,
  minimum,
  maximum,
  nan_minimum,
  nan_maximum,
  any,
  all,
  count,
  exact_sum,      ///< Of integers whose sum may leave 64 bits: `ExactSum`.
  exact_product,  ///< `ExactProduct`.
  moments,
  nan_moments,
  arg_minimum,
  arg_maximum,
  nan_sum,      ///< Of what is a number.
  nan_product,  ///< The same.
  nan_total     ///< The sum of what is a number, and how many there are.
};

/// One instruction; it writes the register that has its number.
struct Code {
  Op op = Op::load;
  DType in = DType::float64;      ///< Type of the inputs.
  DType out = DType::float64;     ///< Type of the register.
  DType second = DType::float64;  ///< Comparisons: type of the second input.
  std::uint16_t a = 0, b = 0, c = 0;
  std::uint32_t operand = 0;  ///< load: where from
  std::uint32_t steps =
      0;  ///< load, iota: place in the pool of one step per axis of the loop, in elements (and checked_cast)
  std::int64_t offset = 0;                   ///< load, iota: first element
  std::array<std::uint64_t, 4> immediate{};  ///< load of a part: first element and steps where it was cut
};

/// Evaluates the instructions at every point of a box and stores or folds the last register.
struct Step {
  std::uint32_t shape = 0, axes = 0;  ///< The box, in the pool.
  std::uint32_t begin = 0, end = 0;   ///< Instructions.
  std::uint32_t destination = 0;      ///< Operand.
  std::uint32_t steps = 0;            ///< Of the destination, in the pool; 0 along folded axes.
  std::int64_t offset = 0;
  std::int64_t plane = 0;         ///< Distance between the planes of a fold with several results.
  std::uint32_t index_steps = 0;  ///< arg folds: steps of the index that is kept, in the pool.
  std::int64_t index_offset = 0;
  Fold fold = Fold::store;
};

/// A chunk the steps work on.
struct Operand {
  enum class Kind : std::uint8_t { input, part, temporary, file } kind = Kind::input;
  DType type = DType::float64;
  Fold initial = Fold::store;         ///< temporary: filled with what folding starts from.
  bool any_size = false;              ///< input: has other extents than `shape` says.
  std::uint32_t index = 0;            ///< input, part: which input; file: which.
  std::uint32_t shape = 0, axes = 0;  ///< In the pool.
  std::uint32_t start = 0;            ///< file: first element of the region, in the pool.
};

/// A dataset of a file, and how it is read.
struct FileName {
  std::string path, dataset;
  std::string member{};  ///< Of compounds: which of their members.
  OutOfRange overflow = OutOfRange::error;
  bool fill_missing = false;  ///< Sources of a virtual dataset that are not there.
  bool growing = false;       ///< Read while it is being written.
  std::string named{};        ///< What the user calls the file, for errors.
  std::string key{};          ///< Of a file that is in the journal: what its elements are known by.
  friend bool operator==(const FileName&, const FileName&) = default;
};

/// One task.
struct TaskCode {
  std::vector<Operand> operands;
  std::vector<Step> steps;
  std::vector<Code> code;
  std::vector<std::int64_t> pool;
  std::vector<FileName> files;
  std::uint64_t kernel = 0;  ///< 0: the result is operand `kernel_operands[0]`.
  std::vector<std::uint32_t> kernel_operands;
  Buffer parameters;

  void clear() {
    operands.clear();
    steps.clear();
    code.clear();
    pool.clear();
    files.clear();
    kernel = 0;
    kernel_operands.clear();
    parameters.clear();
  }
};

/// An element that the type it is converted to does not hold: which of those a kernel was given.
struct Misfit {
  std::size_t index = 0;
  std::string value;
  std::string_view type;
};

/// Computes one elementwise operation on `count` elements.
using ElementKernel = void (*)(const void* a, const void* b, const void* c, void* out, std::size_t count,
                               const Code& code);
[[nodiscard]] ElementKernel element_kernel(const Code& code);
ElementKernel arithmetic_kernel(Op op, DType type);
ElementKernel compare_kernel(Op op, DType type, DType second);
ElementKernel math_kernel(Op op, DType type);
ElementKernel cast_kernel(Op op, DType from, DType to);
ElementKernel random_kernel(const Code& code);

/// Folds `count` elements into one (`step` 0) or into as many, or each `group` of them into one; see
/// `fold_kernel`.
struct FoldTarget {
  std::byte* at = nullptr;  ///< First accumulator.
  std::int64_t step = 0;    ///< 0 or any distance in elements.
  std::int64_t group = 1;   ///< Neighbours that have one accumulator; more than 1 only if `folds_groups`.
  std::int64_t plane = 0;   ///< Distance between planes, in elements.
  std::int64_t index = 0;   ///< arg: index of the first element.
  std::int64_t index_step = 0;
};
using FoldKernel = void (*)(const void* data, std::size_t count, const FoldTarget& target);
[[nodiscard]] FoldKernel fold_kernel(Fold fold, DType type);
/// Adds the products of two rows of float64 or float32 to one sum: the bits of `fold_kernel(Fold::sum)` of
/// them.
void fold_products(DType type, const void* x, const void* y, std::size_t count, double* sum);
/// Whether kernels of this fold know groups.
[[nodiscard]] inline bool folds_groups(Fold fold) {
  return (fold >= Fold::sum && fold <= Fold::all) || fold == Fold::nan_sum || fold == Fold::nan_product;
}
/// Whether it keeps where an element is.
[[nodiscard]] inline bool is_arg(Fold fold) { return fold == Fold::arg_minimum || fold == Fold::arg_maximum; }
[[nodiscard]] inline bool is_exact(Fold fold) {
  return fold == Fold::exact_sum || fold == Fold::exact_product;
}
/// Type of the accumulators, and how many planes of them there are.
[[nodiscard]] DType fold_type(Fold fold, DType type);
[[nodiscard]] inline int fold_planes(Fold fold) {
  if (fold == Fold::moments || fold == Fold::nan_moments) return 3;
  return is_exact(fold) || is_arg(fold) || fold == Fold::nan_total ? 2 : 1;
}
/// Fills accumulators with what folding starts from.
void fold_start(Fold fold, const Tensor& accumulators);

/// Sets ends[0] to the smallest of itself and the elements, ends[1] to the largest, in one pass; NaN if there
/// is one. Ends are of the type of the elements, which must have an order.
void find_ends(const Tensor& x, void* ends);

/// Reads a box of a dataset into a chunk of the same shape.
void read_file(const FileName& file, const Dims& start, const Tensor& out);

/// Carries the code out. Where a look takes the place of a copy, the code is changed.
[[nodiscard]] task::Value run_code(TaskCode& task, std::span<const task::Value> inputs);
/// What a worker calls: reads the code and carries it out.
[[nodiscard]] task::Value run_task(Reader& arguments, std::span<const task::Value> inputs);

}  // namespace weir::detail::array
