// Merging: the aggregates of several partitions become one, and what they come to.
#pragma once

#include "weir/detail/bag/sinks.hpp"

namespace weir::detail::bag {

template <class A>
using ResultOf = std::decay_t<decltype(std::declval<A&>().result())>;

/// Merges the aggregates that are its inputs, which it does not copy but for the first.
template <class A>
Part merge_source(std::string name, std::vector<delayed::NodeRef> needs) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    A all = making.inputs[0].as<A>();
    for (const task::Value& input : making.inputs.subspan(1)) all.merge(input.as<A>());
    static_cast<IntoOf<A>&>(next).push(all);
  };
  Part part = make_part(run, std::move(name), [](Writer&) {});
  part.needs = std::move(needs);
  return part;
}

/// The aggregate itself, or, at last, its result.
template <class A, bool at_last>
class MergedSink final : public Sink, IntoOf<A> {
 public:
  Into& into() override { return *this; }
  task::Value result() override { return std::move(value_); }
  static Part part() {
    constexpr SinkMaker maker = [](const Making&) -> std::unique_ptr<Sink> {
      return std::make_unique<MergedSink>();
    };
    return make_part(maker, "", [](Writer&) {});
  }

 private:
  bool push(A& aggregate) override {
    if constexpr (at_last) value_ = task::Value::make(ResultOf<A>(aggregate.result()));
    else value_ = task::Value::make(std::move(aggregate));
    return false;
  }
  task::Value value_;
};

template <class A, bool at_last>
delayed::NodeRef merge_node(const std::string& name, std::vector<delayed::NodeRef> parts) {
  return Plan({{merge_source<A>(name, std::move(parts)), {}}}).node(0, MergedSink<A, at_last>::part());
}

}  // namespace weir::detail::bag
