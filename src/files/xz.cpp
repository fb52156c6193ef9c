#include <lzma.h>

#include <new>

#include "files/packer.hpp"
#include "files/raw.hpp"

namespace weir::detail::files {
namespace {

std::string_view how_xz_is_broken(lzma_ret status) {
  switch (status) {
    case LZMA_FORMAT_ERROR:
      return "the bytes are not those of xz";
    case LZMA_BUF_ERROR:
      return "the file ends inside an xz stream";
    case LZMA_OPTIONS_ERROR:
      return "the xz stream uses what this library does not know";
    default:
      return "an xz block does not fit its checksum";
  }
}

class XzInput final : public Input {
 public:
  explicit XzInput(Raw raw) : raw_(std::move(raw)) {
    if (lzma_stream_decoder(&state_, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  }
  ~XzInput() override { lzma_end(&state_); }

  std::size_t read(char* to, std::size_t room) override {
    state_.next_out = reinterpret_cast<std::uint8_t*>(to);
    state_.avail_out = room;
    while (state_.avail_out == room && !ended_) step();
    return room - state_.avail_out;
  }

 private:
  void step() {
    bool at_end = false;
    if (state_.avail_in == 0) {
      const auto bytes = raw_.next();
      at_end = bytes.empty();
      empty_ = empty_ && at_end;
      state_.next_in = bytes.data();
      state_.avail_in = bytes.size();
    }
    if (empty_) {
      ended_ = true;
      return;
    }
    const lzma_ret status = lzma_code(&state_, at_end ? LZMA_FINISH : LZMA_RUN);
    if (status == LZMA_STREAM_END) ended_ = true;
    else if (status == LZMA_MEM_ERROR) throw std::bad_alloc();
    else if (status != LZMA_OK) raw_.broken(raw_.offset() - state_.avail_in, how_xz_is_broken(status));
  }

  Raw raw_;
  lzma_stream state_ = LZMA_STREAM_INIT;
  bool empty_ = true;
  bool ended_ = false;
};

class XzPacker final : public Packer {
 public:
  explicit XzPacker(Drain drain) : drain_(std::move(drain)) {
    if (lzma_easy_encoder(&state_, LZMA_PRESET_DEFAULT, LZMA_CHECK_CRC64) != LZMA_OK) throw std::bad_alloc();
  }
  ~XzPacker() override { lzma_end(&state_); }

  void write(std::string_view bytes) override {
    state_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    state_.avail_in = bytes.size();
    while (state_.avail_in > 0) step(LZMA_RUN);
  }
  void finish() override {
    while (step(LZMA_FINISH) != LZMA_STREAM_END) {
    }
  }

 private:
  lzma_ret step(lzma_action action) {
    std::uint8_t out[32 * 1024];
    state_.next_out = out;
    state_.avail_out = sizeof out;
    const lzma_ret status = lzma_code(&state_, action);
    if (status != LZMA_OK && status != LZMA_STREAM_END) throw std::bad_alloc();
    drain_({reinterpret_cast<const char*>(out), sizeof out - state_.avail_out});
    return status;
  }

  Drain drain_;
  lzma_stream state_ = LZMA_STREAM_INIT;
};

}  // namespace

std::unique_ptr<Input> open_xz(Raw raw) { return std::make_unique<XzInput>(std::move(raw)); }
std::unique_ptr<Packer> pack_xz(Drain drain) { return std::make_unique<XzPacker>(std::move(drain)); }

}  // namespace weir::detail::files
