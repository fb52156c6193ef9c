// SpillFile: values on this node's disk, in a file without a name.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "weir/detail/task/value.hpp"

namespace weir::detail::node {

/// Keeps packed values in one file that only this process can reach and that is gone when the process is,
/// however it ends.
///
/// **Threads.** Any.
/// **Cost.** One write per value; it is read in place, through mapped memory. Places of values that are gone
/// are given back to the disk and used again.
class SpillFile : public std::enable_shared_from_this<SpillFile> {
 public:
  /// In this folder; nothing is opened before the first `write`.
  explicit SpillFile(std::string folder) : folder_(std::move(folder)) {}
  SpillFile(const SpillFile&) = delete;
  ~SpillFile();

  /// **Errors.** Throws `Error{io}` if the folder or the disk does not take it; then nothing is kept.
  [[nodiscard]] std::shared_ptr<const task::Store> write(const Packed& value);
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  /// Size of the file: the most that has been kept since it was last empty.
  [[nodiscard]] std::uint64_t size() const;

 private:
  class Stored;
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  void open();
  void write_at(std::uint64_t offset, const void* data, std::uint64_t size);
  [[nodiscard]] Place take(std::uint64_t size);
  void release(Place place);
  [[noreturn]] void fail(const std::string& what) const;

  std::string folder_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::uint64_t> free_;  // offset -> size
  std::uint64_t end_ = 0;
};

}  // namespace weir::detail::node
