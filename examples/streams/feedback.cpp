// A feedback loop: pages lead to pages.
//
// Run:    ./22_stream_feedback      or on ranks: weir run -n 3 ./22_stream_feedback
// Prints: home
//         news
//         about
//         sport
// Shows:  a feedback loop: pages lead to pages, and each is visited once. An element that comes back waits
// for the one in hand, so a loop uses no stack. Next:   23_stream_await.cpp

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    const std::map<std::string, std::vector<std::string>> links = {
        {"home", {"news", "about"}}, {"news", {"home", "sport"}}, {"about", {"home"}}, {"sport", {"news"}}};

    weir::Stream<std::string> pages;
    const auto fresh = pages.unique();
    fresh.sink([](const std::string& page) { std::cout << page << '\n'; });
    fresh.map([&](const std::string& page) { return links.at(page); }).flatten().connect(pages);

    pages.emit("home");
  });
}
