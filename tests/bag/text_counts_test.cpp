// Counts of texts on their way between processes.
#include "weir/detail/bag/text_counts.hpp"

#include <catch2/catch.hpp>

#include "weir/detail/task/value.hpp"

using namespace weir;
using detail::bag::TextCounts;
using detail::task::Value;

namespace {

std::vector<std::pair<std::string, std::uint64_t>> all_of(const TextCounts& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  counts.each([&](std::string_view text, std::uint64_t count) { all.emplace_back(text, count); });
  return all;
}

}  // namespace

TEST_CASE("text_counts: many texts, short and long, come through a value that has arrived") {
  TextCounts counts;
  for (int i = 0; i < 20'000; ++i) {
    counts.add("a text that is longer than fifteen bytes " + std::to_string(i % 15'000));
    counts.add(std::to_string(i % 17'000), 3);
  }
  const Value value = Value::make(counts);
  Packed packed = value.pack();
  for (int i = 0; i < 8; ++i)  // what was given back is written over
    CHECK(std::vector<std::uint64_t>(32'000, UINT64_MAX).back() == UINT64_MAX);
  CHECK(all_of(Value::from_packed(value.ops(), std::move(packed)).as<TextCounts>()) == all_of(counts));
}
