// Arguments that are given up or shared: to threads they go as they are, to ranks as bytes, and a task cannot
// tell.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>

#include <unistd.h>

#include "support/cluster_main.hpp"

using namespace weir::test;
using weir::Options;

namespace {

using Numbers = std::vector<double>;

std::uintptr_t place_of(const Numbers& x) { return reinterpret_cast<std::uintptr_t>(x.data()); }
std::uintptr_t place_of_own(Numbers x) { return place_of(x); }
std::uintptr_t place_of_shared(const std::shared_ptr<const Numbers>& x) { return x ? place_of(*x) : 0; }
double sum(const Numbers& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
Numbers numbers(std::size_t count) {
  Numbers x(count);
  std::iota(x.begin(), x.end(), 1);
  return x;
}

/// Whether arguments go to the workers as they are.
bool goes_live() { return !on_ranks() && !weir::detail::client::checks_arguments(); }

/// Says how often its objects were copied and written, in this process.
struct Counted {
  static inline std::atomic<int> copies{0}, writes{0};
  Counted() = default;
  explicit Counted(std::size_t count) : x(numbers(count)) {}
  Counted(const Counted& other) : x(other.x) { ++copies; }
  Counted(Counted&&) = default;
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = default;
  template <class Archive>
  void save(Archive& archive) const {
    ++writes;
    archive(x);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(x);
  }
  Numbers x;
};
double sum_of_counted(const Counted& counted) { return sum(counted.x); }
double sum_of_own(Counted counted) { return sum(counted.x); }

/// Fails the first time that it is called with this file, with an argument that it has changed.
double changed_and_failed(Numbers x, const std::string& mark) {
  x[0] += 1000;
  if (!std::filesystem::exists(mark)) {
    std::ofstream(mark) << "once";
    throw std::runtime_error("the first time");
  }
  return sum(x);
}
std::string mark_file(const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() / (name + "." + std::to_string(getpid()));
  std::filesystem::remove(path);
  return path.string();
}

std::vector<std::string> words(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back("word number " + std::to_string(i));
  return all;
}
std::size_t letters(const std::vector<std::string>& all) {
  std::size_t count = 0;
  for (const std::string& word : all) count += word.size();
  return count;
}
struct Record {
  std::string name;
  std::map<std::string, Numbers> columns;
  std::optional<std::vector<std::string>> notes;
};
double weigh(const Record& record) {
  double total = static_cast<double>(record.name.size() + (record.notes ? letters(*record.notes) : 0));
  for (const auto& [name, column] : record.columns) total += sum(column);
  return total;
}
Record record() { return {"a record", {{"x", numbers(3000)}, {"y", numbers(10)}}, words(300)}; }

struct Adding {
  double total = 0;
  std::uintptr_t add(const Numbers& x) {
    total += sum(x);
    return place_of(x);
  }
  double add_own(Numbers x) {
    for (double& one : x) total += std::exchange(one, 0);
    return total;
  }
};

struct Sharing {
  explicit Sharing(std::shared_ptr<const Numbers> shared) : x(std::move(shared)) {}
  std::shared_ptr<const Numbers> x;
  std::uintptr_t place() const { return place_of(*x); }
  double total() const { return sum(*x); }
};
struct Owning {
  Numbers x;
  double total() const { return sum(x); }
};

/// Reads another order than it writes, and leaves a member out.
struct Crossed {
  Numbers x, y, left_out;
  template <class Archive>
  void save(Archive& archive) const {
    archive(x, y);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(y, x);
  }
};
double difference(const Crossed& crossed) { return sum(crossed.x) - sum(crossed.y); }
struct Lossy {
  Numbers x, left_out;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};
std::size_t count_left_out(const Lossy& lossy) { return lossy.left_out.size(); }

/// What it is made of belongs to several: only for those who say so it could go as it is.
struct Handle {
  std::shared_ptr<Numbers> there = std::make_shared<Numbers>();
  template <class Archive>
  void serialize(Archive& archive) {
    archive(*there);
  }
};
std::uintptr_t place_of_handle(const Handle& handle) { return place_of(*handle.there); }

}  // namespace

template <>
inline constexpr bool weir::passes_live<Handle> = false;

TEST_CASE("what is given up goes to a thread as it is") {
  for (const std::size_t count : {200U, 5'000U, 200'000U}) {
    Numbers x = numbers(count);
    const std::uintptr_t place = place_of(x);
    CHECK((client().submit(place_of, std::move(x)).result() == place) == goes_live());
    CHECK(client().submit(sum, numbers(count)).result() == sum(numbers(count)));
    CHECK(client().submit([](const auto& all) { return sum(all); }, numbers(count)).result() ==
          sum(numbers(count)));
  }
}

TEST_CASE("elements of a container that is given up are too") {
  std::vector<Numbers> all{numbers(200), numbers(2'000), numbers(20'000)};
  std::vector<std::uintptr_t> places;
  for (const Numbers& x : all) places.push_back(place_of(x));
  std::vector<Numbers> kept = all;
  CHECK(client().gather(client().map(sum, kept)) == client().gather(client().map(sum, all)));
  CHECK((client().gather(client().map(place_of, std::move(all))) == places) == goes_live());
  CHECK(kept.back() == numbers(20'000));
}

TEST_CASE("what is shared and cannot be changed goes to threads as it is") {
  const auto x = std::make_shared<const Numbers>(numbers(5'000));
  CHECK((client().submit(place_of_shared, x).result() == place_of(*x)) == goes_live());
  CHECK((client().submit(place_of_shared, x).result() == place_of(*x)) == goes_live());
  CHECK(client().submit(place_of_shared, std::shared_ptr<const Numbers>()).result() == 0);
  CHECK(client().submit([](const std::shared_ptr<const Numbers>& all) { return sum(*all); }, x).result() ==
        sum(*x));
}

TEST_CASE("what the caller keeps is copied, and so is what a function wants for itself") {
  Numbers x = numbers(5'000);
  auto later = client().submit(sum, x);
  x[0] = 1e9;
  CHECK(later.result() == sum(numbers(5'000)));
  CHECK(client().submit(place_of, x).result() != place_of(x));
  CHECK(client().submit(place_of_own, x).result() != place_of(x));
  CHECK(client().submit(sum, x).result() == sum(x));
  const Numbers constant = numbers(5'000);
  CHECK(client().submit(place_of, std::move(constant)).result() != place_of(constant));  // NOLINT
}

TEST_CASE("a type with functions of its own that write it is not written for a thread that looks at it") {
  Counted::copies = Counted::writes = 0;
  Counted counted(50'000);
  CHECK(client().submit(sum_of_counted, std::move(counted)).result() == sum(numbers(50'000)));
  CHECK(Counted::copies == 0);
  if (goes_live()) CHECK(Counted::writes == 1);  // it was asked how large it is
  Counted kept(50'000);
  CHECK(client().submit(sum_of_counted, kept).result() == sum(numbers(50'000)));
  CHECK(client().submit(sum_of_own, std::move(kept)).result() == sum(numbers(50'000)));
  CHECK(Counted::copies == 0);
}

TEST_CASE("a type that says so is written for threads too") {
  Handle handle;
  *handle.there = numbers(5'000);
  const Handle other = handle;
  CHECK(client().submit(place_of_handle, std::move(handle)).result() != place_of(*other.there));
}

TEST_CASE("what a type writes of itself is all that a cluster sees, and threads that check it") {
  CHECK(client().submit(count_left_out, Lossy{numbers(20'000), numbers(7)}).result() ==
        (goes_live() ? 7 : 0));
  const auto swapped = [] {
    return client().submit(difference, Crossed{numbers(20'000), numbers(10'000), {}}).result();
  };
  if (!on_ranks() && weir::detail::client::checks_arguments()) {
    CHECK(message_of(swapped).find("must be the same after it was written and read back") !=
          std::string::npos);
  } else {
    const double lacks = sum(numbers(20'000)) - sum(numbers(10'000));
    CHECK(swapped() == (goes_live() ? lacks : -lacks));
  }
}

TEST_CASE("a task that runs again has the arguments it was submitted with") {
  const double expected = sum(numbers(5'000)) + 1000;
  std::string mark = mark_file("weir-given-retries");
  CHECK(client().submit(Options{.retries = 1}, changed_and_failed, numbers(5'000), mark).result() ==
        expected);
  std::filesystem::remove(mark);
  Numbers kept = numbers(5'000);
  CHECK(client().submit(Options{.retries = 1}, changed_and_failed, kept, mark).result() == expected);
  std::filesystem::remove(mark);
  auto failed = client().submit(changed_and_failed, numbers(5'000), mark);
  CHECK(message_of([&] { failed.result(); }).find("the first time") != std::string::npos);
  failed.retry();
  CHECK(failed.result() == expected);
  std::filesystem::remove(mark);
}

TEST_CASE("containers and plain structs go whole, from the program and from its tasks") {
  CHECK(client().submit(letters, words(3'000)).result() == letters(words(3'000)));
  CHECK(client().submit(weigh, record()).result() == weigh(record()));
  const Record kept = record();
  CHECK(client().submit(weigh, kept).result() == weigh(kept));
  const auto nested = client().submit([] {
    auto inner = weir::Client::current();
    const auto first = inner.submit(weigh, record());
    const auto second = inner.submit(sum, numbers(100'000));
    return first.result() + second.result();
  });
  CHECK(nested.result() == weigh(record()) + sum(numbers(100'000)));
}

TEST_CASE("an actor is made of what is given up or shared") {
  const auto shared = std::make_shared<const Numbers>(numbers(3'000));
  const auto sharing = client().actor<Sharing>(shared);
  CHECK((sharing.call(&Sharing::place).result() == place_of(*shared)) == goes_live());
  CHECK(sharing.call(&Sharing::total).result() == sum(*shared));
  for (const std::size_t count : {5U, 3'000U, 200'000U}) {
    const Numbers kept = numbers(count);
    CHECK(client().actor<Owning>(numbers(count)).call(&Owning::total).result() == sum(kept));
    CHECK(client().actor<Owning>(kept).call(&Owning::total).result() == sum(kept));
  }
}

TEST_CASE("an actor is given what its caller gives up") {
  const auto actor = client().actor<Adding>();
  Numbers x = numbers(20'000);
  const std::uintptr_t place = place_of(x);
  CHECK((actor.call(&Adding::add, std::move(x)).result() == place) == goes_live());
  const Numbers kept = numbers(3'000);
  CHECK(actor.call(&Adding::add, kept).result() != place_of(kept));
  CHECK(actor.call(&Adding::add_own, numbers(3'000)).result() ==
        sum(numbers(20'000)) + 2 * sum(numbers(3'000)));
}

TEST_CASE("many large arguments at once come to the tasks that they are for") {
  std::vector<weir::Future<double>> sums;
  for (std::size_t i = 0; i < 300; ++i) sums.push_back(client().submit(sum, Numbers(2'000 + i, 1.0)));
  sums[7].cancel();
  for (std::size_t i = 0; i < 300; ++i)
    if (i != 7) CHECK(sums[i].result() == static_cast<double>(2'000 + i));
}

TEST_CASE("elements of a stream go to threads and through their functions without a copy") {
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> seen;
  weir::Stream<Numbers> source;
  source.scatter()
      .map([](Numbers x) {
        x[1] = static_cast<double>(place_of(x));
        return x;
      })
      .gather()
      .sink([&](const Numbers& x) {
        seen.emplace_back(static_cast<std::uintptr_t>(x[0]), static_cast<std::uintptr_t>(x[1]));
      });
  for (int i = 0; i < 50; ++i) {
    Numbers x(10'000, 1.0);
    x[0] = static_cast<double>(place_of(x));
    source.emit(std::move(x));
  }
  source.drain();
  CHECK(seen.size() == 50);
  if (goes_live())
    for (const auto& [before, inside] : seen) CHECK(before == inside);
}
