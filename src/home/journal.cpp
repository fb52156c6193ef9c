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

// What a journal has been told is not in the environment any more.
void detail::home::check_journal_wishes() {
  const bool is_dry = !environment("WEIR_JOURNAL_DRY_RUN").empty();
  if (!is_dry && environment("WEIR_JOURNAL_RERUN").empty()) return;
  throw Error(ErrorKind::invalid_argument,
              std::string("weir run: ") + (is_dry ? "--dry-run" : "--rerun") +
                  " is about a journal, and the program has opened none: everything was computed; name it, "
                  "--journal FOLDER");
}

}  // namespace weir
