// The filter of mpirun's messages: what it takes out, what it must leave, whatever the pieces.
#include "tool/noise.hpp"

#include <catch2/catch.hpp>

using weir::detail::tool::NoiseFilter;

namespace {

const std::string rule = std::string(74, '-') + "\n";
const std::string pmix =
    "[vm:05613] PMIX ERROR: BAD-PARAM in file ../../../src/event/pmix_event_notification.c at line 1033\n";
const std::string partial_read = "[vm:15576] Read -1, expected 67108864, errno = 3\n";
const std::string forwarding = "mpirun: Forwarding signal 18 to job\n";
const std::string died =
    rule + "mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed).\n" + rule;
const std::string ended = rule +
                          "Primary job  terminated normally, but 1 process returned\na non-zero exit code. "
                          "Per user-direction, the job has been aborted.\n" +
                          rule;

/// What is shown of `text` that arrives `size` bytes at a time.
std::string shown(const std::string& text, std::size_t size) {
  NoiseFilter filter;
  std::string all;
  for (std::size_t i = 0; i < text.size(); i += size)
    all += filter.feed(std::string_view(text).substr(i, size));
  return all + filter.release();
}

}  // namespace

TEST_CASE("noise of mpirun is taken out, in pieces of every size") {
  const std::string text =
      "one\n" + pmix + "two" + partial_read + died + "three\n" + pmix + forwarding + pmix + ended + "four";
  for (std::size_t size = 1; size <= text.size(); ++size) REQUIRE(shown(text, size) == "one\ntwothree\nfour");
}

TEST_CASE("noise leaves what a program prints byte for byte") {
  const std::string nul("a\0b", 3);
  for (const std::string& text :
       {std::string(), std::string("no end of line"), std::string("[1] list\n[host:12] PMIX\n"),
        std::string("---\n"), rule, rule + rule + "table\n" + rule, std::string(75, '-') + "\n",
        std::string(200, '-'), std::string("[vm:05613] PMIX ERROR: another one in file x.c at line 3\n"),
        std::string("mpirun: Forwarding signal x to job\nmpirun: Forwarding signal 18 to nobody\nmmm"),
        rule + "Primary job  terminated normally, but the second line is missing",
        std::string("\x1b[31mred\x1b[0m [----->    ] 40%\r"), nul, rule + "mpirun",
        std::string("[vm:1] PMIX ERROR: ") + std::string(3000, 'x'), std::string("[vm:15576] Read 3 files\n"),
        std::string("[vm:15576] Read -1, expected 5\n")}) {
    for (const std::size_t size : {1, 2, 7, 80, 5000}) CHECK(shown(text, size) == text);
  }
}

TEST_CASE("noise takes out the trace of mpirun's own crash, and no other one") {
  const std::string trace =
      "[vm:04121] *** Process received signal ***\n[vm:04121] Signal: Segmentation fault (11)\n[vm:04121] [ "
      "0] libpmix.so.2(PMIx_Finalize+0x703)[0x7f11]\n";
  const std::string others =
      "[vm:04122] *** Process received signal ***\n[vm:04122] Signal: Segmentation fault (11)\n";
  const std::string text = "one\n" + trace + others + "two\n" + trace;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    NoiseFilter filter;
    filter.set_launcher(4121);
    std::string all;
    for (std::size_t i = 0; i < text.size(); i += size)
      all += filter.feed(std::string_view(text).substr(i, size));
    REQUIRE(all + filter.release() == "one\n" + others + "two\n");
    CHECK_FALSE(filter.reader_gone());
  }
}

TEST_CASE("noise is silent once nobody reads the output") {
  NoiseFilter filter;
  filter.set_launcher(4121);
  CHECK(filter.feed("one\n") == "one\n");
  CHECK(filter.feed("[vm:04121] mpirun: SIGPIPE detected on fd 13 - aborting\n").empty());
  CHECK(filter.reader_gone());
  CHECK(
      filter.feed("mpirun: abort is already in progress...hit ctrl-c again to forcibly terminate\n").empty());
  CHECK(filter.release().empty());
}

TEST_CASE("noise holds bytes back only while they may be mpirun's") {
  NoiseFilter filter;
  CHECK(filter.feed("progress 10%") == "progress 10%");
  CHECK_FALSE(filter.is_holding());
  CHECK(filter.feed("--").empty());
  CHECK(filter.is_holding());
  CHECK(filter.feed(">") == "-->");
  CHECK_FALSE(filter.is_holding());
  CHECK(filter.feed("ask [y/n] ") == "ask [y/n] ");
  CHECK(filter.feed("[") == "");
  CHECK(filter.release() == "[");
  CHECK_FALSE(filter.is_holding());
}

TEST_CASE("noise keeps the banners for a job that failed") {
  NoiseFilter filter;
  (void)filter.feed(pmix + died);
  CHECK(filter.banners() == died);
}

TEST_CASE("noise takes out the note of a rank 0 elsewhere, in pieces of every size") {
  const std::string text =
      "one[/tmp/w/status 17]\ntwo[/tmp/w/status x]\n[/tmp/w/status 1]no[/tmp/w/status ]\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    NoiseFilter filter;
    filter.set_note_mark("[/tmp/w/status ");
    std::string all;
    for (std::size_t i = 0; i < text.size(); i += size)
      all += filter.feed(std::string_view(text).substr(i, size));
    CHECK(all + filter.release() == "onetwo[/tmp/w/status x]\n[/tmp/w/status 1]no[/tmp/w/status ]\n");
    CHECK(filter.note() == 17);
  }
}
