#include "weir/detail/files/find.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/descriptor.hpp"
#include "core/wording.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/files/output.hpp"
#include "weir/error.hpp"

namespace weir {

std::string_view to_string(Compression compression) noexcept {
  constexpr std::array<std::string_view, 6> names = {"automatic", "none", "gzip", "bzip2", "xz", "zstd"};
  return names[static_cast<std::size_t>(compression)];
}

namespace detail::files {
namespace {

std::vector<std::string> matches(const std::string& pattern) {
  struct Found : glob_t {
    Found() : glob_t{} {}
    ~Found() { globfree(this); }
  } found;
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_there(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0;
}

std::vector<std::string> expand(const char* who, const std::string& pattern) {
  if (pattern.empty())
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: a file must have a name (got an empty one)", who));
  if (pattern.find('\0') != std::string::npos)
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("{}: the name of a file must not have a NUL byte (got '{}')", who, printable(pattern)));
  if (pattern.find_first_of("*?[") == std::string::npos || is_there(pattern)) return {pattern};
  std::vector<std::string> paths = matches(pattern);
  if (paths.empty())
    throw Error(
        ErrorKind::not_found,
        fmt::format("{}: a pattern must match at least one file (got '{}', which matches none); it is "
                    "looked for from the program's working directory",
                    who, printable(pattern)));
  return paths;
}

Compression compression_of_bytes(std::string_view first) {
  const auto begins = [&](std::string_view magic) { return first.substr(0, magic.size()) == magic; };
  if (begins("\x1f\x8b")) return Compression::gzip;
  if (begins(std::string_view("\xfd"
                              "7zXZ\0",
                              6)))
    return Compression::xz;
  const bool is_skipped = !first.empty() && (first[0] & 0xf0) == 0x50 && first.substr(1, 3) == "\x2a\x4d\x18";
  if (begins("\x28\xb5\x2f\xfd") || is_skipped)
    return Compression::zstd;  // pzstd begins with what is skipped
  const std::string_view block = first.size() >= 10 ? first.substr(4, 6) : "";
  if (begins("BZh") && (block == "\x31\x41\x59\x26\x53\x59" || block == "\x17\x72\x45\x38\x50\x90"))
    return Compression::bzip2;
  return Compression::none;
}

Compression judge(const char* who, const std::string& path, std::string_view first, Compression wanted) {
  if (wanted != Compression::automatic) return wanted;
  const Compression found = compression_of_bytes(first);
  const Compression named = compression_of_name(path);
  if (first.empty() || found == named || named == Compression::none) return found;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: a file must be what its name says (got '{}', whose first bytes are not those "
                          "of {}); give its compression if the name is wrong",
                          who, printable(path), to_string(named)));
}

File look(const char* who, const std::string& path, Compression wanted) {
  const auto refuse = [&](int error) {
    throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
                fmt::format("{}: a file must be there and readable (got '{}': {})", who, printable(path),
                            std::strerror(error)));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) refuse(errno);
  struct stat about {};
  if (fstat(file.get(), &about) != 0) refuse(errno);
  if (!S_ISREG(about.st_mode))
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: a file must be a regular one (got '{}', which is {}); {}", who,
                            printable(path), S_ISDIR(about.st_mode) ? "a directory" : "a device or pipe",
                            S_ISDIR(about.st_mode) ? fmt::format("its files are '{}/*'", printable(path))
                                                   : "write it to a file first"));
  char first[10];
  const ssize_t count = pread(file.get(), first, sizeof first, 0);
  if (count < 0) refuse(errno);
  if (count > about.st_size &&
      (fstat(file.get(), &about) != 0 || count > about.st_size))  // not one that grows
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: a file must be as long as it says (got '{}', which says {} bytes and has "
                            "more); copy it, and read the copy",
                            who, printable(path), about.st_size));
  return {path, static_cast<std::uint64_t>(about.st_size),
          judge(who, path, {first, static_cast<std::size_t>(count)}, wanted)};
}

}  // namespace

std::vector<File> find(const char* who, const std::vector<std::string>& patterns, Compression compression) {
  if (patterns.empty())
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: there must be at least one file (got none)", who));
  std::vector<File> files;
  for (const std::string& pattern : patterns)
    for (const std::string& path : expand(who, pattern)) files.push_back(look(who, path, compression));
  return files;
}

namespace {

// What reading a file costs, in bytes of a plain one.
std::uint64_t weight(const File& file) {
  return file.compression == Compression::none ? file.bytes : 4 * file.bytes;
}

std::uint64_t usual_block(const std::vector<File>& files) {
  constexpr std::uint64_t mebibyte = 1 << 20;
  std::uint64_t total = 0;
  for (const File& file : files) total += weight(file);
  return std::clamp(total / 32, mebibyte, 64 * mebibyte);
}

void cut(const File& file, std::uint64_t block, std::vector<std::vector<Portion>>& groups) {
  const std::uint64_t count = (file.bytes + block - 1) / block;
  const auto border = [&](std::uint64_t i) {
    return file.bytes / count * i + std::min(i, file.bytes % count);
  };
  for (std::uint64_t i = 0; i < count; ++i)
    groups.push_back({{file.path, file.compression, border(i), border(i + 1)}});
}

}  // namespace

std::vector<std::vector<Portion>> divide(const std::vector<File>& files, std::uint64_t block_bytes) {
  constexpr std::uint64_t least = 4;  // the mark of UTF-8 and a byte of the line behind it
  const std::uint64_t block = block_bytes != 0 ? std::max(block_bytes, least) : usual_block(files);
  std::vector<std::vector<Portion>> groups;
  std::uint64_t room = 0;  // in the last group, if further files may join it
  for (const File& file : files) {
    if (file.compression == Compression::none && file.bytes > block) {
      cut(file, block, groups);
      room = 0;
      continue;
    }
    const std::uint64_t needed = std::max<std::uint64_t>(weight(file), 1);
    if (groups.empty() || needed > room) {
      groups.emplace_back();
      room = block;
    }
    groups.back().push_back({file.path, file.compression, 0, file.bytes});
    room -= std::min(room, needed);
  }
  return groups;
}

std::uint64_t bytes_of_block(const char* who, const char* example, const std::string& text) {
  std::uint64_t bytes = 0;
  try {
    bytes = parse_bytes(text);
  } catch (const Error&) {
  }
  if (bytes == 0)
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: .block must be a number of bytes such as \"{}\" (got \"{}\")", who, example,
                            printable(text)));
  return bytes;
}

}  // namespace detail::files
}  // namespace weir
