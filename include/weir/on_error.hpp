// OnError: what becomes of elements, lines, rows and results that are not what they should be.
#pragma once

namespace weir {

/// What happens when a function throws on an element, a line is not what it should be, or a task has failed.
enum class OnError : unsigned char {
  raise,  ///< The task, or the call, fails and says why and where.
  skip    ///< The element, line or result is left out.
};

/// The same as words: `lines.map(parse).on_error(weir::on_error::skip)`,
/// `client.gather(futures, weir::on_error::skip)`. Streams know more of them.
namespace on_error {

/// The default: the exception comes out of `emit`, or of `drain` if the node runs elsewhere.
inline constexpr OnError raise = OnError::raise;
/// Counts the failure and drops the element.
inline constexpr OnError skip = OnError::skip;

}  // namespace on_error
}  // namespace weir
