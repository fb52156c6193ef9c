// Files get their names when all have been written and what was read has been checked.
#include "frame/plan/output.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/decimal.hpp"
#include "core/target.hpp"
#include "weir/detail/files/output.hpp"

namespace weir::detail::frame {

namespace {

// `out-*.csv` becomes `out-007.csv`: as many digits as the last number has, so that names sort.
std::string numbered(const std::string& path, std::size_t number, std::size_t count) {
  const std::size_t star = path.find('*');
  std::string digits = std::to_string(number);
  const std::size_t width = std::to_string(count - 1).size();
  digits.insert(0, width - std::min(width, digits.size()), '0');
  return path.substr(0, star) + digits + path.substr(star + 1);
}

}  // namespace

std::vector<std::string> write_parts(Run& run, const char* who, const std::string& path, std::size_t count,
                                     const WritePart& write) {
  if (std::count(path.begin(), path.end(), '*') > 1)
    throw Error(ErrorKind::invalid_argument, std::string(who) +
                                                 ": the path must have one *, which becomes the number of a "
                                                 "partition (got " +
                                                 quoted(path) + ")");
  std::vector<std::string> paths, drafts;
  std::vector<Future<void>> written;
  for (std::size_t p = 0; p < count; ++p) {
    paths.push_back(target_of(numbered(path, p, count)));
    drafts.push_back(draft_of(paths.back(), ".part"));
    files::check_no_directory(who, paths.back());
  }
  const std::string name = run.client.rename({});
  run.client.rename(name + "." + who);
  for (std::size_t p = 0; p < count; ++p) written.push_back(write(p, drafts[p], paths[p]));
  try {
    run.client.gather(written);
    run.check();
  } catch (...) {
    run.client.wait(written);
    for (std::size_t p = 0; p < count; ++p) drop(drafts[p], paths[p]);
    throw;
  }
  for (std::size_t p = 0; p < count; ++p)
    if (const int why = take_name(drafts[p], paths[p]))
      throw Error(ErrorKind::io, std::string(who) + ": a file must be given its name (got " +
                                     quoted(paths[p]) + ": " + std::strerror(why) + ")");
  return paths;
}

}  // namespace weir::detail::frame
