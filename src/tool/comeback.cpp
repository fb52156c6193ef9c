// Asks the session's file, and the door it names.
#include "tool/comeback.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/wording.hpp"
#include "home/joined.hpp"
#include "home/session_file.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

constexpr std::chrono::milliseconds between_looks(500), for_an_answer(2000);

bool is_open(const std::string& session_file) {
  try {
    return home::is_listening(home::read_session_file(session_file).door, for_an_answer);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Comeback::Comeback() {
  const char* file = std::getenv("WEIR_CONNECT");
  const char* time = std::getenv("WEIR_KEEP_JOBS");
  if (!file || !time) return;
  session_file_ = file;
  try {
    time_ = parse_duration(time);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("WEIR_KEEP_JOBS: ") + error.what());
  }
}

bool Comeback::is_there(int status) {
  if (time_.count() <= 0) return false;
  if (status != home::status_left_alone && status != home::status_not_found) return false;
  if (status == home::status_left_alone || !away_since_) away_since_ = Clock::now();
  while (Clock::now() - *away_since_ < time_) {
    if (is_open(session_file_)) return true;
    std::this_thread::sleep_for(between_looks);
  }
  std::fprintf(stderr, "weir run: the program of %s has not come back within %s (WEIR_KEEP_JOBS)\n",
               printable(session_file_).c_str(), to_string(time_).c_str());
  return false;
}

}  // namespace weir::detail::tool
