// Reports: the page's files in one.
#include "dashboard/page.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/target.hpp"
#include "seeing/picture.hpp"
#include "weir/error.hpp"

namespace weir::detail::dashboard {

namespace {

std::string_view page_file(std::string_view name) {
  const auto files = page_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const PageFile& file) { return file.name == name; });
  if (found == files.end())
    throw Error(ErrorKind::internal, "report: the library has no file " + std::string(name));
  return found->bytes;
}

/// Puts `text` in the place of the only line that holds `mark`.
void put(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t at = page.find(mark);
  if (at == std::string::npos)
    throw Error(ErrorKind::internal, "report: index.html has no " + std::string(mark));
  const std::size_t begin = page.rfind('\n', at) + 1, end = page.find('\n', at);
  page.replace(begin, end - begin, text);
}

/// JSON inside of HTML: no text of it may end the element it stands in.
std::string inside_html(const std::string& text) {
  std::string result;
  result.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    if (c == '<') result += "\\u003c";
    else if (c == '>') result += "\\u003e";
    else if (c == '&') result += "\\u0026";
    else result += c;
  }
  return result;
}

/// The record inside of HTML, without what it has no room for: what matters least goes first.
std::string fitting(const std::string& record, std::size_t most) try {
  nlohmann::json all = nlohmann::json::parse(record);
  nlohmann::json& picture = all.at("picture");
  static_cast<void>(picture.at("program"));
  std::string text = inside_html(record);
  const auto leave_out = [&](nlohmann::json& from, const char* part) {
    if (text.size() <= most) return;
    from.erase(part);
    text = inside_html(seeing::text_of(all));
  };
  for (const char* part : {"profile", "graph", "bandwidth", "held"}) leave_out(all, part);
  leave_out(picture, "log");
  leave_out(all, "slowest");
  if (text.size() > most)
    for (nlohmann::json& failure : picture.at("failures")) failure.erase("story");
  leave_out(picture, "left_out");  // which is not there: as it is now
  leave_out(all, "task_stream");
  return text;
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorKind::io, "the record of this run must be what a program has written (got " +
                                 std::to_string(record.size()) + " bytes that are not); run it again");
}

}  // namespace

std::string_view media_type(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

// Modules cannot import each other inside of one file, so that the one module of the page is a list of them
// in their order, without its imports.
std::string report(const std::string& record) {
  std::string script;
  for (const std::string_view name : {"draw.js", "pages.js", "app.js"}) {
    const std::string_view file = page_file(name);
    for (std::size_t at = 0; at < file.size();) {
      const std::size_t end = std::min(file.find('\n', at), file.size());
      std::string_view line = file.substr(at, end - at);
      at = end + 1;
      if (line.starts_with("import ")) continue;
      if (line.starts_with("export ")) line.remove_prefix(std::string_view("export ").size());
      script += std::string(line) + "\n";
    }
  }
  constexpr std::size_t most_bytes = 1'900'000;
  std::string page(page_file("index.html"));
  put(page, "href=\"favicon.svg\"", "");
  put(page, "href=\"style.css\"", "<style>\n" + std::string(page_file("style.css")) + "</style>");
  put(page, "src=\"app.js\"",
      "<script type=\"application/json\" id=\"record\">" +
          fitting(record, most_bytes - page.size() - script.size()) +
          "</script>\n<script type=\"module\">\n" + script + "</script>");
  return page;
}

// A device or a pipe is written to, and never replaced.
bool write_whole(const std::filesystem::path& path, const std::string& text) {
  const std::string target = target_of(path.string()), written = draft_of(target, ".new");
  std::ofstream out(written, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out && take_name(written, target) == 0) return true;
  drop(written, target);
  return false;
}

}  // namespace weir::detail::dashboard
