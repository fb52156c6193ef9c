// Operators whose states go on in the next run.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "weir/resumable.hpp"
#include "weir/stream/extend.hpp"

using namespace weir;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/weir-states-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Stop {};

std::string text(long x) { return std::to_string(x); }
template <class T>
std::string text(const std::optional<T>& x);
template <class A, class B>
std::string text(const std::pair<A, B>& x);
template <class... T>
std::string text(const std::tuple<T...>& x);
template <class T>
std::string text(const std::vector<T>& x);
template <class T>
std::string text(const std::optional<T>& x) {
  return x ? text(*x) : "-";
}
template <class A, class B>
std::string text(const std::pair<A, B>& x) {
  return text(x.first) + ":" + text(x.second);
}
template <class... T>
std::string text(const std::tuple<T...>& x) {
  return std::apply([](const auto&... item) { return ((text(item) + "|") + ...); }, x);
}
template <class T>
std::string text(const std::vector<T>& x) {
  std::string all;
  for (const T& item : x) all += text(item) + ",";
  return all;
}
std::string text(const std::map<long, std::uint64_t>& x) {
  std::string all;
  for (const auto& [key, count] : x) all += text(key) + "=" + std::to_string(count) + ",";
  return all;
}
std::string text(const TimeWindow<long, long>& x) {
  return text(x.begin) + "-" + text(x.end) + "#" + std::to_string(x.revision) + ":" + text(x.elements);
}

constexpr long elements = 60;
// Goes on until the `stop`th element of this run has come, each of which is committed.
template <class Build>
void run_until(const std::string& folder, long stop, const Build& build) {
  Stream<long> numbers;
  Resumable job(folder, "job", std::chrono::nanoseconds(0));
  const auto counted = numbers.map([seen = 0L, stop](long x) mutable {
    if (seen++ == stop) throw Stop{};
    return x;
  });
  job.sink_to_textfile(build(counted).map([](const auto& y) { return text(y); }), folder + "/out.txt");
  std::vector<long> items;
  for (long i = 0; i < elements; ++i) items.push_back(i * 7 % 23);
  job.feed(ItemsOf(items), numbers);
  job.flush(numbers);
}

// The runs that are stopped give together what one run gives.
template <class Build>
std::string resumed(const Build& build) {
  const Folder once, often;
  run_until(once.path, -1, build);
  for (const long stop : {5L, 17L, 1L, 18L, 3L}) try {
      run_until(often.path, stop, build);
    } catch (const Stop&) {
    }
  run_until(often.path, -1, build);
  const std::string wanted = read_file(once.path + "/out.txt");
  CHECK_FALSE(wanted.empty());
  CHECK(read_file(often.path + "/out.txt") == wanted);
  run_until(often.path, -1, build);  // nothing has come since
  CHECK(read_file(often.path + "/out.txt") == wanted);
  return wanted;
}

long mod(const long& x) { return x % 3; }

// An operator of one's own, which names its state or not.
template <class In, bool names>
struct EveryThird {
  using Out = In;
  int seen = 0;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (++seen % 3 == 0) emit(std::forward<X>(x));
  }
  auto kept() requires names { return std::tie(seen); }
};
template <bool names>
auto every_third() {
  return op::ByKernel{"every_third",
                      []<class In>(std::type_identity<In>) { return EveryThird<In, names>{}; }};
}

}  // namespace

TEST_CASE("resumable: states of operators go on") {
  const auto sum = [](long a, long b) { return a + b; };
  resumed([&](const auto& s) { return s.accumulate(sum, 0L); });
  resumed([&](const auto& s) { return s.accumulate(sum); });
  resumed([](const auto& s) { return s.collect(); });
  resumed([](const auto& s) { return s.frequencies(); });
  resumed([](const auto& s) { return s.unique(); });
  resumed([](const auto& s) { return s.unique(2, mod); });
  resumed([](const auto& s) { return s.pairwise(); });
  resumed([](const auto& s) { return s.enumerate(); });
  resumed([](const auto& s) { return s.slice(10, 40, 3); });
  resumed([](const auto& s) { return s.apply(every_third<true>()); });
  resumed([](const auto& s) { return s.take_while([](long x) { return x != 6; }); });
  resumed([&](const auto& s) { return s.group_by(mod, op::accumulate(sum, 0L)); });
  resumed([&](const auto& s) { return s.group_by(mod, op::sliding_window(2), 2); });
}

TEST_CASE("resumable: windows and joins go on") {
  resumed([](const auto& s) { return s.sliding_window(5); });
  resumed([](const auto& s) { return s.partition(7); });
  resumed([](const auto& s) { return s.partition(4, mod); });
  resumed([](const auto& s) { return s.partition(4, "1ms"); });
  resumed([](const auto& s) { return s.partition_unique(4); });
  resumed([](const auto& s) { return s.tumbling_window([](long x) { return x; }, 5L); });
  resumed([](const auto& s) { return s.zip(s.filter([](long x) { return x % 2 == 0; }), max_ahead{100}); });
  resumed([](const auto& s) { return s.combine_latest(s.filter([](long x) { return x % 2 == 0; })); });
  resumed([](const auto& s) { return s.zip_latest(s.filter([](long x) { return x % 2 == 0; })); });
}

namespace {

// Entries of a vector that stands for a disk: those beyond what was committed are taken back.
struct Shelf {
  std::vector<long>* disk;
  void put(long x) { disk->push_back(x); }
  std::uint64_t commit() { return disk->size(); }
  void go_on(std::optional<std::uint64_t> entries) { disk->resize(entries.value_or(0)); }
};

}  // namespace

TEST_CASE("resumable: a sink of one's own commits") {
  const Folder folder;
  std::vector<long> disk{-1, -2}, items, wanted;
  for (long i = 0; i < 100; ++i) items.push_back(i), wanted.push_back(i);
  for (const long stop : {40L, 30L, -1L}) {
    Stream<long> numbers;
    Resumable job(folder.path, "shelf", std::chrono::nanoseconds(0));
    job.sink_to(numbers, Shelf{&disk});
    job.sink(numbers, [seen = 0L, stop](long) mutable {
      if (seen++ == stop) throw Stop{};
    });
    if (stop < 0) job.feed(ItemsOf(items), numbers);
    else CHECK_THROWS_AS(job.feed(ItemsOf(items), numbers), Stop);
  }
  CHECK(disk == wanted);
}

TEST_CASE("resumable: another pipeline than that of the last run is refused") {
  const Folder folder;
  const auto windows = [](const auto& s) { return s.sliding_window(3); };
  CHECK_THROWS_AS(run_until(folder.path, 40, windows), Stop);
  CHECK_THROWS_WITH(run_until(folder.path, -1, [](const auto& s) { return s; }),
                    "resumable: the pipeline of job must be what was committed (operator 3 (sliding_window) "
                    "had a state and is not there); build it as before, or remove " +
                        folder.path + "/streams/job to begin anew");
  struct Here {
    const long* there;
  };
  CHECK_THROWS_WITH(
      run_until(folder.path, -1,
                [](const auto& s) {
                  return s.map([](const long& x) { return Here{&x}; })
                      .sliding_window(3)
                      .map([](const auto& window) { return long(window.size()); });
                }),
      "resumable: <sliding_window: 3> keeps a state that cannot be written for another run; make "
      "its elements travel, give an operator of your own a kept(), or keep it in a state of the "
      "resumable");
  const Folder other;
  CHECK_THROWS_AS(run_until(other.path, -1, [](const auto& s) { return s.apply(every_third<false>()); }),
                  Error);
}
