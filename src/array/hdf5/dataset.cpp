// Opening datasets for reading, keeping the latest few open, and reading boxes of them.
#include "array/hdf5/dataset.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <list>

#include "array/graph/nodes.hpp"
#include "array/hdf5/virtual.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::array {

namespace {

// Who has what open, in this process. Under the library's lock.
struct OpenDatasets {
  std::list<std::shared_ptr<Dataset>> recent;  // kept open, the latest first
  std::map<FileIdentity, int> open;            // datasets of a file, also those that are not kept
  std::map<FileIdentity, int> wanted;          // files that somebody waits to have closed
  std::condition_variable changed;
};
OpenDatasets& datasets() {
  static OpenDatasets& all = *new OpenDatasets;  // lives on: the library closes at the program's end
  return all;
}

bool lies_in(const Dataset& open, const FileIdentity& file) {
  return identity_of(open.named) == file || identity_of(open.holder) == file;
}

}  // namespace

Dataset::~Dataset() {
  forget_chunks(number);
  dataset = Id();
  if (!is_counted) return;
  OpenDatasets& all = datasets();
  for (const FileIdentity& file : {identity_of(named), identity_of(holder)})
    if (--all.open[file] == 0) all.open.erase(file);
  all.changed.notify_all();
}

void let_go(Hold& hold, const FileIdentity& file) {
  OpenDatasets& all = datasets();
  ++all.wanted[file];
  all.recent.remove_if([&](const std::shared_ptr<Dataset>& open) { return lies_in(*open, file); });
  all.changed.wait(hold, [&] { return !all.open.contains(file); });
  if (--all.wanted[file] == 0) all.wanted.erase(file);
  all.changed.notify_all();
}

namespace {

// The file that holds the dataset, where the library has it open.
void find_holder(Dataset& open) {
  const Id holder(H5Iget_file_id(open.dataset), &H5Fclose);
  std::string path(static_cast<std::size_t>(std::max<ssize_t>(0, H5Fget_name(holder, nullptr, 0))), '\0');
  H5Fget_name(holder, path.data(), path.size() + 1);
  open.holder_path = path;
  const Id access(H5Fget_access_plist(holder), &H5Pclose);
  int* number = nullptr;
  if (H5Pget_driver(access) == H5FD_SEC2 &&
      H5Fget_vfd_handle(holder, H5P_DEFAULT, reinterpret_cast<void**>(&number)) >= 0 && number)
    open.descriptor = Descriptor(fcntl(*number, F_DUPFD_CLOEXEC, 0));
  if (open.descriptor.get() < 0 || fstat(open.descriptor.get(), &open.holder) != 0) {
    open.descriptor.reset();
    open.holder = open.named;
  }
  // Places in a file with a block of the user's before it are not told the same way by all versions of the
  // library, which therefore reads it.
  const Id creation(H5Fget_create_plist(holder), &H5Pclose);
  hsize_t block = 0;
  if (H5Pget_userblock(creation, &block) < 0 || block > 0) open.descriptor.reset();
}

void read_shape(Dataset& open, const std::string& function) {
  const Id space(H5Dget_space(open.dataset), &H5Sclose);
  if (H5Sget_simple_extent_type(space) == H5S_NULL)
    fail(ErrorKind::invalid_argument,
         function + ": the dataset must have elements (got a null dataspace in " +
             in_quotes(open.name.dataset) + " of " + in_quotes(open.name.path) + ")");
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(rank, 1)));
  if (rank > 0) H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  open.shape.clear();
  for (int a = 0; a < rank; ++a)
    open.shape.push_back(static_cast<std::int64_t>(extents[static_cast<std::size_t>(a)]));
}

bool may_grow(hid_t dataset) {
  const Id space(H5Dget_space(dataset), &H5Sclose);
  std::vector<hsize_t> most(static_cast<std::size_t>(std::max(1, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, nullptr, most.data());
  return std::ranges::count(most, H5S_UNLIMITED) > 0;
}

// What elements are that were never written, if the library does not say it.
void read_fill(Dataset& open, hid_t properties) {
  H5D_fill_time_t time = H5D_FILL_TIME_IFSET;
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  H5Pget_fill_time(properties, &time);
  H5Pfill_value_defined(properties, &defined);
  open.may_be_unset = time == H5D_FILL_TIME_NEVER || defined == H5D_FILL_VALUE_UNDEFINED;
  if (!open.may_be_unset) return;
  open.fill.assign(open.elements.bytes, std::byte{});
  if (defined == H5D_FILL_VALUE_UNDEFINED) return;
  if (H5Pget_fill_value(properties, open.elements.memory, open.fill.data()) < 0)
    open.fill.assign(open.elements.bytes, std::byte{});
}

// Filters that only the library knows are undone again and again for parts of a chunk that it cannot keep.
void keep_chunks(Dataset& open, const std::string& function, hid_t file) {
  constexpr std::uint64_t usual = 1 << 20, most = 64 << 20;
  if (open.chunks.chunk.empty() || open.chunks.readable || open.chunks.filters.empty()) return;
  std::uint64_t bytes = open.chunks.element;
  for (const std::int64_t extent : open.chunks.chunk) bytes *= static_cast<std::uint64_t>(extent);
  if (bytes <= usual || bytes > most) return;
  const Id access = dataset_access();
  H5Pset_chunk_cache(access, H5D_CHUNK_CACHE_NSLOTS_DEFAULT, bytes + usual, H5D_CHUNK_CACHE_W0_DEFAULT);
  open.dataset = Id();
  open.dataset = Id(H5Dopen2(file, open.name.dataset.c_str(), access), &H5Dclose);
  if (!open.dataset.ok()) open.dataset = open_dataset(function, file, open.name.path, open.name.dataset);
}

}  // namespace

std::shared_ptr<Dataset> open_now(Hold& hold, const std::string& function, const FileName& name, DType type,
                                  bool all_sources) {
  static std::uint64_t number = 0;
  auto open = std::make_shared<Dataset>(name, type);
  open->number = ++number;
  Id file = open_for_reading(function, name.path, name.growing);
  if (stat(name.path.c_str(), &open->named) != 0)
    fail(ErrorKind::io, function + ": cannot read " + in_quotes(name.path) + ": " + std::strerror(errno));
  Id dataset = open_dataset(function, file, name.path, name.dataset);
  if (!name.growing && H5Aexists(dataset, incomplete_mark) > 0)
    fail(ErrorKind::io,
         function + ": the dataset must be complete (" + in_quotes(name.dataset) + " of " +
             in_quotes(name.path) +
             " was left by an interrupted write, or is being written; `weir hdf5 check` tells)");
  const Id properties(H5Dget_create_plist(dataset), &H5Pclose);
  const H5D_layout_t layout = H5Pget_layout(properties);
  open->is_virtual = layout == H5D_VIRTUAL;
  if (const std::string missing = missing_filter(function, properties, name.path, name.dataset, false);
      !missing.empty())
    fail(ErrorKind::unsupported, missing);
  std::vector<Id> sources;
  if (open->is_virtual && !name.fill_missing && (all_sources || may_grow(dataset))) {
    sources = open_sources(hold, function, dataset, name, {}, {});
    dataset = Id();
    dataset = open_dataset(function, file, name.path, name.dataset);  // with the shape of its sources
  }
  open->dataset = std::move(dataset);
  find_holder(*open);
  for (const FileIdentity& one : {identity_of(open->named), identity_of(open->holder)})
    ++datasets().open[one];
  open->is_counted = true;
  read_shape(*open, function);
  open->elements = elements_of(function, name, open->dataset, type);
  const Id stored(H5Dget_type(open->dataset), &H5Tclose);
  open->chunks = chunk_layout(open->dataset, static_cast<int>(open->shape.size()), H5Tget_size(stored));
  if (!open->elements.as_stored) open->chunks.readable = false;
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties) == 0 && open->elements.as_stored)
    open->contiguous = H5Dget_offset(open->dataset);
  read_fill(*open, properties);
  keep_chunks(*open, function, file);
  return open;
}

namespace {

bool is_older(const struct stat& then, const std::string& path) {
  struct stat now {};
  return stat(path.c_str(), &now) != 0 || then.st_ino != now.st_ino || then.st_dev != now.st_dev ||
         then.st_size != now.st_size || then.st_mtim.tv_sec != now.st_mtim.tv_sec ||
         then.st_mtim.tv_nsec != now.st_mtim.tv_nsec;
}

// Datasets this process reads are kept open, the latest few; but virtual ones, whose sources change.
std::shared_ptr<Dataset> opened(Hold& hold, const FileName& name, DType type) {
  OpenDatasets& all = datasets();
  struct stat now {};
  if (stat(name.path.c_str(), &now) == 0)
    all.changed.wait(hold, [&] { return !all.wanted.contains(identity_of(now)); });
  // As long as one dataset of a file is open the library knows the file as it was then.
  std::vector<FileIdentity> old;
  for (const std::shared_ptr<Dataset>& known : all.recent)
    if ((known->name.path == name.path || lies_in(*known, identity_of(now))) &&
        (is_older(known->named, known->name.path) || is_older(known->holder, known->holder_path)))
      for (const FileIdentity& one : {identity_of(known->named), identity_of(known->holder)})
        old.push_back(one);
  for (const FileIdentity& one : old) let_go(hold, one);
  for (auto at = all.recent.begin(); at != all.recent.end(); ++at) {
    if ((*at)->name != name || (*at)->type != type) continue;
    all.recent.splice(all.recent.begin(), all.recent, at);
    return all.recent.front();
  }
  const std::shared_ptr<Dataset> open = open_now(hold, "open_hdf5", name, type, false);
  if (open->is_virtual) return open;
  all.recent.push_front(open);
  if (all.recent.size() > 16) all.recent.pop_back();
  return open;
}

// A box of a row-major array in the file, row by row.
void read_box(const Dataset& from, const Dims& start, const Dims& shape, std::byte* to) {
  const std::size_t size = from.elements.bytes;
  const Dims strides = row_major(dims(from.shape));
  std::size_t run = shape.size();
  std::int64_t contiguous = 1;
  while (run > 0 && strides[run - 1] == contiguous) {  // axes that are whole are read together
    contiguous *= shape[--run];
    if (shape[run] != from.shape[run]) break;
  }
  std::int64_t rows = 1, offset = 0;
  for (std::size_t a = 0; a < run; ++a) rows *= shape[a];
  for (std::size_t a = 0; a < shape.size(); ++a) offset += start[a] * strides[a];
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t rest = row, at = offset;
    for (std::size_t a = run; a-- > 0;) {
      at += rest % shape[a] * strides[a];
      rest /= shape[a];
    }
    read_bytes(from.descriptor.get(), to, static_cast<std::size_t>(contiguous) * size,
               from.contiguous + static_cast<std::uint64_t>(at) * size, from.holder_path);
    to += static_cast<std::size_t>(contiguous) * size;
  }
}

// The box as the library reads it, without a conversion.
void read_with_library(Hold& hold, const Dataset& from, const Dims& start, const Dims& shape, std::byte* to) {
  std::vector<Id> sources;
  if (from.is_virtual && !from.name.fill_missing)
    sources = open_sources(hold, "open_hdf5", from.dataset, from.name, start, shape);
  std::int64_t elements = 1;
  std::vector<hsize_t> offset, count;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    offset.push_back(static_cast<hsize_t>(start[a]));
    count.push_back(static_cast<hsize_t>(shape[a]));
    elements *= shape[a];
  }
  if (from.may_be_unset)
    for (std::int64_t i = 0; i < elements; ++i)
      std::memcpy(to + static_cast<std::size_t>(i) * from.fill.size(), from.fill.data(), from.fill.size());
  const Id space(H5Dget_space(from.dataset), &H5Sclose);
  Id memory(H5Screate(H5S_SCALAR), &H5Sclose);
  if (!count.empty()) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr);
    memory = Id(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
  }
  if (H5Dread(from.dataset, from.elements.memory, memory, space, H5P_DEFAULT, to) >= 0) return;
  const std::string why = reason();
  const Id properties(H5Dget_create_plist(from.dataset), &H5Pclose);
  if (const std::string missing =
          missing_filter("open_hdf5", properties, from.name.path, from.name.dataset, true);
      !missing.empty())
    fail(ErrorKind::unsupported, missing);
  fail(ErrorKind::io, "open_hdf5: cannot read " + in_quotes(from.name.dataset) + " of " +
                          in_quotes(from.name.path) + " (" + why + ")");
}

// Other bytes than 0 and 1 are no bool.
void make_bools(const Tensor& out) {
  auto* bytes = static_cast<std::uint8_t*>(out.data);
  for (std::int64_t i = 0; i < out.size(); ++i) bytes[i] = bytes[i] != 0;
}

// The elements as they are stored, into `to`; without the lock while it can be.
void read_stored(Hold& hold, const Dataset& from, const Dims& start, const Dims& shape, std::byte* to) {
  if (from.contiguous != HADDR_UNDEF && from.descriptor.get() >= 0) {
    hold.unlock();
    return read_box(from, start, shape, to);
  }
  if (shape.empty() || !read_chunks(hold, from.dataset, from.descriptor.get(), from.chunks, from.name,
                                    from.number, start, shape, to))
    read_with_library(hold, from, start, shape, to);
}

}  // namespace

void read_dataset(Hold& hold, const Dataset& from, const Dims& start, const Tensor& out) {
  // It may be closed then, if others are read meanwhile: under the lock again.
  struct Relock {
    Hold& hold;
    ~Relock() {
      if (!hold.owns_lock()) hold.lock();
    }
  } const relock{hold};
  const FileName& file = from.name;
  for (std::size_t a = 0; a < out.shape.size(); ++a)
    if (from.shape.size() != out.shape.size() || start[a] + out.shape[a] > from.shape[a])
      fail(ErrorKind::io, "open_hdf5: the dataset " + in_quotes(file.dataset) + " of " +
                              in_quotes(file.path) + " has become smaller since it was opened (now " +
                              weir::to_text(from.shape) + ")");
  const Elements& elements = from.elements;
  if (elements.same) {
    read_stored(hold, from, start, out.shape, static_cast<std::byte*>(out.data));
    if (out.type == DType::boolean) make_bools(out);
    return;
  }
  // What is stored otherwise is converted where it will lie, or where there is room for it.
  const std::size_t each = converted_bytes(elements, out.type), count = static_cast<std::size_t>(out.size());
  const bool in_place = elements.wide == Elements::Wide::none && each <= size_of(out.type);
  const auto larger = std::make_unique_for_overwrite<std::byte[]>(in_place ? 0 : count * each);
  std::byte* to = in_place ? static_cast<std::byte*>(out.data) : larger.get();
  read_stored(hold, from, start, out.shape, to);
  if (!hold.owns_lock()) hold.lock();
  convert(elements, file, start, to, out);
}

void read_file(const FileName& file, const Dims& start, const Tensor& out) {
  if (out.size() == 0) return;
  with_name(file.path, file.named, [&] {
    Hold hold(library());
    read_dataset(hold, *opened(hold, file, out.type), start, out);
  });
}

NodePtr open_hdf5(const std::string& path, const std::string& dataset, DType type, const OpenHdf5& how) {
  Hold hold(library());
  char absolute[PATH_MAX];
  const FileName name{.path = realpath(path.c_str(), absolute) ? absolute : path,
                      .dataset = dataset,
                      .member = how.member,
                      .overflow = how.overflow,
                      .fill_missing = how.fill_missing,
                      .named = path};
  const std::shared_ptr<Dataset> open =
      with_name(name.path, path, [&] { return open_now(hold, "open_hdf5", name, type); });
  return std::make_shared<FileNode>(
      type, Grid(how.chunks.resolve("open_hdf5", open->shape, size_of(type), open->chunks.chunk)), name);
}

}  // namespace weir::detail::array
