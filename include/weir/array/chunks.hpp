// Shapes, and how an axis is cut into chunks.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir {

/// Extents of an array, one per axis.
using Shape = std::vector<std::int64_t>;
/// Sizes of the chunks along every axis; each list adds up to the axis's extent.
using Chunks = std::vector<std::vector<std::int64_t>>;

/// How one axis is to be cut.
struct AxisChunks {
  /// How the axis is cut: as the library chooses, not at all, by one size, by these sizes.
  enum class Kind { automatic, whole, size, sizes };
  Kind kind = Kind::automatic;  ///< How this one is cut.
  /// Of every chunk but the last; `Kind::size`.
  std::int64_t size = 0;
  /// Of all chunks; `Kind::sizes`.
  std::vector<std::int64_t> sizes{};

  AxisChunks() = default;
  /// Chunks of `each` elements, the last is what remains; -1 is the whole axis.
  template <std::integral I>
  AxisChunks(I each)
      : kind(static_cast<std::int64_t>(each) == -1 ? Kind::whole : Kind::size),
        size(static_cast<std::int64_t>(each)) {}
  /// Exactly these sizes.
  AxisChunks(std::initializer_list<std::int64_t> exactly) : kind(Kind::sizes), sizes(exactly) {}
  /// Exactly these sizes.
  AxisChunks(std::vector<std::int64_t> exactly) : kind(Kind::sizes), sizes(std::move(exactly)) {}
};

/// How an array is to be cut into chunks.
///
/// `{}` chooses; `"64 MiB"` chooses with that many bytes per chunk; `{1000, -1}` is one rule per axis: a
/// size, -1 for the whole axis, `weir::automatic`, or a list of sizes.
/// **Units.** Elements per axis; text is bytes. Chosen chunks are as square as the shape allows; a smaller
/// array has about 16 of them (8 if it has three axes), of at least 1 MiB, a larger one such of 16 MiB. Those
/// of a file are multiples of the file's own, of about 16 MiB.
/// **Source.** `dask.array.core.normalize_chunks`; smaller by default, since a task costs microseconds here.
class ChunkSpec {
 public:
  ChunkSpec() = default;
  /// So many bytes per chunk, as text: "64 MiB".
  ChunkSpec(const char* bytes) : bytes_(bytes) {}
  /// The same.
  ChunkSpec(std::string bytes) : bytes_(std::move(bytes)) {}
  /// One rule for each axis.
  ChunkSpec(std::initializer_list<AxisChunks> axes) : axes_(axes), per_axis_(axes.size() > 0) {}
  /// One rule for each axis.
  ChunkSpec(std::vector<AxisChunks> axes) : axes_(std::move(axes)), per_axis_(true) {}
  /// One size for each axis, as in a list: -1 for the whole axis.
  ChunkSpec(const Shape& sizes) : axes_(sizes.begin(), sizes.end()), per_axis_(true) {}
  /// Exactly these chunks.
  ChunkSpec(const Chunks& chunks) : per_axis_(true) {
    for (const auto& sizes : chunks) axes_.emplace_back(sizes);
  }
  /// The same size along every axis.
  explicit ChunkSpec(std::int64_t size) : uniform_(size) {}

  /// The chunks of an array of this shape.
  ///
  /// **Errors.** Throws `Error{invalid_argument}`: wrong number of axes, a size below 1, sizes that do not
  /// add up.
  ///
  /// \param function       Named in the sentence.
  /// \param shape          Extents of the array.
  /// \param element_bytes  Size of an element.
  /// \param aligned        Sizes whose multiples are preferred (a file's chunks), or empty.
  [[nodiscard]] Chunks resolve(std::string_view function, const Shape& shape, std::size_t element_bytes,
                               const Shape& aligned = {}) const;

 private:
  std::string bytes_;
  std::vector<AxisChunks> axes_;
  bool per_axis_ = false;
  std::int64_t uniform_ = 0;
};

/// An axis whose chunks are chosen.
inline const AxisChunks automatic{};

/// `"(2, 3)"`, `"(5,)"`, `"()"`: as NumPy writes it.
[[nodiscard]] std::string to_text(const Shape& shape);
/// `"((2, 1), (3))"`; long regular lists are shortened: `"(1000 x 8, 7)"`.
[[nodiscard]] std::string to_text(const Chunks& chunks);

}  // namespace weir
