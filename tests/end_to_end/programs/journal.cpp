// Tasks whose results are kept: `journal_job FOLDER RUNS.txt COUNT VERSION INPUT`. Every run of a function
// appends a line to RUNS.txt; the results go to stdout. With `nested` for INPUT, tasks that submit others
// only; with `chain`, those that nobody but other tasks needs; with `dropped`, the same for nobody.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <thread>
#include <weir/journal.hpp>
#include <weir/weir.hpp>

#include "end_to_end/programs/note.hpp"

using namespace weir;
using weir::test::note;

double simulate(double x, const std::string& runs) {
  note(runs, "simulate " + std::to_string(x));
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return x * x;
}

double simulate_more(double x, int more, const std::string& runs) { return simulate(x + more, runs); }

std::vector<double> series(double from, int count, const std::string& runs) {
  note(runs, "series " + std::to_string(from));
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(from + i);
  return values;
}

double sum(const std::vector<double>& values, const std::string& runs) {
  note(runs, "sum");
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

double sum_or_die(const std::vector<double>& values, double factor, const std::string& died) {
  const int file = open(died.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file >= 0) raise(SIGKILL);
  return factor * (values.front() + values.back());
}

double plain(double x) { return x + 1; }

int lines_of(const std::string& path, const std::string& runs) {
  note(runs, "lines_of");
  std::ifstream in(path);
  int lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  return lines;
}

// Notes itself, then has a cached task below it do the same.
int nest(int levels, const std::string& runs) {
  note(runs, "nest " + std::to_string(levels));
  if (levels == 0) return 1;
  return 1 + Client::current().submit(cached{}, nest, levels - 1, unkeyed(runs)).result();
}

int main(int argc, char** argv) {
  return run(argc, argv, [&](Client& client) {
    const std::string runs = argv[2];
    const int count = std::stoi(argv[3]);
    const std::int64_t version = std::stoi(argv[4]);
    if (argv[1] != std::string("-")) journal(argv[1]);
    if (argv[5] == std::string("nested")) {
      std::cout << client.submit(cached{.version = version}, nest, count, unkeyed(runs)).result()
                << std::endl;
      return 0;
    }
    if (argv[5] == std::string("chain")) {
      std::vector<Future<double>> sums;
      for (int i = 0; i < count; ++i) {
        const auto total =
            client.submit(cached{.version = version}, sum,
                          client.submit(cached{}, series, 1.0 + i, 100'000, unkeyed(runs)), unkeyed(runs));
        sums.push_back(client.submit(plain, client.submit(plain, total)));
      }
      double all = 0;
      for (const double value : client.gather(sums)) all += value;
      std::cout << all << std::endl;
      return 0;
    }
    if (argv[5] == std::string("dropped")) {
      const auto slow = client.submit(cached{}, simulate, 5.0, unkeyed(runs));
      for (int i = 0; i < count; ++i)
        client.submit(cached{}, simulate, client.submit(cached{}, simulate_more, slow, i, unkeyed(runs)),
                      unkeyed(runs));
      std::cout << slow.result() << std::endl;
      return 0;
    }
    std::vector<double> grid;
    for (int i = 0; i < count; ++i) grid.push_back(i);
    std::vector<Unkeyed<std::string>> notes(grid.size(), unkeyed(runs));
    double total = 0;
    for (const double value : client.gather(client.map(cached{.version = version}, simulate, grid, notes)))
      total += value;
    // A large result, as an input of a task that is kept and of one that is not.
    const auto large = client.submit(cached{}, series, 1.0, 100'000, unkeyed(runs));
    const auto of_large = client.submit(cached{}, sum, large, unkeyed(runs));
    const auto not_kept = client.submit(sum, large, runs);
    // A small one that is kept by the value of its input.
    const auto of_plain = client.submit(cached{}, simulate, client.submit(plain, 2.0), unkeyed(runs));
    const auto lines = client.submit(cached{}, lines_of, input_file(argv[5]), unkeyed(runs));
    if (argc > 6) {
      // The only copies of what was found may be with the worker that dies.
      const auto found = client.submit(cached{}, simulate, 3.0, unkeyed(runs));
      std::cout << client.submit(sum_or_die, large, found, std::string(argv[6])).result() << " ";
    }
    std::cout << total << " " << of_large.result() << " " << not_kept.result() << " " << of_plain.result()
              << " " << lines.result() << std::endl;
    return 0;
  });
}
