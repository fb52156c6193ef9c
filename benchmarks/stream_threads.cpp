// Streams whose operators have threads of their own.
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
  elements();
}
