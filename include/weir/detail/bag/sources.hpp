// Sources: where the elements of a partition come from.
#pragma once

#include <functional>

#include "weir/detail/bag/stages.hpp"
#include "weir/detail/files/find.hpp"

namespace weir::detail::bag {

/// Pushes copies of the elements of a range.
template <class T, class Range>
bool push_all(const Range& elements, IntoOf<T>& next) {
  for (const auto& element : elements) {
    T copy = element;
    if (!next.push(copy)) return false;
  }
  return true;
}

/// Elements that the program had.
template <class T>
Part elements_source(const std::vector<T>& elements) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    std::vector<T> kept;
    task::read_back(making.reader, kept);
    push_all(kept, static_cast<IntoOf<T>&>(next));
  };
  return make_part(run, "from_sequence", [&](Writer& writer) { write(writer, elements); });
}

/// Elements of the results of other tasks, which are ranges R of them, one after another.
template <class T, class R = std::vector<T>>
Part results_source(std::vector<delayed::NodeRef> needs) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    for (const task::Value& input : making.inputs)
      if (!push_all(input.as<R>(), static_cast<IntoOf<T>&>(next))) return;
  };
  Part part = make_part(run, "", [](Writer&) {});
  part.needs = std::move(needs);
  return part;
}

/// Part `which` of `count` equal ones of one result.
template <class T>
Part slice_source(delayed::NodeRef need, std::uint64_t which, std::uint64_t count) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    std::uint64_t place = 0, places = 1;
    read(making.reader, place);
    read(making.reader, places);
    const auto& all = making.inputs[0].as<std::vector<T>>();
    for (std::size_t i = all.size() * place / places; i < all.size() * (place + 1) / places; ++i) {
      T copy = all[i];
      if (!static_cast<IntoOf<T>&>(next).push(copy)) return;
    }
  };
  Part part = make_part(run, "repartition", [&](Writer& writer) {
    write(writer, which);
    write(writer, count);
  });
  part.needs.push_back(std::move(need));
  return part;
}

[[noreturn]] void throw_unequal(std::size_t first, std::size_t second, std::uint64_t partition);

/// Pairs of the elements of two results.
template <class T, class U>
Part zip_source(delayed::NodeRef first, delayed::NodeRef second, std::uint64_t partition) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    const auto& ones = making.inputs[0].as<std::vector<T>>();
    const auto& others = making.inputs[1].as<std::vector<U>>();
    std::uint64_t number = 0;
    read(making.reader, number);
    if (ones.size() != others.size()) throw_unequal(ones.size(), others.size(), number);
    for (std::size_t i = 0; i < ones.size(); ++i) {
      std::pair<T, U> both(ones[i], others[i]);
      if (!static_cast<IntoOf<std::pair<T, U>>&>(next).push(both)) return;
    }
  };
  Part part = make_part(run, "zip", [&](Writer& writer) { write(writer, partition); });
  part.needs = {std::move(first), std::move(second)};
  return part;
}

/// What `read_text` and `read_records` read in one partition.
struct TextSource {
  std::string who;
  std::vector<files::Portion> portions;
  std::string separator = "\n";
  bool is_utf8 = false;  ///< Bytes that are no UTF-8 are errors ...
  bool is_latin1 = false;
  bool skips = false;       ///< ... or their lines are left out ...
  LetterAddress letters{};  ///< ... and told.
  bool with_path = false;
  bool passes_blank = false;  ///< Lines of white space are none.
};
[[nodiscard]] Part text_source(const TextSource& source);

/// Whether a record begins with this line.
using BeginsRecord = std::function<bool(std::string_view line)>;
/// Pushes records, each of the lines from one that begins one up to the next such line.
void push_records(const Making& making, const TextSource& source, const BeginsRecord& begins, Into& next);
/// The same, by a function that travels.
template <class Fn>
Part records_source(const TextSource& source, const Fn& fn) {
  constexpr SourceRunner run = [](const Making& making, Into& next) {
    TextSource read_source;
    task::read_back(making.reader, read_source);
    Fn begins = read_function<Fn>(making.reader);
    push_records(
        making, read_source, [&](std::string_view line) { return static_cast<bool>(begins(line)); }, next);
  };
  return make_part(run, source.who, [&](Writer& writer) {
    write(writer, source);
    fn.write_bytes(writer);
  });
}

/// The numbers from `begin` on, `step` apart.
[[nodiscard]] Part range_source(std::int64_t begin, std::int64_t step, std::uint64_t count);

}  // namespace weir::detail::bag
