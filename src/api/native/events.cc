#include "api/native/events.h"

#include <algorithm>
#include <charconv>

#include "api/native/request_reader.h"
#include "base/error.h"
#include "lineage/lineage.h"

namespace millwright::api::native {
namespace {

constexpr int kEventsPerPage = 200;
constexpr int kEventsPerRead = 256;
// A comment line now and then lets both ends notice that the other is gone.
constexpr int64_t kStreamBeatMs = 15'000;

// Writes all events behind `cursor` to the stream; false once the client is gone.
bool SendNew(const events::EventLog& log, http::BodyWriter& writer, int64_t* cursor) {
  for (;;) {
    const auto events = log.After(*cursor, kEventsPerRead);
    for (const auto& event : events) {
      std::string text = "id: " + std::to_string(event.seq) + "\ndata: ";
      JsonWriter json(&text);
      WriteEvent(event, json);
      text += "\n\n";
      if (!writer.Write(text)) return false;
      *cursor = event.seq;
    }
    if (events.size() < kEventsPerRead) return true;
  }
}

}  // namespace

void WriteEvent(const events::Event& event, JsonWriter& writer) {
  writer.BeginObject()
      .Field("seq", event.seq)
      .Field("time_ms", event.time_ms)
      .Field("kind", event.kind)
      .Field("subject", event.subject)
      .Field("who", event.who)
      .Field("payload", event.payload)
      .EndObject();
}

http::Response ListEvents(Context& context, const http::Request& request) {
  const auto limit = static_cast<int>(QueryInt(request, "limit", kEventsPerPage, 1, 1000));
  const int64_t before = QueryInt(request, "before", INT64_MAX, 1, INT64_MAX);
  auto events = request.Query("after")
                    ? context.events.After(QueryInt(request, "after", 0, 0, INT64_MAX), limit)
                    : context.events.Before(before, limit);
  if (request.Query("after")) std::reverse(events.begin(), events.end());
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject().Key("events").BeginArray();
  for (const auto& event : events) WriteEvent(event, writer);
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(body));
}

http::Response StreamEvents(Context& context, const http::Request& request) {
  int64_t cursor = context.events.Last();
  if (const auto last = request.headers.Find("last-event-id"))
    std::from_chars(last->data(), last->data() + last->size(), cursor);
  http::Response response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-cache");
  response.producer = [&log = context.events, cursor](http::BodyWriter& writer) mutable {
    if (!writer.Write("retry: 1000\n\n")) return;
    while (SendNew(log, writer, &cursor)) {
      if (!log.WaitFor(cursor, kStreamBeatMs) && !writer.Write(": beat\n\n")) return;
      if (log.closed()) return;
    }
  };
  return response;
}

http::Response GetLineage(Context& context, const http::Request& request) {
  const std::string node = QueryText(request, "node");
  if (node.empty()) throw InvalidArgument("Missing parameter: node").WithField("node");
  lineage::GraphOptions options;
  options.depth = static_cast<int>(QueryInt(request, "depth", 8, 1, lineage::kDepthMax));
  const lineage::Graph graph = context.lineage.Walk(node, options);
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject().Key("nodes").BeginArray();
  for (const auto& id : graph.nodes) {
    const std::string_view kind = lineage::KindOf(id);
    writer.BeginObject()
        .Field("id", id)
        .Field("kind", kind)
        .Field("label", std::string_view(id).substr(kind.size() + 1))
        .EndObject();
  }
  writer.EndArray().Key("edges").BeginArray();
  for (const auto& edge : graph.edges)
    writer.BeginObject()
        .Field("from", edge.from)
        .Field("to", edge.to)
        .Field("label", edge.label)
        .EndObject();
  writer.EndArray().Field("is_cut", graph.is_cut).EndObject();
  return http::Response::JsonText(200, std::move(body));
}

}  // namespace millwright::api::native
