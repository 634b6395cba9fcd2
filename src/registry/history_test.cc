#include "registry/history.h"

#include <atomic>
#include <random>
#include <thread>

#include "base/error.h"
#include "registry/registry.h"
#include "storage/test_database.h"

namespace millwright::registry {
namespace {

const ModelName kName("flights-late");

class ModelHistoryTest : public storage::DatabaseTest {
 protected:
  void SetUp() override { registry_.CreateModel({.name = kName}, "ada"); }

  void NewVersions(int count) {
    for (int i = 0; i < count; ++i) registry_.CreateVersion({kName, "s3://b/m"}, "ada");
  }
  void Move(int64_t version, const Author& by = "ada") {
    clock_.Advance(1000);
    registry_.SetAlias(kName, {"champion", version}, by);
  }
  // The champion at a time, 0 when nobody was.
  int64_t ChampionAt(int64_t time_ms, const ModelName& name = kName) {
    for (const auto& alias : registry_.AsOf(name, {.time_ms = time_ms}).aliases) {
      if (alias.alias == "champion") return alias.version;
    }
    return 0;
  }
  int64_t RollBack(const Author& by = "bo") {
    clock_.Advance(1000);
    return registry_.RollBackAlias(kName, {"champion"}, by);
  }

  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
  Registry registry_{db(), events_, clock_};
};

TEST_P(ModelHistoryTest, TellsWhichVersionWasChampionAtAnyTimeWhoPutItThereAndWhy) {
  NewVersions(2);
  Move(1, {"ada", "first one"});
  const int64_t first = clock_.NowMs();
  Move(2, {"bo", "better on July"});
  const int64_t second = clock_.NowMs();
  clock_.Advance(1000);
  registry_.DeleteAlias(kName, "champion", {"cy", "holidays"});
  EXPECT_EQ(ChampionAt(first - 1), 0);
  EXPECT_EQ(ChampionAt(first), 1);
  EXPECT_EQ(ChampionAt(second - 1), 1);
  EXPECT_EQ(ChampionAt(second), 2);
  EXPECT_EQ(ChampionAt(clock_.NowMs()), 0);
  const auto then = registry_.AsOf(kName, {.time_ms = second}).aliases.at(0);
  EXPECT_EQ(then.since.who, "bo");
  EXPECT_EQ(then.since.reason, "better on July");
  EXPECT_EQ(then.since.time_ms, second);
  const auto periods = registry_.AliasHistory(kName, "champion");
  ASSERT_EQ(periods.size(), 2U);
  EXPECT_EQ(periods[0].ended_by, "cy");
  EXPECT_EQ(periods[0].ended_reason, "holidays");
  EXPECT_EQ(periods[1].until_ms, second);
  EXPECT_EQ(registry_.History(kName).entries.front().reason, "holidays");
}

TEST_P(ModelHistoryTest, KnowsRenamedAndDeletedModelsByTheNamesTheyHad) {
  NewVersions(1);
  Move(1);
  const int64_t before = clock_.NowMs();
  clock_.Advance(1000);
  registry_.RenameModel(kName, ModelName("delays"), "ada");
  EXPECT_EQ(ChampionAt(before), 1) << "by the name that it had then";
  EXPECT_EQ(ChampionAt(before, ModelName("delays")), 1) << "by the name that it has now";
  EXPECT_EQ(registry_.AsOf(ModelName("delays"), {.time_ms = before}).name, kName);
  EXPECT_EQ(registry_.AsOf(kName, {.time_ms = before}).name_last, ModelName("delays"));

  clock_.Advance(1000);
  registry_.CreateModel({.name = kName}, "bo");
  EXPECT_EQ(ChampionAt(before), 1) << "another model has the name by now";
  EXPECT_EQ(ChampionAt(clock_.NowMs()), 0);
  EXPECT_EQ(registry_.History(kName).entries.size(), 1U);

  clock_.Advance(1000);
  registry_.DeleteModel(ModelName("delays"), "ada");
  EXPECT_EQ(ChampionAt(before, ModelName("delays")), 1);
  EXPECT_TRUE(registry_.AsOf(ModelName("delays"), {.time_ms = before}).deleted_since);
  EXPECT_EQ(registry_.History(ModelName("delays")).entries.front().kind, "model.deleted");
  EXPECT_THROW(registry_.AsOf(ModelName("delays"), {.time_ms = clock_.NowMs()}), Error);
  EXPECT_THROW(registry_.AsOf(kName, {.time_ms = 1}), Error);
  EXPECT_THROW(registry_.AsOf(ModelName("nobody"), {.time_ms = before}), Error);
}

TEST_P(ModelHistoryTest, RollsBackStepByStepAndNotForthAgain) {
  NewVersions(3);
  Move(1);
  Move(2);
  Move(3);
  EXPECT_EQ(RollBack({"bo", "3 predicts nonsense"}), 2);
  EXPECT_EQ(RollBack(), 1);
  EXPECT_THROW(RollBack(), Error) << "nothing was before";
  Move(3);
  EXPECT_EQ(RollBack(), 1) << "what was rolled back from is no step of its own";
  const auto last = registry_.History(kName).entries.at(3);
  EXPECT_EQ(last.kind, "alias.moved");
  const auto periods = registry_.AliasHistory(kName, "champion");
  EXPECT_TRUE(periods.front().rolled_back_to);
  EXPECT_EQ(registry_.GetByAlias(kName, "champion").version, 1);
}

TEST_P(ModelHistoryTest, RollsBackOverDeletedVersionsAndRemovedAliases) {
  NewVersions(3);
  Move(1);
  Move(2);
  Move(3);
  registry_.DeleteVersion(kName, 2, "ada");
  EXPECT_EQ(RollBack(), 1);
  clock_.Advance(1000);
  registry_.DeleteAlias(kName, "champion", "ada");
  EXPECT_EQ(RollBack(), 1) << "what it named last";
  EXPECT_THROW(registry_.RollBackAlias(kName, {"nobody"}, "ada"), Error);
}

TEST_P(ModelHistoryTest, RefusesARollbackOfWhatSomebodyElseHasRolledBack) {
  NewVersions(3);
  Move(1);
  Move(2);
  Move(3);
  EXPECT_EQ(registry_.RollBackAlias(kName, {.alias = "champion", .from = 3}, "ada"), 2);
  EXPECT_THROW(registry_.RollBackAlias(kName, {.alias = "champion", .from = 3}, "bo"), Error);
  EXPECT_EQ(registry_.GetByAlias(kName, "champion").version, 2);
}

TEST_P(ModelHistoryTest, ComesInPages) {
  NewVersions(25);
  HistoryQuery query{.limit = 10};
  std::vector<int64_t> seen;
  while (true) {
    const auto page = registry_.History(kName, query);
    for (const auto& entry : page.entries) seen.push_back(entry.version.value_or(0));
    if (!page.next_seq) break;
    query.before_seq = *page.next_seq;
  }
  ASSERT_EQ(seen.size(), 26U);
  EXPECT_EQ(seen.front(), 25);
  EXPECT_EQ(seen.back(), 0);
  EXPECT_EQ(registry_.History(kName, {.version = 7}).entries.size(), 1U);
  EXPECT_EQ(registry_.History(kName, {.kind = "model.created"}).entries.size(), 1U);
  EXPECT_TRUE(registry_.History(kName, {.since_ms = 1'000'001}).entries.empty());
  EXPECT_TRUE(registry_.History(kName, {.until_ms = 1'000'000}).entries.empty());

  AsOfQuery past{.time_ms = clock_.NowMs(), .version_limit = 10};
  std::vector<int64_t> versions;
  while (true) {
    const auto page = registry_.AsOf(kName, past);
    for (const auto& version : page.versions) versions.push_back(version.version);
    if (!page.next_version) break;
    past.before_version = *page.next_version;
  }
  EXPECT_EQ(versions.size(), 25U);
}

TEST_P(ModelHistoryTest, NeverRunsBackwardsWhenAClockDoes) {
  NewVersions(2);
  Move(1);
  clock_.Advance(-60'000);
  registry_.SetAlias(kName, {"champion", 2}, "ada");
  const auto entries = registry_.History(kName).entries;
  EXPECT_EQ(entries[0].time_ms, entries[1].time_ms);
  EXPECT_EQ(ChampionAt(entries[0].time_ms), 2);
}

// What a registry shows now and what it says it showed then, in the same words.
std::string Words(const RegisteredModel& model, const std::vector<ModelVersion>& versions) {
  std::string text = model.name.str() + "/" + model.description.value_or("-");
  for (const auto& tag : model.tags) text += fmt::format(" {}={}", tag.key, tag.value);
  for (const auto& alias : model.aliases)
    text += fmt::format(" @{}={}", alias.alias, alias.version);
  for (const auto& version : versions) {
    text += fmt::format(" v{} {} {}", version.version, StageName(version.stage),
                        version.description.value_or("-"));
    for (const auto& tag : version.tags) text += fmt::format(" {}={}", tag.key, tag.value);
  }
  return text;
}

std::string Words(const PastModel& past) {
  RegisteredModel model{.name = past.name, .description = past.description, .tags = past.tags};
  for (const auto& alias : past.aliases) model.aliases.push_back({alias.alias, alias.version});
  std::vector<ModelVersion> versions;
  for (const auto& version : past.versions) {
    versions.push_back({.version = version.version,
                        .description = version.description,
                        .stage = version.stage,
                        .tags = version.tags});
  }
  return Words(model, versions);
}

class RandomLife {
 public:
  explicit RandomLife(Registry& registry) : registry_(registry) {}

  const ModelName& name() const { return name_; }
  // Makes one change; those that are refused change nothing.
  void Step() {
    try {
      Change(Pick(11));
    } catch (const Error&) {
    }
  }
  std::string Now() const {
    auto versions = registry_
                        .SearchVersions({.filter = "name='" + name_.str() + "'",
                                         .order_by = {"version_number DESC"}})
                        .items;
    return Words(registry_.GetModel(name_), versions);
  }

 private:
  int64_t Pick(int64_t count) { return static_cast<int64_t>(random_() % count); }
  std::string Word() { return std::string(1, static_cast<char>('a' + Pick(3))); }

  void Change(int64_t what) {
    const int64_t version = 1 + Pick(made_ + 1);
    using Existing = StageMove::Existing;
    if (what == 0) {
      made_ = registry_.CreateVersion({.name = name_, .source = "s", .tags = {{"k", Word()}}}, "a")
                  .version;
    } else if (what == 1) {
      registry_.SetAlias(name_, {Word(), version}, "a");
    } else if (what == 2) {
      registry_.DeleteAlias(name_, Word(), "a");
    } else if (what == 3) {
      registry_.MoveStage(name_, {version, Stage(Pick(4)), Existing(Pick(2))}, "a");
    } else if (what == 4) {
      registry_.SetVersionTag(name_, version, {Word(), Word()}, "a");
    } else if (what == 5) {
      registry_.DeleteVersionTag(name_, version, Word(), "a");
    } else if (what == 6) {
      registry_.SetModelTag(name_, {Word(), Word()}, "a");
    } else if (what == 7) {
      registry_.DeleteModelTag(name_, Word(), "a");
    } else if (what == 8) {
      const ModelName next("m" + std::to_string(Pick(3)));
      registry_.RenameModel(name_, next, "a");
      name_ = next;
    } else if (what == 9) {
      registry_.DescribeVersion(name_, version, Word(), "a");
    } else if (Pick(4) == 0) {
      registry_.DeleteVersion(name_, version, "a");
    } else {
      registry_.RollBackAlias(name_, {Word()}, "a");
    }
  }

  Registry& registry_;
  ModelName name_ = kName;
  int64_t made_ = 0;
  std::mt19937 random_{20260303};
};

TEST_P(ModelHistoryTest, RemembersEveryStateOfARandomLife) {
  constexpr int kSteps = 400;
  RandomLife life(registry_);
  std::vector<std::pair<int64_t, std::string>> states;
  for (int i = 0; i < kSteps; ++i) {
    clock_.Advance(10);
    life.Step();
    states.emplace_back(clock_.NowMs() + 5, life.Now());
  }
  for (const auto& [time_ms, state] : states) {
    ASSERT_EQ(Words(registry_.AsOf(life.name(), {.time_ms = time_ms})), state) << time_ms;
  }
}

TEST_P(ModelHistoryTest, KeepsAnUnbrokenChainWhenManyMoveAnAliasAtOnce) {
  constexpr int kThreads = 8, kMoves = 10;
  NewVersions(kThreads);
  std::vector<std::jthread> threads;
  for (int thread = 1; thread <= kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kMoves; ++i) registry_.SetAlias(kName, {"champion", thread}, "ada");
    });
  }
  threads.clear();
  const auto moves = registry_.History(kName, {.kind = "alias.moved"}).entries;
  ASSERT_EQ(moves.size(), size_t{kThreads * kMoves});
  for (size_t i = 0; i + 1 < moves.size(); ++i) {
    EXPECT_EQ(moves[i].details.GetInt("from"), moves[i + 1].details.GetInt("to"));
  }
  EXPECT_EQ(registry_.GetByAlias(kName, "champion").version, moves.front().version);
  EXPECT_EQ(ChampionAt(clock_.NowMs()), moves.front().version);
}

MILLWRIGHT_ON_BOTH_DATABASES(ModelHistoryTest);

}  // namespace
}  // namespace millwright::registry
