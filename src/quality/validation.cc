#include "quality/validation.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::quality {
namespace {

constexpr std::pair<ResultFormat, std::string_view> kFormatNames[] = {
    {ResultFormat::kBooleanOnly, "BOOLEAN_ONLY"},
    {ResultFormat::kBasic, "BASIC"},
    {ResultFormat::kSummary, "SUMMARY"},
    {ResultFormat::kComplete, "COMPLETE"},
};

ExpectationResult ParseResult(const Json& json) {
  ExpectationResult result;
  const Json& config = json.At("expectation_config");
  result.expectation.type = config.At("type").AsString("type");
  if (const Json* kwargs = config.Find("kwargs")) result.expectation.kwargs = *kwargs;
  if (const Json* meta = config.Find("meta")) result.expectation.meta = *meta;
  result.expectation.id = config.GetString("id");
  result.expectation.description = config.GetString("description");
  result.success = json.GetBool("success");
  if (const Json* details = json.Find("result")) result.result = *details;
  if (const Json* rows = json.Find("unexpected_rows")) result.rows = *rows;
  if (const Json* info = json.Find("exception_info")) {
    result.raised = info->GetBool("raised_exception");
    result.exception_message = info->GetString("exception_message");
  }
  return result;
}

}  // namespace

std::string_view ResultFormatName(ResultFormat format) {
  for (const auto& [value, name] : kFormatNames) {
    if (value == format) return name;
  }
  return "SUMMARY";
}

ResultFormat ParseResultFormat(std::string_view text) {
  for (const auto& [value, name] : kFormatNames) {
    if (name == text) return value;
  }
  throw InvalidArgument("result_format must be BOOLEAN_ONLY, BASIC, SUMMARY or COMPLETE: {}", text)
      .WithField("result_format");
}

Json ExpectationResult::ToJson() const {
  Json info = Json::Of({{"raised_exception", raised},
                        {"exception_traceback", Json()},
                        {"exception_message", raised ? Json(exception_message) : Json()}});
  Json json = Json::Of({{"success", success},
                        {"expectation_config", expectation.ToJson()},
                        {"result", result},
                        {"meta", Json::MakeObject()},
                        {"exception_info", std::move(info)}});
  if (!rows.is_array() || !rows.AsArray().empty()) json.Set("unexpected_rows", rows);
  return json;
}

int64_t ValidationResult::unsuccessful() const {
  return std::count_if(results.begin(), results.end(),
                       [](const ExpectationResult& result) { return !result.success; });
}

Json ValidationResult::Statistics() const {
  const int64_t failed = unsuccessful();
  const int64_t succeeded = evaluated() - failed;
  Json percent;
  if (evaluated() > 0) {
    percent = Json(static_cast<double>(succeeded) / static_cast<double>(evaluated()) * 100);
  }
  return Json::Of({{"evaluated_expectations", evaluated()},
                   {"successful_expectations", succeeded},
                   {"unsuccessful_expectations", failed},
                   {"success_percent", percent}});
}

Json ValidationResult::ToJson() const {
  Json list = Json::MakeArray();
  for (const ExpectationResult& result : results) list.Append(result.ToJson());
  return Json::Of({{"success", success},
                   {"results", std::move(list)},
                   {"suite_name", suite},
                   {"suite_parameters", parameters},
                   {"statistics", Statistics()},
                   {"meta", meta}});
}

ValidationResult ValidationResult::FromJson(const Json& json) {
  ValidationResult validation;
  validation.success = json.At("success").AsBool("success");
  validation.suite = json.GetString("suite_name");
  for (const Json& result : json.At("results").AsArray("results")) {
    validation.results.push_back(ParseResult(result));
  }
  if (const Json* parameters = json.Find("suite_parameters")) validation.parameters = *parameters;
  if (const Json* meta = json.Find("meta")) validation.meta = *meta;
  return validation;
}

}  // namespace millwright::quality
