// What is known of a file that a task reads.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "journal/mapped.hpp"
#include "weir/journal.hpp"

namespace weir::detail::journal {

void add_file(Hasher& hasher, const InputFile& file) {
  struct stat about {};
  if (stat(file.path.c_str(), &about) != 0)
    throw Error(ErrorKind::not_found,
                "input_file: " + file.path + " cannot be read: " + std::strerror(errno));
  hasher.text(file.path);
  if (file.content) {
    const Mapped mapped(file.path);
    hasher.bytes(mapped.bytes().data(), mapped.bytes().size());
  } else {
    hasher.number(static_cast<std::uint64_t>(about.st_size));
    hasher.number(static_cast<std::uint64_t>(about.st_mtim.tv_sec));
    hasher.number(static_cast<std::uint64_t>(about.st_mtim.tv_nsec));
  }
}

}  // namespace weir::detail::journal
