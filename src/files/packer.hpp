// Packer: where the bytes of an output go.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "weir/compression.hpp"

namespace weir::detail::files {

/// Where packed bytes are written.
using Drain = std::function<void(std::string_view)>;

/// Packs bytes and hands them on.
class Packer {
 public:
  virtual ~Packer() = default;
  virtual void write(std::string_view bytes) = 0;
  /// Writes what is still held and the end.
  virtual void finish() = 0;
};

[[nodiscard]] std::unique_ptr<Packer> pack_gzip(Drain drain);
[[nodiscard]] std::unique_ptr<Packer> pack_bzip2(Drain drain);
[[nodiscard]] std::unique_ptr<Packer> pack_xz(Drain drain);
[[nodiscard]] std::unique_ptr<Packer> pack_zstd(Drain drain);

}  // namespace weir::detail::files
