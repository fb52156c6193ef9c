// Fourier transforms by FFTW.
#include "weir/array/fft.hpp"

#include <fftw3.h>

#include <mutex>

#include "array/graph/nodes.hpp"

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
  const int lines = static_cast<int>(after), step = static_cast<int>(after);
  // c2r destroys its input, so a copy is transformed.
  std::vector<std::complex<R>> copy;
  if (real_out) copy.assign(in.as<std::complex<R>>(), in.as<std::complex<R>>() + in.size());
  for (std::int64_t b = 0; b < before; ++b) {
    const std::int64_t from = b * in.shape[axis] * after, to = b * out.shape[axis] * after;
    typename F::Plan plan;
    {
      const std::lock_guard hold(planner());
      if (kind == Transform::real)
        plan = F::real(1, &n, lines, in.as<R>() + from, nullptr, step, 1,
                       reinterpret_cast<C*>(out.as<std::complex<R>>() + to), nullptr, step, 1,
                       FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
      else if (real_out)
        plan = F::real_inverse(1, &n, lines, reinterpret_cast<C*>(copy.data() + from), nullptr, step, 1,
                               out.as<R>() + to, nullptr, step, 1, FFTW_ESTIMATE);
      else
        plan = F::forth_and_back(1, &n, lines, reinterpret_cast<C*>(in.as<std::complex<R>>() + from), nullptr,
                                 step, 1, reinterpret_cast<C*>(out.as<std::complex<R>>() + to), nullptr, step,
                                 1, kind == Transform::forward ? FFTW_FORWARD : FFTW_BACKWARD, FFTW_ESTIMATE);
    }
    if (!plan)
      throw Error(ErrorKind::internal, "fft: FFTW has no plan for " + std::to_string(n) + " elements");
    F::execute(plan);
    const std::lock_guard hold(planner());
    F::destroy(plan);
  }
  if (kind == Transform::inverse)
    for (std::int64_t i = 0; i < out.size(); ++i) out.as<std::complex<R>>()[i] /= static_cast<R>(n);
  if (real_out)
    for (std::int64_t i = 0; i < out.size(); ++i) out.as<R>()[i] /= static_cast<R>(n);
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

}  // namespace

NodePtr fft(Transform kind, const NodePtr& given, std::int64_t axis, std::int64_t length, DType out) {
  constexpr std::string_view names[] = {"fft", "ifft", "rfft", "irfft"};
  const std::string_view name = names[static_cast<std::size_t>(kind)];
  const std::size_t a = axis_of(name, axis, shape_of(given).size());
  const std::int64_t n = given->grid.shape[a];
  if (n < 1)
    refuse(name, "the axis must have at least 1 element (got " + weir::to_text(given->grid.shape) + ")");
  std::int64_t count = n;
  if (kind == Transform::real) count = n / 2 + 1;
  if (kind == Transform::real_inverse) {
    count = length < 0 ? 2 * (n - 1) : length;
    if (count < 1 || count / 2 + 1 != n)
      refuse(name, "the length must be " + std::to_string(2 * n - 2) + " or " + std::to_string(2 * n - 1) +
                       " for " + std::to_string(n) + " terms (got " + std::to_string(count) + ")");
  }
  const DType in = kind == Transform::real          ? real_of(out)
                   : real_of(out) == DType::float32 ? DType::complex64
                                                    : DType::complex128;
  Chunks chunks = given->grid.chunks;
  chunks[a] = {n};
  const NodePtr x = rechunk(cast(given, in), ChunkSpec(chunks));
  chunks[a] = {count};
  const auto plan = [x, kind, a, count, out](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&transform_chunk, {task.need_chunk(*x, chunk)}, kind, static_cast<std::int64_t>(a), count,
                out);
  };
  return std::make_shared<TaskNode>(std::string(name), out, Grid(std::move(chunks)), std::vector<NodePtr>{x},
                                    plan);
}

}  // namespace weir::detail::array
