#include "drift/reconstruction.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "drift/chunk.h"
#include "drift/sampling_error.h"
#include "statistics/sample.h"
#include "statistics/symmetric_matrix.h"

namespace millwright::drift {
namespace {

size_t RowsOf(const NumberColumns& columns) {
  return columns.values.empty() ? 0 : columns.values[0].size();
}

// The reference's scale and main directions.
class Directions {
 public:
  Directions(const NumberColumns& reference, double share) : columns_(reference.values.size()) {
    const size_t rows = RowsOf(reference);
    for (const auto& column : reference.values) {
      double sum = 0, count = 0;
      for (const double value : column) {
        if (!std::isfinite(value)) continue;
        sum += value;
        ++count;
      }
      const double mean = count > 0 ? sum / count : 0;
      double squares = 0;
      for (const double value : column) {
        if (std::isfinite(value)) squares += (value - mean) * (value - mean);
      }
      const double spread = std::sqrt(squares / static_cast<double>(rows));
      means_.push_back(mean);
      spreads_.push_back(spread > 0 ? spread : 1);
    }
    std::vector<double> covariance(columns_ * columns_);
    std::vector<double> row(columns_);
    for (size_t i = 0; i < rows; ++i) {
      Scale(reference, i, &row);
      for (size_t a = 0; a < columns_; ++a) {
        for (size_t b = 0; b <= a; ++b) covariance[a * columns_ + b] += row[a] * row[b];
      }
    }
    double total = 0;
    for (size_t a = 0; a < columns_; ++a) {
      total += covariance[a * columns_ + a];
      for (size_t b = 0; b < a; ++b) covariance[b * columns_ + a] = covariance[a * columns_ + b];
    }
    auto system = statistics::SymmetricEigensystem(std::move(covariance), columns_);
    double kept = 0;
    for (size_t k = 0; k < columns_ && kept <= share * total; ++k) {
      kept += system.values[k];
      vectors_.push_back(std::move(system.vectors[k]));
    }
  }

  size_t count() const { return vectors_.size(); }

  std::vector<double> Errors(const NumberColumns& rows, size_t begin, size_t end) const {
    std::vector<double> row(columns_), rest(columns_), errors;
    for (size_t i = begin; i < end; ++i) {
      Scale(rows, i, &row);
      rest = row;
      for (const auto& vector : vectors_) {
        double along = 0;
        for (size_t c = 0; c < columns_; ++c) along += row[c] * vector[c];
        for (size_t c = 0; c < columns_; ++c) rest[c] -= along * vector[c];
      }
      double squares = 0;
      for (const double value : rest) squares += value * value;
      errors.push_back(std::sqrt(squares));
    }
    return errors;
  }

 private:
  void Scale(const NumberColumns& from, size_t i, std::vector<double>* row) const {
    for (size_t c = 0; c < columns_; ++c) {
      const double value = from.values[c][i];
      (*row)[c] = std::isfinite(value) ? (value - means_[c]) / spreads_[c] : 0;
    }
  }

  const size_t columns_;
  std::vector<double> means_, spreads_;
  std::vector<std::vector<double>> vectors_;
};

}  // namespace

int64_t Reconstruction::alerts() const {
  return std::count_if(chunks.begin(), chunks.end(), [](const ReconstructedChunk& chunk) {
    return !chunk.is_reference && chunk.alert;
  });
}

Json Reconstruction::ToJson() const {
  Json list = Json::MakeArray();
  for (const ReconstructedChunk& chunk : chunks) {
    list.Append(Json::Of({{"chunk", chunk.key},
                          {"period", chunk.is_reference ? "reference" : "analysis"},
                          {"rows", chunk.rows},
                          {"error", chunk.error},
                          {"alert", chunk.alert}}));
    if (!chunk.sampling_error) continue;
    const double reach = kBandErrors * *chunk.sampling_error;
    list.AsArray().back().Set("sampling_error", *chunk.sampling_error);
    list.AsArray().back().Set("band", Json::Of({{"lower", std::max(0.0, chunk.error - reach)},
                                                {"upper", chunk.error + reach}}));
  }
  return Json::Of({{"directions", directions},
                   {"lower", lower},
                   {"upper", upper},
                   {"alerts", alerts()},
                   {"chunks", std::move(list)}});
}

Reconstruction Reconstruct(const NumberColumns& reference, const NumberColumns& current,
                           const ReconstructionOptions& options) {
  const size_t columns = reference.values.size();
  if (columns < 2 || columns > kReconstructedColumnsMax) {
    throw InvalidArgument("Between 2 and {} columns of numbers can be reconstructed, not {}",
                          kReconstructedColumnsMax, columns);
  }
  if (current.values.size() != columns || RowsOf(reference) == 0 || RowsOf(current) == 0) {
    throw InvalidArgument("Both sides need rows of the same columns");
  }
  const Directions directions(reference, options.variance_share);
  Reconstruction result{.directions = directions.count()};
  const auto add = [&](const NumberColumns& side, bool is_reference) {
    for (Chunk& chunk : CutRows(RowsOf(side), {}, options.chunk_rows)) {
      const std::vector<double> errors = directions.Errors(side, chunk.begin, chunk.end);
      const auto rows = static_cast<double>(errors.size());
      result.chunks.push_back({std::move(chunk.key), is_reference,
                               static_cast<int64_t>(errors.size()), statistics::Mean(errors)});
      if (errors.size() < 2) continue;
      result.chunks.back().sampling_error =
          std::sqrt(statistics::SquaresAroundMean(errors) / (rows - 1) / rows);
    }
  };
  add(reference, true);
  std::vector<double> seen;
  for (const ReconstructedChunk& chunk : result.chunks) seen.push_back(chunk.error);
  add(current, false);
  const Bounds bounds = BoundsOf(seen);
  result.lower = std::max(0.0, bounds.lower);
  result.upper = bounds.upper;
  for (ReconstructedChunk& chunk : result.chunks) {
    chunk.alert = chunk.error < result.lower || chunk.error > result.upper;
  }
  return result;
}

}  // namespace millwright::drift
