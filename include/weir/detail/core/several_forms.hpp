// What stands for a function's name that means several functions, or a template.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

namespace weir::detail {

/// Takes the name of a function that has several forms, or is a template, as `A...` suggest: a name that
/// means no single function is no argument of a template. Where a template is among the forms, compilers do
/// not deduce a result; `Result` and double are tried.
///
/// Where no form takes `A...` as they are, forms are tried that are usual: of int, of double, and what
/// std::stoi and its like take. Of the constructors the first are the more specialized, and win.
template <class Result, class... A>
struct NeedsWeirOverload {
  NeedsWeirOverload(Result (*)(A...));
  NeedsWeirOverload(Result (*)(const A&...));
  template <class R = double>
  NeedsWeirOverload(R (*)(A...));
  template <class R = double, class = void>
  NeedsWeirOverload(R (*)(const A&...));

  template <class R = int, class X = int>
  NeedsWeirOverload(R (*)(X));
  template <class R = double, class X = double, class Y = double>
  NeedsWeirOverload(R (*)(X, Y));
  template <class R = double>
  NeedsWeirOverload(R (*)(const std::string&, std::size_t*));
  template <class R = long>
  NeedsWeirOverload(R (*)(const std::string&, std::size_t*, int));
  template <class R = double, class More = int>
  NeedsWeirOverload(R (*)(A..., More));
  template <class R = double, class More = int>
  NeedsWeirOverload(R (*)(const A&..., More));

  template <class F = double(double)>
  requires std::is_function_v<F> NeedsWeirOverload(F*);
  template <class F = std::add_lvalue_reference_t<const Result>(const A&...), class...>
  requires std::is_function_v<F> NeedsWeirOverload(F*);  // std::max
};
template <class Result>
struct NeedsWeirOverload<Result> {
  template <class R = double>
  NeedsWeirOverload(R (*)());
};

}  // namespace weir::detail
