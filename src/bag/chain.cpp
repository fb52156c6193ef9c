#include "weir/detail/bag/chain.hpp"

#include <deque>

#include "client/told.hpp"

namespace weir::detail::bag {
namespace {

// What the worker reads: for each part its maker, partition, first input, number of inputs and bytes.
void write_part(Writer& writer, const Part& part, std::uint64_t first_input) {
  write(writer, part.maker);
  write(writer, part.partition);
  write(writer, first_input);
  write(writer, static_cast<std::uint64_t>(part.needs.size()));
  write(writer, static_cast<std::uint64_t>(part.bytes.size()));
  writer.bytes(part.bytes.data(), part.bytes.size());
}

struct ArrivedPart {
  const void* maker;
  Reader reader;
  Making making;

  ArrivedPart(Reader& from, std::span<const task::Value> inputs, Here& here)
      : maker(local_maker(from)), reader(std::span<const std::byte>()), making{reader, here} {
    std::uint64_t first = 0, count = 0, size = 0;
    read(from, making.partition);
    read(from, first);
    read(from, count);
    read(from, size);
    if (first > inputs.size() || count > inputs.size() - first)
      throw Error(ErrorKind::serialization, "bag: a part of a chain names an input that is not there");
    making.inputs = inputs.subspan(first, count);
    reader = Reader(std::span(from.view(size), size));
  }
  ArrivedPart(const ArrivedPart&) = delete;

 private:
  static const void* local_maker(Reader& from) {
    std::uint64_t address = 0;
    read(from, address);
    return task::local_address(address);
  }
};

// The task: the parts are made from the last one back, then the source runs.
task::Value run_chain(Reader& reader, std::span<const task::Value> inputs) {
  std::uint64_t count = 0;
  read(reader, count);
  reader.expect(count, 5 * sizeof(std::uint64_t));
  Here here;
  std::deque<ArrivedPart> parts;
  for (std::uint64_t i = 0; i < count; ++i) parts.emplace_back(reader, inputs, here);
  if (count < 2) throw Error(ErrorKind::serialization, "bag: a chain has a source and a sink");
  const auto sink = reinterpret_cast<SinkMaker>(const_cast<void*>(parts.back().maker))(parts.back().making);
  std::vector<std::unique_ptr<Into>> stages;
  Into* next = &sink->into();
  for (std::size_t i = count - 2; i > 0; --i) {
    const auto maker = reinterpret_cast<StageMaker>(const_cast<void*>(parts[i].maker));
    stages.push_back(maker(parts[i].making, *next));
    next = stages.back().get();
  }
  reinterpret_cast<SourceRunner>(const_cast<void*>(parts.front().maker))(parts.front().making, *next);
  here.leave();
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) (*stage)->end();
  sink->into().end();
  task::Value result = sink->result();
  here.send();
  return result;
}

class ChainNode final : public delayed::Node {
 public:
  ChainNode(std::shared_ptr<const Options> options, Pipe pipe)
      : options_(std::move(options)), pipe_(std::move(pipe)) {}

  void needs(std::vector<const delayed::Node*>& into) const override {
    each([&](const Part& part) {
      for (const delayed::NodeRef& need : part.needs) into.push_back(need.get());
    });
  }
  client::FutureRef submit(const std::shared_ptr<client::ClusterLink>& link) const override {
    static const std::uint64_t invoker = task::portable_address(reinterpret_cast<const void*>(&run_chain));
    client::Request request;
    request.invoker = request.function = invoker;
    request.options = options_;
    Writer writer(request.arguments, request.beside);
    write(writer, static_cast<std::uint64_t>(pipe_.stages.size() + 1));
    each([&](const Part& part) {
      write_part(writer, part, request.inputs.size());
      for (const delayed::NodeRef& need : part.needs) request.inputs.push_back(client::told_id(need->task()));
    });
    return link->submit(std::move(request));
  }
  std::string name() const override { return options_->name; }

 private:
  template <class F>
  void each(const F& f) const {
    f(pipe_.source);
    for (const Part& part : pipe_.stages) f(part);
  }
  std::shared_ptr<const Options> options_;
  Pipe pipe_;  // the last stage is the sink
};

void append_name(std::string& names, const std::string& name) {
  if (!name.empty()) names += (names.empty() ? "" : ".") + name;
}

}  // namespace

Plan Plan::with(Part stage) const {
  Plan plan = *this;
  plan.stages_.push_back(std::make_shared<const Part>(std::move(stage)));
  return plan;
}

Pipe Plan::pipe(std::size_t i) const {
  Pipe pipe = (*pipes_)[i];
  for (const auto& stage : stages_) {
    pipe.stages.push_back(*stage);
    pipe.stages.back().partition = i;
  }
  return pipe;
}

std::string Plan::name() const {
  std::string names;
  if (!pipes_->empty()) {
    append_name(names, pipes_->front().source.name);
    for (const Part& stage : pipes_->front().stages) append_name(names, stage.name);
  }
  for (const auto& stage : stages_) append_name(names, stage->name);
  return names;
}

std::shared_ptr<const Options> Plan::options(const Part& sink) const {
  std::string names = name();
  append_name(names, sink.name);
  return std::make_shared<const Options>(Options{.name = std::move(names)});
}

delayed::NodeRef Plan::node(std::size_t i, const Part& sink,
                            const std::shared_ptr<const Options>& options) const {
  Pipe whole = pipe(i);
  whole.stages.push_back(sink);
  whole.stages.back().partition = i;
  return delayed::NodeRef(new ChainNode(options, std::move(whole)));
}

delayed::NodeRef Plan::node(std::size_t i, const Part& sink) const { return node(i, sink, options(sink)); }

std::vector<delayed::NodeRef> Plan::nodes(const Part& sink) const {
  const auto shared = options(sink);
  std::vector<delayed::NodeRef> all;
  all.reserve(partitions());
  for (std::size_t i = 0; i < partitions(); ++i) all.push_back(node(i, sink, shared));
  return all;
}

Plan Plan::concat(const Plan& other) const {
  std::vector<Pipe> all;
  all.reserve(partitions() + other.partitions());
  for (std::size_t i = 0; i < partitions(); ++i) all.push_back(pipe(i));
  for (std::size_t i = 0; i < other.partitions(); ++i) all.push_back(other.pipe(i));
  return Plan(std::move(all));
}

}  // namespace weir::detail::bag
