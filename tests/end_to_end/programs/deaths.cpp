// Jobs whose workers die: `deaths SCENARIO FOLDER [SEED]`. Exit status 0 if every answer is right; a sentence
// on stderr and 1 if one is not.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <thread>
#include <weir/weir.hpp>

namespace {

using weir::Client;
using weir::Future;
using Clock = std::chrono::steady_clock;
using Numbers = std::vector<std::uint64_t>;
constexpr std::size_t load_size = 1'000'000;

void require(bool holds, const std::string& rule) {
  if (!holds) throw std::runtime_error("deaths: " + rule);
}

// --- what runs on workers

int process_id() { return getpid(); }

void compute(int us) {
  const auto end = Clock::now() + std::chrono::microseconds(us);
  while (Clock::now() < end) {
  }
}

/// True the first time somebody asks, whichever process it is.
bool is_first(const std::string& flag) {
  const int file = open(flag.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

int volatile* nowhere = nullptr;

void die(const std::string& how) {
  if (how == "kill") raise(SIGKILL);
  if (how == "segv") *nowhere = 1;
  if (how == "abort") std::abort();
  if (how == "_exit") _exit(3);
  if (how == "exit") std::exit(3);
}

/// With a large argument, which the next run needs again.
int die_once(int x, Numbers load, std::string how, std::string flag) {
  compute(200);
  if (is_first(flag)) die(how);
  return load == Numbers(load_size, 9) ? x : -1;
}

int die_always(int) {
  raise(SIGKILL);
  return 0;
}

int identity(int x) {
  compute(300);
  return x;
}
int endless(int) {
  for (;;) compute(1000);
}
std::uint64_t twice(std::uint64_t x) { return 2 * x; }

Numbers large(std::uint64_t seed, std::uint64_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), seed);
  return numbers;
}

std::uint64_t digest(const Numbers& numbers) {
  std::uint64_t sum = numbers.size();
  for (const std::uint64_t number : numbers) sum = (sum ^ number) * 1099511628211u;
  return sum;
}

Numbers mix(std::uint64_t seed, std::uint64_t size, int us, const std::vector<Numbers>& inputs) {
  compute(us);
  std::uint64_t state = seed;
  for (const Numbers& input : inputs) state = state * 31 + digest(input);
  Numbers numbers(size);
  for (std::uint64_t& number : numbers) number = state = state * 6364136223846793005u + 1442695040888963407u;
  return numbers;
}

std::uint64_t fib(std::uint64_t n, std::string flag) {
  if (n == 9 && is_first(flag)) raise(SIGKILL);
  if (n < 2) return n;
  Client client = Client::current();
  const auto a = client.submit(fib, n - 1, flag);
  const auto b = client.submit(fib, n - 2, flag);
  return a.result() + b.result();
}

// --- the hand that kills

class Hand {
 public:
  explicit Hand(Client& client) : client_(client) {
    const std::vector<weir::WorkerInfo> workers = client.workers();
    const std::vector<int> pids = client.gather(client.run_on_workers(process_id));
    for (std::size_t i = 0; i < workers.size(); ++i) pids_[workers[i].peer] = pids[i];
    for (const int pid : pids) std::cout << "pid=" << pid << '\n' << std::flush;
  }
  void kill(weir::PeerId worker, int signal = SIGKILL) {
    require(::kill(pids_.at(worker), signal) == 0,
            "worker " + std::to_string(worker) + " is not there to be killed");
  }
  [[nodiscard]] std::vector<weir::PeerId> workers() const {
    std::vector<weir::PeerId> all;
    for (const auto& [worker, pid] : pids_) all.push_back(worker);
    return all;
  }
  /// Drives the cluster until the condition holds.
  template <class Condition>
  void until(Condition condition, const std::string& what,
             std::chrono::seconds most = std::chrono::seconds(20)) {
    require(client_.core()->wait_until(condition, Clock::now() + most), what + " has not happened");
  }
  void until_noticed(std::size_t left) {
    until([&] { return client_.workers().size() == left; }, "the loss of a worker");
  }

 private:
  Client& client_;
  std::map<weir::PeerId, int> pids_;
};

struct Context {
  Client& client;
  std::string folder;
  std::uint64_t seed;
  [[nodiscard]] std::string flag(const std::string& name) const { return folder + "/" + name; }
};

weir::Options on(weir::PeerId worker) {
  return {.workers = {std::to_string(worker)}, .allow_other_workers = true};
}

// --- scenarios

/// One of 300 tasks ends its worker, once.
void from_inside(Context& at, const std::string& how) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 300; ++i)
    futures.push_back(i == 20 ? at.client.submit(die_once, i, Numbers(load_size, 9), how, at.flag("once"))
                              : at.client.submit(identity, i));
  const std::vector<int> results = at.client.gather(futures);
  for (int i = 0; i < 300; ++i) require(results[i] == i, "a result is wrong");
  require(at.client.snapshot().workers_lost == 1, "one worker was to be lost");
}

/// The holder of a large result dies while it is on its way to another worker.
void while_sending(Context& at) {
  Hand hand(at.client);
  std::mt19937_64 random(at.seed);
  std::vector<weir::PeerId> workers = hand.workers();
  while (workers.size() > 1) {
    const weir::PeerId victim = workers.back(), reader = workers.front();
    workers.pop_back();
    std::vector<Future<Numbers>> values;
    for (int i = 0; i < 2; ++i)
      values.push_back(at.client.submit(on(victim), large, at.seed + i, std::uint64_t{8} << 20));
    at.client.wait(values);
    std::vector<Future<std::uint64_t>> digests;
    for (const auto& value : values) digests.push_back(at.client.submit(on(reader), digest, value));
    const auto moment = Clock::now() + std::chrono::microseconds(random() % 40000);
    hand.until([&] { return Clock::now() >= moment; }, "the moment");
    hand.kill(victim);
    for (int i = 0; i < 2; ++i)
      require(digests[i].result() == digest(large(at.seed + i, std::uint64_t{8} << 20)), "a digest is wrong");
  }
}

/// The holder of a large result dies while rank 0 fetches it.
void while_fetching(Context& at) {
  Hand hand(at.client);
  std::mt19937_64 random(at.seed);
  for (const weir::PeerId victim : hand.workers()) {
    if (victim == hand.workers().back()) break;
    const auto value = at.client.submit(on(victim), large, at.seed, std::uint64_t{16} << 20);
    value.wait();
    std::thread killer([&, moment = Clock::now() + std::chrono::microseconds(random() % 30000)] {
      while (Clock::now() < moment) std::this_thread::yield();
      hand.kill(victim);
    });
    const bool is_right = value.result() == large(at.seed, std::uint64_t{16} << 20);
    killer.join();
    require(is_right, "a fetched value is wrong");
  }
}

/// The worker that reads dies, again and again; the holder stays.
void while_receiving(Context& at) {
  Hand hand(at.client);
  std::mt19937_64 random(at.seed);
  const std::vector<weir::PeerId> workers = hand.workers();
  const auto value = at.client.submit(on(workers.front()), large, at.seed, std::uint64_t{16} << 20);
  value.wait();
  for (std::size_t i = 1; i < workers.size(); ++i) {
    const auto sum = at.client.submit(on(workers[i]), digest, value);
    const auto moment = Clock::now() + std::chrono::microseconds(random() % 40000);
    hand.until([&] { return Clock::now() >= moment; }, "the moment");
    hand.kill(workers[i]);
    require(sum.result() == digest(large(at.seed, std::uint64_t{16} << 20)), "a digest is wrong");
  }
}

/// Finished results had one copy, on the worker that dies.
void only_holder(Context& at) {
  Hand hand(at.client);
  std::vector<Future<Numbers>> values;
  std::vector<Future<Numbers>> chains;
  for (std::uint64_t i = 0; i < 50; ++i) {
    values.push_back(at.client.submit(on(hand.workers().front()), large, i, 5000));
    chains.push_back(at.client.submit(on(hand.workers().front()), mix, i, 4000, 10,
                                      std::vector<Future<Numbers>>{values.back()}));
  }
  at.client.wait(chains);
  hand.kill(hand.workers().front());
  for (std::uint64_t i = 0; i < 50; ++i)
    require(chains[i].result() == mix(i, 4000, 0, {large(i, 5000)}), "a recomputed result is wrong");
  for (std::uint64_t i = 0; i < 50; ++i)
    require(values[i].result() == large(i, 5000), "a recomputed result is wrong");
  require(at.client.snapshot().workers_lost == 1, "one worker was to be lost");
}

/// All workers but one are killed, one after the other, under load.
void all_but_one(Context& at) {
  Hand hand(at.client);
  std::vector<int> numbers(2000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto futures = at.client.map(identity, numbers);
  const std::vector<weir::PeerId> workers = hand.workers();
  for (std::size_t i = 0; i + 1 < workers.size(); ++i) {
    const auto& next = futures[(i + 1) * 150];
    hand.until([&] { return next.done(); }, "a task");
    hand.kill(workers[i]);
  }
  require(at.client.gather(futures) == numbers, "a result is wrong");
  require(at.client.snapshot().workers_lost == workers.size() - 1, "all workers but one were to be lost");
}

/// All at once but one.
void together(Context& at) {
  Hand hand(at.client);
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto futures = at.client.map(identity, numbers);
  hand.until([&] { return futures[50].done(); }, "a task");
  const std::vector<weir::PeerId> workers = hand.workers();
  for (std::size_t i = 0; i + 1 < workers.size(); ++i) hand.kill(workers[i]);
  require(at.client.gather(futures) == numbers, "a result is wrong");
}

template <class F>
std::string error_of(weir::ErrorKind kind, F f) {
  try {
    f();
  } catch (const weir::Error& error) {
    require(error.kind() == kind,
            "the error has the kind " + std::string(to_string(error.kind())) + ": " + error.what());
    return error.what();
  }
  throw std::runtime_error("deaths: there was to be an error");
}

/// Nobody is left: every question is answered with an error.
void all_of_them(Context& at) {
  Hand hand(at.client);
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto data = at.client.submit(on(1), large, 1, 100000);
  auto futures = at.client.map(identity, numbers);
  futures.push_back(
      at.client.submit(endless, futures.back()));  // whatever the others have done when the workers die
  const auto after = at.client.submit(identity, futures.back());
  hand.until([&] { return data.done() && futures[10].done(); }, "a task");
  for (const weir::PeerId worker : hand.workers()) hand.kill(worker);
  std::cout << error_of(weir::ErrorKind::worker_lost, [&] { at.client.gather(futures); }) << '\n';
  error_of(weir::ErrorKind::worker_lost, [&] { after.result(); });
  error_of(weir::ErrorKind::worker_lost, [&] { data.result(); });
  error_of(weir::ErrorKind::worker_lost, [&] { at.client.submit(identity, 1).result(); });
  error_of(weir::ErrorKind::worker_lost, [&] { at.client.submit(on(1), identity, 1).result(); });
  error_of(weir::ErrorKind::closed, [&] { (void)at.client.scatter(5); });
  error_of(weir::ErrorKind::timeout, [&] { at.client.wait_for_workers(1, "50ms"); });
  require(at.client.run_on_workers(process_id).empty(), "there were to be no workers");
}

/// Data without a function cannot be computed again.
void scattered_data(Context& at) {
  Hand hand(at.client);
  const std::vector<weir::PeerId> workers = hand.workers();
  const auto lost = at.client.scatter(large(1, 1000), {workers[0]});
  const auto kept = at.client.scatter(large(2, 1000), {workers[0], workers[1]});
  const auto everywhere = at.client.broadcast(large(3, 1000));
  at.client.wait(std::vector{lost, kept, everywhere});
  hand.until(
      [&] {
        return at.client.who_has(kept).size() == 2 && at.client.who_has(everywhere).size() == workers.size();
      },
      "copies of the data");
  hand.kill(workers[0]);
  hand.until_noticed(workers.size() - 1);
  std::cout << error_of(weir::ErrorKind::worker_lost, [&] { at.client.submit(digest, lost).result(); })
            << '\n';
  std::cout << error_of(weir::ErrorKind::worker_lost, [&] { lost.result(); }) << '\n';
  require(at.client.submit(digest, kept).result() == digest(large(2, 1000)), "data with two copies is wrong");
  require(everywhere.result() == large(3, 1000), "broadcast data is wrong");
}

/// One task kills every worker it runs on; the tasks around it only stand beside it.
void innocent(Context& at) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 400; ++i) futures.push_back(at.client.submit(identity, i));
  const auto guilty = at.client.submit(weir::Options{.priority = 1, .name = "guilty"}, die_always, 1);
  for (int i = 400; i < 800; ++i) futures.push_back(at.client.submit(identity, i));
  const auto blamed = at.client.submit(identity, guilty);
  const std::vector<int> results = at.client.gather(futures);
  for (int i = 0; i < 800; ++i) require(results[i] == i, "a result is wrong");
  std::cout << error_of(weir::ErrorKind::worker_lost, [&] { guilty.result(); }) << '\n';
  std::cout << error_of(weir::ErrorKind::worker_lost, [&] { blamed.result(); }) << '\n';
  require(at.client.snapshot().workers_lost == 3, "three workers were to be lost");
}

/// A stopped process says nothing: seen after 1.5 s, and not as late as its silence would be, after 10.
void silent(Context& at) {
  Hand hand(at.client);
  std::vector<int> numbers(2000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto futures = at.client.map(identity, numbers);
  hand.until([&] { return futures[50].done(); }, "a task");
  const auto start = Clock::now();
  hand.kill(hand.workers().front(), SIGSTOP);
  hand.until_noticed(hand.workers().size() - 1);
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::cout << "noticed within " << took << " s\n";
  require(took < 6, "the silence of a worker was noticed after " + std::to_string(took) + " s");
  require(at.client.gather(futures) == numbers, "a result is wrong");
}

/// Nothing runs when it happens.
void idle(Context& at) {
  Hand hand(at.client);
  hand.kill(hand.workers().back());
  hand.until_noticed(hand.workers().size() - 1);
  require(at.client.submit(twice, 21).result() == 42, "a result is wrong");
}

/// The worker whose tasks have submitted tasks dies, and with it their futures.
void nested(Context& at) {
  require(at.client.submit(fib, 12, at.flag("once")).result() == 144, "the number is wrong");
}

/// What was asked of a worker itself fails with it.
void asked_of_it(Context& at) {
  Hand hand(at.client);
  const auto futures =
      at.client.run_on_workers(die_once, 7, Numbers(load_size, 9), std::string("kill"), at.flag("once"));
  int lost = 0;
  for (const auto& future : futures) {
    hand.until([&] { return future.done(); }, "an answer");
    if (future.exception()) ++lost;
    else require(future.result() == 7, "an answer is wrong");
  }
  require(lost == 1, "one answer was to be lost");
}

// --- random graphs

struct Step {
  std::uint64_t seed, size;
  int us;
  std::vector<std::size_t> inputs;
};

std::vector<Step> random_steps(std::mt19937_64& random, std::size_t count) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < count; ++i) {
    Step step{random(), 1 + random() % 100, static_cast<int>(random() % 2000), {}};
    if (random() % 8 == 0) step.size = random() % 60000;
    for (std::size_t k = i ? random() % 4 : 0; k > 0; --k)
      step.inputs.push_back(i - 1 - random() % std::min<std::size_t>(i, 30));
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<std::uint64_t> oracle(const std::vector<Step>& steps) {
  std::vector<Numbers> values;
  std::vector<std::uint64_t> digests;
  for (const Step& step : steps) {
    std::vector<Numbers> inputs;
    for (const std::size_t input : step.inputs) inputs.push_back(values[input]);
    values.push_back(mix(step.seed, step.size, 0, inputs));
    digests.push_back(digest(values.back()));
  }
  return digests;
}

/// A random graph, some of whose futures are dropped, while all workers but one are killed at random moments.
void random_graph(Context& at) {
  Hand hand(at.client);
  std::mt19937_64 random(at.seed);
  const std::vector<Step> steps = random_steps(random, 400);
  std::atomic<std::size_t> done{0};
  std::vector<weir::PeerId> victims = hand.workers();
  std::shuffle(victims.begin(), victims.end(), random);
  victims.pop_back();
  std::vector<std::size_t> moments;
  for (std::size_t i = 0; i < victims.size(); ++i) moments.push_back(random() % steps.size());
  std::sort(moments.begin(), moments.end());
  std::thread killer([&] {
    for (std::size_t i = 0; i < victims.size(); ++i) {
      while (done < moments[i]) std::this_thread::yield();
      hand.kill(victims[i]);
    }
  });
  std::vector<Future<Numbers>> values;
  std::vector<Future<std::uint64_t>> digests;
  for (const Step& step : steps) {
    std::vector<Future<Numbers>> inputs;
    for (const std::size_t input : step.inputs) inputs.push_back(values[input]);
    values.push_back(at.client.submit(mix, step.seed, step.size, step.us, inputs));
    digests.push_back(at.client.submit(digest, values.back()));
    digests.back().on_done([&done](const auto&) { ++done; });
  }
  values.clear();
  std::vector<std::uint64_t> results;
  try {
    results = at.client.gather(digests);
  } catch (...) {
    done = steps.size();
    killer.join();
    throw;
  }
  done = steps.size();
  killer.join();
  require(results == oracle(steps), "a digest is wrong");
}

// --- gangs: with four workers or more

// Rank 1 dies for the first time before `step` calls: before it has met the others, among them, or with all
// of them through and nothing left but to give its result.
int sum_in_gang(weir::Gang& gang, int step, std::string flag) {
  const auto may_die = [&](int now) {
    if (now == step && gang.rank() == 1 && is_first(flag)) die("kill");
  };
  may_die(0);
  gang.barrier();
  may_die(1);
  const int sum = gang.allreduce(gang.rank() + 1);
  may_die(2);
  gang.barrier();
  may_die(3);
  return sum;
}
// The others are where no Gang can tell them, as in a call of MPI.
int stuck_in_gang(weir::Gang& gang, std::string flag) {
  gang.barrier();
  const bool is_first_time = gang.rank() == 1 ? is_first(flag) : false;
  const bool all_first = gang.broadcast(is_first_time, 1);
  if (all_first && gang.rank() == 1) raise(SIGKILL);
  if (all_first && gang.rank() == 0)
    for (;;) pause();
  return gang.allreduce(gang.rank() + 1);
}
int always_in_gang(weir::Gang& gang) {
  gang.barrier();
  if (gang.rank() == 1) raise(SIGKILL);
  return gang.allreduce(1);
}

void gang_dies(Context& at) {
  std::vector<Future<int>> others = at.client.map(identity, std::vector<int>(200, 7));
  for (int step = 0; step < 4; ++step) {
    const auto sum =
        at.client.submit(weir::gang{3}, sum_in_gang, step, at.folder + "/gang" + std::to_string(step));
    const auto input = at.client.submit([](int x) { return x; }, sum);
    require(input.result() == 6, "the gang's sum is wrong");
  }
  for (const int x : at.client.gather(others)) require(x == 7, "a task beside the gang is wrong");
}
void gang_stuck(Context& at) {
  const auto start = Clock::now();
  const auto sum = at.client.submit(weir::gang{2}, stuck_in_gang, at.folder + "/gang");
  require(sum.result() == 3, "the gang's sum is wrong");
  require(Clock::now() - start >= std::chrono::seconds(4), "nobody waited for the one that was stuck");
}
void gang_kills(Context& at) {
  try {
    static_cast<void>(at.client.submit(weir::gang{2}, always_in_gang).result());
    require(false, "a gang that kills its workers has a result");
  } catch (const weir::TaskError& error) {
    std::cout << error.what() << '\n';
  }
}

// --- scenarios of the rank-0 kind, ended from outside

void forever(Context& at) {
  Hand hand(at.client);
  std::cout << "pid=" << getpid() << '\n';
  std::vector<int> numbers(100'000);
  const auto futures = at.client.map(identity, numbers);
  hand.until([&] { return futures[50].done(); }, "a task");
  std::cout << "running" << std::endl;
  at.client.gather(futures);
}

const std::map<std::string, void (*)(Context&)> scenarios{
    {"while_sending", while_sending},
    {"while_fetching", while_fetching},
    {"while_receiving", while_receiving},
    {"only_holder", only_holder},
    {"all_but_one", all_but_one},
    {"together", together},
    {"all_of_them", all_of_them},
    {"scattered_data", scattered_data},
    {"innocent", innocent},
    {"silent", silent},
    {"idle", idle},
    {"nested", nested},
    {"asked_of_it", asked_of_it},
    {"random_graph", random_graph},
    {"gang_dies", gang_dies},
    {"gang_stuck", gang_stuck},
    {"gang_kills", gang_kills},
    {"forever", forever},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string scenario = argc > 1 ? argv[1] : "", folder = argc > 2 ? argv[2] : ".";
  return weir::run(argc, argv, [&](Client& client) {
    const char* ranks = std::getenv("OMPI_COMM_WORLD_SIZE");
    client.wait_for_workers(ranks ? std::strtoul(ranks, nullptr, 10) - 1 : 1);
    Context at{client, folder, argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1};
    if (const auto found = scenarios.find(scenario); found != scenarios.end()) found->second(at);
    else from_inside(at, scenario);
    std::cout << "right" << std::endl;
  });
}
