// The sentence of a failure.
#include "weir/options.hpp"

namespace weir {

std::string Failure::text() const {
  std::string sentence = task_name.empty() ? message : "task " + task_name;
  if (!task_name.empty()) {
    if (kind == ErrorKind::task_failed && !worker.empty()) sentence += " failed on " + worker;
    if (attempt > 1) sentence += " (attempt " + std::to_string(attempt) + ")";
    sentence += ": " + (type.empty() ? "" : type + ": ") + message;
  }
  for (const std::string& line : context) sentence += "\n  " + line;
  return sentence;
}

}  // namespace weir
