// Segments with a state: a chain of tasks, each of which takes the state and a chunk and returns the state
// and what came out.
#pragma once

#include <algorithm>
#include <optional>

#include "weir/detail/stream/cluster/chunk.hpp"
#include "weir/event_loop.hpp"

namespace weir::detail::stream {

/// The state between two chunks, and what came out of the last one.
template <class K>
struct Stage {
  K kernel;
  ChunkResult<typename K::Out> out;
  bool holds = false;      ///< Elements somebody waits for.
  bool has_ended = false;  ///< Nothing goes in or comes out any more.
};

/// Notes which of the elements with tickets the state still holds.
template <class K>
void note_held(Stage<K>& stage, const Step& step) {
  if (step.token == 0 && !stage.holds) return;
  HeldTokens held{step.segment, {}};
  noted_tokens = &held.tokens;
  Writer counter;
  write(counter, stage.kernel);
  noted_tokens = nullptr;
  std::sort(held.tokens.begin(), held.tokens.end());
  held.tokens.erase(std::unique(held.tokens.begin(), held.tokens.end()), held.tokens.end());
  stage.holds = !held.tokens.empty();
  stage.out.held.push_back(std::move(held));
}

/// A copy of the state to go on with.
template <class K>
Stage<K> next_stage(const Stage<K>& before, ChunkResult<typename K::Out> out) {
  const auto start = std::chrono::steady_clock::now();
  Stage<K> after{before.kernel, std::move(out), before.holds, before.has_ended};
  after.out.copying_seconds =
      std::max(after.out.copying_seconds,
               std::chrono::duration<float>(std::chrono::steady_clock::now() - start).count());
  return after;
}

/// The ticket of the chunk, as kernels inside a task see it.
[[nodiscard]] inline TicketRef ticket_of(const Step& step) {
  return step.token ? TicketRef(new Ticket(std::vector<std::uint64_t>{step.token})) : TicketRef();
}

template <class K, class X>
void push_into(Stage<K>& stage, const Step& step, const X& x) {
  const TaskEmit<typename K::Out, X> emit{stage.out, step, &x};
  if constexpr (requires { stage.kernel.push(x, emit, EventLoop::Time()); })
    push_guarded(stage.kernel, stage.out, step, &x,
                 [&](K& kernel, const auto& e) { kernel.push(x, e, EventLoop::Time(step.now_ns)); });
  else push_answered(stage.kernel, taken_of(x), emit);
}

template <class K>
void put_out_held(Stage<K>& stage, const Step& step, bool is_ending) {
  if (!stage.has_ended) put_out_answered(stage.kernel, is_ending, emit_alone(stage.out, step));
}

template <class K>
bool is_done(const K& kernel) {
  if constexpr (requires { kernel.is_done(); }) return kernel.is_done();
  else return false;
}
/// Nothing more will go in, because of what stands at `cause`: what is held comes out, and the segment is
/// over.
template <class K, class Cause>
void end_stage(Stage<K>& stage, const Step& step, const Cause& cause) {
  put_out_held(stage, step, true);
  note_places(stage.out, step, cause);
  stage.has_ended = true;
  note_end(stage.out, step, cause());
}

template <class K, class In>
Stage<K> run_stage(const Stage<K>& before, const Step& step, const ChunkResult<In>& from) {
  Stage<K> after = next_stage(before, begin_result<typename K::Out>(from));
  {
    Stopwatch watch(after.out, step, from.values.size());
    const EventTimeSeen event_time = event_time_of(after.kernel);
    const TicketScope scope(ticket_of(step));
    std::size_t at = 0;
    for (const auto& x : from.values) {
      if (after.has_ended) break;
      const auto place = [&] { return place_of(from.places, at, step); };
      push_into(after, step, x);
      note_places(after.out, step, place);
      if (is_done(after.kernel)) end_stage(after, step, [&] { return behind(place()); });
      ++at;
    }
    if (after.out.is_over && !after.has_ended)
      end_stage(after, step, [&] { return end_of(from.places, step); });
    after.out.is_over = after.has_ended;
    watch.note(event_time, event_time_of(after.kernel));
  }
  note_held(after, step);
  return after;
}

/// What comes out of a state though nothing has gone in: `put_out(stage)`.
template <class K, class PutOut>
Stage<K> run_alone(const Stage<K>& before, const Step& step, const PutOut& put_out) {
  Stage<K> after = next_stage(before, ChunkResult<typename K::Out>());
  {
    const Stopwatch watch(after.out, step, 0);
    const TicketScope scope{TicketRef()};
    put_out(after);
    note_places(after.out, step, [&] { return Place{step.visit}; });
  }
  note_held(after, step);
  return after;
}

/// What the state still holds comes out, at the end or at a flush.
template <class K>
Stage<K> finish_stage(const Stage<K>& before, const Step& step) {
  return run_alone(before, step, [&](Stage<K>& stage) { put_out_held(stage, step, step.is_ending); });
}

template <class K>
ChunkResult<typename K::Out> stage_output(const Stage<K>& stage) {
  return stage.out;
}

}  // namespace weir::detail::stream
