// What is known of files that a task reads, and of functions that it calls.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "journal/mapped.hpp"
#include "task/code_name.hpp"
#include "weir/detail/core/symbol.hpp"
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

void add_function(Hasher& hasher, std::uint64_t portable_address) {
  if (!portable_address) return hasher.number(0);
  const std::string name = task::code_name(portable_address);
  if (name == "???")
    throw Error(
        ErrorKind::unsupported,
        "submit(cached, ...): the executable does not tell the name of a function among the arguments, "
        "by which the result is found again; do not strip it");
  if (is_of_lambda(name))
    throw Error(
        ErrorKind::unsupported,
        "submit(cached, ...): a lambda among the arguments has no name by which another run finds the "
        "result; name it: make it a function (got " +
            name + ")");
  task::check_has_no_namesake("submit(cached, ...)", portable_address);
  hasher.text(name);
}

void add_written(Hasher& hasher, std::span<const std::byte> bytes,
                 std::span<const WrittenFunction> functions) {
  std::size_t at = 0;
  for (const WrittenFunction& function : functions) {
    hasher.bytes(bytes.data() + at, function.offset - at);
    hasher.number(0);
    at = function.offset + sizeof function.address;
  }
  hasher.bytes(bytes.data() + at, bytes.size() - at);
  for (const WrittenFunction& function : functions) {
    hasher.number(function.offset);
    add_function(hasher, function.address);
  }
}

}  // namespace weir::detail::journal
