// Run:    ./31_stream_beamline       or on ranks: weir run -n 4 ./31_stream_beamline
// Prints: frame 1: ring at 10 pixels
// Prints: ...
// Prints: frame 6: ring at 20 pixels
// Prints: running mean of the last three: ring at 18 pixels
// Prints: means.txt has 4 lines of 128 numbers
// Shows:  a beamline: detector frames (2-D arrays) go to the cluster, where the dark frame is subtracted and
// the azimuth averaged; small profiles come back, are averaged over
//         time and written as text.
// Next:   benchmarks/stream_cluster.cpp

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>
#include <weir/weir.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xtensor.hpp>

constexpr int side = 128;
using Profile = std::vector<double>;  // intensity over the distance from the beam
using Frame = xt::xtensor<double, 2>;

int distance_of(int row, int column) {
  return static_cast<int>(std::lround(std::hypot(row - side / 2, column - side / 2)));
}

/// What the detector would give: a ring of light on a background.
Frame expose(int radius) {
  Frame frame = Frame::from_shape({side, side});
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column)
      frame(row, column) = 5 + 100 * std::exp(-std::pow(distance_of(row, column) - radius, 2) / 4.0);
  return frame;
}
Frame subtract_dark(Frame frame, const Frame& dark) {
  frame -= dark;
  return frame;
}
Profile average_azimuth(const Frame& frame) {
  Profile sum(side), count(side);
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column) {
      sum[distance_of(row, column)] += frame(row, column);
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
std::string ring_of(const Profile& profile) {
  return "ring at " + std::to_string(std::max_element(profile.begin(), profile.end()) - profile.begin()) +
         " pixels";
}

std::string text_of(const Profile& profile) {
  std::ostringstream text;
  for (const double value : profile) text << value << ' ';
  return text.str();
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    const auto path =
        std::filesystem::temp_directory_path() / ("31_stream_beamline." + std::to_string(::getpid()));
    const Frame dark = xt::ones<double>({side, side}) * 5.0;
    weir::Stream<Frame> detector;
    const auto profiles = detector.scatter().map(subtract_dark, dark).map(average_azimuth).gather();
    profiles.map(ring_of).enumerate(1).starsink([](std::uint64_t number, const std::string& text) {
      std::cout << "frame " << number << ": " << text << '\n';
    });
    const auto means = profiles.sliding_window(3, weir::Partial::hold).map(mean);
    const auto rings = means.map(ring_of).sink_to_list();
    means.map(text_of).sink_to_textfile(path, "\n", false);
    for (int i = 0; i < 6; ++i) detector.emit(expose(10 + 2 * i));
    detector.drain();
    std::cout << "running mean of the last three: " << rings.values().back() << '\n';

    std::ifstream text(path);
    int lines = 0, numbers = 0;
    for (std::string line; std::getline(text, line); ++lines)
      numbers += static_cast<int>(std::count(line.begin(), line.end(), ' '));
    std::cout << "means.txt has " << lines << " lines of " << numbers / lines << " numbers\n";
    std::filesystem::remove(path);
  });
}
