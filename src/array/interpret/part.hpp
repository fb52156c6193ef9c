// Part: a box of a chunk.
#pragma once

#include <memory>
#include <span>

#include "weir/detail/array/tensor.hpp"

namespace weir::detail::array {

/// A box of a chunk: a view of the chunk where it was cut, memory of its own where it has arrived.
class Part {
 public:
  Part() = default;
  Part(const Tensor& chunk, const Dims& start, const Dims& shape);

  DType type = DType::float64;
  Dims shape;
  [[nodiscard]] bool is_look() const noexcept { return static_cast<bool>(chunk_); }
  /// The first element; of a view, that of the whole chunk.
  [[nodiscard]] void* data() const noexcept { return data_; }

  void save(OutArchive& archive) const;
  void load(InArchive& archive);

 private:
  void copy_to(std::byte* out) const;
  void* data_ = nullptr;
  Dims start_, extent_;                 // of a view
  task::Value chunk_;                   // looked at
  std::shared_ptr<const void> memory_;  // arrived
};

/// The kernel of a task that cuts a part out: start and shape are its parameters.
[[nodiscard]] task::Value look_at_part(Reader& parameters, std::span<const Tensor> operands);

}  // namespace weir::detail::array
