#include "api/mlflow/error.h"

#include "base/json.h"

namespace millwright::api::mlflow {
namespace {

struct ErrorRow {
  Code code;
  std::string_view name;
  int status;
};

constexpr ErrorRow kErrors[] = {
    {Code::kInvalidArgument, "INVALID_PARAMETER_VALUE", 400},
    {Code::kFailedPrecondition, "BAD_REQUEST", 400},
    {Code::kAlreadyExists, "RESOURCE_ALREADY_EXISTS", 400},
    {Code::kUnauthenticated, "UNAUTHENTICATED", 401},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 403},
    {Code::kNotFound, "RESOURCE_DOES_NOT_EXIST", 404},
    {Code::kAborted, "ABORTED", 409},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 429},
    {Code::kInternal, "INTERNAL_ERROR", 500},
    {Code::kUnimplemented, "NOT_IMPLEMENTED", 501},
    {Code::kUnavailable, "TEMPORARILY_UNAVAILABLE", 503},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
};

const ErrorRow& RowOf(Code code) {
  for (const ErrorRow& row : kErrors) {
    if (row.code == code) return row;
  }
  return kErrors[8];  // internal
}

}  // namespace

http::Response ErrorAnswer(const Error& error) {
  const ErrorRow& row = RowOf(error.code());
  std::string json;
  JsonWriter(&json)
      .BeginObject()
      .Field("error_code", row.name)
      .Field("message", error.message())
      .EndObject();
  return http::Response::JsonText(row.status, std::move(json));
}

}  // namespace millwright::api::mlflow
