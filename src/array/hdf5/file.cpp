// HDF5: opening, reading regions, creating files; the only file that knows the library.
#include "array/hdf5/file.hpp"

#include <fcntl.h>
#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <list>

#include "array/graph/nodes.hpp"
#include "array/hdf5/chunks.hpp"
#include "array/hdf5/library.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::array {

namespace {

// What is known of an open dataset: enough to read an uncompressed one without the library.
struct Dataset {
  FileName name;
  struct stat identity {};
  Id file, dataset, stored;
  Shape shape;
  ChunkLayout chunks;
  DType type = DType::float64;
  bool same_type = false;  // stored exactly as in memory
  bool numbers = false;    // of a kind that is converted element by element
  haddr_t contiguous = HADDR_UNDEF;
  int descriptor = -1;
  ~Dataset() {
    if (descriptor >= 0) close(descriptor);
  }
};

void check_file(const std::string& function, const std::string& path, struct stat& status) {
  if (stat(path.c_str(), &status) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR)
      fail(ErrorKind::not_found, function + ": the file must exist (got " + in_quotes(path) + ")");
    fail(ErrorKind::io, function + ": cannot read " + in_quotes(path) + ": " + std::strerror(error));
  }
  if (S_ISDIR(status.st_mode))
    fail(ErrorKind::io, function + ": " + in_quotes(path) + " must be a file (got a folder)");
  if (access(path.c_str(), R_OK) != 0)
    fail(ErrorKind::io, function + ": cannot read " + in_quotes(path) + ": " + std::strerror(errno));
}

std::shared_ptr<Dataset> open_now(const std::string& function, const FileName& name, DType type) {
  auto open = std::make_shared<Dataset>();
  open->name = name;
  open->type = type;
  check_file(function, name.path, open->identity);
  const Id access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  H5Pset_file_locking(access, false, true);  // readers that keep a file open must not stop a writer
  open->file = Id(H5Fopen(name.path.c_str(), H5F_ACC_RDONLY, access), &H5Fclose);
  if (!open->file.ok()) {
    const std::string why = reason();
    if (why.find("truncated") != std::string::npos)
      fail(ErrorKind::io, function + ": the file is truncated (" + in_quotes(name.path) + ": " + why + ")");
    fail(ErrorKind::io, function + ": " + in_quotes(name.path) + " must be an HDF5 file (" + why + ")");
  }
  open->dataset = Id(H5Dopen2(open->file, name.dataset.c_str(), H5P_DEFAULT), &H5Dclose);
  if (open->dataset.ok() && H5Aexists(open->dataset, incomplete_mark) > 0)
    fail(ErrorKind::io, function + ": the dataset must be complete (" + in_quotes(name.dataset) + " of " +
                            in_quotes(name.path) + " was left by an interrupted write, or is being written)");
  if (!open->dataset.ok())
    fail(ErrorKind::not_found, function + ": the dataset must exist (got " + in_quotes(name.dataset) +
                                   " in " + in_quotes(name.path) + ")");
  const Id space(H5Dget_space(open->dataset), &H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(rank, 1)));
  if (rank > 0) H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  for (int a = 0; a < rank; ++a)
    open->shape.push_back(static_cast<std::int64_t>(extents[static_cast<std::size_t>(a)]));
  open->stored = Id(H5Dget_type(open->dataset), &H5Tclose);
  const Id& stored = open->stored;
  const H5T_class_t kind = H5Tget_class(stored);
  const bool fits = kind == H5T_INTEGER || kind == H5T_FLOAT ? !is_complex(type) && type != DType::boolean
                    : kind == H5T_ENUM                       ? type == DType::boolean
                    : kind == H5T_COMPOUND ? is_complex(type) && H5Tget_nmembers(stored) == 2
                                           : false;
  if (!fits || (kind == H5T_FLOAT && kind_of(type) == 1)) {
    const char* kinds[] = {
        "integers",   "floating-point numbers", "times", "text",  "bit fields", "opaque bytes", "compounds",
        "references", "enumerations",           "lists", "arrays"};
    fail(ErrorKind::invalid_argument,
         function + ": the dataset's elements must be convertible to " + std::string(to_string(type)) +
             " (got " + (kind >= 0 && kind <= 10 ? kinds[kind] : "unknown") + " of " +
             std::to_string(H5Tget_size(stored)) + " bytes in " + in_quotes(name.dataset) + ")");
  }
  const Id native = native_type(type);
  open->same_type = H5Tequal(stored, native) > 0;
  open->numbers = kind == H5T_INTEGER || kind == H5T_FLOAT;
  open->chunks = chunk_layout(open->dataset, rank, H5Tget_size(stored));
  const Id plist(H5Dget_create_plist(open->dataset), &H5Pclose);
  if (H5Pget_layout(plist) == H5D_CONTIGUOUS && H5Pget_external_count(plist) == 0)
    open->contiguous = H5Dget_offset(open->dataset);
  open->descriptor = ::open(name.path.c_str(), O_RDONLY | O_CLOEXEC);
  return open;
}

// Datasets this process reads are kept open, the latest few.
std::list<std::shared_ptr<Dataset>>& recently_read() {
  static std::list<std::shared_ptr<Dataset>> recent;
  return recent;
}
std::shared_ptr<Dataset> opened(const FileName& name, DType type) {
  auto& recent = recently_read();
  struct stat now {};
  check_file("open_hdf5", name.path, now);
  // As long as one dataset of a file is open the library knows the file as it was then.
  const auto is_older = [&](const Dataset& known) {
    const struct stat& then = known.identity;
    return then.st_ino != now.st_ino || then.st_size != now.st_size ||
           then.st_mtim.tv_sec != now.st_mtim.tv_sec || then.st_mtim.tv_nsec != now.st_mtim.tv_nsec;
  };
  recent.remove_if([&](const std::shared_ptr<Dataset>& known) {
    return known->name.path == name.path && is_older(*known);
  });
  for (auto at = recent.begin(); at != recent.end(); ++at) {
    const Dataset& known = **at;
    if (known.name.path != name.path || known.name.dataset != name.dataset || known.type != type) continue;
    recent.splice(recent.begin(), recent, at);
    return recent.front();
  }
  recent.push_front(open_now("open_hdf5", name, type));
  if (recent.size() > 16) recent.pop_back();
  return recent.front();
}

// A box of a row-major array in the file, row by row.
void read_box(const Dataset& from, const Dims& start, const Tensor& out) {
  const std::size_t size = size_of(out.type);
  const Dims strides = row_major(dims(from.shape));
  std::size_t run = out.shape.size();
  std::int64_t contiguous = 1;
  while (run > 0 && strides[run - 1] == contiguous) {  // axes that are whole are read together
    contiguous *= out.shape[--run];
    if (out.shape[run] != from.shape[run]) break;
  }
  std::int64_t rows = 1, offset = 0;
  for (std::size_t a = 0; a < run; ++a) rows *= out.shape[a];
  for (std::size_t a = 0; a < out.shape.size(); ++a) offset += start[a] * strides[a];
  auto* to = static_cast<std::byte*>(out.data);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t rest = row, at = offset;
    for (std::size_t a = run; a-- > 0;) {
      at += rest % out.shape[a] * strides[a];
      rest /= out.shape[a];
    }
    read_bytes(from.descriptor, to, static_cast<std::size_t>(contiguous) * size,
               from.contiguous + static_cast<std::uint64_t>(at) * size, from.name.path);
    to += static_cast<std::size_t>(contiguous) * size;
  }
}

}  // namespace

void forget(const std::string& path) {
  recently_read().remove_if([&](const std::shared_ptr<Dataset>& open) { return open->name.path == path; });
}

void read_file(const FileName& file, const Dims& start, const Tensor& out) {
  if (out.size() == 0) return;
  std::unique_lock hold(library());
  const std::shared_ptr<Dataset> from = opened(file, out.type);
  // It may be closed here, if others are read meanwhile: under the lock again.
  struct Relock {
    std::unique_lock<std::mutex>& hold;
    ~Relock() {
      if (!hold.owns_lock()) hold.lock();
    }
  } const relock{hold};
  for (std::size_t a = 0; a < out.shape.size(); ++a)
    if (from->shape.size() != out.shape.size() || start[a] + out.shape[a] > from->shape[a])
      fail(ErrorKind::io, "open_hdf5: the dataset " + in_quotes(file.dataset) +
                              " has become smaller since it was opened (now " + weir::to_text(from->shape) +
                              ")");
  if (from->same_type && from->contiguous != HADDR_UNDEF && from->descriptor >= 0) {
    hold.unlock();
    return read_box(*from, start, out);
  }
  if (!out.shape.empty() && (from->same_type || from->numbers)) {
    // What is stored otherwise is converted where it will lie, or where there is room for it.
    const std::size_t stored = from->chunks.element, wanted = size_of(out.type),
                      count = static_cast<std::size_t>(out.size());
    std::vector<std::byte> larger(stored > wanted ? count * stored : 0);
    void* to = larger.empty() ? out.data : larger.data();
    if (read_chunks(hold, from->dataset, from->descriptor, from->chunks, file, start, out.shape, to)) {
      if (!from->same_type &&
          H5Tconvert(from->stored, native_type(out.type), count, to, nullptr, H5P_DEFAULT) < 0)
        fail(ErrorKind::io, "open_hdf5: cannot convert " + in_quotes(file.dataset) + " of " +
                                in_quotes(file.path) + " (" + reason() + ")");
      if (!larger.empty()) std::memcpy(out.data, larger.data(), count * wanted);
      return;
    }
  }
  const Id space(H5Dget_space(from->dataset), &H5Sclose);
  std::vector<hsize_t> offset, count;
  for (std::size_t a = 0; a < out.shape.size(); ++a) {
    offset.push_back(static_cast<hsize_t>(start[a]));
    count.push_back(static_cast<hsize_t>(out.shape[a]));
  }
  Id memory(H5Screate(H5S_SCALAR), &H5Sclose);
  if (!count.empty()) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr);
    memory = Id(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
  }
  if (H5Dread(from->dataset, native_type(out.type), memory, space, H5P_DEFAULT, out.data) < 0)
    fail(ErrorKind::io, "open_hdf5: cannot read " + in_quotes(file.dataset) + " of " + in_quotes(file.path) +
                            " (" + reason() + ")");
}

NodePtr open_hdf5(const std::string& path, const std::string& dataset, DType type, const OpenHdf5& how) {
  const std::lock_guard hold(library());
  char absolute[PATH_MAX];
  const FileName name{realpath(path.c_str(), absolute) ? absolute : path, dataset};
  const std::shared_ptr<Dataset> open = open_now("open_hdf5", name, type);
  return std::make_shared<FileNode>(
      type, Grid(how.chunks.resolve("open_hdf5", open->shape, size_of(type), open->chunks.chunk)), name);
}

// --- creating; the file that all workers write

namespace {

void add_filters(hid_t properties, const std::vector<Hdf5Filter>& filters) {
  for (const Hdf5Filter& filter : filters)
    if (H5Zfilter_avail(static_cast<H5Z_filter_t>(filter.id)) <= 0 ||
        H5Pset_filter(properties, static_cast<H5Z_filter_t>(filter.id), 0, filter.parameters.size(),
                      filter.parameters.data()) < 0)
      fail(ErrorKind::unsupported, "to_hdf5: HDF5 must have the filter " + std::to_string(filter.id) +
                                       " on every rank (plugins are looked for in HDF5_PLUGIN_PATH)");
}

}  // namespace

void publish(const std::string& path, const std::vector<std::pair<std::string, std::string>>& names) {
  const std::lock_guard hold(library());
  const Id file = open_for_writing(path);
  for (const auto& [so_far, name] : names)
    if (H5Lmove(file, so_far.c_str(), H5L_SAME_LOC, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
      fail(ErrorKind::io, "to_hdf5: cannot name the dataset " + in_quotes(name) + " in " + in_quotes(path) +
                              " (" + reason() + ")");
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
}

void remove_datasets(const std::string& path, const std::vector<std::string>& names) noexcept {
  try {
    const std::lock_guard hold(library());
    const Id file = open_for_writing(path);
    for (const std::string& name : names)
      if (exists(file, name)) H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  } catch (const std::exception&) {
  }
}

void mark_incomplete(const std::string& path, const std::string& dataset, bool incomplete) {
  const std::lock_guard hold(library());
  const Id file = open_for_writing(path, "to_hdf5_region");
  const Id set(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), &H5Dclose);
  if (!set.ok())
    fail(ErrorKind::not_found, "to_hdf5_region: the dataset must exist (got " + in_quotes(dataset) + " in " +
                                   in_quotes(path) + ")");
  if (incomplete) Room(path).take("to_hdf5_region", file, 0);
  set_mark(set, incomplete);
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5_region: cannot write " + in_quotes(path) + " (" + reason() + ")");
}

// The library itself applies them, to a file in memory that holds one chunk.
FilteredChunk filter_chunk(DType type, const Dims& chunk, const std::vector<Hdf5Filter>& filters,
                           const std::byte* data) {
  const std::lock_guard hold(library());
  static std::uint64_t number = 0;
  const Id access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  H5Pset_fapl_core(access, 1 << 20, false);
  const Id file(
      H5Fcreate(("weir-filters-" + std::to_string(number++)).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access),
      &H5Fclose);
  const std::vector<hsize_t> extents(chunk.begin(), chunk.end()), first(chunk.size());
  const Id properties(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose),
      space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), &H5Sclose);
  H5Pset_chunk(properties, static_cast<int>(extents.size()), extents.data());
  add_filters(properties, filters);
  const Id native = native_type(type),
           set(H5Dcreate2(file, "chunk", native, space, H5P_DEFAULT, properties, H5P_DEFAULT), &H5Dclose);
  FilteredChunk filtered;
  hsize_t bytes = 0;
  if (!set.ok() || H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0 || H5Dflush(set) < 0 ||
      H5Dget_chunk_storage_size(set, first.data(), &bytes) < 0)
    fail(ErrorKind::io, "to_hdf5: the filters cannot be applied to a chunk (" + reason() + ")");
  filtered.bytes.resize(bytes);
  if (H5Dread_chunk(set, H5P_DEFAULT, first.data(), &filtered.left_out, filtered.bytes.data()) < 0)
    fail(ErrorKind::io, "to_hdf5: a filtered chunk cannot be read (" + reason() + ")");
  return filtered;
}

CreatedFile create_file(const std::string& path, bool append, const std::vector<DatasetPlan>& plans) {
  const std::lock_guard hold(library());
  forget(path);
  errno = 0;
  const Id access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  H5Pset_file_locking(access, false, true);
  Id file(append ? H5Fopen(path.c_str(), H5F_ACC_RDWR, access)
                 : H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access),
          &H5Fclose);
  if (!file.ok())
    fail(ErrorKind::io, "to_hdf5: cannot " + std::string(append ? "open " : "create ") + in_quotes(path) +
                            " for writing (" + (errno ? std::strerror(errno) : reason()) + ")");
  CreatedFile created;
  for (const DatasetPlan& plan : plans) {
    const Id links(H5Pcreate(H5P_LINK_CREATE), &H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Id properties(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
    H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
    std::vector<hsize_t> extents(plan.shape.begin(), plan.shape.end()),
        chunk(plan.chunk.begin(), plan.chunk.end());
    bool empty = false;
    for (const hsize_t extent : extents) empty = empty || extent == 0;
    if (!chunk.empty() && !empty) H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
    if (!plan.filters.empty() && !chunk.empty() && !empty) {
      add_filters(properties, plan.filters);
    } else if (plan.gzip && !chunk.empty() && !empty) {
      if (plan.shuffle) H5Pset_shuffle(properties);
      H5Pset_deflate(properties, static_cast<unsigned>(plan.gzip));
    } else {
      H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
    }
    const Id space(extents.empty()
                       ? H5Screate(H5S_SCALAR)
                       : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                   &H5Sclose);
    const std::string& wanted = plan.published.empty() ? plan.dataset : plan.published;
    if (append && exists(file, wanted))
      fail(ErrorKind::invalid_argument, "to_hdf5: the dataset must be new (got " + in_quotes(wanted) +
                                            ", which is in " + in_quotes(path) + ")");
    const Id dataset(
        H5Dcreate2(file, plan.dataset.c_str(), native_type(plan.type), space, links, properties, H5P_DEFAULT),
        &H5Dclose);
    if (!dataset.ok())
      fail(ErrorKind::io, "to_hdf5: cannot create the dataset " + in_quotes(wanted) + " in " +
                              in_quotes(path) + " (" + reason() + ")");
    for (const auto& [name, value] : plan.attributes) write_attribute(dataset, name, value);
    std::vector<std::uint64_t> places;
    if (plan.chunk.empty() || empty) {
      const haddr_t offset = H5Dget_offset(dataset);
      places.push_back(offset == HADDR_UNDEF ? 0 : offset);
    } else if (!plan.is_filtered()) {
      const Grid grid(ChunkSpec(std::vector<AxisChunks>(plan.chunk.begin(), plan.chunk.end()))
                          .resolve("to_hdf5", plan.shape, size_of(plan.type)));
      places.resize(static_cast<std::size_t>(grid.count()));
      const Id whole(H5Dget_space(dataset), &H5Sclose);
      const hsize_t chunk_bytes = [&] {
        hsize_t n = size_of(plan.type);
        for (const hsize_t c : chunk) n *= c;
        return n;
      }();
      const auto info = [&](hsize_t i, std::uint64_t& address) {
        std::vector<hsize_t> at(extents.size());
        unsigned filters = 0;
        haddr_t found = HADDR_UNDEF;
        hsize_t bytes = 0;
        if (H5Dget_chunk_info(dataset, whole, i, at.data(), &filters, &found, &bytes) < 0 ||
            found == HADDR_UNDEF)
          fail(ErrorKind::io, "to_hdf5: " + in_quotes(path) + " has no place for a chunk (" + reason() + ")");
        Dims chunk_at;
        for (std::size_t a = 0; a < at.size(); ++a)
          chunk_at.push_back(static_cast<std::int64_t>(at[a] / chunk[a]));
        address = found;
        return grid.ravel(chunk_at);
      };
      // Asking for chunk i costs O(i): for many chunks the even spacing of a fresh file is checked at a few
      // and used.
      const auto count = static_cast<hsize_t>(grid.count());
      std::uint64_t first = 0, address = 0;
      bool even = count > 2000 && info(0, first) == 0;
      for (hsize_t k = 1; even && k <= 16; ++k) {
        const hsize_t i = (count - 1) * k / 16;
        even = info(i, address) == static_cast<std::int64_t>(i) && address == first + i * chunk_bytes;
      }
      for (hsize_t i = 0; i < count; ++i) {
        if (even) {
          places[i] = first + i * chunk_bytes;
        } else {
          const std::int64_t c = info(i, address);
          places[static_cast<std::size_t>(c)] = address;
        }
      }
    }
    created.places.push_back(std::move(places));
  }
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
  return created;
}

// Writes compressed chunks, in the order they come.
struct ChunkWriter::State {
  Id file, dataset;
  std::string path;
  Room room;
};
ChunkWriter::ChunkWriter(const std::string& path, const std::string& dataset)
    : state_(std::make_unique<State>()) {
  const std::lock_guard hold(library());
  state_->path = path;
  state_->file = open_for_writing(path);
  state_->room = Room(path);
  state_->dataset = Id(H5Dopen2(state_->file, dataset.c_str(), H5P_DEFAULT), &H5Dclose);
  if (!state_->dataset.ok())
    fail(ErrorKind::io,
         "to_hdf5: cannot open " + in_quotes(dataset) + " of " + in_quotes(path) + " (" + reason() + ")");
}
ChunkWriter::~ChunkWriter() {
  const std::lock_guard hold(library());
  state_.reset();
}
void ChunkWriter::write(const std::vector<std::int64_t>& start, std::uint32_t left_out, const void* bytes,
                        std::size_t count) {
  const std::lock_guard hold(library());
  state_->room.take("to_hdf5", state_->file, count);
  const std::vector<hsize_t> offset(start.begin(), start.end());
  if (H5Dwrite_chunk(state_->dataset, H5P_DEFAULT, left_out, offset.data(), count, bytes) < 0)
    fail(ErrorKind::io,
         "to_hdf5: cannot write a chunk of " + in_quotes(state_->path) + " (" + reason() + ")");
}
void ChunkWriter::check_box(const std::vector<std::int64_t>& start, const Tensor& values) const {
  const std::lock_guard hold(library());
  const Id space(H5Dget_space(state_->dataset), &H5Sclose);
  if (H5Sget_simple_extent_ndims(space) != static_cast<int>(start.size()))
    fail(ErrorKind::invalid_argument,
         "to_hdf5_region: the array must have as many axes as the dataset (got " +
             std::to_string(start.size()) + ")");
  std::vector<hsize_t> extents(std::max<std::size_t>(start.size(), 1));
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  for (std::size_t a = 0; a < start.size(); ++a)
    if (start[a] + values.shape[a] > static_cast<std::int64_t>(extents[a]))
      fail(ErrorKind::invalid_argument,
           "to_hdf5_region: the region must lie in the dataset (axis " + std::to_string(a) + " ends at " +
               std::to_string(start[a] + values.shape[a]) + " of " + std::to_string(extents[a]) + ")");
}
namespace {

// Chunks are written as a whole, at another place if they have become longer; what is not in chunks gets its
// place at the first write.
std::uint64_t room_for(hid_t dataset, const std::vector<std::int64_t>& start, const Dims& shape) {
  const Id properties(H5Dget_create_plist(dataset), &H5Pclose), type(H5Dget_type(dataset), &H5Tclose),
      space(H5Dget_space(dataset), &H5Sclose);
  const std::uint64_t element = H5Tget_size(type);
  if (H5Pget_layout(properties) != H5D_CHUNKED)
    return H5Dget_storage_size(dataset)
               ? 0
               : element * static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space));
  std::vector<hsize_t> chunk(start.size());
  H5Pget_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
  std::uint64_t bytes = element;
  for (std::size_t a = 0; a < start.size(); ++a) {
    const auto first = static_cast<hsize_t>(start[a]) / chunk[a],
               last = static_cast<hsize_t>(start[a] + std::max<std::int64_t>(shape[a], 1) - 1) / chunk[a];
    bytes *= (last - first + 1) * chunk[a];
  }
  return bytes;
}

}  // namespace

void ChunkWriter::write_box(const std::vector<std::int64_t>& start, const Tensor& values) {
  const std::lock_guard hold(library());
  state_->room.take("to_hdf5_region", state_->file, room_for(state_->dataset, start, values.shape));
  const Id space(H5Dget_space(state_->dataset), &H5Sclose);
  const std::vector<hsize_t> offset(start.begin(), start.end()),
      count(values.shape.begin(), values.shape.end());
  if (!count.empty())
    H5Sselect_hyperslab(space, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr);
  const Id memory(count.empty() ? H5Screate(H5S_SCALAR)
                                : H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                  &H5Sclose);
  if (H5Dwrite(state_->dataset, native_type(values.type), memory, space, H5P_DEFAULT, values.data) < 0)
    fail(ErrorKind::io, "to_hdf5_region: cannot write " + in_quotes(state_->path) + " (" + reason() + ")");
}
void ChunkWriter::finish() {
  const std::lock_guard hold(library());
  if (H5Fflush(state_->file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(state_->path) + " (" + reason() + ")");
  state_->dataset = Id();
  state_->file = Id();
  if (state_->room.was_taken())
    (void)open_for_writing(state_->path);  // closed at once, which gives back the room that is left
}

}  // namespace weir::detail::array
