// streams: random graphs of operators, built once here and once on the cluster; what comes out of each of
// their ends must be the same, in the same order. `streams [first seed] [count] [deaths]`, as threads or
// under `weir run`; with `deaths` the workers but one are killed meanwhile.
//
// A seed decides everything: the graph and what is emitted. Prints the seed of a graph that fails, and the
// smallest graph that it could be brought down to.
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <random>
#include <sstream>
#include <thread>

#include "weir/weir.hpp"

using namespace weir;

namespace {

using Long = std::int64_t;
using Longs = std::vector<Long>;
using Here = Stream<Long>;
using There = decltype(std::declval<Here>().scatter());

// --- functions of the operators

Long plus(Long x, Long y) { return x + y; }
Long negated(Long x) { return -x; }
bool is_divided(Long x, Long by) { return x % by == 0; }
bool is_below_nine(Long x) { return std::abs(x) < 9; }
Long total(const Longs& all) {
  Long sum = 100;
  for (const Long x : all) sum = 3 * sum + x;
  return sum % 100'003;
}
Longs repeated(Long x, Long times) {
  Longs all;
  for (Long i = 0; i < std::abs(x + times) % 4; ++i) all.push_back(x + i);
  return all;
}
Long mixed(const std::tuple<Long, Long>& both) {
  return (2 * std::get<0>(both) - 5 * std::get<1>(both)) % 100'003;
}
Long mixed_pair(const std::pair<Long, Long>& both) { return (both.first + 7 * both.second) % 100'003; }
Long mixed_number(const std::pair<std::uint64_t, Long>& both) {
  return static_cast<Long>(both.first % 5) + both.second;
}
Long mixed_batch(const std::pair<Long, Longs>& both) { return both.first + total(both.second); }
Long by_three(Long x) { return x % 3; }
bool is_even(Long x) { return x % 2 == 0; }
std::size_t way(Long x) { return static_cast<std::size_t>(std::abs(x) % 3); }
Long magnitude(Long x) { return std::abs(x); }
Long refuse(Long x, Long what) {
  return std::abs(x) % 4 == what % 4 ? throw std::runtime_error("refused") : x;
}
Long refuse_sum(Long sum, Long x) {
  return std::abs(x) % 4 == 1 ? throw std::runtime_error("refused") : (sum + x) % 100'003;
}
Long refuse_pair(Long sum, const std::pair<Long, Long>& x) { return refuse_sum(sum, x.first - x.second); }
/// Fails on every other attempt.
bool fails_now() {
  static thread_local bool fails = false;
  return fails = !fails;
}
Long flaky(Long x) { return fails_now() ? throw std::runtime_error("flaky") : x + 1; }
Long flaky_sum(Long sum, Long x) {
  return fails_now() ? throw std::runtime_error("flaky") : (sum + x) % 100'003;
}
Long flaky_batch(Long sum, const Longs& x) { return flaky_sum(sum, total(x)); }

// --- graphs

/// An operator on what earlier ones give.
struct Step {
  unsigned kind = 0;
  Long number = 1;
  std::vector<std::size_t> inputs;  // of all streams: those that begin the graph come first
  bool is_lazy = false;             // the segment ends when something needs it
};
struct Plan {
  std::vector<std::size_t> begins;  // which source each of the first streams is fed by
  std::vector<Step> steps;
  std::vector<std::size_t> ends;
  std::vector<bool> are_unordered;                        // of the ends
  std::vector<std::pair<std::size_t, Long>> elements;     // source and value
  std::vector<std::pair<std::size_t, std::size_t>> cuts;  // before which element which of the first streams
                                                          // is disconnected, or connected again
};
constexpr std::size_t sources = 2;

/// A stream with a name, now or when it is needed.
template <class S>
using Named = std::function<S()>;
template <class X>
auto named(const X& stream) {
  if constexpr (requires { stream.cut(); }) return Named<There>([stream] { return stream.cut(); });
  else return Named<Here>([stream] { return stream; });
}

constexpr std::array unary_names{
    "map",           "filter",         "accumulate",  "partition",    "sliding_window", "unique",
    "flatten",       "slice",          "take_while",  "enumerate",    "pairwise",       "group sums",
    "group batches", "split",          "route",       "map filter",   "sums of sums",   "partition flatten",
    "flatten take",  "take batches",   "refuse",      "refuse items", "flaky",          "flaky sums",
    "flaky items",   "flaky batches",  "refuse sums", "buffer",       "delay",          "rate_limit",
    "timed_window",  "timed partition"};
constexpr std::array binary_names{"merge",      "zip",  "combine_latest", "emit_on",
                                  "zip_latest", "join", "merge_by_time"};

template <class S>
Named<S> apply_plain(unsigned kind, const S& s, Long n) {
  const auto size = static_cast<std::size_t>(n);
  switch (kind) {
    case 0:
      return named(s.map(plus, n));
    case 1:
      return named(s.filter(is_divided, n));
    case 2:
      return named(s.accumulate(plus, Long{0}));
    case 3:
      return named(s.partition(size).map(total));
    case 4:
      return named(s.sliding_window(size).map(total));
    case 5:
      return named(s.unique(size));
    case 6:
      return named(s.map(repeated, n).flatten());
    case 7:
      return named(s.slice(n - 1, 4 * n + 3, n));
    case 8:
      return named(s.take_while(is_below_nine));
    case 9:
      return named(s.enumerate().map(mixed_number));
    case 10:
      return named(s.pairwise().map(mixed_pair));
    case 11:
      return named(s.group_by(by_three, op::accumulate(plus, Long{0}), size).map(mixed_pair));
    case 12:
      return named(s.group_by(by_three, op::partition(2), size - 1).map(mixed_batch));
    case 13:
      return named(s.split(is_even).first);
    default:
      return named(s.route(3, way).front());
  }
}
/// What is fused into one segment on the cluster, and what fails.
template <class S>
Named<S> apply_fused(unsigned kind, const S& s, Long n) {
  const auto size = static_cast<std::size_t>(n);
  switch (kind) {
    case 15:
      return named(s.map(plus, n).filter(is_divided, 2).map(negated));
    case 16:
      return named(s.accumulate(plus, Long{0}).accumulate(plus, Long{1}));
    case 17:
      return named(s.partition(size).flatten());
    case 18:
      return named(s.partition(size).flatten().take(size + 3));
    case 19:
      return named(s.take(size + 2).partition(3).map(total));
    case 20:
      return named(s.map(refuse, n).on_error(on_error::skip));
    case 21:
      return named(s.map(repeated, n).flatten().map(refuse, n).on_error(on_error::skip));
    case 22:
      return named(s.map(flaky).on_error(on_error::retry(1)));
    case 23:
      return named(s.accumulate(plus, Long{0}).accumulate(flaky_sum, Long{0}).on_error(on_error::retry(1)));
    case 24:
      return named(s.map(repeated, n).flatten().map(flaky).on_error(on_error::retry(1)));
    case 25:
      return named(s.partition(size).accumulate(flaky_batch, Long{0}).on_error(on_error::retry(1)));
    default:
      return named(s.pairwise().accumulate(refuse_pair, Long{0}));
  }
}
/// What makes no difference to what comes out on one way, whatever the clock says.
template <class S>
Named<S> apply_timed(unsigned kind, const S& s, Long n) {
  const auto interval = std::chrono::microseconds(300 * n);
  switch (kind) {
    case 27:
      return named(s.buffer(static_cast<std::size_t>(n)));
    case 28:
      return named(s.delay(interval));
    case 29:
      return named(s.rate_limit(interval / 8));
    case 30:
      return named(s.timed_window(interval).flatten());
    default:
      return named(s.partition(static_cast<std::size_t>(n), interval).flatten());
  }
}

template <class S>
Named<S> apply_binary(unsigned kind, const S& a, const S& b, Long n) {
  constexpr max_ahead any{1'000'000};
  switch (kind) {
    case 0:
      return named(a.merge(b));
    case 1:
      return named(a.zip(b, any).map(mixed));
    case 2:
      return named(a.combine_latest(b).map(mixed));
    case 3:
      return named(a.combine_latest(b, emit_on(n % 2)).map(mixed));
    case 4:
      return named(a.zip_latest(b).map(mixed));
    case 5:
      return named(op::join(a, b, by_three, by_three, static_cast<std::size_t>(n)).map(mixed_pair));
    default:
      return named(op::merge_by_time(magnitude, a, b, any));
  }
}

constexpr std::size_t untimed = 27, unaries = unary_names.size(), binaries = binary_names.size();

template <class S>
void add_step(std::vector<Named<S>>& streams, const Step& step) {
  const S first = streams[step.inputs[0]]();
  Named<S> made;
  if (step.kind >= unaries)
    made = apply_binary(step.kind - static_cast<unsigned>(unaries), first, streams[step.inputs[1]](),
                        step.number);
  else if (step.kind >= untimed) made = apply_timed(step.kind, first, step.number);
  else
    made = step.kind < 15 ? apply_plain(step.kind, first, step.number)
                          : apply_fused(step.kind, first, step.number);
  if (!step.is_lazy) made();
  streams.push_back(std::move(made));
}

using Outcome = std::vector<Longs>;

/// Builds the graph below the sources, emits, and returns what came out of each end.
template <class S>
Outcome outcome(const Plan& plan) {
  std::vector<Here> from(sources), begins(plan.begins.size());
  std::vector<Named<S>> streams;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    from[plan.begins[i]].connect(begins[i]);
    if constexpr (std::is_same_v<S, There>) streams.push_back(named(begins[i].scatter()));
    else streams.push_back(named(begins[i].map(std::identity())));
  }
  for (const Step& step : plan.steps) add_step(streams, step);
  std::vector<Collected<Long>> lists;
  for (std::size_t i = 0; i < plan.ends.size(); ++i) {
    const S end = streams[plan.ends[i]]();
    if constexpr (!std::is_same_v<S, There>) lists.push_back(end.sink_to_list());
    else if (plan.are_unordered[i]) lists.push_back(end.gather(unordered).sink_to_list());
    else lists.push_back(end.gather().sink_to_list());
  }
  const auto note = [&](Outcome& all) {
    for (std::size_t i = 0; i < lists.size(); ++i) {
      all.push_back(lists[i].values());
      if (plan.are_unordered[i]) std::sort(all.back().begin(), all.back().end());
    }
  };
  std::vector<bool> is_cut(begins.size());
  const auto cut_before = [&](std::size_t element) {
    for (const auto& [at, which] : plan.cuts) {
      if (at != element) continue;
      if (is_cut[which]) from[plan.begins[which]].connect(begins[which]);
      else from[plan.begins[which]].disconnect(begins[which]);
      is_cut[which] = !is_cut[which];
    }
  };
  const auto whatever_is_thrown = [](const auto& run) {  // elements that are refused; what is left counts
    try {
      run();
    } catch (const std::runtime_error&) {
    }
  };
  for (std::size_t i = 0; i < plan.elements.size(); ++i) {
    cut_before(i);
    whatever_is_thrown([&] { from[plan.elements[i].first].emit(plan.elements[i].second); });
  }
  for (const Here& begin : begins) whatever_is_thrown([&] { begin.drain(); });
  Outcome all;
  note(all);
  for (const Here& source : from) whatever_is_thrown([&] { source.close(); });
  for (const Here& begin : begins) whatever_is_thrown([&] { begin.close(); });
  for (const Here& begin : begins) whatever_is_thrown([&] { begin.drain(); });
  note(all);
  return all;
}

std::string text_of(const Plan& plan) {
  std::ostringstream out;
  std::size_t number = 0;
  for (const std::size_t source : plan.begins) out << "  s" << number++ << " = source " << source << "\n";
  for (const Step& step : plan.steps) {
    out << "  s" << number++ << " = "
        << (step.kind < unaries ? unary_names[step.kind] : binary_names[step.kind - unaries]) << " "
        << step.number << " of";
    for (const std::size_t input : step.inputs) out << " s" << input;
    out << (step.is_lazy ? ", when needed\n" : "\n");
  }
  out << "  ends:";
  for (std::size_t i = 0; i < plan.ends.size(); ++i)
    out << " s" << plan.ends[i] << (plan.are_unordered[i] ? " in any order" : "");
  for (const auto& [at, which] : plan.cuts)
    out << "\n  before element " << at << " s" << which << " is cut off or connected again";
  out << "\n  emitted:";
  for (const auto& [source, value] : plan.elements) out << " " << source << ":" << value;
  return out.str();
}

Plan plan_of(std::uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  Plan plan;
  std::vector<double> weight;  // how many elements come for one
  for (std::size_t i = 1 + below(3); i > 0; --i) {
    plan.begins.push_back(below(sources));
    weight.push_back(1);
  }
  const bool has_joins = below(4) != 0;  // the order in a join depends on the clock
  for (std::size_t i = 1 + below(9); i > 0; --i) {
    Step step;
    const bool joins = has_joins && weight.size() > 1 && below(2) == 0;
    step.kind =
        static_cast<unsigned>(joins ? unaries + below(binaries) : below(has_joins ? untimed : unaries));
    step.number = 1 + static_cast<Long>(below(4));
    step.is_lazy = below(2) == 0;
    const auto recent = [&] {
      return below(2) ? below(weight.size())
                      : weight.size() - 1 - below(std::min<std::size_t>(weight.size(), 3));
    };
    step.inputs.push_back(recent());
    double heavy = weight[step.inputs[0]];
    if (joins) {
      step.inputs.push_back(recent());
      heavy += weight[step.inputs[1]];
      if (step.kind == unaries + 5) heavy *= static_cast<double>(step.number);
    } else if (step.kind == 6 || step.kind == 21 || step.kind == 24) {
      heavy *= 3;
    }
    if (heavy > 60) continue;
    weight.push_back(heavy);
    plan.steps.push_back(step);
  }
  plan.ends.push_back(weight.size() - 1);
  for (std::size_t i = below(3); i > 0; --i) plan.ends.push_back(below(weight.size()));
  for (std::size_t i = plan.ends.size(); i > 0; --i) plan.are_unordered.push_back(below(4) == 0);
  for (std::size_t i = 1 + below(below(2) ? 60 : 12); i > 0; --i)
    plan.elements.emplace_back(below(4) == 0 ? 1 : 0, static_cast<Long>(below(23)) - 7);
  for (std::size_t i = below(3) == 0 ? below(4) : 0; i > 0; --i)
    plan.cuts.emplace_back(below(plan.elements.size()), below(plan.begins.size()));
  return plan;
}

bool is_same(const Plan& plan) { return outcome<Here>(plan) == outcome<There>(plan); }

/// The plan without a step, whose users take its first input instead.
Plan without_step(Plan plan, std::size_t at) {
  const std::size_t gone = plan.begins.size() + at, instead = plan.steps[at].inputs[0];
  const auto moved = [&](std::size_t& stream) {
    if (stream == gone) stream = instead;
    else if (stream > gone) --stream;
  };
  plan.steps.erase(plan.steps.begin() + static_cast<std::ptrdiff_t>(at));
  for (Step& step : plan.steps) std::for_each(step.inputs.begin(), step.inputs.end(), moved);
  std::for_each(plan.ends.begin(), plan.ends.end(), moved);
  return plan;
}
/// Leaves away what the difference does not need.
Plan smallest(Plan plan) {
  const auto try_out = [&](Plan smaller) {
    if (smaller.ends.empty() || is_same(smaller)) return false;
    plan = std::move(smaller);
    return true;
  };
  const auto without = [](Plan from, auto member, std::size_t at) {
    (from.*member).erase((from.*member).begin() + static_cast<std::ptrdiff_t>(at));
    return from;
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = plan.ends.size(); i-- > 0;)
      smaller |= try_out(without(without(plan, &Plan::ends, i), &Plan::are_unordered, i));
    for (std::size_t i = plan.cuts.size(); i-- > 0;) smaller |= try_out(without(plan, &Plan::cuts, i));
    for (std::size_t i = plan.steps.size(); i-- > 0;) smaller |= try_out(without_step(plan, i));
    for (std::size_t i = plan.elements.size(); i-- > 0;)
      smaller |= try_out(without(plan, &Plan::elements, i));
  }
  return plan;
}

std::string text_of(const Outcome& outcome) {
  std::ostringstream out;
  for (const Longs& end : outcome) {
    out << "\n   ";
    for (const Long x : end) out << " " << x;
  }
  return out.str();
}

char now_running[64];
void tell_and_exit(int) {
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, now_running, std::strlen(now_running));
  std::_Exit(1);
}

int check(std::uint64_t first, std::uint64_t count) {
  std::signal(SIGALRM, tell_and_exit);
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::snprintf(now_running, sizeof now_running, "seed %llu: does not come to an end\n",
                  static_cast<unsigned long long>(seed));
    alarm(120);
    const Plan plan = plan_of(seed);
    if (is_same(plan)) continue;
    ++failed;
    const Plan small = smallest(plan);
    std::cout << "seed " << seed << ":\n"
              << text_of(small) << "\n  here:" << text_of(outcome<Here>(small))
              << "\n  on the cluster:" << text_of(outcome<There>(small)) << std::endl;
  }
  alarm(0);
  std::cout << count - failed << " of " << count << " graphs give the same here and on the cluster"
            << std::endl;
  return failed || count == 0 ? 1 : 0;
}

int process_id() { return getpid(); }

/// Kills all of the workers but one, at random moments.
std::thread killer(Client& client, std::uint64_t seed) {
  std::vector<int> pids = client.gather(client.run_on_workers(process_id));
  if (pids.size() < 2) throw std::runtime_error("fuzz_streams: deaths need two workers at least");
  return std::thread([pids = std::move(pids), random = std::mt19937_64(seed)]() mutable {
    std::shuffle(pids.begin(), pids.end(), random);
    for (std::size_t i = 1; i < pids.size(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
      kill(pids[i], SIGKILL);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  weir::RunOptions options;
  options.allowed_failures = 100;  // no task is to blame
  return weir::run(
      argc, argv,
      [&](Client& client) {
        client.wait_for_workers(1);
        const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
        const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200;
        if (argc < 4) return check(first, count);
        std::thread deaths = killer(client, first);
        const int status = check(first, count);
        deaths.join();
        return status;
      },
      options);
}
