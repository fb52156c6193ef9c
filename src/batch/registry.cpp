// Records as JSON files.
#include "batch/registry.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/log.hpp"
#include "core/variables.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

using nlohmann::json;

/// A batch system may take a moment to know a job it has just accepted.
constexpr auto known_within = std::chrono::seconds(60);

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw Error(ErrorKind::io, "jobs: " + what + " (got " + path.string() + ": " + std::strerror(errno) +
                                 "); WEIR_STATE_DIR names another directory");
}

void write_whole(int file, const std::string& text, const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      close(file);
      fail("a file cannot be written", path);
    }
    done += static_cast<std::size_t>(wrote);
  }
  if (close(file) != 0) fail("a file cannot be written", path);
}

/// A new file of mode 0600 in `directory` that holds `text`.
std::filesystem::path write_new(const std::filesystem::path& directory, const std::string& text) {
  std::string name = (directory / ".new.XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) fail("a file cannot be made", name);
  write_whole(file, text, name);
  return name;
}

void rename_to(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) fail("a file cannot be renamed", to);
}

JobState state_called(const std::string& name) {
  for (const JobState state : {JobState::waiting, JobState::held, JobState::running, JobState::succeeded,
                               JobState::failed, JobState::cancelled, JobState::timed_out, JobState::lost})
    if (to_string(state) == name) return state;
  return JobState::unknown;
}

// JSON must be UTF-8; arguments and paths need not be.
std::string dump(const json& tree) { return tree.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

std::string to_json(const JobRecord& record) {
  json tree{{"system", record.system},
            {"id", record.last.id},
            {"array", record.array},
            {"name", record.name},
            {"directory", record.directory},
            {"command", record.command},
            {"ranks", record.ranks},
            {"output_file", record.output_file},
            {"error_file", record.error_file},
            {"submitted", record.submitted.time_since_epoch().count()},
            {"files_since_ns", record.files_since_ns},
            {"state", to_string(record.last.state)},
            {"reason", record.last.reason}};
  if (record.last.exit_status) tree["exit_status"] = *record.last.exit_status;
  return dump(tree);
}

JobRecord from_json(const json& tree) {
  JobRecord record;
  record.system = tree.at("system");
  record.last.id = tree.at("id");
  record.array = tree.value("array", "");
  record.name = tree.at("name");
  record.directory = tree.at("directory");
  record.command = tree.at("command").get<std::vector<std::string>>();
  record.ranks = tree.at("ranks");
  record.output_file = tree.at("output_file");
  record.error_file = tree.at("error_file");
  record.submitted = std::chrono::sys_seconds(std::chrono::seconds(tree.at("submitted").get<std::int64_t>()));
  record.files_since_ns = tree.value("files_since_ns", std::int64_t{0});
  record.last.state = state_called(tree.at("state"));
  record.last.reason = tree.at("reason");
  if (tree.contains("exit_status")) record.last.exit_status = tree.at("exit_status").get<int>();
  return record;
}

/// What was submitted: the array of an element.
const std::string& submitted_id(const JobRecord& record) {
  return record.array.empty() ? record.last.id : record.array;
}

bool is_meant(const JobRecord& record, std::string_view which) {
  const std::string& array = record.array;
  const auto names = [&](const std::string& id) {
    return which == id || which == id.substr(0, id.find('.')) || which == record.system + ":" + id;
  };
  return names(record.last.id) ||
         (!array.empty() && (names(array) || names(array.substr(0, array.find('[')))));
}

std::filesystem::path exit_file(const std::filesystem::path& directory, const std::string& job_id) {
  return directory / (job_id + ".exit");
}

/// Where a user's registry is, whether it exists or not; empty if nothing tells.
std::filesystem::path directory_of_user() {
  const auto variable = [](const char* name) {
    return std::string(std::getenv(name) ? std::getenv(name) : "");
  };
  std::filesystem::path state = variable("WEIR_STATE_DIR");
  if (state.empty() && !variable("XDG_STATE_HOME").empty())
    state = std::filesystem::path(variable("XDG_STATE_HOME")) / "weir";
  if (const std::string home = home_directory(); state.empty() && !home.empty())
    state = std::filesystem::path(home) / ".local/state/weir";
  return state.empty() ? state : state / "jobs";
}

/// What the program itself left counts where the batch system tells no exit status.
void complete(JobStatus& status, const JobRegistry& registry) {
  const bool is_silent =
      status.state == JobState::unknown || (status.state == JobState::failed && !status.exit_status);
  const auto noted = is_silent ? registry.noted_exit_status(status.id) : std::nullopt;
  if (!noted) return;
  status.state = *noted == 0 ? JobState::succeeded : JobState::failed;
  status.exit_status = noted;
}

/// The last line of a file, shortened; for a failed job it usually says why.
std::string last_line(const std::string& path) {
  constexpr std::streamoff enough = 4096;
  constexpr std::size_t longest = 120;
  std::ifstream in(path, std::ios::ate);
  in.seekg(-std::min<std::streamoff>(enough, std::max<std::streamoff>(0, in.tellg())), std::ios::end);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  std::replace_if(
      last.begin(), last.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return last.substr(0, longest);
}

}  // namespace

JobRegistry::JobRegistry(std::filesystem::path directory) : directory_(std::move(directory)) {}

void JobRegistry::make_directory() const {
  std::error_code problem;
  std::filesystem::create_directories(directory_.parent_path(), problem);
  if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    fail("their directory cannot be made", directory_);
  if (chmod(directory_.c_str(), 0700) != 0) fail("their directory cannot be made private", directory_);
}

JobRegistry JobRegistry::of_user() {
  const std::filesystem::path directory = directory_of_user();
  if (directory.empty())
    throw Error(ErrorKind::not_found,
                "jobs: HOME or WEIR_STATE_DIR must say where to keep them (got neither)");
  return JobRegistry(directory);
}

std::filesystem::path JobRegistry::file(const JobRecord& record, std::string_view extension) const {
  const std::string& id = extension == ".sh" ? submitted_id(record) : record.last.id;
  return directory_ / (record.system + "-" + id + std::string(extension));
}

std::vector<JobRecord> JobRegistry::all() const {
  std::vector<JobRecord> records;
  std::error_code problem;
  const std::filesystem::directory_iterator entries(directory_, problem);
  errno = problem.value();
  if (problem && problem != std::errc::no_such_file_or_directory)
    fail("their directory cannot be read", directory_);
  for (const auto& entry : entries) {
    if (entry.path().extension() != ".json") continue;
    try {
      std::ifstream in(entry.path());
      records.push_back(from_json(json::parse(in)));
    } catch (const json::exception&) {
      log::warn("jobs: a record cannot be read and is left out (got {})", entry.path().string());
    }
  }
  std::sort(records.begin(), records.end(), [](const JobRecord& a, const JobRecord& b) {
    return std::tuple(a.submitted, a.last.id.size(), a.last.id) <
           std::tuple(b.submitted, b.last.id.size(), b.last.id);
  });
  return records;
}

std::vector<JobRecord> JobRegistry::find(std::string_view which) const {
  std::vector<JobRecord> records = all();
  const auto is_one = [&](const JobRecord& one) {
    return [system = one.system, id = submitted_id(one)](const JobRecord& other) {
      return other.system == system && submitted_id(other) == id;
    };
  };
  if (which == "last" && !records.empty()) {
    std::erase_if(records, std::not_fn(is_one(records.back())));
    return records;
  }
  std::erase_if(records, [&](const JobRecord& record) { return !is_meant(record, which); });
  if (records.empty())
    throw Error(ErrorKind::not_found, "no job of yours is known by that id; `weir status` lists them (got " +
                                          std::string(which) + ")");
  if (!std::all_of(records.begin(), records.end(), is_one(records.front())))
    throw Error(ErrorKind::invalid_argument,
                "several jobs have that id; write for example " + records.front().system + ":" +
                    submitted_id(records.front()) + " (got " + std::string(which) + ")");
  return records;
}

void JobRegistry::save(const JobRecord& record) const {
  make_directory();
  rename_to(write_new(directory_, to_json(record)), file(record, ".json"));
}

std::filesystem::path JobRegistry::write_script(const std::string& text) const {
  make_directory();
  return write_new(directory_, text);
}

void JobRegistry::keep_script(const std::filesystem::path& script, const JobRecord& record) const {
  rename_to(script, file(record, ".sh"));
}

void JobRegistry::forget_before(std::chrono::sys_seconds then) const {
  std::error_code ignored;
  for (const JobRecord& record : all()) {
    if (!is_over(record.last.state) || record.submitted >= then) continue;
    std::filesystem::remove(file(record, ".json"), ignored);
    std::filesystem::remove(file(record, ".sh"), ignored);
    std::filesystem::remove(exit_file(directory_, record.last.id), ignored);
  }
}

std::optional<int> JobRegistry::noted_exit_status(const std::string& job_id) const {
  std::ifstream in(exit_file(directory_, job_id));
  int status = 0;
  return in >> status ? std::optional<int>(status) : std::nullopt;
}

void note_exit_status(int status) noexcept try {
  const auto job = current_job();
  const std::filesystem::path directory = directory_of_user();
  std::error_code ignored;
  if (!job || job->id.find('/') != std::string::npos || !std::filesystem::is_directory(directory, ignored))
    return;
  rename_to(write_new(directory, std::to_string(status) + "\n"), exit_file(directory, job->id));
} catch (...) {
  return;  // the batch system may still tell; the program's own exit status must not suffer
}

void refresh(std::vector<JobRecord>& records, const JobRegistry& registry, std::chrono::sys_seconds now) {
  std::map<std::string, std::vector<JobRecord*>> open;
  for (JobRecord& record : records)
    if (!is_over(record.last.state)) open[record.system].push_back(&record);
  std::optional<Error> problem;
  for (const auto& [system, jobs] : open) {
    std::vector<std::string> ids;
    for (const JobRecord* job : jobs) ids.push_back(job->last.id);
    try {
      std::vector<JobStatus> answers = batch_system(system).status(ids);
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        complete(answers[i], registry);
        if (answers[i].state == JobState::unknown && now - jobs[i]->submitted < known_within) continue;
        jobs[i]->last = answers[i];
        registry.save(*jobs[i]);
      }
    } catch (const Error& error) {
      problem = error;
    }
  }
  if (problem) throw *problem;
}

std::string description(const JobRecord& record) {
  const JobStatus& status = record.last;
  std::string text = status.exit_status && *status.exit_status != 0
                         ? "exit status " + std::to_string(*status.exit_status)
                         : "";
  const auto add = [&](const std::string& more) {
    text += (text.empty() || more.empty() ? "" : ", ") + more;
  };
  add(status.reason);
  if (status.state == JobState::failed) add(last_line(record.error_file));
  return text;
}

}  // namespace weir::detail::batch
