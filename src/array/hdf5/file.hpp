// What the writing of arrays needs of HDF5; the library itself stays in hdf5.cpp.
#pragma once

#include <map>

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
  [[nodiscard]] bool is_filtered() const noexcept { return gzip || !filters.empty(); }
  std::map<std::string, Hdf5Attribute> attributes;
};
/// Where uncompressed chunks lie in the file, by row-major number; per dataset.
struct CreatedFile {
  std::vector<std::vector<std::uint64_t>> places;
};
/// Makes (or opens) a file and its datasets, with space for everything that is not compressed; closes it.
[[nodiscard]] CreatedFile create_file(const std::string& path, bool append,
                                      const std::vector<DatasetPlan>& plans);

/// Gives complete datasets their names: (name so far, name).
void publish(const std::string& path, const std::vector<std::pair<std::string, std::string>>& names);
/// Takes away datasets that were not completed; says nothing if it cannot.
void remove_datasets(const std::string& path, const std::vector<std::string>& names) noexcept;
/// Whether readers must know that the dataset is being changed.
void mark_incomplete(const std::string& path, const std::string& dataset, bool incomplete);

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
  ChunkWriter(const std::string& path, const std::string& dataset);
  ~ChunkWriter();
  /// A chunk that has been through the filters.
  void write(const std::vector<std::int64_t>& start, std::uint32_t left_out, const void* bytes,
             std::size_t count);
  /// Throws unless the box lies in the dataset.
  void check_box(const std::vector<std::int64_t>& start, const Tensor& values) const;
  void write_box(const std::vector<std::int64_t>& start, const Tensor& values);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::detail::array
