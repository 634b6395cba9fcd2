#include "cli/domain_classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "analytics/session.h"

namespace millwright::cli {
namespace {

constexpr int kDrifted = 3;
constexpr size_t kNamedColumns = 3;

struct ClassifyOptions {
  std::string reference, current, time_column;
  std::vector<std::string> columns, categorical;
  int64_t chunk_rows = 0, rows_max = drift::kDomainRowsMax, rows_min = 200, seed = 0;
  double floor = 0.55;
  bool fail = false;
};
constexpr Option<ClassifyOptions> kClassifyOptions[] = {
    {"", "REFERENCE", "A data file (Parquet, CSV or JSON lines)", &ClassifyOptions::reference, "",
     0, 0, Option<ClassifyOptions>::Kind::kRequired},
    {"", "CURRENT", "The data file to compare with it", &ClassifyOptions::current, "", 0, 0,
     Option<ClassifyOptions>::Kind::kRequired},
    {"", "--column", "A column of numbers, booleans or text; all of them if not given; repeatable",
     &ClassifyOptions::columns, "COLUMN"},
    {"", "--categorical", "A column of numbers to take as categories; repeatable",
     &ClassifyOptions::categorical, "COLUMN"},
    {"", "--time", "A column of times, by which rows are ordered and which is not looked at",
     &ClassifyOptions::time_column, "COLUMN"},
    {"", "--chunk-rows", "Judge CURRENT in chunks of so many rows; 0 as a whole",
     &ClassifyOptions::chunk_rows, "N", 0, 1e12},
    {"", "--rows-max", "Draw about so many rows of a larger file, or of all chunks together",
     &ClassifyOptions::rows_max, "N", 1, 1e8},
    {"", "--rows-min", "Judge no side of fewer rows", &ClassifyOptions::rows_min, "N", 10, 1e12},
    {"", "--floor", "The ROC area below which a difference does not matter",
     &ClassifyOptions::floor, "AREA", 0.5, 1},
    {"", "--seed", "What the rows drawn, the folds and the trees follow from",
     &ClassifyOptions::seed, "N", 0, 1e15},
    {"", "--fail", "Exit 3 where the sides can be told apart", &ClassifyOptions::fail},
};

std::string ColumnsText(const drift::DomainVerdict& verdict) {
  std::string text;
  for (size_t i = 0; i < std::min(kNamedColumns, verdict.columns.size()); ++i) {
    text += fmt::format("{}{} {:.0f} %", i > 0 ? ", " : "", verdict.columns[i].name,
                        100 * verdict.columns[i].share);
  }
  return text;
}

std::vector<drift::DomainVerdict> Judge(const ClassifyOptions& options) {
  analytics::Session session;
  const auto seed = static_cast<uint64_t>(options.seed);
  const drift::PairedColumns columns = drift::ReadPaired(
      session, analytics::ReadFileSql(options.reference), analytics::ReadFileSql(options.current),
      {.columns = options.columns,
       .categorical = options.categorical,
       .time_column = options.time_column,
       .rows_max = options.rows_max,
       .seed = seed});
  const drift::DomainOptions how{
      .floor = options.floor, .rows_min = options.rows_min, .seed = seed};
  if (options.chunk_rows == 0) return {drift::TellApart(columns, how)};
  std::vector<drift::DomainVerdict> verdicts;
  for (const drift::Chunk& chunk : drift::CutRows(columns.current_rows, {}, options.chunk_rows)) {
    verdicts.push_back(drift::TellApart(columns, chunk, how));
  }
  return verdicts;
}

int Classify(const ClassifyOptions& options, Console& console) {
  const std::vector<drift::DomainVerdict> verdicts = Judge(options);
  Json list = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  size_t drifted = 0;
  for (const drift::DomainVerdict& verdict : verdicts) {
    list.Append(verdict.ToJson());
    drifted += verdict.drifted;
    rows.push_back(
        {verdict.key, FormatCount(verdict.current_rows),
         verdict.area ? fmt::format("{:.3f}", *verdict.area) : "–",
         verdict.area ? fmt::format("{:.3f} to {:.3f}", verdict.lower, verdict.upper) : "–",
         verdict.drifted ? "told apart"
         : verdict.area  ? ""
                         : verdict.note,
         verdict.drifted ? ColumnsText(verdict) : ""});
  }
  console.Answer(
      Json::Of({{"seed", options.seed}, {"drifted", drifted}, {"chunks", std::move(list)}}));
  constexpr auto kRight = Column::Align::kRight;
  console.PrintTable({"CHUNK",
                      {"ROWS", kRight},
                      {"ROC AREA", kRight},
                      {"BAND", kRight},
                      "RESULT",
                      {"BY", Column::Align::kSentence}},
                     rows);
  for (const std::string& name : verdicts[0].left_out) {
    console.Line("  " + name + " was left out: hardly any value comes twice");
  }
  console.Line(fmt::format("{} of {} can be told from the reference ({} rows, floor {}, seed {})",
                           drifted, verdicts.size(), FormatCount(verdicts[0].reference_rows),
                           options.floor, options.seed));
  return options.fail && drifted > 0 ? kDrifted : 0;
}

}  // namespace

std::string DomainLine(const drift::DomainVerdict& verdict) {
  if (!verdict.area) return verdict.note;
  const std::string band = fmt::format("ROC area {:.3f} ({:.3f} to {:.3f})", *verdict.area,
                                       verdict.lower, verdict.upper);
  return verdict.drifted ? "the sides can be told apart, " + band + ", by " + ColumnsText(verdict)
                         : "the sides cannot be told apart, " + band;
}

std::unique_ptr<Command> DomainClassifierCommand() {
  return MakeCommand("drift classify",
                     "Say whether a classifier can tell rows from those of the reference",
                     kClassifyOptions, Classify);
}

}  // namespace millwright::cli
