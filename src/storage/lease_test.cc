#include "storage/lease.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/test_database.h"

namespace millwright::storage {
namespace {

constexpr const char* kKind = "replica";
constexpr int64_t kTtlMs = 1000;

class LeaseTest : public DatabaseTest {
 protected:
  std::optional<Lease> Acquire(const std::string& id, const std::string& owner) {
    return db().Write([&](Connection& c) { return leases_.Acquire(c, kKind, id, owner, kTtlMs); });
  }
  bool Renew(const Lease& lease) {
    return db().Write([&](Connection& c) { return leases_.Renew(c, lease, kTtlMs); });
  }
  bool Release(const Lease& lease) {
    return db().Write([&](Connection& c) { return leases_.Release(c, lease); });
  }
  std::vector<std::string> Expired(int limit = 10) {
    std::vector<std::string> ids;
    db().Read([&](Connection& c) {
      for (const Lease& lease : leases_.Expired(c, kKind, limit)) ids.push_back(lease.id);
    });
    return ids;
  }

  ManualClock clock_{1'000'000};
  Leases leases_{clock_};
};

TEST_P(LeaseTest, IsHeldByOneOwnerUntilItExpires) {
  const auto first = Acquire("a", "one");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->expires_ms, 1'001'000);
  EXPECT_FALSE(Acquire("a", "two"));
  clock_.Advance(kTtlMs);
  EXPECT_EQ(Expired(), std::vector<std::string>{"a"});
  const auto second = Acquire("a", "two");
  ASSERT_TRUE(second);
  EXPECT_GT(second->generation, first->generation);
  EXPECT_FALSE(Renew(*first));
  EXPECT_FALSE(Release(*first));
  EXPECT_TRUE(Renew(*second));
  EXPECT_EQ(Expired(), std::vector<std::string>{});
}

TEST_P(LeaseTest, LivesAsLongAsItIsRenewed) {
  const auto lease = Acquire("a", "one");
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(kTtlMs - 1);
    EXPECT_TRUE(Renew(*lease));
  }
  EXPECT_FALSE(Acquire("a", "two"));
  const auto found = db().Read([&](Connection& c) { return leases_.Find(c, kKind, "a"); });
  EXPECT_EQ(found->owner, "one");
  EXPECT_EQ(found->expires_ms, clock_.NowMs() + kTtlMs);
}

TEST_P(LeaseTest, ATokenNeverRepeatsEvenAfterARelease) {
  const auto first = Acquire("a", "one");
  EXPECT_TRUE(Release(*first));
  const auto second = Acquire("a", "two");
  EXPECT_GT(second->generation, first->generation);
  const auto again = Acquire("a", "two");
  EXPECT_GT(again->generation, second->generation);
  EXPECT_FALSE(Renew(*second));
}

TEST_P(LeaseTest, ListsTheExpiredOldestFirst) {
  Acquire("b", "one");
  clock_.Advance(1);
  Acquire("a", "one");
  clock_.Advance(1);
  Acquire("c", "one");
  clock_.Advance(kTtlMs - 1);
  EXPECT_EQ(Expired(), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(Expired(1), std::vector<std::string>{"b"});
  db().Write([&](Connection& c) { leases_.Forget(c, kKind, "b"); });
  EXPECT_EQ(Expired(), std::vector<std::string>{"a"});
}

TEST_P(LeaseTest, OneOfManyWins) {
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        if (Acquire("a", std::to_string(i))) ++winners;
      });
    }
  }
  EXPECT_EQ(winners, 1);
}

MILLWRIGHT_ON_BOTH_DATABASES(LeaseTest);

}  // namespace
}  // namespace millwright::storage
