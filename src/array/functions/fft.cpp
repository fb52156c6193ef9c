// Fourier transforms by FFTW.
#include "weir/array/fft.hpp"

#include <fftw3.h>

#include <climits>
#include <mutex>
#include <numeric>

#include "array/graph/views.hpp"

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
  static constexpr auto execute = &fftw_execute;
  static constexpr auto destroy = &fftw_destroy_plan;
};
template <>
struct Fftw<float> {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static constexpr auto forth_and_back = &fftwf_plan_many_dft;
  static constexpr auto real = &fftwf_plan_many_dft_r2c;
  static constexpr auto real_inverse = &fftwf_plan_many_dft_c2r;
  static constexpr auto execute = &fftwf_execute;
  static constexpr auto destroy = &fftwf_destroy_plan;
};

template <class R>
void transform(Transform kind, const Tensor& in, const Tensor& out, std::size_t axis) {
  using F = Fftw<R>;
  using C = typename F::Complex;
  std::int64_t before = 1, after = 1;
  for (std::size_t a = 0; a < in.shape.size(); ++a)
    if (a != axis) (a < axis ? before : after) *= in.shape[a];
  const bool real_out = kind == Transform::real_inverse;
  const int n = static_cast<int>(real_out || kind != Transform::real ? out.shape[axis] : in.shape[axis]);
  // Lines that lie side by side are transformed together, and all of them if each lies together.
  const bool together = after == 1 && before <= INT_MAX;
  const int lines = static_cast<int>(together ? before : after), step = static_cast<int>(after),
            in_next = together ? static_cast<int>(in.shape[axis]) : 1,
            out_next = together ? static_cast<int>(out.shape[axis]) : 1;
  // c2r destroys its input, so a copy is transformed.
  std::vector<std::complex<R>> copy;
  if (real_out) copy.assign(in.as<std::complex<R>>(), in.as<std::complex<R>>() + in.size());
  for (std::int64_t b = 0; b < (together ? 1 : before); ++b) {
    const std::int64_t from = b * in.shape[axis] * after, to = b * out.shape[axis] * after;
    typename F::Plan plan;
    {
      const std::lock_guard hold(planner());
      if (kind == Transform::real)
        plan = F::real(1, &n, lines, in.as<R>() + from, nullptr, step, in_next,
                       reinterpret_cast<C*>(out.as<std::complex<R>>() + to), nullptr, step, out_next,
                       FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
      else if (real_out)
        plan = F::real_inverse(1, &n, lines, reinterpret_cast<C*>(copy.data() + from), nullptr, step, in_next,
                               out.as<R>() + to, nullptr, step, out_next, FFTW_ESTIMATE);
      else
        plan = F::forth_and_back(1, &n, lines, reinterpret_cast<C*>(in.as<std::complex<R>>() + from), nullptr,
                                 step, in_next, reinterpret_cast<C*>(out.as<std::complex<R>>() + to), nullptr,
                                 step, out_next, kind == Transform::forward ? FFTW_FORWARD : FFTW_BACKWARD,
                                 FFTW_ESTIMATE);
    }
    if (!plan)
      throw Error(ErrorKind::internal, "fft: FFTW has no plan for " + std::to_string(n) + " elements");
    F::execute(plan);
    const std::lock_guard hold(planner());
    F::destroy(plan);
  }
  if (kind == Transform::inverse || real_out) {
    const std::int64_t numbers = real_out ? out.size() : 2 * out.size();
    for (std::int64_t i = 0; i < numbers; ++i) out.as<R>()[i] /= static_cast<R>(n);
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
  if (real_of(type) == DType::float32)
    transform<float>(kind, operands[0], out, static_cast<std::size_t>(axis));
  else transform<double>(kind, operands[0], out, static_cast<std::size_t>(axis));
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
  const NodePtr whole = rechunk(cast(x, in), ChunkSpec(chunks));
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

NodePtr fftshift(const NodePtr& x, std::int64_t axis, bool to_middle) {
  const std::size_t a = axis_of(to_middle ? "fftshift" : "ifftshift", axis, shape_of(x).size());
  const std::int64_t by = x->grid.shape[a] / 2;
  return roll(x, to_middle ? by : -by, static_cast<std::int64_t>(a));
}

}  // namespace weir::detail::array
