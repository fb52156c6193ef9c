// What a running cluster tells people who look from outside: a file beside its session's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weir::detail::elastic {

/// A cluster at one moment.
struct ClusterRecord {
  std::string system;  ///< The batch system's name, or "processes".
  std::string program;
  std::string host;      ///< Where the program runs ...
  std::int64_t pid = 0;  ///< ... as this process.
  int wanted = 0;        ///< Jobs.
  int queued = 0;        ///< Jobs without a worker so far.
  int running = 0;       ///< Jobs with workers.
  int workers = 0;
  std::uint64_t done = 0, pending = 0;  ///< Tasks.
  std::string problem;                  ///< Why jobs do not come.
  friend bool operator==(const ClusterRecord&, const ClusterRecord&) = default;
};

/// Keeps the file of one cluster; removed with the object.
///
/// **Errors.** Never throws: a cluster works without it.
/// **Cost.** Written when something has changed, at most once a second.
class ClusterFile {
 public:
  explicit ClusterFile(const std::filesystem::path& session_file);
  ClusterFile(const ClusterFile&) = delete;
  ~ClusterFile();
  void tell(const ClusterRecord& record) noexcept;

 private:
  std::filesystem::path path_;
  ClusterRecord told_;
};

/// The clusters of this user whose programs can be seen to run, or run on another host.
[[nodiscard]] std::vector<ClusterRecord> running_clusters();

}  // namespace weir::detail::elastic
