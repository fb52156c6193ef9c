// Functions and elements of the tests of streams on the cluster.
#pragma once

#include <atomic>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "support/cluster_main.hpp"

using Ints = std::vector<int>;

inline Ints numbers(int begin, int end) {
  Ints all;
  for (int i = begin; i < end; ++i) all.push_back(i);
  return all;
}
inline void feed(const weir::Stream<int>& source, int begin, int end) {
  for (int i = begin; i < end; ++i) source.emit(i);
}
template <class Run>
std::string sentence(Run run) {
  try {
    run();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

inline int total(const Ints& window) {
  int sum = 0;
  for (const int x : window) sum += x;
  return sum;
}
inline std::vector<double> doubled(const std::vector<double>& frame) {
  std::vector<double> out(frame);
  for (double& x : out) x *= 2;
  return out;
}

/// Throws on the first attempt at every element of a process.
struct FailsOnce {
  int operator()(int x) const {
    static thread_local std::set<int> seen;
    if (seen.insert(x).second) throw std::runtime_error("once");
    return x;
  }
};

inline std::atomic<int> counting_calls{0};
struct Counting {
  int operator()(int x) const {
    ++counting_calls;
    return x;
  }
};
inline int calls_of_counting() { return counting_calls; }

struct Reading {
  std::string text;
  std::size_t length = 0;
};
inline Reading reading_of(const std::string& text) { return {text, text.size()}; }
inline std::unique_ptr<int> boxed(int x) { return std::make_unique<int>(x); }
inline int unboxed(const std::unique_ptr<int>& x) { return *x + 1; }

struct Text {
  std::string text;
};
struct Adder {
  int what = 0;
  int operator()(int x) const { return x + what; }
};
inline Text text_of(int x) { return {std::to_string(x)}; }
