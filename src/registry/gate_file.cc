#include "registry/gate_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/yaml.h"
#include "registry/change.h"

namespace millwright::registry {
namespace {

// A value and where it stands in the file, for messages.
struct Place {
  const Json& json;
  std::string path;

  std::optional<Place> Find(std::string_view key) const {
    const Json* found = json.Find(key);
    if (found == nullptr || found->is_null()) return std::nullopt;
    return Place{*found, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)};
  }
  bool Has(std::string_view key) const { return json.Has(key); }
  std::vector<Place> Items() const {
    if (!json.is_array()) Refuse("must be a list, but is of type {}", json.type_name());
    std::vector<Place> items;
    for (size_t i = 0; i < json.AsArray().size(); ++i) {
      items.push_back({json.AsArray()[i], fmt::format("{}[{}]", path, i)});
    }
    return items;
  }
  double Number() const {
    if (!json.is_number() || !std::isfinite(json.AsDouble())) Refuse("must be a number");
    return json.AsDouble();
  }
  int64_t Whole(int64_t min, int64_t max) const {
    if (!json.is_int() || json.AsInt() < min || json.AsInt() > max) {
      Refuse("must be a whole number from {} to {}", min, max);
    }
    return json.AsInt();
  }
  bool Bool() const {
    if (!json.is_bool()) Refuse("must be true or false");
    return json.AsBool();
  }
  std::string Text() const {
    if (!json.is_string() || json.AsString().empty()) Refuse("must be a text");
    return json.AsString();
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Place& item : Items()) texts.push_back(item.Text());
    return texts;
  }

  template <typename... Args>
  [[noreturn]] void Refuse(fmt::format_string<Args...> text, Args&&... args) const {
    throw InvalidArgument("{} {}", path.empty() ? "A gate file" : path,
                          fmt::format(text, std::forward<Args>(args)...))
        .WithField(path);
  }
  void KnowsOnly(std::initializer_list<std::string_view> known) const {
    if (!json.is_object()) Refuse("must be a mapping, but is of type {}", json.type_name());
    for (const auto& [key, value] : json.AsObject()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      throw InvalidArgument("Unknown field: {}. Known are {}",
                            path.empty() ? key : path + "." + key, fmt::join(known, ", "))
          .WithField(path.empty() ? key : path + "." + key);
    }
  }
};

MetricBound ReadMetric(const Place& place) {
  place.KnowsOnly({"name", "min", "max", "better_than_champion", "goal"});
  MetricBound bound;
  const auto name = place.Find("name");
  if (!name) place.Refuse("needs a name");
  bound.name = name->Text();
  if (const auto min = place.Find("min")) bound.min = min->Number();
  if (const auto max = place.Find("max")) bound.max = max->Number();
  if (const auto better = place.Find("better_than_champion")) {
    bound.better_than_champion = better->Number();
  }
  if (const auto goal = place.Find("goal")) {
    const std::string text = goal->Text();
    if (text != "higher" && text != "lower") goal->Refuse("must be higher or lower");
    bound.lower_is_better = text == "lower";
  }
  if (!bound.min && !bound.max && !bound.better_than_champion) {
    place.Refuse("asks for nothing: it needs min, max or better_than_champion");
  }
  return bound;
}

SuiteRule ReadSuite(const Place& place) {
  if (place.json.is_string()) return {place.Text()};
  place.KnowsOnly({"suite", "dataset"});
  const auto suite = place.Find("suite");
  if (!suite) place.Refuse("needs a suite");
  SuiteRule rule{suite->Text()};
  if (const auto dataset = place.Find("dataset")) rule.dataset = dataset->Text();
  return rule;
}

std::optional<ParityRule> ReadParity(const Place& place) {
  if (place.json.is_bool()) {
    if (place.Bool()) return ParityRule{};
    return std::nullopt;
  }
  place.KnowsOnly({"max"});
  ParityRule rule;
  if (const auto max = place.Find("max")) rule.max = max->Number();
  return rule;
}

ApprovalRule ReadApprovals(const Place& place) {
  if (place.json.is_number()) return {place.Whole(1, kApprovalsMax)};
  place.KnowsOnly({"count", "by", "author_counts"});
  ApprovalRule rule;
  if (const auto count = place.Find("count")) rule.count = count->Whole(1, kApprovalsMax);
  if (const auto by = place.Find("by")) rule.by = by->Texts();
  if (const auto author = place.Find("author_counts")) rule.author_counts = author->Bool();
  const std::set<std::string> people(rule.by.begin(), rule.by.end());
  if (!rule.by.empty() && std::ssize(people) < rule.count) {
    place.Refuse("asks for {} approvals by {} people", rule.count, people.size());
  }
  return rule;
}

SchemaRule ReadSchema(const Place& place) {
  const std::string text = place.Text();
  if (text == "deployed") return SchemaRule::kDeployed;
  if (text == "compatible") return SchemaRule::kCompatible;
  if (text == "any") return SchemaRule::kAny;
  place.Refuse("must be deployed, compatible or any");
}

Stage ReadStage(const Place& place) {
  const std::string text = place.Text();
  for (const Stage stage : {Stage::kStaging, Stage::kProduction}) {
    if (text == StageName(stage)) return stage;
  }
  place.Refuse("must be Staging or Production");
}

void RequireAliasAt(const Place& place) {
  try {
    RequireAlias(place.Text());
  } catch (const Error& error) {
    place.Refuse("is no alias: {}", error.message());
  }
}

GateSpec ReadGate(const Place& place) {
  place.KnowsOnly({"name", "aliases", "stages", "compare_with", "metrics", "checks", "suites",
                   "parity", "scan", "schema", "approvals"});
  GateSpec gate;
  if (const auto name = place.Find("name")) {
    gate.name = name->Text();
    if (gate.name.size() > kAliasCharactersMax) name->Refuse("is too long");
  }
  if (const auto aliases = place.Find("aliases")) {
    for (const Place& alias : aliases->Items()) {
      RequireAliasAt(alias);
      gate.aliases.push_back(alias.Text());
    }
  }
  if (const auto stages = place.Find("stages")) {
    for (const Place& stage : stages->Items()) gate.stages.push_back(ReadStage(stage));
  }
  if (!place.Has("aliases") && !place.Has("stages")) gate.aliases = {"champion"};
  if (gate.aliases.empty() && gate.stages.empty()) place.Refuse("protects nothing");
  if (const auto other = place.Find("compare_with")) {
    RequireAliasAt(*other);
    gate.compare_with = other->Text();
  }
  if (const auto metrics = place.Find("metrics")) {
    for (const Place& metric : metrics->Items()) gate.metrics.push_back(ReadMetric(metric));
  }
  if (const auto checks = place.Find("checks")) gate.checks = checks->Texts();
  if (const auto suites = place.Find("suites")) {
    for (const Place& suite : suites->Items()) gate.suites.push_back(ReadSuite(suite));
  }
  if (const auto parity = place.Find("parity")) gate.parity = ReadParity(*parity);
  if (const auto scan = place.Find("scan")) gate.scan = scan->Bool();
  if (const auto schema = place.Find("schema")) gate.schema = ReadSchema(*schema);
  if (const auto approvals = place.Find("approvals")) gate.approvals = ReadApprovals(*approvals);
  if (gate.metrics.size() + gate.checks.size() + gate.suites.size() + gate.aliases.size() >
      kGateItemsMax) {
    place.Refuse("has more than {} items", kGateItemsMax);
  }
  return gate;
}

Json Texts(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const auto& text : texts) list.Append(text);
  return list;
}

Json MetricToJson(const MetricBound& bound) {
  Json json = Json::Of({{"name", bound.name}});
  if (bound.min) json.Set("min", *bound.min);
  if (bound.max) json.Set("max", *bound.max);
  if (bound.better_than_champion) json.Set("better_than_champion", *bound.better_than_champion);
  if (bound.lower_is_better) json.Set("goal", "lower");
  return json;
}

Json ApprovalsToJson(const ApprovalRule& rule) {
  Json json = Json::Of({{"count", rule.count}});
  if (!rule.by.empty()) json.Set("by", Texts(rule.by));
  if (rule.author_counts) json.Set("author_counts", true);
  return json;
}

// Only what is asked for is written.
Json GateToJson(const GateSpec& gate) {
  Json json = Json::MakeObject();
  if (!gate.name.empty()) json.Set("name", gate.name);
  if (!gate.aliases.empty()) json.Set("aliases", Texts(gate.aliases));
  if (!gate.stages.empty()) {
    Json stages = Json::MakeArray();
    for (const Stage stage : gate.stages) stages.Append(StageName(stage));
    json.Set("stages", std::move(stages));
  }
  if (!gate.compare_with.empty()) json.Set("compare_with", gate.compare_with);
  if (!gate.metrics.empty()) {
    Json bounds = Json::MakeArray();
    for (const auto& bound : gate.metrics) bounds.Append(MetricToJson(bound));
    json.Set("metrics", std::move(bounds));
  }
  if (!gate.checks.empty()) json.Set("checks", Texts(gate.checks));
  if (!gate.suites.empty()) {
    Json suites = Json::MakeArray();
    for (const auto& rule : gate.suites) {
      Json item = Json::Of({{"suite", rule.suite}});
      if (!rule.dataset.empty()) item.Set("dataset", rule.dataset);
      suites.Append(std::move(item));
    }
    json.Set("suites", std::move(suites));
  }
  if (gate.parity) {
    json.Set("parity", gate.parity->max ? Json::Of({{"max", *gate.parity->max}}) : Json(true));
  }
  if (gate.scan) json.Set("scan", true);
  if (gate.schema == SchemaRule::kCompatible) json.Set("schema", "compatible");
  if (gate.schema == SchemaRule::kAny) json.Set("schema", "any");
  if (gate.approvals) json.Set("approvals", ApprovalsToJson(*gate.approvals));
  return json;
}

}  // namespace

Json GateFile::ToJson() const {
  Json list = Json::MakeArray();
  for (const auto& gate : gates) list.Append(GateToJson(gate));
  return Json::Of({{"gates", std::move(list)}});
}

GateFile GateFile::FromJson(const Json& json) {
  GateFile file;
  const Place whole{json, ""};
  const auto list = whole.Find("gates");
  if (!list) {
    file.gates.push_back(ReadGate(whole));
    return file;
  }
  whole.KnowsOnly({"gates"});
  std::set<std::string> names;
  for (const Place& place : list->Items()) {
    file.gates.push_back(ReadGate(place));
    const std::string& name = file.gates.back().name;
    if (!names.insert(name).second) {
      if (name.empty()) place.Refuse("needs a name, for there are several gates");
      place.Refuse("has the name of another gate: {}", name);
    }
  }
  if (file.gates.size() > kGatesMax) list->Refuse("has more than {} gates", kGatesMax);
  return file;
}

GateFile GateFile::FromYaml(std::string_view text) {
  if (text.size() > kGateFileBytesMax) {
    throw InvalidArgument("A gate file has at most {} bytes", kGateFileBytesMax);
  }
  YamlLines lines;
  const Json json = ParseYaml(text, &lines);
  try {
    GateFile file = FromJson(json);
    file.source = std::string(text);
    return file;
  } catch (const Error& error) {
    throw InvalidArgument("Line {}: {}", LineOf(lines, error.field()), error.message())
        .WithField(error.field());
  }
}

}  // namespace millwright::registry
