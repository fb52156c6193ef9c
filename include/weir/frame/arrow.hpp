// Arrow's C data interface: tables given to and taken from other libraries in the same process.
#pragma once

#include "weir/frame/table.hpp"

// As the Arrow project publishes them, so that another header may define them too.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

/// A type: its format, name and children.
struct ArrowSchema {
  const char* format;                    ///< For example "l" for int64.
  const char* name;                      ///< Of a column.
  const char* metadata;                  ///< Not looked at.
  std::int64_t flags;                    ///< Whether values may be missing.
  std::int64_t n_children;               ///< Of a table: its columns.
  struct ArrowSchema** children;         ///< As many.
  struct ArrowSchema* dictionary;        ///< The type of the values of a dictionary.
  void (*release)(struct ArrowSchema*);  ///< Null once it has been called.
  void* private_data;                    ///< Of whoever made it.
};

/// Values: their buffers and children.
struct ArrowArray {
  std::int64_t length;                  ///< Rows.
  std::int64_t null_count;              ///< Missing ones; -1: not counted.
  std::int64_t offset;                  ///< Rows to pass over.
  std::int64_t n_buffers;               ///< Bits of what is there, offsets, values.
  std::int64_t n_children;              ///< Of a table: its columns.
  const void** buffers;                 ///< As many.
  struct ArrowArray** children;         ///< As many.
  struct ArrowArray* dictionary;        ///< The values of a dictionary.
  void (*release)(struct ArrowArray*);  ///< Null once it has been called.
  void* private_data;                   ///< Of whoever made it.
};
}
#endif

namespace weir {

/// Gives a table to another library, as a struct array of its columns.
///
/// int64, float64, datetime (`tsn:UTC`) and text (`U`) are shared; bool becomes bits and date 32-bit days.
/// **Errors.** Throws `Error{invalid_argument}` if a day is outside of 32 bits.
/// **Threads.** Any; the memory lives until both `release` functions have been called, by any thread.
/// **Source.** The Arrow C data interface.
void to_arrow(const Table& table, ArrowSchema* schema, ArrowArray* array);

/// Takes a struct array from another library, and releases it, also when this throws.
///
/// **Shape.** Integers of every size become int64, float and double float64, text and large text (also of a
/// dictionary) text, days date, timestamps of every unit datetime.
/// **Errors.** Throws `Error{invalid_argument}` for another type, a number or time beyond 64 bits, or an
/// array that is no table.
/// **Cost.** Copies.
[[nodiscard]] Table from_arrow(ArrowSchema* schema, ArrowArray* array);

}  // namespace weir
