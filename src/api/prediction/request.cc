#include "api/prediction/request.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"

namespace millwright::api::prediction {
namespace {

constexpr std::string_view kEventTimeHeader = "X-Millwright-Event-Time";

int64_t ParseEventTime(std::string_view text) {
  int64_t time_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ms);
  // A year alone would be a number, too; nobody stamps predictions by the year.
  if (error == std::errc() && end == text.data() + text.size()) return time_ms;
  try {
    return ParseTime(text);
  } catch (const Error&) {
    throw InvalidArgument("{} is neither milliseconds since 1970 nor RFC 3339: {}",
                          kEventTimeHeader, text.substr(0, 64))
        .WithField(std::string(kEventTimeHeader));
  }
}

}  // namespace

void CheckPredictionId(std::string_view id, const std::string& field) {
  const bool printable = std::all_of(id.begin(), id.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  if (id.empty() || id.size() > kPredictionIdBytesMax || !printable) {
    throw InvalidArgument("A prediction's id has 1 to {} printable characters",
                          kPredictionIdBytesMax)
        .WithField(field);
  }
}

serving::InferRequest StartRequest(const http::Request& request, std::string model,
                                   std::string version) {
  serving::InferRequest infer;
  infer.model = std::move(model);
  infer.version = std::move(version);
  if (const auto given = request.headers.Find("X-Request-Id")) {
    CheckPredictionId(*given, "X-Request-Id");
    infer.id = *given;
  } else {
    infer.id = NewHexId();
  }
  if (const auto time = request.headers.Find(kEventTimeHeader)) {
    infer.event_time_ms = ParseEventTime(*time);
  }
  return infer;
}

void AddPredictionId(const std::string& id, http::Response* response) {
  response->headers.Add("X-Prediction-Id", id);
}

}  // namespace millwright::api::prediction
