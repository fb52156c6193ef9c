// Every message to bytes and back, and bytes that are no message.
#include "protocol/codec.hpp"

#include <catch2/catch.hpp>

#include "support/messages.hpp"

using namespace weir;
using namespace weir::detail::protocol;
using namespace weir::test;

namespace {

const auto no_value = []() -> detail::task::Value& {
  static detail::task::Value none;
  return none;
};
const auto ignore = [](auto&&...) {};

template <class Message>
Buffer bytes_of(const Message& message) {
  Buffer out;
  encode<ListOf<Message>>(out, message);
  return out;
}

template <class Message, class F>
void read_back(const Buffer& bytes, F&& f) {
  int handled = 0;
  Reader reader(bytes.bytes());
  const auto handle = [&](auto&& message, auto&&...) {
    ++handled;
    if constexpr (std::is_same_v<std::decay_t<decltype(message)>, Message>) f(std::move(message));
  };
  decode<ListOf<Message>>(reader, handle, no_value);
  CHECK(handled == 1);
  CHECK(reader.left() == 0);
}
template <class Message>
Message there_and_back(const Buffer& bytes) {
  Message read{};
  read_back<Message>(bytes, [&](Message&& message) { read = std::move(message); });
  return read;
}
/// What is written of a message that was read: of itself, since a copy leaves out what lies between members.
template <class Message>
Buffer written_again(const Buffer& bytes) {
  Buffer again;
  read_back<Message>(bytes, [&](Message&& message) { again = bytes_of(message); });
  return again;
}

template <class List>
ErrorKind kind_of_error(std::span<const std::byte> bytes) {
  try {
    Reader reader(bytes);
    decode<List>(reader, ignore, no_value);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("it was read");
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("codec brings back every message, empty and full") {
  for_each_message([]<class Message>(std::type_identity<Message>) {
    for (const bool full : {false, true}) {
      Message message{};
      if (full) Filler().fill(message);
      const Buffer bytes = bytes_of(message);
      INFO(typeid(Message).name() << (full ? " full" : " empty"));
      // Equal bytes mean equal members: every member is written.
      CHECK(written_again<Message>(bytes) == bytes);
    }
  });
}

TEST_CASE("codec keeps the members of a run apart") {
  RunTask message;
  message.id = make_task_id(3, 7);
  message.run = 5;
  message.order = 1 << 20;
  message.priority = -4;
  message.want_small = true;
  message.inputs = {{1, 2, true}, {3, 4, false}, {5, 6, true}};
  message.extras.resources = {{"GPU", 0.5}};
  const RunTask read = there_and_back<RunTask>(bytes_of(message));
  CHECK(read.id == message.id);
  CHECK(read.run == 5);
  CHECK(read.priority == -4);
  CHECK(read.want_small);
  CHECK_FALSE(read.out_of_band);
  REQUIRE(read.inputs.size() == 3);
  CHECK(read.inputs[1] == Input{3, 4, false});
  CHECK(read.extras.resources == message.extras.resources);
}

TEST_CASE("codec carries a failure with all its context, and the lack of one") {
  Failure failure;
  failure.kind = ErrorKind::serialization;
  failure.type = "std::out_of_range";
  failure.context = {"needed by a-1", "needed by b-2"};
  const auto read = there_and_back<RunFailed>(bytes_of(RunFailed{1, 2, std::make_shared<Failure>(failure)}));
  REQUIRE(read.failure);
  CHECK(read.failure->kind == ErrorKind::serialization);
  CHECK(read.failure->type == "std::out_of_range");
  CHECK(read.failure->context == failure.context);
  CHECK(there_and_back<ResultMissing>(bytes_of(ResultMissing{1, nullptr})).failure == nullptr);
}

TEST_CASE("codec reads messages one after the other from one buffer") {
  Buffer bytes;
  encode<ToScheduler>(bytes, ReleaseTask{1});
  encode<ToScheduler>(bytes, CancelFuture{2, "no"});
  encode<ToScheduler>(bytes, ReleaseTask{4});
  Reader reader(bytes.bytes());
  std::vector<TaskId> released;
  int cancels = 0;
  while (reader.left())
    decode<ToScheduler>(
        reader,
        [&]<class Message>(Message&& message, auto&&...) {
          if constexpr (std::is_same_v<std::decay_t<Message>, ReleaseTask>) released.push_back(message.id);
          if constexpr (std::is_same_v<std::decay_t<Message>, CancelFuture>) ++cancels;
        },
        no_value);
  CHECK(released == std::vector<TaskId>{1, 4});
  CHECK(cancels == 1);
}

TEST_CASE("codec refuses a number that is no message of the receiver's list") {
  const auto refused = []<class List>(std::type_identity<List>) {
    for (const int index : {static_cast<int>(std::tuple_size_v<List>), 200, 255}) {
      Buffer bytes;
      const auto byte = static_cast<std::uint8_t>(index);
      bytes.append(&byte, 1);
      CHECK(kind_of_error<List>(bytes.bytes()) == ErrorKind::protocol);
    }
  };
  refused(std::type_identity<ToScheduler>{});
  refused(std::type_identity<ToWorker>{});
}

namespace {

struct AnswersAll {
  template <class Message>
  void operator()(Message&&) {}
  template <class Message>
  void operator()(Message&&, detail::task::Value&&) {}
};
struct ForgetsCancel : AnswersAll {
  using AnswersAll::operator();
  void operator()(CancelRun&&) = delete;
};
struct ForgetsTheValue {
  template <class Message>
  void operator()(Message&&) {}
};

}  // namespace

TEST_CASE("codec does not compile with a handler that has forgotten a message") {
  STATIC_REQUIRE(HandlesAll<AnswersAll, ToWorker>);
  STATIC_REQUIRE(HandlesAll<ForgetsCancel, ToScheduler>);
  STATIC_REQUIRE_FALSE(HandlesAll<ForgetsCancel, ToWorker>);
  STATIC_REQUIRE_FALSE(HandlesAll<ForgetsTheValue, ToWorker>);
}

TEST_CASE("messages say themselves what they carry and whom they wake") {
  STATIC_REQUIRE((has_value<ResultData> && has_value<PutResult> && !has_value<GetResult>));
  STATIC_REQUIRE((has_beside<SubmitTask> && has_beside<RunTask> && !has_beside<ReleaseTask>));
  STATIC_REQUIRE((is_sign_of_life<Heartbeat> && is_sign_of_life<Alive> && !is_sign_of_life<RunFinished>));
  for_each_message([]<class Message>(std::type_identity<Message>) {
    STATIC_REQUIRE(has_beside<Message> == requires(Message & message) { message.beside; });
  });
}

TEST_CASE("codec refuses every message that ends early, wherever it is cut") {
  for_each_message([]<class Message>(std::type_identity<Message>) {
    Message message{};
    Filler().fill(message);
    const Buffer bytes = bytes_of(message);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK(kind_of_error<ListOf<Message>>(bytes.bytes().first(size)) == ErrorKind::serialization);
  });
}

TEST_CASE("codec refuses lengths that cannot be true without asking for the memory") {
  SubmitTask message;
  message.arguments.append("abc", 3);
  message.inputs = {1, 2, 3};
  Buffer bytes = bytes_of(message);
  // Each eight bytes in turn become a length of exabytes.
  for (std::size_t at = 1; at + 8 <= bytes.size(); ++at) {
    Buffer wrong = bytes;
    const std::uint64_t huge = std::uint64_t{1} << 60;
    std::memcpy(wrong.data() + at, &huge, sizeof huge);
    try {
      Reader reader(wrong.bytes());
      decode<ToScheduler>(reader, ignore, no_value);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::serialization);
    }
  }
}

TEST_CASE("codec survives random bytes") {
  std::uint64_t state = 1;
  const auto feed = [&]<class List>(std::type_identity<List>) {
    for (int round = 0; round < 10'000; ++round) {
      Buffer bytes;
      for (int i = 0; i < 60; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto byte =
            static_cast<std::uint8_t>(i == 0 ? (state >> 33) % std::tuple_size_v<List> : state >> 33);
        bytes.append(&byte, 1);
      }
      try {
        Reader reader(bytes.bytes());
        decode<List>(reader, ignore, no_value);
      } catch (const Error&) {
      }
    }
  };
  feed(std::type_identity<ToScheduler>{});
  feed(std::type_identity<ToWorker>{});
}
