// The files of a frame: their columns, their blocks, and what is known of their types.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "frame/csv/block.hpp"
#include "frame/plan/plan_client.hpp"
#include "frame/plan/step.hpp"
#include "weir/detail/files/find.hpp"
#include "weir/frame/csv.hpp"

namespace weir::detail::frame {

/// What `BadLines` shows.
struct LeftOut {
  struct Line {
    std::uint64_t line = 0;
    std::string reason, text;
  };
  struct Block {
    std::uint64_t count = 0;
    std::vector<Line> lines;  ///< The first.
  };
  std::mutex mutex;
  std::map<std::pair<std::string, std::uint64_t>, Block> blocks;  ///< By file and end.
};

/// A value did not fit, or a block was cut inside of quotes: the plan is to be made again, with what is known
/// now.
struct LearnedMore {
  std::string why{};  ///< Of columns whose type is another now: `"n" is text because of a.csv:12: "n/k"`.
};

/// Blocks that are being read: what they say is to be checked before results are believed.
struct CsvReading {
  CsvFormat format;
  std::vector<CsvBlock> blocks;
  std::vector<Future<CsvVerdict>> said;
};

/// Shared by all plans over the same files: what one computation learns of types holds for the next.
class CsvSource {
 public:
  /// Looks at the files. Throws the sentences of `read_csv`.
  CsvSource(const std::vector<std::string>& patterns, const ReadCsv& options);

  /// Columns with the types that are known now.
  [[nodiscard]] Schema schema() const;
  [[nodiscard]] const std::vector<CsvBlock>& blocks() const noexcept { return blocks_; }
  [[nodiscard]] std::string show() const;

  /// Partitions of these blocks, which begin with the first of a file, with these columns and all steps done.
  /// Does not wait for them: `reading` is to be checked. Only files whose blocks were once cut inside of
  /// quotes are read before this returns, with the errors of `check`; the first rows are, too.
  ///
  /// **Errors.** Throws `LearnedMore` if other types are known now than the plan was made with.
  [[nodiscard]] std::vector<Future<Table>> read(PlanClient& client, std::vector<CsvBlock> blocks,
                                                const std::set<std::string>& columns, const Schema& planned,
                                                const Steps& steps, CsvReading& reading) const;
  /// Waits until the blocks have been read; with `finished_only` for none.
  ///
  /// **Errors.** Throws the sentence of the first bad line, or `LearnedMore` after the types have been
  /// widened.
  void check(PlanClient& client, CsvReading reading, bool finished_only) const;

 private:
  [[nodiscard]] std::vector<Future<Table>> read_in_order(PlanClient& client, CsvReading reading,
                                                         const Steps& steps) const;
  [[nodiscard]] std::vector<Future<Table>> read_first(PlanClient& client, CsvReading& reading,
                                                      const Steps& steps) const;
  [[nodiscard]] CsvFormat format_of(const std::set<std::string>& columns, const Schema& planned) const;
  void learn(const CsvFormat& format, const std::vector<CsvBlock>& blocks,
             const std::vector<CsvVerdict>& verdicts) const;
  void note_bad_lines(const CsvFormat& format, const std::vector<CsvBlock>& blocks,
                      const std::vector<CsvVerdict>& verdicts) const;
  void look_at_header(const files::File& file, const ReadCsv& options, std::string_view text);
  void apply_options(const ReadCsv& options);
  [[nodiscard]] bool all_known() const;
  /// Why columns have another type than planned. The lock must be held.
  [[nodiscard]] std::string reasons(const Schema& planned) const;
  void look_at_sample(const files::File& file, std::string_view text);
  /// Where the header begins, or the data if there is none.
  [[nodiscard]] std::size_t first_line(std::string_view text) const;
  [[nodiscard]] std::uint64_t data_begin(const files::File& file, std::string_view text,
                                         std::vector<std::string>* names) const;

  std::vector<files::File> files_;
  std::vector<CsvBlock> blocks_;
  CsvFormat format_;  // all columns; types as they were seen first
  ReadCsv options_;
  std::vector<std::string> header_;
  std::map<std::string, std::uint64_t> lines_before_;  // the data, in each file
  mutable std::mutex mutex_;
  mutable std::vector<CsvColumn> known_;  // types as they are known now
  mutable std::vector<std::string> reasons_;
  mutable bool is_cut_in_quotes_ = false;  // blocks are read one after the other where they must
};

}  // namespace weir::detail::frame
