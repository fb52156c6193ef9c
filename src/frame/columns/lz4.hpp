// LZ4, unpacked: single blocks, and the frames that they come in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir::detail::frame {

/// The `size` bytes that were packed as one block; nothing if it is no such block.
[[nodiscard]] std::optional<std::string> unpacked_lz4_block(std::string_view bytes, std::size_t size);
/// The same of a frame.
/// **Source.** The LZ4 frame format; sums of blocks are passed over, that of the whole is checked.
[[nodiscard]] std::optional<std::string> unpacked_lz4_frame(std::string_view bytes, std::size_t size);

}  // namespace weir::detail::frame
