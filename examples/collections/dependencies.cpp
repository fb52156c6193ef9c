// What most packages of a Debian depend on: an index of packages as a bag of records.
//   apt-cache dumpavail > avail.txt; dependencies avail.txt
// Without a file it writes a small index of its own.
// Prints: 6 packages, 9 dependencies
//              5 libc6
//              2 zlib1g
//              1 libpng16-16
//              1 perl-base
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <weir/bag.hpp>
#include <weir/run.hpp>

namespace {

struct Package {
  std::string name;
  std::vector<std::string> depends;  // each once
};

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_first_of(" (:|", begin) - begin);
}

// A record has a field in each line: "Depends: libc6 (>= 2.36), zlib1g | zlib1g-dev".
Package package(const std::string& record) {
  Package found;
  std::istringstream lines(record);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Package: ")) found.name = line.substr(9);
    if (!line.starts_with("Depends: ")) continue;
    std::istringstream parts(line.substr(9));
    for (std::string part; std::getline(parts, part, ',');)  // of alternatives the first one
      if (const std::string name = trimmed(part);
          std::find(found.depends.begin(), found.depends.end(), name) == found.depends.end())
        found.depends.push_back(name);
  }
  return found;
}

std::string small_index() {
  const std::string path = std::filesystem::temp_directory_path() / "weir-example-packages.txt";
  std::ofstream(path) << "Package: zlib1g\nDepends: libc6 (>= 2.14)\n\n"
                         "Package: libpng16-16\nDepends: libc6 (>= 2.29), zlib1g (>= 1:1.2.11)\n\n"
                         "Package: libc6\nDescription: the C library\n\n\n"
                         "Package: tool\nDepends: libc6, libpng16-16, libc6 (>= 2.36)\n\n"
                         "Package: perl\nDepends: perl-base (= 5.36), libc6\n\n"
                         "Package: git\nDepends: libc6 (>= 2.34), zlib1g:any | zlib1g-ng\n";
  return path;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string path = argc > 1 ? argv[1] : small_index();
    const auto packages = weir::read_records({path}, "\n\n").map(package).persist();
    const auto dependencies = packages.pluck(&Package::depends).flatten();
    const auto [count, all, top] =
        weir::compute(packages.count(), dependencies.count(), dependencies.frequencies().topk(10));
    std::cout << count << " packages, " << all << " dependencies\n";
    for (const auto& [name, times] : top) std::cout << std::setw(6) << times << ' ' << name << '\n';
  });
}
