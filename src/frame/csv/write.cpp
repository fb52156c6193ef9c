// Tables as CSV: text by tasks, files that are there whole or not at all.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/plan/output.hpp"
#include "weir/detail/files/output.hpp"

namespace weir {

namespace detail::frame {

namespace {

bool needs_quotes(std::string_view text, const WriteCsv& options) {
  if (text.empty() || text == options.missing) return true;  // otherwise it would read as missing
  for (const char c : text)
    if (c == options.sep || c == '"' || c == '\n' || c == '\r') return true;
  return false;
}

void append_quoted(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

void append_text(std::string& to, std::string_view text, const WriteCsv& options) {
  if (needs_quotes(text, options)) append_quoted(to, text);
  else to += text;
}

}  // namespace

std::string csv_text(const Table& table, const WriteCsv& options, bool has_header) {
  std::string text;
  const auto& columns = table.columns();
  for (std::size_t c = 0; has_header && c < columns.size(); ++c) {
    if (c) text += options.sep;
    append_text(text, table.names()[c], options);
  }
  if (has_header) text += '\n';
  // A blank line is passed over when a file is read: a row of one column that is missing is not one.
  const std::string missing = columns.size() == 1 && options.missing.empty() ? "\"\"" : options.missing;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c) text += options.sep;
      if (columns[c].is_na(i)) text += missing;
      else if (columns[c].type() == ColumnType::text) append_text(text, columns[c].text(i), options);
      else text += columns[c].show(i);
    }
    text += '\n';
  }
  return text;
}

namespace {

std::string text_task(const Table& table, const Schema& schema, const WriteCsv& options, bool has_header) {
  return csv_text(conformed(table, schema), options, has_header);
}

void write_task(const Table& table, const Schema& schema, const WriteCsv& options, const std::string& path,
                Compression compression) {
  files::Output output("to_csv", path, compression);
  output.write(csv_text(conformed(table, schema), options, options.header));
  output.commit();
}

}  // namespace

}  // namespace detail::frame

std::vector<std::string> Frame::to_csv(const std::string& path, const WriteCsv& options) const {
  using namespace detail::frame;
  if (schema().empty()) throw Error(ErrorKind::invalid_argument, "to_csv: there must be a column (got none)");
  std::vector<std::string> paths;
  compute_parts(node_, [&](Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
    paths.clear();
    if (path.find('*') == std::string::npos) {
      detail::files::Output output("to_csv", path);
      std::vector<Future<std::string>> texts;
      for (std::size_t p = 0; p < parts.size(); ++p)
        texts.push_back(run.client.submit(text_task, parts[p], schema, options, options.header && p == 0));
      for (Future<std::string>& text : texts) {
        output.write(text.result());
        text = {};
      }
      run.check();
      output.commit();
      paths.push_back(path);
      return;
    }
    paths = write_parts(run, "to_csv", path, parts.size(),
                        [&](std::size_t part, const std::string& temporary, const std::string& name) {
                          return run.client.submit(Options{.priority = merge_priority}, write_task,
                                                   parts[part], schema, options, temporary,
                                                   detail::files::compression_of_name(name));
                        });
  });
  return paths;
}

Frame read_csv(const std::vector<std::string>& patterns, const ReadCsv& options) {
  return Frame(detail::frame::make_source(std::make_shared<detail::frame::CsvSource>(patterns, options)));
}

}  // namespace weir
