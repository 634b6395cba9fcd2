#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "registry/entities.h"

namespace millwright::registry {

inline constexpr size_t kGateFileBytesMax = 64 << 10;
inline constexpr size_t kGatesMax = 20;       // in a file
inline constexpr size_t kGateItemsMax = 100;  // rules and targets of one gate
inline constexpr int64_t kApprovalsMax = 20;

// A bound on a metric of the version's run.
struct MetricBound {
  std::string name;
  std::optional<double> min = {};
  std::optional<double> max = {};
  // By how much it must be better than the holder's value; a negative number tolerates a loss. Not
  // asked when there never was a holder.
  std::optional<double> better_than_champion = {};
  bool lower_is_better = false;

  bool operator==(const MetricBound&) const = default;
};

// A suite whose latest validation must have succeeded: of the dataset versions that the version was
// made of, as lineage knows them; where it knows none of them, of the dataset's latest.
struct SuiteRule {
  std::string suite;
  std::string dataset = {};  // empty: any

  bool operator==(const SuiteRule&) const = default;
};

// The check "parity" must have passed, and with differences no greater than `max` where one is set.
struct ParityRule {
  std::optional<double> max = {};

  bool operator==(const ParityRule&) const = default;
};

struct ApprovalRule {
  int64_t count = 1;
  std::vector<std::string> by = {};  // whose count; empty: everybody's
  bool author_counts = false;        // whether who registered the version may approve it

  bool operator==(const ApprovalRule&) const = default;
};

// What a candidate's inputs must be able to take. By default what is deployed from the alias must
// be answered still; kCompatible asks the same for the holder, deployed or not; kAny asks nothing.
enum class SchemaRule { kDeployed, kCompatible, kAny };

// One gate of a gates.yaml: what it protects and what it asks for.
struct GateSpec {
  std::string name = {};  // may be empty when it is the only one
  std::vector<std::string> aliases = {};
  std::vector<Stage> stages = {};
  std::string compare_with = {};  // the alias whose version is the champion; empty: the holder
  std::vector<MetricBound> metrics = {};
  std::vector<std::string> checks = {};  // names of checks that must have passed
  std::vector<SuiteRule> suites = {};
  std::optional<ParityRule> parity = {};
  bool scan = false;  // the check "scan" must have passed
  SchemaRule schema = SchemaRule::kDeployed;
  std::optional<ApprovalRule> approvals = {};

  bool operator==(const GateSpec&) const = default;
};

// All gates of a model, stored with it.
struct GateFile {
  std::vector<GateSpec> gates;
  std::string source;  // the text as it was written, YAML or JSON

  Json ToJson() const;
  // Reads {"gates": […]} or one gate alone, which protects the alias champion unless it says
  // otherwise. Throws kInvalidArgument with the path of the field that is wrong
  // ("gates[0].metrics[1].min"); unknown fields are refused.
  static GateFile FromJson(const Json& json);
  // Reads a gates.yaml. Errors name the line as well.
  static GateFile FromYaml(std::string_view text);
};

// A gate file as stored.
struct StoredGates {
  GateFile file;
  int64_t gate_version = 0;
  int64_t time_ms = 0;
  std::string who;
  std::string reason;
};

}  // namespace millwright::registry
