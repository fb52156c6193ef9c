// A picture of tasks and what they need, while they are under way.
#pragma once

#include <string>
#include <vector>

#include "weir/future.hpp"

namespace weir {

namespace detail::diagnostics {
[[nodiscard]] std::string graph_text(client::ClusterLink& link, const std::vector<TaskId>& ids);
}

/// The graph of these futures in Graphviz's language, as `dot -Tsvg` draws it: a box for each task, in the
/// colour of its state, an arrow from each task to those that need it.
///
/// **Shape.** The futures' tasks and those they need, directly or not, as far as the scheduler still knows
/// them; at most 1,000, and a box says that there are more. No futures give an empty graph.
/// **Errors.** Throws `Error{unsupported}` inside of a task: ask in the program's body.
/// **Cost.** A message to the scheduler, O(tasks shown).
/// **Source.** `dask.visualize`, of tasks that have been submitted instead of those that have not.
template <class T>
[[nodiscard]] std::string visualize(const std::vector<Future<T>>& futures) {
  std::vector<TaskId> ids;
  for (const Future<T>& future : futures) ids.push_back(future.id());
  if (futures.empty()) return "digraph {\n}\n";
  return detail::diagnostics::graph_text(*futures.front().handle()->core, ids);
}
/// The same of one.
template <class T>
[[nodiscard]] std::string visualize(const Future<T>& future) {
  return visualize(std::vector{future});
}

}  // namespace weir
