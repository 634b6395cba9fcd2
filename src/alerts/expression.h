#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/labels.h"
#include "alerts/sample_history.h"

namespace millwright::alerts {

inline constexpr size_t kExpressionBytesMax = 4'000;
inline constexpr int kExpressionDepthMax = 50;
inline constexpr size_t kResultSeriesMax = 10'000;

enum class Function {
  kRate,
  kIncrease,
  kDelta,
  kAvg,
  kMin,
  kMax,
  kSum,
  kCount,
  kLast,
  kQuantile,   // quantile_over_time
  kHistogram,  // histogram_quantile
  kAbs,
  kTime,
  kAbsent,
};
enum class Aggregate { kSum, kAvg, kMin, kMax, kCount };
enum class Operator { kOr, kAnd, kUnless, kEq, kNe, kGt, kLt, kGe, kLe, kAdd, kSub, kMul, kDiv };

// A node of an expression; which fields count depends on its kind.
struct Node {
  enum class Kind { kNumber, kSelector, kFunction, kAggregate, kBinary };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string name;  // of a selector
  Matchers matchers;
  int64_t range_ms = 0;   // 0: the value now
  int64_t offset_ms = 0;  // how much earlier
  Function function = Function::kRate;
  Aggregate aggregate = Aggregate::kSum;
  Operator op = Operator::kAdd;
  bool listed = false;    // whether `grouping` is given
  bool excluded = false;  // without(…) or ignoring(…) instead of by(…) or on(…)
  std::vector<std::string> grouping;
  std::vector<std::shared_ptr<const Node>> arguments;
};

// An expression over the program's series: the part of PromQL (Prometheus 2.42) that alerts are
// written in, and no more, so that each one means the same to a Prometheus that scrapes /metrics.
// Selectors with ranges and offsets; rate, increase, delta, the _over_time functions avg, min, max,
// sum, count, last and quantile, histogram_quantile, abs, time, absent; sum, avg, min, max and
// count with by or without; + - * /, comparisons that filter, and, or, unless, with on or ignoring
// and labels one to one.
class Expression {
 public:
  // Throws kInvalidArgument naming the place, "at 12: …".
  static Expression Parse(std::string_view text);

  const std::string& text() const { return text_; }
  const Node& root() const { return *root_; }
  // The selectors in it, in the order of the text.
  std::vector<const Node*> Selectors() const;
  // The longest time that a selector of a name looks back.
  int64_t LookBackMs(std::string_view name) const;

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

struct Element {
  Labels labels;
  double value = 0;
};

struct EvaluationTime {
  int64_t steady_ms = 0;   // the time of the history
  int64_t wall_ms = 0;     // what time() says
  int64_t points_min = 0;  // a range with fewer points has no value
};

// The value of an expression: of a scalar one element without labels. Throws kInvalidArgument for
// what cannot be matched one to one, kResourceExhausted beyond kResultSeriesMax.
std::vector<Element> Evaluate(const Expression& expression, const SampleHistory& history,
                              const EvaluationTime& time);

// Prometheus' rate and increase of a counter, or the delta of a gauge, over a range that ends at
// `end_ms`: extrapolated to the ends of the range as its extrapolatedRate does. Nothing for fewer
// than two points.
std::optional<double> ExtrapolatedChange(const std::vector<Point>& points, int64_t end_ms,
                                         int64_t range_ms, Function function);
// The q-quantile of a histogram's cumulative buckets, (upper bound, count), as Prometheus'
// histogram_quantile estimates it. NaN where there are none.
double BucketQuantile(double q, std::vector<std::pair<double, double>> buckets);

}  // namespace millwright::alerts
