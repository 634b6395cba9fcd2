#include "loop/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/yaml.h"

namespace millwright::loop {
namespace {

constexpr int64_t kRowsMax = 1'000'000'000;
constexpr int64_t kPerDayMax = 1000;
constexpr double kRegressionLossRise = 0.05;  // of the live version's, where nothing is said

// A value of the file with its place, which every complaint names.
class Node {
 public:
  Node(const Json& value, std::string place, const YamlLines& lines)
      : value_(value), place_(std::move(place)), lines_(lines) {}

  [[noreturn]] void Fail(std::string_view why) const {
    throw InvalidArgument("line {}: {}{}{}", LineOf(lines_, place_), place_,
                          place_.empty() ? "" : ": ", why)
        .WithField(place_.empty() ? "yaml" : place_);
  }

  const Json& value() const { return value_; }
  const std::string& place() const { return place_; }

  void Allow(std::initializer_list<std::string_view> known) const {
    if (!value_.is_object()) Fail("must be a mapping");
    for (const auto& [key, child] : value_.AsObject()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      At(key, child).Fail(fmt::format("is not known here; known are: {}", fmt::join(known, ", ")));
    }
  }

  std::optional<Node> Find(std::string_view key) const {
    const Json* child = value_.Find(key);
    if (child == nullptr || child->is_null()) return std::nullopt;
    return At(key, *child);
  }
  std::vector<Node> Items() const {
    if (!value_.is_array()) Fail("must be a list");
    std::vector<Node> items;
    for (const Json& item : value_.AsArray()) {
      items.emplace_back(item, fmt::format("{}[{}]", place_, items.size()), lines_);
    }
    return items;
  }

  std::string Text() const {
    if (value_.is_string()) return value_.AsString();
    if (value_.is_array() || value_.is_object() || value_.is_null()) Fail("must be a text");
    return value_.Dump();
  }
  int64_t Whole(int64_t least, int64_t most) const {
    if (!value_.is_int() || value_.AsInt() < least || value_.AsInt() > most) {
      Fail(fmt::format("must be a whole number from {} to {}", least, most));
    }
    return value_.AsInt();
  }
  double Real(double least, double most) const {
    if (!value_.is_number() || !(value_.AsDouble() >= least && value_.AsDouble() <= most)) {
      Fail(fmt::format("must be a number from {} to {}", least, most));
    }
    return value_.AsDouble();
  }
  bool Truth() const {
    if (!value_.is_bool()) Fail("must be true or false");
    return value_.AsBool();
  }
  int64_t Duration() const {
    return Read([&] { return ParseDuration(Text()); });
  }
  // Calls `read` and says where it failed.
  template <typename F>
  auto Read(F&& read) const -> decltype(read()) {
    try {
      return read();
    } catch (const Error& error) {
      Fail(error.message());
    }
  }

 private:
  Node At(std::string_view key, const Json& child) const {
    return {child, place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key), lines_};
  }

  const Json& value_;
  std::string place_;
  const YamlLines& lines_;
};

void ReadWhole(const Node& node, std::string_view key, int64_t least, int64_t most, int64_t* into) {
  if (const auto found = node.Find(key)) *into = found->Whole(least, most);
}
void ReadReal(const Node& node, std::string_view key, double least, double most, double* into) {
  if (const auto found = node.Find(key)) *into = found->Real(least, most);
}
void ReadDuration(const Node& node, std::string_view key, int64_t* into) {
  if (const auto found = node.Find(key)) *into = found->Duration();
}
void ReadText(const Node& node, std::string_view key, std::string* into) {
  if (const auto found = node.Find(key)) *into = found->Text();
}

template <typename E, size_t N>
E ReadName(const Node& node, const std::pair<std::string_view, E> (&names)[N]) {
  const std::string text = node.Text();
  std::string known;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  node.Fail(fmt::format("must be one of {}: \"{}\"", known, text));
}

TriggerRule ReadTrigger(const Node& node) {
  node.Allow({"alert", "every", "cron", "new_data"});
  if (node.value().AsObject().size() != 1) {
    node.Fail("must be one of alert, every, cron, new_data");
  }
  TriggerRule rule;
  const auto& [key, value] = node.value().AsObject().front();
  if (key == "alert") {
    rule.text = "alert";
    rule.payload = Json::MakeObject();
    if (const auto fields = node.Find("alert")) {
      if (!fields->value().is_object()) fields->Fail("must be a mapping of the event's fields");
      rule.payload = fields->value();
      std::string words;
      for (const auto& [name, wanted] : rule.payload.AsObject()) {
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name,
                             wanted.is_string() ? wanted.AsString() : wanted.Dump());
      }
      if (!words.empty()) rule.text += " (" + words + ")";
    }
    return rule;
  }
  const auto given = node.Find(key);
  if (!given) node.Fail(fmt::format("{} needs a value", key));
  rule.text = fmt::format("{} {}", key, given->Text());
  if (key == "every") {
    rule.kind = TriggerKind::kEvery;
    rule.every_ms = given->Duration();
    if (rule.every_ms < 1000) given->Fail("must be at least 1s");
  } else if (key == "cron") {
    rule.kind = TriggerKind::kCron;
    rule.cron = given->Read([&] { return Cron::Parse(given->Text()); });
  } else {
    rule.kind = TriggerKind::kNewData;
    rule.dataset = given->Text();
    rule.text = "new data in " + rule.dataset;
  }
  return rule;
}

void CheckReferences(const Node& node, const pipelines::Template& text) {
  text.VisitReferences([&](const pipelines::Reference& reference) {
    const bool window = reference.size() == 2 && reference[0] == "window" &&
                        (reference[1] == "from" || reference[1] == "to");
    const bool event = reference.size() >= 2 && reference[0] == "event";
    if (window || event || reference == pipelines::Reference{"trigger"}) return;
    node.Fail(fmt::format("there is no {}; known are window.from, window.to, trigger and event.…",
                          fmt::join(reference, ".")));
  });
}

RetrainRule ReadRetrain(const Node& node) {
  node.Allow({"pipeline", "params", "window", "version_from"});
  RetrainRule rule;
  ReadText(node, "pipeline", &rule.pipeline);
  if (rule.pipeline.empty()) node.Fail("pipeline is missing");
  ReadDuration(node, "window", &rule.window_ms);
  ReadText(node, "version_from", &rule.version_task);
  if (const auto params = node.Find("params")) {
    if (!params->value().is_object()) params->Fail("must be a mapping");
    for (const auto& [name, value] : params->value().AsObject()) {
      const Node param = *params->Find(name);
      auto text = param.Read([&] { return pipelines::Template::Parse(param.Text()); });
      CheckReferences(param, text);
      rule.params.emplace(name, std::move(text));
    }
  }
  return rule;
}

ShadowRule ReadShadow(const Node& node) {
  node.Allow({"requests", "duration", "patience"});
  ShadowRule rule{.is_on = true};
  ReadWhole(node, "requests", kArmRequestsMin, kRowsMax, &rule.requests_min);
  ReadDuration(node, "duration", &rule.duration_ms);
  ReadDuration(node, "patience", &rule.patience_ms);
  return rule;
}

CanaryRule ReadCanary(const Node& node) {
  node.Allow({"steps", "requests", "duration", "patience"});
  CanaryRule rule;
  if (const auto steps = node.Find("steps")) {
    for (const Node& step : steps->Items()) {
      const auto percent = static_cast<int>(step.Whole(1, 99));
      if (!rule.steps.empty() && percent <= rule.steps.back()) step.Fail("steps go up");
      rule.steps.push_back(percent);
    }
    if (rule.steps.size() > kCanaryStepsMax) steps->Fail("too many");
  }
  if (rule.steps.empty()) node.Fail("steps is missing: such as [5, 25, 50]");
  ReadWhole(node, "requests", kArmRequestsMin, kRowsMax, &rule.requests_min);
  ReadDuration(node, "duration", &rule.duration_ms);
  ReadDuration(node, "patience", &rule.patience_ms);
  return rule;
}

// A number, or a share as "5%".
void ReadLossTolerance(const Node& node, LossRule* rule) {
  if (!node.value().is_string()) {
    rule->tolerance = node.Real(1e-12, 1e12);
    return;
  }
  const std::string text = node.Text();
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool is_share = error == std::errc() && std::string_view(end) == "%";
  if (!is_share || !(percent >= 0.01 && percent <= 1000))
    node.Fail("must be a number, or a share of the live version's loss from 0.01% to 1000%");
  rule->tolerance = percent / 100;
  rule->is_relative = true;
}

bool IsOfNumbers(LossKind kind) {
  return kind == LossKind::kAbsoluteError || kind == LossKind::kSquaredError;
}

LossRule ReadLoss(const Node& node, monitoring::ModelTask task) {
  node.Allow({"kind", "tolerance", "outcomes", "required"});
  const bool is_regression = task == monitoring::ModelTask::kRegression;
  LossRule rule;
  if (is_regression) {
    rule.kind = LossKind::kAbsoluteError;
    rule.tolerance = kRegressionLossRise;
    rule.is_relative = true;
  }
  if (const auto kind = node.Find("kind")) {
    rule.kind = ReadName<LossKind>(*kind, {{"error", LossKind::kError},
                                           {"brier", LossKind::kBrier},
                                           {"log_loss", LossKind::kLogLoss},
                                           {"absolute_error", LossKind::kAbsoluteError},
                                           {"squared_error", LossKind::kSquaredError}});
  }
  if (is_regression && !IsOfNumbers(rule.kind)) {
    node.Fail(fmt::format("{} is a loss of classes, and the label's task is regression",
                          LossKindName(rule.kind)));
  }
  if (const auto tolerance = node.Find("tolerance")) {
    rule.is_relative = false;
    ReadLossTolerance(*tolerance, &rule);
  }
  ReadWhole(node, "outcomes", kArmRequestsMin, kRowsMax, &rule.outcomes_min);
  if (const auto required = node.Find("required")) rule.is_required = required->Truth();
  return rule;
}

// A tolerance, or false for what is not to be judged.
std::optional<double> ReadTolerance(const Node& node, double most) {
  if (node.value().is_bool() && !node.value().AsBool()) return std::nullopt;
  return node.Real(1e-6, most);
}

WorseRule ReadWorse(const Node& node, monitoring::ModelTask task) {
  node.Allow({"confidence", "errors", "latency", "loss"});
  WorseRule rule;
  if (const auto confidence = node.Find("confidence"))
    rule.alpha = 1 - confidence->Real(0.5, 0.9999);
  if (const auto errors = node.Find("errors")) rule.errors = ReadTolerance(*errors, 1);
  if (const auto latency = node.Find("latency")) rule.latency = ReadTolerance(*latency, 100);
  if (const auto loss = node.Find("loss")) rule.loss = ReadLoss(*loss, task);
  return rule;
}

monitoring::LabelRule ReadLabel(const Node& node) {
  node.Allow({"output", "threshold", "positive", "task"});
  monitoring::LabelRule rule;
  if (const auto task = node.Find("task"))
    rule.task = task->Read([&] { return monitoring::ParseModelTask(task->Text()); });
  ReadText(node, "output", &rule.probability_output);
  ReadReal(node, "threshold", -1e300, 1e300, &rule.threshold);
  ReadText(node, "positive", &rule.positive_label);
  return rule;
}

LimitRule ReadLimits(const Node& node) {
  node.Allow({"cooldown", "promotions_per_day", "retrainings_per_day"});
  LimitRule rule;
  ReadDuration(node, "cooldown", &rule.cooldown_ms);
  ReadWhole(node, "promotions_per_day", 1, kPerDayMax, &rule.promotions_per_day);
  ReadWhole(node, "retrainings_per_day", 1, kPerDayMax, &rule.retrainings_per_day);
  return rule;
}

CostRule ReadCosts(const Node& node) {
  node.Allow({"false_positive", "false_negative", "true_positive", "true_negative", "over", "under",
              "retraining", "retraining_time", "recovery"});
  constexpr double kMost = 1e15;
  CostRule rule;
  ReadReal(node, "false_positive", -kMost, kMost, &rule.false_positive);
  ReadReal(node, "false_negative", -kMost, kMost, &rule.false_negative);
  ReadReal(node, "true_positive", -kMost, kMost, &rule.true_positive);
  ReadReal(node, "true_negative", -kMost, kMost, &rule.true_negative);
  ReadReal(node, "over", -kMost, kMost, &rule.over);
  ReadReal(node, "under", -kMost, kMost, &rule.under);
  ReadReal(node, "retraining", 0, kMost, &rule.retraining);
  ReadDuration(node, "retraining_time", &rule.retraining_ms);
  ReadReal(node, "recovery", 0, 1, &rule.recovery);
  return rule;
}

}  // namespace

std::string_view LossKindName(LossKind kind) {
  switch (kind) {
    case LossKind::kError:
      return "error";
    case LossKind::kBrier:
      return "brier";
    case LossKind::kLogLoss:
      return "log_loss";
    case LossKind::kAbsoluteError:
      return "absolute_error";
    case LossKind::kSquaredError:
      return "squared_error";
  }
  return "";
}

std::string_view ApprovalName(Approval approval) {
  switch (approval) {
    case Approval::kRetrain:
      return "retrain";
    case Approval::kShadow:
      return "shadow";
    case Approval::kCanary:
      return "canary";
    case Approval::kPromotion:
      return "promotion";
  }
  return "";
}

bool Policy::Needs(Approval approval) const {
  return std::find(approvals.begin(), approvals.end(), approval) != approvals.end();
}

Policy ParsePolicy(std::string_view yaml) {
  if (yaml.size() > kPolicyBytesMax) {
    throw InvalidArgument("A policy has at most {} bytes", kPolicyBytesMax).WithField("yaml");
  }
  YamlLines lines;
  const Json json = ParseYaml(yaml, &lines);
  const Node root(json, "", lines);
  if (!json.is_object()) throw InvalidArgument("A policy is a YAML mapping").WithField("yaml");
  root.Allow({"model", "endpoint", "alias", "triggers", "retrain", "gates", "shadow", "canary",
              "worse", "label", "approvals", "limits", "costs"});
  Policy policy;
  ReadText(root, "model", &policy.model);
  if (policy.model.empty()) root.Fail("model is missing");
  policy.endpoint = policy.model;
  ReadText(root, "endpoint", &policy.endpoint);
  ReadText(root, "alias", &policy.alias);
  if (const auto triggers = root.Find("triggers")) {
    for (const Node& trigger : triggers->Items()) policy.triggers.push_back(ReadTrigger(trigger));
    if (policy.triggers.size() > kTriggersMax) triggers->Fail("too many");
  }
  const auto retrain = root.Find("retrain");
  if (!retrain) root.Fail("retrain is missing");
  policy.retrain = ReadRetrain(*retrain);
  if (const auto gates = root.Find("gates")) policy.asks_gates = gates->Truth();
  if (const auto shadow = root.Find("shadow")) policy.shadow = ReadShadow(*shadow);
  if (const auto canary = root.Find("canary")) policy.canary = ReadCanary(*canary);
  if (const auto label = root.Find("label")) policy.label = ReadLabel(*label);
  if (const auto worse = root.Find("worse")) policy.worse = ReadWorse(*worse, policy.label.task);
  if (const auto approvals = root.Find("approvals")) {
    for (const Node& approval : approvals->Items()) {
      policy.approvals.push_back(
          ReadName<Approval>(approval, {{"retrain", Approval::kRetrain},
                                        {"shadow", Approval::kShadow},
                                        {"canary", Approval::kCanary},
                                        {"promotion", Approval::kPromotion}}));
    }
  }
  if (const auto limits = root.Find("limits")) policy.limits = ReadLimits(*limits);
  if (const auto costs = root.Find("costs")) policy.costs = ReadCosts(*costs);
  return policy;
}

std::string TriggersText(const Policy& policy) {
  std::string text;
  for (const TriggerRule& rule : policy.triggers) text += (text.empty() ? "" : ", ") + rule.text;
  return text.empty() ? "by hand" : text;
}

}  // namespace millwright::loop
