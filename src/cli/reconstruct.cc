#include "cli/reconstruct.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "base/error.h"
#include "drift/reconstruction.h"
#include "drift/sampling_error.h"

namespace millwright::cli {
namespace {

constexpr int kAlerts = 3;

struct ReconstructOptions {
  std::string reference, current;
  std::vector<std::string> columns;
  double variance = 0.65;
  int64_t chunk_rows = 1000;
  bool fail = false;
};
constexpr Option<ReconstructOptions> kReconstructOptions[] = {
    {"", "REFERENCE", "A data file (Parquet, CSV or JSON lines)", &ReconstructOptions::reference,
     "", 0, 0, Option<ReconstructOptions>::Kind::kRequired},
    {"", "CURRENT", "The data file to compare with it", &ReconstructOptions::current, "", 0, 0,
     Option<ReconstructOptions>::Kind::kRequired},
    {"", "--column", "A column of numbers; all of them if not given; repeatable",
     &ReconstructOptions::columns, "COLUMN"},
    {"", "--variance", "How much of the reference's variance the kept directions hold at least",
     &ReconstructOptions::variance, "SHARE", 0.01, 0.9999},
    {"", "--chunk-rows", "Cut into chunks of so many rows", &ReconstructOptions::chunk_rows, "N", 1,
     1e12},
    {"", "--fail", "Exit 3 where a chunk is out of bounds", &ReconstructOptions::fail},
};

bool IsNumber(const analytics::Column& column) {
  return column.type == analytics::ColumnType::kDouble ||
         column.type == analytics::ColumnType::kInteger;
}

drift::NumberColumns ReadNumbers(analytics::Session& session, const std::string& path,
                                 const std::vector<std::string>& names) {
  drift::NumberColumns numbers{.names = names, .values = {}};
  numbers.values.resize(names.size());
  std::string select;
  for (const std::string& name : names) {
    select += (select.empty() ? "" : ", ") +
              fmt::format("CAST({} AS DOUBLE)", analytics::QuoteName(name));
  }
  session.Stream("SELECT " + select + " FROM " + analytics::ReadFileSql(path),
                 [&](const analytics::Table& part) {
                   for (size_t c = 0; c < names.size(); ++c) {
                     for (size_t row = 0; row < part.row_count(); ++row) {
                       numbers.values[c].push_back(part.Double(row, c));
                     }
                   }
                   return true;
                 });
  return numbers;
}

int Reconstruct(const ReconstructOptions& options, Console& console) {
  analytics::Session session;
  std::vector<std::string> names = options.columns;
  if (names.empty()) {
    for (const analytics::Column& column :
         session.Describe("SELECT * FROM " + analytics::ReadFileSql(options.reference))) {
      if (IsNumber(column)) names.push_back(column.name);
    }
  }
  if (names.size() < 2) {
    throw InvalidArgument("{} has {} columns of numbers, two are needed", options.reference,
                          names.size());
  }
  const drift::Reconstruction result = drift::Reconstruct(
      ReadNumbers(session, options.reference, names), ReadNumbers(session, options.current, names),
      {.variance_share = options.variance, .chunk_rows = options.chunk_rows});
  console.Answer(result.ToJson());
  std::vector<std::vector<std::string>> rows;
  for (const drift::ReconstructedChunk& chunk : result.chunks) {
    if (chunk.is_reference) continue;
    std::string error = fmt::format("{:.4f}", chunk.error);
    if (chunk.sampling_error) {
      error += fmt::format(" ±{:.4f}", drift::kBandErrors * *chunk.sampling_error);
    }
    rows.push_back({chunk.key, FormatCount(chunk.rows), error, chunk.alert ? "out of bounds" : ""});
  }
  console.PrintTable(
      {"CHUNK", {"ROWS", Column::Align::kRight}, {"ERROR", Column::Align::kRight}, ""}, rows);
  console.Line(fmt::format(
      "{} of {} chunks are out of {:.4f} to {:.4f}; {} of {} directions are kept", result.alerts(),
      rows.size(), result.lower, result.upper, result.directions, names.size()));
  return options.fail && result.alerts() > 0 ? kAlerts : 0;
}

}  // namespace

std::unique_ptr<Command> ReconstructCommand() {
  return MakeCommand("drift reconstruct", "Say whether columns have come apart from one another",
                     kReconstructOptions, Reconstruct);
}

}  // namespace millwright::cli
