// weir journal ls|why|verify|prune|export FOLDER: what is kept of earlier runs.
#include "journal/journal.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/wording.hpp"
#include "journal/folder.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"
#include "weir/bytes.hpp"
#include "weir/duration.hpp"

namespace weir::detail::tool {
namespace {

using journal::Access;
using journal::Entry;
using journal::Function;
using journal::Journal;
using journal::Key;

struct JournalRequest {
  std::string folder, key, function, older, most, target;
  bool keys = false, json = false;
};

std::string time_text(std::uint32_t seconds) {
  const std::time_t time = seconds;
  std::tm local{};
  char text[32] = "";
  localtime_r(&time, &local);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

std::string versioned(const Function& function) {
  return printable(function.name) + (function.version ? " version " + std::to_string(function.version) : "");
}

/// In a folder that is no journal there is nothing that could be wrong, old or dropped.
void check_journal(const std::string& folder) {
  std::error_code hidden;
  if (std::filesystem::exists(folder, hidden) && !std::filesystem::exists(folder + "/lock", hidden) &&
      journal::segments_in(folder).empty())
    throw Error(ErrorKind::not_found, "journal: " + folder + " holds no journal; `weir run --journal " +
                                          folder + " PROGRAM` would make one there");
}

/// One object a line.
void print_json(const nlohmann::ordered_json& object) {
  std::puts(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_keys(const Journal& journal, const JournalRequest& request) {
  journal.for_each([&](const Entry& entry) {
    if (request.json)
      print_json({{"key", journal::to_text(entry.key)},
                  {"function", entry.function.name},
                  {"version", entry.function.version},
                  {"time", entry.time},
                  {"bytes", entry.bytes}});
    else
      std::printf("%s  %s  %10s  %s\n", journal::to_text(entry.key).c_str(), time_text(entry.time).c_str(),
                  weir::to_text(entry.bytes).c_str(), versioned(entry.function).c_str());
  });
}

int list(const JournalRequest& request) {
  const Journal journal(request.folder, Access::read);
  if (request.keys) return print_keys(journal, request), 0;
  struct Sum {
    std::uint64_t results = 0, bytes = 0;
    std::uint32_t newest = 0;
  };
  std::map<Function, Sum> functions;
  journal.for_each([&](const Entry& entry) {
    Sum& sum = functions[entry.function];
    ++sum.results;
    sum.bytes += entry.bytes;
    sum.newest = std::max(sum.newest, entry.time);
  });
  if (!request.json) std::printf("%10s %10s  %-19s  %s\n", "results", "bytes", "newest", "function");
  for (const auto& [function, sum] : functions)
    if (request.json)
      print_json({{"function", function.name},
                  {"version", function.version},
                  {"results", sum.results},
                  {"bytes", sum.bytes},
                  {"newest", sum.newest}});
    else
      std::printf("%10" PRIu64 " %10s  %-19s  %s\n", sum.results, weir::to_text(sum.bytes).c_str(),
                  time_text(sum.newest).c_str(), versioned(function).c_str());
  return 0;
}

int why(const JournalRequest& request) {
  const Key key = journal::parse_key(request.key);
  const Journal journal(request.folder, Access::read);
  bool found = false;
  journal.for_each([&](const Entry& entry) {
    if (entry.key != key) return;
    found = true;
    std::printf("%s: a result of %s, %s, kept %s%s\n", request.key.c_str(), versioned(entry.function).c_str(),
                weir::to_text(entry.bytes).c_str(), time_text(entry.time).c_str(),
                entry.file     ? " in an HDF5 file of its own"
                : entry.object ? " in a file of its own"
                               : "");
  });
  if (!found)
    throw Error(ErrorKind::not_found, "journal " + request.folder + " has no result of " + request.key +
                                          "; `weir journal ls --keys " + request.folder +
                                          "` lists those it has");
  return 0;
}

int verify(const JournalRequest& request) {
  const Journal journal(request.folder, Access::read);
  const journal::Condition condition = journal.condition();
  const auto broken = journal.verify();
  for (const std::string& problem : condition.problems) std::printf("%s\n", printable(problem).c_str());
  for (const auto& [key, problem] : broken) std::printf("%s\n", printable(problem).c_str());
  std::printf("%" PRIu64 " results in %" PRIu64 " segments, %s: %s\n", condition.results, condition.segments,
              weir::to_text(condition.bytes).c_str(),
              broken.empty() && condition.problems.empty()
                  ? "all as written"
                  : "what is not as written is not used, and computed again");
  return broken.empty() && condition.problems.empty() ? 0 : 1;
}

void check_written(const Journal& journal) {
  if (const std::string why = journal.problem(); !why.empty()) throw Error(ErrorKind::io, why);
}

void check_known(const Journal& journal, const std::string& function) {
  if (!function.empty() && journal.versions_of(function).empty())
    throw Error(ErrorKind::not_found, "journal " + journal.folder() + " has no result of " + function +
                                          "; `weir journal ls " + journal.folder() +
                                          "` lists the functions it knows");
}

int prune(const JournalRequest& request) {
  const std::int64_t before =
      request.older.empty()
          ? -1
          : std::time(nullptr) -
                std::chrono::duration_cast<std::chrono::seconds>(parse_duration(request.older)).count();
  const std::uint64_t most = request.most.empty() ? UINT64_MAX : parse_bytes(request.most);
  // One that is to be written is made where there is none.
  if (!std::filesystem::exists(request.folder))
    throw Error(ErrorKind::not_found, "journal: there is no " + request.folder + " to drop results from");
  Journal journal(request.folder, Access::write);
  check_written(journal);
  check_known(journal, request.function);
  std::vector<Key> dropped;
  const bool chosen = !request.function.empty() || !request.older.empty();
  journal.for_each([&](const Entry& entry) {
    const bool named = request.function.empty() || entry.function.name == request.function;
    const bool old = request.older.empty() || static_cast<std::int64_t>(entry.time) < before;
    if (chosen && named && old) dropped.push_back(entry.key);
  });
  for (const Key& key : dropped) journal.forget(key);
  const std::uint64_t beyond = request.most.empty() ? 0 : journal.keep_within(most);
  journal.compact();
  check_written(journal);
  std::printf("%" PRIu64 " results dropped, %" PRIu64 " kept\n", dropped.size() + beyond,
              journal.condition().results);
  return 0;
}

int copy_out(const JournalRequest& request) {
  const Journal journal(request.folder, Access::read);
  check_known(journal, request.function);
  std::error_code is_new;
  if (std::filesystem::equivalent(request.folder, request.target, is_new))
    throw Error(ErrorKind::invalid_argument,
                "journal: " + request.target + " is the journal itself; name another folder to copy to");
  Journal target(request.target, Access::write);
  const std::uint64_t copied = journal.copy_to(target, [&](const Entry& entry) {
    return request.function.empty() || entry.function.name == request.function;
  });
  std::printf("%" PRIu64 " results copied to %s\n", copied, printable(request.target).c_str());
  return 0;
}

void check_subcommand(const CLI::App& app, const std::string& word) {
  std::vector<std::string_view> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) == names.end())
    throw Error(ErrorKind::invalid_argument, "journal: " + no_command(word, names, ""));
}

}  // namespace

int journal(int argc, char** argv) {
  JournalRequest request;
  CLI::App app("Shows and changes what is kept of earlier runs (weir::cached).", "weir journal");
  app.require_subcommand(1);
  const auto folder = [&](CLI::App* command) {
    command->add_option("folder", request.folder, "The journal's folder")->required();
    return command;
  };
  CLI::App* ls = folder(app.add_subcommand("ls", "what there is, by function"));
  ls->add_flag("--keys", request.keys, "A line for each result");
  ls->add_flag("--json", request.json, "One object a line");
  CLI::App* why_command = app.add_subcommand("why", "what a key is the result of");
  why_command->add_option("key", request.key, "32 hexadecimal digits")->required();
  folder(why_command);
  CLI::App* verify_command =
      folder(app.add_subcommand("verify", "read everything; status 1 if something has changed"));
  CLI::App* prune_command =
      folder(app.add_subcommand("prune", "drop results, then what nothing needs; nobody may be writing"));
  prune_command->add_option("--function", request.function, "Results of this function")->type_name("NAME");
  prune_command->add_option("--older", request.older, "Results kept before, such as 30d")->type_name("TIME");
  prune_command
      ->add_option("--to", request.most,
                   "Large results that were used least recently, until the "
                   "rest takes at most so much, such as 100GB")
      ->type_name("BYTES");
  CLI::App* export_command = folder(app.add_subcommand("export", "copy results into another journal"));
  export_command->add_option("target", request.target, "The other journal's folder")->required();
  export_command->add_option("--function", request.function, "Results of this function")->type_name("NAME");
  if (argc > 1 && argv[1][0] != '-') check_subcommand(app, argv[1]);
  if (!tool::parse(app, argc, argv)) return 0;
  check_journal(request.folder);
  if (*ls) return list(request);
  if (*why_command) return why(request);
  if (*verify_command) return verify(request);
  if (*export_command) return copy_out(request);
  return *prune_command ? prune(request) : 2;
}

}  // namespace weir::detail::tool
