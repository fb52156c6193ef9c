// What messages, cancellations and the end make of futures; no cluster.
#include "client/future_table.hpp"

#include <catch2/catch.hpp>

#include "weir/future.hpp"

using namespace weir;
using namespace weir::detail;
using client::FutureRef;
using client::FutureState;

namespace {

// Nobody asks it for anything; it only lets go of states.
struct Link final : client::ClusterLink {
  FutureRef submit(client::Request&&) override { return {}; }
  std::vector<FutureRef> submit_gang(std::vector<client::Request>&&, const client::GangShape&) override {
    return {};
  }
  FutureRef scatter(task::Value, const std::vector<PeerId>&) override { return {}; }
  bool wait(FutureState&, client::Deadline) override { return false; }
  bool wait_until(const std::function<bool()>&, client::Deadline) override { return false; }
  bool drive() override { return false; }
  void fetch(FutureState&, client::Deadline) override {}
  void prefetch(const std::vector<FutureState*>&) override {}
  void cancel(FutureState&, const std::string&) override {}
  void retry(FutureState&) override {}
  void on_done(FutureState&, std::function<void()>, bool) override {}
  void release(FutureState* state) noexcept override {
    table.erase(state->id);
    delete state;
  }
  client::Overseer& overseer(const char* who) override { throw Error(ErrorKind::unsupported, who); }

  client::FutureTable table;
};

struct Table {
  std::shared_ptr<Link> link = std::make_shared<Link>();
  client::FutureTable& table = link->table;
  FutureRef make() { return table.make(3, link, "submit"); }
};

}  // namespace

TEST_CASE("future_table: a result makes a future finished, a lost one pending again") {
  Table t;
  const FutureRef a = t.make(), b = t.make();
  CHECK(a->id != b->id);
  CHECK(task_client(a->id) == 3);
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(a->status == Status::finished);
  CHECK(a->holder == 7);
  CHECK(b->status == Status::pending);
  t.table.on(protocol::TaskPending{a->id});
  CHECK(a->status == Status::pending);
}

TEST_CASE("future_table: callbacks are due once, when it is done") {
  Table t;
  const FutureRef a = t.make();
  int calls = 0;
  t.table.on_done(
      *a.get(), [&] { ++calls; }, true);
  CHECK_FALSE(t.table.callbacks_due());
  CHECK(t.table.callbacks_pending() == 1);
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(t.table.callbacks_due());
  for (const client::Callback& due : t.table.take_due()) due.call();
  t.table.called();
  CHECK(calls == 1);
  CHECK_FALSE(t.table.callbacks_due());
  CHECK(t.table.callbacks_pending() == 0);
  t.table.on_done(
      *a.get(), [&] { ++calls; }, false);
  CHECK(t.table.callbacks_due());
  CHECK(t.table.callbacks_pending() == 0);
}

TEST_CASE("future_table: a bell rings when its future is settled and when its value comes") {
  Table t;
  const FutureRef a = t.make(), b = t.make();
  comm::Bell bell, other;
  t.table.await(a->id, bell);
  t.table.await(a->id, other);
  const std::uint32_t since = bell.lie_down(), others = other.lie_down();
  const auto rings = [&] {
    bell.get_up();
    return bell.lie_down() - since;
  };
  t.table.on(protocol::TaskDone{b->id, 7, 1, 100, false, {}});
  CHECK(rings() == 0);
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(rings() == 1);
  a->fetching = true;
  CHECK(t.table.on_value(a->id, task::Value::make<int>(3)));
  CHECK(rings() == 2);
  t.table.cancel(*a.get(), "not wanted");
  CHECK(rings() == 3);
  t.table.await_no_more(a->id, bell);
  t.table.retry(*a.get());
  t.table.close("the cluster has ended");
  CHECK(rings() == 3);
  CHECK(other.lie_down() - others == 4);
}

TEST_CASE("future_table: what was cancelled stays so until it is retried") {
  Table t;
  const FutureRef a = t.make();
  CHECK_FALSE(t.table.retry(*a.get()));
  CHECK(t.table.cancel(*a.get(), "not wanted"));
  CHECK_FALSE(t.table.cancel(*a.get(), "again"));
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(a->status == Status::cancelled);
  CHECK(a->failure->message == "not wanted");
  CHECK(t.table.retry(*a.get()));
  t.table.on(protocol::TaskPending{a->id, true});
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(a->status == Status::finished);
}

TEST_CASE("future_table: a retry brings another result, and the one before lives as long as the future") {
  Table t;
  const FutureRef a = t.make();
  const auto bring = [&](int number) {
    Buffer small;
    Writer writer(small);
    write(writer, number);
    t.table.on(protocol::TaskDone{a->id, 7, 1, small.size(), true, std::move(small)});
  };
  bring(1);
  const int& first = client::unpack_small<int>(*a.get());
  CHECK(t.table.cancel(*a.get(), ""));
  CHECK(t.table.retry(*a.get()));
  CHECK(first == 1);
  t.table.on(protocol::TaskPending{a->id, true});
  bring(2);
  CHECK(client::unpack_small<int>(*a.get()) == 2);
  CHECK(first == 1);
}

TEST_CASE("future_table: after a retry counts what the scheduler says once it has heard of it") {
  Table t;
  const FutureRef a = t.make();
  Failure failure;
  failure.kind = ErrorKind::cancelled;
  const auto cancelled = std::make_shared<const Failure>(failure);
  for (int i = 0; i < 2; ++i) {
    CHECK(t.table.cancel(*a.get(), "not wanted"));
    CHECK(t.table.retry(*a.get()));
  }
  // On their way: a result of before, the first cancellation, its retry, the second cancellation.
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  t.table.on(protocol::TaskFailed{a->id, cancelled});
  t.table.on(protocol::TaskPending{a->id, true});
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  t.table.on(protocol::TaskFailed{a->id, cancelled});
  CHECK(a->status == Status::pending);
  t.table.on(protocol::TaskPending{a->id, true});
  t.table.on(protocol::TaskDone{a->id, 8, 1, 100, false, {}});
  CHECK(a->status == Status::finished);
  CHECK(a->holder == 8);
}

TEST_CASE("future_table: values that are awaited from a peer that dies are looked for elsewhere") {
  Table t;
  const FutureRef a = t.make(), b = t.make();
  for (const FutureRef& each : {a, b}) t.table.on(protocol::TaskDone{each->id, 7, 1, 100, false, {}});
  a->fetching = true;
  const std::uint32_t request = protocol::ClientRequest::of(1);
  const std::vector<protocol::LocateTask> questions = t.table.on_peer_gone(7);
  REQUIRE(questions.size() == 1);
  CHECK(questions[0].id == a->id);
  CHECK(questions[0].unreachable == 7);
  CHECK(t.table.is_gone(7));
  CHECK_FALSE(t.table.is_gone(8));
  CHECK(t.table.on_missing(7, {a->id, {}, request}));
  CHECK_FALSE(t.table.on_missing(8, {a->id, {}, request}));
  CHECK_FALSE(t.table.on_missing(7, {b->id, {}, request}));
  CHECK_FALSE(t.table.on_value(b->id, {}));
  CHECK(t.table.on_value(a->id, {}));
}

TEST_CASE("future_table: what was refused to a request for an earlier run, or to a worker, is no answer") {
  using protocol::ClientRequest;
  Table t;
  const FutureRef a = t.make();
  t.table.on(protocol::TaskDone{a->id, 7, 1, 100, false, {}});
  CHECK(t.table.run_of(a->id) == 1);
  t.table.on(protocol::TaskPending{a->id});
  t.table.on(protocol::TaskDone{a->id, 7, 2, 100, false, {}});
  CHECK(t.table.run_of(a->id) == 2);
  a->fetching = true;
  CHECK_FALSE(t.table.on_missing(7, {a->id, {}, ClientRequest::of(1)}));
  CHECK_FALSE(t.table.on_missing(7, {a->id, {}, 2}));
  const auto question = t.table.on_missing(7, {a->id, {}, ClientRequest::of(2)});
  REQUIRE(question);
  CHECK(question->unreachable == 7);
  CHECK(question->run == 2);
  CHECK(t.table.on_peer_gone(7).at(0).run == 2);
}

TEST_CASE("future_table: the end fails what is pending, keeps what is here, and makes nothing more") {
  Table t;
  const FutureRef pending = t.make(), here = t.make();
  t.table.on(protocol::TaskDone{here->id, 7, 1, 1, true, {}});
  t.table.close("the cluster has ended");
  CHECK(pending->status == Status::error);
  CHECK(pending->failure->message == "the cluster has ended");
  CHECK(here->status == Status::finished);
  t.table.on(protocol::TaskDone{pending->id, 7, 1, 1, true, {}});
  CHECK(pending->status == Status::error);
  CHECK_THROWS_WITH(t.make(), "submit: the cluster has ended");
  CHECK_THROWS_WITH(t.table.require_open("workers"), "workers: the cluster has ended");
}
