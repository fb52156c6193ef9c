// Input: what a task of a stream is given, wherever it is, so that each of these tasks is compiled once.
#pragma once

#include <memory>
#include <optional>

#include "weir/client.hpp"

namespace weir::detail::stream {

/// An object that is here and travels with the task, or if there is one the result of another task.
template <class T>
struct Input {
  Future<T> there;
  std::shared_ptr<const T> here;
  bool once = false;  ///< The task may have the object that is here, if nobody else wants it: it is not run
                      ///< again in this process after that.
};

/// What the task has of it. Its function takes a `const T&`, or this if it wants to know whose it is.
template <class T>
class Received {
 public:
  explicit Received(const T& shared) : shared_(&shared) {}
  explicit Received(T&& read) : read_(std::move(read)) {}
  /// One that came as it is.
  Received(task::Value& live, bool once) : shared_(&live.as<T>()), live_(once ? &live : nullptr) {}
  operator const T&() const noexcept { return *get(); }
  const T* operator->() const noexcept { return get(); }
  /// If it came with the task, which may change it from now on; null if others have it too.
  [[nodiscard]] T* own() {
    if (read_) return &*read_;
    if (!spent_ && live_) spent_ = live_->spend<T>();
    return spent_.get();
  }

 private:
  [[nodiscard]] const T* get() const noexcept { return read_ ? &*read_ : shared_; }
  std::optional<T> read_;
  const T* shared_ = nullptr;
  task::Value* live_ = nullptr;
  std::shared_ptr<T> spent_;
};

}  // namespace weir::detail::stream

namespace weir::detail::task {

template <class T>
struct HoldsFutures<stream::Input<T>> : std::true_type {};
template <class T>
struct AcceptedAs<stream::Input<T>> : std::type_identity<stream::Input<T>> {};
template <class T>
struct Argument<stream::Input<T>> {
  using Held = T;
  enum class Where : unsigned char { written, there, live, live_once };
  static void put(ArgumentWriter& out, stream::Input<T>&& argument) {
    Where where = Where::written;
    if (argument.there.valid()) where = Where::there;
    else if (out.live && bytes_of(*argument.here) >= out.gives_from)
      where = argument.once ? Where::live_once : Where::live;
    out.writer.bytes(&where, sizeof where);
    if (where == Where::there) Argument<Future<T>>::put(out, argument.there);
    else if (where == Where::written) Argument<Shared<T>>::put(out, {std::move(argument.here)});
    else out.live->push_back(client::on_its_way<T>(Value::share(std::move(argument.here))));
  }
  static stream::Received<T> get(ArgumentReader& in) {
    Where where{};
    in.reader.bytes(&where, sizeof where);
    if (where == Where::there) return stream::Received<T>(Argument<Future<T>>::get(in));
    if (where == Where::written) return stream::Received<T>(Argument<T>::get(in));
    return stream::Received<T>(in.reader.live(), where == Where::live_once);
  }
};

}  // namespace weir::detail::task
