// Resumable: a stream that goes on, in the next run, where the last one ended, each element once.
#pragma once

#include <concepts>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "weir/serialize.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/stream.hpp"

namespace weir {

/// A source that knows where it is: `next()` gives an element or nothing at the end, `offset()` where the one
/// behind it begins, and `seek(offset)` goes there.
template <class S>
concept OffsetSource = requires(S& source, const S& as_it_is) {
  *source.next();
  source.seek(as_it_is.offset());
}
&&Travels<std::decay_t<decltype(std::declval<const S&>().offset())>>;

/// A sink that can take back what was not committed: `put(x)`, `commit()` has all that was put on the disk
/// and says how far that is (a size, a number of entries), and `go_on(how far)` makes it so again, in
/// another run: nothing, if nothing was committed.
template <class C, class T>
concept CommittingSink = requires(C& sink, const T& x) {
  sink.put(x);
  sink.go_on(std::optional(sink.commit()));
}
&&Travels<std::decay_t<decltype(std::declval<C&>().commit())>>;

/// The lines of a text file; its offset counts bytes. What has been appended since the last run is read by
/// the next one. Throws `Error{not_found}` if it cannot be opened, `Error{io}` if it has become shorter.
class LinesOf {
 public:
  /// From its beginning.
  explicit LinesOf(std::filesystem::path path);
  /// The next line without its end.
  [[nodiscard]] std::optional<std::string> next();
  /// Where it begins.
  [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }
  /// Goes there.
  void seek(std::uint64_t offset);

 private:
  std::filesystem::path path_;
  std::ifstream in_;
  std::uint64_t at_ = 0;
};

/// The paths in a folder, by name; one that has been given is not given again, in no run.
class FilesIn {
 public:
  /// Throws `Error{not_found}` if it cannot be read.
  explicit FilesIn(std::filesystem::path folder);
  /// The next path.
  [[nodiscard]] std::optional<std::filesystem::path> next();
  /// The names that have been given.
  [[nodiscard]] const std::set<std::string>& offset() const noexcept { return taken_; }
  /// These are not given.
  void seek(std::set<std::string> taken) { taken_ = std::move(taken); }

 private:
  std::filesystem::path folder_;
  std::set<std::string> names_, taken_;
};

/// The items of a vector; its offset is an index.
template <class T>
class ItemsOf {
 public:
  /// Those of `items`.
  explicit ItemsOf(std::vector<T> items) : items_(std::move(items)) {}
  /// The next one.
  [[nodiscard]] std::optional<T> next() {
    return at_ < items_.size() ? std::optional<T>(items_[at_++]) : std::nullopt;
  }
  /// Its index.
  [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }
  /// Goes there.
  void seek(std::uint64_t offset) { at_ = offset; }

 private:
  std::vector<T> items_;
  std::uint64_t at_ = 0;
};

/// Feeds a stream from a source with an offset, and commits now and then: where the source is, what the
/// sinks have written, and the states of its operators and of its own, all at once. A run that is killed is
/// continued by the next one from the last commit, and what had been written beyond it is taken back.
///
/// ```cpp
/// weir::Stream<std::string> lines;
/// weir::Resumable job("run7", "count");
/// std::map<std::string, int> count;
/// job.state("count", count);
/// job.sink(lines, [&](const std::string& line) { ++count[line]; });
/// job.sink_to_textfile(lines.map(shout), "out.txt");
/// job.feed(weir::LinesOf("in.txt"), lines);
/// ```
///
/// **Shape.** Each element is in the files, and in the states, exactly once, however often the program was
/// killed. Another sink is given those since the last commit again (at least once); `feed` warns of each.
/// **Errors.** The constructor throws `Error{unsupported}` while another program has it, `Error{io}` if the
/// folder cannot be written or what was committed has been damaged.
/// **Threads.** One, which feeds; the stream may have others.
/// **Cost.** A commit drains the stream and waits for the disk: some milliseconds each `every`.
class Resumable {
 public:
  /// Kept in the folder `journal`, under `name`; commits each `every`, and when the source ends.
  Resumable(const std::string& journal, const std::string& name, Duration every = std::chrono::seconds(1));
  ~Resumable();
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;

  /// Sets `object` to what the last commit had under this name, and commits it from now on; it must outlive
  /// this. Throws `Error{serialization}` if that was of another type.
  template <Travels T>
  void state(const std::string& name, T& object) {
    if (const auto bytes = restored("state " + name)) object = read_as<T>(name, *bytes);
    keep("state " + name, [&object] { return to_bytes(object); });
  }
  /// Calls `f` for each element; it changes states of this only.
  template <class T, class F>
  Sink sink(const Stream<T>& s, F f) {
    Sink sink = s.sink(std::move(f));
    committing(sink);
    return sink;
  }
  /// Writes each element as a line. What the file had beyond the last commit is cut off; without one it is
  /// empty. Throws `Error{io}` if it is shorter than what was committed, or cannot be written.
  template <class T>
  Sink sink_to_textfile(const Stream<T>& s, const std::filesystem::path& path) {
    Sink sink = s.sink([file = open(path)](const T& x) { write_line(*file, detail::stream::as_text(x)); });
    sink.named(path.filename().string());
    committing(sink);
    return sink;
  }
  /// Puts each element into a sink of one's own, which is committed with the rest.
  template <class T, CommittingSink<T> C>
  Sink sink_to(const Stream<T>& s, C into) {
    const auto to = std::make_shared<C>(std::move(into));
    const std::string name = next_sink();
    using HowFar = std::decay_t<decltype(to->commit())>;
    const auto bytes = restored(name);
    to->go_on(bytes ? std::optional<HowFar>(read_as<HowFar>(name, *bytes)) : std::nullopt);
    keep(name, [to] { return to_bytes(to->commit()); });
    Sink sink = s.sink([to](const T& x) { to->put(x); });
    committing(sink);
    return sink;
  }
  /// From a sink: a whole file, which has its name when the element that made it is committed.
  void put_file(const std::filesystem::path& path, const std::string& text);

  /// Emits what the source has from where the last commit was, to its end.
  ///
  /// **Errors.** Throws `Error{unsupported}` if an operator of the stream keeps what cannot be written, or
  /// the operators that had a state are not those that have one now. What the stream throws comes out, with
  /// nothing committed since.
  template <OffsetSource S, class T>
  void feed(S source, const Stream<T>& into) {
    begin(into);
    using Offset = std::decay_t<decltype(source.offset())>;
    if (const auto bytes = restored("offset")) source.seek(read_as<Offset>("offset", *bytes));
    keep("offset", [&source] { return to_bytes(source.offset()); });
    while (auto x = source.next()) {
      into.emit(std::move(*x));
      if (is_due()) commit(into);
    }
    commit(into);
    keep("offset", [offset = to_bytes(source.offset())] { return offset; });
  }

  /// After `feed`, when nothing more will come: puts out what operators hold (windows that are not full) and
  /// commits. Nothing happens if that was committed before and nothing has come since.
  template <class T>
  void flush(const Stream<T>& into) {
    put_out(into);
  }

 private:
  struct Core;
  class File;
  using Bytes = std::vector<std::byte>;
  template <class T>
  T read_as(const std::string& name, const Bytes& bytes) const {
    try {
      return from_bytes<T>(bytes);
    } catch (const Error& error) {
      other_type(name, error.what());
    }
  }
  [[noreturn]] void other_type(const std::string& name, const std::string& why) const;
  [[nodiscard]] std::optional<Bytes> restored(const std::string& name) const;
  void keep(const std::string& name, std::function<Bytes()> save);
  void committing(const Sink& sink);
  [[nodiscard]] std::string next_sink();
  [[nodiscard]] std::shared_ptr<File> open(const std::filesystem::path& path);
  static void write_line(File& file, const std::string& line);
  void begin(const StreamHandle& into);
  void go_on(detail::stream::Node& node, const std::string& name);
  [[nodiscard]] bool is_due();
  void commit(const StreamHandle& into);
  void put_out(const StreamHandle& into);

  std::unique_ptr<Core> core_;
};

}  // namespace weir
