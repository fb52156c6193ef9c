// Jobs that show people something: `shows progress`, `shows story FOLDER`.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <weir/weir.hpp>

namespace {

int half(int x) {
  if (x == 7) throw std::runtime_error("odd");
  return x / 2;
}
int die_once(std::string flag) {
  if (const int file = open(flag.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600); file >= 0) raise(SIGKILL);
  return 5;
}
int fail_once(std::string flag) {
  if (const int file = open(flag.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600); file >= 0)
    throw std::runtime_error("the first time");
  return 6;
}

void story(weir::Client& client, const std::string& folder) {
  client.wait_for_workers(3);
  std::cout << client.submit(weir::Options{.name = "deadly"}, die_once, folder + "/a").result();
  std::cout
      << client.submit(weir::Options{.retries = 1, .name = "clumsy"}, fail_once, folder + "/b").result();
  client.retire(client.workers().back().peer);
  std::cout << std::endl;
}

void progress(weir::Client& client) {
  std::vector<int> numbers(20);
  for (int i = 0; i < 20; ++i) numbers[i] = i;
  weir::progress(client.map(half, numbers));
  weir::progress(std::vector<weir::Future<int>>{});
  std::cout << "over" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  return weir::run(argc, argv, [&](weir::Client& client) {
    what == "progress" ? progress(client) : story(client, argv[2]);
  });
}
