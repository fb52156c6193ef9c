// All of arrays. Not in weir.hpp, with which every program would take a third longer to compile.
#pragma once

#include "weir/array/arrange.hpp"
#include "weir/array/array.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/chunks.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/dtype.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/histogram.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"
