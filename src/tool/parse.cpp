// CLI11's errors in our sentences.
#include "tool/parse.hpp"

#include <cstdio>
#include <string_view>
#include <vector>

#include "core/wording.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

bool parse(CLI::App& app, int argc, char** argv, const std::string& operands) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::CallForHelp&) {
    const std::string_view options = "[OPTIONS]";
    std::string help = app.help();
    if (!operands.empty()) help.insert(help.find(options) + options.size(), " " + operands);
    std::fputs(help.c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    std::string said = error.what();
    if (said.ends_with(" missing")) said = said.substr(0, said.find(':')) + " must have a value (got none)";
    else said += meant_option(app, said.substr(said.rfind(' ') + 1));
    throw Error(ErrorKind::invalid_argument, said + "; `" + app.get_name() + " --help` shows the options");
  }
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
