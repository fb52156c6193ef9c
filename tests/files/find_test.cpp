// Which files a program means, and how they are divided among tasks.
#include "weir/detail/files/find.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/process.hpp"
#include "weir/error.hpp"

namespace {

namespace files = weir::detail::files;
using weir::Compression;
using weir::test::TemporaryFolder;
using weir::test::write_file;

std::vector<std::string> names(const std::vector<files::File>& found) {
  std::vector<std::string> all;
  for (const files::File& file : found) all.push_back(std::filesystem::path(file.path).filename());
  return all;
}

weir::Error refusal(const std::vector<std::string>& patterns) {
  try {
    (void)files::find("read_text", patterns);
  } catch (const weir::Error& error) {
    return error;
  }
  return {weir::ErrorKind::internal, "found"};
}

TEST_CASE("find gives the files of a pattern sorted, patterns in order") {
  const TemporaryFolder folder;
  for (const char* name : {"b.txt", "a.txt", "B.txt", "c.log", "a10.txt", "a2.txt"})
    write_file(folder.path() + "/" + name, "x");
  const std::string at = folder.path() + "/";
  CHECK(names(files::find("read_text", {at + "*.txt"})) ==
        std::vector<std::string>{"B.txt", "a.txt", "a10.txt", "a2.txt", "b.txt"});
  CHECK(names(files::find("read_text", {at + "c.log", at + "a?.txt"})) ==
        std::vector<std::string>{"c.log", "a2.txt"});
  write_file(at + "odd[1].txt", "x");  // a name that is there is not a pattern
  CHECK(names(files::find("read_text", {at + "odd[1].txt"})) == std::vector<std::string>{"odd[1].txt"});
}

TEST_CASE("find names what is not there and what is no file") {
  const TemporaryFolder folder;
  const std::string at = folder.path();
  const weir::Error missing = refusal({at + "/none.txt"});
  CHECK(missing.kind() == weir::ErrorKind::not_found);
  CHECK(missing.what() == "read_text: a file must be there and readable (got '" + at +
                              "/none.txt': No such file or directory)");
  const weir::Error unmatched = refusal({at + "/*.txt"});
  CHECK(unmatched.kind() == weir::ErrorKind::not_found);
  CHECK(unmatched.what() == "read_text: a pattern must match at least one file (got '" + at +
                                "/*.txt', which matches none); it is looked for from the program's working "
                                "directory");
  const weir::Error unsized = refusal({"/proc/self/status"});
  CHECK(unsized.what() ==
        std::string("read_text: a file must be as long as it says (got '/proc/self/status', "
                    "which says 0 bytes and has more); copy it, and read the copy"));
  const weir::Error directory = refusal({at});
  CHECK(directory.kind() == weir::ErrorKind::invalid_argument);
  CHECK(directory.what() == "read_text: a file must be a regular one (got '" + at +
                                "', which is a directory); its files are '" + at + "/*'");
  CHECK(std::string(refusal({"/dev/null"}).what()) ==
        "read_text: a file must be a regular one (got '/dev/null', which is a device or pipe); write it to a "
        "file first");
  CHECK(std::string(refusal({}).what()) == "read_text: there must be at least one file (got none)");
  CHECK(std::string(refusal({""}).what()) == "read_text: a file must have a name (got an empty one)");
  CHECK(std::string(refusal({std::string("a\0b", 3)}).what()) ==
        "read_text: the name of a file must not have a NUL byte (got 'a\\x00b')");
  if (geteuid() != 0) {  // root reads everything
    write_file(at + "/secret", "x", 0000);
    CHECK(refusal({at + "/secret"}).kind() == weir::ErrorKind::io);
  }
}

TEST_CASE("find tells packed files by their first bytes, and from their names") {
  const TemporaryFolder folder;
  const std::string at = folder.path() + "/";
  write_file(at + "plain", "BZh9 is how a text may begin");
  write_file(at + "empty.gz", "");
  write_file(at + "unnamed", "\x1f\x8b\x08");
  write_file(at + "wrong.gz", "text");
  CHECK(files::find("f", {at + "plain"}).at(0).compression == Compression::none);
  CHECK(files::find("f", {at + "empty.gz"}).at(0).compression == Compression::none);
  CHECK(files::find("f", {at + "unnamed"}).at(0).compression == Compression::gzip);
  CHECK(files::find("f", {at + "wrong.gz"}, Compression::none).at(0).compression == Compression::none);
  CHECK(refusal({at + "wrong.gz"}).what() ==
        "read_text: a file must be what its name says (got '" + at +
            "wrong.gz', whose first bytes are not those of gzip); give its compression if the name is wrong");
}

TEST_CASE("divide cuts large plain files, keeps packed ones whole and puts small ones together") {
  const auto shape = [](const std::vector<files::File>& given, std::uint64_t block) {
    std::string text;
    for (const auto& group : files::divide(given, block)) {
      for (const files::Portion& portion : group)
        text += portion.path + " " + std::to_string(portion.begin) + "-" + std::to_string(portion.end) + ",";
      text += "|";
    }
    return text;
  };
  CHECK(shape({{"a", 25}, {"b", 4}, {"c", 4}, {"d", 4}}, 10) ==
        "a 0-9,|a 9-17,|a 17-25,|b 0-4,c 0-4,|d 0-4,|");
  CHECK(shape({{"a.gz", 100, Compression::gzip}, {"b", 10}}, 10) == "a.gz 0-100,|b 0-10,|");
  CHECK(shape({{"a.gz", 2, Compression::gzip}, {"b.gz", 2, Compression::gzip}}, 10) ==
        "a.gz 0-2,|b.gz 0-2,|");
  CHECK(shape({{"empty", 0}, {"too", 0}}, 10) == "empty 0-0,too 0-0,|");
  // Unasked: 32 groups, of 1 to 64 MiB.
  constexpr std::uint64_t mebibyte = 1 << 20;
  CHECK(files::divide({{"a", 100}}).size() == 1);
  CHECK(files::divide({{"a", 320 * mebibyte}}).size() == 32);
  CHECK(files::divide({{"a", 12800 * mebibyte}}).size() == 200);
  CHECK(files::divide(std::vector<files::File>(5000, {"a", 2000})).size() == 10);
}

}  // namespace
