#include "registry/gate_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::registry {
namespace {

TEST(GateFile, ReadsEveryRule) {
  const auto file = GateFile::FromYaml(R"(
gates:
  - name: staging
    stages: [Staging]
    scan: true
    compare_with: champion
  - name: production
    aliases: [champion]
    stages: [Production]
    metrics:
      - {name: auc, min: 0.6, better_than_champion: 0.01}
      - {name: loss, max: 2, goal: lower, better_than_champion: 0}
    checks: [beats_champion]
    suites: [flights, {suite: labels, dataset: late}]
    parity: {max: 1e-5}
    schema: compatible
    approvals: {count: 2, by: [ada, bo, cy], author_counts: true}
)");
  const GateSpec staging = {
      .name = "staging", .stages = {Stage::kStaging}, .compare_with = "champion", .scan = true};
  const GateSpec production = {
      .name = "production",
      .aliases = {"champion"},
      .stages = {Stage::kProduction},
      .metrics = {{.name = "auc", .min = 0.6, .better_than_champion = 0.01},
                  {.name = "loss", .max = 2, .better_than_champion = 0, .lower_is_better = true}},
      .checks = {"beats_champion"},
      .suites = {{"flights"}, {"labels", "late"}},
      .parity = ParityRule{1e-5},
      .schema = SchemaRule::kCompatible,
      .approvals = ApprovalRule{2, {"ada", "bo", "cy"}, true}};
  EXPECT_EQ(file.gates, (std::vector<GateSpec>{staging, production}));
  EXPECT_EQ(GateFile::FromJson(file.ToJson()).gates, file.gates) << "what is written is read back";
}

TEST(GateFile, ProtectsTheChampionUnlessItSaysOtherwise) {
  EXPECT_EQ(GateFile::FromYaml("checks: [parity]").gates.at(0).aliases,
            (std::vector<std::string>{"champion"}));
  EXPECT_TRUE(GateFile::FromYaml("gates: []").gates.empty());
}

std::string Refusal(std::string_view yaml) {
  try {
    GateFile::FromYaml(yaml);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
  return "read";
}

TEST(GateFile, NamesTheLineAndTheFieldThatIsWrong) {
  EXPECT_EQ(Refusal("aliases: [champion]\nmetrics:\n  - name: auc\n    min: high\n"),
            "Line 4: metrics[0].min must be a number");
  EXPECT_EQ(Refusal("gates:\n  - name: a\n    metrics:\n      - {name: auc, min: 1}\n"
                    "      - name: loss\n        least: 2\n"),
            "Line 6: Unknown field: gates[0].metrics[1].least. Known are name, min, max, "
            "better_than_champion, goal");
  EXPECT_EQ(Refusal("\n\nmetric: []"),
            "Line 3: Unknown field: metric. Known are name, aliases, stages, compare_with, "
            "metrics, checks, suites, parity, scan, schema, approvals");
  EXPECT_EQ(Refusal("metrics:\n  - {min: 1}"), "Line 2: metrics[0] needs a name");
  EXPECT_EQ(Refusal("metrics:\n  - {name: auc}"),
            "Line 2: metrics[0] asks for nothing: it needs min, max or better_than_champion");
  EXPECT_EQ(Refusal("metrics:\n  - {name: auc, min: .nan}"),
            "Line 2: metrics[0].min must be a number");
  EXPECT_EQ(Refusal("metrics:\n  - {name: auc, min: 1e999}"),
            "Line 2: metrics[0].min must be a number");
  EXPECT_EQ(Refusal("checks: parity"), "Line 1: checks must be a list, but is of type string");
  EXPECT_EQ(Refusal("stages: [Moon]"), "Line 1: stages[0] must be Staging or Production");
  EXPECT_EQ(Refusal("aliases: [latest]"),
            "Line 1: aliases[0] is no alias: 'latest' alias name (case insensitive) is reserved.");
  EXPECT_EQ(Refusal("aliases: []"), "Line 1: A gate file protects nothing");
  EXPECT_EQ(Refusal("schema: strict"), "Line 1: schema must be deployed, compatible or any");
  EXPECT_EQ(Refusal("approvals: 0"), "Line 1: approvals must be a whole number from 1 to 20");
  EXPECT_EQ(Refusal("approvals:\n  count: 2\n  by: [ada, ada]"),
            "Line 1: approvals asks for 2 approvals by 1 people");
  EXPECT_EQ(Refusal("gates:\n  - {scan: true}\n  - {parity: true}"),
            "Line 3: gates[1] needs a name, for there are several gates");
  EXPECT_EQ(Refusal("gates:\n  - {name: a}\n  - {name: a}"),
            "Line 3: gates[1] has the name of another gate: a");
  EXPECT_EQ(Refusal("- champion"), "Line 1: A gate file must be a mapping, but is of type array");
  EXPECT_EQ(Refusal("checks: [parity]\nchecks: []"),
            "Malformed YAML at line 2, column 1: the key checks is here twice");
  EXPECT_EQ(Refusal("checks: [parity"),
            "Malformed YAML at line 1, column 1: end of sequence flow not found");
  EXPECT_EQ(Refusal(std::string(kGateFileBytesMax + 1, '#')),
            "A gate file has at most 65536 bytes");
}

}  // namespace
}  // namespace millwright::registry
