// Parquet files as frames: a partition for each row group, a task that reads it.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/parquet/format.hpp"
#include "frame/plan/output.hpp"
#include "weir/detail/files/output.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir {

namespace detail::frame {

namespace {

Table read_group_task(const ParquetPart& part, const Steps& steps) {
  return apply_steps(read_parquet_group(part), steps);
}
Table no_rows_task(const Schema& schema, const Steps& steps) {
  return apply_steps(empty_table(schema), steps);
}
// What the statistics say is true of the file that was looked at.
Table passed_over_task(const std::string& path, const files::Mark& mark, const Schema& schema,
                       const Steps& steps) {
  files::check_mark("read_parquet", path, mark);
  return apply_steps(empty_table(schema), steps);
}

Schema schema_of(const std::vector<ParquetColumn>& columns, const std::string& path_column) {
  Schema schema;
  for (const ParquetColumn& column : columns) schema.push_back({column.name, column.type});
  if (!path_column.empty()) schema.push_back({path_column, ColumnType::text});
  return schema;
}

// A group whose statistics a filter rules out is not read.
Future<Table> read_part(PlanClient& client, const ParquetPart& part, const Steps& steps) {
  for (const Step& step : steps) {
    if (step.kind != Step::Kind::filter) break;
    if (excludes(part, *step.columns.front().code.term))
      return client.submit(passed_over_task, part.path, part.mark, schema_of(part.columns, part.path_column),
                           steps);
  }
  return client.submit(read_group_task, part, steps);
}

class ParquetNode : public Node {
 public:
  ParquetNode(Schema schema, std::shared_ptr<const std::vector<ParquetFile>> files, std::string path_column)
      : Node(std::move(schema), {}), files_(std::move(files)), path_column_(std::move(path_column)) {}

  std::vector<Names> reads(const Names&) const override { return {}; }
  Parts run(Run&, const Names& all_needed) const override {
    Names needed = all_needed;
    if (needed.empty()) needed.insert(schema.front().name);
    Parts parts;
    for (const ParquetFile& file : *files_)
      for (const ParquetGroup& group : file.groups) {
        ParquetPart part{file.path,  file.mark, needed.contains(path_column_) ? path_column_ : "",
                         group.rows, {},        {}};
        for (std::size_t c = 0; c < file.columns.size(); ++c) {
          if (!needed.contains(file.columns[c].name)) continue;
          part.columns.push_back(file.columns[c]);
          part.chunks.push_back(group.chunks[c]);
        }
        parts.readers.push_back([part = std::move(part)](PlanClient& client, const Steps& steps) {
          return read_part(client, part, steps);
        });
      }
    if (parts.readers.empty())
      parts.readers.push_back([fields = schema](PlanClient& client, const Steps& steps) {
        return client.submit(no_rows_task, fields, steps);
      });
    return parts;
  }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return shared_from_this(); }
  std::string show() const override {
    return "read_parquet " + quoted(files_->front().path) +
           (files_->size() > 1 ? " and " + std::to_string(files_->size() - 1) + " more" : "");
  }
  std::size_t partitions() const override {
    std::size_t groups = 0;
    for (const ParquetFile& file : *files_) groups += file.groups.size();
    return std::max<std::size_t>(groups, 1);
  }

 private:
  std::shared_ptr<const std::vector<ParquetFile>> files_;
  std::string path_column_;
};

// The columns in the order asked for.
void choose_columns(ParquetFile& file, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::size_t> places;
  for (const std::string& name : names)
    places.push_back(find_column("read_parquet: columns", name, schema_of(file.columns, {})));
  const ParquetFile all = file;
  file.columns.clear();
  for (const std::size_t place : places) file.columns.push_back(all.columns[place]);
  for (std::size_t g = 0; g < file.groups.size(); ++g) {
    file.groups[g].chunks.clear();
    for (const std::size_t place : places) file.groups[g].chunks.push_back(all.groups[g].chunks[place]);
  }
}

WrittenGroup group_task(const Table& table, const Schema& schema, ParquetCodec codec) {
  constexpr Codec codecs[] = {plain_codec, snappy_codec, gzip_codec, zstd_codec};
  return written_group(table, schema, codecs[static_cast<std::size_t>(codec)]);
}

// Row groups one behind the other, then what they are.
class ParquetOutput {
 public:
  ParquetOutput(const std::string& path, Schema schema)
      : output_("to_parquet", path, Compression::none), schema_(std::move(schema)) {
    output_.write("PAR1");
  }
  void add(WrittenGroup group) {
    output_.write(group.bytes);
    for (ParquetChunk& chunk : group.chunks) chunk.begin += at_;
    at_ += group.bytes.size();
    group.bytes.clear();
    groups_.push_back(std::move(group));
  }
  void commit() {
    output_.write(written_footer(schema_, groups_));
    output_.commit();
  }

 private:
  files::Output output_;
  Schema schema_;
  std::vector<WrittenGroup> groups_;
  std::uint64_t at_ = 4;
};

void parquet_task(const Table& table, const Schema& schema, ParquetCodec codec, const std::string& path) {
  ParquetOutput output(path, schema);
  output.add(group_task(table, schema, codec));
  output.commit();
}

}  // namespace

}  // namespace detail::frame

Frame read_parquet(const std::vector<std::string>& patterns, const ReadParquet& options) {
  using namespace detail::frame;
  auto parsed = std::make_shared<std::vector<ParquetFile>>();
  Schema schema;
  for (const auto& file : detail::files::find("read_parquet", patterns, Compression::none)) {
    parsed->push_back(read_parquet_footer(file.path, file.bytes, options.columns));
    choose_columns(parsed->back(), options.columns);
    const Schema own = schema_of(parsed->back().columns, options.path_column);
    if (parsed->size() == 1) schema = own;
    if (own != schema)
      throw Error(ErrorKind::invalid_argument, "read_parquet: files must have the same columns (got " +
                                                   to_text(schema) + " in " + quoted(parsed->front().path) +
                                                   ", " + to_text(own) + " in " + quoted(file.path) + ")");
  }
  if (schema.empty())
    throw Error(ErrorKind::invalid_argument,
                "read_parquet: a file must have a column (got none in " + quoted(parsed->front().path) + ")");
  std::set<std::string> seen;
  for (const Field& field : schema)
    if (!seen.insert(field.name).second)
      throw Error(ErrorKind::invalid_argument, "read_parquet: names must differ (got " + quoted(field.name) +
                                                   " twice in " + quoted(parsed->front().path) + ")");
  return Frame(std::make_shared<ParquetNode>(std::move(schema), std::move(parsed), options.path_column));
}

std::vector<std::string> Frame::to_parquet(const std::string& path, ParquetCodec codec) const {
  using namespace detail::frame;
  if (schema().empty())
    throw Error(ErrorKind::invalid_argument, "to_parquet: there must be a column (got none)");
  std::vector<std::string> paths;
  compute_parts(node_, [&](Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
    if (path.find('*') != std::string::npos) {
      paths = write_parts(run, "to_parquet", path, parts.size(),
                          [&](std::size_t part, const std::string& temporary, const std::string&) {
                            return run.client.submit(Options{.priority = merge_priority}, parquet_task,
                                                     parts[part], schema, codec, temporary);
                          });
      return;
    }
    ParquetOutput output(path, schema);
    std::vector<Future<WrittenGroup>> groups;
    for (const Future<Table>& part : parts)
      groups.push_back(run.client.submit(group_task, part, schema, codec));
    for (Future<WrittenGroup>& group : groups) {
      output.add(group.result());
      group = {};
    }
    run.check();
    output.commit();
    paths = {path};
  });
  return paths;
}

}  // namespace weir
