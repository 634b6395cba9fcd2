#include "pipelines/scheduler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "storage/test_database.h"

namespace millwright::pipelines {
namespace {

constexpr int64_t kPatienceMs = 60'000;

class SchedulerTest : public storage::DatabaseTest {
 protected:
  void StartScheduler() {
    scheduler_ =
        std::make_unique<Scheduler>(store_, SchedulerOptions{.dir = dir_.path(),
                                                             .uri = "http://localhost:1",
                                                             .program_dir = "/opt/millwright/bin",
                                                             .lease_ttl_ms = 1000,
                                                             .stop_grace_ms = 2000});
  }

  // Waits by the event log until `done` holds.
  void Await(const std::function<bool()>& done) {
    const int64_t deadline_us = MonotonicUs() + kPatienceMs * 1000;
    for (int64_t seen = 0; !done();) {
      ASSERT_LT(MonotonicUs(), deadline_us);
      log_.WaitFor(seen, 100);
      seen = log_.Last();
    }
  }

  PipelineRun Finish(const PipelineRunId& id) {
    Await([&] { return Ended(store_.GetRun(id).state); });
    return store_.GetRun(id);
  }

  PipelineRun Run(const std::string& yaml, const Params& params = {}) {
    const Pipeline pipeline = store_.Register(yaml, "ada");
    return Finish(store_.Start(pipeline.name, params, "ada"));
  }

  // "a:succeeded b:skipped(why)"
  static std::string States(const PipelineRun& run) {
    std::string text;
    for (const Task& task : run.tasks) {
      if (!text.empty()) text += " ";
      text += fmt::format("{}:{}", task.name, Name(task.state));
      if (!task.message.empty()) text += "(" + task.message + ")";
    }
    return text;
  }

  std::string Log(const PipelineRun& run, const std::string& task, int64_t attempt = 0) {
    return store_.ReadLog(run.id, task, attempt, 0, 1 << 20).text;
  }

  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const auto& event : log_.After(0, 1000)) kinds.push_back(event.kind);
    return kinds;
  }

  void Tell(const std::string& kind, const std::string& subject, const Json& payload) {
    db().Write([&](storage::Connection& connection) {
      log_.Append(connection, kind, subject, "ada", payload);
    });
  }

  const SystemClock clock_;
  TempDir dir_;
  events::EventLog log_{db(), clock_};
  PipelineStore store_{db(), log_, clock_, dir_.path()};
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_P(SchedulerTest, PassesParametersAndOutputsFromTaskToTask) {
  StartScheduler();
  const PipelineRun run = Run(R"yaml(
name: chain
params: {who: world, month: }
env: {GREETING: "hello ${{ params.who }}"}
tasks:
  greet:
    run: |
      echo "$GREETING, month" ${{ params.month }}
      echo "text=it's \$(fine)" >> $MILLWRIGHT_OUTPUT
      echo "n=7" >> $MILLWRIGHT_OUTPUT
  repeat: {needs: greet, run: "echo got \"${{ tasks.greet.outputs.text }}\""}
  direct: {needs: greet, run: [echo, "${{ tasks.greet.outputs.n }}", "${{ run.pipeline }}"]}
  skipped: {needs: repeat, run: exit 1, when: "${{ tasks.greet.outputs.n > 7 }}"}
  after: {needs: skipped, run: exit 1}
  context: {run: 'echo $MILLWRIGHT_URI $MILLWRIGHT_TASK $MILLWRIGHT_ATTEMPT; echo "${PATH%%:*}"; [ $MILLWRIGHT_PIPELINE_RUN = ${{ run.id }} ]'}
)yaml",
                              {{"month", "a; exit 3"}});
  EXPECT_EQ(States(run),
            "greet:succeeded repeat:succeeded direct:succeeded "
            "skipped:skipped(its condition is false) after:skipped(skipped was skipped) "
            "context:succeeded");
  EXPECT_EQ(run.state, RunState::kSucceeded);
  EXPECT_EQ(Log(run, "greet"), "hello world, month a; exit 3\n");
  EXPECT_EQ(Log(run, "repeat"), "got it's $(fine)\n");
  EXPECT_EQ(Log(run, "direct"), "7 chain\n");
  EXPECT_EQ(Log(run, "context"), "http://localhost:1 context 1\n/opt/millwright/bin\n");
  EXPECT_EQ(run.tasks[0].outputs, (Outputs{{"n", "7"}, {"text", "it's $(fine)"}}));
  EXPECT_EQ(run.params, (Params{{"month", "a; exit 3"}, {"who", "world"}}));
  EXPECT_EQ(run.trigger(), "manual");
}

TEST_P(SchedulerTest, TellsEachStepAsAnEvent) {
  StartScheduler();
  Run("name: one\ntasks: {a: {run: 'true'}}");
  EXPECT_EQ(Kinds(), (std::vector<std::string>{"pipeline.registered", "pipeline_run.created",
                                               "pipeline_run.started", "task.started",
                                               "task.finished", "pipeline_run.finished"}));
  EXPECT_EQ(log_.After(0, 10).back().payload.Dump(), R"({"pipeline":"one","state":"succeeded"})");
}

TEST_P(SchedulerTest, RetriesThenFailsAndSkipsWhatNeedsIt) {
  StartScheduler();
  const PipelineRun run = Run(R"(
name: flaky
tasks:
  third: {run: 'echo try $MILLWRIGHT_ATTEMPT; [ $MILLWRIGHT_ATTEMPT -ge 3 ]', retries: 2, retry_delay_ms: 1}
  never: {run: exit 4, retries: 1, retry_delay_ms: 1}
  after: {needs: [third, never], run: 'true'}
  report: {needs: [after, never], run: 'true', when: "${{ tasks.never.state == 'failed' }}"}
)");
  EXPECT_EQ(States(run),
            "third:succeeded never:failed(exit code 4) after:skipped(never failed) "
            "report:succeeded");
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.message, "never failed: exit code 4");
  EXPECT_EQ(run.tasks[0].attempts.size(), 3u);
  EXPECT_EQ(run.tasks[1].attempts.size(), 2u);
  EXPECT_EQ(run.tasks[1].attempts[0].exit_code, 4);
  EXPECT_EQ(Log(run, "third"),
            "try 1\nmillwright: exit code 1\ntry 2\nmillwright: exit code 1\ntry 3\n");
  EXPECT_EQ(Log(run, "third", 2), "try 2\nmillwright: exit code 1\n");
  EXPECT_EQ(store_.ReadLog(run.id, "third", 0, 3, 4).text, " 1\nm");
  EXPECT_EQ(store_.ReadLog(run.id, "third", 0, 3, 4).next_offset, 7);
}

TEST_P(SchedulerTest, SaysWhyATaskCannotRun) {
  StartScheduler();
  const PipelineRun run = Run(R"(
name: bad
params: {name: x}
tasks:
  program: {run: [/no/such/program]}
  value: {run: "echo ${{ params.name < 1 }}"}
  condition: {run: 'true', when: "${{ params.name < 1 }}"}
  output: {run: 'echo not an output > $MILLWRIGHT_OUTPUT'}
  signal: {run: 'kill -9 $$'}
  timeout: {run: 'sleep 100', timeout_ms: 20}
)");
  EXPECT_EQ(States(run),
            "program:failed(Cannot start /no/such/program: No such file or directory) "
            "value:failed(Only numbers can be compared by size: \"x\", \"1\") "
            "condition:failed(its condition cannot be computed: Only numbers can be compared by "
            "size: \"x\", \"1\") "
            "output:failed(its outputs cannot be read: Line 1 is not name=value) "
            "signal:failed(killed by signal 9) timeout:failed(timed out after 20 ms)");
}

TEST_P(SchedulerTest, ATaskMayHoldTheRun) {
  StartScheduler();
  const PipelineRun run = Run(R"(
name: gate
tasks:
  gate: {run: 'echo auc=0.5 > $MILLWRIGHT_OUTPUT; exit 99', retries: 3}
  promote: {needs: gate, run: 'true'}
)");
  EXPECT_EQ(States(run), "gate:held promote:skipped(gate was held)");
  EXPECT_EQ(run.state, RunState::kHeld);
  EXPECT_EQ(run.message, "held by gate");
  EXPECT_EQ(run.tasks[0].outputs, (Outputs{{"auc", "0.5"}}));
}

TEST_P(SchedulerTest, CancelsRunningAndQueuedRuns) {
  StartScheduler();
  store_.Register("name: long\ntasks: {a: {run: 'echo up; sleep 1000'}, b: {needs: a, run: x}}",
                  "ada");
  const PipelineRunId first = store_.Start("long", {}, "ada");
  Await([&] { return store_.GetRun(first).tasks[0].state == TaskState::kRunning; });
  // Of runs that start in one millisecond either could be the next.
  const PipelineRunId second = store_.Start("long", {}, "ada");
  EXPECT_EQ(store_.GetRun(second).state, RunState::kQueued);
  store_.Cancel(second, "eve");
  store_.Cancel(first, "eve");
  const PipelineRun run = Finish(first);
  EXPECT_EQ(run.state, RunState::kCancelled);
  EXPECT_EQ(run.message, "cancelled by eve");
  EXPECT_EQ(States(run), "a:cancelled(cancelled by eve) b:cancelled");
  EXPECT_EQ(store_.GetRun(second).state, RunState::kCancelled);
  EXPECT_THROW(store_.Cancel(first, "eve"), Error);
}

TEST_P(SchedulerTest, LeavesNothingOfATaskRunning) {
  StartScheduler();
  const PipelineRun run =
      Run("name: daemon\ntasks: {a: {run: 'sleep 1000 & echo pid=$! > $MILLWRIGHT_OUTPUT'}}");
  ASSERT_EQ(run.state, RunState::kSucceeded);
  const std::string state = "/proc/" + run.tasks[0].outputs.at("pid") + "/stat";
  Await([&] {
    return !std::filesystem::exists(state) || ReadFile(state).find(" Z ") != std::string::npos;
  });
}

TEST_P(SchedulerTest, RunsOfOnePipelineWaitForEachOther) {
  StartScheduler();
  store_.Register("name: p\ntasks: {a: {run: 'true'}}", "ada");
  std::vector<PipelineRunId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(store_.Start("p", {}, "ada"));
  for (const auto& id : ids) EXPECT_EQ(Finish(id).state, RunState::kSucceeded);
  int running = 0;
  for (const auto& event : log_.After(0, 1000)) {
    if (event.kind == "pipeline_run.started") ++running;
    if (event.kind == "pipeline_run.finished") --running;
    EXPECT_LE(running, 1);
  }
}

TEST_P(SchedulerTest, AnEventStartsARunOnce) {
  StartScheduler();
  store_.Register(R"(
name: retrain
params: {month: , feature: none}
trigger:
  - event: alert.opened
    where: {subject: "alert:*", payload: {monitor: flights}}
    params: {month: "${{ event.payload.month }}"}
tasks:
  train: {run: 'echo ${{ params.month }} ${{ event.subject }} ${{ event.payload.depth.x }}; read line < "$GATE"', env: {GATE: )" +
                      (dir_.path() / "gate").string() + "}}\n",
                  "ada");
  ASSERT_EQ(mkfifo((dir_.path() / "gate").c_str(), 0600), 0);
  Tell("alert.opened", "alert:1", Json::Of({{"monitor", "other"}, {"month", 4}}));
  Tell("alert.closed", "alert:2", Json::Of({{"monitor", "flights"}, {"month", 4}}));
  Tell("alert.opened", "alert:3",
       ParseJson(R"({"monitor":"flights","month":5,"depth":{"x":true}})"));
  Tell("alert.opened", "alert:4", Json::Of({{"monitor", "flights"}, {"month", 6}}));
  Await([&] { return store_.ListRuns("retrain", 10).runs.size() == 1; });
  const PipelineRunId id = store_.ListRuns("retrain", 10).runs[0].id;
  const auto skipped = [&] {
    const auto kinds = Kinds();
    return std::count(kinds.begin(), kinds.end(), "pipeline_run.skipped");
  };
  Await([&] { return skipped() == 1; });
  Await([&] { return store_.GetRun(id).tasks[0].state == TaskState::kRunning; });
  WriteFileDurably(dir_.path() / "go", "");
  ChildProcess opener({.arguments = {"sh", "-c", "echo > " + (dir_.path() / "gate").string()}});
  const PipelineRun run = Finish(id);
  EXPECT_EQ(run.state, RunState::kSucceeded);
  EXPECT_EQ(run.trigger(), "alert:3");
  EXPECT_EQ(run.who, "system");
  EXPECT_EQ(Log(run, "train"), "5 alert:3 true\n");
  // A scheduler that starts again does not follow the same events a second time.
  scheduler_.reset();
  StartScheduler();
  EXPECT_EQ(Run("name: other\ntasks: {a: {run: 'true'}}").state, RunState::kSucceeded);
  EXPECT_EQ(store_.ListRuns("retrain", 10).runs.size(), 1u);
  EXPECT_EQ(skipped(), 1);
}

TEST_P(SchedulerTest, FollowsEventsThatHappenedWhileItWasDown) {
  store_.Register("name: p\ntrigger: [{event: alert.opened}]\ntasks: {a: {run: 'true'}}", "ada");
  Tell("alert.opened", "alert:1", Json::MakeObject());
  StartScheduler();
  Await([&] { return store_.ListRuns("p", 10).runs.size() == 1; });
  EXPECT_EQ(Finish(store_.ListRuns("p", 10).runs[0].id).state, RunState::kSucceeded);
}

TEST_P(SchedulerTest, AStoppedSchedulerGoesOnWhenItStartsAgain) {
  StartScheduler();
  store_.Register(R"(
name: p
tasks:
  a: {run: 'echo a >> marks'}
  b: {needs: a, run: 'echo b >> marks; [ $MILLWRIGHT_ATTEMPT = 2 ] || sleep 1000'}
  c: {needs: b, run: 'cat marks'}
)",
                  "ada");
  const PipelineRunId id = store_.Start("p", {}, "ada");
  Await([&] { return store_.GetRun(id).tasks[1].state == TaskState::kRunning; });
  scheduler_.reset();
  EXPECT_EQ(store_.GetRun(id).tasks[1].attempts[0].state, AttemptState::kLost);
  EXPECT_EQ(store_.GetRun(id).state, RunState::kRunning);
  StartScheduler();
  const PipelineRun run = Finish(id);
  EXPECT_EQ(States(run), "a:succeeded b:succeeded c:succeeded");
  EXPECT_TRUE(Log(run, "c").starts_with("a\n"));
  EXPECT_EQ(run.tasks[0].attempts.size(), 1u);
}

TEST_P(SchedulerTest, AFolderHasOneScheduler) {
  StartScheduler();
  try {
    const Scheduler second(store_, {.dir = dir_.path()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
  }
}

// A pipeline whose tasks note their name in a file when they end.
std::string Marking(int tasks) {
  std::string yaml = "name: marks\ntasks:\n";
  for (int i = 0; i < tasks; ++i) {
    yaml += fmt::format("  t{0}: {{run: 'sleep 0.02; echo t{0} >> marks'", i);
    if (i > 0) yaml += fmt::format(", needs: t{}", i - 1);
    yaml += "}\n";
  }
  return yaml;
}

TEST_P(SchedulerTest, AKilledServerResumesAndRepeatsNoFinishedTask) {
  constexpr int kTasks = 30;
  store_.Register(Marking(kTasks), "ada");
  const PipelineRunId id = store_.Start("marks", {}, "ada");
  const auto finished = [&] {
    const PipelineRun run = store_.GetRun(id);
    return std::count_if(run.tasks.begin(), run.tasks.end(),
                         [](const Task& task) { return task.state == TaskState::kSucceeded; });
  };
  const ProcessSpec server{.arguments = {ThisProgram().parent_path() / "pipelines_test_scheduler",
                                         uri(), dir_.path().string()}};
  for (int64_t until : {3, 11, 20, kTasks}) {
    ChildProcess child(server);
    Await([&] { return finished() >= until; });
    child.Signal(SIGKILL);
    child.Wait();
  }
  const PipelineRun run = store_.GetRun(id);
  EXPECT_EQ(run.state, RunState::kSucceeded);
  // Only a task that was under way at a kill has a second attempt.
  std::map<std::string, int> marks;
  std::istringstream lines(ReadFile(store_.DirOf(id) / "work/marks"));
  for (std::string line; std::getline(lines, line);) ++marks[line];
  int lost = 0;
  for (const Task& task : run.tasks) {
    const auto succeeded = std::count_if(
        task.attempts.begin(), task.attempts.end(),
        [](const Attempt& attempt) { return attempt.state == AttemptState::kSucceeded; });
    EXPECT_EQ(succeeded, 1) << task.name;
    lost += static_cast<int>(task.attempts.size()) - 1;
    EXPECT_GE(marks[task.name], 1) << task.name;
    EXPECT_LE(marks[task.name], static_cast<int>(task.attempts.size())) << task.name;
  }
  EXPECT_LE(lost, 3);
}

TEST_P(SchedulerTest, AChainOfShortTasksTakesLittleTime) {
  StartScheduler();
  std::string yaml = "name: short\ntasks:\n";
  for (int i = 0; i < 40; ++i) {
    yaml += fmt::format("  t{}: {{run: ['true']{}}}\n", i,
                        i > 0 ? fmt::format(", needs: t{}", i - 1) : "");
  }
  const int64_t start_us = MonotonicUs();
  EXPECT_EQ(Run(yaml).state, RunState::kSucceeded);
  RecordProperty("chain_of_40_ms", static_cast<int>((MonotonicUs() - start_us) / 1000));
  fmt::print("a chain of 40 tasks took {} ms\n", (MonotonicUs() - start_us) / 1000);
}

MILLWRIGHT_ON_BOTH_DATABASES(SchedulerTest);

}  // namespace
}  // namespace millwright::pipelines
