// A join that lacks what only those could bring who wait for it.
#include <cstring>
#include <string>

#include "stream/support.hpp"

using namespace weir;

namespace {

constexpr const char* lack =
    "emit: <zip> lacks elements that only its own sources could bring, and these wait for room in it: where "
    "one way from a source drops elements, give it max_ahead{n} for more, or use combine_latest or "
    "zip_latest";

}  // namespace

TEST_CASE("a zip of a stream with what it passes itself says that it waits for ever") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto pairs = source.zip(source.filter(is_odd), max_ahead{2}).sink_to_list();
  for (int i = 0; i < 5; ++i) source.emit(i);
  CHECK(sentence([&] { source.emit(5); }) == lack);
  CHECK(pairs.values().size() == 2);
}

TEST_CASE("a zip of a stream with what it passes itself: on real time a warning says it") {
  Stream<int> source;
  const auto pairs = source.zip(source.filter(is_odd).buffer(4), max_ahead{2}).sink_to_list();
  for (int i = 0; i < 5; ++i) source.emit(i);
  source.drain();
  detail::stream::cycle_patience_ns = 0;
  Warnings warnings;
  CHECK_FALSE(source.emit_for(5, "100ms"));
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() == std::string("stream: emit_for") + (lack + 4) + "\n");
}

TEST_CASE("a merge by time of a stream with what it passes itself says that it waits for ever") {
  ManualClock clock;
  const auto itself = [](int x) { return x; };
  std::string said = "no error";
  Stream<int> source{clock};
  const auto merged = merge_by_time(itself, source, source.filter(is_odd), max_ahead{2}).sink_to_list();
  for (int i = 0; i < 2; ++i) source.emit(i);
  CHECK(merged.values() == Ints{0, 1});
  for (int i = 2; i < 20 && said == "no error"; i += 2) said = sentence([&] { source.emit(i); });
  CHECK(said == "emit: <merge_by_time>" + std::string(lack).substr(std::strlen("emit: <zip>")));

  Stream<int> with_room{clock};
  const auto all = merge_by_time(itself, with_room, with_room.filter(is_odd), max_ahead{20}).sink_to_list();
  for (int i = 0; i < 20; i += 2) with_room.emit(i);
  with_room.emit(21);
  with_room.close();
  CHECK(all.values().size() == 12);
}

TEST_CASE("a zip that another source can still feed says nothing") {
  Stream<int> source, partner;
  const auto pairs = source.zip(partner, max_ahead{1}).sink_to_list();
  for (int i = 0; i < 2; ++i) source.emit(i);
  detail::stream::cycle_patience_ns = 0;
  Warnings warnings;
  CHECK_FALSE(source.emit_for(2, "60ms"));
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text().empty());
}
