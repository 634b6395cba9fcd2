#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "http/message.h"

// CloudEvents 1.0 over HTTP in binary mode: the attributes are headers, the data is the body. That
// is how KServe's clients and brokers send a request for predictions as an event and take the
// answer as another one.
namespace millwright::api::prediction {

struct CloudEvent {
  std::string id;
};

// The event that a request is, or nothing. Throws kInvalidArgument naming the header when an
// attribute that an event must have is absent, or for another version of the standard.
std::optional<CloudEvent> FindCloudEvent(const http::Request& request);

// Why an event whose body holds its attributes too, or a batch of events, is not taken: binary mode
// is served alone. Nothing for other bodies.
std::optional<Error> RefusalOfEventMode(const http::Request& request);

// Makes the answer to an event an event: the same id, the type io.kserve.inference.response and the
// model as its source.
void AddCloudEvent(const CloudEvent& event, const std::string& model, http::Response* response);

}  // namespace millwright::api::prediction
