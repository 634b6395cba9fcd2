#include "cli/prediction_files.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "serving/request_segment.h"

// What `millwright serve --log` wrote, as text.
namespace millwright::cli {
namespace {

constexpr size_t kWriteBytes = 1 << 16;

struct DecodeOptions {
  std::string path;
};
constexpr Option<DecodeOptions> kDecodeOptions[] = {
    {"", "PATH", "The folder that serve --log wrote, or one of its segments", &DecodeOptions::path,
     "", 0, 0, Option<DecodeOptions>::Kind::kRequired},
};

struct WriteValue {
  JsonWriter& writer;
  void operator()(std::monostate) const { writer.Null(); }
  void operator()(bool value) const { writer.Bool(value); }
  void operator()(int64_t value) const { writer.Int(value); }
  void operator()(double value) const {
    if (std::isnan(value)) return (*this)(std::monostate());
    writer.Double(value);
  }
  void operator()(const std::string& value) const { writer.String(value); }
  void operator()(const std::vector<double>& values) const {
    writer.BeginArray();
    for (const double value : values) (*this)(value);
    writer.EndArray();
  }
};

void WriteValues(std::string_view name,
                 const std::vector<std::pair<std::string, serving::PredictionRow::Value>>& values,
                 JsonWriter* writer) {
  writer->Key(name).BeginObject();
  for (const auto& [key, value] : values) {
    writer->Key(key);
    std::visit(WriteValue{*writer}, value);
  }
  writer->EndObject();
}

void AppendRows(const serving::StoredRequest& stored, std::string* out) {
  const auto& prediction = stored.prediction;
  for (const auto& row : serving::RowsOf(prediction)) {
    JsonWriter writer(out);
    writer.BeginObject()
        .Field("id", row.id)
        .Field("time", FormatTime(prediction.time_ms))
        .Field("event_time", FormatTime(prediction.event_time_ms))
        .Field("endpoint", prediction.endpoint)
        .Field("model_version", prediction.model_version)
        .Field("latency_us", prediction.latency_us)
        .Field("caller", prediction.caller);
    if (!prediction.trace_id.empty()) writer.Field("trace_id", prediction.trace_id);
    if (!stored.error.empty()) writer.Field("error", stored.error);
    WriteValues("inputs", row.inputs, &writer);
    WriteValues("outputs", row.outputs, &writer);
    writer.EndObject();
    out->push_back('\n');
  }
}

int DecodePredictions(const DecodeOptions& options, Console&) {
  const bool is_folder = std::filesystem::is_directory(options.path);
  const auto segments = is_folder ? serving::RequestSegments(options.path)
                                  : std::vector<std::filesystem::path>{options.path};
  if (segments.empty()) throw NotFound("Segment in", options.path);
  std::string text;
  const auto write = [&] {
    std::fwrite(text.data(), 1, text.size(), stdout);
    text.clear();
  };
  for (const auto& segment : segments) {
    const int64_t left = serving::ReadRequestSegment(segment, [&](const auto& stored) {
      AppendRows(stored, &text);
      if (text.size() >= kWriteBytes) write();
    });
    if (left > 0) {
      fmt::print(stderr, "{}: {} bytes of a torn tail were left out\n", segment.filename().string(),
                 left);
    }
  }
  write();
  return 0;
}

}  // namespace

void AddPredictionFileCommands(Commands& commands) {
  commands.push_back(MakeCommand("predictions decode",
                                 "Print what serve --log wrote, a row a line of JSON",
                                 kDecodeOptions, DecodePredictions));
}

}  // namespace millwright::cli
