#include "server/metrics_scrape.h"

#include "api/prometheus/exposition.h"
#include "base/error.h"

namespace millwright::server {
namespace {

constexpr int64_t kTimeoutMs = 3'000;
constexpr uint64_t kTextBytesMax = 16 << 20;

// "http://host:8080/metrics" → "host:8080".
std::string InstanceOf(const std::string& url) {
  const size_t host = url.find("://");
  if (!(url.starts_with("http://") || url.starts_with("https://")) || host + 3 >= url.size())
    throw InvalidArgument("Not an http or https URL: {}", url).WithField("--alert-scrape");
  const std::string rest = url.substr(host + 3);
  const std::string authority = rest.substr(0, rest.find('/'));
  return authority.substr(authority.find('@') + 1);
}

}  // namespace

std::string WithInstance(std::string_view text, std::string_view instance) {
  std::string label;
  api::prometheus::AppendLabel("instance", instance, &label);
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t name_end = line.find_first_of("{ ");
    if (line.empty() || line.front() == '#' || name_end == std::string_view::npos) continue;
    out.append(line.substr(0, name_end)).append("{").append(label);
    if (line[name_end] == '{') {
      if (line.substr(name_end + 1).starts_with('}')) {
        out.append(line.substr(name_end + 1));
      } else {
        out.append(",").append(line.substr(name_end + 1));
      }
    } else {
      out.append("}").append(line.substr(name_end));
    }
    out.push_back('\n');
  }
  return out;
}

MetricsScrape::MetricsScrape(const std::vector<std::string>& urls, fetch::Client& client,
                             int64_t interval_ms)
    : client_(client) {
  for (const std::string& url : urls) targets_.push_back({url, InstanceOf(url)});
  if (targets_.empty()) return;
  asking_ = std::make_unique<Loop>("scraper", "read the metrics of other processes",
                                   [this, interval_ms](const auto& stop) {
                                     AskAll(stop);
                                     return interval_ms;
                                   });
}

void MetricsScrape::AskAll(const std::stop_token& stop) {
  for (const Target& target : targets_) {
    std::string text;
    try {
      fetch::FetchRequest request;
      request.url = target.url;
      request.timeout_ms = kTimeoutMs;
      request.body_bytes_max = kTextBytesMax;
      request.stop = stop;
      const auto response = client_.Fetch(request);
      if (response.status == 200) text = WithInstance(response.body, target.instance);
    } catch (const Error&) {
      text.clear();  // told by millwright_scrape_up
    }
    std::lock_guard lock(mutex_);
    texts_[target.instance] = std::move(text);
  }
}

std::string MetricsScrape::Samples() const {
  std::lock_guard lock(mutex_);
  std::string all;
  for (const auto& [instance, text] : texts_) all += text;
  return all;
}

std::string MetricsScrape::MetricsText() const {
  std::string out;
  constexpr std::string_view kName = "millwright_scrape_up";
  api::prometheus::AppendHead(kName, "Whether a process whose metrics rules may ask for answered",
                              api::prometheus::Type::kGauge, &out);
  std::lock_guard lock(mutex_);
  for (const auto& [instance, text] : texts_) {
    std::string labels;
    api::prometheus::AppendLabel("instance", instance, &labels);
    api::prometheus::AppendSample(kName, labels, text.empty() ? 0 : 1, &out);
  }
  return out;
}

}  // namespace millwright::server
