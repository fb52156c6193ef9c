// Run:    ./31_stream_beamline       or on ranks: weir run -n 4 ./31_stream_beamline
// Prints: frame 1: ring at 10 pixels
// Prints: ...
// Prints: frame 6: ring at 20 pixels
// Prints: running mean of the last three: ring at 18 pixels
// Shows:  a beamline: detector frames go to the cluster, where the dark frame is subtracted and the azimuth averaged; small profiles come back and are averaged over time.
// Next:   benchmarks/stream_cluster.cpp

#include <algorithm>
#include <cmath>
#include <iostream>
#include <vector>
#include <weir/weir.hpp>

constexpr int side = 128;
using Profile = std::vector<double>;  // intensity over the distance from the beam
struct Frame {
  std::vector<double> pixels;  // side * side, row by row
};

int distance_of(int row, int column) { return static_cast<int>(std::lround(std::hypot(row - side / 2, column - side / 2))); }

/// What the detector would give: a ring of light on a background.
Frame expose(int radius) {
  Frame frame{std::vector<double>(side * side)};
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column) frame.pixels[row * side + column] = 5 + 100 * std::exp(-std::pow(distance_of(row, column) - radius, 2) / 4.0);
  return frame;
}
Frame subtract_dark(Frame frame, double dark) {
  for (double& pixel : frame.pixels) pixel -= dark;
  return frame;
}
Profile average_azimuth(const Frame& frame) {
  Profile sum(side), count(side);
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column) {
      sum[distance_of(row, column)] += frame.pixels[row * side + column];
      count[distance_of(row, column)] += 1;
    }
  for (int r = 0; r < side; ++r) sum[r] /= std::max(count[r], 1.0);
  return sum;
}
Profile mean(const std::vector<Profile>& profiles) {
  Profile result(side);
  for (const Profile& profile : profiles)
    for (int r = 0; r < side; ++r) result[r] += profile[r] / static_cast<double>(profiles.size());
  return result;
}
std::string ring_of(const Profile& profile) { return "ring at " + std::to_string(std::max_element(profile.begin(), profile.end()) - profile.begin()) + " pixels"; }

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Stream<Frame> detector;
    const auto profiles = detector.scatter().map(subtract_dark, 5.0).map(average_azimuth).gather();
    profiles.map(ring_of).enumerate(1).starsink([](std::uint64_t number, const std::string& text) { std::cout << "frame " << number << ": " << text << '\n'; });
    const auto means = profiles.sliding_window(3, weir::Partial::hold).map(mean).map(ring_of).sink_to_list();
    for (int i = 0; i < 6; ++i) detector.emit(expose(10 + 2 * i));
    detector.drain();
    std::cout << "running mean of the last three: " << means.values().back() << '\n';
  });
}
