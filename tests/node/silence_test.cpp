// Silence, without processes: the clock is an argument.
#include "node/silence.hpp"

#include <catch2/catch.hpp>

using std::chrono::milliseconds;
using weir::detail::node::Silence;

namespace {

constexpr auto beat = milliseconds(250);

struct Watched {
  Silence silence;
  Silence::Clock::time_point now{std::chrono::hours(1)};
  bool is_stopped = false;
  int asked = 0;

  Watched() { silence.heard(now); }
  /// Looks `times` times, each `pause` after the one before.
  void look(milliseconds pause, int times = 1) {
    while (times-- > 0) {
      now += pause;
      silence.look(now, pause, beat, [&] {
        ++asked;
        return is_stopped;
      });
    }
  }
  [[nodiscard]] auto length() const { return silence.length(now); }
};

}  // namespace

TEST_CASE("silence is counted while its owner has its turns") {
  Watched watched;
  watched.look(milliseconds(50), 100);
  CHECK(watched.length() == milliseconds(5000));
  watched.silence.heard(watched.now);
  CHECK(watched.length() == milliseconds(0));
}

TEST_CASE("silence: time in which the owner had no turn is taken off") {
  Watched watched;
  watched.look(milliseconds(50), 10);
  watched.look(milliseconds(9000));
  CHECK(watched.length() == milliseconds(750));
  watched.look(milliseconds(1000), 10);
  CHECK(watched.length() == milliseconds(750 + 2500));
  // What was heard while it was late is not older than it is.
  watched.silence.heard(watched.now + milliseconds(2900));
  watched.look(milliseconds(3000));
  CHECK(watched.length() == milliseconds(0));
}

TEST_CASE("silence: who starves is not stopped, and who is stopped is only as long as it is seen so") {
  Watched watched;
  watched.look(milliseconds(50), 100);
  CHECK(watched.silence.stopped() == milliseconds(0));
  watched.is_stopped = true;
  watched.look(milliseconds(50), 20);
  CHECK(watched.silence.stopped() == milliseconds(1000));
  watched.look(milliseconds(7000));
  CHECK(watched.silence.stopped() == milliseconds(1250));
  watched.is_stopped = false;
  watched.look(milliseconds(50));
  CHECK(watched.silence.stopped() == milliseconds(0));
}

TEST_CASE("silence: nobody is asked about those who speak") {
  Watched watched;
  for (int i = 0; i < 100; ++i) {
    watched.look(milliseconds(200));
    watched.silence.heard(watched.now);
  }
  CHECK(watched.asked == 0);
}
