// One thread does everything in turns: read some messages, predict all their rows in few runs of
// the model, hand the answers to the producer and go on while they are on their way. Turns are
// finished in the order in which they were read, so the offset of the last finished one says what
// need not be read again.
#include "streaming/stream.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "serving/table_builder.h"
#include "streaming/dead_letter.h"
#include "streaming/rows.h"

namespace millwright::streaming {
namespace {

constexpr int kIdleMs = 100;  // between two looks at whether to stop
constexpr size_t kTurnsOnTheWayMax = 8;
constexpr int64_t kCommitUs = 250'000;     // between two commits while messages come
constexpr int64_t kRevokedMsMax = 30'000;  // for what is on its way when partitions are taken away

constexpr char kRowHeader[] = "millwright-row";

}  // namespace

Stream::Stream(StreamOptions options, inference::Engine& engine)
    : options_(std::move(options)),
      predictor_(engine, options_.predictions),
      producer_(options_.kafka,
                [this](uint64_t tag, const std::optional<Error>& error) { Delivered(tag, error); }),
      consumer_(options_.kafka, options_.group, options_.input,
                [this](bool lost) { Revoked(lost); }) {}

void Stream::Run(const std::stop_token& stop, const std::function<void()>& on_turn) {
  while (!stop.stop_requested()) {
    Gather();
    producer_.Poll(0);
    Answer(stop);
    while (!WaitForTurns(kTurnsOnTheWayMax, kIdleMs) && !stop.stop_requested()) on_turn();
    if (gathered_.empty() && turns_.empty() && options_.until_end && consumer_.is_at_end()) break;
    if (MonotonicUs() - committed_us_ >= kCommitUs) CommitFinished();
    Observe();
    on_turn();
  }
  if (!WaitForTurns(0, kFinishMsMax)) {
    Log(LogLevel::kWarning, "streaming", "not everything was delivered; it will be read again",
        {{"turns", std::to_string(turns_.size())}});
  }
  CommitFinished();
  Observe();
  consumer_.Close();
}

void Stream::Gather() {
  int64_t end_us = 0;
  while (gathered_.size() < options_.batch_messages) {
    int64_t wait_ms = turns_.empty() ? kIdleMs : 1;
    if (!gathered_.empty()) {
      wait_ms = (end_us - MonotonicUs()) / 1000;
      if (wait_ms < 0) return;
    }
    auto message = consumer_.Poll(static_cast<int>(wait_ms));
    if (!message) return;
    if (gathered_.empty()) end_us = MonotonicUs() + options_.delay_ms * 1000;
    gathered_.push_back(*std::move(message));
  }
}

void Stream::Answer(const std::stop_token& stop) {
  if (gathered_.empty()) return;
  turns_.emplace_back();
  std::vector<Taken> all;
  for (Message& message : gathered_) {
    turns_.back().next_offsets[message.place.partition] = message.place.offset + 1;
    try {
      if (!message.value) throw InvalidArgument("The message has no value");
      MessageRows read = ReadRows(*message.value);
      all.push_back({std::move(message), std::move(read.rows), read.is_list});
    } catch (const Error& error) {
      SendDead(message, error.message(), std::nullopt, nullptr);
    }
  }
  counts_.messages += static_cast<int64_t>(gathered_.size());
  gathered_.clear();
  std::vector<const Json*> rows;
  for (const Taken& taken : all) {
    for (const Json& row : taken.rows) rows.push_back(&row);
  }
  const int64_t start_us = MonotonicUs();
  const auto results = predictor_.Predict(rows, stop);
  counts_.predict_us += MonotonicUs() - start_us;
  size_t at = 0;
  for (const Taken& taken : all) {
    SendAnswer(taken, results.data() + at);
    at += taken.rows.size();
  }
}

void Stream::SendAnswer(const Taken& taken, const Result<std::string>* results) {
  const Message& read = taken.message;
  const std::string id = read.place.Id();
  std::string text;
  JsonWriter writer(&text);
  writer.BeginObject()
      .Field("id", id)
      .Field("model", options_.model)
      .Field("version", options_.version)
      .Key("predictions")
      .BeginArray();
  bool has_any = false;
  for (size_t i = 0; i < taken.rows.size(); ++i) {
    if (results[i]) {
      writer.Raw(*results[i]);
      has_any = true;
      ++counts_.rows;
      continue;
    }
    writer.Null();
    // The model was given rows of many messages at once: theirs is no number that readers know.
    const std::string reason = serving::WithoutRow(results[i].error().message());
    if (!taken.is_list) {
      SendDead(read, reason, std::nullopt, nullptr);
    } else {
      SendDead(read, fmt::format("Row {}: {}", i, reason), i, &taken.rows[i]);
    }
  }
  writer.EndArray().EndObject();
  if (!has_any) return;
  Message answer{.place = read.place,
                 .key = read.key,
                 .value = std::move(text),
                 .headers = read.headers,
                 .time_ms = read.time_ms};
  answer.headers.emplace_back(kIdHeader, id);
  try {
    Send(options_.output, answer);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    SendDead(read, "The predictions cannot be sent: " + error.message(), std::nullopt, nullptr);
  }
}

void Stream::SendDead(const Message& message, const std::string& reason,
                      const std::optional<size_t>& row, const Json* value) {
  Message dead = DeadLetter(message, reason, value);
  if (row) dead.headers.emplace_back(kRowHeader, std::to_string(*row));
  ++counts_.dead_letters;
  SendDeadLetter(std::move(dead), [&](const Message& one) { Send(options_.dead_letter, one); });
}

void Stream::Send(const std::string& topic, const Message& message) {
  // Counted before, for the producer may tell of deliveries while it takes this one.
  Turn& turn = turns_.back();
  ++turn.undelivered;
  try {
    producer_.Send(topic, message, first_turn_ + turns_.size() - 1);
  } catch (...) {
    --turn.undelivered;
    throw;
  }
}

void Stream::Delivered(uint64_t tag, const std::optional<Error>& error) {
  if (error) {
    if (!failure_) failure_ = error;
    return;
  }
  ++counts_.delivered;
  --turns_[tag - first_turn_].undelivered;
}

bool Stream::WaitForTurns(size_t turns_max, int64_t timeout_ms) {
  const int64_t end_us = MonotonicUs() + timeout_ms * 1000;
  while (true) {
    if (failure_) throw *failure_;
    while (!turns_.empty() && turns_.front().undelivered == 0) {
      for (const auto& [partition, next] : turns_.front().next_offsets) finished_[partition] = next;
      turns_.pop_front();
      ++first_turn_;
    }
    if (turns_.size() <= turns_max) return true;
    const int64_t left_ms = (end_us - MonotonicUs()) / 1000;
    if (left_ms <= 0) return false;
    producer_.Poll(static_cast<int>(std::min<int64_t>(left_ms, kIdleMs)));
  }
}

void Stream::CommitFinished() {
  committed_us_ = MonotonicUs();
  if (finished_.empty()) return;
  consumer_.Commit(finished_);
  finished_.clear();
  ++counts_.commits;
}

void Stream::Revoked(bool lost) {
  // Whoever has the partitions next reads these again.
  gathered_.clear();
  if (!lost && WaitForTurns(0, kRevokedMsMax)) CommitFinished();
  for (Turn& turn : turns_) turn.next_offsets.clear();
  finished_.clear();
}

void Stream::Observe() {
  counts_.lag = consumer_.lag();
  counts_.partitions = static_cast<int64_t>(consumer_.partitions());
}

}  // namespace millwright::streaming
