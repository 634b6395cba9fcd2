#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace millwright::monitoring {

// An input, an output or an outcome: nothing, a truth value, a number or text. Lists are kept as
// their JSON text.
using Value = std::variant<std::monostate, bool, double, std::string>;
Value ToValue(const Json& json);
// What a field of a file without types says: a number, true, false or else the text.
Value ReadField(std::string_view field);
Json ToJson(const Value& value);

using NamedValues = std::vector<std::pair<std::string, Value>>;

// Answers of two numbers, by the name of their output: the second number of each, which is taken
// for the probability of the second class.
using SecondNumbers = std::vector<std::pair<std::string, double>>;

// Adds them to the outputs of a row: as `probability`, or as NAME_probability where there are
// several or where an output is called so. A name that is taken already is left as it is.
void AddProbabilities(const SecondNumbers& seconds, NamedValues* outputs);

// SQL does not tell names apart that differ in their case only, and a row with one column twice
// cannot be read. The second of such values is called NAME_2, and so on. Returns whether there were
// any.
bool MakeColumnsUnique(NamedValues* values);

inline constexpr int64_t kLatencyUnknown = -1;

// Why a revision was asked: for the caller, for the caller as a canary, or for comparison only.
enum class Role { kLive, kCanary, kShadow };
std::string_view RoleName(Role role);
// Throws kInvalidArgument.
Role ParseRole(std::string_view text);

// One answered (or failed) request for one row: what the prediction log keeps.
struct Prediction {
  std::string id;
  std::string endpoint;
  std::string model_version;
  std::string revision;
  Role role = Role::kLive;
  int64_t time_ms = 0;        // when it was asked, by the wall clock
  int64_t event_time_ms = 0;  // when it happened in the data; 0 means time_ms
  int64_t latency_us = 0;     // kLatencyUnknown where another server did not say
  std::string caller;
  std::string trace_id;  // of the caller's W3C trace, empty where it named none
  std::string error;     // why there is no answer, empty when there is one
  bool cached = false;   // the answer had been given before to the same inputs
  NamedValues inputs;
  NamedValues outputs;
};

// Whether an outcome says what really happened, which performance is measured by, or what somebody
// thought of the answer: a thumb, a corrected value, a comment.
enum class OutcomeKind { kLabel, kFeedback };
std::string_view OutcomeKindName(OutcomeKind kind);
// Throws kInvalidArgument.
OutcomeKind ParseOutcomeKind(std::string_view text);

inline constexpr int64_t kOutcomeWithinMs = 7LL * 86'400'000;  // when nothing is said
inline constexpr int64_t kOutcomeWithinMsMax = 3650LL * 86'400'000;

// Stands for the ids of the predictions that have a value in an input, such as an order's number,
// and happened at most `within_ms` before the outcome was known. Numbers are compared as numbers.
struct OutcomeKey {
  std::string input;
  std::string value;
  int64_t within_ms = kOutcomeWithinMs;
};

// What became of a prediction. Of several of one kind the newest time wins, of equal times the one
// recorded last; all are kept.
struct Outcome {
  std::string prediction_id;  // empty with a key
  Value value = {};           // nothing, for feedback that is a comment only
  int64_t time_ms = 0;        // when it became known; 0 means now
  OutcomeKind kind = OutcomeKind::kLabel;
  std::string comment = {};
  std::optional<OutcomeKey> key = {};
  // What told of it, such as a message's place. One source counts once, however often it is told.
  std::string source = {};
};

// The log's rows are flat objects of JSON: the fields above, and each input and output as a column
// of its own with one of these prefixes.
inline constexpr char kInputPrefix[] = "input_";
inline constexpr char kOutputPrefix[] = "output_";

// Write one row as one line of JSON without a line break; bytes that are no UTF-8 become U+FFFD.
std::string EncodePrediction(const Prediction& prediction);
// `sequence` orders outcomes that were recorded one after another.
std::string EncodeOutcome(const std::string& endpoint, const Outcome& outcome,
                          const std::string& who, int64_t sequence);

}  // namespace millwright::monitoring
