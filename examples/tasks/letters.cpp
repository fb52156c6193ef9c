// Sorts and counts the letters of many files: once in plain sequential C++, once with a task for each file.
//
// Run:    letters --generate texts --files 40 --size 10MB      (threads)
//         weir run -n 3 letters texts/*.txt                    (MPI ranks)
// Prints: letters of 4 files, 400 kB
//
//                         time   per second
//         sequential   ... s   ...
//         parallel     ... s   ...
//         speed-up     ...
//
//         a 15517        b 15190        c 15388        d 15490        e 15313        f 15510
//         g 15511        h 15412        i 15356        j 15242        k 15465        l 15759
//         m 15482        n 15176        o 15193        p 15351        q 15350        r 15605
//         s 14922        t 15587        u 15461        v 15486        w 15120        x 15276
//         y 15372        z 15466
// Shows:  map, gather, the same function called directly and as a task, errors for people.
// Next:   README.md, "Where does it run?"
#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>
#include <weir/run.hpp>

#include "letters/count.hpp"
#include "letters/options.hpp"
#include "letters/table.hpp"

namespace {

using letters::Counts;

/// The files that can be counted; a sentence on stderr for each of the others.
std::vector<std::string> readable(const std::vector<std::string>& paths) {
  std::vector<std::string> good;
  for (const std::string& path : paths) {
    try {
      letters::check_file(path);
      good.push_back(path);
    } catch (const std::exception& error) {
      std::cerr << "letters: " << error.what() << '\n';
    }
  }
  return good;
}

letters::Pass timed(const std::function<std::vector<Counts>()>& pass) {
  const auto start = std::chrono::steady_clock::now();
  letters::Pass result{pass(), {}};
  result.time = std::chrono::steady_clock::now() - start;
  return result;
}

int count(const std::vector<std::string>& paths, weir::Client& client) {
  const std::vector<std::string> files = readable(paths);
  if (files.empty()) return 1;
  const letters::Pass sequential = timed([&] {
    std::vector<Counts> counts;
    for (const std::string& file : files) counts.push_back(letters::count_file(file));
    return counts;
  });
  const letters::Pass parallel = timed([&] { return client.gather(client.map(letters::count_file, files)); });
  letters::print_table(std::cout, sequential, parallel);
  if (sequential.counts != parallel.counts) {
    std::cerr << "letters: both passes must count the same (got different counts)\n";
    return 1;
  }
  return files.size() == paths.size() ? 0 : 1;
}

int work(int argc, char** argv, weir::Client& client) {
  const letters::Options options = letters::parse_options(argc, argv);
  if (!options.help.empty()) {
    std::cout << options.help;
    return 0;
  }
  return count(options.folder.empty() ? options.files
                                      : letters::generate(options.folder, options.count, options.size_bytes),
               client);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) -> int {
    try {
      return work(argc, argv, client);
    } catch (const letters::WrongUse& error) {
      std::cerr << "letters: " << error.what() << '\n';
      return 2;
    } catch (const std::exception& error) {
      std::cerr << "letters: " << error.what() << '\n';
      return 1;
    }
  });
}
