// Arrow IPC: what messages say of columns and batches. Names and numbers are those of Arrow's Schema.fbs,
// Message.fbs and File.fbs.
#pragma once

#include <optional>

#include "files/mark.hpp"
#include "frame/ipc/flat.hpp"
#include "weir/frame/arrow.hpp"
#include "weir/frame/ipc.hpp"

namespace weir::detail::frame {

/// The type of a column as Arrow's C interface writes it, how many buffers its values are, and its
/// dictionary.
struct IpcColumn {
  std::string name, format;  ///< An empty format: a type that is passed over.
  std::string type_name;     ///< Of a type that is passed over.
  ColumnType type{};
  std::uint64_t buffers = 2, nodes = 1;
  std::optional<std::int64_t> dictionary;
  std::string index_format;
  bool is_view = false;     ///< Its values are views: where each text is, in one of any number of buffers.
  std::uint64_t views = 0;  ///< Columns of views in a batch: itself, or those below.
};

/// Where a message is: its header, then its body.
struct IpcBlock {
  std::uint64_t begin = 0, header_bytes = 0, body_bytes = 0;
};

/// A batch, and the dictionaries that its indices are of: in a stream those before it, the last of each
/// number; in a file all.
struct IpcBatch {
  IpcBlock block;
  std::vector<IpcBlock> dictionaries;
};

struct IpcFile {
  std::string path;
  files::Mark mark;
  std::vector<IpcColumn> columns;
  std::vector<IpcBatch> batches;
};

/// What a task reads.
struct IpcPart {
  std::string path;
  files::Mark mark;
  std::vector<IpcColumn> columns;
  std::vector<std::string> wanted;  ///< Names of those that are read.
  IpcBatch batch;
};

/// A column as the C data interface has it, whose buffers are as long as they must be.
[[nodiscard]] Column column_of_arrow(const ArrowSchema& schema, const ArrowArray& array);
/// What a file says of itself. Throws `Error{serialization}` if it is no Arrow file.
[[nodiscard]] IpcFile read_ipc_footer(const std::string& path, std::uint64_t bytes);
/// Throws `Error{serialization}` with the place of what is broken, `Error{io}` if the file is another now.
[[nodiscard]] Table read_ipc_batch(const IpcPart& part);

/// The texts of a column that are written once, in order; none if they are too many.
using IpcWords = std::optional<std::vector<std::string>>;
[[nodiscard]] IpcWords words_of(const Column& column);
/// Those of several partitions.
[[nodiscard]] IpcWords joined_words(const std::vector<IpcWords>& parts);

/// A message as bytes.
struct IpcMessage {
  std::string bytes;
  std::uint64_t header_bytes = 0, body_bytes = 0;
};
/// `words` has an entry for each column; one that has words is written as indices into them.
[[nodiscard]] IpcMessage written_schema(const Schema& schema, const std::vector<IpcWords>& words);
[[nodiscard]] IpcMessage written_words(std::int64_t number, const std::vector<std::string>& words);
[[nodiscard]] IpcMessage written_batch(const Table& table, const std::vector<IpcWords>& words);
[[nodiscard]] std::string written_ipc_footer(const Schema& schema, const std::vector<IpcWords>& words,
                                             const std::vector<IpcBlock>& dictionaries,
                                             const std::vector<IpcBlock>& batches);

}  // namespace weir::detail::frame
