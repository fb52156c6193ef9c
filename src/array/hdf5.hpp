// What the writing of arrays needs of HDF5; the library itself stays in hdf5.cpp.
#pragma once

#include <map>

#include "array/code.hpp"
#include "weir/array/hdf5.hpp"

namespace weir::array {

/// A dataset to be made.
struct DatasetPlan {
  std::string dataset;
  DType type;
  Shape shape, chunk;
  int gzip = 0;
  bool shuffle = true;
  std::map<std::string, Hdf5Attribute> attributes;
};
/// Where uncompressed chunks lie in the file, by row-major number; per dataset.
struct CreatedFile {
  std::vector<std::vector<std::uint64_t>> places;
};
/// Makes (or opens) a file and its datasets, with space for everything that is not compressed; closes it.
[[nodiscard]] CreatedFile create_file(const std::string& path, bool append, const std::vector<DatasetPlan>& plans);

/// The one writer of a dataset whose chunks have no place of their own beforehand.
class ChunkWriter {
 public:
  ChunkWriter(const std::string& path, const std::string& dataset);
  ~ChunkWriter();
  /// A chunk that has been through the filters.
  void write(const std::vector<std::int64_t>& start, const void* bytes, std::size_t count);
  void write_box(const std::vector<std::int64_t>& start, const Tensor& values);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::array
