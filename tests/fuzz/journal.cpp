// journal: a log of 10,000 records that is cut, or changed, anywhere; `journal [first] [count]`.
//
// Numbers below its size cut it there, the next eight times as many flip a bit, and those beyond change some
// bytes at random. What is found must be what was put, and after a cut all that was whole; prints the number
// of what is not.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "core/descriptor.hpp"
#include "journal/journal.hpp"

using namespace weir;
using namespace weir::detail::journal;

namespace {

constexpr std::uint64_t records = 10'000;

Key key_of(std::uint64_t number) {
  Hasher hasher;
  hasher.number(number);
  return hasher.result();
}
std::string value_of(std::uint64_t number) { return "value " + std::to_string(number * number); }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Log {
  std::string folder, path, text;
  Descriptor file;
  std::vector<std::uint64_t> ends;  // of the records of results

  explicit Log(const std::string& where) : folder(where), path(where + "/log.00000001") {
    {
      Journal journal(folder, Access::write);
      for (std::uint64_t i = 0; i < records; ++i) {
        const std::string value = value_of(i);
        journal.put(key_of(i), {i % 2 ? "f" : "g", 1}, std::as_bytes(std::span(value.data(), value.size())));
      }
    }
    text = read_file(path);
    file = Descriptor(open(path.c_str(), O_RDWR | O_CLOEXEC));
    read_segment(std::as_bytes(std::span(text.data(), text.size())), [&](const Record& record) {
      if (is_result(record)) ends.push_back(record.offset + record.payload.size());
    });
  }
  // Puts bytes in place of others; without any, the log ends there.
  void change(std::uint64_t at, const std::string& bytes) const {
    const auto where = static_cast<off_t>(at);
    const auto size = static_cast<ssize_t>(bytes.size());
    const bool done = bytes.empty() ? ftruncate(file.get(), where) == 0
                                    : pwrite(file.get(), bytes.data(), bytes.size(), where) == size;
    if (!done) throw Error(ErrorKind::io, "fuzz: the log cannot be written");
  }
  void restore(std::uint64_t from, std::uint64_t to) const { change(from, text.substr(from, to - from)); }
  // What is wrong with the log as it is now; empty if nothing is. `whole`: so many results must be there.
  [[nodiscard]] std::string wrong(std::mt19937_64& random, std::uint64_t near, std::uint64_t whole) const {
    try {
      const Journal journal(folder, Access::read);
      const std::uint64_t there = journal.condition().results;
      if (there > records || there < whole) return std::to_string(there) + " results";
      for (unsigned looks = 0; looks < 200; ++looks) {
        const std::uint64_t number = looks < 20 ? near + looks - 10 : random() % records;
        Buffer found;
        const std::string value = value_of(number);
        const bool has = journal.find_small(key_of(number), found);
        if (has && std::string_view(reinterpret_cast<const char*>(found.data()), found.size()) != value)
          return "another value of " + std::to_string(number);
        if (!has && number < whole) return std::to_string(number) + " is missing";
      }
    } catch (const Error& error) {
      const bool is_right = error.kind() == ErrorKind::unsupported && whole == 0;
      return is_right ? "" : error.what();
    }
    return "";
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  const char* where = std::getenv("TMPDIR");
  std::string name = std::string(where ? where : "/tmp") + "/weir-fuzz-journal-XXXXXX";
  if (!mkdtemp(name.data())) return std::cerr << "fuzz: " << name << " cannot be made\n", 2;
  int failures = 0;
  {
    const Log log(name);
    const std::uint64_t size = log.text.size();
    for (std::uint64_t number = first; number < first + count; ++number) {
      std::mt19937_64 random(number);
      std::uint64_t at = number, end = size;  // what is not as it was
      std::string text;
      if (number >= 9 * size) {
        at = random() % size;
        end = std::min(size, at + 1 + random() % 16);
        for (std::uint64_t i = at; i < end; ++i) text += static_cast<char>(random());
      } else if (number >= size) {
        at = (number - size) / 8;
        end = at + 1;
        text += static_cast<char>(log.text[at] ^ (1 << (number - size) % 8));
      }
      log.change(at, text);
      const auto whole = static_cast<std::uint64_t>(std::upper_bound(log.ends.begin(), log.ends.end(), at) -
                                                    log.ends.begin());
      if (const std::string wrong = log.wrong(random, whole, whole); !wrong.empty()) {
        std::cout << "journal " << number << ": " << wrong << "\n";
        ++failures;
      }
      log.restore(at, end);
    }
    std::cout << count << " of " << 9 * size << " cuts and bits, " << failures << " failures\n";
  }
  std::filesystem::remove_all(name);
  return failures == 0 ? 0 : 1;
}
