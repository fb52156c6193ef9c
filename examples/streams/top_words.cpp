// Tailing a log to its most frequent words.
//
// Run:    ./24_stream_top_words [file]
//         weir run -n 3 ./24_stream_top_words [file]
// Prints: error 3
//         info 2
// Shows:  tailing a log: the lines of a file, those written later too; counting a key per line; the two most
// frequent ones. Next:   the same pipeline below scatter() runs on a cluster

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <weir/weir.hpp>

using Count = std::pair<std::string, std::uint64_t>;

/// The `k` most frequent words, most frequent first.
std::vector<Count> top(const std::map<std::string, std::uint64_t>& counts, std::size_t k) {
  std::vector<Count> all(counts.begin(), counts.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Count& a, const Count& b) { return a.second > b.second; });
  all.resize(std::min(k, all.size()));
  return all;
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const bool has_file = argc > 1;
    const std::filesystem::path log = has_file ? std::filesystem::path(argv[1])
                                               : std::filesystem::temp_directory_path() /
                                                     ("24_stream_top_words." + std::to_string(::getpid()));
    if (!has_file) std::ofstream(log) << "info start\nerror disk\nerror net\n";

    const auto lines = weir::from_textfile(log, {.poll_interval = std::chrono::milliseconds(1)});
    const auto tops = lines.map([](const std::string& line) { return line.substr(0, line.find(' ')); })
                          .frequencies()
                          .map(top, std::size_t{2})
                          .sink_to_list();
    lines.start();
    if (has_file) {  // follow the file until a key is pressed
      std::cin.get();
      return;
    }

    tops.wait_for(3, "10s");
    std::ofstream(log, std::ios::app) << "info stop\ndebug x\nerror again\n";
    tops.wait_for(6, "10s");
    const std::vector<Count> last = tops.values().back();
    for (const auto& [word, count] : last) std::cout << word << ' ' << count << '\n';
    std::filesystem::remove(log);
  });
}
