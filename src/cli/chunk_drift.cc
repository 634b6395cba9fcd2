#include "cli/chunk_drift.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "drift/chunk_drift.h"

namespace millwright::cli {
namespace {

constexpr int kAlerts = 3;

struct ChunkDriftCommandOptions {
  std::string reference, current, time_column, period;
  std::vector<std::string> columns, categorical, figures;
  int64_t chunk_rows = 1000, chunks = 0;
  bool fail = false;
};
constexpr Option<ChunkDriftCommandOptions> kChunkDriftOptions[] = {
    {"", "REFERENCE", "A data file (Parquet, CSV or JSON lines)",
     &ChunkDriftCommandOptions::reference, "", 0, 0,
     Option<ChunkDriftCommandOptions>::Kind::kRequired},
    {"", "CURRENT", "The data file to compare with it", &ChunkDriftCommandOptions::current, "", 0,
     0, Option<ChunkDriftCommandOptions>::Kind::kRequired},
    {"", "--column", "A column of numbers, booleans or text; all of them if not given; repeatable",
     &ChunkDriftCommandOptions::columns, "COLUMN"},
    {"", "--categorical", "A column of numbers to take as categories; repeatable",
     &ChunkDriftCommandOptions::categorical, "COLUMN"},
    {"", "--figure",
     "One of kolmogorov_smirnov, jensen_shannon, wasserstein, hellinger, chi2, l_infinity, mean, "
     "median, std, sum, missing_share, unseen_share; all of them if not given; repeatable",
     &ChunkDriftCommandOptions::figures, "FIGURE"},
    {"", "--chunk-rows", "Cut into chunks of so many rows", &ChunkDriftCommandOptions::chunk_rows,
     "N", 1, 1e12},
    {"", "--chunks", "Cut each file into so many chunks instead, and what remains",
     &ChunkDriftCommandOptions::chunks, "N", 1, 1e9},
    {"", "--time", "A column of times, by which rows are ordered",
     &ChunkDriftCommandOptions::time_column, "COLUMN"},
    {"", "--period", "With --time, chunks are periods instead: hour, day, week or month",
     &ChunkDriftCommandOptions::period, "LENGTH"},
    {"", "--fail", "Exit 3 where a chunk of CURRENT is out of bounds",
     &ChunkDriftCommandOptions::fail},
};

std::string AlertsOf(const drift::FigureChunk& chunk) {
  std::string text, column;
  for (const drift::ChunkFigure& figure : chunk.figures) {
    if (!figure.alert) continue;
    text += figure.column == column ? ", " : (text.empty() ? "" : "; ") + figure.column + ": ";
    text += figure.name;
    column = figure.column;
  }
  return text;
}

int CompareChunks(const ChunkDriftCommandOptions& options, Console& console) {
  analytics::Session session;
  const drift::PairedColumns columns = drift::ReadPaired(
      session, analytics::ReadFileSql(options.reference), analytics::ReadFileSql(options.current),
      {.columns = options.columns,
       .categorical = options.categorical,
       .time_column = options.time_column,
       .period = drift::ParsePeriod(options.period)});
  const drift::ChunkDrift result = drift::CompareChunks(columns, {.chunk_rows = options.chunk_rows,
                                                                  .chunk_count = options.chunks,
                                                                  .figures = options.figures});
  console.Answer(result.ToJson());
  std::vector<std::vector<std::string>> rows;
  size_t alarmed = 0;
  for (const drift::FigureChunk& chunk : result.chunks) {
    if (chunk.is_reference) continue;
    rows.push_back({chunk.key, FormatCount(chunk.rows), AlertsOf(chunk)});
    if (!rows.back()[2].empty()) ++alarmed;
  }
  console.PrintTable(
      {"CHUNK", {"ROWS", Column::Align::kRight}, {"OUT OF BOUNDS", Column::Align::kSentence}},
      rows);
  console.Line(fmt::format("{} of {} chunks are out of what the reference's chunks keep within",
                           alarmed, rows.size()));
  return options.fail && result.alerts() > 0 ? kAlerts : 0;
}

}  // namespace

std::unique_ptr<Command> ChunkDriftCommand() {
  return MakeCommand("drift chunks",
                     "Measure columns chunk by chunk against what the reference's chunks vary by",
                     kChunkDriftOptions, CompareChunks);
}

}  // namespace millwright::cli
