// What is killed and run again: `resume_job FOLDER`. Tasks that are kept, and a stream whose states are on
// the cluster. FOLDER/notes has a line for each task that ran and for each result that was seen, FOLDER/rank0
// and FOLDER/worker the processes that could be killed.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <weir/journal.hpp>
#include <weir/resumable.hpp>
#include <weir/weir.hpp>

#include "end_to_end/programs/note.hpp"

using namespace weir;
using weir::test::note;

long square(long x, const std::string& folder) {
  note(folder + "/notes", "run " + std::to_string(x));
  note(folder + "/worker", std::to_string(getpid()), O_TRUNC);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return x * x;
}
long remainder_of(const long& x) { return x % 7; }
long sum(const long& a, const long& b) { return a + b; }
std::string words(const std::pair<long, long>& x) {
  return std::to_string(x.first) + " " + std::to_string(x.second);
}
std::string first_and_size(const std::vector<long>& window) {
  return std::to_string(window.front()) + " " + std::to_string(window.size());
}

int main(int argc, char** argv) {
  return run(argc, argv, [&](Client& client) {
    const std::string folder = argv[1];
    note(folder + "/rank0", std::to_string(getpid()), O_TRUNC);
    journal(folder + "/j");
    for (long from = 0; from < 200; from += 20) {
      std::vector<Future<long>> futures;
      for (long x = from; x < from + 20; ++x)
        futures.push_back(client.submit(cached{}, square, x, unkeyed(folder)));
      for (long x = from; x < from + 20; ++x) {
        if (futures[static_cast<std::size_t>(x - from)].result() != x * x) return 1;
        note(folder + "/notes", "seen " + std::to_string(x));
      }
    }
    Stream<long> numbers;
    Resumable job(folder + "/j", "states", std::chrono::milliseconds(20));
    const auto there = numbers.scatter(client);
    job.sink_to_textfile(there.group_by(remainder_of, op::accumulate(sum, 0L)).map(words).gather(),
                         folder + "/groups.txt");
    job.sink_to_textfile(there.partition(13).map(first_and_size).gather(), folder + "/windows.txt");
    std::vector<long> items;
    for (long i = 0; i < 2000; ++i) items.push_back(i * 31 % 1009);
    job.feed(ItemsOf(items), numbers);
    job.flush(numbers);
    return 0;
  });
}
