// Bags of lines: files that are packed, cut, broken, and what Python counts in them.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "support/cluster_main.hpp"
#include "support/process.hpp"
#include "weir/bag.hpp"

namespace {

using weir::Counted;
using weir::Json;
using weir::OnError;
using weir::read_text;
using weir::test::TemporaryFolder;
using weir::test::write_file;
using Texts = std::vector<std::string>;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
std::string gzip(const std::string& text) { return weir::test::run({"gzip", "-c"}, {.input = text}).out; }
std::string python(const std::string& program, const Texts& arguments) {
  Texts command = {"python3", "-c", program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const weir::test::Finished done = weir::test::run(command);
  REQUIRE(done.err == "");
  return done.out;
}
std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

// Names with a frequency that differs for each.
std::string records(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i)
    text += "{\"name\": \"user" + std::to_string(i * i % 97) + "\", \"amount\": " + std::to_string(i) + "}\n";
  return text;
}

TEST_CASE("the most frequent names of packed files are those that Python finds") {
  const TemporaryFolder folder;
  write_file(folder.path() + "/2015-01.json.gz", gzip(records(0, 1000)));
  write_file(folder.path() + "/2015-02.json.gz", gzip(records(1000, 3000)) + gzip(records(3000, 3500)));
  write_file(folder.path() + "/2016-01.json.gz", gzip(records(0, 50)));
  const auto top = weir::read_text(folder.path() + "/2015-*.json.gz")
                       .map(weir::Json::parse)
                       .pluck("name")
                       .frequencies()
                       .topk(10)
                       .compute();
  std::string ours;
  for (const auto& [name, count] : top) ours += std::string(name.view()) + " " + std::to_string(count) + "\n";
  CHECK(ours == python(R"(
import collections, glob, gzip, json, sys
counts = collections.Counter()
for path in glob.glob(sys.argv[1] + "/2015-*.json.gz"):
    for line in gzip.open(path):
        counts[json.loads(line)["name"]] += 1
for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]:
    print(name, count))",
                       {folder.path()}));
}

TEST_CASE("words are counted the same wherever a file is cut") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "word" + std::to_string(i % 7) + (i % 5 ? " " : "\n");
  write_file(folder.path() + "/a.txt", text);
  const auto expected = weir::from_sequence(words(text)).frequencies(true).compute();
  for (const char* block : {"100 B", "777 B", "5 kB", "1 MB"}) {
    const auto bag = read_text(folder.path() + "/a.txt", {.block = block});
    CHECK(bag.map(words).flatten().frequencies(true).compute() == expected);
    CHECK(bag.split().flatten().frequencies(true).compute() == expected);
    CHECK(bag.count().compute() == 401);
  }
  CHECK(read_text(folder.path() + "/a.txt", {.block = "100 B"}).partitions() == (text.size() + 99) / 100);
}

TEST_CASE("split gives what stands between white space, as Python does") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt", letters = "ab\xc3\xa9 \t\v\f\r\x08\x0e!\xa0\x89\x8d";
  std::string text;
  std::uint64_t state = 1;
  for (int line = 0; line < 2000; ++line) {
    for (std::uint64_t length = line % 40; length > 0; --length)
      text += letters[((state = state * 6364136223846793005u + 1442695040888963407u) >> 33) % letters.size()];
    text += '\n';
  }
  write_file(path, text);
  const auto split = read_text(path).split();
  std::string ours;
  for (const auto& [word, count] : split.flatten().frequencies(true).topk(1000).compute())
    ours += std::to_string(count) + " " + word + "\n";
  CHECK(ours == python(R"(
import collections, sys
counts = collections.Counter()
for line in open(sys.argv[1], "rb").read().split(b"\n"):
    counts.update(line.split())
for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:1000]:
    sys.stdout.buffer.write(b"%d %s\n" % (count, word)))",
                       {path}));
  const auto long_ones = split.flatten().filter([](const std::string_view& word) { return word.size() > 5; });
  const auto owned = long_ones.map([](std::string_view word) { return std::string(word); }).compute();
  CHECK(owned.size() == long_ones.count().compute());
  std::uint64_t counted = 0;
  for (const auto& [word, count] : long_ones.frequencies().compute()) counted += count;
  CHECK(counted == owned.size());
}

TEST_CASE("files are named before anything runs") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_text(folder.path() + "/*.txt"), Catch::Contains("which matches none"));
  CHECK_THROWS_WITH(read_text(folder.path()), Catch::Contains("which is a directory"));
  write_file(folder.path() + "/a.txt", "x");
  CHECK_THROWS_WITH(read_text(folder.path() + "/a.txt", {.encoding = "utf-16"}),
                    "read_text: the encoding must be utf-8, latin-1 or empty (got 'utf-16')");
  CHECK_THROWS_WITH(read_text(folder.path() + "/a.txt", {.block = "0"}),
                    "read_text: .block must be a number of bytes such as \"64 MiB\" (got \"0\")");
}

TEST_CASE("files are a name, a pattern or a list, which may be in braces") {
  const TemporaryFolder folder;
  const std::string a = folder.path() + "/a.txt", b = folder.path() + "/b.txt";
  std::ofstream(a) << "1\n2\n";
  std::ofstream(b) << "3\n";
  CHECK(read_text({a, b}).compute() == Texts{"1", "2", "3"});
  CHECK(read_text({a.c_str(), b.c_str()}, {.block = "1 MB"}).count().compute() == 3);
  CHECK(weir::read_json({a, b}).count().compute() == 3);
}

TEST_CASE("odd lines are what one expects") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt";
  write_file(path, "");
  CHECK(read_text(path).compute().empty());
  write_file(path, std::string("a\0b\r\n\nend", 9));
  CHECK(read_text(path).compute() == Texts{std::string("a\0b", 3), "", "end"});
  write_file(path, "caf\xe9\nok\n");
  CHECK(read_text(path).compute() == Texts{"caf\xe9", "ok"});
  for (const char* name : {"latin-1", "Latin1", "iso-8859-1", "ISO8859-1", "ISO_8859_1", "l1"})
    CHECK(read_text(path, {.encoding = name}).compute() == Texts{"caf\xc3\xa9", "ok"});
  for (const char* name : {"UTF-8", "utf8", "Utf_8"})
    CHECK(read_text(path, {.encoding = name, .on_error = OnError::skip}).compute() == Texts{"ok"});
  CHECK(read_text(path, {.encoding = "utf-8", .on_error = OnError::skip}).compute() == Texts{"ok"});
  CHECK_THROWS_WITH(
      read_text(path, {.encoding = "utf-8"}).compute(),
      Catch::Contains("read_text: line 1 of '" + path +
                      "': the text must be UTF-8 (got byte 0xe9 at column 4); give another encoding, "
                      "or none"));
  const std::string long_line(100'000'000, 'z');
  write_file(path, "a\n" + long_line + "\nb\n");
  CHECK(read_text(path, {.block = "10 MB"})
            .map([](const std::string& line) { return line.size(); })
            .compute() == std::vector<std::size_t>{1, 100'000'000, 1});
  write_file(path, "a;b;;c");
  CHECK(weir::read_records({path}, ";").compute() == Texts{"a", "b", "", "c"});
  write_file(path, "a: 1\nb: 2\n\n\n\na: 3\n");
  CHECK(weir::read_records({path}, "\n\n", {.block = "5 B"}).compute() == Texts{"a: 1\nb: 2", "a: 3"});
  CHECK_THROWS_WITH(weir::read_records({path}, ""), "read_records: the separator must not be empty");
  CHECK_THROWS_WITH(
      weir::read_records({path}, "\r\n\r\n"),
      "read_records: the separator must not begin again inside itself (got '\\x0d\\n\\x0d\\n')");
  write_file(path, "a;b;;c");
  CHECK(weir::read_text_with_paths({path}).compute() ==
        std::vector<std::pair<std::string, std::string>>{{path, "a;b;;c"}});
}

TEST_CASE("files of pzstd begin with what is passed over; parts are longer than the mark of UTF-8") {
  const TemporaryFolder folder;
  const auto paths = weir::from_sequence(Texts{"a", "b"}, 1).to_text(folder.path() + "/a-*.zst");
  std::ostringstream packed;
  packed << std::ifstream(paths.front(), std::ios::binary).rdbuf();
  write_file(folder.path() + "/b.zst", std::string("\x50\x2a\x4d\x18\x02\0\0\0xx", 10) + packed.str());
  CHECK(read_text(folder.path() + "/b.zst").compute() == Texts{"a", "b"});
  write_file(folder.path() + "/c.txt",
             "\xef\xbb\xbf"
             "one\ntwo\n");
  for (const char* block : {"1 B", "2 B", "3 B", "4 B"})
    CHECK(read_text(folder.path() + "/c.txt", {.block = block}).compute() == Texts{"one", "two"});
}

TEST_CASE("blank lines have no JSON values, and lines are counted with them") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.json";
  write_file(path, "\n{\"a\": 1}\r\n\r\n  \t\n{\"a\": 2}\n\n");
  for (const char* block : {"", "4 B"})
    CHECK(weir::read_json(path, {.block = block}).pluck("a", 0).compute() == std::vector<int>{1, 2});
  write_file(path, "\n{\"a\": 1}\n\n{\"a\": }\n");
  CHECK_THROWS_WITH(weir::read_json(path).compute(), Catch::Contains("line 4 of '"));
}

TEST_CASE("a bad line is named, or left out") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.json";
  write_file(path, "{\"a\": 1}\n{\"a\": 2\n\n{\"a\": 4}\n");
  CHECK_THROWS_WITH(weir::read_json(path).compute(),
                    Catch::Contains("read_json: line 2 of '" + path +
                                    "': Json::parse: a text must be JSON (got "
                                    "'{\"a\": 2', wrong at column 8)"));
  CHECK_THROWS_WITH(weir::read_json(path, {.block = "10 B"}).compute(), Catch::Contains("line 2 of '"));
  CHECK(weir::read_json(path, {.on_error = OnError::skip}).pluck("a", 0).compute() == std::vector<int>{1, 4});
  // Also of what other functions throw.
  CHECK_THROWS_WITH(read_text(path).map([](const std::string& line) { return line.at(7); }).compute(),
                    Catch::Contains("read_text: line 2 of '" + path + "': std::out_of_range: "));
}

TEST_CASE("a broken packed file fails with its name and the byte") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.gz";
  write_file(path, gzip(records(0, 1000)).substr(0, 3000));
  CHECK_THROWS_WITH(read_text(path).count().compute(),
                    Catch::Contains("read_text: '" + path +
                                    "' is broken at byte 3000: the file ends inside a gzip member"));
}

TEST_CASE("lines are written as they were read") {
  const TemporaryFolder folder;
  for (const char* ending : {"", ".gz", ".zst"}) {
    const auto bag = weir::bag_range(1000, 12).map([](std::int64_t x) { return std::to_string(x); });
    const Texts paths = bag.to_text(folder.path() + "/part-*.txt" + ending);
    REQUIRE(paths.size() == 12);
    CHECK(paths[3] == folder.path() + "/part-03.txt" + ending);
    CHECK(read_text(folder.path() + "/part-*.txt" + ending).compute() == bag.compute());
  }
  CHECK(content(folder.path() + "/part-00.txt").substr(0, 8) == "0\n1\n2\n3\n");
  const auto lines = weir::from_sequence(Texts{"x"});
  CHECK_THROWS_WITH(lines.to_text("part.txt"),
                    "to_text: the pattern must have one *, which becomes the number of a partition (got "
                    "'part.txt'); for example 'part-*.txt.gz'");
  CHECK_THROWS_WITH(lines.to_text(folder.path() + "/none/*"), Catch::Contains("No such file or directory"));
  // A task that fails leaves no file.
  const TemporaryFolder other;
  CHECK_THROWS(
      lines.map([](const std::string& line) { return line.substr(2); }).to_text(other.path() + "/*"));
  CHECK(weir::test::run({"ls", "-A", other.path()}).out == "");
}

using Letters = std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t, std::string>>;
// File, line, column and text of each.
Letters told(const weir::DeadLetters& letters, const std::string& folder) {
  Letters all;
  for (const weir::DeadLetter& letter : letters.list())
    all.emplace_back(letter.file.substr(folder.size() + 1), letter.line, letter.column, letter.text);
  return all;
}

TEST_CASE("broken lines are left out and listed with their places, wherever files are cut") {
  const TemporaryFolder folder;
  std::string text, packed;
  Letters expected;
  for (int i = 0; i < 300; ++i) {
    if (i % 50 == 7) {
      expected.emplace_back("a.json", i + 1, 7, "{\"a\": oops}");
      text += "{\"a\": oops}\r\n";
    } else {
      text += "{\"a\": " + std::to_string(i) + "}\r\n";
    }
  }
  write_file(folder.path() + "/a.json", text);
  write_file(folder.path() + "/b.json.gz", gzip("\n{\"a\": 1}\n[1, 2\n"));
  expected.emplace_back("b.json.gz", 3, 7, "[1, 2");
  for (const char* block : {"100 B", "1 kB", "1 MB"}) {
    INFO(block);
    const weir::DeadLetters letters;
    const auto read = weir::read_json(Texts{folder.path() + "/a.json", folder.path() + "/b.json.gz"},
                                      {.block = block, .on_error = letters});
    CHECK(letters.count() == 0);
    CHECK(read.count().compute() == 295);
    CHECK(letters.count() == 7);
    CHECK(read.pluck("a").count().compute() == 295);  // the same lines again are no further ones
    CHECK(letters.count() == 7);
    const Letters listed = told(letters, folder.path());
    REQUIRE(listed.size() == expected.size());
    for (std::size_t i = 0; i < listed.size(); ++i) {
      CHECK(std::get<0>(listed[i]) == std::get<0>(expected[i]));
      CHECK(std::get<1>(listed[i]) == std::get<1>(expected[i]));
      CHECK(std::get<2>(listed[i]) > 0);
      CHECK(std::get<3>(listed[i]) == std::get<3>(expected[i]));
    }
    CHECK(letters.list().front().reason.find("must be JSON") != std::string::npos);
  }
}

TEST_CASE("letters are of members that do not fit, of bytes that are no UTF-8, and of functions that throw") {
  const TemporaryFolder folder;
  struct Sold {
    std::string item;
    std::int64_t price = 0;
  };
  write_file(folder.path() + "/a.json", "{\"item\": \"a\", \"price\": 1}\n{\"item\": \"b\"}\n{\n");
  const weir::DeadLetters letters;
  CHECK(weir::read_json<Sold>(folder.path() + "/a.json", {.on_error = letters}).count().compute() == 1);
  const auto listed = told(letters, folder.path());
  REQUIRE(listed.size() == 2);
  CHECK(std::get<1>(listed[0]) == 2);
  CHECK(std::get<3>(listed[0]) == "{\"item\": \"b\"}");
  CHECK(letters.list()[0].reason.find("price") != std::string::npos);
  CHECK(std::get<1>(listed[1]) == 3);

  write_file(folder.path() + "/b.txt", "one\ntw\xff\nthree\n");
  const weir::DeadLetters of_bytes;
  CHECK(read_text(folder.path() + "/b.txt", {.encoding = "utf-8", .on_error = of_bytes}).compute() ==
        Texts{"one", "three"});
  CHECK(told(of_bytes, folder.path()) == Letters{{"b.txt", 2, 3, "tw\xff"}});

  const weir::DeadLetters of_map(2);
  const auto halves = weir::from_sequence(std::vector<int>{1, 2, 3, 4, 5, 7}, 1).map(of_map, [](int x) {
    if (x % 2) throw std::invalid_argument("odd");
    return x / 2;
  });
  CHECK(halves.compute() == std::vector<int>{1, 2});
  CHECK(of_map.count() == 4);  // of which the first are kept
  REQUIRE(of_map.list().size() == 2);
  CHECK(of_map.list()[1].text == "3");
  CHECK(of_map.list()[1].reason == "std::invalid_argument: odd");
  CHECK(weir::from_sequence(of_map.list())
            .map([](const weir::DeadLetter& one) { return one.text; })
            .compute() == Texts{"1", "3"});
  CHECK(weir::from_sequence(Texts{"7", "x"})
            .map(weir::OnBroken(OnError::skip), [](const std::string& text) { return std::stoi(text); })
            .compute() == std::vector<int>{7});
}

TEST_CASE("records that a function finds are the same wherever a file is cut") {
  const TemporaryFolder folder;
  std::string text = "before the first\n";
  Texts expected{"before the first"};
  for (int i = 0; i < 200; ++i) {
    std::string record = "> " + std::to_string(i);
    for (int line = 0; line < i % 7; ++line) record += line == 3 ? "\n" : "\n  line " + std::to_string(line);
    text += record + "\n";
    expected.push_back(record);
  }
  write_file(folder.path() + "/a.txt", text);
  write_file(folder.path() + "/b.txt.gz", gzip(text));
  write_file(folder.path() + "/c.txt", "");
  write_file(folder.path() + "/d.txt", "> no line end");
  const auto begins = [](std::string_view line) { return line.starts_with("> "); };
  for (const char* block : {"10 B", "97 B", "1 kB", "1 MB"}) {
    INFO(block);
    CHECK(weir::read_records(folder.path() + "/a.txt", begins, {.block = block}).compute() == expected);
    CHECK(weir::read_records(folder.path() + "/b.txt.gz", begins, {.block = block}).compute() == expected);
  }
  CHECK(weir::read_records(Texts{folder.path() + "/c.txt", folder.path() + "/d.txt"}, begins).compute() ==
        Texts{"> no line end"});
  CHECK(weir::read_records(folder.path() + "/d.txt", " ").compute() == Texts{">", "no", "line", "end"});
  const weir::DeadLetters letters;
  const auto numbers =
      weir::read_records(folder.path() + "/a.txt", begins, {.block = "97 B"})
          .map(letters, [](const std::string& record) { return std::stoi(record.substr(2)); });
  CHECK(numbers.sum().compute() == 199 * 200 / 2);
  CHECK(told(letters, folder.path()) == Letters{{"a.txt", 1, 0, "before the first"}});
  CHECK_THROWS_WITH(weir::read_records(folder.path() + "/a.txt", begins, {.block = "97 B"})
                        .map([](const std::string& record) { return std::stoi(record.substr(2)); })
                        .count()
                        .compute(),
                    Catch::Contains("line 1 of"));
  CHECK_THROWS_WITH(weir::read_records(folder.path() + "/a.txt",
                                       [](std::string_view line) { return line != "> 3" || (throw 1, true); },
                                       {.block = "97 B"})
                        .count()
                        .compute(),
                    Catch::Contains("line 8 of"));
}

TEST_CASE("unique is distinct") {
  CHECK(weir::from_sequence(std::vector<int>{3, 1, 3, 2}, 2).unique().compute() == std::vector<int>{3, 1, 2});
  CHECK(weir::from_sequence(std::vector<int>{3, 1, 5, 2}, 2).unique([](int x) { return x % 2; }).compute() ==
        std::vector<int>{3, 2});
}

}  // namespace

TEST_CASE("texts of all sizes are counted, in the order in which they first came") {
  using weir::detail::bag::TextCounts;
  std::vector<std::string> texts;
  std::uint64_t state = 7;
  for (int i = 0; i < 30'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::string text((state >> 33) % 40, '\0');
    for (char& letter : text)
      letter = static_cast<char>((state >> 40) % 3 * 100 + (&letter - text.data()) % 2);
    texts.push_back(std::move(text) + (i % 7 ? "" : std::to_string(i)));
  }
  std::vector<std::pair<std::string, std::uint64_t>> expected;
  std::map<std::string, std::size_t> places;
  for (const std::string& text : texts) {
    const auto [place, is_new] = places.try_emplace(text, expected.size());
    if (is_new) expected.emplace_back(text, 0);
    ++expected[place->second].second;
  }
  const auto entries_of = [](const TextCounts& counts) {
    std::vector<std::pair<std::string, std::uint64_t>> entries;
    counts.each([&](std::string_view text, std::uint64_t count) { entries.emplace_back(text, count); });
    return entries;
  };
  TextCounts one_by_one, together, first, second;
  for (const std::string& text : texts) one_by_one.add(text);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  together.add_all(views);
  first.add_all(std::span(views).first(10'001));
  second.add_all(std::span(views).subspan(10'001));
  first.merge(second);
  CHECK(expected.size() > 4'000);
  CHECK(entries_of(one_by_one) == expected);
  CHECK(entries_of(together) == expected);
  CHECK(entries_of(first) == expected);
  weir::Buffer bytes;
  weir::Writer writer(bytes);
  together.write_bytes(writer);
  weir::Reader reader(bytes.bytes());
  TextCounts back;
  back.add("gone");
  back.read_bytes(reader);
  CHECK(entries_of(back) == expected);
  CHECK(back.size() == expected.size());
}
