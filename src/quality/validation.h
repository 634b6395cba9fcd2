#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "quality/suite.h"

namespace millwright::quality {

// How much of a result is told, by the names that Great Expectations gave.
enum class ResultFormat { kBooleanOnly, kBasic, kSummary, kComplete };
std::string_view ResultFormatName(ResultFormat format);
// Reads "BOOLEAN_ONLY", "BASIC", "SUMMARY" or "COMPLETE". Throws kInvalidArgument.
ResultFormat ParseResultFormat(std::string_view text);

struct ValidationOptions {
  ResultFormat format = ResultFormat::kSummary;
  // Unexpected values that are listed below COMPLETE.
  int partial_unexpected_count = 20;
  // Columns that identify an unexpected row instead of its position.
  std::vector<std::string> index_columns;
  // Whole rows kept of each failed expectation; 0 for none.
  int row_sample_max = 20;
  // Positions of unexpected rows that are kept at COMPLETE; 0 for as many as people want to see.
  size_t index_list_max = 0;
  // Replace the suite's own parameters, by name.
  Json parameters = Json::MakeObject();
  // Told of each step that is done, of so many: scans and expectations.
  std::function<void(size_t done, size_t total)> on_step = {};
  // Tables of the session that a suite may name beside the one that is judged.
  std::set<std::string> tables = {};
};

inline constexpr int kPartialUnexpectedMax = 200;
inline constexpr int kRowSampleMax = 200;
// A sampled row is shown by its first columns and those that are judged: the fewer, the more rows
// all expectations of a run show together.
inline constexpr size_t kRowSampleColumnsMax = 1'000;
inline constexpr size_t kRowSampleColumnsMin = 10;
inline constexpr size_t kRowSampleCellsMax = 200'000;
// Longer texts are cut where values and rows are shown.
inline constexpr size_t kShownCharactersMax = 2'000;
// A column with more distinct values than this cannot be judged by its distinct values.
inline constexpr int64_t kDistinctValuesMax = 100'000;

struct ExpectationResult {
  Expectation expectation;
  bool success = false;
  Json result = Json::MakeObject();
  // A sample of the whole rows that broke it, as column → value: what Great Expectations' result
  // has no place for stands beside it, as `unexpected_rows`.
  Json rows = Json::MakeArray();
  bool raised = false;
  std::string exception_message;

  Json ToJson() const;
};

// What a suite found in a table, in Great Expectations' shape.
struct ValidationResult {
  bool success = false;
  std::string suite;
  std::vector<ExpectationResult> results;  // in the suite's order
  Json parameters = Json::MakeObject();
  Json meta = Json::MakeObject();

  int64_t evaluated() const { return static_cast<int64_t>(results.size()); }
  int64_t unsuccessful() const;
  Json Statistics() const;
  Json ToJson() const;
  // Reads back what ToJson wrote. Throws kInvalidArgument.
  static ValidationResult FromJson(const Json& json);
};

// Judges a table by a suite. `table` is what may stand after FROM: a table's name, a function such
// as read_parquet('…') or a query in parentheses. All expectations share one scan; expectations
// that need a first answer (z-scores, quantiles) share a second; failing rows are fetched by one
// narrow query each. An expectation that cannot be judged has `raised` and a message and harms no
// other; only a table that cannot be read throws kInvalidArgument.
ValidationResult Validate(analytics::Session& session, const std::string& table, const Suite& suite,
                          const ValidationOptions& options = {});

// Judges a data file (see analytics::ReadFileSql) with no server and no database. CSV and JSON are
// parsed once. Throws kInvalidArgument for an unknown extension or an unreadable file.
ValidationResult ValidateFile(const std::filesystem::path& file, const Suite& suite,
                              const ValidationOptions& options = {});

}  // namespace millwright::quality
