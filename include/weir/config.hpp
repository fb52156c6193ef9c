// Config: the settings of a user and a site; argument before environment before file before default.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// One setting: what it is called everywhere, what it is by default, and what it means.
struct Setting {
  std::string_view
      name;  ///< In the file as it is; in the environment `WEIR_` and capitals: `queue` is `WEIR_QUEUE`.
  std::string_view fallback;  ///< As a user would write it.
  std::string_view unit;     ///< "text", "list", "count", "duration" or "bytes": decides how a value is read.
  std::string_view meaning;  ///< What it decides, for people.
};

/// Every setting there is.
[[nodiscard]] const std::vector<Setting>& settings();

/// The settings in force, with where each comes from.
///
/// The file is TOML. A key at its top holds everywhere; a table holds where its name is the batch system
/// (`weir::BatchSystem::name`) or the chosen site, the site before the system before the top:
/// ```toml
/// walltime = "1h"
/// [slurm]
/// account = "project-1"
/// [sites.karst]
/// queue = "large"
/// modules = ["openmpi/4.1"]
/// ```
/// A site is chosen by the setting `site`. In the environment the elements of a list are lines.
///
/// **Errors.** Every function throws `Error{invalid_argument}` with the place (`config.toml:3`, `WEIR_QUEUE`)
/// and the rule. An unknown key is an error that shows the nearest known one.
/// **Threads.** A value; share it as such.
/// **Source.** File format: TOML 1.0. Order of precedence as in Dask's configuration.
class Config {
 public:
  /// Looks up a variable; nothing if it is not set.
  using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

  /// The file named by `WEIR_CONFIG`, else `$XDG_CONFIG_HOME/weir/config.toml`, else
  /// `~/.config/weir/config.toml`; only a file named by `WEIR_CONFIG` must exist.
  [[nodiscard]] static Config load();
  /// The same with another environment, for tests.
  [[nodiscard]] static Config load(const Environment& environment);

  /// The file that `load` reads, whether it is there or not; empty if nothing tells where it would be.
  [[nodiscard]] static std::string file();

  /// The same from text, for tests and other sources; `origin` stands for the file's name in errors.
  [[nodiscard]] static Config parse(const std::string& toml, const std::string& origin,
                                    Environment environment = {});

  /// Gives a setting the value of an argument, before all others. `origin` is what errors call it, such as
  /// an option's name.
  void set(std::string_view name, std::vector<std::string> values, std::string origin = "argument");
  /// The same for one value.
  void set(std::string_view name, const std::string& value) { set(name, std::vector<std::string>{value}); }

  /// Chooses whose tables hold beside the top: the batch system's, and the site's if one is set.
  void choose_system(std::string_view system) { system_ = system; }

  /// Refuses tables that are neither `[sites.NAME]` nor one of these systems'.
  void require_tables(const std::vector<std::string_view>& systems) const;

  /// What is wrong in tables of sites, a sentence each. Nothing is refused for it unless that site is chosen.
  [[nodiscard]] std::vector<std::string> problems() const;

  /// The value of a setting of this unit: text, a list, a number, a duration, bytes.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// \copydoc text
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  /// \copydoc text
  [[nodiscard]] std::int64_t count(std::string_view name) const;
  /// \copydoc text
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view name) const;
  /// \copydoc text
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const;

  /// Where the value in force comes from: "argument" or what `set` was told, "WEIR_QUEUE", "config.toml:3",
  /// "default".
  [[nodiscard]] std::string origin(std::string_view name) const;

 private:
  struct Value {
    std::vector<std::string> values;
    std::string origin;
  };
  using Table = std::map<std::string, Value, std::less<>>;

  [[nodiscard]] Value find(std::string_view name) const;

  Environment environment_;
  std::map<std::string, std::string> wrong_sites_;  // what is wrong in the table of each
  Table arguments_;
  std::map<std::string, Table, std::less<>> tables_;  // "" is the top, "sites.karst", a system
  std::map<std::string, std::string> places_;         // of the systems' tables
  std::string system_;
};

}  // namespace weir
