// The dynamic section of an ELF file, read as far as its list of libraries.
#include "program/linked_mpi.hpp"

#include <elf.h>
#include <link.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "weir/error.hpp"

namespace weir::detail::program {
namespace {

constexpr std::string_view open_mpi = "Open MPI", mpich = "MPICH";

/// What is read of a file that may be anything: never more than there is.
class Image {
 public:
  explicit Image(const std::string& file) : in_(file, std::ios::binary) {}
  template <class T>
  std::vector<T> read(std::uint64_t offset, std::uint64_t count) {
    constexpr std::uint64_t most_bytes = 1 << 20;
    std::vector<T> things(count * sizeof(T) <= most_bytes ? count : 0);
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(offset));
    in_.read(reinterpret_cast<char*>(things.data()), static_cast<std::streamsize>(things.size() * sizeof(T)));
    if (!in_) things.clear();
    return things;
  }
  /// A text that ends with a zero byte.
  std::string text(std::uint64_t offset) {
    std::string text;
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(offset));
    std::getline(in_, text, '\0');
    return text;
  }

 private:
  std::ifstream in_;
};

std::vector<std::string> libraries_of(const std::string& file) {
  Image image(file);
  const auto header = image.read<ElfW(Ehdr)>(0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      header[0].e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32))
    return {};
  const auto parts = image.read<ElfW(Phdr)>(header[0].e_phoff, header[0].e_phnum);
  const auto in_file = [&](ElfW(Addr) address) -> std::uint64_t {
    for (const auto& part : parts)
      if (part.p_type == PT_LOAD && address >= part.p_vaddr && address < part.p_vaddr + part.p_filesz)
        return address - part.p_vaddr + part.p_offset;
    return 0;
  };
  std::vector<std::string> libraries;
  for (const auto& part : parts) {
    if (part.p_type != PT_DYNAMIC) continue;
    const auto entries = image.read<ElfW(Dyn)>(part.p_offset, part.p_filesz / sizeof(ElfW(Dyn)));
    std::uint64_t names = 0;
    for (const auto& entry : entries)
      if (entry.d_tag == DT_STRTAB) names = in_file(entry.d_un.d_ptr);
    for (const auto& entry : entries)
      if (entry.d_tag == DT_NEEDED && names) libraries.push_back(image.text(names + entry.d_un.d_val));
  }
  return libraries;
}

}  // namespace

std::string_view linked_mpi(const std::string& file) {
  for (const std::string& library : libraries_of(file)) {
    // Libraries of MPICH's family that keep to its common interface are libmpi.so.12.
    if (library.starts_with("libmpich") || library == "libmpi.so.12") return mpich;
    if (library.starts_with("libmpi.so.")) return open_mpi;
  }
  return {};
}

std::string_view launched_mpi(const std::string& file) {
  std::error_code problem;
  const std::string name = std::filesystem::canonical(file, problem).filename().string();
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("hydra") || has("mpich")) return mpich;
  return has("orterun") || has("prterun") || has("openmpi") ? open_mpi : std::string_view{};
}

bool may_not_end(const std::string& version_text) {
  const auto at = version_text.find("Version:");
  if (!version_text.starts_with("HYDRA") || at == std::string::npos) return false;
  int major = 0, minor = 0;
  return std::sscanf(version_text.c_str() + at, "Version: %d.%d", &major, &minor) == 2 &&
         (major == 4 ? minor < 2 : major < 4);
}

void check_family(const std::string& launcher, const std::string& program) {
  const std::string_view linked = linked_mpi(program), launched = launched_mpi(launcher);
  if (linked.empty() || launched.empty() || linked == launched) return;
  throw Error(ErrorKind::invalid_argument,
              "program: '" + program + "' is a program of " + std::string(linked) + ", and '" + launcher +
                  "' starts those of " + std::string(launched) +
                  ": each rank would be alone; .launcher = \"" +
                  (linked == mpich ? "mpiexec.hydra" : "mpirun") + "\" may be the right one");
}

}  // namespace weir::detail::program
