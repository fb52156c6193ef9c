// The example `letters` as seen from a shell: bad files, wrong options, the same on threads and on ranks.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "letters/count.hpp"
#include "support/process.hpp"

using namespace weir::test;

namespace {

/// Runs letters in `folder`, as threads and on three ranks, and checks that both tell the same about what is
/// wrong.
Finished letters_in(const std::string& folder, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{LETTERS};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished threads = run(command, {{}, {}, folder});
  command.insert(command.begin(), {WEIR_TOOL, "run", "-n", "3"});
  const Finished ranks = run(command, {{}, {}, folder});
  CHECK(threads.status == ranks.status);
  CHECK(threads.err == ranks.err);
  CHECK(threads.out.substr(0, threads.out.find('\n')) == ranks.out.substr(0, ranks.out.find('\n')));
  return threads;
}

}  // namespace

TEST_CASE("letters counts a file, upper and lower case together") {
  TemporaryFolder folder;
  write_file(folder.path() + "/hello", "Hello, World! \xc3\xa4\n");
  const letters::Counts counts = letters::count_file(folder.path() + "/hello");
  CHECK(counts.bytes == 17);
  CHECK(counts.of['l' - 'a'] == 3);
  CHECK(counts.of['h' - 'a'] == 1);
  CHECK(counts.of['z' - 'a'] == 0);
  CHECK((counts + counts).of['o' - 'a'] == 4);
}

TEST_CASE("letters counts a file of several pieces") {
  TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 3'000'000; ++i) text += static_cast<char>('a' + i % 26);
  write_file(folder.path() + "/large", text);
  const letters::Counts counts = letters::count_file(folder.path() + "/large");
  CHECK(counts.bytes == 3'000'000);
  CHECK(counts.of[0] == 115'385);
  CHECK(counts.of[25] == 115'384);
}

TEST_CASE("letters says what is wrong with each file and counts the others") {
  TemporaryFolder folder;
  write_file(folder.path() + "/good", "abc");
  write_file(folder.path() + "/empty", "");
  const Finished finished = letters_in(folder.path(), {"gone", "good", "/", "empty"});
  CHECK(finished.status == 1);
  CHECK(finished.err ==
        "letters: a file must be readable (got gone: No such file or directory)\n"
        "letters: a file must not be a directory (got /)\n"
        "letters: a file must not be empty (got empty)\n");
  CHECK(finished.out.find("letters of 1 file, 3 B\n") == 0);
  CHECK(finished.out.find("a 1            b 1            c 1            d 0") != std::string::npos);
}

TEST_CASE("letters says when a file may not be read") {
  if (geteuid() == 0) return;  // root may read everything
  TemporaryFolder folder;
  write_file(folder.path() + "/secret", "abc", 0);
  const Finished finished = letters_in(folder.path(), {"secret"});
  CHECK(finished.status == 1);
  CHECK(finished.err == "letters: a file must be readable (got secret: Permission denied)\n");
  CHECK(finished.out.empty());
}

TEST_CASE("letters generates the same files every time") {
  TemporaryFolder folder;
  const std::vector<std::string> arguments{"--generate", "made", "--files", "10", "--size", "1kB"};
  CHECK(letters_in(folder.path(), arguments).out.find("letters of 10 files, 10 kB\n") == 0);
  const letters::Counts first = letters::count_file(folder.path() + "/made/letters-01.txt");
  CHECK(first.bytes == 1000);
  CHECK(letters_in(folder.path(), arguments).status == 0);
  CHECK(letters::count_file(folder.path() + "/made/letters-01.txt") == first);
}

TEST_CASE("letters refuses wrong use with one sentence") {
  TemporaryFolder folder;
  write_file(folder.path() + "/good", "abc");
  const auto refusal = [&](const std::vector<std::string>& arguments, int status) {
    const Finished finished = letters_in(folder.path(), arguments);
    CHECK(finished.status == status);
    CHECK(finished.out.empty());
    return finished.err;
  };
  CHECK(refusal({}, 2) ==
        "letters: name files to count, or a folder for generated ones: letters FILE... or letters --generate "
        "DIR\n");
  CHECK(refusal({"--fast", "good"}, 2) ==
        "letters: The following argument was not expected: --fast; `letters --help` shows the options\n");
  CHECK(refusal({"--generate", "made", "good"}, 2) ==
        "letters: name files or --generate, not both (got good and --generate made)\n");
  CHECK(refusal({"--generate", "made", "--files", "0"}, 2) ==
        "letters: --files must be a whole number from 1 to 1000000 (got 0)\n");
  CHECK(refusal({"--generate", "made", "--size", "0"}, 2) ==
        "letters: --size must be at least 1 byte (got 0)\n");
  CHECK(refusal({"--generate", "made", "--size", "big"}, 2) ==
        "letters: --size: bytes: \"big\" is not a number of bytes; write for example \"10MB\", \"128MiB\" or "
        "\"4096\"\n");
  CHECK(refusal({"--generate", "good"}, 1) ==
        "letters: --generate must name a folder that exists or can be made (got good: Not a directory)\n");
}
