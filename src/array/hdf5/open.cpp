// Opening files and datasets, and saying where the way to one ends.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "array/hdf5/library.hpp"

namespace weir::detail::array {

Id file_access() {
  Id access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  H5Pset_file_locking(access, false, true);
  return access;
}

Id dataset_access() {
  Id access(H5Pcreate(H5P_DATASET_ACCESS), &H5Pclose);
  const Id file = file_access();
  H5Pset_elink_fapl(access, file);
  return access;
}

namespace {

void check_file(const std::string& function, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR)
      fail(ErrorKind::not_found, function + ": the file must exist (got " + in_quotes(path) + ")");
    fail(ErrorKind::io, function + ": cannot read " + in_quotes(path) + ": " + std::strerror(error));
  }
  if (S_ISDIR(status.st_mode))
    fail(ErrorKind::io, function + ": " + in_quotes(path) + " must be a file (got a folder)");
  if (!S_ISREG(status.st_mode))
    fail(ErrorKind::io, function + ": " + in_quotes(path) + " must be a file (got a device or pipe)");
}

[[noreturn]] void refuse_file(const std::string& function, const std::string& path, bool writing) {
  const std::string why = reason();
  if (why.find("truncated") != std::string::npos)
    fail(ErrorKind::io, function + ": the file is truncated (" + in_quotes(path) + ": " + why + ")");
  if (why.find("already open for write") != std::string::npos ||
      why.find("already open for SWMR") != std::string::npos ||
      why.find("consistency flags") != std::string::npos)
    fail(ErrorKind::io,
         function + ": " + in_quotes(path) +
             " is being written by another program, or was left by one that crashed; if none writes it, "
             "`h5clear -s " +
             path + "` clears the mark" +
             (writing ? "" : ", and `from_hdf5` with .follow reads what SWMR writes"));
  if (writing)
    fail(ErrorKind::io, function + ": cannot open " + in_quotes(path) + " for writing (" + why + ")");
  fail(ErrorKind::io, function + ": " + in_quotes(path) + " must be an HDF5 file (" + why + ")");
}

}  // namespace

Id open_for_reading(const std::string& function, const std::string& path, bool growing) {
  check_file(function, path);
  if (access(path.c_str(), R_OK) != 0)
    fail(ErrorKind::io, function + ": cannot read " + in_quotes(path) + ": " + std::strerror(errno));
  const Id properties = file_access();  // whose closing would forget the reason
  Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, properties), &H5Fclose);
  if (!file.ok() && growing) {
    file = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, properties), &H5Fclose);
    if (!file.ok()) file = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, properties), &H5Fclose);
  }
  if (!file.ok()) refuse_file(function, path, false);
  return file;
}

Id open_for_writing(Hold& hold, const std::string& path, const std::string& function) {
  check_file(function, path);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) let_go(hold, identity_of(status));
  errno = 0;
  if (access(path.c_str(), W_OK) != 0)
    fail(ErrorKind::io,
         function + ": cannot open " + in_quotes(path) + " for writing (" + std::strerror(errno) + ")");
  const Id properties = file_access();
  Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, properties), &H5Fclose);
  if (!file.ok()) refuse_file(function, path, true);
  return file;
}

namespace {

struct Link {
  H5L_type_t type = H5L_TYPE_ERROR;
  std::string file, object;  // where it leads
};

Link link_at(hid_t file, const std::string& name) {
  H5L_info_t info;
  Link link;
  if (H5Lget_info(file, name.c_str(), &info, H5P_DEFAULT) < 0) return link;
  link.type = info.type;
  if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) return link;
  std::vector<char> value(info.u.val_size + 1);
  if (H5Lget_val(file, name.c_str(), value.data(), value.size(), H5P_DEFAULT) < 0) return link;
  const char *target = nullptr, *object = value.data();
  unsigned flags = 0;
  if (info.type == H5L_TYPE_EXTERNAL &&
      H5Lunpack_elink_val(value.data(), info.u.val_size, &flags, &target, &object) < 0)
    return link;
  if (target) link.file = target;
  link.object = object;
  return link;
}

std::string why_no_file(const std::string& target, const std::string& beside) {
  const std::filesystem::path path(target);
  const std::string there =
      path.is_absolute() ? target : (std::filesystem::path(beside).parent_path() / path).string();
  if (access(there.c_str(), R_OK) != 0) return std::strerror(errno);
  const std::string why = reason();
  if (why != no_reason) return why;
  return H5Fis_hdf5(there.c_str()) > 0 ? "it is not there" : "it is not an HDF5 file";
}

// Follows the names on the way to a dataset that cannot be opened.
[[noreturn]] void refuse_dataset(const std::string& function, hid_t file, const std::string& path,
                                 const std::string& asked, const std::string& name, int depth) {
  const std::string of = " of " + in_quotes(path);
  const Id access = dataset_access();
  for (std::size_t at = name.find('/', 1);; at = name.find('/', at + 1)) {
    const std::string part = name.substr(0, at);
    if (part.empty() || H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0) break;
    if (H5Oexists_by_name(file, part.c_str(), access) <= 0) {
      const Link link = link_at(file, part);
      if (link.type == H5L_TYPE_EXTERNAL) {
        const std::string why = why_no_file(link.file, path);
        fail(ErrorKind::not_found, function + ": " + in_quotes(part) + of + " leads to " +
                                       in_quotes(link.object) + of.substr(0, 4) + in_quotes(link.file) +
                                       ", which cannot be opened (" + why + ")");
      }
      std::string target = link.object;
      if (!target.empty() && target.front() != '/')
        target = part.substr(0, part.rfind('/') == std::string::npos ? 0 : part.rfind('/') + 1) + target;
      if (depth < 8 && !target.empty() && H5Lexists(file, target.c_str(), H5P_DEFAULT) > 0)
        refuse_dataset(function, file, path, asked, target, depth + 1);
      fail(ErrorKind::not_found,
           function + ": " + in_quotes(part) + of + " leads to " + in_quotes(link.object) +
               (depth < 8 ? ", which is not there" : ", from link to link without end"));
    }
    if (at != std::string::npos) continue;
    H5O_info_t info;
    if (H5Oget_info_by_name2(file, part.c_str(), &info, H5O_INFO_BASIC, access) < 0) break;
    if (info.type != H5O_TYPE_DATASET)
      fail(ErrorKind::invalid_argument, function + ": " + in_quotes(asked) + of +
                                            " must be a dataset (got a " +
                                            (info.type == H5O_TYPE_GROUP ? "group" : "named type") + ")");
    (void)Id(H5Dopen2(file, part.c_str(), access), &H5Dclose);
    fail(ErrorKind::io, function + ": cannot open " + in_quotes(asked) + of + " (" + reason() + ")");
  }
  fail(ErrorKind::not_found,
       function + ": the dataset must exist (got " + in_quotes(asked) + " in " + in_quotes(path) + ")");
}

}  // namespace

Id open_dataset(const std::string& function, hid_t file, const std::string& path,
                const std::string& dataset) {
  Id opened(H5Dopen2(file, dataset.c_str(), dataset_access()), &H5Dclose);
  if (!opened.ok()) refuse_dataset(function, file, path, dataset, dataset, 0);
  return opened;
}

std::string filter_text(H5Z_filter_t filter, const std::string& name) {
  static const std::map<H5Z_filter_t, const char*> registered{
      {H5Z_FILTER_SZIP, "szip"}, {32000, "lzf"}, {32001, "blosc"}, {32004, "lz4"},
      {32008, "bitshuffle"},     {32013, "zfp"}, {32015, "zstd"},  {32026, "blosc2"}};
  const auto known = registered.find(filter);
  const std::string called = !name.empty() || known == registered.end() ? name : known->second;
  return std::to_string(filter) + (called.empty() ? "" : " (" + called + ")");
}

std::string missing_filter(const std::string& function, hid_t properties, const std::string& path,
                           const std::string& dataset, bool also_optional) {
  for (int i = 0; i < std::max(0, H5Pget_nfilters(properties)); ++i) {
    unsigned flags = 0, config = 0;
    std::size_t count = 0;
    char name[64] = {};
    const H5Z_filter_t id = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &count, nullptr,
                                           sizeof name, name, &config);
    if (H5Zfilter_avail(id) > 0 || ((flags & H5Z_FLAG_OPTIONAL) && !also_optional)) continue;
    const char* plugins = std::getenv("HDF5_PLUGIN_PATH");
    return function + ": " + in_quotes(dataset) + " of " + in_quotes(path) + " is stored with the filter " +
           filter_text(id, name) +
           ", which HDF5 must have on every rank; plugins are looked for in HDF5_PLUGIN_PATH (" +
           (plugins ? in_quotes(plugins) : "not set") + ")";
  }
  return {};
}

}  // namespace weir::detail::array
