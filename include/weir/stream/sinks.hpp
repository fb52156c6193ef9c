// Where elements leave: sink, starsink, sink_to_list, sink_to_textfile.
#pragma once

#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/duration.hpp"
#include "weir/stream/elements.hpp"

namespace weir {

/// What a `sink_to_list` has collected; copies share it.
///
/// **Threads.** Every member from any thread.
template <class T>
class Collected {
 public:
  Collected() : state_(std::make_shared<State>()) {}
  /// A copy of what came so far, in order.
  [[nodiscard]] std::vector<T> values() const {
    const std::lock_guard lock(state_->mutex);
    return state_->values;
  }
  /// A copy of the last one; empty if there is none.
  [[nodiscard]] std::optional<T> last() const {
    const std::lock_guard lock(state_->mutex);
    return state_->values.empty() ? std::nullopt : std::optional<T>(state_->values.back());
  }
  /// How many there are.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->values.size();
  }
  /// What came so far; the list begins again.
  [[nodiscard]] std::vector<T> take() const {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->values, {});
  }
  /// Waits until `count` elements are there; false if `timeout` passes first.
  bool wait_for(std::size_t count, Duration timeout) const {
    std::unique_lock lock(state_->mutex);
    return state_->more.wait_for(lock, timeout.value(), [&] { return state_->values.size() >= count; });
  }
  /// Appends one; for the sink.
  template <class X>
  void add(X&& x) const {
    {
      const std::lock_guard lock(state_->mutex);
      state_->values.push_back(std::forward<X>(x));
    }
    state_->more.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable more;
    std::vector<T> values;
  };
  std::shared_ptr<State> state_;
};

/// The last element a stream gave, from the moment it was asked for; copies share it.
///
/// **Threads.** Every member from any thread.
template <class T>
class CurrentValue {
 public:
  CurrentValue() : state_(std::make_shared<State>()) {}
  /// A copy of the last element; empty before the first.
  [[nodiscard]] std::optional<T> value() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value;
  }
  /// Makes it the last one; for the node that watches.
  void set(const T& x) const {
    const std::lock_guard lock(state_->mutex);
    state_->value = x;
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

namespace detail::stream {

/// The element type of what gives none.
struct Nothing {};

template <class In, class F>
struct SinkKernel {
  using Out = Nothing;
  static constexpr Traits traits{.all_or_nothing = true};
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    static_cast<void>(call(f, std::forward<X>(x)));
  }
};

template <class In, class F>
struct StarsinkKernel {
  using Out = Nothing;
  static constexpr Traits traits{.all_or_nothing = true};
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    static_cast<void>(std::apply(f, std::forward<X>(x)));
  }
};

template <class In>
struct ListKernel {
  using Out = Nothing;
  static constexpr Traits traits{.all_or_nothing = true};
  Collected<In> list;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    list.add(std::forward<X>(x));
  }
};

/// A text file that is written in blocks.
class TextFile {
 public:
  /// **Errors.** Throws `Error{io}` if it cannot be opened.
  TextFile(std::filesystem::path path, bool append);
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  ~TextFile();
  void write(std::string_view text, std::string_view end);
  void flush();

 private:
  std::filesystem::path path_;
  int file_;
  std::string block_;
};

/// What can be written as text.
template <class T>
concept IsText = std::is_convertible_v<const T&, std::string> || requires(std::ostream& out, const T& x) {
  out << x;
};
/// The element as text: strings as they are, numbers exactly, anything else by `<<`.
template <class T>
std::string as_text(const T& x) {
  if constexpr (std::is_convertible_v<const T&, std::string>) {
    return std::string(x);
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>) {
    char digits[64];
    return {digits, std::to_chars(digits, digits + sizeof digits, x).ptr};
  } else {
    constexpr bool is_text = requires(std::ostream & out) { out << x; };
    static_assert(is_text, "weir: an element must be text, a number or have an operator << to be written");
    std::ostringstream out;
    if constexpr (is_text) out << x;
    return out.str();
  }
}

template <class In>
struct TextFileKernel {
  using Out = Nothing;
  static constexpr Traits traits{.all_or_nothing = true};
  std::shared_ptr<TextFile> file;
  std::string end;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    file->write(as_text(x), end);
  }
  template <class Emit>
  void finish(Emit&&) {
    file->flush();
  }
  void drained() { file->flush(); }
};

template <class In, class Kernel>
Sink attach_sink_kernel(const Stream<In>& s, std::string kind, Kernel kernel) {
  return attach_sink(s, std::make_unique<KernelNode<In, Kernel>>(std::move(kind), std::move(kernel)));
}

/// Coroutine functions: true for Boost.Asio awaitables, see `weir/stream/await.hpp`.
template <class Result>
inline constexpr bool is_coroutine = requires {
  typename Result::executor_type;
};
template <class In, class F>
Sink attach_coroutine_sink(const Stream<In>& s, F f, std::size_t parallelism);

}  // namespace detail::stream

namespace op {

/// The member `sink` as an operator, which has its contract.
template <class F, class... More>
auto sink(F f, More... more) {
  return [f = detail::stream::bind_back("sink", std::move(f), std::move(more)...)]<class In>(
             const Stream<In>& s) mutable {
    using Function = decltype(f);
    constexpr bool is_callable = detail::stream::CallableWith<Function, In>;
    if constexpr (!is_callable) return detail::stream::Refused<In, detail::stream::Misfit::function>{};
    else if constexpr (detail::stream::is_coroutine<detail::stream::Called<Function, In>>)
      return detail::stream::attach_coroutine_sink(s, std::move(f), 1);
    else
      return detail::stream::attach_sink_kernel(s, "sink",
                                                detail::stream::SinkKernel<In, Function>{std::move(f)});
  };
}
/// The member `starsink` as an operator, which has its contract.
template <class F, class... More>
auto starsink(F f, More... more) {
  return [f = detail::stream::bind_back("starsink", std::move(f), std::move(more)...)]<class In>(
             const Stream<In>& s) mutable {
    constexpr bool is_callable = detail::stream::is_callable_with_items<decltype(f), In>();
    if constexpr (!is_callable) return detail::stream::Refused<In, detail::stream::Misfit::items>{};
    else
      return detail::stream::attach_sink_kernel(
          s, "starsink", detail::stream::StarsinkKernel<In, decltype(f)>{std::move(f)});
  };
}
/// The member `sink_to_list` as an operator, which has its contract.
inline auto sink_to_list() {
  return []<class In>(const Stream<In>& s) {
    Collected<In> list;
    detail::stream::attach_sink_kernel(s, "sink_to_list", detail::stream::ListKernel<In>{list});
    return list;
  };
}
/// The member `current_value` as an operator, which has its contract.
inline auto current_value() {
  return []<class In>(const Stream<In>& s) {
    CurrentValue<In> current;
    const Sink sink =
        detail::stream::attach_sink_kernel(s, "current_value",
                                           detail::stream::SinkKernel<In, std::function<void(const In&)>>{
                                               [current](const In& x) { current.set(x); }});
    sink.move_to_first();
    return current;
  };
}
/// The member `sink_to_textfile` as an operator, which has its contract.
inline auto sink_to_textfile(std::filesystem::path path, std::string end = "\n", bool append = true) {
  return [file = std::make_shared<detail::stream::TextFile>(path, append), end = std::move(end),
          name = path.filename().string()]<class In>(const Stream<In>& s) {
    Sink sink = detail::stream::attach_sink_kernel(s, "sink_to_textfile",
                                                   detail::stream::TextFileKernel<In>{file, end});
    sink.node().set_detail(name);
    return sink;
  };
}

/// Where elements leave; members of `Stream` and `ClusterStream`.
template <class Self>
class SinkMembers {
 public:
  /// Calls `f(x, more...)` for each element.
  ///
  /// `f` may be a coroutine that returns `boost::asio::awaitable<void>` (include `weir/stream/await.hpp`): it
  /// runs on the stream's event loop, one at a time, and emitters wait for it.
  ///
  /// **Errors.** What `f` throws is answered by the node's policy.
  /// **Threads.** On the thread that emits, one call at a time.
  /// **Source.** streamz `Stream.sink`.
  template <class F, class... More>
  auto sink(F f, More... more) const
      requires(!detail::stream::is_on_cluster<Self> && detail::stream::TakesElement<Self, F, More...>) {
    return static_cast<const Self&>(*this).apply(op::sink(std::move(f), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: sink: must be given a function of an element")
  detail::Refused sink() const {
    return {};
  }
  template <class F, class... More, class S = Self>
  requires(!detail::stream::is_on_cluster<S> && !detail::stream::TakesElement<S, F, More...>) WEIR_REFUSES(
      "weir: sink: the function cannot be called with an element of this stream and the further arguments")
  detail::Refused sink(F, More...) const { return {}; }
  template <class... More, class S = Self>
  WEIR_REFUSES(
      "weir: sink: this function has several forms, or is a template: choose one, "
      ".sink(weir::overload<void(double)>(show)), or name it in a lambda")
  detail::Refused sink(detail::NeedsWeirOverload<void, typename S::Element, More...>, More...) const {
    return {};
  }
  template <class F, class... More, class S = Self>
  requires detail::stream::is_on_cluster<S> WEIR_REFUSES(
      "weir: gather() is missing: the elements are on the cluster; write .gather().sink(f)")
  detail::Refused sink(const F&, const More&...) const { return {}; }
  /// \endcond

  /// Calls `f(items..., more...)` for each tuple or pair.
  ///
  /// **Errors.** What `f` throws is answered by the node's policy.
  /// **Source.** rapidz `starsink`.
  template <class F, class... More>
  auto starsink(F f, More... more) const
      requires(!detail::stream::is_on_cluster<Self> && detail::stream::TakesItems<Self, F, More...>) {
    return static_cast<const Self&>(*this).apply(op::starsink(std::move(f), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: starsink: must be given a function of the items of an element")
  detail::Refused starsink() const {
    return {};
  }
  template <class F, class... More, class S = Self>
  requires(!detail::stream::is_on_cluster<S> && !detail::stream::TakesItems<S, F, More...>) WEIR_REFUSES(
      "weir: starsink: the function cannot be called with the items of an element, a tuple or pair, and the "
      "further arguments")
  detail::Refused starsink(F, More...) const { return {}; }
  template <class F, class... More, class S = Self>
  requires detail::stream::is_on_cluster<S> WEIR_REFUSES(
      "weir: gather() is missing: the elements are on the cluster; write .gather().starsink(f)")
  detail::Refused starsink(const F&, const More&...) const { return {}; }
  /// \endcond
  /// Watches the stream's last element from now on: `auto last = s.current_value(); ... last.value()`.
  ///
  /// **Errors.** None of its own; what copying an element throws is treated by the node's policy.
  /// **Cost.** One copy per element; a stream nobody asks keeps none.
  /// **Source.** streamz `Stream.current_value`, which every node keeps.
  ///
  /// On the cluster the element stays there until somebody wants it.
  auto current_value() const {
    if constexpr (detail::stream::is_on_cluster<Self>)
      return detail::stream::ClusterSide<Self>::current_value(static_cast<const Self&>(*this));
    else return static_cast<const Self&>(*this).apply(op::current_value());
  }
  /// Collects the elements in a list: `auto list = s.sink_to_list(); ... list.values()`.
  template <class S = Self>
  requires(!detail::stream::is_on_cluster<S>) auto sink_to_list() const {
    return static_cast<const Self&>(*this).apply(op::sink_to_list());
  }
  /// \cond
  template <class S = Self>
  requires detail::stream::is_on_cluster<S> WEIR_REFUSES(
      "weir: gather() is missing: the elements are on the cluster; write .gather().sink_to_list()")
  detail::Refused sink_to_list() const { return {}; }
  /// \endcond
  /// Writes each element as a line of text.
  ///
  /// **Units.** Numbers are written so that they read back exactly; other types by their `<<`.
  /// **Errors.** Throws `Error{io}` if the file cannot be opened; a write that fails is an error of that
  /// element.
  /// **Cost.** Written in blocks of 64 KiB, and on `drain`, `flush`, `close` and at the end.
  /// **Source.** streamz `Stream.sink_to_textfile`.
  ///
  /// \param path    The file.
  /// \param end     What follows each element.
  /// \param append  Whether an existing file is kept.
  template <class S = Self>
  requires(!detail::stream::is_on_cluster<S> &&
           detail::stream::IsText<typename S::Element>) auto sink_to_textfile(std::filesystem::path path,
                                                                              std::string end = "\n",
                                                                              bool append = true) const {
    return static_cast<const Self&>(*this).apply(
        op::sink_to_textfile(std::move(path), std::move(end), append));
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::is_on_cluster<S> && !detail::stream::IsText<typename S::Element>) WEIR_REFUSES(
      "weir: sink_to_textfile: an element of this stream must be text, a number or have an operator <<")
  detail::Refused sink_to_textfile(const std::filesystem::path&, const std::string& = {}, bool = true) const {
    return {};
  }
  template <class S = Self>
  requires detail::stream::is_on_cluster<S> WEIR_REFUSES(
      "weir: gather() is missing: the elements are on the cluster; write .gather().sink_to_textfile(path)")
  detail::Refused sink_to_textfile(const std::filesystem::path&, const std::string& = {}, bool = true) const {
    return {};
  }
  /// \endcond
};

}  // namespace op
}  // namespace weir
