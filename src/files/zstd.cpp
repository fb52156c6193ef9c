#include <zstd.h>

#include <algorithm>
#include <new>

#include "files/packer.hpp"
#include "files/raw.hpp"

namespace weir::detail::files {
namespace {

class ZstdInput final : public Input {
 public:
  explicit ZstdInput(Raw raw) : raw_(std::move(raw)), state_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (!state_) throw std::bad_alloc();
  }

  std::size_t read(char* to, std::size_t room) override {
    ZSTD_outBuffer out{to, room, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !refill()) {
        // What the library still holds of a frame that has ended comes without further input.
        if (!in_frame_) return 0;
        decompress(out);
        if (out.pos == 0 && in_frame_) raw_.broken(raw_.offset(), "the file ends inside a zstd frame");
        return out.pos;
      }
      decompress(out);
    }
    return out.pos;
  }

 private:
  bool refill() {
    const auto bytes = raw_.next();
    in_ = {bytes.data(), bytes.size(), 0};
    return !bytes.empty();
  }

  void decompress(ZSTD_outBuffer& out) {
    // No more than the library asks for, which is a header, a block or a sum: if it is broken, that is where.
    ZSTD_inBuffer part{in_.src, std::min(in_.size, in_.pos + wanted_), in_.pos};
    const std::size_t left = ZSTD_decompressStream(state_.get(), &out, &part);
    if (ZSTD_isError(left)) raw_.broken(raw_.offset() - (in_.size - in_.pos), ZSTD_getErrorName(left));
    in_.pos = part.pos;
    in_frame_ = left != 0;
    wanted_ = in_frame_ ? left : header_bytes;
  }

  Raw raw_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> state_;
  static constexpr std::size_t header_bytes = 5;  // of which it tells how long the rest is
  ZSTD_inBuffer in_{nullptr, 0, 0};
  std::size_t wanted_ = header_bytes;
  bool in_frame_ = false;
};

class ZstdPacker final : public Packer {
 public:
  explicit ZstdPacker(Drain drain)
      : drain_(std::move(drain)), state_(ZSTD_createCStream(), &ZSTD_freeCStream) {
    if (!state_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(state_.get(), ZSTD_c_checksumFlag, 1);
  }
  void write(std::string_view bytes) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) step(in, ZSTD_e_continue);
  }
  void finish() override {
    ZSTD_inBuffer in{nullptr, 0, 0};
    while (step(in, ZSTD_e_end) != 0) {
    }
  }

 private:
  std::size_t step(ZSTD_inBuffer& in, ZSTD_EndDirective directive) {
    char buffer[32 * 1024];
    ZSTD_outBuffer out{buffer, sizeof buffer, 0};
    const std::size_t left = ZSTD_compressStream2(state_.get(), &out, &in, directive);
    if (ZSTD_isError(left)) throw std::bad_alloc();
    drain_({buffer, out.pos});
    return left;
  }

  Drain drain_;
  std::unique_ptr<ZSTD_CStream, decltype(&ZSTD_freeCStream)> state_;
};

}  // namespace

std::unique_ptr<Input> open_zstd(Raw raw) { return std::make_unique<ZstdInput>(std::move(raw)); }
std::unique_ptr<Packer> pack_zstd(Drain drain) { return std::make_unique<ZstdPacker>(std::move(drain)); }

}  // namespace weir::detail::files
