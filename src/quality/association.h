#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

// How strongly two columns hang together.
namespace millwright::quality {

// Sums over the rows in which two number columns have both a value; those of two parts give those
// of the whole.
struct PairMoments {
  int64_t count = 0;
  double mean_a = 0, mean_b = 0;
  double square_a = 0, square_b = 0, product = 0;  // of distances from the means

  void Add(const PairMoments& other);
  double Pearson() const;  // NaN where one of the two is constant
};

// How often each pair of two text columns' values occurs.
struct ContingencyTable {
  std::map<std::pair<std::string, std::string>, int64_t> counts;

  void Add(const ContingencyTable& other);
};

struct CategoryAssociation {
  int64_t count = 0;
  double cramers_v = 0;
  double cramers_v_corrected = 0;    // Bergsma's correction for bias
  double uncertainty_a_given_b = 0;  // Theil's U: the share of a's entropy that b explains
  double uncertainty_b_given_a = 0;
  double mutual_information = 0;  // in nats
};
// All NaN where one of the two has a single value.
CategoryAssociation AssociationOf(const ContingencyTable& table);

// Sums of a number column over the rows of one category.
struct GroupMoments {
  int64_t count = 0;
  double mean = 0;
  double square = 0;  // of distances from the mean

  void Add(const GroupMoments& other);
};
// The correlation ratio eta: the root of the share of the variance between the groups; NaN where
// there is no variance.
double CorrelationRatio(const std::vector<GroupMoments>& groups);

// A column of a sample of rows, NaN where a value is missing, put in order once for all its pairs.
inline constexpr size_t kInformationBins = 16;
class RankedColumn {
 public:
  explicit RankedColumn(std::vector<double> values);

  const std::vector<double>& values() const { return values_; }
  bool has_missing() const { return order_.size() < values_.size(); }

 private:
  friend double Spearman(const RankedColumn& a, const RankedColumn& b);
  friend double MutualInformation(const RankedColumn& a, const RankedColumn& b);

  std::vector<double> RanksWhere(const RankedColumn& other) const;

  std::vector<double> values_;
  std::vector<uint32_t> order_;  // rows with a value, by rising value
  std::vector<double> ranks_;    // of each row; equal values share the mean of theirs
  std::vector<uint8_t> bins_;    // of each row
};

// Of two columns of the same rows; only rows with both values count. NaN where there are too few
// or one is constant.
double Spearman(const RankedColumn& a, const RankedColumn& b);
// Kendall's tau-b, in n log n.
double KendallTauB(const RankedColumn& a, const RankedColumn& b);
// Mutual information in nats of two columns cut into at most kInformationBins bins of about equal
// counts (columns of fewer distinct values: each is a bin), less the bias that Miller and Madow
// found; never below 0.
double MutualInformation(const RankedColumn& a, const RankedColumn& b);

}  // namespace millwright::quality
