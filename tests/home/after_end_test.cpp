// Clients and futures that outlive the cluster, and clusters in clusters.
#include <catch2/catch.hpp>

#include <numeric>

#include "weir/as_completed.hpp"
#include "weir/run.hpp"

using namespace weir;

namespace {

int one() { return 1; }
int next(int x) { return x + 1; }
int sum(const std::vector<int>& all) { return std::accumulate(all.begin(), all.end(), 0); }

template <class F>
std::string sentence(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("a client that outlives its cluster answers with a sentence") {
  std::optional<Client> kept;
  Future<int> result;
  CHECK(run(0, nullptr, [&](Client& client) {
          kept = client;
          result = client.submit(one);
          CHECK(result.result() == 1);
          CHECK(sentence([&] { (void)run(0, nullptr, [](Client&) {}); }) ==
                "weir::run: this process is in a cluster already; use the client that the body was given, or "
                "Client::current()");
          CHECK(sentence([&] { (void)Client::connect("another.json"); }) ==
                "Client::connect: this process is in a cluster already, and can be in one at a time; use "
                "Client::current(), or a program of its own for the other one");
        }) == 0);
  CHECK(result.result() == 1);
  CHECK(sentence([&] { (void)kept->workers(); }) == "workers: the cluster has ended");
  CHECK(sentence([&] { (void)kept->snapshot(); }) == "snapshot: the cluster has ended");
  CHECK(sentence([&] { (void)kept->who_has(result); }) == "who_has: the cluster has ended");
  CHECK(sentence([&] { (void)kept->explain(result); }) == "explain: the cluster has ended");
  CHECK(sentence([&] { kept->retire(1); }) == "retire: the cluster has ended");
  CHECK(sentence([&] { kept->restart(); }) == "restart: the cluster has ended");
  CHECK(sentence([&] { kept->wait_for_workers(1); }) == "wait_for_workers: the cluster has ended");
  CHECK(sentence([&] { (void)kept->broadcast(1); }) == "workers: the cluster has ended");
  CHECK(sentence([&] { (void)kept->submit(one); }) == "submit: the cluster has ended");
}

TEST_CASE("a task of a cluster that has ended is no input of another") {
  Future<int> earlier, scattered;
  std::vector<Future<int>> several;
  CHECK(run(0, nullptr, [&](Client& client) {
          earlier = client.submit(one);
          several = client.map(next, std::vector<int>{1, 2, 3});
          scattered = client.scatter(5);
          earlier.wait();
        }) == 0);
  CHECK(
      run(0, nullptr, [&](Client& client) {
        // As many tasks as there were: their ids are the same.
        const auto others = client.map(next, std::vector<int>{10, 20, 30, 40, 50});
        CHECK(client.gather(others) == std::vector<int>{11, 21, 31, 41, 51});
        const std::string rule =
            "an argument must be a future, or something persisted, of this cluster (got one of a cluster "
            "that has ended, such as that of an earlier weir::run); make it again here, or bring its result "
            "before the end";
        CHECK(sentence([&] { (void)client.submit(next, earlier); }) == rule);
        CHECK(sentence([&] { (void)client.submit(sum, several); }) == rule);
        CHECK(sentence([&] { (void)client.submit(next, scattered); }) == rule);
        CHECK(sentence([&] { (void)client.map(next, several); }) == rule);
        CHECK(sentence([&] { (void)earlier.then(next); }) == rule);
        CHECK(sentence([&] { (void)client.submit(next, others[0]).result(); }) == "nothing was thrown");
      }) == 0);
}

TEST_CASE("a future of no task is refused by name") {
  const std::string rest =
      ": it belongs to no task (default-constructed or moved from); use what client.submit returned";
  CHECK(sentence([] { (void)as_completed(std::vector<Future<int>>{Future<int>()}); }) ==
        "as_completed" + rest);
  CHECK(sentence([] { Future<int>().result(); }) == "future" + rest);
}
