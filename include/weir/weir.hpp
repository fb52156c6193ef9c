// All of Weir.
#pragma once

#include "weir/client/client.hpp"
#include "weir/cluster/cluster.hpp"
#include "weir/core/duration.hpp"
#include "weir/core/error.hpp"
#include "weir/diagnostics/progress.hpp"
#include "weir/runtime/run.hpp"
#include "weir/runtime/snapshot.hpp"
#include "weir/stream/await.hpp"
#include "weir/stream/cluster.hpp"
#include "weir/stream/describe.hpp"
#include "weir/stream/net.hpp"
#include "weir/stream/sources.hpp"
#include "weir/task/task.hpp"
