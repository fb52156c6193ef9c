// Which input of a task is its own of the layer before.
#include "scheduler/stride.hpp"

#include <catch2/catch.hpp>
#include <random>

using weir::detail::scheduler::Stride;

namespace {

void note_stencils(Stride& stride, std::uint64_t width, int rows) {
  for (int row = 0; row < rows; ++row)
    for (std::uint64_t column = 0; column < width; ++column) {
      stride.begin_task();
      if (column > 0) stride.note(width + 1);
      stride.note(width);
      if (column + 1 < width) stride.note(width - 1);
    }
}

}  // namespace

TEST_CASE("stride is the width of the rows of a stencil, and not that of its neighbours") {
  Stride stride;
  note_stencils(stride, 1000, 3);
  CHECK(stride.is(1000));
  CHECK_FALSE(stride.is(999));
  CHECK_FALSE(stride.is(1001));
}

TEST_CASE("stride is the width of a transform whose partners are ever farther apart") {
  Stride stride;
  for (int step = 0; step < 60; ++step)
    for (std::uint64_t column = 0; column < 64; ++column) {
      const std::uint64_t apart = std::uint64_t{1} << step % 6;
      stride.begin_task();
      stride.note(64);
      stride.note(column & apart ? 64 + apart : 64 - apart);
    }
  CHECK(stride.is(64));
}

TEST_CASE("stride is none where inputs are anywhere") {
  Stride stride;
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    stride.begin_task();
    for (int input = 0; input < 3; ++input) stride.note(1 + random() % 1000);
  }
  for (std::uint64_t distance = 0; distance < 1000; ++distance) CHECK_FALSE(stride.is(distance));
}

TEST_CASE("stride follows the program when it goes on to another width") {
  Stride stride;
  note_stencils(stride, 100, 1000);
  CHECK(stride.is(100));
  note_stencils(stride, 30, 500);
  CHECK(stride.is(30));
  CHECK_FALSE(stride.is(100));
}
