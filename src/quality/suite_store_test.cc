#include "quality/suite_store.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::quality {
namespace {

class SuiteStoreTest : public storage::DatabaseTest {
 protected:
  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
  SuiteStore store_{db(), events_, clock_};
};

const char kSuite[] =
    R"({"name":"flights","expectations":[{"type":"expect_column_to_exist",
    "kwargs":{"column":"x"}}]})";

TEST_P(SuiteStoreTest, KeepsTheNewestSuiteOfAName) {
  Suite suite = ParseSuiteText(kSuite);
  store_.Put(suite, "ana");
  suite.expectations.push_back(suite.expectations[0]);
  store_.Put(suite, "ben");
  EXPECT_EQ(store_.Get("flights").ToJson(), suite.ToJson());
  ASSERT_EQ(store_.List().size(), 1u);
  EXPECT_EQ(store_.List()[0].expectation_count, 2);
  EXPECT_EQ(store_.List()[0].updated_by, "ben");
  const auto events = events_.After(0, 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, "suite.created");
  EXPECT_EQ(events[1].kind, "suite.updated");
  EXPECT_THROW(store_.Get("other"), Error);
}

TEST_P(SuiteStoreTest, RecordsAValidationWithItsEvent) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS y");
  const Suite suite = ParseSuiteText(kSuite);
  const ValidationSummary summary =
      store_.Record("flights", 2, Validate(session, "t", suite), "ana");
  EXPECT_FALSE(summary.success);
  const StoredValidation stored = store_.GetValidation(summary.id);
  EXPECT_EQ(stored.unsuccessful, 1);
  EXPECT_EQ(stored.result.At("meta").Dump(),
            R"({"suite":"flights","dataset":"flights","version":2,"created_ms":1000000})");
  EXPECT_EQ(store_.ListValidations("flights").size(), 1u);
  EXPECT_EQ(store_.ListValidations("other").size(), 0u);
  EXPECT_EQ(store_.Latest("flights", 2, "flights")->id, summary.id);
  EXPECT_FALSE(store_.Latest("flights", 1));
  const auto events = events_.After(0, 10);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, "validation.finished");
  EXPECT_EQ(events[0].subject, "validation:" + summary.id.str());
  EXPECT_FALSE(events[0].payload.GetBool("success", true));
}

MILLWRIGHT_ON_BOTH_DATABASES(SuiteStoreTest);

}  // namespace
}  // namespace millwright::quality
