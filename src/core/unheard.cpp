// Remembers that an error reached nobody.
#include "core/unheard.hpp"

#include <atomic>

#include "core/log.hpp"

namespace weir::detail {

namespace {

std::atomic<bool> was_unheard{false};

}  // namespace

void tell_unheard(std::string_view sentence) {
  log::error("{}", sentence);
  was_unheard = true;
}

bool take_unheard() noexcept { return was_unheard.exchange(false); }

}  // namespace weir::detail
