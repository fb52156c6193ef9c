// What an array is known by when the program runs again.
#include <cstring>

#include "array/graph/node.hpp"
#include "task/code_name.hpp"
#include "weir/detail/core/symbol.hpp"
#include "weir/journal.hpp"

namespace weir::detail::array {

namespace {

[[noreturn]] void refuse_names(const std::string& function, const std::string& what) {
  throw Error(ErrorKind::unsupported, function + ": " + what);
}

std::string name_of(const std::string& function, std::uint64_t address) {
  std::string name = task::code_name(address);
  if (name == "???")
    refuse_names(function,
                 "the executable does not tell the names of functions, by which an array is found again; do "
                 "not strip it");
  if (is_of_lambda(name))
    refuse_names(function,
                 "a lambda has no name by which another run finds its results; name it: make it a "
                 "function (got " +
                     name + ")");
  task::check_has_no_namesake(function, address);
  return name;
}

}  // namespace

Planner::Planner(const NodePtr& root, client::ClusterLink& core, std::string_view function)
    : keyed_(&core), function_(function) {
  keep_shared({root});
}

journal::Key Planner::key_of(const std::string& name, TaskBuilder& task) {
  journal::Hasher hasher;
  hasher.text(name);
  const std::uint64_t kernel = std::exchange(task.code.kernel, 0);
  if (kernel) {
    hasher.text(name_of(function_, kernel));
    // Where a function lies in this build does not count.
    for (const WrittenFunction& function : task.functions) {
      hasher.number(function.offset);
      if (function.address) hasher.text(name_of(function_, function.address));
      std::memset(task.code.parameters.data() + function.offset, 0, sizeof function.address);
    }
  }
  // Nothing is read by this code: only what the elements are counts.
  for (FileName& file : task.code.files) {
    if (file.key.empty()) add_file(hasher, InputFile{file.path});
    else file.path.clear();
    file.named.clear();
  }
  Buffer bytes;
  Writer writer(bytes);
  writer.set_for_key();
  write(writer, task.code);
  hasher.bytes(bytes.data(), bytes.size());
  for (const std::uint32_t input : task.inputs) hasher.key(keys_[input]);
  return hasher.result();
}

journal::Key key_of(std::string_view function, const NodePtr& node, client::ClusterLink& core) {
  Planner planner(node, core, function);
  journal::Hasher hasher;
  hasher.number(static_cast<std::uint64_t>(node->type));
  hasher.number(node->grid.axes());
  for (const auto& sizes : node->grid.chunks) {
    hasher.number(sizes.size());
    hasher.bytes(sizes.data(), sizes.size() * sizeof sizes[0]);
  }
  for (std::int64_t chunk = 0; chunk < node->grid.count(); ++chunk)
    hasher.key(planner.key(planner.chunk(*node, chunk)));
  return hasher.result();
}

}  // namespace weir::detail::array
