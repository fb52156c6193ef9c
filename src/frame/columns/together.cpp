// Columns are copied into one block, found there, and read from there.
#include "frame/columns/together.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "frame/kernels/kernels.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::size_t rounded(std::size_t bytes) noexcept { return (bytes + 7) / 8 * 8; }

// Where the parts of a column lie in the block, and how large they are.
struct Layout {
  ColumnType type = ColumnType::float64;
  std::uint64_t rows = 0;
  bool has_missing = false;
  std::uint64_t text_bytes = 0;

  static Layout of(const Column& column) {
    const auto* offsets = column.size() ? column.offsets() : nullptr;
    const bool is_text = column.type() == ColumnType::text && offsets;
    return {column.type(), column.size(), column.na_count() != 0,
            is_text ? static_cast<std::uint64_t>(offsets[column.size()] - offsets[0]) : 0};
  }
  template <class Archive>
  void each(Archive&& archive) {
    archive(type);
    archive(rows);
    archive(has_missing);
    archive(text_bytes);
  }

  [[nodiscard]] std::size_t validity() const noexcept { return has_missing ? (rows + 63) / 64 * 8 : 0; }
  [[nodiscard]] std::size_t offsets() const noexcept { return type == ColumnType::text ? (rows + 1) * 8 : 0; }
  [[nodiscard]] std::size_t values() const noexcept {
    return type == ColumnType::text ? text_bytes : type == ColumnType::boolean ? rows : rows * 8;
  }
  [[nodiscard]] std::size_t largest() const noexcept { return std::max({validity(), offsets(), values()}); }
  [[nodiscard]] std::size_t total() const noexcept { return validity() + offsets() + rounded(values()); }

  // The column whose parts begin at `at` of the block.
  [[nodiscard]] Column column_at(const Block& block, std::size_t at) const {
    const auto part = [&](std::size_t bytes) {
      Block own{block.owner, block.data + at, bytes};
      at += rounded(bytes);
      return bytes ? own : Block{};
    };
    Block bits = part(validity()), starts = part(offsets());
    return Column(type, rows, part(values()), std::move(starts), std::move(bits));
  }
};

std::vector<Layout> layouts_of(std::span<const Column> columns) {
  std::vector<Layout> layouts;
  std::transform(columns.begin(), columns.end(), std::back_inserter(layouts), Layout::of);
  return layouts;
}
std::size_t total_of(std::span<const Layout> layouts) {
  return std::accumulate(layouts.begin(), layouts.end(), std::size_t{0},
                         [](std::size_t sum, const Layout& layout) { return sum + layout.total(); });
}

// Offsets begin at 0 there, and what is behind the last value is 0.
std::byte* copied(const Column& column, const Layout& layout, std::byte* to) {
  if (layout.has_missing) std::memcpy(to, column.validity(), layout.validity());
  to += layout.validity();
  const std::int64_t* const from = column.size() ? column.offsets() : nullptr;
  const std::int64_t first = layout.offsets() && from ? from[0] : 0;
  for (std::size_t i = 0; i < layout.offsets() / 8; ++i) {
    const std::int64_t offset = from ? from[i] - first : 0;
    std::memcpy(to + i * 8, &offset, 8);
  }
  to += layout.offsets();
  if (layout.values()) {
    std::memset(to + rounded(layout.values()) - 8, 0, 8);
    std::memcpy(to, column.data() + first, layout.values());
  }
  return to + rounded(layout.values());
}
void copy_all(std::span<const Column> columns, std::span<const Layout> layouts, std::byte* to) {
  for (std::size_t c = 0; c < columns.size(); ++c) to = copied(columns[c], layouts[c], to);
}

// Where the block begins that holds the columns just so; null if there is none.
const std::byte* block_under(std::span<const Column> columns, std::span<const Layout> layouts) {
  const std::byte *begin = nullptr, *at = nullptr;
  bool is_so = true;
  const auto next = [&](const void* data, std::size_t bytes) {
    if (bytes == 0) return;
    if (!begin) begin = at = static_cast<const std::byte*>(data);
    is_so = is_so && data == at;
    at += rounded(bytes);
  };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Layout& layout = layouts[c];
    if (layout.offsets() && (!columns[c].size() || columns[c].offsets()[0] != 0)) return nullptr;
    next(columns[c].validity(), layout.validity());
    next(columns[c].offsets(), layout.offsets());
    next(columns[c].data(), layout.values());
  }
  return is_so ? begin : nullptr;
}

[[noreturn]] void throw_other() {
  throw Error(ErrorKind::serialization, "table: the bytes are not those of columns in one block");
}

// What cannot be in the head is beside it.
Block read_memory(Reader& reader, std::uint64_t bytes, bool shares) {
  if (shares && bytes > reader.left()) return reader.share(bytes);
  if (std::byte* taken = reader.take(bytes))
    return {std::shared_ptr<const void>(taken, FreshMemory{}), taken, bytes};
  reader.expect(bytes, 1);
  Block own = new_block(std::max<std::uint64_t>(bytes, 1));
  reader.block(const_cast<std::byte*>(own.data), bytes);
  return own;
}

// Texts follow one another.
bool are_offsets(const std::byte* at, std::uint64_t rows, std::int64_t first, std::int64_t last) noexcept {
  std::int64_t before = first;
  for (std::uint64_t i = 0; i <= rows; ++i) {
    std::int64_t offset = 0;
    std::memcpy(&offset, at + i * 8, 8);
    if (offset < before || (i == 0 && offset != first)) return false;
    before = offset;
  }
  return before == last;
}

bool are_small_together(std::span<const Column> columns) {
  std::size_t total = 0;
  for (const Column& column : columns) {
    const Layout layout = Layout::of(column);
    if (layout.largest() >= block_bytes) return false;
    total += layout.total();
  }
  return total >= block_bytes;
}

std::vector<Layout> write_layouts(Writer& writer, std::span<const Column> columns) {
  std::vector<Layout> layouts = layouts_of(columns);
  weir::write(writer, std::uint64_t{layouts.size()});
  for (Layout& layout : layouts) layout.each([&](const auto& value) { weir::write(writer, value); });
  return layouts;
}
std::vector<Layout> read_layouts(Reader& reader) {
  constexpr std::uint64_t most = std::uint64_t{1} << 48;
  std::uint64_t count = 0;
  weir::read(reader, count);
  reader.expect(count, sizeof(Layout::rows));
  std::vector<Layout> layouts(count);
  std::uint64_t total = 0;
  for (Layout& layout : layouts) {
    layout.each([&](auto& value) { weir::read(reader, value); });
    if (layout.type > ColumnType::text || layout.rows > most || layout.text_bytes > most) throw_other();
    if ((total += layout.total()) > most) throw_other();
  }
  return layouts;
}

void save_together(Writer& writer, std::span<const Column> columns) {
  const std::vector<Layout> layouts = write_layouts(writer, columns);
  const std::size_t total = total_of(layouts);
  if (const std::byte* block = block_under(columns, layouts)) return writer.block(block, total);
  writer.block_of(total, [&](std::byte* to) { copy_all(columns, layouts, to); });
}

std::vector<Column> load_together(Reader& reader) {
  const std::vector<Layout> layouts = read_layouts(reader);
  const Block block = read_memory(reader, total_of(layouts), false);
  std::vector<Column> columns;
  std::size_t at = 0;
  for (const Layout& layout : layouts) {
    if (layout.offsets() && !are_offsets(block.data + at + layout.validity(), layout.rows, 0,
                                         static_cast<std::int64_t>(layout.text_bytes)))
      throw_other();
    columns.push_back(layout.column_at(block, at));
    at += layout.total();
  }
  return columns;
}

}  // namespace

void save_table(OutArchive& archive, const Table& table) {
  const bool is_together = are_small_together(table.columns());
  archive(table.names(), is_together);
  if (is_together) save_together(archive.writer, table.columns());
  else archive(table.columns());
}

Table load_table(InArchive& archive) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  bool is_together = false;
  archive(names, is_together);
  if (is_together) columns = load_together(archive.reader);
  else archive(columns);
  return Table(std::move(names), std::move(columns));
}

Table together(const Table& table) {
  const std::vector<Layout> layouts = layouts_of(table.columns());
  const Block block = new_block(std::max<std::size_t>(total_of(layouts), 1));
  copy_all(table.columns(), layouts, const_cast<std::byte*>(block.data));
  std::vector<Column> columns;
  std::size_t at = 0;
  for (const Layout& layout : layouts) {
    columns.push_back(layout.column_at(block, at));
    at += layout.total();
  }
  return Table(table.names(), std::move(columns));
}

Table Pieces::piece(std::size_t which) const {
  const std::uint64_t first = begin_.at(which), end = begin_.at(which + 1);
  std::vector<Row> rows(end - first);
  std::iota(rows.begin(), rows.end(), static_cast<Row>(first));
  for (const Column& column : rows_.columns())
    if (const auto* at = column.offsets(); column.type() == ColumnType::text && !rows.empty())
      if (at[first] < 0 || at[end] > at[rows_.rows()] ||
          !are_offsets(reinterpret_cast<const std::byte*>(at + first), rows.size(), at[first], at[end]))
        throw_other();
  return together(take(rows_, rows));
}

void Pieces::save(OutArchive& archive) const {
  archive(begin_, rows_.names());
  const std::vector<Layout> layouts = write_layouts(archive.writer, rows_.columns());
  const auto part = [&](const void* data, std::size_t bytes) {
    constexpr std::int64_t none = 0;  // where the first of no texts begins
    if (bytes) archive.writer.block(data ? data : &none, bytes);
  };
  for (std::size_t c = 0; c < layouts.size(); ++c) {
    const Column& column = rows_.columns()[c];
    part(column.validity(), layouts[c].validity());
    part(column.offsets(), layouts[c].offsets());
    part(column.data(), layouts[c].values());
  }
}

void Pieces::load(InArchive& archive) {
  std::vector<std::string> names;
  archive(begin_, names);
  const std::vector<Layout> layouts = read_layouts(archive.reader);
  std::vector<Column> columns;
  for (const Layout& layout : layouts) {
    const auto part = [&](std::size_t bytes) {
      return bytes ? read_memory(archive.reader, bytes, true) : Block{};
    };
    Block bits = part(layout.validity()), starts = part(layout.offsets());
    if (layout.offsets()) {
      const auto* at = reinterpret_cast<const std::int64_t*>(starts.data);
      if (at[0] != 0 || at[layout.rows] != static_cast<std::int64_t>(layout.text_bytes)) throw_other();
    }
    columns.emplace_back(layout.type, layout.rows, part(layout.values()), std::move(starts), std::move(bits));
  }
  rows_ = Table(std::move(names), std::move(columns));
  if (!std::is_sorted(begin_.begin(), begin_.end()) || (count() && begin_.back() != rows_.rows()))
    throw_other();
}

}  // namespace weir::detail::frame
