// Chunk sizes from rules.
#include "weir/array/chunks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "array/graph/node.hpp"
#include "weir/bytes.hpp"
#include "weir/error.hpp"

namespace weir {

namespace {

constexpr std::uint64_t default_chunk_bytes = 16u << 20, least_chunk_bytes = 1u << 20;

[[noreturn]] void refuse(std::string_view function, const std::string& text) {
  throw Error(ErrorKind::invalid_argument, std::string(function) + ": " + text);
}

constexpr std::int64_t most_elements = std::int64_t{1}
                                       << 59;  // their bytes fit into 63 bits, whatever the type
constexpr std::int64_t most_along = std::int64_t{1} << 24, most_chunks = std::int64_t{1} << 32;

std::vector<std::int64_t> cut(std::string_view function, std::int64_t extent, std::int64_t size) {
  if (extent == 0) return {0};
  if (extent / size > most_along)
    refuse(function, "an axis must have at most " + std::to_string(most_along) + " chunks (got " +
                         std::to_string(extent / size) + " of " + std::to_string(size) +
                         " elements each); take larger ones");
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(extent / size), size);
  if (extent % size) sizes.push_back(extent % size);
  return sizes;
}

// Bytes of chunks that nobody has said anything about: small enough that all cores have something to do.
double chosen_bytes(const Shape& shape, std::size_t element_bytes, std::size_t axes) {
  double bytes = static_cast<double>(element_bytes);
  for (const std::int64_t extent : shape) bytes *= static_cast<double>(extent);
  const double parts = axes == 3 ? 8 : 16;  // as many along each axis, if they are as long
  return std::clamp(bytes / parts, static_cast<double>(least_chunk_bytes),
                    static_cast<double>(default_chunk_bytes));
}

double bytes_of_chunks(std::string_view function, const std::string& text) {
  try {
    if (const std::uint64_t bytes = parse_bytes(text)) return static_cast<double>(bytes);
  } catch (const Error&) {
  }
  refuse(function, "chunks must be sizes, \"auto\" or bytes such as \"128 MiB\" (got \"" + text + "\")");
}

// Sizes of the automatic axes so that a chunk has about `limit` elements: equal, but short axes whole, and
// multiples of `aligned`.
void choose(std::string_view function, const Shape& shape, std::vector<std::size_t> axes, double limit,
            const Shape& aligned, Chunks& out) {
  while (!axes.empty()) {
    const double side = std::max(1.0, std::pow(std::max(limit, 1.0), 1.0 / static_cast<double>(axes.size())));
    const auto is_short = std::find_if(axes.begin(), axes.end(),
                                       [&](std::size_t a) { return static_cast<double>(shape[a]) <= side; });
    if (is_short != axes.end()) {
      out[*is_short] = cut(function, shape[*is_short], std::max<std::int64_t>(shape[*is_short], 1));
      limit /= static_cast<double>(std::max<std::int64_t>(shape[*is_short], 1));
      axes.erase(is_short);
      continue;
    }
    if (aligned.empty()) {
      // The last axes are taken longest, so that chunks are long in memory: trailing whole as far as it goes
      // would be fastest, square is most useful.
      for (const std::size_t a : axes) {
        const auto most = static_cast<std::int64_t>(side * (1 + 1e-9)), parts = (shape[a] + most - 1) / most;
        out[a] = cut(function, shape[a], (shape[a] + parts - 1) / parts);
      }
      return;
    }
    // Multiples of the file's chunks: scale all by the same factor.
    double own = 1;
    for (const std::size_t a : axes) own *= static_cast<double>(aligned[a]);
    double factor = std::max(1.0, std::pow(limit / own, 1.0 / static_cast<double>(axes.size())));
    const auto fits = std::find_if(axes.begin(), axes.end(), [&](std::size_t a) {
      return static_cast<double>(aligned[a]) * factor >= static_cast<double>(shape[a]);
    });
    if (fits != axes.end()) {
      out[*fits] = cut(function, shape[*fits], std::max<std::int64_t>(shape[*fits], 1));
      limit /= static_cast<double>(std::max<std::int64_t>(shape[*fits], 1));
      axes.erase(fits);
      continue;
    }
    for (const std::size_t a : axes)
      out[a] = cut(function, shape[a],
                   aligned[a] * std::max<std::int64_t>(1, static_cast<std::int64_t>(std::lround(factor))));
    return;
  }
}

}  // namespace

void detail::array::check_size(std::string_view function, const Shape& shape, const Chunks& chunks) {
  if (std::ranges::count(shape, 0)) return;
  std::int64_t elements = 1, count = 1;
  for (const std::int64_t extent : shape) {
    if (extent > most_elements / elements)
      refuse(function, "an array must have at most 2^59 elements (the shape is " + to_text(shape) + ")");
    elements *= extent;
  }
  for (const auto& sizes : chunks) {
    if (static_cast<std::int64_t>(sizes.size()) > most_chunks / count)
      refuse(function, "an array must have at most 2^32 chunks (the shape is " + to_text(shape) +
                           "); take larger ones");
    count *= static_cast<std::int64_t>(sizes.size());
  }
}

Chunks ChunkSpec::resolve(std::string_view function, const Shape& shape, std::size_t element_bytes,
                          const Shape& aligned) const {
  for (const std::int64_t extent : shape)
    if (extent < 0)
      refuse(function, "every extent of the shape must be at least 0 (got " + to_text(shape) + ")");
  detail::array::check_size(function, shape, {});
  std::vector<AxisChunks> axes = axes_;
  if (uniform_) axes.assign(shape.size(), AxisChunks(uniform_));
  if (!per_axis_ && !uniform_) axes.assign(shape.size(), AxisChunks());
  if (axes.size() == 1 && shape.size() > 1 && axes[0].kind != AxisChunks::Kind::sizes)
    axes.resize(shape.size(), axes[0]);
  if (axes.size() != shape.size())
    refuse(function, "chunks must name every axis of the shape " + to_text(shape) + " (got " +
                         std::to_string(axes.size()) + " of " + std::to_string(shape.size()) + ")");
  const bool is_auto = bytes_.empty() || bytes_ == "auto";
  const auto automatic =
      static_cast<std::size_t>(std::ranges::count(axes, AxisChunks::Kind::automatic, &AxisChunks::kind));
  const double bytes = !is_auto           ? bytes_of_chunks(function, bytes_)
                       : !aligned.empty() ? static_cast<double>(default_chunk_bytes)
                                          : chosen_bytes(shape, element_bytes, automatic);
  double limit = std::max(1.0, bytes / static_cast<double>(element_bytes));
  Chunks chunks(shape.size());
  std::vector<std::size_t> chosen;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const std::string where = "axis " + std::to_string(a) + " of the shape " + to_text(shape);
    switch (axes[a].kind) {
      case AxisChunks::Kind::automatic:
        chosen.push_back(a);
        continue;
      case AxisChunks::Kind::whole:
        chunks[a] = {shape[a]};
        break;
      case AxisChunks::Kind::size:
        if (axes[a].size < 1)
          refuse(function, "a chunk must have at least 1 element, or -1 for the whole axis (got " +
                               std::to_string(axes[a].size) + " for " + where + ")");
        chunks[a] = cut(function, shape[a], axes[a].size);
        break;
      case AxisChunks::Kind::sizes: {
        const std::int64_t sum = std::accumulate(axes[a].sizes.begin(), axes[a].sizes.end(), std::int64_t{0});
        if (std::ranges::any_of(axes[a].sizes, [](std::int64_t s) { return s < 0; }))
          refuse(function, "chunk sizes must not be negative (" + where + ")");
        if (sum != shape[a])
          refuse(function, "chunks must add up to " + std::to_string(shape[a]) + " (got " +
                               std::to_string(sum) + " for " + where + ")");
        chunks[a] = axes[a].sizes;
        if (chunks[a].empty()) chunks[a] = {0};
        break;
      }
    }
    limit /= static_cast<double>(std::max<std::int64_t>(1, *std::ranges::max_element(chunks[a])));
  }
  choose(function, shape, chosen, limit, aligned, chunks);
  detail::array::check_size(function, shape, chunks);
  return chunks;
}

std::string to_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string to_text(const Chunks& chunks) {
  std::string text = "(";
  for (std::size_t a = 0; a < chunks.size(); ++a) {
    text += a ? ", (" : "(";
    for (std::size_t i = 0, shown = 0; i < chunks[a].size(); ++shown) {
      std::size_t same = 1;
      while (i + same < chunks[a].size() && chunks[a][i + same] == chunks[a][i]) ++same;
      if (same < 4) same = 1;
      text +=
          (shown ? ", " : "") + std::to_string(chunks[a][i]) + (same > 1 ? " x " + std::to_string(same) : "");
      i += same;
      if (shown == 15 && i < chunks[a].size()) {
        text += ", ...";
        break;
      }
    }
    text += ")";
  }
  return text + ")";
}

}  // namespace weir
