#include "api/mlflow/metrics.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "api/mlflow/request.h"
#include "api/mlflow/tracking_convert.h"
#include "api/mlflow/tracking_messages.h"
#include "base/digest.h"
#include "base/error.h"
#include "tracking/metric_history.h"

namespace millwright::api::mlflow::metrics {
namespace {

using tracking::MetricPoint;
using tracking::RunId;

constexpr int64_t kBulkRunsMax = 100;
constexpr int64_t kIntervalPointsMax = 2500;
constexpr size_t kTokenDigestCharacters = 16;
constexpr size_t kPointBytesGuess = 80;
// A longer page is sent while it is read, so many points at a time.
constexpr int64_t kPointsPerRead = 5'000;

// The answer of all three calls, written straight from points and in pieces if need be: a page of
// 25,000 is the largest answer that clients ask for again and again.
class HistoryAnswer {
 public:
  // What follows is of this metric, and of this run where runs are told apart.
  void Begin(const std::string& key, const std::string& run_id, size_t points) {
    json_.reserve(json_.size() + points * kPointBytesGuess);
    before_ = R"({"key":)";
    AppendJsonString(key, &before_);
    before_ += R"(,"value":)";
    after_.clear();
    if (!run_id.empty()) {
      after_ = R"(,"run_id":)";
      AppendJsonString(run_id, &after_);
    }
    after_ += '}';
  }
  void Add(const MetricPoint& point) {
    json_ += has_points_ ? "," : R"({"metrics":[)";
    has_points_ = true;
    json_ += before_;
    AppendJsonDouble(tracking::ClampedToFinite(point.value), &json_);
    json_ += R"(,"timestamp":)";
    AppendInt(point.timestamp_ms);
    json_ += R"(,"step":)";
    AppendInt(point.step);
    json_ += after_;
  }
  http::Response Finish(const std::optional<std::string>& next_page_token = std::nullopt) {
    if (!has_points_) return Empty();
    return http::Response::JsonText(200, TakeLast(next_page_token));
  }

  // What was added since the last piece, …
  std::string Take() { return std::exchange(json_, {}); }
  // … and that with the end.
  std::string TakeLast(const std::optional<std::string>& next_page_token) {
    json_ += ']';
    if (next_page_token) {
      json_ += R"(,"next_page_token":)";
      AppendJsonString(*next_page_token, &json_);
    }
    json_ += '}';
    return Take();
  }

 private:
  void AppendInt(int64_t value) {
    char text[24];
    json_.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  }

  std::string json_;
  bool has_points_ = false;
  std::string before_;
  std::string after_;
};

// A token names the last point of the page before, so that a page deep in a history costs what the
// first one does, and the history that it is of, so that it cannot be used for another.
std::string DigestOf(const mlflow::GetHistory& message) {
  return Sha256Hex(message.run_id + "/" + message.metric_key).substr(0, kTokenDigestCharacters);
}

std::optional<std::string> MakeToken(const std::optional<MetricPoint>& after,
                                     const mlflow::GetHistory& message) {
  if (!after) return std::nullopt;
  Json point = Json::MakeArray();
  point.Append(after->timestamp_ms);
  point.Append(after->step);
  point.Append(std::bit_cast<int64_t>(after->value));
  return Base64(Json::Of({{"after", std::move(point)}, {"of", DigestOf(message)}}).Dump());
}

std::optional<MetricPoint> ReadToken(const mlflow::GetHistory& message) {
  if (message.page_token.empty()) return std::nullopt;
  const std::string decoded = DecodePageToken(message.page_token);
  try {
    const Json token = ParseJson(decoded);
    const auto& point = token.At("after").AsArray();
    if (point.size() == 3 && token.At("of").AsString() == DigestOf(message)) {
      return MetricPoint{point[0].AsInt(), point[1].AsInt(),
                         tracking::Canonical(std::bit_cast<double>(point[2].AsInt()))};
    }
  } catch (const Error&) {  // whatever it is, it is no token
  }
  throw WrongPageToken(decoded);
}

}  // namespace

http::Response GetHistory(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::GetHistory>(request);
  // Zero or less is what a client sends that wants all; MLflow answers it with an empty page.
  const int64_t asked = message.max_results.value_or(tracking::kHistoryResultsMax);
  const int64_t limit =
      asked <= 0 ? tracking::kHistoryResultsMax : std::min(asked, tracking::kHistoryResultsMax);
  HistoryAnswer answer;
  answer.Begin(message.metric_key, "", static_cast<size_t>(std::min(limit, kPointsPerRead)));
  int64_t left = limit;
  // Adds what is read next and returns what to read after.
  const auto read = [&metrics = context.metrics, message](const std::optional<MetricPoint>& after,
                                                          int64_t* left, HistoryAnswer* answer) {
    const auto page = metrics.Page(RunId(message.run_id), message.metric_key,
                                   std::min(*left, kPointsPerRead), after);
    for (const auto& point : page.points) answer->Add(point);
    *left -= static_cast<int64_t>(page.points.size());
    return page.next_after;
  };
  const auto next = read(ReadToken(message), &left, &answer);
  if (!next || left == 0) return answer.Finish(MakeToken(next, message));
  http::Response response;
  response.headers.Add("Content-Type", "application/json");
  response.producer = [=](http::BodyWriter& writer) mutable {
    std::optional<MetricPoint> after = next;
    do {
      if (!writer.Write(answer.Take())) return;
      after = read(after, &left, &answer);
    } while (after && left > 0);
    writer.Write(answer.TakeLast(MakeToken(after, message)));
  };
  return response;
}

http::Response GetHistoryBulk(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::GetHistoryBulk>(request);
  if (message.run_id.empty()) {
    throw InvalidArgument("GetMetricHistoryBulk request must specify at least one run_id.");
  }
  if (message.run_id.size() > kBulkRunsMax) {
    throw InvalidArgument(
        "GetMetricHistoryBulk request cannot specify more than {} run_ids. Received {} run_ids.",
        kBulkRunsMax, message.run_id.size());
  }
  if (message.metric_key.empty()) {
    throw InvalidArgument("GetMetricHistoryBulk request must specify a metric_key.");
  }
  int64_t left = std::clamp<int64_t>(message.max_results.value_or(tracking::kHistoryResultsMax), 0,
                                     tracking::kHistoryResultsMax);
  HistoryAnswer answer;
  for (const auto& run : message.run_id) {
    if (left == 0) break;
    const auto page = context.metrics.Page(RunId(run), message.metric_key, left);
    answer.Begin(message.metric_key, run, page.points.size());
    for (const auto& point : page.points) answer.Add(point);
    left -= static_cast<int64_t>(page.points.size());
  }
  return answer.Finish();
}

http::Response GetHistoryInterval(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::GetHistoryInterval>(request);
  if (message.run_ids.size() > kBulkRunsMax) {
    throw InvalidArgument(
        "GetMetricHistoryBulkInterval request must specify at most {} run_ids. Received {} "
        "run_ids.",
        kBulkRunsMax, message.run_ids.size());
  }
  if (message.start_step.has_value() != message.end_step.has_value()) {
    throw InvalidArgument(
        "If either start step or end step are specified, both must be specified.");
  }
  if (message.start_step && *message.start_step > *message.end_step) {
    throw InvalidArgument(
        "end_step must be greater than start_step. Found start_step={} and end_step={}.",
        *message.start_step, *message.end_step);
  }
  tracking::IntervalRequest interval;
  interval.runs = ToIds<RunId>(message.run_ids);
  interval.key = message.metric_key;
  interval.start_step = message.start_step;
  interval.end_step = message.end_step;
  interval.points_max = message.max_results.value_or(interval.points_max);
  if (interval.points_max < 1 || interval.points_max > kIntervalPointsMax) {
    throw InvalidArgument(
        "max_results must be between 1 and {}. See the API docs for more information about "
        "request parameters.",
        kIntervalPointsMax);
  }
  HistoryAnswer answer;
  for (const auto& [run, points] : context.metrics.Interval(interval)) {
    answer.Begin(message.metric_key, run.str(), points.size());
    for (const auto& point : points) answer.Add(point);
  }
  return answer.Finish();
}

}  // namespace millwright::api::mlflow::metrics
