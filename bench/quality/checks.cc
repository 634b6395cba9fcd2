// A suite of 58 checks over 20 columns beside the same checks as one SELECT written by hand, in one
// process and in turn; and what a contract of 20 columns costs a row.
//
//   quality_checks ROWS [ROUNDS [FOLDER]]
//
// With a folder the table (table.parquet, table.csv) and the suite (suite.json, as Great
// Expectations reads it) stay there, for bench/quality/beside_gx.py.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/file.h"
#include "quality/suite_form.h"
#include "quality/validation.h"
#include "serving/contract.h"

namespace {

using namespace millwright;

constexpr int kNumbers = 8, kIntegers = 4, kTexts = 4;
constexpr int kContractCalls = 200'000;

std::string TableSql(int64_t rows) {
  std::string sql = "SELECT range AS id";
  for (int i = 0; i < kNumbers; ++i) {
    sql += fmt::format(", ((range * {}) % 100003)::DOUBLE / 1000 AS d{}", 7919 + 2 * i, i);
  }
  for (int i = 0; i < kIntegers; ++i) {
    sql += fmt::format(", (range * {}) % 1000 AS i{}", 31 + 2 * i, i);
  }
  for (int i = 0; i < kTexts; ++i) {
    sql += fmt::format(", ['JFK', 'LGA', 'EWR', 'ISP', 'HPN'][1 + (range + {}) % 5] AS t{}", i, i);
  }
  sql +=
      ", DATE '2001-01-01' + (range % 365)::INTEGER AS day, range % 2 = 0 AS flag, "
      "TIMESTAMP '2002-01-01' + INTERVAL (range) SECOND AS seen";
  return sql + fmt::format(" FROM range({})", rows);
}

std::vector<std::string> Columns() {
  std::vector<std::string> names = {"id", "day", "flag", "seen"};
  for (int i = 0; i < kNumbers; ++i) names.push_back(fmt::format("d{}", i));
  for (int i = 0; i < kIntegers; ++i) names.push_back(fmt::format("i{}", i));
  for (int i = 0; i < kTexts; ++i) names.push_back(fmt::format("t{}", i));
  return names;
}

constexpr char kAirports[] = "'JFK', 'LGA', 'EWR', 'ISP', 'HPN'";

// Each check twice: as a suite says it and as a person writes it.
struct Checks {
  std::string yaml = "suite: checks\nchecks:\n";
  std::string sql = "SELECT count(*)";
  int count = 0;

  void Add(const std::string& check, const std::string& aggregate) {
    yaml += "  - " + check + "\n";
    if (!aggregate.empty()) sql += ", " + aggregate;
    ++count;
  }
};

Checks AllChecks() {
  Checks checks;
  for (const std::string& name : Columns()) {
    checks.Add("not_null: " + name, "count_if(" + name + " IS NULL)");
  }
  for (int i = 0; i < kNumbers + kIntegers; ++i) {
    const std::string name =
        i < kNumbers ? fmt::format("d{}", i) : fmt::format("i{}", i - kNumbers);
    checks.Add(fmt::format("between: {{column: {}, min: 0, max: 1000}}", name),
               fmt::format("count_if(NOT ({0} >= 0 AND {0} <= 1000))", name));
  }
  for (int i = 0; i < kTexts; ++i) {
    checks.Add(fmt::format("in_set: {{column: t{}, values: [JFK, LGA, EWR, ISP, HPN]}}", i),
               fmt::format("count_if(t{} NOT IN ({}))", i, kAirports));
    checks.Add(fmt::format("length_between: {{column: t{}, min: 3, max: 3}}", i),
               fmt::format("count_if(NOT (length(t{0}) >= 3 AND length(t{0}) <= 3))", i));
  }
  for (int i = 0; i < 2; ++i) {
    checks.Add(fmt::format("regex: {{column: t{}, regex: \"^[A-Z]{{3}}$\"}}", i),
               fmt::format("count_if(NOT regexp_matches(t{}, '^[A-Z]{{3}}$'))", i));
    checks.Add(fmt::format("stdev: {{column: d{}, min: 0}}", i),
               fmt::format("stddev_samp(d{})", i));
  }
  for (int i = 0; i < kNumbers; ++i) {
    checks.Add(fmt::format("mean: {{column: d{}, min: 0}}", i), fmt::format("avg(d{})", i));
  }
  checks.Add("median: {column: d0, min: 0}", "median(d0)");
  checks.Add("unique: id", "count(DISTINCT id)");
  checks.Add("row_count_between: {min: 1}", "");
  checks.Add("column_count: 20", "");
  checks.Add("distinct_in_set: {column: t0, values: [JFK, LGA, EWR, ISP, HPN]}",
             fmt::format("bool_and(t0 IN ({}))", kAirports));
  checks.Add("pair_greater: {a: seen, b: day, or_equal: true}", "count_if(NOT seen >= day)");
  return checks;
}

template <typename F>
double SecondsOf(F&& work) {
  const int64_t start_us = MonotonicUs();
  work();
  return static_cast<double>(MonotonicUs() - start_us) / 1e6;
}

void CompareScans(const std::string& file, int64_t rows, int rounds) {
  const Checks checks = AllChecks();
  const quality::Suite suite = quality::ParseSuiteText(checks.yaml);
  const std::string table = analytics::ReadFileSql(file);
  double ours = std::numeric_limits<double>::max(), theirs = ours;
  for (int round = 0; round < rounds; ++round) {
    analytics::Session session;
    theirs = std::min(theirs, SecondsOf([&] { session.Query(checks.sql + " FROM " + table); }));
    quality::ValidationResult result;
    ours = std::min(ours, SecondsOf([&] { result = quality::Validate(session, table, suite); }));
    if (!result.success) {
      fmt::print("a check failed: {}\n", result.Statistics().Dump());
      std::exit(1);
    }
  }
  fmt::print("{} rows x {} columns, {} checks: {:.3f} s; by hand {:.3f} s; ratio {:.2f}\n", rows,
             Columns().size(), checks.count, ours, theirs, ours / theirs);
}

void TimeContract() {
  constexpr int kWidth = 20;
  std::string yaml = "suite: contract\nchecks:\n";
  auto info = std::make_shared<serving::ModelInfo>();
  info->signature.inputs = {{"x", inference::DataType::kFp32, {-1, kWidth}}};
  for (int i = 0; i < kWidth; ++i) {
    info->signature.columns.push_back({fmt::format("c{}", i)});
    yaml +=
        fmt::format("  - not_null: c{}\n  - between: {{column: c{}, min: 0, max: 100}}\n", i, i);
    if (i % 5 == 0)
      yaml += fmt::format("  - in_set: {{column: c{}, values: [1, 2, 3, 5, 8]}}\n", i);
  }
  const serving::Contract contract(quality::RowRules(quality::ParseSuiteText(yaml)),
                                   serving::ContractAction::kReject);
  const serving::ModelInfoPtr model = info;
  for (const int64_t rows : {1, 64}) {
    serving::InferRequest request;
    request.inputs.push_back(inference::Tensor::OfFloats(
        "x", {rows, kWidth}, std::vector<float>(static_cast<size_t>(rows * kWidth), 5)));
    const int calls = kContractCalls / static_cast<int>(rows);
    int64_t broken = 0;
    const double seconds = SecondsOf([&] {
      for (int i = 0; i < calls; ++i) broken += contract.Check(model, request).has_value();
    });
    fmt::print("contract of {} columns and 44 rules, {} row(s) a request: {:.3f} us a row{}\n",
               kWidth, rows, seconds * 1e6 / static_cast<double>(calls * rows),
               broken == 0 ? "" : " (broken!)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t rows = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const TempDir scratch;
  const std::string file = (scratch.path() / "table.parquet").string();
  analytics::Session session;
  session.Execute("COPY (" + TableSql(rows) + ") TO '" + file + "' (FORMAT parquet)");
  CompareScans(file, rows, rounds);
  TimeContract();
  if (argc > 3) {
    const std::filesystem::path kept = argv[3];
    std::filesystem::create_directories(kept);
    std::filesystem::copy_file(file, kept / "table.parquet",
                               std::filesystem::copy_options::overwrite_existing);
    session.Execute("COPY (SELECT * FROM read_parquet('" + file + "')) TO '" +
                    (kept / "table.csv").string() + "' (HEADER)");
    const quality::Suite suite = quality::ParseSuiteText(AllChecks().yaml);
    WriteFileDurably((kept / "suite.json").string(),
                     quality::WriteSuite(suite, quality::SuiteForm::kGx));
  }
}
