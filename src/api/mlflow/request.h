#pragma once

#include <string>
#include <vector>

#include "api/mlflow/wire.h"
#include "base/error.h"
#include "base/json.h"
#include "http/message.h"

namespace millwright::api::mlflow {

// Reads the JSON object of a request: a POST's body, which must be declared as application/json, or
// a GET's query (its body when there is no query). A body that is no JSON counts as empty, a JSON
// string that holds JSON is read twice, as MLflow's server does. Throws kInvalidArgument.
Json ReadObject(const http::Request& request, const std::vector<FieldShape>& shape);

// Throws kInvalidArgument unless the body is declared as application/json.
void RequireJsonType(const http::Request& request);

template <Message T>
T Read(const http::Request& request) {
  return Decode<T>(ReadObject(request, ShapeOf<T>()));
}

template <Message T>
http::Response Answer(const T& message) {
  return http::Response::JsonText(200, Encode(message));
}
// The answer of calls that return nothing: {}.
http::Response Empty();

// The text within a page token, whatever it says. Throws kInvalidArgument when it is no base64.
std::string DecodePageToken(const std::string& token);
// What is thrown for a page token that says something else than it should.
Error WrongPageToken(const std::string& decoded);
// The token of a search's next page as the answer holds it: absent at the end.
std::optional<std::string> NextToken(const std::string& token);

}  // namespace millwright::api::mlflow
