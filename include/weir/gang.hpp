// gang, Gang: functions that several workers run together and that talk to each other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "weir/detail/client/gang_link.hpp"
#include "weir/detail/task/pack.hpp"
#include "weir/detail/task/serialize.hpp"
#include "weir/options.hpp"

namespace weir {

struct each_of_gang;

/// How many workers run a function together: `client.submit(weir::gang{4}, energy, system)`.
///
/// All of them start at the same time, or none: threads are kept for them as they become free, and tasks that
/// are known to be short run there meanwhile. One that dies or throws ends the attempt of all; the gang runs
/// again as a task would, by `Options::retries` and `allowed_failures`.
struct gang {
  int ranks = 0;          ///< So many.
  int per_node = 0;       ///< At most so many on one host; 0: any number.
  bool separate = false;  ///< Each in a process of its own, as MPI needs them; not on threads then.
  Options options{};      ///< Of each rank: `.cores`, `.resources`, `.retries`, ...

  /// The results of all ranks, by rank, instead of that of rank 0.
  [[nodiscard]] each_of_gang each() const;
};

/// What `gang::each` gives.
struct each_of_gang {
  gang of;  ///< The gang.
};

inline each_of_gang gang::each() const { return {*this}; }

/// What the survivors of a gang get at their next call when it has failed: another rank has died or thrown,
/// or the gang was cancelled. Let it pass: catching it gains nothing, the attempt is over.
class GangError : public Error {
 public:
  /// With what happened.
  explicit GangError(const std::string& sentence) : Error(ErrorKind::worker_lost, sentence) {}
};

/// One rank's view of its gang: the first parameter of a function that a gang runs.
///
/// Every rank calls the collective functions (all but `send` and `receive`) in the same order. They travel
/// over whatever joins the workers: memory, MPI or TCP; a death is noticed in all of them.
/// **Errors.** `GangError` once the gang has failed; `Error{invalid_argument}` for a rank or tag that cannot
/// be; `Error{protocol}` where ranks call different functions, with other roots or types, where one returns
/// for which others wait, where all wait for each other, and where all have returned but one has not received
/// what it was sent in a collective call: that ends the gang, with a sentence which names the calls and the
/// ranks. A rank that waits is told within a second or so. What a rank does in a library's call, such as one
/// of MPI, is not known here: `Options::time_limit` ends that.
/// **Threads.** That of the task. **Cost.** Trees: log2(size) messages deep; `gather` is one message from
/// each rank.
/// **Source.** MPI's collectives, with values instead of buffers.
class Gang {
 public:
  /// Over a link; for the library.
  explicit Gang(detail::client::GangLink& link) : link_(&link) {}
  Gang(const Gang&) = delete;
  Gang& operator=(const Gang&) = delete;

  /// From 0.
  [[nodiscard]] int rank() const noexcept { return static_cast<int>(link_->rank()); }
  /// Ranks.
  [[nodiscard]] int size() const noexcept { return static_cast<int>(link_->size()); }

  /// Returns when all ranks have called it.
  void barrier();

  /// The value of `root`, on every rank.
  template <class T>
  T broadcast(T value, int root = 0) {
    check_rank("broadcast", root);
    return from_root(std::move(value), next<T>(Call::broadcast, root));
  }

  /// `op` over the values of all ranks, in the order of ranks: on `root`, nothing elsewhere.
  ///
  /// Vectors are combined element by element, and must have the same size, unless `op` takes vectors. `op`
  /// must be associative; it need not commute.
  template <class T, class Op = std::plus<>>
  std::optional<T> reduce(T value, Op op = {}, int root = 0) {
    check_rank("reduce", root);
    const Step step = next<T>(Call::reduce, root);
    std::optional<T> all = to_first(std::move(value), op, step);
    if (root == 0) return all;
    if (rank() == 0) put(step.root, step, *all);
    if (rank() == root) return get<T>(0, step);
    return std::nullopt;
  }
  /// The same, on every rank.
  template <class T, class Op = std::plus<>>
  T allreduce(T value, Op op = {}) {
    const Step step = next<T>(Call::allreduce);
    std::optional<T> all = to_first(std::move(value), op, step);
    return from_root(all ? std::move(*all) : T{}, step);
  }

  /// The values of all ranks, by rank: on `root`, an empty vector elsewhere.
  template <class T>
  std::vector<T> gather(const T& value, int root = 0) {
    check_rank("gather", root);
    return gather_at(value, next<T>(Call::gather, root));
  }
  /// The same, on every rank.
  template <class T>
  std::vector<T> allgather(const T& value) {
    return all_by_rank(value, Call::allgather);
  }

  /// Element i of `values` on `root` goes to rank i. Throws `Error{invalid_argument}` on `root` if it has
  /// another number of them than ranks.
  template <class T>
  T scatter(const std::vector<T>& values, int root = 0) {
    check_rank("scatter", root);
    const Step step = next<T>(Call::scatter, root);
    if (rank() != root) return get<T>(step.root, step);
    check_parts(values.size());
    for (std::uint32_t to = 0; to < link_->size(); ++to)
      if (to != link_->rank()) put(to, step, values[to]);
    return values[link_->rank()];
  }

  /// Sends to one rank; returns at once.
  template <class T>
  void send(int to, const T& value, int tag = 0) {
    check_pair("send", to, tag);
    put(static_cast<std::uint32_t>(to), step_of<T>(static_cast<std::uint64_t>(tag), Call::send), value);
  }
  /// The next value that `from` has sent with this tag, which must be of this type; waits for it.
  template <class T>
  T receive(int from, int tag = 0) {
    check_pair("receive", from, tag);
    return get<T>(static_cast<std::uint32_t>(from), step_of<T>(static_cast<std::uint64_t>(tag), Call::send));
  }

  /// The link; for the library.
  [[nodiscard]] detail::client::GangLink& link() const noexcept { return *link_; }

 private:
  friend class GangComm;
  using Step = detail::protocol::GangStep;
  using Call = Step::Kind;

  template <class T>
  static Step step_of(std::uint64_t tag, Call call, int root = 0) {
    return {tag, call, static_cast<std::uint32_t>(root), typeid(T).hash_code()};
  }
  // Collectives are numbered, so that one that runs ahead is not taken for the next.
  template <class T>
  [[nodiscard]] Step next(Call call, int root = 0) {
    return step_of<T>(Step::collective | calls_++, call, root);
  }
  void check_rank(const char* who, int rank) const;
  void check_pair(const char* who, int rank, int tag) const;
  void check_parts(std::size_t parts) const;

  template <class T>
  void put(std::uint32_t to, const Step& step, const T& value) {
    static_assert(
        detail::task::Travels<T>::value,
        "weir: this value cannot travel to another rank. Give its type a cereal serialize() function "
        "or make it a plain struct.");
    Buffer bytes;
    Writer writer(bytes);
    write(writer, value);
    link_->send(to, step, std::move(bytes));
  }
  template <class T>
  T get(std::uint32_t from, const Step& step) {
    const Buffer bytes = link_->receive(from, step);
    Reader reader(bytes.bytes());
    T value{};
    read(reader, value);
    return value;
  }

  // A binomial tree down from the root.
  template <class T>
  T from_root(T value, const Step& step) {
    const std::uint32_t size = link_->size(), place = (link_->rank() + size - step.root) % size;
    std::uint32_t bit = 1;
    while (bit < size && !(place & bit)) bit <<= 1;
    if (place) value = get<T>((place - bit + step.root) % size, step);
    for (bit >>= 1; bit > 0; bit >>= 1)
      if (place + bit < size) put((place + bit + step.root) % size, step, value);
    return value;
  }
  // A binomial tree up to rank 0; neighbours first, so that the order of ranks is kept.
  template <class T, class Op>
  std::optional<T> to_first(T value, Op& op, const Step& step) {
    const std::uint32_t size = link_->size(), rank = link_->rank();
    for (std::uint32_t bit = 1; bit < size; bit <<= 1) {
      if (rank & bit) {
        put(rank - bit, step, value);
        return std::nullopt;
      }
      if (rank + bit < size) combine(value, get<T>(rank + bit, step), op);
    }
    return value;
  }
  template <class T, class Op>
  static void combine(T& value, T&& other, Op& op) {
    if constexpr (std::is_invocable_r_v<T, Op&, T&, T&>) value = op(value, other);
    else combine_each(value, other, op);
  }
  template <class T, class Op>
  static void combine_each(std::vector<T>& values, std::vector<T>& others, Op& op) {
    check_sizes(values.size(), others.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = op(values[i], others[i]);
  }
  static void check_sizes(std::size_t one, std::size_t other);
  template <class T>
  std::vector<T> gather_at(const T& value, const Step& step) {
    std::vector<T> all;
    if (link_->rank() != step.root) {
      put(step.root, step, value);
      return all;
    }
    for (std::uint32_t from = 0; from < link_->size(); ++from) {
      if (from == step.root) all.push_back(value);
      else all.push_back(get<T>(from, step));
    }
    return all;
  }
  template <class T>
  std::vector<T> all_by_rank(const T& value, Call call) {
    const Step step = next<T>(call);
    return from_root(gather_at(value, step), step);
  }

  detail::client::GangLink* link_;
  std::uint64_t calls_ = 0;
};

/// What `split` gives.
template <class T>
struct SplitAmongRanks {
  std::vector<T> items;  ///< Values or futures.
};

/// An argument of a gang of which each rank gets its part: as a `std::vector<T>` of neighbours, the first
/// ranks one more where it does not come out even. `T` may be a future.
template <class T>
SplitAmongRanks<T> split(std::vector<T> items) {
  return {std::move(items)};
}

namespace detail {
/// Throws `Error{invalid_argument}` for a gang that cannot be.
void check(const gang& how);
}  // namespace detail

}  // namespace weir
