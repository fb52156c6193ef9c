// Traits: what a kernel says about itself.
#pragma once

#include <concepts>

namespace weir::detail::stream {

/// Where the kernel of an operator runs when the elements are on the cluster.
enum class Where : unsigned char {
  in_order,         ///< its state lives on one worker, and sees the elements in the order of the stream
  anywhere,         ///< it keeps nothing between two elements: any worker, many at a time
  on_whole_chunks,  ///< it only moves elements and never looks into them: in the stream's program, on chunks
  by_key            ///< one kernel for each key, divided over workers; see GroupKernel
};

/// What a kernel says about itself: `static constexpr Traits traits{.where = Where::anywhere};`. One that
/// says nothing is taken to be as this: right for every kernel, but not the fastest way.
struct Traits {
  Where where = Where::in_order;
  bool at_most_one = false;     ///< one element in gives no more than one out
  bool order_matters = true;    ///< of a join: what comes out depends on the order among its inputs
  bool one_by_one = false;      ///< every element travels in a chunk of its own
  bool all_or_nothing = false;  ///< a push that throws has changed and emitted nothing
};
template <class K>
inline constexpr Traits traits_of{};
template <class K>
requires requires {
  { K::traits } -> std::convertible_to<Traits>;
}
inline constexpr Traits traits_of<K> = K::traits;
template <class K>
inline constexpr bool runs_anywhere = traits_of<K>.where == Where::anywhere;

}  // namespace weir::detail::stream
