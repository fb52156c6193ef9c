// Pictures of a model as JSON and for Prometheus: what every face shows. Bounded, whatever the program does.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "seeing/model.hpp"

namespace weir::detail::seeing {

/// Who is seen.
struct Program {
  std::string id;    ///< Of the run: `report`, `top` and `dashboard` find it by this.
  std::string name;  ///< Of the executable.
  std::string host;
  std::string job;  ///< Of the batch system; empty outside.
  std::int64_t pid = 0;
  std::int64_t started_s = 0;  ///< Unix time.
  bool is_running = true;
};

struct PictureLimits {
  std::size_t functions = 100, workers = 100, failures = 100, log = 1000, running = 20;
};

/// Everything but rings and blocks.
[[nodiscard]] nlohmann::json picture(const Model& model, const Program& program,
                                     const PictureLimits& limits = {});
/// What moves between two pictures: tasks by state, busy threads and cores, and of functions `[name, count,
/// submitted, failed, busy_s]`.
[[nodiscard]] nlohmann::json glance(const Model& model, std::size_t most_functions);
/// The rings from `from_s` on, as `{"columns": [names], "rows": [[time_s, ...], ...]}`.
[[nodiscard]] nlohmann::json history(const Model& model, double from_s, std::size_t most_rows);
/// The task stream, as `{"rows": [names], "functions": [names], "blocks": [[row, start_us, length_us,
/// busy_us, count, function, kind, failed], ...]}`; the last two only if they are not 0.
[[nodiscard]] nlohmann::json task_stream(const Model& model, const TileRequest& request);
/// Tasks there are with their inputs, and functions as groups with arrows: `{"functions": [names], "tasks":
/// [[function, state, worker, [inputs]], ...], "arrows": [[from, to, count], ...], "total": n}`.
[[nodiscard]] nlohmann::json graph(const Model& model, const snapshot::SeenTasks& tasks);
/// Who holds results of which function: `{"results": [{"function", "workers", "count", "bytes"}, ...]}`.
[[nodiscard]] nlohmann::json held(const Model& model, const snapshot::SeenTasks& tasks);
/// Results from worker to worker: `{"workers": [names], "links": [[from, to, bytes, count, bytes_per_s],
/// ...]}`, of the workers that exchange most.
[[nodiscard]] nlohmann::json bandwidth(const Model& model);
/// Where workers spend processor time, as `{"samples": n, "tree": [name, count, [trees below]]}`; what is
/// less than a thousandth is left out.
[[nodiscard]] nlohmann::json profile(const Model& model);
/// The same of a range of time.
[[nodiscard]] nlohmann::json profile(const Model& model, double from_s, double to_s);
/// One task; and one worker with its tasks and what it holds.
[[nodiscard]] nlohmann::json task(const Model& model, const snapshot::TaskLook& look);
[[nodiscard]] nlohmann::json worker(const Model& model, PeerId peer, const snapshot::SeenTasks& seen);
/// Clusters that grow, and batch jobs with their workers and the time they have left.
[[nodiscard]] nlohmann::json jobs(const Model& model);
/// The tasks that took longest: `[{"id", "name", "function", "worker", "start_s", "length_s", "failed",
/// "story"},
/// ...]`.
[[nodiscard]] nlohmann::json slowest(const Model& model, bool with_stories);
/// All of it, for a file: what is left of a program after its end.
[[nodiscard]] nlohmann::json record(const Model& model, const Program& program);
/// In Prometheus' text format, version 0.0.4.
[[nodiscard]] std::string prometheus(const Model& model);
/// One line of compact text; what is no UTF-8 is replaced.
[[nodiscard]] std::string text_of(const nlohmann::json& json);
/// The duration below which `share` of the tasks were, from a histogram by binary digits of nanoseconds.
[[nodiscard]] double quantile_s(const std::array<std::uint64_t, 65>& durations, double share);

}  // namespace weir::detail::seeing
