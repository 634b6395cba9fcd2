#include "serving/autoscaler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace millwright::serving {
namespace {

constexpr int64_t kTickUs = 25'000;

// A revision whose replicas follow the autoscaler, and time.
struct Revision {
  EndpointPolicy policy{
      .replicas_min = 1, .replicas_max = 8, .replica_concurrency = 4, .quiet_ms = 30'000};
  Autoscaler autoscaler;
  int64_t now_us = 0;
  int replicas = 1;
  int changes = 0;

  void Run(int64_t ms, const std::function<int(int64_t now_us)>& requests) {
    for (const int64_t end_us = now_us + ms * 1000; now_us < end_us; now_us += kTickUs) {
      const int next = autoscaler.Step(now_us, requests(now_us), replicas, policy);
      changes += next != replicas;
      replicas = next;
    }
  }
  void Run(int64_t ms, int requests) {
    Run(ms, [requests](int64_t) { return requests; });
  }
};

TEST(Autoscaler, GrowsAtOnceUnderABurst) {
  Revision revision;
  revision.Run(25, 16);
  EXPECT_EQ(revision.replicas, 4);
  revision.Run(25, 1000);
  EXPECT_EQ(revision.replicas, 8);
}

TEST(Autoscaler, GrowsByTheAverageOfASmallRise) {
  Revision revision;
  revision.Run(200, 6);
  EXPECT_EQ(revision.replicas, 1);
  revision.Run(10'000, 6);
  EXPECT_EQ(revision.replicas, 2);
}

TEST(Autoscaler, ShrinksAfterAQuietTimeToWhatWasNeededInIt) {
  Revision revision;
  revision.Run(100, 32);
  EXPECT_EQ(revision.replicas, 8);
  revision.Run(15'000, 8);
  EXPECT_EQ(revision.replicas, 8);
  revision.Run(40'000, 8);
  EXPECT_LE(revision.replicas, 7);
  revision.Run(31'000, 8);
  EXPECT_EQ(revision.replicas, 2);
}

TEST(Autoscaler, DoesNotFlapUnderTrafficThatSwings) {
  Revision revision;
  const auto wave = [](int64_t now_us) {
    return static_cast<int>(
        10 + 9 * std::sin(static_cast<double>(now_us) / 10e6 * 2 * std::numbers::pi));
  };
  revision.Run(60'000, wave);
  const int settled = revision.changes;
  revision.Run(600'000, wave);
  EXPECT_EQ(revision.changes, settled);
}

TEST(Autoscaler, GoesToZeroOnlyWhereThatIsAskedFor) {
  Revision revision;
  revision.Run(300'000, 0);
  EXPECT_EQ(revision.replicas, 1);
  revision.policy.replicas_min = 0;
  revision.Run(30'000, 0);
  EXPECT_EQ(revision.replicas, 1);
  revision.Run(100, 0);
  EXPECT_EQ(revision.replicas, 0);
  revision.Run(25, 1);
  EXPECT_EQ(revision.replicas, 1);
}

TEST(Autoscaler, ARequestNowAndThenKeepsOneReplica) {
  Revision revision;
  revision.policy.replicas_min = 0;
  const int before = revision.changes;
  revision.Run(600'000, [](int64_t now_us) { return now_us % 20'000'000 == 0 ? 1 : 0; });
  EXPECT_EQ(revision.changes, before);
}

}  // namespace
}  // namespace millwright::serving
