// The library's lock, types and reasons.
#include "array/hdf5/library.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "weir/bytes.hpp"

namespace weir::detail::array {

std::mutex& library() {
  static std::mutex mutex;
  static thread_local const bool quiet =
      (H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr), true);  // every thread has errors of its own
  (void)quiet;
  return mutex;
}

std::string reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
        if (n == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &text);
  // What the system said is clearer than where the library heard it.
  constexpr std::string_view system = "error message = '";
  if (const std::size_t at = text.find(system); at != std::string::npos)
    return text.substr(at + system.size(), text.find('\'', at + system.size()) - at - system.size());
  return text.empty() ? "no reason given" : text;
}
namespace {

Id complex_type(hid_t real) {
  const std::size_t size = H5Tget_size(real);
  Id type(H5Tcreate(H5T_COMPOUND, 2 * size), &H5Tclose);
  H5Tinsert(type, "r", 0, real);
  H5Tinsert(type, "i", size, real);
  return type;
}

}  // namespace

Id native_type(DType type) {
  switch (type) {
    case DType::boolean: {
      Id e(H5Tenum_create(H5T_NATIVE_INT8), &H5Tclose);
      const std::int8_t no = 0, yes = 1;
      H5Tenum_insert(e, "FALSE", &no);
      H5Tenum_insert(e, "TRUE", &yes);
      return e;
    }
    case DType::int8:
      return {H5Tcopy(H5T_NATIVE_INT8), &H5Tclose};
    case DType::int16:
      return {H5Tcopy(H5T_NATIVE_INT16), &H5Tclose};
    case DType::int32:
      return {H5Tcopy(H5T_NATIVE_INT32), &H5Tclose};
    case DType::int64:
      return {H5Tcopy(H5T_NATIVE_INT64), &H5Tclose};
    case DType::uint8:
      return {H5Tcopy(H5T_NATIVE_UINT8), &H5Tclose};
    case DType::uint16:
      return {H5Tcopy(H5T_NATIVE_UINT16), &H5Tclose};
    case DType::uint32:
      return {H5Tcopy(H5T_NATIVE_UINT32), &H5Tclose};
    case DType::uint64:
      return {H5Tcopy(H5T_NATIVE_UINT64), &H5Tclose};
    case DType::float32:
      return {H5Tcopy(H5T_NATIVE_FLOAT), &H5Tclose};
    case DType::float64:
      return {H5Tcopy(H5T_NATIVE_DOUBLE), &H5Tclose};
    case DType::complex64:
      return complex_type(H5T_NATIVE_FLOAT);
    default:
      return complex_type(H5T_NATIVE_DOUBLE);
  }
}

void set_mark(hid_t dataset, bool incomplete) {
  const bool marked = H5Aexists(dataset, incomplete_mark) > 0;
  if (incomplete && !marked) {
    const Id scalar(H5Screate(H5S_SCALAR), &H5Sclose);
    const Id attribute(
        H5Acreate2(dataset, incomplete_mark, H5T_NATIVE_INT8, scalar, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
    const std::int8_t yes = 1;
    H5Awrite(attribute, H5T_NATIVE_INT8, &yes);
  } else if (!incomplete && marked) {
    H5Adelete(dataset, incomplete_mark);
  }
}

// H5Lexists wants every group on the way to exist.
bool exists(hid_t file, const std::string& name) {
  for (std::size_t at = name.find('/', 1); at != std::string::npos; at = name.find('/', at + 1))
    if (H5Lexists(file, name.substr(0, at).c_str(), H5P_DEFAULT) <= 0) return false;
  return H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0;
}

void write_attribute(hid_t dataset, const std::string& name,
                     const std::variant<double, std::int64_t, std::string>& value) {
  const Id scalar(H5Screate(H5S_SCALAR), &H5Sclose);
  if (const auto* text = std::get_if<std::string>(&value)) {
    const Id type(H5Tcopy(H5T_C_S1), &H5Tclose);
    H5Tset_size(type, std::max<std::size_t>(1, text->size()));
    H5Tset_cset(type, H5T_CSET_UTF8);
    const Id attribute(H5Acreate2(dataset, name.c_str(), type, scalar, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
    H5Awrite(attribute, type, text->data());
  } else {
    const bool real = std::holds_alternative<double>(value);
    const Id attribute(H5Acreate2(dataset, name.c_str(), real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, scalar,
                                  H5P_DEFAULT, H5P_DEFAULT),
                       &H5Aclose);
    H5Awrite(
        attribute, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64,
        real ? static_cast<const void*>(std::get_if<double>(&value)) : std::get_if<std::int64_t>(&value));
  }
}

Id open_for_writing(const std::string& path, const std::string& function) {
  forget(path);
  if (access(path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
    fail(ErrorKind::not_found, function + ": the file must exist (got " + in_quotes(path) + ")");
  const Id properties(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  H5Pset_file_locking(properties, false, true);
  Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, properties), &H5Fclose);
  if (!file.ok())
    fail(ErrorKind::io, function + ": cannot open " + in_quotes(path) + " for writing (" + reason() + ")");
  return file;
}

Room::Room(const std::string& path) : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}

void Room::take(const std::string& function, hid_t file, std::uint64_t count) {
  constexpr std::uint64_t for_the_index = 64 * 1024, most_kept = 64 << 20;
  if (kept_ > most_kept && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0) kept_ = 0;
  for (const bool again : {false, true}) {
    haddr_t end = 0;
    H5Fget_eoa(file, &end);
    const std::uint64_t needed = end + kept_ + count + for_the_index;
    if (needed > taken_) {
      const int problem =
          posix_fallocate(file_.get(), static_cast<off_t>(end), static_cast<off_t>(needed - end));
      if (problem && !again && kept_ &&
          H5Fflush(file, H5F_SCOPE_GLOBAL) >=
              0) {  // it may have become less: what is kept is not compressed yet
        kept_ = 0;
        continue;
      }
      if (problem)
        fail(ErrorKind::io, function + ": cannot write " + in_quotes(path_) + ", which has no room for " +
                                weir::to_text(needed - end) + " more: " + std::strerror(problem));
      taken_ = needed;
    }
    kept_ += count;
    return;
  }
}

}  // namespace weir::detail::array
