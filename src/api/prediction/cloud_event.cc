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

void AddCloudEvent(const CloudEvent& event, const std::string& model, http::Response* response) {
  auto& headers = response->headers;
  headers.Add("ce-specversion", kSpecVersion);
  headers.Add("ce-id", event.id);
  headers.Add("ce-source", "io.kserve.inference." + model);
  headers.Add("ce-type", "io.kserve.inference.response");
  headers.Add("ce-time", FormatTime(SystemClock().NowMs()));
}

}  // namespace millwright::api::prediction
