// How a function and its arguments become a task: what travels, and what the worker calls. No registration.
#pragma once

#include <bit>
#include <functional>

#include "weir/detail/task/address.hpp"
#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"

namespace weir::detail::client {
class FutureRef;
}

namespace weir::detail::task {

/// Reads the arguments, calls the user's function, makes its result a value. One per function and argument
/// types, at the same place on every rank.
using Invoker = Value (*)(Reader& arguments, std::span<const Value> inputs);

/// Where the arguments of one task are written; futures become indices of inputs.
struct ArgumentWriter {
  Writer& writer;
  SmallVector<TaskId, 4>& inputs;
  /// For inputs that only a thread of this process knows; null: the scheduler is told of them.
  std::vector<client::FutureRef>* untold = nullptr;
  /// For arguments of at least so many bytes that need not be written; null: all are written.
  std::vector<Value>* live = nullptr;
  std::size_t gives_from = SIZE_MAX;
  void input(TaskId id) {
    std::uint32_t index = 0;
    while (index < inputs.size() && inputs[index] != id) ++index;
    if (index == inputs.size()) inputs.push_back(id);
    writer.bytes(&index, sizeof index);
  }
};
/// Where they are read on the worker.
struct ArgumentReader {
  Reader& reader;
  std::span<const Value> inputs;
  const Value& input() {
    std::uint32_t index = 0;
    reader.bytes(&index, sizeof index);
    if (index >= inputs.size())
      throw Error(ErrorKind::serialization, "task: an argument names an input that is not there");
    return inputs[index];
  }
};

/// Whether a type is a future or a container of futures; specialised beside Future.
template <class A>
struct HoldsFutures : std::false_type {};

/// How an argument travels. A plain one is a value.
template <class A>
struct Argument {
  using Held = A;
  static void put(ArgumentWriter& out, const A& argument) { write(out.writer, argument); }
  static A get(ArgumentReader& in) {
    A argument{};
    read(in.reader, argument);
    return argument;
  }
};

/// An object passed without a copy of its large buffers: the function gets a `T` of its own.
template <class T>
struct Shared {
  std::shared_ptr<const T> object;
};
template <class T>
struct Argument<Shared<T>> {
  using Held = T;
  static void put(ArgumentWriter& out, const Shared<T>& argument) {
    const auto before = out.writer.set_owner(argument.object);
    write(out.writer, *argument.object);
    out.writer.set_owner(before);
  }
  static T get(ArgumentReader& in) { return Argument<T>::get(in); }
};

/// How a function travels.
///
/// A function pointer by where it lies in the executable, a stateless functor or captureless lambda by its
/// type, a functor with members by value.
template <class F>
struct Callable {
  static constexpr bool stateless = std::is_empty_v<F> && std::is_default_constructible_v<F>;
  static constexpr bool travels = stateless || Travels<F>::value;
  static std::uint64_t name(const F&) { return portable_type(typeid(F)); }
  static void put(Writer& out, const F& function) {
    static_assert(travels,
                  "weir: this function object cannot travel to another process. A lambda must not "
                  "capture; a functor with members needs a cereal serialize() function or must be a "
                  "plain struct.");
    if constexpr (!stateless) write(out, function);
  }
  static F get(Reader& in) {
    F function{};
    if constexpr (!stateless) read(in, function);
    return function;
  }
};

template <class R, class... P, bool N>
struct Callable<R (*)(P...) noexcept(N)> {
  using Pointer = R (*)(P...) noexcept(N);
  static constexpr bool travels = true;
  static std::uint64_t name(Pointer function) {
    return portable_address(reinterpret_cast<const void*>(function));
  }
  static void put(Writer& out, Pointer function) {
    const std::uint64_t address = name(function);
    out.bytes(&address, sizeof address);
  }
  static Pointer get(Reader& in) {
    std::uint64_t address = 0;
    in.bytes(&address, sizeof address);
    return reinterpret_cast<Pointer>(const_cast<void*>(local_address(address)));
  }
};

/// Methods: by where they lie in the executable, virtual ones by their place in the table of their class.
template <class F>
requires std::is_member_function_pointer_v<F>
struct Callable<F> {
  static constexpr bool travels = true;
  /// As compilers of this ABI lay it out.
  struct Words {
    std::uintptr_t place = 0;  ///< An address, or of a virtual one something small.
    std::uintptr_t adjustment = 0;
    [[nodiscard]] bool is_address() const { return place > 0xffff; }
  };
  static_assert(sizeof(F) == sizeof(Words));
  static Words words_of(F function) { return std::bit_cast<Words>(function); }
  static std::uint64_t name(F function) {
    const Words words = words_of(function);
    return words.is_address() ? portable_address(reinterpret_cast<const void*>(words.place))
                              : portable_type(typeid(F));
  }
  static void put(Writer& out, F function) {
    const Words words = words_of(function);
    const std::uint64_t sent[] = {words.is_address(), words.is_address() ? name(function) : words.place,
                                  words.adjustment};
    out.bytes(sent, sizeof sent);
  }
  static F get(Reader& in) {
    std::uint64_t sent[3] = {};
    in.bytes(sent, sizeof sent);
    Words words{static_cast<std::uintptr_t>(sent[1]), static_cast<std::uintptr_t>(sent[2])};
    if (sent[0]) words.place = reinterpret_cast<std::uintptr_t>(local_address(sent[1]));
    return std::bit_cast<F>(words);
  }
};

/// The parameter types of a function, where it has only one form.
template <class F>
struct Parameters : std::false_type {};
template <class R, class... P, bool N>
struct Parameters<R (*)(P...) noexcept(N)> : std::true_type {
  using Types = std::tuple<P...>;
};
template <class Operator>
struct OperatorParameters : std::false_type {};
template <class C, class R, class... P, bool N>
struct OperatorParameters<R (C::*)(P...) const noexcept(N)> : std::true_type {
  using Types = std::tuple<P...>;
};
template <class C, class R, class... P, bool N>
struct OperatorParameters<R (C::*)(P...) noexcept(N)> : std::true_type {
  using Types = std::tuple<P...>;
};
template <class Method>
struct MethodParameters;
template <class C, class R, class... P, bool N>
struct MethodParameters<R (C::*)(P...) noexcept(N)> {
  using Types = std::tuple<C&, P...>;
};
template <class C, class R, class... P, bool N>
struct MethodParameters<R (C::*)(P...) const noexcept(N)> {
  using Types = std::tuple<const C&, P...>;
};
/// Of a method the object comes first.
template <class F>
requires requires { typename MethodParameters<F>::Types; }
struct Parameters<F> : std::true_type {
  using Types = typename MethodParameters<F>::Types;
};
template <class F>
requires requires { &F::operator(); }
struct Parameters<F> : OperatorParameters<decltype(&F::operator())> {};

/// The type an argument is kept in: that of the parameter where it is known, so that "text" becomes the
/// std::string the function takes.
template <class F, std::size_t I, class A>
constexpr auto held_type() {
  using Plain = std::decay_t<A>;
  if constexpr (HoldsFutures<Plain>::value) {
    return std::type_identity<Plain>{};
  } else if constexpr (Parameters<F>::value) {
    if constexpr (I < std::tuple_size_v<typename Parameters<F>::Types>) {
      using Parameter = std::decay_t<std::tuple_element_t<I, typename Parameters<F>::Types>>;
      if constexpr (std::is_convertible_v<A, Parameter> && !std::is_pointer_v<Parameter> &&
                    std::is_default_constructible_v<Parameter>)
        return std::type_identity<Parameter>{};
      else return std::type_identity<Plain>{};
    } else {
      return std::type_identity<Plain>{};
    }
  } else if constexpr (std::is_same_v<Plain, const char*> || std::is_same_v<Plain, char*>) {
    return std::type_identity<std::string>{};
  } else {
    return std::type_identity<Plain>{};
  }
}
template <class F, std::size_t I, class A>
using HeldType = typename decltype(held_type<F, I, A>())::type;

/// What the function is called with: a plain argument is its own, an input is shared and cannot be changed.
template <class A>
using Passed = decltype(Argument<A>::get(std::declval<ArgumentReader&>()));

/// The type of the parameter through which an argument goes into a call on its way to its writer.
template <class A>
struct AcceptedAs : std::type_identity<const A&> {};

/// Calls a function as it is made: its arguments, between braces, are read in order. No tuple in between,
/// whose machinery every task of every program would be compiled with.
template <class F>
struct CallInOrder {
  Value result;
  template <class... P>
  explicit CallInOrder(const Reader& read, F& function, P&&... passed) {
    read.note_end();
    const auto call = [&]() -> decltype(auto) {
      if constexpr (std::is_member_pointer_v<F>) return std::invoke(function, std::forward<P>(passed)...);
      else return function(std::forward<P>(passed)...);
    };
    using Result = std::decay_t<decltype(call())>;
    if constexpr (std::is_void_v<Result>) {
      call();
      result = Value::make(Nothing{});
    } else {
      result = Value::make<Result>(call());
    }
  }
};

template <class F, class... A>
Value invoke_task(Reader& reader, std::span<const Value> inputs) {
  F function = Callable<F>::get(reader);
  [[maybe_unused]] ArgumentReader in{reader, inputs};
  return CallInOrder<F>{reader, function, Argument<A>::get(in)...}.result;
}

template <class F, class... A>
using CanCall = std::is_invocable<F&, Passed<A>&&...>;
template <class F, class... A>
using TaskResult = std::decay_t<std::invoke_result_t<F&, Passed<A>&&...>>;
template <class F, class... A>
using ResultTravels = std::disjunction<std::is_void<TaskResult<F, A...>>, Travels<TaskResult<F, A...>>>;

}  // namespace weir::detail::task
