// Files and datasets that are made, marked, named and changed by the library.
#include "array/hdf5/create.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "array/graph/nodes.hpp"
#include "array/hdf5/elements.hpp"
#include "array/hdf5/library.hpp"
#include "array/hdf5/output.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::array {

namespace {

void add_filters(hid_t properties, const std::vector<Hdf5Filter>& filters) {
  for (const Hdf5Filter& filter : filters)
    if (H5Zfilter_avail(static_cast<H5Z_filter_t>(filter.id)) <= 0 ||
        H5Pset_filter(properties, static_cast<H5Z_filter_t>(filter.id), 0, filter.parameters.size(),
                      filter.parameters.data()) < 0)
      fail(ErrorKind::unsupported, "to_hdf5: HDF5 must have the filter " +
                                       filter_text(static_cast<H5Z_filter_t>(filter.id)) +
                                       " on every rank (plugins are looked for in HDF5_PLUGIN_PATH)");
}

}  // namespace

void publish(const std::string& path, const std::vector<std::pair<std::string, std::string>>& names) {
  Hold hold(library());
  const Id file = open_for_writing(hold, path);
  for (const auto& [so_far, name] : names) {
    {
      const Id set(H5Dopen2(file, so_far.c_str(), H5P_DEFAULT), &H5Dclose);
      if (set.ok()) set_mark(set, false);
    }
    if (so_far != name &&
        H5Lmove(file, so_far.c_str(), H5L_SAME_LOC, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
      fail(ErrorKind::io, "to_hdf5: cannot name the dataset " + in_quotes(name) + " in " + in_quotes(path) +
                              " (" + reason() + ")");
  }
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
}

void remove_datasets(const std::string& path, const std::vector<std::string>& names) noexcept {
  try {
    Hold hold(library());
    const Id file = open_for_writing(hold, path);
    for (const std::string& name : names)
      if (exists(file, name)) H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  } catch (const std::exception&) {
  }
}

void make_file(const std::string& function, const std::string& path) {
  PartFile part(function, path);
  // The library cannot go back once it has begun.
  constexpr std::uint64_t needed = 128 * 1024;
  const Descriptor probe(::open(part.path().c_str(), O_WRONLY | O_CLOEXEC));
  if (const int problem = ask_for_room(probe.get(), 0, needed))
    fail(ErrorKind::io, function + ": cannot write " + in_quotes(path) + ", which has no room for " +
                            weir::to_text(needed) + ": " + std::strerror(problem));
  {
    const Hold hold(library());
    const Id access = file_access();
    const Id file(H5Fcreate(part.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), &H5Fclose);
    if (!file.ok())
      fail(ErrorKind::io,
           function + ": cannot create " + in_quotes(path) + " for writing (" + reason() + ")");
  }
  part.publish_if_new();
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

namespace {

// What was left of datasets of this name by processes that are gone.
void remove_left_overs(hid_t file, const std::string& wanted) {
  const std::size_t slash = wanted.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : wanted.substr(0, slash),
                    base = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
  if (folder.size() > 1 && !exists(file, folder)) return;
  const Id group(H5Gopen2(file, folder.c_str(), H5P_DEFAULT), &H5Gclose);
  if (!group.ok()) return;
  struct Found {
    const std::string& base;
    std::vector<std::string> names;
  } found{base, {}};
  H5Literate(
      group, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
        auto& all = *static_cast<Found*>(to);
        std::string of;
        if (is_part_name(name, &of) && of == all.base && is_left_over(name)) all.names.emplace_back(name);
        return 0;
      },
      &found);
  for (const std::string& name : found.names) H5Ldelete(group, name.c_str(), H5P_DEFAULT);
}

// A dataset cannot lie in another one.
void check_way(hid_t file, const std::string& path, const std::string& wanted) {
  for (std::size_t at = wanted.find('/', 1); at != std::string::npos; at = wanted.find('/', at + 1)) {
    const std::string part = wanted.substr(0, at);
    if (H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0) return;
    H5O_info_t info;
    if (H5Oget_info_by_name2(file, part.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
        info.type != H5O_TYPE_GROUP)
      fail(ErrorKind::invalid_argument, "to_hdf5: a dataset must lie in a group (got " + in_quotes(wanted) +
                                            "; " + in_quotes(part) + " is a dataset of " + in_quotes(path) +
                                            ")");
  }
}

bool has_no_elements(const Shape& shape) {
  return std::ranges::any_of(shape, [](std::int64_t extent) { return extent == 0; });
}

// UTF-8 in so many bytes, filled up with zeros.
Id text_type(std::size_t bytes) {
  Id type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type, bytes);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

Id make_dataset(hid_t file, const std::string& path, const DatasetPlan& plan) {
  const Id links(H5Pcreate(H5P_LINK_CREATE), &H5Pclose), properties(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const auto axes = static_cast<std::ptrdiff_t>(plan.axes());
  const std::vector<hsize_t> extents(plan.shape.begin(), plan.shape.begin() + axes),
      chunk(plan.chunk.begin(), plan.chunk.begin() + axes);
  std::vector<hsize_t> most = extents;
  const bool chunked = !chunk.empty() && (!has_no_elements(plan.shape) || plan.unlimited);
  if (chunked) H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
  if (plan.unlimited) most[*plan.unlimited] = H5S_UNLIMITED;
  else H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);  // every element is written
  if (chunked && !plan.filters.empty()) {
    add_filters(properties, plan.filters);
  } else if (chunked && plan.gzip) {
    if (plan.shuffle) H5Pset_shuffle(properties);
    H5Pset_deflate(properties, static_cast<unsigned>(plan.gzip));
  } else if (!plan.unlimited) {
    H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
  }
  const Id space(extents.empty()
                     ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), most.data()),
                 &H5Sclose);
  Id dataset(H5Dcreate2(file, plan.dataset.c_str(),
                        plan.is_text ? text_type(static_cast<std::size_t>(plan.shape.back()))
                                     : native_type(plan.type),
                        space, links, properties, H5P_DEFAULT),
             &H5Dclose);
  if (!dataset.ok())
    fail(ErrorKind::io, "to_hdf5: cannot create the dataset " +
                            in_quotes(plan.published.empty() ? plan.dataset : plan.published) + " in " +
                            in_quotes(path) + " (" + reason() + ")");
  if (plan.is_marked) set_mark(dataset, true);
  for (const auto& [name, value] : plan.attributes) write_attribute(dataset, name, value);
  return dataset;
}

// Asking for chunk i costs O(i): for many chunks the even spacing of a fresh file is checked at a few and
// used.
std::vector<std::uint64_t> places_of(hid_t dataset, const std::string& path, const DatasetPlan& plan) {
  if (plan.chunk.empty() || has_no_elements(plan.shape)) {
    const haddr_t offset = H5Dget_offset(dataset);
    return {offset == HADDR_UNDEF ? 0 : offset};
  }
  const Grid grid(ChunkSpec(std::vector<AxisChunks>(plan.chunk.begin(), plan.chunk.end()))
                      .resolve("to_hdf5", plan.shape, size_of(plan.type)));
  std::vector<std::uint64_t> places(static_cast<std::size_t>(grid.count()));
  const Id whole(H5Dget_space(dataset), &H5Sclose);
  hsize_t chunk_bytes = size_of(plan.type);
  for (const std::int64_t extent : plan.chunk) chunk_bytes *= static_cast<hsize_t>(extent);
  const auto info = [&](hsize_t i, std::uint64_t& address) {
    std::vector<hsize_t> at(plan.axes());
    unsigned filters = 0;
    haddr_t found = HADDR_UNDEF;
    hsize_t bytes = 0;
    if (H5Dget_chunk_info(dataset, whole, i, at.data(), &filters, &found, &bytes) < 0 || found == HADDR_UNDEF)
      fail(ErrorKind::io, "to_hdf5: " + in_quotes(path) + " has no place for a chunk (" + reason() + ")");
    Dims chunk_at;
    for (std::size_t a = 0; a < at.size(); ++a)
      chunk_at.push_back(static_cast<std::int64_t>(at[a]) / plan.chunk[a]);
    if (plan.is_text) chunk_at.push_back(0);
    address = found;
    return grid.ravel(chunk_at);
  };
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
  return places;
}

bool has_user_block(hid_t file) {
  const Id creation(H5Fget_create_plist(file), &H5Pclose);
  hsize_t block = 0;
  return H5Pget_userblock(creation, &block) < 0 || block > 0;
}

}  // namespace

CreatedFile create_file(const std::string& path, bool append, const std::vector<DatasetPlan>& plans) {
  Hold hold(library());
  errno = 0;
  const Id access = file_access();
  const Id file = append ? open_for_writing(hold, path)
                         : Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), &H5Fclose);
  if (!file.ok())
    fail(ErrorKind::io, "to_hdf5: cannot create " + in_quotes(path) + " for writing (" +
                            (errno ? std::strerror(errno) : reason()) + ")");
  const bool told = !has_user_block(file);
  for (const DatasetPlan& plan : plans) {
    const std::string& wanted = plan.published.empty() ? plan.dataset : plan.published;
    remove_left_overs(file, wanted);
    if (append && exists(file, wanted))
      fail(ErrorKind::invalid_argument, "to_hdf5: the dataset must be new (got " + in_quotes(wanted) +
                                            ", which is in " + in_quotes(path) + ")");
    check_way(file, path, wanted);
  }
  CreatedFile created;
  for (const DatasetPlan& plan : plans) {
    const Id dataset = make_dataset(file, path, plan);
    created.places.emplace_back();
    if (told && plan.has_places()) created.places.back() = places_of(dataset, path, plan);
  }
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
  return created;
}

struct ChunkWriter::State {
  std::string function, path, name;
  Id file, dataset, memory;
  Room room;
  Writing writing;
  bool was_marked = false, is_whole = false;
  std::vector<hsize_t> extents;  // before it grew
};
ChunkWriter::ChunkWriter(std::string function, const std::string& path, const std::string& dataset)
    : state_(std::make_unique<State>()) {
  Hold hold(library());
  State& s = *state_;
  s.function = std::move(function);
  s.path = path;
  s.name = dataset;
  s.file = open_for_writing(hold, path, s.function);
  s.room = Room(path);
  s.dataset = open_dataset(s.function, s.file, path, dataset);
}
ChunkWriter::~ChunkWriter() {
  const std::lock_guard hold(library());
  state_.reset();
}
void ChunkWriter::flush() {
  if (H5Fflush(state_->file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io,
         state_->function + ": cannot write " + in_quotes(state_->path) + " (" + reason() + ")");
}
void ChunkWriter::write(const std::vector<std::int64_t>& start, std::uint32_t left_out, const void* bytes,
                        std::size_t count) {
  const std::lock_guard hold(library());
  State& s = *state_;
  s.room.take(s.function, s.file, count);
  const std::vector<hsize_t> offset(start.begin(), start.end());
  const Id properties(H5Dget_create_plist(s.dataset), &H5Pclose), type(H5Dget_type(s.dataset), &H5Tclose);
  const herr_t result = H5Pget_layout(properties) == H5D_CHUNKED
                            ? H5Dwrite_chunk(s.dataset, H5P_DEFAULT, left_out, offset.data(), count, bytes)
                            : H5Dwrite(s.dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
  if (result < 0)
    fail(ErrorKind::io,
         s.function + ": cannot write a chunk of " + in_quotes(s.path) + " (" + reason() + ")");
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

void ChunkWriter::begin_region(DType type, const Shape& start, const Shape& shape) {
  const std::lock_guard hold(library());
  State& s = *state_;
  const Id space(H5Dget_space(s.dataset), &H5Sclose), stored(H5Dget_type(s.dataset), &H5Tclose);
  if (H5Sget_simple_extent_ndims(space) != static_cast<int>(start.size()))
    fail(ErrorKind::invalid_argument, "to_hdf5_region: the array must have as many axes as " +
                                          in_quotes(s.name) + " of " + in_quotes(s.path) + ", " +
                                          std::to_string(H5Sget_simple_extent_ndims(space)) + " (got " +
                                          std::to_string(start.size()) + ")");
  const Id properties(H5Dget_create_plist(s.dataset), &H5Pclose);
  if (H5Pget_layout(properties) == H5D_VIRTUAL)
    fail(ErrorKind::invalid_argument,
         "to_hdf5_region: the dataset must have elements of its own (got the "
         "virtual dataset " +
             in_quotes(s.name) + " of " + in_quotes(s.path) + "); write to its sources");
  std::vector<hsize_t> most(std::max<std::size_t>(start.size(), 1));
  s.extents.resize(most.size());
  H5Sget_simple_extent_dims(space, s.extents.data(), most.data());
  std::vector<hsize_t> wanted = s.extents;
  s.is_whole = true;
  for (std::size_t a = 0; a < start.size(); ++a) {
    const auto end = static_cast<hsize_t>(start[a] + shape[a]);
    if (end > s.extents[a] && end > most[a])
      fail(ErrorKind::invalid_argument,
           "to_hdf5_region: the region must lie in " + in_quotes(s.name) + " of " + in_quotes(s.path) +
               " (got [" + std::to_string(start[a]) + ", " + std::to_string(start[a] + shape[a]) +
               ") along axis " + std::to_string(a) + ", which has " + std::to_string(s.extents[a]) +
               "); a dataset written with .unlimited grows");
    wanted[a] = std::max(wanted[a], end);
    s.is_whole = s.is_whole && start[a] == 0 && end == wanted[a];
  }
  s.writing = writing_of(s.function, s.path, s.name, stored, type);
  s.memory =
      is_complex(s.writing.type) ? complex_named_as(stored, s.writing.type) : native_type(s.writing.type);
  s.room.take(s.function, s.file, 0);
  s.was_marked = H5Aexists(s.dataset, incomplete_mark) > 0;
  set_mark(s.dataset, true);
  flush();
  if (wanted != s.extents && H5Dset_extent(s.dataset, wanted.data()) < 0)
    fail(ErrorKind::io, "to_hdf5_region: cannot extend " + in_quotes(s.name) + " of " + in_quotes(s.path) +
                            " (" + reason() + ")");
}
void ChunkWriter::write_box(const Shape& start, const Tensor& box, OutOfRange rule, bool& changed) {
  State& s = *state_;
  const Tensor values =
      s.writing.checked ? converted(s.function, s.path, s.name, box, s.writing.type, rule, start) : box;
  const std::lock_guard hold(library());
  s.room.take(s.function, s.file, room_for(s.dataset, start, values.shape));
  const Id space(H5Dget_space(s.dataset), &H5Sclose);
  const std::vector<hsize_t> offset(start.begin(), start.end()),
      count(values.shape.begin(), values.shape.end());
  if (!count.empty())
    H5Sselect_hyperslab(space, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr);
  const Id memory(count.empty() ? H5Screate(H5S_SCALAR)
                                : H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                  &H5Sclose);
  changed = true;
  if (H5Dwrite(s.dataset, s.memory, memory, space, H5P_DEFAULT, values.data) < 0)
    fail(ErrorKind::io, "to_hdf5_region: cannot write " + in_quotes(s.path) + " (" + reason() + ")");
}
void ChunkWriter::end_region() {
  const std::lock_guard hold(library());
  flush();
  if (!state_->was_marked || state_->is_whole) set_mark(state_->dataset, false);
}
void ChunkWriter::undo_region() {
  const std::lock_guard hold(library());
  H5Dset_extent(state_->dataset, state_->extents.data());
  if (!state_->was_marked) set_mark(state_->dataset, false);
  flush();
}
void ChunkWriter::finish() {
  Hold hold(library());
  flush();
  state_->dataset = Id();
  state_->file = Id();
  if (state_->room.was_taken())
    (void)open_for_writing(hold, state_->path);  // closed at once, which gives back the room that is left
}

}  // namespace weir::detail::array
