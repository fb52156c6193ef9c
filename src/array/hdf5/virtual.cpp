// The library gives fill values for a source that it cannot open; so they are opened here first, and stay
// open.
#include "array/hdf5/virtual.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

namespace weir::detail::array {

namespace {

namespace fs = std::filesystem;

template <class Get>
std::string text_from(Get get) {
  const ssize_t size = get(nullptr, 0);
  if (size <= 0) return {};
  std::string text(static_cast<std::size_t>(size), '\0');
  get(text.data(), text.size() + 1);
  return text;
}

// Where the library looks for a source, in its order.
std::string found_source(const std::string& source, const std::string& master) {
  if (source == ".") return master;
  const fs::path name(source), folder = fs::path(master).parent_path();
  std::vector<fs::path> places;
  if (name.is_absolute()) {
    places = {name, folder / name.filename()};
  } else {
    if (const char* prefix = std::getenv("HDF5_VDS_PREFIX"); prefix && *prefix) {
      std::string text(prefix);
      constexpr std::string_view origin = "${ORIGIN}";
      if (text.starts_with(origin)) text = folder.string() + text.substr(origin.size());
      places.push_back(fs::path(text) / name);
    }
    places.push_back(folder / name);
    places.push_back(name);
  }
  for (const fs::path& place : places)
    if (access(place.c_str(), F_OK) == 0) return place.string();
  return {};
}

bool meets(hid_t properties, std::size_t i, const Dims& start, const Dims& shape) {
  const Id space(H5Pget_virtual_vspace(properties, i), &H5Sclose);
  std::vector<hsize_t> low(std::max<std::size_t>(1, start.size())), high(low.size());
  if (!space.ok() || start.empty() || H5Sget_simple_extent_ndims(space) != static_cast<int>(start.size()) ||
      H5Sget_select_bounds(space, low.data(), high.data()) < 0)
    return true;  // without limit, or all of it is asked for
  for (std::size_t a = 0; a < start.size(); ++a)
    if (static_cast<std::int64_t>(high[a]) < start[a] ||
        static_cast<std::int64_t>(low[a]) >= start[a] + shape[a])
      return false;
  return true;
}

// With the access that the library uses for sources, which is not ours: they lock.
Id open_source(const std::string& path) {
  for (int attempt = 0;; ++attempt) {
    Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), &H5Fclose);
    if (file.ok() || attempt == 100 || reason() != std::strerror(EAGAIN)) return file;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // somebody writes it
  }
}

}  // namespace

std::vector<Id> open_sources(Hold& hold, const std::string& function, hid_t dataset, const FileName& name,
                             const Dims& start, const Dims& shape) {
  const Id properties(H5Dget_create_plist(dataset), &H5Pclose);
  std::size_t count = 0;
  H5Pget_virtual_count(properties, &count);
  std::map<std::string, std::size_t> known;
  std::vector<Id> files;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string source = text_from([&](char*to, std::size_t size) {
      return H5Pget_virtual_filename(properties, i, to, size);
    }),
                      in = text_from([&](char*to, std::size_t size) {
                        return H5Pget_virtual_dsetname(properties, i, to, size);
                      });
    // Files of a pattern may come later; those of the same file are open.
    if (source.find("%b") != std::string::npos || in.find("%b") != std::string::npos || source == "." ||
        !meets(properties, i, start, shape))
      continue;
    const auto refuse = [&](const std::string& why) {
      fail(ErrorKind::not_found, function + ": " + in_quotes(name.dataset) + " of " + in_quotes(name.path) +
                                     " is made of " + in_quotes(in) + " of " + in_quotes(source) +
                                     ", which cannot be opened (" + why +
                                     "); .fill_missing = true reads fill values in its place");
    };
    if (!known.contains(source)) {
      const std::string path = found_source(source, name.path);
      if (path.empty()) refuse(std::strerror(ENOENT));
      struct stat status {
      }, own{};
      if (stat(path.c_str(), &status) == 0) {
        if (stat(name.path.c_str(), &own) == 0 && identity_of(own) == identity_of(status))
          refuse("it is this file, which a virtual dataset must call \".\"");
        let_go(hold, identity_of(status));
      }
      files.push_back(open_source(path));
      if (!files.back().ok()) refuse(reason());
      known.emplace(source, files.size() - 1);
    }
    if (!exists(files[known.at(source)], in)) refuse("there is no such dataset");
  }
  return files;
}

}  // namespace weir::detail::array
