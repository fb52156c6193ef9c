// Where elements come from: from_iterable, from_range, from_periodic, from_queue, from_textfile, filenames,
// from_process.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/duration.hpp"
#include "weir/stream/stream.hpp"

namespace weir {

/// Where a source runs and how often it looks: `from_textfile("log", {.poll_interval = 10ms, .loop = loop})`.
struct SourceOptions {
  Duration poll_interval = std::chrono::milliseconds(100);  ///< how often it looks where nobody tells
  std::optional<EventLoop> loop = {};                       ///< by default one with a thread of its own
  /// Of `from_textfile`: whether it waits for more at the end of the file, or ends there.
  bool follow = true;
  /// Of `filenames`: how long size and time of a file must stay as they are before its name is given; 0 gives
  /// it at once.
  Duration settle = std::chrono::nanoseconds(0);
};

namespace detail::stream {

// A producer has
//   using Out = ...;
//   static constexpr bool is_finite;             whether drain waits for its end
//   void start(Time now);                         begins, or begins again
//   std::optional<Out> next(Time now);            the next element, if there is one now
//   bool is_over() const;                         there will be none
//   std::optional<Time> wake(Time now) const;     when to look again; nothing: when poked
//   void skip(Time now);                          optional: goes on behind what next() threw on
//   void stop();                                  optional
//   void attach(std::function<void()> poke);      optional
//   std::size_t pending() const;                  optional, of one that is not finite: what drain waits for
//   static constexpr bool leaves_in_order = true; optional: who waits for that waits for no later ones
//   bool finishes() const;                        optional: comes to its end also when the graph does
//   bool goes_on() const;                         optional: what next() threw concerned one element only

/// Runs a producer on the stream's event loop; stops asking it while a node below is full.
template <class Producer>
class SourceNode final : public Outlet<typename Producer::Out> {
 public:
  using Out = typename Producer::Out;
  SourceNode(std::string kind, Producer producer)
      : Outlet<Out>(std::move(kind)), producer_(std::move(producer)) {}
  ~SourceNode() override { shut(); }

  void start() override {
    {
      Frame frame(*this);
      if (running_) return;
      if (!timer_) {
        timer_ = std::make_unique<Timer>(this->graph().loop(), [this] { work(); });
        if constexpr (requires(Producer & p) { p.attach(std::function<void()>()); })
          producer_.attach([this] { poke(); });
      }
      producer_.start(timer_->loop().now());
      this->reopen();
      running_ = true;
    }
    poke();
  }
  void stop() override {
    if (running_.exchange(false)) this->graph().finished();
    if constexpr (requires(Producer & p) { p.stop(); }) producer_.stop();
  }
  void shut() noexcept override {
    running_ = false;
    if (timer_) timer_->close();
    if constexpr (requires(Producer & p) { p.attach(std::function<void()>()); }) producer_.attach(nullptr);
  }
  [[nodiscard]] bool emits_by_itself() const override { return true; }
  [[nodiscard]] bool is_ticking() const override { return running_; }
  [[nodiscard]] std::size_t pending() const override {
    if (!running_) return 0;
    if constexpr (requires(const Producer& p) { p.pending(); })
      return producer_.pending() + (is_stepping_ ? 1 : 0);
    else return Producer::is_finite ? 1 : 0;
  }
  [[nodiscard]] std::uint64_t gone() const override { return gone_.load(); }
  [[nodiscard]] bool finishes() const override {
    if constexpr (requires(const Producer& p) { p.finishes(); }) return running_ && producer_.finishes();
    else return false;
  }
  void set_policy(ErrorPolicy policy) override {
    if (policy.letter_box)
      throw Error(ErrorKind::unsupported,
                  "on_error: " + this->label() +
                      " has no element when it fails, so it has no dead letters; use raise, skip or retry");
    Node::set_policy(policy);
  }
  [[nodiscard]] const char* shape() const override { return "invhouse"; }

 private:
  enum class Step { went, waits, blocked };

  void poke() {
    if (timer_) timer_->arm(timer_->loop().now());
  }
  void work() {
    constexpr int most = 256;  // then others on the loop have their turn
    for (int count = 0; count < most; ++count) {
      if (!running_) return;
      const Step done = step();
      if (done == Step::waits) return;
      if (done == Step::went) is_impatient_ = false;
      if (done == Step::blocked) {
        await_room();
        Frame frame(*this);
        if (this->closed_gate()) return;
      }
    }
    poke();
  }
  /// To be called for each element that leaves takes longer than most elements: at first it waits until there
  /// is room for many, and no longer than a moment.
  void await_room() {
    constexpr std::chrono::milliseconds patience(1);
    if (std::exchange(is_impatient_, true) || timer_->loop().is_manual())
      return this->wake_when_opened([this] { poke(); });
    timer_->arm(timer_->loop().now() + patience);
    if (awaits_much_.exchange(true)) return;
    const auto wake = [this] {
      awaits_much_ = false;
      poke();
    };
    this->wake_when_opened(wake, true);
  }
  Step step() {
    std::exception_ptr error;
    Step result = Step::went;
    {
      Frame frame(*this);
      if (this->closed_gate()) return Step::blocked;
      const Stepping inside(is_stepping_);
      try {
        const Time now = timer_->loop().now();
        std::optional<Out> x = producer_.next(now);
        failures_ = 0;
        if (x) {
          this->admit(std::move(*x));
          if constexpr (requires { Producer::leaves_in_order; }) gone_.fetch_add(1);
        } else {
          result = Step::waits;
          if (producer_.is_over()) finish();
          else if (const auto at = producer_.wake(now)) timer_->arm(*at);
        }
      } catch (...) {
        result = failed();
      }
      error = frame.finish_quietly();
    }
    if (error) this->graph().report(error);
    if (result == Step::waits && pending() == 0) this->graph().finished();
    return result;
  }
  /// The producer threw. By default it stops, and can be started again.
  Step failed() {
    if (failures_++ < this->policy_.retries) return Step::went;
    failures_ = 0;
    if (this->policy_.action == ErrorPolicy::Action::skip) {
      this->errors.add();
      if constexpr (requires(Producer & p) { p.skip(Time()); }) producer_.skip(timer_->loop().now());
      return Step::went;
    }
    this->raise_current();
    if constexpr (requires(const Producer& p) { p.goes_on(); }) {
      if (producer_.goes_on()) return Step::went;
    }
    if (producer_.is_over()) this->end();
    running_ = false;
    return Step::waits;
  }
  void finish() {
    this->end();
    running_ = false;
  }
  /// An element may have left the producer and not come out yet.
  struct Stepping {
    std::atomic<bool>& is_stepping;
    explicit Stepping(std::atomic<bool>& flag) : is_stepping(flag) { is_stepping = true; }
    Stepping(const Stepping&) = delete;
    Stepping& operator=(const Stepping&) = delete;
    ~Stepping() { is_stepping = false; }
  };

  Producer producer_;
  std::atomic<bool> running_{false}, is_stepping_{false};
  std::atomic<bool> awaits_much_{false};
  bool is_impatient_ = false;  // has waited for much, and nothing went since
  std::atomic<std::uint64_t> gone_{0};
  unsigned failures_ = 0;  // one after the other
  std::unique_ptr<Timer> timer_;
};

/// Makes a stream that begins with a producer.
template <class Producer>
Stream<typename Producer::Out> make_source(std::string kind, Producer producer, std::optional<EventLoop> loop,
                                           std::string detail = {}) {
  auto node = std::make_unique<SourceNode<Producer>>(std::move(kind), std::move(producer));
  node->set_detail(std::move(detail));
  auto& made = *node;
  auto [graph, any] = make_graph(std::move(node), std::move(loop));
  return Stream<typename Producer::Out>(std::move(graph), made);
}

template <class Range>
concept Iterable = requires(Range& range) {
  std::begin(range);
  std::end(range);
};
template <class T>
concept Countable = std::is_constructible_v<T, int> && requires(T x) {
  x < x;
  x = x + x;
};
/// A function that makes elements of nothing.
template <class F>
concept Makes = std::is_invocable_v<F&> && !std::is_void_v<std::invoke_result_t<F&>>;

template <class Range>
struct IterableProducer {
  using Iterator = decltype(std::begin(std::declval<Range&>()));
  using Out = ItemOf<Range>;
  static constexpr bool is_finite = true;
  std::shared_ptr<Range> range;
  std::optional<Iterator> at = {};
  void start(Time) { at = std::begin(*range); }
  std::optional<Out> next(Time) {
    if (is_over()) return {};
    Out x = **at;
    ++*at;
    return x;
  }
  void skip(Time) { ++*at; }
  [[nodiscard]] bool is_over() const { return !(*at != std::end(*range)); }
  [[nodiscard]] std::optional<Time> wake(Time now) const { return now; }
};

/// Numbers of a range must differ. Throws `Error{invalid_argument}` if the step is less than the distance of
/// neighbouring numbers of their size.
template <class T>
void check_steps(T begin, T end, T step) {
  const T largest = std::isfinite(end) ? std::max(std::abs(begin), std::abs(end)) : std::abs(begin);
  if (!(std::abs(step) < std::nextafter(largest, std::numeric_limits<T>::infinity()) - largest)) return;
  throw Error(ErrorKind::invalid_argument, "from_range: numbers near " + std::to_string(largest) +
                                               " do not differ by a step of " + std::to_string(step) +
                                               "; count with integers, and map them");
}

template <class T>
struct RangeProducer {
  using Out = T;
  static constexpr bool is_finite = true;
  T begin, end, step;
  T at = begin;
  std::uint64_t count = 0;
  bool was_last = false;  // the next one would not fit into T
  void start(Time) {
    at = begin;
    count = 0;
    was_last = false;
  }
  std::optional<T> next(Time) {
    if (is_over()) return {};
    const T x = at;
    ++count;
    if constexpr (std::is_floating_point_v<T>)
      at = begin + static_cast<T>(count) * step;  // errors do not add up
    else if constexpr (std::is_integral_v<T>) was_last = __builtin_add_overflow(at, step, &at);
    else at = static_cast<T>(at + step);
    return x;
  }
  [[nodiscard]] bool is_over() const { return was_last || (T{} < step ? !(at < end) : !(end < at)); }
  [[nodiscard]] std::optional<Time> wake(Time now) const { return now; }
};

template <class F>
struct PeriodicProducer {
  using Out = std::decay_t<std::invoke_result_t<F&>>;
  static constexpr bool is_finite = false;
  F f;
  Time interval;
  Time due{};
  void start(Time now) { due = now; }
  std::optional<Out> next(Time now) {
    if (now < due) return {};
    Out x = std::invoke(f);
    skip(now);
    return x;
  }
  void skip(Time now) { due = due + interval <= now ? now + interval : due + interval; }
  [[nodiscard]] bool is_over() const { return false; }
  [[nodiscard]] std::optional<Time> wake(Time) const { return due; }
};

/// Cuts bytes into messages.
class Splitter {
 public:
  Splitter(std::string delimiter, std::size_t max_bytes)
      : delimiter_(std::move(delimiter)), max_bytes_(max_bytes) {}
  void add(std::string_view bytes) { rest_.append(bytes); }
  /// The next complete message, without its delimiter.
  ///
  /// **Errors.** Throws `Error{io}` once for a message that is too long; the rest of it is dropped.
  std::optional<std::string> next(const std::string& who);
  /// What is left without a delimiter.
  [[nodiscard]] std::string take_rest();
  /// What is left, if anything, is a message: nothing more of it will come.
  void end_message() {
    if (begin_ < rest_.size()) rest_ += delimiter_;
  }

 private:
  [[noreturn]] void refuse(const std::string& who) const;
  std::string delimiter_;
  std::size_t max_bytes_;
  std::string rest_;
  std::size_t begin_ = 0, looked_ = 0;
  bool dropping_ = false;
};

/// Follows a text file that grows, shrinks, is replaced or is away for a while.
class TextFileProducer {
 public:
  using Out = std::string;
  static constexpr bool is_finite = false;
  TextFileProducer(std::filesystem::path path, std::string delimiter, bool from_end, bool follow,
                   Time interval, std::size_t max_line_bytes);
  void start(Time now);
  std::optional<std::string> next(Time now);
  [[nodiscard]] std::size_t pending() const;
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] bool goes_on() const;
  [[nodiscard]] std::optional<Time> wake(Time now) const { return now + interval_; }

 private:
  struct File;
  std::shared_ptr<File> file_;
  Time interval_;
};

/// Looks for new names in a directory.
class FilenamesProducer {
 public:
  using Out = std::filesystem::path;
  static constexpr bool is_finite = false;
  FilenamesProducer(std::filesystem::path where, Time settle, Time interval);
  void start(Time) {}
  std::optional<std::filesystem::path> next(Time now);
  [[nodiscard]] bool is_over() const { return false; }
  [[nodiscard]] std::optional<Time> wake(Time now) const { return now + interval_; }

 private:
  struct Names;
  std::shared_ptr<Names> names_;
  Time interval_;
};

/// Reads the lines a program writes.
class ProcessProducer {
 public:
  using Out = std::string;
  static constexpr bool is_finite = true;
  ProcessProducer(std::vector<std::string> command, bool with_stderr, Time interval);
  void start(Time now);
  std::optional<std::string> next(Time now);
  void stop();
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] bool goes_on() const { return !is_over(); }  // a line that is too long
  [[nodiscard]] std::optional<Time> wake(Time now) const { return now + interval_; }

 private:
  struct Process;
  std::shared_ptr<Process> process_;
  Time interval_;
};

}  // namespace detail::stream

namespace detail::stream {
template <class T>
struct QueueProducer;
}  // namespace detail::stream

/// A bounded queue between threads of your own and a stream; copies share it.
///
/// **Threads.** Every member from any thread.
template <class T>
class Queue {
 public:
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  explicit Queue(std::size_t size = 1024) : state_(std::make_shared<State>()) {
    detail::stream::at_least_one("Queue", "size", size);
    state_->size = size;
  }
  /// Waits for room. **Errors.** Throws `Error{closed}` after `close`.
  void put(T x) const {
    std::unique_lock lock(state_->mutex);
    state_->room.wait(lock, [&] { return state_->closed || state_->items.size() < state_->size; });
    add(std::move(x), lock);
  }
  /// False if there is no room.
  [[nodiscard]] bool try_put(T x) const {
    std::unique_lock lock(state_->mutex);
    if (!state_->closed && state_->items.size() >= state_->size) return false;
    add(std::move(x), lock);
    return true;
  }
  /// What is in it comes out, then the stream ends.
  void close() const {
    {
      const std::lock_guard lock(state_->mutex);
      state_->closed = true;
      state_->room.notify_all();
    }
    state_->call_poke();
  }

 private:
  template <class U>
  friend struct detail::stream::QueueProducer;
  struct State {
    std::mutex mutex;
    std::condition_variable room;
    std::deque<T> items;
    std::size_t size = 0;
    bool closed = false;
    std::mutex poke_mutex;
    std::function<void()> poke;
    void call_poke() {
      const std::lock_guard lock(poke_mutex);
      if (poke) poke();
    }
  };
  void add(T&& x, std::unique_lock<std::mutex>& lock) const {
    if (state_->closed) throw Error(ErrorKind::closed, "Queue: it is closed");
    state_->items.push_back(std::move(x));
    lock.unlock();
    state_->call_poke();
  }
  std::shared_ptr<State> state_;
};

namespace detail::stream {

template <class T>
struct QueueProducer {
  using Out = T;
  static constexpr bool is_finite = false;
  static constexpr bool leaves_in_order = true;
  Queue<T> queue;
  void start(Time) {}
  void attach(std::function<void()> poke) {
    const std::lock_guard lock(queue.state_->poke_mutex);
    queue.state_->poke = std::move(poke);
  }
  std::optional<T> next(Time) {
    const std::lock_guard lock(queue.state_->mutex);
    if (queue.state_->items.empty()) return {};
    std::optional<T> x(std::move(queue.state_->items.front()));
    queue.state_->items.pop_front();
    queue.state_->room.notify_one();
    return x;
  }
  [[nodiscard]] bool is_over() const {
    const std::lock_guard lock(queue.state_->mutex);
    return queue.state_->closed && queue.state_->items.empty();
  }
  [[nodiscard]] std::size_t pending() const {
    const std::lock_guard lock(queue.state_->mutex);
    return queue.state_->items.size() + (queue.state_->closed ? 1 : 0);
  }
  [[nodiscard]] bool finishes() const {
    const std::lock_guard lock(queue.state_->mutex);
    return queue.state_->closed;
  }
  [[nodiscard]] std::optional<Time> wake(Time) const { return {}; }
};

}  // namespace detail::stream

/// Emits the elements of a container or range, then ends.
///
/// Begin with `start()`; starting again emits everything again. Like all sources it runs on its event loop
/// and stands still while a node below is full.
///
/// **Errors.** An exception of the range comes out of `drain`; the source stops and can be started again.
/// With `on_error(skip)` or `on_error(retry(n))`, which every source takes, it goes on.
/// **Backpressure.** Takes nothing from the range while a node below is full. `drain` waits for its end.
/// **Source.** streamz `from_iterable`.
template <class Range>
requires detail::stream::Iterable<Range>
auto from_iterable(Range range, SourceOptions options = {}) {
  return detail::stream::make_source(
      "from_iterable", detail::stream::IterableProducer<Range>{std::make_shared<Range>(std::move(range))},
      std::move(options.loop));
}
/// \cond
#define WEIR_NO_RANGE "weir: from_iterable: must be given a container or another range"
namespace detail::stream {
WEIR_REFUSAL(NoRange, WEIR_NO_RANGE)
}
template <class Range>
requires(!detail::stream::Iterable<Range>) WEIR_REFUSES_FREE(WEIR_NO_RANGE)
detail::Refused from_iterable(const Range&, const SourceOptions& = {}, detail::stream::NoRange<Range> = {}) {
  return {};
}
#undef WEIR_NO_RANGE
/// \endcond

/// Emits `begin`, `begin + step`, ... before `end`, then ends; also where the next one would not fit into T.
///
/// **Errors.** Throws `Error{invalid_argument}` if `step` is 0 or not a number, or if numbers as large as
/// `begin` or `end` do not differ by it.
template <class T>
requires detail::stream::Countable<T>
auto from_range(T begin, T end, T step = T(1), SourceOptions options = {}) {
  if (!(step < T{} || T{} < step))
    throw Error(ErrorKind::invalid_argument, "from_range: step must be a number other than 0");
  if constexpr (std::is_floating_point_v<T>) detail::stream::check_steps(begin, end, step);
  return detail::stream::make_source("from_range", detail::stream::RangeProducer<T>{begin, end, step},
                                     std::move(options.loop));
}

/// \cond
#define WEIR_NO_COUNTS "weir: from_range: counts numbers, or what has operators + and < and is made of 1"
namespace detail::stream {
WEIR_REFUSAL(NoCounts, WEIR_NO_COUNTS)
}
template <class T>
requires(!detail::stream::Countable<T>) WEIR_REFUSES_FREE(WEIR_NO_COUNTS)
detail::Refused from_range(const T&, const T&, detail::stream::NoCounts<T> = {}) { return {}; }
#undef WEIR_NO_COUNTS
template <class Named = void, class First, class T, class... Step>
requires(std::is_void_v<Named> && !std::is_same_v<First, T> && (sizeof...(Step) < 2)) WEIR_REFUSES(
    "weir: from_range: begin, end and step must have one type, which is that of the elements: "
    "from_range(0.0, 1.0, 0.1)")
detail::Refused from_range(const First&, const T&, const Step&...) { return {}; }
/// \endcond

/// Emits what `f()` returns, at once and then every `interval`.
///
/// **Units.** `interval` is a duration or text; times that were missed while a node below was full are left
/// out.
/// **Errors.** Throws `Error{invalid_argument}` if `interval` is not positive. If `f` throws, the source
/// stops, and the error comes out of `drain`.
/// **Source.** streamz `from_periodic`, whose period adds the pipeline's time.
template <class F>
requires detail::stream::Makes<F>
auto from_periodic(F f, Duration interval, SourceOptions options = {}) {
  const detail::stream::Time period = detail::stream::positive("from_periodic", "interval", interval);
  return detail::stream::make_source(
      "from_periodic",
      detail::stream::PeriodicProducer<F>{detail::callable("from_periodic", "the function", std::move(f)),
                                          period},
      std::move(options.loop), to_string(period));
}
/// \cond
#define WEIR_NO_MAKER "weir: from_periodic: the function must take no arguments and return an element"
namespace detail::stream {
WEIR_REFUSAL(NoMaker, WEIR_NO_MAKER)
}
template <class F>
requires(!detail::stream::Makes<F>) WEIR_REFUSES_FREE(WEIR_NO_MAKER)
detail::Refused from_periodic(F, const Duration&, const SourceOptions& = {},
                              detail::stream::NoMaker<F> = {}) {
  return {};
}
#undef WEIR_NO_MAKER
/// \endcond

/// Emits what others put into `queue`; ends when it is closed and empty.
///
/// `drain` waits until what has been put is out, and the end of a closed queue; also the graph ends only
/// after a closed queue it has begun with.
///
/// **Errors.** What is thrown below comes out of `drain`; the element is lost, the source goes on.
/// **Backpressure.** `queue.put` waits while the queue is full, which it stays while a node below is.
template <class T>
auto from_queue(Queue<T> queue, SourceOptions options = {}) {
  return detail::stream::make_source("from_queue", detail::stream::QueueProducer<T>{std::move(queue)},
                                     std::move(options.loop));
}

/// Emits the lines of a text file, and those that are written to it later; with `{.follow = false}` it ends
/// at the end of the file, `drain` waits for that, and `start` begins again.
///
/// The file is opened by `start`. One that is truncated, or written again from its beginning, is read from
/// there; one that is replaced is read to its end before the new one, also a last line without delimiter; one
/// that is away is waited for. That it was written again shows in its size or in the first and last 256 bytes
/// read.
///
/// **Shape.** `std::string` without the delimiter. What stands after the last delimiter waits for the next
/// one, or is the last line if the file is not followed.
/// **Errors.** Throws `Error{not_found}` if there is no such file now, `Error{invalid_argument}` if it is a
/// directory or a pipe, if `delimiter` is empty, and if `max_line_bytes` or `poll_interval` is 0. A line
/// longer than `max_line_bytes` is dropped, and an error of the stream, which goes on. A file that cannot be
/// read is an error that stops the source.
/// **Backpressure.** Does not read while a node below is full.
/// **Source.** streamz `from_textfile`, which keeps the delimiter and knows no truncation.
Stream<std::string> from_textfile(const std::filesystem::path& path, SourceOptions options = {},
                                  std::string delimiter = "\n", bool from_end = false,
                                  std::size_t max_line_bytes = std::size_t{64} << 20);

/// Emits the names of files in a directory, or of those that match a pattern with `*` and `?` in the last
/// part, and later the new ones.
///
/// With `{.settle = "2s"}` a name comes when the file has not changed for that long: whole files only. Names
/// of files that are being written are left out until they are renamed: hidden ones, those that end in `~`,
/// `.tmp`, `.temp`, `.part`, `.partial`, `.crdownload` or `.swp`; unless the pattern is such a name.
///
/// **Shape.** `std::filesystem::path`, sorted within one look; each name once.
/// **Errors.** Throws `Error{not_found}` if there is no such directory now, `Error{invalid_argument}` if
/// `poll_interval` is not positive or `settle` negative. A directory that goes away later is waited for.
/// **Source.** streamz `filenames`.
Stream<std::filesystem::path> filenames(const std::filesystem::path& where, SourceOptions options = {});

/// Starts a program and emits the lines it writes; ends when the program has.
///
/// **Shape.** `std::string` without the newline; also the last line if it has none.
/// **Errors.** Throws `Error{invalid_argument}` if `command` is empty; `start` throws `Error{not_found}` if
/// it cannot be started. A program that fails is an error of the stream.
/// **Threads.** `stop` asks the program to end (SIGTERM). One that has not ended 2 s after the graph asked
/// it, or after it was asked to start again, is killed. The program runs in a session of its own (it cannot
/// ask for a password at the terminal) and what it started ends with it, and both with this process, however
/// that ends; but for those that make a session of their own, which only `weir run` finds.
/// **Backpressure.** While a node below is full nothing is read, and the pipe holds the program back.
/// **Source.** streamz `from_process`.
Stream<std::string> from_process(std::vector<std::string> command, SourceOptions options = {},
                                 bool with_stderr = false);

}  // namespace weir
