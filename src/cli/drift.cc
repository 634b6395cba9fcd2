// Comparing data files with one another, or with what was saved of one.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/chunk_drift.h"
#include "cli/commands.h"
#include "cli/domain_classifier.h"
#include "cli/embeddings.h"
#include "cli/estimate.h"
#include "cli/reconstruct.h"
#include "drift/drift_html.h"
#include "drift/evidently_preset.h"
#include "drift/reference_drift.h"
#include "quality/plan_sql.h"

namespace millwright::cli {
namespace {

// What `quality validate` ends with too, when data is not as it should be.
constexpr int kDrifted = 3;
constexpr size_t kReferenceBytesMax = 256 << 20;

struct DriftCommandOptions {
  std::string reference, current, preset = "millwright", html, evidently_json, legacy_json;
  std::vector<std::string> columns, tests, thresholds, numeric, categorical;
  double floor = 0.1, false_discovery_rate = 0.05, drift_share = 0;
  int64_t rows_min = 200;
  std::string time_column, season, period;
  bool together = false, fail = false;
};
constexpr Option<DriftCommandOptions> kDriftOptions[] = {
    {"", "REFERENCE",
     "A data file (Parquet, CSV or JSON lines), or what drift reference saved of one",
     &DriftCommandOptions::reference, "", 0, 0, Option<DriftCommandOptions>::Kind::kRequired},
    {"", "CURRENT", "The data file to compare with it", &DriftCommandOptions::current, "", 0, 0,
     Option<DriftCommandOptions>::Kind::kRequired},
    {"", "--preset", "How to judge: millwright, or evidently for Evidently's rule",
     &DriftCommandOptions::preset, "PRESET"},
    {"", "--column", "Compare only this column; repeatable", &DriftCommandOptions::columns,
     "COLUMN"},
    {"", "--floor", "The PSI below which a column has not drifted whatever chance says",
     &DriftCommandOptions::floor, "PSI", 0, 100},
    {"", "--false-discovery-rate", "The share of columns called drifted that may be so by chance",
     &DriftCommandOptions::false_discovery_rate, "SHARE", 0, 1},
    {"", "--rows-min", "Judge no table of fewer rows", &DriftCommandOptions::rows_min, "N", 1,
     1e12},
    {"", "--time", "A column of times, for --season and --period",
     &DriftCommandOptions::time_column, "COLUMN"},
    {"", "--season", "Compare with the same place in a cycle: hour, weekday, hour_of_week or month",
     &DriftCommandOptions::season, "CYCLE"},
    {"", "--period",
     "Take as natural what such lengths of the reference vary by: hour, day, week or month",
     &DriftCommandOptions::period, "LENGTH"},
    {"", "--test", "With preset evidently, a column's test, such as delay=psi; repeatable",
     &DriftCommandOptions::tests, "COLUMN=TEST"},
    {"", "--threshold", "A column's own threshold, such as delay=0.2; repeatable",
     &DriftCommandOptions::thresholds, "COLUMN=X"},
    {"", "--numeric", "With preset evidently, a column to take as numbers; repeatable",
     &DriftCommandOptions::numeric, "COLUMN"},
    {"", "--categorical", "With preset evidently, a column to take as categories; repeatable",
     &DriftCommandOptions::categorical, "COLUMN"},
    {"", "--drift-share",
     "The share of drifted columns from which on the table has drifted; 0 for the preset's own: "
     "any "
     "column with millwright, half of them with evidently",
     &DriftCommandOptions::drift_share, "SHARE", 0, 1},
    {"", "--together",
     "Also look at all columns at once: a classifier that tells the sides apart, and whether "
     "numbers still hang together; needs the rows of the reference",
     &DriftCommandOptions::together},
    {"", "--html", "Write the report for people to this HTML file", &DriftCommandOptions::html,
     "FILE"},
    {"", "--evidently-json", "Write the report in Evidently's form (0.7) to this file",
     &DriftCommandOptions::evidently_json, "FILE"},
    {"", "--evidently-legacy-json", "The same in its form before 0.7, with drift_by_columns",
     &DriftCommandOptions::legacy_json, "FILE"},
    {"", "--fail", "Exit 3 where the table has drifted or a column is missing",
     &DriftCommandOptions::fail},
};

// "delay=psi" as column and text.
std::pair<std::string, std::string> SplitAtEquals(const std::string& text, const char* option) {
  const size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) {
    throw InvalidArgument("{} is not COLUMN=…", text).WithField(option);
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

std::map<std::string, double> ThresholdsOf(const DriftCommandOptions& options) {
  std::map<std::string, double> thresholds;
  for (const std::string& text : options.thresholds) {
    const auto [column, number] = SplitAtEquals(text, "--threshold");
    double value = 0;
    const char* end = number.data() + number.size();
    const auto parsed = std::from_chars(number.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      throw InvalidArgument("{} is not a number", number).WithField("--threshold");
    }
    thresholds[column] = value;
  }
  return thresholds;
}

bool IsSavedReference(const std::string& path) {
  if (!path.ends_with(".json")) return false;
  const std::string text = ReadFile(path);
  if (text.size() > kReferenceBytesMax) return false;
  try {
    const Json json = ParseJson(text);
    return json.is_object() && (json.Has("profile") || json.Has("row_count"));
  } catch (const Error&) {
    return false;  // JSON lines
  }
}

// Parquet is read where it lies, column by column; text is parsed once.
std::string LoadTable(analytics::Session& session, const std::string& path, const char* name) {
  const std::string sql = analytics::ReadFileSql(path);
  if (path.ends_with(".parquet")) return sql;
  session.Execute(fmt::format("CREATE TABLE {} AS SELECT * FROM {}", name, sql));
  return name;
}

drift::ReferenceOptions ReferenceOptionsOf(const DriftCommandOptions& options) {
  return {.columns = options.columns,
          .time_column = options.time_column,
          .season = drift::ParseSeason(options.season),
          .period = drift::ParsePeriod(options.period)};
}

drift::Reference LoadReference(analytics::Session& session, const DriftCommandOptions& options) {
  if (IsSavedReference(options.reference)) {
    const bool has_making = !options.columns.empty() || !options.time_column.empty() ||
                            !options.season.empty() || !options.period.empty();
    if (has_making) {
      throw InvalidArgument(
          "--column, --time, --season and --period say how a reference is made; "
          "this one is saved, give them to drift reference")
          .WithField("REFERENCE");
    }
    return drift::Reference::FromJson(ParseJson(ReadFile(options.reference)));
  }
  return drift::MakeReference(session, LoadTable(session, options.reference, "reference_rows"),
                              ReferenceOptionsOf(options));
}

// A threshold for a column that there is none of is a slip of the pen.
void RequireKnown(const std::map<std::string, double>& thresholds,
                  const drift::DriftReport& report) {
  for (const auto& [name, threshold] : thresholds) {
    const bool known = std::any_of(
        report.features.begin(), report.features.end(),
        [&name = name](const drift::FeatureDrift& feature) { return feature.name == name; });
    if (!known) throw InvalidArgument("There is no column {}", name).WithField("--threshold");
  }
}

drift::DriftReport CompareOurWay(analytics::Session& session, const DriftCommandOptions& options) {
  if (!options.tests.empty()) {
    throw InvalidArgument("--test goes with --preset evidently").WithField("--test");
  }
  const drift::Reference reference = LoadReference(session, options);
  const std::string current = LoadTable(session, options.current, "current_rows");
  drift::DriftOptions how = drift::MillwrightPreset();
  how.psi_threshold = options.floor;
  how.psi_thresholds = ThresholdsOf(options);
  how.rows_min = options.rows_min;
  how.false_discovery_rate = options.false_discovery_rate;
  drift::DriftReport report;
  report.preset = "millwright";
  report.reference_rows = reference.profile.row_count;
  report.current_rows = session.Query("SELECT count(*) FROM " + current).Int(0, 0);
  report.drift_share = options.drift_share;
  report.features = drift::CompareWithReference(session, current, reference, how);
  RequireKnown(how.psi_thresholds, report);
  if (options.html.empty()) return report;
  const std::string observed = drift::ObservedSql(session, current, reference);
  for (const drift::FeatureDrift& feature : report.features) {
    const quality::ColumnProfile* column = reference.profile.Find(feature.name);
    if (column == nullptr || feature.status == drift::DriftStatus::kMissingColumn) continue;
    if (!column->categorical() && !column->histogram) continue;
    report.distributions.push_back(drift::CompareDistribution(session, observed, *column));
  }
  return report;
}

drift::DriftReport CompareEvidentlysWay(analytics::Session& session,
                                        const DriftCommandOptions& options) {
  if (IsSavedReference(options.reference)) {
    throw InvalidArgument(
        "The preset evidently needs the rows of the reference, not what was "
        "saved of them; give the data file")
        .WithField("REFERENCE");
  }
  if (!options.season.empty() || !options.period.empty()) {
    throw InvalidArgument("--season and --period go with --preset millwright")
        .WithField("--season");
  }
  drift::EvidentlyOptions how;
  how.columns = options.columns;
  how.numeric = options.numeric;
  how.categorical = options.categorical;
  for (const std::string& text : options.tests) {
    const auto [column, test] = SplitAtEquals(text, "--test");
    how.methods[column] = test;
  }
  how.thresholds = ThresholdsOf(options);
  if (options.drift_share > 0) how.drift_share = options.drift_share;
  how.has_distributions = !options.html.empty();
  const std::string reference = LoadTable(session, options.reference, "reference_rows");
  const std::string current = LoadTable(session, options.current, "current_rows");
  drift::DriftReport report = drift::CompareAsEvidently(session, reference, current, how);
  RequireKnown(how.thresholds, report);
  return report;
}

// Times are not looked at: they tell the sides apart, and only ever move on.
drift::Together LookTogether(analytics::Session& session, const DriftCommandOptions& options) {
  if (IsSavedReference(options.reference)) {
    throw InvalidArgument(
        "--together needs the rows of the reference, not what was saved of them; give the data "
        "file")
        .WithField("--together");
  }
  const bool is_loaded = !options.reference.ends_with(".parquet");
  const std::string reference =
      is_loaded ? "reference_rows" : analytics::ReadFileSql(options.reference);
  const std::string current = options.current.ends_with(".parquet")
                                  ? analytics::ReadFileSql(options.current)
                                  : "current_rows";
  std::vector<std::string> columns;
  for (const analytics::Column& column : session.Describe("SELECT * FROM " + reference)) {
    const bool is_chosen = std::find(options.columns.begin(), options.columns.end(), column.name) !=
                           options.columns.end();
    if (is_chosen && !quality::IsTemporal(column)) columns.push_back(column.name);
  }
  return drift::LookTogether(
      session, reference, current,
      {.columns = columns, .categorical = options.categorical, .time_column = options.time_column});
}

std::string ResultOf(const drift::FeatureDrift& feature) {
  switch (feature.status) {
    case drift::DriftStatus::kNotEnoughData:
      return "not enough data";
    case drift::DriftStatus::kMissingColumn:
      return "missing";
    case drift::DriftStatus::kNotApplicable:
      return "not applicable";
    case drift::DriftStatus::kMeasured:
      break;
  }
  return feature.drifted ? "drifted" : "";
}

void PrintTogether(Console& console, const drift::Together& together) {
  console.Line("All columns together: " + DomainLine(together.domain));
  if (!together.reconstruction) return;
  const drift::Reconstruction& reconstruction = *together.reconstruction;
  const auto current =
      std::count_if(reconstruction.chunks.begin(), reconstruction.chunks.end(),
                    [](const drift::ReconstructedChunk& chunk) { return !chunk.is_reference; });
  console.Line(fmt::format(
      "Reconstruction: {} of {} chunks are out of what the reference's chunks keep within",
      reconstruction.alerts(), current));
}

void PrintReport(Console& console, const drift::DriftReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const drift::FeatureDrift& feature : report.features) {
    rows.push_back(
        {feature.name, feature.method, feature.score ? fmt::format("{:.4g}", *feature.score) : "",
         feature.score ? fmt::format("{:.4g}", feature.threshold) : "",
         feature.adjusted_p ? fmt::format("{:.2g}", *feature.adjusted_p) : "", ResultOf(feature)});
  }
  constexpr auto kRight = Column::Align::kRight;
  console.PrintTable(
      {"COLUMN", "METHOD", {"SCORE", kRight}, {"FROM", kRight}, {"P", kRight}, "RESULT"}, rows);
  for (const drift::FeatureDrift& feature : report.features) {
    if (!feature.note.empty()) console.Line("  " + feature.name + ": " + feature.note);
  }
  console.Line(fmt::format("{} of {} columns drifted: {} rows against {} of the reference",
                           report.drifted(), report.features.size(),
                           FormatCount(report.current_rows), FormatCount(report.reference_rows)));
  if (report.together) PrintTogether(console, *report.together);
}

int CompareFiles(const DriftCommandOptions& options, Console& console) {
  analytics::Session session;
  drift::DriftReport report;
  if (options.preset == "millwright") {
    report = CompareOurWay(session, options);
  } else if (options.preset == "evidently") {
    report = CompareEvidentlysWay(session, options);
  } else {
    throw InvalidArgument("There is no preset {}. There are millwright and evidently",
                          options.preset)
        .WithField("--preset");
  }
  report.reference = options.reference;
  report.current = options.current;
  if (options.together) report.together = LookTogether(session, options);
  if (!options.html.empty()) WriteFileDurably(options.html, drift::RenderDrift(report));
  if (!options.evidently_json.empty()) {
    WriteFileDurably(options.evidently_json, drift::EvidentlyJson(report).Dump(2) + "\n");
  }
  if (!options.legacy_json.empty()) {
    WriteFileDurably(options.legacy_json, drift::LegacyEvidentlyJson(report).Dump(2) + "\n");
  }
  console.Answer(report.ToJson());
  PrintReport(console, report);
  if (!options.html.empty()) console.Hint("report: " + options.html);
  const bool is_bad = report.has_drifted() || report.missing() > 0;
  return options.fail && is_bad ? kDrifted : 0;
}

struct SaveOptions {
  std::string data, output, time_column, season, period;
  std::vector<std::string> columns;
};
constexpr Option<SaveOptions> kSaveOptions[] = {
    {"", "DATA", "A data file: Parquet, CSV or JSON lines", &SaveOptions::data, "", 0, 0,
     Option<SaveOptions>::Kind::kRequired},
    {"", "--output", "The file to write", &SaveOptions::output, "FILE", 0, 0,
     Option<SaveOptions>::Kind::kRequired, "-o"},
    {"", "--column", "Keep only this column; repeatable", &SaveOptions::columns, "COLUMN"},
    {"", "--time", "A column of times, for --season and --period", &SaveOptions::time_column,
     "COLUMN"},
    {"", "--season", "Keep it by place in a cycle: hour, weekday, hour_of_week or month",
     &SaveOptions::season, "CYCLE"},
    {"", "--period", "Keep what such lengths vary by: hour, day, week or month",
     &SaveOptions::period, "LENGTH"},
};

int SaveReference(const SaveOptions& options, Console& console) {
  analytics::Session session;
  const drift::Reference reference =
      drift::MakeReference(session, LoadTable(session, options.data, "reference_rows"),
                           {.columns = options.columns,
                            .time_column = options.time_column,
                            .season = drift::ParseSeason(options.season),
                            .period = drift::ParsePeriod(options.period)});
  const std::string text = reference.ToJson().Dump() + "\n";
  WriteFileDurably(options.output, text);
  console.Answer(Json::Of({{"reference", options.output},
                           {"rows", reference.profile.row_count},
                           {"features", reference.features.size() + reference.vocabularies.size() +
                                            reference.embeddings.size()},
                           {"bytes", text.size()}}));
  console.Line(fmt::format("Saved {} rows of {} as a reference of {} in {}",
                           FormatCount(reference.profile.row_count), options.data,
                           FormatBytes(text.size()), options.output));
  console.Hint("compare: millwright drift compare " + options.output + " CURRENT");
  return 0;
}

}  // namespace

void AddDriftCommands(Commands& commands) {
  commands.push_back(MakeCommand("drift compare",
                                 "Say which columns of a data file have drifted from a reference",
                                 kDriftOptions, CompareFiles));
  commands.push_back(MakeCommand("drift reference",
                                 "Save what is needed of a data file to compare others with it",
                                 kSaveOptions, SaveReference));
  commands.push_back(ChunkDriftCommand());
  commands.push_back(EstimateCommand());
  commands.push_back(ReconstructCommand());
  commands.push_back(DomainClassifierCommand());
  commands.push_back(EmbeddingsCommand());
}

}  // namespace millwright::cli
