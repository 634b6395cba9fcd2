#include "tracking/run_lease.h"

#include <barrier>
#include <functional>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_reaper.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

const std::string kWho = "ada";
constexpr int64_t kLeaseMs = 30'000;

// The server's time moves both clocks; a jump moves only that of the wall.
class RunLeaseTest : public storage::DatabaseTest {
 protected:
  RunId NewRun(const std::string& lease = "30", RunStore* runs = nullptr) {
    tracking::NewRun run{.experiment_id = ExperimentId("0"), .name = "r", .start_ms = 5};
    if (!lease.empty()) run.tags = {{std::string(kLeaseTag), lease}};
    return (runs == nullptr ? runs_ : *runs).Create(run, kWho).info.id;
  }

  RunReaper NewReaper() {
    return RunReaper(db(), events_, clock_, [this] { return steady_ms_; });
  }

  // Lets time pass while a reaper looks as often as it wants to.
  void Pass(int64_t ms, RunReaper& reaper) {
    const int64_t end_ms = steady_ms_ + ms;
    for (;;) {
      const int64_t step_ms = std::min(reaper.Look(), end_ms - steady_ms_);
      if (step_ms == 0) return;
      Move(step_ms);
    }
  }
  void Pass(int64_t ms) { Pass(ms, reaper_); }
  void Move(int64_t ms) {
    steady_ms_ += ms;
    clock_.Advance(ms);
  }

  RunStatus StatusOf(const RunId& id) { return runs_.GetInfo(id).status; }
  std::string ReasonOf(const RunId& id) { return leases_.Get(id).end_reason; }
  std::vector<events::Event> EventsOf(const RunId& id) {
    std::vector<events::Event> found;
    for (const auto& event : events_.After(0, 1000)) {
      if (event.subject == "run:" + id.str()) found.push_back(event);
    }
    return found;
  }
  std::vector<std::string> KindsOf(const RunId& id) {
    std::vector<std::string> kinds;
    for (const auto& event : EventsOf(id)) kinds.push_back(event.kind);
    return kinds;
  }
  void Update(const RunId& id, RunStatus status, std::optional<int64_t> end_ms = {}) {
    runs_.Update(id, {.status = status, .end_ms = end_ms, .name = {}}, kWho);
  }

  ManualClock clock_{1'000'000};
  int64_t steady_ms_ = 77;
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
  RunLeases leases_{db(), events_, clock_};
  RunReaper reaper_ = NewReaper();
};

TEST_P(RunLeaseTest, MarksASilentRunDeadWithItsReason) {
  const RunId id = NewRun();
  Pass(10'000);
  runs_.LogMetric(id, {"loss", 1, 1, 1});  // the last sign of life
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(1'000);
  const RunInfo info = runs_.GetInfo(id);
  EXPECT_EQ(info.status, RunStatus::kFailed);
  EXPECT_EQ(info.end_ms, 1'010'000);
  EXPECT_EQ(ReasonOf(id), "no sign of life for 30 s (lease of 30 s)");
  const events::Event event = EventsOf(id).back();
  EXPECT_EQ(event.kind, "run.finished");
  EXPECT_EQ(event.who, "system");
  EXPECT_EQ(event.payload.GetString("status"), "FAILED");
  EXPECT_EQ(event.payload.GetString("reason"), "no sign of life for 30 s (lease of 30 s)");
  EXPECT_EQ(leases_.Get(id).missed_ms.has_value(), true);
  Pass(600'000);
  EXPECT_EQ(KindsOf(id), (std::vector<std::string>{"run.created", "run.finished"}));
}

TEST_P(RunLeaseTest, LetsAQuietRunLiveWhoseProcessRenews) {
  const RunId id = NewRun();
  for (int i = 0; i < 30; ++i) {
    Pass(10'000);
    leases_.Renew(id, kWho);
  }
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  // However far apart the signs are within the lease, and wherever the stored one lies.
  for (const int64_t pause_ms : {29'999, 9'999, 29'999, 1, 9'998, 29'999}) {
    Pass(pause_ms);
    leases_.Renew(id, kWho);
  }
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
}

TEST_P(RunLeaseTest, IsRenewedByWhateverIsWritten) {
  LoggedModelStore models(db(), events_, clock_);
  const RunId id = NewRun();
  LoggedModelId model;
  const std::vector<std::function<void()>> writes = {
      [&] {
        runs_.LogMetric(id, {"m", 1, 1, 1});
      },
      [&] {
        runs_.LogParam(id, {"p", "1"});
      },
      [&] {
        runs_.SetTag(id, {"t", "1"}, kWho);
      },
      [&] { runs_.DeleteTag(id, "t"); },
      [&] { runs_.LogBatch(id, {}); },
      [&] { runs_.LogInputs(id, {}, {}); },
      [&] { runs_.LogOutputs(id, {}); },
      [&] { runs_.Update(id, {.status = {}, .end_ms = {}, .name = "other"}, kWho); },
      [&] {
        model =
            models.Create({.experiment_id = ExperimentId("0"), .source_run_id = id.str()}, kWho).id;
      },
      [&] { models.Finish(model, LoggedModelStatus::kReady, kWho); },
      [&] { models.SetTags(model, {}); },
      [&] { models.LogParams(model, {}); },
      [&] { leases_.NoteLife(models.SourceRun(model)); },
      [&] { leases_.Renew(id, kWho); },
  };
  for (size_t i = 0; i < writes.size(); ++i) {
    Pass(20'000);
    writes[i]();
    EXPECT_EQ(leases_.Get(id).renewed_ms, clock_.NowMs()) << i;
    EXPECT_EQ(StatusOf(id), RunStatus::kRunning) << i;
  }
  leases_.NoteLife(RunId("no such run"));
}

TEST_P(RunLeaseTest, StoresASignOfLifeOnceAThirdOfTheLease) {
  const RunId id = NewRun();
  const int64_t begun_ms = clock_.NowMs();
  Move(9'999);
  runs_.LogMetric(id, {"m", 1, 1, 1});
  leases_.Renew(id, kWho);
  EXPECT_EQ(leases_.Get(id).renewed_ms, begun_ms);
  Move(1);
  runs_.LogMetric(id, {"m", 1, 1, 2});
  EXPECT_EQ(leases_.Get(id).renewed_ms, begun_ms + 10'000);
}

TEST_P(RunLeaseTest, LeavesRunsAloneThatHaveNone) {
  const RunId plain = NewRun("");
  RunStore leasing(db(), events_, clock_, {.lease_ms = kLeaseMs});
  const RunId declined = NewRun("0", &leasing);
  Pass(100 * kLeaseMs);
  EXPECT_EQ(StatusOf(plain), RunStatus::kRunning);
  EXPECT_EQ(StatusOf(declined), RunStatus::kRunning);
  EXPECT_EQ(leases_.Renew(plain, kWho).lease_ms, std::nullopt);
}

TEST_P(RunLeaseTest, GivesEveryNewRunTheServersLease) {
  RunStore leasing(db(), events_, clock_, {.lease_ms = kLeaseMs});
  const RunId logging = NewRun("", &leasing);
  const RunId silent = NewRun("", &leasing);
  const RunId patient = NewRun("300", &leasing);
  for (int64_t i = 0; i < 10; ++i) {
    Pass(29'000);
    leasing.LogMetric(logging, {"m", 1, i, i});
  }
  EXPECT_EQ(StatusOf(logging), RunStatus::kRunning);
  EXPECT_EQ(StatusOf(silent), RunStatus::kFailed);
  EXPECT_EQ(StatusOf(patient), RunStatus::kRunning);
}

TEST_P(RunLeaseTest, RefusesALeaseThatIsNone) {
  for (const std::string asked : {"-1", "soon", "1.5", "30 ", "2592001"}) {
    EXPECT_THROW(NewRun(asked), Error) << asked;
  }
  EXPECT_EQ(AskedLeaseMs({{std::string(kLeaseTag), "2592000"}}), 2'592'000'000);
  EXPECT_THROW(AskedLeaseMs({{std::string(kLeaseTag), ""}}), Error);
  EXPECT_EQ(AskedLeaseMs({{"other", "1"}}), std::nullopt);
}

TEST_P(RunLeaseTest, NeverEndsAnImportedRun) {
  Intake intake(db(), events_, clock_, "mlflow-artifacts:");
  tracking::Run run;
  run.info = {.id = RunId("0123456789abcdef0123456789abcdef"),
              .experiment_id = ExperimentId("0"),
              .name = "old",
              .start_ms = 5};
  run.tags = {{std::string(kLeaseTag), "30"}};
  intake.Take(std::vector<tracking::Run>{run}, kWho);
  Pass(10 * kLeaseMs);
  runs_.LogMetric(run.info.id, {"m", 1, 1, 1});
  Update(run.info.id, RunStatus::kRunning);
  Pass(10 * kLeaseMs);
  EXPECT_EQ(StatusOf(run.info.id), RunStatus::kRunning);
  // Nor one that was here before.
  run.info.id = NewRun();
  intake.Take(std::vector<tracking::Run>{run}, kWho);
  Pass(10 * kLeaseMs);
  EXPECT_EQ(StatusOf(run.info.id), RunStatus::kRunning);
}

TEST_P(RunLeaseTest, GivesAWholeLeaseAfterAStart) {
  const RunId id = NewRun();
  Pass(35'000);
  Move(1'000'000);  // no server ran
  RunReaper next = NewReaper();
  Pass(39'000, next);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(2'000, next);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, GivesAWholeLeaseAfterABreak) {
  const RunId id = NewRun();
  Pass(35'000);
  Move(11'000);  // the server was stopped for a third of the lease
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(6'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, CountsNothingWhileTheDatabaseIsSlow) {
  const RunId id = NewRun();
  int readings_left = -1;
  // After the first reading of the clock, with which a look begins, 11 s go by.
  RunReaper reaper(db(), events_, clock_, [&] {
    if (readings_left > 0 && --readings_left == 0) Move(11'000);
    return steady_ms_;
  });
  Pass(39'000, reaper);
  Move(1'000);
  readings_left = 2;
  reaper.Look();
  EXPECT_EQ(readings_left, 0);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(39'000, reaper);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(6'000, reaper);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, IsBlindToJumpsOfTheClock) {
  const RunId id = NewRun();
  for (const int64_t jump_ms : {86'400'000, -2 * 86'400'000, 40'000, -15'000}) {
    Pass(15'000);
    clock_.Advance(jump_ms);
    Pass(12'000);
    runs_.LogMetric(id, {"m", 1, 1, steady_ms_});
    EXPECT_EQ(leases_.Get(id).renewed_ms, clock_.NowMs());
    Pass(35'000);
    EXPECT_EQ(StatusOf(id), RunStatus::kRunning) << jump_ms;
    runs_.LogMetric(id, {"m", 1, 1, steady_ms_});
  }
  clock_.Advance(-3'600'000);
  Pass(46'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, IsEndedOnceByTwoReapers) {
  const RunId id = NewRun();
  RunReaper other = NewReaper();
  for (int i = 0; i < 12; ++i) {
    reaper_.Look();
    other.Look();
    Move(5'000);
  }
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
  EXPECT_EQ(KindsOf(id), (std::vector<std::string>{"run.created", "run.finished"}));
}

TEST_P(RunLeaseTest, IsEndedOnceByReapersThatLookAtTheSameTime) {
  std::vector<RunId> ids;
  for (size_t i = 0; i < kEndsPerWriteMax; ++i) ids.push_back(NewRun());
  RunReaper other = NewReaper();
  std::barrier begin(2);
  const auto look = [&](RunReaper& reaper) {
    begin.arrive_and_wait();
    reaper.Look();
  };
  for (int i = 0; i < 9; ++i) {
    std::jthread second([&] { look(other); });
    look(reaper_);
    second.join();
    Move(5'000);
  }
  for (const auto& id : ids) {
    EXPECT_EQ(KindsOf(id), (std::vector<std::string>{"run.created", "run.finished"}));
  }
}

TEST_P(RunLeaseTest, RevivesARunThatIsHeardOfAgain) {
  const RunId id = NewRun();
  Pass(46'000);
  ASSERT_EQ(StatusOf(id), RunStatus::kFailed);
  runs_.LogMetric(id, {"m", 1, 1, 1});  // is taken, as MLflow does, and changes nothing else
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
  const RunLease lease = leases_.Renew(id, kWho);
  EXPECT_EQ(lease.status, RunStatus::kRunning);
  EXPECT_EQ(lease.renewed_ms, clock_.NowMs());
  EXPECT_EQ(lease.missed_ms, std::nullopt);
  EXPECT_EQ(lease.end_reason, "");
  EXPECT_EQ(runs_.GetInfo(id).end_ms, std::nullopt);
  EXPECT_EQ(KindsOf(id), (std::vector<std::string>{"run.created", "run.finished", "run.revived"}));
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(6'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, RevivesARunThatIsSaidToRun) {
  const RunId id = NewRun();
  Pass(46'000);
  Update(id, RunStatus::kRunning);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  EXPECT_EQ(runs_.GetInfo(id).end_ms, std::nullopt);
  EXPECT_EQ(ReasonOf(id), "");
  EXPECT_EQ(KindsOf(id).back(), "run.revived");
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
}

TEST_P(RunLeaseTest, TakesTheWordOfAProcessThatEndsLate) {
  const RunId id = NewRun();
  Pass(46'000);
  Update(id, RunStatus::kFinished, clock_.NowMs());
  EXPECT_EQ(StatusOf(id), RunStatus::kFinished);
  EXPECT_EQ(runs_.GetInfo(id).end_ms, clock_.NowMs());
  EXPECT_EQ(ReasonOf(id), "");
  EXPECT_EQ(leases_.Renew(id, kWho).status, RunStatus::kFinished);
}

TEST_P(RunLeaseTest, IsOverWhenTheRunEnds) {
  const RunId id = NewRun();
  runs_.SetTag(id, {std::string(kEndReasonTag), "stopped by SIGINT"}, kWho);
  Update(id, RunStatus::kKilled, 1'000'500);
  Pass(10 * kLeaseMs);
  EXPECT_EQ(leases_.Renew(id, kWho).status, RunStatus::kKilled);
  EXPECT_EQ(runs_.GetInfo(id).end_ms, 1'000'500);
  EXPECT_EQ(ReasonOf(id), "stopped by SIGINT");
  // One that is taken up again has its lease again.
  Update(id, RunStatus::kRunning);
  EXPECT_EQ(ReasonOf(id), "");
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
  Pass(6'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, WaitsWhileTheRunIsDeleted) {
  const RunId id = NewRun();
  runs_.Delete(id, kWho);
  Pass(10 * kLeaseMs);
  EXPECT_THROW(leases_.Renew(id, kWho), Error);
  runs_.Restore(id, kWho);
  Pass(39'000);
  EXPECT_EQ(StatusOf(id), RunStatus::kRunning);
}

TEST_P(RunLeaseTest, EndsMoreRunsThanOneTransactionTakes) {
  std::vector<RunId> ids;
  for (size_t i = 0; i < 2 * kEndsPerWriteMax + 1; ++i) ids.push_back(NewRun());
  Pass(46'000);
  for (const auto& id : ids) EXPECT_EQ(StatusOf(id), RunStatus::kFailed);
}

TEST_P(RunLeaseTest, LooksMoreOftenAtShorterLeases) {
  EXPECT_EQ(reaper_.Look(), 1'000);
  NewRun("86400");
  EXPECT_EQ(reaper_.Look(), 30'000);
  NewRun("30");
  EXPECT_EQ(reaper_.Look(), 5'000);
  NewRun("1");
  EXPECT_EQ(reaper_.Look(), 166);
}

MILLWRIGHT_ON_BOTH_DATABASES(RunLeaseTest);

}  // namespace
}  // namespace millwright::tracking
