// The operators that a stream has as members, on both sides.
#pragma once

// What people get wrong most is on top: compilers say how they came to a header before they say what is
// wrong.
#include "weir/stream/elements.hpp"

#include "weir/stream/sinks.hpp"
#include "weir/stream/states.hpp"

#include "weir/stream/async.hpp"
#include "weir/stream/combine.hpp"
#include "weir/stream/control.hpp"
#include "weir/stream/event_time.hpp"
#include "weir/stream/joins.hpp"
#include "weir/stream/limit_bytes.hpp"
#include "weir/stream/route.hpp"
#include "weir/stream/sink_async.hpp"
#include "weir/stream/time.hpp"
#include "weir/stream/windows.hpp"

namespace weir::op {

/// Every operator as a member: `source.map(f).buffer(8).sink(g)`. Each family has its part in its own file.
///
/// A member that can be fused with others on the cluster is there twice: of a stream without a name
/// (`scatter().map(f).filter(p)`) it goes into the same segment; a stream with a name ends its segment, so
/// that everything chained to it shares what came before.
template <class Self>
class Members : public ElementMembers<Self>,
                public StateMembers<Self>,
                public WindowMembers<Self>,
                public TimeMembers<Self>,
                public LimitBytesMembers<Self>,
                public EventTimeMembers<Self>,
                public CombineMembers<Self>,
                public RouteMembers<Self>,
                public ControlMembers<Self>,
                public AsyncMembers<Self>,
                public SinkMembers<Self>,
                public SinkAsyncMembers<Self> {};

}  // namespace weir::op
