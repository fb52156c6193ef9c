// The dashboard of a home: from what the scheduler's node tells.
#pragma once

#include "dashboard/dashboard.hpp"
#include "node/scheduler.hpp"

namespace weir::detail::home {

/// What WEIR_DASHBOARD says. Throws `Error{invalid_argument}` for what it cannot be.
[[nodiscard]] dashboard::Wish dashboard_wish();

/// For the settings of a scheduler: null if nobody wants to see it.
[[nodiscard]] std::shared_ptr<seeing::Inbox> inbox_for(const dashboard::Wish& wish);

/// The dashboard of a scheduler that has been made with `inbox`. It must be stopped while the node lives.
[[nodiscard]] std::unique_ptr<dashboard::Dashboard> start_dashboard(
    const std::shared_ptr<node::SchedulerNode>& node, std::shared_ptr<seeing::Inbox> inbox,
    const dashboard::Wish& wish);

}  // namespace weir::detail::home
