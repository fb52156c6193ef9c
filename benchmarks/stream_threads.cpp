// Streams whose operators have threads of their own.
#include <vector>

#include "report.hpp"
#include "weir/stream.hpp"

namespace {

double rate_of(weir::Stream<int>& source, int count) {
  return count / bench::seconds_of([&] {
           for (int i = 0; i < count; ++i) source.emit(i);
           source.drain();
         });
}

void check(bool right, const char* what) {
  if (!right) throw std::runtime_error(std::string("stream_threads: elements are missing after ") + what);
}

void pipe() {
  long count = 0;
  weir::Stream<int> source;
  source.buffer(1024).map([](int x) { return x + 1; }).buffer(1024).sink([&](int) { ++count; });
  bench::print("stream_pipe_per_s", rate_of(source, 500'000));
  check(count == 3'000'000, "a pipe");
}

void farm() {
  long count = 0;
  weir::Stream<int> source;
  source.map_async([](int x) { return x + 1; }, 2).sink([&](int) { ++count; });
  bench::print("stream_async_per_s", rate_of(source, 200'000));
  check(count == 1'200'000, "map_async");
}

/// Elements of 64 KiB that are moved from thread to thread.
void large() {
  using Large = std::vector<double>;
  constexpr int count = 20'000;
  double sum = 0;
  weir::Stream<Large> source;
  source
      .map_async(
          [](Large x) {
            x[0] += 1;
            return x;
          },
          2)
      .sink([&](const Large& x) { sum += x[0]; });
  bench::print("stream_large_async_per_s", count / bench::seconds_of([&] {
                                             for (int i = 0; i < count; ++i) source.emit(Large(8192, 1.0));
                                             source.drain();
                                           }));
  check(sum == 6 * 2.0 * count, "map_async of large elements");
}

/// Elements of 64 KiB in windows that are looked at, or as they are.
template <class Build>
double large_rate(const Build& build) {
  using Large = std::vector<double>;
  constexpr int count = 5'000;
  weir::Stream<Large> source;
  build(source);
  return count / bench::seconds_of([&] {
           for (int i = 0; i < count; ++i) source.emit(Large(8192, 1.0));
         });
}

void windows() {
  using Large = std::vector<double>;
  double plain = 0, sliding = 0, parts = 0;
  const double plain_rate = large_rate([&](auto& s) { s.sink([&](const Large& x) { plain += x[0]; }); });
  const double sliding_rate = large_rate([&](auto& s) {
    s.sliding_window(16).sink([&](const std::vector<Large>& window) { sliding += window.back()[0]; });
  });
  const double part_rate = large_rate([&](auto& s) {
    s.partition(16).sink([&](const std::vector<Large>& window) { parts += window.back()[0]; });
  });
  bench::print("stream_large_per_s", plain_rate);
  bench::print("stream_large_sliding_per_s", sliding_rate);
  bench::print("stream_large_partition_per_s", part_rate);
  check(plain == 6 * 5'000 && sliding == plain && parts == 6 * 5'000 / 16, "windows");
}

/// One element at a time; the next one when it has come out.
void elements() {
  constexpr int rounds = 20'000;
  long count = 0;
  weir::Stream<int> one, two;
  one.buffer(8).sink([&](int) { ++count; });
  two.buffer(8).map([](int x) { return x + 1; }).buffer(8).sink([&](int) { ++count; });
  const auto us = [&](weir::Stream<int>& source) {
    return 1e6 / rounds * bench::seconds_of([&] {
             for (int i = 0; i < rounds; ++i) {
               source.emit(i);
               source.drain();
             }
           });
  };
  bench::print("stream_buffer_us", us(one));
  bench::print("stream_two_buffers_us", us(two));
  check(count == 2 * 6 * rounds, "buffers");
}

}  // namespace

int main() {
  pipe();
  farm();
  large();
  windows();
  elements();
}
