#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

const std::string kWho = "ada";
const double kNan = std::numeric_limits<double>::quiet_NaN();

using Names = std::vector<std::string>;

constexpr storage::Query kAnalyze{"test.analyze", "ANALYZE", ""};

class RunSearchTest : public storage::DatabaseTest {
 protected:
  RunId Add(const std::string& name, int64_t start_ms, const Batch& batch = {},
            const ExperimentId& experiment = ExperimentId("0")) {
    const RunId id =
        runs_.Create({.experiment_id = experiment, .name = name, .start_ms = start_ms}, kWho)
            .info.id;
    runs_.LogBatch(id, batch);
    return id;
  }

  // So many runs that searches are planned as among a million: more than a probe counts.
  // r<i> starts at i, loss = i % 100, depth = i % 7, rare = i in every 500th, NaN in every 400th.
  void AddMany(int count) {
    db().Write([&](storage::Connection& connection) {
      std::vector<std::vector<storage::Value>> runs;
      std::vector<std::vector<storage::Value>> metrics;
      std::vector<std::vector<storage::Value>> params;
      for (int64_t i = 1; i <= count; ++i) {
        // The first keys are left for runs that are made in the ordinary way.
        const int64_t seq = 100 + i;
        runs.push_back(
            {seq, fmt::format("{:032x}", i * 7919 % 100'003), "r" + std::to_string(i), i});
        const int64_t nan = i % 400 == 0 ? 1 : 0;
        metrics.push_back({seq, "loss", nan != 0 ? 0.0 : static_cast<double>(i % 100), nan});
        if (i % 500 == 0) metrics.push_back({seq, "rare", static_cast<double>(i), int64_t{0}});
        params.push_back({seq, "depth", std::to_string(i % 7)});
      }
      connection.ExecuteMany(kInsertRun, runs);
      connection.ExecuteMany(kInsertMetric, metrics);
      connection.ExecuteMany(kInsertParam, params);
      // What PostgreSQL's autovacuum does a minute after so many rows.
      if (connection.dialect() == storage::Dialect::kPostgres) connection.Execute(kAnalyze);
    });
  }

  // Walks all pages and gives the names; a name that comes twice is a failure.
  Names Pages(const std::string& filter, const std::vector<std::string>& order_by, int64_t limit) {
    RunSearch search{.experiment_ids = {ExperimentId("0")},
                     .filter = filter,
                     .order_by = order_by,
                     .limit = limit,
                     .columns = RunColumns{}};
    Names names;
    std::set<std::string> seen;
    do {
      const auto page = runs_.Search(search);
      for (const auto& run : page.items) {
        EXPECT_TRUE(seen.insert(run.info.name).second) << run.info.name << " comes twice";
        names.push_back(run.info.name);
      }
      search.page_token = page.next_token;
    } while (!search.page_token.empty());
    return names;
  }

  static constexpr storage::Query kInsertRun = {
      "test.run",
      "INSERT INTO runs (run_seq, run_id, experiment_id, run_name, user_id, status, start_ms, "
      "artifact_uri, lifecycle, written_by) VALUES ($1, $2, 0, $3, 'u', 'FINISHED', $4, '', "
      "'active', '')",
      ""};
  static constexpr storage::Query kInsertMetric = {
      "test.metric",
      "INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan) "
      "VALUES ($1, $2, 0, 0, $3, $4)",
      ""};
  static constexpr storage::Query kInsertParam = {
      "test.param", "INSERT INTO run_params (run_seq, key, value) VALUES ($1, $2, $3)", ""};

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
};

TEST_P(RunSearchTest, PagesFollowEachOtherInEveryOrder) {
  Add("a", 3, {.metrics = {{"m", 2, 1, 0}}, .params = {{"p", "x"}}});
  Add("b", 1, {.metrics = {{"m", kNan, 1, 0}}, .params = {{"p", "y"}}});
  Add("c", 2, {.metrics = {{"m", 2, 1, 0}}});
  Add("d", 4, {.metrics = {{"m", -1, 1, 0}}, .params = {{"p", std::string(300, 'x')}}});
  Add("e", 5, {.params = {{"p", std::string(299, 'x') + "y"}}});
  for (const int64_t limit : {1, 2, 3, 5}) {
    EXPECT_EQ(Pages("", {}, limit), (Names{"e", "d", "a", "c", "b"}));
    EXPECT_EQ(Pages("", {"start_time ASC"}, limit), (Names{"b", "c", "a", "d", "e"}));
    EXPECT_EQ(Pages("", {"metrics.m DESC"}, limit), (Names{"a", "c", "d", "b", "e"}));
    EXPECT_EQ(Pages("", {"metrics.m"}, limit), (Names{"d", "a", "c", "b", "e"}));
    EXPECT_EQ(Pages("", {"params.p"}, limit), (Names{"a", "d", "e", "b", "c"}));
    EXPECT_EQ(Pages("", {"params.p DESC", "run_name"}, limit), (Names{"b", "e", "d", "a", "c"}));
    EXPECT_EQ(Pages("", {"metrics.m", "run_name DESC"}, limit), (Names{"d", "c", "a", "b", "e"}));
    EXPECT_EQ(Pages("", {"end_time", "run_name"}, limit), (Names{"a", "b", "c", "d", "e"}));
  }
}

TEST_P(RunSearchTest, PagesOfManyRunsHoldEachOnce) {
  AddMany(3000);
  const Names sorted = Pages("", {"metrics.loss DESC"}, 50'000);
  ASSERT_EQ(sorted.size(), 3000U);
  // NaN comes after the numbers; among equals the newest comes first.
  EXPECT_EQ(sorted[0], "r2999");
  EXPECT_EQ(sorted[1], "r2899");
  EXPECT_EQ(Names(sorted.end() - 7, sorted.end()),
            (Names{"r2800", "r2400", "r2000", "r1600", "r1200", "r800", "r400"}));
  EXPECT_EQ(Pages("", {"metrics.loss DESC"}, 700), sorted);
  const Names rare = Pages("", {"metrics.rare DESC"}, 999);
  EXPECT_EQ(Names(rare.begin(), rare.begin() + 7),
            (Names{"r3000", "r2500", "r2000", "r1500", "r1000", "r500", "r2999"}));
  EXPECT_EQ(rare.size(), 3000U);
  EXPECT_EQ(Pages("", {"params.depth", "metrics.loss"}, 800).size(), 3000U);
}

// A page that is walked to, one that is found and one of many experiments are the same page.
TEST_P(RunSearchTest, PlansAgree) {
  AddMany(3000);
  const ExperimentId other = experiments_.Create({.name = "other"}, kWho);
  for (const std::string filter :
       {"metrics.loss > 50", "metrics.loss = 3 AND params.depth = '2'", "metrics.rare > 0",
        "params.depth IN ('1', '2') AND metrics.loss <= 10", "NOT metrics.loss > 1",
        "params.depth = '1' OR metrics.rare > 1000", "start_time > 2500", "metrics.loss > 1000",
        "status = 'FINISHED' AND metrics.loss < 90", "run_name = 'r17'", "status = 'RUNNING'"}) {
    for (const std::vector<std::string> order : {std::vector<std::string>{},
                                                 {"metrics.loss"},
                                                 {"metrics.rare DESC"},
                                                 {"params.depth DESC"},
                                                 {"run_name"}}) {
      // 10,000 rows are more than the table has, which makes finding the cheaper way.
      const Names all = Pages(filter, order, 10'000);
      EXPECT_EQ(Pages(filter, order, all.size() > 100 ? 97 : 3), all) << filter;
      // So large a page looks at how its walk begins.
      EXPECT_EQ(Pages(filter, order, 900), all) << filter;
      RunSearch search{.experiment_ids = {other, ExperimentId("0")},
                       .filter = filter,
                       .order_by = order,
                       .view = View::kAll,
                       .limit = 20,
                       .columns = RunColumns{}};
      Names first;
      for (const auto& run : runs_.Search(search).items) first.push_back(run.info.name);
      EXPECT_EQ(first, Names(all.begin(), all.begin() + std::min<size_t>(20, all.size())))
          << filter;
    }
  }
}

TEST_P(RunSearchTest, PagesStayStableWhileRunsArrive) {
  for (int i = 0; i < 10; ++i) {
    Add("r" + std::to_string(i), i, {.metrics = {{"m", i * 1.0, 1, 0}}});
  }
  for (const std::vector<std::string> order : {std::vector<std::string>{}, {"metrics.m DESC"}}) {
    RunSearch search{.experiment_ids = {ExperimentId("0")}, .order_by = order, .limit = 4};
    auto page = runs_.Search(search);
    Add("late", 100, {.metrics = {{"m", 100, 1, 0}}});
    search.page_token = page.next_token;
    search.limit = 3;  // the size of a page may change
    page = runs_.Search(search);
    ASSERT_EQ(page.items.size(), 3U);
    EXPECT_EQ(page.items[0].info.name, "r5");
    EXPECT_EQ(page.items[2].info.name, "r3");
    search.filter = "run_name != 'x'";
    EXPECT_THROW(runs_.Search(search), Error);
    search.filter = "";
    search.view = View::kAll;
    EXPECT_THROW(runs_.Search(search), Error);
    for (const auto& run : runs_.Search({.experiment_ids = {ExperimentId("0")}}).items) {
      if (run.info.name == "late") runs_.Delete(run.info.id, kWho);
    }
  }
}

TEST_P(RunSearchTest, ReadsOnlyTheColumnsThatAreNamed) {
  Add("a", 1,
      {.metrics = {{"x", 1, 1, 0}, {"y", 2, 1, 0}},
       .params = {{"p", "1"}, {"q", "2"}},
       .tags = {{"t", "1"}}});
  RunSearch search{.experiment_ids = {ExperimentId("0")}};
  search.columns = RunColumns{.metrics = {"y", "none"}, .params = {"p"}, .tags = {}};
  const tracking::Run run = runs_.Search(search).items.at(0);
  EXPECT_EQ(run.metrics, (std::vector<Metric>{{"y", 2, 1, 0}}));
  EXPECT_EQ(run.params, (std::vector<Param>{{"p", "1"}}));
  EXPECT_TRUE(run.tags.empty());
  search.columns->tags.resize(kNamedColumnsMax, "t");
  EXPECT_THROW(runs_.Search(search), Error);
}

TEST_P(RunSearchTest, CountsAndGroupsWhatMatches) {
  Add("a", 1, {.metrics = {{"auc", 0.5, 1, 0}}, .params = {{"model", "rf"}}});
  Add("b", 2, {.metrics = {{"auc", 0.7, 1, 0}}, .params = {{"model", "rf"}}});
  Add("c", 3, {.metrics = {{"auc", kNan, 1, 0}}, .params = {{"model", "svm"}}});
  Add("d", 4);
  const std::vector<ExperimentId> experiments = {ExperimentId("0")};
  EXPECT_EQ(runs_.CountMatching({experiments}).runs, 4);
  EXPECT_EQ(runs_.CountMatching({experiments, "params.model = 'rf'"}).runs, 2);
  const RunCount bounded = runs_.CountMatching({experiments}, 3);
  EXPECT_EQ(bounded.runs, 3);
  EXPECT_FALSE(bounded.is_exact);

  const RunGroups groups =
      runs_.Group({.runs = {experiments}, .keys = {"params.model", "status"}, .metrics = {"auc"}});
  EXPECT_EQ(groups.runs_total, 4);
  ASSERT_EQ(groups.groups.size(), 3U);
  const RunGroup& rf = groups.groups[0];
  EXPECT_EQ(rf.values, (std::vector<std::optional<std::string>>{"rf", "RUNNING"}));
  EXPECT_EQ(rf.runs, 2);
  EXPECT_EQ(rf.metrics[0].count, 2);
  EXPECT_NEAR(rf.metrics[0].mean, 0.6, 1e-12);
  EXPECT_NEAR(rf.metrics[0].std.value(), 0.1414213562373095, 1e-12);
  EXPECT_EQ(rf.metrics[0].min, 0.5);
  EXPECT_EQ(rf.metrics[0].max, 0.7);
  EXPECT_EQ(groups.groups[1].values[0], std::nullopt);
  EXPECT_EQ(groups.groups[2].metrics[0].count, 0);
  EXPECT_EQ(runs_.Group({.runs = {experiments}, .keys = {"status"}, .limit = 1}).groups.size(), 1U);
  EXPECT_THROW(runs_.Group({.runs = {experiments}, .keys = {}}), Error);
  EXPECT_THROW(runs_.Group({.runs = {experiments}, .keys = {"dataset.name"}}), Error);
}

TEST_P(RunSearchTest, FindsRunsByTheModelsTheyTookInOrMade) {
  LoggedModelStore models(db(), events_, clock_);
  const auto model = [&](const std::string& name, const std::string& type) {
    return models
        .Create({.experiment_id = ExperimentId("0"), .name = name, .model_type = type}, kWho)
        .id;
  };
  const LoggedModelId forest = model("forest", "sklearn"), net = model("net", "onnx");
  runs_.LogOutputs(Add("made", 1), {{forest, 0}, {net, 1}});
  runs_.LogInputs(Add("took", 2), {}, {forest});
  Add("neither", 3);
  const auto find = [&](const std::string& filter) { return Pages(filter, {"start_time"}, 10); };
  const auto check = [&] {
    EXPECT_EQ(find("model.name = 'forest'"), (Names{"made", "took"}));
    EXPECT_EQ(find("models.model_id = '" + net.str() + "'"), (Names{"made"}));
    EXPECT_EQ(find("model.model_type IN ('onnx', 'keras')"), (Names{"made"}));
    EXPECT_EQ(find("model.name LIKE 'for%' AND NOT model.name = 'net'"), (Names{"took"}));
  };
  check();
  AddMany(20'000);  // now they are found by their models, not by looking at each run
  check();
  models.Delete(net, kWho);
  EXPECT_EQ(find("model.name = 'net'"), (Names{}));
  EXPECT_THROW(find("model.colour = 'red'"), Error);
}

TEST_P(RunSearchTest, ListsTheColumnsOfWhatMatches) {
  Add("a", 1, {.metrics = {{"val_loss", 1, 1, 0}, {"auc", 1, 1, 0}}, .params = {{"lr", "1"}}});
  Add("b", 2, {.metrics = {{"Loss", 1, 1, 0}}, .tags = {{"team", "x"}}});
  const ExperimentId other = experiments_.Create({.name = "other"}, kWho);
  Add("c", 3, {.metrics = {{"loss2", 1, 1, 0}}}, other);
  const RunFilter all{{ExperimentId("0")}};
  const auto columns = [&](const ColumnSearch& search) { return runs_.Columns(search); };
  EXPECT_EQ(columns({.runs = all}), (Names{"Loss", "auc", "val_loss"}));
  EXPECT_EQ(columns({.runs = all, .text = "loss"}), (Names{"Loss", "val_loss"}));
  EXPECT_EQ(columns({.runs = all, .limit = 1}), Names{"Loss"});
  EXPECT_EQ(columns({.runs = all, .after = "Loss", .limit = 1}), Names{"auc"});
  EXPECT_EQ(columns({.runs = all, .kind = ColumnSearch::Kind::kParam}), Names{"lr"});
  EXPECT_EQ(columns({.runs = all, .kind = ColumnSearch::Kind::kTag}),
            (Names{"mlflow.runName", "team"}));
  EXPECT_EQ(columns({.runs = {{ExperimentId("0")}, "run_name = 'b'"}}), Names{"Loss"});
  EXPECT_EQ(columns({.runs = {{ExperimentId("0"), other}}, .text = "2"}), Names{"loss2"});
}

TEST_P(RunSearchTest, ListsTheColumnsOfManyRuns) {
  AddMany(3000);
  const ExperimentId other = experiments_.Create({.name = "other"}, kWho);
  Add("c", 3, {.metrics = {{"mine", 1, 1, 0}}}, other);
  const RunFilter all{{ExperimentId("0")}};
  EXPECT_EQ(runs_.Columns({.runs = all}), (Names{"loss", "rare"}));
  EXPECT_EQ(runs_.Columns({.runs = all, .after = "loss"}), Names{"rare"});
  EXPECT_EQ(runs_.Columns({.runs = {{ExperimentId("0")}, "metrics.loss > 1"}, .text = "OS"}),
            Names{"loss"});
}

TEST_P(RunSearchTest, GivesUpAHopelessSearch) {
  AddMany(3000);
  std::string filter = "metrics.a > 1";
  for (int i = 0; i < 60; ++i) filter += fmt::format(" OR metrics.a{} > 1", i);
  RunSearch search{.experiment_ids = {ExperimentId("0")}, .filter = filter};
  EXPECT_TRUE(runs_.Search(search).items.empty());
  search.time_limit_ms = 1;
  try {
    runs_.Search(search);
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
    EXPECT_TRUE(error.message().starts_with("The search was given up after 1 ms."));
  }
  // The connection is as good as new.
  search.time_limit_ms = 10'000;
  EXPECT_TRUE(runs_.Search(search).items.empty());
}

MILLWRIGHT_ON_BOTH_DATABASES(RunSearchTest);

}  // namespace
}  // namespace millwright::tracking
