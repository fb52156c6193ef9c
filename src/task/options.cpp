// The sentence of a failure.
#include "weir/options.hpp"

#include <algorithm>
#include <cmath>

#include "core/wording.hpp"

namespace weir {

namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorKind::invalid_argument, sentence); }

constexpr int most_cores = 4096;

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";  // whatever its sign
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
    const auto same = [&](const Resource& other) { return other.name == resource.name; };
    if (std::ranges::count_if(resources, same) > 1)
      refuse(std::string(who) + ": a resource must be named once (got " + resource.name +
             " several times); add the amounts up");
  }
}

void detail::check(const Options& options) {
  if (options.retries < 0)
    refuse("submit: retries must not be negative (got " + std::to_string(options.retries) + ")");
  if (options.retries > 255)
    refuse("submit: retries must be at most 255 (got " + std::to_string(options.retries) + ")");
  if (options.time_limit.value().count() < 0)
    refuse("submit: time_limit must not be negative (got " + to_string(options.time_limit) +
           "); 0 stands for unknown");
  if (options.allow_other_workers && options.workers.empty())
    refuse(
        "submit: allow_other_workers needs workers that are preferred (got none); any worker may run a task "
        "without workers");
  if (options.cores < 0 || options.cores > most_cores)
    refuse("submit: cores must be from 0 to " + std::to_string(most_cores) + " (got " +
           std::to_string(options.cores) + "); 0 stands for one thread that is bound to nothing");
  check(options.resources, "submit");
  for (const Resource& resource : options.resources)
    if (resource.name == "gpu" && resource.amount > 1 && resource.amount != std::floor(resource.amount))
      refuse(
          "submit: a task takes whole devices, or a part of one: gpu must be a whole number, or less than 1 "
          "(got " +
          number_text(resource.amount) + ")");
}

std::string Failure::text() const {
  std::string sentence = task_name.empty() ? message : "task " + detail::printable(task_name);
  if (!task_name.empty()) {
    if (kind == ErrorKind::task_failed && !worker.empty()) sentence += " failed on " + worker;
    if (attempt > 1) sentence += " (attempt " + std::to_string(attempt) + ")";
    sentence += ": " + (type.empty() ? "" : type + ": ") + message;
  }
  for (const std::string& line : context) sentence += "\n  " + detail::printable(line);
  return sentence;
}

}  // namespace weir
