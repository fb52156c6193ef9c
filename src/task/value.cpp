// Packing and unpacking of values.
#include "weir/detail/task/value.hpp"

#include <chrono>

#include "core/thrown.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/task/address.hpp"

namespace weir {

detail::task::Value& Reader::live() {
  if (next_live_ == end_of_live_)
    throw Error(ErrorKind::serialization, "task: an argument that was not written is not there");
  return *next_live_++;
}

}  // namespace weir

namespace weir::detail::task {

namespace {

std::atomic<std::uint64_t> packing_ns{0};

}  // namespace

void throw_unreadable(const std::type_info& type) {
  const std::string start = "a value of type " + demangle(type.name()) + " cannot be read back: ";
  throw Error(ErrorKind::serialization, start + current_thrown().text());
}

void throw_left(const std::type_info& type, std::size_t bytes) {
  throw Error(ErrorKind::serialization, "from_bytes: the bytes must be one value of type " +
                                            demangle(type.name()) + " (got " + to_text(std::uint64_t{bytes}) +
                                            " more); was it written by another version of its serialize()?");
}

Value Value::from_packed(const TypeOps* ops, Packed packed) {
  auto cell = std::allocate_shared<UnreadCell>(RecyclingAllocator<UnreadCell>(), ops);
  cell->packed_bytes = packed.size();
  cell->packed = std::make_unique<Packed>(std::move(packed));
  return Value(std::move(cell));
}

Value Value::from_store(const TypeOps* ops, std::shared_ptr<const Store> store) {
  auto cell = std::make_shared<UnreadCell>(ops);
  cell->store = std::move(store);
  return Value(std::move(cell));
}

Value Value::keep(const TypeOps* ops, std::shared_ptr<const void> object) {
  auto cell = std::make_shared<UnreadCell>(ops);
  cell->object.store(object.get(), std::memory_order_relaxed);
  cell->keep = std::move(object);
  return Value(std::move(cell));
}

std::shared_ptr<const void> Value::take_kept() noexcept {
  UnreadCell* const cell = cell_->unread;
  if (!cell || cell->keep.use_count() != 1) return nullptr;
  std::atomic_thread_fence(std::memory_order_acquire);  // after all that others did who had it
  cell->object.store(nullptr, std::memory_order_release);
  return std::move(cell->keep);
}

const void* Value::live() const {
  if (!cell_) throw Error(ErrorKind::internal, "value: there is none");
  if (const void* object = cell_->object.load(std::memory_order_acquire)) return object;
  UnreadCell& cell = *cell_->unread;
  std::call_once(cell.unpacked, [&] {
    try {
      if (!cell.store && !cell.packed)
        throw Error(ErrorKind::worker_lost,
                    "a value of type " + demangle(cell.ops->type->name()) +
                        ", which was given up, is gone: a run of the task has had it, and what came of that "
                        "is lost");
      Packed stored = cell.store ? cell.store->load() : Packed();
      Reader reader(cell.store ? stored : *cell.packed);
      cell.keep = cell.ops->read(reader);
    } catch (...) {
      cell.failure = std::current_exception();
    }
    cell.packed.reset();
    cell.object.store(cell.keep.get(), std::memory_order_release);
  });
  if (cell.failure) std::rethrow_exception(cell.failure);
  return cell_->object.load(std::memory_order_acquire);
}

const void* Value::object(const std::type_info& wanted) const {
  const void* object = live();
  if (*cell_->ops->type != wanted)
    throw Error(ErrorKind::internal, "value: holds a " + demangle(cell_->ops->type->name()) +
                                         ", asked for a " + demangle(wanted.name()));
  return object;
}

Packed Value::pack(BlockMemory* memory) const {
  if (cell_ && cell_->unread && cell_->unread->store && !cell_->object.load(std::memory_order_acquire))
    return cell_->unread->store->load();
  const auto start = std::chrono::steady_clock::now();
  Packed packed;
  Writer writer(packed.head, packed.blocks, cell_, memory);
  cell_->ops->write(writer, live());
  packing_ns.fetch_add(static_cast<std::uint64_t>((std::chrono::steady_clock::now() - start).count()),
                       std::memory_order_relaxed);
  return packed;
}

std::uint64_t Value::take_packing_ns() noexcept { return packing_ns.exchange(0, std::memory_order_relaxed); }

bool Value::pack_small(Buffer& out, std::size_t limit) const {
  // To throw takes longer than to count: after one that is too large the next of its type is counted first.
  thread_local const TypeOps* last_large = nullptr;
  out.clear();
  if (last_large == cell_->ops && size() > limit) return false;
  last_large = nullptr;
  try {
    Writer writer(out, limit);
    cell_->ops->write(writer, live());
    return true;
  } catch (const Writer::LimitReached&) {
    last_large = cell_->ops;
    out.clear();
    return false;
  }
}

std::uint64_t Value::size() const {
  Writer counter;
  cell_->ops->write(counter, live());
  return counter.written();
}

void Value::write_live(Writer& writer) const {
  const bool is_there = cell_->object.load(std::memory_order_acquire) != nullptr;  // else it is spent
  weir::write(writer, portable_address(cell_->ops));
  weir::write(writer, is_there);
  if (is_there) cell_->ops->write(writer, live());
}

Value Value::read_live(Reader& reader) {
  std::uint64_t address = 0;
  bool is_there = false;
  weir::read(reader, address), weir::read(reader, is_there);
  const auto* ops = static_cast<const TypeOps*>(local_address(address));
  return keep(ops, is_there ? ops->read(reader) : nullptr);
}

void Beside::write_bytes(Writer& writer) const {
  weir::write(writer, static_cast<std::uint64_t>(blocks.size()));
  for (const Block& block : blocks) {
    weir::write(writer, block.size);
    writer.block(block.data, block.size);
  }
  weir::write(writer, static_cast<std::uint64_t>(live.size()));
  for (const Value& value : live) value.write_live(writer);
}

void Beside::read_bytes(Reader& reader) {
  std::uint64_t count = 0;
  weir::read(reader, count);
  reader.expect(count, sizeof(Block::size));
  blocks.clear();
  blocks.reserve(count);
  for (std::uint64_t size = 0; count > 0; --count) {
    weir::read(reader, size);
    blocks.push_back(reader.share(size));
  }
  weir::read(reader, count);
  reader.expect(count, sizeof(std::uint64_t) + 1);
  live.clear();
  live.reserve(count);
  for (; count > 0; --count) live.push_back(Value::read_live(reader));
}

}  // namespace weir::detail::task
