// Files that other programs have made: by the HDF5 library itself.
#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

#include "weir/array/array.hpp"
#include "weir/error.hpp"

namespace weir::test {

/// Identifiers of the library that are closed at the end, the last first.
class Ids {
 public:
  Ids() = default;
  Ids(const Ids&) = delete;
  ~Ids() { close(); }
  hid_t operator()(hid_t id) {
    all_.push_back(id);
    return id;
  }
  void close() {
    while (!all_.empty()) {
      const hid_t id = all_.back();
      all_.pop_back();
      while (H5Iget_ref(id) > 1) H5Idec_ref(id);
      H5Idec_ref(id);
    }
  }

 private:
  std::vector<hid_t> all_;
};

/// A file of another program, open until the end of this object.
class ForeignFile {
 public:
  explicit ForeignFile(const std::string& path, hsize_t user_block = 0) {
    const hid_t creation = ids(H5Pcreate(H5P_FILE_CREATE));
    if (user_block) H5Pset_userblock(creation, user_block);
    file = ids(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT));
  }
  /// Writes values as a dataset of `stored`, in chunks if there are any.
  template <class T>
  void write(const std::string& name, hid_t memory, hid_t stored, const std::vector<hsize_t>& extents,
             const std::vector<T>& values, const std::vector<hsize_t>& chunk = {}, int gzip = 0) {
    Ids own;
    const hid_t space = own(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr)),
                properties = own(H5Pcreate(H5P_DATASET_CREATE));
    if (!chunk.empty()) H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
    if (gzip) H5Pset_deflate(properties, static_cast<unsigned>(gzip));
    const hid_t set =
        own(H5Dcreate2(file, name.c_str(), stored, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }
  Ids ids;
  hid_t file;
};

/// The dataset as the library itself reads it.
inline std::vector<double> plain_read(const std::string& path, const std::string& dataset) {
  Ids ids;
  const hid_t access = ids(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access, false, true);
  const hid_t file = ids(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access)),
              set = ids(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT)), space = ids(H5Dget_space(set));
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  if (H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) values.clear();
  return values;
}

template <class F>
std::string error_of(F work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

template <class T>
std::vector<T> listed(const xt::xarray<T>& x) {
  return std::vector<T>(x.begin(), x.end());
}

}  // namespace weir::test
