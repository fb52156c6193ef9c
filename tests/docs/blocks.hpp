// What every block of the documentation may use, and the table in which docs_test.py puts it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <weir/array.hpp>
#include <weir/bag.hpp>
#include <weir/frame.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

namespace docs {

using Function = int (*)(int argc, char** argv);

/// All blocks by page and line, "docs/streams.md:12".
std::map<std::string, Function>& table();

struct Row {
  Row(const char* place, Function function) { table()[place] = function; }
};

inline int call(int (*main)(), int, char**) { return main(); }
inline int call(int (*main)(int, char**), int argc, char** argv) { return main(argc, argv); }

}  // namespace docs
