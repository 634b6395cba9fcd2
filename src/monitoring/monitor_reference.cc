#include "monitoring/monitor_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "drift/bin_counts.h"
#include "drift/evidently_preset.h"
#include "monitoring/wide_table.h"
#include "quality/plan_sql.h"

namespace millwright::monitoring {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

constexpr char kSampleTable[] = "reference_sample";
constexpr char kTimedTable[] = "reference_rows";
// A text whose thousand most frequent words are less of it than this has no vocabulary to speak of:
// it is an identifier, whose values are always new.
constexpr double kVocabularyShareMin = 0.5;

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsWanted(const std::vector<std::string>& wanted, const std::string& name,
              const std::string& column) {
  return wanted.empty() || Has(wanted, name) || Has(wanted, column);
}

// The table with times as such: a number of milliseconds, and texts that all read as times.
std::string WithTimes(Session& session, const std::string& table, const std::string& time_column) {
  const std::vector<Column> columns = session.Describe("SELECT * FROM " + table);
  std::vector<std::string> tests, replaced;
  std::vector<const Column*> texts;
  for (const Column& column : columns) {
    const std::string name = QuoteName(column.name);
    const bool is_number =
        column.type == ColumnType::kInteger || column.type == ColumnType::kDouble;
    if (column.name == time_column && is_number) {
      replaced.push_back("epoch_ms(CAST(" + name + " AS BIGINT)) AS " + name);
    } else if (column.type == ColumnType::kText && column.name != time_column) {
      texts.push_back(&column);
      tests.push_back("count(" + name + ") > 0 AND count(" + name + ") = count(TRY_CAST(" + name +
                      " AS TIMESTAMP))");
    }
  }
  if (!tests.empty()) {
    const Table answer = session.Query("SELECT " + quality::Join(tests, ", ") + " FROM " + table);
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string name = QuoteName(texts[i]->name);
      if (answer.Text(0, i) == "true") {
        replaced.push_back("TRY_CAST(" + name + " AS TIMESTAMP) AS " + name);
      }
    }
  }
  if (replaced.empty()) return table;
  return "(SELECT * REPLACE (" + quality::Join(replaced, ", ") + ") FROM " + table + ")";
}

ReferenceSample::Column SampleColumn(Session& session, const std::string& table,
                                     const Column& column) {
  ReferenceSample::Column kept{column, false, Json::MakeArray()};
  if (column.type == ColumnType::kText) kept.column.sql_type = "VARCHAR";
  const std::string name = QuoteName(column.name);
  const std::string present = quality::PresentSql(column);
  if (column.type == ColumnType::kText) {
    kept.is_free_text =
        session.Query("SELECT count(DISTINCT " + name + ") * 2 > count(" + name + ") FROM " + table)
            .Text(0, 0) == "true";
    if (kept.is_free_text) return kept;
  }
  // A column's values get the share of the sample that they are of the rows.
  const std::string steps = fmt::format("least(1.0, {}.0 / rows)", kSampledRowsMax);
  const Table answer =
      session.Query("SELECT v FROM (SELECT " + name + " AS v, row_number() OVER (ORDER BY " + name +
                    ") - 1 AS i FROM " + table + " WHERE " + present +
                    "), (SELECT count(*) AS rows FROM " + table + ") WHERE floor((i + 1) * " +
                    steps + " + 0.5) > floor(i * " + steps + " + 0.5) ORDER BY i");
  for (size_t row = 0; row < answer.row_count(); ++row) {
    kept.values.Append(answer.ToJson(row, 0));
  }
  return kept;
}

ReferenceSample MakeSample(Session& session, const std::string& table,
                           const std::vector<std::string>& features,
                           const std::string& time_column) {
  ReferenceSample sample;
  sample.rows = session.Query("SELECT count(*) FROM " + table).Int(0, 0);
  sample.sampled_rows = std::min(sample.rows, kSampledRowsMax);
  for (const Column& column : session.Describe("SELECT * FROM " + table)) {
    const bool is_left_out = column.type == ColumnType::kOther || quality::IsTemporal(column) ||
                             column.name == time_column;
    if (is_left_out || !IsWanted(features, column.name, column.name)) continue;
    sample.columns.push_back(SampleColumn(session, table, column));
  }
  return sample;
}

Json SampleJson(const ReferenceSample& sample) {
  Json columns = Json::MakeArray();
  for (const ReferenceSample::Column& kept : sample.columns) {
    columns.Append(Json::Of({{"name", kept.column.name},
                             {"type", kept.column.sql_type},
                             {"free_text", kept.is_free_text},
                             {"values", kept.values}}));
  }
  return Json::Of({{"rows", sample.rows},
                   {"sampled_rows", sample.sampled_rows},
                   {"columns", std::move(columns)}});
}

ReferenceSample ReadSample(const Json& json) {
  ReferenceSample sample;
  sample.rows = json.GetInt("rows");
  sample.sampled_rows = json.GetInt("sampled_rows");
  for (const Json& column : json.At("columns").AsArray("columns")) {
    ReferenceSample::Column& kept = sample.columns.emplace_back();
    kept.column.name = column.At("name").AsString("name");
    kept.column.sql_type = column.At("type").AsString("type");
    kept.is_free_text = column.GetBool("free_text");
    kept.values = column.At("values");
  }
  return sample;
}

void Append(Session::Appender& appender, const Json& value) {
  if (value.is_bool()) {
    appender.Add(value.AsBool());
  } else if (value.is_int()) {
    appender.Add(value.AsInt());
  } else if (value.is_double()) {
    appender.Add(value.AsDouble());
  } else {
    appender.Add(std::string_view(value.AsString()));
  }
}

// Makes the sample a table again, once a session.
void LoadSample(Session& session, const ReferenceSample& sample) {
  std::vector<std::string> columns;
  for (const ReferenceSample::Column& kept : sample.columns) {
    columns.push_back(QuoteName(kept.column.name) + " " + kept.column.sql_type);
  }
  session.Execute("CREATE OR REPLACE TABLE " + std::string(kSampleTable) + " (" +
                  quality::Join(columns, ", ") + ")");
  Session::Appender appender = session.Append(kSampleTable);
  for (int64_t row = 0; row < sample.sampled_rows; ++row) {
    for (const ReferenceSample::Column& kept : sample.columns) {
      const Json::Array& values = kept.values.AsArray();
      const auto at = static_cast<size_t>(row);
      if (at < values.size()) {
        Append(appender, values[at]);
      } else {
        appender.Null();
      }
    }
    appender.EndRow();
  }
  appender.Close();
}

drift::FeatureDrift NotJudged(const std::string& name, const std::string& type,
                              const std::string& note) {
  drift::FeatureDrift feature;
  feature.name = name;
  feature.type = type;
  feature.status = drift::DriftStatus::kNotEnoughData;
  feature.note = note;
  return feature;
}

std::vector<drift::FeatureDrift> CompareAsEvidently(Session& session, const std::string& table,
                                                    int64_t rows, const MonitorSpec& spec,
                                                    const ReferenceSample& sample) {
  drift::EvidentlyOptions options;
  options.methods = spec.tests;
  options.thresholds = spec.test_thresholds;
  std::vector<drift::FeatureDrift> features;
  if (rows < spec.rows_min) {
    const std::string note = fmt::format("{} rows of at least {}", rows, spec.rows_min);
    for (const ReferenceSample::Column& kept : sample.columns) {
      features.push_back(NotJudged(kept.column.name, kept.column.sql_type, note));
      features.back().method.clear();
    }
    return features;
  }
  for (const ReferenceSample::Column& kept : sample.columns) {
    if (kept.is_free_text) continue;
    options.columns.push_back(kept.column.name);
    if (kept.column.sql_type == "VARCHAR") options.categorical.push_back(kept.column.name);
  }
  LoadSample(session, sample);
  features = drift::CompareAsEvidently(session, kSampleTable, table, options).features;
  for (const ReferenceSample::Column& kept : sample.columns) {
    if (!kept.is_free_text) continue;
    features.push_back(NotJudged(kept.column.name, "text", "free text"));
    features.back().status = drift::DriftStatus::kNotApplicable;
    features.back().method.clear();
  }
  return features;
}

// What a profile says of the levels of numbers.
std::map<std::string, Level> LevelsOf(const quality::Profile& profile) {
  std::map<std::string, Level> levels;
  for (const quality::ColumnProfile& column : profile.columns) {
    if (column.mean && column.stddev)
      levels[column.name] = {.mean = *column.mean, .deviation = *column.stddev};
  }
  return levels;
}

}  // namespace

std::optional<Level> MeasureLevel(Session& session, const std::string& table,
                                  const std::string& sql, const std::string& time_ms,
                                  const std::string& season) {
  const std::string place = season.empty() ? "0" : "coalesce(" + season + ", -1)";
  std::vector<DetectorValue> values;
  const std::string rows = "(SELECT CAST(" + time_ms + " AS BIGINT) AS __at, CAST(" + sql +
                           " AS DOUBLE) AS __value, CAST(" + place +
                           " AS BIGINT) AS __place FROM " + table + ")";
  session.StreamNumbers(
      "SELECT * FROM " + rows +
          " WHERE __at IS NOT NULL AND isfinite(__value) ORDER BY __at DESC " + "LIMIT " +
          std::to_string(kLevelRowsMax),
      [&](const std::vector<analytics::NumberSpan>& spans, size_t count) {
        for (size_t row = 0; row < count; ++row) {
          values.push_back({spans[0].integers[row], spans[1].reals[row], spans[2].integers[row]});
        }
        return true;
      });
  std::reverse(values.begin(), values.end());
  return LearnLevel(values);
}

quality::Profile ProfileOfColumns(const drift::Reference& reference) {
  quality::Profile profile;
  profile.row_count = reference.profile.row_count;
  for (size_t i = 0; i < reference.features.size(); ++i) {
    if (reference.features[i].observation == drift::Observation::kValue) {
      profile.columns.push_back(reference.profile.columns[i]);
    }
  }
  return profile;
}

MonitorReference::MonitorReference(quality::Profile profile)
    : drift(drift::Reference::OfProfile(std::move(profile))),
      levels(LevelsOf(drift.profile)),
      distance(RowDistance::OfProfile(drift.profile)) {}

Json MonitorReference::ToJson() const {
  Json json = drift.ToJson();
  if (sample) json.Set("sample", SampleJson(*sample));
  Json known = Json::MakeObject();
  for (const auto& [name, level] : levels) known.Set(name, level.ToJson());
  json.Set("levels", std::move(known));
  Json constant = Json::MakeArray();
  for (const std::string& name : often_constant) constant.Append(name);
  json.Set("often_constant", std::move(constant));
  json.Set("distance", distance.ToJson());
  if (suite) json.Set("suite", suite->ToJson());
  return json;
}

MonitorReference MonitorReference::FromJson(const Json& json) {
  MonitorReference reference;
  reference.drift = drift::Reference::FromJson(json);
  if (const Json* sample = json.Find("sample")) reference.sample = ReadSample(*sample);
  // A reference of before there were these, or a profile, says as much as it can.
  if (const Json* levels = json.Find("levels")) {
    for (const auto& [name, level] : levels->AsObject("levels")) {
      reference.levels[name] = Level::FromJson(level);
    }
  } else {
    reference.levels = LevelsOf(reference.drift.profile);
  }
  if (const Json* suite = json.Find("suite")) reference.suite = MonitorSuite::FromJson(*suite);
  for (const std::string& name : json.GetStrings("often_constant")) {
    reference.often_constant.insert(name);
  }
  const Json* distance = json.Find("distance");
  reference.distance = distance != nullptr
                           ? RowDistance::FromJson(*distance)
                           : RowDistance::OfProfile(ProfileOfColumns(reference.drift));
  return reference;
}

MonitorReference MonitorReference::Of(const std::vector<std::string>& wanted) const {
  if (wanted.empty()) return *this;
  MonitorReference part = *this;
  part.drift.Keep([&](const drift::ObservedFeature& feature) {
    return IsWanted(wanted, feature.name, feature.column);
  });
  std::erase_if(part.drift.vocabularies, [&](const drift::Vocabulary& vocabulary) {
    return !IsWanted(wanted, vocabulary.feature, vocabulary.column);
  });
  if (part.sample) {
    std::erase_if(part.sample->columns, [&](const ReferenceSample::Column& column) {
      return !Has(wanted, column.column.name);
    });
  }
  return part;
}

namespace {

[[noreturn]] void RefuseSeason(const MonitorSpec& spec) {
  throw InvalidArgument(
      "The season {} needs the times of the reference's rows, which a model's training profile has "
      "not: take a dataset with reference_time, or a reference_window, as the reference",
      drift::SeasonName(spec.season))
      .WithField("season");
}

// The columns among these whose every value is one word with a digit that comes once, as an
// order's number or a UUID.
std::vector<std::string> FindIdentifiers(Session& session, const std::string& table,
                                         const std::vector<std::string>& columns) {
  constexpr int64_t kValuesMin = 50;
  constexpr double kEstimateShareMin = 0.7, kDistinctShareMin = 0.99;
  const auto ask = [&](const std::vector<std::string>& aggregates) {
    return session.Query("SELECT " + quality::Join(aggregates, ", ") + " FROM " + table);
  };
  const auto is_most = [](int64_t part, double share, int64_t all) {
    return static_cast<double>(part) >= share * static_cast<double>(all);
  };
  std::vector<std::string> tests;
  for (const std::string& column : columns) {
    tests.push_back(
        fmt::format("count({0}), approx_count_distinct({0}), coalesce(count_if(regexp_matches({0}, "
                    "'^[A-Za-z0-9_.:#-]{{1,64}}$') AND regexp_matches({0}, '[0-9]')), 0)",
                    QuoteName(column)));
  }
  std::vector<std::string> identifiers;
  if (tests.empty()) return identifiers;
  const Table answer = ask(tests);
  for (size_t i = 0; i < columns.size(); ++i) {
    const int64_t values = answer.Int(0, 3 * i);
    const bool are_like_ids = values >= kValuesMin && answer.Int(0, 3 * i + 2) == values &&
                              is_most(answer.Int(0, 3 * i + 1), kEstimateShareMin, values);
    if (!are_like_ids) continue;
    const int64_t distinct = ask({"count(DISTINCT " + QuoteName(columns[i]) + ")"}).Int(0, 0);
    if (is_most(distinct, kDistinctShareMin, values)) identifiers.push_back(columns[i]);
  }
  return identifiers;
}

// What is known of the words of a column of identifiers says nothing of other ones.
void LeaveOutIdentifiers(Session& session, const std::string& table, drift::Reference* reference) {
  std::vector<std::string> texts;
  for (const drift::Vocabulary& vocabulary : reference->vocabularies) {
    texts.push_back(vocabulary.column);
  }
  std::vector<std::string> columns = FindIdentifiers(session, table, texts);
  for (const drift::Vocabulary& vocabulary : reference->vocabularies) {
    int64_t known = 0;
    for (const quality::TopValue& word : vocabulary.words) known += word.count;
    const bool is_known =
        static_cast<double>(known) >= kVocabularyShareMin * static_cast<double>(vocabulary.total);
    if (!is_known) columns.push_back(vocabulary.column);
  }
  std::erase_if(reference->vocabularies, [&](const drift::Vocabulary& vocabulary) {
    return Has(columns, vocabulary.column);
  });
  reference->Keep([&](const drift::ObservedFeature& feature) {
    return feature.observation != drift::Observation::kOutOfVocabulary ||
           !Has(columns, feature.column);
  });
}

// The columns that are constant in some window of the monitor's length which has enough rows to
// say so.
std::set<std::string> OftenConstant(Session& session, const std::string& table,
                                    const MonitorSpec& spec, const drift::Reference& reference) {
  std::set<std::string> constant;
  if (reference.time_column.empty()) return constant;
  const quality::Profile columns = ProfileOfColumns(reference);
  const std::string window =
      fmt::format("CAST(floor((epoch_ms(TRY_CAST({} AS TIMESTAMP)) - {}) / {}) AS BIGINT)",
                  QuoteName(reference.time_column), spec.window_origin_ms, spec.window_ms);
  for (size_t begin = 0; begin < columns.columns.size(); begin += drift::kColumnsPerScan) {
    const size_t end = std::min(begin + drift::kColumnsPerScan, columns.columns.size());
    std::vector<std::string> outer, inner;
    for (size_t i = begin; i < end; ++i) {
      const std::string name = QuoteName(columns.columns[i].name);
      inner.push_back(
          fmt::format("min({0}) = max({0}) AND count({0}) >= {1} AS {0}", name, spec.rows_min));
      outer.push_back("coalesce(bool_or(" + name +
                      ") FILTER (WHERE \"__rows\" * 2 >= \"__most\"), false)");
    }
    // What the reference's ends cut off says nothing.
    const Table answer =
        session.Query("SELECT " + quality::Join(outer, ", ") +
                      " FROM (SELECT *, max(\"__rows\") OVER () AS \"__most\" FROM (SELECT " +
                      quality::Join(inner, ", ") + ", count(*) AS \"__rows\" FROM " + table +
                      " GROUP BY " + window + "))");
    for (size_t i = begin; i < end; ++i) {
      if (answer.Text(0, i - begin) == "true") constant.insert(columns.columns[i].name);
    }
  }
  return constant;
}

// Levels and distances, out of the rows themselves.
void LearnRest(Session& session, const std::string& table, const MonitorSpec& spec,
               MonitorReference* reference) {
  reference->levels = LevelsOf(reference->drift.profile);
  const std::string& time_column = reference->drift.time_column;
  const std::string season = drift::SeasonSql(spec.season, time_column);
  for (const DetectorSpec& detector : spec.detectors) {
    const bool is_known =
        detector.of == DetectorOf::kFeature && reference->levels.contains(detector.feature);
    if (!is_known || time_column.empty()) continue;
    const std::string value = "CAST(" + QuoteName(detector.feature) + " AS DOUBLE)";
    const std::string time_ms = "epoch_ms(TRY_CAST(" + QuoteName(time_column) + " AS TIMESTAMP))";
    if (const auto level = MeasureLevel(session, table, value, time_ms, season)) {
      reference->levels[detector.feature] = *level;
    }
  }
  reference->often_constant = OftenConstant(session, table, spec, reference->drift);
  reference->distance = LearnRowDistance(session, table, ProfileOfColumns(reference->drift));
}

}  // namespace

MonitorReference MakeMonitorReference(Session& session, const std::string& table,
                                      const MonitorSpec& spec, const std::string& time_column) {
  if (spec.season != drift::Season::kNone && time_column.empty()) RefuseSeason(spec);
  const std::string timed = WideTable(session, kTimedTable, WithTimes(session, table, time_column),
                                      session.Describe("SELECT * FROM " + table).size());
  drift::ReferenceOptions options;
  options.time_column = time_column;
  options.season = spec.season;
  // The preset psi has one threshold, whatever the reference's own windows vary by.
  const bool has_period = !time_column.empty() && spec.preset == DriftPreset::kMillwright;
  if (has_period) options.period = spec.NaturalPeriod();
  for (const std::string& feature : spec.features) {
    // "comment:length" is observed of the column comment.
    const quality::TableShape shape{session.Describe("SELECT * FROM " + timed)};
    const std::string column =
        shape.Find(feature) == nullptr ? feature.substr(0, feature.rfind(':')) : feature;
    if (!Has(options.columns, column)) options.columns.push_back(column);
  }
  MonitorReference reference;
  reference.drift = drift::MakeReference(session, timed, options);
  LeaveOutIdentifiers(session, timed, &reference.drift);
  LearnRest(session, timed, spec, &reference);
  if (spec.preset == DriftPreset::kEvidently) {
    reference.sample = MakeSample(session, table, spec.features, time_column);
  }
  return reference;
}

void CheckReference(const MonitorSpec& spec, const MonitorReference& reference) {
  const auto has = [&](const std::string& feature) {
    const drift::Reference& kept = reference.drift;
    return std::any_of(
               kept.features.begin(), kept.features.end(),
               [&](const auto& one) { return IsWanted({feature}, one.name, one.column); }) ||
           std::any_of(kept.vocabularies.begin(), kept.vocabularies.end(), [&](const auto& one) {
             return IsWanted({feature}, one.feature, one.column);
           });
  };
  const auto check = [&](const std::string& feature, const char* field) {
    if (has(feature)) return;
    throw InvalidArgument("The reference profile has no feature {}", feature).WithField(field);
  };
  for (const std::string& feature : spec.features) check(feature, "features");
  for (const auto& entry : spec.psi_thresholds) check(entry.first, "psi_thresholds");
  for (const auto& entry : spec.tests) check(entry.first, "tests");
  for (const auto& entry : spec.test_thresholds) check(entry.first, "test_thresholds");
  if (spec.season != reference.drift.season) RefuseSeason(spec);
  if (!spec.suite.empty() && !reference.suite) {
    throw InvalidArgument("There is no suite {}", spec.suite).WithField("suite");
  }
  if (reference.suite && reference.suite->suite.expectations.size() > kMonitorExpectationsMax) {
    throw InvalidArgument("A monitor's suite may have {} expectations; {} has {}",
                          kMonitorExpectationsMax, reference.suite->suite.name,
                          reference.suite->suite.expectations.size())
        .WithField("suite");
  }
  for (const DetectorSpec& detector : spec.detectors) {
    const bool is_feature = detector.of == DetectorOf::kFeature;
    if (reference.levels.contains(detector.name())) continue;
    if (is_feature) {
      throw InvalidArgument("detectors: {} is no feature of the reference that is a number",
                            detector.feature)
          .WithField("detectors");
    }
    if (detector.method == DetectorMethod::kCusum) {
      throw InvalidArgument(
          "detectors: cusum needs to know the {} of the reference: take a reference_window, or "
          "page_hinkley or adwin, which learn it",
          detector.name())
          .WithField("detectors");
    }
  }
  if (spec.preset == DriftPreset::kEvidently && !reference.sample) {
    throw InvalidArgument(
        "The preset evidently needs values of the reference, which a model's training profile has "
        "not: take a dataset or a reference_window as the reference")
        .WithField("preset");
  }
}

std::vector<drift::FeatureDrift> CompareWindow(Session& session, const std::string& table,
                                               int64_t rows, const MonitorSpec& spec,
                                               const MonitorReference& reference) {
  if (spec.preset == DriftPreset::kEvidently) {
    return CompareAsEvidently(session, table, rows, spec, *reference.sample);
  }
  drift::DriftOptions options;
  options.rows_min = spec.rows_min;
  options.psi_threshold = spec.psi_threshold;
  options.psi_thresholds = spec.psi_thresholds;
  if (spec.preset == DriftPreset::kMillwright) {
    options.false_discovery_rate = spec.false_discovery_rate;
  }
  return drift::CompareWithReference(session, table, reference.drift, options);
}

}  // namespace millwright::monitoring
