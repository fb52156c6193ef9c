// What is known of files that a task reads, and of functions that it calls.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "journal/mapped.hpp"
#include "task/code_name.hpp"
#include "weir/detail/task/address.hpp"
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

void add_function(Hasher& hasher, const void* function) {
  if (!function) return hasher.number(0);
  const std::string name = task::code_name(task::portable_address(function));
  if (name == "???")
    throw Error(
        ErrorKind::unsupported,
        "submit(cached, ...): the executable does not tell the name of a function among the arguments, "
        "by which the result is found again; do not strip it");
  hasher.text(name);
}

}  // namespace weir::detail::journal
