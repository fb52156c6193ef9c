// Value: the result of a task, a live object where it was made and a packed one where it has just arrived.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <typeinfo>

#include "weir/detail/task/recycled.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir::detail::task {

/// What can be done with a value whose type is not known here: one object per type, at the same place in
/// every rank's executable.
struct TypeOps {
  const std::type_info* type;
  void (*write)(Writer&, const void*);
  std::shared_ptr<const void> (*read)(Reader&);
};

/// Inside a handler: throws `Error{serialization}` that says why a value of this type cannot be read back.
[[noreturn]] void throw_unreadable(const std::type_info& type);

/// Throws `Error{serialization}`: there are `bytes` more than a value of this type has.
[[noreturn]] void throw_left(const std::type_info& type, std::size_t bytes);

/// Reads a whole value. Throws `Error{serialization}`, whatever its type's own functions throw.
template <class T>
void read_back(Reader& reader, T& object) {
  try {
    weir::read(reader, object);
  } catch (...) {
    throw_unreadable(typeid(T));
  }
}

/// Whether copies are made by its copy constructor: that of std::vector<std::unique_ptr<T>> is there, but
/// does not compile.
template <class T, class... Seen>
constexpr bool copies() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) return true;
  else if constexpr (!std::is_copy_constructible_v<T>) return false;
  else if constexpr (requires { std::tuple_size<T>::value; })
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (copies<std::remove_cv_t<std::tuple_element_t<I, T>>, Seen...>() && ...);
    }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (requires {
                       typename T::value_type;
                     }) return copies<std::remove_cv_t<typename T::value_type>, Seen..., T>();
  else if constexpr (PlainStruct<T>) return []<std::size_t... I>(std::index_sequence<I...>) {
    return (copies<std::remove_all_extents_t<FieldType<T, I>>, Seen..., T>() && ...);
  }
  (std::make_index_sequence<field_count<T>>{});
  else return true; }

/// A value of one's own; of what cannot be copied, through its bytes.
template <class T>
T copy_of(const T& object) {
  if constexpr (copies<T>()) {
    return object;
  } else {
    Packed packed;
    Writer writer(packed.head, packed.blocks);
    weir::write(writer, object);
    Reader reader(packed);
    T copy{};
    read_back(reader, copy);
    return copy;
  }
}

/// Stands for the result of a function that returns void.
struct Nothing {};

template <class T>
void write_erased(Writer& writer, const void* object) {
  weir::write(writer, *static_cast<const T*>(object));
}
template <class T>
std::shared_ptr<const void> read_erased(Reader& reader) {
  auto object = std::make_shared<T>();
  read_back(reader, *object);
  return object;
}
template <class T>
inline const TypeOps type_ops{&typeid(T), &write_erased<T>, &read_erased<T>};

/// Where a packed value is kept outside of memory; destroying it frees its place.
class Store {
 public:
  virtual ~Store() = default;
  /// The value; its buffers may point into mapped memory, which they keep alive. Throws `Error{io}`.
  [[nodiscard]] virtual Packed load() const = 0;
};

/// A shared, immutable value of any type.
///
/// Made live by the task that returns it; packed by a transport that carries it to another process, or stored
/// on disk by a worker that lacks memory, and unpacked when it is first used.
/// **Threads.** Any; unpacking happens once.
/// **Cost.** Copies share; a live value is serialized only by `pack`.
class Value {
 public:
  Value() = default;
  template <class T>
  static Value make(T object) {
    auto cell = make_cell<T>(std::move(object));
    cell->ops = &type_ops<T>;
    cell->object.store(&cell->value, std::memory_order_relaxed);
    return Value(std::move(cell));
  }
  /// An object that others share, and do not change.
  template <class T>
  static Value share(std::shared_ptr<const T> object) {
    return keep(&type_ops<T>, std::move(object));
  }
  /// A value that arrived from another process.
  static Value from_packed(const TypeOps* ops, Packed packed);
  /// A value that is read from its store when it is first used.
  static Value from_store(const TypeOps* ops, std::shared_ptr<const Store> store);
  /// The same value, not in memory; empty if this one did not come from a store.
  [[nodiscard]] Value again() const {
    return cell_ && cell_->unread && cell_->unread->store ? from_store(cell_->ops, cell_->unread->store)
                                                          : Value();
  }
  /// Whether others in this process hold it too, so that letting go of it would free nothing.
  [[nodiscard]] bool is_shared() const noexcept { return cell_.use_count() > 1; }

  explicit operator bool() const noexcept { return cell_ != nullptr; }

  /// The object. Throws `Error{serialization}` if it cannot be read back.
  template <class T>
  [[nodiscard]] const T& as() const {
    return *static_cast<const T*>(object(typeid(T)));
  }
  template <class T>
  [[nodiscard]] std::shared_ptr<const T> share() const {
    return {owner(), &as<T>()};
  }

  /// The object itself if nobody else holds this value, a copy otherwise; the value is empty then.
  template <class T>
  [[nodiscard]] T take() {
    const T& object = as<T>();
    T taken = is_shared() ? object : std::move(const_cast<T&>(object));
    cell_.reset();
    return taken;
  }

  /// The object, of one made by `share` or read, if nobody else has it, whoever holds this value; null
  /// otherwise. For all who hold this value it is spent then.
  template <class T>
  [[nodiscard]] std::shared_ptr<T> spend() {
    static_cast<void>(as<T>());
    return std::static_pointer_cast<T>(std::const_pointer_cast<void>(take_kept()));
  }
  /// With its type, for a process that does not know it; of one that is spent, that it is.
  void write_live(Writer& writer) const;
  [[nodiscard]] static Value read_live(Reader& reader);
  /// A value of this type that is read now.
  [[nodiscard]] static Value read_as(const TypeOps* ops, Reader& reader) {
    return keep(ops, ops->read(reader));
  }
  /// The object, whatever its type is.
  [[nodiscard]] const void* object() const { return live(); }

  /// Serializes; large contiguous buffers are not copied but point into the object, which they keep alive.
  /// Those that are made for it lie in `memory`, if there is room.
  [[nodiscard]] Packed pack(BlockMemory* memory = nullptr) const;
  /// The serialized form if it has at most `limit` bytes; nothing otherwise.
  [[nodiscard]] bool pack_small(Buffer& out, std::size_t limit) const;
  /// Serialized size in bytes.
  [[nodiscard]] std::uint64_t size() const;
  /// Bytes that whoever uses it first has to read; 0 of one that is live or lies in a store.
  [[nodiscard]] std::uint64_t unread_bytes() const noexcept {
    return cell_ && !cell_->object.load(std::memory_order_relaxed) ? cell_->unread->packed_bytes : 0;
  }
  /// Nanoseconds that threads of this process have spent on `pack` since the last call.
  [[nodiscard]] static std::uint64_t take_packing_ns() noexcept;
  [[nodiscard]] const TypeOps* ops() const noexcept { return cell_ ? cell_->ops : nullptr; }

 private:
  struct UnreadCell;
  struct Cell {
    const TypeOps* ops = nullptr;
    std::atomic<const void*> object{nullptr};
    UnreadCell* unread = nullptr;  // this one; null: it is live from the beginning
  };
  struct UnreadCell : Cell {
    explicit UnreadCell(const TypeOps* its_ops) : Cell{its_ops, nullptr, this} {}
    std::once_flag unpacked;
    std::shared_ptr<const void> keep;  // the unpacked object
    std::unique_ptr<Packed> packed;
    std::uint64_t packed_bytes = 0;  // as it came
    std::shared_ptr<const Store> store;
    std::exception_ptr failure;  // why it could not be unpacked
  };
  template <class T>
  struct LiveCell : Cell {
    explicit LiveCell(T&& from) : value(std::move(from)) {}
    T value;
  };
  // With what a shared_ptr keeps beside it.
  template <class T>
  static std::shared_ptr<LiveCell<T>> make_cell(T&& object) {
    constexpr std::size_t beside = 64;
    if constexpr (sizeof(LiveCell<T>) + beside <= Recycled::most_bytes && alignof(LiveCell<T>) <= 16)
      return std::allocate_shared<LiveCell<T>>(RecyclingAllocator<LiveCell<T>>(), std::move(object));
    else return std::make_shared<LiveCell<T>>(std::move(object));
  }
  explicit Value(std::shared_ptr<Cell> cell) : cell_(std::move(cell)) {}
  static Value keep(const TypeOps* ops, std::shared_ptr<const void> object);
  [[nodiscard]] std::shared_ptr<const void> take_kept() noexcept;
  [[nodiscard]] const void* object(const std::type_info& wanted) const;
  [[nodiscard]] const void* live() const;
  [[nodiscard]] std::shared_ptr<const void> owner() const { return cell_; }

  std::shared_ptr<Cell> cell_;
};

/// What travels beside the bytes of a task's arguments, and need not be copied by those who pass it on: their
/// large buffers, and those arguments that were not written. Such a one is written when it leaves the
/// process; in it, the task sees what was given up or shared.
struct Beside {
  std::vector<Block> blocks;
  std::vector<Value> live;
  void write_bytes(Writer& writer) const;
  void read_bytes(Reader& reader);
};

/// A member of a message: a value that travels as an attachment of its frame, after the attachments of the
/// members before.
struct Attached {
  Value value;
  bool is_there = false;  ///< As the message says.
  void write_bytes(Writer& writer) const { weir::write(writer, static_cast<bool>(value)); }
  void read_bytes(Reader& reader) { weir::read(reader, is_there); }
};

}  // namespace weir::detail::task
