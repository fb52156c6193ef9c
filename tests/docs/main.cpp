// Runs one block of the documentation: docs_blocks PAGE:LINE. Workers that a cluster starts get the same
// argument.
#include "docs/blocks.hpp"

std::map<std::string, docs::Function>& docs::table() {
  static std::map<std::string, Function> table;
  return table;
}

int main(int argc, char** argv) {
  const auto found = argc < 2 ? docs::table().end() : docs::table().find(argv[1]);
  if (found == docs::table().end()) {
    std::cerr << "docs_blocks: must be given one of the blocks:\n";
    for (const auto& [place, function] : docs::table()) std::cerr << "  " << place << '\n';
    return 2;
  }
  return found->second(argc, argv);
}
