// Predicting the messages of a Kafka topic.
#include "streaming/stream.h"

#include <fmt/format.h>

#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cache_folder.h"
#include "cli/commands.h"
#include "cli/kafka_settings.h"
#include "cli/progress.h"
#include "cli/stop_signals.h"
#include "ensembles/ensemble.h"
#include "server/stream_port.h"
#include "supply/brought_model.h"

namespace millwright::cli {
namespace {

constexpr int kNoPort = -1;

struct StreamOptions {
  std::string model, kafka, brokers{kDefaultBrokers}, group, dead_letter, config_file;
  std::vector<std::string> settings;
  std::string features, keep, cache, host = "127.0.0.1", metrics_port_file;
  int metrics_port = kNoPort;
  int64_t batch_messages = 500, delay_ms = 10, batch_rows = 1'024;
  bool until_end = false;
};
constexpr Option<StreamOptions> kStreamOptions[] = {
    {"stream.model", "--model",
     "A model file or folder, models:/NAME@ALIAS, models:/NAME/VERSION, s3://BUCKET/PREFIX or "
     "oci://HOST/REPOSITORY:TAG",
     &StreamOptions::model, "MODEL", 0, 0, Option<StreamOptions>::Kind::kRequired},
    {"stream.kafka", "--kafka", "The topic to read and the topic to write", &StreamOptions::kafka,
     "IN:OUT", 0, 0, Option<StreamOptions>::Kind::kRequired},
    {"stream.brokers", "--brokers",
     "Brokers to begin with, by commas; else those of --kafka-config", &StreamOptions::brokers,
     "HOST:PORT"},
    {"stream.group", "--group",
     "The consumer group, whose processes share the topic; by default of the two topics",
     &StreamOptions::group, "NAME"},
    {"stream.dead_letter", "--dead-letter",
     "The topic for what cannot be read or predicted; by default IN-dead-letter",
     &StreamOptions::dead_letter, "TOPIC"},
    {"stream.kafka_config", "--kafka-config",
     "A file of settings of librdkafka, NAME=VALUE in each line", &StreamOptions::config_file,
     "FILE"},
    {"", "--kafka-option", "One such setting; repeatable", &StreamOptions::settings, "NAME=VALUE"},
    {"stream.features", "--features",
     "The row's columns in the order of the model's, by commas, where it does not know their names",
     &StreamOptions::features, "COLUMNS"},
    {"stream.keep", "--keep",
     "The row's columns that its predictions carry: all or names by commas", &StreamOptions::keep,
     "COLUMNS"},
    {"stream.batch_messages", "--batch-messages", "Messages that are predicted together at most",
     &StreamOptions::batch_messages, "N", 1, 100'000},
    {"stream.batch_rows", "--batch-rows", "Rows of one run of the model",
     &StreamOptions::batch_rows, "N", 1, 100'000},
    {"stream.delay_ms", "--delay-ms", "How long a message waits for others to be predicted with",
     &StreamOptions::delay_ms, "MS", 0, 60'000},
    {"stream.host", "--host", "The address for metrics", &StreamOptions::host, "HOST"},
    {"stream.metrics_port", "--metrics-port",
     "A port for GET /metrics and /health; 0 picks a free one, -1 is none",
     &StreamOptions::metrics_port, "PORT", kNoPort, 65535},
    {"stream.metrics_port_file", "--metrics-port-file", "A file to write that port to",
     &StreamOptions::metrics_port_file, "FILE"},
    {"stream.cache", "--cache",
     "Where a model from elsewhere is kept; by default below XDG_CACHE_HOME or ~/.cache",
     &StreamOptions::cache, "DIR"},
    {"", "--until-end", "End when everything is predicted that is in the topic",
     &StreamOptions::until_end},
};

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> names;
  for (size_t at = 0; !list.empty() && at <= list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    names.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

std::pair<std::string, std::string> TopicsOf(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw InvalidArgument("--kafka is IN:OUT, two topics, not {}", text);
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

streaming::StreamOptions PlanOf(const StreamOptions& options) {
  const auto [input, output] = TopicsOf(options.kafka);
  streaming::StreamOptions stream{
      .input = input,
      .output = output,
      .dead_letter = options.dead_letter.empty() ? input + "-dead-letter" : options.dead_letter,
      .kafka = ReadKafkaSettings(options.config_file, options.brokers, options.settings),
      .model = options.model,
      .version = "",
      .predictions = {.features = SplitList(options.features),
                      .keep = SplitList(options.keep),
                      .batch_rows = static_cast<size_t>(options.batch_rows)},
      .batch_messages = static_cast<size_t>(options.batch_messages),
      .delay_ms = options.delay_ms,
      .until_end = options.until_end};
  if (input == output || input == stream.dead_letter) {
    throw InvalidArgument("A stream cannot write to the topic that it reads: {}", input);
  }
  stream.group =
      options.group.empty() ? fmt::format("millwright-{}-{}", input, output) : options.group;
  return stream;
}

// One line of how it goes, from second to second.
class Ticker {
 public:
  Ticker(const streaming::StreamCounts& counts, Progress& progress)
      : counts_(counts), progress_(progress) {}

  void Tick() {
    const int64_t now_us = MonotonicUs();
    const int64_t rows = counts_.rows;
    if (now_us - rated_us_ >= kRateUs) {
      rate_ =
          static_cast<double>(rows - rated_rows_) * 1e6 / static_cast<double>(now_us - rated_us_);
      rated_us_ = now_us;
      rated_rows_ = rows;
    }
    const auto done = static_cast<double>(counts_.messages);
    const auto left = static_cast<double>(counts_.lag);
    progress_.Update(done + left == 0 ? 0 : done / (done + left), Note());
  }
  std::string Note() const {
    return fmt::format("{} rows, {}/s, lag {}, {} dead letters", FormatCount(counts_.rows),
                       FormatCount(static_cast<int64_t>(rate_)), FormatCount(counts_.lag),
                       FormatCount(counts_.dead_letters));
  }

 private:
  static constexpr int64_t kRateUs = 1'000'000;
  const streaming::StreamCounts& counts_;
  Progress& progress_;
  int64_t rated_us_ = MonotonicUs();
  int64_t rated_rows_ = 0;
  double rate_ = 0;
};

StreamOptions InForce(const Console& console) {
  StreamOptions options;
  auto bound = BindOptions(kStreamOptions, options);
  ApplyConfiguration(bound, Json(), [](const char* name) -> const char* { return getenv(name); });
  for (const auto& [flag, value] : console.given)
    for (const auto& option : bound)
      if (option.flag == flag) option.set(value);
  return options;
}

int RunStream(const StreamOptions&, Console& console) {
  const StreamOptions options = InForce(console);
  streaming::StreamOptions plan = PlanOf(options);
  const StopOnSignal signals;
  supply::ModelCache cache(CacheFolder(options.cache));
  const supply::BroughtModel model =
      supply::BringModel({.name = options.model, .path = options.model},
                         {.server = console.ServerUri(), .stop = signals.token()}, cache);
  const serving::LoadedVersion loaded =
      serving::LoadVersion({.name = options.model, .version = model.version, .path = model.path},
                           {}, ensembles::LoadModel);
  plan.version = model.version;
  streaming::Stream stream(plan, *loaded.engine);
  std::optional<server::StreamPort> metrics;
  if (options.metrics_port != kNoPort) {
    metrics.emplace(options.host, options.metrics_port, stream.counts());
    if (!options.metrics_port_file.empty())
      WriteFileDurably(options.metrics_port_file, std::to_string(metrics->port()));
  }
  auto progress = console.StartProgress(fmt::format("{} → {}", plan.input, plan.output));
  Ticker ticker(stream.counts(), *progress);
  stream.Run(signals.token(), [&] { ticker.Tick(); });
  const auto& counts = stream.counts();
  progress->Finish(fmt::format("{} messages, {} rows predicted, {} dead letters",
                               FormatCount(counts.messages), FormatCount(counts.rows),
                               FormatCount(counts.dead_letters)));
  console.Answer(Json::Of({{"model", options.model},
                           {"version", model.version},
                           {"messages", counts.messages.load()},
                           {"rows", counts.rows.load()},
                           {"dead_letters", counts.dead_letters.load()},
                           {"lag", counts.lag.load()}}));
  return 0;
}

}  // namespace

void AddStreamCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("stream", "Predict the messages of a Kafka topic", kStreamOptions, RunStream));
}

}  // namespace millwright::cli
