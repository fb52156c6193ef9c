// Aggregations of a program's own: states that are written to bytes and read back, group by group.
#pragma once

#include "weir/detail/task/serialize.hpp"
#include "weir/frame/aggregate.hpp"

namespace weir::detail::frame {

template <class F>
struct Added;
template <class State, class Value>
struct Added<void (State::*)(Value)> {
  using type = std::remove_cvref_t<Value>;
};

/// The functions of one kind of states.
template <class State>
struct OwnStates {
  using Value = typename Added<decltype(&State::add)>::type;
  using Result = std::remove_cvref_t<decltype(std::declval<const State&>().result())>;
  using Kept = Stored<Bare<Result>>;
  static_assert(Cell<Value> && !Optional<Value>::value && Cell<Result>,
                "weir: an aggregation takes bool, an integer, double or text and gives one of these or a "
                "std::optional of it");
  static_assert(task::Travels<State>::value,
                "weir: the states of an aggregation travel: give the type a cereal serialize() function or "
                "make it a plain struct");

  static Column add(const Column& values, std::span<const std::uint32_t> group_of, std::uint32_t groups) {
    std::vector<State> states(groups);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!values.is_na(i)) states[group_of[i]].add(value_of(values, i));
    return written(states);
  }
  static Column merge(const Column& parts, std::span<const std::uint32_t> group_of, std::uint32_t groups) {
    std::vector<State> states(groups);
    std::vector<bool> is_there(groups, false);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      State part = read_state(parts, i);
      const std::uint32_t group = group_of[i];
      if (is_there[group]) states[group].merge(part);
      else states[group] = std::move(part);
      is_there[group] = true;
    }
    return written(states);
  }
  static Column result(const Column& parts) {
    std::vector<std::optional<Kept>> results(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) results[i] = result_of(read_state(parts, i));
    return make_column(results);
  }
  static Column roll(const Column& values, std::span<const std::uint32_t> low, std::size_t first,
                     std::uint64_t at_least) {
    constexpr bool removes = requires(State & state, const Value& value) { state.remove(value); };
    std::vector<std::optional<Kept>> results(low.size() - first);
    State state{};
    std::uint64_t count = 0;
    std::size_t begin = first < low.size() ? low[first] : 0, end = begin;
    for (std::size_t i = first; i < low.size(); ++i) {
      if constexpr (!removes) {
        state = State{};
        count = 0;
        begin = end = low[i];
      }
      for (; end <= i; ++end)
        if (!values.is_na(end)) state.add(value_of(values, end)), ++count;
      if constexpr (removes)
        for (; begin < low[i]; ++begin)
          if (!values.is_na(begin)) state.remove(value_of(values, begin)), --count;
      if (count >= at_least) results[i - first] = result_of(state);
    }
    return make_column(results);
  }

 private:
  static Value value_of(const Column& column, std::size_t i) {
    return cell<Value>("aggregate", "value", column, i);
  }
  static std::optional<Kept> result_of(const State& state) {
    const Result result = state.result();
    if constexpr (Optional<Result>::value) {
      if (!result) return std::nullopt;
      return stored("aggregate", {}, *result);
    } else {
      return stored("aggregate", {}, result);
    }
  }
  static Column written(const std::vector<State>& states) {
    std::vector<std::string> texts;
    texts.reserve(states.size());
    for (const State& state : states) {
      Buffer bytes;
      Writer writer(bytes);
      write(writer, state);
      texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return make_column(texts);
  }
  static State read_state(const Column& states, std::size_t i) {
    const std::string_view bytes = states.text(i);
    Reader reader(std::span(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
    State state{};
    task::read_back(reader, state);
    return state;
  }
};

}  // namespace weir::detail::frame

namespace weir {

template <class State>
Aggregate aggregate(const std::string& column) {
  using Own = detail::frame::OwnStates<State>;
  return {
      Aggregate::Kind::own,
      col(column),
      "aggregate_" + column,
      0,
      {&Own::add, &Own::merge, &Own::result, &Own::roll, detail::frame::TypeOf<typename Own::Value>::value_of,
       detail::frame::TypeOf<detail::frame::Bare<typename Own::Result>>::value_of}};
}

}  // namespace weir
