#include "alerts/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright::alerts {
namespace {

using Vector = std::vector<Element>;

constexpr double kMsPerSecond = 1'000;
// How much longer than the average gap between points a range may reach beyond them before it is
// taken that the series began or ended within it: Prometheus' figure.
constexpr double kExtrapolationFactor = 1.1;

bool Compare(Operator op, double a, double b) {
  switch (op) {
    case Operator::kEq:
      return a == b;
    case Operator::kNe:
      return a != b;
    case Operator::kGt:
      return a > b;
    case Operator::kLt:
      return a < b;
    case Operator::kGe:
      return a >= b;
    case Operator::kLe:
      return a <= b;
    default:
      return false;
  }
}

bool IsComparison(Operator op) {
  return op >= Operator::kEq && op <= Operator::kLe;
}

double Calculate(Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd:
      return a + b;
    case Operator::kSub:
      return a - b;
    case Operator::kMul:
      return a * b;
    default:
      return a / b;
  }
}

bool IsScalarNode(const Node& node) {
  if (node.kind == Node::Kind::kBinary)
    return IsScalarNode(*node.arguments[0]) && IsScalarNode(*node.arguments[1]);
  return node.kind == Node::Kind::kNumber ||
         (node.kind == Node::Kind::kFunction && node.function == Function::kTime);
}

// The labels that two sides are matched by, or that an aggregate keeps.
Labels Kept(const Node& node, const Labels& labels) {
  if (!node.listed) return node.kind == Node::Kind::kAggregate ? Labels() : labels;
  Labels kept = node.excluded ? labels : Labels();
  for (const std::string& name : node.grouping) {
    if (node.excluded) {
      kept.erase(name);
    } else if (const auto found = labels.find(name); found != labels.end()) {
      kept.insert(*found);
    }
  }
  return kept;
}

double Quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return std::nan("");
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end());
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(std::floor(rank));
  const size_t above = std::min(below + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[below] * (1 - weight) + values[above] * weight;
}

std::optional<double> OverTime(Function function, double q, const std::vector<Point>& points) {
  if (points.empty()) return std::nullopt;
  double sum = 0;
  double low = points.front().value, high = low;
  std::vector<double> values;
  for (const Point& point : points) {
    sum += point.value;
    low = std::min(low, point.value);
    high = std::max(high, point.value);
    values.push_back(point.value);
  }
  switch (function) {
    case Function::kAvg:
      return sum / static_cast<double>(points.size());
    case Function::kMin:
      return low;
    case Function::kMax:
      return high;
    case Function::kSum:
      return sum;
    case Function::kCount:
      return static_cast<double>(points.size());
    case Function::kQuantile:
      return Quantile(q, std::move(values));
    default:
      return points.back().value;
  }
}

class Evaluation {
 public:
  Evaluation(const SampleHistory& history, const EvaluationTime& time)
      : history_(history), time_(time) {}

  Vector Of(const Node& node) const {
    switch (node.kind) {
      case Node::Kind::kNumber:
        return {{{}, node.number}};
      case Node::Kind::kSelector:
        return Select(node);
      case Node::Kind::kFunction:
        return Call(node);
      case Node::Kind::kAggregate:
        return Aggregated(node);
      case Node::Kind::kBinary:
        return Binary(node);
    }
    return {};
  }

 private:
  template <typename Each>
  void ForEachSeries(const Node& node, const Each& each) const {
    const auto* all = history_.Find(node.name);
    if (all == nullptr) return;
    for (const auto& [key, series] : *all)
      if (MatchesAll(node.matchers, series.labels)) each(series);
  }

  // The value now is of what is in the latest collection, an earlier one is the last before it.
  Vector Select(const Node& node) const {
    Vector result;
    const int64_t at_ms = time_.steady_ms - node.offset_ms;
    ForEachSeries(node, [&](const SampleHistory::Series& series) {
      if (series.points.empty() || (node.offset_ms == 0 && !series.present)) return;
      const auto after =
          std::upper_bound(series.points.begin(), series.points.end(), at_ms,
                           [](int64_t ms, const Point& point) { return ms < point.time_ms; });
      if (after != series.points.begin())
        result.push_back({series.labels, std::prev(after)->value});
    });
    return Limited(std::move(result));
  }

  Vector OverRange(const Node& node, const Node& selector, double q) const {
    Vector result;
    const int64_t end_ms = time_.steady_ms - selector.offset_ms;
    ForEachSeries(selector, [&](const SampleHistory::Series& series) {
      std::vector<Point> points;
      for (const Point& point : series.points)
        if (point.time_ms >= end_ms - selector.range_ms && point.time_ms <= end_ms)
          points.push_back(point);
      if (static_cast<int64_t>(points.size()) < time_.points_min) return;
      const bool changes = node.function == Function::kRate ||
                           node.function == Function::kIncrease ||
                           node.function == Function::kDelta;
      const auto value = changes
                             ? ExtrapolatedChange(points, end_ms, selector.range_ms, node.function)
                             : OverTime(node.function, q, points);
      if (value) result.push_back({series.labels, *value});
    });
    return Limited(std::move(result));
  }

  Vector Call(const Node& node) const {
    switch (node.function) {
      case Function::kTime:
        return {{{}, static_cast<double>(time_.wall_ms) / kMsPerSecond}};
      case Function::kAbs: {
        Vector result = Of(*node.arguments[0]);
        for (Element& element : result) element.value = std::abs(element.value);
        return result;
      }
      case Function::kAbsent:
        return Absent(*node.arguments[0]);
      case Function::kHistogram:
        return Histograms(Of(*node.arguments[0]).front().value, Of(*node.arguments[1]));
      case Function::kQuantile:
        return OverRange(node, *node.arguments[1], Of(*node.arguments[0]).front().value);
      default:
        return OverRange(node, *node.arguments[0], 0);
    }
  }

  // 1 where there is nothing, with the labels that the selector asks for by name.
  Vector Absent(const Node& argument) const {
    if (!Of(argument).empty()) return {};
    Labels labels;
    for (const Matcher& matcher : argument.matchers)
      if (matcher.type() == MatchType::kEqual) labels[matcher.name()] = matcher.value();
    return {{labels, 1}};
  }

  static Vector Histograms(double q, const Vector& buckets) {
    std::map<Labels, std::vector<std::pair<double, double>>> by_labels;
    for (const Element& element : buckets) {
      const auto le = element.labels.find("le");
      if (le == element.labels.end()) continue;
      const std::string& text = le->second;
      double bound = std::numeric_limits<double>::infinity();
      if (text != "+Inf") {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
        if (error != std::errc() || end != text.data() + text.size()) continue;
      }
      Labels labels = element.labels;
      labels.erase("le");
      by_labels[labels].emplace_back(bound, element.value);
    }
    Vector result;
    for (auto& [labels, of_one] : by_labels)
      result.push_back({labels, BucketQuantile(q, std::move(of_one))});
    return result;
  }

  Vector Aggregated(const Node& node) const {
    struct Sum {
      double sum = 0, low = 0, high = 0;
      int64_t count = 0;
    };
    std::map<Labels, Sum> sums;
    for (const Element& element : Of(*node.arguments[0])) {
      Sum& sum = sums[Kept(node, element.labels)];
      sum.low = sum.count == 0 ? element.value : std::min(sum.low, element.value);
      sum.high = sum.count == 0 ? element.value : std::max(sum.high, element.value);
      sum.sum += element.value;
      ++sum.count;
    }
    Vector result;
    for (const auto& [labels, sum] : sums) {
      const double value = node.aggregate == Aggregate::kSum   ? sum.sum
                           : node.aggregate == Aggregate::kAvg ? sum.sum / double(sum.count)
                           : node.aggregate == Aggregate::kMin ? sum.low
                           : node.aggregate == Aggregate::kMax ? sum.high
                                                               : double(sum.count);
      result.push_back({labels, value});
    }
    return result;
  }

  static Vector Limited(Vector result) {
    if (result.size() > kResultSeriesMax)
      throw ResourceExhausted("An expression has at most {} series", kResultSeriesMax);
    return result;
  }

  Vector Binary(const Node& node) const {
    const Node& a = *node.arguments[0];
    const Node& b = *node.arguments[1];
    const Vector left = Of(a), right = Of(b);
    const bool a_scalar = IsScalarNode(a), b_scalar = IsScalarNode(b);
    if (a_scalar && b_scalar) {
      if (!IsComparison(node.op)) return {{{}, Calculate(node.op, left[0].value, right[0].value)}};
      return {{{}, Compare(node.op, left[0].value, right[0].value) ? 1.0 : 0.0}};
    }
    if (!a_scalar && !b_scalar) return BetweenVectors(node, left, right);
    Vector result;
    for (const Element& element : a_scalar ? right : left) {
      const double x = a_scalar ? left[0].value : element.value;
      const double y = a_scalar ? element.value : right[0].value;
      if (!IsComparison(node.op)) {
        result.push_back({element.labels, Calculate(node.op, x, y)});
      } else if (Compare(node.op, x, y)) {
        result.push_back(element);
      }
    }
    return result;
  }

  static Vector BetweenVectors(const Node& node, const Vector& left, const Vector& right) {
    std::map<Labels, const Element*> by_key;
    for (const Element& element : right) {
      const bool is_new = by_key.emplace(Kept(node, element.labels), &element).second;
      const bool one_to_one =
          node.op != Operator::kAnd && node.op != Operator::kUnless && node.op != Operator::kOr;
      if (!is_new && one_to_one)
        throw InvalidArgument("Several series of the right side have the labels {}",
                              LabelsText(Kept(node, element.labels)));
    }
    Vector result;
    std::set<Labels> seen;
    for (const Element& element : left) {
      Labels key = Kept(node, element.labels);
      const auto match = by_key.find(key);
      const bool matched = match != by_key.end();
      if (node.op == Operator::kAnd || node.op == Operator::kUnless) {
        if (matched == (node.op == Operator::kAnd)) result.push_back(element);
        continue;
      }
      if (node.op == Operator::kOr) {
        seen.insert(key);
        result.push_back(element);
        continue;
      }
      if (!matched) continue;
      if (!seen.insert(key).second)
        throw InvalidArgument("Several series of the left side have the labels {}",
                              LabelsText(key));
      if (!IsComparison(node.op)) {
        result.push_back({key, Calculate(node.op, element.value, match->second->value)});
      } else if (Compare(node.op, element.value, match->second->value)) {
        result.push_back({key, element.value});
      }
    }
    if (node.op == Operator::kOr)
      for (const Element& element : right)
        if (!seen.contains(Kept(node, element.labels))) result.push_back(element);
    return Limited(std::move(result));
  }

  const SampleHistory& history_;
  const EvaluationTime& time_;
};

}  // namespace

std::vector<Element> Evaluate(const Expression& expression, const SampleHistory& history,
                              const EvaluationTime& time) {
  return Evaluation(history, time).Of(expression.root());
}

std::optional<double> ExtrapolatedChange(const std::vector<Point>& points, int64_t end_ms,
                                         int64_t range_ms, Function function) {
  if (points.size() < 2) return std::nullopt;
  const bool is_counter = function != Function::kDelta;
  const Point& first = points.front();
  const Point& last = points.back();
  double change = last.value - first.value;
  // A counter that fell was begun anew: what it had counted before is added.
  double before = first.value;
  for (const Point& point : points) {
    if (is_counter && point.value < before) change += before;
    before = point.value;
  }
  const auto seconds = [](int64_t ms) { return static_cast<double>(ms) / kMsPerSecond; };
  const double sampled = seconds(last.time_ms - first.time_ms);
  if (sampled <= 0) return std::nullopt;
  double to_start = seconds(first.time_ms - (end_ms - range_ms));
  const double to_end = seconds(end_ms - last.time_ms);
  const double average_gap = sampled / static_cast<double>(points.size() - 1);
  // A counter does not begin below 0.
  if (is_counter && change > 0 && first.value >= 0)
    to_start = std::min(to_start, sampled * (first.value / change));
  const double reach = average_gap * kExtrapolationFactor;
  double covered = sampled;
  covered += to_start < reach ? to_start : average_gap / 2;
  covered += to_end < reach ? to_end : average_gap / 2;
  change *= covered / sampled;
  return function == Function::kRate ? change / seconds(range_ms) : change;
}

double BucketQuantile(double q, std::vector<std::pair<double, double>> buckets) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(q)) return q;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  std::sort(buckets.begin(), buckets.end());
  if (buckets.size() < 2 || buckets.back().first != kInfinity) return std::nan("");
  double most = 0;  // counts that are not quite of one moment may seem to fall
  for (auto& [bound, count] : buckets) count = most = std::max(most, count);
  if (buckets.back().second == 0) return std::nan("");
  const double rank = q * buckets.back().second;
  const auto at = std::find_if(buckets.begin(), buckets.end() - 1,
                               [&](const auto& bucket) { return bucket.second >= rank; });
  if (at == buckets.end() - 1) return buckets[buckets.size() - 2].first;
  if (at == buckets.begin() && at->first <= 0) return at->first;
  const double low = at == buckets.begin() ? 0 : std::prev(at)->first;
  const double below = at == buckets.begin() ? 0 : std::prev(at)->second;
  return low + (at->first - low) * ((rank - below) / (at->second - below));
}

}  // namespace millwright::alerts
