// Alone: the page of a program that has streams and no cluster.
#pragma once

namespace weir::detail::dashboard {

/// From now on streams of this process are shown by its home, or it is a worker and has nothing to show: the
/// page of streams alone ends, and none begins.
void end_alone();

}  // namespace weir::detail::dashboard
