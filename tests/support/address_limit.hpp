// AddressLimit: as under `ulimit -v`.
#pragma once

#include <sys/resource.h>

#include <fstream>

namespace weir::test {

/// Addresses this process takes from the system, in bytes.
inline std::size_t addresses() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

/// While it lives this process can take only so many more bytes from the system.
class AddressLimit {
 public:
  explicit AddressLimit(std::size_t more_bytes) {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{addresses() + more_bytes, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  AddressLimit(const AddressLimit&) = delete;
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

}  // namespace weir::test
