// What a node does with an element on which its function throws.
#pragma once

#include "weir/detail/core/refused.hpp"
#include "weir/detail/stream/graph/letter.hpp"

/// What `on_error` says of what is no policy.
#define WEIR_REFUSES_POLICY                                                                             \
  template <class Policy>                                                                               \
  requires(!std::is_convertible_v<Policy, ErrorPolicy>) WEIR_REFUSES(                                   \
      "weir: on_error: must be given weir::on_error::raise, skip, retry(times) or dead_letter(stream)") \
  detail::Refused on_error(const Policy&) const { return {}; }

namespace weir {

template <class T>
class Stream;

/// What a node does with an element its function throws on; made by `on_error::raise`, `skip`, `retry` and
/// `dead_letter`: `lines.map(parse).on_error(weir::on_error::retry(2))`.
using detail::stream::ErrorPolicy;
/// What goes to a dead letter stream: the element, the label of the node that failed on it, and the error.
using detail::stream::Letter;

namespace on_error {

/// Calls the function up to `times` times more before the policy `then` applies.
[[nodiscard]] inline ErrorPolicy retry(unsigned times, ErrorPolicy then = {}) {
  then.retries = times;
  return then;
}
/// Failed elements go to `letters` as `Letter{element, node, error}`, after `retries` further attempts.
template <class T>
[[nodiscard]] ErrorPolicy dead_letter(const Stream<Letter<T>>& letters, unsigned retries = 0) {
  return ErrorPolicy{ErrorPolicy::Action::dead_letter, retries, &letters.node()};
}

/// \cond
#define WEIR_NO_LETTERS                                                                                    \
  "weir: dead_letter: must be given a weir::Stream<weir::Letter<T>>, where T is the type of the elements " \
  "that fail"
WEIR_REFUSAL(NoLetters, WEIR_NO_LETTERS)
template <class S>
WEIR_REFUSES_FREE(WEIR_NO_LETTERS)
ErrorPolicy dead_letter(const S&, unsigned = 0, NoLetters<S> = {}) {
  return {};
}
#undef WEIR_NO_LETTERS
/// \endcond

}  // namespace on_error
}  // namespace weir
