// Letter: an element that failed, on its way to a dead letter stream.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "weir/stream/node.hpp"

namespace weir::stream {

/// What goes to a dead letter stream.
template <class T>
struct Letter {
  T element;
  std::string node;          ///< label of the node that failed
  std::exception_ptr error;
};

/// Sends the element a node failed on to its policy's dead letter stream.
template <class T>
void send_letter(Node& node, const T& x, std::exception_ptr error) noexcept {
  node.errors.add();
  auto& box = static_cast<Outlet<Letter<T>>&>(*node.policy().letter_box);
  try {
    Frame frame(box);
    box.admit(Letter<T>{x, node.label(), std::move(error)});
    frame.finish();
  } catch (...) {
    node.raise_current();
  }
}

/// Refuses a policy that elements of T cannot have.
template <class T>
void check_policy(const Node& node, const ErrorPolicy& policy) {
  if (policy.letter_box && !dynamic_cast<Outlet<Letter<T>>*>(policy.letter_box))
    throw Error(ErrorKind::invalid_argument, "dead_letter: " + policy.letter_box->label() + " does not take the elements of " + node.label());
  if (!is_copyable<T> && (policy.retries > 0 || policy.letter_box))
    throw Error(ErrorKind::unsupported, "on_error: elements of " + node.label() + " cannot be copied, so they cannot be kept for another attempt");
}

}  // namespace weir::stream
