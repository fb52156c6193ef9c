// posix_spawn with a pipe for its stdin.
#include "tool/listener.hpp"

#include <fcntl.h>
#include <spawn.h>

#include <csignal>

#include "tool/start.hpp"

namespace weir::detail::tool {

Listener::Listener(const std::vector<std::string>& command) {
  int ends[2];
  if (command.empty() || pipe2(ends, O_CLOEXEC) != 0) return;
  const Descriptor reader(ends[0]);
  input_ = Descriptor(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, reader.get(), STDIN_FILENO);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  if (posix_spawn(&process_, command.front().c_str(), &actions, &attributes, exec_array(command).data(),
                  environ) != 0)
    process_ = 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
}

}  // namespace weir::detail::tool
