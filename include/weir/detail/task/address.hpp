// Addresses that mean the same on every rank: module and offset in module.
#pragma once

#include <cstdint>
#include <string>
#include <typeinfo>

#include "weir/detail/core/symbol.hpp"

namespace weir::detail::task {

/// A function's or static object's address as a number that every rank running the same executable
/// understands.
///
/// **Errors.** Throws `Error{invalid_argument}` if the address belongs to no loaded module (code made at run
/// time).
/// **Source.** The upper 16 bits identify the module by its file name, the lower 48 are the offset from where
/// it is loaded.
[[nodiscard]] std::uint64_t portable_address(const void* address);

/// The address here. Throws `Error{not_found}` if the module is not loaded in this process.
[[nodiscard]] const void* local_address(std::uint64_t portable);

/// Identity of a stateless functor or lambda: its type, marked so that `function_name` tells it from a
/// function.
[[nodiscard]] std::uint64_t portable_type(const std::type_info& type);

/// Name of the function or functor type at a portable address for people: `inc`, or `function at 0x1a2b`
/// where the executable does not tell.
[[nodiscard]] std::string function_name(std::uint64_t portable);

using weir::demangle;

/// Identity of this executable: its build id, or a digest of its file where the linker wrote none.
[[nodiscard]] const std::string& build_id();

}  // namespace weir::detail::task
