// CLI11 reads the options; a seeded generator writes the files.
#include "letters/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <weir/bytes.hpp>
#include <weir/error.hpp>

namespace letters {
namespace {

constexpr std::uint64_t most_files = 1'000'000;

std::uint64_t parse_count(const std::string& text) {
  std::uint64_t count = 0;
  const auto [end, reason] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (reason != std::errc() || end != text.data() + text.size() || count < 1 || count > most_files)
    throw WrongUse("--files must be a whole number from 1 to " + std::to_string(most_files) + " (got " +
                   text + ")");
  return count;
}

std::uint64_t parse_size(const std::string& text) {
  try {
    if (const std::uint64_t bytes = weir::parse_bytes(text); bytes > 0) return bytes;
  } catch (const weir::Error& error) {
    throw WrongUse(std::string("--size: ") + error.what());
  }
  throw WrongUse("--size must be at least 1 byte (got " + text + ")");
}

/// Writes `bytes` letters; four of each random number, every letter equally often to one part in 2000.
void write_letters(std::ostream& out, std::uint64_t seed, std::uint64_t bytes) {
  std::mt19937_64 random(seed);
  std::string piece(1 << 16, ' ');
  for (std::uint64_t left = bytes; left > 0 && out; left -= piece.size()) {
    piece.resize(std::min<std::uint64_t>(left, piece.size()));
    for (std::size_t i = 0; i < piece.size(); i += 4) {
      std::uint64_t bits = random();
      for (std::size_t j = i; j < std::min(i + 4, piece.size()); ++j, bits >>= 16)
        piece[j] = static_cast<char>('a' + (((bits & 0xffff) * 26) >> 16));
    }
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  std::string count = std::to_string(options.count);
  std::string size = "10MB";
  CLI::App app(
      "Sorts and counts the letters of text files, once sequentially and once with a task for each file.",
      "letters");
  app.add_option("FILE", options.files, "Files to count");
  CLI::Option* generate =
      app.add_option("--generate", options.folder, "Write random files into this folder and count those")
          ->type_name("DIR");
  const CLI::Option* files = app.add_option("--files", count, "How many files to write")
                                 ->type_name("N")
                                 ->capture_default_str()
                                 ->needs(generate);
  const CLI::Option* bytes = app.add_option("--size", size, "Size of each, such as 500kB, 10MB or 1GiB")
                                 ->type_name("SIZE")
                                 ->capture_default_str()
                                 ->needs(generate);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.help = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    throw WrongUse(std::string(error.what()) + "; `letters --help` shows the options");
  }
  if (files->count() > 0) options.count = parse_count(count);
  if (bytes->count() > 0) options.size_bytes = parse_size(size);
  if (options.files.empty() == options.folder.empty())
    throw WrongUse(
        options.files.empty()
            ? "name files to count, or a folder for generated ones: letters FILE... or letters --generate DIR"
            : "name files or --generate, not both (got " + options.files.front() + " and --generate " +
                  options.folder + ")");
  return options;
}

std::vector<std::string> generate(const std::string& folder, std::uint64_t count, std::uint64_t size_bytes) {
  std::error_code reason;
  std::filesystem::create_directories(folder, reason);
  if (reason)
    throw std::runtime_error("--generate must name a folder that exists or can be made (got " + folder +
                             ": " + reason.message() + ")");
  const std::size_t width = std::to_string(count).size();
  std::vector<std::string> paths;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    const std::string path = (std::filesystem::path(folder) /
                              ("letters-" + std::string(width - number.size(), '0') + number + ".txt"))
                                 .string();
    std::ofstream out(path, std::ios::binary);
    if (out) write_letters(out, i, size_bytes);
    out.close();
    if (!out)
      throw std::runtime_error("a generated file must be writable (got " + path + ": " +
                               std::strerror(errno) + ")");
    paths.push_back(path);
  }
  return paths;
}

}  // namespace letters
