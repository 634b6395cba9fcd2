#include "quality/suite_review.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::quality {
namespace {

const char kSuite[] = R"({"name":"flights","expectations":[
  {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","min_value":0,"max_value":9}},
  {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","max_value":5}},
  {"type":"expect_compound_columns_to_be_unique","kwargs":{"column_list":["x","y"]}},
  {"type":"expect_table_row_count_to_be_between","kwargs":{"min_value":1}},
  {"type":"made_up_type","kwargs":{"column":"x"}}]})";

std::string Thrown(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing";
}

TEST(ExpectationKeys, NameTypesAndColumnsAndCountRepeats) {
  const Suite suite = ParseSuiteText(kSuite);
  EXPECT_EQ(ExpectationKeys(suite.expectations),
            (std::vector<std::string>{"between(x)", "between(x)#2", "unique_together(x, y)",
                                      "row_count_between", "made_up_type(x)"}));
  EXPECT_EQ(FindExpectation(suite, "between(x)#2"), 1u);
  EXPECT_EQ(Thrown([&] { FindExpectation(suite, "betwen(x)"); }),
            "Suite flights has no expectation betwen(x) (did you mean between(x)?)");
}

TEST(SuiteChange, AppliesToASuiteThatMovedOnElsewhere) {
  const Suite suite = ParseSuiteText(kSuite);
  const Expectation base = suite.expectations[0];
  const auto change =
      ExpectationChange::FromJson(ParseJson(R"({"set":{"max_value":20,"min_value":null}})"));
  EXPECT_EQ(change.Words(base), "max_value 9 → 20, min_value 0 → none");
  Suite moved = suite;
  moved.expectations[0].kwargs.Set("mostly", 0.5);
  moved.expectations.erase(moved.expectations.begin() + 2);
  EXPECT_EQ(ApplyChange(moved, "between(x)", base, change).expectations[0].kwargs.Dump(),
            R"({"column":"x","max_value":20,"mostly":0.5})");
  moved.expectations[0].kwargs.Set("max_value", 10);
  EXPECT_EQ(Thrown([&] { ApplyChange(moved, "between(x)", base, change); }),
            "max_value of between(x) was 9 when the change was proposed and is 10 now");
  moved.expectations.clear();
  EXPECT_EQ(Thrown([&] { ApplyChange(moved, "between(x)", base, change); }),
            "Suite flights has no expectation between(x) any more");
}

TEST(SuiteChange, RefusesWhatCannotBe) {
  const Suite suite = ParseSuiteText(kSuite);
  for (const char* text : {R"({})", R"({"remove":false})", R"({"remove":true,"set":{"mostly":1}})",
                           R"({"set":{}})", R"({"rename":"x"})", R"([])", R"({"set":3})"})
    EXPECT_NE(Thrown([&] { ExpectationChange::FromJson(ParseJson(text)); }), "nothing") << text;
  const auto change = ExpectationChange::FromJson(ParseJson(R"({"set":{"column":null}})"));
  EXPECT_NE(Thrown([&] {
              ApplyChange(suite, "between(x)", suite.expectations[0], change);
            }).find("cannot be changed so"),
            std::string::npos);
}

class SuiteReviewTest : public storage::DatabaseTest {
 protected:
  SuiteReviewTest() { store_.Put(ParseSuiteText(kSuite), "ana"); }
  SuiteProposal Proposed(const std::string& change) {
    return review_.Propose({.suite = "flights",
                            .expectation = "between(x)",
                            .change = ExpectationChange::FromJson(ParseJson(change)),
                            .reason = "seen",
                            .who = "ben"});
  }
  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
  SuiteStore store_{db(), events_, clock_};
  SuiteReview review_{db(), events_, clock_, store_};
};

TEST_P(SuiteReviewTest, MakesAVersionWithTheNamesOfBoth) {
  const SuiteProposal proposal = Proposed(R"({"set":{"mostly":0.9}})");
  const SuiteProposal accepted = review_.Accept(proposal.id, "agreed", "cleo");
  EXPECT_EQ(accepted.state, SuiteProposal::State::kAccepted);
  EXPECT_EQ(accepted.result_version, 2);
  EXPECT_EQ(store_.Get("flights").expectations[0].kwargs.GetDouble("mostly"), 0.9);
  EXPECT_FALSE(store_.GetVersion("flights", 1).suite.expectations[0].kwargs.Has("mostly"));
  EXPECT_EQ(store_.Versions("flights")[0].who, "cleo");
  EXPECT_EQ(store_.Versions("flights")[0].reason, "between(x): mostly 1 → 0.9; proposed by ben (" +
                                                      proposal.id +
                                                      "): seen; accepted by cleo: agreed");
  EXPECT_THROW(review_.Reject(proposal.id, "late", "dan"), Error);
}

TEST_P(SuiteReviewTest, LeavesAConflictingProposalOpen) {
  const SuiteProposal first = Proposed(R"({"set":{"max_value":20}})");
  const SuiteProposal second = Proposed(R"({"set":{"max_value":30}})");
  review_.Accept(first.id, "", "cleo");
  EXPECT_EQ(Thrown([&] { review_.Accept(second.id, "", "cleo"); }),
            "max_value of between(x) was 9 when the change was proposed and is 20 now");
  EXPECT_EQ(review_.GetProposal(second.id).state, SuiteProposal::State::kOpen);
  EXPECT_EQ(store_.GetVersion("flights").version, 2);
  review_.Reject(second.id, "too wide", "cleo");
  EXPECT_EQ(review_.Proposals("flights", "rejected").at(0).decision, "too wide");
  EXPECT_TRUE(review_.Proposals("flights", "open").empty());
}

TEST_P(SuiteReviewTest, CountsOnAfterASuiteWasDeleted) {
  store_.Delete("flights", "ana");
  EXPECT_THROW(store_.Get("flights"), Error);
  EXPECT_EQ(store_.Put(ParseSuiteText(kSuite), "ana"), 2);
  EXPECT_EQ(store_.Put(ParseSuiteText(kSuite), "ana"), 2) << "the same again is no version";
}

TEST_P(SuiteReviewTest, TellsHowEachCheckFared) {
  analytics::Session session;
  for (int top : {5, 12, 7}) {
    clock_.Advance(1000);
    session.Execute("CREATE OR REPLACE TABLE t AS SELECT range AS x, 1 AS y FROM range(" +
                    std::to_string(top) + ")");
    store_.Record("d", top, Validate(session, "t", store_.Get("flights")), "ana", 1);
  }
  const auto histories = store_.History("flights", "d");
  ASSERT_EQ(histories.size(), 5u);
  EXPECT_EQ(histories[0].key, "between(x)");
  ASSERT_EQ(histories[0].points.size(), 3u);
  EXPECT_EQ(histories[0].points[1].version, 12);
  EXPECT_EQ(histories[0].points[1].standing, Standing::kNotMet);
  EXPECT_DOUBLE_EQ(*histories[0].points[1].share, 2.0 / 12);
  EXPECT_EQ(histories[0].points[2].standing, Standing::kMet);
  EXPECT_EQ(histories[3].points[2].observed, Json(7));
  EXPECT_EQ(histories[4].points[0].standing, Standing::kNotJudged);
  EXPECT_EQ(store_.History("flights", "d", 1)[0].points.size(), 1u);
  EXPECT_TRUE(store_.History("flights", "other").empty());
}

MILLWRIGHT_ON_BOTH_DATABASES(SuiteReviewTest);

}  // namespace
}  // namespace millwright::quality
