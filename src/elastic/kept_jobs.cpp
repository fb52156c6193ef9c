// Kept jobs, as JSON.
#include "elastic/kept_jobs.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "comm/key.hpp"
#include "home/session_file.hpp"

namespace weir::detail::elastic {

namespace fs = std::filesystem;
using nlohmann::json;

KeptJobs::KeptJobs(const fs::path& session_file, std::string shape)
    : path_(fs::path(session_file).replace_extension(".jobs")), shape_(std::move(shape)) {
  const auto bytes = comm::random_bytes();
  owner_ = comm::to_hex(bytes).substr(0, 16);
}

std::vector<KeptJob> KeptJobs::read(bool& same_shape) const {
  std::ifstream file(path_);
  const json text = json::parse(file, nullptr, false);
  std::vector<KeptJob> jobs;
  same_shape = true;
  try {
    same_shape = text.at("shape").get<std::string>() == shape_;
    for (const json& job : text.at("jobs"))
      jobs.push_back({job.at("id").get<std::string>(), job.at("label").get<std::string>()});
  } catch (const json::exception&) {
    return {};
  }
  return jobs;
}

void KeptJobs::write(const std::vector<KeptJob>& jobs) const {
  std::error_code ignored;
  if (jobs.empty()) {
    fs::remove(path_, ignored);
    return;
  }
  json text = {{"owner", owner_}, {"shape", shape_}, {"jobs", json::array()}};
  for (const KeptJob& job : jobs) text["jobs"].push_back({{"id", job.id}, {"label", job.label}});
  home::write_private(path_, text.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace weir::detail::elastic
