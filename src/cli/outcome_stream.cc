// Outcomes that come through a Kafka topic.
#include "streaming/outcome_stream.h"

#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/kafka_settings.h"
#include "cli/progress.h"
#include "cli/stop_signals.h"

namespace millwright::cli {
namespace {

struct OutcomeStreamOptions {
  std::string endpoint, topic, brokers{kDefaultBrokers}, group, dead_letter, config_file;
  std::vector<std::string> settings;
  int64_t batch_messages = 500;
  bool until_end = false;
};
constexpr Option<OutcomeStreamOptions> kOutcomeStreamOptions[] = {
    {"", "ENDPOINT", "The endpoint or log whose predictions the outcomes are of",
     &OutcomeStreamOptions::endpoint, "", 0, 0, Option<OutcomeStreamOptions>::Kind::kRequired},
    {"", "TOPIC", "The topic to read", &OutcomeStreamOptions::topic, "", 0, 0,
     Option<OutcomeStreamOptions>::Kind::kRequired},
    {"", "--brokers", "Brokers to begin with, by commas; else those of --kafka-config",
     &OutcomeStreamOptions::brokers, "HOST:PORT"},
    {"", "--group",
     "The consumer group, whose processes share the topic; by default of the two names",
     &OutcomeStreamOptions::group, "NAME"},
    {"", "--dead-letter",
     "The topic for what cannot be read or recorded; by default TOPIC-dead-letter",
     &OutcomeStreamOptions::dead_letter, "TOPIC"},
    {"", "--kafka-config", "A file of settings of librdkafka, NAME=VALUE in each line",
     &OutcomeStreamOptions::config_file, "FILE"},
    {"", "--kafka-option", "One such setting; repeatable", &OutcomeStreamOptions::settings,
     "NAME=VALUE"},
    {"", "--batch-messages", "Messages that are recorded together at most",
     &OutcomeStreamOptions::batch_messages, "N", 1, 10'000},
    {"", "--until-end", "End when everything is recorded that is in the topic",
     &OutcomeStreamOptions::until_end},
};

streaming::OutcomeStreamOptions PlanOf(const OutcomeStreamOptions& options) {
  streaming::OutcomeStreamOptions plan{
      .input = options.topic,
      .group = options.group.empty()
                   ? fmt::format("millwright-outcomes-{}-{}", options.endpoint, options.topic)
                   : options.group,
      .dead_letter =
          options.dead_letter.empty() ? options.topic + "-dead-letter" : options.dead_letter,
      .kafka = ReadKafkaSettings(options.config_file, options.brokers, options.settings),
      .batch_messages = static_cast<size_t>(options.batch_messages),
      .until_end = options.until_end};
  if (plan.input == plan.dead_letter) {
    throw InvalidArgument("A stream cannot write to the topic that it reads: {}", plan.input)
        .WithField("--dead-letter");
  }
  return plan;
}

std::string NoteOf(const streaming::OutcomeCounts& counts) {
  return fmt::format("{} outcomes, lag {}, {} dead letters", FormatCount(counts.outcomes),
                     FormatCount(counts.lag), FormatCount(counts.dead_letters));
}

int StreamOutcomes(const OutcomeStreamOptions& options, Console& console) {
  const StopOnSignal signals;
  Client& client = console.client();
  streaming::OutcomeStream stream(PlanOf(options), [&](const std::vector<Json>& outcomes) {
    client.Post("/api/v1/outcomes",
                Json::Of({{"endpoint", options.endpoint}, {"outcomes", Json(outcomes)}}));
  });
  const auto& counts = stream.counts();
  auto progress = console.StartProgress(fmt::format("{} → {}", options.topic, options.endpoint));
  stream.Run(signals.token(), [&] {
    const auto done = static_cast<double>(counts.messages);
    const auto left = static_cast<double>(counts.lag);
    progress->Update(done + left == 0 ? 0 : done / (done + left), NoteOf(counts));
  });
  progress->Finish(fmt::format("{} messages, {}", FormatCount(counts.messages), NoteOf(counts)));
  console.Answer(Json::Of({{"messages", counts.messages.load()},
                           {"outcomes", counts.outcomes.load()},
                           {"dead_letters", counts.dead_letters.load()},
                           {"lag", counts.lag.load()}}));
  return 0;
}

}  // namespace

void AddOutcomeStreamCommands(Commands& commands) {
  commands.push_back(MakeCommand("outcomes stream",
                                 "Record what really happened out of a Kafka topic",
                                 kOutcomeStreamOptions, StreamOutcomes));
}

}  // namespace millwright::cli
