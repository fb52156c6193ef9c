// Reads ranges of job arrays.
#include "batch/array.hpp"

#include <set>
#include <sstream>

#include "batch/answer.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

constexpr int last_index = 1'000'000;
constexpr std::size_t most_elements = 100'000;

[[noreturn]] void refuse(const std::string& rule, std::string_view text) {
  throw Error(ErrorKind::invalid_argument, "array: " + rule +
                                               ", for example 0-99, 1,3,5-9:2, or 0-99%4 for "
                                               "four at once (got " +
                                               std::string(text) + ")");
}

int index_of(const std::string& word, std::string_view text) {
  const auto index = number(word);
  if (!index) refuse("must be ranges of whole numbers from 0", text);
  if (*index > last_index) refuse("an index is at most " + std::to_string(last_index), text);
  return static_cast<int>(*index);
}

/// Splits `a<mark>b`; `b` is empty if the mark is not there.
std::pair<std::string, std::string> cut(const std::string& word, char mark) {
  const std::size_t at = word.find(mark);
  if (at == std::string::npos) return {word, ""};
  return {word.substr(0, at), word.substr(at + 1)};
}

}  // namespace

JobArray parse_array(std::string_view text) {
  JobArray array;
  const auto [ranges, at_once] = cut(std::string(text), '%');
  if (text.find('%') != std::string_view::npos) {
    array.at_once = index_of(at_once, text);
    if (array.at_once == 0) refuse("at least one element runs at once", text);
  }
  std::set<int> elements;
  std::istringstream words(ranges);
  for (std::string word; std::getline(words, word, ',');) {
    const auto [range, step_text] = cut(word, ':');
    const auto [first, last] = cut(range, '-');
    const int from = index_of(first, text);
    const int to = range.find('-') == std::string::npos ? from : index_of(last, text);
    const int step = word.find(':') == std::string::npos ? 1 : index_of(step_text, text);
    if (to < from || step == 0) refuse("a range goes from a smaller to a larger index", text);
    for (int index = from; index <= to && elements.size() <= most_elements; index += step)
      elements.insert(index);
  }
  if (elements.empty() || ranges.back() == ',') refuse("must be ranges of whole numbers from 0", text);
  if (elements.size() > most_elements)
    refuse("has at most " + std::to_string(most_elements) + " elements", text);
  array.elements.assign(elements.begin(), elements.end());
  return array;
}

std::string array_text(const BatchSystem& system, const JobOptions& options) {
  std::string text = options.array;
  for (const std::string& directive : options.directives)
    if (const std::string asked = system.array_asked_for(directive); !asked.empty()) text = asked;
  return text;
}

std::string array_line(const std::string& variable) { return "export WEIR_ARRAY_INDEX=$" + variable + "\n"; }

}  // namespace weir::detail::batch
