#include "data/test_room.h"

namespace millwright::data {
namespace {

// A gate whose verdict the test says.
class SaidGate : public VersionGate {
 public:
  std::string Stamp(storage::Connection&, const std::string& dataset,
                    const std::string&) const override {
    return dataset == "guarded" ? stamps.at(std::min(stamped++, stamps.size() - 1)) : "";
  }
  Judgement Judge(const DatasetVersion&, const std::string&, const std::filesystem::path&,
                  const std::string&) override {
    ++judged;
    Judgement verdict = judgement;
    verdict.stamp = stamps.back();
    return verdict;
  }
  mutable size_t stamped = 0;
  std::vector<std::string> stamps = {"s"};
  Judgement judgement;
  int judged = 0;
};

class DatasetJudgingTest : public DataRoomTest {
 protected:
  DatasetVersion Upload(const std::string& dataset, const std::string& text) {
    return judged_.Upload(dataset, "t.csv", FromText(text), "ana").version;
  }
  SaidGate gate_;
  DatasetStore judged_{db(), events_, lineage_, clock_, {.root = dir_.path() / "judged"}, &gate_};
};

TEST_P(DatasetJudgingTest, HoldsWhatFailsAndKeepsTheLatest) {
  EXPECT_EQ(Upload("guarded", "x\n1\n").state, VersionState::kReady);
  gate_.judgement = {.passed = false, .reason = "too high"};
  EXPECT_EQ(Upload("guarded", "x\n2\n").state, VersionState::kQuarantined);
  EXPECT_EQ(judged_.Get("guarded").version, 1);
  EXPECT_EQ(CodeOf([&] { judged_.Get("guarded", 2); }), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([&] { judged_.Resolve("guarded@2"); }), Code::kFailedPrecondition);
  EXPECT_EQ(judged_.Look("guarded", 2).state_reason, "too high");
  EXPECT_EQ(judged_.Held().size(), 1u);
  EXPECT_EQ(judged_.List()[0].latest.version, 1);
  EXPECT_EQ(Upload("free", "x\n2\n").state, VersionState::kReady);
  EXPECT_EQ(gate_.judged, 2);
}

TEST_P(DatasetJudgingTest, ReleasesWithAReasonOnly) {
  gate_.judgement = {.passed = false, .reason = "too high"};
  Upload("guarded", "x\n2\n");
  EXPECT_EQ(CodeOf([&] { judged_.Get("guarded"); }), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([&] { judged_.Release("guarded", 1, "", "ben"); }), Code::kInvalidArgument);
  EXPECT_EQ(judged_.Release("guarded", 1, "it is so", "ben").state, VersionState::kReleased);
  EXPECT_EQ(judged_.Get("guarded").state_by, "ben");
  EXPECT_EQ(CodeOf([&] { judged_.Release("guarded", 1, "again", "ben"); }),
            Code::kFailedPrecondition);
  const auto kinds = EventKinds();
  EXPECT_EQ(std::vector<std::string>(kinds.end() - 3, kinds.end()),
            (std::vector<std::string>{"dataset.version_quarantined", "dataset.version_released",
                                      "dataset.version_created"}));
}

TEST_P(DatasetJudgingTest, AnOlderReleaseDoesNotBecomeTheLatest) {
  gate_.judgement = {.passed = false, .reason = "too high"};
  Upload("guarded", "x\n2\n");
  gate_.judgement = {};
  Upload("guarded", "x\n3\n");
  judged_.Release("guarded", 1, "it is so", "ben");
  EXPECT_EQ(judged_.Get("guarded").version, 2);
  EXPECT_EQ(judged_.Get("guarded", 1).version, 1);
}

TEST_P(DatasetJudgingTest, JudgesAgainWhatIsHeldAndNothingElse) {
  gate_.judgement = {.passed = false, .reason = "too high"};
  Upload("guarded", "x\n2\n");
  EXPECT_EQ(judged_.Judge("guarded", 1).state, VersionState::kQuarantined);
  gate_.judgement = {.passed = true, .reason = "fine now"};
  EXPECT_EQ(judged_.Judge("guarded", 1).state_reason, "fine now");
  EXPECT_EQ(CodeOf([&] { judged_.Judge("guarded", 1); }), Code::kFailedPrecondition);
}

TEST_P(DatasetJudgingTest, JudgesOnceMoreWhenItsSuitesChange) {
  gate_.stamps = {"old", "newer", "new"};
  EXPECT_EQ(Upload("guarded", "x\n2\n").state, VersionState::kReady);
  EXPECT_EQ(gate_.judged, 2);
}

TEST_P(DatasetJudgingTest, SetsRowsAsideAndLetsTheRestGoOn) {
  class Once : public SaidGate {
   public:
    Judgement Judge(const DatasetVersion& version, const std::string&, const std::filesystem::path&,
                    const std::string&) override {
      Judgement verdict;
      verdict.stamp = stamps.back();
      if (version.row_count < 4) return verdict;
      verdict.passed = false;
      verdict.reason = "two rows are wrong";
      verdict.set_aside = {1, 3};
      return verdict;
    }
  } gate;
  DatasetStore store(db(), events_, lineage_, clock_, {.root = dir_.path() / "aside"}, &gate);
  const auto rest = store.Upload("guarded", "t.csv", FromText("x\n1\n-2\n3\n-4\n"), "ana").version;
  EXPECT_EQ(rest.version, 2);
  EXPECT_EQ(Texts(store.Rows(rest, 10)), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(Texts(store.Rows(store.Get("guarded.set-aside"), 10)),
            (std::vector<std::string>{"-2", "-4"}));
  EXPECT_EQ(store.Look("guarded", 1).state_reason,
            "two rows are wrong; 2 of 4 rows of guarded@1 were set aside as guarded.set-aside@1, "
            "the rest is guarded@2");
  EXPECT_EQ(store.Get("guarded").version, 2);
  const Versioned again = store.Upload("guarded", "t.csv", FromText("x\n1\n-2\n3\n-4\n"), "ana");
  EXPECT_TRUE(again.is_unchanged) << "the same bytes are no new version";
  EXPECT_EQ(again.version.version, 2);
  EXPECT_EQ(store.Judge("guarded", 1).state, VersionState::kQuarantined);
  EXPECT_EQ(store.Versions("guarded").size(), 2u) << "it is not taken apart once more";
}

MILLWRIGHT_ON_BOTH_DATABASES(DatasetJudgingTest);

}  // namespace
}  // namespace millwright::data
