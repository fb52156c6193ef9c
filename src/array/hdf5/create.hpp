// What the writing of arrays needs of HDF5: files and datasets that are made, and the one writer of chunks
// without a place of their own.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "array/interpret/code.hpp"
#include "weir/array/hdf5.hpp"

namespace weir::detail::array {

/// A dataset to be made.
struct DatasetPlan {
  std::string dataset;
  DType type;
  Shape shape, chunk;
  int gzip = 0;
  bool shuffle = true;
  std::vector<Hdf5Filter> filters;
  std::string published;  ///< Its name when it is complete, if another.
  std::map<std::string, Hdf5Attribute> attributes;
  std::optional<std::size_t> unlimited{};  ///< The axis that may grow.
  bool is_marked = true;                   ///< As incomplete, until `publish`.
  bool is_text = false;                    ///< Its last axis are the bytes of texts, which are its elements.
  [[nodiscard]] std::size_t axes() const noexcept { return shape.size() - (is_text ? 1 : 0); }
  [[nodiscard]] bool has_places() const noexcept { return gzip == 0 && filters.empty() && !unlimited; }
};
/// Where chunks lie in the file that have places of their own, by row-major number; per dataset. None in a
/// file with a block of the user's before it, whose addresses not all versions of the library tell the same
/// way.
struct CreatedFile {
  std::vector<std::optional<std::vector<std::uint64_t>>> places;
};
/// Makes (or opens) a file and its datasets, marked as incomplete, with space for everything that has a
/// place; closes it. Takes away what was left of the same names.
[[nodiscard]] CreatedFile create_file(const std::string& path, bool append,
                                      const std::vector<DatasetPlan>& plans);

/// Takes the mark from complete datasets and gives them their names: (name so far, name).
void publish(const std::string& path, const std::vector<std::pair<std::string, std::string>>& names);
/// Takes away datasets that were not completed; says nothing if it cannot.
void remove_datasets(const std::string& path, const std::vector<std::string>& names) noexcept;
/// Makes a file without datasets unless there is one.
/// **Errors.** Throws `Error{io}` in the function's name.
void make_file(const std::string& function, const std::string& path);

/// What the filters make of one chunk: the mask of those that were left out, and the bytes.
struct FilteredChunk {
  std::uint32_t left_out = 0;
  std::vector<std::byte> bytes;
};
[[nodiscard]] FilteredChunk filter_chunk(DType type, const Dims& chunk,
                                         const std::vector<Hdf5Filter>& filters, const std::byte* data);

/// The one writer of a dataset whose chunks have no place of their own beforehand.
class ChunkWriter {
 public:
  ChunkWriter(std::string function, const std::string& path, const std::string& dataset);
  ~ChunkWriter();
  /// A chunk that has been through the filters.
  void write(const std::vector<std::int64_t>& start, std::uint32_t left_out, const void* bytes,
             std::size_t count);
  /// Makes sure that numbers of this type can be written to the box, lets the dataset grow to it, and marks
  /// it.
  void begin_region(DType type, const Shape& start, const Shape& shape);
  /// `changed` becomes true before anything is.
  void write_box(const Shape& start, const Tensor& values, OutOfRange rule, bool& changed);
  /// Takes the mark away, unless it is of another write that this one did not cover.
  void end_region();
  /// As if it had not begun, while nothing was written.
  void undo_region();
  void finish();

 private:
  void flush();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::detail::array
