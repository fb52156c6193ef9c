// What stands for a function's name that means several functions, or a template.
#pragma once

namespace weir::detail {

/// Takes the name of a function that has several forms, or is a template, as `A...` suggest: a name that
/// means no single function is no argument of a template. Where a template is among the forms, compilers do
/// not deduce a result; `Result` and double are tried.
template <class Result, class... A>
struct NeedsWeirOverload {
  NeedsWeirOverload(Result (*)(A...));
  NeedsWeirOverload(Result (*)(const A&...));
  template <class R = double>
  NeedsWeirOverload(R (*)(A...));
  template <class R = double, class = void>
  NeedsWeirOverload(R (*)(const A&...));
};
template <class Result>
struct NeedsWeirOverload<Result> {
  template <class R = double>
  NeedsWeirOverload(R (*)());
};

}  // namespace weir::detail
