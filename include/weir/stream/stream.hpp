// Stream<T>: a handle to a node that gives elements of T. Includes every operator.
#pragma once

#include "weir/stream/chain.hpp"
#include "weir/stream/handle.hpp"
