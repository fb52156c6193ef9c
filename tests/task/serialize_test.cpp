// Values of every kind to bytes and back.
#include "weir/detail/task/serialize.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xtensor.hpp>

using namespace weir;

namespace {

template <class T>
Packed pack(const T& value) {
  Packed packed;
  const std::shared_ptr<const void> owner(&value, [](const void*) {});
  Writer writer(packed.head, packed.blocks, owner);
  write(writer, value);
  CHECK(writer.written() == packed.size());
  Writer counter;
  write(counter, value);
  CHECK(counter.written() == packed.size());
  return packed;
}

template <class T>
T unpack(Packed packed) {
  T value{};
  Reader reader(packed);
  read(reader, value);
  CHECK(reader.left() == 0);
  return value;
}

template <class T>
T back(const T& value) {
  return unpack<T>(pack(value));
}

template <class T>
bool survives(const T& value) {
  return back(value) == value;
}

enum class Colour : short { red = -3, green = 7 };

struct Point {
  double x, y;
  auto operator<=>(const Point&) const = default;
};
struct Particle {
  int id = 0;
  Point at{};
  std::string name;
  std::vector<Point> path;
  std::optional<double> charge;
  bool operator==(const Particle&) const = default;
};
struct Grid {
  int cells[2][3];
  char name[8];
  double scale;
  std::vector<int> rest;
};
struct Empty {
  bool operator==(const Empty&) const = default;
};
struct Twelve {
  int a, b, c, d, e, f, g, h, i, j, k;
  std::string l;
  bool operator==(const Twelve&) const = default;
};
class Account {
 public:
  Account() = default;
  explicit Account(int cents) : cents_(cents) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cents_);
  }
  bool operator==(const Account&) const = default;

 private:
  int cents_ = 0;
};
struct Split {
  int value = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(value + 1);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(value);
    --value;
  }
  bool operator==(const Split&) const = default;
};
struct Node {
  int value = 0;
  std::unique_ptr<Node> next;
};
struct NoSize {
  template <class Archive>
  void serialize(Archive&) {}
};
struct Explosive {
  int fuse = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(fuse);
    if (fuse == 13) throw std::runtime_error("it blew up half-way");
  }
};

}  // namespace

TEST_CASE("serialize brings back numbers, enumerations and text") {
  CHECK(survives(true));
  CHECK(survives('x'));
  CHECK(survives(std::numeric_limits<std::int64_t>::min()));
  CHECK(survives(-0.1f));
  CHECK(survives(1e308));
  CHECK(survives(1.0L / 3));
  CHECK(survives(Colour::red));
  CHECK(survives(std::string("with\0zero", 9)));
  CHECK(survives(std::string()));
  CHECK(survives(std::wstring(L"wide")));
  CHECK(survives(std::u32string(U"wider")));
  CHECK(survives(std::complex<double>(1, -2)));
  CHECK(std::isnan(back(std::nan(""))));
}

TEST_CASE("serialize brings back sequences") {
  CHECK(survives(std::vector<int>{1, 2, 3}));
  CHECK(survives(std::vector<int>{}));
  CHECK(survives(std::vector<bool>{true, false, true}));
  CHECK(survives(std::vector<std::string>{"a", "", "c"}));
  CHECK(survives(std::vector<std::vector<double>>{{1}, {}, {2, 3}}));
  CHECK(survives(std::vector<std::complex<float>>{{1, 2}, {3, 4}}));
  CHECK(survives(std::vector<std::pair<int, double>>{{1, 2.5}, {3, 4.5}}));
  CHECK(survives(std::vector<Empty>(5)));
  CHECK(survives(std::array<int, 3>{1, 2, 3}));
  CHECK(survives(std::array<std::string, 2>{"a", "b"}));
  CHECK(survives(std::deque<int>{1, 2, 3}));
  CHECK(survives(std::list<std::string>{"a", "b"}));
  CHECK(survives(std::forward_list<int>{1, 2, 3}));
  CHECK(survives(std::forward_list<std::string>{}));
  CHECK(survives(std::bitset<70>("101")));
  const std::valarray<double> values{1, 2, 3};
  CHECK((back(values) == values).min());
}

TEST_CASE("serialize brings back maps, sets and queues") {
  CHECK(survives(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}}));
  CHECK(survives(std::multimap<int, int>{{1, 2}, {1, 3}}));
  CHECK(survives(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}}));
  CHECK(survives(std::set<int>{3, 1, 2}));
  CHECK(survives(std::multiset<int>{1, 1, 2}));
  CHECK(survives(std::unordered_set<std::string>{"a", "b"}));
  std::queue<int> queue;
  queue.push(1);
  queue.push(2);
  CHECK(survives(queue));
  std::stack<int> stack;
  stack.push(1);
  CHECK(survives(stack));
  std::priority_queue<int> heap;
  heap.push(2);
  heap.push(5);
  CHECK(back(heap).top() == 5);
}

TEST_CASE("serialize brings back optional, variant, tuple, pair and pointers") {
  CHECK(survives(std::optional<std::string>("x")));
  CHECK(survives(std::optional<std::string>()));
  CHECK(survives(std::variant<int, std::string>("x")));
  CHECK(survives(std::variant<std::monostate, int>()));
  CHECK(survives(std::tuple<int, std::string, double>(1, "x", 2)));
  CHECK(survives(std::pair<std::string, int>("x", 1)));
  CHECK(*back(std::make_unique<std::string>("x")) == "x");
  CHECK(back(std::unique_ptr<int>()) == nullptr);
  CHECK(*back(std::make_shared<int>(5)) == 5);
  CHECK(back(std::shared_ptr<int>()) == nullptr);
  const auto shared = std::make_shared<int>(7);
  const auto two = back(std::vector<std::shared_ptr<int>>{shared, shared});
  CHECK(two[0] == two[1]);
}

TEST_CASE("serialize brings back times and paths") {
  using namespace std::chrono;
  CHECK(survives(milliseconds(-5)));
  CHECK(survives(duration<double>(0.25)));
  CHECK(survives(system_clock::time_point(seconds(1'700'000'000))));
  CHECK(survives(std::filesystem::path("/tmp/a b/c.txt")));
  CHECK(survives(std::vector<std::filesystem::path>{"a", "b"}));
}

TEST_CASE("serialize brings back plain structs, nested and with C arrays, without a line for them") {
  CHECK(survives(Point{1, 2}));
  CHECK(survives(std::vector<Point>{{1, 2}, {3, 4}}));
  CHECK(survives(Particle{7, {1, 2}, "x", {{3, 4}}, 0.5}));
  CHECK(survives(std::map<int, Particle>{{1, {7, {1, 2}, "x", {}, {}}}}));
  CHECK(survives(std::vector<Particle>(3)));
  CHECK(survives(Empty{}));
  CHECK(survives(Twelve{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "l"}));
  const Grid grid = back(Grid{{{1, 2, 3}, {4, 5, 6}}, "grid", 0.5, {7, 8}});
  CHECK(grid.cells[1][2] == 6);
  CHECK(std::string(grid.name) == "grid");
  CHECK(grid.scale == 0.5);
  CHECK(grid.rest == std::vector<int>{7, 8});
}

TEST_CASE("serialize uses a type's own functions") {
  CHECK(survives(Account(42)));
  CHECK(survives(std::vector<Account>{Account(1), Account(2)}));
  CHECK(survives(Split{5}));
  CHECK(survives(std::map<std::string, Split>{{"a", {1}}}));
}

TEST_CASE("serialize follows a list of owned nodes") {
  Node head{1, std::make_unique<Node>(Node{2, std::make_unique<Node>(Node{3, nullptr})})};
  const Node read = back(head);
  REQUIRE(read.next);
  REQUIRE(read.next->next);
  CHECK(read.next->next->value == 3);
  CHECK_FALSE(read.next->next->next);
}

TEST_CASE("serialize brings back arrays of xtensor of every kind of shape") {
  const xt::xarray<double> dynamic = xt::reshape_view(xt::arange<double>(24), {2, 3, 4});
  CHECK(survives(dynamic));
  CHECK(back(dynamic).shape() == dynamic.shape());
  const xt::xtensor<int, 2> fixed_dimension{{1, 2, 3}, {4, 5, 6}};
  CHECK(survives(fixed_dimension));
  const xt::xtensor_fixed<float, xt::xshape<2, 2>> fixed_shape{{1, 2}, {3, 4}};
  CHECK(survives(fixed_shape));
  const xt::xarray<double, xt::layout_type::column_major> columns = dynamic;
  CHECK(survives(columns));
  const xt::xarray<double, xt::layout_type::dynamic> any(dynamic);
  CHECK((back(any) == any));
  const xt::xarray<std::complex<double>> complex = xt::full_like(dynamic, 2.5) * std::complex<double>(1, -1);
  CHECK(survives(complex));
  CHECK(survives(xt::xarray<bool>{{true, false}, {false, true}}));
  const xt::xarray<std::string> words = xt::xarray<std::string>::from_shape({2});
  CHECK(survives(words));
  CHECK(survives(xt::xarray<double>(5.0)));  // no dimensions, one element
  const xt::xarray<double> empty = xt::zeros<double>({0, 3});
  CHECK(back(empty).shape() == empty.shape());
  CHECK(survives(std::vector<xt::xtensor<int, 1>>{xt::xtensor<int, 1>{1, 2}, xt::xtensor<int, 1>{3}}));
}

TEST_CASE("serialize puts buffers of 64 KiB and more beside the bytes, smaller ones among them") {
  const auto blocks = [](std::size_t bytes) { return pack(std::vector<char>(bytes, 'x')).blocks.size(); };
  CHECK(blocks(block_bytes - 1) == 0);
  CHECK(blocks(block_bytes) == 1);
  CHECK(blocks(block_bytes + 1) == 1);
  CHECK(survives(std::vector<char>(block_bytes - 1, 'x')));
  CHECK(survives(std::vector<char>(block_bytes, 'x')));
  CHECK(survives(std::string(block_bytes, 'x')));
  CHECK(survives(std::map<int, std::string>{{1, std::string(100'000, 'x')}}));
  CHECK(survives(std::list<std::wstring>{std::wstring(100'000, L'x')}));
  CHECK(survives(std::vector<Point>(block_bytes / sizeof(Point), {1, 2})));
  std::vector<std::vector<double>> rows(3, std::vector<double>(block_bytes / 8));
  std::iota(rows[1].begin(), rows[1].end(), 0);
  CHECK(pack(rows).blocks.size() == 3);
  CHECK(survives(rows));
  const xt::xarray<double> large = xt::arange<double>(20'000);
  CHECK(pack(large).blocks.size() == 1);
  CHECK(survives(large));
}

TEST_CASE("serialize does not copy what goes out of band") {
  const std::vector<double> values(100'000);
  const Packed packed = pack(values);
  REQUIRE(packed.blocks.size() == 1);
  CHECK(packed.blocks[0].data == reinterpret_cast<const std::byte*>(values.data()));
  CHECK(packed.head.size() == 8);
}

TEST_CASE("serialize gives a vector the fresh memory in which its elements arrived") {
  std::vector<double> values(100'000);
  std::iota(values.begin(), values.end(), 0);
  Packed packed = pack(values);
  const std::size_t bytes = packed.blocks[0].size;
  const auto arrive = [&] {
    auto* memory = static_cast<std::byte*>(::operator new(bytes));
    std::memcpy(memory, values.data(), bytes);
    packed.blocks[0] = {std::shared_ptr<const void>(memory, FreshMemory{}), memory, bytes};
  };
  const auto read_vector = [&] {
    std::vector<double> arrived;
    Reader reader(packed);
    read(reader, arrived);
    return arrived;
  };
  arrive();
  const std::byte* memory = packed.blocks[0].data;
  std::vector<double> arrived = read_vector();
  CHECK(reinterpret_cast<const std::byte*>(arrived.data()) == memory);
  CHECK(arrived == values);
  arrived.push_back(1);
  CHECK(arrived.size() == values.size() + 1);
  arrive();
  const Block kept = packed.blocks[0];  // somebody else reads it too
  arrived = read_vector();
  CHECK(reinterpret_cast<const std::byte*>(arrived.data()) != kept.data);
  CHECK(arrived == values);
}

TEST_CASE("serialize writes everything among the bytes where no blocks are wanted") {
  const std::vector<double> values(100'000, 0.5);
  Buffer bytes;
  Writer writer(bytes);
  write(writer, values);
  std::vector<double> read_back;
  Reader reader(bytes.bytes());
  read(reader, read_back);
  CHECK(read_back == values);
}

TEST_CASE("serialize stops at its limit") {
  Buffer bytes;
  Writer enough(bytes, 108);
  write(enough, std::string(100, 'x'));
  bytes.clear();
  Writer small(bytes, 107);
  CHECK_THROWS_AS(write(small, std::string(100, 'x')), Writer::LimitReached);
}

TEST_CASE("serialize passes on what a type's own function throws half-way, while writing and while reading") {
  CHECK_THROWS_WITH(pack(std::vector<Explosive>{{1}, {13}, {2}}), "it blew up half-way");
  Packed packed = pack(Explosive{12});
  const int thirteen = 13;
  std::memcpy(packed.head.data(), &thirteen, sizeof thirteen);
  CHECK_THROWS_WITH(unpack<Explosive>(packed), "it blew up half-way");
}

TEST_CASE("serialize says so when the bytes end early") {
  const auto cut = [](const auto& value) {
    using T = std::decay_t<decltype(value)>;
    const Packed whole = pack(value);
    for (std::size_t size = 0; size < whole.head.size(); ++size) {
      Reader reader(whole.head.bytes().first(size));
      T read_back{};
      try {
        read(reader, read_back);
        FAIL("it was read from " << size << " bytes");
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::serialization);
      }
    }
  };
  cut(std::string("abc"));
  cut(std::vector<std::string>{"a", "b"});
  cut(std::map<int, double>{{1, 2}});
  cut(Particle{7, {1, 2}, "x", {{3, 4}}, 0.5});
  cut(xt::xtensor<int, 2>{{1, 2}, {3, 4}});
}

TEST_CASE("serialize knows many elements of no size from a count that is wrong") {
  CHECK(unpack<std::vector<NoSize>>(pack(std::vector<NoSize>(1'000'000))).size() == 1'000'000);
  Packed packed = pack(std::vector<NoSize>(3));
  const std::uint64_t wrong = 1ull << 40;
  std::memcpy(packed.head.data(), &wrong, sizeof wrong);
  CHECK_THROWS_AS(unpack<std::vector<NoSize>>(packed), Error);
}

TEST_CASE("serialize refuses blocks that are not those it needs") {
  Packed packed = pack(std::vector<char>(block_bytes, 'x'));
  packed.blocks[0].size -= 1;
  CHECK_THROWS_AS(unpack<std::vector<char>>(packed), Error);
  packed.blocks.clear();
  CHECK_THROWS_AS(unpack<std::vector<char>>(packed), Error);
}

TEST_CASE("serialize knows what can travel") {
  STATIC_REQUIRE(detail::task::Travels<std::vector<Particle>>::value);
  STATIC_REQUIRE(detail::task::Travels<std::unique_ptr<int>>::value);
  STATIC_REQUIRE(detail::task::Travels<std::optional<std::variant<int, std::string>>>::value);
  STATIC_REQUIRE(detail::task::Travels<xt::xarray<double>>::value);
  STATIC_REQUIRE_FALSE(detail::task::Travels<int*>::value);
  STATIC_REQUIRE_FALSE(detail::task::Travels<const char*>::value);
  STATIC_REQUIRE_FALSE(detail::task::Travels<std::vector<int*>>::value);
  STATIC_REQUIRE(detail::task::Bitwise<Point>);
  STATIC_REQUIRE(detail::task::Bitwise<std::array<Point, 3>>);
  STATIC_REQUIRE_FALSE(detail::task::Bitwise<Particle>);
  STATIC_REQUIRE_FALSE(detail::task::Bitwise<Account>);
  STATIC_REQUIRE_FALSE(detail::task::Bitwise<std::vector<int>>);
}
