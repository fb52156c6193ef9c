#include <zlib.h>
#ifdef WEIR_HAS_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include <algorithm>
#include <new>
#include <span>
#include <vector>

#include "files/packer.hpp"
#include "files/raw.hpp"

namespace weir::detail::files {
namespace {

// What became of a step: bytes written, whether the member has ended, or what is wrong with it.
struct Inflated {
  std::size_t bytes = 0;
  bool ended = false;
  const char* wrong = nullptr;
};

class ZlibInflater {
 public:
  ZlibInflater() {
    if (inflateInit2(&state_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ZlibInflater(const ZlibInflater&) = delete;
  ~ZlibInflater() { inflateEnd(&state_); }
  void begin() { inflateReset(&state_); }
  // Takes bytes of the input away.
  Inflated step(std::span<const unsigned char>& in, char* to, std::uint32_t room) {
    state_.next_in = const_cast<Bytef*>(in.data());
    state_.avail_in = static_cast<uInt>(in.size());
    state_.next_out = reinterpret_cast<Bytef*>(to);
    state_.avail_out = room;
    const int status = inflate(&state_, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    in = in.last(state_.avail_in);
    const bool is_right = status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END;
    const char* wrong = state_.msg ? state_.msg : "the bytes are not those of gzip";
    return {room - state_.avail_out, status == Z_STREAM_END, is_right ? nullptr : wrong};
  }
  // Bytes taken that have not been looked at.
  static std::size_t held() { return 0; }

 private:
  z_stream state_{};
};

#ifdef WEIR_HAS_ISAL
// A number of the format, its lowest byte first.
std::uint32_t number(const unsigned char* bytes, int count) {
  std::uint32_t all = 0;
  for (int i = count; i-- > 0;) all = all << 8 | bytes[i];
  return all;
}

// The bytes of the header of a member, 0 while they have not all come; up to what is wrong with them, if that
// is set.
std::size_t header_size(std::span<const unsigned char> in, const char*& wrong) {
  constexpr unsigned has_sum = 2, has_extra = 4, has_name = 8, has_comment = 16, unknown = 0xe0;
  if (in.size() < 2) return 0;
  if (number(in.data(), 2) != 0x8b1f) return wrong = "incorrect header check", 2;
  if (in.size() < 4) return 0;
  const unsigned flags = in[3];
  if (in[2] != Z_DEFLATED) return wrong = "unknown compression method", 4;
  if (flags & unknown) return wrong = "unknown header flags set", 4;
  std::size_t at = 10;
  if (flags & has_extra) {
    if (in.size() < at + 2) return 0;
    at += 2 + number(&in[at], 2);
  }
  for (const unsigned text : {has_name, has_comment}) {
    if (!(flags & text)) continue;
    while (at < in.size() && in[at] != 0) ++at;
    ++at;
  }
  const std::size_t sum = at;
  if (flags & has_sum) at += 2;
  if (at > in.size()) return 0;
  if (at > sum && (crc32(0, in.data(), static_cast<uInt>(sum)) & 0xffff) != number(&in[sum], 2))
    wrong = "header crc mismatch";
  return at;
}

// Takes a third of the time of zlib. What is around the packed bytes is read here: the library does not find
// its way if that comes in pieces.
class IsalInflater {
 public:
  void begin() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR;
    part_ = Part::header;
    around_.clear();
  }
  Inflated step(std::span<const unsigned char>& in, char* to, std::uint32_t room) {
    if (part_ == Part::header) return {0, false, take_header(in)};
    if (part_ == Part::sums) return take_sums(in);
    state_.next_in = const_cast<std::uint8_t*>(in.data());
    state_.avail_in = static_cast<std::uint32_t>(in.size());
    state_.next_out = reinterpret_cast<std::uint8_t*>(to);
    state_.avail_out = room;
    const int status = isal_inflate(&state_);
    in = in.last(state_.avail_in);
    if (state_.block_state == ISAL_BLOCK_FINISH) end_body();
    return {room - state_.avail_out, false, status < 0 ? sentence(status) : nullptr};
  }
  [[nodiscard]] std::size_t held() const {
    return part_ == Part::body ? static_cast<std::size_t>(std::max(state_.read_in_length, 0) / 8) : 0;
  }

 private:
  enum class Part { header, body, sums };

  const char* take_header(std::span<const unsigned char>& in) {
    const std::size_t before = around_.size();
    around_.insert(around_.end(), in.begin(), in.end());
    const char* wrong = nullptr;
    const std::size_t size = header_size(around_, wrong);
    in = in.subspan(size == 0 ? in.size() : size - before);
    if (size == 0) return nullptr;
    around_.clear();
    part_ = Part::body;
    return wrong;
  }

  // The library may have taken some bytes of the sums, never more than these.
  void end_body() {
    part_ = Part::sums;
    const int taken = state_.read_in_length / 8;
    const std::uint64_t bytes = state_.read_in >> state_.read_in_length % 8;
    for (int i = 0; i < taken; ++i) around_.push_back(static_cast<unsigned char>(bytes >> 8 * i));
  }

  Inflated take_sums(std::span<const unsigned char>& in) {
    for (; around_.size() < 8 && !in.empty(); in = in.subspan(1)) around_.push_back(in.front());
    if (around_.size() >= 4 && number(&around_[0], 4) != state_.crc)
      return {0, false, "incorrect data check"};
    if (around_.size() < 8) return {};
    if (number(&around_[4], 4) != state_.total_out) return {0, false, "incorrect length check"};
    return {0, true, nullptr};
  }

  // As zlib says it.
  static const char* sentence(int status) {
    switch (status) {
      case ISAL_INVALID_BLOCK:
        return "invalid block";
      case ISAL_INVALID_SYMBOL:
        return "invalid literal/length or distance code";
      case ISAL_INVALID_LOOKBACK:
        return "invalid distance too far back";
      default:
        return "the bytes are not those of gzip";
    }
  }

  inflate_state state_;
  Part part_ = Part::header;
  std::vector<unsigned char> around_;  // what has come of the header, or of the sums
};
#endif

// Members follow each other; what gzip itself pads with, zero bytes, may follow the last one.
template <class Inflater>
class GzipInput final : public Input {
 public:
  explicit GzipInput(Raw raw) : raw_(std::move(raw)) {}

  std::size_t read(char* to, std::size_t room) override {
    const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(room, 1 << 30));
    for (;;) {
      if (in_.empty()) in_ = raw_.next();
      const bool is_at_end = in_.empty();  // what the library still holds comes without further input
      if (!in_member_ && !begin_member()) {
        if (is_at_end) return 0;
        continue;
      }
      const Inflated done = inflater_.step(in_, to, most);
      if (done.wrong) raw_.broken(at(), done.wrong);
      if (done.ended) in_member_ = false;
      if (done.bytes > 0) return done.bytes;
      if (is_at_end && in_member_) raw_.broken(raw_.offset(), "the file ends inside a gzip member");
    }
  }

 private:
  [[nodiscard]] std::uint64_t at() const { return raw_.offset() - in_.size() - inflater_.held(); }

  // Whether there is one.
  bool begin_member() {
    if (has_begun_)
      while (!in_.empty() && in_.front() == 0) in_ = in_.subspan(1);
    if (in_.empty()) return false;
    inflater_.begin();
    return has_begun_ = in_member_ = true;
  }

  Raw raw_;
  std::span<const unsigned char> in_;  // read, not unpacked
  Inflater inflater_;
  bool in_member_ = false;
  bool has_begun_ = false;  // a first one
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

std::unique_ptr<Input> open_gzip_by_zlib(Raw raw) {
  return std::make_unique<GzipInput<ZlibInflater>>(std::move(raw));
}
std::unique_ptr<Input> open_gzip(Raw raw) {
#ifdef WEIR_HAS_ISAL
  return std::make_unique<GzipInput<IsalInflater>>(std::move(raw));
#else
  return open_gzip_by_zlib(std::move(raw));
#endif
}
std::unique_ptr<Packer> pack_gzip(Drain drain) { return std::make_unique<GzipPacker>(std::move(drain)); }

}  // namespace weir::detail::files
