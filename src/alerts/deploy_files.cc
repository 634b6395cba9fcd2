#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "alerts/series.h"

namespace millwright::alerts {
namespace {

constexpr int kPanelWidth = 12, kPanelHeight = 8, kGridWidth = 24;

std::vector<std::string_view> Topics() {
  std::vector<std::string_view> topics;
  for (const Series& series : AllSeries())
    if (std::find(topics.begin(), topics.end(), series.topic) == topics.end())
      topics.push_back(series.topic);
  return topics;
}

std::string FileName(std::string_view topic) {
  std::string name = "millwright";
  for (const char c : topic) name += c == ' ' ? '-' : static_cast<char>(c | 0x20);
  return name.insert(10, "-");
}

// What is drawn of a series: counters as rates, histograms as their 99th percentile.
std::string DrawnExpression(const Series& series) {
  if (series.type == "counter") return fmt::format("rate({}[$__rate_interval])", series.name);
  if (series.type == "gauge") return std::string(series.name);
  std::string by = "le";
  std::string_view left = series.labels;
  while (!left.empty()) {
    const size_t space = left.find(' ');
    by += fmt::format(", {}", left.substr(0, space));
    left.remove_prefix(space == std::string_view::npos ? left.size() : space + 1);
  }
  return fmt::format("histogram_quantile(0.99, sum by ({}) (rate({}_bucket[$__rate_interval])))",
                     by, series.name);
}

std::string Unit(const Series& series) {
  if (series.type == "counter") return series.unit == "s" ? "percentunit" : "cps";
  if (series.unit == "dateTimeFromNow") return "s";
  return std::string(series.unit);
}

Json DataSource() {
  return Json::Of({{"type", "prometheus"}, {"uid", "${datasource}"}});
}

Json Panel(const Series& series, int index) {
  const bool is_time = series.unit == "dateTimeFromNow";
  Json legend = Json::MakeArray();
  std::string names;
  std::string_view left = series.labels;
  while (!left.empty()) {
    const size_t space = left.find(' ');
    names += fmt::format("{}{{{{{}}}}}", names.empty() ? "" : " ", left.substr(0, space));
    left.remove_prefix(space == std::string_view::npos ? left.size() : space + 1);
  }
  const std::string expression =
      is_time ? fmt::format("time() - {}", series.name) : DrawnExpression(series);
  const std::string title = series.type == "counter" ? fmt::format("{} (a second)", series.help)
                            : series.type == "histogram"
                                ? fmt::format("{} (99th percentile)", series.help)
                            : is_time ? fmt::format("{} (how long ago)", series.help)
                                      : std::string(series.help);
  Json targets = Json::MakeArray();
  targets.Append(Json::Of({{"refId", "A"},
                           {"datasource", DataSource()},
                           {"expr", expression},
                           {"legendFormat", names}}));
  return Json::Of({{"id", index + 1},
                   {"type", "timeseries"},
                   {"title", title},
                   {"description", std::string(series.name)},
                   {"datasource", DataSource()},
                   {"gridPos", Json::Of({{"x", index * kPanelWidth % kGridWidth},
                                         {"y", index * kPanelWidth / kGridWidth * kPanelHeight},
                                         {"w", kPanelWidth},
                                         {"h", kPanelHeight}})},
                   {"fieldConfig", Json::Of({{"defaults", Json::Of({{"unit", Unit(series)}})},
                                             {"overrides", Json::MakeArray()}})},
                   {"targets", targets}});
}

std::string Dashboard(std::string_view topic) {
  Json panels = Json::MakeArray();
  int index = 0;
  for (const Series& series : AllSeries())
    if (series.topic == topic) panels.Append(Panel(series, index++));
  Json variables = Json::MakeArray();
  variables.Append(Json::Of({{"name", "datasource"},
                             {"type", "datasource"},
                             {"query", "prometheus"},
                             {"label", "Prometheus"}}));
  Json tags = Json::MakeArray();
  tags.Append("millwright");
  return Json::Of({{"uid", FileName(topic)},
                   {"title", fmt::format("Millwright: {}", topic)},
                   {"tags", tags},
                   {"schemaVersion", 38},
                   {"editable", true},
                   {"refresh", "30s"},
                   {"time", Json::Of({{"from", "now-6h"}, {"to", "now"}})},
                   {"templating", Json::Of({{"list", variables}})},
                   {"panels", panels}})
             .Dump(2) +
         "\n";
}

constexpr std::string_view kWritten =
    "# Written by `make docs` from the program's own table of series; change that instead.\n";

constexpr std::string_view kScrape =
    R"(# How Prometheus reads a Millwright server, its model servers and its streams.
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files:
- millwright.rules.yaml
scrape_configs:
- job_name: millwright
  # A server that asks for tokens (--auth basic) wants one of a reader:
  # authorization:
  #   credentials_file: /etc/prometheus/millwright.token
  static_configs:
  - targets: [localhost:5000]
)";

}  // namespace

std::string SeriesPage() {
  std::string page = "# Series\n\n";
  page += fmt::format(
      "What `/metrics` says and what rules of alerts may ask for ([Write an "
      "alert](../guides/write-an-alert.md)). Of a metric at most {} sets of labels are shown; "
      "further ones are counted in `millwright_metrics_left_out`. A histogram is also "
      "`_bucket`, `_sum` and `_count`. The metrics whose names begin with `nv_` and "
      "`request_predict_seconds` have the names that Triton and KServe gave them.\n",
      kLabelSetsOfMetricMax);
  for (const std::string_view topic : Topics()) {
    page += fmt::format(
        "\n## {}\n\n| series | type | labels | what it is |\n| --- | --- | --- | "
        "--- |\n",
        topic);
    for (const Series& series : AllSeries())
      if (series.topic == topic)
        page += fmt::format("| `{}` | {} | {} | {} |\n", series.name, series.type,
                            series.labels.empty() ? "" : fmt::format("`{}`", series.labels),
                            series.help);
  }
  return page;
}

std::vector<DeployFile> DeployFiles() {
  std::vector<DeployFile> files;
  files.push_back(
      {"alerts/millwright.yaml", std::string(kWritten) +
                                     "# Rules that suit most servers: millwright alerts "
                                     "apply deploy/alerts/millwright.yaml\n" +
                                     std::string(DefaultRulesText())});
  files.push_back({"prometheus/millwright.rules.yaml",
                   std::string(kWritten) + PrometheusRules(DefaultRules(), "millwright")});
  files.push_back({"prometheus/prometheus.yaml", std::string(kWritten) + std::string(kScrape)});
  for (const std::string_view topic : Topics())
    files.push_back({"grafana/" + FileName(topic) + ".json", Dashboard(topic)});
  return files;
}

}  // namespace millwright::alerts
