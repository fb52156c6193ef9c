// Options that cannot be meant.
#include "weir/options.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace weir;

TEST_CASE("the sentence of a failure shows no raw control characters of names") {
  const weir::Failure failure{.message = "no", .task_name = "a\x1b[31m\n", .context = {"needed by b\r"}};
  CHECK(failure.text() == "task a\\x1b[31m\\n: no\n  needed by b\\x0d");
}

TEST_CASE("options are checked, and each sentence says what was wrong") {
  const auto sentence = [](const Options& options) -> std::string {
    try {
      detail::check(options);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::invalid_argument);
      return error.what();
    }
    return "";
  };
  CHECK(sentence({.retries = 255, .workers = {"1"}, .allow_other_workers = true, .resources = {{"GPU", 0.5}}})
            .empty());
  CHECK(sentence({.retries = -1}) == "submit: retries must not be negative (got -1)");
  CHECK(sentence({.retries = 256}) == "submit: retries must be at most 255 (got 256)");
  CHECK(sentence({.resources = {{"GPU", -1}}}) ==
        "submit: the amount of a resource must be greater than 0 (got -1 GPU)");
  CHECK(sentence({.resources = {{"GPU", 0}}}) ==
        "submit: the amount of a resource must be greater than 0 (got 0 GPU)");
  CHECK(sentence({.resources = {{"GPU", std::numeric_limits<double>::quiet_NaN()}}}) ==
        "submit: the amount of a resource must be greater than 0 (got nan GPU)");
  CHECK(sentence({.resources = {{"", 1}}}) == "submit: a resource must have a name (got an empty one)");
  CHECK(sentence({.resources = {{"GPU", 1}, {"x", 1}, {"GPU", 1}}}) ==
        "submit: a resource must be named once (got GPU several times); add the amounts up");
  CHECK(sentence({.allow_other_workers = true}) ==
        "submit: allow_other_workers needs workers that are preferred (got none); any worker may run a task "
        "without workers");
  CHECK(sentence({.time_limit = std::chrono::seconds(-2)}) ==
        "submit: time_limit must not be negative (got -2s); 0 stands for unknown");
}
