// CLI11's errors in our sentences.
#include "tool/parse.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "core/wording.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

namespace {

/// The app, or its command that was chosen.
const CLI::App& chosen(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : *commands.front();
}

std::string refusal(const CLI::App& app, int argc, char** argv, std::string said) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  if (const std::string word = argc > 1 ? argv[1] : ""; !commands.empty() && &chosen(app) == &app)
    return word.starts_with('-') ? said + meant_option(app, word)
                                 : no_command(word, {commands.begin(), commands.end()}, "");
  if (said.ends_with(" missing")) return said.substr(0, said.find(':')) + " must have a value (got none)";
  return said + meant_option(chosen(app), said.substr(said.rfind(' ') + 1));
}

/// Throws for one whose value is empty: mostly that of a variable which is not set, and what it stands for
/// must not be left out silently. `--name=` would take what follows as its value.
void refuse_empty(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc - static_cast<int>(app.remaining_size()); ++i) {
    const std::string word = argv[i], name = word.substr(0, word.find('='));
    const CLI::Option* const option = name.starts_with('-') ? app.get_option_no_throw(name) : nullptr;
    if (!option || option->count() == 0) continue;
    const bool is_flag = option->get_items_expected_max() == 0;
    if (word == name + "=" || (!is_flag && std::ranges::count(option->results(), "") > 0))
      throw Error(ErrorKind::invalid_argument, name + " needs a value (got \"\")");
  }
}

}  // namespace

bool parse(CLI::App& app, int argc, char** argv, const std::string& operands) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const std::string_view options = "[OPTIONS]";
    std::string help = app.help();
    if (!operands.empty()) help.insert(help.find(options) + options.size(), " " + operands);
    std::fputs(help.c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::invalid_argument, refusal(app, argc, argv, error.what()) + "; `" + app.get_name() +
                                                 " --help` shows the options");
  }
  refuse_empty(chosen(app), argc, argv);
  return true;
}

CLI::Validator decimal() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
          return "must be a whole number (got " + text + ")";
        text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
        return "";
      },
      "");
}

std::string meant_option(const CLI::App& app, const std::string& word) {
  if (!word.starts_with("--")) return "";
  std::vector<std::string_view> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  const auto near = nearest(word.substr(2, word.find('=') - 2), names);
  return near ? ", did you mean --" + std::string(*near) + "?" : "";
}

std::string no_command(const std::string& word, const std::vector<std::string_view>& names,
                       const std::string& otherwise) {
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  const auto near = nearest(word, names);
  return "the command must be one of " + all + " (got " + word + ")" +
         (near ? ", did you mean " + std::string(*near) + "?" : otherwise);
}

}  // namespace weir::detail::tool
