#include "drift/chunk_drift.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "drift/chunk.h"
#include "drift/sampling_error.h"
#include "metrics/quantile.h"
#include "statistics/count_tests.h"
#include "statistics/distances.h"
#include "statistics/histogram.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

using statistics::ColumnKind;

constexpr double kChanceOfAlarm = 0.05;  // of chi2, which NannyML judges by p and not by bounds

enum class Of { kNumbers, kCategories, kBoth };
enum class Side { kAbove, kBoth };
struct Kind {
  std::string_view name;
  Of of;
  Side bounded;
  std::optional<double> least, most;  // that the figure can be
};
constexpr Kind kKinds[] = {
    {"kolmogorov_smirnov", Of::kNumbers, Side::kAbove, 0, 1},
    {"jensen_shannon", Of::kBoth, Side::kAbove, 0, {}},
    {"wasserstein", Of::kNumbers, Side::kAbove, 0, {}},
    {"hellinger", Of::kBoth, Side::kAbove, 0, {}},
    {"chi2", Of::kCategories, Side::kAbove, 0, {}},
    {"l_infinity", Of::kCategories, Side::kAbove, 0, {}},
    {"mean", Of::kNumbers, Side::kBoth, {}, {}},
    {"median", Of::kNumbers, Side::kBoth, {}, {}},
    {"std", Of::kNumbers, Side::kBoth, 0, {}},
    {"sum", Of::kNumbers, Side::kBoth, {}, {}},
    {"missing_share", Of::kBoth, Side::kBoth, 0, 1},
    {"unseen_share", Of::kCategories, Side::kAbove, 0, 1},
};

// A figure of a chunk before it is judged.
struct Value {
  std::optional<double> value, p_value, error;
};

// Tells figures of a column's chunks from its reference, which is sorted and counted once.
class ColumnFigures {
 public:
  explicit ColumnFigures(const PairedColumn& column) : column_(column) {
    for (double value : column.reference) {
      if (!std::isnan(value)) reference_.push_back(value);
    }
    std::sort(reference_.begin(), reference_.end());
    if (reference_.empty()) return;
    missing_ = OfMissing(column.reference.size() - reference_.size(), column.reference.size());
    if (column.kind == ColumnKind::kNumeric) {
      if (reference_.size() > 1) mean_ = VarianceOfMean(reference_);
      // Over n − 1, which NannyML takes here.
      const auto count = static_cast<double>(reference_.size());
      mean_.variance *= count / std::max(1.0, count - 1);
      median_error_ = ErrorOfMedian(reference_, 1);
      moments_ = SpreadMomentsOf(reference_);
    }
    if (column.kind == ColumnKind::kCategorical) {
      counts_.resize(column.categories);
      for (double value : reference_) ++counts_[static_cast<size_t>(value)];
    } else {
      edges_ = statistics::HistogramEdges(reference_, statistics::BinRule::kDoane, column.type);
      counts_ = statistics::CountInEdges(reference_, edges_);
      counts_.push_back(0);
    }
  }

  // By place in kKinds.
  std::vector<Value> Measure(const std::vector<double>& side, const Chunk& chunk) const {
    std::vector<Value> values(std::size(kKinds));
    std::vector<double> present;
    for (size_t i = chunk.begin; i < chunk.end; ++i) {
      if (!std::isnan(side[i])) present.push_back(side[i]);
    }
    const auto rows = static_cast<double>(chunk.rows());
    At(&values, "missing_share").value = 1 - static_cast<double>(present.size()) / rows;
    At(&values, "missing_share").error = missing_.ErrorOfMean(static_cast<int64_t>(chunk.rows()));
    if (present.empty() || reference_.empty()) return values;
    if (column_.kind == ColumnKind::kCategorical) {
      MeasureCategories(present, rows, &values);
    } else {
      MeasureNumbers(std::move(present), &values);
    }
    return values;
  }

 private:
  static Value& At(std::vector<Value>* values, std::string_view name) {
    const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                     [&](const Kind& kind) { return kind.name == name; });
    return (*values)[static_cast<size_t>(found - std::begin(kKinds))];
  }

  void MeasureCategories(const std::vector<double>& present, double rows,
                         std::vector<Value>* values) const {
    std::vector<int64_t> counts(counts_.size());
    int64_t unseen = 0;
    for (double value : present) ++counts[static_cast<size_t>(value)];
    // A value that neither the reference nor this chunk has would be an empty column of the table.
    std::vector<int64_t> was, is;
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts_[i] == 0) unseen += counts[i];
      if (counts_[i] == 0 && counts[i] == 0) continue;
      was.push_back(counts_[i]);
      is.push_back(counts[i]);
    }
    const auto test = statistics::ChiSquareContingency(was, is, statistics::Yates::kCorrected);
    At(values, "chi2") = {test.statistic, test.p_value};
    MeasureCounts(was, is, values);
    At(values, "l_infinity").value = statistics::LInfinity(was, is);
    At(values, "unseen_share").value = static_cast<double>(unseen) / rows;
  }

  void MeasureNumbers(std::vector<double> present, std::vector<Value>* values) const {
    At(values, "mean").value = statistics::Mean(present);
    double sum = 0;
    for (double value : present) sum += value;
    At(values, "sum").value = sum;
    if (present.size() > 1) {
      At(values, "std").value = std::sqrt(statistics::SquaresAroundMean(present) /
                                          static_cast<double>(present.size() - 1));
    }
    std::sort(present.begin(), present.end());
    At(values, "median").value = metrics::QuantileOfSorted(present, 0.5);
    const auto count = static_cast<int64_t>(present.size());
    At(values, "mean").error = mean_.ErrorOfMean(count);
    At(values, "sum").error = mean_.ErrorOfSum(count);
    At(values, "std").error = ErrorOfDeviation(moments_, count);
    if (median_error_) {
      At(values, "median").error = *median_error_ / std::sqrt(static_cast<double>(count));
    }
    std::vector<int64_t> counts = statistics::CountInEdges(present, edges_);
    counts.push_back(static_cast<int64_t>(present.size()) - statistics::Total(counts));
    MeasureCounts(counts_, counts, values);
    double largest = 0, area = 0;
    const double was_step = 1 / static_cast<double>(reference_.size());
    const double is_step = 1 / static_cast<double>(present.size());
    statistics::WalkBoth(
        reference_, present, [&](double value, double next, size_t was, size_t is) {
          const double difference =
              std::abs(static_cast<double>(was) * was_step - static_cast<double>(is) * is_step);
          largest = std::max(largest, difference);
          area += difference * (next - value);
        });
    At(values, "kolmogorov_smirnov").value = largest;
    At(values, "wasserstein").value = area;
  }

  static void MeasureCounts(const std::vector<int64_t>& was, const std::vector<int64_t>& is,
                            std::vector<Value>* values) {
    At(values, "jensen_shannon").value =
        statistics::JensenShannonDistance(was, is, statistics::LogBase::kTwo);
    At(values, "hellinger").value = statistics::Hellinger(was, is);
  }

  static RowVariance OfMissing(size_t missing, size_t rows) {
    const double share = static_cast<double>(missing) / static_cast<double>(rows);
    return {share * (1 - share), 1};
  }

  const PairedColumn& column_;
  std::vector<double> reference_;  // present ones, sorted
  std::vector<double> edges_;
  std::vector<int64_t> counts_;
  RowVariance missing_, mean_;
  SpreadMoments moments_;
  std::optional<double> median_error_;  // of one row
};

bool IsAlert(const ChunkFigure& figure) {
  if (!figure.value) return false;
  if (figure.p_value) return *figure.p_value < kChanceOfAlarm;
  return (figure.lower && *figure.value < *figure.lower) ||
         (figure.upper && *figure.value > *figure.upper);
}

class Comparison {
 public:
  Comparison(const PairedColumns& columns, const ChunkDriftOptions& options) : options_(options) {
    chosen_.resize(std::size(kKinds), options.figures.empty());
    for (const std::string& name : options.figures) Choose(name);
    const std::vector<Chunk> reference =
        Cut(columns.reference_rows, columns.reference_period, true);
    const std::vector<Chunk> current = Cut(columns.current_rows, columns.current_period, false);
    for (const PairedColumn& column : columns.columns) Add(column, reference, current);
  }

  ChunkDrift Result() { return std::move(result_); }

 private:
  void Choose(const std::string& name) {
    std::string known;
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      if (kKinds[i].name == name) {
        chosen_[i] = true;
        return;
      }
      known += (i > 0 ? ", " : "") + std::string(kKinds[i].name);
    }
    throw InvalidArgument("There is no figure {}. There are {}", name, known);
  }

  std::vector<Chunk> Cut(size_t rows, const std::vector<std::string>& period, bool is_reference) {
    if (rows == 0) {
      throw InvalidArgument("The {} has no rows", is_reference ? "reference" : "current table");
    }
    int64_t chunk_rows = options_.chunk_rows;
    if (options_.chunk_count > 0) {
      chunk_rows = std::max<int64_t>(1, static_cast<int64_t>(rows) / options_.chunk_count);
    }
    std::vector<Chunk> chunks = CutRows(rows, period, chunk_rows);
    for (const Chunk& chunk : chunks) {
      result_.chunks.push_back({chunk.key, is_reference, static_cast<int64_t>(chunk.rows()), {}});
    }
    return chunks;
  }

  void Add(const PairedColumn& column, const std::vector<Chunk>& reference,
           const std::vector<Chunk>& current) {
    const ColumnFigures figures(column);
    std::vector<std::vector<Value>> values;
    for (const Chunk& chunk : reference) values.push_back(figures.Measure(column.reference, chunk));
    for (const Chunk& chunk : current) values.push_back(figures.Measure(column.current, chunk));
    const bool is_number = column.kind == ColumnKind::kNumeric;
    for (size_t k = 0; k < std::size(kKinds); ++k) {
      const Kind& kind = kKinds[k];
      const bool fits = kind.of == Of::kBoth || (kind.of == Of::kNumbers) == is_number;
      if (!fits || !chosen_[k]) continue;
      ChunkFigure figure{.column = column.name, .name = std::string(kind.name)};
      SetBounds(kind, k, values, reference.size(), &figure);
      for (size_t i = 0; i < values.size(); ++i) {
        figure.value = values[i][k].value;
        figure.p_value = values[i][k].p_value;
        figure.alert = IsAlert(figure);
        SetBand(kind, values[i][k].error, &figure);
        result_.chunks[i].figures.push_back(figure);
      }
    }
  }

  static void SetBand(const Kind& kind, const std::optional<double>& error, ChunkFigure* figure) {
    figure->sampling_error = figure->value ? error : std::nullopt;
    figure->band_lower = figure->band_upper = std::nullopt;
    if (!figure->sampling_error) return;
    const double reach = kBandErrors * *error;
    figure->band_lower = *figure->value - reach;
    figure->band_upper = *figure->value + reach;
    if (kind.least) figure->band_lower = std::max(*kind.least, *figure->band_lower);
    if (kind.most) figure->band_upper = std::min(*kind.most, *figure->band_upper);
  }

  static void SetBounds(const Kind& kind, size_t k, const std::vector<std::vector<Value>>& values,
                        size_t reference_chunks, ChunkFigure* figure) {
    if (kind.name == "chi2") return;
    std::vector<double> seen;
    for (size_t i = 0; i < reference_chunks; ++i) {
      if (values[i][k].value) seen.push_back(*values[i][k].value);
    }
    if (seen.empty()) return;
    const Bounds bounds = BoundsOf(seen);
    figure->upper = kind.most ? std::min(*kind.most, bounds.upper) : bounds.upper;
    if (kind.bounded == Side::kAbove) return;
    figure->lower = kind.least ? std::max(*kind.least, bounds.lower) : bounds.lower;
  }

  const ChunkDriftOptions& options_;
  std::vector<bool> chosen_;
  ChunkDrift result_;
};

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

std::vector<std::string_view> ChunkFigureNames() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

const ChunkFigure* FigureChunk::Find(std::string_view column, std::string_view name) const {
  for (const ChunkFigure& figure : figures) {
    if (figure.column == column && figure.name == name) return &figure;
  }
  return nullptr;
}

int64_t ChunkDrift::alerts() const {
  int64_t alerts = 0;
  for (const FigureChunk& chunk : chunks) {
    if (chunk.is_reference) continue;
    alerts += std::count_if(chunk.figures.begin(), chunk.figures.end(),
                            [](const ChunkFigure& figure) { return figure.alert; });
  }
  return alerts;
}

Json ChunkDrift::ToJson() const {
  Json list = Json::MakeArray();
  for (const FigureChunk& chunk : chunks) {
    Json figures = Json::MakeArray();
    for (const ChunkFigure& figure : chunk.figures) {
      figures.Append(Json::Of({{"column", figure.column},
                               {"figure", figure.name},
                               {"value", OrNull(figure.value)},
                               {"p_value", OrNull(figure.p_value)},
                               {"lower", OrNull(figure.lower)},
                               {"upper", OrNull(figure.upper)},
                               {"alert", figure.alert}}));
      if (!figure.sampling_error) continue;
      figures.AsArray().back().Set("sampling_error", *figure.sampling_error);
      figures.AsArray().back().Set(
          "band", Json::Of({{"lower", *figure.band_lower}, {"upper", *figure.band_upper}}));
    }
    list.Append(Json::Of({{"chunk", chunk.key},
                          {"period", chunk.is_reference ? "reference" : "analysis"},
                          {"rows", chunk.rows},
                          {"figures", std::move(figures)}}));
  }
  return Json::Of({{"alerts", alerts()}, {"chunks", std::move(list)}});
}

ChunkDrift CompareChunks(const PairedColumns& columns, const ChunkDriftOptions& options) {
  return Comparison(columns, options).Result();
}

}  // namespace millwright::drift
