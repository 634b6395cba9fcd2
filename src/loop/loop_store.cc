#include "loop/loop_store.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "loop/sql.h"

namespace millwright::loop {
namespace {

using storage::Connection;
using storage::Row;

StoredLoop LoopFrom(const Row& row) {
  StoredLoop loop{.model = row.Text(0),
                  .endpoint = row.Text(1),
                  .version = row.Int(2),
                  .yaml = row.Text(3),
                  .state = LoopState::FromJson(ParseJson(row.Text(4))),
                  .decisions = row.Int(5),
                  .events_after = row.Int(6),
                  .created_ms = row.Int(7),
                  .updated_ms = row.Int(8),
                  .who = row.Text(9)};
  loop.policy = std::make_shared<const Policy>(ParsePolicy(loop.yaml));
  return loop;
}

Decision DecisionFrom(const Row& row) {
  return {.number = row.Int(0),
          .time_ms = row.Int(1),
          .from = ParsePhase(row.Text(2)),
          .to = ParsePhase(row.Text(3)),
          .action = ParseAction(row.Text(4)),
          .rule = row.Text(5),
          .reason = row.Text(6),
          .who = row.Text(7),
          .seen = ParseJson(row.Text(8)),
          .undo = row.Text(9)};
}

constexpr int kChangeTries = 5;

std::string Subject(const std::string& model) {
  return "loop:" + model;
}

}  // namespace

LoopStore::LoopStore(storage::Database& database, events::EventLog& events, const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

StoredLoop LoopStore::Load(Connection& connection, const std::string& model) const {
  const auto row = connection.SelectOne(sql::kGetLoop, {model});
  if (!row) throw NotFound("Loop", model);
  return LoopFrom(*row);
}

StoredLoop LoopStore::Put(const std::string& yaml, const std::string& who) {
  const Policy policy = ParsePolicy(yaml);
  const int64_t last_event = events_.Last();
  return database_.Write([&](Connection& connection) {
    const int64_t now_ms = clock_.NowMs();
    const auto row = connection.SelectOne(sql::kGetLoop, {policy.model});
    if (row && row->Text(3) == yaml) return LoopFrom(*row);
    LoopState state = row ? LoopFrom(*row).state : LoopState();
    if (!row) state.entered_ms = now_ms;
    state.due_ms = NextDue(policy, now_ms);
    // A shorter canary has fewer steps.
    const auto steps = static_cast<int>(policy.canary.steps.size());
    state.step = std::clamp(state.step, 0, std::max(0, steps - 1));
    if (state.phase == Phase::kCanary && steps == 0)
      throw FailedPrecondition("A canary of {} is under way, and the new policy has no steps",
                               policy.model);
    connection.Execute(sql::kPutLoop, {policy.model, policy.endpoint, yaml, state.ToJson().Dump(),
                                       last_event, now_ms, who});
    if (!row)
      connection.Execute(
          sql::kSetDecisions,
          {policy.model, connection.SelectOne(sql::kLastDecision, {policy.model})->Int(0)});
    StoredLoop loop = Load(connection, policy.model);
    events_.Append(connection, row ? "loop.updated" : "loop.created", Subject(policy.model), who,
                   Json::Of({{"model", policy.model}, {"version", loop.version}}));
    return loop;
  });
}

StoredLoop LoopStore::Get(const std::string& model) const {
  return database_.Read([&](Connection& connection) { return Load(connection, model); });
}

void LoopStore::Delete(const std::string& model, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const StoredLoop loop = Load(connection, model);
    if (loop.state.is_at_endpoint())
      throw FailedPrecondition("A candidate of {} is at its endpoint; roll it back first", model);
    connection.Execute(sql::kDeleteLoop, {model});
    events_.Append(connection, "loop.deleted", Subject(model), who, Json::Of({{"model", model}}));
  });
}

std::vector<StoredLoop> LoopStore::List() const {
  std::vector<StoredLoop> loops;
  for (const Row& row :
       database_.Read([](Connection& connection) { return connection.Select(sql::kListLoops); })) {
    loops.push_back(LoopFrom(row));
  }
  return loops;
}

std::vector<Decision> LoopStore::Decisions(const std::string& model, int limit,
                                           int64_t before) const {
  const int64_t rows = std::clamp(limit, 1, kDecisionsPageMax);
  std::vector<Decision> decisions;
  for (const Row& row : database_.Read([&](Connection& connection) {
         return connection.Select(
             sql::kListDecisions,
             {model, before == 0 ? std::numeric_limits<int64_t>::max() : before, rows});
       })) {
    decisions.push_back(DecisionFrom(row));
  }
  return decisions;
}

void LoopStore::Save(Connection& connection, StoredLoop* loop, Step step) {
  Decision& decision = step.decision;
  decision.number = ++loop->decisions;
  // First of all, so that whoever decides at the same time waits here and then sees it.
  const int64_t saved =
      connection.Execute(sql::kSaveState, {loop->model, std::string(Name(step.next.phase)),
                                           step.next.ToJson().Dump(), decision.number});
  if (saved == 0) throw Aborted("The loop of {} was changed meanwhile", loop->model);
  connection.Execute(
      sql::kInsertDecision,
      {loop->model, decision.number, decision.time_ms, std::string(Name(decision.from)),
       std::string(Name(decision.to)), std::string(Name(decision.action)), decision.rule,
       decision.reason, decision.who, decision.seen.Dump(), decision.undo});
  events_.Append(connection, "loop.decided", Subject(loop->model), decision.who,
                 Json::Of({{"model", loop->model},
                           {"endpoint", loop->endpoint},
                           {"number", decision.number},
                           {"from", Name(decision.from)},
                           {"to", Name(decision.to)},
                           {"action", Name(decision.action)},
                           {"rule", decision.rule},
                           {"reason", decision.reason},
                           {"candidate", step.next.candidate}}));
  loop->state = std::move(step.next);
}

StoredLoop LoopStore::Change(const std::string& model, const DecideStep& decide) {
  for (int attempt = 1;; ++attempt) {
    try {
      return database_.Write([&](Connection& connection) {
        StoredLoop loop = Load(connection, model);
        if (auto step = decide(connection, loop)) Save(connection, &loop, std::move(*step));
        return loop;
      });
    } catch (const Error& error) {
      // Somebody decided in between: what is to be done now depends on that.
      if (error.code() != Code::kAborted || attempt == kChangeTries) throw;
    }
  }
}

void LoopStore::ChangeByEvent(int64_t seq, const std::vector<std::string>& models,
                              const DecideStep& decide) {
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kSetCursor, {seq}) == 0) return;
    for (const std::string& model : models) {
      const auto row = connection.SelectOne(sql::kGetLoop, {model});
      if (!row) continue;
      StoredLoop loop = LoopFrom(*row);
      if (auto step = decide(connection, loop)) Save(connection, &loop, std::move(*step));
    }
  });
}

int64_t LoopStore::Cursor() const {
  return database_.Read(
      [](Connection& connection) { return connection.SelectOne(sql::kGetCursor)->Int(0); });
}

void LoopStore::MoveCursor(int64_t seq) {
  database_.Write([&](Connection& connection) { connection.Execute(sql::kSetCursor, {seq}); });
}

}  // namespace millwright::loop
