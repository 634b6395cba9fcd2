#include "api/native/predictions.h"

#include <fmt/format.h>

#include <charconv>

#include "api/native/prediction_logs.h"
#include "api/native/request_reader.h"
#include "api/native/table_json.h"
#include "base/error.h"
#include "monitoring/prediction_reader.h"

namespace millwright::api::native {
namespace {

constexpr int kPredictionsPerPage = 50;

Json ValuesJson(const monitoring::NamedValues& values) {
  Json json = Json::MakeObject();
  for (const auto& [name, value] : values) json.Set(name, monitoring::ToJson(value));
  return json;
}

std::optional<monitoring::OutcomeKey> KeyOf(const Json& outcome) {
  const Json* key = outcome.Find("key");
  if (key == nullptr) return std::nullopt;
  const Json& value = key->At("value");
  return monitoring::OutcomeKey{
      .input = key->At("input").AsString("key.input"),
      .value = value.is_string() ? value.AsString() : value.Dump(),
      .within_ms = key->GetInt("within_ms", monitoring::kOutcomeWithinMs)};
}

}  // namespace

Json PredictionJson(const monitoring::KnownPrediction& prediction) {
  Json json = Json::Of({{"id", prediction.id},
                        {"time_ms", prediction.time_ms},
                        {"event_time_ms", prediction.event_time_ms},
                        {"model_version", prediction.model_version},
                        {"revision", prediction.revision},
                        {"role", monitoring::RoleName(prediction.role)},
                        {"latency_us", prediction.latency_us == monitoring::kLatencyUnknown
                                           ? Json()
                                           : Json(prediction.latency_us)},
                        {"caller", prediction.caller},
                        {"trace_id", prediction.trace_id.empty() ? Json() : prediction.trace_id},
                        {"cached", prediction.cached},
                        {"inputs", ValuesJson(prediction.inputs)},
                        {"outputs", ValuesJson(prediction.outputs)}});
  if (prediction.outcome_time_ms) {
    json.Set("outcome", monitoring::ToJson(prediction.outcome));
    json.Set("outcome_time_ms", *prediction.outcome_time_ms);
  }
  if (prediction.feedback) {
    json.Set("feedback", Json::Of({{"value", monitoring::ToJson(prediction.feedback->value)},
                                   {"comment", prediction.feedback->comment},
                                   {"time_ms", prediction.feedback->time_ms}}));
  }
  return json;
}

namespace {

// "1790000000000/id"
std::optional<monitoring::PredictionPlace> ReadPlace(const std::string& token) {
  if (token.empty()) return std::nullopt;
  monitoring::PredictionPlace place;
  const auto [end, error] =
      std::from_chars(token.data(), token.data() + token.size(), place.time_ms);
  if (error != std::errc() || end == token.data() + token.size() || *end != '/')
    throw InvalidArgument("This is no page_token of a list of predictions: {}", token)
        .WithField("page_token");
  place.id.assign(end + 1, token.data() + token.size());
  return place;
}

}  // namespace

http::Response ListPredictions(Context& context, const http::Request& request) {
  const std::string log = LogOf(context, request.PathValue("name"));
  const auto limit =
      static_cast<int>(QueryInt(request, "limit", kPredictionsPerPage, 1, monitoring::kRecentMax));
  monitoring::PredictionPage page;
  if (const std::string id = QueryText(request, "id"); !id.empty()) {
    page.predictions = context.prediction_reader.Find(log, id);
  } else {
    page = context.prediction_reader.Page(log, limit, ReadSlice(request),
                                          ReadPlace(QueryText(request, "page_token")));
  }
  Json predictions = Json::MakeArray();
  for (const auto& prediction : page.predictions) predictions.Append(PredictionJson(prediction));
  Json answer = Json::Of({{"predictions", predictions}});
  if (page.next)
    answer.Set("next_page_token", fmt::format("{}/{}", page.next->time_ms, page.next->id));
  return Answer(answer);
}

http::Response QueryPredictions(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(TableJson(context.prediction_reader.Query(
      LogOf(context, request.PathValue("name")), body.At("sql").AsString("sql"), IsWanted())));
}

http::Response RecordOutcomes(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const std::string endpoint = LogOf(context, body.At("endpoint").AsString("endpoint"));
  std::vector<monitoring::Outcome> outcomes;
  for (const Json& item : body.At("outcomes").AsArray("outcomes")) {
    monitoring::Outcome outcome;
    outcome.key = KeyOf(item);
    if (!outcome.key) outcome.prediction_id = item.At("prediction_id").AsString("prediction_id");
    if (const Json* value = item.Find("value")) outcome.value = monitoring::ToValue(*value);
    outcome.time_ms = item.GetInt("time_ms");
    outcome.kind = monitoring::ParseOutcomeKind(item.GetString("kind", "label"));
    outcome.comment = item.GetString("comment");
    outcome.source = item.GetString("source");
    outcomes.push_back(std::move(outcome));
  }
  const size_t count = outcomes.size();
  context.predictions.RecordOutcomes(endpoint, outcomes, request.principal);
  Json answer = Json::Of({{"recorded", count}});
  // Asks the whole log, which whoever sends outcomes one by one need not wait for.
  if (body.GetBool("count_matched")) {
    answer.Set("matched",
               context.prediction_reader.CountMatched(endpoint, outcomes, context.clock.NowMs()));
  }
  return Answer(answer);
}

}  // namespace millwright::api::native
