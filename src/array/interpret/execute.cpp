// Carries the code of a task out: every step in pieces that stay in the cache.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "array/interpret/code.hpp"
#include "array/interpret/part.hpp"
#include "array/interpret/step.hpp"
#include "array/interpret/suited.hpp"
#include "weir/array/chunks.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::array {

namespace {

// A piece is so many elements at most; fewer where registers are in use, which must stay in the fastest cache
// together with what is read and written.
constexpr std::int64_t largest_piece = 2048, smallest_piece = 128;
constexpr std::size_t near_bytes = 20 * 1024;
constexpr std::size_t widest = 16;  // bytes of an element
constexpr int most_axes = 64;

// A step's loop after axes of extent 1 are dropped and neighbours that are contiguous in everything are
// merged.
struct Loop {
  int axes = 0;
  std::int64_t shape[most_axes];
  [[nodiscard]] std::int64_t rows() const {
    std::int64_t n = 1;
    for (int a = 0; a + 1 < axes; ++a) n *= shape[a];
    return n;
  }
};
using Steps = Dims;  // one per axis of the loop

std::int64_t row_offset(const Loop& loop, const std::int64_t* steps, std::int64_t row) {
  std::int64_t offset = 0;
  for (int a = loop.axes - 2; a > 0; --a) {
    offset += row % loop.shape[a] * steps[a];
    row /= loop.shape[a];
  }
  return loop.axes > 1 ? offset + row * steps[0] : 0;
}

// Walks the rows of a loop from a given one, keeping the offset of one operand.
class Rows {
 public:
  Rows(const Loop& loop, const std::int64_t* steps, std::int64_t row) : loop_(loop), steps_(steps) {
    for (int a = loop.axes - 2; a >= 0; --a) {
      at_[a] = row % loop.shape[a];
      row /= loop.shape[a];
      offset += at_[a] * steps[a];
    }
  }
  void next() {
    for (int a = loop_.axes - 2; a >= 0; --a) {
      offset += steps_[a];
      if (++at_[a] < loop_.shape[a]) return;
      offset -= loop_.shape[a] * steps_[a];
      at_[a] = 0;
    }
  }
  std::int64_t offset = 0;

 private:
  const Loop& loop_;
  const std::int64_t* steps_;
  std::int64_t at_[most_axes];
};

template <class T>
void copy_strided(const void* from, std::int64_t step, void* to, std::int64_t to_step, std::int64_t count) {
  const T* in = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  if (step == 0 && to_step == 1) {
    const T value = *in;
    for (std::int64_t i = 0; i < count; ++i) out[i] = value;
  } else if (to_step == 1 && step == -1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[-i];
  } else if (to_step == 1 && step == 2) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[i * 2];
  } else if (to_step == 1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[i * step];
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i * to_step] = in[i * step];
  }
}
struct Two {
  std::uint64_t a, b;
};
// Calls `use` with a type of so many bytes: elements are moved, not read.
template <class Use>
void with_size(std::size_t size, Use&& use) {
  switch (size) {
    case 1:
      return use.template operator()<std::uint8_t>();
    case 2:
      return use.template operator()<std::uint16_t>();
    case 4:
      return use.template operator()<std::uint32_t>();
    case 8:
      return use.template operator()<std::uint64_t>();
    default:
      return use.template operator()<Two>();
  }
}
void copy(std::size_t size, const void* from, std::int64_t step, void* to, std::int64_t to_step,
          std::int64_t count) {
  if (step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * size);
    return;
  }
  with_size(size, [&]<class T>() { suited<&copy_strided<T>>()(from, step, to, to_step, count); });
}

void count_from(std::int64_t first, std::int64_t step, void* out, std::int64_t count) {
  auto* to = static_cast<std::int64_t*>(out);
  for (std::int64_t k = 0; k < count; ++k, first += step) to[k] = first;
}
void count_numbers(std::int64_t first, std::int64_t step, void* out, std::int64_t count) {
  auto* to = static_cast<double*>(out);
  constexpr std::int64_t exact = std::int64_t{1} << 52;  // and all between these are, too
  if (const std::int64_t last = first + (count - 1) * step;
      std::max(std::abs(first), std::abs(last)) < exact) {
    const auto start = static_cast<double>(first), by = static_cast<double>(step);
    const auto n = static_cast<std::int32_t>(count);
    for (std::int32_t k = 0; k < n; ++k) to[k] = start + by * k;
  } else {
    for (std::int64_t k = 0; k < count; ++k) to[k] = static_cast<double>(first + k * step);
  }
}

// `columns` that lie `step` apart, each of `rows` elements side by side, into rows.
template <class T>
void transpose_block(const void* from, std::int64_t step, void* to, std::int64_t rows, std::int64_t columns) {
  const T* in = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (std::int64_t c = 0; c < columns; ++c, in += step)
    for (std::int64_t r = 0; r < rows; ++r) out[r * columns + c] = in[r];
}
void copy_turned(std::size_t size, const void* from, std::int64_t step, void* to, std::int64_t rows,
                 std::int64_t columns) {
  with_size(size, [&]<class T>() { transpose_block<T>(from, step, to, rows, columns); });
}

// Each of the elements that lie `step` apart as many times as `group` says, side by side.
template <class T, std::int64_t group>
void repeat_each(const void* from, std::int64_t step, void* to, std::int64_t count, std::int64_t) {
  const T* in = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t k = 0; k < group; ++k) out[i * group + k] = in[i * step];
}
template <class T>
void repeat_any(const void* from, std::int64_t step, void* to, std::int64_t count, std::int64_t group) {
  const T* in = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i, out += group) std::fill_n(out, group, in[i * step]);
}
void copy_repeated(std::size_t size, const void* from, std::int64_t step, void* to, std::int64_t count,
                   std::int64_t group) {
  with_size(size, [&]<class T>() {
    if (group == 2 && step == 1) suited<&repeat_each<T, 2>>()(from, 1, to, count, group);
    else suited<&repeat_any<T>>()(from, step, to, count, group);
  });
}

// Memory for registers, kept by the thread.
class Scratch {
 public:
  std::byte* slot(std::size_t i) {
    while (slots_.size() <= i)
      slots_.push_back(std::make_unique<std::byte[]>(static_cast<std::size_t>(largest_piece) * widest));
    return slots_[i].get();
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> slots_;
};

// What a step needs lists for; kept by the thread from step to step.
struct Lists {
  std::vector<Steps> steps;  // of the registers (empty: none), of the destination, of the index
  std::vector<std::byte*> slot;
  std::vector<const void*> at;
  std::vector<std::size_t> size;          // of an element of each register
  std::vector<bool> is_repeated;          // registers that have each element of what they load `group_` times
  std::vector<std::int64_t> row_offsets;  // of `row_`: of the registers with steps, destination and index
  std::vector<std::int64_t> filled;       // registers with one element for all of a row: which row's it is
  std::vector<ElementKernel> kernels;
  std::vector<std::size_t> last_reader, slot_of, spare_slots;
};
Lists& kept_lists() {
  static thread_local Lists lists;
  return lists;
}

class StepRun {
 public:
  StepRun(const TaskCode& task, const Step& step, std::vector<Tensor>& operands)
      : task_(task), step_(step), operands_(operands), lists_(std::move(kept_lists())) {
    prepare();
  }
  StepRun(const StepRun&) = delete;
  ~StepRun() { kept_lists() = std::move(lists_); }
  void run();

 private:
  void prepare();
  void merge();
  bool find_groups();
  bool find_repeats();
  void lengthen_rows();
  void read_in_blocks();
  void assign_slots();
  void begin_row(std::int64_t row);
  [[nodiscard]] bool is_copy() const {
    return step_.fold == Fold::store && is_straight_ && count_ == 1 && code(0).op == Op::load && !turned_ &&
           !is_repeated_[0];
  }
  void copy_rows();
  [[nodiscard]] bool is_in_place(std::size_t r) const {
    return code(r).op == Op::load && steps_[r][static_cast<std::size_t>(loop_.axes - 1)] == 1 &&
           !is_repeated_[r];
  }
  // Products of what the last operation would multiply, from a place in its registers on.
  void add_products(std::int64_t begin, std::int64_t count, double* sum) const {
    const Code& last = code(count_ - 1);
    const std::int64_t bytes = begin * static_cast<std::int64_t>(size_[count_ - 1]);
    fold_products(last.out, static_cast<const std::byte*>(at_[last.a]) + bytes,
                  static_cast<const std::byte*>(at_[last.op == Op::square ? last.a : last.b]) + bytes,
                  static_cast<std::size_t>(count), sum);
  }
  [[nodiscard]] bool has_rows_in_place() const;
  void run_rows();
  const Code& code(std::size_t r) const { return task_.code[step_.begin + r]; }
  void load(std::size_t r, std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
            std::byte* to);
  void count_up(std::size_t r, std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
                std::byte* to);
  void finish(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns);
  [[nodiscard]] bool is_same_along_rows(std::size_t r) const {
    return code(r).op == Op::load && !is_repeated_[r] &&
           steps_[r][static_cast<std::size_t>(loop_.axes - 1)] == 0;
  }
  [[noreturn]] void refuse(std::size_t r, const Misfit& misfit, std::int64_t row, std::int64_t column) const;

  const TaskCode& task_;
  const Step& step_;
  std::vector<Tensor>& operands_;
  std::size_t count_ = 0;
  Loop loop_;
  std::int64_t piece_ = largest_piece;
  std::int64_t group_ = 1;    // neighbours in a row that are folded into one place, or are the same
  bool is_straight_ = false;  // no register but the last holds anything, if a piece is in one row
  bool turned_ = false;    // along the last axis but one something lies together that does not along the last
  std::int64_t row_ = -1;  // of a piece that is in one row
  std::int64_t at_axis_[most_axes] = {};  // where that row is along the axes before the last one
  Lists lists_;
  std::vector<Steps>& steps_ = lists_.steps;
  std::vector<std::byte*>& slot_ = lists_.slot;
  std::vector<const void*>& at_ = lists_.at;
  std::vector<std::size_t>& size_ = lists_.size;
  std::vector<bool>& is_repeated_ = lists_.is_repeated;
  std::vector<std::int64_t>& row_offsets_ = lists_.row_offsets;
  std::vector<std::int64_t>& filled_ = lists_.filled;
  std::vector<ElementKernel>& kernels_ = lists_.kernels;
  FoldKernel fold_ = nullptr;
  bool adds_products_ = false;  // the last kernel is part of the fold
  Tensor* destination_ = nullptr;
  std::size_t destination_size_ = 0;
};

void StepRun::prepare() {
  count_ = step_.end - step_.begin;
  destination_ = &operands_[step_.destination];
  destination_size_ = size_of(destination_->type);
  if (step_.axes >= most_axes) throw Error(ErrorKind::unsupported, "array: more than 63 axes");
  loop_.axes = static_cast<int>(step_.axes);
  std::copy_n(task_.pool.begin() + step_.shape, step_.axes, loop_.shape);
  steps_.assign(count_ + 2, {});
  const auto take = [&](std::uint32_t at) {
    Steps steps;
    steps.resize(step_.axes);
    std::copy_n(task_.pool.begin() + at, step_.axes, steps.begin());
    return steps;
  };
  for (std::size_t r = 0; r < count_; ++r)
    if (has_steps(code(r).op)) steps_[r] = take(code(r).steps);
  steps_[count_] = take(step_.steps);
  if (is_arg(step_.fold)) steps_[count_ + 1] = take(step_.index_steps);
  is_repeated_.assign(count_, false);
  merge();
  lengthen_rows();
  read_in_blocks();
  kernels_.assign(count_, nullptr);
  for (std::size_t r = 0; r < count_; ++r)
    if (code(r).op > Op::iota) kernels_[r] = element_kernel(code(r));
  if (step_.fold != Fold::store) fold_ = fold_kernel(step_.fold, code(count_ - 1).out);
  const Op last = code(count_ - 1).op;
  adds_products_ = step_.fold == Fold::sum && group_ == 1 && is_real(code(count_ - 1).out) &&
                   (last == Op::multiply || last == Op::square) &&
                   steps_[count_][static_cast<std::size_t>(loop_.axes - 1)] == 0;
  if (adds_products_) kernels_[count_ - 1] = nullptr;
  assign_slots();
}

void StepRun::merge() {
  int kept = 0;
  for (int a = 0; a < loop_.axes; ++a) {
    if (loop_.shape[a] == 1) continue;
    bool mergeable = kept > 0;
    for (const Steps& steps : steps_)
      if (mergeable && !steps.empty()) mergeable = steps[kept - 1] == steps[a] * loop_.shape[a];
    if (mergeable) {
      loop_.shape[kept - 1] *= loop_.shape[a];
      for (Steps& steps : steps_)
        if (!steps.empty()) steps[kept - 1] = steps[a];
    } else {
      loop_.shape[kept] = loop_.shape[a];
      for (Steps& steps : steps_)
        if (!steps.empty()) steps[kept] = steps[a];
      ++kept;
    }
  }
  if (kept == 0) {
    loop_.shape[0] = 1;
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (i >= count_ ? i == count_ || is_arg(step_.fold) : has_steps(code(i).op)) steps_[i] = {1};
    kept = 1;
  }
  loop_.axes = kept;
}

// Each row has a price: a long axis becomes the last one if that is short, the innermost of those that are
// long enough, since its elements are nearest each other.
void StepRun::lengthen_rows() {
  constexpr std::int64_t is_short = 16, worth_it = 4, is_long = 128;
  const int last = loop_.axes - 1;
  auto longest = std::max_element(loop_.shape, loop_.shape + loop_.axes) - loop_.shape;
  for (std::ptrdiff_t a = longest + 1; a < last; ++a)
    if (loop_.shape[a] >= is_long) longest = a;
  if (loop_.shape[last] >= is_short || loop_.shape[longest] < worth_it * loop_.shape[last]) return;
  if (longest == last - 1 && (find_groups() || find_repeats())) return;
  std::rotate(loop_.shape + longest, loop_.shape + longest + 1, loop_.shape + loop_.axes);
  for (Steps& steps : steps_)
    if (!steps.empty())
      std::rotate(steps.begin() + longest, steps.begin() + longest + 1, steps.begin() + loop_.axes);
}

// A last axis that is folded joins the one before it if all that is read lies along both as along one: it is
// read once, where it is, and folded in the same order.
bool StepRun::find_groups() {
  const auto last = static_cast<std::size_t>(loop_.axes - 1);
  const std::int64_t extent = loop_.shape[last];
  if (!folds_groups(step_.fold) || steps_[count_][last] != 0 || steps_[count_][last - 1] == 0) return false;
  for (std::size_t r = 0; r < count_; ++r)
    if (!steps_[r].empty() && steps_[r][last - 1] != steps_[r][last] * extent) return false;
  group_ = extent;
  loop_.shape[last - 1] *= extent;
  for (std::size_t r = 0; r < count_; ++r)
    if (!steps_[r].empty()) steps_[r][last - 1] = steps_[r][last];
  --loop_.axes;
  return true;
}

// A short last axis along which nothing changes but the place where it is stored joins the one before it.
bool StepRun::find_repeats() {
  const auto last = static_cast<std::size_t>(loop_.axes - 1);
  const std::int64_t extent = loop_.shape[last];
  if (step_.fold != Fold::store || steps_[count_][last - 1] != steps_[count_][last] * extent) return false;
  for (std::size_t r = 0; r < count_; ++r)
    if (!steps_[r].empty() && (code(r).op != Op::load || steps_[r][last] != 0)) return false;
  group_ = extent;
  loop_.shape[last - 1] *= extent;
  for (std::size_t r = 0; r < count_; ++r) is_repeated_[r] = !steps_[r].empty();
  steps_[count_][last - 1] = steps_[count_][last];
  --loop_.axes;
  return true;
}

// What lies together along another axis than the last one, as in a transposed chunk, is read in blocks of
// both: the axis becomes the last but one.
void StepRun::read_in_blocks() {
  constexpr std::int64_t worth_it = 8;
  const int last = loop_.axes - 1;
  if (last < 1 || loop_.shape[last] < worth_it || group_ > 1) return;
  for (std::size_t r = 0; r < count_; ++r) {
    const Steps& steps = steps_[r];
    if (code(r).op != Op::load || std::abs(steps[static_cast<std::size_t>(last)]) <= 1) continue;
    for (int a = 0; a < last; ++a) {
      if (steps[static_cast<std::size_t>(a)] != 1 || loop_.shape[a] < worth_it) continue;
      std::rotate(loop_.shape + a, loop_.shape + a + 1, loop_.shape + last);
      for (Steps& each : steps_)
        if (!each.empty()) std::rotate(each.begin() + a, each.begin() + a + 1, each.begin() + last);
      turned_ = true;
      return;
    }
  }
}

// Registers share slots as soon as the last reader is done, but for those that are filled once for many
// pieces.
void StepRun::assign_slots() {
  static thread_local Scratch scratch;
  std::vector<std::size_t>&last = lists_.last_reader, &of = lists_.slot_of, &spare = lists_.spare_slots;
  last.assign(count_, 0);
  of.assign(count_, SIZE_MAX);
  spare.clear();
  const auto inputs = [](Op op) {
    return op <= Op::iota ? 0 : op == Op::random ? 1 : op == Op::where ? 3 : is_binary(op) ? 2 : 1;
  };
  for (std::size_t r = 0; r < count_; ++r) {
    const int n = inputs(code(r).op);
    const std::uint16_t used[] = {code(r).a, code(r).b, code(r).c};
    for (int i = 0; i < n; ++i) last[used[i]] = r;
  }
  std::size_t slots = 0, loads = 0, size = 1;
  slot_.resize(count_);
  at_.resize(count_);
  size_.clear();
  for (std::size_t r = 0; r < count_; ++r) {
    const auto is_filled = [&](std::size_t i) { return code(i).op == Op::constant || is_same_along_rows(i); };
    const bool filled = is_filled(r);
    if (spare.empty() || filled) {
      of[r] = slots++;
    } else {
      of[r] = spare.back();
      spare.pop_back();
    }
    slot_[r] = scratch.slot(of[r]);
    at_[r] = slot_[r];
    size_.push_back(size_of(code(r).out));
    size = std::max(size, size_.back());
    loads += code(r).op == Op::load;
    if (filled) continue;
    const int n = inputs(code(r).op);
    const std::uint16_t used[] = {code(r).a, code(r).b, code(r).c};
    for (int i = 0; i < n; ++i)
      if (last[used[i]] == r && !is_filled(used[i]) && std::find(used, used + i, used[i]) == used + i)
        spare.push_back(of[used[i]]);
  }
  // What is computed straight from where it lies to its place, or folded where it lies, needs no cache:
  // pieces are long.
  const auto last_axis = static_cast<std::size_t>(loop_.axes - 1);
  is_straight_ = step_.fold == Fold::store ? steps_[count_][last_axis] == 1
                                           : adds_products_ || (count_ == 1 && is_in_place(0));
  for (std::size_t r = 0; r + 1 < count_; ++r) is_straight_ = is_straight_ && is_in_place(r);
  if (!turned_ && loads < count_ && !is_straight_) {
    const auto fit = static_cast<std::int64_t>(near_bytes / ((slots + loads) * size));
    piece_ = std::clamp(static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(fit))),
                        smallest_piece, largest_piece);
  }
  piece_ -= piece_ % group_;
  for (std::size_t r = 0; r < count_; ++r)
    if (code(r).op == Op::constant) copy(size_[r], code(r).immediate.data(), 0, slot_[r], 1, piece_);
  row_offsets_.assign(count_ + 2, 0);
  filled_.assign(count_, -1);
}

void StepRun::begin_row(std::int64_t row) {
  if (row == row_) return;
  const bool is_next = row == row_ + 1 && row > 0;
  row_ = row;
  if (loop_.axes == 1) return;
  if (is_next) {  // without a division
    for (int a = loop_.axes - 2; a >= 0; --a) {
      const bool turns = ++at_axis_[a] == loop_.shape[a];
      const std::int64_t by = turns ? 1 - loop_.shape[a] : 1;
      for (std::size_t r = 0; r < steps_.size(); ++r)
        if (!steps_[r].empty()) row_offsets_[r] += by * steps_[r][static_cast<std::size_t>(a)];
      if (!turns) return;
      at_axis_[a] = 0;
    }
    return;
  }
  std::int64_t rest = row;
  for (int a = loop_.axes - 2; a >= 0; --a) {
    at_axis_[a] = rest % loop_.shape[a];
    rest /= loop_.shape[a];
  }
  for (std::size_t r = 0; r < steps_.size(); ++r)
    if (!steps_[r].empty()) row_offsets_[r] = row_offset(loop_, steps_[r].data(), row);
}

// Into the given place, unless the elements can stay where they are.
void StepRun::load(std::size_t r, std::int64_t row, std::int64_t rows, std::int64_t column,
                   std::int64_t columns, std::byte* to) {
  const Code& one = code(r);
  const Tensor& from = operands_[one.operand];
  const std::size_t size = size_[r];
  const Steps& steps = steps_[r];
  const std::int64_t step = steps[static_cast<std::size_t>(loop_.axes - 1)];
  const auto* base = static_cast<const std::byte*>(from.data) + one.offset * static_cast<std::int64_t>(size);
  const auto place = [&](std::int64_t offset) {
    return base + (offset + column * step) * static_cast<std::int64_t>(size);
  };
  if (is_repeated_[r]) {
    column /= group_;
    at_[r] = to;
    Rows walk(loop_, steps.data(), row);
    for (std::int64_t i = 0; i < rows; ++i, walk.next()) {
      copy_repeated(size, place(walk.offset), step, to, columns / group_, group_);
      to += static_cast<std::size_t>(columns) * size;
    }
    return;
  }
  if (rows == 1 && step == 1) {
    at_[r] = place(row_offsets_[r]);
    return;
  }
  if (rows == 1 && step == 0 && to == slot_[r]) {  // of many pieces of a row once
    at_[r] = to;
    if (std::exchange(filled_[r], row) != row)
      copy(size, place(row_offsets_[r]), 0, to, 1, std::min(loop_.shape[loop_.axes - 1], piece_));
    return;
  }
  filled_[r] = -1;
  Rows walk(loop_, steps.data(), row);
  at_[r] = to;
  if (turned_ && rows > 1 && steps[static_cast<std::size_t>(loop_.axes - 2)] == 1) {
    copy_turned(size, place(walk.offset), step, to, rows, columns);
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i, walk.next()) {
    copy(size, place(walk.offset), step, to, 1, columns);
    to += static_cast<std::size_t>(columns) * size;
  }
}

void StepRun::count_up(std::size_t r, std::int64_t row, std::int64_t rows, std::int64_t column,
                       std::int64_t columns, std::byte* to) {
  const Steps& steps = steps_[r];
  const std::int64_t step = steps[static_cast<std::size_t>(loop_.axes - 1)];
  Rows walk(loop_, steps.data(), row);
  const auto count = code(r).out == DType::float64 ? suited<&count_numbers>() : suited<&count_from>();
  at_[r] = to;
  for (std::int64_t i = 0; i < rows; ++i, walk.next()) {
    count(code(r).offset + walk.offset + column * step, step, to, columns);
    to += static_cast<std::size_t>(columns) * size_[r];
  }
}

void StepRun::finish(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns) {
  const Steps& steps = steps_[count_];
  const std::int64_t step = steps[static_cast<std::size_t>(loop_.axes - 1)];
  auto* base = static_cast<std::byte*>(destination_->data);
  const std::size_t size = size_[count_ - 1];
  const auto* from = static_cast<const std::byte*>(at_[count_ - 1]);
  if (adds_products_) {
    auto* sums = static_cast<double*>(destination_->data) + step_.offset;
    if (rows == 1) return add_products(0, columns, sums + row_offsets_[count_]);
    Rows walk(loop_, steps.data(), row);
    for (std::int64_t i = 0; i < rows; ++i, walk.next())
      add_products(i * columns, columns, sums + walk.offset);
    return;
  }
  if (step_.fold == Fold::store && rows == 1) {
    std::byte* to =
        base + (step_.offset + row_offsets_[count_] + column * step) * static_cast<std::int64_t>(size);
    if (to != from) copy(size, from, 1, to, step, columns);
    return;
  }
  const Steps& index = steps_[count_ + 1];
  FoldTarget target;
  target.step = step;
  target.group = group_;
  target.plane = step_.plane;
  if (!index.empty()) target.index_step = index[static_cast<std::size_t>(loop_.axes - 1)];
  if (step_.fold != Fold::store && rows == 1) {  // as short rows are, too: without a walk
    target.at = base + (step_.offset + row_offsets_[count_] + column / group_ * step) *
                           static_cast<std::int64_t>(destination_size_);
    if (!index.empty())
      target.index = step_.index_offset + row_offsets_[count_ + 1] + column * target.index_step;
    fold_(from, static_cast<std::size_t>(columns), target);
    return;
  }
  Rows walk(loop_, steps.data(), row);
  if (step_.fold == Fold::store) {
    for (std::int64_t i = 0; i < rows; ++i, walk.next()) {
      std::byte* to = base + (step_.offset + walk.offset + column * step) * static_cast<std::int64_t>(size);
      copy(size, from, 1, to, step, columns);
      from += static_cast<std::size_t>(columns) * size;
    }
    return;
  }
  std::optional<Rows> walk_index;
  if (!index.empty()) walk_index.emplace(loop_, index.data(), row);
  for (std::int64_t i = 0; i < rows; ++i, walk.next()) {
    target.at = base + (step_.offset + walk.offset + column / group_ * step) *
                           static_cast<std::int64_t>(destination_size_);
    if (walk_index) {
      target.index = step_.index_offset + walk_index->offset + column * target.index_step;
      walk_index->next();
    }
    fold_(from, static_cast<std::size_t>(columns), target);
    from += static_cast<std::size_t>(columns) * size;
  }
}

// A checked conversion has found an element that does not fit: which one of its array it is.
void StepRun::refuse(std::size_t r, const Misfit& misfit, std::int64_t row, std::int64_t column) const {
  const Steps& steps = steps_[r];
  std::int64_t position = code(r).offset + row_offset(loop_, steps.data(), row) +
                          column * steps[static_cast<std::size_t>(loop_.axes - 1)];
  const auto first = task_.pool.begin() + static_cast<std::ptrdiff_t>(code(r).immediate[0]);
  Shape index(first, first + static_cast<std::ptrdiff_t>(code(r).immediate[1]));
  for (std::size_t a = index.size(); a-- > 0;) {
    const std::int64_t extent = index[a];
    index[a] = position % extent;
    position /= extent;
  }
  throw Error(ErrorKind::invalid_argument,
              "astype: the number must fit into " + std::string(misfit.type) + " (got " + misfit.value +
                  " at index " + to_text(index) +
                  "); {.overflow = weir::OutOfRange::clip} takes the nearest one");
}

// Through no register, however short rows are.
void StepRun::copy_rows() {
  const std::int64_t inner = loop_.shape[loop_.axes - 1], rows = loop_.rows();
  const auto size = static_cast<std::int64_t>(size_[0]);
  const auto* from = static_cast<const std::byte*>(operands_[code(0).operand].data) + code(0).offset * size;
  auto* to = static_cast<std::byte*>(destination_->data) + step_.offset * size;
  const std::int64_t step = steps_[0][static_cast<std::size_t>(loop_.axes - 1)];
  Rows walk(loop_, steps_[0].data(), 0), walk_to(loop_, steps_[1].data(), 0);
  for (std::int64_t row = 0; row < rows; ++row, walk.next(), walk_to.next())
    copy(size_[0], from + walk.offset * size, step, to + walk_to.offset * size, 1, inner);
}

// Whether one operation at most is carried out on rows where they lie.
bool StepRun::has_rows_in_place() const {
  constexpr std::int64_t worth_it = 12, few = 8;
  const std::int64_t inner = loop_.shape[loop_.axes - 1], rows = loop_.rows();
  const std::size_t last = count_ - 1;
  if (turned_ || group_ > 1 || inner < worth_it || rows == 1 || (rows <= few && inner > piece_)) return false;
  if (step_.fold == Fold::store && steps_[count_][static_cast<std::size_t>(loop_.axes - 1)] != 1)
    return false;
  if (!kernels_[last] && !adds_products_ && !is_in_place(last)) return false;
  for (std::size_t r = 0; r < last; ++r)
    if (code(r).op != Op::constant && !is_in_place(r)) return false;
  return true;
}
void StepRun::run_rows() {
  const std::int64_t inner = loop_.shape[loop_.axes - 1], rows = loop_.rows();
  const std::size_t last = count_ - 1;
  const bool stores = step_.fold == Fold::store;
  const auto size = static_cast<std::int64_t>(stores ? size_[last] : destination_size_);
  auto* to = static_cast<std::byte*>(destination_->data) + step_.offset * size;
  FoldTarget target;
  target.step = steps_[count_][static_cast<std::size_t>(loop_.axes - 1)];
  target.plane = step_.plane;
  const Steps& index = steps_[count_ + 1];
  if (!index.empty()) target.index_step = index[static_cast<std::size_t>(loop_.axes - 1)];
  for (std::int64_t row = 0; row < rows; ++row) {
    begin_row(row);
    for (std::int64_t column = 0; column < inner; column += piece_) {
      const std::int64_t columns = std::min(piece_, inner - column);
      for (std::size_t r = 0; r < count_; ++r)
        if (code(r).op == Op::load)
          at_[r] = static_cast<const std::byte*>(operands_[code(r).operand].data) +
                   (code(r).offset + row_offsets_[r] + column) * static_cast<std::int64_t>(size_[r]);
      if (kernels_[last]) {
        const Code& one = code(last);
        void* out = stores ? to + (row_offsets_[count_] + column) * size : slot_[last];
        at_[last] = out;
        try {
          kernels_[last](at_[one.a], at_[one.b], at_[one.c], out, static_cast<std::size_t>(columns), one);
        } catch (const Misfit& misfit) {
          refuse(last, misfit, row, column + static_cast<std::int64_t>(misfit.index));
        }
      }
      if (stores) continue;
      target.at = to + (row_offsets_[count_] + column * target.step) * size;
      target.index = step_.index_offset + row_offsets_[count_ + 1] + column * target.index_step;
      if (!adds_products_) fold_(at_[last], static_cast<std::size_t>(columns), target);
      else add_products(0, columns, reinterpret_cast<double*>(target.at));
    }
  }
}

void StepRun::run() {
  if (is_copy()) return copy_rows();
  if (has_rows_in_place()) return run_rows();
  const std::int64_t inner = loop_.shape[loop_.axes - 1];
  const std::int64_t rows = loop_.rows();
  constexpr std::int64_t block = 16;  // rows: at least one line of the cache of everything that is turned
  // That has pieces of its own: each costs less than to copy it if nothing is read or written again.
  const std::int64_t long_row = is_straight_ ? smallest_piece : piece_ / 4;
  const std::int64_t columns_at_once = turned_             ? std::min(inner, piece_ / block)
                                       : inner >= long_row ? piece_
                                                           : inner;
  const std::int64_t rows_at_once = turned_             ? piece_ / columns_at_once
                                    : inner >= long_row ? 1
                                                        : std::max<std::int64_t>(1, piece_ / inner);
  const bool stores_rows =
      step_.fold == Fold::store && steps_[count_][static_cast<std::size_t>(loop_.axes - 1)] == 1;
  const std::int64_t together = turned_ ? loop_.shape[loop_.axes - 2] : rows;  // rows that a piece may have
  const auto rows_from = [&](std::int64_t row) { return std::min(rows_at_once, together - row % together); };
  const auto piece = [&](std::int64_t row, std::int64_t column) {
    const std::int64_t r_count = rows_from(row), c_count = std::min(columns_at_once, inner - column);
    if (r_count == 1) begin_row(row);
    for (std::size_t r = 0; r < count_; ++r) {
      const Code& one = code(r);
      void* out = slot_[r];
      if (r + 1 == count_ && stores_rows && r_count == 1)  // straight to its place
        out = static_cast<std::byte*>(destination_->data) +
              (step_.offset + row_offsets_[count_] + column) * static_cast<std::int64_t>(size_[r]);
      if (one.op == Op::load) {
        load(r, row, r_count, column, c_count, static_cast<std::byte*>(out));
      } else if (one.op == Op::iota) {
        count_up(r, row, r_count, column, c_count, static_cast<std::byte*>(out));
      } else if (kernels_[r]) {
        at_[r] = out;
        try {
          kernels_[r](at_[one.a], at_[one.b], at_[one.c], out, static_cast<std::size_t>(r_count * c_count),
                      one);
        } catch (const Misfit& misfit) {
          const auto index = static_cast<std::int64_t>(misfit.index);
          refuse(r, misfit, row + index / c_count, column + index % c_count);
        }
      }
    }
    finish(row, r_count, column, c_count);
  };
  constexpr std::int64_t few = 8;  // rows that are done side by side: they may lie in each other
  if (rows <= few && rows_at_once == 1) {
    for (std::int64_t column = 0; column < inner; column += columns_at_once)
      for (std::int64_t row = 0; row < rows; ++row) piece(row, column);
    return;
  }
  for (std::int64_t row = 0; row < rows; row += rows_from(row))
    for (std::int64_t column = 0; column < inner; column += columns_at_once) piece(row, column);
}

Dims from_pool(const TaskCode& task, std::uint32_t at, std::uint32_t count) {
  Dims d;
  for (std::uint32_t i = 0; i < count; ++i) d.push_back(task.pool[at + i]);
  return d;
}

}  // namespace

task::Value run_code(TaskCode& task, std::span<const task::Value> inputs) {
  std::vector<Tensor> operands;
  operands.reserve(task.operands.size());
  for (const Operand& operand : task.operands) {
    const Dims shape = from_pool(task, operand.shape, operand.axes);
    switch (operand.kind) {
      case Operand::Kind::input:
        operands.push_back(view_value(operand.type, inputs[operand.index]));
        break;
      case Operand::Kind::part: {
        const Part& part = inputs[operand.index].as<Part>();
        operands.push_back({operand.type, part.shape, part.data(), inputs[operand.index]});
        if (!part.is_look()) break;
        for (Code& one : task.code) {
          if (one.op != Op::load || one.operand != operands.size() - 1) continue;
          one.offset = static_cast<std::int64_t>(one.immediate[0]);
          one.steps = static_cast<std::uint32_t>(one.immediate[1]);
        }
        break;
      }
      case Operand::Kind::temporary:
        operands.push_back(make_tensor(operand.type, shape));
        if (operand.initial != Fold::store) fold_start(operand.initial, operands.back());
        break;
      case Operand::Kind::file:
        operands.push_back(make_tensor(operand.type, shape));
        read_file(task.files[operand.index], from_pool(task, operand.start, operand.axes), operands.back());
        break;
    }
    if (operand.kind == Operand::Kind::input && !operand.any_size &&
        !std::equal(shape.begin(), shape.end(), operands.back().shape.begin(), operands.back().shape.end()))
      throw Error(ErrorKind::invalid_argument,
                  "array: a chunk must have the shape its array says " +
                      to_text(Shape(shape.begin(), shape.end())) + " (got " +
                      to_text(Shape(operands.back().shape.begin(), operands.back().shape.end())) + ")");
  }
  for (const Step& step : task.steps) StepRun(task, step, operands).run();
  if (task.kernel == 0) return std::move(operands[task.kernel_operands[0]].value);
  std::vector<Tensor> chosen;
  for (const std::uint32_t o : task.kernel_operands) chosen.push_back(operands[o]);
  operands.clear();
  Reader parameters(task.parameters.bytes());
  return reinterpret_cast<Kernel>(const_cast<void*>(task::local_address(task.kernel)))(parameters, chosen);
}

void run_step(const TaskCode& task, const Step& step, std::vector<Tensor>& operands) {
  StepRun(task, step, operands).run();
}

task::Value run_task(Reader& arguments, std::span<const task::Value> inputs) {
  static thread_local TaskCode reused;
  TaskCode task = std::move(reused);
  read(arguments, task);
  task::Value result = run_code(task, inputs);
  reused = std::move(task);
  return result;
}

}  // namespace weir::detail::array
