// Which journal a program has.
#include "weir/journal.hpp"

#include <cstdlib>

#include "home/settings.hpp"

namespace weir {

namespace {

// What was said before there was a cluster.
std::string& named() {
  static std::string folder;
  return folder;
}

}  // namespace

void journal(const std::string& folder) {
  if (const auto link = detail::client::ClusterLink::current()) return link->keep_results(folder);
  if (folder.empty())
    throw Error(ErrorKind::invalid_argument, "journal: it needs the name of a folder (got \"\")");
  named() = folder;
}

void detail::home::open_journal(node::SchedulerNode& node) {
  std::string folder = environment("WEIR_JOURNAL");
  unsetenv("WEIR_JOURNAL");  // programs that this one starts have journals of their own
  if (!named().empty()) folder = named();
  if (!folder.empty()) node.keep_results(folder);
}

}  // namespace weir
