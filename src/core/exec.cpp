// Words for exec; posix_spawn of what is to stay apart.
#include "core/exec.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>

namespace weir::detail {

std::vector<char*> exec_array(const std::vector<std::string>& strings) {
  std::vector<char*> array;
  for (const std::string& string : strings) array.push_back(const_cast<char*>(string.c_str()));
  array.push_back(nullptr);
  return array;
}

int start_apart(const std::vector<std::string>& command, int input, pid_t& child,
                const std::vector<std::string>& variables) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  const std::vector<char*> words = exec_array(command), own = exec_array(variables);
  const int problem = posix_spawn(&child, command.front().c_str(), &actions, &attributes, words.data(),
                                  variables.empty() ? environ : own.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) child = 0;
  return problem;
}

}  // namespace weir::detail
