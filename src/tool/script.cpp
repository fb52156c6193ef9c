// weir script [OPTIONS] PROGRAM ARGS...
#include <cstdio>

#include "tool/command.hpp"
#include "tool/job_options.hpp"

namespace weir::detail::tool {

int script(int argc, char** argv) {
  const auto request = parse_job_request(argc, argv, false);
  if (request) std::fputs(request->system->script(request->options).c_str(), stdout);
  return 0;
}

}  // namespace weir::detail::tool
