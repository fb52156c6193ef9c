// A bag that was used before, by one thread or two, is as one that is made anew.
#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "support/at_once.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "support/throws.hpp"
#include "weir/bag.hpp"

using namespace weir;
using namespace weir::test;

namespace {

using Random = std::mt19937;
std::size_t below(Random& random, std::size_t count) { return random() % count; }

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "|";
  return all;
}

Bag<std::string> plan(Bag<std::string> bag, Random random) {
  for (std::size_t steps = below(random, 4); steps > 0; --steps) switch (below(random, 7)) {
      case 0:
        bag = bag.map([](const std::string& line) { return line + "x"; });
        break;
      case 1:
        bag = bag.filter([](const std::string& line) { return line.size() % 2 == 0; });
        break;
      case 2:
        bag = bag.distinct();
        break;
      case 3:
        bag = bag.repartition(3);
        break;
      case 4:
        bag = bag.accumulate(
            [](const std::string& all, const std::string& line) { return all.substr(0, 20) + line; });
        break;
      case 5:
        bag = bag.concat(bag);
        break;
      default:
        bag = bag.map([](const std::string& line) {
          if (line == "w7") throw std::runtime_error("seven");
          return line;
        });
        break;
    }
  return bag;
}

std::string use(const Bag<std::string>& bag, std::size_t which) {
  try {
    switch (which) {
      case 0:
        return joined(bag.compute());
      case 1:
        return std::to_string(bag.count().compute());
      case 2:
        return joined(bag.take(3));
      case 3: {
        std::string all;
        for (const auto& [line, count] : bag.frequencies(true).compute()) all += line + std::to_string(count);
        return all;
      }
      case 4:
        return joined(bag.persist().compute());
      case 5: {
        const auto [count, lines] = compute(bag.count(), bag);
        return std::to_string(count) + joined(lines);
      }
      default:
        return joined(bag.topk(2).compute());
    }
  } catch (const Error& error) {
    return std::string(error.what()).find("seven") != std::string::npos ? "seven" : error.what();
  }
}
constexpr std::size_t uses = 7;

}  // namespace

TEST_CASE("a bag that was used is as a new one, also to two threads at once") {
  const auto seed = static_cast<unsigned>(GENERATE(range(0, 8)));
  INFO("seed " << seed);
  in_cluster([&] {
    Random random(seed);
    const TemporaryFolder folder;
    for (int f = 0; f < 3; ++f) {
      std::ofstream file(folder.path() + "/" + std::to_string(f) + ".txt");
      for (std::size_t i = below(random, 20); i > 0; --i) file << "w" << below(random, 9) << "\n";
    }
    const Random planned = random;
    const auto made = [&] { return plan(read_text(folder.path() + "/*.txt", {.block = "16"}), planned); };
    const Bag<std::string> used = made();
    for (int i = 0; i < 4; ++i) {
      const std::size_t first = below(random, uses), second = below(random, uses);
      const auto [there, here] = at_once([&] { return use(used, first); }, [&] { return use(used, second); });
      CHECK(there == use(made(), first));
      CHECK(here == use(made(), second));
    }
  });
}

TEST_CASE(
    "a bag of a file that has grown since has the lines it had, one whose use failed can be used again") {
  in_cluster([&] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/a.txt";
    const auto written = [&](const std::string& text) { std::ofstream(path) << text; };
    for (const char* block : {"4", "16 MiB"}) {
      written("a\nb\nc\n");
      const auto bag = read_text(path, {.block = block});
      written("a\nb\nc\nd\n");
      CHECK(joined(bag.compute()) == "a|b|c|");
      CHECK(bag.count().compute() == 3);
      written("a\n");
      CHECK_THROWS_WITH(bag.compute(), Catch::Contains("must not become shorter"));
      CHECK_THROWS_WITH(bag.count().compute(), Catch::Contains("must not become shorter"));
      std::remove(path.c_str());
      CHECK_THROWS_WITH(bag.compute(), Catch::Contains("No such file"));
      written("a\nb\nc\n");
      CHECK(joined(bag.compute()) == "a|b|c|");
    }
  });
}

TEST_CASE("what was persisted in a cluster that has ended is refused in the next one") {
  std::optional<Bag<int>> kept;
  const auto twice = [](int x) { return 2 * x; };
  in_cluster([&] { kept = from_sequence(std::vector<int>{1, 2, 3}, 2).persist(); });
  in_cluster([&] {
    // As many tasks as there were: their ids are the same.
    const Bag<int> other = from_sequence(std::vector<int>{5, 6, 7, 8}, 2).persist();
    const std::string said = sentence_of([&] { return kept->map(twice).compute(); });
    CHECK(said.find("(got one of a cluster that has ended, such as that of an earlier weir::run)") !=
          std::string::npos);
    CHECK(other.map(twice).compute() == std::vector<int>{10, 12, 14, 16});
  });
}
