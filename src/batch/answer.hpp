// Reads what batch systems answer and what their variables hold: numbers, durations, moments.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail::batch {

/// A whole number from 0 that is all of `text`.
[[nodiscard]] std::optional<long long> number(const std::optional<std::string>& text);

/// The number as an int; 0 if there is none, or none that fits.
[[nodiscard]] int count(const std::optional<std::string>& text);

/// `600M`, `4gb`, `614400kb`, `4 G`, as batch systems write memory: their letters count in 1024s, a number
/// without one in the unit that `bare` is. 0 for what is no such text, such as `-`.
[[nodiscard]] std::uint64_t memory(const std::string& text, char bare = 'm');

/// `1-02:00:00`, `02:00:00`, or seconds; nothing for words such as `UNLIMITED`.
[[nodiscard]] std::optional<std::chrono::seconds> duration_of(const std::string& text);

/// Seconds since 1970.
[[nodiscard]] std::optional<std::chrono::sys_seconds> moment(const std::optional<std::string>& text);

/// The word behind `key = ` or `key=`; empty if there is none.
[[nodiscard]] std::string value_of(const std::string& answer, const std::string& key);

/// A regular expression, behind a wall: the header of the standard's costs every source seconds.
class Form {
 public:
  /// The whole that fits, then what fits its groups; empty if nothing does.
  using Parts = std::vector<std::string>;
  explicit Form(const std::string& pattern);
  /// All of `text`.
  [[nodiscard]] Parts match(const std::string& text) const;
  /// The first or the last place in `text` that fits.
  [[nodiscard]] Parts first_in(const std::string& text) const;
  [[nodiscard]] Parts last_in(const std::string& text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

[[nodiscard]] std::string trimmed(const std::string& text);

/// The lines of a file that are not empty; none if it cannot be read.
[[nodiscard]] std::vector<std::string> lines_of_file(const std::optional<std::string>& path);

}  // namespace weir::detail::batch
