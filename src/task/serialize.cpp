// Reading blocks, and the sentences for bytes that do not fit.
#include "weir/task/serialize.hpp"

#include "weir/core/duration.hpp"

namespace weir {

void Reader::ended() { throw Error(ErrorKind::serialization, "read: the bytes end before the value does; was it written by another version of its serialize()?"); }

void Reader::block(void* data, std::size_t count) {
  if (!blocks_ || count < block_bytes) return bytes(data, count);
  if (next_block_ == blocks_->size() || (*blocks_)[next_block_].size != count) ended();
  std::memcpy(data, (*blocks_)[next_block_++].data, count);
}

}  // namespace weir
