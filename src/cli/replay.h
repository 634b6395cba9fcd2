#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/client.h"

namespace millwright::cli {

// One request of a replay: a row of data as a prediction request.
struct ReplayRow {
  std::string id;
  int64_t event_time_ms = 0;
  std::string body;    // MLflow's dataframe_split with this one row
  double outcome = 0;  // of ReplayPlan::outcome_column
  int64_t outcome_time_ms = 0;
};

struct ReplayPlan {
  std::string endpoint;
  std::string file;  // Parquet, CSV or JSON lines
  std::string id_column;
  std::string time_column;
  std::string where = "true";  // which rows, as SQL
  // What really happened and when that was known; empty when they are not in the file.
  std::string outcome_column;
  std::string outcome_time_column;
  std::string id_prefix;  // before each id, so that rows can be sent more than once
  int concurrency = 8;
  int64_t requests_per_s = 0;  // 0: as fast as answers come
};

struct ReplayResult {
  int64_t sent = 0;
  int64_t failed = 0;
  int64_t p50_us = 0;
  int64_t p99_us = 0;
  int64_t elapsed_ms = 0;
  std::string first_failure;
};

// Reads the rows of a plan in time order, each turned into a request body with the columns that the
// endpoint's signature names.
std::vector<ReplayRow> LoadReplayRows(Client& client, const ReplayPlan& plan);

// Sends the rows in order over `plan.concurrency` connections, each request with its row's id and
// event time. A status other than 200 or no answer at all counts as failed; nothing is sent twice.
// `progress` is called now and then with how many are done; `stop` ends it early.
ReplayResult Replay(Client& client, const ReplayPlan& plan, const std::vector<ReplayRow>& rows,
                    const std::function<void(int64_t)>& progress = nullptr,
                    const std::atomic<bool>* stop = nullptr);

// Tells the server what really happened with the rows.
void PushOutcomes(Client& client, const std::string& endpoint, const std::vector<ReplayRow>& rows);

Json ReplayResultToJson(const ReplayResult& result);

}  // namespace millwright::cli
