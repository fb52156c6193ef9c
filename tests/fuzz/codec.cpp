// codec: messages, frames and values with bytes changed; `codec [first] [count]`.
//
// A seed decides everything: the message, what is in it, what is changed. What arrives is read or refused by
// an Error, in little time and memory. Prints the seed of what is not.
#include <sys/resource.h>

#include <ctime>
#include <deque>
#include <functional>
#include <iostream>
#include <random>
#include <xtensor/xarray.hpp>

#include "comm/wire.hpp"
#include "support/messages.hpp"
#include "weir/client.hpp"
#include "weir/serialize.hpp"

using namespace weir;
using namespace weir::detail;

namespace {

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t end) { return random() % end; }

/// Changes, cuts, doubles or lengthens some bytes; most often numbers that are lengths become large ones.
void mutate(Random& random, std::vector<std::byte>& bytes) {
  for (std::uint64_t changes = 1 + below(random, 4); changes > 0; --changes) {
    const std::size_t at = bytes.empty() ? 0 : below(random, bytes.size());
    const std::size_t room = bytes.size() - at;
    const std::size_t width = std::min<std::size_t>(room, std::size_t{1} << below(random, 4));
    static constexpr std::uint64_t edges[] = {0,
                                              1,
                                              0x7f,
                                              0xff,
                                              0xffff,
                                              0x10000,
                                              0x7fffffff,
                                              0xffffffff,
                                              std::uint64_t{1} << 40,
                                              std::uint64_t{1} << 60,
                                              UINT64_MAX};
    switch (below(random, 6)) {
      case 0:
        if (room) bytes[at] ^= static_cast<std::byte>(1 << below(random, 8));
        break;
      case 1:
      case 2: {
        const std::uint64_t number = edges[below(random, std::size(edges))] - below(random, 2);
        std::memcpy(bytes.data() + at, &number, width);
        break;
      }
      case 3:
        bytes.resize(at);
        break;
      case 4: {
        const std::vector<std::byte> again(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
        bytes.insert(bytes.end(), again.begin(), again.end());
        break;
      }
      default:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), width, std::byte(random() & 0xff));
    }
  }
}

template <class List>
void read_messages(std::span<const std::byte> bytes, std::vector<task::Value>& values) {
  Reader reader(bytes);
  std::size_t next = 0;
  const auto next_value = [&]() -> task::Value& {
    if (next == values.size()) throw Error(ErrorKind::protocol, "frame: a message without its value");
    return values[next++];
  };
  const auto forget = [](auto&&...) {};
  while (reader.left()) protocol::decode<List>(reader, forget, next_value);
}

/// A message of any type, alone or several of them in a frame with a value.
template <class Message, class List>
void try_message(Random& random) {
  Message message{};
  if (below(random, 4)) test::Filler{random() % 50}.fill(message);
  Buffer head;
  for (std::uint64_t n = 1 + below(random, 3); n > 0; --n) protocol::encode<List>(head, message);
  std::vector<std::byte> bytes(head.bytes().begin(), head.bytes().end());
  std::vector<task::Value> values;
  if (below(random, 2)) {
    mutate(random, bytes);
    return read_messages<List>(bytes, values);
  }
  comm::Frame frame;
  frame.head = std::move(head);
  frame.values.push_back(task::Value::make(std::vector<double>(below(random, 2) ? 3 : 10'000)));
  comm::WireFrame wire = comm::to_wire(std::move(frame));
  bytes.assign(wire.head.bytes().begin(), wire.head.bytes().end());
  mutate(random, bytes);
  if (const auto sizes = comm::block_sizes(bytes); sizes.size() != wire.blocks.size()) return;
  comm::Frame arrived = comm::from_wire(bytes, std::move(wire.blocks));
  read_messages<List>(arrived.head.bytes(), arrived.values);
}

template <class T>
void try_value(Random& random, const T& value) {
  std::vector<std::byte> bytes = to_bytes(value);
  mutate(random, bytes);
  static_cast<void>(from_bytes<T>(bytes));
}

/// Arguments with futures in them, whose counts are not those of a container.
template <class A>
void try_argument(Random& random, const A& argument) {
  Buffer written;
  Writer writer(written);
  SmallVector<TaskId, 4> ids;
  task::ArgumentWriter out{writer, ids};
  task::Argument<A>::put(out, argument);
  std::vector<std::byte> bytes(written.bytes().begin(), written.bytes().end());
  mutate(random, bytes);
  Reader reader(bytes);
  const task::Value inputs[] = {task::Value::make(1), task::Value::make(2)};
  task::ArgumentReader in{reader, inputs};
  static_cast<void>(task::Argument<A>::get(in));
}

struct Leaf {
  std::string name;
  std::vector<std::string> words;
  std::optional<double> weight;
};
struct None {
  friend bool operator<(const None&, const None&) { return false; }
};

using Case = std::function<void(Random&)>;

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const auto list = [&]<class List, class... Message>(std::type_identity<List>,
                                                      std::type_identity<std::tuple<Message...>>) {
    (cases.push_back(&try_message<Message, List>), ...);
  };
  list(std::type_identity<protocol::ToScheduler>(), std::type_identity<protocol::ToScheduler>());
  list(std::type_identity<protocol::ToWorker>(), std::type_identity<protocol::ToWorker>());
  const auto value = [&]<class T>(T value) {
    cases.push_back(
        [value = std::make_shared<const T>(std::move(value))](Random& random) { try_value(random, *value); });
  };
  value(std::vector<Leaf>(3, {"leaf", {"a", "b"}, 0.5}));
  value(std::map<std::string, std::vector<Leaf>>{{"a", {{"x", {}, {}}}}, {"b", {}}});
  value(std::multimap<int, std::string>{{1, "a"}, {1, "b"}});
  value(std::multimap<None, None>{});
  value(std::unordered_multimap<int, None>{{1, {}}, {1, {}}});
  value(std::list<None>(3));
  value(std::forward_list<std::string>{"a", "b"});
  value(std::deque<std::vector<bool>>{{true, false}, {}});
  value(std::vector<std::variant<int, std::string>>{1, "a"});
  value(std::set<std::pair<int, std::string>>{{1, "a"}, {2, "b"}});
  value(std::unique_ptr<std::vector<std::uint64_t>>(new std::vector<std::uint64_t>(5)));
  value(xt::xarray<double>(xt::ones<double>({2, 3})));
  value(xt::xarray<std::string>::from_shape({2, 2}));
  value(std::wstring(L"wide"));
  const auto argument = [&](auto held) {
    cases.push_back([held = std::move(held)](Random& random) { try_argument(random, held); });
  };
  argument(std::vector<std::vector<Future<int>>>(3));
  argument(std::vector<std::array<Future<int>, 0>>(3));
  argument(std::map<int, std::vector<Future<int>>>{{1, {}}, {2, {}}});
  argument(std::vector<std::optional<Future<int>>>(5));
  return cases;
}

/// Runs one and says what is wrong with it; nothing if it was read or refused.
std::string trouble_of(const Case& one, Random& random) {
  const std::clock_t before = std::clock();
  std::string trouble;
  try {
    one(random);
  } catch (const Error& error) {
    if (std::string(error.what()).find("bad_alloc") != std::string::npos) trouble = "it asked for all memory";
  } catch (const std::exception& error) {
    trouble = std::string("no Error: ") + error.what();
  }
  // Refusing takes microseconds; the limit is for machines that have much else to do.
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  if (seconds > 1) trouble = "it took " + std::to_string(seconds) + " s";
  return trouble;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2000;
  const std::vector<Case> cases = all_cases();
  const rlimit room{std::uint64_t{4} << 30, std::uint64_t{4} << 30};  // of addresses, most of them never used
  setrlimit(RLIMIT_AS, &room);
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Random random(seed * 0x9e3779b97f4a7c15u);
    const std::size_t which = seed % cases.size();
    if (const std::string trouble = trouble_of(cases[which], random); !trouble.empty()) {
      ++failed;
      std::cout << "seed " << seed << " (case " << which << "): " << trouble << std::endl;
    }
  }
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const long megabytes = used.ru_maxrss / 1024;
  if (megabytes > 300) {
    ++failed;
    std::cout << "it took " << megabytes << " MB" << std::endl;
  }
  std::cout << count - std::min(failed, count) << " of " << count << " read or refused, " << cases.size()
            << " kinds, " << megabytes << " MB" << std::endl;
  return failed || count == 0 ? 1 : 0;
}
