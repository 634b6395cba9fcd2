#include "pipelines/pipeline.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::pipelines {
namespace {

std::string Failure(const std::string& yaml) {
  try {
    ParsePipeline(yaml);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
  return "";
}

TEST(ParsePipeline, ReadsEveryField) {
  const PipelineSpec spec = ParsePipeline(R"(
name: retrain
description: Trains again
params: {model: flights-late, trials: 8, month: }
env: {STAGE: "${{ params.model }}"}
concurrency: 2
trigger:
  - event: alert.opened
    where: {subject: "alert:*", payload: {monitor: flights-late}}
    params: {month: "${{ event.payload.month }}"}
    while_live: queue
tasks:
  promote:
    needs: [train, check]
    run: [millwright, models, promote, "${{ tasks.train.outputs.version }}"]
    when: ${{ tasks.check.state == 'succeeded' }}
  train:
    run: millwright train ${{ params.model }}
    retries: 2
    retry_delay_ms: 10
    timeout_ms: 60000
    env: {MONTH: "${{ params.month }}"}
  check: {needs: train, run: "true"}
)");
  EXPECT_EQ(spec.name, "retrain");
  EXPECT_EQ(spec.concurrency, 2);
  ASSERT_EQ(spec.params.size(), 3u);
  EXPECT_EQ(spec.params[1].fallback, "8");
  EXPECT_EQ(spec.params[2].fallback, std::nullopt);
  ASSERT_EQ(spec.triggers.size(), 1u);
  EXPECT_TRUE(spec.triggers[0].queue_while_live);
  EXPECT_EQ(spec.triggers[0].payload, Json::Of({{"monitor", "flights-late"}}));
  ASSERT_EQ(spec.tasks.size(), 3u);
  EXPECT_EQ(spec.tasks[0].name, "train");
  EXPECT_EQ(spec.tasks[0].retries, 2);
  EXPECT_EQ(spec.tasks[1].name, "check");
  EXPECT_EQ(spec.tasks[2].name, "promote");
  EXPECT_EQ(spec.tasks[2].needs, (std::vector<size_t>{0, 1}));
  EXPECT_TRUE(spec.tasks[2].when_reads_states);
  EXPECT_EQ(TriggerText(spec), "alert.opened on alert:*");
}

TEST(ParsePipeline, NamesThePlaceOfAnError) {
  const std::pair<std::string, std::string> cases[] = {
      {"- a", "A pipeline is a YAML mapping"},
      {"tasks: {a: {run: x}}", "name: is missing"},
      {"name: a b\ntasks: {a: {run: x}}",
       "name: a name has 1 to 100 letters, digits, - and _: \"a b\""},
      {"name: p", "tasks: is missing"},
      {"name: p\ntasks: {}", "tasks: there is none"},
      {"name: p\ntask: {}",
       "task: is not known here; known are: name, description, params, env, concurrency, trigger, "
       "tasks"},
      {"name: p\ntasks: {a: {run: x, retry: 1}}",
       "tasks.a.retry: is not known here; known are: name, description, run, needs, retries, "
       "retry_delay_ms, timeout_ms, env, when"},
      {"name: p\ntasks: {a: {run: x, retries: 101}}",
       "tasks.a.retries: must be a whole number from 0 to 100"},
      {"name: p\ntasks: {a: {run: x, needs: [b]}}", "tasks.a.needs: there is no task \"b\""},
      {"name: p\ntasks: {a: {run: x, needs: [b]}, b: {run: x, needs: [a]}}",
       "tasks.a.needs: the task needs itself, directly or over others"},
      {"name: p\ntasks: [{name: a, run: x}, {name: a, run: x}]", "tasks.a: the name is taken"},
      {"name: p\ntasks: [{run: x}]", "tasks.0.name: is missing"},
      {"name: p\ntasks: {a: {}}", "tasks.a.run: is missing"},
      {"name: p\ntasks: {a: {run: []}}", "tasks.a.run: must name a program"},
      {"name: p\ntasks: {a: {run: \"${{ params.x }}\"}}", "tasks.a.run: there is no params.x"},
      {"name: p\ntasks: {a: {run: x}, b: {run: \"${{ tasks.a.outputs.y }}\"}}",
       "tasks.b.run: tasks.a.outputs.y is used, but \"a\" is not among the needs"},
      {"name: p\ntasks: {a: {run: x}, b: {needs: a, run: \"${{ tasks.a.y }}\"}}",
       "tasks.b.run: write tasks.<task>.outputs.<name> or tasks.<task>.state, not tasks.a.y"},
      {"name: p\ntasks: {a: {run: \"${{ 1 + }}\"}}",
       "tasks.a.run: Cannot read the expression \" 1 + \": an operator is expected at character 4"},
      {"name: p\ntasks: {a: {run: x, when: \"yes\"}}",
       "tasks.a.when: must be one expression: ${{ … }}"},
      {"name: p\ntrigger: [{event: alert.exploded}]\ntasks: {a: {run: x}}",
       "trigger.0.event: is no kind of event: \"alert.exploded\""},
      {"name: p\ntrigger: [{event: alert.opened, params: {x: 1}}]\ntasks: {a: {run: x}}",
       "trigger.0.params.x: there is no such parameter"},
      {"name: p\nconcurrency: 0\ntasks: {a: {run: x}}", "concurrency: must be at least 1"},
  };
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(Failure(yaml), expected) << yaml;
}

}  // namespace
}  // namespace millwright::pipelines
