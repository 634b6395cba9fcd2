#include "api/native/validations.h"

#include "analytics/session.h"
#include "api/native/prediction_logs.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "data/dataset_store.h"
#include "data/source_store.h"
#include "monitoring/prediction_reader.h"
#include "quality/report.h"
#include "quality/report_words.h"
#include "quality/suite_review.h"
#include "quality/suite_store.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kValidationMsMax = 600'000;
constexpr std::string_view kPredictions = "predictions:";  // before the name of a log

Json SummaryJson(const quality::ValidationSummary& summary) {
  return Json::Of({{"id", summary.id.str()},
                   {"suite", summary.suite},
                   {"dataset", summary.dataset},
                   {"version", summary.version},
                   {"success", summary.success},
                   {"evaluated", summary.evaluated},
                   {"unsuccessful", summary.unsuccessful},
                   {"created_ms", summary.created_ms},
                   {"who", summary.who},
                   {"suite_version", summary.suite_version}});
}

quality::ValidationOptions ValidationOptionsOf(const Json& body) {
  quality::ValidationOptions options;
  options.format = quality::ParseResultFormat(body.GetString("result_format", "SUMMARY"));
  options.partial_unexpected_count =
      static_cast<int>(body.GetInt("partial_unexpected_count", options.partial_unexpected_count));
  options.index_columns = body.GetStrings("index_columns");
  if (const Json* parameters = body.Find("suite_parameters")) {
    parameters->AsObject("suite_parameters");
    options.parameters = *parameters;
  }
  return options;
}

// A suite may hold SQL of its own, which must see what it judges and no other file.
std::pair<int64_t, quality::ValidationResult> JudgeDataset(
    Context& context, const std::string& name, int64_t number, const quality::Suite& suite,
    const quality::ValidationOptions& options) {
  // A held version may be judged: that is how one finds out what is wrong with it.
  const auto version = context.datasets.Look(name, number);
  analytics::SessionOptions sandbox;
  sandbox.allowed_files = {context.datasets.File(version).string()};
  sandbox.time_limit_ms = kValidationMsMax;
  sandbox.host = &context.sql_host;
  analytics::Session session(sandbox);
  return {version.version,
          quality::Validate(session, context.datasets.ReadSql(version), suite, options)};
}

// A log of predictions as it is now: input_*, output_*, outcome and what else it has.
quality::ValidationResult JudgePredictions(Context& context, const std::string& log,
                                           const quality::Suite& suite,
                                           const quality::ValidationOptions& options) {
  const monitoring::LogSnapshot snapshot = context.predictions.Open(LogOf(context, log));
  analytics::SessionOptions sandbox;
  sandbox.allowed_files = snapshot.files;
  sandbox.allowed_folders = {snapshot.tail->path().string()};
  sandbox.time_limit_ms = kValidationMsMax;
  sandbox.host = &context.sql_host;
  analytics::Session session(sandbox);
  return quality::Validate(session, monitoring::KnownPredictionsSql(snapshot), suite, options);
}

}  // namespace

http::Response PutSuite(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  quality::Suite suite = quality::ParseSuite(body.At("suite"));
  suite.name = body.GetString("name", suite.name);
  const int64_t version = context.suites.Put(suite, request.principal, body.GetString("reason"));
  return Answer(Json::Of(
      {{"name", suite.name}, {"expectations", suite.expectations.size()}, {"version", version}}));
}

http::Response ListSuites(Context& context, const http::Request& request) {
  Json suites = Json::MakeArray();
  for (const auto& suite : context.suites.List(QueryText(request, "after")))
    suites.Append(Json::Of({{"name", suite.name},
                            {"expectations", suite.expectation_count},
                            {"created_ms", suite.created_ms},
                            {"updated_ms", suite.updated_ms},
                            {"updated_by", suite.updated_by},
                            {"version", suite.version}}));
  return Answer(Json::Of({{"suites", suites}}));
}

http::Response GetSuite(Context& context, const http::Request& request) {
  const auto found = context.suites.GetVersion(request.PathValue("name"),
                                               QueryInt(request, "version", 0, 0, INT64_MAX));
  Json answer = found.suite.ToJson();
  answer.Set("version", found.version);
  const auto keys = quality::ExpectationKeys(found.suite.expectations);
  Json checks = Json::MakeArray();
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto says =
        quality::DescribeExpectation(found.suite.expectations[i], found.suite.parameters);
    checks.Append(Json::Of({{"name", keys[i]}, {"says", says.Text()}}));
  }
  answer.Set("checks", std::move(checks));
  return Answer(answer);
}

http::Response DeleteSuite(Context& context, const http::Request& request) {
  context.suites.Delete(request.PathValue("name"), request.principal);
  return Answer(Json::MakeObject());
}

http::Response ListSuiteVersions(Context& context, const http::Request& request) {
  const auto limit =
      static_cast<int>(QueryInt(request, "limit", 100, 1, quality::kSuiteVersionsMax));
  Json versions = Json::MakeArray();
  for (const auto& version : context.suites.Versions(request.PathValue("name"), limit))
    versions.Append(Json::Of({{"version", version.version},
                              {"expectations", version.expectation_count},
                              {"reason", version.reason},
                              {"created_ms", version.created_ms},
                              {"who", version.who}}));
  return Answer(Json::Of({{"versions", versions}}));
}

namespace {

Json PointJson(const quality::CheckPoint& point) {
  Json json = Json::Of({{"validation_id", point.validation_id},
                        {"version", point.version},
                        {"suite_version", point.suite_version},
                        {"created_ms", point.created_ms},
                        {"standing", quality::StandingName(point.standing)}});
  if (point.share) json.Set("unexpected_share", *point.share);
  if (!point.observed.is_null()) json.Set("observed", point.observed);
  return json;
}

}  // namespace

http::Response GetSuiteHistory(Context& context, const http::Request& request) {
  const std::string& suite = request.PathValue("name");
  const std::string source = QueryText(request, "source");
  std::string dataset = QueryText(request, "dataset");
  if (source.empty() == dataset.empty())
    throw InvalidArgument("Say either dataset or source").WithField("dataset");
  if (dataset.empty()) dataset = context.sources.Get(source).dataset;
  context.suites.Versions(suite, 1);
  const auto limit = static_cast<int>(
      QueryInt(request, "limit", quality::kHistoryShownMax, 1, quality::kHistoryMax));
  Json checks = Json::MakeArray();
  for (const auto& history : context.suites.History(suite, dataset, limit)) {
    Json points = Json::MakeArray();
    for (const auto& point : history.points) points.Append(PointJson(point));
    checks.Append(Json::Of({{"expectation", history.key}, {"points", points}}));
  }
  return Answer(Json::Of({{"suite", suite}, {"dataset", dataset}, {"checks", checks}}));
}

http::Response CreateValidation(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto [suite, suite_version] = context.suites.GetVersion(body.At("suite").AsString("suite"));
  const quality::ValidationOptions options = ValidationOptionsOf(body);
  const std::string& dataset = body.At("dataset").AsString("dataset");
  const auto [version, result] =
      dataset.starts_with(kPredictions)
          ? std::pair(int64_t{0}, JudgePredictions(context, dataset.substr(kPredictions.size()),
                                                   suite, options))
          : JudgeDataset(context, dataset, body.GetInt("version"), suite, options);
  const auto summary =
      context.suites.Record(dataset, version, result, request.principal, suite_version);
  Json answer = context.suites.GetValidation(summary.id).result;
  answer.Set("id", summary.id.str());
  return Answer(answer);
}

http::Response ListValidations(Context& context, const http::Request& request) {
  const auto limit = static_cast<int>(QueryInt(request, "limit", 100, 1, quality::kValidationsMax));
  Json validations = Json::MakeArray();
  for (const auto& summary : context.suites.ListValidations(QueryText(request, "dataset"), limit))
    validations.Append(SummaryJson(summary));
  return Answer(Json::Of({{"validations", validations}}));
}

http::Response GetValidation(Context& context, const http::Request& request) {
  const auto stored = context.suites.GetValidation(quality::ValidationId(request.PathValue("id")));
  Json answer = stored.result;
  answer.Set("id", stored.id.str());
  const auto keys = quality::ExpectationKeys(
      quality::ExpectationsOf(quality::ValidationResult::FromJson(stored.result)));
  answer.Set("expectations", Json(Json::Array(keys.begin(), keys.end())));
  return Answer(answer);
}

http::Response GetValidationReport(Context& context, const http::Request& request) {
  const auto stored = context.suites.GetValidation(quality::ValidationId(request.PathValue("id")));
  const quality::ReportNotes notes{
      .histories =
          quality::Until(context.suites.History(stored.suite, stored.dataset, quality::kHistoryMax),
                         stored.created_ms),
      .comments = context.review.Comments(stored.suite),
      .proposals = context.review.Proposals(stored.suite)};
  auto response = http::Response::Text(
      200, quality::RenderReport(quality::ValidationResult::FromJson(stored.result), notes),
      "text/html; charset=utf-8");
  // The report is one file without scripts of others; nothing in it may reach out.
  response.headers.Set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  return response;
}

}  // namespace millwright::api::native
