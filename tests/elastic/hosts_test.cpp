// Which hosts a growing cluster keeps its jobs away from.
#include "elastic/hosts.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using weir::detail::elastic::Hosts;
using Names = std::set<std::string>;

namespace {
const weir::detail::elastic::ScalingTime start{};
}

TEST_CASE("a host on which the first job fails is avoided, though nothing runs anywhere, and counts") {
  Hosts hosts;
  CHECK_FALSE(hosts.failed(start + 2s, "bad", start));
  CHECK(hosts.avoided() == Names{"bad"});
  CHECK_FALSE(hosts.others_work());
  CHECK_FALSE(hosts.failed(start + 4s, "worse", start + 2s));
  CHECK(hosts.failing() == "bad, worse");
  hosts.worked("good.cluster.edu");
  CHECK(hosts.others_work());
  CHECK(hosts.avoided() == Names{"bad", "worse"});
}

TEST_CASE("a host that is at fault while others run counts nothing, unless it should have been avoided") {
  Hosts hosts;
  hosts.worked("good");
  CHECK(hosts.failed(start + 2s, "bad", start));
  CHECK(hosts.failed(start + 3s, "bad", start + 1s));        // submitted before that was known
  CHECK_FALSE(hosts.failed(start + 9s, "bad", start + 4s));  // avoiding does not help
  CHECK_FALSE(hosts.failed(start + 9s, "good.cluster.edu", start));
  CHECK(hosts.avoided() == Names{"bad"});
}

TEST_CASE("a host from which a worker joins is no longer avoided, and neither is one that is needed") {
  Hosts hosts;
  CHECK_FALSE(hosts.failed(start, "node1", start));
  CHECK_FALSE(hosts.failed(start, "node2", start));
  hosts.worked("node1.cluster.edu");
  CHECK(hosts.avoided() == Names{"node2"});
  hosts.are_needed();
  CHECK(hosts.avoided().empty());
  CHECK_FALSE(hosts.failed(start, "node2", start));
  CHECK(hosts.avoided().empty());
  hosts.forget_failures();
  CHECK(hosts.failing().empty());
}

TEST_CASE("of many failing hosts eight are named") {
  Hosts hosts;
  for (char c = 'a'; c < 'k'; ++c) (void)hosts.failed(start, std::string(1, c), start);
  CHECK(hosts.failing() == "a, b, c, d, e, f, g, h and 2 more");
}
