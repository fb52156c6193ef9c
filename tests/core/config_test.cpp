// Config: precedence, tables, files, and the sentences for what is wrong.
#include "weir/config.hpp"

#include "support/process.hpp"
#include "support/throws.hpp"

using weir::Config;
using weir::test::sentence_of;

namespace {

Config::Environment variables(std::map<std::string, std::string> all) {
  return [all](const std::string& name) {
    return all.contains(name) ? std::optional<std::string>(all.at(name)) : std::nullopt;
  };
}

Config parse(const std::string& toml, std::map<std::string, std::string> environment = {}) {
  return Config::parse(toml, "config.toml", variables(std::move(environment)));
}

const std::string example = R"(
queue = "everywhere"
walltime = "1h"
threads = 4
[slurm]
queue = "of slurm"
memory = "10GB"
[sites.karst]
queue = "of karst"
modules = ["openmpi/4.1", "hdf5"]
)";

}  // namespace

TEST_CASE("a mistake in the table of a site is refused where the site is chosen, and told elsewhere") {
  Config config =
      Config::parse("queue = \"q\"\n[sites.a]\nmemry = \"4GB\"\n[sites.b]\nqueue = \"b\"\n", "config.toml");
  const std::string wrong = "config.toml:3: unknown setting, did you mean memory? (got memry)";
  CHECK(config.text("queue") == "q");
  CHECK(config.problems() == std::vector{wrong});
  config.set("site", "b");
  CHECK(config.text("queue") == "b");
  config.set("site", "a");
  CHECK_THROWS_WITH(config.text("queue"), wrong);
}

TEST_CASE("config takes the argument before the environment, the file and the default") {
  Config config = parse(example, {{"WEIR_QUEUE", "of environment"}});
  CHECK(parse(example).text("queue") == "everywhere");
  CHECK(parse(example).origin("queue") == "config.toml:2");
  CHECK(parse("").text("name") == "weir");
  CHECK(parse("").origin("name") == "default");
  CHECK(config.text("queue") == "of environment");
  CHECK(config.origin("queue") == "WEIR_QUEUE");
  config.set("queue", "of argument");
  CHECK(config.text("queue") == "of argument");
  CHECK(config.origin("queue") == "argument");
}

TEST_CASE("config takes the site's table before the batch system's before the top") {
  Config config = parse(example);
  config.choose_system("slurm");
  CHECK(config.text("queue") == "of slurm");
  CHECK(config.bytes("memory") == 10'000'000'000);
  CHECK(config.duration("walltime") == std::chrono::hours(1));
  CHECK(config.count("threads") == 4);
  config.set("site", "karst");
  CHECK(config.text("queue") == "of karst");
  CHECK(config.list("modules") == std::vector<std::string>{"openmpi/4.1", "hdf5"});
  config.choose_system("pbs");
  CHECK(config.bytes("memory") == 0);
  CHECK(parse(example, {{"WEIR_SITE", "karst"}}).text("queue") == "of karst");
  CHECK(parse("site = \"karst\"\n[sites.karst]\nqueue = \"of karst\"").text("queue") == "of karst");
}

TEST_CASE("config shows where a wrong value is") {
  CHECK(sentence_of([] { return parse("\nqueu = \"a\""); }) ==
        "config.toml:2: unknown setting, did you mean queue? (got queu)");
  CHECK(sentence_of([] { return parse("[slurm]\nwall_time = \"a\""); }) ==
        "config.toml:2: unknown setting, did you mean walltime? (got wall_time)");
  CHECK(sentence_of([] {
          parse("[pbs]\n[cobalt]\nqueue = \"a\"").require_tables({"slurm", "pbs"});
          return 0;
        }) == "config.toml:2: a table must be slurm, pbs or sites.NAME (got cobalt)");
  CHECK(sentence_of([] { return parse("[sites]\nkarst = 3"); }) ==
        "config.toml:2: [sites] holds a table for each site, for example [sites.karst] (got karst)");
  CHECK(sentence_of([] { return parse("queue = [\"a\", \"b\"]"); }) ==
        "config.toml:1: queue must be one value (got a list)");
  CHECK(sentence_of([] { return parse("queue = true"); }) ==
        "config.toml:1: a value must be text or a whole number (got another type)");
  CHECK(sentence_of([] { return parse("threads = \"many\"").count("threads"); }) ==
        "config.toml:1: threads must be a whole number from 0 (got many)");
  CHECK(sentence_of([] {
          return parse("threads = 99999999999999999999").count("threads");
        }).starts_with("config.toml:1: not TOML: "));
  CHECK(sentence_of([] {
          return parse("", {{"WEIR_THREADS", "-1"}}).count("threads");
        }) == "WEIR_THREADS: threads must be a whole number from 0 (got -1)");
  CHECK(sentence_of([] {
          return parse("memory = \"lots\"").bytes("memory");
        }).starts_with("config.toml:1: memory: "));
  CHECK(sentence_of([] {
          return parse("walltime = \"2 fortnights\"").duration("walltime");
        }).starts_with("config.toml:1: walltime: "));
  CHECK(sentence_of([] { return parse("queue = ").text("queue"); }).starts_with("config.toml:1: not TOML: "));
  CHECK(sentence_of([] {
          return parse(example, {{"WEIR_SITE", "mars"}}).text("queue");
        }) == "WEIR_SITE: the configuration file has no such table (got [sites.mars])");
  CHECK(sentence_of([] { return parse("").text("queues"); }) ==
        "config: unknown setting, did you mean queue? (got queues)");
}

TEST_CASE("config reads times and lists as they are meant") {
  CHECK(parse("walltime = 02:30:00").duration("walltime") == std::chrono::minutes(150));
  CHECK(parse("modules = \"one\"").list("modules") == std::vector<std::string>{"one"});
  CHECK(parse("", {{"WEIR_MODULES", "one\ntwo\n"}}).list("modules") ==
        std::vector<std::string>{"one", "two"});
  CHECK(parse("").list("modules").empty());
}

TEST_CASE("config finds its file") {
  weir::test::TemporaryFolder folder;
  const std::string named = folder.path() + "/named.toml";
  CHECK(Config::load(variables({{"HOME", folder.path()}})).text("queue") == "");
  CHECK(sentence_of([&] {
          return Config::load(variables({{"WEIR_CONFIG", named}}));
        }) == "WEIR_CONFIG: the file cannot be read (got " + named + "); unset it, or name a file of yours");
  CHECK(sentence_of([&] {
          return Config::load(variables({{"WEIR_CONFIG", folder.path()}}));
        }) == "WEIR_CONFIG: the file cannot be read (got " + folder.path() +
                  "); unset it, or name a file of yours");
  weir::test::write_file(named, "queue = \"q\"");
  CHECK(Config::load(variables({{"WEIR_CONFIG", named}})).text("queue") == "q");
  CHECK(Config::load(variables({{"WEIR_CONFIG", named}})).origin("queue") == named + ":1");
  weir::test::write_file(named, "");
  CHECK(Config::load(variables({{"WEIR_CONFIG", named}})).text("queue") == "");
}

TEST_CASE("every setting has a unit that is known and a meaning") {
  for (const weir::Setting& setting : weir::settings()) {
    CAPTURE(setting.name);
    CHECK(std::string("text list count duration bytes").find(setting.unit) != std::string::npos);
    CHECK_FALSE(setting.meaning.empty());
  }
}
