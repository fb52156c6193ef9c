// Chain: what happens to the elements of one partition, as one task: a source, stages, and a sink.
#pragma once

#include "weir/client.hpp"
#include "weir/detail/bag/letters.hpp"
#include "weir/detail/delayed/node.hpp"

namespace weir::detail::bag {

/// Where elements of some type go; `IntoOf` knows which.
class Into {
 public:
  virtual ~Into() = default;
  /// No more elements come.
  virtual void end() {}
};

/// Where elements of type T go.
template <class T>
class IntoOf : public Into {
 public:
  /// Takes an element, whose value it may move away; whether it wants another one.
  virtual bool push(T& element) = 0;
  /// The same of several, one after another.
  virtual bool push_all(std::span<T> elements) {
    for (T& element : elements)
      if (!push(element)) return false;
    return true;
  }
};

/// The last one of a chain.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Where the elements go.
  virtual Into& into() = 0;
  /// The result of the task, after the end.
  virtual task::Value result() = 0;
};

/// What parts of a chain are made from on the worker.
struct Making {
  Reader& reader;  ///< What the part has written of itself.
  Here& here;
  std::span<const task::Value> inputs;  ///< The results that it needs, first to last.
  std::uint64_t partition = 0;          ///< Of the bag in which the part was put.
};

using StageMaker = std::unique_ptr<Into> (*)(const Making& making, Into& next);
using SinkMaker = std::unique_ptr<Sink> (*)(const Making& making);
/// Pushes the elements, until there are none or no more are wanted.
using SourceRunner = void (*)(const Making& making, Into& next);

/// A part of a chain as it travels: a maker, and what it reads.
struct Part {
  std::uint64_t maker = 0;  ///< Portable address.
  Buffer bytes;
  std::vector<delayed::NodeRef> needs;  ///< Whose results it is given.
  std::uint64_t partition = 0;
  std::string name;  ///< For people; empty: none.
};

template <class Maker, class F>
Part make_part(Maker maker, std::string name, F&& fill) {
  Part part;
  part.maker = task::portable_address(reinterpret_cast<const void*>(maker));
  part.name = std::move(name);
  Writer writer(part.bytes);
  fill(writer);
  return part;
}

/// The source and the first stages of one partition.
struct Pipe {
  Part source;
  std::vector<Part> stages;
};

/// Partitions, and the stages that all of them have; immutable, cheap to copy.
///
/// **Threads.** Any.
class Plan {
 public:
  explicit Plan(std::vector<Pipe> pipes)
      : pipes_(std::make_shared<const std::vector<Pipe>>(std::move(pipes))) {}
  [[nodiscard]] std::size_t partitions() const noexcept { return pipes_->size(); }
  /// The same with a further stage.
  [[nodiscard]] Plan with(Part stage) const;
  /// The task that ends partition `i` with this sink.
  [[nodiscard]] delayed::NodeRef node(std::size_t i, const Part& sink) const;
  /// One for each partition.
  [[nodiscard]] std::vector<delayed::NodeRef> nodes(const Part& sink) const;
  /// The partitions of one after those of another.
  [[nodiscard]] Plan concat(const Plan& other) const;
  /// `read_text.map.filter`.
  [[nodiscard]] std::string name() const;

 private:
  [[nodiscard]] Pipe pipe(std::size_t i) const;
  [[nodiscard]] delayed::NodeRef node(std::size_t i, const Part& sink,
                                      const std::shared_ptr<const Options>& options) const;
  [[nodiscard]] std::shared_ptr<const Options> options(const Part& sink) const;

  std::shared_ptr<const std::vector<Pipe>> pipes_;
  std::vector<std::shared_ptr<const Part>> stages_;
};

}  // namespace weir::detail::bag
