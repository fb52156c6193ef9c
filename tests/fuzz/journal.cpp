// journal: a log of 10,000 records that is cut, or changed, anywhere; `journal [first] [count]`.
//
// Numbers below its size cut it there, the next eight times as many flip a bit, and those beyond change some
// bytes at random. What is found must be what was put, and after a cut all that was whole; prints the number
// of what is not.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

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
    read_segment(std::as_bytes(std::span(text.data(), text.size())), [&](const Record& record) {
      if (is_result(record)) ends.push_back(record.offset + record.payload.size());
    });
  }
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
  char name[] = "/tmp/weir-fuzz-journal-XXXXXX";
  if (!mkdtemp(name)) return std::cerr << "fuzz: /tmp cannot be written\n", 2;
  int failures = 0;
  {
    const Log log(name);
    const std::uint64_t size = log.text.size();
    for (std::uint64_t number = first; number < first + count; ++number) {
      std::mt19937_64 random(number);
      std::string text = log.text;
      std::uint64_t at = number;
      if (number < size) {
        text.resize(number);
      } else if (number < 9 * size) {
        at = (number - size) / 8;
        text[at] = static_cast<char>(text[at] ^ (1 << (number - size) % 8));
      } else {
        at = random() % size;
        for (std::uint64_t i = at; i < std::min(size, at + 1 + random() % 16); ++i)
          text[i] = static_cast<char>(random());
      }
      std::ofstream(log.path, std::ios::binary) << text;
      const auto whole = static_cast<std::uint64_t>(std::upper_bound(log.ends.begin(), log.ends.end(), at) -
                                                    log.ends.begin());
      if (const std::string wrong = log.wrong(random, whole, whole); !wrong.empty()) {
        std::cout << "journal " << number << ": " << wrong << "\n";
        ++failures;
      }
    }
    std::cout << count << " of " << 9 * size << " cuts and bits, " << failures << " failures\n";
  }
  std::filesystem::remove_all(name);
  return failures == 0 ? 0 : 1;
}
