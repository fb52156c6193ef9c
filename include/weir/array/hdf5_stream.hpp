// Streams to and from HDF5: a dataset that grows with every element, a dataset that comes in pieces.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/array/hdf5.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/sources.hpp"

namespace weir {

/// How elements are appended: `s.apply(op::sink_to_hdf5("run.h5", "/frames", {.gzip = 4}))`.
struct SinkHdf5 {
  bool rows = false;  ///< An element is not one entry of the dataset but holds several, along its first axis;
                      ///< so are those of `from_hdf5`.
  std::int64_t chunk = 0;  ///< Entries in a chunk of the file; 0: about 1 MiB of them.
  int gzip = 0;            ///< Compression, 1 (fast) to 9 (small); 0: none.
  /// Stored beside the dataset when it is made, by name.
  std::map<std::string, Hdf5Attribute> attributes{};
  Duration flush = std::chrono::seconds(1);  ///< What is older is in the file when the next element comes.
  Duration wait = std::chrono::minutes(10);  ///< For other programs that write the same file.
};

/// How a dataset is cut into elements.
struct FromHdf5 {
  std::int64_t rows = 0;  ///< Entries in an element; 0: about 1 MiB of them.
  bool follow = false;    ///< Goes on with what is appended, until `stop`; looks every `poll_interval`.
  /// Where the source runs.
  SourceOptions source{};
};

namespace detail::array {

/// A dataset that grows along its first axis; made with the first entry, or continued if it is there.
class Hdf5Appender {
 public:
  Hdf5Appender(std::string path, std::string dataset, DType type, SinkHdf5 how);
  Hdf5Appender(const Hdf5Appender&) = delete;
  ~Hdf5Appender();
  /// So many entries of this shape, one after the other in memory.
  void append(const Shape& entry, std::int64_t count, const void* data);
  /// Everything is in the file, which reads as complete until the next `append`.
  void settle();
  [[nodiscard]] bool takes_rows() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What `from_hdf5` reads: its shape, and how many entries an element has.
struct Hdf5Rows {
  Hdf5Rows(const std::string& path, const std::string& dataset, DType type, std::int64_t rows);
  void read(std::int64_t from, std::int64_t count, void* to) const;
  std::string path, named, dataset;  // the file, and as the user calls it
  DType type;
  Shape shape;
  std::int64_t rows;
};

/// Reads what comes to a dataset that others write.
class Hdf5Follower {
 public:
  Hdf5Follower(std::string path, std::string dataset, DType type, std::int64_t rows);
  /// Reads the next entries, at most `rows`, to where `make` says for their shape; false if there are none
  /// now.
  [[nodiscard]] bool next(const std::function<void*(const Shape&)>& make);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// How far an `IntoHdf5` has been committed.
struct Hdf5Committed {
  std::int64_t entries = 0;  ///< In all, of these ...
  std::int64_t folded = 0;   ///< ... so many in the HDF5 file, the rest in the file beside it.
  Shape entry{};
};

/// A dataset that can be taken back to what was committed, whenever the program is killed.
///
/// HDF5 files cannot: a writer that dies may leave one which nobody can read. Entries are appended to a plain
/// file; now and then, and at the end, a new HDF5 file is made of the old one and of these, and takes its
/// place.
class Hdf5Committer {
 public:
  Hdf5Committer(std::string path, std::string dataset, DType type, SinkHdf5 how);
  Hdf5Committer(const Hdf5Committer&) = delete;
  ~Hdf5Committer();
  void append(const Shape& entry, std::int64_t count, const void* data);
  Hdf5Committed commit();
  void go_on(const std::optional<Hdf5Committed>& committed);
  [[nodiscard]] bool takes_rows() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class T>
struct ElementOf : std::type_identity<T> {};
template <class T>
struct ElementOf<xt::xarray<T>> : std::type_identity<T> {};
template <class T>
struct ElementOf<Computed<T>> : std::type_identity<T> {};

template <class In>
struct Hdf5Kernel {
  using Out = stream::Nothing;
  static constexpr stream::Traits traits{.all_or_nothing = true};
  std::shared_ptr<Hdf5Appender> file;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    if constexpr (Element<In>) {
      file->append({}, 1, &x);
    } else {
      Shape entry(x.shape().begin(), x.shape().end());
      std::int64_t count = 1;
      if (file->takes_rows() && !entry.empty()) {
        count = entry.front();
        entry.erase(entry.begin());
      }
      file->append(entry, count, x.data());
    }
  }
  template <class Emit>
  void finish(Emit&&) {
    file->settle();
  }
  void drained() { file->settle(); }
};

template <class T>
struct Hdf5Producer {
  using Out = xt::xarray<T>;
  static constexpr bool is_finite = true;
  Hdf5Rows from;
  std::int64_t at = 0;
  void start(stream::Time) { at = 0; }
  std::optional<Out> next(stream::Time) {
    if (is_over()) return {};
    const std::int64_t first = at, count = std::min(from.rows, from.shape.front() - at);
    at += count;
    typename Out::shape_type extents(from.shape.begin(), from.shape.end());
    extents.front() = static_cast<std::size_t>(count);
    Out rows(extents);
    from.read(first, count, rows.data());
    return rows;
  }
  [[nodiscard]] bool is_over() const { return at >= from.shape.front(); }
  [[nodiscard]] std::optional<stream::Time> wake(stream::Time now) const { return now; }
};

template <class T>
struct Hdf5FollowProducer {
  using Out = xt::xarray<T>;
  static constexpr bool is_finite = false;
  Hdf5Follower from;
  stream::Time interval;
  void start(stream::Time) {}
  std::optional<Out> next(stream::Time) {
    Out rows;
    const bool came = from.next([&](const Shape& shape) {
      rows.resize(typename Out::shape_type(shape.begin(), shape.end()));
      return rows.data();
    });
    return came ? std::optional<Out>(std::move(rows)) : std::nullopt;
  }
  [[nodiscard]] bool is_over() const { return false; }
  [[nodiscard]] std::optional<stream::Time> wake(stream::Time now) const { return now + interval; }
};

}  // namespace detail::array

namespace op {

/// Appends each element to a dataset of an HDF5 file, along its first axis:
/// `frames.apply(op::sink_to_hdf5("run.h5", "/frames"))`.
///
/// The file and the dataset are made with the first element; one that is there is continued.
/// **Shape.** Numbers give a dataset of one axis; an `xt::xarray` of shape S one of (n, S...), with `rows` of
/// its own shape but for the first axis.
/// **Errors.** Errors of the element: `Error{invalid_argument}` for another shape than the first, a dataset
/// that cannot grow or has another type; `Error{io}` for what the system refuses. Until `drain`, `close` or
/// the end of the stream, and for ever if the program dies before, the dataset carries the attribute
/// `weir_incomplete`, and `open_hdf5` refuses it: also when another run continues it, until
/// `weir hdf5 check --repair` says that what is there will do.
/// **Threads.** On the thread that emits; one file is written by one stream at a time.
/// **Cost.** One copy of each element into a chunk of the file, which is written when it is full.
inline auto sink_to_hdf5(std::string path, std::string dataset, SinkHdf5 how = {}) {
  return [path = std::move(path), dataset = std::move(dataset),
          how = std::move(how)]<class In>(const Stream<In>& s) {
    using T = typename detail::array::ElementOf<In>::type;
    static_assert(detail::array::Element<T>,
                  "sink_to_hdf5: the elements of the stream must be numbers or xt::xarrays of numbers");
    Sink sink = detail::stream::attach_sink_kernel(
        s, "sink_to_hdf5",
        detail::array::Hdf5Kernel<In>{
            std::make_shared<detail::array::Hdf5Appender>(path, dataset, detail::array::dtype_of<T>, how)});
    sink.node().set_detail(dataset);
    return sink;
  };
}

}  // namespace op

/// Emits a dataset piece by piece along its first axis, then ends: `auto s = from_hdf5<double>("run.h5",
/// "/frames"); ... s.start();`
///
/// With `follow` it does not end but goes on with entries that other programs append, or `op::sink_to_hdf5`
/// of this one: what SWMR writers have flushed, and of others what is in the file when it has not changed for
/// a moment.
/// **Shape.** `xt::xarray<T>` of up to `rows` entries each; the last may have fewer, as may those followed.
/// **Errors.** Throws as `open_hdf5`, and `Error{invalid_argument}` for a dataset without axes. What cannot
/// be read later is an error that comes out of `drain`.
/// **Backpressure.** Reads nothing while a node below is full. `drain` waits for its end, unless it follows.
template <detail::array::Element T>
Stream<xt::xarray<T>> from_hdf5(const std::string& path, const std::string& dataset, FromHdf5 how = {}) {
  namespace array = detail::array;
  constexpr auto type = array::dtype_of<T>;
  if (how.follow) {
    const auto interval = detail::stream::positive("from_hdf5", "poll_interval", how.source.poll_interval);
    return detail::stream::make_source(
        "from_hdf5",
        array::Hdf5FollowProducer<T>{array::Hdf5Follower(path, dataset, type, how.rows), interval},
        std::move(how.source.loop), dataset);
  }
  return detail::stream::make_source("from_hdf5",
                                     array::Hdf5Producer<T>{array::Hdf5Rows(path, dataset, type, how.rows)},
                                     std::move(how.source.loop), dataset);
}

/// The entries of a dataset, as a source of a `Resumable`; its offset counts entries. What has been appended
/// since the last run is read by the next one:
/// `job.feed(weir::RowsOf<double>("in.h5", "/frames"), frames);`.
///
/// **Shape.** `xt::xarray<T>` of up to `rows` entries each, 0: about 1 MiB of them; the last may have fewer.
/// **Errors.** The constructor throws as `open_hdf5`, `seek` `Error{io}` if the dataset has become shorter.
template <detail::array::Element T>
class RowsOf {
 public:
  /// From the first entry.
  RowsOf(const std::string& path, const std::string& dataset, std::int64_t rows = 0)
      : from_{detail::array::Hdf5Rows(path, dataset, detail::array::dtype_of<T>, rows)} {}
  /// The next entries.
  [[nodiscard]] std::optional<xt::xarray<T>> next() { return from_.next({}); }
  /// Where they begin.
  [[nodiscard]] std::int64_t offset() const noexcept { return from_.at; }
  /// Goes there.
  void seek(std::int64_t offset) {
    if (offset < 0 || offset > from_.from.shape.front())
      throw Error(ErrorKind::io, "RowsOf: the dataset \"" + from_.from.dataset + "\" of \"" +
                                     from_.from.named + "\" must be as long as it was (got " +
                                     std::to_string(from_.from.shape.front()) + " entries, and " +
                                     std::to_string(offset) + " have been read); it is another file");
    from_.at = offset;
  }

 private:
  detail::array::Hdf5Producer<T> from_;
};

/// A dataset as a sink of a `Resumable`, with each element in it exactly once:
/// `job.sink_to(frames, weir::IntoHdf5<double>("out.h5", "/frames"))`.
///
/// The file is the sink's own: it is made anew, whole, and then takes the place of the one before. Until
/// then, and while the program runs, what has come since lies in `out.h5.tail` beside it. The end
/// is when the sink goes, with its stream and the `Resumable`.
/// **Shape.** As `op::sink_to_hdf5`: numbers, or `xt::xarray`s, of which each is an entry, or with `rows`
/// several.
/// **Errors.** Of an element: `Error{invalid_argument}` for another shape than the first. `Error{io}` if the
/// files have less than was committed, or cannot be written.
/// **Cost.** Each entry is written three times or so, in all; and the file is read and written once more at
/// the end.
template <detail::array::Element T>
class IntoHdf5 {
 public:
  /// Into this dataset of this file.
  IntoHdf5(std::string path, std::string dataset, SinkHdf5 how = {})
      : into_(std::make_unique<detail::array::Hdf5Committer>(std::move(path), std::move(dataset),
                                                             detail::array::dtype_of<T>, std::move(how))) {}
  /// A number.
  void put(const T& x) { into_->append({}, 1, &x); }
  /// An array.
  void put(const xt::xarray<T>& x) {
    Shape entry(x.shape().begin(), x.shape().end());
    std::int64_t count = 1;
    if (into_->takes_rows() && !entry.empty()) {
      count = entry.front();
      entry.erase(entry.begin());
    }
    into_->append(entry, count, x.data());
  }
  /// All that was put is on the disk.
  [[nodiscard]] detail::array::Hdf5Committed commit() { return into_->commit(); }
  /// Takes back what was not committed.
  void go_on(const std::optional<detail::array::Hdf5Committed>& committed) { into_->go_on(committed); }

 private:
  std::unique_ptr<detail::array::Hdf5Committer> into_;
};

}  // namespace weir
