// Expectations that judge which values a column has and how often.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;

bool Contains(const Json::Array& set, const Json& value) {
  return std::any_of(set.begin(), set.end(),
                     [&](const Json& other) { return CompareJson(other, value) == 0; });
}

Json CountsJson(const ValueCounts& counts) {
  Json list = Json::MakeArray();
  for (const auto& [value, count] : counts) {
    list.Append(Json::Of({{"value", value}, {"count", count}}));
  }
  return list;
}

Outcome DistinctOutcome(bool success, const ValueCounts& counts) {
  Json values = Json::MakeArray();
  for (const auto& entry : counts) values.Append(entry.first);
  return {success, Json::Of({{"observed_value", std::move(values)},
                             {"details", Json::Of({{"value_counts", CountsJson(counts)}})}})};
}

Plan Values(const Column& column, std::function<Outcome(const ValueCounts&)> finish) {
  Plan plan;
  plan.values = ValuesCheck{column.name, std::move(finish)};
  return plan;
}

bool AllInSet(const ValueCounts& counts, const Json::Array& set) {
  return std::all_of(counts.begin(), counts.end(),
                     [&](const auto& entry) { return Contains(set, entry.first); });
}

bool AllObserved(const ValueCounts& counts, const Json::Array& set) {
  return std::all_of(set.begin(), set.end(), [&](const Json& wanted) {
    return std::any_of(counts.begin(), counts.end(),
                       [&](const auto& entry) { return CompareJson(entry.first, wanted) == 0; });
  });
}

Plan DistinctInSet(const Expectation& expectation, const Column& column) {
  return Values(column,
                [set = ValueSet(expectation.kwargs, "value_set")](const ValueCounts& counts) {
                  return DistinctOutcome(AllInSet(counts, set), counts);
                });
}

Plan DistinctContainSet(const Expectation& expectation, const Column& column) {
  return Values(column,
                [set = ValueSet(expectation.kwargs, "value_set")](const ValueCounts& counts) {
                  return DistinctOutcome(AllObserved(counts, set), counts);
                });
}

Plan DistinctEqualSet(const Expectation& expectation, const Column& column) {
  return Values(column,
                [set = ValueSet(expectation.kwargs, "value_set")](const ValueCounts& counts) {
                  return DistinctOutcome(AllInSet(counts, set) && AllObserved(counts, set), counts);
                });
}

Plan MostCommonInSet(const Expectation& expectation, const Column& column) {
  const bool ties_okay = expectation.kwargs.GetBool("ties_okay");
  return Values(column, [set = ValueSet(expectation.kwargs, "value_set"),
                         ties_okay](const ValueCounts& counts) {
    int64_t most = 0;
    for (const auto& entry : counts) most = std::max(most, entry.second);
    Json common = Json::MakeArray();
    size_t in_set = 0;
    for (const auto& [value, count] : counts) {
      if (count != most) continue;
      common.Append(value);
      in_set += Contains(set, value);
    }
    const bool success =
        ties_okay ? in_set > 0 : counts.size() > 0 && common.AsArray().size() == 1 && in_set == 1;
    return Outcome{success, Json::Of({{"observed_value", std::move(common)}})};
  });
}

// Σ p·ln(p/q) over shares that are first scaled to 1; nothing where p > 0 meets q = 0.
std::optional<double> KlDivergence(std::vector<double> p, std::vector<double> q) {
  const auto scale = [](std::vector<double>& shares) {
    double sum = 0;
    for (double share : shares) sum += share;
    for (double& share : shares) share /= sum;
  };
  scale(p);
  scale(q);
  double divergence = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (!std::isfinite(p[i]) || !std::isfinite(q[i])) return std::nullopt;
    if (p[i] <= 0) continue;
    if (q[i] <= 0) return std::nullopt;
    divergence += p[i] * std::log(p[i] / q[i]);
  }
  return divergence;
}

Json NumbersJson(const std::vector<double>& numbers) {
  Json list = Json::MakeArray();
  for (double number : numbers) list.Append(number);
  return list;
}

Outcome KlOutcome(std::optional<double> divergence, double threshold, Json observed,
                  Json expected) {
  return {divergence && *divergence <= threshold,
          Json::Of({{"observed_value", divergence ? Json(*divergence) : Json()},
                    {"details", Json::Of({{"observed_partition", std::move(observed)},
                                          {"expected_partition", std::move(expected)}})}})};
}

std::vector<double> Weights(const Json& partition) {
  std::vector<double> weights;
  double sum = 0;
  for (const Json& weight : partition.At("weights").AsArray("weights")) {
    weights.push_back(weight.AsDouble("weights"));
    if (!(weights.back() >= 0)) throw InvalidArgument("weights must not be negative");
    sum += weights.back();
  }
  if (std::abs(sum - 1) > 1e-6) throw InvalidArgument("weights must sum to 1, not {}", sum);
  return weights;
}

// Categories that were not expected share the tail's weight, or make the divergence infinite.
Plan KlOfCategories(const Expectation& expectation, const Column& column) {
  const Json& partition = expectation.kwargs.At("partition_object");
  const std::vector<double> weights = Weights(partition);
  const Json::Array& values = partition.At("values").AsArray("values");
  if (values.size() != weights.size()) throw InvalidArgument("values and weights differ in length");
  const double threshold = expectation.kwargs.At("threshold").AsDouble("threshold");
  const double tail = expectation.kwargs.GetDouble("tail_weight_holdout");
  return Values(column, [values, weights, threshold, tail](const ValueCounts& counts) {
    double total = 0;
    for (const auto& entry : counts) total += static_cast<double>(entry.second);
    Json names = Json::MakeArray();
    std::vector<double> observed, expected;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& entry) {
        return CompareJson(entry.first, values[i]) == 0;
      });
      names.Append(values[i]);
      observed.push_back(found == counts.end() ? 0 : static_cast<double>(found->second) / total);
      expected.push_back(weights[i] * (1 - tail));
    }
    std::vector<size_t> surprises;
    for (const auto& [value, count] : counts) {
      if (Contains(values, value)) continue;
      names.Append(value);
      observed.push_back(static_cast<double>(count) / total);
      surprises.push_back(expected.size());
      expected.push_back(0);
    }
    for (size_t i : surprises) expected[i] = tail / static_cast<double>(surprises.size());
    Json observed_json = Json::Of({{"values", names}, {"weights", NumbersJson(observed)}});
    Json expected_json = Json::Of({{"values", names}, {"weights", NumbersJson(expected)}});
    return KlOutcome(KlDivergence(observed, expected), threshold, std::move(observed_json),
                     std::move(expected_json));
  });
}

// Counts per bin, the last one closed; below and above come first and last.
Plan KlOfBins(const Expectation& expectation, const Column& column) {
  if (!IsNumeric(column)) throw InvalidArgument("The column is not numeric: {}", column.name);
  const Json partition = expectation.kwargs.At("partition_object");
  const std::vector<double> weights = Weights(partition);
  const Json::Array& bins = partition.At("bins").AsArray("bins");
  if (bins.size() != weights.size() + 1)
    throw InvalidArgument("bins must be one more than weights");
  const double threshold = expectation.kwargs.At("threshold").AsDouble("threshold");
  const double tail = expectation.kwargs.GetDouble("tail_weight_holdout");
  const double internal = expectation.kwargs.GetDouble("internal_weight_holdout");
  const std::string value = ValueSql(column);
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {"count(" + value + ")",
                 "count(CASE WHEN " + value + " < " + LiteralSql(bins.front()) + " THEN 1 END)"};
  for (size_t i = 0; i + 1 < bins.size(); ++i) {
    const char* upper = i + 2 == bins.size() ? " <= " : " < ";
    check.first.push_back("count(CASE WHEN " + value + " >= " + LiteralSql(bins[i]) + " AND " +
                          value + upper + LiteralSql(bins[i + 1]) + " THEN 1 END)");
  }
  check.first.push_back("count(CASE WHEN " + value + " > " + LiteralSql(bins.back()) +
                        " THEN 1 END)");
  check.finish = [=](const Cells& cells, const Cells&) {
    const double total = cells[0].AsDouble();
    std::vector<double> observed, expected = {tail / 2};
    for (size_t i = 1; i < cells.size(); ++i) observed.push_back(cells[i].AsDouble() / total);
    const auto zeros = static_cast<double>(std::count(weights.begin(), weights.end(), 0.0));
    for (double weight : weights) {
      expected.push_back(weight == 0 && internal > 0 ? internal / zeros
                                                     : weight * (1 - tail - internal));
    }
    expected.push_back(tail / 2);
    const auto json = [&](const std::vector<double>& shares) {
      const std::vector<double> inner(shares.begin() + 1, shares.end() - 1);
      return Json::Of({{"bins", partition.At("bins")},
                       {"weights", NumbersJson(inner)},
                       {"tail_weights", NumbersJson({shares.front(), shares.back()})}});
    };
    return KlOutcome(KlDivergence(observed, expected), threshold, json(observed), json(expected));
  };
  return plan;
}

Plan KlLessThan(const Expectation& expectation, const Column& column) {
  const bool bins = expectation.kwargs.At("partition_object").Has("bins");
  return bins ? KlOfBins(expectation, column) : KlOfCategories(expectation, column);
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const Column&);
};

constexpr Planner kPlanners[] = {
    {"expect_column_distinct_values_to_be_in_set", DistinctInSet},
    {"expect_column_distinct_values_to_contain_set", DistinctContainSet},
    {"expect_column_distinct_values_to_equal_set", DistinctEqualSet},
    {"expect_column_most_common_value_to_be_in_set", MostCommonInSet},
    {"expect_column_kl_divergence_to_be_less_than", KlLessThan},
};

}  // namespace

std::optional<Plan> PlanDistinctValues(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) {
      return planner.plan(expectation, ColumnOf(expectation, shape));
    }
  }
  return std::nullopt;
}

std::vector<std::string> DistinctValuesTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality
