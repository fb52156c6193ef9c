// Births of processes, and whether they run.
#include "core/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using weir::detail::birth_of;
using weir::detail::is_stopped;

TEST_CASE("process: a birth is the same for its process alone, and over with its end") {
  const std::uint64_t own = birth_of(getpid());
  CHECK(own > 0);
  CHECK(birth_of(getpid()) == own);
  CHECK(birth_of(1) > 0);
  CHECK(birth_of(1) < own);
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  REQUIRE(child > 0);
  CHECK(birth_of(child) >= own);
  CHECK_FALSE(is_stopped(child));
  kill(child, SIGSTOP);
  siginfo_t ended{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &ended, WSTOPPED) == 0);
  CHECK(is_stopped(child));
  CHECK(birth_of(child) >= own);
  kill(child, SIGKILL);
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  CHECK(birth_of(child) == 0);  // before anybody has asked for its status
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(birth_of(child) == 0);
  CHECK(birth_of(-1) == 0);
  CHECK_FALSE(is_stopped(child));
}
