#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/client.h"
#include "server/loop.h"

namespace millwright::server {

// What other processes of this program say in their /metrics, model servers and streams, so that
// rules of alerts may ask for it too. A thread of its own asks them; one that does not answer says
// nothing and holds nobody up. Thread-safe.
class MetricsScrape {
 public:
  // Throws kInvalidArgument for what is no http or https URL.
  MetricsScrape(const std::vector<std::string>& urls, fetch::Client& client, int64_t interval_ms);

  // The samples of all that answered last, each with the label instance: "host:port".
  std::string Samples() const;
  // Whether each one answered: millwright_scrape_up.
  std::string MetricsText() const;

 private:
  struct Target {
    std::string url;
    std::string instance;
  };
  void AskAll(const std::stop_token& stop);

  std::vector<Target> targets_;
  fetch::Client& client_;

  mutable std::mutex mutex_;                  // guards what follows
  std::map<std::string, std::string> texts_;  // by instance; empty for one that did not answer

  std::unique_ptr<Loop> asking_;  // last: it uses all of the above
};

// Gives every sample of a text of the exposition format the label instance; other lines go.
std::string WithInstance(std::string_view text, std::string_view instance);

}  // namespace millwright::server
