// weir report [JOB] [-o FILE] and weir trace [JOB] [-o FILE | --otf2 FOLDER]
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/fetch.hpp"
#include "dashboard/page.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/top.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
  if (path == "-") static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
  else if (!dashboard::write_whole(path, text))
    throw Error(ErrorKind::io, "the file cannot be written (got " + path.string() +
                                   "); -o names another, in a folder that is there and has room");
}

/// What both commands share: a run, and what `write` makes of its record, at a place that it may change.
int make(int argc, char** argv, CLI::App& app, const std::string& otherwise,
         const std::function<void(const std::string& record, std::string& made)>& write) {
  std::string which, file = otherwise;
  app.add_option("JOB", which, "Id, batch job, process or name of a program, or last; default: the newest");
  app.add_option("-o,--output", file, "The file; - is stdout; default: " + otherwise)->type_name("FILE");
  if (!tool::parse(app, argc, argv)) return 0;
  const dashboard::Run run = dashboard::find_run(which, state_directory());
  const std::string record = dashboard::read_record(run);
  write(record, file);
  const auto verdict = nlohmann::json::parse(record).at("picture").at("verdict").at("sentence");
  std::fprintf(file == "-" ? stderr : stdout, "%s: %s, process %lld on %s: %s\n", printable(file).c_str(),
               printable(run.program.name).c_str(), static_cast<long long>(run.program.pid),
               printable(run.program.host).c_str(), printable(verdict.get<std::string>()).c_str());
  return 0;
}

}  // namespace

int report(int argc, char** argv) {
  CLI::App app("Makes one HTML file of what a program does or did; it needs no network.", "weir report");
  return make(argc, argv, app, "report.html", [](const std::string& record, std::string& made) {
    write_file(made, dashboard::report(record));
  });
}

int trace(int argc, char** argv) {
  CLI::App app("Makes a trace of what a program does or did, for Perfetto and chrome://tracing.",
               "weir trace");
  std::string folder;
  app.add_option("--otf2", folder, "A new folder for a trace in OTF2 instead")->type_name("FOLDER");
  return make(argc, argv, app, "trace.json", [&](const std::string& record, std::string& made) {
    try {
      const auto all = nlohmann::json::parse(record);
      if (folder.empty()) return write_file(made, trace_of(all));
      write_otf2(all, made = folder);
    } catch (const nlohmann::json::exception&) {
      throw Error(ErrorKind::io, "the record of this run must be what a program has written; run it again");
    }
  });
}

}  // namespace weir::detail::tool
