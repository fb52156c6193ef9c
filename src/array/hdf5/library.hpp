// What every user of the HDF5 library needs: its lock, identifiers that close themselves, its types and its
// reasons.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>
#include <variant>

#include "core/descriptor.hpp"
#include "weir/array/dtype.hpp"
#include "weir/error.hpp"

namespace weir::detail::array {

/// The library is not safe for threads: one call at a time.
[[nodiscard]] std::mutex& library();

/// An identifier that closes itself.
class Id {
 public:
  Id() = default;
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id& operator=(Id other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const noexcept { return id_; }
  [[nodiscard]] bool ok() const noexcept { return id_ >= 0; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

/// The innermost reason the library gives.
[[nodiscard]] std::string reason();
[[noreturn]] inline void fail(ErrorKind kind, const std::string& text) { throw Error(kind, text); }
[[nodiscard]] inline std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// As h5py does it: bool is an enumeration, complex numbers are pairs r and i.
[[nodiscard]] Id native_type(DType type);

/// The attribute of a dataset that is being changed in place.
inline constexpr const char* incomplete_mark = "weir_incomplete";
void set_mark(hid_t dataset, bool incomplete);

/// Whether there is a dataset or group of this name, also if a group on the way to it is missing.
[[nodiscard]] bool exists(hid_t file, const std::string& name);
/// An attribute that is a number or a text.
void write_attribute(hid_t dataset, const std::string& name,
                     const std::variant<double, std::int64_t, std::string>& value);
/// **Errors.** Throws in the function's name: `Error{not_found}` if there is no such file, `Error{io}` with
/// the library's reason.
[[nodiscard]] Id open_for_writing(const std::string& path, const std::string& function = "to_hdf5");
/// Room on the disk for what the library is about to write: with changes that it cannot write any more it
/// ends the process at its exit.
class Room {
 public:
  Room() = default;
  explicit Room(const std::string& path);
  /// For so many bytes more, and some for the index. The library may keep them for a while: they count until
  /// the file is flushed, which happens here now and then. What is left goes back when the file is opened and
  /// closed once more.
  /// **Errors.** Throws `Error{io}` in the function's name if there is none.
  void take(const std::string& function, hid_t file, std::uint64_t count);
  [[nodiscard]] bool was_taken() const noexcept { return taken_ > 0; }

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t taken_ = 0, kept_ = 0;  // bytes of the file that the disk has promised; of those asked for
                                        // that the library may not have written
};
/// Before a file is written: the library cannot open it a second time for writing.
void forget(const std::string& path);

}  // namespace weir::detail::array
