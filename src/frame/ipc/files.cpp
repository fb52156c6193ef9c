// Arrow files as frames: a partition for each record batch, a task that reads it.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/ipc/format.hpp"
#include "frame/plan/output.hpp"
#include "weir/detail/files/output.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir {

namespace detail::frame {

namespace {

Table read_batch_task(const IpcPart& part, const Steps& steps) {
  return apply_steps(read_ipc_batch(part), steps);
}
Table no_batch_task(const Schema& schema, const Steps& steps) {
  return apply_steps(empty_table(schema), steps);
}

class ArrowNode : public Node {
 public:
  ArrowNode(Schema of, std::shared_ptr<const std::vector<IpcFile>> files)
      : Node(std::move(of), {}), files_(std::move(files)) {}
  std::vector<Names> reads(const Names&) const override { return {}; }
  Parts run(Run&, const Names& needed) const override {
    std::vector<std::string> wanted;
    for (const Field& field : schema)
      if (needed.contains(field.name)) wanted.push_back(field.name);
    if (wanted.empty()) wanted.push_back(schema.front().name);
    Parts parts;
    for (const IpcFile& file : *files_)
      for (const IpcBatch& batch : file.batches) {
        IpcPart part{file.path, file.mark, file.columns, wanted, batch};
        parts.readers.push_back([part = std::move(part)](PlanClient& client, const Steps& steps) {
          return client.submit(read_batch_task, part, steps);
        });
      }
    if (parts.readers.empty())
      parts.readers.push_back([fields = schema](PlanClient& client, const Steps& steps) {
        return client.submit(no_batch_task, fields, steps);
      });
    return parts;
  }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return shared_from_this(); }
  std::string show() const override {
    return "read_arrow " + quoted(files_->front().path) +
           (files_->size() > 1 ? " and " + std::to_string(files_->size() - 1) + " more" : "");
  }
  std::size_t partitions() const override {
    std::size_t batches = 0;
    for (const IpcFile& file : *files_) batches += file.batches.size();
    return std::max<std::size_t>(batches, 1);
  }

 private:
  std::shared_ptr<const std::vector<IpcFile>> files_;
};

// The columns of a file that are read, in their order.
Schema schema_of_file(const IpcFile& file, const std::vector<std::string>& names) {
  Schema all, chosen;
  Names seen;
  for (const IpcColumn& column : file.columns) {
    all.push_back({column.name, column.type});
    if (!seen.insert(column.name).second)
      throw Error(ErrorKind::invalid_argument, "read_arrow: names must differ (got " + quoted(column.name) +
                                                   " twice in " + quoted(file.path) + ")");
  }
  std::vector<std::size_t> places(all.size());
  for (std::size_t c = 0; c < places.size(); ++c) places[c] = c;
  if (!names.empty()) {
    places.clear();
    for (const std::string& name : names) places.push_back(find_column("read_arrow: columns", name, all));
  }
  for (const std::size_t place : places) {
    const IpcColumn& column = file.columns[place];
    if (column.format.empty() || (column.dictionary && column.index_format.empty()))
      throw Error(ErrorKind::unsupported,
                  "read_arrow: a column must be of numbers, bools, text, days or timestamps (got " +
                      column.type_name + " in " + quoted(column.name) + " of " + quoted(file.path) +
                      "); .columns leaves it out");
    chosen.push_back(all[place]);
  }
  if (chosen.empty())
    throw Error(ErrorKind::invalid_argument,
                "read_arrow: a file must have a column (got none in " + quoted(file.path) + ")");
  return chosen;
}

// --- out

std::vector<IpcWords> words_task(const Table& table, const Schema& schema) {
  std::vector<IpcWords> words;
  for (const Field& field : schema) words.push_back(words_of(table.column(field.name)));
  return words;
}
IpcMessage batch_task(const Table& table, const Schema& schema, const std::vector<IpcWords>& words) {
  return written_batch(conformed(table, schema), words);
}

// Messages one behind the other, then where they are.
class ArrowOutput {
 public:
  ArrowOutput(const std::string& path, Schema schema, std::vector<IpcWords> words)
      : output_("to_arrow", path, Compression::none), schema_(std::move(schema)), words_(std::move(words)) {
    output_.write(std::string_view("ARROW1\0\0", 8));
    put(written_schema(schema_, words_));
    for (std::size_t c = 0; c < words_.size(); ++c)
      if (words_[c]) dictionaries_.push_back(put(written_words(static_cast<std::int64_t>(c), *words_[c])));
  }
  void add(const IpcMessage& batch) { batches_.push_back(put(batch)); }
  void commit() {
    output_.write(written_ipc_footer(schema_, words_, dictionaries_, batches_));
    output_.commit();
  }

 private:
  IpcBlock put(const IpcMessage& message) {
    output_.write(message.bytes);
    const IpcBlock block{at_, message.header_bytes, message.body_bytes};
    at_ += message.bytes.size();
    return block;
  }
  files::Output output_;
  Schema schema_;
  std::vector<IpcWords> words_;
  std::vector<IpcBlock> dictionaries_, batches_;
  std::uint64_t at_ = 8;
};

void arrow_task(const Table& table, const Schema& schema, const std::string& path) {
  std::vector<IpcWords> words;
  for (IpcWords& own : words_task(table, schema)) words.push_back(joined_words({std::move(own)}));
  ArrowOutput output(path, schema, words);
  output.add(batch_task(table, schema, words));
  output.commit();
}

// The words of each column in all partitions.
std::vector<IpcWords> words_of_all(Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
  std::vector<Future<std::vector<IpcWords>>> asked;
  for (const Future<Table>& part : parts)
    asked.push_back(run.client.submit(Options{.priority = split_priority}, words_task, part, schema));
  const std::vector<std::vector<IpcWords>> all = run.client.gather(asked);
  std::vector<IpcWords> words;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    std::vector<IpcWords> of_column;
    for (const std::vector<IpcWords>& part : all) of_column.push_back(part[c]);
    words.push_back(joined_words(of_column));
  }
  return words;
}

}  // namespace

}  // namespace detail::frame

Frame read_arrow(const std::vector<std::string>& patterns, const ReadArrow& options) {
  using namespace detail::frame;
  auto parsed = std::make_shared<std::vector<IpcFile>>();
  Schema schema;
  for (const auto& file : detail::files::find("read_arrow", patterns, Compression::none)) {
    parsed->push_back(read_ipc_footer(file.path, file.bytes));
    const Schema own = schema_of_file(parsed->back(), options.columns);
    if (parsed->size() == 1) schema = own;
    if (own != schema)
      throw Error(ErrorKind::invalid_argument, "read_arrow: files must have the same columns (got " +
                                                   to_text(schema) + " in " + quoted(parsed->front().path) +
                                                   ", " + to_text(own) + " in " + quoted(file.path) + ")");
  }
  return Frame(std::make_shared<ArrowNode>(std::move(schema), std::move(parsed)));
}

std::vector<std::string> Frame::to_arrow(const std::string& path) const {
  using namespace detail::frame;
  if (schema().empty())
    throw Error(ErrorKind::invalid_argument, "to_arrow: there must be a column (got none)");
  std::vector<std::string> paths;
  compute_parts(node_, [&](Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
    if (path.find('*') != std::string::npos) {
      paths = write_parts(run, "to_arrow", path, parts.size(),
                          [&](std::size_t part, const std::string& temporary, const std::string&) {
                            return run.client.submit(Options{.priority = merge_priority}, arrow_task,
                                                     parts[part], schema, temporary);
                          });
      return;
    }
    const std::vector<IpcWords> words = words_of_all(run, schema, parts);
    ArrowOutput output(path, schema, words);
    std::vector<Future<IpcMessage>> batches;
    for (const Future<Table>& part : parts)
      batches.push_back(run.client.submit(batch_task, part, schema, words));
    for (Future<IpcMessage>& batch : batches) {
      output.add(batch.result());
      batch = {};
    }
    run.check();
    output.commit();
    paths = {path};
  });
  return paths;
}

}  // namespace weir
