#include "alerts/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alerts/series.h"
#include "alerts/strict_fields.h"
#include "base/error.h"

namespace millwright::alerts {
namespace {

constexpr std::string_view kFields[] = {
    "name",       "expr",        "above",           "at_least",    "below",   "at_most",
    "resolve_at", "for",         "keep_firing_for", "samples_min", "no_data", "severity",
    "labels",     "annotations", "runbook",         "flapping",    "enabled"};
constexpr std::string_view kFlappingFields[] = {"changes", "within", "calm"};
constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};
constexpr Comparison kComparisons[] = {Comparison::kAbove, Comparison::kAtLeast, Comparison::kBelow,
                                       Comparison::kAtMost};
// Labels that the evaluator gives.
constexpr std::string_view kReserved[] = {"rule", "alertname", "severity"};
constexpr int64_t kFlapChangesMax = 100;

void CheckName(const std::string& name) {
  const bool well = !name.empty() && name.size() <= kRuleNameBytesMax &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                    });
  if (!well)
    throw InvalidArgument("A rule's name has letters, digits, '-', '_' and '.', at most {}: \"{}\"",
                          kRuleNameBytesMax, name)
        .WithField("name");
  if (name.starts_with(kMonitorRules))
    throw InvalidArgument("Names that begin with {} are those of monitors' own alerts: {}",
                          kMonitorRules, name)
        .WithField("name");
}

Comparison ReadComparison(const Json& json, double* threshold) {
  Comparison comparison = Comparison::kAny;
  for (const Comparison one : kComparisons) {
    const std::string word(ComparisonWord(one));
    const Json* given = json.Find(word);
    if (given == nullptr || given->is_null()) continue;
    if (comparison != Comparison::kAny)
      throw InvalidArgument("A rule has one of above, at_least, below and at_most").WithField(word);
    comparison = one;
    *threshold = given->AsDouble(word);
    if (!std::isfinite(*threshold))
      throw InvalidArgument("{} must be a finite number", word).WithField(word);
  }
  return comparison;
}

void CheckResolveAt(const Rule& rule) {
  if (!rule.resolve_at) return;
  const bool upward =
      rule.comparison == Comparison::kAbove || rule.comparison == Comparison::kAtLeast;
  const bool well =
      rule.comparison != Comparison::kAny &&
      (upward ? *rule.resolve_at <= rule.threshold : *rule.resolve_at >= rule.threshold);
  if (!well)
    throw InvalidArgument("resolve_at must be {} the threshold", rule.comparison == Comparison::kAny
                                                                     ? "given together with"
                                                                 : upward ? "at most"
                                                                          : "at least")
        .WithField("resolve_at");
}

// Names that the table does not have are mistyped, or of a later version.
void CheckSeries(const Expression& expression) {
  for (const Node* selector : expression.Selectors()) {
    const Series* series = FindSeries(selector->name);
    if (series == nullptr) {
      const std::string nearest = NearestSeries(selector->name);
      throw InvalidArgument(
          "there is no series {}{}", selector->name,
          nearest.empty() ? "; see millwright alerts series" : "; did you mean " + nearest + "?")
          .WithField("expr");
    }
    for (const Matcher& matcher : selector->matchers) {
      if (HasLabel(*series, selector->name, matcher.name())) continue;
      throw InvalidArgument("{} has no label {}; it has {}", selector->name, matcher.name(),
                            series->labels.empty() ? "none" : series->labels)
          .WithField("expr");
    }
  }
}

Labels ReadTexts(const Json& json, const std::string& key) {
  Labels texts;
  const Json* given = json.Find(key);
  if (given == nullptr || given->is_null()) return texts;
  for (const auto& [name, value] : given->AsObject(key)) {
    const std::string path = key + "." + name;
    if (!IsLabelName(name))
      throw InvalidArgument("Not a name of letters, digits and underscores: {}", name)
          .WithField(path);
    if (!value.is_string() && !value.is_number() && !value.is_bool())
      throw InvalidArgument("{} must be a text", name).WithField(path);
    texts[name] = value.is_string() ? value.AsString() : value.Dump();
    if (texts[name].size() > kTextBytesMax)
      throw InvalidArgument("{} has at most {} bytes", name, kTextBytesMax).WithField(path);
    try {
      FillTemplate(texts[name], {0, 0, {}});
    } catch (const Error& error) {
      throw InvalidArgument("{}", error.message()).WithField(path);
    }
  }
  if (texts.size() > kLabelsOfRuleMax)
    throw InvalidArgument("{} has at most {} entries", key, kLabelsOfRuleMax).WithField(key);
  return texts;
}

int64_t Duration(const Json& json, std::string_view key, int64_t fallback_ms) {
  const Json* given = json.Find(key);
  return given == nullptr || given->is_null() ? fallback_ms : ParseDurationMs(*given, key);
}

void ReadFlapping(const Json& json, Rule* rule) {
  const Json* given = json.Find("flapping");
  if (given == nullptr || given->is_null()) return;
  if (given->is_string() && given->AsString() == "off") {
    rule->flap_changes = 0;
    return;
  }
  if (given->is_bool()) {
    if (!given->AsBool()) rule->flap_changes = 0;
    return;
  }
  RefuseUnknownFields(*given, kFlappingFields, "flapping");
  rule->flap_changes = given->GetInt("changes", rule->flap_changes);
  rule->flap_within_ms = Duration(*given, "within", rule->flap_within_ms);
  rule->calm_ms = Duration(*given, "calm", rule->flap_within_ms / 2);
  if (rule->flap_changes < 0 || rule->flap_changes == 1 || rule->flap_changes > kFlapChangesMax)
    throw InvalidArgument("flapping.changes must be 0, for never, or from 2 to {}", kFlapChangesMax)
        .WithField("flapping.changes");
}

std::string YamlText(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string NumberText(double value) {
  std::string out;
  AppendJsonDouble(value, &out);
  return out;
}

// Prometheus' templates do not know the threshold.
std::string PrometheusTemplate(std::string text, const Rule& rule) {
  size_t at = 0;
  while ((at = text.find("$threshold", at)) != std::string::npos)
    text.replace(at, 10, NumberText(rule.threshold));
  return text;
}

}  // namespace

std::string_view ComparisonWord(Comparison comparison) {
  switch (comparison) {
    case Comparison::kAny:
      return "any";
    case Comparison::kAbove:
      return "above";
    case Comparison::kAtLeast:
      return "at_least";
    case Comparison::kBelow:
      return "below";
    case Comparison::kAtMost:
      return "at_most";
  }
  return "";
}

std::string_view ComparisonSign(Comparison comparison) {
  switch (comparison) {
    case Comparison::kAny:
      return "";
    case Comparison::kAbove:
      return ">";
    case Comparison::kAtLeast:
      return ">=";
    case Comparison::kBelow:
      return "<";
    case Comparison::kAtMost:
      return "<=";
  }
  return "";
}

std::string_view NoDataWord(NoData no_data) {
  switch (no_data) {
    case NoData::kHold:
      return "hold";
    case NoData::kAlert:
      return "alert";
    case NoData::kOk:
      return "ok";
  }
  return "";
}

bool Rule::Exceeds(double value) const {
  switch (comparison) {
    case Comparison::kAny:
      return true;
    case Comparison::kAbove:
      return value > threshold;
    case Comparison::kAtLeast:
      return value >= threshold;
    case Comparison::kBelow:
      return value < threshold;
    case Comparison::kAtMost:
      return value <= threshold;
  }
  return false;
}

bool Rule::Keeps(double value) const {
  if (Exceeds(value) || !resolve_at) return Exceeds(value);
  const bool upward = comparison == Comparison::kAbove || comparison == Comparison::kAtLeast;
  return upward ? value > *resolve_at : value < *resolve_at;
}

Json Rule::ToJson() const {
  Json json = Json::Of({{"name", name}, {"expr", expression.text()}});
  if (comparison != Comparison::kAny) json.Set(std::string(ComparisonWord(comparison)), threshold);
  if (resolve_at) json.Set("resolve_at", *resolve_at);
  json.Set("for", DurationText(for_ms)).Set("keep_firing_for", DurationText(keep_firing_ms));
  json.Set("samples_min", samples_min).Set("no_data", NoDataWord(no_data));
  json.Set("severity", severity).Set("labels", LabelsJson(labels));
  json.Set("annotations", LabelsJson(annotations)).Set("runbook", runbook);
  json.Set("flapping", Json::Of({{"changes", flap_changes},
                                 {"within", DurationText(flap_within_ms)},
                                 {"calm", DurationText(calm_ms)}}));
  return json.Set("enabled", enabled);
}

Rule Rule::FromJson(const Json& json) {
  RefuseUnknownFields(json, kFields, "rule");
  Rule rule;
  rule.name = json.At("name").AsString("name");
  CheckName(rule.name);
  rule.expression = Expression::Parse(json.At("expr").AsString("expr"));
  CheckSeries(rule.expression);
  rule.comparison = ReadComparison(json, &rule.threshold);
  if (const Json* given = json.Find("resolve_at"); given != nullptr && !given->is_null())
    rule.resolve_at = given->AsDouble("resolve_at");
  CheckResolveAt(rule);
  rule.for_ms = Duration(json, "for", 0);
  rule.keep_firing_ms = Duration(json, "keep_firing_for", 0);
  rule.samples_min = json.GetInt("samples_min", 0);
  if (rule.samples_min < 0 || rule.samples_min > kPointsPerRange)
    throw InvalidArgument("samples_min must be from 0 to {}", kPointsPerRange)
        .WithField("samples_min");
  rule.no_data = static_cast<NoData>(ReadWord(json, "no_data", {"hold", "alert", "ok"}, 0));
  rule.severity = kSeverities[ReadWord(json, "severity", {"info", "warning", "critical"}, 1)];
  rule.labels = ReadTexts(json, "labels");
  for (const std::string_view name : kReserved)
    if (rule.labels.contains(std::string(name)))
      throw InvalidArgument("The label {} is given by the rule itself", name)
          .WithField(fmt::format("labels.{}", name));
  rule.annotations = ReadTexts(json, "annotations");
  rule.runbook = json.GetString("runbook");
  if (!rule.runbook.empty() && !rule.runbook.starts_with("https://") &&
      !rule.runbook.starts_with("http://"))
    throw InvalidArgument("runbook must be a URL: {}", rule.runbook).WithField("runbook");
  ReadFlapping(json, &rule);
  rule.enabled = json.GetBool("enabled", true);
  return rule;
}

std::string PrometheusExpression(const Rule& rule) {
  if (rule.comparison == Comparison::kAny) return rule.expression.text();
  return fmt::format("({}) {} {}", rule.expression.text(), ComparisonSign(rule.comparison),
                     NumberText(rule.threshold));
}

std::string PrometheusRules(const std::vector<Rule>& rules, std::string_view group) {
  std::string out = fmt::format("groups:\n- name: {}\n  rules:\n", group);
  for (const Rule& rule : rules) {
    if (!rule.enabled) continue;
    out += fmt::format("  - alert: {}\n    expr: {}\n", YamlText(rule.name),
                       YamlText(PrometheusExpression(rule)));
    if (rule.for_ms > 0) out += fmt::format("    for: {}\n", DurationText(rule.for_ms));
    if (rule.keep_firing_ms > 0)
      out += fmt::format("    keep_firing_for: {}\n", DurationText(rule.keep_firing_ms));
    out += fmt::format("    labels:\n      severity: {}\n", rule.severity);
    for (const auto& [name, text] : rule.labels)
      out += fmt::format("      {}: {}\n", name, YamlText(PrometheusTemplate(text, rule)));
    Labels annotations = rule.annotations;
    if (!rule.runbook.empty()) annotations["runbook_url"] = rule.runbook;
    if (!annotations.empty()) out += "    annotations:\n";
    for (const auto& [name, text] : annotations)
      out += fmt::format("      {}: {}\n", name, YamlText(PrometheusTemplate(text, rule)));
  }
  return out;
}

}  // namespace millwright::alerts
