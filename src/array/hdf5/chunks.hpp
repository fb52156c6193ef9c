// Chunks of a file, read without the library where that is possible.
#pragma once

#include <mutex>
#include <vector>

#include "array/hdf5/library.hpp"
#include "array/interpret/code.hpp"
#include "weir/array/chunks.hpp"

namespace weir::detail::array {

/// How a chunked dataset is stored.
struct ChunkLayout {
  Shape chunk;                        ///< Of the file; empty if the dataset is not chunked.
  std::size_t element = 0;            ///< Bytes of a stored element.
  std::vector<H5Z_filter_t> filters;  ///< In the order of writing.
  bool readable = false;              ///< Whether `read_chunks` knows the filters.
};
/// **Threads.** Under the library's lock, as everything here but what is said to be outside of it.
[[nodiscard]] ChunkLayout chunk_layout(hid_t dataset, int axes, std::size_t element);

/// Reads a box of stored elements, row-major, chunk by chunk of the file.
///
/// The library is asked where a chunk lies, or for its bytes as they are in the file; they are read, inflated
/// and sorted without its lock, which `hold` has before and after. Inflated chunks of which only a part is
/// wanted are kept for the next part, the latest ones up to 64 MiB in a process, or one larger; `number` says
/// of which open dataset they are. \return false if the library must read the box: a chunk that was never
/// written, filters of others, small chunks without filters, no `descriptor` for what is not filtered.
[[nodiscard]] bool read_chunks(std::unique_lock<std::mutex>& hold, hid_t dataset, int descriptor,
                               const ChunkLayout& layout, const FileName& name, std::uint64_t number,
                               const Dims& start, const Dims& shape, void* out);
/// Drops the inflated chunks of an open dataset; the lock does not matter.
void forget_chunks(std::uint64_t number);

/// Reads so many bytes of a file; outside of the lock.
/// **Errors.** Throws `Error{io}`, also if the file ends before.
void read_bytes(int descriptor, void* to, std::size_t count, std::uint64_t from, const std::string& path);

}  // namespace weir::detail::array
