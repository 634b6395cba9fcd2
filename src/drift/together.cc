#include "drift/together.h"

#include <algorithm>

namespace millwright::drift {
namespace {

// A chunk that is shorter varies by more than the bounds know of.
size_t WholeChunks(size_t rows, int64_t chunk_rows) {
  const auto whole = static_cast<size_t>(chunk_rows);
  return rows < whole ? rows : rows - rows % whole;
}

NumberColumns NumbersOf(const PairedColumns& paired, std::vector<double> PairedColumn::*side,
                        int64_t chunk_rows) {
  NumberColumns numbers;
  for (const PairedColumn& column : paired.columns) {
    if (column.kind != statistics::ColumnKind::kNumeric) continue;
    numbers.names.push_back(column.name);
    std::vector<double>& values = numbers.values.emplace_back(column.*side);
    values.resize(WholeChunks(values.size(), chunk_rows));
  }
  return numbers;
}

}  // namespace

Json Together::ToJson() const {
  return Json::Of({{"domain_classifier", domain.ToJson()},
                   {"reconstruction", reconstruction ? reconstruction->ToJson() : Json()}});
}

Together LookTogether(analytics::Session& session, const std::string& reference,
                      const std::string& current, PairedOptions options) {
  if (options.rows_max == 0) options.rows_max = kDomainRowsMax;
  const PairedColumns paired = ReadPaired(session, reference, current, options);
  Together together{.domain = TellApart(paired, {.seed = options.seed}), .reconstruction = {}};
  const ReconstructionOptions how;
  const NumberColumns was = NumbersOf(paired, &PairedColumn::reference, how.chunk_rows);
  const size_t columns = was.values.size();
  const bool can_reconstruct = columns >= 2 && columns <= kReconstructedColumnsMax &&
                               together.domain.status != DriftStatus::kNotEnoughData;
  if (can_reconstruct) {
    together.reconstruction =
        Reconstruct(was, NumbersOf(paired, &PairedColumn::current, how.chunk_rows), how);
  }
  return together;
}

}  // namespace millwright::drift
