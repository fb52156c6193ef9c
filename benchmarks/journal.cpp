// What a journal costs: cached tasks the first time and found again, and the start with ten million records.
#include "journal/journal.hpp"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <weir/journal.hpp>
#include <weir/weir.hpp>

#include "report.hpp"

// Has a name: the journal knows functions by it.
int same_again(int x) { return x; }

namespace {

namespace journal = weir::detail::journal;

struct Folder {
  Folder() {
    const char* where = std::getenv("TMPDIR");
    path = std::string(where ? where : "/tmp") + "/weir-bench-XXXXXX";
    if (!mkdtemp(path.data())) throw weir::Error(weir::ErrorKind::io, "journal: no folder in " + path);
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

template <class How>
double rate(weir::Client& client, const How& how, const std::vector<int>& numbers) {
  const auto start = bench::Clock::now();
  const std::vector<int> results = client.gather(client.map(how, same_again, numbers));
  const double seconds = bench::seconds_since(start);
  if (results != numbers)
    throw weir::Error(weir::ErrorKind::internal, "journal: the results must equal the arguments");
  return static_cast<double>(numbers.size()) / seconds;
}

// Cached tasks where nothing is kept, and tasks that are not cached, in turns: a machine changes more in a
// second than this can cost.
void without_journal(weir::Client& client, const std::vector<int>& numbers) {
  std::vector<double> cached, plain;
  for (int turn = 0; turn < 16; ++turn) {
    for (const bool is_cached : {turn % 2 == 0, turn % 2 != 0}) {
      const double tasks_per_s =
          is_cached ? rate(client, weir::cached{}, numbers) : rate(client, weir::Options{}, numbers);
      if (turn >= 2) (is_cached ? cached : plain).push_back(tasks_per_s);  // memory is there by then
    }
  }
  bench::print("cached_tasks_per_s", bench::median(cached));
  bench::print("plain_tasks_per_s", bench::median(plain));
}

// Memory of this process that is not a file's.
double memory_bytes() {
  malloc_trim(0);
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;)
    if (word == "RssAnon:") return in >> word, 1024 * std::stod(word);
  return 0;
}

void start_with(std::uint64_t records) {
  const Folder folder;
  const auto key = [](std::uint64_t number) {
    journal::Hasher hasher;
    hasher.number(number);
    return hasher.result();
  };
  // In another process: memory that the writer has freed would be used again by the reader, and not be seen.
  const pid_t child = fork();
  if (child == 0) {
    {
      journal::Journal writer(folder.path, journal::Access::write);
      for (std::uint64_t i = 0; i < records; ++i)
        writer.put(key(i), {"f", 1}, std::as_bytes(std::span(&i, 1)));
    }
    _exit(0);
  }
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    throw weir::Error(weir::ErrorKind::io, "journal: the process that writes it has failed");
  const double before = memory_bytes(), cpu = bench::cpu_s();
  const auto start = bench::Clock::now();
  const journal::Journal reader(folder.path, journal::Access::read);
  bench::print("journal_start_s", bench::seconds_since(start));
  bench::print("journal_start_cpu_s", bench::cpu_s() - cpu);
  bench::print("journal_bytes_per_record", (memory_bytes() - before) / static_cast<double>(records));
  if (!reader.has(key(records - 1))) throw weir::Error(weir::ErrorKind::internal, "journal: one is missing");
}

}  // namespace

int main(int argc, char** argv) {
  if (const long records = bench::option(argc, argv, "--records", 0)) {
    start_with(static_cast<std::uint64_t>(records));
    return 0;
  }
  return weir::run(argc, argv, [&](weir::Client& client) {
    std::vector<int> numbers(static_cast<std::size_t>(bench::option(argc, argv, "--tasks", 300'000)));
    std::iota(numbers.begin(), numbers.end(), 0);
    client.wait_for_workers(1);
    if (bench::option(argc, argv, "--without", 0)) return without_journal(client, numbers);
    const Folder folder;
    weir::journal(folder.path + "/j");
    const double before = bench::cpu_s();
    bench::print("journal_tasks_per_s", rate(client, weir::cached{}, numbers));
    const double first = bench::cpu_s();
    bench::print("journal_reuse_per_s", rate(client, weir::cached{}, numbers));
    bench::print("journal_task_cpu_us", 1e6 * (first - before) / static_cast<double>(numbers.size()));
    bench::print("journal_reuse_cpu_us",
                 1e6 * (bench::cpu_s() - first) / static_cast<double>(numbers.size()));
  });
}
