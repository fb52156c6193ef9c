// Bags over files: words of packed text, names in JSON lines; beside the latter simdjson alone on as many
// threads.
//   bag make FOLDER [--megabytes N]    writes the files (text, packed; JSON lines, plain), default 200 of
//   each bag run FOLDER
#include <simdjson.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "report.hpp"
#include "weir/bag.hpp"
#include "weir/detail/files/output.hpp"
#include "weir/run.hpp"

namespace {

constexpr int files = 16;

// Words as often as in a language: the k-th with a probability of about 1/k.
class Words {
 public:
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const double uniform = static_cast<double>(state_ >> 11) * 0x1p-53;
    return static_cast<std::uint64_t>(std::pow(50000.0, uniform));
  }

 private:
  std::uint64_t state_ = 42;
};

void make(const std::string& folder, std::size_t bytes) {
  Words words;
  for (int i = 0; i < files; ++i) {
    const std::string number = std::to_string(10 + i);
    weir::detail::files::Output text("bench", folder + "/text-" + number + ".txt.gz");
    std::string line;
    for (std::size_t written = 0; written < bytes / files; written += line.size()) {
      line.clear();
      for (int word = 0; word < 12; ++word) (line += "word") += std::to_string(words.next()) + ' ';
      line.back() = '\n';
      text.write(line);
    }
    text.commit();
    std::ofstream json(folder + "/lines-" + number + ".json");
    for (std::size_t written = 0; written < bytes / files; written += line.size()) {
      const std::string id = std::to_string(words.next());
      line = R"({"id": )" + std::to_string(written) + R"(, "name": "user)" + id +
             R"(", "tags": ["a", "b", "c"], "place": {"city": "Lyon", "x": 45.764, "y": 4.8357}, "text": ")" +
             std::string(words.next() % 80, 'x') + "\"}\n";
      json << line;
    }
  }
}

template <class F>
double best_of(int rounds, const F& f) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto start = bench::Clock::now();
    f();
    best = std::min(best, bench::seconds_since(start));
  }
  return best;
}

double megabytes(const std::string& folder, const std::string& prefix) {
  double bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().filename().string().starts_with(prefix)) bytes += static_cast<double>(file.file_size());
  return bytes * 1e-6;
}

// Every line parsed and its name looked at, nothing else.
void parse_alone(const std::string& folder) {
  std::vector<std::thread> threads;
  std::atomic<int> next{0};
  std::atomic<std::size_t> letters{0};
  for (unsigned i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      simdjson::dom::parser parser;
      for (int file = next++; file < files; file = next++) {
        simdjson::padded_string text =
            simdjson::padded_string::load(folder + "/lines-" + std::to_string(10 + file) + ".json").value();
        for (auto document : parser.parse_many(text))
          letters += std::string_view(document["name"].value_unsafe()).size();
      }
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "", folder = argc > 2 ? argv[2] : "";
  if (what == "make") {
    make(folder, static_cast<std::size_t>(bench::option(argc, argv, "--megabytes", 200)) * 1'000'000);
    return 0;
  }
  return weir::run(argc, argv, [&](weir::Client&) {
    const double words_s = best_of(3, [&] {
      (void)weir::read_text(folder + "/text-*.txt.gz").split().flatten().frequencies().topk(10).compute();
    });
    const double json_s = best_of(3, [&] {
      (void)weir::read_text(folder + "/lines-*.json")
          .map(weir::Json::parse)
          .pluck("name")
          .frequencies()
          .topk(10)
          .compute();
    });
    const double alone_s = best_of(3, [&] { parse_alone(folder); });
    bench::print("words_s", words_s);
    bench::print("json_s", json_s);
    bench::print("json_mb_per_s", megabytes(folder, "lines-") / json_s);
    bench::print("simdjson_mb_per_s", megabytes(folder, "lines-") / alone_s);
  });
}
