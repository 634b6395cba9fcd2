#include "cli/run_export.h"

#include <fstream>
#include <string>
#include <vector>

#include "base/csv.h"
#include "base/error.h"
#include "cli/metric_history.h"

namespace millwright::cli {
namespace {

std::vector<std::string> MetricKeys(const Json& run) {
  std::vector<std::string> keys;
  if (const Json* metrics = run.At("data").Find("metrics"))
    for (const Json& metric : metrics->AsArray()) keys.push_back(metric.GetString("key"));
  return keys;
}

void WriteCsvRows(const Json& items, const std::string& kind, std::ostream& out) {
  for (const Json& item : items.AsArray())
    out << kind << ',' << CsvField(item.GetString("key")) << ','
        << CsvField(item.GetString("value")) << ",,\r\n";
}

}  // namespace

int64_t ExportRunAsJson(Client& client, const Json& run, std::ostream& out) {
  int64_t count = 0;
  out << "{\"run\": " << run.Dump() << ",\n \"metric_history\": {";
  const char* key_separator = "\n  ";
  for (const auto& key : MetricKeys(run)) {
    std::string name;
    AppendJsonString(key, &name);
    out << key_separator << name << ": [";
    key_separator = ",\n  ";
    const char* separator = "";
    ReadHistory(client, run.At("info").GetString("run_id"), key, [&](const auto& points) {
      std::string page;
      for (const auto& point : points) {
        page += separator;
        separator = ",";
        JsonWriter(&page)
            .BeginObject()
            .Field("value", point.value)
            .Field("timestamp", point.timestamp_ms)
            .Field("step", point.step)
            .EndObject();
      }
      out << page;
      count += static_cast<int64_t>(points.size());
    });
    out << "]";
  }
  out << "}}\n";
  return count;
}

int64_t ExportRunAsCsv(Client& client, const Json& run, std::ostream& out) {
  int64_t count = 0;
  out << "kind,key,value,step,timestamp\r\n";
  for (const auto& [key, value] : run.At("info").AsObject())
    out << "info," << CsvField(key) << ','
        << CsvField(value.is_string() ? value.AsString() : value.Dump()) << ",,\r\n";
  if (const Json* params = run.At("data").Find("params")) WriteCsvRows(*params, "param", out);
  if (const Json* tags = run.At("data").Find("tags")) WriteCsvRows(*tags, "tag", out);
  for (const auto& key : MetricKeys(run)) {
    const std::string start = "metric," + CsvField(key) + ",";
    ReadHistory(client, run.At("info").GetString("run_id"), key, [&](const auto& points) {
      std::string page;
      for (const auto& point : points)
        page += start + CsvNumber(point.value) + "," + std::to_string(point.step) + "," +
                std::to_string(point.timestamp_ms) + "\r\n";
      out << page;
      count += static_cast<int64_t>(points.size());
    });
  }
  return count;
}

RunExporter FindRunExporter(const std::string& format) {
  if (format == "csv") return ExportRunAsCsv;
  if (format == "json") return ExportRunAsJson;
  throw InvalidArgument("--format is json or csv, not {}", format).WithField("--format");
}

int64_t WriteWhole(const std::filesystem::path& file,
                   const std::function<int64_t(std::ostream&)>& write) {
  auto part = file;
  part += ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  if (!out) throw PermissionDenied("Cannot write {}", part.string()).WithField("--output");
  const int64_t count = write(out);
  out.close();
  if (!out) throw ResourceExhausted("Cannot write {}", part.string()).WithField("--output");
  std::filesystem::rename(part, file);
  return count;
}

}  // namespace millwright::cli
