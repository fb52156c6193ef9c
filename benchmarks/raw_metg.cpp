// The same by hand: each rank has columns, and sends to the other what that needs of them.
#include <mpi.h>

#include <utility>

#include "metg.hpp"

namespace {

int rank = 0;
constexpr int ranks = 2;

struct Shape {
  int pattern, width;
  long rounds, steps;
};

double run(const Shape& shape) {
  const auto pattern = static_cast<metg::Pattern>(shape.pattern);
  const int own = shape.width / ranks, begin = rank * own;
  const auto is_own = [&](int column) { return column >= begin && column < begin + own; };
  std::vector<double> row(static_cast<std::size_t>(shape.width)), next(row);
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = bench::Clock::now();
  for (int step = 0; step < shape.steps; ++step) {
    if (step > 0) {
      std::vector<char> sent(row.size()), received(row.size());
      std::vector<MPI_Request> requests;
      for (int column = 0; column < shape.width; ++column)
        for (const int need : metg::Needs(pattern, step, column, shape.width)) {
          const auto at = static_cast<std::size_t>(need);
          if (is_own(need) && !is_own(column) && !std::exchange(sent[at], 1))
            MPI_Isend(&row[at], 1, MPI_DOUBLE, 1 - rank, need, MPI_COMM_WORLD, &requests.emplace_back());
          if (!is_own(need) && is_own(column) && !std::exchange(received[at], 1))
            MPI_Irecv(&row[at], 1, MPI_DOUBLE, 1 - rank, need, MPI_COMM_WORLD, &requests.emplace_back());
        }
      MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    }
    for (int column = begin; column < begin + own; ++column) {
      double sum = column;
      if (step > 0)
        for (const int need : metg::Needs(pattern, step, column, shape.width))
          sum += row[static_cast<std::size_t>(need)];
      next[static_cast<std::size_t>(column)] = metg::work(sum / 4, shape.rounds);
    }
    row.swap(next);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return bench::seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Shape shape{};
  const auto told = [&] { MPI_Bcast(&shape, sizeof shape, MPI_BYTE, 0, MPI_COMM_WORLD); };
  if (rank == 0) {
    metg::print_all(ranks, [&](metg::Pattern pattern, int width, long rounds, long steps) {
      shape = {static_cast<int>(pattern), width, rounds, steps};
      told();
      return run(shape);
    });
    shape.steps = 0;
    told();
  } else {
    for (told(); shape.steps > 0; told()) run(shape);
  }
  MPI_Finalize();
}
