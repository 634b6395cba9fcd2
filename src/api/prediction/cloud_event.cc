#include "api/prediction/cloud_event.h"

#include "base/clock.h"
#include "base/error.h"

namespace millwright::api::prediction {
namespace {

constexpr char kSpecVersion[] = "1.0";

std::string_view Required(const http::Request& request, const std::string& header) {
  const auto value = request.headers.Find(header);
  if (!value || value->empty()) {
    throw InvalidArgument("A CloudEvent needs the header {}", header).WithField(header);
  }
  return *value;
}

}  // namespace

std::optional<CloudEvent> FindCloudEvent(const http::Request& request) {
  const auto version = request.headers.Find("ce-specversion");
  if (!version) {
    // Without its version an event is no event, but its sender meant one.
    if (request.headers.Find("ce-id") && request.headers.Find("ce-type")) {
      Required(request, "ce-specversion");
    }
    return std::nullopt;
  }
  // 0.3, which KServe's logger still writes, has the same three attributes.
  if (*version != kSpecVersion && *version != "0.3") {
    throw InvalidArgument("ce-specversion must be {}, not {}", kSpecVersion, version->substr(0, 16))
        .WithField("ce-specversion");
  }
  Required(request, "ce-source");
  Required(request, "ce-type");
  return CloudEvent{.id = std::string(Required(request, "ce-id"))};
}

std::optional<Error> RefusalOfEventMode(const http::Request& request) {
  // The type of an event in any format, and with "-batch" of a list of them.
  constexpr std::string_view kEventType = "application/cloudevents";
  const auto type = request.headers.Find("Content-Type");
  if (!type || !http::EqualsIgnoringCase(type->substr(0, kEventType.size()), kEventType))
    return std::nullopt;
  return InvalidArgument(
             "Events are taken in binary mode: send ce-specversion, ce-id, ce-source and ce-type "
             "as headers and the event's data as the body, not {}",
             type->substr(0, 64))
      .WithField("Content-Type");
}

void AddCloudEvent(const CloudEvent& event, const std::string& model, http::Response* response) {
  auto& headers = response->headers;
  headers.Add("ce-specversion", kSpecVersion);
  headers.Add("ce-id", event.id);
  headers.Add("ce-source", "io.kserve.inference." + model);
  headers.Add("ce-type", "io.kserve.inference.response");
  headers.Add("ce-time", FormatTime(SystemClock().NowMs()));
}

}  // namespace millwright::api::prediction
