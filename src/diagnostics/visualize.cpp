// Tasks as Graphviz's boxes.
#include "weir/visualize.hpp"

#include "client/graph_teller.hpp"
#include "weir/error.hpp"

namespace weir::detail::diagnostics {

namespace {

constexpr std::size_t most_tasks = 1000;

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + '"';
}

/// As on the dashboard's page.
std::string_view colour(TaskState state) {
  constexpr std::string_view colours[] = {"#cfd8df", "#9db2c6", "#8c7ae6", "#111111",
                                          "#009e73", "#0072b2", "#d1495b", "#cfd8df"};
  return colours[static_cast<std::size_t>(state)];
}

}  // namespace

std::string graph_text(client::ClusterLink& link, const std::vector<TaskId>& ids) {
  auto* const teller = dynamic_cast<client::GraphTeller*>(&link.overseer("visualize"));
  if (!teller) throw Error(ErrorKind::unsupported, "visualize: this client knows no tasks");
  const snapshot::SeenTasks seen = teller->ancestry(ids, most_tasks);
  std::string text = "digraph {\n  rankdir=LR\n  node [shape=box style=filled fontcolor=white]\n";
  for (std::size_t i = 0; i < seen.tasks.size(); ++i) {
    const snapshot::SeenTask& task = seen.tasks[i];
    const std::string where = task.worker ? ", worker " + std::to_string(task.worker) : "";
    text += "  t" + std::to_string(i) + " [label=" +
            quoted(teller->task_name(task.id) + ": " + std::string(to_string(task.state)) + where) +
            " fillcolor=\"" + std::string(colour(task.state)) + "\"]\n";
    for (const std::uint32_t input : task.inputs)
      text += "  t" + std::to_string(input) + " -> t" + std::to_string(i) + "\n";
  }
  if (seen.tasks.size() == most_tasks) text += "  more [label=\"and more tasks\" fillcolor=\"#5b6977\"]\n";
  return text + "}\n";
}

}  // namespace weir::detail::diagnostics
