// Names out of the C++ ABI and the dynamic symbols.
#include "weir/detail/core/symbol.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace weir {

std::string demangle(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                    std::free);
  if (status != 0 || !text) return mangled;
  constexpr std::string_view long_name =
      "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >";
  std::string name = text.get();
  for (std::size_t at; (at = name.find(long_name)) != std::string::npos;)
    name.replace(at, long_name.size(), "std::string");
  constexpr std::string_view mark = "[abi:cxx11]";  // of functions that give strings; nobody has written it
  for (std::size_t at; (at = name.find(mark)) != std::string::npos;) name.erase(at, mark.size());
  return name;
}

std::string lambda_name(const std::string& demangled) {
  std::size_t at = std::string::npos;
  for (const char* mark : {"{lambda(", "$_", "'lambda"}) at = std::min(at, demangled.find(mark));
  if (at == std::string::npos) return {};
  const std::string before = demangled.substr(0, at);
  if (std::count(before.begin(), before.end(), '<') != std::count(before.begin(), before.end(), '>'))
    return {};
  if (before.size() < 2) return "lambda";
  return "lambda in " + short_function_name(before.substr(0, before.size() - 2));
}

bool is_of_lambda(const std::string& demangled) {
  for (const char* mark : {"{lambda", "$_", "'lambda"})
    if (demangled.find(mark) != std::string::npos) return true;
  return false;
}

std::string short_function_name(std::string name) {
  if (std::string lambda = lambda_name(name); !lambda.empty()) return lambda;
  constexpr std::string_view anonymous = "(anonymous namespace)::";
  for (auto at = name.find(anonymous); at != std::string::npos; at = name.find(anonymous))
    name.erase(at, anonymous.size());
  if (name.find("operator") != std::string::npos) return name;
  // Functions made of templates come with their result: the name stands between the last space and the first
  // parenthesis outside of <>.
  std::size_t begin = 0, end = name.size();
  for (std::size_t at = 0, depth = 0; at < name.size(); ++at) {
    const char c = name[at];
    if (c == '<' || c == '{') ++depth;
    if ((c == '>' || c == '}') && depth > 0) --depth;
    if (depth > 0) continue;
    if (c == ' ') begin = at + 1;
    if (c == '(' && at > begin) {
      end = at;
      break;
    }
  }
  return name.substr(begin, end - begin);
}

std::string exported_name(const void* address) {
  Dl_info info{};
  if (!dladdr(address, &info) || !info.dli_sname || info.dli_saddr != address) return {};
  return short_function_name(demangle(info.dli_sname));
}

}  // namespace weir
