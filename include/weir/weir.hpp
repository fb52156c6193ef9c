// All of Weir.
#pragma once

#include "weir/stream/members.hpp"  // first: see there

#include "weir/client.hpp"  // before others include it: the compiler prints the way to it before its errors

#include "weir/actor.hpp"
#include "weir/as_completed.hpp"
#include "weir/cluster.hpp"
#include "weir/duration.hpp"
#include "weir/ending.hpp"
#include "weir/error.hpp"
#include "weir/gang.hpp"
#include "weir/options.hpp"
#include "weir/program.hpp"
#include "weir/progress.hpp"
#include "weir/run.hpp"
#include "weir/serialize.hpp"
#include "weir/session.hpp"
#include "weir/snapshot.hpp"
#include "weir/stream.hpp"
#include "weir/stream/await.hpp"
#include "weir/stream/describe.hpp"
#include "weir/stream/network.hpp"
#include "weir/stream/sources.hpp"
#include "weir/this_task.hpp"
#include "weir/version.hpp"
