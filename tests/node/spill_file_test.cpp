// Values on disk: they come back as they were, their places are used again, nothing stays behind, and a disk
// that takes no more says so.
#include "node/spill_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <numeric>

#include "support/file_size_limit.hpp"
#include "support/process.hpp"

using namespace weir;
using detail::node::SpillFile;
using test::TemporaryFolder;
using Numbers = std::vector<std::uint64_t>;

namespace {

Numbers numbers(std::size_t count, std::uint64_t first) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

detail::task::Value spilled(SpillFile& file, const detail::task::Value& value) {
  return detail::task::Value::from_store(value.ops(), file.write(value.pack()));
}

}  // namespace

TEST_CASE("spill file gives back values of every shape") {
  const TemporaryFolder folder;
  const auto file = std::make_shared<SpillFile>(folder.path());
  const auto small = spilled(*file, detail::task::Value::make(std::string("small")));
  const auto large = spilled(*file, detail::task::Value::make(numbers(100'000, 7)));
  const auto several = spilled(*file, detail::task::Value::make(std::vector<Numbers>{
                                          numbers(20'000, 1), {}, numbers(3, 5), numbers(30'000, 9)}));
  const auto words =
      spilled(*file, detail::task::Value::make(std::vector<std::string>(5000, std::string(100, 'w'))));
  CHECK(small.as<std::string>() == "small");
  CHECK(large.as<Numbers>() == numbers(100'000, 7));
  CHECK(several.as<std::vector<Numbers>>() ==
        std::vector<Numbers>{numbers(20'000, 1), {}, numbers(3, 5), numbers(30'000, 9)});
  CHECK(words.as<std::vector<std::string>>() == std::vector<std::string>(5000, std::string(100, 'w')));
  const detail::task::Value again = large.again();
  CHECK(again.as<Numbers>() == large.as<Numbers>());
}

TEST_CASE("spill file sends a value on without making it live") {
  const TemporaryFolder folder;
  const auto file = std::make_shared<SpillFile>(folder.path());
  const auto value = spilled(*file, detail::task::Value::make(numbers(100'000, 3)));
  const auto received = detail::task::Value::from_packed(value.ops(), value.pack());
  CHECK(received.as<Numbers>() == numbers(100'000, 3));
}

TEST_CASE("spill file uses places again and shrinks when the last values go") {
  const TemporaryFolder folder;
  const auto file = std::make_shared<SpillFile>(folder.path());
  std::vector<detail::task::Value> values;
  for (std::uint64_t i = 0; i < 4; ++i)
    values.push_back(spilled(*file, detail::task::Value::make(numbers(100'000, i))));
  const std::uint64_t full = file->size();
  values[1] = values[2] = {};
  values[1] = spilled(*file, detail::task::Value::make(numbers(150'000, 9)));
  CHECK(file->size() == full);
  CHECK(values[0].as<Numbers>() == numbers(100'000, 0));
  CHECK(values[1].as<Numbers>() == numbers(150'000, 9));
  CHECK(values[3].as<Numbers>() == numbers(100'000, 3));
  values[3] = {};
  CHECK(file->size() < full);
  values.clear();
  CHECK(file->size() == 0);
}

TEST_CASE("spill file survives the object it belongs to, and a value its reader") {
  const TemporaryFolder folder;
  auto file = std::make_shared<SpillFile>(folder.path());
  auto value = spilled(*file, detail::task::Value::make(numbers(100'000, 3)));
  file.reset();
  Packed packed = value.pack();
  value = {};
  Reader reader(packed);
  Numbers read;
  weir::read(reader, read);
  CHECK(read == numbers(100'000, 3));
}

TEST_CASE("spill file has no name that could stay behind") {
  const TemporaryFolder folder;
  const auto file = std::make_shared<SpillFile>(folder.path());
  const auto value = spilled(*file, detail::task::Value::make(numbers(100'000, 3)));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("spill file says that the disk is full, and goes on when it is not") {
  const TemporaryFolder folder;
  const auto file = std::make_shared<SpillFile>(folder.path());
  const auto kept = spilled(*file, detail::task::Value::make(numbers(50'000, 1)));
  {
    const test::FileSizeLimit limit(500'000);
    std::string message;
    try {
      (void)spilled(*file, detail::task::Value::make(numbers(100'000, 2)));
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::io);
      message = error.what();
    }
    CHECK(message.find("cannot be written in " + std::string(folder.path()) + ": File too large") !=
          std::string::npos);
  }
  CHECK(file->size() <= 500'000);
  CHECK(kept.as<Numbers>() == numbers(50'000, 1));
  CHECK(spilled(*file, detail::task::Value::make(numbers(100'000, 2))).as<Numbers>() == numbers(100'000, 2));
}

TEST_CASE("spill file names the folder that does not take it") {
  const auto file = std::make_shared<SpillFile>("/nowhere/at/all");
  CHECK_THROWS_WITH(spilled(*file, detail::task::Value::make(1)),
                    "spill: a file cannot be made in /nowhere/at/all: No such file or directory");
}
