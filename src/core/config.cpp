// The table of settings, the file reader, and the order of precedence.
#include "weir/config.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/variables.hpp"
#include "core/wording.hpp"
#include "weir/bytes.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir {
namespace {

// name, default, unit, meaning
const std::vector<Setting> table{
    {"site", "", "text", "whose table [sites.NAME] of the file holds"},
    {"system", "", "text", "the batch system; empty: the one whose programs are on PATH"},
    {"name", "weir", "text", "of jobs and their log files"},
    {"queue", "", "text", "the queue or partition"},
    {"account", "", "text", "the project that pays"},
    {"walltime", "", "duration", "after which the batch system ends a job; empty: the queue's own"},
    {"memory", "", "bytes", "of each node of a job; empty: the queue's own"},
    {"nodes", "0", "count", "of a job; 0: the batch system spreads the ranks"},
    {"ranks_per_node", "0", "count", "of a job; 0: as many as follow from ranks and nodes"},
    {"threads", "1", "count", "worker threads of each rank, and cores reserved for it"},
    {"head", "", "text", "rank 0 apart, on so many cores with so much memory, such as 1 or 2,8GB; empty: no"},
    {"gpus", "0", "count", "of each node of a job"},
    {"gpus_per_task", "0", "count", "of each rank of a job"},
    {"signal", "", "text", "that a job gets ahead of its end, such as USR1@120 (seconds); empty: none"},
    {"requeue", "no", "text", "yes: the batch system may begin a job anew that it has taken away"},
    {"exclude", "", "list", "hosts that jobs must not run on"},
    {"array", "", "text", "the elements of a job array, such as 0-99; empty: no array"},
    {"cores", "0", "count", "of a job of a growing cluster"},
    {"processes", "1", "count", "workers in such a job"},
    {"worker_resources", "", "list", "NAME=AMOUNT, what each of these has for tasks that ask for it"},
    {"log_directory", "", "text", "for the output of jobs; empty: where they are submitted from"},
    {"interface", "", "text",
     "the network by which workers of a growing cluster reach the program; empty: all of its host's"},
    {"directives", "", "list", "further directives of the batch system, as they are"},
    {"skip", "", "list", "texts; the script's own directives that contain one are left out"},
    {"shebang", "", "text", "first line of job scripts; empty: what suits the batch system"},
    {"modules", "", "list", "loaded in a job with `module load`"},
    {"environment", "", "list", "NAME=value, set in a job"},
    {"before", "", "list", "shell lines ahead of the program"},
    {"after", "", "list", "shell lines behind the program"},
    {"launcher", "mpirun", "text",
     "what `weir run` starts the ranks of a job with: mpirun, or the batch system's own, srun"},
    {"weir", "", "text",
     "the weir that starts the ranks inside a job; empty: the one that submits or has started the program"},
};

[[noreturn]] void refuse(const std::string& where, const std::string& rule, const std::string& got) {
  throw Error(ErrorKind::invalid_argument,
              where + ": " + rule + " (got " + (got.empty() ? "nothing" : got) + ")");
}

const Setting* find_setting(std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Setting& setting) { return setting.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string nearest_setting(std::string_view name) {
  return std::string(std::min_element(table.begin(), table.end(), [&](const Setting& a, const Setting& b) {
                       return detail::edit_distance(a.name, name) < detail::edit_distance(b.name, name);
                     })->name);
}

const Setting& known(const std::string& where, std::string_view name) {
  const Setting* setting = find_setting(name);
  if (!setting)
    refuse(where, "unknown setting, did you mean " + nearest_setting(name) + "?", std::string(name));
  return *setting;
}

std::string scalar_text(const toml::node& node, const std::string& where) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto time = node.value_exact<toml::time>()) {
    std::ostringstream text;
    text << *time;
    return text.str();
  }
  refuse(where, "a value must be text or a whole number", "another type");
}

std::vector<std::string> values_of(const Setting& setting, const toml::node& node, const std::string& where) {
  if (const toml::array* array = node.as_array()) {
    if (setting.unit != "list") refuse(where, std::string(setting.name) + " must be one value", "a list");
    std::vector<std::string> values;
    for (const toml::node& element : *array) values.push_back(scalar_text(element, where));
    return values;
  }
  return {scalar_text(node, where)};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string file_name(const Config::Environment& environment) {
  if (const auto named = environment("WEIR_CONFIG")) return *named;
  if (const auto folder = environment("XDG_CONFIG_HOME"); folder && !folder->empty())
    return *folder + "/weir/config.toml";
  if (const auto home = environment("HOME"); home && !home->empty())
    return *home + "/.config/weir/config.toml";
  return "";
}

std::optional<std::string> own_environment(const std::string& variable) {
  if (variable == "HOME") return detail::home_directory();
  const char* value = std::getenv(variable.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

const std::vector<Setting>& settings() { return table; }

Config Config::load() { return load(own_environment); }

std::string Config::file() { return file_name(own_environment); }

Config Config::load(const Environment& environment) {
  const std::string name = file_name(environment);
  std::error_code ignored;
  const bool must_exist = environment("WEIR_CONFIG").has_value() && !name.empty();
  if (name.empty() || (!must_exist && !std::filesystem::exists(name, ignored)))
    return parse("", "", environment);
  std::ifstream in(name);
  std::string text;
  if (in && !std::filesystem::is_directory(name, ignored))
    for (char piece[4096]; in.read(piece, sizeof piece) || in.gcount() > 0;)
      text.append(piece, static_cast<std::size_t>(in.gcount()));
  if (!in.eof())
    throw Error(ErrorKind::not_found, std::string(must_exist ? "WEIR_CONFIG" : "config") +
                                          ": the file cannot be read (got " + name + ")" +
                                          (must_exist ? "; unset it, or name a file of yours" : ""));
  return parse(text, name, environment);
}

Config Config::parse(const std::string& toml, const std::string& origin, Environment environment) {
  Config config;
  config.environment_ =
      environment ? std::move(environment) : [](const std::string&) { return std::optional<std::string>(); };
  const auto place = [&](const toml::source_region& region) {
    return origin + ":" + std::to_string(region.begin.line);
  };
  const auto read = [&](Table& into, const std::string& key, const toml::node& node) {
    const std::string where = place(node.source());
    into[key] = {values_of(known(where, key), node, where), where};
  };
  toml::table top;
  try {
    top = toml::parse(toml, origin);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::invalid_argument,
                place(error.source()) + ": not TOML: " + std::string(error.description()));
  }
  const auto read_table = [&](const std::string& name, const toml::table& entries) {
    for (const auto& [key, node] : entries) read(config.tables_[name], std::string(key.str()), node);
  };
  for (const auto& [key, node] : top) {
    const std::string name(key.str());
    const toml::table* entries = node.as_table();
    if (!entries) read(config.tables_[""], name, node);
    else if (name == "sites") {
      for (const auto& [site, part] : *entries) {
        if (!part.is_table())
          refuse(place(part.source()), "[sites] holds a table for each site, for example [sites.karst]",
                 std::string(site.str()));
        const std::string full = "sites." + std::string(site.str());
        config.tables_[full];
        try {
          read_table(full, *part.as_table());
        } catch (const Error& error) {
          config.wrong_sites_[full] = error.what();
        }
      }
    } else {
      config.tables_[name];
      config.places_[name] = place(node.source());
      read_table(name, *entries);
    }
  }
  return config;
}

void Config::require_tables(const std::vector<std::string_view>& systems) const {
  for (const auto& [name, where] : places_) {
    if (std::find(systems.begin(), systems.end(), name) != systems.end()) continue;
    std::string known;
    for (const std::string_view system : systems) known += std::string(system) + ", ";
    refuse(where, "a table must be " + known.substr(0, known.size() - 2) + " or sites.NAME", name);
  }
}

std::vector<std::string> Config::problems() const {
  std::vector<std::string> all;
  for (const auto& [site, problem] : wrong_sites_) all.push_back(problem);
  return all;
}

void Config::set(std::string_view name, std::vector<std::string> values, std::string origin) {
  arguments_[std::string(known("config", name).name)] = {std::move(values), std::move(origin)};
}

Config::Value Config::find(std::string_view name) const {
  const Setting& setting = known("config", name);
  if (const auto found = arguments_.find(name); found != arguments_.end()) return found->second;
  const std::string variable = detail::variable_of(name);
  if (const auto value = environment_(variable))
    return {setting.unit == "list" ? lines_of(*value) : std::vector<std::string>{*value}, variable};
  std::vector<std::string> order{system_, ""};
  if (const std::string chosen = name == "site" ? "" : text("site"); !chosen.empty()) {
    if (!tables_.contains("sites." + chosen))
      refuse(origin("site"), "the configuration file has no such table", "[sites." + chosen + "]");
    if (const auto wrong = wrong_sites_.find("sites." + chosen); wrong != wrong_sites_.end())
      throw Error(ErrorKind::invalid_argument, wrong->second);
    order.insert(order.begin(), "sites." + chosen);
  }
  for (const std::string& part : order) {
    const auto entries = tables_.find(part);
    if (entries == tables_.end()) continue;
    if (const auto found = entries->second.find(name); found != entries->second.end()) return found->second;
  }
  if (setting.fallback.empty() && setting.unit == "list") return {{}, "default"};
  return {{std::string(setting.fallback)}, "default"};
}

std::string Config::text(std::string_view name) const {
  const Value value = find(name);
  return value.values.empty() ? "" : value.values.front();
}

std::vector<std::string> Config::list(std::string_view name) const { return find(name).values; }

std::int64_t Config::count(std::string_view name) const {
  const Value value = find(name);
  const std::string& text = value.values.front();
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0)
    refuse(value.origin, std::string(name) + " must be a whole number from 0", text);
  return number;
}

std::chrono::nanoseconds Config::duration(std::string_view name) const {
  const Value value = find(name);
  if (value.values.front().empty()) return std::chrono::nanoseconds(0);
  try {
    return parse_duration(value.values.front());
  } catch (const Error& error) {
    throw Error(error.kind(), value.origin + ": " + std::string(name) + ": " + error.what());
  }
}

std::uint64_t Config::bytes(std::string_view name) const {
  const Value value = find(name);
  if (value.values.front().empty()) return 0;
  try {
    return parse_bytes(value.values.front());
  } catch (const Error& error) {
    throw Error(error.kind(), value.origin + ": " + std::string(name) + ": " + error.what());
  }
}

std::string Config::origin(std::string_view name) const { return find(name).origin; }

}  // namespace weir
