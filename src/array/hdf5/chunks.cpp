// Where a chunk lies is asked under the library's lock; reading, inflating and sorting happen outside of it.
#include "array/hdf5/chunks.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <memory>

#include "array/graph/node.hpp"
#include "array/interpret/box.hpp"

namespace weir::detail::array {

namespace {

using Bytes = std::unique_ptr<std::byte[]>;
Bytes bytes_of(std::size_t count) { return std::make_unique_for_overwrite<std::byte[]>(count); }

// From all first bytes, all second bytes, ... back to elements; what is left at the end was not sorted.
template <std::size_t Size>
void unshuffle(const std::byte* from, std::byte* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < Size; ++k) to[i * Size + k] = from[k * count + i];
}
void unshuffle(const std::byte* from, std::byte* to, std::size_t bytes, std::size_t size) {
  const std::size_t count = bytes / size;
  switch (size) {
    case 2:
      unshuffle<2>(from, to, count);
      break;
    case 4:
      unshuffle<4>(from, to, count);
      break;
    case 8:
      unshuffle<8>(from, to, count);
      break;
    default:
      for (std::size_t k = 0; k < size; ++k)
        for (std::size_t i = 0; i < count; ++i) to[i * size + k] = from[k * count + i];
  }
  std::memcpy(to + count * size, from + count * size, bytes - count * size);
}

// Undoes the filters, but those the chunk was written without.
Bytes unfiltered(const ChunkLayout& layout, Bytes data, std::size_t count, std::uint32_t left_out,
                 std::size_t whole, const FileName& name) {
  const auto damaged = [&] {
    fail(ErrorKind::io, "open_hdf5: cannot read " + in_quotes(name.dataset) + " of " + in_quotes(name.path) +
                            " (the bytes of a chunk are damaged)");
  };
  for (std::size_t i = layout.filters.size(); i-- > 0;) {
    if (left_out >> i & 1) continue;
    Bytes next = bytes_of(whole);
    if (layout.filters[i] == H5Z_FILTER_DEFLATE) {
      uLongf got = whole;
      if (uncompress(reinterpret_cast<Bytef*>(next.get()), &got, reinterpret_cast<const Bytef*>(data.get()),
                     count) != Z_OK)
        damaged();
      count = got;
    } else {
      if (count != whole) damaged();
      unshuffle(data.get(), next.get(), count, layout.element);
    }
    data = std::move(next);
  }
  if (count != whole) damaged();
  return data;
}

// Inflated chunks, the latest first.
class InflatedChunks {
 public:
  using Data = std::shared_ptr<const std::byte[]>;
  struct Key {
    std::uint64_t dataset = 0;
    std::vector<hsize_t> at;
    friend bool operator==(const Key&, const Key&) = default;
  };
  Data find(const Key& key) {
    const std::lock_guard hold(mutex_);
    const auto found = std::ranges::find(kept_, key, &Kept::key);
    if (found == kept_.end()) return {};
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().data;
  }
  void keep(Key key, Data data, std::size_t bytes) {
    if (bytes > most_of_one) return;
    const std::lock_guard hold(mutex_);
    kept_.push_front({std::move(key), std::move(data), bytes});
    bytes_ += bytes;
    while (kept_.size() > 1 && bytes_ > most_of_all) {
      bytes_ -= kept_.back().bytes;
      kept_.pop_back();
    }
  }
  void forget(std::uint64_t dataset) {
    const std::lock_guard hold(mutex_);
    std::erase_if(kept_, [&](const Kept& one) {
      if (one.key.dataset != dataset) return false;
      bytes_ -= one.bytes;
      return true;
    });
  }

 private:
  static constexpr std::size_t most_of_all = 64 << 20, most_of_one = 512 << 20;
  struct Kept {
    Key key;
    Data data;
    std::size_t bytes;
  };
  std::mutex mutex_;
  std::list<Kept> kept_;
  std::size_t bytes_ = 0;
};
InflatedChunks& inflated_chunks() {
  static InflatedChunks& all = *new InflatedChunks;  // as the open datasets
  return all;
}

}  // namespace

void forget_chunks(std::uint64_t number) { inflated_chunks().forget(number); }

void read_bytes(int descriptor, void* to, std::size_t count, std::uint64_t from, const std::string& path) {
  auto* at = static_cast<std::byte*>(to);
  while (count) {
    const ssize_t got = pread(descriptor, at, count, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      fail(ErrorKind::io, "open_hdf5: cannot read " + in_quotes(path) + ": " + std::strerror(errno));
    if (got == 0)
      fail(ErrorKind::io, "open_hdf5: the file is truncated (" + in_quotes(path) + " ends before byte " +
                              std::to_string(from + count) + ")");
    at += got;
    from += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

ChunkLayout chunk_layout(hid_t dataset, int axes, std::size_t element) {
  const Id plist(H5Dget_create_plist(dataset), &H5Pclose);
  ChunkLayout layout;
  layout.element = element;
  if (H5Pget_layout(plist) != H5D_CHUNKED) return layout;
  std::vector<hsize_t> chunk(static_cast<std::size_t>(axes));
  H5Pget_chunk(plist, axes, chunk.data());
  layout.chunk.assign(chunk.begin(), chunk.end());
  const int filters = H5Pget_nfilters(plist);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, config = 0, parameters[8] = {};
    std::size_t count = std::size(parameters);
    layout.filters.push_back(
        H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &count, parameters, 0, nullptr, &config));
    // Sorted by another size than the element's, or more than one of a kind: nothing the library's users
    // write.
    if (layout.filters.back() == H5Z_FILTER_SHUFFLE && (count < 1 || parameters[0] != element)) return layout;
  }
  unsigned options = 0;
  H5Pget_chunk_opts(plist, &options);
  using Known = std::vector<H5Z_filter_t>;
  layout.readable = layout.filters.empty() ||
                    (options == 0 && (layout.filters == Known{H5Z_FILTER_DEFLATE} ||
                                      layout.filters == Known{H5Z_FILTER_SHUFFLE} ||
                                      layout.filters == Known{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE}));
  return layout;
}

bool read_chunks(std::unique_lock<std::mutex>& hold, hid_t dataset, int descriptor, const ChunkLayout& layout,
                 const FileName& name, std::uint64_t number, const Dims& start, const Dims& shape,
                 void* out) {
  // HDF5 1.10 looks for a chunk's place from the first one on, so for small chunks its own reading is faster.
  constexpr std::size_t worth_a_search = 256 * 1024;
  if (!layout.readable || (layout.filters.empty() && descriptor < 0)) return false;
  const std::size_t axes = shape.size();
  const Dims chunk = dims(layout.chunk), chunk_steps = row_major(chunk), out_steps = row_major(shape);
  const std::size_t whole = static_cast<std::size_t>(chunk_steps[0] * chunk[0]) * layout.element;
  const bool filtered = !layout.filters.empty();
  if (!filtered && whole < worth_a_search) return false;
  Dims first, count;
  std::int64_t chunks = 1;
  for (std::size_t a = 0; a < axes; ++a) {
    first.push_back(start[a] / chunk[a]);
    count.push_back((start[a] + shape[a] - 1) / chunk[a] - first[a] + 1);
    chunks *= count[a];
  }
  for (std::int64_t c = 0; c < chunks; ++c) {
    Dims box, from, to;  // what is wanted of the chunk, where it begins in the chunk, and in the result
    box.resize(static_cast<std::uint32_t>(axes)), from = to = box;
    std::vector<hsize_t> at(axes);
    std::int64_t rest = c;
    for (std::size_t a = axes; a-- > 0;) {
      const std::int64_t begin = (first[a] + rest % count[a]) * chunk[a];
      rest /= count[a];
      at[a] = static_cast<hsize_t>(begin);
      const std::int64_t low = std::max(begin, start[a]),
                         high = std::min(begin + chunk[a], start[a] + shape[a]);
      box[a] = high - low, from[a] = low - begin, to[a] = low - start[a];
    }
    std::int64_t from_offset = 0, to_offset = 0;
    for (std::size_t a = 0; a < axes; ++a)
      from_offset += from[a] * chunk_steps[a], to_offset += to[a] * out_steps[a];
    std::byte* place = static_cast<std::byte*>(out) + static_cast<std::size_t>(to_offset) * layout.element;
    const bool partly = !std::equal(box.begin(), box.end(), chunk.begin(), chunk.end());
    InflatedChunks::Data kept;
    if (filtered && partly) kept = inflated_chunks().find({number, at});
    if (kept) {
      hold.unlock();
      copy_box(layout.element, box, kept.get() + static_cast<std::size_t>(from_offset) * layout.element,
               chunk_steps, place, out_steps);
    } else if (filtered) {
      hsize_t stored = 0;
      if (H5Dget_chunk_storage_size(dataset, at.data(), &stored) < 0 || stored == 0) return false;
      Bytes data = bytes_of(stored);
      std::uint32_t left_out = 0;
      if (H5Dread_chunk(dataset, H5P_DEFAULT, at.data(), &left_out, data.get()) < 0) return false;
      hold.unlock();
      data = unfiltered(layout, std::move(data), stored, left_out, whole, name);
      copy_box(layout.element, box, data.get() + static_cast<std::size_t>(from_offset) * layout.element,
               chunk_steps, place, out_steps);
      if (partly) inflated_chunks().keep({number, at}, std::move(data), whole);
    } else {
      unsigned mask = 0;
      haddr_t address = HADDR_UNDEF;
      hsize_t stored = 0;
      if (H5Dget_chunk_info_by_coord(dataset, at.data(), &mask, &address, &stored) < 0 ||
          address == HADDR_UNDEF)
        return false;
      hold.unlock();
      // The rows of the chunk that are wanted, straight to their place if they are all of it.
      const std::size_t row = static_cast<std::size_t>(chunk_steps[0]) * layout.element,
                        bytes = static_cast<std::size_t>(box[0]) * row;
      const std::uint64_t lies_at = address + static_cast<std::uint64_t>(from[0]) * row;
      if (std::equal(box.begin() + 1, box.end(), chunk.begin() + 1, chunk.end()) &&
          std::equal(chunk.begin() + 1, chunk.end(), shape.begin() + 1, shape.end())) {
        read_bytes(descriptor, place, bytes, lies_at, name.path);
      } else {
        const Bytes data = bytes_of(bytes);
        read_bytes(descriptor, data.get(), bytes, lies_at, name.path);
        copy_box(
            layout.element, box,
            data.get() + static_cast<std::size_t>(from_offset - from[0] * chunk_steps[0]) * layout.element,
            chunk_steps, place, out_steps);
      }
    }
    hold.lock();
  }
  return true;
}

}  // namespace weir::detail::array
