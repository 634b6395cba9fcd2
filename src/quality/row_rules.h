#pragma once

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "quality/suite.h"

namespace re2 {
class RE2;
}

// What a suite says of single values, compiled to be asked once a request: no table, no SQL, no
// allocation while all is well.
namespace millwright::quality {

// One statement of a suite about a value of one column. Thread-safe.
class ValueRule {
 public:
  enum class Kind { kPresent, kMissing, kBetween, kInSet, kNotInSet, kMatch, kNoMatch, kLength };

  Kind kind = Kind::kPresent;
  std::string type;      // of the expectation
  std::string required;  // in words, after the column's name: "must be within 10 and 6000"

  bool Holds(double value) const;
  bool Holds(std::string_view value) const;
  bool HoldsForMissing() const { return kind != Kind::kPresent; }
  // Makes the range of a column as narrow as this rule; false where it is more than a range.
  bool NarrowTo(double* low, double* high) const;

 private:
  friend class RowRules;
  friend struct RuleMaker;
  struct Bound {
    bool is_set = false;
    bool is_strict = false;
    double number = 0;
    std::string text;
  };
  bool IsWithin(double value) const;

  bool of_text_ = false;  // the bounds and the set are texts
  Bound min_, max_;
  std::vector<double> numbers_;  // sorted
  std::unordered_set<std::string> texts_;
  std::vector<std::shared_ptr<const re2::RE2>> patterns_;
  bool any_suffices_ = true;  // of the patterns
};

struct ColumnRules {
  std::string column;
  std::vector<ValueRule> rules;

  // The first rule that a value breaks, nullptr for none. NaN is a missing value.
  const ValueRule* Broken(double value) const {
    // Most rules are ranges: all of them together are one, and no rule is touched.
    if (value >= low && value <= high && ranges_suffice) return nullptr;
    return BrokenOf(value);
  }
  const ValueRule* Broken(std::string_view value) const;
  const ValueRule* BrokenByMissing() const;

  // What all rules allow, bounds included, and whether nothing else is asked of a number.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool ranges_suffice = true;

 private:
  const ValueRule* BrokenOf(double value) const;
};

// The row-wise part of a suite. Columns are in the order in which the suite speaks of them.
class RowRules {
 public:
  // Expectations that judge more than one value, that tolerate failures (mostly below 1) or that
  // have a row_condition cannot be asked of a single row: they are left out and named. Throws
  // kInvalidArgument for an unknown type, for kwargs that cannot be and where nothing is left.
  explicit RowRules(const Suite& suite);

  const std::string& suite() const { return suite_; }
  const std::vector<ColumnRules>& columns() const { return columns_; }
  const ColumnRules* Find(std::string_view column) const;
  const std::vector<std::string>& left_out() const { return left_out_; }
  // What the suite expects the columns to be, in order; empty where it does not say. It names the
  // inputs of a model that has no names of its own, and is not among those left out.
  const std::vector<std::string>& ordered_columns() const { return ordered_columns_; }

 private:
  std::string suite_;
  std::vector<ColumnRules> columns_;
  std::vector<std::string> left_out_;
  std::vector<std::string> ordered_columns_;
};

}  // namespace millwright::quality
