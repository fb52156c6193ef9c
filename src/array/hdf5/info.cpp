// Lists what is in a file, reads texts, finds and repairs what interrupted writes have left.
#include "weir/array/hdf5_info.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "array/hdf5/elements.hpp"
#include "array/hdf5/library.hpp"
#include "array/hdf5/output.hpp"
#include "weir/detail/array/hdf5_texts.hpp"

namespace weir {

namespace {

using namespace detail::array;

// The array type that reads it as it is, if there is one.
std::string type_text(hid_t type) {
  for (int t = 0; t <= static_cast<int>(DType::complex128); ++t) {
    const auto dtype = static_cast<DType>(t);
    const Id native = native_type(dtype);
    const bool same_numbers =
        H5Tget_class(type) == H5Tget_class(native) && H5Tget_size(type) == H5Tget_size(native) &&
        (H5Tget_class(type) == H5T_FLOAT ||
         (H5Tget_class(type) == H5T_INTEGER && H5Tget_sign(type) == H5Tget_sign(native)));
    if (same_numbers || H5Tequal(type, native) > 0) return std::string(to_string(dtype));
  }
  return kind_text(type);
}

std::vector<std::string> filter_texts(hid_t properties) {
  std::vector<std::string> texts;
  for (int i = 0; i < std::max(0, H5Pget_nfilters(properties)); ++i) {
    unsigned flags = 0, config = 0, parameters[8] = {};
    std::size_t count = std::size(parameters);
    char name[64] = {};
    const H5Z_filter_t id = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &count, parameters,
                                           sizeof name, name, &config);
    std::string text = id == H5Z_FILTER_DEFLATE      ? "deflate " + std::to_string(parameters[0])
                       : id == H5Z_FILTER_SHUFFLE    ? "shuffle"
                       : id == H5Z_FILTER_FLETCHER32 ? "fletcher32"
                       : id == H5Z_FILTER_SZIP       ? "szip"
                                                     : filter_text(id, name);
    if (H5Zfilter_avail(id) <= 0) text += ", not available";
    texts.push_back(std::move(text));
  }
  return texts;
}

Hdf5Dataset describe(hid_t dataset, const std::string& name) {
  Hdf5Dataset told;
  told.name = name;
  const Id type(H5Dget_type(dataset), &H5Tclose), space(H5Dget_space(dataset), &H5Sclose),
      properties(H5Dget_create_plist(dataset), &H5Pclose);
  told.type = H5Sget_simple_extent_type(space) == H5S_NULL ? "nothing (a null dataspace)" : type_text(type);
  const int rank = std::max(0, H5Sget_simple_extent_ndims(space));
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank) + 1), most(extents.size()),
      chunk(extents.size());
  if (rank) H5Sget_simple_extent_dims(space, extents.data(), most.data());
  const H5D_layout_t layout = H5Pget_layout(properties);
  if (layout == H5D_CHUNKED) H5Pget_chunk(properties, rank, chunk.data());
  for (std::size_t a = 0; a < static_cast<std::size_t>(rank); ++a) {
    told.shape.push_back(static_cast<std::int64_t>(extents[a]));
    told.limits.push_back(most[a] == H5S_UNLIMITED ? std::optional<std::int64_t>()
                                                   : static_cast<std::int64_t>(most[a]));
    if (layout == H5D_CHUNKED) told.chunks.push_back(static_cast<std::int64_t>(chunk[a]));
  }
  told.layout = layout == H5D_CHUNKED      ? "chunked"
                : layout == H5D_CONTIGUOUS ? "contiguous"
                : layout == H5D_COMPACT    ? "compact"
                : layout == H5D_VIRTUAL    ? "virtual"
                                           : "unknown";
  told.filters = filter_texts(properties);
  told.stored_bytes = H5Dget_storage_size(dataset);
  told.is_complete = H5Aexists(dataset, incomplete_mark) <= 0;
  told.attributes = read_attributes(dataset);
  told.attributes.erase(incomplete_mark);
  return told;
}

herr_t add_object(hid_t root, const char* name, const H5O_info_t* info, void* to) {
  if (info->type != H5O_TYPE_DATASET) return 0;
  const Id dataset(H5Dopen2(root, name, dataset_access()), &H5Dclose);
  if (dataset.ok())
    static_cast<Hdf5Info*>(to)->datasets.push_back(describe(dataset, "/" + std::string(name)));
  return 0;
}

herr_t add_link(hid_t root, const char* name, const H5L_info_t* info, void* to) {
  if (info->type != H5L_TYPE_SOFT && info->type != H5L_TYPE_EXTERNAL) return 0;
  std::vector<char> value(info->u.val_size + 1);
  if (H5Lget_val(root, name, value.data(), value.size(), H5P_DEFAULT) < 0) return 0;
  const char *file = nullptr, *object = value.data();
  unsigned flags = 0;
  if (info->type == H5L_TYPE_EXTERNAL &&
      H5Lunpack_elink_val(value.data(), info->u.val_size, &flags, &file, &object) < 0)
    return 0;
  static_cast<Hdf5Info*>(to)->links["/" + std::string(name)] =
      file ? std::string(object) + " of " + file : std::string(object);
  return 0;
}

Hdf5Info info_of(hid_t file) {
  Hdf5Info info;
  H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, &add_object, &info, H5O_INFO_BASIC);
  H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, &add_link, &info);
  const Id root(H5Gopen2(file, "/", H5P_DEFAULT), &H5Gclose);
  if (root.ok()) info.attributes = read_attributes(root);
  return info;
}

}  // namespace

namespace detail::hdf5 {
Hdf5Info info(const char* who, const std::string& path) {
  const Hold hold(library());
  return info_of(open_for_reading(who, path));
}
}  // namespace detail::hdf5

Hdf5Info hdf5_info(const std::string& path) { return detail::hdf5::info("hdf5_info", path); }

namespace {

// A dataset whose elements are texts.
struct TextSet {
  TextSet(const std::string& function, const std::string& path, const std::string& dataset)
      : file(open_for_reading(function, path)),
        set(open_dataset(function, file, path, dataset)),
        type(H5Dget_type(set), &H5Tclose) {
    if (H5Tget_class(type) != H5T_STRING)
      fail(ErrorKind::invalid_argument, function + ": the dataset's elements must be texts (got " +
                                            kind_text(type) + " in " + in_quotes(dataset) + " of " +
                                            in_quotes(path) + ")");
    const Id properties(H5Dget_create_plist(set), &H5Pclose);
    if (const std::string missing = missing_filter(function, properties, path, dataset, true);
        !missing.empty())
      fail(ErrorKind::unsupported, missing);
  }
  Id file, set, type;
};

}  // namespace

namespace detail::array {
std::vector<std::string> read_texts(const std::string& path, const std::string& dataset, std::int64_t first,
                                    std::int64_t count) {
  const Hold hold(library());
  const TextSet texts("read_hdf5", path, dataset);
  const hsize_t begin[1] = {static_cast<hsize_t>(first)}, rows[1] = {static_cast<hsize_t>(count)};
  const Id from(H5Dget_space(texts.set), &H5Sclose), to(H5Screate_simple(1, rows, nullptr), &H5Sclose);
  if (count > 0) H5Sselect_hyperslab(from, H5S_SELECT_SET, begin, nullptr, rows, nullptr);
  return texts_of(texts.type, static_cast<std::size_t>(count), [&](hid_t memory, void* out) {
    return H5Dread(texts.set, memory, to, from, H5P_DEFAULT, out);
  });
}
}  // namespace detail::array

xt::xarray<std::string> hdf5_text(const std::string& path, const std::string& dataset) {
  const Hold hold(library());
  const auto [file, set, type] = TextSet("hdf5_text", path, dataset);
  const Hdf5Dataset told = describe(set, dataset);
  const Id space(H5Dget_space(set), &H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const std::vector<std::string> texts = texts_of(
      type, static_cast<std::size_t>(std::max<hssize_t>(count, 0)), [&, &of = set](hid_t memory, void* to) {
        return H5Dread(of, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
      });
  xt::xarray<std::string> result(xt::xarray<std::string>::shape_type(told.shape.begin(), told.shape.end()));
  std::copy(texts.begin(), texts.end(), result.begin());
  return result;
}

std::vector<Hdf5Problem> check_hdf5(const std::string& path, bool repair) {
  std::vector<Hdf5Problem> problems;
  for (const std::string& part : left_over_files(replaced_file("check_hdf5", path))) {
    const bool removed = repair && unlink(part.c_str()) == 0;
    problems.push_back({in_quotes(part) + " was left by a write that did not end", removed});
  }
  // Somebody who writes it now has marked what is being written.
  const auto write_lock = repair ? lock_for_writing("check_hdf5", path, std::chrono::seconds(5)) : nullptr;
  Hold hold(library());
  const Id file = repair ? open_for_writing(hold, path, "check_hdf5") : open_for_reading("check_hdf5", path);
  const Hdf5Info info = info_of(file);
  for (const auto& [name, target] : info.links)
    if (H5Oexists_by_name(file, name.c_str(), dataset_access()) <= 0)
      problems.push_back({in_quotes(name) + " leads to " + target + ", which cannot be opened", false});
  for (const Hdf5Dataset& dataset : info.datasets) {
    if (dataset.is_complete) continue;
    Hdf5Problem problem;
    const std::string name = in_quotes(dataset.name);
    if (is_part_name(dataset.name)) {
      if (is_left_over(dataset.name)) problem.what = name + " was left by a write that did not end";
      else problem.what = name + " is being written by a program, or was left by one on another machine";
      if (repair && is_left_over(dataset.name))
        problem.is_repaired = H5Ldelete(file, dataset.name.c_str(), H5P_DEFAULT) >= 0;
    } else {
      problem.what =
          name + " is marked as incomplete: a write of it did not end, or is going on; it has the shape " +
          weir::to_text(dataset.shape);
      const Id set(repair ? H5Dopen2(file, dataset.name.c_str(), H5P_DEFAULT) : -1, &H5Dclose);
      if (set.ok()) {
        set_mark(set, false);
        problem.is_repaired = H5Aexists(set, incomplete_mark) == 0;
      }
    }
    problems.push_back(std::move(problem));
  }
  if (repair && H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
    fail(ErrorKind::io, "check_hdf5: cannot write " + in_quotes(path) + " (" + reason() + ")");
  return problems;
}

}  // namespace weir
