// Folders of runs, as JSON files.
#include "dashboard/run_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/descriptor.hpp"
#include "core/process.hpp"
#include "core/wording.hpp"
#include "weir/error.hpp"

namespace weir::detail::dashboard {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int run_format = 1;
constexpr std::uintmax_t largest_run_file = 64 * 1024;

std::string own_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string reason(int number) { return std::strerror(number); }

std::optional<Run> read_run(const fs::path& folder) try {
  if (fs::file_size(folder / "run.json") > largest_run_file) return std::nullopt;
  std::ifstream file(folder / "run.json");
  const json text = json::parse(file);
  if (text.at("weir_run").get<int>() != run_format) return std::nullopt;
  Run run;
  run.folder = folder;
  text.at("id").get_to(run.program.id);
  text.at("program").get_to(run.program.name);
  text.at("host").get_to(run.program.host);
  text.at("job").get_to(run.program.job);
  text.at("pid").get_to(run.program.pid);
  text.at("started").get_to(run.program.started_s);
  text.at("running").get_to(run.program.is_running);
  run.born = text.value("born", std::uint64_t{0});
  text.at("address").get_to(run.address);
  text.at("token").get_to(run.token);
  return run;
} catch (const std::exception&) {
  return std::nullopt;
}

// They belong to this user alone, since somebody else could have made them before. Containers whose files
// cannot be written have the second.
std::array<fs::path, 2> own_folders() {
  const std::string name = "weir-" + std::to_string(geteuid());
  return {fs::path("/tmp") / name, fs::path("/dev/shm") / name};
}

bool is_own(const fs::path& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
         (status.st_mode & 077) == 0;
}

std::vector<Run> read_runs(const fs::path& directory) {
  std::vector<Run> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory / "runs", ignored))
    if (std::optional<Run> run = read_run(entry.path())) all.push_back(std::move(*run));
  return all;
}

bool lives(const Run& run) {
  const std::uint64_t birth = birth_of(static_cast<pid_t>(run.program.pid));
  return birth != 0 && (run.born == 0 || run.born == birth);
}

// Of programs that have ended the oldest go, so that the number of folders does not grow. When a program
// started stands in its folder's name: of the others no file is opened.
void remove_old(const fs::path& state_directory) {
  std::vector<std::pair<long long, fs::path>> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(state_directory / "runs", ignored))
    all.emplace_back(std::atoll(entry.path().filename().c_str()), entry.path());
  if (all.size() <= RunFolder::most_runs) return;
  const auto old = all.begin() + RunFolder::most_runs;
  std::nth_element(all.begin(), old, all.end(), std::greater<>());
  for (auto each = old; each != all.end(); ++each)
    if (const std::optional<Run> run = read_run(each->second); run && !is_alive(*run))
      fs::remove_all(each->second, ignored);
}

}  // namespace

RunFolder::RunFolder(Run run, const fs::path& state_directory) : run_(std::move(run)) {
  run_.folder = state_directory / "runs" / run_.program.id;
  if (!make()) return;
  write_run();
  remove_old(state_directory);
}

bool RunFolder::make() {
  if (is_there_) return true;
  const fs::path all = run_.folder.parent_path();
  std::error_code error;
  fs::create_directories(all, error);
  problem_.clear();
  if (error) problem_ = all.string() + " cannot be made (" + error.message() + ")";
  else if (chmod(all.c_str(), 0700) != 0 && errno != EPERM)
    problem_ = all.string() + " cannot be made private (" + reason(errno) + ")";
  else if (mkdir(run_.folder.c_str(), 0700) != 0)
    problem_ = run_.folder.string() + " cannot be made (" + reason(errno) + ")";
  return is_there_ = problem_.empty();
}

bool RunFolder::write(const char* name, const std::string& text) {
  if (!make()) return false;
  const fs::path path = run_.folder / name;
  const fs::path temporary = path.string() + ".new";
  const auto failed = [&](int number) {
    const std::string why = reason(number);
    unlink(temporary.c_str());
    problem_ = path.string() + " cannot be written (" + why + ")";
    return false;
  };
  Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) return failed(errno);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(file.get(), text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed(written < 0 ? errno : ENOSPC);
    at += static_cast<std::size_t>(written);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed(errno);
  problem_.clear();
  return true;
}

void RunFolder::write_run() {
  const json text = {{"weir_run", run_format},
                     {"id", run_.program.id},
                     {"program", run_.program.name},
                     {"host", run_.program.host},
                     {"job", run_.program.job},
                     {"pid", run_.program.pid},
                     {"born", birth_of(static_cast<pid_t>(run_.program.pid))},
                     {"started", run_.program.started_s},
                     {"running", run_.program.is_running},
                     {"address", run_.address},
                     {"token", run_.token}};
  is_told_ = write("run.json", seeing::text_of(text) + "\n");
}

void RunFolder::tell(const std::string& address, const std::string& token) {
  run_.address = address;
  run_.token = token;
  write_run();
}

void RunFolder::record(const std::string& text) {
  if (!is_told_) write_run();
  write("record.json", text);
}

void RunFolder::end(const std::string& text) {
  record(text);
  run_.program.is_running = false;
  run_.address.clear();
  run_.token.clear();
  write_run();
}

fs::path make_own_folder() {
  const auto folders = own_folders();
  for (const fs::path& path : folders) {
    static_cast<void>(mkdir(path.c_str(), 0700));
    if (is_own(path) && access(path.c_str(), W_OK) == 0) return path;
  }
  throw Error(ErrorKind::io, "dashboard: " + folders[0].string() + " or " + folders[1].string() +
                                 " must be a directory of this user alone (got neither); "
                                 "WEIR_DASHBOARD=unix:PATH names another place");
}

std::vector<Run> runs(const fs::path& state_directory) {
  std::vector<Run> all = read_runs(state_directory);
  for (const fs::path& own : own_folders())
    for (Run& run : own != state_directory && is_own(own) ? read_runs(own) : std::vector<Run>()) {
      if (!is_alive(run)) continue;
      std::erase_if(all, [&](const Run& one) { return one.program.id == run.program.id; });
      all.push_back(std::move(run));
    }
  std::stable_sort(all.begin(), all.end(), [](const Run& a, const Run& b) {
    return std::tie(a.program.started_s, a.program.pid) > std::tie(b.program.started_s, b.program.pid);
  });
  return all;
}

Run find_run(const std::string& which, const fs::path& state_directory, Before before) {
  const std::vector<Run> all = runs(state_directory);
  std::vector<Run> named;
  std::copy_if(all.begin(), all.end(), std::back_inserter(named), [&](const Run& run) {
    return which.empty() || which == "last" || which == run.program.id || which == run.program.job ||
           which == std::to_string(run.program.pid) || which == run.program.name;
  });
  auto found = named.begin();
  if (before == Before::alive && which != "last") found = std::find_if(named.begin(), named.end(), is_alive);
  if (found != named.end()) return *found;
  if (!named.empty()) return named.front();
  const std::string where = (state_directory / "runs").string();
  if (all.empty())
    throw Error(ErrorKind::not_found,
                "no program has left anything (got nothing in " + where +
                    "); programs do once they have run for a second, unless WEIR_DASHBOARD is off");
  throw Error(ErrorKind::not_found, "there must be a run with this id, job, process or program (got " +
                                        printable(which) + "); `weir status` lists those there are");
}

bool is_alive(const Run& run) {
  if (!run.program.is_running) return false;
  if (run.program.host == own_host()) return lives(run);
  std::error_code error;
  const auto written = fs::last_write_time(run.record(), error);
  return !error && fs::file_time_type::clock::now() - written < std::chrono::minutes(1);
}

}  // namespace weir::detail::dashboard
