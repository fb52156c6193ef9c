// Each rank sends frames of all sizes to all others, which must get them whole and in their order, whichever
// way each has taken.
#include <cstdio>
#include <numeric>
#include <random>

#include "comm/mpi.hpp"
#include "weir/duration.hpp"

namespace {

using namespace weir;
using namespace weir::detail;

constexpr std::uint32_t count = 3'000;

// What frame `number` from one rank to another is like.
struct Plan {
  std::size_t head_bytes = 0, values = 0, value_bytes = 0;
  static Plan of(PeerId from, PeerId to, std::uint32_t number) {
    std::mt19937 random(number * 64 + from * 8 + to);
    Plan plan;
    plan.head_bytes = random() % 10 == 0 ? random() % 100'000 : random() % 500;
    plan.values = random() % 4 == 0 ? random() % 3 : 0;
    plan.value_bytes = random() % 10 == 0 ? random() % 300'000 : random() % 200;
    return plan;
  }
};

std::vector<std::uint8_t> content(std::size_t bytes, std::uint32_t number) {
  std::vector<std::uint8_t> all(bytes);
  std::iota(all.begin(), all.end(), static_cast<std::uint8_t>(number));
  return all;
}

class Checker final : public comm::Receiver {
 public:
  Checker(PeerId self, std::size_t ranks) : self_(self), next_(ranks) {}
  void receive(PeerId from, comm::Frame&& frame) override {
    const std::uint32_t number = next_.at(from)++;
    const Plan plan = Plan::of(from, self_, number);
    const auto head = content(plan.head_bytes, number);
    wrong_ += frame.head.size() != head.size() ||
              (!head.empty() && std::memcmp(frame.head.data(), head.data(), head.size()) != 0);
    wrong_ += frame.values.size() != plan.values;
    for (const task::Value& value : frame.values)
      wrong_ += value.as<std::vector<std::uint8_t>>() != content(plan.value_bytes, number);
    ++received_;
  }
  [[nodiscard]] std::size_t received() const noexcept { return received_; }
  [[nodiscard]] std::size_t wrong() const noexcept { return wrong_; }

 private:
  PeerId self_;
  std::vector<std::uint32_t> next_;
  std::size_t received_ = 0, wrong_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  std::size_t wrong = 0;
  {
    comm::MpiTransport transport(MPI_COMM_WORLD);
    const auto ranks = static_cast<PeerId>(transport.size());
    Checker checker(transport.rank(), ranks);
    for (std::uint32_t number = 0; number < count; ++number) {
      for (PeerId to = 0; to < ranks; ++to) {
        if (to == transport.rank()) continue;
        const Plan plan = Plan::of(transport.rank(), to, number);
        comm::Frame frame;
        const auto head = content(plan.head_bytes, number);
        frame.head.append(head.data(), head.size());
        for (std::size_t i = 0; i < plan.values; ++i)
          frame.values.push_back(task::Value::make(content(plan.value_bytes, number)));
        transport.send(to, std::move(frame));
      }
      if (number % (50 * (transport.rank() + 1)) == 0) transport.poll(checker);  // belts are full at times
    }
    while (checker.received() < std::size_t{count} * (ranks - 1) || transport.sending())
      transport.poll(checker);
    wrong = checker.wrong();
    MPI_Barrier(MPI_COMM_WORLD);
  }
  if (wrong) std::fprintf(stderr, "%zu frames are not what was sent\n", wrong);
  MPI_Finalize();
  return wrong ? 1 : 0;
}
