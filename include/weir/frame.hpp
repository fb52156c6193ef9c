// All of frames. Not in weir.hpp: a library of its own, weir::frame.
#pragma once

#include "weir/frame/aggregate.hpp"
#include "weir/frame/arrow.hpp"
#include "weir/frame/csv.hpp"
#include "weir/frame/expression.hpp"
#include "weir/frame/frame.hpp"
#include "weir/frame/ipc.hpp"
#include "weir/frame/parquet.hpp"
#include "weir/frame/running.hpp"
#include "weir/frame/table.hpp"
#include "weir/frame/window.hpp"
