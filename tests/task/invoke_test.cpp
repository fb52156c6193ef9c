// Functions and arguments on their way to a worker: what is written by submit is called by the invoker.
#include "weir/detail/task/invoke.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

using namespace weir;
using namespace weir::detail::task;

namespace {

int inc(int x) { return x + 1; }
int quiet(int x) noexcept { return x * 2; }
double half(double x) { return x / 2; }
int half(int x) { return x / 2; }
void nothing(int) {}
int sum(const std::vector<int>& items) { return std::accumulate(items.begin(), items.end(), 0); }
std::unique_ptr<int> box(int x) { return std::make_unique<int>(x); }
int unbox(std::unique_ptr<int> x) { return *x; }
std::string greet(const std::string& name, int times) { return name + std::to_string(times); }
template <class T>
T twice(T x) {
  return x + x;
}
int throws(int) { throw std::out_of_range("too far"); }

struct Scale {
  double factor = 1;
  double operator()(double x) const { return factor * x; }
};
class Shift {
 public:
  Shift() = default;
  explicit Shift(int by) : by_(by) {}
  int operator()(int x) { return x + by_; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(by_);
  }

 private:
  int by_ = 0;
};
struct Base {
  int weight = 1;
  virtual ~Base() = default;
  virtual int weigh(int x) const { return weight * x; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(weight);
  }
};
struct Derived : Base {
  int weigh(int x) const override { return -weight * x; }
};
struct Counter {
  int start = 0;
  int plus(int x) const { return start + x; }
  int quiet_plus(int x) const noexcept { return start + x; }
};

// What submit writes and a worker does with it.
template <class F, class... A>
Value call(F function, const A&... arguments) {
  Buffer bytes;
  Writer writer(bytes);
  SmallVector<TaskId, 4> inputs;
  ArgumentWriter out{writer, inputs};
  Callable<F>::put(writer, function);
  (Argument<A>::put(out, arguments), ...);
  Reader reader(bytes.bytes());
  const Value result = invoke_task<F, A...>(reader, {});
  CHECK(reader.left() == 0);
  return result;
}

}  // namespace

TEST_CASE("invoke calls functions, also those that are noexcept, static or templates") {
  CHECK(call(&inc, 1).as<int>() == 2);
  CHECK(call(&quiet, 4).as<int>() == 8);
  CHECK(call(&twice<std::string>, std::string("ab")).as<std::string>() == "abab");
  CHECK(call(&greet, std::string("x"), 3).as<std::string>() == "x3");
  CHECK(call(&sum, std::vector<int>{1, 2, 3}).as<int>() == 6);
}

TEST_CASE("invoke calls the chosen overload, and functions of other libraries") {
  CHECK(call(static_cast<double (*)(double)>(&half), 3.0).as<double>() == 1.5);
  CHECK(call(static_cast<int (*)(int)>(&half), 3).as<int>() == 1);
  CHECK(call(static_cast<double (*)(double)>(&std::cbrt), 27.0).as<double>() == Approx(3));
}

TEST_CASE("invoke calls lambdas without captures, generic ones too") {
  CHECK(call([](int x) { return x + 2; }, 1).as<int>() == 3);
  CHECK(call([](const auto& x, auto y) { return x.size() + y; }, std::string("abc"), std::size_t{2})
            .as<std::size_t>() == 5);
  CHECK(call([](int x) mutable noexcept { return ++x; }, 1).as<int>() == 2);
}

TEST_CASE("invoke calls functors with their members") {
  CHECK(call(Scale{2.5}, 2.0).as<double>() == 5);
  CHECK(call(Shift(3), 4).as<int>() == 7);
  CHECK(call(std::plus<int>(), 2, 3).as<int>() == 5);
}

TEST_CASE("invoke calls member functions of objects that travel, also virtual ones") {
  CHECK(call(&Counter::plus, Counter{10}, 5).as<int>() == 15);
  CHECK(call(&Counter::quiet_plus, Counter{10}, 5).as<int>() == 15);
  CHECK(call(&Counter::start, Counter{10}).as<int>() == 10);
  Derived derived;
  derived.weight = 3;
  CHECK(call(&Base::weigh, derived, 2).as<int>() == -6);
  CHECK(call(&Base::weigh, Base(), 2).as<int>() == 2);
}

TEST_CASE("invoke moves arguments and results that cannot be copied") {
  CHECK(*call(&box, 5).as<std::unique_ptr<int>>() == 5);
  CHECK(call(&unbox, std::make_unique<int>(6)).as<int>() == 6);
}

TEST_CASE("invoke gives nothing for functions that return nothing") { CHECK(call(&nothing, 1).size() == 0); }

TEST_CASE("invoke passes on what the function throws") { CHECK_THROWS_WITH(call(&throws, 1), "too far"); }

TEST_CASE(
    "large arrays in arguments lie beside the bytes, copied once or not at all, and become the function's "
    "own") {
  using Numbers = std::vector<double>;
  const auto sum_and_place = [](Numbers numbers, int times, const Numbers& others) {
    return std::pair(times * std::accumulate(numbers.begin(), numbers.end(), 0.0) + others[0],
                     reinterpret_cast<std::uintptr_t>(numbers.data()));
  };
  using F = decltype(sum_and_place);
  const auto owned = std::make_shared<Numbers>(100'000, 1.0);
  const Numbers others(100'000, 5.0);
  Buffer head;
  std::vector<Block> blocks;
  Writer writer(head, blocks);
  SmallVector<TaskId, 4> inputs;
  ArgumentWriter out{writer, inputs};
  Argument<Shared<Numbers>>::put(out, {owned});
  Argument<int>::put(out, 2);
  Argument<Numbers>::put(out, others);
  REQUIRE(blocks.size() == 2);
  CHECK(head.size() < 100);
  CHECK(blocks[0].data == reinterpret_cast<const std::byte*>(owned->data()));
  CHECK(blocks[1].data != reinterpret_cast<const std::byte*>(others.data()));

  const Value sent = Value::make(Beside{blocks});
  Packed packed = sent.pack();
  REQUIRE(packed.blocks.size() == 2);
  CHECK(packed.blocks[0].data == blocks[0].data);
  const std::byte* arrived = nullptr;
  for (Block& block : packed.blocks) {  // as a transport does
    const Block fresh = new_block(block.size);
    std::memcpy(const_cast<std::byte*>(fresh.data), block.data, block.size);
    if (!arrived) arrived = fresh.data;
    block = fresh;
  }
  std::vector<Block> received = Value::from_packed(sent.ops(), std::move(packed)).take<Beside>().blocks;
  Reader reader(head.bytes(), received);
  const Value result = invoke_task<F, Shared<Numbers>, int, Numbers>(reader, {});
  CHECK(result.as<std::pair<double, std::uintptr_t>>() ==
        std::pair(200'005.0, reinterpret_cast<std::uintptr_t>(arrived)));

  // In the same process nobody's memory is taken.
  std::vector<Block> shared = Value(sent).take<Beside>().blocks;
  Reader again(head.bytes(), shared);
  CHECK(invoke_task<F, Shared<Numbers>, int, Numbers>(again, {})
            .as<std::pair<double, std::uintptr_t>>()
            .first == 200'005.0);
  CHECK(owned->at(99'999) == 1.0);
}

TEST_CASE("large arguments that end early are an error") {
  Buffer head;
  std::vector<Block> blocks;
  Writer writer(head, blocks);
  SmallVector<TaskId, 4> inputs;
  ArgumentWriter out{writer, inputs};
  Argument<std::vector<double>>::put(out, std::vector<double>(100'000, 1.0));
  blocks[0].size -= 8;
  Reader reader(head.bytes(), blocks);
  const auto size = [](const std::vector<double>& numbers) { return numbers.size(); };
  CHECK_THROWS_AS((invoke_task<decltype(size), std::vector<double>>(reader, {})), Error);
}

TEST_CASE("invoke reads several arguments in order") {
  CHECK(call([](std::string a, std::string b, std::string c) { return a + b + c; }, std::string("1"),
             std::string("2"), std::string("3"))
            .as<std::string>() == "123");
}

TEST_CASE("invoke says so when the arguments end early or an input is not there") {
  Buffer bytes;
  Writer writer(bytes);
  Callable<int (*)(int)>::put(writer, &inc);
  Reader reader(bytes.bytes());
  CHECK_THROWS_AS((invoke_task<int (*)(int), int>(reader, {})), Error);
  const std::uint32_t index = 0;
  Reader no_inputs(std::as_bytes(std::span(&index, 1)));
  ArgumentReader in{no_inputs, {}};
  CHECK_THROWS_WITH(in.input(), "task: an argument names an input that is not there");
}

TEST_CASE("invoke writes an input that is used twice once") {
  Buffer bytes;
  Writer writer(bytes);
  SmallVector<TaskId, 4> inputs;
  ArgumentWriter out{writer, inputs};
  out.input(7);
  out.input(9);
  out.input(7);
  CHECK(inputs.size() == 2);
  CHECK(bytes.size() == 3 * sizeof(std::uint32_t));
}

TEST_CASE("invoke names what it calls") {
  CHECK(Callable<int (*)(int)>::name(&inc) == portable_address(reinterpret_cast<const void*>(&inc)));
  const auto first = [](int x) { return x; };
  const auto second = [](int x) { return x; };
  CHECK(Callable<std::decay_t<decltype(first)>>::name(first) !=
        Callable<std::decay_t<decltype(second)>>::name(second));
}

TEST_CASE("invoke holds an argument as the type the function takes") {
  STATIC_REQUIRE(
      std::is_same_v<HeldType<std::string (*)(const std::string&, int), 0, const char(&)[4]>, std::string>);
  STATIC_REQUIRE(std::is_same_v<HeldType<double (*)(double), 0, int>, double>);
}
