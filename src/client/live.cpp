// Whether a value that goes as it is would be the same on a cluster.
#include "weir/detail/client/live.hpp"

#include <cstdlib>
#include <string_view>

#include "weir/detail/core/symbol.hpp"

namespace weir::detail::client {

namespace {

#ifdef NDEBUG
constexpr bool by_default = false;
#else
constexpr bool by_default = true;
#endif

Buffer written(const task::TypeOps& ops, const void* object) {
  Buffer bytes;
  Writer writer(bytes);
  writer.set_for_key();
  ops.write(writer, object);
  return bytes;
}

}  // namespace

bool checks_arguments() noexcept {
  static const bool checks = [] {
    const char* const said = std::getenv("WEIR_CHECK_ARGUMENTS");
    return said && *said ? std::string_view(said) != "0" : by_default;
  }();
  return checks;
}

task::Value checked(const task::Value& value, bool is_ordered) {
  const task::TypeOps& ops = *value.ops();
  const Buffer first = written(ops, value.object());
  Reader reader(first.bytes());
  task::Value copy = task::Value::read_as(&ops, reader);
  const Buffer second = written(ops, copy.object());
  const bool is_same = is_ordered ? first == second : first.size() == second.size();
  if (is_same && reader.left() == 0) return copy;
  throw Error(ErrorKind::serialization,
              "submit: a value of type " + demangle(ops.type->name()) +
                  " must be the same after it was written and read back (got other bytes: " +
                  std::to_string(first.size()) + " written, " + std::to_string(first.size() - reader.left()) +
                  " read, then " + std::to_string(second.size()) +
                  " written); a task on another process would see something else: let its serialize() write "
                  "and read the same members in the same order");
}

}  // namespace weir::detail::client
