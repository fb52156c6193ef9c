// Seeing a pipeline: describe() as text with counts, visualize() as a picture, and the stall detector.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/duration.hpp"
#include "weir/stream/handle.hpp"

namespace weir {

/// What one node has done so far, and holds.
struct NodeReport {
  std::string label;          ///< as errors name it: `<map: increment>`
  std::string kind;           ///< the operator: `map`
  std::uint64_t in = 0;       ///< elements taken; on the cluster, of the chunks that have come to a gather
  std::uint64_t out = 0;      ///< elements given
  std::uint64_t errors = 0;   ///< elements its function threw on
  std::size_t queued = 0;     ///< elements it keeps
  std::uint64_t late = 0;     ///< dropped: too late for every window by the time in elements
  std::size_t in_flight = 0;  ///< of these, the ones on their way out
  double per_s =
      0;  ///< elements taken in (of a source: given out) a second since the graph was looked at last
  double seconds_each = -1;    ///< its own function takes for an element, by samples; negative while unknown
  bool is_on_cluster = false;  ///< its work is done by tasks
  bool is_full = false;        ///< emitters wait for it
  bool has_ended = false;      ///< it takes nothing more
  std::vector<std::size_t> below;  ///< positions of the nodes it feeds, in execution order
  const char* shape = "box";       ///< in pictures, by Graphviz's names
  int controls = -1;               ///< position of the node it acts on, or -1
};

/// A picture of the whole graph a handle belongs to, in plain data.
///
/// **Errors.** None of its own, also while other threads change the graph.
/// **Threads.** Any thread; the counts are read while the stream runs, so they need not fit each other
/// exactly.
[[nodiscard]] std::vector<NodeReport> report(const StreamHandle& stream);

/// The pipeline as text: one node per line, indented by depth, with what went in and out and at which rate,
/// what is queued, in flight and has come too late, and who waits; then the slowest node.
///
/// **Units.** The rate is that since the last look at the stream, or since it was made. What a function takes
/// is measured now and then, on the cluster for every chunk.
/// **Errors.** As `report`.
[[nodiscard]] std::string describe(const StreamHandle& stream);

/// The graph as Graphviz text: edges numbered in execution order where there are several, controls dotted,
/// what is on the cluster coloured. **Errors.** As `report`.
[[nodiscard]] std::string graphviz(const StreamHandle& stream);

/// Writes the picture: Graphviz text, or by `dot` the format the file's name ends with (`.png`, `.svg`,
/// `.pdf`).
///
/// **Errors.** Throws `Error{io}` if the file cannot be written. Without the program `dot`, writes `file.dot`
/// instead and returns that name.
/// **Source.** streamz `visualize`.
std::filesystem::path visualize(const StreamHandle& stream, const std::filesystem::path& file);

/// Looks at a stream now and then, and says which node blocks when elements wait and nothing has moved for
/// `patience`.
///
/// **Threads.** Looks from the graph's event loop; `stalled` is called there.
class StallDetector {
 public:
  /// \param stream    Any node of the graph.
  /// \param patience  How long nothing may move while elements wait.
  /// \param stalled   Called once per stall with a sentence; by default it is logged as a warning.
  StallDetector(const StreamHandle& stream, Duration patience,
                std::function<void(const std::string&)> stalled = {});
  ~StallDetector();
  StallDetector(const StallDetector&) = delete;
  StallDetector& operator=(const StallDetector&) = delete;

 private:
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace weir
