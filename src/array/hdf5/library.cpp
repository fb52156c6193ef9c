// The library's lock, types and reasons.
#include "array/hdf5/library.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
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
  return text.empty() ? no_reason : text;
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

namespace {

// Texts of variable length, so that lists of them keep each as it is.
void write_texts(hid_t dataset, const std::string& name, const std::vector<std::string>& texts) {
  const Id type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const hsize_t count = texts.size();
  const Id space(H5Screate_simple(1, &count, nullptr), &H5Sclose),
      attribute(H5Acreate2(dataset, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  std::vector<const char*> values;
  for (const std::string& text : texts) values.push_back(text.c_str());
  if (count) H5Awrite(attribute, type, values.data());
}
void write_numbers(hid_t dataset, const std::string& name, hid_t type, const void* values,
                   const hsize_t* count) {
  const Id space(count ? H5Screate_simple(1, count, nullptr) : H5Screate(H5S_SCALAR), &H5Sclose),
      attribute(H5Acreate2(dataset, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (!count || *count) H5Awrite(attribute, type, values);
}
void write_text(hid_t dataset, const std::string& name, const std::string& text) {
  const Id scalar(H5Screate(H5S_SCALAR), &H5Sclose), type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(1, text.size()));
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Id attribute(H5Acreate2(dataset, name.c_str(), type, scalar, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  H5Awrite(attribute, type, text.empty() ? "" : text.data());
}

}  // namespace

void write_attribute(hid_t dataset, const std::string& name, const AttributeValue& value) {
  std::visit(
      [&]<class T>(const T& v) {
        if constexpr (std::same_as<T, std::string>) {
          write_text(dataset, name, v);
        } else if constexpr (std::same_as<T, std::vector<std::string>>) {
          write_texts(dataset, name, v);
        } else if constexpr (std::is_arithmetic_v<T>) {
          write_numbers(dataset, name, std::is_floating_point_v<T> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, &v,
                        nullptr);
        } else {
          const hsize_t count = v.size();
          write_numbers(dataset, name,
                        std::same_as<T, std::vector<double>> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, v.data(),
                        &count);
        }
      },
      value);
}

std::vector<std::string> texts_of(hid_t type, std::size_t count,
                                  const std::function<herr_t(hid_t, void*)>& read) {
  std::vector<std::string> texts(count);
  if (count == 0) return texts;
  if (H5Tis_variable_str(type) > 0) {
    const Id memory(H5Tcopy(type), &H5Tclose);
    std::vector<char*> values(count, nullptr);
    if (read(memory, values.data()) < 0) fail(ErrorKind::io, "hdf5: cannot read texts (" + reason() + ")");
    for (std::size_t i = 0; i < count; ++i) {
      if (values[i]) texts[i] = values[i];
      H5free_memory(values[i]);
    }
    return texts;
  }
  const std::size_t size = H5Tget_size(type);
  std::vector<char> bytes(count * size);
  if (read(type, bytes.data()) < 0) fail(ErrorKind::io, "hdf5: cannot read texts (" + reason() + ")");
  const H5T_str_t padding = H5Tget_strpad(type);
  const char filler = padding == H5T_STR_SPACEPAD ? ' ' : '\0';
  for (std::size_t i = 0; i < count; ++i) {
    const char* begin = bytes.data() + i * size;
    std::size_t length = padding == H5T_STR_NULLTERM ? strnlen(begin, size) : size;
    while (length && padding != H5T_STR_NULLTERM && begin[length - 1] == filler) --length;
    texts[i].assign(begin, length);
  }
  return texts;
}

namespace {

template <class T>
void add_numbers(std::map<std::string, AttributeValue>& all, const char* name, hid_t attribute, hid_t type,
                 std::size_t count, bool scalar) {
  std::vector<T> values(count);
  if (count && H5Aread(attribute, type, values.data()) < 0) return;
  if (scalar) all[name] = values[0];
  else all[name] = std::move(values);
}
bool is_beyond_int64(hid_t attribute, std::size_t count) {
  std::vector<std::uint64_t> values(count);
  return count && H5Aread(attribute, H5T_NATIVE_UINT64, values.data()) >= 0 &&
         std::ranges::max(values) > std::uint64_t{INT64_MAX};
}
herr_t add_attribute(hid_t object, const char* name, const H5A_info_t*, void* to) {
  auto& all = *static_cast<std::map<std::string, AttributeValue>*>(to);
  const Id attribute(H5Aopen(object, name, H5P_DEFAULT), &H5Aclose);
  if (!attribute.ok()) return 0;
  const Id type(H5Aget_type(attribute), &H5Tclose), space(H5Aget_space(attribute), &H5Sclose);
  const H5S_class_t extent = H5Sget_simple_extent_type(space);
  const auto count = static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space)));
  if (extent == H5S_NULL || count > 1 << 20) return 0;
  const bool scalar = extent == H5S_SCALAR;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      if (H5Tget_sign(type) == H5T_SGN_NONE && H5Tget_size(type) >= 8 && is_beyond_int64(attribute, count))
        add_numbers<double>(all, name, attribute, H5T_NATIVE_DOUBLE, count, scalar);
      else add_numbers<std::int64_t>(all, name, attribute, H5T_NATIVE_INT64, count, scalar);
      break;
    case H5T_ENUM:
      add_numbers<std::int64_t>(all, name, attribute, H5T_NATIVE_INT64, count, scalar);
      break;
    case H5T_FLOAT:
      add_numbers<double>(all, name, attribute, H5T_NATIVE_DOUBLE, count, scalar);
      break;
    case H5T_STRING: {
      std::vector<std::string> texts =
          texts_of(type, count, [&](hid_t memory, void* out) { return H5Aread(attribute, memory, out); });
      if (scalar) all[name] = std::move(texts.at(0));
      else all[name] = std::move(texts);
      break;
    }
    default:
      break;
  }
  return 0;
}

}  // namespace

std::map<std::string, AttributeValue> read_attributes(hid_t object) {
  std::map<std::string, AttributeValue> all;
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, &add_attribute, &all);
  return all;
}

void rethrow_with(const std::vector<std::pair<std::string, std::string>>& names) {
  try {
    throw;
  } catch (const Error& error) {
    std::string text = error.what();
    for (const auto& [so_far, name] : names)
      for (std::size_t at = 0; !name.empty() && (at = text.find(so_far, at)) != std::string::npos;
           at += name.size())
        text.replace(at, so_far.size(), name);
    throw Error(error.kind(), text);
  }
}

Room::Room(const std::string& path) : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}

int ask_for_room(int file, std::uint64_t from, std::uint64_t bytes) {
  if (bytes == 0) return 0;
  // Where files may be only so large, going beyond is a signal that ends the process.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      from + bytes > limit.rlim_cur)
    return EFBIG;
  int problem = 0;
  do problem = fallocate(file, 0, static_cast<off_t>(from), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  while (problem == EINTR);
  if (problem != EOPNOTSUPP && problem != ENOSYS) return problem;
  // posix_fallocate would write a byte into every block.
  struct statvfs disk {};
  if (fstatvfs(file, &disk) == 0 && disk.f_bavail < bytes / std::max<std::uint64_t>(disk.f_frsize, 1))
    return ENOSPC;
  return 0;
}

void Room::take(const std::string& function, hid_t file, std::uint64_t count) {
  constexpr std::uint64_t for_the_index = 64 * 1024, most_kept = 64 << 20;
  if (kept_ > most_kept && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0) kept_ = 0;
  for (const bool again : {false, true}) {
    haddr_t end = 0;
    H5Fget_eoa(file, &end);
    const std::uint64_t needed = end + kept_ + count + for_the_index;
    if (needed > taken_) {
      const int problem = ask_for_room(file_.get(), end, needed - end);
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
