// Portable addresses by the loader's list of modules.
#include "weir/detail/task/address.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "task/code_name.hpp"
#include "weir/error.hpp"

namespace weir::detail::task {
namespace {

struct Module {
  std::uintptr_t base = 0, first = 0, last = 0;  // load address; extent of its segments
  std::uint16_t key = 0;                         // 0: the executable
  std::string file;
  const std::byte* note = nullptr;
  std::size_t note_bytes = 0;
};

constexpr std::uint64_t type_mark = std::uint64_t{1} << 47;
constexpr std::uint64_t offset_mask = type_mark - 1;

std::uint64_t digest(const void* data, std::size_t count, std::uint64_t hash = 0xcbf29ce484222325u) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

int collect(dl_phdr_info* info, std::size_t, void* out) {
  auto& modules = *static_cast<std::vector<Module>*>(out);
  Module module;
  module.base = info->dlpi_addr;
  module.first = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    const std::uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD) {
      module.first = std::min(module.first, start);
      module.last = std::max(module.last, start + segment.p_memsz);
    } else if (segment.p_type == PT_NOTE && !module.note) {
      module.note = reinterpret_cast<const std::byte*>(start);
      module.note_bytes = segment.p_memsz;
    }
  }
  module.file = info->dlpi_name;
  if (!modules.empty()) {
    const std::string name = module.file.substr(module.file.rfind('/') + 1);
    module.key = static_cast<std::uint16_t>(digest(name.data(), name.size()) | 1);
  }
  modules.push_back(std::move(module));
  return 0;
}

// The executable never moves; other modules are looked up under a lock and again when one is unknown.
struct Modules {
  Modules() { load(); }
  void load() {
    all.clear();
    dl_iterate_phdr(&collect, &all);
  }
  const Module* find(std::uintptr_t address) {
    for (int round = 0; round < 2; ++round, load())
      for (const Module& module : all)
        if (address >= module.first && address < module.last) return &module;
    return nullptr;
  }
  const Module* find_key(std::uint16_t key) {
    for (int round = 0; round < 2; ++round, load())
      for (const Module& module : all)
        if (module.key == key) return &module;
    return nullptr;
  }
  std::mutex mutex;
  std::vector<Module> all;
};

Modules& modules() {
  static Modules instance;
  return instance;
}
const Module* find_executable() { return new Module(modules().all.front()); }
// Asked for four times with each task.
inline const Module& executable() {
  static const Module& first = *find_executable();
  return first;
}

std::string note_id(const Module& module) {
  for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= module.note_bytes;) {
    ElfW(Nhdr) header;
    std::memcpy(&header, module.note + at, sizeof header);
    const std::size_t name = at + sizeof header, text = name + ((header.n_namesz + 3) & ~3u);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(module.note + name, "GNU", 4) == 0) {
      std::string id;
      for (std::size_t i = 0; i < header.n_descsz; ++i) {
        constexpr char digits[] = "0123456789abcdef";
        const auto byte = static_cast<unsigned>(module.note[text + i]);
        id += {digits[byte >> 4], digits[byte & 15]};
      }
      return id;
    }
    at = text + ((header.n_descsz + 3) & ~3u);
  }
  return {};
}

// Static functions are not in the dynamic symbol table; the file's own table has them unless it was stripped.
class Symbols {
 public:
  Symbols() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    ElfW(Ehdr) header{};
    if (!file.read(reinterpret_cast<char*>(&header), sizeof header) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
      return;
    std::vector<ElfW(Shdr)> sections(header.e_shnum);
    file.seekg(static_cast<std::streamoff>(header.e_shoff));
    file.read(reinterpret_cast<char*>(sections.data()),
              static_cast<std::streamsize>(sections.size() * sizeof sections[0]));
    for (const auto& section : sections) {
      if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
      std::vector<ElfW(Sym)> symbols(section.sh_size / sizeof(ElfW(Sym)));
      file.seekg(static_cast<std::streamoff>(section.sh_offset));
      file.read(reinterpret_cast<char*>(symbols.data()), static_cast<std::streamsize>(section.sh_size));
      text_.resize(sections[section.sh_link].sh_size);
      file.seekg(static_cast<std::streamoff>(sections[section.sh_link].sh_offset));
      file.read(text_.data(), static_cast<std::streamsize>(text_.size()));
      if (!file) return;
      for (const auto& symbol : symbols)
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value && symbol.st_name < text_.size())
          names_.emplace(symbol.st_value, symbol.st_name);
    }
  }
  /// The function that begins there or before.
  const char* around(std::uint64_t offset) const {
    const auto after = names_.upper_bound(offset);
    return after == names_.begin() ? nullptr : text_.c_str() + std::prev(after)->second;
  }
  const char* at(std::uint64_t offset) const {
    const auto found = names_.find(offset);
    return found == names_.end() ? nullptr : text_.c_str() + found->second;
  }
  /// Whether a function that begins elsewhere is called the same.
  bool is_several(std::uint64_t offset) const {
    const char* own = at(offset);
    if (!own) return false;
    const std::string name = plain(own), in_short = short_function_name(name);
    const std::size_t begin = in_short.rfind(':', in_short.find('<')) + 1;
    const std::string word = in_short.substr(begin, in_short.find('<') - begin);  // in all that are called so
    return std::any_of(names_.begin(), names_.end(), [&](const auto& symbol) {
      const char* other = text_.c_str() + symbol.second;
      return symbol.first != offset && std::strstr(other, word.c_str()) && plain(other) == name;
    });
  }

 private:
  static std::string plain(const char* symbol) {
    std::string name = demangle(symbol);
    constexpr std::string_view unnamed = "(anonymous namespace)::";
    for (std::size_t at; (at = name.find(unnamed)) != std::string::npos;) name.erase(at, unnamed.size());
    return name;
  }

  std::map<std::uint64_t, std::uint32_t> names_;
  std::string text_;
};

const Symbols& own_symbols() {
  static const Symbols symbols;
  return symbols;
}

}  // namespace

std::uint64_t portable_address(const void* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  const Module& own = executable();
  if (place >= own.first && place < own.last) return place - own.base;
  Modules& others = modules();
  std::lock_guard hold(others.mutex);
  const Module* module = others.find(place);
  if (!module)
    throw Error(ErrorKind::invalid_argument,
                "submit: the function lies in no module of this program, so other ranks cannot find it; was "
                "it made at run time?");
  return std::uint64_t{module->key} << 48 | (place - module->base);
}

const void* local_address(std::uint64_t portable) {
  const auto key = static_cast<std::uint16_t>(portable >> 48);
  if (key == 0) return reinterpret_cast<const void*>(executable().base + (portable & offset_mask));
  Modules& others = modules();
  std::lock_guard hold(others.mutex);
  const Module* module = others.find_key(key);
  if (!module)
    throw Error(ErrorKind::not_found,
                "task: its function lies in a shared library that this rank has not loaded; link it, or load "
                "it on every rank");
  return reinterpret_cast<const void*>(module->base + (portable & offset_mask));
}

std::uint64_t portable_type(const std::type_info& type) { return portable_address(&type) | type_mark; }

namespace {

std::string found_name(std::uint64_t portable) {
  if (portable & type_mark) {
    std::string type =
        demangle(static_cast<const std::type_info*>(local_address(portable & ~type_mark))->name());
    std::string lambda = lambda_name(type);
    return lambda.empty() ? type : lambda;
  }
  const void* address = local_address(portable);
  if (std::string name = exported_name(address); !name.empty()) return name;
  if (portable >> 48 == 0)
    if (const char* name = own_symbols().at(portable)) return short_function_name(demangle(name));
  char text[40];
  std::snprintf(text, sizeof text, "function at 0x%llx",
                static_cast<unsigned long long>(portable & offset_mask));
  return text;
}

}  // namespace

// To find one takes as long as the program has symbols, and each task that is cancelled or fails is named.
std::string function_name(std::uint64_t portable) {
  static std::mutex mutex;
  static auto& known = *new std::unordered_map<std::uint64_t, std::string>;  // longer than any static object
  {
    const std::lock_guard hold(mutex);
    if (const auto at = known.find(portable); at != known.end()) return at->second;
  }
  std::string name = found_name(portable);
  const std::lock_guard hold(mutex);
  return known.try_emplace(portable, std::move(name)).first->second;
}

std::string code_name(std::uint64_t portable) {
  const char* name = portable >> 48 == 0 ? own_symbols().around(portable) : nullptr;
  Dl_info info{};
  if (!name && portable && dladdr(local_address(portable), &info) != 0) name = info.dli_sname;
  return name ? demangle(name) : "???";
}

void check_has_no_namesake(const std::string& who, std::uint64_t portable) {
  if (portable >> 48 != 0) return;
  static std::mutex mutex;
  static std::map<std::uint64_t, bool> asked;
  const std::lock_guard hold(mutex);
  const auto [known, is_new] = asked.try_emplace(portable);
  if (is_new) known->second = own_symbols().is_several(portable);
  if (known->second)
    throw Error(ErrorKind::unsupported,
                who + ": the executable has two functions " + code_name(portable) +
                    ", and results are found by the name; call one of them otherwise, or put it into a "
                    "namespace with a name");
}

const std::string& build_id() {
  static const std::string id = [] {
    std::string found = note_id(executable());
    if (!found.empty()) return found;
    std::ifstream file("/proc/self/exe", std::ios::binary);
    std::uint64_t hash = digest("", 0);
    std::vector<char> piece(1 << 20);
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount())
      hash = digest(piece.data(), static_cast<std::size_t>(file.gcount()), hash);
    return "digest " + std::to_string(hash);
  }();
  return id;
}

}  // namespace weir::detail::task
