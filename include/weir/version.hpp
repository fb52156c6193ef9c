// The version of Weir, as numbers for the preprocessor and as text.
#pragma once

#include <string_view>

/// `#if WEIR_VERSION >= 200` asks for 0.2.0 or later: ten thousands of the major, hundreds of the minor
/// number.
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 2
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION (WEIR_VERSION_MAJOR * 10000 + WEIR_VERSION_MINOR * 100 + WEIR_VERSION_PATCH)

namespace weir {

/// What `weir --version` prints.
inline constexpr std::string_view version = "0.2.0";

}  // namespace weir
