// `weir map`: its commands, its results file, and itself as seen from a shell.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iterator>

#include "support/process.hpp"
#include "tool/map/hope.hpp"
#include "tool/map/job_log.hpp"
#include "tool/map/lines.hpp"
#include "tool/map/results.hpp"
#include "weir/error.hpp"

using namespace weir::detail::tool::mapping;
using weir::test::eventually;
using weir::test::Finished;
using weir::test::Process;
using weir::test::run;
using weir::test::TemporaryFolder;
using weir::test::write_file;
using Words = std::vector<std::string>;

namespace {

std::string file_text(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

Words commands(const Words& words) {
  Words texts;
  for (const Line& line : lines_of(parse_template(words))) texts.push_back(line.text);
  return texts;
}

Finished map_of(const std::string& words) { return run({"sh", "-c", WEIR_TOOL " map " + words}); }

}  // namespace

TEST_CASE("map makes a command of every combination of arguments") {
  CHECK(commands({"a", ":::", "1", "2"}) == Words{"a 1", "a 2"});
  CHECK(commands({"a {1}-{2} {#}", ":::", "x", "y", ":::", "1", "2"}) ==
        Words{"a x-1 1", "a x-2 2", "a y-1 3", "a y-2 4"});
  CHECK(commands({"rm", ":::", "a; b", "$HOME", ""}) == Words{"rm 'a; b'", "rm '$HOME'", "rm ''"});
  CHECK(commands({"a", ":::"}).empty());
  CHECK_THROWS_WITH(
      parse_template({":::", "a"}),
      "a command must be given (got none); write for example weir map 'sim --seed {}' ::: 1 2 3");
}

TEST_CASE("map takes files of arguments behind ::::, each a source of its own") {
  const Template wanted = parse_template({"a", ":::", "1", "2", "::::", "one", "two", ":::", "3"});
  CHECK(wanted.command == "a");
  REQUIRE(wanted.sources.size() == 4);
  CHECK(wanted.sources[0].arguments == Words{"1", "2"});
  CHECK((wanted.sources[1].file == "one" && wanted.sources[2].file == "two"));
  CHECK(wanted.sources[3].arguments == Words{"3"});
  for (const Words& words : {Words{"a", "::::"}, Words{"a", "::::", ":::", "b"}})
    CHECK_THROWS_WITH(parse_template(words), "a file of arguments must follow :::: (got none)");
  CHECK_THROWS_WITH(parse_template({"a", ":::+", "c"}),
                    ":::+ must follow arguments, with which it goes one by one (got none)");
  const TemporaryFolder folder;
  write_file(folder.path() + "/lines", "x\ny z\n");
  CHECK(map_of("-k echo ::: 1 2 :::: " + (folder.path() + "/lines")).out == "1 x\n1 y z\n2 x\n2 y z\n");
  CHECK(map_of("echo :::: /no/file").err ==
        "weir map: the arguments in /no/file cannot be read (No such file or directory)\n");
}

TEST_CASE("map gives linked arguments one by one, until a list has no more") {
  CHECK(commands({"a", ":::", "a", "b", ":::", "1", "2", ":::+", "X", "Y"}) ==
        Words{"a a 1 X", "a a 2 Y", "a b 1 X", "a b 2 Y"});
  CHECK(commands({"a", ":::", "a", "b", "c", ":::+", "1", "2", ":::", "p", "q"}) ==
        Words{"a a 1 p", "a a 1 q", "a b 2 p", "a b 2 q"});
  CHECK(commands({"a", ":::", "x", ":::+", "1", "2", "3"}) == Words{"a x 1"});
}

TEST_CASE("map parts arguments into columns, and gives several to a command") {
  const auto texts = [](const Template& wanted) {
    Words all;
    for (const Line& line : lines_of(wanted)) all.push_back(line.text);
    return all;
  };
  Template table = parse_template({"a {1}-{3}", ":::", "a,b,c", "d,e"});
  table.separator = ",";
  CHECK(texts(table) == Words{"a a-c", "a d-"});
  table.command = "a";
  CHECK(texts(table) == Words{"a a b c", "a d e"});
  table.separator = "(";
  CHECK_THROWS_WITH(texts(table),
                    "--colsep must be a regular expression (got (); write for example --colsep , "
                    "or --colsep '\\t'");
  Template many = parse_template({"a {1}-{2}", ":::", "1", "2", "3"});
  many.at_a_time = 2;
  CHECK(texts(many) == Words{"a 1-2", "a 3-"});
  many.command = "a";
  CHECK(texts(many) == Words{"a 1 2", "a 3"});
  many.at_a_time = 0;
  CHECK(texts(many) == Words{"a", "a", "a"});
  many.sources.push_back({});
  CHECK_THROWS_WITH(texts(many), "-N takes its arguments from one list (got 2)");
}

TEST_CASE("map refuses options whose value is empty") {
  for (const std::string name :
       {"--results", "--timeout", "--mem", "--site", "--colsep", "--joblog", "--jobs", "--max-output"}) {
    const Finished finished = map_of(name + " '' echo ::: 1");
    CHECK(finished.status == 2);
    CHECK(finished.err == "weir map: " + name + " needs a value (got \"\")\n");
  }
}

TEST_CASE("map refuses options of jobs without --cluster, and what is no number of bytes") {
  CHECK(map_of("--mem 4GB echo ::: 1").err ==
        "weir map: --mem is of the jobs of --cluster N (got no --cluster)\n");
  for (const std::string text : {"-5", "lots"}) {
    const Finished finished = map_of("--max-output=" + text + " echo ::: 1");
    CHECK(finished.status == 2);
    CHECK(finished.err.starts_with("weir map: --max-output: "));
  }
  CHECK(map_of("--max-output 1KB echo ::: 1").out == "1\n");
}

TEST_CASE("map knows what -j asks for") {
  CHECK(parse_jobs("8", 4) == 8);
  CHECK(parse_jobs("50%", 5) == 2);
  CHECK(parse_jobs("1%", 4) == 1);
  CHECK(parse_jobs("200%", 4) == 8);
  CHECK(parse_jobs("+2", 4) == 6);
  for (const std::string text : {"", "0", "-1", "x", "5000", "50%x", "%", "+", "+5%", "0%", "9999999999"})
    CHECK_THROWS_WITH(parse_jobs(text, 4), Catch::StartsWith("-j must be a number of commands"));
}

TEST_CASE("map tags lines, gives slots and writes a log as GNU parallel does") {
  CHECK(tagged("x\n\ny", {"a", "b c"}) == "a b c\tx\na b c\t\na b c\ty");
  CHECK(tagged("", {"a"}).empty());
  CHECK(log_line({3, "node1", 1000.5, 0.25, 7, 0, "a\nb"}) ==
        "3\tnode1\t1000.500\t     0.250\t0\t7\t0\t0\ta b\n");
  CHECK(log_line({3, "node1", 1, 1, 0, 137, "a"}) == "3\tnode1\t1.000\t     1.000\t0\t0\t0\t9\ta\n");
  CHECK(map_of("-k --tag -j2 echo ::: a b").out == "a\ta\nb\tb\n");
  CHECK(map_of("-j1 'echo {%} {}' ::: '{%}' b").out == "1 {%}\n1 b\n");
  CHECK(map_of("--dry-run -C, 'echo {2}' ::: a,b").out == "echo b\n");
  const TemporaryFolder folder;
  CHECK(map_of("--joblog " + folder.path() + "/log 'exit {}' ::: 3").status == 1);
  const std::string log = file_text(folder.path() + "/log");
  CHECK(log.starts_with("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n1\t"));
  CHECK(log.ends_with("\t0\t0\t3\t0\texit 3\n"));
}

TEST_CASE("map says what of an output it has left out") {
  const Finished finished = map_of("--max-output 10 'seq {}' ::: 100");
  CHECK(finished.status == 0);
  CHECK(finished.err ==
        "weir map: 'seq 100' printed 282 bytes more than are kept, which are left out; "
        "--max-output keeps more (it is 10)\n");
  const TemporaryFolder folder;
  CHECK(map_of("--max-output 10 --results " + folder.path() + "/r 'seq {}' ::: 100 3").status == 0);
  CHECK(file_text(folder.path() + "/r").find(",282\n") != std::string::npos);
}

TEST_CASE("map reads arguments line by line, or up to zero bytes") {
  CHECK(arguments_in("a\r\n\nb", '\n') == Words{"a", "", "b"});
  CHECK(arguments_in(std::string("a\nb\0c\0", 6), '\0') == Words{"a\nb", "c"});
}

TEST_CASE("map runs without a shell what needs none") {
  CHECK(plain_words("sim --seed 7  -o out/7.txt") == Words{"sim", "--seed", "7", "-o", "out/7.txt"});
  for (const std::string text :
       {"a | b", "a 'b c'", "echo a", "A=1 b", "a $B", "a *", "a > b", "cd x", "", "a~"})
    CHECK_FALSE(plain_words(text));
}

TEST_CASE("map gives up when it is told to") {
  CHECK(parse_halt("never") == Halt{});
  CHECK(parse_halt("soon") == Halt{1, false});
  CHECK(parse_halt("now,fail=3") == Halt{3, true});
  for (const std::string text : {"", "later", "now,", "now,fail=0", "now,fail=3x", "never,fail=1"})
    CHECK_THROWS_WITH(parse_halt(text), Catch::StartsWith("--halt must be never, soon or now"));
}

TEST_CASE("map waits for jobs as long as one may come") {
  Hope hope;
  const Hope::Time start{};
  const auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  CHECK_FALSE(hope.is_lost(at(0), false, false, "refused"));
  CHECK_FALSE(hope.is_lost(at(29), false, false, "refused"));
  CHECK_FALSE(hope.is_lost(at(31), true, false, "refused"));  // one is queued
  CHECK_FALSE(hope.is_lost(at(90), false, false, "refused"));
  CHECK_FALSE(hope.is_lost(at(110), false, true, "refused"));
  CHECK_FALSE(hope.is_lost(at(120), false, false, "refused"));
  CHECK_FALSE(hope.is_lost(at(151), false, false, ""));
  CHECK_FALSE(hope.is_lost(at(160), false, false, "refused"));
  CHECK(hope.is_lost(at(190), false, false, "refused"));
}

TEST_CASE("rows of results are read back, however they were cut") {
  const Row worked{1, 0, 0.5, 1, "here", "sim 'a,b'", "one\n\"two\"\n", ""};
  Row failed = worked;
  failed.status = 3;
  failed.command = "other";
  const std::string whole = std::string(results_header) + csv_of(worked) + csv_of(failed) + csv_of(worked);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Kept kept = kept_in(std::string_view(whole).substr(0, size));
    CHECK(kept.whole_bytes <= size);
    CHECK(kept.rows <= 3);
    CHECK(kept.worked.size() <= 1);
    if (size == whole.size()) CHECK(kept.worked.at("sim 'a,b'") == 2);
  }
  CHECK(kept_in(whole).whole_bytes == whole.size());
  CHECK_THROWS_WITH(kept_in("number,text\n1,a\n"),
                    Catch::Contains("a file that `weir map --results` has written"));
}

TEST_CASE("weir map prints what its commands print, and fails if one has failed") {
  const Finished right = map_of("-k -j 2 'echo {} {#}' ::: a 'b c' '$HOME'");
  CHECK(right.out == "a 1\nb c 2\n$HOME 3\n");
  CHECK(right.status == 0);
  const Finished wrong = map_of("'exit {}' ::: 0 3");
  CHECK(wrong.status == 1);
  CHECK(wrong.err == "weir map: 'exit 3' ended with status 3\nweir map: 1 of 2 commands has failed\n");
  CHECK(run({"sh", "-c", "printf 'x y\\nz' | " WEIR_TOOL " map -k echo"}).out == "x y\nz\n");
  for (const auto& [words, where] : {std::pair{"echo :::", "behind :::"},
                                     {"echo < /dev/null", "on stdin"},
                                     {"-a /dev/null echo", "in /dev/null"},
                                     {"--dry-run echo ::: a :::", "behind :::"}}) {
    const Finished nothing = map_of(words);
    CHECK(nothing.status == 0);
    CHECK(nothing.err == std::string("weir map: nothing to do: there is no argument ") + where + "\n");
  }
  CHECK(map_of("--dry-run 'gzip {/} > {.}' ::: in/a.txt").out == "gzip a.txt > in/a\n");
  CHECK(map_of("no-such-command ::: 1").err.find("not found") != std::string::npos);
  for (const std::string nowhere : {">/dev/full", ">&-"}) {
    const Finished lost = map_of("echo ::: 1 2 " + nowhere);
    CHECK(lost.status == 1);
    CHECK(lost.err == "weir map: the output could not be written\n");
  }
}

TEST_CASE("weir map does the same on ranks") {
  const TemporaryFolder folder;
  const std::string words =
      "-n 2 -j 2 --retries 1 --results " + folder.path() + "/out.csv 'echo {}; test {} != 2' ::: 1 2 3";
  const Finished first = map_of(words);
  CHECK(first.status == 1);
  CHECK(first.err.find("weir map: 'echo 2; test 2 != 2' ended with status 1 (attempt 2)\n"
                       "weir map: 1 of 3 commands has failed\n") != std::string::npos);
  CHECK(kept_in(file_text(folder.path() + "/out.csv")).worked.size() == 2);
}

TEST_CASE("weir map goes on with what is missing") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/out.csv", flag = folder.path() + "/flag";
  const std::string words = "--results " + file + " 'test -e " + flag + " || test {} != 2' ::: 1 2 2 3";
  CHECK(map_of(words).status == 1);
  CHECK(map_of(words).err ==
        "weir map: --results " + file +
            ": it holds 4 results already; --resume runs what is missing, or name another "
            "file\n");
  write_file(flag, "");
  std::ofstream(file, std::ios::app) << "5,0,0.1,1,here,\"torn";
  const Finished again = map_of("--resume " + words);
  CHECK(again.status == 0);
  CHECK(again.err == "weir map: 2 of 4 commands have worked before; 2 are run\n");
  CHECK(kept_in(file_text(file)).rows == 6);
  CHECK(kept_in(file_text(file)).whole_bytes == file_text(file).size());
  CHECK(map_of("--resume " + words).err == "weir map: 4 of 4 commands have worked before; 0 are run\n");
}

TEST_CASE("weir map that is interrupted says how the rest is run") {
  const std::string where = GENERATE("-j2", "-n3");
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/out.csv", begun = folder.path() + "/begun";
  const std::string command = "test {} = 1 || { touch " + begun + "; sleep 1000; }";
  Process map({WEIR_TOOL, "map", where, "--results", file, command, ":::", "1", "2"});
  CHECK(eventually([&] { return kept_in(file_text(file)).rows == 1 && std::ifstream(begun); }));
  map.send(SIGINT);
  CHECK(map.wait().status == 130);
  CHECK(map.err() ==
        "weir map: interrupted: 1 of 2 commands are done; the same with --resume runs the rest\n");
}

TEST_CASE("weir map ends what takes too long, tries again, and gives up") {
  const Finished slow = map_of("--timeout 0.2 sleep ::: 1000");
  CHECK(slow.status == 1);
  CHECK(slow.err.find("'sleep 1000' was not done within 0.2") != std::string::npos);
  const TemporaryFolder folder;
  const std::string count = folder.path() + "/count";
  CHECK(map_of("--retries 2 'echo {} >> " + count + "; test $(wc -l < " + count + ") = 3' ::: x").status ==
        0);
  const Finished halted = map_of("-j 2 --halt now 'test {} = 1 || sleep 1000; exit 4' ::: 0 1 0 0 0");
  CHECK(halted.status == 1);
  CHECK(halted.err ==
        "weir map: 'test 1 = 1 || sleep 1000; exit 4' ended with status 4\n"
        "weir map: 1 of 5 commands has failed; 1 was ended; 3 were not begun\n");
}

TEST_CASE("weir map refuses what cannot be meant") {
  for (const auto& [words, sentence] : std::vector<std::pair<std::string, std::string>>{
           {"", "a command must be given"},
           {"--resume true ::: 1", "--resume must be told by --results FILE"},
           {"--timeout soon true ::: 1", "soon"},
           {"-j 0 true ::: 1", "-j"},
           {"--cluster 2 true ::: 1", "--cluster must be told what each job has"},
           {"--cluster 2 -n 2 true ::: 1", "one of -n and --cluster must be chosen (got both)"},
           {"-n 0 true ::: 1", "-n must be a whole number of ranks"},
           {"-a /not/there true", "the arguments in /not/there cannot be read (No such file or directory)"},
           {"--results /not/there/x true ::: 1", "it cannot be opened"},
           {"--results /dev/full true ::: 1", "it must be a file, which can be read again"},
           {"'echo {3}' ::: 1", "{3} must name one of the arguments (got 1)"}}) {
    const Finished finished = map_of(words);
    INFO(finished.err);
    CHECK(finished.status != 0);
    CHECK(finished.err.find(sentence) != std::string::npos);
  }
}

TEST_CASE("a command that is no program of Weir is a job of one rank") {
  const Finished script = run({WEIR_TOOL, "script", "--slurm", "-t", "1h", "/bin/hostname"});
  CHECK(script.status == 0);
  CHECK(script.out.find("#SBATCH --ntasks=1\n") != std::string::npos);
}
