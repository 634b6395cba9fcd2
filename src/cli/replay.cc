#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"

namespace millwright::cli {
namespace {

constexpr int64_t kRequestTimeoutMs = 30'000;
constexpr int64_t kProgressEvery = 64;
constexpr size_t kFirstFeature = 4;  // after id, time, outcome and its time
constexpr size_t kOutcomesPerCall = 5'000;

std::vector<std::string> FeatureColumns(Client& client, const std::string& endpoint) {
  const Json described = client.Get("/api/v1/endpoints/" + fetch::PercentEncode(endpoint));
  std::vector<std::string> columns;
  for (const Json& input : described.At("signature").At("inputs").AsArray())
    columns.push_back(input.GetString("name"));
  return columns;
}

std::string RowBody(const analytics::Table& table, size_t row, const std::string& header) {
  std::string body = header;
  JsonWriter writer(&body);
  writer.BeginArray().BeginArray();
  for (size_t column = kFirstFeature; column < table.columns().size(); ++column)
    writer.Value(table.ToJson(row, column));
  writer.EndArray().EndArray();
  body += "}}";
  return body;
}

// What the sending threads share.
struct Sending {
  const int64_t start_us = MonotonicUs();
  std::atomic<size_t> next = 0;
  std::atomic<int64_t> done = 0;
  std::mutex mutex;
  std::vector<int64_t> latencies_us;
  ReplayResult result;
};

// Waits until it is this request's turn at the given rate.
void KeepRate(int64_t requests_per_s, int64_t start_us, size_t at) {
  if (requests_per_s <= 0) return;
  const int64_t due_us = start_us + static_cast<int64_t>(at) * 1'000'000 / requests_per_s;
  const int64_t wait_us = due_us - MonotonicUs();
  if (wait_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
}

void SendRows(Client& client, const ReplayPlan& plan, const std::vector<ReplayRow>& rows,
              const std::function<void(int64_t)>& progress, const std::atomic<bool>* stop,
              Sending& sending) {
  const std::string url = "/endpoints/" + fetch::PercentEncode(plan.endpoint) + "/invocations";
  std::vector<int64_t> latencies_us;
  int64_t failed = 0;
  std::string failure;
  for (size_t at; (at = sending.next++) < rows.size();) {
    if (stop != nullptr && stop->load()) break;
    const ReplayRow& row = rows[at];
    KeepRate(plan.requests_per_s, sending.start_us, at);
    const int64_t start_us = MonotonicUs();
    try {
      const auto response = client.SendRaw(
          {.method = "POST",
           .url = url,
           .headers = {{"Content-Type", "application/json"},
                       {"X-Request-Id", row.id},
                       {"X-Millwright-Event-Time", std::to_string(row.event_time_ms)}},
           .body = row.body,
           .timeout_ms = kRequestTimeoutMs});
      if (response.status != 200) {
        ++failed;
        failure = fmt::format("{}: {} {}", row.id, response.status, response.body.substr(0, 200));
      }
    } catch (const Error& error) {
      ++failed;
      failure = row.id + ": " + error.message();
    }
    latencies_us.push_back(MonotonicUs() - start_us);
    const int64_t done = ++sending.done;
    if (done % kProgressEvery == 0 && progress) progress(done);
  }
  std::lock_guard lock(sending.mutex);
  sending.latencies_us.insert(sending.latencies_us.end(), latencies_us.begin(), latencies_us.end());
  sending.result.failed += failed;
  if (sending.result.first_failure.empty()) sending.result.first_failure = failure;
}

}  // namespace

std::vector<ReplayRow> LoadReplayRows(Client& client, const ReplayPlan& plan) {
  const auto as = [](const std::string& column, const char* expression, const char* absent) {
    return column.empty() ? std::string(absent)
                          : fmt::format(fmt::runtime(expression), analytics::QuoteName(column));
  };
  std::string select =
      fmt::format("CAST({} AS VARCHAR), {}, {}, {}", analytics::QuoteName(plan.id_column),
                  as(plan.time_column, "epoch_ms(CAST({} AS TIMESTAMP))", "0::BIGINT"),
                  as(plan.outcome_column, "CAST({} AS DOUBLE)", "0.0::DOUBLE"),
                  as(plan.outcome_time_column, "epoch_ms(CAST({} AS TIMESTAMP))", "0::BIGINT"));
  Json names = Json::MakeArray();
  for (const auto& column : FeatureColumns(client, plan.endpoint)) {
    select += ", " + analytics::QuoteName(column);
    names.Append(column);
  }
  const std::string header =
      fmt::format(R"({{"dataframe_split":{{"columns":{},"data":)", names.Dump());
  analytics::Session session;
  std::vector<ReplayRow> rows;
  session.Stream(
      fmt::format("SELECT {} FROM {} WHERE {} ORDER BY 2, 1", select,
                  analytics::ReadFileSql(plan.file), plan.where),
      [&](const analytics::Table& table) {
        for (size_t row = 0; row < table.row_count(); ++row)
          rows.push_back({plan.id_prefix + table.Text(row, 0), table.Int(row, 1),
                          RowBody(table, row, header), table.Double(row, 2), table.Int(row, 3)});
        return true;
      });
  return rows;
}

ReplayResult Replay(Client& client, const ReplayPlan& plan, const std::vector<ReplayRow>& rows,
                    const std::function<void(int64_t)>& progress, const std::atomic<bool>* stop) {
  Sending sending;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < plan.concurrency; ++i)
      threads.emplace_back([&] { SendRows(client, plan, rows, progress, stop, sending); });
  }
  ReplayResult result = std::move(sending.result);
  auto& latencies = sending.latencies_us;
  result.sent = static_cast<int64_t>(latencies.size());
  result.elapsed_ms = (MonotonicUs() - sending.start_us) / 1000;
  std::sort(latencies.begin(), latencies.end());
  if (!latencies.empty()) {
    result.p50_us = latencies[latencies.size() / 2];
    result.p99_us = latencies[latencies.size() * 99 / 100];
  }
  return result;
}

void PushOutcomes(Client& client, const std::string& endpoint, const std::vector<ReplayRow>& rows) {
  for (size_t first = 0; first < rows.size(); first += kOutcomesPerCall) {
    Json batch = Json::MakeArray();
    const size_t end = std::min(rows.size(), first + kOutcomesPerCall);
    for (size_t at = first; at < end; ++at)
      batch.Append(Json::Of({{"prediction_id", rows[at].id},
                             {"value", rows[at].outcome},
                             {"time_ms", rows[at].outcome_time_ms}}));
    client.Post("/api/v1/outcomes", Json::Of({{"endpoint", endpoint}, {"outcomes", batch}}));
  }
}

Json ReplayResultToJson(const ReplayResult& result) {
  return Json::Of({{"sent", result.sent},
                   {"failed", result.failed},
                   {"p50_us", result.p50_us},
                   {"p99_us", result.p99_us},
                   {"elapsed_ms", result.elapsed_ms},
                   {"first_failure", result.first_failure}});
}

}  // namespace millwright::cli
