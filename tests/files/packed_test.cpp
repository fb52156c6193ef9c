// Packed files against the programs that everybody packs with, and what is said of broken ones.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "files/raw.hpp"
#include "support/process.hpp"
#include "weir/detail/files/input.hpp"
#include "weir/detail/files/output.hpp"
#include "weir/error.hpp"

namespace {

namespace files = weir::detail::files;
using weir::test::TemporaryFolder;
using weir::test::write_file;

// Compresses well, in more than one buffer of any of the libraries, with noise between.
const std::string& sample() {
  static const std::string text = [] {
    std::string made;
    std::uint64_t state = 1;
    for (int i = 0; i < 20000; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      made += "line " + std::to_string(state >> 20) + std::string(i % 50, 'x') + "\n";
    }
    return made;
  }();
  return text;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string unpacked(const std::string& path, std::size_t room = 100000) {
  const files::File file = files::find("read_text", {path}).at(0);
  const auto input = files::open("read_text", {file.path, file.compression, 0, file.bytes});
  std::string text;
  std::string part(room, '\0');
  while (const std::size_t count = input->read(part.data(), part.size())) text.append(part, 0, count);
  return text;
}

std::string refusal(const std::string& path) {
  try {
    return std::to_string(unpacked(path).size()) + " bytes";
  } catch (const weir::Error& error) {
    CHECK(error.kind() == weir::ErrorKind::serialization);
    return error.what();
  }
}

struct Program {
  const char* name;
  const char* ending;
};
const Program programs[] = {{"gzip", ".gz"}, {"bzip2", ".bz2"}, {"xz", ".xz"}, {"zstd", ".zst"}};

TEST_CASE("packed files read as their programs wrote them, also one after another in one file") {
  const TemporaryFolder folder;
  for (const Program& program : programs) {
    INFO(program.name);
    const std::string path = folder.path() + "/a" + program.ending;
    const weir::test::Finished done = weir::test::run({program.name, "-c"}, {.input = sample()});
    REQUIRE(done.status == 0);
    write_file(path, done.out);
    CHECK(unpacked(path) == sample());
    write_file(path, done.out + weir::test::run({program.name, "-c"}, {.input = "and more"}).out);
    CHECK(unpacked(path) == sample() + "and more");
    write_file(path, weir::test::run({program.name, "-c"}, {.input = ""}).out);
    CHECK(unpacked(path).empty());
    CHECK(unpacked(path, 1).empty());
  }
}

// What comes of a gzip file, the text or what is wrong; without the place, which is right within a few bytes.
std::string outcome(std::unique_ptr<files::Input> input, std::size_t room) {
  std::string text, part(room, '\0');
  try {
    while (const std::size_t count = input->read(part.data(), part.size())) text.append(part, 0, count);
  } catch (const weir::Error&) {
    return "broken";
  }
  return text;
}

TEST_CASE("gzip files come as zlib unpacks them, whatever is in their headers and wherever they are broken") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.gz";
  const std::string body =
      weir::test::run({"gzip", "-nc"}, {.input = sample().substr(0, 3000)}).out.substr(10);
  const auto member = [&](int flags, const std::string& more) {
    return std::string("\x1f\x8b\x08", 3) + static_cast<char>(flags) + std::string(6, '\0') + more + body;
  };
  const std::string names = std::string("\x03\0abc", 5) + std::string("name\0comment\0", 13);
  std::string packed = member(0, "") + std::string(100, '\0') + member(4 | 8 | 16, names) + member(1, "");
  const auto check = [&](const std::string& bytes) {
    write_file(path, bytes);
    const files::Portion portion{path, weir::Compression::gzip, 0, bytes.size()};
    const std::string right = outcome(files::open_gzip_by_zlib(files::Raw("f", portion)), 100000);
    for (const std::size_t room : {1000, 100000}) {
      const std::string ours = outcome(files::open_gzip(files::Raw("f", portion)), room);
      CHECK(ours.size() == right.size());
      CHECK(ours == right);
    }
    return right.size();
  };
  CHECK(check(packed) == 9000);
  CHECK(check(member(2, std::string(2, '\0'))) == 6);  // a wrong sum of the header
  for (std::size_t at = 0; at < packed.size(); at += at < 200 ? 1 : 37) {
    check(packed.substr(0, at));
    std::string changed = packed;
    changed[at] ^= static_cast<char>(1 << at % 8);
    check(changed);
  }
  for (const std::size_t name :
       {262120, 262130, 262134, 262135, 600000})  // the file is read in pieces of 262144
    CHECK(check(member(8, std::string(name, 'n') + '\0') + member(0, "")) == 6000);
}

TEST_CASE("packed files are written as their programs read them, and as we do") {
  const TemporaryFolder folder;
  for (const Program& program : programs) {
    INFO(program.name);
    const std::string path = folder.path() + "/a" + program.ending;
    files::Output output("to_text", path);
    output.write(sample().substr(0, 1000));
    output.write(sample().substr(1000));
    output.commit();
    const weir::test::Finished done = weir::test::run({program.name, "-dc", path});
    CHECK(done.status == 0);
    CHECK(done.out == sample());
    CHECK(unpacked(path, 777) == sample());
  }
}

TEST_CASE("an output is there whole or not at all") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.txt";
  write_file(path, "old");
  {
    files::Output output("to_text", path);
    output.write("new");
  }
  CHECK(content(path) == "old");
  CHECK(weir::test::run({"ls", "-A", folder.path()}).out == "a.txt\n");
  files::Output output("to_text", path);
  output.write("new");
  CHECK(content(path) == "old");
  output.commit();
  CHECK(content(path) == "new");
  CHECK(weir::test::run({"ls", "-A", folder.path()}).out == "a.txt\n");
  CHECK_THROWS_WITH(files::Output("to_text", folder.path() + "/none/a.txt"),
                    "to_text: '" + folder.path() +
                        "/none/a.txt' could not be written: No such file or "
                        "directory");
}

TEST_CASE("an output to a device or a pipe goes into it, and one to a link replaces what that leads to") {
  const TemporaryFolder folder;
  const std::string pipe = folder.path() + "/pipe", link = folder.path() + "/link";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::string read;
  std::thread reader([&] { read = content(pipe); });
  {
    files::Output output("to_text", pipe);
    output.write("new");
    output.commit();
  }
  reader.join();
  CHECK(read == "new");
  CHECK(std::filesystem::is_fifo(pipe));

  write_file(folder.path() + "/file", "old");
  std::filesystem::create_symlink("file", link);
  files::Output output("to_text", link);
  output.write("new");
  output.commit();
  CHECK(std::filesystem::is_symlink(link));
  CHECK(content(folder.path() + "/file") == "new");

  std::filesystem::create_symlink("/dev/full", folder.path() + "/full");
  files::Output full("to_text", folder.path() + "/full");
  full.write("new");
  CHECK_THROWS_WITH(full.commit(), "to_text: '/dev/full' could not be written: No space left on device");
}

TEST_CASE("a packed file that ends early or was changed is named, with the byte") {
  const TemporaryFolder folder;
  const std::string at = folder.path() + "/a";
  const std::vector<std::string> changed = {"' is broken at byte 50000: the file ends inside a gzip member",
                                            "' is broken at byte 50000: the file ends inside a bzip2 stream",
                                            "' is broken at byte 50000: the file ends inside an xz stream",
                                            "' is broken at byte 50000: the file ends inside a zstd frame"};
  for (std::size_t i = 0; i < 4; ++i) {
    const Program& program = programs[i];
    const std::string path = at + program.ending;
    const std::string whole = weir::test::run({program.name, "-c"}, {.input = sample()}).out;
    write_file(path, whole.substr(0, 50000));
    CHECK(refusal(path) == "read_text: '" + path + changed[i]);
    for (const std::size_t place : {whole.size() / 2, whole.size() - 6}) {
      std::string bad = whole;
      bad[place] ^= 0x55;
      write_file(path, bad);
      INFO(program.name << " " << place);
      CHECK_THAT(refusal(path), Catch::StartsWith("read_text: '" + path + "' is broken at byte "));
    }
    if (program.name == std::string("zstd")) {  // the sum is at the end
      std::string bad = whole;
      bad.back() ^= 0x55;
      write_file(path, bad);
      CHECK_THAT(refusal(path), Catch::StartsWith("read_text: '" + path + "' is broken at byte " +
                                                  std::to_string(whole.size() - 4) + ": "));
    }
    write_file(path, whole + "garbage behind it");
    CHECK_THAT(refusal(path), Catch::StartsWith("read_text: '" + path + "' is broken at byte "));
  }
  write_file(at + ".gz", weir::test::run({"gzip", "-c"}, {.input = "text"}).out + std::string(600000, '\0'));
  CHECK(unpacked(at + ".gz") == "text");  // what tapes pad with
}

}  // namespace
