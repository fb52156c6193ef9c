#include <zlib.h>

#include <algorithm>
#include <new>

#include "files/packer.hpp"
#include "files/raw.hpp"

namespace weir::detail::files {
namespace {

// Members follow each other; what gzip itself pads with, zero bytes, may follow the last one.
class GzipInput final : public Input {
 public:
  explicit GzipInput(Raw raw) : raw_(std::move(raw)) {
    if (inflateInit2(&state_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipInput() override { inflateEnd(&state_); }

  std::size_t read(char* to, std::size_t room) override {
    state_.next_out = reinterpret_cast<Bytef*>(to);
    state_.avail_out = static_cast<uInt>(std::min<std::size_t>(room, 1 << 30));
    const uInt before = state_.avail_out;
    while (state_.avail_out == before)
      if (!step()) break;
    return before - state_.avail_out;
  }

 private:
  [[nodiscard]] std::uint64_t at() const { return raw_.offset() - state_.avail_in; }

  // Whether there may be more.
  bool step() {
    if (state_.avail_in == 0) {
      const auto bytes = raw_.next();
      if (bytes.empty()) {
        if (in_member_) raw_.broken(at(), "the file ends inside a gzip member");
        return false;
      }
      state_.next_in = const_cast<Bytef*>(bytes.data());
      state_.avail_in = static_cast<uInt>(bytes.size());
    }
    return in_member_ || begin_member() ? inflate_some() : true;
  }

  bool begin_member() {
    if (members_ > 0) {
      while (state_.avail_in > 0 && *state_.next_in == 0) ++state_.next_in, --state_.avail_in;
      if (state_.avail_in == 0) return false;
      inflateReset(&state_);
    }
    return in_member_ = true;
  }

  bool inflate_some() {
    const int status = inflate(&state_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      in_member_ = false;
      ++members_;
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      raw_.broken(at(), state_.msg ? state_.msg : "the bytes are not those of gzip");
    }
    return true;
  }

  Raw raw_;
  z_stream state_{};
  bool in_member_ = false;
  std::uint64_t members_ = 0;
};

class GzipPacker final : public Packer {
 public:
  explicit GzipPacker(Drain drain) : drain_(std::move(drain)) {
    if (deflateInit2(&state_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~GzipPacker() override { deflateEnd(&state_); }
  void write(std::string_view bytes) override { run(bytes, Z_NO_FLUSH); }
  void finish() override { run({}, Z_FINISH); }

 private:
  void run(std::string_view bytes, int flush) {
    do {
      const std::string_view part = bytes.substr(0, 1 << 30);
      bytes.remove_prefix(part.size());
      state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      state_.avail_in = static_cast<uInt>(part.size());
      do {
        char out[32 * 1024];
        state_.next_out = reinterpret_cast<Bytef*>(out);
        state_.avail_out = sizeof out;
        deflate(&state_, flush);
        drain_({out, sizeof out - state_.avail_out});
      } while (state_.avail_out == 0);
    } while (!bytes.empty());
  }

  Drain drain_;
  z_stream state_{};
};

}  // namespace

std::unique_ptr<Input> open_gzip(Raw raw) { return std::make_unique<GzipInput>(std::move(raw)); }
std::unique_ptr<Packer> pack_gzip(Drain drain) { return std::make_unique<GzipPacker>(std::move(drain)); }

}  // namespace weir::detail::files
