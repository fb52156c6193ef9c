// Letter: an element that failed, on its way to a dead letter stream.
#pragma once

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/attempt.hpp"
#include "weir/detail/stream/graph/outlet.hpp"
#include "weir/error.hpp"

namespace weir::detail::stream {

/// What goes to a dead letter stream.
template <class T>
struct Letter {
  T element;
  std::string node;  ///< label of the node that failed
  std::exception_ptr error;
};

/// Sends the element a node failed on to its policy's dead letter stream.
template <class T>
void send_letter(Node& node, const T& x, std::exception_ptr error) noexcept {
  node.errors.add();
  auto& box = static_cast<Outlet<Letter<T>>&>(*node.policy().letter_box);
  try {
    Letter<T> letter{x, node.label(), std::move(error)};
    Frame frame(box, Frame::unless_stuck);
    if (!frame.is_inside()) return box.leave(std::move(letter));
    box.admit(std::move(letter));
    frame.finish();
  } catch (...) {
    node.raise_current();
  }
}

/// Answers the exception in flight as the node's policy says, once it is not tried again; `element()` is what
/// goes into a letter.
template <class Element>
void answer_failure(Node& node, const Element& element) noexcept {
  if constexpr (is_copyable<std::decay_t<decltype(element())>>) {
    if (node.policy().letter_box)
      return node.guarded([&, error = std::current_exception()] { send_letter(node, element(), error); });
  }
  if (node.policy().action == ErrorPolicy::Action::skip) node.errors.add();
  else node.raise_current();
}

/// Does `push(kernel, emit)` for an element that stays as it is, again as often as the node's policy says,
/// and answers the last failure.
template <class K, class Emit, class Push, class Element>
void push_by_policy(Node& node, K& kernel, const Emit& emit, const Push& push,
                    const Element& element) noexcept {
  try {
    attempt(kernel, node.policy().retries, emit, push);
  } catch (...) {
    answer_failure(node, element);
  }
}

/// The same with a call that changes nothing when it fails.
template <class Call, class Element>
void call_by_policy(Node& node, const Call& call, const Element& element) noexcept {
  for (unsigned left = node.policy().retries;; --left) {
    try {
      return call();
    } catch (...) {
      if (left == 0) return answer_failure(node, element);
    }
  }
}

/// Whether elements of T could become dead letters of this policy, or it has none.
template <class T>
bool takes_letters_of(const ErrorPolicy& policy) {
  return !policy.letter_box || dynamic_cast<Outlet<Letter<T>>*>(policy.letter_box);
}

/// What of a policy holds for later nodes, with elements of T: letters of others cannot have them.
template <class T>
ErrorPolicy inherited(ErrorPolicy policy) {
  if (takes_letters_of<T>(policy)) return policy;
  return {ErrorPolicy::Action::raise, policy.retries, nullptr};
}

/// Refuses a policy that elements of T cannot have.
template <class T>
void check_policy(const Node& node, const ErrorPolicy& policy) {
  if (!takes_letters_of<T>(policy))
    throw Error(ErrorKind::invalid_argument, "dead_letter: " + policy.letter_box->label() +
                                                 " does not take the elements of " + node.label());
  if (!is_copyable<T> && (policy.retries > 0 || policy.letter_box))
    throw Error(ErrorKind::unsupported, "on_error: elements of " + node.label() +
                                            " cannot be copied, so they cannot be kept for another attempt");
}

}  // namespace weir::detail::stream
