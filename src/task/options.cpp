// The sentence of a failure.
#include "weir/options.hpp"

#include <cmath>

namespace weir {

namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorKind::invalid_argument, sentence); }

std::string number_text(double number) {
  std::string text = std::to_string(number);
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

void detail::check(const std::vector<Resource>& resources, const char* who) {
  for (const Resource& resource : resources) {
    if (resource.name.empty()) refuse(std::string(who) + ": a resource must have a name (got an empty one)");
    if (!std::isfinite(resource.amount) || resource.amount <= 0)
      refuse(std::string(who) + ": the amount of a resource must be greater than 0 (got " +
             number_text(resource.amount) + " " + resource.name + ")");
  }
}

void detail::check(const Options& options) {
  if (options.retries < 0)
    refuse("submit: retries must not be negative (got " + std::to_string(options.retries) + ")");
  if (options.retries > 255)
    refuse("submit: retries must be at most 255 (got " + std::to_string(options.retries) + ")");
  if (options.time_limit.count() < 0)
    refuse("submit: time_limit must not be negative (got " + to_string(options.time_limit) +
           "); 0 stands for unknown");
  if (options.allow_other_workers && options.workers.empty())
    refuse(
        "submit: allow_other_workers needs workers that are preferred (got none); any worker may run a task "
        "without workers");
  check(options.resources, "submit");
}

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
