// Bags of numbers as arrays. Link weir::collections and weir::array.
#pragma once

#include <algorithm>
#include <array>

#include "weir/array/creation.hpp"
#include "weir/bag.hpp"

namespace weir {

namespace detail::bridge {

/// What an element of a bag is in an array: a number, or a row of them.
template <class E>
struct Cells {
  using Number = E;
  static constexpr std::size_t width = 0;
  static void write(Number* to, const E& element) { *to = element; }
};
template <class T, std::size_t n>
struct Cells<std::array<T, n>> {
  using Number = T;
  static constexpr std::size_t width = n;
  static void write(Number* to, const std::array<T, n>& row) { std::copy(row.begin(), row.end(), to); }
};
template <class E>
using NumberOf = typename Cells<E>::Number;

template <class E>
std::int64_t number_of_elements(const std::vector<E>& elements) {
  return static_cast<std::int64_t>(elements.size());
}
template <class E>
xt::xarray<NumberOf<E>> block_of_elements(const std::vector<E>& elements) {
  std::vector<std::size_t> shape{elements.size()};
  if constexpr (Cells<E>::width > 0) shape.push_back(Cells<E>::width);
  xt::xarray<NumberOf<E>> block(shape);
  NumberOf<E>* to = block.data();
  for (const E& element : elements) {
    Cells<E>::write(to, element);
    to += std::max<std::size_t>(Cells<E>::width, 1);
  }
  return block;
}

}  // namespace detail::bridge

/// An array of a bag of numbers, a chunk for each partition that has elements; a bag of `std::array<T, n>`
/// becomes rows of `n`.
///
/// **Shape.** `count` or `count x n`, in the order of the bag.
/// **Errors.** Throws what the first task of the bag that failed threw.
/// **Cost.** The bag is computed now and left on the workers; so many elements as each partition has must be
/// known.
template <class E>
requires detail::array::Element<detail::bridge::NumberOf<E>>
[[nodiscard]] Array<detail::bridge::NumberOf<E>> to_array(const Bag<E>& bag) {
  namespace bridge = detail::bridge;
  using Number = bridge::NumberOf<E>;
  Client client = Client::current();
  const std::vector<Future<std::vector<E>>> parts = bag.to_futures();
  std::vector<Future<std::int64_t>> counts;
  for (const auto& part : parts)
    counts.push_back(client.submit({.name = "to_array"}, &bridge::number_of_elements<E>, part));
  const std::vector<std::int64_t> rows = client.gather(counts);
  Chunks chunks{{}};
  std::vector<Future<xt::xarray<Number>>> blocks;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    if (rows[p] == 0 && (p + 1 < parts.size() || !blocks.empty())) continue;  // but one chunk there must be
    chunks[0].push_back(rows[p]);
    blocks.push_back(client.submit({.name = "to_array"}, &bridge::block_of_elements<E>, parts[p]));
  }
  if constexpr (bridge::Cells<E>::width > 0) chunks.push_back({bridge::Cells<E>::width});
  return from_futures<Number>(blocks, chunks);
}

}  // namespace weir
