// Reads the environment, PATH and the kernel's idea of cores.
#include "tool/site.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "batch/program.hpp"
#include "home/mpi_job.hpp"
#include "home/settings.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

}  // namespace

int available_cores() { return home::granted_cores(); }

std::optional<Allocation> job_allocation(int threads_per_rank) {
  const auto job = current_job();
  if (!job) return std::nullopt;
  return job->system->allocation(batch::own_variables(), threads_per_rank);
}

int default_ranks(int threads_per_rank) {
  const auto allocation = job_allocation(threads_per_rank);
  return allocation && allocation->places ? allocation->places : available_cores() + 1;
}

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::optional<std::string> find_launcher(const std::string& name) {
#ifdef WEIR_MPI_FOLDER
  const std::string own = std::string(WEIR_MPI_FOLDER "/") + name;
  if (access(own.c_str(), X_OK) == 0) return own;
#endif
  return batch::find_in_path(name);
}

Site find_site() {
  const home::MpiStarter& starter = home::mpi_starter();
  const std::string name(starter.program);
  const auto mpirun = find_launcher(name);
  if (!mpirun)
    throw Error(ErrorKind::not_found, name + " must be in PATH (got " +
                                          std::string(std::getenv("PATH") ? std::getenv("PATH") : "no PATH") +
                                          "); install " + std::string(starter.family) + " (Debian: " +
                                          std::string(starter.package) + ") or load its module");
  Site site;
  // By its folder's real name: of a /bin that links to /usr/bin mpirun would take the prefix "/", which it
  // refuses.
  site.mpirun = std::filesystem::canonical(std::filesystem::path(*mpirun).parent_path()) /
                std::filesystem::path(*mpirun).filename();
  site.family = home::mpi_family();
  site.weir = own_path();
  site.environment = environment();
  return site;
}

void check_ways_to(const std::vector<std::string>& hosts, const Site& site) {
  const auto other = std::find_if(hosts.begin(), hosts.end(),
                                  [&](const std::string& host) { return host != hosts.front(); });
  const auto own = site.environment.find("OMPI_MCA_plm_rsh_agent");
  const bool named = own != site.environment.end() && !own->second.empty();
  if (other == hosts.end() || named || batch::find_in_path("ssh") || batch::find_in_path("rsh")) return;
  throw Error(ErrorKind::not_found,
              "mpirun starts the ranks of other nodes with ssh, which must be on PATH "
              "(got none, and the job is on " +
                  hosts.front() + " and " + *other + "); " + std::string(ways_to_nodes));
}

}  // namespace weir::detail::tool
