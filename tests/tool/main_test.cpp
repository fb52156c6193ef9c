// The program `weir` as seen from a shell: help, versions, unknown commands.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "support/process.hpp"
#include "weir/version.hpp"

using weir::test::Finished;
using weir::test::run;
using weir::test::TemporaryFolder;
using weir::test::write_file;

TEST_CASE("weir without a command shows its help and fails") {
  const Finished finished = run({WEIR_TOOL});
  CHECK(finished.status == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("Usage: weir COMMAND") != std::string::npos);
}

TEST_CASE("weir --help lists the commands, but not those for itself") {
  const Finished finished = run({WEIR_TOOL, "--help"});
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  CHECK(finished.out.find("  run ") != std::string::npos);
  CHECK(finished.out.find("  info ") != std::string::npos);
  CHECK(finished.out.find("  rank ") == std::string::npos);
}

TEST_CASE("weir --version prints one line") {
  CHECK(run({WEIR_TOOL, "--version"}).out == "weir " + std::string(weir::version) + "\n");
}

TEST_CASE("weir refuses an unknown command") {
  const Finished finished = run({WEIR_TOOL, "fly"});
  CHECK(finished.status == 2);
  CHECK(
      finished.err ==
      "weir: the command must be one of run, map, submit, script, status, logs, cancel, dashboard, top, "
      "explain, report, trace, journal, info, doctor, simulate, hdf5 (got fly); `weir --help` tells more\n");
}

TEST_CASE("weir names the command that was probably meant") {
  for (const auto& [typed, meant] : std::vector<std::pair<std::string, std::string>>{
           {"rnu", "run"}, {"stauts", "status"}, {"log", "logs"}}) {
    const Finished finished = run({WEIR_TOOL, typed});
    CHECK(finished.status == 2);
    CHECK(finished.err.find("(got " + typed + "), did you mean " + meant + "?\n") != std::string::npos);
  }
}

TEST_CASE("weir names the option that was probably meant") {
  for (const auto& [words, meant] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"run", "--thread", "2", "app"}, "--threads"},
           {{"script", "--slurm", "--acount=x", "app"}, "--account"},
           {{"status", "--jsn"}, "--json"},
           {{"info", "--setings"}, "--settings"},
           {{"simulate", "--task=3"}, "--tasks"},
           {{"map", "--resum", "echo"}, "--resume"},
           {{"map", "--retires=2", "echo"}, "--retries"}}) {
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run(command);
    INFO(finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.err.find(", did you mean " + meant + "?") != std::string::npos);
  }
}

TEST_CASE("weir refuses options with an empty value, and outputs into a file called -") {
  const std::string empty = " needs a value (got \"\")\n";
  for (const auto& [words, message] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"run", "--report", "", "true"}, "weir run: --report" + empty},
           {{"run", "--launcher=", "mpirun", "true"}, "weir run: --launcher" + empty},
           {{"script", "--slurm", "--queue", "", "true"}, "weir script: --queue" + empty},
           {{"map", "--results", "", "echo", ":::", "a"}, "weir map: --results" + empty},
           {{"map", "--mem", "0", "echo", ":::", "a"},
            "weir map: --mem is of the jobs of --cluster N (got no --cluster)\n"},
           {{"run", "--report", "-", "true"},
            "weir run: --report must be a file (got -, which is stdout); `weir report -o -` writes it "
            "there\n"}}) {
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run(command);
    INFO(words.front());
    CHECK(finished.status == 2);
    CHECK(finished.err == message);
  }
}

TEST_CASE("weir help shows the help of a command") {
  CHECK(run({WEIR_TOOL, "help", "run"}).out == run({WEIR_TOOL, "run", "--help"}).out);
  CHECK(run({WEIR_TOOL, "help", "rnu"}).err.find("did you mean run?") != std::string::npos);
}

TEST_CASE("weir never echoes control characters") {
  const std::string evil = "\x1b[31mred\x1b[0m\a\r\n";
  const std::string shown = "\\x1b[31mred\\x1b[0m\\x07\\x0d\\n";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{evil},
                                             {"run", evil},
                                             {"run", "-n", evil},
                                             {"run", "--threads", evil, "x"},
                                             {"run", "--" + evil},
                                             {"info", evil},
                                             {"script", "--slurm", "-t", evil, "x"},
                                             {"simulate", evil},
                                             {"logs", evil}}) {
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    TemporaryFolder folder;
    const Finished finished = run(command, {{{"WEIR_STATE_DIR", folder.path()}}});
    INFO(finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.err.find(shown) != std::string::npos);
    CHECK(finished.err.find_first_of("\x1b\a\r") == std::string::npos);
    CHECK(finished.err.find('\n') == finished.err.size() - 1);
  }
}

TEST_CASE("weir simulate refuses what is no time or number and graphs that find no room, before it prints") {
  const std::string workers =
      "weir simulate: --workers must be whole numbers from 1 to 1000000 with commas between them (got ";
  for (const auto& [words, message] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"roots", "-n", "10,"}, workers + "10,)"},
           {{"roots", "--workers=,10"}, workers + ",10)"},
           {{"roots", "-n", "10,,20"}, workers + "10,,20)"},
           {{"roots", "-n", "0x10"}, workers + "0x10)"},
           {{"roots", "-n", "10", "2000000"}, workers + "2000000)"},
           {{"roots", "--tasks", "0x10"}, "weir simulate: --tasks: must be a whole number (got 0x10); "},
           {{"roots", "--seed", "-1"}, "weir simulate: --seed: must be a whole number (got -1); "},
           {{"roots", "--duration", "-5ms"}, "weir simulate: --duration: duration: \"-5ms\" is negative"},
           {{"shuffle", "--width", "100000"},
            "weir simulate: --width: a shuffle must have at most 100000000 tasks, width x (width + 1) (got "
            "10000100000)"}}) {
    std::vector<std::string> command{WEIR_TOOL, "simulate"};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run(command);
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    CHECK(finished.err.starts_with(message));
  }
}

TEST_CASE("weir reads numbers by their decimal digits") {
  for (const std::string words : {"-n 010 --tasks 0100", "-n 10 --tasks 100"}) {
    const Finished finished = run({"/bin/sh", "-c", WEIR_TOOL " simulate roots --json " + words});
    CHECK(finished.status == 0);
    CHECK(finished.out.starts_with("{\"shape\": \"roots\", \"tasks\": 100, \"workers\": 10,"));
  }
}

TEST_CASE("weir fails when its output gets nowhere") {
  for (const std::string words :
       {"--help", "--version", "info", "info --settings", "run --help", "script --slurm -n 2 -t 1h app",
        "submit --dry-run --slurm -n 2 -t 1h /bin/true", "status", "simulate roots --tasks 10"}) {
    TemporaryFolder folder;
    const Finished finished =
        run({"sh", "-c", WEIR_TOOL " " + words + " > /dev/full"}, {{{"WEIR_STATE_DIR", folder.path()}}});
    INFO(words);
    CHECK(finished.status == 1);
    CHECK(finished.err.find("the output could not be written (No space left on device)\n") !=
          std::string::npos);
    const Finished closed =
        run({"sh", "-c", WEIR_TOOL " " + words + " >&-"}, {{{"WEIR_STATE_DIR", folder.path()}}});
    CHECK(closed.status == 1);
    CHECK(closed.err.find("the output could not be written (Bad file descriptor)\n") != std::string::npos);
    const Finished limited = run(
        {"bash", "-c", "ulimit -f 0; " WEIR_TOOL " " + words + " > " + folder.path() + "/out" + "; exit $?"},
        {{{"WEIR_STATE_DIR", folder.path()}}});
    CHECK(limited.status == 1);
    CHECK(limited.err.find("the output could not be written (File too large)\n") != std::string::npos);
  }
  const Finished piped =
      run({"bash", "-c", "trap '' PIPE; " WEIR_TOOL " info --settings | true; echo ${PIPESTATUS[0]}"});
  CHECK((piped.out == "1\n" || piped.out == "0\n"));  // 0: it was faster than true
}

TEST_CASE("weir works without stdin, stdout and stderr") {
  TemporaryFolder folder;
  const std::string file = folder.path() + "/made";
  const Finished finished =
      run({"sh", "-c",
           WEIR_TOOL " run -n 2 sh -c 'echo text; echo text >&2; echo $$ >> " + file + "' <&- >&- 2>&-"});
  CHECK(finished.status == 1);  // its output is lost
  CHECK(run({"sh", "-c", "wc -l < " + file}).out == "2\n");
  CHECK(run({"sh", "-c", WEIR_TOOL " run -n 1 true <&- >&- 2>&-"}).status == 0);
}

TEST_CASE("weir tells variables that nothing reads, and a level that is none") {
  const auto told = [](const std::string& name, const std::string& value) {
    return run({WEIR_TOOL, "info"}, {{{name, value}}}).err;
  };
  CHECK(told("WEIR_THREDS", "3") ==
        "weir info: WEIR_THREDS: Weir knows no such variable, did you mean WEIR_THREADS?\n");
  CHECK(told("WEIR_SOMETHING_ELSE", "3") ==
        "weir info: WEIR_SOMETHING_ELSE: Weir knows no such variable; `weir info --settings` lists them\n");
  CHECK(told("WEIR_LOG", "debgu") ==
        "weir info: WEIR_LOG: must be trace, debug, info, warn, error, critical or off (got debgu), did you "
        "mean "
        "debug?\n");
  CHECK(told("WEIR_LOG", "debug").empty());
  CHECK(told("WEIR_QUEUE", "long").empty());
}

TEST_CASE("weir knows every variable that its sources name") {
  const std::regex literal("\"(WEIR_[A-Z_]*[A-Z])\"");
  std::set<std::string> names;
  for (const std::string folder : {"/src", "/include"}) {
    const auto root = std::filesystem::path(JOBSCRIPTS).parent_path().string() + folder;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path());
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      for (std::sregex_iterator it(text.begin(), text.end(), literal), end; it != end; ++it)
        names.insert((*it)[1]);
    }
  }
  CHECK(names.size() > 10);
  for (const std::string& name : names)
    CHECK(run({WEIR_TOOL, "info", "--settings"}, {{{name, name == "WEIR_CONFIG" ? "/dev/null" : "info"}}})
              .err == "");
}

TEST_CASE("weir info tells which configuration is read, and what is wrong with it") {
  TemporaryFolder folder;
  const std::string file = folder.path() + "/config.toml";
  const auto config = [&] {
    const std::string out = run({WEIR_TOOL, "info"}, {{{"WEIR_CONFIG", file}}}).out;
    const std::size_t at = out.find("\nconfig ");
    return at == std::string::npos ? out : out.substr(out.find_first_not_of(' ', at + 8));
  };
  CHECK(config() ==
        "WEIR_CONFIG: the file cannot be read (got " + file + "); unset it, or name a file of yours\n");
  write_file(file, "queu = 'long'\n");
  CHECK(config() == file + ":1: unknown setting, did you mean queue? (got queu)\n");
  write_file(file, "queue = 'long'\n");
  CHECK(config() == file + "\n");
}

TEST_CASE("weir finds the user's folder without HOME") {
  const Finished finished =
      run({"env", "-u", "HOME", "-u", "WEIR_CONFIG", "-u", "XDG_CONFIG_HOME", WEIR_TOOL, "info"});
  CHECK(finished.status == 0);
  CHECK(finished.out.find("/.config/weir/config.toml") != std::string::npos);
}

TEST_CASE("who only reads makes no state directory") {
  TemporaryFolder folder;
  const std::string state = folder.path() + "/state";
  const Finished finished = run({WEIR_TOOL, "status"}, {{{"WEIR_STATE_DIR", state}}});
  CHECK(finished.status == 0);
  CHECK(finished.out == "no jobs\n");
  for (const std::string command : {"logs", "cancel"})
    CHECK(run({WEIR_TOOL, command, "7"}, {{{"WEIR_STATE_DIR", state}}}).status == 2);
  CHECK_FALSE(std::filesystem::exists(state));
}

TEST_CASE("weir names a state directory that cannot be read and what to set") {
  TemporaryFolder folder;
  write_file(folder.path() + "/file", "");
  const Finished finished = run({WEIR_TOOL, "status"}, {{{"WEIR_STATE_DIR", folder.path() + "/file"}}});
  CHECK(finished.status == 1);
  CHECK(finished.err == "weir status: jobs: their directory cannot be read (got " + folder.path() +
                            "/file/jobs: Not a directory); WEIR_STATE_DIR names another directory\n");
}

TEST_CASE("weir info tells versions, build and machine") {
  const Finished finished = run({WEIR_TOOL, "info"});
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  for (const std::string name :
       {"weir", "program", "build", "MPI", "mpirun", "host", "cores", "batch job", "config"})
    CHECK(("\n" + finished.out).find("\n" + name + " ") != std::string::npos);
  CHECK(finished.out.find("mpirun (Open MPI) ") != std::string::npos);
}

TEST_CASE("weir info works without mpirun and says so") {
  const Finished finished = run({WEIR_TOOL, "info"}, {{{"PATH", "/nonexistent"}}});
  CHECK(finished.status == 0);
  CHECK(finished.out.find("mpirun is not in PATH; `weir run` needs it") != std::string::npos);
}

TEST_CASE("weir info refuses arguments") {
  const Finished finished = run({WEIR_TOOL, "info", "more"});
  CHECK(finished.status == 2);
  CHECK(finished.err.find("weir info: ") == 0);
}
