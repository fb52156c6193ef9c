// Random bytes: wherever they are cut, the same rows come, and nothing but sentences is thrown.
#include <catch2/catch.hpp>
#include <random>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

std::string random_text(std::mt19937& random) {
  constexpr std::string_view letters = "aa11,,,\"\"\n\n\r .-#";
  std::string text = "x,y\n";
  for (std::size_t i = random() % 120; i > 0; --i) text += letters[random() % letters.size()];
  return text;
}

std::string rows_or_error(const std::string& path, const std::string& block) {
  try {
    const Frame frame = read_csv(path, {.on_error = OnError::skip, .block = block});
    const Table table = frame.compute();
    return to_text(table.schema()) + "\n" + csv_of(table);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("random bytes give the same rows however they are cut") {
  std::mt19937 random(20'150'301);
  in_cluster([&] {
    const Folder folder;
    for (int round = 0; round < 150; ++round) {
      const std::string text = random_text(random);
      const std::string path = folder.write("a.csv", text);
      const std::string whole = rows_or_error(path, "1 MB");
      for (const char* block : {"1", "5", "16"}) {
        INFO("block " << block << ": " << text);
        CHECK(rows_or_error(path, block) == whole);
      }
    }
  });
}
