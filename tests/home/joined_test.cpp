// What ends a worker, and what does not.
#include "home/joined.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using weir::detail::home::leave_end_to_body;

TEST_CASE("a worker leaves the first SIGTERM to the body, but not that of its parent") {
  int told[2];
  REQUIRE(pipe(told) == 0);
  const pid_t worker = fork();
  if (worker == 0) {
    std::signal(SIGTERM, SIG_DFL);
    leave_end_to_body();
    for (int i = 0; i < 2; ++i) raise(SIGTERM);  // that of somebody else
    (void)!write(told[1], "t", 1);
    while (true) pause();
  }
  close(told[1]);
  char byte = 0;
  CHECK(read(told[0], &byte, 1) == 1);
  close(told[0]);
  kill(worker, SIGTERM);
  int status = 0;
  REQUIRE(waitpid(worker, &status, 0) == worker);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
