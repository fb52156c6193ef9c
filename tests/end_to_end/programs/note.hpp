// What programs that are killed leave for their tests: lines of files, each written at once.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace weir::test {

/// Adds a line to a file, or with O_TRUNC puts it in place of the others.
inline void note(const std::string& path, const std::string& line, int how = O_APPEND) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | how, 0600);
  const std::string text = line + "\n";
  if (::write(file, text.data(), text.size()) < 0) std::abort();
  ::close(file);
}

}  // namespace weir::test
