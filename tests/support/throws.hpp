// What a call throws, as text to compare.
#pragma once

#include <string>

#include "weir/error.hpp"

namespace weir::test {

/// The sentence of the `Error` that `call` throws; "no error" if it throws none.
template <class Call>
std::string sentence_of(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace weir::test
