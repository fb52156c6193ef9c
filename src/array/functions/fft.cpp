// Fourier transforms by FFTW.
#include "weir/array/fft.hpp"

#include <fftw3.h>

#include <algorithm>
#include <climits>
#include <complex>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>

#include "array/graph/views.hpp"
#include "array/interpret/code.hpp"
#include "array/kernels/lines.hpp"

namespace weir::detail::array {

namespace {

// Making a plan is not safe for threads; carrying it out is.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

// The two precisions under one name.
template <class R>
struct Fftw;
template <>
struct Fftw<double> {
  using Plan = fftw_plan;
  using Complex = fftw_complex;
  static constexpr auto forth_and_back = &fftw_plan_many_dft;
  static constexpr auto real = &fftw_plan_many_dft_r2c;
  static constexpr auto real_inverse = &fftw_plan_many_dft_c2r;
  static constexpr auto execute = &fftw_execute_dft;
  static constexpr auto execute_real = &fftw_execute_dft_r2c;
  static constexpr auto execute_inverse = &fftw_execute_dft_c2r;
  static constexpr auto destroy = &fftw_destroy_plan;
};
template <>
struct Fftw<float> {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static constexpr auto forth_and_back = &fftwf_plan_many_dft;
  static constexpr auto real = &fftwf_plan_many_dft_r2c;
  static constexpr auto real_inverse = &fftwf_plan_many_dft_c2r;
  static constexpr auto execute = &fftwf_execute_dft;
  static constexpr auto execute_real = &fftwf_execute_dft_r2c;
  static constexpr auto execute_inverse = &fftwf_execute_dft_c2r;
  static constexpr auto destroy = &fftwf_destroy_plan;
};

// `lines` that begin `in_next` and `out_next` elements apart, each with its elements `step` apart.
struct Layout {
  int n = 0, lines = 0, step = 0, in_next = 0, out_next = 0;
};

template <class R>
class Plan {
 public:
  using F = Fftw<R>;
  using C = typename F::Complex;
  Plan(Transform kind, const Layout& how, void* in, void* out) : kind_(kind) {
    const std::lock_guard hold(planner());
    const auto [n, lines, step, in_next, out_next] = how;
    if (kind == Transform::real)
      plan_ = F::real(1, &n, lines, static_cast<R*>(in), nullptr, step, in_next, static_cast<C*>(out),
                      nullptr, step, out_next, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    else if (kind == Transform::real_inverse)
      plan_ = F::real_inverse(1, &n, lines, static_cast<C*>(in), nullptr, step, in_next, static_cast<R*>(out),
                              nullptr, step, out_next, FFTW_ESTIMATE);
    else
      plan_ = F::forth_and_back(1, &n, lines, static_cast<C*>(in), nullptr, step, in_next,
                                static_cast<C*>(out), nullptr, step, out_next,
                                kind == Transform::forward ? FFTW_FORWARD : FFTW_BACKWARD, FFTW_ESTIMATE);
    if (!plan_)
      throw Error(ErrorKind::internal, "fft: FFTW has no plan for " + std::to_string(n) + " elements");
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan() {
    const std::lock_guard hold(planner());
    F::destroy(plan_);
  }
  /// The memory must be aligned as that which the plan was made for.
  void carry_out(void* in, void* out) const {
    if (kind_ == Transform::real) F::execute_real(plan_, static_cast<R*>(in), static_cast<C*>(out));
    else if (kind_ == Transform::real_inverse)
      F::execute_inverse(plan_, static_cast<C*>(in), static_cast<R*>(out));
    else F::execute(plan_, static_cast<C*>(in), static_cast<C*>(out));
  }

 private:
  Transform kind_;
  typename F::Plan plan_ = nullptr;
};

template <class R>
void transform(Transform kind, const Tensor& in, const Tensor& out, std::size_t axis) {
  const auto [before, along, after] = Lines(in.shape, axis);
  const bool real_out = kind == Transform::real_inverse;
  const int n = static_cast<int>(real_out || kind != Transform::real ? out.shape[axis] : along);
  // Lines that lie side by side are transformed together, and all of them if each lies together.
  const bool together = after == 1 && before <= INT_MAX;
  const int lines = static_cast<int>(together ? before : after), step = static_cast<int>(after),
            in_next = together ? static_cast<int>(along) : 1,
            out_next = together ? static_cast<int>(out.shape[axis]) : 1;
  // c2r destroys its input, so a copy is transformed.
  std::vector<std::complex<R>> copy;
  if (real_out) copy.assign(in.as<std::complex<R>>(), in.as<std::complex<R>>() + in.size());
  auto* from = static_cast<std::byte*>(real_out ? copy.data() : in.data);
  auto* to = static_cast<std::byte*>(out.data);
  for (std::int64_t b = 0; b < (together ? 1 : before); ++b) {
    Plan<R>(kind, {n, lines, step, in_next, out_next}, from, to).carry_out(from, to);
    from += static_cast<std::size_t>(in.shape[axis] * after) * size_of(in.type);
    to += static_cast<std::size_t>(out.shape[axis] * after) * size_of(out.type);
  }
}

// Lines that do not lie together, or whose transform destroys them, are copied some at a time, and are in the
// cache when they are transformed, and when they are divided by `divisor`.
template <class R, class In, class Out>
void transform_near(Transform kind, const Tensor& in, const Tensor& out, std::size_t axis, R divisor) {
  constexpr std::int64_t near_bytes = 256 * 1024, columns = 8,
                         apart = 4;  // not all lines in the same places
  const auto [before, n_in, after] = Lines(in.shape, axis);
  const std::int64_t n_out = out.shape[axis], n = kind == Transform::real ? n_in : n_out,
                     in_next = n_in + apart, out_next = n_out + apart,
                     most =
                         std::clamp<std::int64_t>(near_bytes / (n * static_cast<std::int64_t>(2 * sizeof(R))),
                                                  1, after == 1 ? before : std::min(after, columns));
  const auto from = std::make_unique_for_overwrite<In[]>(static_cast<std::size_t>(most * in_next));
  const auto to = std::make_unique_for_overwrite<Out[]>(static_cast<std::size_t>(most * out_next));
  std::optional<Plan<R>> plan;
  std::int64_t planned = 0;
  for (std::int64_t line = 0, count; line < before * after; line += count) {
    const std::int64_t b = line / after, c = line % after;
    count = std::min(most, after == 1 ? before - line : after - c);
    const In* x = in.as<In>() + b * n_in * after + c;
    Out* y = out.as<Out>() + b * n_out * after + c;
    if (after == 1) {
      for (std::int64_t k = 0; k < count; ++k) std::copy_n(x + k * n_in, n_in, from.get() + k * in_next);
    } else {
      for (std::int64_t i = 0; i < n_in; ++i)
        for (std::int64_t k = 0; k < count; ++k)
          from[static_cast<std::size_t>(k * in_next + i)] = x[i * after + k];
    }
    if (count != planned)
      plan.emplace(kind,
                   Layout{static_cast<int>(n), static_cast<int>(count), 1, static_cast<int>(in_next),
                          static_cast<int>(out_next)},
                   from.get(), to.get());
    planned = count;
    plan->carry_out(from.get(), to.get());
    const Out* z = to.get();
    if (after == 1) {
      for (std::int64_t k = 0; k < count; ++k)
        for (std::int64_t i = 0; i < n_out; ++i) y[k * n_out + i] = z[k * out_next + i] / divisor;
    } else {
      for (std::int64_t i = 0; i < n_out; ++i)
        for (std::int64_t k = 0; k < count; ++k) y[i * after + k] = z[k * out_next + i] / divisor;
    }
  }
}
// Whether it was done so: longer lines leave the cache either way.
template <class R>
bool transformed_near(Transform kind, const Tensor& in, const Tensor& out, std::size_t axis) {
  constexpr std::int64_t worth_it = 32 * 1024;
  const bool together = axis + 1 == in.shape.size(), is_back = kind == Transform::real_inverse;
  if ((together && !is_back) || std::max(in.shape[axis], out.shape[axis]) > worth_it) return false;
  const R divisor = is_back || kind == Transform::inverse ? static_cast<R>(out.shape[axis]) : R(1);
  using C = std::complex<R>;
  if (is_back) transform_near<R, C, R>(kind, in, out, axis, divisor);
  else if (kind == Transform::real) transform_near<R, R, C>(kind, in, out, axis, divisor);
  else transform_near<R, C, C>(kind, in, out, axis, divisor);
  return true;
}

void divide_by(std::int64_t n, const Tensor& out) {
  const auto divide = [n]<class R>(R* numbers, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) numbers[i] /= static_cast<R>(n);
  };
  const std::int64_t count = is_complex(out.type) ? 2 * out.size() : out.size();
  if (real_of(out.type) == DType::float32) divide(static_cast<float*>(out.data), count);
  else divide(static_cast<double*>(out.data), count);
}

// Lines of another type are converted some at a time, and are in the cache when they are transformed.
template <class R>
void transform_converted(Transform kind, const Tensor& in, const Tensor& out) {
  constexpr std::int64_t near_bytes = 256 * 1024;
  const std::int64_t n = out.shape[out.shape.size() - 1], lines = out.size() / n;
  Code convert;
  convert.op = Op::cast;
  convert.in = in.type;
  convert.out = out.type;
  const ElementKernel kernel = element_kernel(convert);
  const std::int64_t some = std::clamp<std::int64_t>(
      near_bytes / (n * static_cast<std::int64_t>(sizeof(std::complex<R>))), 1, lines);
  const Tensor near = make_tensor(out.type, Dims{some, n});
  std::optional<Plan<R>> plan;
  std::int64_t planned = 0;
  for (std::int64_t line = 0; line < lines; line += some) {
    const std::int64_t count = std::min(some, lines - line);
    auto* to = out.as<std::complex<R>>() + line * n;
    kernel(static_cast<const std::byte*>(in.data) + static_cast<std::size_t>(line * n) * size_of(in.type),
           nullptr, nullptr, near.data, static_cast<std::size_t>(count * n), convert);
    // A plan is for one alignment of its memory.
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(to) % 64 == 0;
    if (count != planned || !is_aligned) {
      const int length = static_cast<int>(n);
      plan.emplace(kind, Layout{length, static_cast<int>(count), 1, length, length}, near.data, to);
      planned = is_aligned ? count : 0;
    }
    plan->carry_out(near.data, to);
  }
}

task::Value transform_chunk(Reader& parameters, std::span<const Tensor> operands) {
  Transform kind{};
  std::int64_t axis = 0, length = 0;
  DType type{};
  read(parameters, kind);
  read(parameters, axis);
  read(parameters, length);
  read(parameters, type);
  Dims shape = operands[0].shape;
  shape[static_cast<std::size_t>(axis)] = length;
  const Tensor out = make_tensor(type, shape);
  if (out.size() == 0) return out.value;
  const bool is_float = real_of(type) == DType::float32;
  const Tensor& in = operands[0];
  const auto a = static_cast<std::size_t>(axis);
  if (kind != Transform::real && !is_complex(in.type)) {
    if (is_float) transform_converted<float>(kind, in, out);
    else transform_converted<double>(kind, in, out);
  } else if (is_float ? transformed_near<float>(kind, in, out, a)
                      : transformed_near<double>(kind, in, out, a)) {
    return out.value;
  } else if (is_float) {
    transform<float>(kind, in, out, a);
  } else {
    transform<double>(kind, in, out, a);
  }
  if (kind == Transform::inverse || kind == Transform::real_inverse) divide_by(length, out);
  return out.value;
}

// An axis cut, or with zeros behind it.
NodePtr of_length(std::string_view function, const NodePtr& x, std::size_t axis, std::int64_t length) {
  Shape shape = x->grid.shape;
  const std::int64_t n = shape[axis];
  if (length == n) return x;
  std::vector<Index> part(axis, Index(WholeAxis{}));
  part.push_back(Range{0, length, 1});
  if (length < n) return array::index(x, part);
  shape[axis] = length - n;
  return concatenated({x, broadcast(function, scalar_as(function, x->type, std::int64_t{0}), shape)}, axis);
}

}  // namespace

namespace {

constexpr std::int64_t worth_converting = 128 * 1024;  // longer lines leave the cache anyway

}  // namespace

NodePtr fft(Transform kind, const NodePtr& input, std::int64_t axis, std::int64_t length, DType out) {
  constexpr std::string_view names[] = {"fft", "ifft", "rfft", "irfft"};
  const std::string_view name = names[static_cast<std::size_t>(kind)];
  const std::size_t a = axis_of(name, axis, shape_of(input).size());
  const std::int64_t n = input->grid.shape[a];
  if (n < 1)
    refuse(name, "the axis must have at least 1 element (got " + weir::to_text(input->grid.shape) + ")");
  const bool back = kind == Transform::real_inverse;
  if (length == -1) length = back ? 2 * (n - 1) : n;
  if (length < 1) refuse(name, "the length must be at least 1 (got " + std::to_string(length) + ")");
  const std::int64_t terms = length / 2 + 1;
  const NodePtr x = of_length(name, input, a, back ? terms : length);
  const std::int64_t count = kind == Transform::real ? terms : length;
  const DType in = kind == Transform::real          ? real_of(out)
                   : real_of(out) == DType::float32 ? DType::complex64
                                                    : DType::complex128;
  Chunks chunks = x->grid.chunks;
  chunks[a] = {x->grid.shape[a]};
  // Real numbers along the last axis are converted line by line where they are transformed.
  const bool converts = kind != Transform::real && !back && !is_complex(x->type) && a + 1 == chunks.size() &&
                        length <= worth_converting;
  const NodePtr whole = rechunk(converts ? x : cast(x, in), ChunkSpec(chunks));
  chunks[a] = {count};
  const auto plan = [whole, kind, a, count, out](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&transform_chunk, {task.need_chunk(*whole, chunk)}, kind, static_cast<std::int64_t>(a), count,
                out);
  };
  return std::make_shared<TaskNode>(std::string(name), out, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{whole}, plan);
}

NodePtr fftn(Transform kind, const NodePtr& input, const Axes& axes, const std::vector<std::int64_t>& lengths,
             DType out) {
  std::vector<std::int64_t> list = axes.list;
  if (axes.is_all) list.resize(shape_of(input).size()), std::iota(list.begin(), list.end(), std::int64_t{0});
  if (!lengths.empty() && lengths.size() != list.size())
    refuse(kind == Transform::forward ? "fftn" : "ifftn", "a length must be given for each axis (got " +
                                                              std::to_string(lengths.size()) + " for " +
                                                              std::to_string(list.size()) + ")");
  NodePtr x = cast((void(shape_of(input)), input), out);
  return in_name_of(kind == Transform::forward ? "fftn" : "ifftn", [&] {
    for (std::size_t i = 0; i < list.size(); ++i)
      x = fft(kind, x, list[i], lengths.empty() ? -1 : lengths[i], out);
    return x;
  });
}

NodePtr fftshift(const NodePtr& input, const Axes& axes, bool to_middle) {
  const AxisFlags shifted = named_axes(to_middle ? "fftshift" : "ifftshift", axes, shape_of(input).size());
  NodePtr x = input;
  for (std::size_t a = 0; a < shifted.size(); ++a) {
    const std::int64_t by = shape_of(x)[a] / 2;
    if (shifted[a]) x = roll(x, to_middle ? by : -by, static_cast<std::int64_t>(a));
  }
  return x;
}

}  // namespace weir::detail::array
