// weir explain [JOB] [--task ID]
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/fetch.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

using nlohmann::json;

namespace {

void say(const std::string& line) { std::printf("%s\n", printable(line).c_str()); }

void say_verdict(const json& verdict, const std::string& before = "") {
  say(before + verdict.at("sentence").get<std::string>());
  if (const auto advice = verdict.at("advice").get<std::string>(); !advice.empty()) say("  " + advice);
}

void explain_program(const dashboard::Run& run) {
  const json picture = json::parse(dashboard::read_record(run)).at("picture");
  say_verdict(picture.at("verdict"));
  if (picture.at("program").at("running") && picture.at("verdict_now") != picture.at("verdict"))
    say_verdict(picture.at("verdict_now"), "in the last ten seconds: ");
  for (const json& stream : picture.at("streams"))
    if (stream.at("verdict") != picture.at("verdict")) say_verdict(stream.at("verdict"));
  const auto count = picture.at("failures_total").get<std::uint64_t>();
  if (!count || picture.at("failures").empty()) return;
  const json& last = picture.at("failures").back();
  say(std::to_string(count) + (count == 1 ? " task has" : " tasks have") + " failed, the last: " +
      last.at("task").get<std::string>() + " on " + last.at("worker").get<std::string>() + " with " +
      last.at("type").get<std::string>() + ": " + last.at("message").get<std::string>());
}

void explain_task(const dashboard::Run& run, std::uint64_t id) {
  if (!dashboard::is_alive(run))
    throw Error(ErrorKind::not_found, run.program.name + ", process " + std::to_string(run.program.pid) +
                                          ", has ended, and its tasks with it; `weir report " +
                                          std::to_string(run.program.pid) +
                                          "` shows the slowest, and those that failed");
  const json look = json::parse(dashboard::fetch(run, "/json/task?id=" + std::to_string(id)));
  const auto name = look.at("name").get<std::string>();
  if (name.empty() && look.at("story").empty())
    throw Error(ErrorKind::not_found, "--task must be a task that is there (got " + std::to_string(id) +
                                          "), and this one was released or never submitted; the pages "
                                          "`graph` and `tasks` have the numbers of some");
  say(name.empty() ? "task " + std::to_string(id) + " has been released"
                   : name + " is " + look.at("state").get<std::string>());
  if (!name.empty())
    for (const json& line : look.at("explained")) say(line.get<std::string>());
  for (const json& line : look.at("story")) say("  " + line.get<std::string>());
}

}  // namespace

int explain(int argc, char** argv) {
  CLI::App app(
      "Says in words what limits a program and what can be done about it, or why a task is where it is.",
      "weir explain");
  std::string which;
  std::uint64_t id = 0;
  app.add_option("JOB", which,
                 "Id, batch job, process or name of a program, or last; default: the newest that runs");
  CLI::Option* const task =
      app.add_option("--task", id, "A task of it, by its number")->transform(decimal())->type_name("ID");
  if (!parse(app, argc, argv)) return 0;
  const dashboard::Run run = dashboard::find_run(which, state_directory(), dashboard::Before::alive);
  try {
    if (task->count()) explain_task(run, id);
    else explain_program(run);
  } catch (const json::exception&) {
    throw Error(ErrorKind::io, "the record of this run must be what a program has written; run it again");
  }
  return 0;
}

}  // namespace weir::detail::tool
