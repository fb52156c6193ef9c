// Tables as CSV: text by tasks, files that are there whole or not at all.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/files/output.hpp"

namespace weir {

namespace detail::frame {

namespace {

bool needs_quotes(std::string_view text, const WriteCsv& options) {
  if (text == options.missing) return true;  // otherwise it would read as missing
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

std::string csv_text(const Table& table, const WriteCsv& options, bool has_header) {
  std::string text;
  const auto& columns = table.columns();
  for (std::size_t c = 0; has_header && c < columns.size(); ++c) {
    if (c) text += options.sep;
    append_text(text, table.names()[c], options);
  }
  if (has_header) text += '\n';
  for (std::size_t i = 0; i < table.rows(); ++i) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c) text += options.sep;
      if (columns[c].is_na(i)) text += options.missing;
      else if (columns[c].type() == ColumnType::text) append_text(text, columns[c].text(i), options);
      else text += columns[c].show(i);
    }
    text += '\n';
  }
  return text;
}

std::string text_task(const Table& table, const Schema& schema, const WriteCsv& options, bool has_header) {
  return csv_text(conformed(table, schema), options, has_header);
}

void write_task(const Table& table, const Schema& schema, const WriteCsv& options, const std::string& path,
                Compression compression) {
  files::Output output("to_csv", path, compression);
  output.write(csv_text(conformed(table, schema), options, options.header));
  output.commit();
}

// What files are called until all have been written.
constexpr const char* unchecked = ".part";

// Waits for the files, and gives them their names: either all appear or none.
void name_when_checked(Run& run, const std::vector<Future<void>>& written,
                       const std::vector<std::string>& paths) {
  try {
    run.client.gather(written);
    run.check();
  } catch (...) {
    run.client.wait(written);
    for (const std::string& path : paths) std::remove((path + unchecked).c_str());
    throw;
  }
  for (const std::string& path : paths)
    if (std::rename((path + unchecked).c_str(), path.c_str()) != 0)
      throw Error(ErrorKind::io, "to_csv: a file must be given its name (got " + quoted(path) + ": " +
                                     std::strerror(errno) + ")");
}

// `out-*.csv` becomes `out-007.csv`: as many digits as the last number has, so that names sort.
std::string numbered(const std::string& path, std::size_t number, std::size_t count) {
  const std::size_t star = path.find('*');
  std::string digits = std::to_string(number);
  const std::size_t width = std::to_string(count - 1).size();
  digits.insert(0, width - std::min(width, digits.size()), '0');
  return path.substr(0, star) + digits + path.substr(star + 1);
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
    std::vector<Future<void>> written;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      paths.push_back(numbered(path, p, parts.size()));
      written.push_back(run.client.submit(Options{.priority = merge_priority}, write_task, parts[p], schema,
                                          options, paths.back() + unchecked,
                                          detail::files::compression_of_name(paths.back())));
    }
    name_when_checked(run, written, paths);
  });
  return paths;
}

Frame read_csv(const std::vector<std::string>& patterns, const ReadCsv& options) {
  return Frame(detail::frame::make_source(std::make_shared<detail::frame::CsvSource>(patterns, options)));
}

}  // namespace weir
