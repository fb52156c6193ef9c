// Uses weir::collections: the last name in lines of JSON.
#include <iostream>
#include <weir/bag.hpp>
#include <weir/run.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    std::cout << weir::read_text(argv[1]).map(weir::Json::parse).pluck("name").topk(1).compute().front()
              << '\n';
  });
}
