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
  for (size_t column = 2; column < table.columns().size(); ++column)
    writer.Value(table.ToJson(row, column));
  writer.EndArray().EndArray();
  body += "}}";
  return body;
}

// What the sending threads share.
struct Sending {
  std::atomic<size_t> next = 0;
  std::atomic<int64_t> done = 0;
  std::mutex mutex;
  std::vector<int64_t> latencies_us;
  ReplayResult result;
};

void SendRows(Client& client, const std::string& url, const std::vector<ReplayRow>& rows,
              const std::function<void(int64_t)>& progress, const std::atomic<bool>* stop,
              Sending& sending) {
  std::vector<int64_t> latencies_us;
  int64_t failed = 0;
  std::string failure;
  for (size_t at; (at = sending.next++) < rows.size();) {
    if (stop != nullptr && stop->load()) break;
    const ReplayRow& row = rows[at];
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
  const auto columns = FeatureColumns(client, plan.endpoint);
  std::string select =
      fmt::format("CAST({} AS VARCHAR), epoch_ms(CAST({} AS TIMESTAMP))",
                  analytics::QuoteName(plan.id_column), analytics::QuoteName(plan.time_column));
  Json names = Json::MakeArray();
  for (const auto& column : columns) {
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
          rows.push_back({table.Text(row, 0), table.Int(row, 1), RowBody(table, row, header)});
        return true;
      });
  return rows;
}

ReplayResult Replay(Client& client, const ReplayPlan& plan, const std::vector<ReplayRow>& rows,
                    const std::function<void(int64_t)>& progress, const std::atomic<bool>* stop) {
  const std::string url = "/endpoints/" + fetch::PercentEncode(plan.endpoint) + "/invocations";
  const int64_t start_us = MonotonicUs();
  Sending sending;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < plan.concurrency; ++i)
      threads.emplace_back([&] { SendRows(client, url, rows, progress, stop, sending); });
  }
  ReplayResult result = std::move(sending.result);
  auto& latencies = sending.latencies_us;
  result.sent = static_cast<int64_t>(latencies.size());
  result.elapsed_ms = (MonotonicUs() - start_us) / 1000;
  std::sort(latencies.begin(), latencies.end());
  if (!latencies.empty()) {
    result.p50_us = latencies[latencies.size() / 2];
    result.p99_us = latencies[latencies.size() * 99 / 100];
  }
  return result;
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
