// Chunks: how elements travel between the stream's program and the cluster, many small ones at a time; what a
// task makes of one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/cluster/input.hpp"
#include "weir/detail/stream/graph/kernel.hpp"

namespace weir::detail::stream {

/// An element that a function on the cluster threw on.
struct ChunkError {
  std::uint32_t segment = 0;  ///< Where; see Segment.
  std::string type;
  std::string message;
  std::string element;      ///< Serialized as it entered the segment, if it goes to a dead letter stream.
  std::uint64_t step = 0;   ///< Which task of the segment ...
  std::uint32_t place = 0;  ///< ... and which of its errors this is: several gathers may bring the same one.
};

/// The elements that a state still holds after a chunk, by the numbers of their tickets.
struct HeldTokens {
  std::uint32_t segment = 0;
  std::vector<std::uint64_t> tokens;
};

/// How long the functions of a segment worked on a chunk, and on how many elements.
struct Spent {
  std::uint32_t segment = 0;
  float seconds = 0;
  std::uint32_t took = 0, gave = 0;  ///< Elements that went in and came out.
  std::uint64_t step = 0;            ///< Which task of the segment: several gathers may bring the same news.
  std::uint32_t late = 0;            ///< Elements that came too late, and where the watermark is.
  double watermark = 0;
  EventTimeSeen::Unit unit = EventTimeSeen::Unit::none;
};

/// Where a value stands among all that comes of one chunk, as a stream here would come to it, depth first:
/// the number of the element, then for each segment which visit it was and which of the values it gave.
using Place = std::vector<std::uint32_t>;
/// Those of the values of a chunk; nothing unless ways meet further down.
struct Places {
  std::vector<Place> values;
  Place end;  ///< Where it became over.
};

/// What the segments so far made of one chunk.
template <class T>
struct ChunkResult {
  std::vector<T> values;
  std::vector<ChunkError> errors;
  std::vector<HeldTokens> held;  ///< For each state passed, in order; nothing if nobody waits.
  std::uint32_t elements = 0;    ///< That went in at the scatter.
  bool is_over = false;          ///< Nothing more will come out of the segment.
  std::vector<Spent> spent;      ///< In the user's functions ...
  float copying_seconds = 0;     ///< ... and in copying a state.
  Places places;

  // What most chunks do not have is one byte.
  void write_bytes(Writer& writer) const requires task::Travels<T>::value {
    const bool has_more = !errors.empty() || !held.empty() || !places.values.empty() || !places.end.empty();
    write(writer, values), write(writer, elements), write(writer, is_over), write(writer, spent);
    write(writer, copying_seconds), write(writer, has_more);
    if (has_more) write(writer, errors), write(writer, held), write(writer, places);
  }
  void read_bytes(Reader& reader) requires task::Travels<T>::value {
    bool has_more = false;
    read(reader, values), read(reader, elements), read(reader, is_over), read(reader, spent);
    read(reader, copying_seconds), read(reader, has_more);
    if (has_more) read(reader, errors), read(reader, held), read(reader, places);
  }
};

}  // namespace weir::detail::stream

/// Told, not counted: counting takes the compiler time for every type of elements.
template <class T>
inline constexpr std::size_t weir::detail::task::field_count<weir::detail::stream::ChunkResult<T>> = 8;

namespace weir::detail::stream {

/// The scatter that chunks came from, as they see it; outlives its node.
///
/// **Threads.** Any.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// What a chunk cost: how the size of chunks is chosen.
  virtual void measured(double seconds, double copying_seconds, std::uint32_t elements) = 0;
  /// A chunk has been consumed or dropped.
  virtual void left(std::uint32_t elements) noexcept = 0;
};

/// Counts a chunk as being on the cluster until its last copy has gone.
class ChunkPass {
 public:
  /// `outer`: a pass from further up that it keeps meanwhile.
  ChunkPass(std::shared_ptr<ChunkSource> source, std::uint32_t elements,
            std::shared_ptr<ChunkPass> outer = {})
      : outer_(std::move(outer)), source_(std::move(source)), elements_(elements) {}
  ChunkPass(const ChunkPass&) = delete;
  ~ChunkPass() { source_->left(elements_); }
  /// The scatter.
  [[nodiscard]] ChunkSource& source() const noexcept { return outer_ ? outer_->source() : *source_; }

 private:
  std::shared_ptr<ChunkPass> outer_;
  std::shared_ptr<ChunkSource> source_;
  std::uint32_t elements_;
};

/// A number that no other ticket of this program's chunks has.
[[nodiscard]] std::uint64_t next_token() noexcept;

/// Some elements of a cluster stream: here before the first segment, on a worker behind it.
template <class T>
struct Chunk {
  std::shared_ptr<const ChunkResult<T>> here;
  Future<ChunkResult<T>> result;
  std::uint32_t elements = 0;
  std::uint64_t token = 0;  ///< The number of its ticket; 0 if nobody waits for an element of the stream.
  bool has_state = false;   ///< It has passed a state, so that its elements may come out with later chunks.
  std::shared_ptr<ChunkPass> pass;
  /// For a task.
  [[nodiscard]] Input<ChunkResult<T>> input() const { return {result, here, false}; }
  /// For the only one.
  [[nodiscard]] Input<ChunkResult<T>> only_input() { return {result, std::move(here), true}; }
};
template <class T>
inline constexpr bool is_copyable<Chunk<T>> = is_copyable<T>;
template <class T>
inline constexpr bool is_chunk<Chunk<T>> = true;

/// What a task of a segment is told beside kernel and elements.
struct Step {
  std::uint32_t segment = 0;
  std::uint32_t retries = 0;
  bool keeps_failed = false;  ///< Failed elements are wanted.
  bool is_ending = false;
  std::uint64_t token = 0;
  std::int64_t now_ns = 0;    ///< On the stream's clock, for kernels that know time.
  std::uint64_t number = 0;   ///< Of the segment's steps.
  bool notes_places = false;  ///< What comes out goes on ways that meet.
  std::uint32_t visit = 0;    ///< See Wave.
};

/// The error in flight.
[[nodiscard]] ChunkError current_chunk_error(std::uint32_t segment);

/// What a kernel emits into inside a task. A failure becomes a ChunkError; a letter, if there is to be one,
/// has the element as it entered the segment, once.
template <class T, class In>
struct TaskEmit {
  ChunkResult<T>& out;
  const Step& step;
  const In* element = nullptr;                   ///< In hand, unless it is moved on or there is none.
  const std::size_t errors = out.errors.size();  ///< Before it.
  template <class Y>
  void operator()(Y&& y) const {
    out.values.emplace_back(std::forward<Y>(y));
  }
  [[nodiscard]] unsigned retries() const { return step.retries; }
  void failed() const {
    const bool keeps = step.keeps_failed && element;
    if (keeps && out.errors.size() > errors) return;
    ChunkError error = current_chunk_error(step.segment);
    if (keeps) {
      Buffer bytes;
      Writer writer(bytes);
      write(writer, *element);
      error.element.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    error.step = step.number;
    error.place = static_cast<std::uint32_t>(out.errors.size());
    out.errors.push_back(std::move(error));
  }
};
/// Of something that no element asked for.
template <class T>
TaskEmit<T, int> emit_alone(ChunkResult<T>& out, const Step& step) {
  return {out, step};
}
/// Does `push(kernel, emit)` for an element, as often as the policy says.
template <class K, class In, class Push>
void push_guarded(K& kernel, ChunkResult<typename K::Out>& out, const Step& step, const In* element,
                  const Push& push) {
  const TaskEmit<typename K::Out, In> emit{out, step, element};
  answered(emit, [&] { attempt(kernel, step.retries, emit, push); });
}

/// What a kernel is given of an element that stays in its chunk: itself, or if it cannot be copied, and the
/// kernel may want to have it, another one like it.
template <class T>
decltype(auto) taken_of(const T& x) {
  if constexpr (is_copyable<T>) {
    return static_cast<const T&>(x);
  } else {
    Buffer bytes;
    Writer writer(bytes);
    write(writer, x);
    Reader reader(bytes.bytes());
    T like{};
    read(reader, like);
    return like;
  }
}

// --- places

constexpr std::uint32_t last_place = UINT32_MAX;

/// Of an element that came in, as the segment of `step` visits it.
[[nodiscard]] Place place_of(const Places& places, std::size_t at, const Step& step);
/// Of the end of what comes in.
[[nodiscard]] Place end_of(const Places& places, const Step& step);
/// Adds places that follow each other below `cause` until there are so many.
void add_places(Places& places, std::size_t values, const Place& cause);
/// Gives the values that have none yet their places, which follow each other below `cause()`.
template <class T, class Cause>
void note_places(ChunkResult<T>& out, const Step& step, const Cause& cause) {
  if (step.notes_places && out.places.values.size() != out.values.size())
    add_places(out.places, out.values.size(), cause());
}
/// Of what comes of an end, after all values.
[[nodiscard]] inline Place behind(Place cause) {
  cause.push_back(last_place);
  return cause;
}
/// Nothing comes out any more, since `cause`.
template <class T>
void note_end(ChunkResult<T>& out, const Step& step, Place cause) {
  out.is_over = true;
  if (!step.notes_places) return;
  out.places.end = behind(std::move(cause));
}

/// Measures the time a segment takes until it goes, and what came out meanwhile.
template <class T>
class Stopwatch {
 public:
  Stopwatch(ChunkResult<T>& out, const Step& step, std::size_t took)
      : out_(out), spent_{step.segment, 0, static_cast<std::uint32_t>(took), 0, step.number} {}
  Stopwatch(const Stopwatch&) = delete;
  /// A kernel that goes by event time has come from one place to another.
  void note(const EventTimeSeen& before, const EventTimeSeen& after) {
    spent_.late = static_cast<std::uint32_t>(after.late - before.late);
    spent_.watermark = after.watermark;
    spent_.unit = after.unit;
  }
  ~Stopwatch() {
    spent_.seconds = std::chrono::duration<float>(std::chrono::steady_clock::now() - start_).count();
    spent_.gave = static_cast<std::uint32_t>(out_.values.size());
    out_.spent.push_back(spent_);
  }

 private:
  ChunkResult<T>& out_;
  Spent spent_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class Out, class In>
ChunkResult<Out> begin_result(const ChunkResult<In>& from) {
  return {{}, from.errors, from.held, from.elements, from.is_over, from.spent, from.copying_seconds, {}};
}

/// A whole stateless segment as one task, on the result of the segment before; elements that came with the
/// task are moved on, unless they may be wanted again.
template <class K, class In>
ChunkResult<typename K::Out> run_chunk(const K& kernel, const Step& step, Received<ChunkResult<In>> from) {
  auto out = begin_result<typename K::Out, In>(from);
  const Stopwatch watch(out, step, from->values.size());
  K own = kernel;
  using Emit = TaskEmit<typename K::Out, In>;
  std::size_t place = 0;
  const auto each = [&](const auto& push, auto& values) {
    for (auto&& x : values) {
      push(x);
      note_places(out, step, [&] { return place_of(from->places, place, step); });
      ++place;
    }
  };
  const bool may_be_wanted = is_copyable<In> && (step.retries > 0 || step.keeps_failed);
  if (ChunkResult<In>* const mine = may_be_wanted ? nullptr : from.own())
    each([&](auto&& x) { push_answered(own, static_cast<In&&>(x), Emit{out, step}); }, mine->values);
  else each([&](const In& x) { push_answered(own, taken_of(x), Emit{out, step, &x}); }, from->values);
  if (out.is_over) note_end(out, step, end_of(from->places, step));
  return out;
}

/// The segment that does nothing yet.
template <class T>
struct PassKernel {
  using Out = T;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
};

}  // namespace weir::detail::stream
