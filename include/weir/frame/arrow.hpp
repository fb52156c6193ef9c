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

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

extern "C" {

/// Arrays of one type that come one by one; functions return 0 or a number of errno.
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);  ///< The type of all of them.
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);     ///< One that is released at the end.
  const char* (*get_last_error)(struct ArrowArrayStream*);               ///< Of the last call, or null.
  void (*release)(struct ArrowArrayStream*);                             ///< Null once it has been called.
  void* private_data;                                                    ///< Of whoever made it.
};
}
#endif

namespace weir {

class Frame;

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

/// Gives the partitions of a frame to another library, one by one, as a stream of struct arrays.
///
/// **Errors.** Throws what `Frame::to_futures` throws. A partition that cannot be brought or given is an
/// error of `get_next`, with the sentence in `get_last_error`.
/// **Threads.** Any, one at a time, as long as the body of `weir::run` has not ended.
/// **Cost.** Computes the frame now and leaves it on the workers until the stream is released; a partition is
/// brought here when it is asked for.
/// **Source.** The Arrow C stream interface.
void to_arrow(const Frame& frame, ArrowArrayStream* stream);

/// Takes all arrays of a stream from another library, and releases it, also when this throws.
///
/// **Shape.** A partition for each array, on the workers.
/// **Errors.** As those of one array; throws `Error{io}` with the stream's own sentence if it fails.
/// **Cost.** Copies each array once and sends it to a worker.
[[nodiscard]] Frame from_arrow(ArrowArrayStream* stream);

}  // namespace weir
