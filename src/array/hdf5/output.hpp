// Files that are written: who may write, which file a name means, and what is left when a writer dies.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "array/hdf5/library.hpp"
#include "core/descriptor.hpp"

namespace weir::detail::array {

/// The right to change a file, among all programs that lock files, HDF5 itself among them; the threads of one
/// program share it.
class WriteLock;
/// Waits for it; not under the library's lock. Null where the file system has no locks, or if the library is
/// told to lock by itself (HDF5_USE_FILE_LOCKING).
/// **Errors.** Throws `Error{timeout}` in the function's name, `Error{io}` if the file cannot be opened.
[[nodiscard]] std::shared_ptr<WriteLock> lock_for_writing(const std::string& function,
                                                          const std::string& path,
                                                          std::chrono::nanoseconds wait);

/// What a name is given to while it is incomplete: `x.h5.part-PLACE-PID-START`, of this process.
[[nodiscard]] std::string part_name(const std::string& name);
/// Whether a name was given by `part_name`, and to what.
[[nodiscard]] bool is_part_name(const std::string& name, std::string* of = nullptr);
/// Whether the process that gave it is certainly gone: it was one of this machine.
[[nodiscard]] bool is_left_over(const std::string& part);
/// Files that were left where `path` was to be made, and have no writer any more.
[[nodiscard]] std::vector<std::string> left_over_files(const std::string& path);

/// The file that a new `path` takes the place of: what links lead to.
/// **Errors.** Throws `Error{invalid_argument}` in the function's name for what is no file, and for a file
/// with several names, of which only one would become the new file.
[[nodiscard]] std::string replaced_file(const std::string& function, const std::string& path);

/// Gives a file, open as `file`, the name of another one and its mode.
/// **Errors.** Throws `Error{io}` in the function's name.
void take_name(const std::string& function, const Descriptor& file, const std::string& path,
               const std::string& target);

/// A new file beside the one it takes the place of. It goes with this object, and with the program if that
/// ends by SIGINT, SIGTERM or SIGHUP; others that were left of the same name go when it is made.
class PartFile {
 public:
  /// **Errors.** Throws `Error{io}` in the function's name.
  PartFile(const std::string& function, std::string target);
  PartFile(const PartFile&) = delete;
  ~PartFile();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Takes the name, and the mode of the file that had it.
  void publish();
  /// As `publish`, but leaves a file that is there. \return whether there was none.
  bool publish_if_new();

 private:
  std::string function_, target_, path_;
  Descriptor lock_;
  int slot_ = -1;
};

}  // namespace weir::detail::array
