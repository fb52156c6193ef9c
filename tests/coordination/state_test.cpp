// Shared things without a cluster: who asks, and who is answered.
#include "coordination/state.hpp"

#include <catch2/catch.hpp>

using namespace weir::detail::coordination;
using weir::Buffer;
using weir::detail::protocol::Answer;
using weir::detail::protocol::Ask;
using weir::detail::protocol::Wish;
using Lines = std::vector<std::string>;

namespace {

struct Story {
  State state;
  std::uint64_t number = 0;

  static Buffer bytes(const std::string& text) {
    return Buffer(std::as_bytes(std::span(text.data(), text.size())));
  }
  Lines told(Replies& replies) {
    Lines lines;
    for (const Reply& reply : replies) {
      const Answer& answer = reply.answer;
      std::string line = std::to_string(reply.to) + "/" + std::to_string(answer.number);
      if (answer.what == Answer::What::withdrawn) line += " withdrawn: " + answer.problem;
      else if (answer.what == Answer::What::refused) line += " refused: " + answer.problem;
      else if (!answer.problem.empty()) line += " " + answer.problem;
      if (answer.count) line += " #" + std::to_string(answer.count);
      if (!answer.value.empty())
        line += " " + std::string(reinterpret_cast<const char*>(answer.value.data()), answer.value.size());
      lines.push_back(line);
    }
    return lines;
  }
  Lines ask(weir::PeerId from, Wish wish, const std::string& name, const std::string& value = "",
            std::uint64_t count = 0, const std::string& type = "int") {
    Ask ask;
    ask.number = ++number;
    ask.wish = wish;
    ask.name = name;
    ask.type = type;
    ask.count = count;
    ask.value = bytes(value);
    Replies replies;
    state.ask(from, std::move(ask), replies);
    return told(replies);
  }
  Lines taken(weir::PeerId by, const std::string& name, std::uint64_t which) {
    Ask ask;
    ask.wish = Wish::taken;
    ask.name = name;
    ask.count = which;
    Replies replies;
    state.ask(by, std::move(ask), replies);
    return told(replies);
  }
  Lines unask(weir::PeerId from, std::uint64_t which) {
    Replies replies;
    state.unask(from, which, replies);
    return told(replies);
  }
  Lines lose(weir::PeerId peer) {
    Replies replies;
    state.lose(peer, replies);
    return told(replies);
  }
};

}  // namespace

TEST_CASE("a variable is waited for, read by all, and changed") {
  Story story;
  CHECK(story.ask(1, Wish::get_variable, "x").empty());
  CHECK(story.ask(2, Wish::get_variable, "x").empty());
  CHECK(story.ask(0, Wish::set_variable, "x", "7") == Lines{"1/1 7", "2/2 7", "0/3"});
  CHECK(story.ask(1, Wish::get_variable, "x") == Lines{"1/4 7"});
  CHECK(story.ask(1, Wish::set_variable, "x", "a", 0, "text") ==
        Lines{"1/5 refused: variable 'x' is one of int (got text)"});
  CHECK(story.ask(1, Wish::clear_variable, "x") == Lines{"1/6"});
  CHECK(story.state.count() == 0);
  CHECK(story.ask(1, Wish::get_variable, "x").empty());
  CHECK(story.unask(1, 7) == Lines{"1/7 withdrawn: 'x' has no value"});
  CHECK(story.unask(1, 7).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("a queue is first in, first out, for elements and for those who wait") {
  Story story;
  CHECK(story.ask(1, Wish::put, "q", "a", 2) == Lines{"1/1"});
  CHECK(story.ask(1, Wish::put, "q", "b", 2) == Lines{"1/2"});
  CHECK(story.ask(1, Wish::put, "q", "c", 2).empty());
  CHECK(story.ask(3, Wish::count_elements, "q", "", 2) == Lines{"3/4 #2"});
  CHECK(story.ask(2, Wish::take, "q", "", 2) == Lines{"2/5 a", "1/3"});
  CHECK(story.ask(2, Wish::take, "q", "", 2) == Lines{"2/6 b"});
  CHECK(story.ask(2, Wish::take, "q", "", 2) == Lines{"2/7 c"});
  for (const std::uint64_t number : {5, 6, 7}) story.taken(2, "q", number);
  CHECK(story.ask(2, Wish::take, "q", "", 2).empty());
  CHECK(story.ask(3, Wish::take, "q", "", 2).empty());
  CHECK(
      story.ask(1, Wish::put, "q", "d", 5) ==
      Lines{"1/10 refused: queue 'q' holds at most 2 elements (got 5); 0 stands for no limit, and everybody "
            "must name the same"});
  CHECK(story.lose(2).empty());
  CHECK(story.ask(1, Wish::put, "q", "d", 2) == Lines{"1/11", "3/9 d"});
  story.taken(3, "q", 9);
  CHECK(story.state.count() == 0);
}

TEST_CASE("an element that had not arrived at a dead taker is the first of its queue again") {
  Story story;
  for (const char* element : {"a", "b", "c", "d"}) story.ask(0, Wish::put, "q", element);
  CHECK(story.ask(2, Wish::take, "q") == Lines{"2/5 a"});
  CHECK(story.ask(2, Wish::take, "q") == Lines{"2/6 b"});
  CHECK(story.ask(3, Wish::take, "q") == Lines{"3/7 c"});
  CHECK(story.lose(2).empty());
  CHECK(story.ask(1, Wish::count_elements, "q") == Lines{"1/8 #3"});
  CHECK(story.ask(0, Wish::take, "q") == Lines{"0/9 a"});
  CHECK(story.ask(0, Wish::take, "q") == Lines{"0/10 b"});
  CHECK(story.ask(0, Wish::take, "q") == Lines{"0/11 d"});
  CHECK(story.ask(4, Wish::take, "q").empty());
  CHECK(story.lose(3) == Lines{"4/12 c"});  // straight to who waits for one
  CHECK(story.state.count() == 1);
  CHECK(story.taken(4, "q", 12).empty());
  CHECK(story.state.count() == 0);
  CHECK(story.lose(4).empty());
  CHECK(story.state.count() == 0);
}

TEST_CASE("an element that has arrived is gone with its taker, whatever is said of others") {
  Story story;
  for (const char* element : {"a", "b"}) story.ask(0, Wish::put, "q", element);
  CHECK(story.ask(2, Wish::take, "q") == Lines{"2/3 a"});
  story.taken(3, "q", 3);  // not its own
  story.taken(2, "q", 9);  // never asked for
  story.taken(2, "other", 3);
  story.taken(2, "q", 3);
  story.lose(2);
  CHECK(story.ask(0, Wish::take, "q") == Lines{"0/4 b"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("who waits for room waits on while more came back than a queue may hold") {
  Story story;
  story.ask(1, Wish::put, "q", "a", 1);
  CHECK(story.ask(2, Wish::take, "q", "", 1) == Lines{"2/2 a"});
  CHECK(story.ask(1, Wish::put, "q", "b", 1) == Lines{"1/3"});
  CHECK(story.ask(1, Wish::put, "q", "c", 1).empty());
  CHECK(story.lose(2).empty());
  CHECK(story.ask(0, Wish::take, "q", "", 1) == Lines{"0/5 a"});
  CHECK(story.ask(0, Wish::take, "q", "", 1) == Lines{"0/6 b", "1/4"});
  CHECK(story.ask(0, Wish::take, "q", "", 1) == Lines{"0/7 c"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("a worker that dies while it waits for room puts nothing") {
  Story story;
  story.ask(1, Wish::put, "q", "a", 1);
  CHECK(story.ask(2, Wish::put, "q", "b", 1).empty());
  CHECK(story.ask(3, Wish::put, "q", "c", 1).empty());
  CHECK(story.unask(3, 3) == Lines{"3/3 withdrawn: 'q' is full"});
  story.lose(2);
  CHECK(story.ask(1, Wish::take, "q", "", 1) == Lines{"1/4 a"});
  story.taken(1, "q", 4);
  CHECK(story.state.count() == 0);
}

TEST_CASE("a lease goes from holder to holder, and ends with its process") {
  Story story;
  CHECK(story.ask(1, Wish::acquire, "l", "", 1) == Lines{"1/1 #1"});
  CHECK(story.ask(2, Wish::acquire, "l", "", 1).empty());
  CHECK(story.ask(3, Wish::acquire, "l", "", 1).empty());
  CHECK(story.ask(0, Wish::acquire, "l", "", 1).empty());
  CHECK(story.ask(0, Wish::acquire, "l", "", 4) ==
        Lines{"0/5 refused: semaphore 'l' has 1 lease (got 4); everybody must name the same number, a lock "
              "has 1"});
  CHECK(story.unask(0, 4) == Lines{"0/4 withdrawn: 'l' is held by worker 1"});
  CHECK(story.lose(2).empty());
  CHECK(story.lose(1) == Lines{"3/3 #2"});
  CHECK(story.ask(1, Wish::release, "l", "", 1) == Lines{"1/6"});  // of one that was taken for dead
  CHECK(story.ask(3, Wish::release, "l", "", 2) == Lines{"3/7"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("a semaphore has as many holders as leases") {
  Story story;
  CHECK(story.ask(1, Wish::acquire, "s", "", 2) == Lines{"1/1 #1"});
  CHECK(story.ask(1, Wish::acquire, "s", "", 2) == Lines{"1/2 #2"});
  CHECK(story.ask(2, Wish::acquire, "s", "", 2).empty());
  CHECK(story.ask(2, Wish::acquire, "s", "", 2).empty());
  CHECK(story.lose(1) == Lines{"2/3 #3", "2/4 #4"});
}

TEST_CASE("an event lets go all who wait, and those who come later") {
  Story story;
  CHECK(story.ask(1, Wish::look_at_event, "e") == Lines{"1/1"});
  CHECK(story.ask(1, Wish::await_event, "e").empty());
  CHECK(story.ask(2, Wish::await_event, "e").empty());
  CHECK(story.unask(2, 3) == Lines{"2/3 withdrawn: 'e' has not been set"});
  CHECK(story.ask(0, Wish::set_event, "e") == Lines{"1/2", "0/4 #1"});
  CHECK(story.ask(3, Wish::await_event, "e") == Lines{"3/5 #1"});
  CHECK(story.ask(0, Wish::clear_event, "e") == Lines{"0/6"});
  CHECK(story.state.count() == 0);
}

TEST_CASE("what is published is found until it is unpublished or its owner has gone") {
  Story story;
  CHECK(story.ask(2, Wish::look_up, "grid").empty());
  CHECK(story.ask(1, Wish::publish, "grid", "id") == Lines{"2/1 id", "1/2"});
  CHECK(story.ask(3, Wish::publish, "grid", "x") ==
        Lines{"3/3 refused: 'grid' is published already; unpublish it first"});
  CHECK(story.ask(3, Wish::look_up, "grid", "", 0, "double") ==
        Lines{"3/4 refused: published 'grid' is one of int (got double)"});
  CHECK(story.ask(3, Wish::list_published, "") == Lines{"3/5 grid\n"});
  CHECK(story.ask(3, Wish::unpublish, "grid") == Lines{"1/0 grid", "3/6 #1"});
  CHECK(story.ask(3, Wish::unpublish, "grid") == Lines{"3/7"});
  story.ask(1, Wish::publish, "grid", "id");
  story.lose(1);
  CHECK(story.state.count() == 0);
}

TEST_CASE("what makes no sense is refused") {
  Story story;
  CHECK(story.ask(1, static_cast<Wish>(200), "x") ==
        Lines{"1/1 refused: coordination: there is no wish 200"});
  CHECK(story.unask(1, 99).empty());
  CHECK(story.lose(9).empty());
  CHECK(story.ask(1, Wish::release, "none", "", 5) == Lines{"1/2"});
}
