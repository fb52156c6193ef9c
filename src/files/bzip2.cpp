#include <bzlib.h>

#include <algorithm>
#include <new>

#include "files/packer.hpp"
#include "files/raw.hpp"

namespace weir::detail::files {
namespace {

class Bzip2Input final : public Input {
 public:
  explicit Bzip2Input(Raw raw) : raw_(std::move(raw)) {}
  ~Bzip2Input() override { BZ2_bzDecompressEnd(&state_); }

  std::size_t read(char* to, std::size_t room) override {
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(room, 1 << 30));
    state_.next_out = to;
    state_.avail_out = wanted;
    while (state_.avail_out == wanted && step()) {
    }
    return wanted - state_.avail_out;
  }

 private:
  bool step() {
    if (state_.avail_in == 0) {
      const auto bytes = raw_.next();
      if (bytes.empty()) {
        if (in_stream_) raw_.broken(raw_.offset(), "the file ends inside a bzip2 stream");
        return false;
      }
      state_.next_in = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
      state_.avail_in = static_cast<unsigned>(bytes.size());
    }
    if (!in_stream_) begin_stream();
    const int status = BZ2_bzDecompress(&state_);
    if (status == BZ_STREAM_END) in_stream_ = false;
    else if (status == BZ_MEM_ERROR) throw std::bad_alloc();
    else if (status != BZ_OK)
      raw_.broken(raw_.offset() - state_.avail_in, status == BZ_DATA_ERROR_MAGIC
                                                       ? "the bytes are not those of bzip2"
                                                       : "a bzip2 block does not fit its checksum");
    return true;
  }

  void begin_stream() {
    bz_stream fresh{};
    fresh.next_in = state_.next_in;
    fresh.avail_in = state_.avail_in;
    fresh.next_out = state_.next_out;
    fresh.avail_out = state_.avail_out;
    BZ2_bzDecompressEnd(&state_);
    state_ = fresh;
    if (BZ2_bzDecompressInit(&state_, 0, 0) != BZ_OK) throw std::bad_alloc();
    in_stream_ = true;
  }

  Raw raw_;
  bz_stream state_{};
  bool in_stream_ = false;
};

class Bzip2Packer final : public Packer {
 public:
  explicit Bzip2Packer(Drain drain) : drain_(std::move(drain)) {
    if (BZ2_bzCompressInit(&state_, 9, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  ~Bzip2Packer() override { BZ2_bzCompressEnd(&state_); }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, 1 << 30);
      bytes.remove_prefix(part.size());
      state_.next_in = const_cast<char*>(part.data());
      state_.avail_in = static_cast<unsigned>(part.size());
      while (state_.avail_in > 0) step(BZ_RUN);
    }
  }
  void finish() override {
    while (step(BZ_FINISH) != BZ_STREAM_END) {
    }
  }

 private:
  int step(int action) {
    char out[32 * 1024];
    state_.next_out = out;
    state_.avail_out = sizeof out;
    const int status = BZ2_bzCompress(&state_, action);
    drain_({out, sizeof out - state_.avail_out});
    return status;
  }

  Drain drain_;
  bz_stream state_{};
};

}  // namespace

std::unique_ptr<Input> open_bzip2(Raw raw) { return std::make_unique<Bzip2Input>(std::move(raw)); }
std::unique_ptr<Packer> pack_bzip2(Drain drain) { return std::make_unique<Bzip2Packer>(std::move(drain)); }

}  // namespace weir::detail::files
