#include "metrics/evaluation_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "metrics/quantile.h"

namespace millwright::metrics {
namespace {

using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

// Whole numbers of more values than this are numbers, not classes.
constexpr int64_t kWholeClassesMax = 20;
constexpr const char* kTaken = "millwright_evaluated";  // the columns, in the session
constexpr size_t kSliceValuesMax = 1000;

bool IsNumber(ColumnType type) {
  return type == ColumnType::kInteger || type == ColumnType::kDouble;
}

ColumnType TypeOf(const std::vector<analytics::Column>& columns, const std::string& name) {
  for (const auto& column : columns) {
    if (column.name == name) return column.type;
  }
  std::string known;
  for (const auto& column : columns) known += (known.empty() ? "" : ", ") + column.name;
  throw InvalidArgument("There is no column {}. There are {}", name, known);
}

void RequireNumber(const std::vector<analytics::Column>& columns, const std::string& name) {
  const ColumnType type = TypeOf(columns, name);
  if (!IsNumber(type) && type != ColumnType::kBoolean) {
    throw InvalidArgument("Column {} is {}, not a number", name, analytics::ColumnTypeName(type));
  }
}

bool HasClasses(Task task) {
  return task == Task::kBinary || task == Task::kMulticlass;
}

// A class as it is named: 1 and 1.0 and true are one.
std::string ClassSql(const std::string& column, ColumnType type) {
  const std::string name = QuoteName(column);
  if (type == ColumnType::kDouble) {
    return fmt::format(
        "CASE WHEN {0} = trunc({0}) AND abs({0}) < 1e15 THEN CAST(CAST({0} AS "
        "BIGINT) AS VARCHAR) ELSE CAST({0} AS VARCHAR) END",
        name);
  }
  return fmt::format("CAST({} AS VARCHAR)", name);
}

bool ClassBefore(const std::string& a, const std::string& b) {
  double x = 0;
  double y = 0;
  const auto is_number = [](const std::string& text, double* number) {
    const auto end = text.data() + text.size();
    return std::from_chars(text.data(), end, *number).ptr == end && !text.empty();
  };
  if (is_number(a, &x) && is_number(b, &y) && x != y) return x < y;
  return a < b;
}

// The classes that the columns of probabilities are of: their names without what all begin with.
std::vector<std::string> ClassesOfColumns(const std::vector<std::string>& columns,
                                          const std::vector<std::string>& known) {
  const auto all_known = [&](const std::vector<std::string>& names) {
    return std::all_of(known.begin(), known.end(), [&](const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    });
  };
  if (all_known(columns)) return columns;
  const std::string& first = columns.front();
  for (size_t length = first.size(); length > 0; --length) {
    const auto prefix = first.substr(0, length);
    std::vector<std::string> names;
    for (const std::string& column : columns) {
      if (!column.starts_with(prefix)) break;
      names.push_back(column.substr(length));
    }
    if (names.size() == columns.size() && all_known(names)) return names;
  }
  throw InvalidArgument("The columns of probabilities {} do not name the classes {}",
                        fmt::join(columns, ", "), fmt::join(known, ", "));
}

// Numbers texts in the order in which they come.
class Numbering {
 public:
  // -1 for one that has no number.
  int32_t Find(const std::string& text) const {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? -1 : found->second;
  }
  int32_t Of(const std::string& text) {
    const auto [at, is_new] = numbers_.emplace(text, static_cast<int32_t>(names_.size()));
    if (is_new) names_.push_back(text);
    return at->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, int32_t, std::less<>> numbers_;
  std::vector<std::string> names_;
};

class Reader {
 public:
  Reader(Session& session, const EvaluationSpec& spec)
      : session_(session),
        spec_(spec),
        columns_(session.Describe("SELECT * FROM " + spec.table_sql)) {
    TakeColumns();
    rows_.task = FindTask(session, TypeOf(columns_, spec.truth));
    RequireColumns();
  }
  ~Reader() {
    try {
      session_.Execute(std::string("DROP TABLE IF EXISTS ") + kTaken);
    } catch (const Error&) {
      // It goes with the session.
    }
  }

  EvaluationRows Read() {
    if (HasClasses(rows_.task)) FindClasses();
    PlanSlices();
    const std::string sql = Sql();
    session_.Stream(sql, [&](const Table& piece) {
      for (size_t row = 0; row < piece.row_count(); ++row) Add(piece, row);
      return true;
    });
    for (size_t i = 0; i < rows_.slices.size(); ++i) {
      if (rows_.slices[i].values.empty()) rows_.slices[i].values = numberings_[i].names();
    }
    if (rows_.size() == 0) {
      throw InvalidArgument("No row has both {} and a prediction", spec_.truth);
    }
    return std::move(rows_);
  }

 private:
  bool HasProbabilities() const { return !spec_.probabilities.empty(); }

  // The columns are looked at several times, and a file of text is read by guessing its types.
  void TakeColumns() {
    std::set<std::string> wanted = {spec_.truth};
    wanted.insert(spec_.probabilities.begin(), spec_.probabilities.end());
    wanted.insert(spec_.slices.begin(), spec_.slices.end());
    for (const std::string* name : {&spec_.prediction, &spec_.weight, &spec_.query}) {
      if (!name->empty()) wanted.insert(*name);
    }
    std::string list;
    for (const std::string& name : wanted) {
      TypeOf(columns_, name);
      list += (list.empty() ? "" : ", ") + QuoteName(name);
    }
    session_.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {}", kTaken,
                                 list, spec_.table_sql));
  }

  Task FindTask(Session& session, ColumnType truth) const {
    if (spec_.task) return *spec_.task;
    if (!spec_.query.empty()) return Task::kRanking;
    if (spec_.probabilities.size() > 1) return Task::kMulticlass;
    if (spec_.probabilities.size() == 1) return Task::kBinary;
    if (truth == ColumnType::kDouble) return Task::kRegression;
    const int64_t values =
        session
            .Query(fmt::format("SELECT count(DISTINCT {}) FROM {}", QuoteName(spec_.truth), kTaken))
            .Int(0, 0);
    if (truth == ColumnType::kInteger && values > kWholeClassesMax) return Task::kRegression;
    return values <= 2 ? Task::kBinary : Task::kMulticlass;
  }

  void RequireColumns() {
    if (spec_.prediction.empty() && !HasProbabilities()) {
      throw InvalidArgument("There must be a column of predictions or of probabilities");
    }
    for (const std::string& name : spec_.probabilities) RequireNumber(columns_, name);
    if (rows_.task == Task::kBinary && spec_.probabilities.size() > 1) {
      throw InvalidArgument(
          "Two classes take one column of probabilities, that of the positive "
          "one");
    }
    if (rows_.task == Task::kMulticlass && spec_.probabilities.size() == 1) {
      throw InvalidArgument("Several classes take a column of probabilities each");
    }
    if (!HasClasses(rows_.task)) {
      if (spec_.prediction.empty()) throw InvalidArgument("There must be a column of predictions");
      RequireNumber(columns_, spec_.truth);
      RequireNumber(columns_, spec_.prediction);
    }
    if (rows_.task == Task::kRanking) {
      if (spec_.query.empty()) throw InvalidArgument("A ranking needs a column of queries");
    }
    if (!spec_.weight.empty()) RequireNumber(columns_, spec_.weight);
  }

  // The classes that occur in the truth, and in the predictions where there are such.
  void FindClasses() {
    std::string sql = fmt::format("SELECT DISTINCT {} AS c FROM {} WHERE {} IS NOT NULL",
                                  ClassSql(spec_.truth, TypeOf(columns_, spec_.truth)), kTaken,
                                  QuoteName(spec_.truth));
    if (!spec_.prediction.empty()) {
      sql += fmt::format(" UNION SELECT DISTINCT {} FROM {} WHERE {} IS NOT NULL",
                         ClassSql(spec_.prediction, TypeOf(columns_, spec_.prediction)), kTaken,
                         QuoteName(spec_.prediction));
    }
    const Table found = session_.Query(fmt::format("{} LIMIT {}", sql, kClassesMax + 1));
    if (found.row_count() > kClassesMax) {
      throw InvalidArgument("Column {} has more than {} classes", spec_.truth, kClassesMax);
    }
    for (size_t row = 0; row < found.row_count(); ++row) {
      rows_.classes.push_back(found.Text(row, 0));
    }
    std::sort(rows_.classes.begin(), rows_.classes.end(), ClassBefore);
    if (rows_.task == Task::kMulticlass && HasProbabilities()) {
      rows_.classes = ClassesOfColumns(spec_.probabilities, rows_.classes);
    }
    if (rows_.task == Task::kBinary) FindPositive();
    for (const std::string& name : rows_.classes) classes_.Of(name);
  }

  void FindPositive() {
    auto& classes = rows_.classes;
    if (classes.size() > 2) {
      throw InvalidArgument("Column {} has {} classes, not two: {}", spec_.truth, classes.size(),
                            fmt::join(classes, ", "));
    }
    if (classes.size() == 1) AddMissingClass();
    const auto named = std::find(classes.begin(), classes.end(), spec_.positive);
    if (!spec_.positive.empty() && named == classes.end()) {
      throw InvalidArgument("There is no class {}. There are {}", spec_.positive,
                            fmt::join(classes, ", "));
    }
    rows_.positive = spec_.positive.empty() ? 1 : static_cast<size_t>(named - classes.begin());
  }

  // Where only one class occurs the other one has a name if the two are commonly named so.
  void AddMissingClass() {
    static constexpr std::pair<const char*, const char*> kPairs[] = {
        {"0", "1"}, {"false", "true"}, {"no", "yes"}, {"-1", "1"}};
    auto& classes = rows_.classes;
    for (const auto& [negative, positive] : kPairs) {
      if (classes[0] == negative) return classes.emplace_back(positive), void();
      if (classes[0] == positive) return classes.insert(classes.begin(), negative), void();
    }
    classes.insert(classes.begin(), "not " + classes[0]);
  }

  void PlanSlices() {
    for (const std::string& name : spec_.slices) {
      EvaluationRows::SliceColumn slice{name, {}, {}};
      std::string sql = fmt::format("CAST({} AS VARCHAR)", QuoteName(name));
      if (IsNumber(TypeOf(columns_, name))) CutIntoRanges(name, &slice, &sql);
      slice_sql_.push_back(std::move(sql));
      rows_.slices.push_back(std::move(slice));
      numberings_.emplace_back();
    }
  }

  // Ranges of about equal numbers of rows, unless the numbers are few.
  void CutIntoRanges(const std::string& name, EvaluationRows::SliceColumn* slice,
                     std::string* sql) {
    const std::string column = QuoteName(name);
    const Table found = session_.Query(
        fmt::format("SELECT count(DISTINCT {0}), min({0}), max({0}){1} FROM {2} WHERE "
                    "isfinite(CAST({0} AS DOUBLE))",
                    column, QuantilesSql(column), kTaken));
    if (found.Int(0, 0) <= kWholeClassesMax) return;
    std::vector<double> edges = {found.Double(0, 1)};
    for (size_t i = 0; i + 1 < kSliceRanges; ++i) {
      const double edge = found.Double(0, 3 + i);
      if (edge > edges.back()) edges.push_back(edge);
    }
    const double last = found.Double(0, 2);
    *sql = "CASE";
    for (size_t i = 0; i < edges.size(); ++i) {
      const bool is_last = i + 1 == edges.size();
      slice->values.push_back(is_last ? fmt::format("{:g} to {:g}", edges[i], last)
                                      : fmt::format("{:g} to under {:g}", edges[i], edges[i + 1]));
      *sql += is_last ? fmt::format(" WHEN {} >= {} THEN {}", column, edges[i], i)
                      : fmt::format(" WHEN {0} >= {1} AND {0} < {2} THEN {3}", column, edges[i],
                                    edges[i + 1], i);
    }
    *sql += " END";
  }

  static std::string QuantilesSql(const std::string& column) {
    std::string sql;
    for (size_t i = 1; i < kSliceRanges; ++i) {
      sql += fmt::format(", quantile_cont({}, {})", column,
                         static_cast<double>(i) / static_cast<double>(kSliceRanges));
    }
    return sql;
  }

  std::string Sql() const {
    const bool classes = HasClasses(rows_.task);
    const auto value = [&](const std::string& name) {
      return classes ? ClassSql(name, TypeOf(columns_, name))
                     : fmt::format("CAST({} AS DOUBLE)", QuoteName(name));
    };
    std::string sql = "SELECT " + value(spec_.truth);
    sql += ", " + (spec_.prediction.empty() ? "NULL" : value(spec_.prediction));
    for (const std::string& name : spec_.probabilities) {
      sql += fmt::format(", CAST({} AS DOUBLE)", QuoteName(name));
    }
    if (!spec_.weight.empty()) sql += fmt::format(", CAST({} AS DOUBLE)", QuoteName(spec_.weight));
    if (!spec_.query.empty()) sql += fmt::format(", CAST({} AS VARCHAR)", QuoteName(spec_.query));
    for (const std::string& slice : slice_sql_) sql += ", " + slice;
    return sql + " FROM " + kTaken;
  }

  void Add(const Table& piece, size_t row) {
    size_t at = 2;
    scores_.clear();
    bool complete = !piece.IsNull(row, 0) && (HasProbabilities() || !piece.IsNull(row, 1));
    for (size_t i = 0; i < spec_.probabilities.size(); ++i) {
      scores_.push_back(piece.Double(row, at++));
      complete = complete && std::isfinite(scores_.back());
    }
    if (!HasClasses(rows_.task) && complete) {
      complete = std::isfinite(piece.Double(row, 0)) && std::isfinite(piece.Double(row, 1));
    }
    const double weight = spec_.weight.empty() ? 1 : piece.Double(row, at++);
    complete = complete && std::isfinite(weight);
    if (!complete) {
      ++rows_.left_out;
      return;
    }
    if (HasClasses(rows_.task)) {
      AddClasses(piece, row);
    } else {
      rows_.truth_number.push_back(piece.Double(row, 0));
      rows_.predicted_number.push_back(piece.Double(row, 1));
    }
    if (!spec_.weight.empty()) rows_.weights.push_back(weight);
    if (!spec_.query.empty()) rows_.query.push_back(queries_.Of(piece.Text(row, at++)));
    for (size_t i = 0; i < rows_.slices.size(); ++i, ++at) AddSlice(piece, row, at, i);
  }

  void AddClasses(const Table& piece, size_t row) {
    rows_.truth.push_back(classes_.Find(piece.Text(row, 0)));
    rows_.probabilities.insert(rows_.probabilities.end(), scores_.begin(), scores_.end());
    if (!piece.IsNull(row, 1)) {
      rows_.predicted.push_back(classes_.Find(piece.Text(row, 1)));
    } else if (rows_.task == Task::kBinary) {
      const bool is_positive = scores_[0] >= spec_.threshold;
      rows_.predicted.push_back(
          static_cast<int32_t>(is_positive ? rows_.positive : 1 - rows_.positive));
    } else {
      const auto most = std::max_element(scores_.begin(), scores_.end());
      rows_.predicted.push_back(static_cast<int32_t>(most - scores_.begin()));
    }
  }

  void AddSlice(const Table& piece, size_t row, size_t at, size_t i) {
    EvaluationRows::SliceColumn& slice = rows_.slices[i];
    int32_t value = -1;
    if (!piece.IsNull(row, at)) {
      value = slice.values.empty() ? numberings_[i].Of(piece.Text(row, at))
                                   : static_cast<int32_t>(piece.Int(row, at));
    }
    if (numberings_[i].names().size() > kSliceValuesMax) {
      throw InvalidArgument("Column {} has more than {} values to slice by", slice.name,
                            kSliceValuesMax);
    }
    slice.of_row.push_back(value);
  }

  Session& session_;
  const EvaluationSpec& spec_;
  const std::vector<analytics::Column> columns_;
  std::vector<std::string> slice_sql_;
  std::vector<Numbering> numberings_;
  Numbering classes_;
  Numbering queries_;
  std::vector<double> scores_;  // of the row at hand
  EvaluationRows rows_;
};

}  // namespace

EvaluationRows EvaluationRows::Subset(std::span<const uint32_t> rows) const {
  EvaluationRows subset{.task = task, .classes = classes, .positive = positive};
  const size_t width = size() == 0 ? 0 : probabilities.size() / size();
  for (const uint32_t row : rows) {
    if (!truth.empty()) subset.truth.push_back(truth[row]);
    if (!predicted.empty()) subset.predicted.push_back(predicted[row]);
    if (!truth_number.empty()) subset.truth_number.push_back(truth_number[row]);
    if (!predicted_number.empty()) subset.predicted_number.push_back(predicted_number[row]);
    if (!weights.empty()) subset.weights.push_back(weights[row]);
    if (!query.empty()) subset.query.push_back(query[row]);
    for (size_t c = 0; c < width; ++c) {
      subset.probabilities.push_back(probabilities[row * width + c]);
    }
  }
  return subset;
}

EvaluationRows ReadRows(analytics::Session& session, const EvaluationSpec& spec) {
  return Reader(session, spec).Read();
}

}  // namespace millwright::metrics
