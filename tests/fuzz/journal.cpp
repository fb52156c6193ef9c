// journal: a log of 10,000 records that is cut, or changed, anywhere; `journal [first] [count]`, all of them
// without.
//
// Numbers below its size cut it there, the next eight times as many flip a bit, and those beyond change some
// bytes at random. What is found must be what was put, and after a cut all that was whole; prints the number
// of what is not. Every change is read from memory, from the record on in which it is: what reading makes of
// a record depends on none before. Every cut, one bit of each byte and all at random are read by a journal
// too, from its file.
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

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Change {
  std::uint64_t at = 0, end = 0;  // what is not as it was
  std::string bytes;              // in its place; none: it ends there
};

Change change_of(std::uint64_t number, const std::string& text) {
  const std::uint64_t size = text.size();
  if (number < size) return {number, size, ""};
  if (number < 9 * size) {
    const std::uint64_t bit = number - size;
    return {bit / 8, bit / 8 + 1, std::string(1, static_cast<char>(text[bit / 8] ^ (1 << bit % 8)))};
  }
  std::mt19937_64 random(number);
  Change change;
  change.at = random() % size;
  change.end = std::min(size, change.at + 1 + random() % 16);
  while (change.bytes.size() < change.end - change.at) change.bytes += static_cast<char>(random());
  return change;
}

struct Log {
  std::string folder, path, text;
  std::string memory;  // the same
  Descriptor file;
  std::vector<std::uint64_t> begins;  // of the records
  std::vector<std::uint64_t> ends;    // of those of results
  std::vector<Key> keys;
  std::vector<std::string> values;

  explicit Log(const std::string& where) : folder(where), path(where + "/log.00000001") {
    {
      Journal journal(folder, Access::write);
      for (std::uint64_t i = 0; i < records; ++i) {
        keys.push_back(key_of(i));
        values.push_back("value " + std::to_string(i * i));
        journal.put(keys[i], {i % 2 ? "f" : "g", 1}, std::as_bytes(std::span(values[i])));
      }
    }
    text = memory = read_file(path);
    file = Descriptor(open(path.c_str(), O_RDWR | O_CLOEXEC));
    read_segment(std::as_bytes(std::span(text)), [&](const Record& record) {
      begins.push_back(record.offset + record.payload.size() - record_bytes(record.payload.size()));
      if (is_result(record)) ends.push_back(record.offset + record.payload.size());
    });
  }
  [[nodiscard]] bool is_head(std::uint64_t at) const { return at < begins.front(); }

  // What is wrong with what is read from the changed record on; empty if nothing is.
  std::string wrong_in_memory(const Change& change, bool is_random) {
    const std::string head = segment_head();
    const auto behind = std::upper_bound(begins.begin(), begins.end(), change.at);
    const std::uint64_t begin = (behind == begins.begin() ? *behind : *std::prev(behind)) - head.size();
    const std::uint64_t size =
        change.bytes.empty() ? change.at - std::min(begin, change.at) : text.size() - begin;
    memory.replace(begin, head.size(), head);
    memory.replace(change.at, change.bytes.size(), change.bytes);
    std::string wrong;
    const auto bytes = std::as_bytes(std::span(memory)).subspan(begin, size);
    const SegmentEnd end = read_segment(bytes, [&](const Record& record) {
      const std::uint64_t offset = begin + record.offset;
      const std::string_view read(reinterpret_cast<const char*>(record.payload.data()),
                                  record.payload.size());
      if (!is_random || read != std::string_view(text).substr(offset, read.size()))
        wrong = "a record was read at " + std::to_string(offset);
    });
    const bool is_whole = change.bytes.empty() && change.at == begin + head.size();
    const bool is_right =
        is_head(change.at) ? end.state == (change.bytes.empty() ? SegmentState::torn : SegmentState::foreign)
                           : end.good == head.size() && (end.state == SegmentState::whole) == is_whole;
    if (!is_random && !is_right) wrong += " it ended at " + std::to_string(begin + end.good);
    memory.replace(change.at, change.bytes.size(), text, change.at, change.bytes.size());
    memory.replace(begin, head.size(), text, begin, head.size());
    return wrong;
  }

  // The same of a journal that opens the file. `whole`: so many results must be there.
  [[nodiscard]] std::string wrong_in_file(const Change& change, std::uint64_t whole) const {
    put(change.at, change.bytes);
    const std::string wrong = wrong_as_it_is(change, whole);
    put(change.at, text.substr(change.at, change.end - change.at));
    return wrong;
  }

 private:
  void put(std::uint64_t at, const std::string& bytes) const {
    const auto where = static_cast<off_t>(at);
    const auto size = static_cast<ssize_t>(bytes.size());
    const bool done = bytes.empty() ? ftruncate(file.get(), where) == 0
                                    : pwrite(file.get(), bytes.data(), bytes.size(), where) == size;
    if (!done) throw Error(ErrorKind::io, "fuzz: the log cannot be written");
  }
  [[nodiscard]] std::string wrong_as_it_is(const Change& change, std::uint64_t whole) const {
    std::mt19937_64 random(change.at);
    try {
      const Journal journal(folder, Access::read);
      const std::uint64_t there = journal.condition().results;
      if (there > records || there < whole) return std::to_string(there) + " results";
      for (unsigned looks = 0; looks < 200; ++looks) {
        const std::uint64_t number = (looks < 20 ? whole + records + looks - 10 : random()) % records;
        Buffer found;
        const bool has = journal.find_small(keys[number], found);
        if (has &&
            std::string_view(reinterpret_cast<const char*>(found.data()), found.size()) != values[number])
          return "another value of " + std::to_string(number);
        if (!has && number < whole) return std::to_string(number) + " is missing";
      }
    } catch (const Error& error) {
      const bool is_right = error.kind() == ErrorKind::unsupported && is_head(change.at);
      return is_right ? "" : error.what();
    }
    return "";
  }
};

}  // namespace

int main(int argc, char** argv) {
  const char* where = std::getenv("TMPDIR");
  std::string name = std::string(where ? where : "/tmp") + "/weir-fuzz-journal-XXXXXX";
  if (!mkdtemp(name.data())) return std::cerr << "fuzz: " << name << " cannot be made\n", 2;
  int failures = 0;
  {
    Log log(name);
    const std::uint64_t size = log.text.size();
    const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
    const std::uint64_t count =
        argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 9 * size - std::min(first, 9 * size);
    std::uint64_t opened = 0;
    for (std::uint64_t number = first; number < first + count; ++number) {
      const bool is_bit = number >= size && number < 9 * size;
      const Change change = change_of(number, log.text);
      std::string wrong = log.wrong_in_memory(change, number >= 9 * size);
      if (!is_bit || change.at % 8 == (number - size) % 8) {
        const auto whole = std::upper_bound(log.ends.begin(), log.ends.end(), change.at) - log.ends.begin();
        wrong += log.wrong_in_file(change, static_cast<std::uint64_t>(whole));
        ++opened;
      }
      if (wrong.empty()) continue;
      std::cout << "journal " << number << ": " << wrong << "\n";
      ++failures;
    }
    std::cout << count << " changes (there are " << size << " cuts and " << 8 * size << " bits), " << opened
              << " of them read by a journal, " << failures << " failures\n";
  }
  std::filesystem::remove_all(name);
  return failures == 0 ? 0 : 1;
}
