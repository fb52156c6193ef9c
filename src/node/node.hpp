// Node: what the scheduler's process and the workers have in common: a transport, boxes of outgoing messages,
// a helper thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <thread>

#include "client/asking.hpp"
#include "client/future_table.hpp"
#include "comm/transport.hpp"
#include "core/crowd.hpp"
#include "core/log.hpp"
#include "node/baton.hpp"
#include "node/whereabouts.hpp"
#include "protocol/codec.hpp"

namespace weir::detail::node {

using Clock = std::chrono::steady_clock;

/// How a node waits when there is nothing to do: it polls without sleeping for a while, then sleeps until it
/// is rung for. What does not ring is looked for.
struct Patience {
  std::chrono::microseconds spin{200};      ///< Polls without sleeping for so long.
  std::chrono::microseconds nap{50};        ///< Sleeps so long between these polls, or longer ...
  std::chrono::microseconds long_nap{500};  ///< ... up to this, where `Node::nap` says so.
  /// Then sleeps at most so long: what only a clock tells comes so late ...
  std::chrono::milliseconds sleep{20};
  std::chrono::milliseconds long_sleep{100};  ///< ... and so late after a second of silence ...
  std::chrono::milliseconds quiet{250};       ///< ... if there are no tasks either ...
  std::chrono::milliseconds alone{1000};      ///< ... or nobody who could run them.
  std::chrono::microseconds doze{50};         ///< Where not all peers ring: sleeps so long between polls ...
  std::chrono::milliseconds dozing{20};       ///< ... until so long after the last event ...
  std::chrono::microseconds look{1900};       ///< ... then so long ...
  std::chrono::milliseconds rare{10};         ///< ... and so long after five seconds of silence.
};

/// Sends, receives and waits for a state machine, and for the futures of this process.
///
/// **Threads.** Public functions: any. Protected ones: under the baton.
class Node : public client::ClusterLink,
             public client::Asking,
             public std::enable_shared_from_this<Node>,
             protected comm::Receiver {
 public:
  Node(comm::Transport& transport, Patience patience) : transport_(transport), patience_(patience) {}
  ~Node() override { stop_helper(); }
  client::FutureRef submit(client::Request&& request) override;
  std::vector<client::FutureRef> submit_gang(std::vector<client::Request>&& ranks,
                                             const client::GangShape& shape) override;
  client::FutureRef scatter(task::Value value, const std::vector<PeerId>& workers) override;
  bool wait(client::FutureState& state, client::Deadline deadline) override;
  bool wait_until(const std::function<bool()>& ready, client::Deadline deadline) override;
  bool drive() override;
  /// Polls in a thread of another node of this process, if there is mail and nobody has polled for so long.
  /// Callbacks of futures are left to this node's own threads. Whether something happened.
  bool drive_for_another(std::chrono::nanoseconds patience);
  void fetch(client::FutureState& state, client::Deadline deadline) override;
  void prefetch(const std::vector<client::FutureState*>& states) override;
  void cancel(client::FutureState& state, const std::string& reason) override;
  void retry(client::FutureState& state) override;
  void on_done(client::FutureState& state, std::function<void()> done, bool awaited) override;
  void release(client::FutureState* state) noexcept override;
  protocol::Answer ask(protocol::Ask ask, client::Deadline deadline) override;
  void tell(protocol::Ask ask) override;
  /// The task has been told to stop: if it waits, it looks.
  void call_waiting(TaskId id);

 protected:
  // How this node reaches the scheduler and those that have results.
  [[nodiscard]] virtual PeerId self() const = 0;
  virtual void to_scheduler(protocol::SubmitTask&& message) = 0;
  virtual void to_scheduler(const protocol::ReleaseTask& message) = 0;
  virtual void to_scheduler(const protocol::CancelFuture& message) = 0;
  virtual void to_scheduler(const protocol::RetryFuture& message) = 0;
  virtual void to_scheduler(const protocol::LocateTask& message) = 0;
  virtual void to_scheduler(const protocol::AwaitsDone& message) = 0;
  virtual void to_scheduler(protocol::Ask&& message) = 0;
  virtual void to_scheduler(const protocol::Unask& message) = 0;
  virtual void ask_for(PeerId holder, TaskId id, std::uint16_t run) = 0;
  /// The result, if its holder is in this process and can give it at once.
  [[nodiscard]] virtual task::Value result_here(PeerId, TaskId) { return {}; }
  virtual void put(TaskId id, task::Value value, const std::vector<PeerId>& workers) = 0;
  /// After a submission: sends what should not wait.
  virtual void submitted() = 0;
  /// No task is made any more, and none of those there are is an input. Under the baton.
  void close_futures(const std::string& reason);
  /// Runs this task in the calling thread, which waits for it, if it is the next of a worker in this process.
  virtual bool run_here(TaskId) { return false; }

  /// Takes the baton; when it is given back, the callbacks of futures that are done now are called.
  class Hold {
   public:
    explicit Hold(Node& node) : node_(node) { node_.baton_.lock(); }
    Hold(Node& node, std::adopt_lock_t) : node_(node) {}
    Hold(const Hold&) = delete;
    ~Hold() { node_.give_back(); }

   private:
    Node& node_;
  };

  /// Throws `Error{closed}`, which begins with `who`, once the cluster has ended. Any thread.
  void require_open(const char* who) {
    Hold hold(*this);
    futures_.require_open(who);
  }
  /// The value that the message has, not read yet.
  [[nodiscard]] static task::Value unpacked(protocol::SmallResult& message);
  void on_answer(protocol::Answer&& answer);
  /// The cluster ends: nobody is answered any more.
  void close_asks();
  void on_missing(PeerId from, const protocol::ResultMissing& message);
  void on_peer_gone(PeerId peer);

  /// Appends a message for a peer. It leaves at once if the link is idle, with others if a send is in flight.
  template <class Message>
  void post(PeerId to, const Message& message) {
    if constexpr (protocol::has_beside<Message>)
      if (message.beside.value) return post_value(to, message, message.beside.value);
    Box& box = box_of(to);
    encode(to, box.bytes, message);
    if constexpr (!protocol::is_sign_of_life<Message>) box.is_urgent = true;
    make_due(to, box);
    if (box.bytes.size() >= frame_bytes) send_box(to);
  }
  /// The same for what can wait: it leaves with the next message to this peer, when a poll has found nothing,
  /// or with many of its kind.
  template <class Message>
  void post_later(PeerId to, const Message& message) {
    Box& box = box_of(to);
    encode(to, box.bytes, message);
    box.is_urgent = true;
    if (box.bytes.size() >= most_late_bytes) make_due(to, box);
    if (box.is_due || box.is_listed) return;
    late_.push_back(to);
    box.is_listed = true;
  }
  /// A message and the value it carries; after all earlier ones to this peer.
  template <class Message>
  void post_value(PeerId to, const Message& message, task::Value value) {
    if (to < boxes_.size() && !boxes_[to].bytes.empty()) send_box(to);
    comm::Frame frame;
    encode(to, frame.head, message);
    frame.values.push_back(std::move(value));
    transport_.send(to, std::move(frame));
  }
  /// What has been posted for this peer leaves, whatever is on its way to it.
  void send_box(PeerId to);
  [[nodiscard]] std::size_t pending_bytes(PeerId to) const {
    return to < boxes_.size() ? boxes_[to].bytes.size() : 0;
  }
  /// Everything that no earlier message is in the way of leaves, also what can wait.
  void flush();
  /// The same without that.
  void flush_due();
  /// Waits, at most so long, until everything has left.
  void flush_all(std::chrono::milliseconds most);

  /// Polls once, under the baton. Returns whether something happened; that peers live is nothing that keeps a
  /// thread awake.
  bool progress();
  /// `wait_until` something about the future of a task; 0: of none. `told`: is rung when it is ready; null:
  /// that the future is settled tells, or only looking.
  bool wait_for(TaskId awaited, const std::function<bool()>& ready, client::Deadline deadline,
                comm::Bell* told = nullptr);
  /// The same; throws `Error{timeout}` when the time limit of the task that waits is over.
  bool wait_within_limit(TaskId awaited, const std::function<bool()>& ready, client::Deadline deadline);
  /// Calls `handle(message)` for every message of `List` in a frame that has arrived, with its value as
  /// second argument if it has one. Whatever makes no sense ends the frame and is logged with `name()`.
  template <class List, class Handle, class Name>
  void each_message(comm::Frame& frame, Handle&& handle, Name&& name) {
    Reader reader(frame.head.bytes());
    std::size_t value = 0;
    const auto next_value = [&]() -> task::Value& {
      if (value == frame.values.size())
        throw Error(ErrorKind::protocol, "frame: a message without its value");
      return frame.values[value++];
    };
    const auto hear = [&]<class Message, class... Value>(Message&& message, Value&&... carried) {
      (protocol::is_sign_of_life<Message> ? heard_life_ : heard_work_) = true;
      handle(std::move(message), std::move(carried)...);
    };
    try {
      while (reader.left()) protocol::decode<List>(reader, hear, next_value);
    } catch (const Error& error) {
      log::error("a message of {} cannot be read: {}", name(), error.what());
    }
  }
  /// Called by every `progress`, after answers have left. `is_busy`: something has just come after a silence,
  /// so that what only a clock asks for is for the next call.
  virtual void tick(Clock::time_point now, bool is_busy) = 0;
  /// This thread, which runs no task, is about to wait until `ready()`; it has waited.
  virtual void before_waiting(const std::function<bool()>&) {}
  virtual void after_waiting() noexcept {}
  /// A thread that runs no task waits: tasks may wait for such threads, and have all slots.
  virtual void look_for_stuck() {}
  /// For how long who polls without sleeping should sleep between two polls: nothing that may arrive is
  /// urgent, and somebody else needs the core. 0: not at all. Not under the baton.
  virtual std::chrono::nanoseconds nap() { return {}; }
  /// The task for which a thread that runs none submits; 0: none that is known.
  [[nodiscard]] virtual TaskId on_behalf() const { return 0; }

  /// One thread's waiting: between two polls that found nothing it is called, not under the baton.
  class Rest {
   public:
    /// `whereabouts`: of this thread.
    Rest(Node& node, Whereabouts& whereabouts) : node_(node), whereabouts_(whereabouts) {
      whereabouts_.note_awake();
    }
    explicit Rest(Node& node) : Rest(node, node.whereabouts_) {}
    Rest(const Rest&) = delete;
    ~Rest() {
      get_up();
      if (has_slept_ && node_.helper_sleeps_long_.load(std::memory_order_seq_cst))
        node_.helper_bell_.ring();  // nobody may poll from now on
    }
    /// Spins, lies down or sleeps a little, not longer than `most`; `idle` is how long nothing has happened.
    void operator()(std::chrono::nanoseconds idle, std::chrono::nanoseconds most = std::chrono::hours(1));
    /// Something has happened.
    void get_up();
    [[nodiscard]] bool is_down() const noexcept { return is_down_; }

   private:
    void spin();
    void leave_if_shared();
    [[nodiscard]] std::chrono::nanoseconds patience(std::chrono::nanoseconds idle) const;

    Node& node_;
    Whereabouts& whereabouts_;
    bool is_down_ = false, has_slept_ = false;
    std::uint32_t since_ = 0;  // it lay down ...
    std::int64_t polled_ = 0;  // ... and the last poll before that
    unsigned spins_ = 0;
  };
  /// Callbacks of futures are due, and this thread does not call them when it gives the baton back.
  void leave_callbacks() {
    if (futures_.callbacks_due()) helper_bell_.ring();
  }
  /// Wakes the threads that rest.
  void wake() {
    if (resting_.load(std::memory_order_relaxed) > 0) transport_.wake();
  }

  void start_helper();
  void stop_helper();
  /// How late nobody minds what only a clock tells, after a second of silence.
  void note_quiet(std::chrono::milliseconds most) { silent_.store(most, std::memory_order_relaxed); }

  comm::Transport& transport_;
  Patience patience_;
  Baton baton_;
  Whereabouts whereabouts_{transport_};
  client::FutureTable futures_;

 private:
  /// Somebody of this process who waits for an answer.
  struct Pending {
    std::atomic<bool> done{false};
    comm::Bell bell;
    protocol::Answer answer;
    std::string queue;  // of which an element was asked for
  };
  friend class Hold;
  struct Waiting;
  class Watch;
  /// Those who wait in tasks of one worker, or in threads that run none.
  struct WatchGroup {
    std::size_t awake = 0;
    std::deque<Watch*> asleep;  // until they are told
  };
  void give_back();
  static constexpr std::size_t frame_bytes = 3400;     // frames stay below MPI's eager limit
  static constexpr std::size_t most_late_bytes = 512;  // some fifty of them

  client::FutureRef send(client::Request&& request, const protocol::GangPlace* place);
  // What both the scheduler and workers understand has a number in the list of each.
  template <class Message>
  static void encode(PeerId to, Buffer& out, const Message& message) {
    constexpr bool for_scheduler =
        protocol::message_index<Message, protocol::ToScheduler> != protocol::no_index;
    constexpr bool for_worker = protocol::message_index<Message, protocol::ToWorker> != protocol::no_index;
    if constexpr (for_scheduler && for_worker)
      to == 0 ? protocol::encode<protocol::ToScheduler>(out, message)
              : protocol::encode<protocol::ToWorker>(out, message);
    else if constexpr (for_scheduler) protocol::encode<protocol::ToScheduler>(out, message);
    else protocol::encode<protocol::ToWorker>(out, message);
  }

  struct Box {
    Buffer bytes;
    bool is_urgent = false;  // not only signs of life
    bool is_due = false;     // not only what can wait
    bool is_listed = false;  // in `late_`
  };
  [[nodiscard]] Box& box_of(PeerId to) {
    if (to >= boxes_.size()) boxes_.resize(to + 1);
    return boxes_[to];
  }
  void make_due(PeerId to, Box& box) {
    if (std::exchange(box.is_due, true)) return;
    dirty_.push_back(to);
  }
  std::vector<Box> boxes_;
  std::vector<PeerId> dirty_;
  std::vector<PeerId> late_;  // boxes with what can wait; some have left since
  std::map<std::uint64_t, std::shared_ptr<Pending>> asked_;
  std::uint64_t asks_ = 0;
  std::atomic<bool> asks_closed_{false};
  std::mutex watch_mutex_;
  std::map<PeerId, WatchGroup> watches_;  // by the worker; 0: of no task
  std::thread helper_;
  comm::Bell helper_bell_;
  std::atomic<int> resting_{0};
  std::atomic<bool> stop_{false};
  std::atomic<std::chrono::milliseconds> silent_{Patience{}.long_sleep};
  std::atomic<bool> helper_sleeps_long_{false};  // since others rest, who wake it when they do not any more
  std::atomic<std::int64_t> last_poll_ns_{0}, last_moved_ns_{0};
  Crowd crowd_;                                   // others want this core: who spins is in their way
  bool heard_life_ = false, heard_work_ = false;  // in this poll
  bool has_moved_ = false;                        // in the last one
};

}  // namespace weir::detail::node
