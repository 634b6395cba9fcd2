#include <future>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_history.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

class LogLaterTest : public storage::DatabaseTest {
 protected:
  // Calls with a `done` and waits for what it is told: "" or the message of the error. What is
  // thrown at once is marked.
  template <typename F>
  std::string Told(F&& call) {
    std::promise<std::string> told;
    try {
      call([&](const std::exception_ptr& error) {
        try {
          if (error) std::rethrow_exception(error);
          told.set_value("");
        } catch (const Error& refusal) {
          told.set_value(refusal.message());
        }
      });
    } catch (const Error& error) {
      return "thrown: " + error.message();
    }
    return told.get_future().get();
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
  const RunId id_ = runs_.Create({.experiment_id = ExperimentId("0"), .name = "r"}, "ada").info.id;
};

TEST_P(LogLaterTest, WhatWasToldIsThere) {
  EXPECT_EQ(Told([&](auto done) { runs_.LogMetricLater(id_, {"loss", 1, 2, 3}, done); }), "");
  EXPECT_EQ(Told([&](auto done) { runs_.LogParamLater(id_, {"lr", "0.1"}, done); }), "");
  EXPECT_EQ(Told([&](auto done) { runs_.SetTagLater(id_, {"team", "a"}, "ada", done); }), "");
  EXPECT_EQ(Told([&](auto done) {
              runs_.LogBatchLater(id_,
                                  {.metrics = {{"loss", 5, 6, 7}, {"auc", 1, 1, 1}},
                                   .params = {{"depth", "3"}},
                                   .tags = {{"note", "b"}}},
                                  done);
            }),
            "");
  const auto run = runs_.Get(id_);
  EXPECT_EQ(run.metrics, (std::vector<Metric>{{"auc", 1, 1, 1}, {"loss", 5, 6, 7}}));
  EXPECT_EQ(run.params, (std::vector<Param>{{"depth", "3"}, {"lr", "0.1"}}));
  EXPECT_EQ(MetricHistory(db()).Page(id_, "loss", 10).points.size(), 2u);
  const auto events = events_.After(0, 100);
  EXPECT_EQ(events.back().kind, "run.updated");
  EXPECT_EQ(events.back().who, "ada");
}

TEST_P(LogLaterTest, RefusesInTheSameWordsAsTheCallsThatWait) {
  const RunId nobody("0123456789abcdef0123456789abcdef");
  const std::string missing = "Run with id=0123456789abcdef0123456789abcdef not found";
  EXPECT_EQ(Told([&](auto done) { runs_.LogMetricLater(nobody, {"m"}, done); }), missing);
  EXPECT_EQ(Told([&](auto done) { runs_.LogBatchLater(nobody, {}, done); }), missing);
  runs_.LogParam(id_, {"lr", "0.1"});
  const std::string changed =
      "Changing param values is not allowed. Param with key='lr' was already logged with "
      "value='0.1' for run ID='" +
      id_.str() + "'. Attempted logging new value '0.2'.";
  EXPECT_EQ(Told([&](auto done) { runs_.LogParamLater(id_, {"lr", "0.2"}, done); }), changed);
  // A batch happens as a whole or not at all.
  EXPECT_NE(
      Told([&](auto done) {
        runs_.LogBatchLater(id_, {.metrics = {{"m", 1, 1, 1}}, .params = {{"lr", "0.2"}}}, done);
      }),
      "");
  EXPECT_TRUE(runs_.Get(id_).metrics.empty());
  runs_.Delete(id_, "ada");
  EXPECT_EQ(Told([&](auto done) {
              runs_.SetTagLater(id_, {"a", "b"}, "ada", done);
            }),
            "The run " + id_.str() + " must be in the 'active' state. Current state is deleted.");
}

TEST_P(LogLaterTest, ChecksWhatItIsGivenAtOnce) {
  for (const std::string& told : {
           Told([&](auto done) {
             runs_.LogMetricLater(id_, {"a//b", 1, 1, 1}, done);
           }),
           Told([&](auto done) {
             runs_.LogMetricLater(id_, {"m", 1, -1, 1}, done);
           }),
           Told([&](auto done) {
             runs_.LogParamLater(id_, {"..", "v"}, done);
           }),
           Told([&](auto done) {
             runs_.SetTagLater(id_, {"a\nb", "v"}, "ada", done);
           }),
           Told([&](auto done) {
             runs_.LogBatchLater(id_, {.metrics = {{"m"}, {std::string(251, 'k')}}}, done);
           }),
       }) {
    EXPECT_TRUE(told.starts_with("thrown: ")) << told;
  }
}

MILLWRIGHT_ON_BOTH_DATABASES(LogLaterTest);

}  // namespace
}  // namespace millwright::tracking
