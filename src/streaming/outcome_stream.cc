// One thread does everything in turns: read some messages, record what they say, put aside what
// cannot be, and commit. A turn is either finished or read again, which records nothing twice: each
// outcome says by its source where it was told.
#include "streaming/outcome_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "streaming/dead_letter.h"

namespace millwright::streaming {
namespace {

constexpr int kIdleMs = 100;  // between two looks at whether to stop
constexpr int64_t kRetryMsFirst = 200, kRetryMsMax = 10'000;

bool IsPassing(Code code) {
  return code == Code::kUnavailable || code == Code::kResourceExhausted ||
         code == Code::kDeadlineExceeded || code == Code::kAborted;
}

// Waits, but not for longer than a stop is asked for.
void Wait(const std::stop_token& stop, int64_t ms) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
}

}  // namespace

std::vector<Json> ReadOutcomes(const Message& message) {
  if (!message.value) throw InvalidArgument("The message has no value");
  const Json read = ParseJson(*message.value);
  std::vector<Json> outcomes;
  if (read.is_array()) {
    outcomes = read.AsArray();
  } else {
    outcomes.push_back(read);
  }
  if (outcomes.empty() || outcomes.size() > kMessageOutcomesMax) {
    throw InvalidArgument("A message has from 1 to {} outcomes, not {}", kMessageOutcomesMax,
                          outcomes.size());
  }
  // A topic that is made anew begins at the same offsets; its messages have other times.
  const std::string source = fmt::format("{}@{}", message.place.Id(), message.time_ms);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    Json& outcome = outcomes[i];
    if (!outcome.is_object())
      throw InvalidArgument("An outcome is an object, not a {}", outcome.type_name());
    if (!outcome.Has("prediction_id") && !outcome.Has("key")) {
      if (!message.key) throw InvalidArgument("The outcome has neither prediction_id nor key");
      outcome.Set("prediction_id", *message.key);
    }
    if (!outcome.Has("time_ms") && message.time_ms > 0) outcome.Set("time_ms", message.time_ms);
    outcome.Set("source", read.is_array() ? fmt::format("{}#{}", source, i) : source);
  }
  return outcomes;
}

OutcomeStream::OutcomeStream(OutcomeStreamOptions options, Record record)
    : options_(std::move(options)),
      record_(std::move(record)),
      producer_(options_.kafka,
                [this](uint64_t, const std::optional<Error>& error) {
                  --undelivered_;
                  if (error && !failure_) failure_ = error;
                }),
      // What was read and not yet handled is read again by whoever has the partitions next.
      consumer_(options_.kafka, options_.group, options_.input,
                [this](bool) { gathered_.clear(); }) {}

void OutcomeStream::Run(const std::stop_token& stop, const std::function<void()>& on_turn) {
  while (!stop.stop_requested()) {
    Gather();
    if (!gathered_.empty()) {
      Handle(stop, on_turn);
    } else if (options_.until_end && consumer_.is_at_end()) {
      break;
    }
    Observe();
    on_turn();
  }
  consumer_.Close();
}

void OutcomeStream::Gather() {
  while (gathered_.size() < options_.batch_messages) {
    auto message = consumer_.Poll(gathered_.empty() ? kIdleMs : 1);
    if (!message) return;
    gathered_.push_back(*std::move(message));
  }
}

void OutcomeStream::Handle(const std::stop_token& stop, const std::function<void()>& on_turn) {
  // Callbacks of the consumer come while it is polled only, which nothing here does.
  const std::vector<Message> messages = std::exchange(gathered_, {});
  std::vector<Told> all;
  std::map<int32_t, int64_t> next_offsets;
  for (const Message& message : messages) {
    next_offsets[message.place.partition] = message.place.offset + 1;
    try {
      for (Json& outcome : ReadOutcomes(message)) all.push_back({std::move(outcome), &message});
    } catch (const Error& error) {
      SendDead(message, error.message(), nullptr);
    }
  }
  int64_t wait_ms = kRetryMsFirst;
  // Parts that were recorded before another one failed are told again, and count once.
  for (bool done = all.empty(); !done;) {
    const int64_t recorded = counts_.outcomes, dead = counts_.dead_letters;
    try {
      for (size_t at = 0; at < all.size(); at += kMessageOutcomesMax) {
        RecordPart(all.data() + at, std::min(kMessageOutcomesMax, all.size() - at));
      }
      done = true;
    } catch (const Error& error) {
      if (!IsPassing(error.code())) throw;
      counts_.outcomes = recorded;
      counts_.dead_letters = dead;
      if (counts_.retries++ == 0 || wait_ms == kRetryMsFirst) {
        Log(LogLevel::kWarning, "streaming", "outcomes cannot be recorded; it is tried again",
            {{"reason", error.message()}});
      }
      if (stop.stop_requested()) return;  // not committed: they are read again
      on_turn();
      Wait(stop, wait_ms);
      wait_ms = std::min(kRetryMsMax, 2 * wait_ms);
      if (stop.stop_requested()) return;
    }
  }
  Deliver(stop);
  if (undelivered_ > 0) return;
  consumer_.Commit(next_offsets);
  ++counts_.commits;
  counts_.messages += static_cast<int64_t>(messages.size());
}

void OutcomeStream::RecordPart(const Told* begin, size_t count) {
  std::vector<Json> outcomes;
  for (size_t i = 0; i < count; ++i) outcomes.push_back(begin[i].outcome);
  try {
    record_(outcomes);
    counts_.outcomes += static_cast<int64_t>(count);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    if (count == 1) {
      SendDead(*begin->message, error.message(), &begin->outcome);
      return;
    }
    RecordPart(begin, count / 2);
    RecordPart(begin + count / 2, count - count / 2);
  }
}

void OutcomeStream::SendDead(const Message& message, const std::string& reason,
                             const Json* outcome) {
  ++counts_.dead_letters;
  SendDeadLetter(DeadLetter(message, reason, outcome), [&](const Message& dead) {
    // Counted before, for the producer may tell of deliveries while it takes this one.
    ++undelivered_;
    try {
      producer_.Send(options_.dead_letter, dead, 0);
    } catch (...) {
      --undelivered_;
      throw;
    }
  });
}

void OutcomeStream::Deliver(const std::stop_token& stop) {
  while (undelivered_ > 0 && !stop.stop_requested()) producer_.Poll(kIdleMs);
  if (failure_) throw *failure_;
}

void OutcomeStream::Observe() {
  counts_.lag = consumer_.lag();
  counts_.partitions = static_cast<int64_t>(consumer_.partitions());
}

}  // namespace millwright::streaming
