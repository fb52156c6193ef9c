// Journal: results that outlive the program, in a folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "core/descriptor.hpp"
#include "journal/index.hpp"
#include "journal/mapped.hpp"
#include "journal/segment.hpp"
#include "weir/detail/task/value.hpp"

namespace weir::detail::journal {

/// A function whose results are kept, as the user wrote it.
struct Function {
  std::string name;
  std::int64_t version = 0;
  friend auto operator<=>(const Function&, const Function&) = default;
};

/// A result, without its value.
struct Entry {
  Key key;
  Function function;
  std::uint32_t time = 0;  ///< Seconds since 1970.
  std::uint64_t bytes = 0;
  bool object = false;  ///< It has a file of its own ...
  bool file = false;    ///< ... which the program writes by itself.
};

/// The payload of the record that gives a function its number.
[[nodiscard]] std::string function_payload(std::uint32_t number, const Function& function);
/// What a record of a result says.
[[nodiscard]] inline Key key_of(const Record& record) { return number_at<Key>(record.payload, 0); }
[[nodiscard]] Place place_of(const Record& record, std::uint16_t segment);

/// What a journal was found to be.
struct Condition {
  std::uint64_t segments = 0, results = 0, bytes = 0;
  std::vector<std::string> problems;  ///< A sentence for each.
};

enum class Access : std::uint8_t { read, write };

/// The results of one program, run after run.
///
/// The log is a row of segments that only grow; each run begins a new one. Large values are files beside it,
/// written under another name first. What a dead writer left half is not read. One writer at a time.
/// **Threads.** Any.
/// **Errors.** A disk that is full or read-only ends the writing, not the program: `problem` says so.
class Journal {
 public:
  /// **Errors.** Throws `Error{io}` if the folder cannot be made or read, `Error{unsupported}` if another
  /// program writes it, or for a newer version.
  Journal(std::string folder, Access access);
  Journal(const Journal&) = delete;
  ~Journal();

  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] bool has(const Key& key) const;
  /// The serialized form of a result that is in the log; appended to `out`.
  [[nodiscard]] bool find_small(const Key& key, Buffer& out) const;
  /// A result with a file of its own, mapped; nothing if the file has gone or has changed.
  [[nodiscard]] std::optional<task::Value> find_object(const Key& key, const task::TypeOps* ops) const;
  /// Notes a small result; on the disk within a second, or after `commit`.
  void put(const Key& key, const Function& function, std::span<const std::byte> bytes);
  /// Writes a large one to a file of its own, on the calling thread, then notes it.
  void put(const Key& key, const Function& function, const Packed& value);
  /// Notes a result that the program writes by itself, to a file that is there under this name once it is
  /// complete: its path. `bytes`: how many it will have.
  [[nodiscard]] std::string put_file(const Key& key, const Function& function, std::uint64_t bytes);
  /// The path of such a file if it is noted and there; it stays while this journal is open.
  [[nodiscard]] std::string find_file(const Key& key);
  /// What has been put is on the disk when this returns.
  void commit();
  /// Nothing that was put of this key holds any more.
  void forget(const Key& key);

  /// Whether there ever was a result of this function in this version.
  [[nodiscard]] bool knows(const Function& function) const;
  /// The versions of a function that there were.
  [[nodiscard]] std::vector<std::int64_t> versions_of(const std::string& name) const;
  [[nodiscard]] Condition condition() const;
  void for_each(const std::function<void(const Entry&)>& f) const;
  /// Reads every file of a result and compares its checksums. Returns the keys of those that are not as
  /// written.
  [[nodiscard]] std::vector<std::pair<Key, std::string>> verify() const;
  /// Writes all that holds into one segment and removes the others, and objects that nobody knows. Others may
  /// find and put meanwhile. By itself, in the background, when it opens a log of which most does not hold.
  ///
  /// **Errors.** Throws `Error{io}`; then the journal is as it was.
  void compact();
  /// Nothing of this function holds any more. Returns how many results there were.
  std::uint64_t forget_function(const std::string& name);
  /// Object files take at most so many bytes from now on: those that were used least recently go.
  void limit(std::uint64_t bytes);
  /// The same once. Returns how many went.
  std::uint64_t keep_within(std::uint64_t bytes);
  /// Puts what `chosen` says into another journal.
  std::uint64_t copy_to(Journal& other, const std::function<bool(const Entry&)>& chosen) const;
  /// Why nothing is written any more; empty while all is well.
  [[nodiscard]] std::string problem() const;

 private:
  class Object;
  struct Segment {
    std::string path;
    std::shared_ptr<const Mapped> mapped;
    std::map<std::uint32_t, Function> functions;
  };

  void lock();
  void read_all();
  void read_one(std::uint16_t number, const std::string& path);
  void read_record(std::uint16_t segment, const Record& record);
  static void note_function(Segment& segment, const Record& record);
  void look_after();
  [[nodiscard]] bool begin_segment();
  void end_segment();
  void write_compacted(const std::string& path, std::uint16_t count) const;
  [[nodiscard]] bool is_worth_compacting() const;
  void append(RecordKind kind, const Key& key, const Function& function, std::string_view value);
  void write_out(std::unique_lock<std::mutex>& hold, bool sync);
  void stop_writing(const std::string& why);
  [[nodiscard]] std::uint64_t size_of(const Place& place) const;
  std::uint64_t copy_some(const Place& place, std::uint64_t offset, std::uint64_t most, void* to) const;
  void copy(const Place& place, std::uint64_t offset, std::uint64_t size, void* to) const;
  [[nodiscard]] std::uint32_t number_of(const Function& function);
  [[nodiscard]] std::string object_path(const Key& key) const;
  [[nodiscard]] std::string file_path(const Key& key) const;
  [[nodiscard]] bool is_file(const Place& place) const;
  void remove_file(const Key& key) const;
  void copy_file(const Entry& entry, Journal& other) const;
  void drop_unknown_objects();

  std::string folder_;
  Access access_;
  Descriptor lock_;
  std::shared_ptr<const Descriptor> out_;  // the segment being written; null: none yet
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Index index_;
  std::vector<Segment> segments_;
  std::map<Function, std::uint32_t> numbers_;  // in the segment being written
  std::string pending_;                        // not written yet; its first byte is at ...
  std::uint64_t written_ = 0;                  // ... here in the segment
  std::uint64_t synced_ = 0;                   // bytes of the segment that are on the disk
  std::vector<std::string> problems_;
  std::string problem_;
  std::set<std::string> being_written_;  // object files that no record speaks of yet
  std::set<std::string> used_files_;     // what this program reads, and may read again
  std::uint64_t live_bytes_ = 0;         // of the log as it was found
  std::atomic<std::uint64_t> object_bytes_{0}, limit_{UINT64_MAX};
  std::thread committer_;
  bool ends_ = false;
};

}  // namespace weir::detail::journal
