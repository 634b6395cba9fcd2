#include "drift/domain_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "drift/boosted_trees.h"
#include "statistics/roc_interval.h"

namespace millwright::drift {
namespace {

constexpr double kBandDeviations = 1.96;  // of a normal distribution, for 95 of 100
// A text with more distinct values than this share of the rows names rows, not kinds.
constexpr double kDistinctShareMax = 0.5;

// Rows of both sides in one table, the reference's first.
struct SidesTable {
  std::vector<const PairedColumn*> columns;
  std::vector<float> values;
  std::vector<float> labels;  // 1 of the current rows

  std::span<const float> Row(size_t i) const {
    return {values.data() + i * columns.size(), columns.size()};
  }
};

SidesTable Join(const PairedColumns& paired, const Chunk& chunk,
                std::vector<std::string>* left_out) {
  SidesTable table;
  const size_t rows = paired.reference_rows + chunk.rows();
  for (const PairedColumn& column : paired.columns) {
    const double distinct = static_cast<double>(column.categories);
    if (distinct > 2 && distinct > kDistinctShareMax * static_cast<double>(paired.reference_rows +
                                                                           paired.current_rows)) {
      left_out->push_back(column.name);
    } else {
      table.columns.push_back(&column);
    }
  }
  table.values.reserve(rows * table.columns.size());
  const auto add = [&](std::vector<double> PairedColumn::*side, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (const PairedColumn* column : table.columns) {
        table.values.push_back(static_cast<float>((column->*side)[i]));
      }
    }
  };
  add(&PairedColumn::reference, 0, paired.reference_rows);
  add(&PairedColumn::current, chunk.begin, chunk.end);
  table.labels.assign(paired.reference_rows, 0);
  table.labels.resize(rows, 1);
  return table;
}

// What the folds say together.
struct Judgement {
  double area = 0;
  double variance = 0;  // of the mean area
  std::vector<double> shares;
};

Judgement Judge(const SidesTable& table, const DomainOptions& options) {
  const size_t width = table.columns.size();
  const std::vector<size_t> fold = StratifiedFolds(table.labels, options.folds, options.seed);
  const auto folds = static_cast<double>(options.folds);
  Judgement judgement;
  judgement.shares.resize(width);
  for (size_t k = 0; k < options.folds; ++k) {
    std::vector<float> seen, labels, unseen;
    std::vector<bool> is_current;
    for (size_t i = 0; i < fold.size(); ++i) {
      const auto row = table.Row(i);
      std::vector<float>& to = fold[i] == k ? unseen : seen;
      to.insert(to.end(), row.begin(), row.end());
      if (fold[i] == k) {
        is_current.push_back(table.labels[i] > 0);
      } else {
        labels.push_back(table.labels[i]);
      }
    }
    const BoostedTrees trees(
        seen, width, labels,
        {.rounds = options.rounds, .seed = static_cast<int64_t>(options.seed)});
    const std::vector<double> scores = trees.At(unseen);
    std::vector<double> current, reference;
    for (size_t i = 0; i < scores.size(); ++i) {
      (is_current[i] ? current : reference).push_back(scores[i]);
    }
    const statistics::RocArea area = statistics::RocAreaWithError(current, reference);
    judgement.area += area.area / folds;
    judgement.variance += area.standard_error * area.standard_error / (folds * folds);
    const std::vector<double> shares = trees.GainShares();
    for (size_t c = 0; c < width; ++c) judgement.shares[c] += shares[c] / folds;
  }
  return judgement;
}

}  // namespace

Json DomainVerdict::ToJson() const {
  Json list = Json::MakeArray(), out = Json::MakeArray();
  for (const DomainColumn& column : columns) {
    list.Append(Json::Of({{"column", column.name}, {"gain_share", column.share}}));
  }
  for (const std::string& name : left_out) out.Append(name);
  return Json::Of({{"chunk", key},
                   {"status", DriftStatusName(status)},
                   {"roc_auc", area ? Json(*area) : Json()},
                   {"lower", area ? Json(lower) : Json()},
                   {"upper", area ? Json(upper) : Json()},
                   {"floor", floor},
                   {"drifted", drifted},
                   {"reference_rows", reference_rows},
                   {"current_rows", current_rows},
                   {"columns", std::move(list)},
                   {"left_out", std::move(out)},
                   {"note", note}});
}

DomainVerdict TellApart(const PairedColumns& columns, const DomainOptions& options) {
  return TellApart(columns, {"all", 0, columns.current_rows}, options);
}

DomainVerdict TellApart(const PairedColumns& columns, const Chunk& chunk,
                        const DomainOptions& options) {
  DomainVerdict verdict;
  verdict.key = chunk.key;
  verdict.floor = options.floor;
  verdict.reference_rows = static_cast<int64_t>(columns.reference_rows);
  verdict.current_rows = static_cast<int64_t>(chunk.rows());
  if (std::min(verdict.reference_rows, verdict.current_rows) < options.rows_min) {
    verdict.status = DriftStatus::kNotEnoughData;
    verdict.note = fmt::format("{} rows against {}, at least {} of each are needed",
                               verdict.current_rows, verdict.reference_rows, options.rows_min);
    return verdict;
  }
  const SidesTable table = Join(columns, chunk, &verdict.left_out);
  if (table.columns.empty()) {
    verdict.status = DriftStatus::kNotApplicable;
    verdict.note = "no column but texts of which hardly any value comes twice";
    return verdict;
  }
  const Judgement judgement = Judge(table, options);
  const double spread = kBandDeviations * std::sqrt(judgement.variance);
  verdict.area = judgement.area;
  verdict.lower = std::max(0.0, judgement.area - spread);
  verdict.upper = std::min(1.0, judgement.area + spread);
  verdict.drifted = judgement.area >= options.floor && verdict.lower > 0.5;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (judgement.shares[c] > 0) {
      verdict.columns.push_back({table.columns[c]->name, judgement.shares[c]});
    }
  }
  std::stable_sort(verdict.columns.begin(), verdict.columns.end(),
                   [](const DomainColumn& a, const DomainColumn& b) { return a.share > b.share; });
  return verdict;
}

}  // namespace millwright::drift
