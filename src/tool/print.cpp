// stdout is checked at the end; stderr is for people.
#include "tool/print.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "core/wording.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

void complain(std::string_view command, std::string_view sentence) {
  const std::string who = command.empty() ? "weir" : "weir " + std::string(command);
  std::fprintf(stderr, "%s: %s\n", who.c_str(), printable(sentence).c_str());
}

void check_output() {
  const bool was_lost_before = std::ferror(stdout) != 0;
  const bool is_written = std::fflush(stdout) == 0;
  const std::string reason = is_written ? "" : std::string(" (") + std::strerror(errno) + ")";
  if (was_lost_before || !is_written) throw Error(ErrorKind::io, "the output could not be written" + reason);
}

}  // namespace weir::detail::tool
