// Shares to sentences.
#include "seeing/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir::detail::seeing {

namespace {

constexpr std::string_view names_of_activities[] = {"compute",   "overhead",      "transfer",
                                                    "memory",    "serialization", "no parallelism",
                                                    "assigning", "unplaceable",   "nothing to do"};

constexpr std::string_view advice_of_activities[] = {
    "",
    "tasks are short for what they cost: give each more work",
    "inputs come from other workers: use fewer, larger tasks on data that is where they run, or fewer "
    "workers",
    "results do not fit into memory: release futures earlier, use smaller chunks, more workers or --memory",
    "arguments and results are turned into bytes and back: pass fewer or larger ones, futures instead of "
    "values, and vectors of numbers or plain structs, which need no turning",
    "too few tasks can run at the same time: cut the work into more independent parts, or use fewer threads",
    "ready tasks come late: rank 0, or its machine, is busy with something else; keep long work out of the "
    "program's body",
    "tasks ask for workers or resources that are not there: `client.explain(future)` says which",
    "the program's own body does something else, or waits: submit earlier, and gather later"};

std::string percent(double share) { return std::to_string(std::lround(100 * share)) + "%"; }

}  // namespace

std::string_view to_string(Activity activity) noexcept {
  return names_of_activities[static_cast<std::size_t>(activity)];
}

Verdict verdict(const ActivitySeconds& seconds) {
  constexpr double little = 0.05;
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  if (!(total > 0)) return {"nothing has run yet", "", false};
  const auto share = [&](std::size_t i) { return seconds[i] / total; };
  const std::string computes = "threads of workers compute " + percent(share(0)) + " of their time";
  std::vector<std::size_t> order;
  for (std::size_t i = 1; i < activities; ++i)
    if (share(i) >= little) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return share(a) > share(b); });
  if (order.empty() || share(0) >= 0.9)
    return {computes + ": limited by the functions themselves",
            "more threads or workers, or faster functions, make it faster", false};
  std::string sentence = "limited by ";
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
    sentence += (i ? ", " : "") + std::string(names_of_activities[order[i]]) + " " + percent(share(order[i]));
  return {sentence + "; " + computes, std::string(advice_of_activities[order.front()]), true};
}

std::size_t culprit(const StreamSeen& stream) {
  constexpr double much = 0.2;
  const std::vector<StreamNodeSeen>& nodes = stream.nodes;
  std::vector<bool> is_below_blocked(nodes.size(), false);
  // Nodes are in execution order but for cycles, so that two rounds reach everything that matters.
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (nodes[i].blocked >= much || is_below_blocked[i])
        for (const std::size_t below : nodes[i].below) is_below_blocked[below] = true;
  std::size_t best = nodes.size();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!is_below_blocked[i] || nodes[i].blocked >= nodes[i].busy) continue;
    if (best == nodes.size() || nodes[i].busy > nodes[best].busy) best = i;
  }
  if (best < nodes.size()) return best;
  // Nobody is blocked: the node that works nearly all the time is where the stream ends to be faster.
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].busy >= 0.8 && (best == nodes.size() || nodes[i].busy > nodes[best].busy)) best = i;
  return best;
}

Verdict verdict(const StreamSeen& stream) {
  const std::size_t at = culprit(stream);
  if (at == stream.nodes.size())
    return {"nothing in the stream limits it: it is as fast as what comes in", "", false};
  const StreamNodeSeen& limit = stream.nodes[at];
  std::string sentence = limit.label + " is the limit: " + percent(limit.busy) + " busy";
  double most = 0;
  for (const StreamNodeSeen& node : stream.nodes) most = std::max(most, node.blocked);
  if (most > 0) sentence += "; what is above it waits " + percent(most) + " of the time";
  return {sentence,
          limit.is_on_cluster ? "more workers, or a faster function, make it faster"
                              : "a faster function, `.scatter()` before it, or `map_async` make it faster",
          true};
}

}  // namespace weir::detail::seeing
