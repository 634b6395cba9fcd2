#include "api/native/prediction_logs.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>

#include "analytics/session.h"
#include "api/native/logged_events.h"
#include "api/native/request_reader.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "monitoring/event_pairs.h"
#include "monitoring/prediction_import.h"
#include "monitoring/prediction_reader.h"
#include "serving/gateway.h"

namespace millwright::api::native {
namespace {

constexpr size_t kNameBytesMax = 200;
constexpr size_t kPieceBytes = 1 << 16;
constexpr std::string_view kFormats[] = {"parquet", "csv", "jsonl"};
constexpr std::string_view kRequestEvent = "org.kubeflow.serving.inference.request";
constexpr std::string_view kAnswerEvent = "org.kubeflow.serving.inference.response";

std::string CheckedName(const std::string& name) {
  if (name.empty() || name.size() > kNameBytesMax)
    throw InvalidArgument("The name of a log has 1 to {} characters", kNameBytesMax)
        .WithField("name");
  return name;
}

std::vector<std::string> Texts(const http::Request& request, std::string_view name) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : request.query)
    if (key == name) texts.push_back(value);
  return texts;
}

bool IsServed(Context& context, const std::string& name) {
  try {
    context.gateway.Get(serving::EndpointName(name));
    return true;
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound && error.code() != Code::kInvalidArgument) throw;
    return false;
  }
}

// Puts the body into a file of the client's name, without folders.
std::filesystem::path Receive(const http::Request& request, const TempDir& folder) {
  const std::string given = QueryText(request, "filename");
  if (given.empty()) throw InvalidArgument("Missing parameter: filename").WithField("filename");
  const std::filesystem::path name = std::filesystem::path(given).filename();
  analytics::ReadFileSql(name.string());  // refuses what is no table by its name
  const std::filesystem::path file = folder.path() / name;
  std::ofstream out(file, std::ios::binary);
  std::string piece(kPieceBytes, '\0');
  while (const size_t got = request.body_reader->Read(piece.data(), piece.size()))
    out.write(piece.data(), static_cast<std::streamsize>(got));
  out.close();
  if (!out) throw ResourceExhausted("The predictions could not be put aside: no room on the disk");
  return file;
}

Json Number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json CountsJson(const std::vector<std::pair<std::string, int64_t>>& counts) {
  Json list = Json::MakeArray();
  for (const auto& [value, count] : counts)
    list.Append(Json::Of({{"value", value}, {"count", count}}));
  return list;
}

Json ColumnJson(const monitoring::ColumnSummary& column) {
  Json json = Json::Of({{"name", column.name},
                        {"type", column.is_number ? "number" : "text"},
                        {"missing", column.missing},
                        {"distinct", column.distinct},
                        {"distinct_approximate", column.is_distinct_approximate}});
  if (column.is_number) {
    json.Set("min", Number(column.min));
    json.Set("p50", Number(column.p50));
    json.Set("p50_approximate", column.is_approximate);
    json.Set("mean", Number(column.mean));
    json.Set("max", Number(column.max));
  } else {
    json.Set("top", CountsJson(column.top));
    json.Set("top_approximate", column.is_approximate);
  }
  return json;
}

Json ColumnsJson(const std::vector<monitoring::ColumnSummary>& columns) {
  Json list = Json::MakeArray();
  for (const auto& column : columns) list.Append(ColumnJson(column));
  return list;
}

// A CloudEvents 1.0 event: in binary mode the attributes are headers and the data is the body; in
// structured mode an object of JSON holds both, in a batch a list of such objects.
struct LoggedEvent {
  std::function<std::string(std::string_view)> attribute;  // empty where there is none
  Json data;
};

constexpr size_t kEventsPerBatchMax = 1'000;

LoggedEvent StructuredEvent(const Json& event) {
  if (!event.is_object())
    throw InvalidArgument("An event must be a JSON object, not {}", event.type_name());
  LoggedEvent read;
  read.attribute = [event](std::string_view name) { return event.GetString(name); };
  if (const Json* encoded = event.Find("data_base64")) {
    read.data = ParseJson(Base64Decode(encoded->AsString("data_base64")));
  } else if (const Json* data = event.Find("data")) {
    // Data of another type than JSON is a text.
    read.data = data->is_string() ? ParseJson(data->AsString()) : *data;
  }
  return read;
}

std::vector<LoggedEvent> EventsOf(const http::Request& request) {
  const std::string content_type(request.headers.Find("Content-Type").value_or(""));
  std::vector<LoggedEvent> events;
  if (content_type.starts_with("application/cloudevents-batch")) {
    const Json batch = ParseJson(request.body);
    const auto& list = batch.AsArray("The batch");
    if (list.size() > kEventsPerBatchMax)
      throw InvalidArgument("A batch may have {} events, this one has {}", kEventsPerBatchMax,
                            list.size());
    for (const Json& event : list) events.push_back(StructuredEvent(event));
  } else if (content_type.starts_with("application/cloudevents")) {
    events.push_back(StructuredEvent(BodyObject(request)));
  } else {
    events.push_back({[&request](std::string_view name) {
                        return std::string(
                            request.headers.Find("ce-" + std::string(name)).value_or(""));
                      },
                      BodyObject(request)});
  }
  return events;
}

// Half of a prediction, as an event tells it.
struct ReadHalf {
  monitoring::EventHalf half;
  bool is_request = false;
};

ReadHalf HalfOf(Context& context, const http::Request& request, const LoggedEvent& event) {
  ReadHalf read;
  monitoring::EventHalf& half = read.half;
  half.endpoint = CheckedName(request.PathValue("name"));
  half.id = event.attribute("id");
  half.model_version = event.attribute("modelversion");
  half.time_ms = context.clock.NowMs();
  half.caller = request.principal;
  if (half.id.empty()) throw InvalidArgument("The event has no id (ce-id)").WithField("id");
  if (const std::string time = event.attribute("time"); !time.empty())
    half.time_ms = ParseTime(time);
  if (event.attribute("endpoint") == "canary") half.role = monitoring::Role::kCanary;
  const std::string type = event.attribute("type");
  if (type != kRequestEvent && type != kAnswerEvent)
    throw InvalidArgument("ce-type must be {} or {}, not \"{}\"", kRequestEvent, kAnswerEvent, type)
        .WithField("ce-type");
  if (!event.data.is_object())
    throw InvalidArgument("The event's data must be a JSON object, not {}", event.data.type_name())
        .WithField("data");
  read.is_request = type == kRequestEvent;
  half.rows = read.is_request ? ReadLoggedRequest(event.data, Texts(request, "column"))
                              : ReadLoggedAnswer(event.data, [&](const std::string& column) {
                                  return context.predictions.Hides(half.endpoint, column);
                                });
  return read;
}

}  // namespace

monitoring::LogSlice ReadSlice(const http::Request& request) {
  monitoring::LogSlice slice{.where = QueryText(request, "where"), .is_wanted = IsWanted()};
  if (const int64_t from_ms = QueryInt(request, "from_ms", 0, 0, INT64_MAX); from_ms > 0)
    slice.happened.from_ms = from_ms;
  if (const int64_t to_ms = QueryInt(request, "to_ms", 0, 0, INT64_MAX); to_ms > 0)
    slice.happened.to_ms = to_ms;
  return slice;
}

std::string LogOf(Context& context, const std::string& name) {
  if (context.predictions.Counts(name) != monitoring::LogCounts()) return name;
  return context.gateway.Get(serving::EndpointName(name)).record.name.str();
}

http::Response ListPredictionLogs(Context& context, const http::Request&) {
  Json logs = Json::MakeArray();
  for (const std::string& name : context.predictions.Endpoints()) {
    const monitoring::LogCounts counts = context.predictions.Counts(name);
    Json log = Json::Of({{"name", name},
                         {"predictions", counts.predictions},
                         {"outcomes", counts.outcomes},
                         {"served", IsServed(context, name)}});
    if (const auto happened = context.predictions.Happened(name))
      log.Set("first_ms", happened->from_ms).Set("last_ms", happened->to_ms - 1);
    logs.Append(std::move(log));
  }
  return Answer(Json::Of({{"logs", logs}}));
}

http::Response AddLoggedPredictions(Context& context, const http::Request& request) {
  const std::string name = CheckedName(request.PathValue("name"));
  const TempDir folder;
  const auto file = Receive(request, folder);
  const monitoring::ImportResult result =
      context.prediction_import.Import(name, file,
                                       {.id = QueryText(request, "id_column"),
                                        .time = QueryText(request, "time_column"),
                                        .event_time = QueryText(request, "event_time_column"),
                                        .version = QueryText(request, "version_column"),
                                        .latency_us = QueryText(request, "latency_column"),
                                        .outcome = QueryText(request, "outcome_column"),
                                        .outputs = Texts(request, "output")},
                                       request.principal);
  return Answer(Json::Of({{"predictions", result.predictions},
                          {"outcomes", result.outcomes},
                          {"known", result.known},
                          {"refused", result.refused},
                          {"refusal", result.refusal}}));
}

http::Response AddLoggedEvent(Context& context, const http::Request& request) {
  const std::vector<LoggedEvent> events = EventsOf(request);
  // All are read before any is taken, so that a batch is taken whole or not at all.
  std::vector<ReadHalf> halves;
  for (const LoggedEvent& event : events) {
    try {
      halves.push_back(HalfOf(context, request, event));
    } catch (const Error& error) {
      if (events.size() == 1) throw;
      throw Error(error.code(), fmt::format("Event {} of {}: {}", halves.size() + 1, events.size(),
                                            error.message()))
          .WithField(error.field());
    }
  }
  for (ReadHalf& read : halves) {
    if (read.is_request) {
      context.event_pairs.AddRequest(std::move(read.half));
    } else {
      context.event_pairs.AddAnswer(std::move(read.half));
    }
  }
  return Answer(Json::MakeObject());
}

http::Response SummarizePredictions(Context& context, const http::Request& request) {
  const std::string name = LogOf(context, request.PathValue("name"));
  const monitoring::LogSummary summary =
      context.prediction_reader.Summarize(name, ReadSlice(request));
  Json json = Json::Of({{"name", name},
                        {"predictions", summary.predictions},
                        {"errors", summary.errors},
                        {"latency_p50_ms", Number(summary.latency_p50_ms)},
                        {"latency_p99_ms", Number(summary.latency_p99_ms)},
                        {"latency_approximate", summary.is_latency_approximate},
                        {"versions", CountsJson(summary.versions)},
                        {"inputs", ColumnsJson(summary.inputs)},
                        {"outputs", ColumnsJson(summary.outputs)},
                        {"outcomes", summary.outcomes},
                        {"outcomes_missing", summary.predictions - summary.outcomes},
                        {"coverage", summary.coverage},
                        {"feedback", summary.feedback}});
  if (summary.first_ms) {
    json.Set("first_ms", *summary.first_ms);
    json.Set("last_ms", *summary.last_ms);
  }
  if (summary.outcome) json.Set("outcome", ColumnJson(*summary.outcome));
  return Answer(json);
}

http::Response ExportPredictions(Context& context, const http::Request& request) {
  const std::string name = LogOf(context, request.PathValue("name"));
  const std::string given = QueryText(request, "format");
  const std::string format = given.empty() ? "parquet" : given;
  if (std::find(std::begin(kFormats), std::end(kFormats), format) == std::end(kFormats))
    throw InvalidArgument("format must be parquet, csv or jsonl, not \"{}\"", format)
        .WithField("format");
  const auto folder = std::make_shared<TempDir>();
  const auto file = folder->path() / ("predictions." + format);
  const int64_t rows = context.prediction_reader.Export(name, ReadSlice(request), file);
  http::Response response;
  response.headers.Set("Content-Type", "application/octet-stream");
  response.headers.Set("Content-Disposition",
                       fmt::format("attachment; filename=\"{}\"", file.filename().string()));
  response.headers.Set("Content-Length", std::to_string(std::filesystem::file_size(file)));
  response.headers.Set("X-Millwright-Rows", std::to_string(rows));
  response.producer = [folder, file](http::BodyWriter& writer) {
    std::ifstream in(file, std::ios::binary);
    std::string piece(kPieceBytes, '\0');
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0)
      if (!writer.Write(std::string_view(piece.data(), static_cast<size_t>(in.gcount())))) return;
  };
  return response;
}

}  // namespace millwright::api::native
