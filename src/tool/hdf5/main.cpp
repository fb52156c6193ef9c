// `weir hdf5 ls|check`: what is in HDF5 files, and what interrupted writes have left in them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "core/wording.hpp"
#include "tool/parse.hpp"
#include "weir/array/hdf5_info.hpp"
#include "weir/bytes.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

constexpr int failed = 1;
constexpr int wrong_use = 2;

template <class T>
std::string joined(const std::vector<T>& all, auto text) {
  std::string result;
  for (const T& one : all) result += (result.empty() ? "" : ", ") + text(one);
  return result;
}
std::string number_text(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", x);
  return text;
}
std::string value_text(const Hdf5Attribute& value) {
  const auto quoted = [](const std::string& text) { return '"' + printable(text) + '"'; };
  const auto whole = [](std::int64_t x) { return std::to_string(x); };
  return std::visit(
      [&]<class T>(const T& v) -> std::string {
        if constexpr (std::is_same_v<T, double>) return number_text(v);
        else if constexpr (std::is_same_v<T, std::int64_t>) return whole(v);
        else if constexpr (std::is_same_v<T, std::string>) return quoted(v);
        else if constexpr (std::is_same_v<T, std::vector<double>>) return "[" + joined(v, number_text) + "]";
        else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return "[" + joined(v, whole) + "]";
        else return "[" + joined(v, quoted) + "]";
      },
      value);
}

void print_attributes(const std::map<std::string, Hdf5Attribute>& attributes, const char* before) {
  for (const auto& [name, value] : attributes)
    std::printf("%s@%s = %s\n", before, printable(name).c_str(), value_text(value).c_str());
}

void list(const std::string& path) {
  const Hdf5Info info = hdf5_info(path);
  print_attributes(info.attributes, "");
  for (const Hdf5Dataset& d : info.datasets) {
    std::string limits;
    for (std::size_t a = 0; a < d.limits.size(); ++a)
      if (!d.limits[a]) limits += (limits.empty() ? "" : ", ") + std::to_string(a);
    std::string text = d.name + "  " + d.type + "  " + to_text(d.shape) + "  " + d.layout;
    if (!d.chunks.empty()) text += " " + to_text(d.chunks);
    if (!d.filters.empty()) text += "  " + joined(d.filters, [](const std::string& f) { return f; });
    if (!limits.empty()) text += "  grows along axis " + limits;
    text += "  " + to_text(d.stored_bytes);
    if (!d.is_complete) text += "  INCOMPLETE";
    std::printf("%s\n", printable(text).c_str());
    print_attributes(d.attributes, "    ");
  }
  for (const auto& [name, target] : info.links)
    std::printf("%s -> %s\n", printable(name).c_str(), printable(target).c_str());
}

int check(const std::string& path, bool repair) {
  bool is_well = true;
  for (const Hdf5Problem& problem : check_hdf5(path, repair)) {
    std::printf("%s%s\n", printable(problem.what).c_str(), problem.is_repaired ? " (repaired)" : "");
    is_well = is_well && problem.is_repaired;
  }
  if (is_well) std::printf("%s is well\n", printable(path).c_str());
  return is_well ? 0 : failed;
}

}  // namespace

int hdf5_main(int argc, char** argv) {
  CLI::App app("Shows what is in HDF5 files and what interrupted writes have left.", "weir hdf5");
  app.require_subcommand(1);
  std::string path;
  bool repair = false;
  CLI::App* ls = app.add_subcommand("ls", "list datasets: type, shape, layout, filters, size, attributes");
  ls->add_option("FILE", path)->required();
  CLI::App* checks = app.add_subcommand(
      "check", "tell what interrupted writes have left; status 1 if there is something, 0 if all is well");
  checks->add_option("FILE", path)->required();
  checks->add_flag("--repair", repair, "datasets count as complete with what they have; the rest is removed");
  if (!tool::parse(app, argc, argv)) return 0;
  if (checks->parsed()) return check(path, repair);
  list(path);
  return 0;
}

}  // namespace weir::detail::tool

int main(int argc, char** argv) {
  try {
    const int status = weir::detail::tool::hdf5_main(argc, argv);
    if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
    throw weir::Error(weir::ErrorKind::io, "the output could not be written");
  } catch (const weir::Error& error) {
    std::fprintf(stderr, "weir hdf5: %s\n", weir::detail::printable(error.what()).c_str());
    const bool is_callers = error.kind() == weir::ErrorKind::invalid_argument ||
                            error.kind() == weir::ErrorKind::not_found ||
                            error.kind() == weir::ErrorKind::unsupported;
    return is_callers ? weir::detail::tool::wrong_use : weir::detail::tool::failed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir hdf5: %s\n", weir::detail::printable(error.what()).c_str());
    return weir::detail::tool::failed;
  }
}
