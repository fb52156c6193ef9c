// Cluster files, as JSON.
#include "elastic/cluster_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/log.hpp"
#include "home/session_file.hpp"
#include "weir/error.hpp"

namespace weir::detail::elastic {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr auto extension = ".cluster";

std::string to_text(const ClusterRecord& record) {
  const json text = {{"system", record.system},   {"program", record.program}, {"host", record.host},
                     {"pid", record.pid},         {"wanted", record.wanted},   {"queued", record.queued},
                     {"running", record.running}, {"workers", record.workers}, {"done", record.done},
                     {"pending", record.pending}, {"problem", record.problem}};
  return text.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

ClusterRecord read(const fs::path& path) {
  std::ifstream file(path);
  const json text = json::parse(file);
  ClusterRecord record;
  text.at("system").get_to(record.system);
  text.at("program").get_to(record.program);
  text.at("host").get_to(record.host);
  text.at("pid").get_to(record.pid);
  text.at("wanted").get_to(record.wanted);
  text.at("queued").get_to(record.queued);
  text.at("running").get_to(record.running);
  text.at("workers").get_to(record.workers);
  text.at("done").get_to(record.done);
  text.at("pending").get_to(record.pending);
  text.at("problem").get_to(record.problem);
  return record;
}

}  // namespace

ClusterFile::ClusterFile(const fs::path& session_file)
    : path_(fs::path(session_file).replace_extension(extension)) {}

ClusterFile::~ClusterFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

void ClusterFile::tell(const ClusterRecord& record) noexcept try {
  if (record == told_) return;
  home::write_private(path_, to_text(record));
  told_ = record;
} catch (const std::exception& error) {
  log::debug("{}", error.what());
}

std::vector<ClusterRecord> running_clusters() {
  std::vector<ClusterRecord> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(home::sessions_directory(), ignored)) {
    if (entry.path().extension() != extension) continue;
    try {
      (void)home::read_session_file(fs::path(entry.path()).replace_extension(".json"));
      all.push_back(read(entry.path()));
    } catch (const std::exception& error) {
      log::debug("{}", error.what());  // it has ended
    }
  }
  std::sort(all.begin(), all.end(), [](const ClusterRecord& a, const ClusterRecord& b) {
    return std::tie(a.host, a.pid) < std::tie(b.host, b.pid);
  });
  return all;
}

}  // namespace weir::detail::elastic
