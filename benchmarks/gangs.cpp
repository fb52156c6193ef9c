// What a gang of four ranks costs beyond its function, and what a task costs that starts a program.
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int nothing(weir::Gang& gang) { return gang.size(); }

std::vector<double> times(weir::Client& client, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto start = bench::Clock::now();
    if (client.submit(weir::gang{4}, nothing).result() != 4)
      throw weir::Error(weir::ErrorKind::internal, "gangs: a gang must have four ranks");
    times.push_back(bench::seconds_since(start));
  }
  return times;
}

double program_s(weir::Client& client) {
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const auto start = bench::Clock::now();
    client.submit(weir::program{"/bin/true"}).result();
    times.push_back(bench::seconds_since(start));
  }
  return bench::median(times);
}

double programs_per_s(weir::Client& client) {
  constexpr int count = 2000;
  std::vector<weir::Future<weir::ProgramResult>> futures;
  const auto start = bench::Clock::now();
  for (int i = 0; i < count; ++i) futures.push_back(client.submit(weir::program{"/bin/true"}));
  for (const auto& future : futures) static_cast<void>(future.result());
  return count / bench::seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(1);
    static_cast<void>(times(client, 100));
    bench::print("gang_us", bench::median(times(client, 2000)) * 1e6);
    bench::print("program_ms", program_s(client) * 1e3);
    bench::print("programs_per_s", programs_per_s(client));
  });
}
