// What every user of the HDF5 library needs: its lock, identifiers that close themselves, its types and its
// reasons.
#pragma once

#include <hdf5.h>
#include <sys/stat.h>

#include <compare>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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
/// What `reason` says if the library gives none.
inline constexpr const char* no_reason = "no reason given";
[[noreturn]] inline void fail(ErrorKind kind, const std::string& text) { throw Error(kind, text); }
[[nodiscard]] inline std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// As h5py does it: bool is an enumeration, complex numbers are pairs r and i.
[[nodiscard]] Id native_type(DType type);

/// The attribute of a dataset that is being changed in place.
inline constexpr const char* incomplete_mark = "weir_incomplete";
void set_mark(hid_t dataset, bool incomplete);

/// Whether there is a dataset or group of this name, also if a group on the way to it is missing.
[[nodiscard]] bool exists(hid_t file, const std::string& name);
/// A number, a text, or a list of one of them.
using AttributeValue = std::variant<double, std::int64_t, std::string, std::vector<double>,
                                    std::vector<std::int64_t>, std::vector<std::string>>;
void write_attribute(hid_t dataset, const std::string& name, const AttributeValue& value);
/// Attributes of these kinds; others are left out.
[[nodiscard]] std::map<std::string, AttributeValue> read_attributes(hid_t object);
/// The texts of a dataset or attribute, of fixed or variable length.
[[nodiscard]] std::vector<std::string> texts_of(hid_t type, std::size_t count,
                                                const std::function<herr_t(hid_t, void*)>& read);

/// One file under all its names.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};
[[nodiscard]] inline FileIdentity identity_of(const struct stat& status) noexcept {
  return {status.st_dev, status.st_ino};
}

/// The library's lock, held.
using Hold = std::unique_lock<std::mutex>;
/// **Errors.** Throws in the function's name, with the path as it is given: `Error{not_found}` if there is no
/// such file, `Error{io}` for a folder, no permission, and what is not or no whole HDF5 file. `growing`: also
/// what another program writes in SWMR mode.
[[nodiscard]] Id open_for_reading(const std::string& function, const std::string& path, bool growing = false);
/// As `open_for_reading`, when nobody in this process reads the file any more: readers finish what they have
/// begun.
[[nodiscard]] Id open_for_writing(Hold& hold, const std::string& path,
                                  const std::string& function = "to_hdf5");
/// Access that neither locks files nor is stopped by locks, for files and for what links lead to: a reader
/// that keeps a file open must not stop a writer.
[[nodiscard]] Id file_access();
[[nodiscard]] Id dataset_access();
/// Opens the dataset, wherever its links lead.
/// **Errors.** Throws `Error{not_found}` that says where the way to it ends, `Error{invalid_argument}` for a
/// group.
[[nodiscard]] Id open_dataset(const std::string& function, hid_t file, const std::string& path,
                              const std::string& dataset);
/// "32015 (zstd)": the number of a filter and what it is called, by the file or by the registry of filters.
[[nodiscard]] std::string filter_text(H5Z_filter_t filter, const std::string& name = {});
/// A sentence for a filter of the dataset that the library does not have; empty if it has all of them.
[[nodiscard]] std::string missing_filter(const std::string& function, hid_t properties,
                                         const std::string& path, const std::string& dataset,
                                         bool also_optional);

/// Throws the error that is being handled, with other names in its sentence: (as it is, as it should be).
[[noreturn]] void rethrow_with(const std::vector<std::pair<std::string, std::string>>& names);
/// Does f, whose errors call a file what its user does.
template <class F>
decltype(auto) with_name(const std::string& path, const std::string& named, F f) try {
  return f();
} catch (const Error&) {
  rethrow_with({{path, named}});
}

/// Asks the disk for so many bytes from `from` on. \return 0 or the system's error. Where the file system
/// cannot promise any, there are so many now.
[[nodiscard]] int ask_for_room(int file, std::uint64_t from, std::uint64_t bytes);

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
/// Closes what this process keeps open of a file, as soon as nobody reads it any more.
void let_go(Hold& hold, const FileIdentity& file);

}  // namespace weir::detail::array
