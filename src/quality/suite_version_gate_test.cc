#include "quality/suite_version_gate.h"

#include "data/test_room.h"
#include "quality/attachments.h"

namespace millwright::quality {
namespace {

using data::DatasetVersion;
using data::VersionState;

class SuiteVersionGateTest : public data::DataRoomTest {
 protected:
  void Attach(const std::string& suite, const std::string& checks, OnFailure action) {
    suites_.Put(ParseSuiteText("suite: " + suite + "\nchecks:\n" + checks), "ana");
    attachments_.Attach({.suite = suite, .target = "t", .on_failure = action, .who = "ana"});
  }
  DatasetVersion Upload(const std::string& text) {
    return judged_.Upload("t", "t.csv", data::FromText(text), "ana").version;
  }

  SuiteStore suites_{db(), events_, clock_};
  Attachments attachments_{db(), events_, clock_};
  SuiteVersionGate gate_{db(), suites_};
  data::DatasetStore judged_{db(),  events_, lineage_, clock_, {.root = dir_.path() / "judged"},
                             &gate_};
};

TEST_P(SuiteVersionGateTest, SetsAsideJustTheRowsThatBrokeTheSuite) {
  Attach("s",
         "  - between: {column: x, max: 10, where: \"k == 'a'\"}\n"
         "  - regex: {column: k, regex: '^[a-z]$'}\n"
         "  - unique: id\n",
         OnFailure::kSetAside);
  // Too high where it counts, a capital, a number twice; 99 of b is none of these.
  const DatasetVersion rest =
      Upload("id,k,x\n1,a,1\n2,a,11\n3,b,99\n4,B,4\n5,c,5\n6,d,6\n6,d,7\n7,a,8\n8,a,9\n9,a,9\n");
  EXPECT_EQ(rest.state, VersionState::kReady) << rest.state_reason;
  EXPECT_EQ(rest.version, 2);
  const auto Ids = [&](const DatasetVersion& version) {
    std::string ids;
    const auto rows = judged_.Rows(version, 20);
    for (size_t row = 0; row < rows.row_count(); ++row) ids += rows.Text(row, 0);
    return ids;
  };
  EXPECT_EQ(Ids(rest), "135789");
  EXPECT_EQ(Ids(judged_.Get("t.set-aside")), "2466");
  EXPECT_EQ(suites_.ListValidations("t").size(), 2u);
}

TEST_P(SuiteVersionGateTest, HoldsAsAWholeWhatIsNotAboutRows) {
  Attach("s", "  - between: {column: x, max: 10}\n  - row_count_between: {min: 5}\n",
         OnFailure::kSetAside);
  EXPECT_EQ(Upload("x\n1\n2\n11\n").state, VersionState::kQuarantined);
  EXPECT_EQ(Upload("x\n1\n2\n3\n4\n5\n11\n").version, 3) << "what is left is five rows";
  EXPECT_EQ(Upload("x\n1\n2\n3\n40\n50\n60\n70\n").state, VersionState::kQuarantined) << "too many";
}

TEST_P(SuiteVersionGateTest, HoldsTheRestWhenItFailsToo) {
  Attach("s", "  - between: {column: x, max: 10}\n  - row_count_between: {min: 3}\n",
         OnFailure::kSetAside);
  const DatasetVersion rest = Upload("x\n1\n2\n11\n");
  EXPECT_EQ(rest.state, VersionState::kQuarantined);
  EXPECT_EQ(rest.version, 2);
  EXPECT_EQ(judged_.Look("t", 1).state, VersionState::kQuarantined);
}

TEST_P(SuiteVersionGateTest, HoldsTheRestWhenWhatWasToleratedIsTooMuchOfIt) {
  Attach(
      "s",
      "  - between: {column: x, max: 10}\n  - regex: {column: k, regex: '^[a-z]$', mostly: 0.75}\n",
      OnFailure::kSetAside);
  const DatasetVersion rest = Upload("k,x\nA,1\nb,11\nc,3\nd,4\n");
  EXPECT_EQ(rest.row_count, 3);
  EXPECT_EQ(rest.state, VersionState::kQuarantined) << "one of three is more than a quarter";
}

TEST_P(SuiteVersionGateTest, TheStrictestOfSeveralSuitesCounts) {
  Attach("low", "  - between: {column: x, min: 0}\n", OnFailure::kSetAside);
  Attach("wide", "  - column_count: 1\n", OnFailure::kQuarantine);
  Attach("soft", "  - between: {column: x, max: 5}\n", OnFailure::kWarn);
  EXPECT_EQ(Upload("x\n1\n6\n").state, VersionState::kReady);
  EXPECT_EQ(EventKinds()[EventKinds().size() - 2], "dataset.version_warned");
  EXPECT_EQ(Upload("x\n1\n-6\n7\n").version, 3);
  EXPECT_EQ(Upload("x,y\n1,1\n-6,1\n7,2\n").state, VersionState::kQuarantined);
}

TEST_P(SuiteVersionGateTest, HoldsWhatItsSuiteCannotJudge) {
  Attach("s", "  - between: {column: price, max: 10}\n", OnFailure::kSetAside);
  const DatasetVersion held = Upload("x\n1\n");
  EXPECT_EQ(held.state, VersionState::kQuarantined);
  EXPECT_NE(held.state_reason.find("between(price) (could not be judged)"), std::string::npos);
}

MILLWRIGHT_ON_BOTH_DATABASES(SuiteVersionGateTest);

}  // namespace
}  // namespace millwright::quality
