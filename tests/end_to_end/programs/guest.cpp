// A program and its clients: `guest serve FILE`, then `guest HOW FILE` with ask, tell, die, wait or through.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <weir/coordination.hpp>
#include <weir/run.hpp>
#include <weir/session.hpp>

#include "weir/actor.hpp"

namespace {

int triple(int x) { return 3 * x; }
std::vector<double> large(int count) { return std::vector<double>(static_cast<std::size_t>(count), 0.5); }
double sum(const std::vector<double>& values) {
  double all = 0;
  for (const double value : values) all += value;
  return all;
}
int fails(int x) {
  if (x == 2) throw std::out_of_range("not two");
  return x;
}
int endless(int x) {
  weir::Event("never").wait();
  return x;
}

/// The first of all that run it kills its worker.
int die_once(int x) {
  const weir::Lease alone = weir::Lock("deaths").acquire();
  weir::Variable<bool> is_over("is over");
  if (is_over.get()) return x;
  is_over.set(true);
  raise(SIGKILL);
  return x;
}

struct Counter {
  int value = 0;
  int add(int x) { return value += x; }
};

void serve(weir::Client& client, const std::string& file) {
  if (weir::open_session(file).empty()) throw std::logic_error("no name");
  weir::publish("base", client.submit(large, 200'000));
  weir::Variable<int>("answer").set(41);
  const auto counter = client.actor<Counter>();
  weir::Variable<weir::Actor<Counter>>("counter").set(counter);
  std::cout << "ready" << std::endl;
  weir::SharedQueue<std::string> requests("requests");
  for (std::string request; (request = requests.get()) != "end";) {
    if (request == "look") {
      const weir::Lease door = weir::Lock("door").acquire("20s");
      std::cout << "door free, " << weir::published_names().size() << " published, "
                << client.workers().size() << " workers" << std::endl;
    } else {
      std::cout << "heard " << request << std::endl;
    }
  }
}

void ask(const std::string& file, int number) {
  weir::Client client = weir::Client::connect(file);
  std::cout << "submit " << client.submit(triple, number).result() << '\n';
  const auto few = client.map(fails, std::vector{1, 2, 3});
  std::cout << "gather " << client.gather(few, weir::on_error::skip).size() << '\n';
  std::cout << "own " << sum(client.submit(large, 300'000).result()) << '\n';
  std::cout << "published " << sum(weir::published<std::vector<double>>("base").result()) << '\n';
  std::cout << "variable " << weir::Variable<int>("answer").get() << '\n';
  const auto counter = weir::Variable<weir::Actor<Counter>>("counter").get();
  std::cout << "actor " << (counter.call(&Counter::add, 1).result() > 0) << '\n';
  try {
    static_cast<void>(client.workers());
  } catch (const weir::Error& error) {
    std::cout << error.what() << '\n';
  }
  weir::SharedQueue<std::string>("requests").put(std::to_string(number));
  std::cout << "asked" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "", file = argc > 2 ? argv[2] : "";
  if (how == "serve") return weir::run(argc, argv, [&](weir::Client& client) { serve(client, file); });
  try {
    if (how == "ask") {
      ask(file, argc > 3 ? std::stoi(argv[3]) : 1);
    } else if (how == "tell") {
      weir::Client client = weir::Client::connect(file);
      weir::SharedQueue<std::string>("requests").put(argv[3]);
    } else if (how == "through") {
      weir::Client client = weir::Client::connect(file);
      weir::Variable<bool>("is over").set(false);
      int total = 0;
      for (const int one : client.gather(client.map(die_once, std::vector{1, 2, 3}))) total += one;
      std::cout << "through " << total << ", " << sum(client.submit(large, 100'000).result()) << std::endl;
    } else {
      weir::Client client = weir::Client::connect(file);
      const weir::Lease door = how == "die" ? weir::Lock("door").acquire() : weir::Lease();
      if (how == "die") weir::publish("mine", client.submit(triple, 1));
      const auto future = client.submit(endless, 1);
      std::cout << "waiting" << std::endl;
      future.result();
    }
  } catch (const weir::Error& error) {
    std::cerr << error.what() << std::endl;
    return 3;
  }
}
