// A file descriptor that closes itself.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace weir {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    other.reset();
    return *this;
  }
  ~Descriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  void reset() noexcept {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

/// Opens those of stdin, stdout and stderr that the caller has closed, on /dev/null: the next file or socket
/// would take their numbers, and what is printed would go there. `output` is how stdout is opened: with
/// O_RDONLY printing remains the error that it is without a stdout.
inline void open_missing_descriptors(int output = O_WRONLY) {
  for (const auto& [number, how] : {std::pair(STDIN_FILENO, O_RDONLY), std::pair(STDOUT_FILENO, output),
                                    std::pair(STDERR_FILENO, O_WRONLY)}) {
    if (fcntl(number, F_GETFD) < 0)  // open takes the lowest number that is free
      static_cast<void>(open("/dev/null", how));
  }
}

}  // namespace weir
