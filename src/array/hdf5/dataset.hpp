// Datasets that are open for reading.
#pragma once

#include <memory>

#include "array/hdf5/chunks.hpp"
#include "array/hdf5/elements.hpp"
#include "array/hdf5/library.hpp"
#include "core/descriptor.hpp"

namespace weir::detail::array {

/// What is known of an open dataset: enough to read an uncompressed one without the library.
struct Dataset {
  Dataset(FileName file, DType type) : name(std::move(file)), type(type) {}
  ~Dataset();
  Dataset(const Dataset&) = delete;

  FileName name;
  DType type;
  struct stat named {};   ///< The file that was named, as it was then.
  struct stat holder {};  ///< The file that holds the dataset, where links lead; `named` if none do.
  std::string holder_path;
  Id dataset;
  Elements elements;
  Shape shape;
  ChunkLayout chunks;
  haddr_t contiguous = HADDR_UNDEF;
  Descriptor descriptor;  ///< Of the holder; none if only the library can read it.
  bool is_virtual = false;
  bool may_be_unset = false;    ///< The library leaves what was never written as it is in memory.
  std::vector<std::byte> fill;  ///< One element of `elements.memory`, then.
  std::uint64_t number = 0;     ///< No two have the same.
  bool is_counted = false;      ///< Among those that are open.
};

/// Opens the dataset; it is not kept.
/// `all_sources`: those of a virtual dataset must be there now.
/// **Errors.** See `weir::open_hdf5`.
[[nodiscard]] std::shared_ptr<Dataset> open_now(Hold& hold, const std::string& function, const FileName& name,
                                                DType type, bool all_sources = true);
/// Reads a box of it; without the lock while it can be, with it at the end.
void read_dataset(Hold& hold, const Dataset& from, const Dims& start, const Tensor& out);

}  // namespace weir::detail::array
