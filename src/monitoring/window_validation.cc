#include "monitoring/window_validation.h"

#include <algorithm>
#include <set>

#include "quality/report_words.h"
#include "quality/validation.h"

namespace millwright::monitoring {
namespace {

constexpr size_t kNameCharactersMax = 200;

// Two expectations that read alike are told apart, since an alert goes by the name.
std::string FreshName(const quality::Expectation& expectation, const Json& parameters,
                      std::set<std::string>* names) {
  const std::string words = quality::Clip(
      quality::DescribeExpectation(expectation, parameters).Text(), kNameCharactersMax);
  std::string name = words;
  for (int i = 2; !names->insert(name).second; ++i) name = words + " (" + std::to_string(i) + ")";
  return name;
}

double NumberAt(const Json& json, std::string_view key, double otherwise) {
  const Json* value = json.Find(key);
  return value != nullptr && value->is_number() ? value->AsDouble() : otherwise;
}

CheckedExpectation Checked(const quality::ExpectationResult& result, std::string name) {
  CheckedExpectation check{.name = std::move(name), .success = result.success};
  const Json* percent = result.result.Find("unexpected_percent");
  if (percent != nullptr && percent->is_number()) {
    check.unexpected_share = percent->AsDouble() / 100;
    check.allowed_share = 1 - NumberAt(result.expectation.kwargs, "mostly", 1);
  } else {
    check.unexpected_share = result.success ? 0 : 1;
  }
  if (result.raised) {
    check.message = result.exception_message;
  } else if (const Json* observed = result.result.Find("observed_value"); observed != nullptr) {
    check.message = quality::Clip(quality::FigureText(*observed), kNameCharactersMax);
  }
  return check;
}

}  // namespace

Json MonitorSuite::ToJson() const {
  return Json::Of({{"suite", suite.ToJson()}, {"version", version}});
}

MonitorSuite MonitorSuite::FromJson(const Json& json) {
  return {quality::ParseSuite(json.At("suite")), json.GetInt("version")};
}

int64_t WindowValidation::broken() const {
  return std::count_if(checks.begin(), checks.end(),
                       [](const CheckedExpectation& check) { return !check.success; });
}

Json WindowValidation::ToJson() const {
  if (suite.empty()) return Json::MakeObject();
  Json list = Json::MakeArray();
  for (const CheckedExpectation& check : checks) {
    list.Append(Json::Of({{"expectation", check.name},
                          {"success", check.success},
                          {"unexpected_share", check.unexpected_share},
                          {"allowed_share", check.allowed_share},
                          {"message", check.message}}));
  }
  return Json::Of(
      {{"suite", suite}, {"version", version}, {"broken", broken()}, {"checks", std::move(list)}});
}

WindowValidation WindowValidation::FromJson(const Json& json) {
  WindowValidation validation;
  if (!json.Has("suite")) return validation;  // none, or of before there was this
  validation.suite = json.GetString("suite");
  validation.version = json.GetInt("version");
  for (const Json& check : json.At("checks").AsArray("checks")) {
    validation.checks.push_back({check.GetString("expectation"), check.GetBool("success"),
                                 check.GetDouble("unexpected_share"),
                                 check.GetDouble("allowed_share"), check.GetString("message")});
  }
  return validation;
}

WindowValidation ValidateWindow(analytics::Session& session, const std::string& table,
                                const MonitorSuite& suite) {
  quality::ValidationOptions options;
  options.format = quality::ResultFormat::kBasic;
  options.partial_unexpected_count = 0;
  options.row_sample_max = 0;
  const quality::ValidationResult result = quality::Validate(session, table, suite.suite, options);
  WindowValidation validation{suite.suite.name, suite.version, {}};
  std::set<std::string> names;
  for (const quality::ExpectationResult& one : result.results) {
    validation.checks.push_back(
        Checked(one, FreshName(one.expectation, result.parameters, &names)));
  }
  return validation;
}

}  // namespace millwright::monitoring
