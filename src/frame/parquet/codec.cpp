// Pages packed and unpacked as a whole.
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "frame/columns/lz4.hpp"
#include "frame/parquet/format.hpp"

namespace weir::detail::frame {

namespace {

[[noreturn]] void broken_page(const std::string& codec) {
  throw ParquetFault{0, "a page is not what " + codec + " wrote"};
}

void inflate_page(std::string_view bytes, std::string& to) {
  z_stream state{};
  if (inflateInit2(&state, 15 + 32) != Z_OK) throw std::bad_alloc();
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = reinterpret_cast<Bytef*>(to.data());
  state.avail_out = static_cast<uInt>(to.size());
  const int result = inflate(&state, Z_FINISH);
  const bool is_whole = result == Z_STREAM_END && state.avail_out == 0;
  inflateEnd(&state);
  if (!is_whole) broken_page("gzip");
}

std::string deflated_page(std::string_view bytes) {
  z_stream state{};
  if (deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&state, static_cast<uLong>(bytes.size())), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = reinterpret_cast<Bytef*>(packed.data());
  state.avail_out = static_cast<uInt>(packed.size());
  deflate(&state, Z_FINISH);
  packed.resize(state.total_out);
  deflateEnd(&state);
  return packed;
}

}  // namespace

std::string unpacked_page(std::uint8_t codec, std::string_view bytes, std::uint64_t size) {
  if (codec == plain_codec) {
    if (bytes.size() != size) throw ParquetFault{0, "a page has not the size that its header says"};
    return std::string(bytes);
  }
  std::string to;
  switch (codec) {
    case snappy_codec: {
      std::size_t length = 0;
      if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &length) || length != size)
        broken_page("snappy");
      to.resize(size);
      if (!snappy::RawUncompress(bytes.data(), bytes.size(), to.data())) broken_page("snappy");
      return to;
    }
    case gzip_codec:
      to.resize(size);
      inflate_page(bytes, to);
      return to;
    case zstd_codec:
      to.resize(size);
      if (ZSTD_decompress(to.data(), size, bytes.data(), bytes.size()) != size) broken_page("zstd");
      return to;
    case lz4_raw_codec: {
      auto unpacked = unpacked_lz4_block(bytes, size);
      if (!unpacked) broken_page("LZ4");
      return std::move(*unpacked);
    }
    default:
      constexpr const char* names[] = {"", "", "", "lzo", "brotli", "lz4", "", ""};
      throw ParquetFault{0,
                         "pages must be packed by snappy, gzip, zstd or lz4_raw (got " +
                             (codec < 8 ? std::string(names[codec]) : "number " + std::to_string(codec)) +
                             ")",
                         true};
  }
}

std::string packed_page(std::uint8_t codec, std::string_view bytes) {
  std::string packed;
  switch (codec) {
    case snappy_codec:
      snappy::Compress(bytes.data(), bytes.size(), &packed);
      return packed;
    case gzip_codec:
      return deflated_page(bytes);
    case zstd_codec:
      packed.resize(ZSTD_compressBound(bytes.size()));
      packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
      return packed;
    default:
      return std::string(bytes);
  }
}

}  // namespace weir::detail::frame
