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
};

/// What the task has of it. Its function takes a `const T&`, or this if it wants to know whose it is.
template <class T>
class Received {
 public:
  explicit Received(const T& shared) : shared_(&shared) {}
  explicit Received(T&& own) : own_(std::move(own)) {}
  operator const T&() const noexcept { return *get(); }
  const T* operator->() const noexcept { return get(); }
  /// If it came with the task, which may change it then; null if others have it too.
  [[nodiscard]] T* own() noexcept { return own_ ? &*own_ : nullptr; }

 private:
  [[nodiscard]] const T* get() const noexcept { return own_ ? &*own_ : shared_; }
  std::optional<T> own_;
  const T* shared_ = nullptr;
};

}  // namespace weir::detail::stream

namespace weir::detail::task {

template <class T>
struct HoldsFutures<stream::Input<T>> : std::true_type {};
template <class T>
struct Argument<stream::Input<T>> {
  using Held = T;
  static void put(ArgumentWriter& out, const stream::Input<T>& argument) {
    const bool is_there = argument.there.valid();
    out.writer.bytes(&is_there, sizeof is_there);
    if (is_there) Argument<Future<T>>::put(out, argument.there);
    else Argument<Shared<T>>::put(out, {argument.here});
  }
  static stream::Received<T> get(ArgumentReader& in) {
    unsigned char is_there = 0;
    in.reader.bytes(&is_there, sizeof is_there);
    if (is_there != 0) return stream::Received<T>(Argument<Future<T>>::get(in));
    return stream::Received<T>(Argument<T>::get(in));
  }
};

}  // namespace weir::detail::task
