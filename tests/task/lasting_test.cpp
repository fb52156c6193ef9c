// What a type's own functions write may be gone when they return: packed values never point into it.
#include <catch2/catch.hpp>
#include <forward_list>
#include <map>
#include <numeric>

#include "weir/detail/task/value.hpp"

using namespace weir;
using detail::task::Value;

namespace {

constexpr std::size_t many = 100'000;

std::vector<double> numbers(double first = 0) {
  std::vector<double> all(many);
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// Saves what it makes, as a local object.
struct Made {
  std::vector<double> kept;
  template <class Archive>
  void save(Archive& archive) const {
    std::vector<double> doubled(kept);
    for (double& x : doubled) x *= 2;
    archive(doubled);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(kept);
    for (double& x : kept) x /= 2;
  }
  bool operator==(const Made&) const = default;
};
/// The same by one function for both directions, between members that are written as they are.
struct Both {
  std::vector<double> before = numbers(1);
  std::map<std::string, Made> parts;
  std::vector<double> after = numbers(3);
  template <class Archive>
  void serialize(Archive& archive) {
    std::vector<std::vector<double>> made;
    for (const auto& [name, part] : parts) made.push_back(part.kept);
    std::vector<std::string> names;
    for (const auto& [name, part] : parts) names.push_back(name);
    archive(before, made, names, cereal::make_nvp("after", after));
    for (std::size_t i = 0; i < names.size(); ++i) parts[names[i]].kept = made[i];
  }
  bool operator==(const Both&) const = default;
};
struct Minimal {
  std::size_t size = 0;
  template <class Archive>
  std::string save_minimal(const Archive&) const {
    return std::string(size, 'x') + "y";
  }
  template <class Archive>
  void load_minimal(const Archive&, const std::string& text) {
    if (text.find('y') != text.size() - 1 || text.find_first_not_of('x') != text.size() - 1)
      throw std::runtime_error("other text");
    size = text.size() - 1;
  }
  bool operator==(const Minimal&) const = default;
};
/// A matrix with memory of its own, which is not known to be its own.
struct Raw {
  std::unique_ptr<double[]> data;
  std::size_t size = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(size, cereal::binary_data(data.get(), size * sizeof(double)));
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(size);
    data = std::make_unique<double[]>(size);
    archive(cereal::binary_data(data.get(), size * sizeof(double)));
  }
};
struct Inner {
  std::vector<double> values;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(values);
  }
  bool operator==(const Inner&) const = default;
};
struct Outer {
  std::vector<Inner> inner;
  std::unique_ptr<Inner> pointed = std::make_unique<Inner>();
  template <class Archive>
  void serialize(Archive& archive) {
    archive(inner, pointed);
  }
};

/// Takes memory that was given back, and writes into it.
void overwrite_freed() {
  std::vector<std::vector<double>> all;
  for (int i = 0; i < 8; ++i) all.emplace_back(many, -1.0);
  std::vector<std::string> texts;
  for (int i = 0; i < 8; ++i) texts.emplace_back(many, 'z');
}

template <class T>
Value through_the_wire(const Value& value) {
  Packed packed = value.pack();
  overwrite_freed();
  return Value::from_packed(value.ops(), std::move(packed));
}
template <class T>
bool comes_through(const T& object) {
  return through_the_wire<T>(Value::make(object)).template as<T>() == object;
}
bool points_at(const Packed& packed, const void* data) {
  for (const Block& block : packed.blocks)
    if (block.data == data) return true;
  return false;
}

}  // namespace

TEST_CASE("lasting: what a type's functions make is copied, alone and inside of others") {
  const Made made{numbers()};
  CHECK(comes_through(made));
  CHECK(comes_through(std::vector<Made>(3, made)));
  CHECK(comes_through(std::map<std::string, std::vector<Made>>{{"a", {made, made}}, {"b", {made}}}));
  CHECK(comes_through(std::optional<std::pair<int, Made>>({1, made})));
  CHECK(comes_through(Both{.parts = {{"one", made}, {"two", made}}}));
  CHECK(comes_through(Minimal{many}));
  CHECK(comes_through(std::vector<Minimal>(2, Minimal{many})));
  const std::vector<double> all = numbers();
  CHECK(comes_through(std::forward_list<double>(all.begin(), all.end())));
  CHECK(comes_through(std::vector<std::forward_list<std::string>>{{std::string(many, 'a'), "b"}}));
}

TEST_CASE("lasting: memory that only a pointer says is copied") {
  Raw raw{std::make_unique<double[]>(many), many};
  std::iota(raw.data.get(), raw.data.get() + many, 0.0);
  const Value arrived = through_the_wire<Raw>(Value::make(std::move(raw)));
  CHECK(arrived.as<Raw>().data[many - 1] == many - 1);
}

TEST_CASE("lasting: members, and what std containers in them hold, are not copied") {
  Outer object;
  object.inner = {Inner{numbers()}, Inner{numbers(5)}};
  object.pointed->values = numbers(7);
  const Value value = Value::make(std::move(object));
  const Outer& there = value.as<Outer>();
  const Packed packed = value.pack();
  CHECK(packed.blocks.size() == 3);
  CHECK(points_at(packed, there.inner[1].values.data()));
  CHECK(points_at(packed, there.pointed->values.data()));

  const Value both = Value::make(Both{.parts = {{"one", Made{numbers()}}}});
  const Packed of_both = both.pack();
  CHECK(points_at(of_both, both.as<Both>().before.data()));
  CHECK(points_at(of_both, both.as<Both>().after.data()));
  CHECK(of_both.blocks.size() == 3);
}
