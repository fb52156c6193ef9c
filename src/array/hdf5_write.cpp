// Writing arrays to HDF5 from all workers.
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "array/hdf5.hpp"
#include "array/nodes.hpp"
#include "weir/client/client.hpp"

namespace weir::array {

namespace {

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

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
    const std::size_t axes = chunk.size(), row = static_cast<std::size_t>(values.shape[axes - 1]) * size_of(values.type);
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
  explicit WriteDescriptor(const std::string& path) : path_(path), descriptor_(open(path.c_str(), O_WRONLY | O_CLOEXEC)) {
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
  [[noreturn]] void fail() const { throw Error(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path_) + ": " + std::strerror(errno)); }
  std::string path_;
  int descriptor_;
};

// Parameters: path, place in the file, chunk shape.
task::Value write_chunk(Reader& parameters, std::span<const Tensor> operands) {
  std::string path;
  std::uint64_t place = 0;
  Dims chunk;
  read(parameters, path);
  read(parameters, place);
  read(parameters, chunk);
  const Padded padded(operands[0], chunk);
  WriteDescriptor(path).write(padded.data(), padded.size(), place);
  const Tensor done = make_tensor(DType::int64, Dims{1});
  done.as<std::int64_t>()[0] = static_cast<std::int64_t>(padded.size());
  return done.value;
}

// Parameters: chunk shape, level, shuffle. What HDF5's own filters make of the chunk.
task::Value compress_chunk(Reader& parameters, std::span<const Tensor> operands) {
  Dims chunk;
  int level = 0;
  bool shuffle = false;
  read(parameters, chunk);
  read(parameters, level);
  read(parameters, shuffle);
  const Padded padded(operands[0], chunk);
  const std::byte* data = padded.data();
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
  if (compress2(out.data(), &bytes, reinterpret_cast<const Bytef*>(data), padded.size(), level) != Z_OK) throw Error(ErrorKind::internal, "to_hdf5: zlib could not compress a chunk");
  const Tensor result = make_tensor(DType::uint8, Dims{static_cast<std::int64_t>(bytes)});
  std::memcpy(result.data, out.data(), bytes);
  return result.value;
}

// What is made of one output: where, in which chunks, and the tasks.
struct Job {
  Hdf5Output output;
  DatasetPlan plan;
  NodePtr source, tasks;
};

Job prepare(const Hdf5Output& output) {
  const Shape& shape = shape_of(output.node);
  if (output.dataset.empty() || output.dataset == "/") refuse("to_hdf5", "a dataset must have a name (got " + in_quotes(output.dataset) + ")");
  if (output.how.gzip < 0 || output.how.gzip > 9) refuse("to_hdf5", "gzip must be in [0, 9] (got " + std::to_string(output.how.gzip) + ")");
  Job job{output, {output.dataset, output.node->type, shape, output.how.chunks, output.how.gzip, output.how.shuffle, output.how.attributes}, nullptr, nullptr};
  if (job.plan.chunk.empty())
    for (const auto& sizes : output.node->grid.chunks) job.plan.chunk.push_back(std::max<std::int64_t>(1, *std::ranges::max_element(sizes)));
  if (job.plan.chunk.size() != shape.size())
    refuse("to_hdf5", "the chunk shape must name every axis of " + weir::to_text(shape) + " (got " + weir::to_text(job.plan.chunk) + ")");
  std::uint64_t bytes = size_of(output.node->type);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (job.plan.chunk[a] < 1) refuse("to_hdf5", "a chunk of the file must have at least 1 element (got " + weir::to_text(job.plan.chunk) + ")");
    if (shape[a]) job.plan.chunk[a] = std::min(job.plan.chunk[a], shape[a]);
    bytes *= static_cast<std::uint64_t>(job.plan.chunk[a]);
  }
  if (bytes >= std::uint64_t{4} << 30) refuse("to_hdf5", "a chunk of the file must be smaller than 4 GiB (got " + weir::to_text(job.plan.chunk) + ")");
  job.source = rechunk(output.node, ChunkSpec(std::vector<AxisChunks>(job.plan.chunk.begin(), job.plan.chunk.end())));
  return job;
}

Grid one_each(const Grid& grid) { return Grid(Chunks{std::vector<std::int64_t>(static_cast<std::size_t>(grid.count()), 1)}); }

NodePtr writing(const Job& job, const std::string& path, std::vector<std::uint64_t> places) {
  const auto plan = [source = job.source.get(), path, chunk = dims(job.plan.chunk), places = std::move(places)](TaskBuilder& task, std::int64_t c) {
    task.kernel(&write_chunk, {task.need_chunk(*source, c)}, path, places[static_cast<std::size_t>(c)], chunk);
  };
  return std::make_shared<TaskNode>("to_hdf5", DType::int64, one_each(job.source->grid), std::vector<NodePtr>{job.source}, plan);
}
NodePtr compressing(const Job& job) {
  const auto plan = [source = job.source.get(), how = job.plan](TaskBuilder& task, std::int64_t c) {
    task.kernel(&compress_chunk, {task.need_chunk(*source, c)}, dims(how.chunk), how.gzip, how.shuffle);
  };
  return std::make_shared<TaskNode>("to_hdf5 compress", DType::uint8, one_each(job.source->grid), std::vector<NodePtr>{job.source}, plan);
}

void carry_out(const std::string& path, std::vector<Job>& jobs, bool append) {
  std::vector<DatasetPlan> plans;
  for (const Job& job : jobs) plans.push_back(job.plan);
  CreatedFile created = create_file(path, append, plans);
  std::vector<NodePtr> nodes;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const bool empty = jobs[i].source->grid.size() == 0;
    if (jobs[i].plan.gzip && !jobs[i].plan.chunk.empty() && !empty)
      jobs[i].tasks = compressing(jobs[i]);
    else if (!empty)
      jobs[i].tasks = writing(jobs[i], path, std::move(created.places[i]));
    if (jobs[i].tasks) nodes.push_back(jobs[i].tasks);
  }
  auto handles = submit_all(nodes);
  std::size_t next = 0;
  for (Job& job : jobs) {
    if (!job.tasks) continue;
    std::vector<client::Handle>& chunks = handles[next++];
    const bool compressed = job.tasks->type == DType::uint8;
    std::optional<ChunkWriter> writer;
    if (compressed) writer.emplace(path, job.plan.dataset);
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      if (!compressed) {
        const Future<xt::xarray<std::int64_t>> future(std::exchange(chunks[c], {}));
        (void)future.result();
        continue;
      }
      const Future<xt::xarray<std::uint8_t>> future(std::exchange(chunks[c], {}));
      const xt::xarray<std::uint8_t>& bytes = future.result();
      const View view = chunk_view(job.source->grid, static_cast<std::int64_t>(c));
      Shape start;
      for (const AxisMap& map : view.maps) start.push_back(map.start);
      writer->write(start, bytes.data(), bytes.size());
    }
    if (writer) writer->finish();
  }
}

}  // namespace

void write_hdf5(const std::string& given, const std::vector<Hdf5Output>& outputs) {
  if (outputs.empty()) refuse("to_hdf5", "there must be at least one array");
  std::error_code error;
  const std::string path = std::filesystem::absolute(given, error).string();
  std::vector<Job> jobs;
  bool append = false;
  for (const Hdf5Output& output : outputs) {
    jobs.push_back(prepare(output));
    append = append || output.how.append;
  }
  if (append && std::filesystem::exists(path, error)) return carry_out(path, jobs, true);
  const std::string part = path + ".part-" + std::to_string(getpid());
  try {
    carry_out(part, jobs, false);
    if (std::rename(part.c_str(), path.c_str()) != 0) throw Error(ErrorKind::io, "to_hdf5: cannot write " + in_quotes(path) + ": " + std::strerror(errno));
  } catch (...) {
    unlink(part.c_str());
    throw;
  }
}

void write_hdf5_region(const std::string& path, const std::string& dataset, const NodePtr& node, const Shape& start) {
  const Shape& shape = shape_of(node);
  if (start.size() != shape.size()) refuse("to_hdf5_region", "the start must name every axis of " + weir::to_text(shape) + " (got " + weir::to_text(start) + ")");
  for (const std::int64_t s : start)
    if (s < 0) refuse("to_hdf5_region", "the start must not be negative (got " + weir::to_text(start) + ")");
  ChunkWriter writer(path, dataset);
  std::vector<client::Handle> chunks = submit_all(node);
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const View view = chunk_view(node->grid, static_cast<std::int64_t>(c));
    Shape at;
    for (std::size_t a = 0; a < start.size(); ++a) at.push_back(start[a] + view.maps[a].start);
    dispatch(node->type, [&]<class T>(std::type_identity<T>) {
      const Future<xt::xarray<T>> future(std::exchange(chunks[c], {}));
      const xt::xarray<T>& values = future.result();
      Tensor tensor;
      tensor.type = node->type;
      tensor.shape = view.shape;
      tensor.data = const_cast<T*>(values.data());
      writer.write_box(at, tensor);
    });
  }
  writer.finish();
}

}  // namespace weir::array
