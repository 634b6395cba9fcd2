#include "cli/run_logger.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/valid_text.h"
#include "cli/artifact_transfer.h"
#include "tracking/run_lease.h"

namespace millwright::cli {
namespace {

constexpr size_t kBatchMetricsMax = 1000;
// Charts are live, yet training does not wait for the server after each round.
constexpr int64_t kFlushUs = 500'000;

// A reason may quote what a process printed, which need not be text.
void EndRun(Client& client, const std::string& run_id, std::string_view status,
            const std::string& reason) {
  if (!reason.empty())
    client.MlflowPost("runs/set-tag", Json::Of({{"run_id", run_id},
                                                {"key", tracking::kEndReasonTag},
                                                {"value", ValidText(reason)}}));
  client.MlflowPost(
      "runs/update",
      Json::Of({{"run_id", run_id}, {"status", status}, {"end_time", SystemClock().NowMs()}}));
}

void EndRunningRun(Client& client, const std::string& run_id, std::string_view status,
                   const std::string& reason) {
  const Json run = client.MlflowGet("runs/get", {{"run_id", run_id}});
  if (run.At("run").At("info").GetString("status") != "RUNNING") return;
  EndRun(client, run_id, status, reason);
}

}  // namespace

RunLogger::RunLogger(Client& client, std::string run_id)
    : client_(client),
      run_id_(std::move(run_id)),
      folder_(ArtifactFolder(client, run_id_)),
      flushed_us_(MonotonicUs()) {}

void RunLogger::OnStart(const training::TrialSpec& spec,
                        const std::map<std::string, std::string>& params) {
  Json list = Json::MakeArray();
  for (const auto& [key, value] : params) list.Append(Json::Of({{"key", key}, {"value", value}}));
  list.Append(Json::Of({{"key", "trial"}, {"value", std::to_string(spec.number)}}));
  client_.MlflowPost("runs/log-batch", Json::Of({{"run_id", run_id_}, {"params", list}}));
}

bool RunLogger::OnMetrics(std::span<const training::MetricPoint> points) {
  const int64_t now_ms = SystemClock().NowMs();
  for (const auto& point : points)
    pending_.Append(Json::Of(
        {{"key", point.key}, {"value", point.value}, {"timestamp", now_ms}, {"step", point.step}}));
  if (pending_.AsArray().size() + points.size() > kBatchMetricsMax ||
      MonotonicUs() - flushed_us_ > kFlushUs)
    Flush();
  return true;
}

void RunLogger::OnArtifact(const std::filesystem::path& file) {
  UploadArtifact(client_, folder_, file.filename().string(), file);
}

void RunLogger::OnEnd(const training::TrialResult& result) {
  Flush();
  // The best round's values come last, for the latest value of a metric is the one that searches,
  // gates and tables see.
  Json metrics = Json::MakeArray();
  const int64_t now_ms = SystemClock().NowMs();
  for (const auto& [key, value] : result.metrics)
    metrics.Append(Json::Of(
        {{"key", key}, {"value", value}, {"timestamp", now_ms}, {"step", result.rounds_run}}));
  if (!metrics.AsArray().empty())
    client_.MlflowPost("runs/log-batch", Json::Of({{"run_id", run_id_}, {"metrics", metrics}}));
  EndRun(client_, run_id_, result.succeeded ? "FINISHED" : "FAILED", result.error);
}

void RunLogger::Flush() {
  flushed_us_ = MonotonicUs();
  if (pending_.AsArray().empty()) return;
  client_.MlflowPost("runs/log-batch", Json::Of({{"run_id", run_id_}, {"metrics", pending_}}));
  pending_ = Json::MakeArray();
}

void FailRun(Client& client, const std::string& run_id, const std::string& reason) {
  EndRunningRun(client, run_id, "FAILED", reason);
}

void KillRun(Client& client, const std::string& run_id, const std::string& reason) {
  EndRunningRun(client, run_id, "KILLED", reason);
}

}  // namespace millwright::cli
