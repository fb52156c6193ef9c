// Frames to and from Arrow's C stream interface: partitions that are brought one by one.
#include <cerrno>
#include <cstring>
#include <deque>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"
#include "weir/frame/arrow.hpp"

namespace weir {

namespace {

// --- out

// What an exported stream owns.
struct OwnedStream {
  Schema schema;
  std::deque<Future<Table>> parts;
  std::string error;
};
OwnedStream& owned(ArrowArrayStream* stream) { return *static_cast<OwnedStream*>(stream->private_data); }

// Does what may throw; its sentence is kept.
template <class F>
int told(ArrowArrayStream* stream, const F& f) noexcept {
  OwnedStream& own = owned(stream);
  own.error.clear();
  try {
    f(own);
    return 0;
  } catch (const Error& error) {
    own.error = error.what();
    return error.kind() == ErrorKind::invalid_argument ? EINVAL : EIO;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& error) {
    own.error = error.what();
    return EIO;
  }
}

int give_schema(ArrowArrayStream* stream, ArrowSchema* schema) {
  return told(stream, [&](const OwnedStream& own) {
    ArrowArray none;
    to_arrow(detail::frame::empty_table(own.schema), schema, &none);
    none.release(&none);
  });
}
int give_next(ArrowArrayStream* stream, ArrowArray* array) {
  return told(stream, [&](OwnedStream& own) {
    array->release = nullptr;
    if (own.parts.empty()) return;
    ArrowSchema schema;
    to_arrow(own.parts.front().result(), &schema, array);
    schema.release(&schema);
    own.parts.pop_front();
  });
}
const char* give_error(ArrowArrayStream* stream) {
  const std::string& error = owned(stream).error;
  return error.empty() ? nullptr : error.c_str();
}
void release_stream(ArrowArrayStream* stream) {
  delete &owned(stream);
  stream->release = nullptr;
}

// --- in

// Releases it, whatever happens.
template <class Node>
struct Releasing {
  Node* node;
  explicit Releasing(Node* of) : node(of) {}
  Releasing(const Releasing&) = delete;
  ~Releasing() {
    if (node->release) node->release(node);
  }
};

// An array of a type, without rows.
class NoRows {
 public:
  explicit NoRows(const ArrowSchema& schema) {
    for (std::int64_t c = 0; c < schema.n_children; ++c)
      children_.push_back(&nodes_.emplace_back(*schema.children[c]).array);
    if (schema.dictionary) array.dictionary = &nodes_.emplace_back(*schema.dictionary).array;
    array.n_buffers = 3;
    array.buffers = buffers_;
    array.n_children = schema.n_children;
    array.children = children_.data();
    array.release = [](ArrowArray* released) { released->release = nullptr; };
  }
  NoRows(const NoRows&) = delete;
  ArrowArray array{};

 private:
  std::deque<NoRows> nodes_;
  std::vector<ArrowArray*> children_;
  const void* buffers_[3] = {};
};

// The table of an array; the type stays with its owner.
Table taken_with(const ArrowSchema& schema, ArrowArray* array) {
  ArrowSchema lent = schema;
  lent.release = [](ArrowSchema* released) { released->release = nullptr; };
  return from_arrow(&lent, array);
}

// Throws what the stream says of its last call.
void check_call(ArrowArrayStream* stream, int status) {
  if (status == 0) return;
  const char* said = stream->get_last_error(stream);
  throw Error(ErrorKind::io, std::string("from_arrow: the stream failed: ") +
                                 (said && *said ? said : std::strerror(status)));
}

}  // namespace

void to_arrow(const Frame& frame, ArrowArrayStream* stream) {
  auto own = std::make_unique<OwnedStream>();
  own->schema = frame.schema();
  detail::frame::compute_parts(frame.node(), [&](detail::frame::Run& run, const Schema& schema,
                                                 const std::vector<Future<Table>>& parts) {
    own->schema = schema;  // types are known when all has been read
    own->parts.clear();
    for (const Future<Table>& part : parts)
      own->parts.push_back(run.client.submit(detail::frame::conformed, part, schema));
    run.client.wait(std::vector<Future<Table>>(own->parts.begin(), own->parts.end()));
  });
  *stream = {give_schema, give_next, give_error, release_stream, own.release()};
}

Frame from_arrow(ArrowArrayStream* stream) {
  if (!stream || !stream->release)
    throw Error(ErrorKind::invalid_argument,
                "from_arrow: the stream must not have been released (got one that was)");
  const Releasing releasing(stream);
  ArrowSchema schema{};
  const Releasing with_schema(&schema);
  check_call(stream, stream->get_schema(stream, &schema));
  NoRows none(schema);
  const Schema types = taken_with(schema, &none.array).schema();
  Client client = Client::current();
  std::vector<Future<Table>> parts;
  for (;;) {
    ArrowArray array{};
    check_call(stream, stream->get_next(stream, &array));
    if (!array.release) break;
    parts.push_back(client.scatter(taken_with(schema, &array)));
  }
  if (parts.empty()) parts.push_back(client.scatter(detail::frame::empty_table(types)));
  return Frame(detail::frame::make_tables(types, std::move(parts)));
}

}  // namespace weir
