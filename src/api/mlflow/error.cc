#include "api/mlflow/error.h"

#include "base/json.h"

namespace millwright::api::mlflow {
namespace {

struct ErrorRow {
  Code code;
  std::string_view name;
  int status;
  std::string_view sqlstate;     // newer clients' spelling of the code
  std::string_view error_class;  // and of its name
};

constexpr ErrorRow kErrors[] = {
    {Code::kInvalidArgument, "INVALID_PARAMETER_VALUE", 400, "KAM00", "INVALID_PARAMETER_VALUE"},
    {Code::kFailedPrecondition, "BAD_REQUEST", 400, "KAM00", "INVALID_PARAMETER_VALUE"},
    {Code::kAlreadyExists, "RESOURCE_ALREADY_EXISTS", 400, "KAM00", "RESOURCE_ALREADY_EXISTS"},
    {Code::kUnauthenticated, "UNAUTHENTICATED", 401, "", ""},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 403, "", ""},
    {Code::kNotFound, "RESOURCE_DOES_NOT_EXIST", 404, "KAM00", "RESOURCE_NOT_FOUND"},
    {Code::kAborted, "ABORTED", 409, "", ""},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 429, "", ""},
    {Code::kInternal, "INTERNAL_ERROR", 500, "XXM00", "CLIENT_INTERNAL_ERROR"},
    {Code::kUnimplemented, "NOT_IMPLEMENTED", 501, "", ""},
    {Code::kUnavailable, "TEMPORARILY_UNAVAILABLE", 503, "", ""},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504, "", ""},
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
  JsonWriter writer(&json);
  writer.BeginObject().Field("error_code", row.name).Field("message", error.message());
  if (!row.sqlstate.empty()) {
    writer.Field("sqlstate", row.sqlstate).Field("error_class", row.error_class);
  }
  writer.EndObject();
  http::Response response = http::Response::JsonText(row.status, std::move(json));
  if (error.code() == Code::kUnavailable) response.headers.Add("Retry-After", "1");
  return response;
}

}  // namespace millwright::api::mlflow
