#pragma once

#include <map>
#include <span>
#include <string>

#include "cli/client.h"
#include "training/trial.h"

namespace millwright::cli {

// Reports a trial to the tracking server as MLflow's clients do: params at the start, metrics round
// by round in batches, files as artifacts, the status at the end.
class RunLogger : public training::MetricSink {
 public:
  RunLogger(Client& client, std::string run_id);

  void OnStart(const training::TrialSpec& spec,
               const std::map<std::string, std::string>& params) override;
  bool OnMetrics(std::span<const training::MetricPoint> points) override;
  void OnArtifact(const std::filesystem::path& file) override;
  void OnEnd(const training::TrialResult& result) override;

 private:
  void Flush();

  Client& client_;
  const std::string run_id_;
  const std::string folder_;
  Json pending_ = Json::MakeArray();
  int64_t flushed_us_ = 0;
};

// Ends a run whose process could not say so itself, unless it did: as failed, or as killed, with
// the reason.
void FailRun(Client& client, const std::string& run_id, const std::string& reason);
void KillRun(Client& client, const std::string& run_id, const std::string& reason);

}  // namespace millwright::cli
