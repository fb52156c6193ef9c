// What tasks share by name: a lock and a queue that many wait for, a variable, and an actor's calls.
#include <weir/actor.hpp>
#include <weir/coordination.hpp>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int under_lock(int x) {
  const weir::Lease here = weir::Lock("lock").acquire();
  return x;
}

int take_one(int) { return weir::SharedQueue<int>("queue").get(); }

int read_often(int times) {
  const weir::Variable<int> variable("variable");
  int sum = 0;
  for (int i = 0; i < times; ++i) sum += variable.get();
  return sum;
}

int when_told(int x) {
  weir::Event("go").wait();
  return x;
}

int read_published(int) {
  weir::SharedQueue<int>("waiting").put(1);
  return weir::published<int>("awaited").result();
}

int same(int x) { return x; }

class Counter {
 public:
  explicit Counter(int start) : value_(start) {}
  int add(int x) { return value_ += x; }

 private:
  int value_;
};

void require(bool is_right, const char* what) {
  if (!is_right) throw weir::Error(weir::ErrorKind::internal, std::string("shared: ") + what);
}

template <class Work>
double median_us(long rounds, int count, const Work& work) {
  std::vector<double> times;
  for (long i = 0; i < rounds; ++i) {
    const auto start = bench::Clock::now();
    work();
    times.push_back(bench::seconds_since(start) / count * 1e6);
  }
  return bench::median(times);
}

// What others notice of tasks that wait for one result, and what each of these costs once it is there.
void beside_waiting(weir::Client& client, long rounds, int count) {
  const std::vector<int> ones(static_cast<std::size_t>(count), 1), many(20'000, 1);
  std::vector<double> trips, tasks, releases, later_trips;
  const auto measure = [](std::vector<double>& times, int among, const auto& work) {
    const auto start = bench::Clock::now();
    work();
    times.push_back(bench::seconds_since(start) / among * 1e6);
  };
  const auto make_trips = [&] {
    for (int n = 0; n < count; ++n)
      require(client.submit(weir::Options{.priority = 1}, same, n).result() == n, "others must go on");
  };
  for (long i = 0; i < rounds; ++i) {
    weir::Event go("go");
    weir::publish("awaited", client.submit(when_told, 1));
    const auto readers = client.map(read_published, ones);
    weir::SharedQueue<int> waiting("waiting");
    for (int n = 0; n < count; ++n) waiting.get();
    measure(trips, count, make_trips);
    measure(tasks, 20'000,
            [&] { require(client.gather(client.map(same, many)) == many, "others must go on"); });
    measure(releases, count, [&] {
      go.set();
      require(client.gather(readers) == ones, "each must have the result");
    });
    go.clear();
    weir::unpublish("awaited");
    measure(later_trips, count, make_trips);
  }
  bench::print("trip_beside_waiting_us", bench::median(trips));
  bench::print("task_beside_waiting_us", bench::median(tasks));
  bench::print("result_for_many_us", bench::median(releases));
  bench::print("trip_after_waiting_us", bench::median(later_trips));
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const int count = static_cast<int>(bench::option(argc, argv, "--tasks", 1'000));
    const long rounds = bench::option(argc, argv, "--rounds", 5);
    client.wait_for_workers(1);
    const std::vector<int> ones(static_cast<std::size_t>(count), 1);
    bench::print("lock_us", median_us(rounds, count, [&] {
                   require(client.gather(client.map(under_lock, ones)) == ones,
                           "each task must have its turn");
                 }));
    bench::print("queue_us", median_us(rounds, count, [&] {
                   const auto takers = client.map(take_one, ones);
                   weir::SharedQueue<int> queue("queue");
                   for (const int one : ones) queue.put(one);
                   require(client.gather(takers) == ones, "each task must get an element");
                 }));
    weir::Variable<int>("variable").set(1);
    bench::print("variable_us", median_us(rounds, count, [&] {
                   require(client.submit(read_often, count).result() == count, "it must be there each time");
                 }));
    bench::print("actor_call_us", median_us(rounds, count, [&] {
                   const auto counter = client.actor<Counter>(0);
                   for (int i = 1; i <= count; ++i)
                     require(counter.call(&Counter::add, 1).result() == i, "calls must come in order");
                 }));
    beside_waiting(client, rounds, std::max(1, count / 2));
  });
}
