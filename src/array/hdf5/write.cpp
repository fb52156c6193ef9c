// Writing arrays to HDF5 from all workers.
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "array/graph/nodes.hpp"
#include "array/hdf5/create.hpp"
#include "array/hdf5/output.hpp"
#include "array/hdf5/resume.hpp"
#include "weir/bytes.hpp"
#include "weir/client.hpp"
#include "weir/detail/array/hdf5_texts.hpp"

namespace weir::detail::array {

namespace {

// A chunk as the file has it: chunks at the edge are filled up.
class Padded {
 public:
  Padded(const Tensor& values, const Dims& chunk) {
    size_ = size_of(values.type);
    for (const std::int64_t n : chunk) size_ *= static_cast<std::size_t>(n);
    data_ = static_cast<const std::byte*>(values.data);
    if (std::equal(chunk.begin(), chunk.end(), values.shape.begin(), values.shape.end())) return;
    filled_.resize(size_);
    data_ = filled_.data();
    const Dims steps = row_major(chunk);
    const std::size_t axes = chunk.size(),
                      row = static_cast<std::size_t>(values.shape[axes - 1]) * size_of(values.type);
    const std::int64_t rows = row ? values.size() / values.shape[axes - 1] : 0;
    const auto* from = static_cast<const std::byte*>(values.data);
    for (std::int64_t r = 0; r < rows; ++r, from += row) {
      std::int64_t rest = r, offset = 0;
      for (std::size_t a = axes - 1; a-- > 0;) {
        offset += rest % values.shape[a] * steps[a];
        rest /= values.shape[a];
      }
      std::memcpy(filled_.data() + static_cast<std::size_t>(offset) * size_of(values.type), from, row);
    }
  }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::vector<std::byte> filled_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

class WriteDescriptor {
 public:
  explicit WriteDescriptor(const std::string& path)
      : path_(path), descriptor_(open(path.c_str(), O_WRONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  ~WriteDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  void write(const std::byte* data, std::size_t count, std::uint64_t at) {
    while (count) {
      const ssize_t put = pwrite(descriptor_, data, count, static_cast<off_t>(at));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail();
      data += put;
      at += static_cast<std::uint64_t>(put);
      count -= static_cast<std::size_t>(put);
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path_) + ": " + std::strerror(errno));
  }
  std::string path_;
  int descriptor_;
};

// Puts a chunk where the parameters say: path, place in the file, chunk shape.
Padded put_chunk(Reader& parameters, std::span<const Tensor> operands) {
  std::string path;
  std::uint64_t place = 0;
  Dims chunk;
  read(parameters, path);
  read(parameters, place);
  read(parameters, chunk);
  Padded padded(operands[0], chunk);
  WriteDescriptor(path).write(padded.data(), padded.size(), place);
  return padded;
}

task::Value write_chunk(Reader& parameters, std::span<const Tensor> operands) {
  const Padded padded = put_chunk(parameters, operands);
  const Tensor done = make_tensor(DType::int64, Dims{1});
  done.as<std::int64_t>()[0] = static_cast<std::int64_t>(padded.size());
  return done.value;
}

// The same, with the checksum of what was written.
task::Value write_piece(Reader& parameters, std::span<const Tensor> operands) {
  const Padded padded = put_chunk(parameters, operands);
  journal::Hasher hasher;
  hasher.bytes(padded.data(), padded.size());
  const journal::Key sum = hasher.result();
  const Tensor done = make_tensor(DType::uint64, Dims{3});
  std::uint64_t* const numbers = done.as<std::uint64_t>();
  numbers[0] = padded.size();
  numbers[1] = sum.low;
  numbers[2] = sum.high;
  return done.value;
}

// Parameters: path, place in the file, bytes, checksum. Whether they are what was written.
task::Value compare_piece(Reader& parameters, std::span<const Tensor>) {
  std::string path;
  journal::Piece piece;
  read(parameters, path);
  read(parameters, piece.place);
  read(parameters, piece.bytes);
  read(parameters, piece.sum.low);
  read(parameters, piece.sum.high);
  const Tensor same = make_tensor(DType::int64, Dims{1});
  same.as<std::int64_t>()[0] = journal::is_as_written(path, piece);
  return same.value;
}

// The mask of filters that were left out, then the bytes: what the writer is given.
Tensor filtered_tensor(std::uint32_t left_out, const void* bytes, std::size_t count) {
  const Tensor result = make_tensor(DType::uint8, Dims{static_cast<std::int64_t>(sizeof left_out + count)});
  std::memcpy(result.data, &left_out, sizeof left_out);
  std::memcpy(static_cast<std::byte*>(result.data) + sizeof left_out, bytes, count);
  return result;
}

// Parameters: chunk shape, filters.
task::Value filter_one(Reader& parameters, std::span<const Tensor> operands) {
  Dims chunk;
  std::vector<Hdf5Filter> filters;
  read(parameters, chunk);
  read(parameters, filters);
  const FilteredChunk filtered =
      filter_chunk(operands[0].type, chunk, filters, Padded(operands[0], chunk).data());
  return filtered_tensor(filtered.left_out, filtered.bytes.data(), filtered.bytes.size()).value;
}

// Parameters: chunk shape, level (0: as it is), shuffle. What HDF5's own filters make of the chunk.
task::Value compress_chunk(Reader& parameters, std::span<const Tensor> operands) {
  Dims chunk;
  int level = 0;
  bool shuffle = false;
  read(parameters, chunk);
  read(parameters, level);
  read(parameters, shuffle);
  const Padded padded(operands[0], chunk);
  const std::byte* data = padded.data();
  if (level == 0) return filtered_tensor(0, data, padded.size()).value;
  std::vector<std::byte> sorted;
  const std::size_t size = size_of(operands[0].type);
  if (shuffle && size > 1) {
    sorted.resize(padded.size());
    const std::size_t count = padded.size() / size;
    for (std::size_t byte = 0; byte < size; ++byte)
      for (std::size_t i = 0; i < count; ++i) sorted[byte * count + i] = data[i * size + byte];
    data = sorted.data();
  }
  uLongf bytes = compressBound(padded.size());
  std::vector<unsigned char> out(bytes);
  if (compress2(out.data(), &bytes, reinterpret_cast<const Bytef*>(data), padded.size(), level) != Z_OK)
    throw Error(ErrorKind::internal, "to_hdf5: zlib could not compress a chunk");
  return filtered_tensor(0, out.data(), bytes).value;
}

// What is made of one output: where, in which chunks, and the tasks.
struct Job {
  Hdf5Output output;
  DatasetPlan plan;
  NodePtr source, tasks;
  bool has_places = false;
};

Job prepare(const Hdf5Output& output) {
  const Shape& shape = shape_of(output.node);
  if (output.dataset.empty() || output.dataset == "/")
    refuse("to_hdf5", "a dataset must have a name (got " + in_quotes(output.dataset) + ")");
  if (output.how.gzip < 0 || output.how.gzip > 9)
    refuse("to_hdf5", "gzip must be in [0, 9] (got " + std::to_string(output.how.gzip) + ")");
  Job job{output,
          {output.dataset,
           output.node->type,
           shape,
           output.how.chunks,
           output.how.gzip,
           output.how.shuffle,
           output.how.filters,
           {},
           output.how.attributes,
           {}},
          nullptr,
          nullptr};
  if (output.how.unlimited) {
    const std::int64_t axis = *output.how.unlimited;
    if (axis < 0 || axis >= static_cast<std::int64_t>(shape.size()))
      refuse("to_hdf5",
             "unlimited must be an axis of " + weir::to_text(shape) + " (got " + std::to_string(axis) + ")");
    job.plan.unlimited = static_cast<std::size_t>(axis);
  }
  if (output.how.gzip && !output.how.filters.empty())
    refuse("to_hdf5",
           "gzip must be 0 where filters are given; name filter 1 among them, with the level as its "
           "parameter (got gzip " +
               std::to_string(output.how.gzip) + ")");
  if (job.plan.chunk.empty())
    for (const auto& sizes : output.node->grid.chunks)
      job.plan.chunk.push_back(std::max<std::int64_t>(1, *std::ranges::max_element(sizes)));
  if (job.plan.chunk.size() != shape.size())
    refuse("to_hdf5", "the chunk shape must name every axis of " + weir::to_text(shape) + " (got " +
                          weir::to_text(job.plan.chunk) + ")");
  std::uint64_t bytes = size_of(output.node->type);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (job.plan.chunk[a] < 1)
      refuse("to_hdf5",
             "a chunk of the file must have at least 1 element (got " + weir::to_text(job.plan.chunk) + ")");
    if (shape[a] && job.plan.unlimited != a) job.plan.chunk[a] = std::min(job.plan.chunk[a], shape[a]);
    bytes *= static_cast<std::uint64_t>(job.plan.chunk[a]);
  }
  if (bytes >= std::uint64_t{4} << 30)
    refuse("to_hdf5",
           "a chunk of the file must be smaller than 4 GiB (got " + weir::to_text(job.plan.chunk) + ")");
  std::vector<AxisChunks> pieces(job.plan.chunk.begin(), job.plan.chunk.end());
  for (std::size_t a = 0; a < shape.size(); ++a)
    if (shape[a]) pieces[a] = std::min(job.plan.chunk[a], shape[a]);
  job.source = rechunk(output.node, ChunkSpec(std::move(pieces)));
  return job;
}

Grid one_each(const Grid& grid) {
  return Grid(Chunks{std::vector<std::int64_t>(static_cast<std::size_t>(grid.count()), 1)});
}

NodePtr writing(const Job& job, const std::string& path, std::vector<std::uint64_t> places) {
  const auto plan = [source = job.source.get(), path, chunk = dims(job.plan.chunk),
                     places = std::move(places)](TaskBuilder& task, std::int64_t c) {
    task.kernel(&write_chunk, {task.need_chunk(*source, c)}, path, places[static_cast<std::size_t>(c)],
                chunk);
  };
  return std::make_shared<TaskNode>("to_hdf5", DType::int64, one_each(job.source->grid),
                                    std::vector<NodePtr>{job.source}, plan);
}
// Some of the chunks of a file that is gone on with; `first`: the number of the job's first one.
NodePtr writing_pieces(const Job& job, const std::string& path, const std::vector<std::uint64_t>& places,
                       std::uint64_t first, const std::vector<std::uint64_t>& missing) {
  const auto plan = [source = job.source.get(), path, chunk = dims(job.plan.chunk), first, missing, places](
                        TaskBuilder& task, std::int64_t i) {
    const std::uint64_t number = missing[static_cast<std::size_t>(i)];
    task.kernel(&write_piece, {task.need_chunk(*source, static_cast<std::int64_t>(number - first))}, path,
                places[number], chunk);
  };
  return std::make_shared<TaskNode>("to_hdf5", DType::uint64,
                                    Grid(Chunks{std::vector<std::int64_t>(missing.size(), 3)}),
                                    std::vector<NodePtr>{job.source}, plan);
}
NodePtr comparing(const std::vector<journal::Piece>& pieces, const std::string& path) {
  const auto plan = [pieces, path](TaskBuilder& task, std::int64_t i) {
    const journal::Piece& piece = pieces[static_cast<std::size_t>(i)];
    task.kernel(&compare_piece, {}, path, piece.place, piece.bytes, piece.sum.low, piece.sum.high);
  };
  return std::make_shared<TaskNode>("to_hdf5 compare", DType::int64,
                                    Grid(Chunks{std::vector<std::int64_t>(pieces.size(), 1)}),
                                    std::vector<NodePtr>{}, plan);
}
NodePtr compressing(const Job& job) {
  const auto plan = [source = job.source.get(), how = job.plan](TaskBuilder& task, std::int64_t c) {
    if (how.filters.empty())
      task.kernel(&compress_chunk, {task.need_chunk(*source, c)}, dims(how.chunk), how.gzip, how.shuffle);
    else task.kernel(&filter_one, {task.need_chunk(*source, c)}, dims(how.chunk), how.filters);
  };
  return std::make_shared<TaskNode>("to_hdf5 compress", DType::uint8, one_each(job.source->grid),
                                    std::vector<NodePtr>{job.source}, plan);
}

// Chunks that are on their way to the one writer at the same time: enough to keep the workers busy.
std::size_t chunks_ahead(const Client& client) {
  std::size_t threads = 2;
  try {
    threads = 0;
    for (const WorkerInfo& worker : client.workers()) threads += worker.threads;
  } catch (const Error& error) {  // inside a task nobody knows the workers
    if (error.kind() != ErrorKind::unsupported) throw;
  }
  return 2 * threads + 4;
}

// The chunks of nodes one after the other, of which only a few exist at a time.
class ChunkQueue {
 public:
  explicit ChunkQueue(const std::vector<NodePtr>& nodes)
      : client_(Client::current()), planner_(nodes, parts_for(client_, nodes)) {
    for (const NodePtr& node : nodes)
      for (std::int64_t c = 0; c < node->grid.count(); ++c) wanted_.push_back(planner_.chunk(*node, c));
    planner_.begin(wanted_);
  }
  /// Starts so many chunks from the next one on.
  void start(std::size_t count) {
    const std::size_t end = std::min(wanted_.size(), next_ + std::max<std::size_t>(count, 1));
    for (std::size_t i = next_; i < end; ++i) planner_.submit_until(*client_.core(), wanted_[i]);
  }
  template <class T>
  Future<xt::xarray<T>> next() {
    return Future<xt::xarray<T>>(planner_.take(wanted_[next_++]));
  }
  /// Until none is running: what they write to must not be used otherwise before.
  void settle() {
    for (; next_ < wanted_.size() && planner_.is_submitted(wanted_[next_]);) next<std::int64_t>().wait();
  }
  [[nodiscard]] const Client& client() const noexcept { return client_; }

 private:
  Client client_;
  Planner planner_;
  std::vector<std::uint32_t> wanted_;
  std::size_t next_ = 0;
};

void write_all(const std::string& path, const std::vector<Job>& jobs, ChunkQueue& chunks, bool append) {
  const std::size_t ahead = chunks_ahead(chunks.client());
  for (const Job& job : jobs) {
    if (!job.tasks) continue;
    const auto count = static_cast<std::size_t>(job.tasks->grid.count());
    if (job.has_places) {
      chunks.start(count);
      for (std::size_t c = 0; c < count; ++c) (void)chunks.next<std::int64_t>().result();
      continue;
    }
    const auto write_lock = append ? lock_for_writing("to_hdf5", path, job.output.how.wait) : nullptr;
    ChunkWriter writer("to_hdf5", path, job.plan.dataset);
    for (std::size_t c = 0; c < count; ++c) {
      chunks.start(std::min(ahead, count - c));
      const auto future = chunks.next<std::uint8_t>();
      const xt::xarray<std::uint8_t>& bytes = future.result();
      Shape start;
      for (const AxisMap& map : chunk_view(job.source->grid, static_cast<std::int64_t>(c)).maps)
        start.push_back(map.start);
      std::uint32_t left_out = 0;
      std::memcpy(&left_out, bytes.data(), sizeof left_out);
      writer.write(start, left_out, bytes.data() + sizeof left_out, bytes.size() - sizeof left_out);
    }
    writer.finish();
  }
}

void carry_out(const std::string& path, std::vector<Job>& jobs, CreatedFile created, bool append) {
  std::vector<NodePtr> nodes;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job& job = jobs[i];
    if (job.source->grid.size() == 0) continue;
    job.has_places = created.places[i].has_value();
    job.tasks = job.has_places ? writing(job, path, std::move(*created.places[i])) : compressing(job);
    nodes.push_back(job.tasks);
  }
  ChunkQueue chunks(nodes);
  try {
    write_all(path, jobs, chunks, append);
  } catch (...) {
    if (append) chunks.settle();
    throw;
  }
}

std::vector<DatasetPlan> plans_of(const std::vector<Job>& jobs) {
  std::vector<DatasetPlan> plans;
  for (const Job& job : jobs) plans.push_back(job.plan);
  return plans;
}

// A file that runs out of room while the library changes it cannot be relied upon; so the room is taken
// before. What is not used is given back when the library closes the file. Of a new file, which the library
// makes again, this only asks; and what is to be compressed does not count, since the file is thrown away if
// it does not fit.
void reserve(const std::string& path, const std::vector<Job>& jobs, bool is_new) {
  std::uint64_t bytes = is_new ? 1 << 16 : 1 << 20;  // for what describes the datasets
  for (const Job& job : jobs) {
    if (is_new && !job.plan.has_places()) continue;
    std::uint64_t chunk = size_of(job.plan.type);
    for (const std::int64_t extent : job.plan.chunk) chunk *= static_cast<std::uint64_t>(extent);
    bytes += (chunk + 64) * static_cast<std::uint64_t>(job.source->grid.count());
  }
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0)
    throw Error(ErrorKind::io,
                "to_hdf5: cannot open " + in_quotes(path) + " for writing (" + std::strerror(errno) + ")");
  const off_t size = lseek(file.get(), 0, SEEK_END);
  const int problem = ask_for_room(file.get(), static_cast<std::uint64_t>(size), bytes);
  if (problem) {
    [[maybe_unused]] const int restored = ftruncate(file.get(), size);
  }
  if (problem)
    throw Error(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + ", which has no room for " +
                                   weir::to_text(bytes) + " more: " + std::strerror(problem));
}

// Into a file that others may read and write meanwhile: the datasets get their names when they are complete.
// It is this program's turn to change the file while the library does so, not while the workers compute.
void append_to(const std::string& path, std::vector<Job>& jobs) {
  std::vector<std::pair<std::string, std::string>> names;
  std::vector<std::string> parts;
  std::chrono::nanoseconds wait{0};
  for (Job& job : jobs) {
    job.plan.published = job.plan.dataset;
    job.plan.dataset = part_name(job.plan.dataset);
    names.emplace_back(job.plan.dataset, job.plan.published);
    parts.push_back(job.plan.dataset);
    wait = std::max(wait, job.output.how.wait.value());
  }
  CreatedFile created;
  {
    const auto write_lock = lock_for_writing("to_hdf5", path, wait);
    reserve(path, jobs, false);
    try {
      created = create_file(path, true, plans_of(jobs));
    } catch (...) {
      remove_datasets(path, parts);
      rethrow_with(names);
    }
  }
  try {
    carry_out(path, jobs, std::move(created), true);
    const auto write_lock = lock_for_writing("to_hdf5", path, wait);
    publish(path, names);
  } catch (...) {
    try {
      const auto write_lock = lock_for_writing("to_hdf5", path, wait);
      remove_datasets(path, parts);
    } catch (const std::exception&) {  // they are marked, and the next writer takes them away
    }
    rethrow_with(names);
  }
}

// "/a/b", "a//b" and "a/b/" are one name.
std::string plain_name(const std::string& name) {
  std::string plain;
  for (const char c : name)
    if (c != '/' || (!plain.empty() && plain.back() != '/')) plain += c;
  if (!plain.empty() && plain.back() == '/') plain.pop_back();
  return plain;
}

void check_names(const std::vector<Job>& jobs) {
  for (const Job& one : jobs)
    for (const Job& other : jobs) {
      if (&one == &other) continue;
      const std::string a = plain_name(one.plan.dataset), b = plain_name(other.plan.dataset);
      if (a == b)
        refuse("to_hdf5",
               "every dataset must have a name of its own (got " + in_quotes(one.plan.dataset) + " twice)");
      if (b.starts_with(a + "/"))
        refuse("to_hdf5", "a dataset must lie in a group (got " + in_quotes(other.plan.dataset) + " and " +
                              in_quotes(one.plan.dataset) + ", which is a dataset)");
    }
}

void write_into(const std::string& path, std::vector<Job>& jobs) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) make_file("to_hdf5", replaced_file("to_hdf5", path));
  append_to(path, jobs);
}

void write_anew(const std::string& path, std::vector<Job>& jobs) {
  PartFile part("to_hdf5", replaced_file("to_hdf5", path));
  std::vector<std::pair<std::string, std::string>> names;
  for (const Job& job : jobs) names.emplace_back(job.plan.dataset, job.plan.dataset);
  try {
    reserve(part.path(), jobs, true);
    carry_out(part.path(), jobs, create_file(part.path(), false, plans_of(jobs)), false);
    publish(part.path(), names);
    part.publish();
  } catch (...) {
    rethrow_with({{part.path(), path}});
  }
}

// What the file is known by: its datasets, and what computes them.
journal::Key key_of(const std::vector<Job>& jobs, client::ClusterLink& core) {
  journal::Hasher hasher;
  for (const Job& job : jobs) {
    hasher.text(plain_name(job.plan.dataset));
    hasher.bytes(job.plan.chunk.data(), job.plan.chunk.size() * sizeof job.plan.chunk[0]);
    Buffer attributes;
    Writer writer(attributes);
    write(writer, job.plan.attributes);
    hasher.bytes(attributes.data(), attributes.size());
    hasher.key(key_of("to_hdf5", job.source, core));
  }
  return hasher.result();
}

// Those of an earlier run that are there as they were written.
std::vector<bool> pieces_there(const ResumedFile& file, std::size_t count) {
  std::vector<bool> there(count);
  std::vector<journal::Piece> pieces;
  for (const journal::Piece& piece : file.pieces())
    if (piece.number < count) pieces.push_back(piece);
  if (pieces.empty()) return there;
  ChunkQueue compared({comparing(pieces, file.path())});
  compared.start(pieces.size());
  for (const journal::Piece& piece : pieces)
    there[piece.number] = compared.next<std::int64_t>().result()(0) != 0;
  return there;
}

void write_missing(ResumedFile& file, const std::vector<Job>& jobs,
                   const std::vector<std::uint64_t>& places) {
  const std::vector<bool> there = pieces_there(file, places.size());
  std::vector<NodePtr> nodes;
  std::vector<std::uint64_t> all;
  std::uint64_t first = 0;
  for (const Job& job : jobs) {
    const std::uint64_t end =
        job.source->grid.size() ? first + static_cast<std::uint64_t>(job.source->grid.count()) : first + 1;
    std::vector<std::uint64_t> missing;
    for (std::uint64_t number = first; job.source->grid.size() && number < end; ++number)
      if (!there[number]) missing.push_back(number);
    if (!missing.empty()) nodes.push_back(writing_pieces(job, file.path(), places, first, missing));
    all.insert(all.end(), missing.begin(), missing.end());
    first = end;
  }
  if (all.empty()) return;
  ChunkQueue chunks(nodes);
  chunks.start(all.size());
  for (const std::uint64_t number : all) {
    const xt::xarray<std::uint64_t> done = chunks.next<std::uint64_t>().result();
    file.add({number, places[number], done(0), {done(1), done(2)}});
  }
}

void check_resumable(const std::vector<Job>& jobs) {
  for (const Job& job : jobs) {
    if (job.output.how.append)
      throw Error(ErrorKind::unsupported,
                  "to_hdf5: resume is of a new file, and does not go with append; give the array a file of "
                  "its own");
    if (!job.plan.has_places())
      throw Error(ErrorKind::unsupported,
                  "to_hdf5: resume does not go with gzip, filters or unlimited, whose chunks have no place "
                  "of their own (got " +
                      in_quotes(job.plan.dataset) + ")");
  }
}

// Chunks of the file that were not there are written, the others stay; then it gets its name.
void write_resumed(const std::string& path, const std::vector<Job>& jobs, bool keeps_log) {
  check_resumable(jobs);
  const Client client = Client::current();
  const journal::Key key = key_of(jobs, *client.core());
  const std::string target = replaced_file("to_hdf5", path);
  if (is_written_already(target, plans_of(jobs), key)) {
    if (!keeps_log) unlink((target + ".pieces").c_str());
    return;
  }
  ResumedFile file(target, key);
  with_name(file.path(), path, [&] {
    const std::vector<std::uint64_t>& places = file.places(plans_of(jobs));
    write_missing(file, jobs, places);
    file.publish(keeps_log);
  });
}

}  // namespace

NodePtr persist_kept(const NodePtr& node, std::int64_t version) {
  constexpr const char* function = "persist";
  const Client client = Client::current();
  const std::shared_ptr<client::ClusterLink> core = client.core();
  if (!core->keeps_results() || shape_of(node).empty() || node->grid.size() == 0) return persist(node);
  journal::Hasher hasher;
  hasher.text(function);
  hasher.number(static_cast<std::uint64_t>(version));
  hasher.key(key_of("persist(cached)", node, *core));
  const std::uint64_t bytes = static_cast<std::uint64_t>(node->grid.size()) * size_of(node->type);
  const journal::Key key = hasher.result();
  const auto kept = core->keep_file(key, function, version, bytes);
  const std::string dataset = "array", path = std::filesystem::absolute(kept.path).string();
  if (!kept.is_there) write_resumed(path, {prepare({dataset, node, {.resume = true}})}, true);
  return std::make_shared<FileNode>(
      node->type, node->grid,
      FileName{.path = path, .dataset = dataset, .named = kept.path, .key = journal::to_text(key)});
}

void write_hdf5(const std::string& name, const std::vector<Hdf5Output>& outputs) {
  write_hdf5_with_texts(name, outputs, {});
}
void write_hdf5_with_texts(const std::string& name, const std::vector<Hdf5Output>& outputs,
                           const std::set<std::string>& texts) {
  if (outputs.empty()) refuse("to_hdf5", "there must be at least one array");
  std::error_code error;
  std::vector<Job> jobs;
  bool append = false, resume = false;
  for (const Hdf5Output& output : outputs) {
    jobs.push_back(prepare(output));
    jobs.back().plan.is_text = texts.contains(output.dataset);
    if (jobs.back().plan.is_text) jobs.back().plan.shuffle = false;  // the library would take whole texts
    append = append || output.how.append;
    resume = resume || output.how.resume;
  }
  check_names(jobs);
  const std::string path = std::filesystem::absolute(name, error).string();
  if (resume) return with_name(path, name, [&] { write_resumed(path, jobs, false); });
  with_name(path, name, [&] { append ? write_into(path, jobs) : write_anew(path, jobs); });
}
void write_hdf5_region(const std::string& path, const std::string& dataset, const NodePtr& node,
                       const Shape& start, const WriteHdf5Region& how) {
  const Shape& shape = shape_of(node);
  if (start.size() != shape.size())
    refuse("to_hdf5_region", "the start must name every axis of " + weir::to_text(shape) + " (got " +
                                 weir::to_text(start) + ")");
  for (const std::int64_t s : start)
    if (s < 0) refuse("to_hdf5_region", "the start must not be negative (got " + weir::to_text(start) + ")");
  const auto write_lock = lock_for_writing("to_hdf5_region", path, how.wait);
  ChunkWriter writer("to_hdf5_region", path, dataset);
  writer.begin_region(node->type, start, shape);
  bool changed = false;
  try {
    ChunkQueue chunks({node});
    const std::size_t ahead = chunks_ahead(chunks.client());
    for (std::int64_t c = 0; c < node->grid.count(); ++c) {
      chunks.start(ahead);
      const View view = chunk_view(node->grid, c);
      Shape at;
      for (std::size_t a = 0; a < start.size(); ++a) at.push_back(start[a] + view.maps[a].start);
      dispatch(node->type, [&]<class T>(std::type_identity<T>) {
        const auto future = chunks.next<T>();
        const xt::xarray<T>& values = future.result();
        Tensor tensor;
        tensor.type = node->type;
        tensor.shape = view.shape;
        tensor.data = const_cast<T*>(values.data());
        writer.write_box(at, tensor, how.overflow, changed);
      });
    }
    writer.end_region();
    writer.finish();
  } catch (...) {
    if (!changed) writer.undo_region();
    throw;
  }
}

}  // namespace weir::detail::array
