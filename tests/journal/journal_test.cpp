// Journals that are written, cut, changed and read again.
#include "journal/journal.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "weir/journal.hpp"

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
    journal.put(key_of(1), {"f", 1}, value.pack());
    journal.put(key_of(2), {"f", 1}, value.pack());
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
  write_file(path, "");
  CHECK(Journal(folder.path, Access::read).condition().problems.empty());
  write_file(path, whole.substr(0, whole.size() - 3));
  CHECK(Journal(folder.path, Access::read).condition().problems.size() == 1);
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
  for (std::uint64_t i = 0; i < 20'000; ++i) index.put(key_of(i), {i + 1, 1, 0});
  for (std::uint64_t i = 0; i < 20'000; i += 3) CHECK(index.erase(key_of(i)));
  std::uint64_t right = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Place* place = index.find(key_of(i));
    right += i % 3 == 0 ? !place : place && place->offset == i + 1;
  }
  CHECK(right == 20'000);
  CHECK_FALSE(index.erase(key_of(0)));
}

TEST_CASE("journal: it is made smaller while others put and find") {
  const Folder folder;
  for (int run = 0; run < 70; ++run) {
    Journal journal(folder.path, Access::write);
    fill(journal, 0, 20);
    if (run == 60) journal.forget(key_of(1000));
    if (run == 50) fill(journal, 1000, 1001);
  }
  Journal journal(folder.path, Access::write);  // which begins to compact by itself: so many segments
  fill(journal, 20, 2000);
  journal.forget(key_of(5));
  for (int i = 0; i < 500 && journal.condition().segments > 72; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  journal.compact();
  CHECK(found(journal, 4) == "value 4");
  CHECK(found(journal, 5).empty());
  CHECK(found(journal, 1999) == "value 1999");
  fill(journal, 2000, 2010);
  journal.commit();
  CHECK(right_ones(folder.path, 2010) == 2009);
  std::size_t logs = 0;
  for (const auto& file : fs::directory_iterator(folder.path))
    logs += file.path().filename().string().starts_with("log.");
  CHECK(logs == 2);
}

TEST_CASE("journal: who dies while making it smaller brings back nothing that was forgotten") {
  const Folder folder;
  std::string first;
  {
    Journal journal(folder.path, Access::write);
    fill(journal, 0, 10);
  }
  first = read_file(folder.path + "/log.00000001");
  {
    Journal journal(folder.path, Access::write);
    journal.forget(key_of(3));
    journal.compact();
  }
  write_file(folder.path + "/log.00000001", first);  // as if it had not been removed yet
  CHECK(right_ones(folder.path, 10) == 9);
  CHECK(found(Journal(folder.path, Access::read), 3).empty());
}

TEST_CASE("journal: of large results those that were not used for longest go") {
  const Folder folder;
  const auto value = task::Value::make(std::vector<double>(20'000, 2.5));
  const auto* ops = &task::type_ops<std::vector<double>>;
  Journal journal(folder.path, Access::write);
  for (std::uint64_t i = 0; i < 5; ++i) journal.put(key_of(i), {"f", 1}, value.pack());
  for (std::uint64_t i = 0; i < 5; ++i) {
    const fs::path path = folder.path + "/objects/" + to_text(key_of(i));
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(10 - i));
  }
  REQUIRE(journal.find_object(key_of(1), ops));  // used now
  CHECK(journal.keep_within(330'000) == 3);
  for (const std::uint64_t gone : {0u, 2u, 3u}) CHECK_FALSE(journal.has(key_of(gone)));
  CHECK(journal.find_object(key_of(1), ops));
  CHECK(journal.find_object(key_of(4), ops));
  CHECK(journal.keep_within(1'000'000) == 0);
}

TEST_CASE("journal: what is chosen goes into another one") {
  const Folder folder, other;
  Journal journal(folder.path, Access::write), target(other.path, Access::write);
  fill(journal, 0, 10);
  fill(journal, 10, 13, {"g", 2});
  journal.put(key_of(20), {"g", 2}, task::Value::make(std::vector<double>(20'000, 2.5)).pack());
  CHECK(journal.copy_to(target, [](const Entry& entry) { return entry.function.name == "g"; }) == 4);
  CHECK(target.condition().results == 4);
  CHECK(found(target, 12) == "value 12");
  CHECK(target.verify().empty());
  CHECK(journal.forget_function("g") == 4);
  CHECK(journal.condition().results == 10);
}

TEST_CASE("journal: a disk that takes no more ends the writing, and what was put is still found") {
  const Folder folder;
  struct Limited {
    Limited() {
      getrlimit(RLIMIT_FSIZE, &before);
      const rlimit now{4096, before.rlim_max};
      setrlimit(RLIMIT_FSIZE, &now);
      handler = std::signal(SIGXFSZ, SIG_IGN);
    }
    ~Limited() {
      setrlimit(RLIMIT_FSIZE, &before);
      std::signal(SIGXFSZ, handler);
    }
    rlimit before{};
    void (*handler)(int) = nullptr;
  };
  Journal journal(folder.path, Access::write);
  {
    const Limited limited;
    fill(journal, 0, 500);
    journal.commit();
    CHECK(journal.problem() == "journal: " + folder.path + "/log.00000001 cannot be written: File too large");
    for (std::uint64_t i = 0; i < 500; ++i) REQUIRE(found(journal, i) == value_of(i));
    journal.put(key_of(900), {"f", 1}, bytes_of("more"));
    CHECK(found(journal, 900).empty());
  }
  CHECK(right_ones(folder.path, 500) > 50);
  CHECK_THROWS_WITH(Journal("/proc/weir", Access::write),
                    Catch::StartsWith("journal: the folder /proc/weir cannot be made: "));
  CHECK_THROWS_WITH(Journal("/proc/weir/j", Access::write),
                    Catch::StartsWith("journal: the folder /proc/weir cannot be made: "));
}

namespace {

std::string bytes_from(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// What it has, a line each.
std::vector<std::string> entries_of(const Journal& journal) {
  std::vector<std::string> lines;
  journal.for_each([&](const Entry& entry) {
    lines.push_back(std::to_string(entry.key.low) + "/" + std::to_string(entry.key.high) + " " +
                    entry.function.name + " " + std::to_string(entry.function.version) + " " +
                    std::to_string(entry.bytes) +
                    (entry.file     ? " file"
                     : entry.object ? " object"
                                    : ""));
  });
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("journal: one that the first version wrote is read") {
  const std::string hex =
      "776569726a6e6c0a01000000112d61ea140000000100000000030000000000000073696d756c6174659e33c06a1b0000"
      "00020100000000000000030000000000000000000000d3cc076b6f6e65cdb5a26d140000000101000000ffffffffffff"
      "ffff73756d28696e74299d8cf37e1b000000020200000000000000060000000000000001000000d3cc076b74776f7cb5"
      "adc118000000020300000000000000090000000000000000000000d3cc076bee4ba2dd10000000040100000000000000"
      "03000000000000000e48a1131c0000000204000000000000000c0000000000000000000000d3cc076b666f7572";
  std::string log = bytes_from(hex);
  const Folder folder;
  write_file(folder.path + "/log.00000001", log);
  CHECK(entries_of(Journal(folder.path, Access::read)) ==
        std::vector<std::string>{"2/6 sum(int) -1 3", "3/9 simulate 3 0", "4/12 simulate 3 4"});
  log[8] = 2;  // of a newer one
  write_file(folder.path + "/log.00000001", log);
  CHECK_THROWS_WITH(Journal(folder.path, Access::read), Catch::Contains("or of a newer version"));
}

TEST_CASE("journal: files that the first programs with them wrote by themselves are read") {
  const std::string log = bytes_from(
      "776569726a6e6c0a01000000112d61ea140000000100000000030000000000000073696d756c617465290062fe1b0000"
      "00020300000000000000090000000000000000000000f9a6086b6f6e65f37bb4df130000000101000000010000000000"
      "000070657273697374fc89721f200000000604000000000000000c0000000000000001000000f9a6086b200300000000"
      "00006fa3d5a1200000000605000000000000000f0000000000000001000000f9a6086b40060000000000008176ab3510"
      "0000000405000000000000000f00000000000000");
  const Folder folder;
  write_file(folder.path + "/log.00000001", log);
  const Key key{4, 12};
  const std::string path = folder.path + "/arrays/" + to_text(key) + ".h5";
  const std::vector<std::string> entries{"3/9 simulate 3 3", "4/12 persist 1 800 file"};
  CHECK(entries_of(Journal(folder.path, Access::read)) == entries);
  CHECK(Journal(folder.path, Access::read).find_file(key).empty());  // it has gone
  fs::create_directory(folder.path + "/arrays");
  write_file(path, "an array");
  Journal journal(folder.path, Access::write);
  CHECK(journal.find_file(key) == path);
  CHECK(journal.find_file({5, 15}).empty());
  CHECK(journal.find_file({3, 9}).empty());
  journal.compact();
  CHECK(entries_of(journal) == entries);
  CHECK(journal.find_file(key) == path);
}

TEST_CASE("journal: where a clock has gone back, what was put last holds") {
  const Folder folder;
  const auto segment = [](std::uint32_t time, const std::string& value) {
    const auto bytes = [](const auto& x) { return std::string(reinterpret_cast<const char*>(&x), sizeof x); };
    std::string log = segment_head();
    append_record(log, RecordKind::function, function_payload(0, {"f", 1}));
    append_record(log, RecordKind::result, bytes(key_of(1)) + bytes(std::uint32_t{0}) + bytes(time) + value);
    return log;
  };
  write_file(folder.path + "/log.00000001", segment(4'000'000'000, "of 2096"));
  write_file(folder.path + "/log.00000002", segment(1000, "of 1970"));
  fs::last_write_time(folder.path + "/log.00000002",
                      fs::file_time_type::clock::now() - std::chrono::hours(9));
  CHECK(found(Journal(folder.path, Access::read), 1) == "of 1970");
  {
    Journal journal(folder.path, Access::write);
    CHECK(found(journal, 1) == "of 1970");
    journal.put(key_of(1), {"f", 1}, bytes_of("of now"));
    CHECK(found(journal, 1) == "of now");
    journal.compact();
  }
  CHECK(found(Journal(folder.path, Access::read), 1) == "of now");
}

TEST_CASE("journal: an input file whose time has gone back is another one") {
  const Folder folder;
  const std::string path = folder.path + "/in";
  write_file(path, "1 2 3");
  const auto key = [&](bool content) {
    Hasher hasher;
    add_file(hasher, weir::input_file(path, content));
    return hasher.result();
  };
  const Key before = key(false), content = key(true);
  CHECK(key(false) == before);
  fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1));
  CHECK(key(false) != before);
  CHECK(key(true) == content);
}

TEST_CASE("journal: keys that are the same in 64 bits are two") {
  const Folder folder;
  Journal journal(folder.path, Access::write);
  journal.put({7, 1}, {"f", 1}, bytes_of("one"));
  journal.put({7, 2}, {"f", 1}, bytes_of("two"));
  Buffer one, two, none;
  REQUIRE((journal.find_small({7, 1}, one) && journal.find_small({7, 2}, two)));
  CHECK(one.bytes()[0] == std::byte{'o'});
  CHECK(two.bytes()[0] == std::byte{'t'});
  CHECK_FALSE(journal.find_small({7, 3}, none));
}

// On demand: it writes 5 GB.
TEST_CASE("journal: a log beyond 4 GB", "[.large]") {
  const Folder folder;
  const std::string piece(64 << 20, 'x');
  {
    Journal journal(folder.path, Access::write);
    for (std::uint64_t i = 0; i < 80; ++i)
      journal.put(key_of(i), {"f", 1}, bytes_of(piece + std::to_string(i)));
  }
  const Journal journal(folder.path, Access::read);
  CHECK(journal.condition().problems.empty());
  for (const std::uint64_t i : {0u, 63u, 64u, 79u}) CHECK(found(journal, i) == piece + std::to_string(i));
}
