// Values of every size between workers and rank 0, scattered, broadcast and computed.
#include <catch2/catch.hpp>
#include <list>
#include <numeric>
#include <set>
#include <variant>

#include <unistd.h>

#include "support/cluster_main.hpp"

using namespace weir::test;
using weir::Future;
using weir::Options;

namespace {

using Numbers = std::vector<std::uint64_t>;

Numbers numbers(std::uint64_t count, std::uint64_t first) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}
std::uint64_t check_sum(const Numbers& all) { return std::accumulate(all.begin(), all.end(), all.size()); }
std::string letters(std::size_t count) { return std::string(count, 'w'); }

struct Record {
  int id;
  std::string name;
  std::vector<double> values;
  friend bool operator==(const Record&, const Record&) = default;
};
using Everything = std::tuple<std::map<std::string, std::vector<int>>, std::set<int>, std::list<std::string>,
                              std::optional<double>, std::variant<int, std::string>, std::pair<char, bool>,
                              std::array<float, 3>, std::vector<bool>, Record, std::vector<Record>>;
Everything everything() {
  return {{{"a", {1, 2}}, {"b", {}}},
          {3, 1, 2},
          {"x", "y"},
          2.5,
          "variant",
          {'c', true},
          {1, 2, 3},
          {true, false, true},
          {1, "one", {1.5}},
          {{2, "two", {}}, {3, "three", {1, 2}}}};
}
template <class T>
T same(T value) {
  return value;
}

using Owned = std::vector<std::unique_ptr<Numbers>>;
Owned owned(std::uint64_t count) {
  Owned all;
  all.push_back(std::make_unique<Numbers>(numbers(count, 1)));
  return all;
}
std::unique_ptr<Numbers> owned_one(std::uint64_t count) {
  return std::make_unique<Numbers>(numbers(count, 1));
}
struct Shelf {
  std::string name;
  std::unique_ptr<Numbers> owned;
};
Shelf shelf(std::uint64_t count) { return {"shelf", owned_one(count)}; }
// Written by its own function alone; its bytes would be those of a plain struct.
struct Sealed {
  int open = 0;
  int secret = 0;
};
template <class Archive>
void serialize(Archive& archive, Sealed& sealed) {
  archive(sealed.open);
  sealed.secret = -1;
}
std::vector<Sealed> seal(const std::map<int, Sealed>& all) { return {all.at(1), {all.at(1).secret, 7}}; }

weir::PeerId where() {
  return on_ranks()
             ? static_cast<weir::PeerId>(std::strtoul(std::getenv("OMPI_COMM_WORLD_RANK"), nullptr, 10))
             : 1;
}
weir::PeerId where_with(const Numbers&) { return where(); }

/// Takes longer to write, when it is sent, than a worker may be silent.
struct Laborious {
  std::shared_ptr<int> times = std::make_shared<int>(0);
  std::vector<int> ballast = std::vector<int>(1000, 4);
  template <class Archive>
  void save(Archive& archive) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(++*times == 2 ? 1900 : 0);
    while (std::chrono::steady_clock::now() < end) {
    }
    archive(ballast);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(ballast);
  }
};
Laborious laborious() { return {}; }

std::uint64_t available_bytes() {
  return static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Options on(const weir::WorkerInfo& worker) { return {.workers = {worker.name}}; }

}  // namespace

TEST_CASE("values keep their contents whatever their size") {
  for (const std::uint64_t bytes :
       {0, 8, 40, 48, 1016, 1024, 1032, 4096, 65528, 65536, 65544, 1 << 20, 3 << 20}) {
    const auto future = client().submit(numbers, bytes / 8, 5);
    INFO(bytes << " bytes");
    CHECK(future.result() == numbers(bytes / 8, 5));
    CHECK(client().submit(check_sum, future).result() == check_sum(numbers(bytes / 8, 5)));
    CHECK(client().submit(check_sum, numbers(bytes / 8, 5)).result() == check_sum(numbers(bytes / 8, 5)));
    CHECK(client().submit(letters, bytes).result() == letters(bytes));
  }
}

TEST_CASE("values of all kinds come back as they were") {
  const auto future = client().submit(everything);
  CHECK(future.result() == everything());
  CHECK(client().submit(same<Everything>, future).result() == everything());
  CHECK(client().submit(same<Everything>, everything()).result() == everything());
}

TEST_CASE("results that can only be moved are brought, small and large") {
  for (const std::uint64_t count : {3U, 100'000U}) {
    CHECK(*client().submit(owned_one, count).result() == numbers(count, 1));
    CHECK(*client().submit(owned, count).result().at(0) == numbers(count, 1));
    CHECK(*client().submit(shelf, count).result().owned == numbers(count, 1));
    Future<std::unique_ptr<Numbers>> kept = client().submit(owned_one, count);
    const std::unique_ptr<Numbers> own = Future(kept).result();
    CHECK(*own == *kept.result());
    CHECK(own != kept.result());
    CHECK(*client().gather(kept) == numbers(count, 1));
    CHECK(*client().gather(std::vector{kept, kept})[1] == numbers(count, 1));
  }
}

TEST_CASE("a type's own function is used for arguments and results, also inside containers") {
  const std::vector<Sealed> sealed = client().submit(seal, std::map<int, Sealed>{{1, {5, 6}}}).result();
  REQUIRE(sealed.size() == 2);
  CHECK(sealed[0].open == 5);
  CHECK(sealed[1].open == -1);  // what the task saw
}

TEST_CASE("a value goes from every worker to every other") {
  const auto workers = client().workers();
  for (const std::uint64_t count : {1000, 10000, 300000}) {
    std::vector<Future<Numbers>> values;
    for (const auto& worker : workers)
      values.push_back(client().submit(on(worker), numbers, count, worker.peer));
    for (const auto& worker : workers)
      for (std::size_t i = 0; i < workers.size(); ++i)
        CHECK(client().submit(on(worker), check_sum, values[i]).result() ==
              check_sum(numbers(count, workers[i].peer)));
    // Small copies that few tasks need leave with these, and are not told of.
    const std::size_t holders = count * sizeof(Numbers::value_type) < 64 * 1024 ? 1 : workers.size();
    for (const auto& value : values) CHECK(client().who_has(value).size() == holders);
  }
}

TEST_CASE("128 MB go from worker to worker and to rank 0") {
  const std::uint64_t count = (std::uint64_t{128} << 20) / 8;
  const auto workers = client().workers();
  const auto value = client().submit(on(workers.front()), numbers, count, 1);
  CHECK(client().submit(on(workers.back()), check_sum, value).result() == check_sum(numbers(count, 1)));
  CHECK(value.result() == numbers(count, 1));
}

TEST_CASE("a worker that writes a value for long is not taken for dead") {
  if (!on_ranks()) return;
  const auto value = client().submit(laborious);
  CHECK(value.result().ballast.size() == 1000);
  CHECK(client().snapshot().workers_lost == 0);
}

// Not part of the default run: it takes a minute and 10 GiB.
TEST_CASE("3 GiB go from worker to worker", "[.large]") {
  constexpr std::uint64_t bytes = std::uint64_t{3} << 30;
  const std::uint64_t needed = 3 * bytes;
  if (available_bytes() < needed) {
    WARN("skipped: it needs " << (needed >> 30) << " GiB of free memory, there are "
                              << (available_bytes() >> 30));
    return;
  }
  const auto workers = client().workers();
  const auto value = client().submit(on(workers.front()), numbers, bytes / 8, 1);
  const std::uint64_t count = bytes / 8;
  CHECK(client().submit(on(workers.back()), check_sum, value).result() == count + count * (count + 1) / 2);
  CHECK(client().snapshot().workers_lost == 0);
}

TEST_CASE("scatter puts values where they are used") {
  const auto everywhere = client().broadcast(numbers(1000, 0));
  CHECK(client().who_has(everywhere).size() == client().workers().size());  // it waits for them
  const auto one = client().scatter(numbers(1000, 1));
  CHECK(one.result() == numbers(1000, 1));
  CHECK(client().who_has(one).size() == 1);
  const auto workers = client().workers();
  const auto there = client().scatter(numbers(100000, 2), {workers.back().peer});
  CHECK(client().who_has(there) == std::vector<weir::PeerId>{workers.back().peer});
  CHECK(client().submit(where_with, there).result() == workers.back().peer);
  CHECK(client().submit(check_sum, there).result() == check_sum(numbers(100000, 2)));
  const auto on_all = client().scatter(5, workers);
  CHECK(soon([&] { return client().who_has(on_all).size() == workers.size(); }));
}

TEST_CASE("broadcast puts a copy on every worker") {
  const auto everywhere = client().broadcast(numbers(5000, 3));
  CHECK(soon([&] { return client().who_has(everywhere).size() == client().workers().size(); }));
  for (const auto& worker : client().workers())
    CHECK(client().submit(on(worker), check_sum, everywhere).result() == check_sum(numbers(5000, 3)));
}

TEST_CASE("scatter_each spreads values over the workers") {
  std::vector<Numbers> parts;
  for (int i = 0; i < 20; ++i) parts.push_back(numbers(2000, i));
  const auto futures = client().scatter_each(parts);
  CHECK(client().gather(futures) == parts);
  std::set<weir::PeerId> holders;
  for (const auto& future : futures) holders.insert(client().who_has(future).at(0));
  CHECK(holders.size() == client().workers().size());
}

TEST_CASE("scatter to a worker that is not there says so") {
  try {
    (void)client().scatter(1, {99});
    FAIL("nothing was thrown");
  } catch (const weir::Error& error) {
    CHECK(error.kind() == weir::ErrorKind::not_found);
    CHECK_THAT(error.what(), Catch::Contains("scatter: there is no worker 99"));
  }
  CHECK(client().scatter(5).result() == 5);
}

TEST_CASE("a result is dropped when the last future of it has gone") {
  const auto bytes = [] {
    std::uint64_t sum = 0;
    for (const auto& worker : client().workers()) sum += worker.result_bytes;
    return sum;
  };
  CHECK(soon([&] { return bytes() == 0; }));
  {
    const auto value = client().submit(numbers, 100000, 1);
    const auto copy = value;
    value.wait();
    CHECK(bytes() >= 800000);
  }
  CHECK(soon([&] { return bytes() == 0; }));
}
