// What is killed and run again: `resume_job FOLDER`. Tasks that are kept, arrays, and a stream whose states
// are on the cluster. FOLDER/notes has a line for each task that ran and for each result that was seen,
// FOLDER/rank0 and FOLDER/worker the processes that could be killed.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <weir/array.hpp>
#include <weir/journal.hpp>
#include <weir/resumable.hpp>
#include <weir/weir.hpp>

#include "end_to_end/programs/note.hpp"

using namespace weir;
using weir::test::note;

std::string noted;

long second_power(long x, const std::string& folder) {
  note(folder + "/notes", "run " + std::to_string(x));
  note(folder + "/worker", std::to_string(getpid()), O_TRUNC);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return x * x;
}
long remainder_of(const long& x) { return x % 7; }
long added(const long& a, const long& b) { return a + b; }
std::string words(const std::pair<long, long>& x) {
  return std::to_string(x.first) + " " + std::to_string(x.second);
}
std::string first_and_size(const std::vector<long>& window) {
  return std::to_string(window.front()) + " " + std::to_string(window.size());
}
xt::xarray<double> half(const xt::xarray<double>& x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(4));
  return x / 2;
}
xt::xarray<double> half_noted(const xt::xarray<double>& x) {
  note(noted, "run array");
  return half(x);
}

// One array that is kept and one that goes into a file.
void compute_arrays(const std::string& folder) {
  const auto numbers = arange<double>(0, 4000, 1, {100});
  const auto kept = map_blocks<double>(half_noted, numbers).persist(cached{});
  note(folder + "/notes", "seen array");
  map_blocks<double>(half, kept + 1.0).to_hdf5(folder + "/array.h5", "x", {.resume = true});
  const auto all = open_hdf5<double>(folder + "/array.h5", "x").compute();
  std::ofstream out(folder + "/array.txt");
  for (const double x : all) out << x << "\n";
}

int main(int argc, char** argv) {
  const std::string folder = argv[1];
  noted = folder + "/notes";  // on every rank
  return run(argc, argv, [&](Client& client) {
    note(folder + "/rank0", std::to_string(getpid()), O_TRUNC);
    journal(folder + "/j");
    for (long from = 0; from < 200; from += 20) {
      std::vector<Future<long>> futures;
      for (long x = from; x < from + 20; ++x)
        futures.push_back(client.submit(cached{}, second_power, x, unkeyed(folder)));
      for (long x = from; x < from + 20; ++x) {
        if (futures[static_cast<std::size_t>(x - from)].result() != x * x) return 1;
        note(folder + "/notes", "seen " + std::to_string(x));
      }
    }
    compute_arrays(folder);
    Stream<long> numbers;
    Resumable job(folder + "/j", "states", std::chrono::milliseconds(20));
    const auto there = numbers.scatter(client);
    job.sink_to_textfile(there.group_by(remainder_of, op::accumulate(added, 0L)).map(words).gather(),
                         folder + "/groups.txt");
    job.sink_to_textfile(there.partition(13).map(first_and_size).gather(), folder + "/windows.txt");
    std::vector<long> items;
    for (long i = 0; i < 2000; ++i) items.push_back(i * 31 % 1009);
    job.feed(ItemsOf(items), numbers);
    job.flush(numbers);
    return 0;
  });
}
