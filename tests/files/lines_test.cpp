// Lines of portions: each once, wherever a file is cut, with its number.
#include "weir/detail/files/lines.hpp"

#include <catch2/catch.hpp>

#include "support/process.hpp"

namespace {

namespace files = weir::detail::files;
using weir::test::TemporaryFolder;
using weir::test::write_file;

std::vector<std::string> lines(const files::Portion& portion, const std::string& separator = "\n") {
  std::vector<std::string> all;
  files::Lines reader("read_text", portion, separator);
  std::string_view line;
  while (reader.next(line)) {
    all.emplace_back(line);
    CHECK(line.data()[line.size() + files::Lines::padding - 1] <= 127);  // may be read
  }
  return all;
}

TEST_CASE("a line belongs to the portion it begins in, wherever that is cut") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt";
  const std::string text = "\nfirst\r\n\r\nx\n\ny and more\nlast";
  write_file(path, text);
  const std::vector<std::string> all = {"", "first", "", "x", "", "y and more", "last"};
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    for (std::size_t second = cut; second <= text.size(); ++second) {
      std::vector<std::string> parts;
      for (const auto& [begin, end] :
           {std::pair{std::size_t{0}, cut}, {cut, second}, {second, text.size()}}) {
        files::Lines reader("read_text", {path, weir::Compression::none, begin, end});
        std::string_view line;
        while (reader.next(line)) {
          parts.emplace_back(line);
          if (reader.where().number != parts.size()) FAIL("cut at " << cut << " and " << second);
        }
      }
      if (parts != all) FAIL("cut at " << cut << " and " << second);
    }
  SUCCEED();
}

TEST_CASE("a record belongs to the portion it begins in, with separators of several bytes") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt";
  const std::string text = "a: 1\nb: 2\n\n\n\nc\nd\n\ne\n\n\nf\n";
  write_file(path, text);
  const std::vector<std::string> all = {"a: 1\nb: 2", "c\nd", "e", "f"};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> parts;
    for (const auto& [begin, end] : {std::pair{std::size_t{0}, cut}, {cut, text.size()}}) {
      files::Lines reader("read_text", {path, weir::Compression::none, begin, end}, "\n\n");
      std::string_view line;
      while (reader.next(line)) {
        parts.emplace_back(line);
        if (reader.where().number != parts.size()) FAIL("cut at " << cut);
      }
    }
    if (parts != all) FAIL("cut at " << cut);
  }
  SUCCEED();
}

TEST_CASE("lines of odd files are what one expects") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt";
  const auto of = [&](const std::string& text, const std::string& separator = "\n") {
    write_file(path, text);
    return lines({path, weir::Compression::none, 0, text.size()}, separator);
  };
  CHECK(of("").empty());
  CHECK(of("\n") == std::vector<std::string>{""});
  CHECK(of("\xef\xbb\xbf"
           "a\nb") == std::vector<std::string>{"a", "b"});
  CHECK(of("\xef\xbb\xbf").empty());
  CHECK(of(std::string("a\0b\nc\0", 6)) ==
        std::vector<std::string>{std::string("a\0b", 3), std::string("c\0", 2)});
  CHECK(of("a\r") == std::vector<std::string>{"a\r"});
  CHECK(of("a\r\nb\n;c", ";") == std::vector<std::string>{"a\r\nb\n", "c"});
  const std::string large(100'000'000, 'z');
  const auto three = of("a\n" + large + "\nb\n");
  REQUIRE(three.size() == 3);
  CHECK(three[1].size() == large.size());
  CHECK(three[2] == "b");
}

TEST_CASE("a line has a number in its file, also of a packed one") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.gz";
  write_file(path, weir::test::run({"gzip", "-c"}, {.input = "a\nb\nc\n"}).out);
  files::Lines reader("read_text", {path, weir::Compression::gzip, 0, 30});
  std::string_view line;
  while (reader.next(line) && line != "c") continue;
  CHECK(reader.where().text() == "line 3 of '" + path + "'");
}

}  // namespace
