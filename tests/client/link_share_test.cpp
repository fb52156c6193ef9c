// How long a link is kept.
#include "client/link_share.hpp"

#include <catch2/catch.hpp>
#include <vector>

using weir::detail::client::ClusterLink;
using weir::detail::client::LinkShare;

namespace {

/// Stands for a link: only how long it is kept matters.
struct Kept {
  std::shared_ptr<int> link = std::make_shared<int>(0);
  LinkShare* share = new LinkShare(std::shared_ptr<ClusterLink>(link, nullptr));
  [[nodiscard]] bool is_kept() const { return link.use_count() > 1; }
};

}  // namespace

TEST_CASE("link share: a link is kept until its thread has left and every future has gone") {
  Kept kept;
  for (int i = 0; i < 10'000; ++i) kept.share->take();
  for (int i = 0; i < 9'000; ++i) kept.share->give_back();
  kept.share->leave();
  CHECK(kept.is_kept());
  for (int i = 0; i < 999; ++i) kept.share->give_back();
  CHECK(kept.is_kept());
  kept.share->give_back();
  CHECK_FALSE(kept.is_kept());
}

TEST_CASE("link share: a thread without futures lets go of the link when it leaves") {
  Kept kept;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20'000; ++i) kept.share->take();
    for (int i = 0; i < 20'000; ++i) kept.share->give_back();
  }
  CHECK(kept.is_kept());
  kept.share->leave();
  CHECK_FALSE(kept.is_kept());
}

TEST_CASE("link share: futures go in any thread, also while their own takes more") {
  Kept kept;
  constexpr int each = 50'000;
  for (int i = 0; i < 2 * each; ++i) kept.share->take();
  std::vector<std::thread> others;
  for (int thread = 0; thread < 2; ++thread)
    others.emplace_back([&] {
      for (int i = 0; i < each; ++i) kept.share->give_back();
    });
  for (int i = 0; i < each; ++i) kept.share->take();
  for (int i = 0; i < each; ++i) kept.share->give_back();
  for (std::thread& other : others) other.join();
  CHECK(kept.is_kept());
  kept.share->leave();
  CHECK_FALSE(kept.is_kept());
}
