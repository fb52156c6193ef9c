// The graph behind Array: nodes are lazy arrays; every node can be asked for the code that computes any
// affine view of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/interpret/code.hpp"
#include "weir/array/chunks.hpp"
#include "weir/array/creation.hpp"
#include "weir/detail/array/op.hpp"
#include "weir/detail/client/cluster_link.hpp"

namespace weir {
class Client;
}
namespace weir::detail::client {
class ValuesHere;
}

namespace weir::detail::array {

class Node;
class Planner;
class TaskBuilder;
class Expression;
class StraightStep;
class StraightTask;
using NodePtr = std::shared_ptr<const Node>;
using Register = std::uint16_t;

[[noreturn]] void refuse(std::string_view function, const std::string& text);

/// Throws unless elements, their bytes and chunks can be counted.
void check_size(std::string_view function, const Shape& shape, const Chunks& chunks);

/// The chunk that has the index; `starts`: the first index of each, and the extent at the end.
[[nodiscard]] std::int64_t chunk_at(const std::vector<std::int64_t>& starts, std::int64_t index);

/// Where the chunks of an array lie.
struct Grid {
  Grid() = default;
  /// Throws in the name of the function that makes it if elements or chunks cannot be counted.
  explicit Grid(Chunks chunks, std::string_view function = "array");
  Shape shape;
  Chunks chunks;
  Chunks starts;  ///< Per axis: first index of every chunk, and the extent at the end.

  [[nodiscard]] std::size_t axes() const noexcept { return shape.size(); }
  [[nodiscard]] std::int64_t size() const noexcept;
  /// Number of chunks.
  [[nodiscard]] std::int64_t count() const noexcept;
  [[nodiscard]] Dims unravel(std::int64_t chunk) const;
  [[nodiscard]] std::int64_t ravel(const Dims& at) const;
  /// The chunk along an axis that has the index.
  [[nodiscard]] std::int64_t find(std::size_t axis, std::int64_t index) const;
};

/// A grid that nodes share: most have that of an input.
using GridPtr = std::shared_ptr<const Grid>;
/// Of one element without axes.
[[nodiscard]] const GridPtr& scalar_grid();

/// A grid of chunks that somebody names. Throws if one has a negative size.
[[nodiscard]] Grid grid_of(std::string_view function, const Chunks& chunks);

/// How one axis of a node follows from the axes of a loop: index = start + step * position along `axis`; -1:
/// always start.
struct AxisMap {
  std::int64_t start = 0, step = 1;
  std::int64_t axis = -1;
  friend bool operator==(const AxisMap&, const AxisMap&) = default;
};
/// The elements of a node that a loop over `shape` visits.
struct View {
  Dims shape;
  SmallVector<AxisMap, 4> maps;  ///< One per axis of the node.
  [[nodiscard]] bool empty() const noexcept;
  friend bool operator==(const View& a, const View& b) noexcept;
};
/// Whether the view is all of the chunk that has its first element.
[[nodiscard]] bool is_whole_chunk(const Grid& grid, const View& view, std::int64_t& chunk);
/// The whole chunk of a grid.
[[nodiscard]] View chunk_view(const Grid& grid, std::int64_t chunk);
/// A box.
[[nodiscard]] View box_view(const Dims& start, const Dims& shape);

/// Where along each axis of a loop it must be cut so that every piece lies in one chunk of every input.
struct Cuts {
  std::vector<std::vector<std::int64_t>> at;
  std::vector<std::pair<const Node*, View>> seen;
  void add(std::int64_t axis, std::int64_t position) {
    at[static_cast<std::size_t>(axis)].push_back(position);
  }
};

/// The borders of the chunks of a grid.
void cut_at_chunks(const Grid& grid, const View& view, Cuts& cuts);
/// `node.cut`, but for barriers and kept nodes the borders of their chunks; each view once.
void cut_input(Planner& planner, const Node& node, const View& view, Cuts& cuts);

/// A lazy array.
class Node {
 public:
  Node(DType type, Grid grid, std::vector<NodePtr> inputs)
      : Node(type, std::make_shared<const Grid>(std::move(grid)), std::move(inputs)) {}
  Node(DType type, GridPtr shared, std::vector<NodePtr> inputs)
      : type(type), shared_grid(std::move(shared)), grid(*shared_grid), inputs(std::move(inputs)) {}
  Node(const Node&) = delete;
  virtual ~Node();

  const DType type;
  const GridPtr shared_grid;
  const Grid& grid;
  const std::vector<NodePtr> inputs;
  int weight = 1;     ///< Instructions its code has, with that of what is fused into it.
  bool keep = false;  ///< Is computed once and kept until its users are done, never fused into them.

  [[nodiscard]] virtual std::string name() const = 0;
  /// Whether every chunk is the result of a task.
  [[nodiscard]] virtual bool is_barrier() const { return false; }
  [[nodiscard]] virtual bool is_costly() const { return false; }
  /// Whether its tasks only go through their elements, and call and wait for nothing.
  [[nodiscard]] virtual bool is_light() const { return !is_barrier(); }
  /// Adds the positions where `view` crosses from chunk to chunk.
  virtual void cut(Planner& planner, const View& view, Cuts& cuts) const = 0;
  /// Appends the code that computes `view`, which crosses nowhere.
  virtual Register emit(Expression& expression, const View& view) const = 0;
  /// Barriers: the task of a chunk, added to the plan.
  virtual void plan(TaskBuilder& task, std::int64_t chunk) const;
  /// Makes an operand that is exactly `view` without any code; false if that takes code.
  [[nodiscard]] virtual bool direct(TaskBuilder&, const View&, std::uint32_t&) const { return false; }
  /// The input that has the elements of a view as they are, or null: the view becomes that of the input.
  [[nodiscard]] virtual const Node* through(View&) const { return nullptr; }
  /// Barriers whose chunks exist already.
  [[nodiscard]] virtual const client::FutureRef* held(std::int64_t) const { return nullptr; }
  /// Of those, a chunk that this process keeps beside whoever has the result; null: it does not.
  [[nodiscard]] virtual const task::Value* here(std::int64_t) const { return nullptr; }
  /// Appends the code of all elements, one beside the other; false if that takes views.
  [[nodiscard]] virtual bool emit_straight(StraightStep&, Register&) const { return false; }
  /// Barriers of one element: appends the step that folds it into an operand; false if that takes more.
  [[nodiscard]] virtual bool fold_straight(StraightTask&, std::uint32_t) const { return false; }
};

/// A node whose chunks are made by tasks that a function plans.
class TaskNode : public Node {
 public:
  using Plan = std::function<void(TaskBuilder&, std::int64_t chunk)>;
  TaskNode(std::string name, DType type, Grid grid, std::vector<NodePtr> inputs, Plan plan)
      : Node(type, std::move(grid), std::move(inputs)), name_(std::move(name)), plan_(std::move(plan)) {}
  std::string name() const override { return name_; }
  bool is_barrier() const override { return true; }
  bool is_light() const override { return light; }
  void cut(Planner&, const View& view, Cuts& cuts) const override;
  Register emit(Expression& expression, const View& view) const override;
  void plan(TaskBuilder& task, std::int64_t chunk) const override { plan_(task, chunk); }
  bool light = false;

 private:
  std::string name_;
  Plan plan_;
};

/// Chunks that are results already; those of small arrays may be kept in this process too.
class HeldNode : public Node {
 public:
  HeldNode(DType type, Grid grid, std::vector<client::FutureRef> chunks)
      : Node(type, std::move(grid), {}), chunks_(std::move(chunks)) {}
  HeldNode(DType type, GridPtr grid, std::vector<client::FutureRef> chunks)
      : Node(type, std::move(grid), {}), chunks_(std::move(chunks)) {}
  ~HeldNode() override;
  std::string name() const override { return "held"; }
  bool is_barrier() const override { return true; }
  bool is_light() const override { return true; }
  void cut(Planner&, const View& view, Cuts& cuts) const override;
  Register emit(Expression& expression, const View& view) const override;
  const client::FutureRef* held(std::int64_t chunk) const override {
    return &chunks_[static_cast<std::size_t>(chunk)];
  }
  const task::Value* here(std::int64_t chunk) const override {
    const std::vector<task::Value>* const kept = kept_.load(std::memory_order_acquire);
    return kept ? &(*kept)[static_cast<std::size_t>(chunk)] : nullptr;
  }
  /// Whether it is small, and there is room for what small arrays keep in this process.
  [[nodiscard]] bool may_be_here() const noexcept;
  /// Keeps the chunks in this process, from now on; one value for each.
  void keep_here(std::vector<task::Value> chunks) const;
  [[nodiscard]] const std::vector<client::FutureRef>& chunks() const noexcept { return chunks_; }

 private:
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return static_cast<std::uint64_t>(grid.size()) * size_of(type);
  }
  std::vector<client::FutureRef> chunks_;
  mutable std::atomic<const std::vector<task::Value>*> kept_{nullptr};
};

/// Code under construction.
class CodeList {
 public:
  SmallVector<Code, 8> code;
  Register add(const Code& one);
  Register cast(Register from, DType to);
  [[nodiscard]] DType type(Register r) const { return code[r].out; }
};

/// The code of one step under construction.
class Expression : public CodeList {
 public:
  Expression(TaskBuilder& task, const Dims& shape) : task(task), shape(shape) {}
  TaskBuilder& task;
  Dims shape;
  /// Code for a view of any node; the same view twice is the same register.
  Register emit(const Node& node, const View& view);
  /// Loads from a chunk whose first element has the given index in the node.
  Register load(std::uint32_t operand, DType type, const Dims& shape, const Dims& origin, const View& view);
  Code load_code(std::uint32_t operand, DType type, const Dims& shape, const Dims& origin, const View& view);
  std::uint32_t steps(const Dims& steps);

 private:
  std::vector<std::tuple<const Node*, View, Register>> known_;
};

/// Where a step stores or folds.
struct Destination {
  std::uint32_t operand = 0;
  std::int64_t offset = 0;
  Dims steps;  ///< Per axis of the loop, in elements.
  Fold fold = Fold::store;
  std::int64_t plane = 0;
  Dims index_steps{};  ///< arg folds
  std::int64_t index_offset = 0;
};

/// One task under construction.
class TaskBuilder {
 public:
  explicit TaskBuilder(Planner& planner) : planner(planner) {}
  Planner& planner;
  TaskCode code;
  SmallVector<std::uint32_t, 4> inputs;      ///< Planned results it uses.
  std::vector<WrittenFunction> functions{};  ///< Among the parameters of the kernel.
  /// Tasks of one plan that are best run by one worker have the same number, those of others by another one,
  /// in turn; -1: the scheduler decides.
  std::int64_t place = -1;

  std::uint32_t pool(const Dims& values);
  std::uint32_t temporary(DType type, const Dims& shape, Fold initial = Fold::store);
  /// The chunk of a barrier (or of a node that is kept), as an operand.
  std::uint32_t chunk(const Node& node, std::int64_t chunk);
  /// The same where only the result itself knows its extents; for kernels.
  std::uint32_t chunk_of_any_size(const Node& node, std::int64_t chunk);
  std::uint32_t file(const FileName& name, DType type, const Dims& start, const Dims& shape);
  /// Evaluates a view into a destination, piece by piece where it crosses chunks.
  /// `own`: the node's own code, even if it is kept.
  void fill(const Node& node, const View& view, const Destination& to, bool own = false);
  /// An operand that is exactly this view, row-major: the chunk itself where possible, else a temporary.
  std::uint32_t need(const Node& node, const View& view);
  std::uint32_t need_chunk(const Node& node, std::int64_t chunk) {
    return need(node, chunk_view(node.grid, chunk));
  }
  void result(std::uint32_t operand) { code.kernel_operands.push_back(operand); }
  /// Adds a function of the user to the parameters of the kernel.
  void append(const PackedFunction& function);
  void kernel(Kernel kernel, std::vector<std::uint32_t> operands);
  template <class... P>
  void kernel(Kernel function, std::vector<std::uint32_t> operands, const P&... parameters) {
    Writer writer(code.parameters);
    writer.set_for_key();
    (write(writer, parameters), ...);
    kernel(function, std::move(operands));
  }
};

/// What is done where a task needs only a part of a chunk: the whole chunk is its input, or the part is cut
/// out where the chunk is, by a task of its own; as a copy, which lets go of the chunk, or as a view of it,
/// which is copied when it travels.
enum class Parts : std::uint8_t { none, copies, views };

/// Everything that is to be computed in one go: culled, fused, depth first.
class Planner {
 public:
  explicit Planner(const std::vector<NodePtr>& roots, Parts parts = Parts::none);
  /// For keys only: what is planned is not submitted. `function` is named in errors.
  Planner(const NodePtr& root, client::ClusterLink& core, std::string_view function);
  /// Nothing is submitted: every task is carried out when it is planned. What is held is taken where it is;
  /// throws `NotHere` if that takes asking for it.
  Planner(const NodePtr& root, client::ValuesHere* held);
  struct NotHere {};
  /// What the result of a task is known by, in any build: the code of the task and the keys of its inputs.
  [[nodiscard]] const journal::Key& key(std::uint32_t planned) const { return keys_[planned]; }
  /// The number of the task (or held result) that gives a chunk of a node.
  std::uint32_t chunk(const Node& node, std::int64_t chunk);
  /// A part of a chunk, cut out where the chunk is, so that less travels.
  std::uint32_t part(const Node& node, std::int64_t chunk, const Dims& start, const Dims& shape);
  /// The barrier (or node that is kept) of which a view of a node is a whole chunk, or null.
  [[nodiscard]] const Node* behind(const Node& node, View view, std::int64_t& chunk) const;
  [[nodiscard]] bool is_barrier(const Node& node) const {
    return node.is_barrier() || node.keep || (!kept_.empty() && kept_.contains(&node));
  }
  /// Whether parts of chunks are worth a task: there are several processes.
  [[nodiscard]] bool splits() const noexcept { return how_ != Parts::none; }
  /// Whether a part of so many bytes is a view of its chunk, copied only when it travels.
  [[nodiscard]] bool views(std::uint64_t bytes) const noexcept;
  [[nodiscard]] std::size_t tasks() const noexcept { return tasks_; }
  /// Of a planner that carries out what it plans.
  [[nodiscard]] const task::Value& value(std::uint32_t planned) const { return values_[planned]; }
  /// Submits everything in the order it was planned; returns the handles of `wanted`.
  std::vector<client::FutureRef> submit(client::ClusterLink& core, const std::vector<std::uint32_t>& wanted);

  // The same step by step, for results of which not all may exist at the same time:
  /// Says which results are wanted; nothing more is planned from here on.
  void begin(const std::vector<std::uint32_t>& wanted);
  /// Submits what was planned up to this one, if it has not been.
  void submit_until(client::ClusterLink& core, std::uint32_t planned);
  [[nodiscard]] bool is_submitted(std::uint32_t planned) const noexcept { return planned < submitted_; }
  /// A wanted result that has been submitted, once for each time it is wanted.
  client::FutureRef take(std::uint32_t planned);

 private:
  struct Planned {
    Buffer arguments;
    SmallVector<std::uint32_t, 4> inputs;
    std::uint64_t kernel = 0;  // 0: none
    const client::FutureRef* held = nullptr;
    const std::shared_ptr<const Options>* options = nullptr;
    std::uint32_t uses = 0;
    std::int64_t place = -1;
  };
  [[nodiscard]] std::shared_ptr<const Options> options_of(const Planned& planned);
  std::uint32_t finish(const std::string& name, TaskBuilder& task);
  std::uint32_t carry_out(TaskBuilder& task);
  std::uint32_t take_held(const Node& node, std::int64_t chunk);
  [[nodiscard]] journal::Key key_of(const std::string& name, TaskBuilder& task);
  std::unique_ptr<TaskBuilder> builder();
  void keep_shared(const std::vector<NodePtr>& roots);
  std::vector<Planned> planned_;
  std::vector<client::FutureRef> handles_;  // of those submitted, while somebody needs them
  std::size_t submitted_ = 0;
  std::unordered_map<const Node*, std::vector<std::uint32_t>> known_;
  std::unordered_map<const Node*, std::vector<std::tuple<std::int64_t, View, std::uint32_t>>> parts_;
  std::unordered_map<const Node*, bool> kept_;
  std::unordered_map<std::string, std::shared_ptr<const Options>> options_;
  std::vector<std::string> places_;  // for each thread the name of its worker; empty: the scheduler decides
  std::vector<std::unique_ptr<TaskBuilder>> spare_;
  Parts how_ = Parts::none;
  std::size_t tasks_ = 0;
  client::ClusterLink* keyed_ = nullptr;  // knows keys of what is held; null: nobody asks for keys
  std::string function_{};
  std::vector<journal::Key> keys_{};
  bool carries_out_ = false;
  client::ValuesHere* here_ = nullptr;  // null: nothing that is held is here
  std::vector<task::Value> values_{};   // of what was carried out, and of what is held
};

/// What an array is known by in any run: everything that decides about its elements and its chunks. What is
/// held counts as in `submit(cached, ...)`.
///
/// **Errors.** Throws `Error{unsupported}` in the function's name for a lambda, and if the executable does
/// not tell the names of functions.
/// **Cost.** That of planning it.
[[nodiscard]] journal::Key key_of(std::string_view function, const NodePtr& node, client::ClusterLink& core);

/// Parts are cut out where several workers are, so that only what is needed travels; and where what is held
/// does not fit into the memory of one, so that no task needs more whole chunks at a time than one. If all
/// fits, they are views.
[[nodiscard]] Parts parts_for(const Client& client, const std::vector<NodePtr>& nodes);

/// A task of so many elements takes less time than it takes to submit, to run and to fetch it.
inline constexpr std::int64_t few_elements = 16 * 1024;

/// The link as what gives results that are in this process; null if it does not.
[[nodiscard]] client::ValuesHere* values_here(client::ClusterLink& core);
/// The chunks of a node, in row-major order, if they are so few elements, of so few and in the memory of this
/// process, that the calling thread has computed them before it could tell another to; else none.
[[nodiscard]] std::vector<task::Value> computed_here(const NodePtr& node, client::ClusterLink& core);
/// Submits a node's chunks, in row-major order; to be kept, or gathered.
[[nodiscard]] std::vector<client::FutureRef> submit_all(const NodePtr& node);
[[nodiscard]] std::vector<std::vector<client::FutureRef>> submit_all(const std::vector<NodePtr>& nodes);

/// Row-major steps of a shape, in elements.
[[nodiscard]] Dims row_major(const Dims& shape);
[[nodiscard]] inline Dims dims(const std::vector<std::int64_t>& values) {
  Dims d;
  for (const std::int64_t v : values) d.push_back(v);
  return d;
}

}  // namespace weir::detail::array
