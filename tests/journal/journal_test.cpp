// Journals that are written, cut, changed and read again.
#include "journal/journal.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace weir;
using namespace weir::detail;
using namespace weir::detail::journal;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    char name[] = "/tmp/weir-journal-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

Key key_of(std::uint64_t number) {
  Hasher hasher;
  hasher.number(number);
  return hasher.result();
}

std::string value_of(std::uint64_t number) { return "value " + std::to_string(number); }

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string found(const Journal& journal, std::uint64_t number) {
  Buffer out;
  if (!journal.find_small(key_of(number), out)) return "";
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

void fill(Journal& journal, std::uint64_t from, std::uint64_t to, const Function& function = {"f", 1}) {
  for (std::uint64_t i = from; i < to; ++i) journal.put(key_of(i), function, bytes_of(value_of(i)));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// The log of a journal of `count` results.
std::string written(const Folder& folder, std::uint64_t count) {
  {
    Journal journal(folder.path, Access::write);
    fill(journal, 0, count);
  }
  const std::string whole = read_file(folder.path + "/log.00000001");
  REQUIRE(whole.size() > count * record_bytes(sizeof(Key)));
  return whole;
}

// What a journal of `count` results says about them: every one is right or not there.
std::uint64_t right_ones(const std::string& folder, std::uint64_t count) {
  const Journal journal(folder, Access::read);
  std::uint64_t right = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string value = found(journal, i);
    REQUIRE((value.empty() || value == value_of(i)));
    right += !value.empty();
  }
  return right;
}

}  // namespace

TEST_CASE("journal: what one run has put, the next finds") {
  const Folder folder;
  {
    Journal journal(folder.path, Access::write);
    fill(journal, 0, 1000);
    CHECK(found(journal, 7) == "value 7");
    journal.put(key_of(7), {"f", 1}, bytes_of("newer"));
    journal.forget(key_of(8));
  }
  Journal again(folder.path, Access::write);
  fill(again, 1000, 1010, {"g", 2});
  CHECK(found(again, 7) == "newer");
  CHECK(found(again, 8).empty());
  CHECK(found(again, 999) == "value 999");
  CHECK(found(again, 1009) == "value 1009");
  CHECK(again.condition().results == 1009);
  CHECK(again.condition().segments == 2);
  CHECK(again.knows({"f", 1}));
  CHECK_FALSE(again.knows({"f", 2}));
  CHECK(again.versions_of("g") == std::vector<std::int64_t>{2});
  again.compact();
  CHECK(again.condition().segments == 1);
  CHECK(found(again, 7) == "newer");
  CHECK(found(again, 1009) == "value 1009");
  fill(again, 2000, 2001);
  CHECK(found(again, 2000) == "value 2000");
}

TEST_CASE("journal: large values have files of their own, and are there as they were or not at all") {
  const Folder folder;
  const std::vector<double> numbers(100'000, 1.5);
  const auto value = task::Value::make<std::vector<double>>(numbers);
  {
    Journal journal(folder.path, Access::write);
    journal.put(key_of(1), {"f", 1}, value);
    journal.put(key_of(2), {"f", 1}, value);
  }
  Journal journal(folder.path, Access::write);
  const auto* ops = &task::type_ops<std::vector<double>>;
  CHECK(journal.find_object(key_of(1), ops).value().as<std::vector<double>>() == numbers);
  const std::string path = folder.path + "/objects/" + to_text(key_of(2));
  std::string text = read_file(path);
  text[text.size() / 2] ^= 1;
  write_file(path, text);
  CHECK_FALSE(journal.find_object(key_of(2), ops));
  REQUIRE(journal.verify().size() == 1);
  CHECK(journal.verify().front().second == "journal: " + path + " is not what was written");
  fs::remove(path);
  CHECK_FALSE(journal.find_object(key_of(2), ops));
  write_file(folder.path + "/objects/left.part", "half");
  journal.forget(key_of(1));
  journal.compact();
  CHECK_FALSE(fs::exists(folder.path + "/objects/left.part"));
  CHECK_FALSE(fs::exists(folder.path + "/objects/" + to_text(key_of(1))));
}

TEST_CASE("journal: cut anywhere, it has what was whole before") {
  const Folder folder;
  constexpr std::uint64_t count = 300;
  const std::string path = folder.path + "/log.00000001", whole = written(folder, count);
  const std::size_t step = std::getenv("WEIR_EVERY_BYTE") ? 1 : 37;
  std::uint64_t last = 0;
  for (std::size_t size = 0; size <= whole.size(); size += step) {
    write_file(path, whole.substr(0, size));
    const std::uint64_t right = right_ones(folder.path, count);
    CHECK(right >= last);
    CHECK(right <= last + 2);
    last = right;
  }
  write_file(path, whole.substr(0, whole.size() - 3));
  Journal journal(folder.path, Access::write);
  CHECK(journal.condition().results == count - 1);
  fill(journal, count - 1, count);
  journal.commit();
  CHECK(right_ones(folder.path, count) == count);
}

TEST_CASE("journal: a bit that has changed costs results, never gives a wrong one") {
  const Folder folder;
  constexpr std::uint64_t count = 100;
  const std::string path = folder.path + "/log.00000001", whole = written(folder, count);
  const std::size_t step = std::getenv("WEIR_EVERY_BYTE") ? 1 : 23;
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += step) {
    std::string text = whole;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    write_file(path, text);
    if (bit < 8 * segment_head().size()) {
      CHECK_THROWS_WITH(
          right_ones(folder.path, count),
          "journal: " + path + " is no log of a journal, or of a newer version; name another folder");
    } else {
      CHECK(right_ones(folder.path, count) < count);
      CHECK(Journal(folder.path, Access::read).condition().problems.size() == 1);
    }
  }
}

TEST_CASE("journal: one writer at a time, any number of readers") {
  const Folder folder;
  Journal journal(folder.path, Access::write);
  fill(journal, 0, 3);
  journal.commit();
  CHECK(right_ones(folder.path, 3) == 3);
  CHECK_THROWS_WITH(
      Journal(folder.path, Access::write),
      Catch::Contains("is being written by another program (process " + std::to_string(getpid())));
}

TEST_CASE("journal: folders that are none") {
  const Folder folder;
  write_file(folder.path + "/file", "x");
  CHECK_THROWS_WITH(Journal("", Access::write), "journal: it needs the name of a folder (got \"\")");
  CHECK_THROWS_WITH(Journal(folder.path + "/file", Access::write),
                    "journal: " + folder.path + "/file is a file; a journal is a folder");
  CHECK_THROWS_WITH(Journal(folder.path + "/none", Access::read),
                    Catch::Contains("/none cannot be opened: No such file or directory"));
}

TEST_CASE("journal: keys are the same on every day") {
  Hasher hasher;
  hasher.text("simulate");
  hasher.number(3);
  const std::string text = to_text(hasher.result());
  CHECK(text == "0c75cbbcf3a08f2270b85ee9d47eecc9");
  CHECK(parse_key(text) == hasher.result());
  CHECK_THROWS_WITH(parse_key("abc"),
                    Catch::StartsWith("journal: a key has 32 hexadecimal digits (got abc)"));
}

TEST_CASE("journal: the index keeps every key, also among those that have gone") {
  Index index;
  for (std::uint64_t i = 0; i < 20'000; ++i) index.put(key_of(i), {i, 1, 0, false});
  for (std::uint64_t i = 0; i < 20'000; i += 3) CHECK(index.erase(key_of(i)));
  std::uint64_t right = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Place* place = index.find(key_of(i));
    right += i % 3 == 0 ? !place : place && place->offset == i;
  }
  CHECK(right == 20'000);
  CHECK_FALSE(index.erase(key_of(0)));
}
