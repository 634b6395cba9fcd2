#include "monitoring/log_sql.h"

#include "analytics/session.h"

namespace millwright::monitoring {

using analytics::QuoteText;

namespace {

constexpr std::pair<const char*, const char*> kPredictionColumns[] = {
    {"id", "VARCHAR"},           {"endpoint", "VARCHAR"},  {"model_version", "VARCHAR"},
    {"revision", "VARCHAR"},     {"role", "VARCHAR"},      {"time_ms", "BIGINT"},
    {"event_time_ms", "BIGINT"}, {"latency_us", "BIGINT"}, {"caller", "VARCHAR"},
    {"error", "VARCHAR"},        {"cached", "BOOLEAN"},    {"trace_id", "VARCHAR"},
};
constexpr std::pair<const char*, const char*> kOutcomeColumns[] = {
    {"prediction_id", "VARCHAR"}, {"endpoint", "VARCHAR"},  {"time_ms", "BIGINT"},
    {"who", "VARCHAR"},           {"number", "DOUBLE"},     {"text", "VARCHAR"},
    {"sequence", "BIGINT"},       {"kind", "VARCHAR"},      {"comment", "VARCHAR"},
    {"key_input", "VARCHAR"},     {"key_value", "VARCHAR"}, {"within_ms", "BIGINT"},
    {"source", "VARCHAR"},
};

template <typename F>
void ForEachFixedColumn(RecordKind kind, F&& each) {
  if (kind == RecordKind::kPrediction) {
    for (const auto& [name, type] : kPredictionColumns) each(name, type);
  } else {
    for (const auto& [name, type] : kOutcomeColumns) each(name, type);
  }
}

std::string ColumnsSql(RecordKind kind, const Schema& schema) {
  std::string sql = "{";
  const auto add = [&](std::string_view name, std::string_view type) {
    if (sql.size() > 1) sql += ", ";
    sql += QuoteText(name) + ": " + QuoteText(type);
  };
  ForEachFixedColumn(kind, add);
  for (const auto& [name, type] : schema) add(name, type);
  return sql + "}";
}

}  // namespace

std::string ListSql(const std::vector<std::filesystem::path>& files) {
  std::string sql = "[";
  for (const std::filesystem::path& file : files) {
    if (sql.size() > 1) sql += ", ";
    sql += QuoteText(file.string());
  }
  return sql + "]";
}

std::string FilesSql(RecordKind kind, const std::vector<std::filesystem::path>& files) {
  return "(SELECT * FROM read_parquet(" + ListSql(files) +
         ", union_by_name = true) UNION ALL BY NAME SELECT * FROM " + NoRowsSql(kind) + ")";
}

std::string LinesSql(RecordKind kind, const std::filesystem::path& file, const Schema& schema) {
  return "read_json(" + QuoteText(file.string()) +
         ", format = 'newline_delimited', columns = " + ColumnsSql(kind, schema) + ")";
}

std::string NoRowsSql(RecordKind kind) {
  std::string columns;
  ForEachFixedColumn(kind, [&](const char* name, const char* type) {
    if (!columns.empty()) columns += ", ";
    columns += std::string("CAST(NULL AS ") + type + ") AS " + name;
  });
  return "(SELECT " + columns + " WHERE FALSE)";
}

std::string OncePerSource(const std::string& outcomes) {
  return "(SELECT * FROM " + outcomes + " WHERE source IS NULL UNION ALL BY NAME SELECT * FROM " +
         outcomes +
         " WHERE source IS NOT NULL QUALIFY row_number() OVER (PARTITION BY source ORDER " +
         "BY sequence) = 1)";
}

}  // namespace millwright::monitoring
