// A dataset that grows, entry by entry, and one that is read entry by entry.
#include "weir/array/hdf5_stream.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "array/graph/nodes.hpp"
#include "array/hdf5/create.hpp"
#include "array/hdf5/dataset.hpp"
#include "array/hdf5/output.hpp"
#include "array/interpret/code.hpp"

namespace weir::detail::array {

namespace {

constexpr std::int64_t usual_chunk_bytes = 1 << 20;

std::int64_t entry_bytes(DType type, const Shape& entry) {
  auto bytes = static_cast<std::int64_t>(size_of(type));
  for (const std::int64_t extent : entry) bytes *= extent;
  return bytes;
}
std::int64_t usual_entries(std::int64_t bytes) {
  return std::max<std::int64_t>(1, usual_chunk_bytes / std::max<std::int64_t>(bytes, 1));
}

}  // namespace

struct Hdf5Appender::State {
  std::string path, named, name;  // `named`: what the user calls the file
  DType type;
  SinkHdf5 how;
  Id file, dataset;
  Shape entry;
  std::int64_t chunk = 0, written = 0, kept = 0;  // entries: in a chunk of the file, in the file, in `block`
  std::vector<std::byte> block;
  bool marked = false;
  Room room;

  using Clock = std::chrono::steady_clock;
  std::shared_ptr<WriteLock> write_lock;
  bool left_marked = false;  // another run left it incomplete, which is not ours to say
  Clock::time_point flushed;

  void append(const Shape& shape, std::int64_t count, const void* data);
  void open(Hold& hold, const Shape& shape);
  void create();
  void adopt();
  void write(std::int64_t count);
  void flush();
  [[nodiscard]] std::size_t bytes_of(std::int64_t count) const {
    return static_cast<std::size_t>(count * entry_bytes(type, entry));
  }
};

void Hdf5Appender::State::open(Hold& hold, const Shape& shape) {
  entry = shape;
  file = open_for_writing(hold, path, "sink_to_hdf5");
  room = Room(path);
  room.take("sink_to_hdf5", file, 0);
  exists(file, name) ? adopt() : create();
  block.resize(bytes_of(chunk));
  flushed = Clock::now();
}

void Hdf5Appender::State::create() {
  chunk = how.chunk ? how.chunk : usual_entries(entry_bytes(type, entry));
  std::vector<hsize_t> extents{0}, most{H5S_UNLIMITED}, blocks{static_cast<hsize_t>(chunk)};
  for (const std::int64_t extent : entry) {
    extents.push_back(static_cast<hsize_t>(extent));
    most.push_back(static_cast<hsize_t>(extent));
    blocks.push_back(static_cast<hsize_t>(std::max<std::int64_t>(extent, 1)));
  }
  const Id links(H5Pcreate(H5P_LINK_CREATE), &H5Pclose), properties(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_chunk(properties, static_cast<int>(blocks.size()), blocks.data());
  if (how.gzip) {
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, static_cast<unsigned>(how.gzip));
  }
  const Id space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), most.data()), &H5Sclose);
  dataset =
      Id(H5Dcreate2(file, name.c_str(), native_type(type), space, links, properties, H5P_DEFAULT), &H5Dclose);
  if (!dataset.ok())
    fail(ErrorKind::io, "sink_to_hdf5: cannot create the dataset " + in_quotes(name) + " in " +
                            in_quotes(path) + " (" + reason() + ")");
  for (const auto& [attribute, value] : how.attributes) write_attribute(dataset, attribute, value);
}

// Goes on with a dataset that is there.
void Hdf5Appender::State::adopt() {
  dataset = Id(H5Dopen2(file, name.c_str(), H5P_DEFAULT), &H5Dclose);
  const Id stored(dataset.ok() ? H5Dget_type(dataset) : -1, &H5Tclose),
      space(dataset.ok() ? H5Dget_space(dataset) : -1, &H5Sclose);
  if (!dataset.ok() || H5Tequal(stored, native_type(type)) <= 0)
    fail(ErrorKind::invalid_argument, "sink_to_hdf5: " + in_quotes(name) + " of " + in_quotes(path) +
                                          " must be a dataset of " + std::string(to_string(type)) +
                                          ", as the elements are");
  const int axes = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(axes, 1))), most(extents.size()),
      blocks(extents.size());
  H5Sget_simple_extent_dims(space, extents.data(), most.data());
  if (axes < 1 || most[0] != H5S_UNLIMITED)
    fail(ErrorKind::invalid_argument, "sink_to_hdf5: the first axis of " + in_quotes(name) + " of " +
                                          in_quotes(path) +
                                          " must be without limit; it was made for a fixed size");
  const Shape there(extents.begin() + 1, extents.end());
  if (there != entry)
    fail(ErrorKind::invalid_argument, "sink_to_hdf5: elements must have the shape " + weir::to_text(there) +
                                          " of the dataset's entries (got " + weir::to_text(entry) + ")");
  const Id properties(H5Dget_create_plist(dataset), &H5Pclose);
  H5Pget_chunk(properties, axes, blocks.data());
  chunk = static_cast<std::int64_t>(blocks[0]);
  written = static_cast<std::int64_t>(extents[0]);
  left_marked = H5Aexists(dataset, incomplete_mark) > 0;
}

// All that came is in the file.
void Hdf5Appender::State::flush() {
  write(kept);
  kept = 0;
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "sink_to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
  flushed = Clock::now();
}

// The first entries of the block.
void Hdf5Appender::State::write(std::int64_t count) {
  if (count == 0) return;
  std::vector<hsize_t> extents{static_cast<hsize_t>(written + count)}, first{static_cast<hsize_t>(written)},
      size{static_cast<hsize_t>(count)};
  for (const std::int64_t extent : entry) {
    extents.push_back(static_cast<hsize_t>(extent));
    first.push_back(0);
    size.push_back(static_cast<hsize_t>(extent));
  }
  const auto refused = [&] {
    fail(ErrorKind::io, "sink_to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
  };
  room.take("sink_to_hdf5", file, bytes_of(chunk));
  if (H5Dset_extent(dataset, extents.data()) < 0) refused();
  const Id space(H5Dget_space(dataset), &H5Sclose),
      memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), &H5Sclose);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, first.data(), nullptr, size.data(), nullptr);
  if (entry_bytes(type, entry) &&
      H5Dwrite(dataset, native_type(type), memory, space, H5P_DEFAULT, block.data()) < 0) {
    extents[0] = static_cast<hsize_t>(written);
    H5Dset_extent(dataset, extents.data());
    refused();
  }
  written += count;
}

Hdf5Appender::Hdf5Appender(std::string path, std::string dataset, DType type, SinkHdf5 how)
    : state_(std::make_unique<State>()) {
  if (dataset.empty() || dataset == "/")
    fail(ErrorKind::invalid_argument,
         "sink_to_hdf5: a dataset must have a name (got " + in_quotes(dataset) + ")");
  if (how.gzip < 0 || how.gzip > 9)
    fail(ErrorKind::invalid_argument,
         "sink_to_hdf5: gzip must be in [0, 9] (got " + std::to_string(how.gzip) + ")");
  if (how.chunk < 0)
    fail(ErrorKind::invalid_argument,
         "sink_to_hdf5: chunk must not be negative (got " + std::to_string(how.chunk) + ")");
  std::error_code ignored;
  state_->path = std::filesystem::absolute(path, ignored).string();
  state_->named = std::move(path);
  state_->name = std::move(dataset);
  state_->type = type;
  state_->how = std::move(how);
}

Hdf5Appender::~Hdf5Appender() {
  try {
    settle();
  } catch (const std::exception&) {  // the mark says that something is missing
  }
  Hold hold(library());
  const std::string path = state_->path;
  const std::shared_ptr<WriteLock> write_lock = state_->write_lock;
  const bool left = state_->room.was_taken();
  state_.reset();
  if (!left) return;
  try {
    (void)open_for_writing(hold, path);  // closed at once, which gives back the room that is left
  } catch (const std::exception&) {
  }
}

bool Hdf5Appender::takes_rows() const noexcept { return state_->how.rows; }

void Hdf5Appender::append(const Shape& entry, std::int64_t count, const void* data) {
  with_name(state_->path, state_->named, [&] { state_->append(entry, count, data); });
}

void Hdf5Appender::State::append(const Shape& shape, std::int64_t count, const void* data) {
  if (!dataset.ok()) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
      make_file("sink_to_hdf5", replaced_file("sink_to_hdf5", path));
    write_lock = lock_for_writing("sink_to_hdf5", path, how.wait);
  }
  Hold hold(library());
  if (!dataset.ok()) open(hold, shape);
  if (shape != entry)
    fail(ErrorKind::invalid_argument, "sink_to_hdf5: elements must have the shape " + weir::to_text(entry) +
                                          " of the dataset's entries (got " + weir::to_text(shape) + ")");
  if (!marked) {
    set_mark(dataset, true);
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
      fail(ErrorKind::io, "sink_to_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
    marked = true;
  }
  const auto* from = static_cast<const std::byte*>(data);
  while (count) {
    // A chunk of the file is written when it is full, also if it began in an earlier run.
    const std::int64_t room = chunk - written % chunk - kept, now = std::min(count, room);
    std::memcpy(block.data() + bytes_of(kept), from, bytes_of(now));
    kept += now;
    from += bytes_of(now);
    count -= now;
    if (now == room) {
      write(kept);
      kept = 0;
    }
  }
  if (State::Clock::now() - flushed >= how.flush.value()) flush();
}

void Hdf5Appender::settle() {
  const std::lock_guard hold(library());
  State& s = *state_;
  if (!s.marked) return;
  s.flush();
  if (!s.left_marked) set_mark(s.dataset, false);
  s.flush();
  s.marked = false;
}

Hdf5Rows::Hdf5Rows(const std::string& file, const std::string& name, DType element, std::int64_t wanted)
    : named(file), type(element), rows(wanted) {
  if (wanted < 0)
    fail(ErrorKind::invalid_argument,
         "from_hdf5: rows must not be negative (got " + std::to_string(wanted) + ")");
  const NodePtr node = in_name_of("from_hdf5", [&] { return open_hdf5(file, name, element, {}); });
  const FileName& opened = static_cast<const FileNode&>(*node).file();
  path = opened.path;
  dataset = opened.dataset;
  shape = node->grid.shape;
  if (shape.empty())
    fail(ErrorKind::invalid_argument,
         "from_hdf5: the dataset must have at least 1 axis (got a single number in " + in_quotes(name) + ")");
  if (rows == 0) rows = usual_entries(entry_bytes(type, Shape(shape.begin() + 1, shape.end())));
}

void Hdf5Rows::read(std::int64_t from, std::int64_t count, void* to) const {
  Tensor out;
  out.type = type;
  out.data = to;
  Dims start;
  for (const std::int64_t extent : shape) {
    out.shape.push_back(extent);
    start.push_back(0);
  }
  out.shape[0] = count;
  start[0] = from;
  const FileName file{.path = path, .dataset = dataset, .named = named};
  in_name_of("from_hdf5", [&] { read_file(file, start, out); });
}

struct Hdf5Follower::State {
  FileName name;
  DType type;
  std::int64_t rows = 0, at = 0;
  struct stat seen {};  // when everything that was there had been read

  bool next(const std::function<void*(const Shape&)>& make);
};

Hdf5Follower::Hdf5Follower(std::string path, std::string dataset, DType type, std::int64_t rows)
    : state_(std::make_shared<State>()) {
  if (rows < 0)
    fail(ErrorKind::invalid_argument,
         "from_hdf5: rows must not be negative (got " + std::to_string(rows) + ")");
  State& s = *state_;
  std::error_code ignored;
  s.name = {.path = std::filesystem::absolute(path, ignored).string(),
            .dataset = std::move(dataset),
            .growing = true,
            .named = path};
  s.type = type;
  Hold hold(library());
  const std::shared_ptr<Dataset> open =
      with_name(s.name.path, path, [&] { return open_now(hold, "from_hdf5", s.name, type); });
  if (open->shape.empty())
    fail(ErrorKind::invalid_argument,
         "from_hdf5: the dataset must have at least 1 axis (got a single number in " +
             in_quotes(s.name.dataset) + ")");
  s.rows = rows ? rows : usual_entries(entry_bytes(type, Shape(open->shape.begin() + 1, open->shape.end())));
}

namespace {

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// A writer changes a file in one go, now and then; in between it is consistent.
bool is_quiet(const struct stat& status) {
  constexpr std::int64_t moment = 50'000'000;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return (now.tv_sec - status.st_mtim.tv_sec) * 1'000'000'000 + now.tv_nsec - status.st_mtim.tv_nsec > moment;
}

// Entries that are there: an axis may have grown before its chunks are written.
std::int64_t entries_there(const Dataset& open, std::int64_t from) {
  const std::int64_t entries = open.shape.front();
  if (open.chunks.chunk.empty()) return entries;
  std::vector<hsize_t> at(open.shape.size());
  const std::int64_t chunk = open.chunks.chunk.front();
  for (std::int64_t row = from / chunk * chunk; row < entries; row += chunk) {
    at[0] = static_cast<hsize_t>(row);
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(open.dataset, at.data(), &bytes) < 0 || bytes == 0) return row;
  }
  return entries;
}

}  // namespace

bool Hdf5Follower::next(const std::function<void*(const Shape&)>& make) {
  return with_name(state_->name.path, state_->name.named, [&] { return state_->next(make); });
}

bool Hdf5Follower::State::next(const std::function<void*(const Shape&)>& make) {
  struct stat before {
  }, after{};
  if (stat(name.path.c_str(), &before) != 0 || is_same(before, seen)) return false;
  Hold hold(library());
  let_go(hold, identity_of(before));  // what is open is older
  std::shared_ptr<Dataset> open;
  try {
    open = open_now(hold, "from_hdf5", name, type);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || is_quiet(before)) throw;
    return false;  // it is just being changed
  }
  const Id file(H5Iget_file_id(open->dataset), &H5Fclose);
  unsigned intent = 0;
  H5Fget_intent(file, &intent);
  const bool consistent = intent & (H5F_ACC_SWMR_READ | H5F_ACC_RDWR);
  if (!consistent && !is_quiet(before)) return false;
  const std::int64_t there = std::max(at, entries_there(*open, at)), count = std::min(rows, there - at);
  if (open->shape.front() < at)
    fail(ErrorKind::io, "from_hdf5: the dataset " + in_quotes(name.dataset) + " of " + in_quotes(name.path) +
                            " has become smaller (now " + weir::to_text(open->shape) + ")");
  if (count == 0) {
    if (!(intent & H5F_ACC_SWMR_READ)) seen = before;
    return false;
  }
  Shape shape = open->shape;
  shape.front() = count;
  Tensor out;
  out.type = type;
  out.shape = dims(shape);
  out.data = make(shape);
  Dims start;
  start.resize(out.shape.size());
  start[0] = at;
  if (out.size()) read_dataset(hold, *open, start, out);
  if (!consistent && (stat(name.path.c_str(), &after) != 0 || !is_same(before, after))) return false;
  at += count;
  return true;
}

}  // namespace weir::detail::array
